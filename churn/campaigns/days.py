"""The days of a campaign: on which of them customers may be contacted, and when later contacts fall."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from churn.campaigns.blocks import Limits
from churn.campaigns.policy import Policy

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST = 4000  # days after which a later contact has no open day


@dataclass(frozen=True)
class Days:
    """The days of a campaign, counted from its start; they are dates of the policy, without a zone.

    Attributes
    ----------
    start : date
        Day 0.
    window : int
        First contacts are made on days 0 to ``window - 1``.
    is_open : numpy.ndarray of bool, shape (n_days,)
        Whether anybody may be contacted; it goes on after the window, for later contacts.

    Examples
    --------
    >>> days = Days.of(dt.date(2026, 1, 9), 3, Limits(no_contact_on=("sat", "sun")), longest=7)
    >>> days.first_days.tolist()
    [0]
    >>> days.step_days((0, 1, 2)).tolist()
    [[0, 3, 4], [-1, -1, -1], [-1, -1, -1]]
    """

    start: dt.date
    window: int
    is_open: np.ndarray

    @classmethod
    def of(cls, start: dt.date, window: int, limits: Limits, *, longest: int = 0) -> Days:
        """Lay out the days from `start`, far enough for a contact `longest` days after the first."""
        closed = [_WEEKDAYS.index(w) for w in limits.no_contact_on]
        paused = sum((p.last - p.first).days + 1 for p in limits.pauses)
        n = min(window + 2 * longest + paused + 60, _MOST)
        n = min(n, (dt.date.max - start).days + 1)
        number = np.arange(n)
        is_open = ~np.isin((start.weekday() + number) % 7, closed)
        for pause in limits.pauses:
            is_open[(number >= (pause.first - start).days) & (number <= (pause.last - start).days)] = False
        return cls(start, window, is_open)

    @classmethod
    def of_policy(cls, policy: Policy) -> Days:
        """Lay out the days of a policy."""
        longest = max(len(a.steps) + a.steps[-1] for a in policy.actions)
        return cls.of(policy.start, policy.days, policy.limits, longest=longest)

    @cached_property
    def first_days(self) -> np.ndarray:
        """Days on which first contacts may be made, ascending."""
        return np.flatnonzero(self.is_open[: self.window])

    @property
    def count(self) -> int:
        """How many days are laid out."""
        return len(self.is_open)

    def step_days(self, steps: Sequence[int]) -> np.ndarray:
        """Return on which day each contact falls, by the day of the first; int64 of shape (window, n_steps).

        A later contact that falls on a closed day, or on the day of the one before it, moves to the next open day.
        A row is -1 where the first day is closed, or a later contact has no open day.
        """
        nearest = np.full(self.count + 1, -1)  # the next open day from each day on
        for day in range(self.count - 1, -1, -1):
            nearest[day] = day if self.is_open[day] else nearest[day + 1]
        out = np.full((self.window, len(steps)), -1, dtype=np.int64)
        for first in self.first_days:
            day = first - 1
            for k, after in enumerate(steps):
                earliest = max(first + after, day + 1)
                day = nearest[earliest] if earliest < self.count else -1
                if day < 0:
                    out[first] = -1
                    break
                out[first, k] = day
        return out

    def date(self, day: int) -> dt.date:
        """Return the date of a day."""
        return self.start + dt.timedelta(days=int(day))

    def dates(self, days: np.ndarray) -> np.ndarray:
        """Return dates as texts, empty for days below 0; shape (n,)."""
        texts = (np.datetime64(self.start, "D") + np.maximum(days, 0)).astype(str)
        return np.where(days >= 0, texts, "")
