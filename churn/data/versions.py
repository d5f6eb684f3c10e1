"""Rows that come again with the same key: which version counts, and from when on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.eventlog import NEVER

if TYPE_CHECKING:
    from churn.data.typed import TypedTable


def replaced_by(keys: Any, recorded: np.ndarray | None, said: np.ndarray | None = None) -> np.ndarray:
    """Return for each row the instant from which on a newer version of it is known, `NEVER` for the newest.

    The row recorded last is the newest; of rows recorded at the same instant, and of those that do not say when
    they were recorded, the one that was read last. Rows that do not say it are older than those that do.

    Parameters
    ----------
    keys : pandas.Series of shape (n_rows,)
        What tells rows apart, in the order of reading; empty keys are no keys.
    recorded : numpy.ndarray of int64, shape (n_rows,), or None
        When each row became known. Without it there is no instant, and 0 stands for "replaced".
    said : numpy.ndarray of bool, shape (n_rows,), optional
        Whether the row itself says it, all when left out; for the others `recorded` is the row's own time.

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
    rank = known if said is None else np.where(said[rows], known, -1)
    order = np.lexsort((rows, rank, codes[rows]))[::-1]  # newest first
    rows, known = rows[order], known[order]
    same = codes[rows][1:] == codes[rows][:-1]
    # The earliest of all newer versions: one that says nothing may have an earlier time than an older one.
    soonest = pd.Series(known).groupby(codes[rows]).cummin().to_numpy()
    out[rows[1:][same]] = soonest[:-1][same]
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


def recorded_of(typed: TypedTable) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return when each row became known and whether the row says it itself; None where the table does not say."""
    if typed.contract.time is None or "recorded_at" not in typed.columns:
        return None, None
    recorded = typed.columns["recorded_at"]
    said = recorded != NEVER
    return np.where(said, recorded, typed.columns[typed.contract.time]), said


def corrected_message(key: str, *, kept: bool) -> str:
    """Say what happens to a row that was corrected."""
    if kept:
        return f"`{key}` comes again in a newer row, which counts; these are seen at cutoffs before it was recorded"
    return f"`{key}` comes again in a newer row, which counts"
