"""Retention beside the scores: the last period, the one before, and what the model expects next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.data.base import CustomerBase, count
from churn.data.eventlog import DAY_US
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Definition
from churn.display import Rendered, format_percent, table_text
from churn.retention.bounds import Span
from churn.retention.expected import LEVEL_SD, expected_interval
from churn.retention.flows import FlowTally
from churn.retention.rate import Retention


@dataclass(frozen=True, repr=False)
class Outlook(Rendered):
    """Retention beside the scores: the last period, the one before, and what the model expects next.

    Attributes
    ----------
    current, previous : Retention
        The period of one horizon that ends at the cutoff, and the one before; `previous` is None where the
        data do not reach back.
    expected_rate : float or None
        The retention rate the model expects for the coming horizon, on the same definition of active; None
        where that cannot be derived, see `expected_note`.
    expected_note : str
        How it was derived, or why not.
    definition : Definition
        Says who is active.
    expected_interval : tuple of float or None
        95 % interval of the expected rate: chance, and an error of the level of all churn probabilities; None where
        there is no expected rate.
    """

    current: Retention | None
    previous: Retention | None
    expected_rate: float | None
    expected_note: str
    definition: Definition
    expected_interval: tuple[float, float] | None = None

    @property
    def rate(self) -> float | None:
        """The retention rate of the last period, as a share of 1; None where it is not known."""
        return self.current.rate if self.current else None

    @property
    def churn_rate(self) -> float | None:
        """Its complement."""
        return self.current.churn_rate if self.current else None

    @property
    def expected_range(self) -> str:
        """The interval of the expected rate in words; empty without."""
        sure = self.expected_interval
        return f"{format_percent(sure[0])} to {format_percent(sure[1])}" if sure else ""

    @property
    def _expected(self) -> str:
        if self.expected_rate is None:
            return "not known"
        told = f"   (95 % interval {self.expected_range})" if self.expected_interval else ""
        return f"{format_percent(self.expected_rate)}{told}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "current": self.current.to_dict() if self.current else None,
            "previous": self.previous.to_dict() if self.previous else None,
            "expected_retention_rate": self.expected_rate,
            "expected_churn_rate": None if self.expected_rate is None else 1 - self.expected_rate,
            "expected_retention_rate_low": self.expected_interval and self.expected_interval[0],
            "expected_retention_rate_high": self.expected_interval and self.expected_interval[1],
            "expected_note": self.expected_note,
            "active_days": getattr(self.definition, "active_days", None),
            "active": self.definition.active_means,
        }

    def render(self) -> str:
        """Return the rates and the flow from S to E."""
        c = self.current
        if c is None:
            return f"Retention: not known, the data do not reach back far enough\n{self.expected_note}"
        previous = (
            f"{format_percent(self.previous.rate)} ({self.previous.first} to {self.previous.last})"
            if self.previous
            else "not known, the data do not reach back"
        )
        rows = [
            [
                "retention rate",
                f"{format_percent(c.rate)}   churn rate {format_percent(c.churn_rate)}   ({c.first} to {c.last})",
            ],
            ["the period before", previous],
            [
                "expected next",
                self._expected,
            ],
            [
                "flow",
                f"S {c.start:,} - lost {c.lost:,} + new {c.new:,} + reactivated {c.reactivated:,} = E {c.end:,}",
            ],
            [
                "",
                f"retained {c.retained:,}; rate = [(E - N) / S] * 100 with N = {c.entered:,} (new and reactivated)",
            ],
            [
                "active",
                f"{self.definition.active_means}; lost = active at the start and no longer at the end",
            ],
        ]
        return f"{table_text(['', ''], rows).lstrip()}\n{self.expected_note}"


@dataclass
class OutlookTally:
    """Counts the last horizon and the one before it, part by part, for an `Outlook`.

    Attributes
    ----------
    base : CustomerBase
        The customers.
    definition : Definition
        Horizon, gap and activity; a period is as long as gap and horizon together.
    cutoff : int
        The instant T at which the past period ends and the coming one starts; only what was known before it counts.
    """

    base: CustomerBase
    definition: Definition
    cutoff: int
    _flows: FlowTally = field(init=False)

    def __post_init__(self) -> None:
        self._past = outlook_spans(self.base, self.definition, self.cutoff)
        spans = tuple(self._past.values())
        self._flows = FlowTally(self.base, self.definition, spans, known_before=self.cutoff)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read."""
        return self._flows.tables

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        self._flows.add(part)

    def result(
        self, churn_probability: np.ndarray, recency_days: np.ndarray, level_sd: float = LEVEL_SD
    ) -> Outlook:
        """Put what was counted beside what churn probabilities say about the coming horizon.

        Parameters
        ----------
        churn_probability, recency_days : numpy.ndarray of shape (n_population,)
            Of the customers active at T.
        level_sd : float, optional
            How sure the level of the probabilities is, see `expected_interval`.
        """
        past = dict(zip(self._past, self._flows.retentions(), strict=True))
        return make_result(self.definition, past, churn_probability, recency_days, level_sd)


def outlook_spans(base: CustomerBase, definition: Definition, cutoff: int) -> dict[str, Span]:
    """Return the last horizon and the one before it, as `current` and `previous`, where the data reach back so far."""
    days, end, spans = definition.window_us / DAY_US, cutoff, {}
    earliest = base.data_start + definition.lookback_days * DAY_US
    for name in ("current", "previous"):
        start = base.days_before(end, days)
        if earliest <= start and end <= base.closing:
            spans[name] = Span(start, end, end)
        end = start
    return spans


def horizon_spans(base: CustomerBase, definition: Definition, cutoff: int, most: int) -> tuple[Span, ...]:
    """Return periods as long as the coming one, end to end up to the cutoff, oldest first; at most so many.

    Whose active customers are fully known at the start, and none that ends after the data.
    """
    days, end, spans = definition.window_us / DAY_US, cutoff, list[Span]()
    earliest = base.data_start + definition.lookback_days * DAY_US
    while end <= base.closing and len(spans) < most:
        start = base.days_before(end, days)
        if start < earliest:
            break
        spans.append(Span(start, end, end))
        end = start
    return tuple(spans[::-1])


def make_result(
    definition: Definition,
    past: Mapping[str, Retention],
    churn_probability: np.ndarray,
    recency_days: np.ndarray,
    level_sd: float = LEVEL_SD,
) -> Outlook:
    """Put past periods, `current` and `previous`, beside what churn probabilities say about the coming one."""
    d, p = definition, churn_probability
    current, previous = past.get("current"), past.get("previous")
    if not len(p):
        why_not = "The expected rate is not derived: nobody is active at the cutoff."
        return Outlook(current, previous, None, why_not, d)
    stay, how = d.staying(p, recency_days)
    if stay is None:
        return Outlook(current, previous, None, f"The expected rate is not derived: {how}.", d)
    what = f"share of the {len(p):,} active today who will still be active in {d.ahead_days} days"
    sure = expected_interval(stay, level_sd)
    return Outlook(current, previous, float(stay.mean()), f"Expected next = {what}: {how}", d, sure)


def make_outlook(
    data: History | LogStore | CustomerBase,
    definition: Definition,
    cutoff: int,
    churn_probability: np.ndarray,
    recency_days: np.ndarray,
    level_sd: float = LEVEL_SD,
) -> Outlook:
    """Put the retention of the last horizon beside what churn probabilities say about the next one.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The log.
    definition : Definition
        Horizon, gap and activity; a period is as long as gap and horizon together.
    cutoff : int
        The instant T at which the past period ends and the coming one starts.
    churn_probability, recency_days : numpy.ndarray of shape (n_population,)
        Of the customers active at T.
    level_sd : float, optional
        How sure the level of the probabilities is, see `expected_interval`.

    Returns
    -------
    Outlook

    Notes
    -----
    The expected rate is the mean over the population of how likely each is to be active at the end of the coming
    period, see `Definition.staying`.
    """
    base = CustomerBase.of(data)
    tally = OutlookTally(base, definition, cutoff)
    count(base, tally, tables=tally.tables)
    return tally.result(churn_probability, recency_days, level_sd)
