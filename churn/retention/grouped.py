"""Counts by group of customers, added up part by part; what cohorts, survival and purchases share."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from churn.data.base import CustomerBase
from churn.data.eventlog import EventLog
from churn.data.history import History
from churn.errors import ParameterError
from churn.retention.groups import LAST_CHANNEL, MOST_GROUPS, OTHER, UNKNOWN, Grouping, check_grouping

SHOWN_GROUPS = 12  # more are put together
ALL = ""


def folded(notes: Iterable[str]) -> list[str]:
    """Fold notes to the width of a terminal.

    Examples
    --------
    >>> [len(line) for line in folded(["many words " * 20, "a few"])]
    [120, 98, 5]
    """
    return [line for note in notes for line in textwrap.wrap(note, 120, break_long_words=False)]


@dataclass
class GroupCounts:
    """Arrays of whole numbers by group; each customer is in one group, so the groups add up to the total.

    Attributes
    ----------
    grouping : Grouping or None
        What makes the groups; all customers are one where None.
    by : dict of str to tuple of numpy.ndarray
        What was counted, by label.
    """

    grouping: Grouping | None
    by: dict[str, tuple[np.ndarray, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, base: CustomerBase, by: str | None) -> GroupCounts:
        """Make empty counts for a segment or the channel of the first order.

        Raises
        ------
        ParameterError
            There is no such group, or a customer's one changes over time.
        """
        if by == LAST_CHANNEL:
            raise ParameterError(
                "A customer's last channel changes, so it makes no groups to follow over time",
                given=repr(by),
                allowed="a segment, or channel: that of the first order",
                fix="Use one of these.",
            )
        return cls(None if by is None else check_grouping(base, by))

    def codes(
        self, part: History, logs: Mapping[str, EventLog], seen: np.ndarray
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the labels of a part, and the position of each customer's one among them."""
        if self.grouping is None:
            return (ALL,), np.zeros(len(seen), dtype=np.int64)
        labels, codes = self.grouping.codes(part, logs, [0], seen)
        return labels, next(codes).astype(np.int64)

    def add(self, labels: Collection[str], *counts: np.ndarray) -> None:
        """Add arrays whose first axis are the labels; a later axis may be longer than it was so far."""
        for i, label in enumerate(labels):
            mine = [c[i] for c in counts]
            if label == UNKNOWN and not any(c.any() for c in mine):
                continue
            if label in self.by:
                mine = [_plus(a, b) for a, b in zip(mine, self.by[label], strict=True)]
            self.by[label] = tuple(mine)
        if len(self.by) > MOST_GROUPS:
            raise ParameterError(
                "There are too many groups of customers to follow each",
                given=f"more than {MOST_GROUPS:,} values of {self.grouping.name if self.grouping else ''}",
                fix="Group by something with fewer values.",
                code="too-many-groups",
            )

    def total(self) -> tuple[np.ndarray, ...]:
        """Return the sums over all groups; nothing where nothing was counted."""
        return _sums(list(self.by.values()))

    def groups(self) -> dict[str, tuple[np.ndarray, ...]]:
        """Return the groups by size, which the first array tells; from the twelfth on they are one, `OTHER`."""
        if self.grouping is None:
            return {}
        size = {label: int(counts[0].sum()) for label, counts in self.by.items()}
        order = sorted((x for x in size if size[x]), key=lambda x: (x == UNKNOWN, -size[x], x))
        kept, rest = (
            (order, [])
            if len(order) <= SHOWN_GROUPS
            else (order[: SHOWN_GROUPS - 1], order[SHOWN_GROUPS - 1 :])
        )
        out = {label: self.by[label] for label in kept}
        if rest:
            out[OTHER] = _sums([self.by[label] for label in rest])
        return out


def _sums(counts: list[tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    out: list[np.ndarray] = []
    for several in counts:
        out = [_plus(a, b) for a, b in zip(several, out, strict=True)] if out else list(several)
    return tuple(out)


def _plus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Add two arrays of which one may be longer along the first axis."""
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    out = long.copy()
    out[: len(short)] += short
    return out
