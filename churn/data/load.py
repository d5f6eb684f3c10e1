"""Builds a `History` from a configuration or from data frames, and checks the rows across tables."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config import TABLES, Config, CustomersSource, TicketsSource, check_timezone
from churn.data.checks import CheckReport, Finding, TableSummary, example_text
from churn.data.contracts import CONTRACTS
from churn.data.history import NEVER, Category, EventLog, History
from churn.data.rules import RowRules
from churn.errors import ChurnError, ConfigError, DataError
from churn.progress import report

if TYPE_CHECKING:
    import pyarrow as pa

    from churn.data.sources import Reader, TypedTable


def load_history(config: Config) -> History:
    """Read, type, check and order all tables that a configuration names.

    Parameters
    ----------
    config : Config
        From `churn.read_config`.

    Returns
    -------
    History
        The log; ``history.checks`` tells what was set aside.

    Raises
    ------
    ConfigError, MissingFileError
        A source or mapping is wrong.
    DataError
        The data cannot be used.
    """
    history, checks, errors = _read_all(config)
    if history is None:
        raise _unusable(checks, errors, "Run churn check to see all findings with example rows.")
    return history


def check_data(config: Config) -> tuple[History | None, CheckReport]:
    """Read all tables and return the report of what was found, with the history where it is usable.

    What makes a table unreadable (a missing column, a broken query) is a finding too: one call shows all.

    Parameters
    ----------
    config : Config
        From `churn.read_config`.

    Returns
    -------
    tuple of (History or None, CheckReport)
        The history, None where the data cannot be used, and what was found.

    Raises
    ------
    ConfigError, MissingFileError, DataError
        An input, of which tables are made, cannot be opened; or `data_end` is not possible.
    """
    return _read_all(config)[:2]


def _read_all(config: Config) -> tuple[History | None, CheckReport, list[ChurnError]]:
    from churn.data.sources import Reader

    with Reader(config) as reader:
        build = _Build(reader, config.timezone, config.name)
        for table in TABLES:
            source = getattr(config.sources, table)
            if source is None:
                continue
            report(f"Reading {table}")
            segments = source.segments if isinstance(source, CustomersSource) else ()
            contact = source.contact if isinstance(source, CustomersSource) else ()
            complaints = source.complaint_when if isinstance(source, TicketsSource) else ()
            build.add(table, source=source, segments=segments, contact=contact, complaint_when=complaints)
        return *build.finish(config.data_end), build.errors


def make_history(
    orders: Any,
    *,
    returns: Any = None,
    tickets: Any = None,
    interactions: Any = None,
    customers: Any = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    segments: Sequence[str] = (),
    contact: Sequence[str] = (),
    complaint_when: Sequence[str] = (),
    timezone: str | None = None,
    data_end: dt.datetime | str | None = None,
    name: str = "frames",
) -> History:
    """Make a history from data frames (pandas, Polars or Arrow).

    Parameters
    ----------
    orders, returns, tickets, interactions, customers : frame
        One row per event or customer; only orders are needed. Columns have the contract's names, or
        `columns` maps them.
    columns : mapping, optional
        ``{table: {field: column}}`` for tables with other names.
    segments, contact : sequence of str, optional
        Columns of `customers` used as signals, and columns kept for campaigns only.
    complaint_when : sequence of str, optional
        Values of the tickets' category that mean a complaint.
    timezone : str, optional
        Zone of times without an offset; needed where there are any.
    data_end : datetime or str, optional
        When the extract was taken; the last order when left out.
    name : str, optional
        What to call the history.

    Returns
    -------
    History
        The log; ``history.checks`` tells what was set aside.

    Raises
    ------
    ConfigError
        A column is missing or not mapped, or the time zone is needed.
    DataError
        The data cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer": [7, 7, 9], "amount": [10.0, 12.5, 8.0],
    ...                        "time": ["2024-01-02", "2024-02-01", "2024-02-03"]})
    >>> make_history(orders, timezone="UTC")
    History 'frames': 2 customers, 3 orders (2024-01-02 to 2024-02-03); 0 rows set aside
    """
    from churn.data.sources import Reader

    segments, contact, complaint_when = map(_names, (segments, contact, complaint_when))
    frames = dict(zip(TABLES, (orders, returns, tickets, interactions, customers), strict=True))
    unknown = sorted(set(columns or {}) - set(TABLES))
    if unknown:
        raise ConfigError(
            f"columns names the table {unknown[0]!r}",
            allowed=", ".join(TABLES),
            fix="Use one of these names.",
        )
    about = {"segments": "customers", "contact": "customers", "complaint_when": "tickets"}
    for what, given in zip(about, (segments, contact, complaint_when), strict=True):
        if given and frames[about[what]] is None:
            raise ConfigError(
                f"{what} is about the {about[what]}, and no {about[what]} are given",
                given=", ".join(given),
                fix=f"Give {about[what]}=..., or leave {what} away.",
            )
    if timezone is not None:
        check_timezone(timezone)
    with Reader() as reader:
        build = _Build(reader, timezone, name)
        for table, frame in frames.items():
            if frame is not None or table == "orders":
                build.add(
                    table,
                    frame=_as_arrow(frame, table),
                    columns=(columns or {}).get(table),
                    segments=segments,
                    contact=contact,
                    complaint_when=complaint_when,
                )
        history, checks = build.finish(data_end)
    if history is None:
        raise _unusable(checks, build.errors, "Mend the frame and call again.")
    return history


def _unusable(checks: CheckReport, errors: Sequence[ChurnError], fix: str) -> ChurnError:
    if errors:
        return errors[0]
    first = next(f for f in checks.findings if f.action == "error")
    return DataError(
        f"The data of {checks.name} cannot be used: {first.table}: {first.message}",
        given="; ".join(map(example_text, first.examples)) or None,
        fix=fix,
        code=first.code,
    )


def _names(value: Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)  # text is a sequence too, of its letters


class _Build:
    """Collects typed tables and turns them into a history."""

    def __init__(self, reader: Reader, timezone: str | None, name: str) -> None:
        self._reader, self._timezone, self._name = reader, timezone, name
        self._rules = RowRules(reader, timezone)
        self._rules.findings += reader.findings
        self.findings = self._rules.findings
        self._tables: dict[str, TypedTable] = {}
        self._extras: dict[str, tuple[str, ...]] = {"segments": (), "contact": ()}
        self.errors: list[ChurnError] = []

    def add(
        self,
        table: str,
        *,
        source: Any = None,
        frame: Any = None,
        columns: Mapping[str, str] | None = None,
        segments: tuple[str, ...] = (),
        contact: tuple[str, ...] = (),
        complaint_when: tuple[str, ...] = (),
    ) -> None:
        extra: tuple[str, ...] = ()
        if table == "customers":
            self._extras = {"segments": segments, "contact": contact}
            extra = tuple(dict.fromkeys((*segments, *contact)))
        id_type = None
        if "orders" in self._tables:
            own = str(self._tables["orders"].columns["customer"].type)
            id_type = {"int64": "BIGINT", "uint64": "UBIGINT"}.get(own, "VARCHAR")
        try:
            typed = self._reader.read(
                table, source, frame=frame, columns=columns, extra=extra, id_type=id_type
            )
            self._rules.apply(typed, complaint_when)
        except ChurnError as error:
            self.errors.append(error)
            message = str(error).removeprefix(f"{table} ").removeprefix(f"{table}: ")
            self.findings.append(Finding(table, error.code, "error", 0, message))
            return
        self._tables[table] = typed

    # -- the history --------------------------------------------------------------------------------

    def finish(self, data_end: dt.datetime | str | None) -> tuple[History | None, CheckReport]:
        """Code the customers, order the logs, apply the rules across tables."""
        import pandas as pd

        if self.errors:
            return None, self._report()
        self._rules.check_customers(self._tables)
        customers, codes = self._code_customers()
        joined, segments, contact = self._attributes(codes, len(customers))
        for name, table in self._tables.items():
            if joined is not None and name != "customers":
                codes[name] = codes[name][self._rules.check_joined(table, joined[codes[name]])]
        for table in self._tables.values():
            self._rules.check_enough(table)
        checks = self._report()
        if not checks.usable:
            return None, checks
        report("Ordering the log")
        timezone = self._timezone or "UTC"
        logs = {
            name: _event_log(name, table, codes[name], timezone)
            for name, table in self._tables.items()
            if name != "customers" and len(table.row)
        }
        end = int(logs["orders"].time[-1])
        ids = pd.Index(customers)
        history = History(self._name, ids, logs, joined, segments, contact, timezone, end, checks)
        return (history if data_end is None else history.ending(data_end)), checks

    def _code_customers(self) -> tuple[Any, dict[str, np.ndarray]]:
        import pandas as pd

        parts = {name: pd.Series(t.columns["customer"].to_pandas()) for name, t in self._tables.items()}
        joined = pd.concat(list(parts.values()), ignore_index=True)
        codes, ids = pd.factorize(joined, sort=True)
        codes = codes.astype(np.int32)
        out, start = {}, 0
        for name, part in parts.items():
            out[name] = codes[start : start + len(part)]
            start += len(part)
        return ids, out

    def _attributes(
        self, codes: dict[str, np.ndarray], n: int
    ) -> tuple[np.ndarray | None, dict[str, Category], dict[str, np.ndarray]]:
        table = self._tables.get("customers")
        if table is None:
            return None, {}, {}
        at = codes["customers"]
        joined = None
        if "joined" in table.columns:
            joined = np.full(n, NEVER, dtype=np.int64)
            joined[at] = table.columns["joined"]
        segments = {}
        for name in self._extras["segments"]:
            category = _categorise(table.columns["extra_" + name])
            full = np.full(n, -1, dtype=np.int32)
            full[at] = category.codes
            segments[name] = Category(full, category.labels)
        contact = {}
        for name in self._extras["contact"]:
            values = np.full(n, None, dtype=object)
            values[at] = table.columns["extra_" + name].to_numpy(zero_copy_only=False)
            contact[name] = values
        if "consent" in table.columns:
            consent = np.full(n, np.nan)
            consent[at] = table.columns["consent"]
            contact["consent"] = consent
        return joined, segments, contact

    def _report(self) -> CheckReport:
        summaries = []
        for name, table in self._tables.items():
            time = table.columns.get(CONTRACTS[name].time or "", np.array([]))
            first, last = (_minute(time.min()), _minute(time.max())) if len(time) else (None, None)
            customers = len(table.columns["customer"].unique())
            summaries.append(TableSummary(name, table.rows_read, len(table.row), customers, first, last))
        return CheckReport(self._name, tuple(summaries), tuple(self.findings))


def _minute(instant: int) -> str:
    return str(np.datetime64(int(instant), "us").astype("datetime64[m]")).replace("T", " ")


def _event_log(name: str, table: TypedTable, codes: np.ndarray, timezone: str) -> EventLog:
    import pandas as pd

    contract = CONTRACTS[name]
    time = table.columns[contract.time or ""]
    order = np.argsort(time, kind="stable")
    time = time[order]
    numbers, instants, categories, recorded = {}, {}, {}, None
    for f in contract.fields:
        if f.name not in table.columns or f.name in ("customer", contract.time):
            continue
        values = table.columns[f.name]
        if f.name == "recorded_at":
            recorded = np.where(values[order] == NEVER, time, values[order])
        elif f.kind == "time":
            instants[f.name] = values[order]
        elif f.kind in ("number", "flag"):
            numbers[f.name] = values[order]
        elif f.kind == "text" and f.name != "category":
            category = _categorise(values)
            categories[f.name] = Category(category.codes[order], category.labels)
    if name == "returns":
        numbers["amount"] = np.abs(numbers["amount"])
    if name == "tickets" and "is_complaint" in table.columns:
        numbers["is_complaint"] = np.nan_to_num(table.columns["is_complaint"][order])
    if name == "orders":
        local = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
        numbers["day"] = (
            np.asarray(local.tz_localize(None).as_unit("us")).astype(np.int64) // 86_400_000_000 * 1.0
        )
    return EventLog(name, time, codes[order], numbers, instants, categories, recorded)


def _categorise(values: Any) -> Category:
    import pandas as pd

    codes, labels = pd.factorize(pd.Series(values.to_pandas()), sort=True)
    return Category(codes.astype(np.int32), tuple(str(x) for x in labels))


def _as_arrow(frame: Any, table: str) -> pa.Table:
    import pyarrow as pa

    try:
        with warnings.catch_warnings():
            # pyarrow's conversion of pandas times with a zone uses what pandas 3.1 deprecates.
            warnings.simplefilter("ignore", DeprecationWarning)
            return pa.table(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"The {table} frame mixes types in one column: {error.args[-1]}",
            fix="Give each column one type, e.g. frame['id'] = frame['id'].astype(str).",
            code="mixed-types",
        ) from None
    except (TypeError, ValueError, AttributeError) as error:
        if "Duplicate column" in str(error):
            raise DataError(
                f"The {table} frame has two columns of the same name",
                given=", ".join(map(str, frame.columns)),
                fix="Rename or drop one of them.",
                code="duplicate-columns",
            ) from None
        raise DataError(
            f"The {table} table is not a data frame",
            given=type(frame).__name__,
            allowed="a pandas, Polars or Arrow table",
            fix="Pass one of these; a lazy frame is collected first.",
            code="not-a-frame",
        ) from None
