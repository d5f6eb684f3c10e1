"""The signals of the active customers, kept until it is known who is listed: in memory, or in a file of their own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import Self

import numpy as np


class SignalRows:
    """Rows of signals that come part by part.

    One part stays in memory as it is. Several go to a temporary file, because of a large base only the listed
    customers' rows are read again, and all of them would not fit the memory.

    Parameters
    ----------
    several : bool
        Whether more than one part comes.

    Examples
    --------
    >>> with SignalRows(several=True) as rows:
    ...     rows.add(np.array([[1.0, 2.0], [3.0, 4.0]]))
    ...     rows.add(np.array([[5.0, 6.0]]))
    ...     rows.pick(np.array([2, 0]))[0:2].tolist()
    [[5.0, 6.0], [1.0, 2.0]]
    """

    def __init__(self, *, several: bool) -> None:
        self._file = tempfile.TemporaryFile(prefix="churn-signals-") if several else None  # noqa: SIM115 - kept open
        self._only: np.ndarray | None = None
        self._shape = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, X: np.ndarray) -> None:
        """Take the next rows, of shape (n_rows, n_signals)."""
        self._shape = self._shape[0] + len(X), X.shape[1]
        if self._file is None:
            self._only = X
        else:
            self._file.write(np.ascontiguousarray(X).data)

    def pick(self, rows: np.ndarray) -> Picked:
        """Return some rows in an order of one's own, read when they are asked for."""
        if self._file is None:
            assert self._only is not None
            return Picked(self._only, rows)
        self._file.flush()
        if not self._shape[0]:
            return Picked(np.empty(self._shape), rows)
        return Picked(np.memmap(self._file, dtype=np.float64, mode="r", shape=self._shape), rows)


@dataclass(frozen=True)
class Picked:
    """Chosen rows of signals, which are read slice by slice."""

    source: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, some: slice) -> np.ndarray:
        # One layout, whatever the source: how a sum is vectorised must not change its bits.
        return np.array(self.source[self.rows[some]], order="C")
