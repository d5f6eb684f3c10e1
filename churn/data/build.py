"""Turns typed tables into a `History`: codes the customers, orders the logs, applies the rules across tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.checks import CheckReport, Finding, TableSummary, check_enough, minute_text
from churn.data.events import categorise, make_log, rows_of
from churn.data.history import NEVER, Category, History
from churn.data.rules import RowRules
from churn.errors import ChurnError
from churn.progress import report

if TYPE_CHECKING:
    from churn.data.sources import Reader
    from churn.data.typed import TypedTable


class Build:
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
        meaning: Mapping[str, tuple[str, ...]] | None = None,
        feature_table: bool = False,
    ) -> None:
        """Read a table; `meaning` holds the settings complaint_when and failed_when."""
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
                table,
                source,
                frame=frame,
                columns=columns,
                extra=extra,
                id_type=id_type,
                feature_table=feature_table,
            )
            self._rules.apply(typed, meaning)
            self._rules.finish(table, meaning)
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
        customers, codes = self._code_customers()
        joined, segments, contact = self._attributes(codes, len(customers))
        ordered, listed = np.zeros((2, len(customers)), dtype=bool)
        ordered[codes["orders"]] = True
        if "customers" in codes:
            listed[codes["customers"]] = True
        self._rules.check_across(
            self._tables, codes, ordered, listed if "customers" in codes else None, joined
        )
        for name, table in self._tables.items():
            found = check_enough(name, table.rows_read, table.rows_used, self.findings)
            self.findings += [found] if found else []
        checks = self._report()
        if not checks.usable:
            return None, checks
        report("Ordering the log")
        timezone = self._timezone or "UTC"
        logs = {}
        for name in list(self._tables):
            table = self._tables.pop(
                name
            )  # what is done is let go: both forms at once would be twice the memory
            if name != "customers" and len(table.row):
                logs[name] = make_log(name, rows_of(table, codes.pop(name)), timezone)
        end = int(logs["orders"].time[-1])
        ids = pd.Index(customers)
        labels = logs.pop("labels", None)
        history = History(self._name, ids, logs, joined, segments, contact, timezone, end, checks, labels)
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
            category = categorise(table.columns["extra_" + name])
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
            time = table.columns.get(table.contract.time or "", np.array([]))
            first, last = (
                (minute_text(int(time.min())), minute_text(int(time.max()))) if len(time) else (None, None)
            )
            customers = len(table.columns["customer"].unique())
            summaries.append(TableSummary(name, table.rows_read, table.rows_used, customers, first, last))
        return CheckReport(self._name, tuple(summaries), tuple(self.findings))
