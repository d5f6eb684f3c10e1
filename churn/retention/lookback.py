"""What earlier nights expected beside what came: as it prints, as a frame, as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from churn.data.base import CustomerBase, count
from churn.data.calendar import Instant
from churn.definition import Definition
from churn.display import Rendered, format_count, format_percent, table_text
from churn.retention.expected import COLUMNS, PastRuns
from churn.retention.plots import lookback_figure

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Lookback(Rendered):
    """The retention rates that earlier nights expected, and those that came.

    Attributes
    ----------
    rows : tuple of dict
        One per cutoff, oldest first, with the keys of `churn.retention.expected.COLUMNS`.
    days : int
        Days from a cutoff to the end of its horizon.
    left_out : str
        Which nights are not among them, and why; empty where all are.
    """

    rows: tuple[dict[str, Any], ...]
    days: int
    left_out: str = ""

    @classmethod
    def of(
        cls,
        runs: pd.DataFrame,
        base: CustomerBase,
        definition: Definition,
        as_of: Instant | int | None = None,
    ) -> Lookback:
        """Count what came of earlier nights, see `churn.retention.expected.PastRuns`.

        Raises
        ------
        ParameterError
            The runs have no cutoff or no expected rate.
        """
        now = None if as_of is None else base.instant(as_of)
        past = PastRuns(runs, base, definition, now)
        if past.tally.cutoffs:
            count(base, past.tally, tables=past.tally.tables)
        return cls(tuple(past.rows()), definition.ahead_days, past.left_out)

    @property
    def judged(self) -> tuple[dict[str, Any], ...]:
        """The rows of which both rates are known."""
        return tuple(r for r in self.rows if r["error"] is not None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per cutoff, the columns of `COLUMNS`; shares of 1."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(COLUMNS), dtype=object)

    @property
    def said(self) -> str:
        """Say how well it went, and what is left out."""
        return " ".join(s for s in (self._said, self.left_out) if s)

    @property
    def _said(self) -> str:
        judged = self.judged
        if not self.rows:
            return "No earlier night is on record: every churn score adds one." if not self.left_out else ""
        if not judged:
            until = self.rows[0]["until"]
            return (
                f"No night with an expected rate is {self.days} days old yet. The first is over on {until}."
            )
        off = sum(abs(r["error"]) for r in judged) / len(judged)
        sure = [r["inside"] for r in judged if r["inside"] is not None]
        inside = f"; {sum(sure)} of {len(sure)} lie in their 95 % interval" if sure else ""
        return (
            f"Of {len(judged)} nights the rate that came lies {100 * off:.1f} percentage points from the expected one "
            f"on average{inside}. Their horizons overlap, so they are not {len(judged)} independent cases."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {"days": self.days, "said": self.said, "nights": list(self.rows)}

    def figure(self) -> Any:
        """Draw both rates by cutoff; ``.frame`` is the data twin."""
        return lookback_figure(self.rows, self.days)

    def render(self) -> str:
        """Return a table and how well it went."""
        if not self.rows:
            return self.said
        header = ["cutoff", "until", "customers", "expected", "interval", "came", "came - expected", "inside"]
        rows = [
            [
                r["as_of"],
                r["until"],
                "" if r["population"] is None else format_count(r["population"]),
                "not known" if r["expected"] is None else format_percent(r["expected"]),
                "" if r["low"] is None else f"{100 * r['low']:.1f} to {100 * r['high']:.1f}",
                "not over" if not r["matured"] else format_percent(r["actual"]),
                "" if r["error"] is None else f"{100 * r['error']:+.1f}",
                {True: "yes", False: "no", None: ""}[r["inside"]],
            ]
            for r in self.rows
        ]
        return f"{table_text(header, rows, right=(2, 3, 4, 5, 6))}\n{self.said}"
