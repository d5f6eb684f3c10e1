"""Whether data have what a model was trained with: all that is missing or of another kind, in one error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from churn.display import format_percent
from churn.errors import ModelError
from churn.features.catalogue import Schema
from churn.features.signal import Signal

_NAMED = 3


def check_schema(
    signals: Sequence[Signal], importance: Mapping[str, float], trained: Schema, given: Schema
) -> None:
    """Raise a `ModelError` where data lack what a model's signals read, or hold another kind of value.

    Parameters
    ----------
    signals : sequence of Signal
        The model's.
    importance : mapping of str to float
        Each signal's share of what the model goes by.
    trained, given : Schema
        Of the data that it was trained with, and of those at hand.

    Raises
    ------
    ModelError
        With everything that is missing or changed, and how much of the model needs it.
    """
    needs = {s.name: s.measure.needs() for s in signals}
    lacking = set().union(*needs.values()) - given.columns
    tables = sorted({t for t, c in lacking if c is None})
    columns = sorted((t, c) for t, c in lacking if c is not None and t not in tables)
    told = [f"no {t} table" if t != "customers" else "no customers" for t in tables]
    told += [f"no {_named(t, c)}" for t, c in columns]
    was, now = _texts(trained), _texts(given)
    changed = []
    for table, column in sorted(set().union(*needs.values()) & given.columns, key=str):
        if column is None or table == "customers" or (table, column) not in trained.columns:
            continue
        text_before, text_now = (table, column) in was, (table, column) in now
        if text_before and not text_now and not all(map(_is_number, was[table, column])):
            changed.append((f"{table}.{column} holds numbers and held texts", (table, column)))
        elif text_now and not text_before:
            changed.append((f"{table}.{column} holds texts and held numbers or times", (table, column)))
    if not told and not changed:
        return
    touched = lacking | {c for _, c in changed}
    hit = sorted((n for n, reads in needs.items() if reads & touched), key=lambda n: -importance.get(n, 0.0))
    share = sum(importance.get(n, 0.0) for n in hit)
    what = f"The data have {' and '.join(told)}, which the model was trained with" if told else ""
    kinds = "; ".join(text for text, _ in changed)
    if kinds:
        what = f"{what}; {kinds}" if what else f"Columns have changed since the model was trained: {kinds}"
    raise ModelError(
        what,
        given=f"{len(hit)} of the model's {len(needs)} signals read it, {format_percent(share, 0)} of what it goes by: "
        f"{', '.join(hit[:_NAMED])}{' and more' if len(hit) > _NAMED else ''}",
        fix="Bring the same tables and columns as for training, each with rows, and map them under sources; or train "
        "again without them: churn train CONFIG.",
        code="schema-changed",
    )


def _named(table: str, column: str) -> str:
    if (table, column) == ("tickets", "answer"):
        return "tickets.first_reply or tickets.resolved"
    return f"segment {column}" if table == "customers" else f"{table}.{column}"


def _texts(schema: Schema) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(table, column): values for table, column, values in schema.labels}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
