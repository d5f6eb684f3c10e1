"""Measures written as expressions: read without executing anything, and checked before they are computed."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from churn.data.contracts import CONTRACTS, nearest
from churn.errors import ConfigError
from churn.features import labels, measures, pooled, rhythm, signal
from churn.features.executor import parts
from churn.features.facts import DERIVED

_MEASURES: dict[str, Any] = {
    cls.__name__: cls
    for module in (measures, labels, rhythm, pooled)
    for cls in vars(module).values()
    if isinstance(cls, type) and cls.__module__ == module.__name__ and hasattr(cls, "compute")
}
_FILTERS: dict[str, Any] = {
    c.__name__: c
    for c in (
        signal.Is,
        signal.Known,
        signal.Equals,
        signal.Above,
        signal.Below,
        signal.Missing,
        signal.Unmet,
        signal.Both,
    )
}
# Values that give a position among labels: parts of other measures, but no signals of one's own.
_POSITIONS = (labels.LastLabel, labels.TopLabel, labels.Segment)
_LONGEST_DAYS = 36_525.0
_OVERDUE = ("ratio", "days", "score", "silence", "gamma")


def parse_measure(text: str, name: str) -> Any:
    """Read a measure such as ``Ratio(Count('orders', 30), Count('orders', 90))``; nothing is executed.

    Raises
    ------
    ConfigError
        It is not an expression of measures and filters, or a value is not allowed.

    Examples
    --------
    >>> parse_measure("Count('orders', days=90, where=Above('amount', 100))", "big_orders_90d")
    Count(log='orders', days=90, until=0.0, where=Above(column='amount', number=100), by='time')
    """

    def wrong(what: str, fix: str = "", allowed: str = "") -> ConfigError:
        return ConfigError(
            f"The measure of the signal {name} cannot be read: {what}",
            given=text if len(text) < 200 else text[:200] + "...",
            allowed=allowed or f"measures {_listed(_MEASURES)} and filters {_listed(_FILTERS)}",
            fix=fix or "For example: Count('orders', days=90, where=Above('amount', 100)).",
            code="signal-measure",
        )

    def read(node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = read(node.operand)
            if isinstance(number, int | float):
                return -number
        if isinstance(node, ast.Tuple | ast.List):
            return tuple(read(e) for e in node.elts)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            known = _MEASURES | _FILTERS
            if node.func.id not in known:
                near = nearest(node.func.id, known)
                raise wrong(f"there is no {node.func.id}", f"Did you mean {near}?" if near else "")
            given = [k.arg for k in node.keywords]
            if None in given or len(set(given)) < len(given):
                raise wrong(f"{node.func.id} is given something twice, or by **")
            named = {str(k.arg): read(k.value) for k in node.keywords}
            return build(known[node.func.id], [read(a) for a in node.args], named)
        raise wrong(f"{ast.unparse(node)[:100]!r} is not a measure, a filter, a number or a text in quotes")

    def build(cls: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        options = [f.name for f in fields(cls)]
        strange = [name for name in named if name not in options]
        if strange:
            near = nearest(strange[0], options)
            hint = f"Did you mean {near}?" if near else ""
            raise wrong(f"{cls.__name__} has no {strange[0]}", hint, f"{cls.__name__}({', '.join(options)})")
        try:
            made = cls(*arguments, **named)
        except TypeError as error:
            what = str(error).replace(f"{cls.__name__}.__init__()", cls.__name__)
            raise wrong(what, allowed=f"{cls.__name__}({', '.join(options)})") from None
        for f in fields(cls):
            value = getattr(made, f.name)
            allowed = _allowed(f.name, str(f.type), value)
            if allowed is not None:
                raise wrong(f"{cls.__name__} cannot take {value!r} as {f.name}", allowed=allowed)
        log, by = _text(made, "log"), getattr(made, "by", "time")
        if log in CONTRACTS and by not in _moments(log):
            raise wrong(
                f"{cls.__name__} cannot go by {by!r}", f"Rows of {log} go by {', '.join(_moments(log))}."
            )
        if (getattr(made, "days", None) or math.inf) <= getattr(made, "until", 0.0):
            raise wrong(
                f"{cls.__name__} begins {made.days} days before the cutoff and ends {made.until} days before"
            )
        return made

    try:
        made = read(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise wrong(f"it is not well formed at position {error.offset}") from None
    except ConfigError:
        raise
    except (RecursionError, MemoryError, ValueError):
        raise wrong("it is too long or not well formed") from None
    if not hasattr(made, "compute"):
        raise wrong("it is no measure")
    return made


def _listed(known: dict[str, Any]) -> str:
    return ", ".join(sorted(name for name, cls in known.items() if cls not in _POSITIONS))


def _allowed(name: str, kind: str, value: Any) -> str | None:
    """Return what a field of a measure or filter may be, where the value is not that; None where it is."""
    optional = kind.endswith("| None")
    if value is None and optional:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    rules: dict[str, tuple[str, Callable[[], bool]]] = {
        "until": ("days, 0 or more", lambda: number and 0 <= value <= _LONGEST_DAYS),
        "back": ("a whole number from 0 to 100", lambda: _whole(value, 0, 100)),
        "buckets": ("a whole number from 2 to 100", lambda: _whole(value, 2, 100)),
        "most": ("a whole number from 1 to 100", lambda: _whole(value, 1, 100)),
        "last": ("a whole number from 1 to 100", lambda: _whole(value, 1, 100)),
        "per": ("a number above 0", lambda: number and value > 0),
        "part": (", ".join(_OVERDUE), lambda: value in _OVERDUE),
        "first": ("True or False", lambda: isinstance(value, bool)),
    }
    if name == "days" or name.endswith("_days"):
        rule = (
            f"days above 0.01, at most {_LONGEST_DAYS:.0f}",
            lambda: number and 0.01 < value <= _LONGEST_DAYS,
        )
    elif name in rules:
        rule = rules[name]
    elif kind.startswith(("float", "int")):
        rule = ("a number", lambda: number)
    elif kind.startswith("tuple"):
        rule = (
            "a list of texts",
            lambda: isinstance(value, tuple) and all(isinstance(v, str) for v in value),
        )
    elif kind.startswith("str"):
        rule = ("a name in quotes", lambda: isinstance(value, str) and not value.startswith("fade:"))
    elif kind == "Measure":
        rule = ("a measure", lambda: hasattr(value, "compute"))
    elif kind.startswith("Segment"):
        rule = ("Segment('column', ['value', 'value'])", lambda: isinstance(value, labels.Segment))
    else:
        rule = ("a filter", lambda: hasattr(value, "mask"))
    return None if rule[1]() else rule[0]


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


# What a column must hold, by the measure or filter and its field.
_TEXT = ("Is", "TopShare", "TopLabel", "LastLabel", "Switched")
_TIME = ("Missing", "Unmet")
_ANY = ("Known", "Segment")


def misused_column(measure: Any, texts: frozenset[tuple[str, str]]) -> tuple[str, str, str] | None:
    """Return a table, its column and what should stand there, for a column that a measure cannot use.

    `texts` are the text columns by table; a time other than the row's own must be one that comes after the row.
    """
    for part in parts(measure):
        for log, where in ((_text(part, "log"), "where"), (_text(part, "after"), "after_where")):
            if log is None:
                continue
            own = [part] if where == "where" else []
            for inner in (*own, *parts(getattr(part, where, None))):
                found = _misused(inner, log, texts)
                if found:
                    return found
    return None


def _moments(log: str) -> tuple[str, ...]:
    """Return the times by which rows of a log may go: their own, and what comes after them."""
    contract = CONTRACTS.get(log)
    return ("time", *(contract.outcomes if contract else ()), *(("answer",) if log == "tickets" else ()))


def _text(part: Any, name: str) -> str | None:
    value = getattr(part, name, None)
    return value if isinstance(value, str) else None


def _misused(part: Any, log: str, texts: frozenset[tuple[str, str]]) -> tuple[str, str, str] | None:
    kind, column, by = type(part).__name__, getattr(part, "column", None), getattr(part, "by", "time")
    contract, outcomes = CONTRACTS.get(log), _moments(log)[1:]
    planned = [f.name for f in contract.fields if f.planned] if contract else []
    if by != "time" and by not in outcomes:
        return log, str(by), f"a time that comes after the row: {', '.join(outcomes) or 'there is none'}"
    if column is None or kind in _ANY:
        return None
    if kind in _TEXT:
        return None if (log, column) in texts else (log, column, "a text column")
    if kind in _TIME:
        return None if column in outcomes else (log, column, f"one of {', '.join(outcomes)}")
    if kind == "Ahead":
        return (
            None
            if column in planned
            else (log, column, f"a planned time: {', '.join(planned) or 'there is none'}")
        )
    if isinstance(part, _POSITIONS):
        return log, column, "another measure: this one gives no number"
    times = {"time", *outcomes, *planned, *(["recorded_at"] if contract else [])}
    return (log, column, "a number column") if (log, column) in texts or column in times else None


def described(what: str) -> list[tuple[str, str]]:
    """Return measures or filters as they are called, with their first sentence; or the derived columns."""
    if what == "columns":
        return sorted(DERIVED)
    known = _MEASURES if what == "measures" else _FILTERS
    return [
        (
            f"{name}({', '.join(f.name for f in fields(cls))})",
            " ".join((cls.__doc__ or "").split("\n\n")[0].split()),
        )
        for name, cls in sorted(known.items())
        if cls not in _POSITIONS
    ]
