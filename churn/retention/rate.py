"""The retention rate: customers are sets, and every flow is shown.

S is active at the start, E active at the end of a period; retained = S and E, lost = S without E, new = first
order in the period and in E, reactivated = in E, ordered before the period, not in S. Then
``S - lost + new + reactivated = E``, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

from churn.display import Rendered, format_percent
from churn.errors import ParameterError
from churn.retention.intervals import wilson

N_IN_SETS = "everyone in E who was not in S (new and reactivated)"


@dataclass(frozen=True, repr=False)
class Retention(Rendered):
    """The retention of one period.

    Attributes
    ----------
    start, end, entered : int
        S, E and N: active at the start, active at the end, and in E without having been in S.
    retained, lost : int
        In S and E; in S and not in E.
    new, reactivated : int or None
        The two parts of N; None where only S, E and N were given.
    first, last : str or None
        The period, local dates; the last is exclusive.
    n_counts : str
        Who is counted in N.
    so_far : str or None
        Of a period that is not over: the date up to which it is counted; E and all flows are of then.
    """

    start: int
    end: int
    entered: int
    new: int | None = None
    reactivated: int | None = None
    first: str | None = None
    last: str | None = None
    n_counts: str = N_IN_SETS
    so_far: str | None = None

    @property
    def running(self) -> bool:
        """Whether the period is not over: its rate is the one so far, and mostly falls until the end."""
        return self.so_far is not None

    @property
    def retained(self) -> int:
        """Customers active at the start and at the end."""
        return self.end - self.entered

    @property
    def lost(self) -> int:
        """Customers active at the start and not at the end."""
        return self.start - self.retained

    @property
    def rate(self) -> float | None:
        """``(E - N) / S`` as a share of 1; None where S is 0."""
        return self.retained / self.start if self.start else None

    @property
    def churn_rate(self) -> float | None:
        """The complement of the rate; None where S is 0."""
        return self.lost / self.start if self.start else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the rate (Wilson): sampling noise of S seen as a sample; None where S is 0.

        It says how far the rate of so few customers may lie from that of ever so many of their kind, and nothing of
        what changes from period to period.
        """
        return wilson(self.retained, self.start) if self.start else None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; rates as shares of 1."""
        return {
            "period_start": self.first,
            "period_end": self.last,
            "S": self.start,
            "E": self.end,
            "N": self.entered,
            "N_counts": self.n_counts,
            "retained": self.retained,
            "lost": self.lost,
            "new": self.new,
            "reactivated": self.reactivated,
            "retention_rate": self.rate,
            "churn_rate": self.churn_rate,
            "rate_low": self.interval[0] if self.interval else None,
            "rate_high": self.interval[1] if self.interval else None,
            "running": self.running,
            "so_far": self.so_far,
        }

    def render(self) -> str:
        """Return the rate and the flow behind it."""
        period = f" {self.first} to {self.last}" if self.first else ""
        period += f" (running: so far, up to {self.so_far})" if self.running else ""
        if self.rate is None:
            head = f"Retention{period}: no rate, because nobody was active at the start (S = 0)"
        else:
            head = (
                f"Retention{period}: {format_percent(self.rate)}   churn: {format_percent(self.churn_rate)}   "
                f"= [(E - N) / S] * 100 = ({self.end:,} - {self.entered:,}) / {self.start:,}"
            )
        sure = (
            f"\n95 % interval {format_percent(self.interval[0])} to {format_percent(self.interval[1])}: "
            "sampling noise of S customers"
            if self.interval
            else ""
        )
        parts = (
            f"new {self.new:,} + reactivated {self.reactivated:,}"
            if self.new is not None
            else f"N {self.entered:,}"
        )
        return (
            f"{head}{sure}\n"
            f"S {self.start:,} - lost {self.lost:,} + {parts} = E {self.end:,}; retained {self.retained:,}\n"
            f"N counts {self.n_counts}"
        )


def retention_rate(start: int, end: int, new: int) -> Retention:
    """Compute the retention rate from three counts, ``[(E - N) / S] * 100``.

    Parameters
    ----------
    start : int
        S, customers at the start of the period.
    end : int
        E, customers at the end.
    new : int
        N, customers at the end who were not there at the start. Count reactivated customers here too:
        otherwise they are taken for retained.

    Returns
    -------
    Retention
        ``.rate`` and ``.churn_rate`` are shares of 1.

    Raises
    ------
    ParameterError
        A count is negative or not whole, S is 0, N exceeds E, or E - N exceeds S.

    Examples
    --------
    >>> r = retention_rate(start=1000, end=900, new=200)
    >>> r.rate, r.churn_rate
    (0.7, 0.3)
    """
    for name, value in (("S (start)", start), ("E (end)", end), ("N (new)", new)):
        if not _is_count(value):
            raise ParameterError(
                f"{name} is not a count of customers",
                given=repr(value),
                allowed="whole numbers from 0",
                fix="Count customers, each once.",
            )
    if start == 0:
        raise ParameterError(
            "There is no retention rate when nobody was there at the start",
            given="S = 0",
            allowed="S of 1 or more",
            fix="Choose a period that starts with customers.",
            code="no-rate",
        )
    if new > end:
        raise ParameterError(
            "N cannot exceed E: the new customers are part of those at the end",
            given=f"N = {new:,}, E = {end:,}",
            fix="Count as new only who is still there at the end.",
        )
    if end - new > start:
        raise ParameterError(
            "More customers would be retained than there were at the start",
            given=f"E - N = {end - new:,}, S = {start:,}",
            fix="Count everyone in E who was not in S as N, the reactivated ones too.",
        )
    return Retention(
        int(start), int(end), int(new), n_counts="what was given; reactivated customers belong in it"
    )


def _is_count(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return float(value) >= 0 and float(value) % 1 == 0
