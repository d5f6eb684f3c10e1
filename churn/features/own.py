"""Signals of your own: from an expression, or from a function over the log."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from churn.config import FeatureSettings, OwnSignal
from churn.data.history import View
from churn.errors import ConfigError, DataError, MissingFileError, ParameterError
from churn.features.formulas import parse_measure
from churn.features.signal import UNITS, WARNINGS, Array, Calculation, Needs, Signal

if TYPE_CHECKING:
    import pandas as pd

OWN_MODULES = "churn_own_"  # before the names of the modules that a user's files become


@dataclass(frozen=True)
class Computed:
    """A function over the log as it was known at the cutoff."""

    name: str
    function: Callable[..., Any]
    tables: tuple[str, ...]

    def compute(self, ex: Calculation) -> Array:
        return ex.call(self, self._called)

    def _called(self, view: View) -> Array:
        import pandas as pd

        frames = {table: frame_of(view, table) for table in self.tables}
        as_of = pd.Timestamp(view.instant, unit="us", tz="UTC").tz_convert(view.timezone)
        try:
            result = self.function(**frames, as_of=as_of)
        except (Exception, SystemExit) as error:
            raise DataError(
                f"The function of the signal {self.name} failed: {type(error).__name__}: {error}",
                given=f"line {_line_of(error)}",
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
            if len(result) and not (pd.api.types.is_integer_dtype(result.index) and _is_number(result)):
                raise TypeError(f"a Series of {result.dtype}, indexed by {result.index.dtype}")
            at = result.index.to_numpy(dtype=np.int64) if len(result) else np.zeros(0, dtype=np.int64)
            if len(at) and (at.min() < 0 or at.max() >= customers or not result.index.is_unique):
                raise ValueError("an index with customers that are not in the log, or twice")
            out[at] = result.to_numpy(dtype=np.float64, na_value=np.nan)
            if np.isinf(out).any():
                raise ValueError("infinite numbers")
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
    """Return a table of a view as a frame: customer (a row number), time (local), and the columns it has."""
    import pandas as pd

    log = view.logs[table]
    never = np.iinfo(np.int64).max

    def instants(values: Array) -> pd.Series:
        stamps = pd.Series(np.where(values == never, 0, values).astype("datetime64[us]"))
        return stamps.mask(values == never).dt.tz_localize("UTC").dt.tz_convert(view.timezone)

    columns: dict[str, Any] = {"customer": log.customer.astype(np.int64), "time": instants(log.time)}
    columns |= {name: values for name, values in log.numbers.items() if name != "day"}
    columns |= {name: instants(values) for name, values in log.instants.items()}
    for name, category in log.categories.items():
        columns[name] = pd.Categorical.from_codes(category.codes, pd.Index(category.labels, dtype=str))
    return pd.DataFrame(columns)


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    types = pd.api.types
    return bool(types.is_numeric_dtype(values) and not types.is_complex_dtype(values))


def _line_of(error: BaseException) -> str:
    """Return the line of the user's code in which an error was raised, after our own and those of libraries."""
    import traceback

    found = "unknown"
    for frame in traceback.extract_tb(error.__traceback__)[1:]:
        if "site-packages" not in frame.filename and frame.line is not None:
            found = f"{frame.lineno} of {Path(frame.filename).name}"
    return found


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
        ``as_of``; times are local, ``customer`` is a row number. It returns a Series of numbers indexed by
        ``customer``; who is missing is unknown.
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
    ...     return (orders["time"].dt.day_of_week >= 5).groupby(orders["customer"]).mean()
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
    tables = (tables,) if isinstance(tables, str) else tuple(tables)
    if not tables:
        raise ParameterError(
            f"The signal {name} has neither a measure nor tables",
            fix="Give an expression, or tables=['orders'] and decorate a function.",
            code="signal-measure",
        )
    return lambda function: make(Computed(name, function, tables))


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
        if file.suffix != ".py":
            raise ConfigError(
                f"{file} is no Python file",
                fix="Give a file that ends in .py under features.python.",
                code="signal-file",
            )
        spec = importlib.util.spec_from_file_location(f"{OWN_MODULES}{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses and pickle look there
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise ConfigError(
                f"The file {file} failed: {type(error).__name__}: {error}",
                fix="Mend it; python FILE shows where it fails.",
                code="signal-file",
            ) from error
        made = list(dict.fromkeys(s for s in vars(module).values() if isinstance(s, Signal)))
        if not made:
            raise ConfigError(
                f"The file {file} makes no signal",
                fix="Assign what churn.signal(...) returns to a name.",
                code="signal-file",
            )
        found += made
    return tuple(found)
