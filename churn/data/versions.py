"""Rows that come again with the same key: which version counts, and from when on."""

from __future__ import annotations

from typing import Any

import numpy as np

from churn.data.history import NEVER


def replaced_by(keys: Any, recorded: np.ndarray | None) -> np.ndarray:
    """Return for each row the instant from which on a newer version of it is known, `NEVER` for the newest.

    The row recorded last is the newest; of rows recorded at the same instant, and where nothing says when they
    were recorded, the one that was read last. Then 0 stands for "gone": there is no instant.

    Parameters
    ----------
    keys : pandas.Series of shape (n_rows,)
        What tells rows apart, in the order of reading; empty keys are no keys.
    recorded : numpy.ndarray of int64, shape (n_rows,), or None
        When each row became known.

    Examples
    --------
    >>> import pandas as pd
    >>> replaced_by(pd.Series(["a", "b", "a"]), np.array([5, 6, 7])).tolist() == [7, NEVER, NEVER]
    True
    """
    import pandas as pd

    codes = pd.factorize(keys)[0]
    out = np.full(len(codes), NEVER, dtype=np.int64)
    counts = np.bincount(codes[codes >= 0])
    rows = np.flatnonzero((codes >= 0) & (np.append(counts, 0)[codes] > 1))
    if not len(rows):
        return out
    known = np.zeros(len(rows), dtype=np.int64) if recorded is None else recorded[rows]
    order = np.lexsort((rows, known, codes[rows]))
    rows, known = rows[order], known[order]
    same = codes[rows][:-1] == codes[rows][1:]
    out[rows[:-1][same]] = known[1:][same]
    return out


def repeats(keys: Any, *apart: np.ndarray | None) -> np.ndarray:
    """Return which rows repeat a key in a way that is no correction: in the same file, recorded at the same time.

    Parameters
    ----------
    keys : pandas.Series of shape (n_rows,)
        The keys; empty ones repeat nothing.
    apart : numpy.ndarray or None
        What tells versions of a row apart, such as the file and `recorded_at`.
    """
    import pandas as pd

    frame = pd.DataFrame({"key": keys, **{str(i): a for i, a in enumerate(apart) if a is not None}})
    return np.asarray(frame.duplicated()) & ~np.asarray(keys.isna())
