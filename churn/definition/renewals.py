"""What the subscriptions say about a definition by contract: how late renewals come, and which events are ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.data.history import DAY_US, NEVER, History
from churn.definition.subscription import number_subscriptions
from churn.display import Rendered, format_count, format_percent

_IN_TIME = 0.95  # of the renewals that come at all, so many must be in time
_LOOKED_AT_DAYS = 90  # a renewal later than this is a new beginning
_ENDS = 0.9  # an event after which nearly always nothing follows
_FEWEST = 10


@dataclass(frozen=True, repr=False)
class Renewals(Rendered):
    """What the subscriptions say about a definition by contract.

    Attributes
    ----------
    subscriptions : int
        How many there are.
    renewed_after : int
        Renewal dates after which another row of the subscription came within 90 days.
    dates_passed : int
        Renewal dates of which 90 days have passed, or after which a row came.
    grace_days : int or None
        Days after the renewal date by which 95 % of those renewals had come; None where none did.
    events : dict of str to tuple of (int, float)
        By event: how many rows, and the share after which the subscription has no further row.
    begins : tuple of str
        Events that are mostly the first row of a subscription, and so no ends.
    """

    subscriptions: int
    renewed_after: int
    dates_passed: int
    grace_days: int | None
    events: dict[str, tuple[int, float]]
    begins: tuple[str, ...] = ()

    @property
    def ends(self) -> tuple[str, ...]:
        """The events after which nearly always nothing follows, and not only because the data end."""
        return tuple(
            e
            for e, (rows, last) in self.events.items()
            if rows >= _FEWEST and last >= _ENDS and e not in self.begins
        )

    def yaml(self, horizon_days: int) -> str:
        """Return a definition by contract to paste into a configuration; empty where nothing tells an end."""
        if self.grace_days is None and not self.ends:
            return ""
        lines = ["definition:", "  kind: subscription", f"  horizon_days: {horizon_days}"]
        if self.grace_days is not None:
            lines.append(f"  grace_days: {self.grace_days}")
        if self.ends:
            ends = json.dumps(list(self.ends), ensure_ascii=False)
            lines.append(f"  ended_when: {ends}  # nothing follows these; are they ends?")
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            **vars(self),
            "events": {k: list(v) for k, v in self.events.items()},
            "ends": list(self.ends),
            "begins": list(self.begins),
        }

    def render(self) -> str:
        """Return it in words."""
        lines = [
            f"Subscriptions ({format_count(self.subscriptions)}); kind: subscription goes by them and not by silence:"
        ]
        if self.dates_passed and self.grace_days is not None:
            lines.append(
                f"  - {format_percent(self.renewed_after / self.dates_passed, 0)} of {format_count(self.dates_passed)} "
                f"renewal dates were followed by a row of the subscription within {_LOOKED_AT_DAYS} days, 95 % of "
                f"these by day {self.grace_days}: grace_days {self.grace_days}"
            )
        elif self.dates_passed:
            lines.append(
                "  - no row follows a renewal date: renewals are not written down, so leave grace_days away"
            )
        else:
            lines.append("  - no renewal dates have passed: only ends can be counted")
        for event, (rows, last) in self.events.items():
            mark = ": ended_when?" if event in self.ends else ""
            share = format_percent(last, 0)
            lines.append(
                f"  - {event!r}: {format_count(rows)} rows, the subscription's last one in {share}{mark}"
            )
        return "\n".join(lines)


def read_renewals(history: History) -> Renewals | None:
    """Read how late renewals come and which events end a subscription; None without subscriptions.

    A row's date of renewal is followed when another row of the same subscription comes within 90 days after it,
    or before it; dates of which the 90 days have not passed are not looked at.
    """
    log = history.logs.get("subscriptions")
    if log is None or not len(log):
        return None
    one = number_subscriptions(log, np.arange(len(log)))
    order = np.argsort(one, kind="stable")  # in time within each
    following = np.full(len(log), NEVER)
    same = one[order][1:] == one[order][:-1]
    following[order[:-1][same]] = log.time[order[1:][same]]
    first = np.ones(len(log), dtype=bool)
    first[order[1:][same]] = False
    events = {}
    begins = []
    column = log.categories.get("event")
    if column is not None:
        for i, label in enumerate(column.labels[:20]):
            rows = column.codes == i
            if rows.any():
                events[label] = (int(rows.sum()), float((following[rows] == NEVER).mean()))
                if first[rows].mean() > 0.5:
                    begins.append(label)
    renews = log.instants.get("renews")
    passed, renewed, grace = 0, 0, None
    if renews is not None:
        told = np.flatnonzero(renews != NEVER)
        late = np.maximum(following[told] - renews[told], 0) / DAY_US
        came = late <= _LOOKED_AT_DAYS
        old = renews[told] + _LOOKED_AT_DAYS * DAY_US <= history.data_end
        passed, renewed = int((old | came).sum()), int(came.sum())
        if renewed >= _FEWEST:
            grace = int(np.ceil(np.quantile(late[came], _IN_TIME)))
    return Renewals(int(one.max()) + 1 if len(one) else 0, renewed, passed, grace, events, tuple(begins))
