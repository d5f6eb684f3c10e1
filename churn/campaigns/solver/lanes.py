"""Lanes: actions whose contacts take the same slots of the same channel share one, and compete for its days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Lanes:
    """The calendar as the solver sees it.

    Attributes
    ----------
    capacity : numpy.ndarray of shape (n_channels, n_days)
        Contacts per channel and day in whole numbers; infinite where nothing limits them.
    channel : numpy.ndarray of int, shape (n_lanes,)
        Of each lane.
    falls : list of numpy.ndarray of int, shape (window, n_steps)
        Day of each contact by the day of the first, per lane; -1 in rows on which nothing can start.
    of_action : numpy.ndarray of int, shape (n_actions,)
        Lane of each action.
    window : int
        First contacts are made on days 0 to ``window - 1``.

    Examples
    --------
    >>> daily = np.arange(3)[:, None]
    >>> lanes = Lanes.of(np.array([[1.0, 0, 1], [np.inf] * 3]), [0, 0, 1], [daily, daily, daily])
    >>> lanes.of_action.tolist(), lanes.is_limited.tolist(), lanes.first_open[0].tolist()
    ([0, 0, 1], [True, False], [0, 2, 2])
    """

    capacity: np.ndarray
    channel: np.ndarray
    falls: list[np.ndarray] = field(repr=False)
    of_action: np.ndarray
    window: int

    @classmethod
    def of(cls, capacity: np.ndarray, channels: Sequence[int], slots: Sequence[np.ndarray]) -> Lanes:
        """Put actions with the same channel and the same slots into one lane."""
        whole = np.floor(np.asarray(capacity, dtype=float) + 1e-9)
        found: dict[tuple[int, bytes], int] = {}
        channel: list[int] = []
        falls: list[np.ndarray] = []
        of_action = np.empty(len(slots), dtype=np.int64)
        for a, (c, given) in enumerate(zip(channels, slots, strict=True)):
            days = np.ascontiguousarray(given, dtype=np.int64)
            key = (int(c), days.tobytes() + str(days.shape).encode())
            if key not in found:
                found[key] = len(falls)
                channel.append(int(c))
                falls.append(days)
            of_action[a] = found[key]
        return cls(whole, np.asarray(channel, dtype=np.int64), falls, of_action, len(slots[0]))

    @cached_property
    def room(self) -> list[np.ndarray]:
        """Least capacity among the slots of a first contact on each day, per lane; 0 where nothing can start."""
        out = []
        for c, days in zip(self.channel, self.falls, strict=True):
            least = self.capacity[c][np.maximum(days, 0)].min(axis=1)
            out.append(np.where((days >= 0).all(axis=1), least, 0.0))
        return out

    @cached_property
    def is_limited(self) -> np.ndarray:
        """Whether a number limits the lane on any day, shape (n_lanes,)."""
        return np.array(
            [
                bool(np.isfinite(r[(d >= 0).all(axis=1)]).any())
                for r, d in zip(self.room, self.falls, strict=True)
            ],
            dtype=bool,
        )

    @cached_property
    def first_open(self) -> np.ndarray:
        """First day with room from each day on, shape (n_lanes, window); the window's length where there is none."""
        return self._first([np.asarray(r > 0) for r in self.room])

    @cached_property
    def first_day(self) -> np.ndarray:
        """The same whatever the capacity: the first day on which a contact could start at all."""
        return self._first([np.asarray((d >= 0).all(axis=1)) for d in self.falls])

    def _first(self, usable: list[np.ndarray]) -> np.ndarray:
        out = np.full((len(self.falls), self.window + 1), self.window, dtype=np.int64)
        for lane, ok in enumerate(usable):
            for day in range(self.window - 1, -1, -1):
                out[lane, day] = day if ok[day] else out[lane, day + 1]
        return out[:, : self.window]

    def prices(self, slots: np.ndarray) -> np.ndarray:
        """Return the price of a place by lane and first possible day, shape (n_lanes * window,).

        Parameters
        ----------
        slots : numpy.ndarray of shape (n_channels, n_days)
            Price of each slot.

        Returns
        -------
        numpy.ndarray
            The cheapest start from that day on; infinite where there is none.
        """
        out = np.full((len(self.falls), self.window), np.inf)
        for lane, (c, days) in enumerate(zip(self.channel, self.falls, strict=True)):
            each = np.where(self.room[lane] > 0, slots[c][np.maximum(days, 0)].sum(axis=1), np.inf)
            out[lane] = np.minimum.accumulate(each[::-1])[::-1]
        return out.ravel()

    def use(self, lane: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Count the contacts of those placed by channel and day, shape (n_channels, n_days).

        Parameters
        ----------
        lane, day : numpy.ndarray of int, shape (n,)
            Lane and day of the first contact; below 0 is not placed.
        """
        out = np.zeros(self.capacity.shape, dtype=np.int64)
        for one, (c, days) in enumerate(zip(self.channel, self.falls, strict=True)):
            starts = np.bincount(day[(lane == one) & (day >= 0)], minlength=self.window)
            np.add.at(out[c], days[starts > 0], starts[starts > 0, None])
        return out
