"""Builds a `History` from a configuration or from data frames, and checks the rows across tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config import TABLES, Config, CustomersSource, TicketsSource
from churn.data.checks import CheckReport, Finding, TableSummary
from churn.data.contracts import CONTRACTS
from churn.data.history import NEVER, Category, EventLog, History
from churn.data.rules import RowRules
from churn.errors import ConfigError, DataError, ParameterError
from churn.progress import report

if TYPE_CHECKING:
    from churn.data.sources import Reader, TypedTable

_SET_ASIDE_ALLOWED = 0.5


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
    history, checks = check_data(config)
    if history is None:
        first = next(f for f in checks.findings if f.action == "error")
        raise DataError(
            f"The data of {checks.name} cannot be used: {first.table}: {first.message}",
            fix="Run churn check to see all findings with example rows.",
            code=first.code,
        )
    return history


def check_data(config: Config) -> tuple[History | None, CheckReport]:
    """Read all tables and return the report of what was found, with the history where it is usable.

    Errors that make a whole table unreadable (a missing column, a broken query) become findings too.
    """
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
        return build.finish(config.data_end)


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

    frames = {
        "orders": orders,
        "returns": returns,
        "tickets": tickets,
        "interactions": interactions,
        "customers": customers,
    }
    unknown = sorted(set(columns or {}) - set(TABLES))
    if unknown:
        raise ConfigError(
            f"columns names the table {unknown[0]!r}",
            allowed=", ".join(TABLES),
            fix="Use one of these names.",
        )
    with Reader() as reader:
        build = _Build(reader, timezone, name)
        for table, frame in frames.items():
            if frame is not None:
                build.add(
                    table,
                    frame=frame,
                    columns=(columns or {}).get(table),
                    segments=tuple(segments),
                    contact=tuple(contact),
                    complaint_when=tuple(complaint_when),
                )
        history, checks = build.finish(data_end)
    if history is None:
        first = next(f for f in checks.findings if f.action == "error")
        raise DataError(
            f"The data cannot be used: {first.table}: {first.message}",
            given="; ".join(str(e) for e in first.examples) or None,
            fix="Mend the frame and call again.",
            code=first.code,
        )
    return history


class _Build:
    """Collects typed tables and turns them into a history."""

    def __init__(self, reader: Reader, timezone: str | None, name: str) -> None:
        self._reader, self._timezone, self._name = reader, timezone, name
        self._rules = RowRules(reader, timezone)
        self._rules.findings += reader.findings
        self.findings = self._rules.findings
        self._tables: dict[str, TypedTable] = {}
        self._extras: dict[str, tuple[str, ...]] = {"segments": (), "contact": ()}

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
        import pyarrow as pa

        extra: tuple[str, ...] = ()
        if table == "customers":
            self._extras = {"segments": segments, "contact": contact}
            extra = tuple(dict.fromkeys((*segments, *contact)))
        id_type = None
        if "orders" in self._tables:
            whole = pa.types.is_integer(self._tables["orders"].columns["customer"].type)
            id_type = "BIGINT" if whole else "VARCHAR"
        typed = self._reader.read(table, source, frame=frame, columns=columns, extra=extra, id_type=id_type)
        self._rules.apply(typed, complaint_when)
        self._tables[table] = typed

    # -- the history --------------------------------------------------------------------------------

    def finish(self, data_end: dt.datetime | str | None) -> tuple[History | None, CheckReport]:
        """Code the customers, order the logs, apply the rules across tables."""
        import pandas as pd

        report("Ordering the log")
        orders = self._tables["orders"]
        if len(orders.row) == 0:
            self.findings.append(
                Finding(
                    "orders",
                    "no-orders",
                    "error",
                    0,
                    f"of {orders.rows_read:,} rows none can be used; without orders there is "
                    "nothing to learn from",
                )
            )
        elif len(orders.row) < (1 - _SET_ASIDE_ALLOWED) * orders.rows_read:
            self.findings.append(
                Finding(
                    "orders",
                    "too-much-set-aside",
                    "error",
                    orders.rows_read - len(orders.row),
                    f"more than half of the {orders.rows_read:,} rows had to be set aside; mend the mapping or the "
                    "data, or name the rows that do not count under set_aside of an input",
                )
            )
        for name, table in self._tables.items():
            if name != "orders" and len(table.row) == 0:
                self.findings.append(
                    Finding(name, "empty-table", "note", 0, "no row can be used; the table is left away")
                )
        customers, codes = self._code_customers()
        timezone = self._timezone or "UTC"
        joined, segments, contact = self._attributes(codes, len(customers))
        if joined is not None:
            codes = self._before_joined(joined, codes)
        logs = {
            name: _event_log(name, table, codes[name], timezone)
            for name, table in self._tables.items()
            if name != "customers" and len(table.row)
        }
        checks = CheckReport(self._name, self._summaries(logs), tuple(self.findings))
        if not checks.usable:
            return None, checks
        end = int(logs["orders"].time[-1])
        history = History(
            self._name, pd.Index(customers), logs, joined, segments, contact, timezone, end, checks
        )
        if data_end is not None:
            given = history.instant(data_end)
            if given < end:
                raise ParameterError(
                    "data_end lies before the last order",
                    given=f"{history.date(given)}, the last order is of {history.date(end)}",
                    fix="Give the time of the extract, or leave data_end away.",
                )
            history = History(
                self._name, history.customers, logs, joined, segments, contact, timezone, given, checks
            )
        return history, checks

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
        without = np.setdiff1d(codes["orders"], at)
        if len(without):
            self.findings.append(
                Finding(
                    "customers",
                    "not-in-customers",
                    "note",
                    len(without),
                    "customers have orders and no row in `customers`; their segments and joining dates are unknown",
                )
            )
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

    def _before_joined(self, joined: np.ndarray, codes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        codes = dict(codes)
        for name, table in self._tables.items():
            if name == "customers":
                continue
            time = table.columns[CONTRACTS[name].time or ""]
            start = joined[codes[name]]
            early = (time < start) & (start != NEVER)
            if name == "tickets":
                self._rules.drop(table, early, "before-joined", "opened before the customer joined")
                codes[name] = codes[name][~early]
            elif name == "orders":
                self._rules.note(
                    table,
                    early,
                    "before-joined",
                    "placed before the customer's `joined`; used, and tenure counts from the first order",
                )
        return codes

    def _summaries(self, logs: dict[str, EventLog]) -> tuple[TableSummary, ...]:
        import pandas as pd

        out = []
        for name, table in self._tables.items():
            log = logs.get(name)
            times = [
                pd.Timestamp(int(t), unit="us").isoformat(sep=" ", timespec="minutes")
                if log is not None
                else None
                for t in ((log.time[0], log.time[-1]) if log is not None else (0, 0))
            ]
            customers = len(np.unique(log.customer)) if log is not None else len(table.row)
            out.append(TableSummary(name, table.rows_read, len(table.row), customers, times[0], times[1]))
        return tuple(out)


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
