"""The catalogue for a history, and the executor that computes it in one pass per cutoff.

The log is ordered by time, so a window is a contiguous slice of it and an aggregate per customer is one
``bincount`` over customer codes. Nothing is written per signal: the executor evaluates the declared measures and
keeps every part that several signals share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.history import DAY_US, History, Instant, View
from churn.errors import ParameterError
from churn.features import account, engagement, orders, service
from churn.features.signal import Array, Measure, Rows, Signal, Where

if TYPE_CHECKING:
    import pandas as pd

_VALUES_KEPT = 20


@dataclass(frozen=True)
class Schema:
    """What a catalogue depends on: the columns that are there, and the values that were found in them.

    It is saved with a model, so that the same signals are computed for scoring as for training.
    """

    columns: frozenset[tuple[str, str | None]]
    order_channels: tuple[str, ...]
    kinds: tuple[str, ...]
    interaction_channels: tuple[str, ...]
    segments: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, history: History) -> Schema:
        """Read the schema off a history; at most 20 values per text column, the most frequent ones."""
        columns: set[tuple[str, str | None]] = set()
        for name, log in history.logs.items():
            columns.add((name, None))
            columns |= {(name, c) for c in (*log.numbers, *log.instants, *log.categories)}
            if {"first_reply", "resolved"} & set(log.instants):
                columns.add((name, "answer"))  # what a ticket's first answer can be read from
        columns |= {("customers", c) for c in history.segments}

        def values(log: str, column: str) -> tuple[str, ...]:
            found = history.logs.get(log)
            category = found.categories.get(column) if found is not None else None
            return _frequent(category.codes, category.labels) if category is not None else ()

        return cls(
            frozenset(columns),
            values("orders", "channel"),
            values("interactions", "kind"),
            values("interactions", "channel"),
            tuple((k, _frequent(v.codes, v.labels)) for k, v in history.segments.items()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "columns": sorted([log, column or ""] for log, column in self.columns),
            "order_channels": list(self.order_channels),
            "kinds": list(self.kinds),
            "interaction_channels": list(self.interaction_channels),
            "segments": [[k, list(v)] for k, v in self.segments],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """Read what `to_dict` wrote."""
        return cls(
            frozenset((log, column or None) for log, column in data["columns"]),
            tuple(data["order_channels"]),
            tuple(data["kinds"]),
            tuple(data["interaction_channels"]),
            tuple((k, tuple(v)) for k, v in data["segments"]),
        )


def full_schema() -> Schema:
    """Return the schema of a history that has every table and column, for listing the whole catalogue."""
    from churn.data.contracts import CONTRACTS

    columns: set[tuple[str, str | None]] = {(t, None) for t in CONTRACTS}
    columns |= {(t, f.name) for t, c in CONTRACTS.items() for f in c.fields}
    columns |= {("orders", "day"), ("tickets", "answer"), ("customers", "SEGMENT")}
    return Schema(frozenset(columns), ("CHANNEL",), ("KIND",), ("CHANNEL",), (("SEGMENT", ("VALUE",)),))


def catalogue(
    history: History | Schema | None = None, *, ignored_after_days: float = 7.0
) -> tuple[Signal, ...]:
    """List the signals that can be computed.

    Parameters
    ----------
    history : History or Schema, optional
        What is there; without it the whole catalogue is listed, with KIND, CHANNEL and SEGMENT standing for
        the values found in the data.
    ignored_after_days : float, default 7
        A complaint without an answer for so many days counts as ignored.

    Returns
    -------
    tuple of Signal
        In a fixed order; names are unique.

    Examples
    --------
    >>> signals = catalogue()
    >>> len(signals) >= 60
    True
    >>> next(s for s in signals if s.name == "overdue_ratio").meaning
    'days since the last order over the usual gap; above 1 is overdue'
    """
    if not ignored_after_days > 0:
        raise ParameterError(
            "ignored_after_days is not a length",
            given=repr(ignored_after_days),
            allowed="days above 0",
            fix="Set it to the days after which a complaint is ignored.",
        )
    schema = Schema.of(history) if isinstance(history, History) else history or full_schema()
    everything = (
        *orders.signals(schema.order_channels),
        *service.signals(ignored_after_days),
        *engagement.signals(schema.kinds, schema.interaction_channels),
        *account.signals(dict(schema.segments)),
    )
    return tuple(s for s in everything if s.measure.needs() <= schema.columns)


class Executor:
    """Computes measures at one cutoff; every measure and every filter is evaluated once."""

    def __init__(self, view: View, settings: Mapping[str, float]) -> None:
        self.view, self.settings = view, settings
        self._values: dict[Measure, Array] = {}
        self._positions: dict[tuple[str, Where], Array] = {}
        self._rows: dict[tuple[str, Where | None, float | None, float], Rows] = {}

    def value(self, measure: Measure) -> Array:
        """Return a measure's value per customer."""
        if measure not in self._values:
            self._values[measure] = measure.compute(self)
        return self._values[measure]

    def rows(self, log: str, where: Where | None, days: float | None, until: float) -> Rows:
        """Return the rows of a log within ``[T - days, T - until)`` that pass a filter."""
        key = (log, where, days, until)
        if key not in self._rows:
            self._rows[key] = self._find(log, where, days, until)
        return self._rows[key]

    def _find(self, name: str, where: Where | None, days: float | None, until: float) -> Rows:
        log, t = self.view.logs[name], self.view.instant
        positions = None
        if where is not None:
            if (name, where) not in self._positions:
                self._positions[name, where] = np.flatnonzero(where.mask(log, self.view, self.settings))
            positions = self._positions[name, where]
        time = log.time if positions is None else log.time[positions]
        start = 0 if days is None else int(np.searchsorted(time, t - round(days * DAY_US), side="left"))
        end = len(time) if not until else int(np.searchsorted(time, t - round(until * DAY_US), side="left"))
        pick = slice(start, end) if positions is None else positions[start:end]
        return Rows(log, pick, log.customer[pick], self.view.customers)


def feature_matrix(
    view: View, population: Array, signals: Sequence[Signal], *, ignored_after_days: float = 7.0
) -> Array:
    """Compute signals for some customers of a view.

    Returns
    -------
    numpy.ndarray of float64, shape (n_population, n_signals)
        NaN is unknown; category signals hold the position in `Signal.categories`.
    """
    executor = Executor(view, {"ignored_after_days": ignored_after_days})
    out = np.empty((len(population), len(signals)))
    for i, signal in enumerate(signals):
        out[:, i] = executor.value(signal.measure)[population]
    return out


def compute_features(
    history: History,
    as_of: Instant,
    *,
    customers: Iterable[Any] | None = None,
    signals: Sequence[Signal] | None = None,
    ignored_after_days: float = 7.0,
) -> pd.DataFrame:
    """Compute signals as they were known at a cutoff.

    Parameters
    ----------
    history : History
        The log.
    as_of : date, datetime or str
        The cutoff T; nothing at or after it is seen.
    customers : iterable of ids, optional
        Whom to compute for; everybody with an order before T when left out.
    signals : sequence of Signal, optional
        Which signals; the whole catalogue of the history when left out.
    ignored_after_days : float, default 7
        A complaint without an answer for so many days counts as ignored.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, n_signals)
        Indexed by customer id; category signals hold their value in words.

    Raises
    ------
    ParameterError
        The cutoff is not a date, or a customer is not in the history.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=1).history()
    >>> churn.compute_features(history, "2025-10-01")[["orders_count_90d", "recency_days"]].shape[1]
    2
    """
    import pandas as pd

    view = history.as_of(as_of)
    if customers is None:
        population = np.unique(view.logs["orders"].customer).astype(np.int64)
    else:
        wanted = pd.Index(list(customers))
        population = history.customers.get_indexer(wanted)
        if (population < 0).any():
            raise ParameterError(
                "A customer is not in the history",
                given=repr(wanted[population < 0][0]),
                fix="Use ids as they are in history.customers.",
            )
    chosen = catalogue(history, ignored_after_days=ignored_after_days) if signals is None else tuple(signals)
    matrix = feature_matrix(view, population, chosen, ignored_after_days=ignored_after_days)
    frame = pd.DataFrame(matrix, index=history.customers[population], columns=[s.name for s in chosen])
    frame.index.name = "customer"
    for s in chosen:
        if s.categories:
            names = np.array([*s.categories, None], dtype=object)
            frame[s.name] = names[frame[s.name].fillna(-1).astype(int).to_numpy()]
    return frame


def _frequent(codes: Array, labels: tuple[str, ...]) -> tuple[str, ...]:
    if not labels:
        return ()
    counts = np.bincount(codes[codes >= 0], minlength=len(labels))
    top = np.argsort(-counts, kind="stable")[:_VALUES_KEPT]
    return tuple(labels[i] for i in sorted(top) if counts[i])
