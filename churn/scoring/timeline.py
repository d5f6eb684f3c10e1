"""What happened with some customers before a cutoff, newest first, in words for a reader."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from churn.data.eventlog import EventLog
from churn.data.events import local_day
from churn.data.history import History
from churn.scoring.timeline_words import WRITERS, Batch

if TYPE_CHECKING:
    import pandas as pd

TIMELINE_COLUMNS = {
    "customer": "the customer's id, as it came",
    "time": "local time, or local date where the time is midnight",
    "kind": "order, return, ticket, complaint, interaction, survey or subscription",
    "amount": "of an order or a return, of a subscription its price a month; empty elsewhere",
    "text": "what happened, in words",
    "open": "whether it is a ticket without an answer, or not resolved, at the cutoff",
    "older": "how many older entries of this customer are left out",
}
MOST = 40


@dataclass(frozen=True)
class _Entries:
    """The entries that one table gives; `row` is the log's row that each is told by, `count` how many it stands for."""

    log: EventLog
    row: np.ndarray
    count: np.ndarray
    alike: np.ndarray  # whether all that an entry stands for came by the same channel

    @classmethod
    def one_by_one(cls, log: EventLog) -> _Entries:
        rows = np.arange(len(log))
        return cls(log, rows, np.ones(len(log), dtype=np.int64), np.ones(len(log), dtype=bool))


def timeline(
    part: History, positions: np.ndarray, cutoff: int, *, most: int = MOST, currency: str = ""
) -> pd.DataFrame:
    """Return what was known of some customers strictly before a cutoff, newest first.

    A ticket that was answered or resolved at or after the cutoff is open in it. Interactions of one kind are put
    together by week (from Monday, local), so that a timeline stays short. Ready features and labels are no events.

    Parameters
    ----------
    part : History
        The log, or the part of it that the customers are in.
    positions : array of int, shape (n_customers,)
        Positions in ``part.customers``, each once; the timelines come in this order.
    cutoff : int
        T, in microseconds UTC.
    most : int, default 40
        Entries per customer; `older` tells how many are left out.
    currency : str, default ""
        Before amounts.

    Returns
    -------
    DataFrame of shape (n_entries, 7)
        Columns as in `TIMELINE_COLUMNS`. A customer of whom nothing was known has no row.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=1).history()
    >>> found = timeline(history, [3], history.instant("2025-06-01"), most=2, currency="£")
    >>> found.columns.tolist(), len(found)
    (['customer', 'time', 'kind', 'amount', 'text', 'open', 'older'], 2)
    """
    import pandas as pd

    positions = np.asarray(positions, dtype=np.intp)
    tables = _entries(_known(part, positions, cutoff), part.timezone)
    sizes = [len(t.row) for t in tables]
    customer = _joined([t.log.customer[t.row] for t in tables], np.int32)
    time = _joined([t.log.time[t.row] for t in tables], np.int64)
    table, own = np.repeat(np.arange(len(tables)), sizes), _joined([np.arange(n) for n in sizes], np.intp)
    # Newest first; of the same instant, what the log has later.
    order = np.lexsort((-own, -table, -time, customer))
    total = np.bincount(customer, minlength=len(positions))
    first = np.concatenate([[0], np.cumsum(total)[:-1]]) if len(total) else total
    place = np.arange(len(order)) - first[customer[order]]
    order = order[place < most]
    kinds, texts = np.empty(len(order), dtype=object), np.empty(len(order), dtype=object)
    amounts, waiting = np.full(len(order), np.nan), np.zeros(len(order), dtype=bool)
    for number, entries in enumerate(tables):
        at = np.flatnonzero(table[order] == number)
        chosen = own[order[at]]
        log = entries.log.take(entries.row[chosen])
        count, alike = entries.count[chosen], entries.alike[chosen]
        told = WRITERS[log.name](Batch(log, cutoff, part.timezone, currency, count, alike))
        kinds[at], texts[at], amounts[at], waiting[at] = told.kind, told.text, told.amount, told.open
    who = customer[order]
    return pd.DataFrame(
        {
            "customer": part.customers[positions[who]],
            "time": pd.array(_local_text(time[order], part.timezone), dtype="str"),
            "kind": pd.array(kinds, dtype="str"),
            "amount": amounts,
            "text": pd.array(texts, dtype="str"),
            "open": waiting,
            "older": np.maximum(total - most, 0)[who].astype(np.int32),
        },
        columns=list(TIMELINE_COLUMNS),
    )


def _known(part: History, positions: np.ndarray, cutoff: int) -> list[EventLog]:
    """Return the tables of events with these customers only, coded by their place, as known before the cutoff."""
    code = np.full(len(part.customers), -1, dtype=np.int32)
    code[positions] = np.arange(len(positions), dtype=np.int32)
    logs = {
        name: log.of_customers(np.flatnonzero(code[log.customer] >= 0), code)
        for name, log in part.logs.items()
        if name in WRITERS
    }
    seen = replace(part, logs=logs, joined=None).as_of(cutoff).logs
    return [seen[name] for name in WRITERS if name in seen]


def _entries(logs: list[EventLog], timezone: str) -> list[_Entries]:
    return [
        _by_week(log, timezone) if log.name == "interactions" else _Entries.one_by_one(log) for log in logs
    ]


def _by_week(log: EventLog, timezone: str) -> _Entries:
    """Put interactions of a customer, kind and week together; each entry is told by its last row."""
    if not len(log):
        return _Entries.one_by_one(log)
    week = (local_day(log.time, timezone).astype(np.int64) + 3) // 7  # day 0 was a Thursday
    kind = log.categories["kind"].codes.astype(np.int64)
    order = np.lexsort((np.arange(len(log)), kind, week, log.customer))
    keys = np.stack([log.customer[order].astype(np.int64), week[order], kind[order]])
    begins = np.flatnonzero(np.concatenate([[True], (keys[:, 1:] != keys[:, :-1]).any(axis=0)]))
    ends = np.append(begins[1:], len(order))
    alike = np.ones(len(begins), dtype=bool)
    if "channel" in log.categories:
        channel = log.categories["channel"].codes[order]
        alike = np.minimum.reduceat(channel, begins) == np.maximum.reduceat(channel, begins)
    rows = order[ends - 1]
    # In time order again, as every log is: of the same instant, the later one comes first in a timeline.
    sequence = np.argsort(rows)
    return _Entries(log, rows[sequence], (ends - begins)[sequence], alike[sequence])


def _joined(arrays: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=dtype)


def _local_text(time: np.ndarray, timezone: str) -> list[str]:
    """Write instants as local ISO times, as dates where they are midnight.

    Examples
    --------
    >>> _local_text(np.array([1_735_686_000_000_000, 1_735_689_600_000_000]), "Europe/Berlin")
    ['2025-01-01', '2025-01-01T01:00']
    """
    import pandas as pd

    local = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    minutes = np.asarray(local.tz_localize(None)).astype("datetime64[m]")
    texts = np.datetime_as_string(minutes, unit="m").tolist()
    return [t[:10] if t.endswith("T00:00") else t for t in texts]
