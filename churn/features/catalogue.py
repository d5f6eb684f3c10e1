"""The catalogue: which signals a history allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churn.config import FeatureSettings
from churn.data.base import CustomerBase
from churn.data.contracts import CONTRACTS
from churn.data.history import Category, History
from churn.data.store import LogStore
from churn.errors import ConfigError, ParameterError
from churn.features.families import account, engagement, product, relative, rhythm, service, voice, volume
from churn.features.families._make import label_signal
from churn.features.formulas import misused_column
from churn.features.labels import LastLabel
from churn.features.measures import Last, Since
from churn.features.own import from_settings
from churn.features.signal import Array, Known, Signal

_VALUES_KEPT = 20
_WINDOWS = {30, 90, 180, 365}  # what the list and the reasons tell


@dataclass(frozen=True)
class Schema:
    """What a catalogue depends on: the columns that are there, and the values that were found in them.

    It is saved with a model, so that the same signals are computed for scoring as for training.

    Attributes
    ----------
    columns : frozenset of (str, str or None)
        Tables, and their columns.
    labels : tuple of (str, str, tuple of str)
        Table, text column and the values that get signals, at most 20 and the most frequent ones; segments are
        columns of ``customers``.
    """

    columns: frozenset[tuple[str, str | None]]
    labels: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, history: History, before: int | None = None) -> Schema:
        """Read the schema off a history, with the values known before an instant or ever."""
        logs = {}
        for name, log in history.logs.items():
            known = log if before is None else log.known_before(before)
            counts = {c: _counts(category) for c, category in known.categories.items()}
            logs[name] = {"numbers": log.numbers, "instants": log.instants, "categories": counts}
        return cls.of_summary(
            {"logs": logs, "segments": {c: _counts(v) for c, v in history.segments.items()}}
        )

    @classmethod
    def of_data(cls, data: History | LogStore | CustomerBase) -> Schema:
        """Read the schema off a history, or off the summary of a saved log without reading a row."""
        source = data.origin if isinstance(data, CustomerBase) else data
        return cls.of_summary(source.summary()) if isinstance(source, LogStore) else cls.of(source)

    @classmethod
    def of_summary(cls, summary: Mapping[str, Any]) -> Schema:
        """Read the schema off the summary of a saved log, without reading a row."""
        columns: set[tuple[str, str | None]] = set()
        labels = []
        for name, log in summary["logs"].items():
            columns.add((name, None))
            columns |= {(name, c) for c in (*log["numbers"], *log["instants"], *log["categories"])}
            if name == "tickets" and {"first_reply", "resolved"} & set(log["instants"]):
                columns.add((name, "answer"))  # what a ticket's first answer can be read from
            labels += [(name, c, _most(found)) for c, found in log["categories"].items()]
        columns |= {("customers", c) for c in summary["segments"]}
        labels += [("customers", c, _most(found)) for c, found in summary["segments"].items()]
        return cls(frozenset(columns), tuple(labels))

    def values(self, table: str, column: str) -> tuple[str, ...]:
        """Return the values of a text column that get signals."""
        return next((v for t, c, v in self.labels if (t, c) == (table, column)), ())

    @property
    def segments(self) -> dict[str, tuple[str, ...]]:
        """The segment columns and their values."""
        return {c: v for t, c, v in self.labels if t == "customers" and v}

    @property
    def feature_tables(self) -> dict[str, tuple[str, ...]]:
        """The tables of ready features and their columns."""
        own = sorted({t for t, _ in self.columns} - set(CONTRACTS))
        return {t: tuple(sorted(c for n, c in self.columns if n == t and c)) for t in own}

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "columns": sorted([table, column or ""] for table, column in self.columns),
            "labels": [[t, c, list(v)] for t, c, v in self.labels],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """Read what `to_dict` wrote."""
        return cls(
            frozenset((table, column or None) for table, column in data["columns"]),
            tuple((t, c, tuple(v)) for t, c, v in data["labels"]),
        )


def full_schema() -> Schema:
    """Return the schema of a history that has every table and column, for listing the whole catalogue."""
    contracts = {t: c for t, c in CONTRACTS.items() if t != "labels"}  # outcomes are no signals
    columns: set[tuple[str, str | None]] = {(t, None) for t in contracts}
    columns |= {(t, f.name) for t, c in contracts.items() for f in c.fields}
    columns |= {("orders", "day"), ("tickets", "answer"), ("customers", "SEGMENT")}
    values = (
        ("orders", "channel", ("CHANNEL",)),
        ("interactions", "kind", ("KIND",)),
        ("interactions", "channel", ("CHANNEL",)),
        ("surveys", "kind", ("SURVEY",)),
        ("subscriptions", "plan", ("PLAN",)),
        ("customers", "SEGMENT", ("VALUE",)),
    )
    return Schema(frozenset(columns), values)


def catalogue(
    history: History | Schema | None = None,
    *,
    settings: FeatureSettings | None = None,
    own: Sequence[Signal] = (),
) -> tuple[Signal, ...]:
    """List the signals that can be computed.

    Parameters
    ----------
    history : History or Schema, optional
        What is there; without it the whole catalogue is listed, with KIND, CHANNEL, SURVEY, PLAN and SEGMENT
        standing for the values found in the data.
    settings : FeatureSettings, optional
        Windows, the days after which a complaint counts as ignored, signals of your own.
    own : sequence of Signal, optional
        More signals of your own, from `churn.signal`.

    Returns
    -------
    tuple of Signal
        In a fixed order; names are unique.

    Raises
    ------
    ConfigError
        A signal of your own has a name that is taken, or reads a table or column that is not there.

    Examples
    --------
    >>> signals = catalogue()
    >>> len(signals) >= 150
    True
    >>> next(s for s in signals if s.name == "overdue_ratio").meaning
    'days since the last order over the usual gap; above 1 is overdue'
    """
    settings = settings or FeatureSettings()
    schema = Schema.of(history) if isinstance(history, History) else history or full_schema()
    segments, windows = schema.segments, sorted(_WINDOWS | set(settings.windows))
    ours = (
        *rhythm.signals(windows),
        *volume.signals(windows, schema.values("orders", "channel")),
        *product.signals(),
        *service.signals(settings.ignored_after_days),
        *voice.signals(schema.values("surveys", "kind"), settings.silent_after_days),
        *engagement.signals(
            schema.values("interactions", "kind"), schema.values("interactions", "channel"), windows
        ),
        *account.signals(segments, schema.values("subscriptions", "plan")),
        *relative.signals(segments),
    )
    possible = [s for s in ours if s.measure.needs() <= schema.columns]
    for table, columns in schema.feature_tables.items():
        possible += _ready(table, columns, schema)
    possible = _unique(possible)
    taken = {s.name for s in possible}
    own = (own,) if isinstance(own, Signal) else tuple(own)
    wrong = [s for s in own if not isinstance(s, Signal)]
    if wrong:
        raise ParameterError(
            "own holds what is no signal",
            given=repr(wrong[0]),
            allowed="what churn.signal returns",
            fix="Make it with churn.signal(name, measure, meaning=...).",
        )
    for signal in (*from_settings(settings), *own):
        _check(signal, taken, schema)
        taken.add(signal.name)
        possible.append(signal)
    return tuple(possible)


def _ready(table: str, columns: tuple[str, ...], schema: Schema) -> list[Signal]:
    """Make the signals of a table of ready features: each value as it held at the cutoff, and how old it is."""
    out = []
    for column in columns:
        labels = schema.values(table, column)
        meaning = f"{column} of the table {table}, as it held at the cutoff; unknown before the customer's first row"
        name = f"{table}:{column}"
        if labels:
            out.append(label_signal("own", name, table, LastLabel(table, column, labels), meaning, labels))
        elif not any((t, c) == (table, column) for t, c, _ in schema.labels):
            known = Known(column)
            out.append(Signal(name, "own", table, Last(table, column, known), "count", meaning, "either"))
    age = f"days since the customer's last row in the table {table}; unknown without one"
    out.append(Signal(f"{table}:age_days", "own", table, Since(table), "days", age, "either"))
    return out


def _unique(signals: list[Signal]) -> list[Signal]:
    """Put an underscore behind a name that is taken: kinds, segments and tables are called as the data call them."""
    taken: set[str] = set()
    out = []
    for signal in signals:
        name = signal.name
        while name in taken:
            name += "_"
        taken.add(name)
        out.append(signal if name == signal.name else replace(signal, name=name))
    return out


def _check(signal: Signal, taken: set[str], schema: Schema) -> None:
    if signal.name in taken:
        raise ConfigError(
            f"There is a signal {signal.name} already",
            fix="Choose another name for yours.",
            code="signal-name",
        )
    missing = sorted(signal.measure.needs() - schema.columns, key=str)
    if missing:
        table, column = missing[0]
        columns = sorted(c for t, c in schema.columns if t == table and c)
        raise ConfigError(
            f"The signal {signal.name} reads {table}{f'.{column}' if column else ''}, which the data do not have",
            allowed=f"columns {', '.join(columns)}"
            if column and columns
            else f"tables {', '.join(sorted({t for t, _ in schema.columns}))}",
            fix="Map it in the configuration, or correct the signal.",
            code="signal-column",
        )
    misused = misused_column(signal.measure, frozenset((t, c) for t, c, _ in schema.labels))
    if misused:
        table, column, allowed = misused
        raise ConfigError(
            f"The signal {signal.name} cannot use {table}.{column} so",
            given=signal.formula,
            allowed=allowed,
            fix="Correct the signal.",
            code="signal-column",
        )


def _counts(category: Category) -> dict[str, int]:
    codes: Array = category.codes
    counts = np.bincount(codes[codes >= 0], minlength=len(category.labels))
    return dict(zip(category.labels, counts.tolist(), strict=True))


def _most(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return the most frequent labels, in alphabetical order; of equally frequent ones the first."""
    kept = sorted(sorted(counts), key=lambda label: -counts[label])[:_VALUES_KEPT]
    return tuple(sorted(label for label in kept if counts[label]))
