"""What was written where, and how much of it was new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from churn.display import Rendered, format_count


@dataclass(frozen=True, repr=False)
class Written(Rendered):
    """What was written to one place.

    Attributes
    ----------
    to : str
        The format.
    where : str
        The place, without any password.
    run : str
        The run's id.
    inserted, updated, unchanged : int
        Rows of customers: added, there already with other values, there already and equal.
    """

    to: str
    where: str
    run: str
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return dict(vars(self))

    def render(self) -> str:
        """Return one line.

        Examples
        --------
        >>> print(Written("csv", "exports", "2025-11-01-3f2a9c41d07b", inserted=1200))
        csv: exports, run 2025-11-01-3f2a9c41d07b: 1,200 rows inserted, 0 updated, 0 unchanged
        """
        return (
            f"{self.to}: {self.where}, run {self.run}: {format_count(self.inserted)} rows inserted, "
            f"{format_count(self.updated)} updated, {format_count(self.unchanged)} unchanged"
        )
