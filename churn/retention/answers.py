"""What customers answered: net promoter score and satisfaction by period, from the surveys."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase
from churn.data.history import EventLog
from churn.retention.bounds import Span
from churn.retention.intervals import wilson

PROMOTER, PASSIVE_FROM = 9, 7  # of 0 to 10
SATISFIED = 4  # of 1 to 5: the top two


@dataclass(frozen=True)
class Answers:
    """The answers of one period.

    Attributes
    ----------
    start, end : str
        The period, local dates; the end is exclusive. Answers count in the period in which they came.
    so_far : str or None
        Of a period that is not over: up to when it is counted.
    promoters, passives, detractors : int
        Answers of 9 or 10, of 7 or 8, of 0 to 6.
    satisfied, others : int
        Answers of 4 or 5, of 1 to 3.
    """

    start: str
    end: str
    so_far: str | None
    promoters: int
    passives: int
    detractors: int
    satisfied: int
    others: int

    @property
    def nps(self) -> float | None:
        """Share of promoters less share of detractors, from -1 to 1; None without an answer."""
        n = self.promoters + self.passives + self.detractors
        return (self.promoters - self.detractors) / n if n else None

    @property
    def nps_interval(self) -> tuple[float, float] | None:
        """Its 95 % interval, see `difference_interval`; None without an answer."""
        n = self.promoters + self.passives + self.detractors
        return difference_interval(self.promoters, self.detractors, n) if n else None

    @property
    def csat(self) -> float | None:
        """Share of the satisfied; None without an answer."""
        n = self.satisfied + self.others
        return self.satisfied / n if n else None

    @property
    def csat_interval(self) -> tuple[float, float] | None:
        """Its 95 % interval (Wilson); None without an answer."""
        n = self.satisfied + self.others
        return wilson(self.satisfied, n) if n else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        nps, csat = self.nps_interval or (None, None), self.csat_interval or (None, None)
        return {
            "period_start": self.start,
            "period_end": self.end,
            "running": self.so_far is not None,
            "promoters": self.promoters,
            "passives": self.passives,
            "detractors": self.detractors,
            "nps": self.nps,
            "nps_low": nps[0],
            "nps_high": nps[1],
            "satisfied": self.satisfied,
            "not_satisfied": self.others,
            "csat": self.csat,
            "csat_low": csat[0],
            "csat_high": csat[1],
        }


def difference_interval(some: int, other: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of the difference between two shares of the same answers.

    Wilson's limits of both shares are put together, with the correlation that shares of one whole have (Newcombe's
    method 10 for paired proportions [1]_). Unlike the normal approximation it has a width where all answer alike.

    Parameters
    ----------
    some, other : int
        Answers of either kind; nobody gives both.
    n : int
        All answers, at least 1.

    References
    ----------
    .. [1] R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on
       paired data", Statistics in Medicine 17, 1998.

    Examples
    --------
    >>> low, high = difference_interval(50, 20, 100)
    >>> round(low, 2), round(high, 2)
    (0.14, 0.44)
    """
    p, q = some / n, other / n
    (l1, u1), (l2, u2) = wilson(some, n), wilson(other, n)
    spread = (1 - p) * p * (1 - q) * q
    r = -p * q / math.sqrt(spread) if spread > 0 else 0.0
    below = (p - l1) ** 2 - 2 * r * (p - l1) * (u2 - q) + (u2 - q) ** 2
    above = (u1 - p) ** 2 - 2 * r * (u1 - p) * (q - l2) + (q - l2) ** 2
    return max(p - q - math.sqrt(below), -1.0), min(p - q + math.sqrt(above), 1.0)


@dataclass(frozen=True)
class AnswerSeries:
    """NPS and CSAT by period.

    Attributes
    ----------
    periods : tuple of Answers
        Oldest first.
    outside : int
        Scores that are no whole number from 0 to 10, or from 1 to 5, which count nowhere.
    earlier : int
        Answers from before the first order of the data, which lie in no period.
    """

    periods: tuple[Answers, ...]
    outside: int
    earlier: int

    @property
    def notes(self) -> list[str]:
        """What does not count, in words."""
        out = []
        if self.outside:
            out.append(
                f"{self.outside:,} scores do not count: NPS takes whole numbers from 0 to 10, CSAT from 1 to 5."
            )
        if self.earlier:
            out.append(f"{self.earlier:,} answers came before the first order and are in no period.")
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "periods": [p.to_dict() for p in self.periods],
            "outside": self.outside,
            "earlier": self.earlier,
            "notes": self.notes,
        }


class AnswerTally:
    """Counts answers part by part, in the period in which they came."""

    def __init__(self, spans: Sequence[Span], settings: RetentionSettings) -> None:
        self._spans, self._settings = spans, settings
        self._counts = np.zeros((len(spans), 5), dtype=np.int64)
        self._outside = self._earlier = 0
        self._any = False

    def add(self, surveys: EventLog | None) -> None:
        """Count the answers in the surveys of a part, as they were known."""
        if surveys is None or not self._spans:
            return
        kind, score = surveys.categories.get("kind"), surveys.numbers.get("score")
        answered = surveys.instants.get("answered")
        if kind is None or score is None or answered is None:
            return
        edges = np.array([*(s.start for s in self._spans), self._spans[-1].until])
        period = (
            np.searchsorted(edges, answered, side="right") - 1
        )  # an answer at or after the last edge is unknown
        given = np.isfinite(score) & (period < len(self._spans))
        nps, csat = (
            self._is(kind.labels, kind.codes, k) & given
            for k in (self._settings.nps_kinds, self._settings.csat_kinds)
        )
        self._any |= bool(nps.any() or csat.any())
        for who, low, high, bounds in ((nps, 0, 10, (PROMOTER, PASSIVE_FROM)), (csat, 1, 5, (SATISFIED,))):
            valid = who & (score >= low) & (score <= high) & (score == np.trunc(score))
            self._outside += int((who & ~valid).sum())
            self._earlier += int((valid & (period < 0)).sum())
            rows = np.flatnonzero(valid & (period >= 0))
            # Best answers first: how many of the bounds an answer stays below.
            below = sum((score[rows] < b).astype(np.int64) for b in bounds)
            cells = len(bounds) + 1
            found = np.bincount(period[rows] * cells + below, minlength=len(self._spans) * cells)
            at = slice(0, 3) if cells == 3 else slice(3, 5)
            self._counts[:, at] += found.reshape(-1, cells)

    @staticmethod
    def _is(labels: Sequence[str], codes: np.ndarray, wanted: Sequence[str]) -> np.ndarray:
        names = {w.casefold() for w in wanted}
        return np.isin(codes, [i for i, label in enumerate(labels) if label.casefold() in names])

    def result(self, base: CustomerBase) -> AnswerSeries | None:
        """Return the series; None where there is no answer of these kinds."""
        if not self._any:
            return None
        periods = tuple(
            Answers(base.date(s.start), base.date(s.end), base.date(s.until) if s.running else None, *counts)
            for s, counts in zip(self._spans, self._counts.tolist(), strict=True)
        )
        return AnswerSeries(periods, self._outside, self._earlier)
