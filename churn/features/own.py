"""Signals of your own: from an expression, or from a function over the log."""

from __future__ import annotations

import ast
import importlib.util
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from churn.config import FeatureSettings, OwnSignal
from churn.data.contracts import nearest
from churn.data.history import View
from churn.errors import ConfigError, DataError, MissingFileError, ParameterError
from churn.features import labels, measures, pooled, rhythm
from churn.features import signal as values
from churn.features.signal import UNITS, WARNINGS, Array, Calculation, Needs, Signal

if TYPE_CHECKING:
    import pandas as pd

_MEASURES: dict[str, Any] = {
    cls.__name__: cls
    for module in (measures, labels, rhythm, pooled)
    for cls in vars(module).values()
    if isinstance(cls, type) and cls.__module__ == module.__name__ and hasattr(cls, "compute")
}
_FILTERS: dict[str, Any] = {
    c.__name__: c
    for c in (
        values.Is,
        values.Known,
        values.Equals,
        values.Above,
        values.Below,
        values.Missing,
        values.Unmet,
        values.Both,
    )
}


@dataclass(frozen=True)
class Computed:
    """A function over the log as it was known at the cutoff."""

    name: str
    function: Callable[..., Any]
    tables: tuple[str, ...]

    def compute(self, ex: Calculation) -> Array:
        view = ex.view()
        frames = {table: frame_of(view, table) for table in self.tables}
        import pandas as pd

        try:
            result = self.function(**frames, as_of=pd.Timestamp(view.instant, unit="us", tz="UTC"))
        except Exception as error:
            raise DataError(
                f"The function of the signal {self.name} failed: {type(error).__name__}: {error}",
                given=f"line {_line_of(error, self.function)}",
                fix="Mend the function; churn check CONFIG --time-travel runs it at several cutoffs.",
                code="signal-function",
            ) from error
        return self._checked(result, view.customers)

    def _checked(self, result: Any, customers: int) -> Array:
        import pandas as pd

        out = np.full(customers, np.nan)
        try:
            if not isinstance(result, pd.Series):
                raise TypeError(f"a {type(result).__name__}")
            at = result.index.to_numpy(dtype=np.int64)
            if len(at) and (at.min() < 0 or at.max() >= customers or not result.index.is_unique):
                raise ValueError("an index with customers that are not in the log, or twice")
            out[at] = result.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"The function of the signal {self.name} returned {error}",
                allowed="a pandas Series of numbers, indexed by the column customer",
                fix="Return for example orders.groupby('customer').size().",
                code="signal-function",
            ) from None
        return out

    def needs(self) -> Needs:
        return frozenset((t, None) for t in self.tables)


def frame_of(view: View, table: str) -> pd.DataFrame:
    """Return a table of a view as a frame: customer (a number), time (UTC), and the columns it has."""
    import pandas as pd

    log = view.logs[table]
    never = np.iinfo(np.int64).max

    def instants(values: Array) -> pd.Series:
        stamps = pd.Series(np.where(values == never, 0, values).astype("datetime64[us]"))
        return stamps.mask(values == never).dt.tz_localize("UTC")

    columns: dict[str, Any] = {"customer": log.customer.astype(np.int64), "time": instants(log.time)}
    columns |= {name: values for name, values in log.numbers.items() if name != "day"}
    columns |= {name: instants(values) for name, values in log.instants.items()}
    for name, category in log.categories.items():
        columns[name] = pd.Categorical.from_codes(category.codes, pd.Index(category.labels, dtype=str))
    return pd.DataFrame(columns)


def _line_of(error: Exception, function: Callable[..., Any]) -> int | str:
    trace, line = error.__traceback__, "unknown"
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == function.__code__.co_filename:
            line = str(trace.tb_lineno)
        trace = trace.tb_next
    return line


def parse_measure(text: str, name: str) -> Any:
    """Read a measure such as ``Ratio(Count('orders', 30), Count('orders', 90))``; nothing is executed.

    Raises
    ------
    ConfigError
        It is not an expression of measures and filters.

    Examples
    --------
    >>> parse_measure("Count('orders', days=90, where=Above('amount', 100))", "big_orders_90d")
    Count(log='orders', days=90, until=0.0, where=Above(column='amount', number=100), by='time')
    """

    def wrong(what: str, fix: str = "") -> ConfigError:
        return ConfigError(
            f"The measure of the signal {name} cannot be read: {what}",
            given=text,
            allowed=f"measures {', '.join(sorted(_MEASURES))} and filters {', '.join(sorted(_FILTERS))}",
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
            arguments = [read(a) for a in node.args]
            named = {k.arg: read(k.value) for k in node.keywords if k.arg}
            if len(named) < len(node.keywords):
                raise wrong(f"{node.func.id} has ** or the same word twice")
            return build(known[node.func.id], arguments, named)
        raise wrong(f"{ast.unparse(node)!r} is not a measure, a filter, a number or a text in quotes")

    def build(cls: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
        try:
            made = cls(*arguments, **named)
        except TypeError as error:
            options = ", ".join(f.name for f in fields(cls))
            raise wrong(f"{cls.__name__}: {error}", f"{cls.__name__} takes {options}.") from None
        for f in fields(cls):
            value = getattr(made, f.name)
            kind = str(f.type)
            fits = (
                (isinstance(value, str) if kind == "str" else True)
                and (isinstance(value, int | float) or (value is None and "None" in kind))
                if kind.startswith(("int", "float"))
                else isinstance(value, str)
                if kind == "str"
                else hasattr(value, "compute")
                if kind == "Measure"
                else value is None or hasattr(value, "mask")
                if kind.startswith("Where")
                else True
            )
            if isinstance(value, int | float):
                # until and back below 0 would ask for what lies at or after the cutoff
                fits &= value > 0 if f.name.endswith("days") else value >= 0 or f.name not in ("until", "back")
                fits &= abs(value) < math.inf and not (kind.startswith("int") and value != int(value))
            if not fits:
                raise wrong(f"{cls.__name__} cannot take {value!r} as {f.name}")
        return made

    try:
        made = read(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise wrong(f"it is not well formed at position {error.offset}") from None
    if not hasattr(made, "compute"):
        raise wrong("it is no measure")
    return made


_F = TypeVar("_F", bound=Callable[..., Any])


@overload
def signal(
    name: str, measure: str, *, meaning: str, unit: str = ..., warns: str = ..., topic: str | None = ...
) -> Signal: ...
@overload
def signal(
    name: str,
    *,
    tables: Sequence[str],
    meaning: str,
    unit: str = ...,
    warns: str = ...,
    topic: str | None = ...,
) -> Callable[[_F], Signal]: ...
def signal(
    name: str,
    measure: str | None = None,
    *,
    tables: Sequence[str] = (),
    meaning: str,
    unit: str = "count",
    warns: str = "either",
    topic: str | None = None,
) -> Signal | Callable[[_F], Signal]:
    """Make a signal of your own, from an expression or, as a decorator, from a function.

    Parameters
    ----------
    name : str
        Its name; not one of the catalogue's.
    measure : str, optional
        An expression of measures and filters; ``docs/signals.md`` lists them.
    tables : sequence of str, optional
        For a function: the tables it is called with, as data frames of what was known at the cutoff, beside
        ``as_of``. It returns a Series of numbers indexed by ``customer``; who is missing is unknown.
    meaning : str
        What it says, in words; shown in the catalogue and in the reasons.
    unit : str, default "count"
        orders, days, share, amount and so on.
    warns : {"high", "low", "either"}
        Which direction points to leaving.
    topic : str, optional
        What a reason about it is about; the name when left out.

    Returns
    -------
    Signal or decorator
        Pass it to `churn.train`, `churn.compute_features` or `churn.catalogue`, or name its file in the configuration.

    Raises
    ------
    ConfigError
        The expression cannot be read.
    ParameterError
        The unit or the side that warns is none of those allowed.

    Examples
    --------
    >>> big = signal("big_orders_90d", "Count('orders', 90, where=Above('amount', 100))",
    ...              meaning="orders above 100 in the last 90 days", unit="orders", warns="low")
    >>> @signal("weekend_share", tables=["orders"], meaning="share of orders placed on a weekend", unit="share")
    ... def weekend_share(orders, as_of):
    ...     return (orders["time"].dt.dayofweek >= 5).groupby(orders["customer"]).mean()
    >>> weekend_share.name, weekend_share.family
    ('weekend_share', 'own')
    """
    for what, value, allowed in (("unit", unit, UNITS), ("warns", warns, WARNINGS)):
        if value not in allowed:
            raise ParameterError(
                f"The signal {name} has no such {what}",
                given=repr(value),
                allowed=", ".join(allowed),
                fix="Use one of these.",
                code="signal-unit",
            )

    def make(found: Any) -> Signal:
        return Signal(name, "own", topic or name, found, unit, meaning, warns)  # type: ignore[arg-type]

    if measure is not None:
        return make(parse_measure(measure, name))
    if not tables:
        raise ParameterError(
            f"The signal {name} has neither a measure nor tables",
            fix="Give an expression, or tables=['orders'] and decorate a function.",
            code="signal-measure",
        )
    return lambda function: make(Computed(name, function, tuple(tables)))


def from_settings(settings: FeatureSettings) -> list[Signal]:
    """Make the signals that a configuration defines by expressions."""
    return [_from_spec(s) for s in settings.signals]


def _from_spec(spec: OwnSignal) -> Signal:
    try:
        return signal(
            spec.name, spec.measure, meaning=spec.meaning, unit=spec.unit, warns=spec.warns, topic=spec.topic
        )
    except ParameterError as error:
        raise ConfigError(error.what, given=error.given, allowed=error.allowed, fix=error.fix) from None


def load_signals(files: Iterable[Path]) -> tuple[Signal, ...]:
    """Run Python files and return the signals they make at their top level.

    Raises
    ------
    MissingFileError
        There is no such file.
    ConfigError
        It fails, or makes no signal.
    """
    found: list[Signal] = []
    for file in files:
        if not file.is_file():
            raise MissingFileError(
                f"There is no file {file}",
                fix="Correct features.python in the configuration.",
                code="signal-file",
            )
        spec = importlib.util.spec_from_file_location(f"churn_own_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise ConfigError(
                f"The file {file} failed: {type(error).__name__}: {error}",
                fix="Mend it; python FILE shows where it fails.",
                code="signal-file",
            ) from error
        made = [s for s in vars(module).values() if isinstance(s, Signal)]
        if not made:
            raise ConfigError(
                f"The file {file} makes no signal",
                fix="Assign what churn.signal(...) returns to a name.",
                code="signal-file",
            )
        found += made
    return tuple(found)
