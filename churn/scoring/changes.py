"""What is otherwise in tonight's data than it was when the model was trained, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.data.calendar import Calendar
from churn.data.contracts import CONTRACTS
from churn.data.history import DAY_US
from churn.display import format_count, format_percent
from churn.features.catalogue import Schema
from churn.model.bundle import Model
from churn.model.inputs import RECENT_DAYS, WINDOW_DAYS, InputTally, Table, seen_values

_SILENT_DAYS = 7  # a table is not called silent before
_TIMES_LONGEST = 2  # nor before so many times its longest pause
_FEWEST_DAYS = 10  # with rows, for a pause to be told from chance
_FEWEST_ROWS = 50
_JUMP = 0.10  # of the share of rows without a value
_JUMP_OF_OUTCOMES = 0.30  # replies and deliveries may really come later than they did
_NAMED = 5
_STOPPED = "Did the delivery stop? Its signals look as if nothing had happened since."


@dataclass(frozen=True)
class Change:
    """One thing that is otherwise.

    Attributes
    ----------
    kind : str
        ``silent``, ``values``, ``unknown`` or ``new``.
    where : str
        Table, or table and column.
    text : str
        What it is and what to do, in words.
    """

    kind: str
    where: str
    text: str

    @property
    def is_warning(self) -> bool:
        """Whether scores may suffer from it; what is merely new is a note."""
        return self.kind != "new"


def tally_for(model: Model, cutoff: int) -> InputTally:
    """Return a tally that counts tonight's data against what the model has seen."""
    return InputTally(model.definition, cutoff, _seen(model))


def find_changes(model: Model, tonight: InputTally, schema: Schema, calendar: Calendar) -> tuple[Change, ...]:
    """Return what is otherwise than at training, in what the model's signals read, and what is there that they do not.

    Parameters
    ----------
    model : Model
        The model; those trained before it took down its inputs are compared by the values of their signals alone.
    tonight : InputTally
        From `tally_for`, with all customers counted.
    schema : Schema
        Of tonight's data.
    calendar : Calendar
        For dates.
    """
    reads = {need for s in model.signals for need in s.measure.needs()}
    names = sorted({table for table, _ in reads} - {"customers"})
    inputs = model.extras.get("inputs", {})
    seen = _seen(model)
    out: list[Change] = []
    for name in names:
        table = tonight.tables.get(name, Table())
        out += _silent(name, table, tonight.cutoff, calendar)
        out += _unknown(name, table, inputs.get(name), {c for t, c in reads if t == name and c})
    for (name, column), values in sorted(seen.items()):
        if (name, column) in reads and name in tonight.tables:
            out += _values(name, column, tonight.tables[name], values)
    return (*out, *_new(model.schema, schema))


def _seen(model: Model) -> dict[tuple[str, str], frozenset[str]]:
    """Return the values by table and text column that the model has seen, of columns where all are known."""
    # The schema keeps 20 values: with fewer it names them all.
    kept = {(t, c): frozenset(values) for t, c, values in model.schema.labels if 0 < len(values) < 20}
    if "inputs" not in model.extras:
        return kept
    taken = seen_values(model.extras["inputs"])
    return {where: values | kept.get(where, frozenset()) for where, values in taken.items()}


def _silent(name: str, table: Table, cutoff: int, calendar: Calendar) -> Iterator[Change]:
    if table.last is None:
        yield Change(
            "silent",
            name,
            f"{name}: no row was known before the cutoff, though the model was trained with them. Their signals stand "
            "at nothing; bring the rows, or train again without the table.",
        )
        return
    date = calendar.date(calendar.midnight(table.last))
    ages = np.flatnonzero(table.by_age)
    if not len(ages):
        yield Change(
            "silent",
            name,
            f"{name}: no row in the {WINDOW_DAYS} days before the cutoff, the last is of {date}. {_STOPPED}",
        )
        return
    silent, pauses = int(ages[0]), np.diff(ages)
    if len(ages) >= _FEWEST_DAYS and silent >= max(_SILENT_DAYS, _TIMES_LONGEST * pauses.max() + 1):
        usual = float(np.median(pauses))
        every = "every day" if usual == 1 else f"every {usual:g} days"
        yield Change(
            "silent",
            name,
            f"{name}: the last row is of {date}, {(cutoff - table.last) // DAY_US} days before the cutoff, and "
            f"usually there are rows {every}. {_STOPPED}",
        )


def _unknown(
    name: str, table: Table, before: Mapping[str, Any] | None, columns: set[str]
) -> Iterator[Change]:
    if before is None or min(table.recent, before["recent"]) < _FEWEST_ROWS:
        return
    outcomes = CONTRACTS[name].outcomes if name in CONTRACTS else ()
    for column in sorted(columns & set(table.unknown) & set(before["unknown"])):
        then, now = before["unknown"][column], table.unknown[column] / table.recent
        both = (then * before["recent"] + table.unknown[column]) / (before["recent"] + table.recent)
        error = np.sqrt(both * (1 - both) * (1 / before["recent"] + 1 / table.recent))
        least = _JUMP_OF_OUTCOMES if column in outcomes else _JUMP
        if now - then >= max(least, 3 * error):
            yield Change(
                "unknown",
                f"{name}.{column}",
                f"{name}.{column}: empty in {format_percent(now, 0)} of the rows of the last {RECENT_DAYS} days, at "
                f"training in {format_percent(then, 0)}. Has the delivery changed? The signals that read it are "
                "not what the model learnt.",
            )


def _values(name: str, column: str, table: Table, seen: frozenset[str]) -> Iterator[Change]:
    found = table.values.get(column)
    new = {v: n for v, n in found.rows.items() if v not in seen} if found else {}
    if not new or found is None:
        return
    what = "customers" if name == "customers" else "rows"
    most = sorted(new.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{v!r} ({format_count(n)} {what if n != 1 else what[:-1]})" for v, n in most[:_NAMED])
    more = f" and {format_count(len(most) - _NAMED)} more" if len(most) > _NAMED else ""
    count = f"{format_count(len(most))} value{'s' if len(most) > 1 else ''}"
    whom = (
        "1 active customer has"
        if found.customers == 1
        else f"{format_count(found.customers)} active customers have"
    )
    yield Change(
        "values",
        f"{name}.{column}",
        f"{name}.{column}: {count} that the model has never seen: {told}{more}. {whom} such a value. It counts "
        "as unknown; train again to use it.",
    )


def _new(before: Schema, now: Schema) -> Iterator[Change]:
    tables = {t for t, _ in before.columns}
    fresh = sorted({t for t, _ in now.columns} - tables)
    columns = sorted((t, c) for t, c in now.columns - before.columns if t in tables and c)
    derived = {("orders", "day"), ("tickets", "answer")}
    names = [*fresh, *(f"{t}.{c}" for t, c in columns if (t, c) not in derived)]
    for name in names:
        yield Change(
            "new",
            name,
            f"{name} was not there when the model was trained, and is not used. Train again to use it.",
        )
