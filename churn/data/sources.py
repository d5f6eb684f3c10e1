"""Reads files, DuckDB tables, queries and data frames into typed columns; DuckDB does the reading.

Every row gets a number (`row`), so that later checks can show it as it came.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from churn.config import Config, Location, SetAside, Source
from churn.data.checks import Action, Finding, make_examples
from churn.data.contracts import CONTRACTS, Contract, Kind, feature_contract, nearest, resolve_mapping
from churn.data.database import Database
from churn.data.expressions import bad_message, is_present, misfit, quote_name, quote_text, type_expression
from churn.errors import ConfigError, DataError, MissingFileError

_ROW = "_churn_row"
_NEVER = np.iinfo(np.int64).max


@dataclass
class TypedTable:
    """One contract's rows with typed columns, in the order of the source.

    Attributes
    ----------
    columns : dict of str to numpy.ndarray or pyarrow.Array
        Numbers as float64, flags as float64 (NaN unknown), times as int64 microseconds (see `naive`), ids
        and texts as Arrow arrays.
    naive : dict of str to numpy.ndarray
        For each time field, which values have no offset and still need the configured time zone.
    row : numpy.ndarray
        Row numbers in the source.
    replaced : numpy.ndarray of int64 or None
        For rows that were corrected, from when on the newer version is known; `NEVER` for the others.
    """

    contract: Contract
    columns: dict[str, Any]
    naive: dict[str, np.ndarray]
    row: np.ndarray
    rows_read: int
    findings: list[Finding] = field(default_factory=list)
    replaced: np.ndarray | None = None

    @property
    def table(self) -> str:
        """The contract's table."""
        return self.contract.table

    @property
    def rows_used(self) -> int:
        """How many rows count; former versions do not."""
        return len(self.row) if self.replaced is None else int((self.replaced == _NEVER).sum())


class Reader:
    """A DuckDB connection with the inputs of one run; use as a context manager."""

    def __init__(self, config: Config | None = None, *, memory_limit: str = "4GB") -> None:
        self._config = config
        # Casts between times with and without an offset in the user's queries go by the configured zone.
        timezone = (config.timezone if config else None) or "UTC"
        self._db = Database(memory_limit=memory_limit, timezone=timezone)
        self._columns: dict[str, dict[str, str]] = {}
        self._databases: dict[str, str] = {}
        self.findings: list[Finding] = []
        if config is not None:
            folders = [str(p) for p in config.search_path(".")]
            self._db.run(f"SET file_search_path = {quote_text(','.join(folders))}", "the configuration")
            try:
                for name, location in config.inputs.items():
                    self._open_input(name, location)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def read(
        self,
        table: str,
        source: Source | None = None,
        *,
        frame: pa.Table | None = None,
        columns: Mapping[str, str] | None = None,
        extra: tuple[str, ...] = (),
        id_type: str | None = None,
        feature_table: bool = False,
    ) -> TypedTable:
        """Read one contract's table from its source or from a data frame.

        Parameters
        ----------
        table : str
            The contract's name.
        source : Source, optional
            Where the rows are, from the configuration.
        frame : pyarrow.Table, optional
            The rows themselves.
        columns : mapping, optional
            Field to column, for a frame.
        extra : tuple of str, optional
            More columns to carry as text (segments, contact).
        id_type : str, optional
            Type of the customer ids, BIGINT or VARCHAR, so that tables meet; the column's own otherwise.
        feature_table : bool, default False
            Whether it is a table of ready features: its fields are those that are mapped.
        """
        if source is not None:
            relation = self._relation(source, table)
            mapping_given: Mapping[str, str] = source.columns
            time_format = source.time_format
        else:
            assert frame is not None
            self._db.register(f"frame_{table}", frame, table)
            relation, mapping_given, time_format = f'"frame_{table}"', columns or {}, None
        found = self._db.describe(relation, table)
        if source is not None and source.path is not None and len(found) == 1 and len(source.columns) != 1:
            raise DataError(
                f"{table}: the file {source.path} has one column only, {next(iter(found))!r}",
                fix="Set delimiter; or mend the lines that have more or fewer values than the first (a title above "
                "the column names is such a line).",
                code="one-column",
            )
        contract = (
            self._features(table, relation, mapping_given, found) if feature_table else CONTRACTS[table]
        )
        mapping = resolve_mapping(contract, mapping_given, found, table)
        for column in extra:
            if column not in found:
                near = nearest(column, found)
                raise ConfigError(
                    f"{table} names the column {column!r}, and the table has no such column",
                    given=f"columns {', '.join(found)}",
                    fix=f"Did you mean {near!r}?" if near else "Name one of these columns.",
                    code="missing-column",
                )
        chosen = list(dict.fromkeys([*mapping.values(), *extra]))
        select = ", ".join(quote_name(c) for c in chosen)
        findings = self._set_aside(source, relation, table) if source is not None else []
        # The row number is the rank among the rows that stay, fixed here so that examples can be shown later.
        self._db.run(
            f"CREATE OR REPLACE TEMP TABLE raw_{table} AS "
            f"SELECT row_number() OVER () - 1 AS {_ROW}, {select} FROM {relation}{_keep_condition(source)}",
            table,
        )
        self._columns[table] = {c: found[c] for c in chosen}
        self._check_types(contract, mapping)
        typed = self._typed(contract, mapping, extra, time_format, id_type)
        # Added up and not counted again: a query may give other rows each time.
        typed.rows_read += sum(f.rows for f in findings)
        typed.findings[:0] = findings
        return typed

    def examples(self, table: str, rows: np.ndarray) -> tuple[dict[str, Any], ...]:
        """Return up to three rows, by number, with the user's own column names."""
        wanted = [int(r) for r in rows[:3]]
        if not wanted:
            return ()
        names = list(self._columns[table])
        query = (
            f"SELECT {', '.join(_printable(n, self._columns[table][n]) for n in names)} FROM raw_{table} "
            f"WHERE {_ROW} IN ({', '.join(map(str, wanted))}) ORDER BY {_ROW}"
        )
        return make_examples(
            dict(zip(names, r, strict=True)) for r in self._db.connection.execute(query).fetchall()
        )

    # -- opening ------------------------------------------------------------------------------------

    def _open_input(self, name: str, location: Location) -> None:
        relation = self._relation(location, f"input {name}")
        self.findings += self._set_aside(location, relation, f"input {name}")
        self._db.run(
            f"CREATE TEMP VIEW {quote_name(name)} AS SELECT * FROM {relation}{_keep_condition(location)}",
            f"input {name}",
        )

    def _relation(self, location: Location, where: str) -> str:
        if location.query is not None:
            query = location.query.strip().rstrip(";")
            return f"({query}\n)"  # the query may end in a comment
        if location.database is not None and location.table is not None:
            path = self._find(location.database, where)[0]
            if path not in self._databases:
                alias = f"churn_db_{len(self._databases)}"
                self._db.run(f"ATTACH {quote_text(path)} AS {alias} (READ_ONLY)", where)
                self._databases[path] = alias
            return ".".join([self._databases[path], *(quote_name(p) for p in location.table.split("."))])
        paths = self._find(str(location.path), where)
        listed = "[" + ", ".join(quote_text(glob.escape(p)) for p in paths) + "]"
        kinds = {Path(p).suffix.lower() for p in paths}
        if kinds <= {".parquet", ".pq"}:
            return f"read_parquet({listed}, union_by_name=true)"
        if kinds <= {".csv", ".tsv", ".txt", ".gz"}:
            empty = [p for p in paths if Path(p).stat().st_size == 0]
            if empty:
                raise DataError(
                    f"{where}: the file {empty[0]} is empty, it has not even a line of column names",
                    fix="Export it again, or take it out of the path.",
                    code="empty-file",
                )
            sep = f", delim={quote_text(location.delimiter)}" if location.delimiter else ""
            # Left to itself DuckDB skips odd lines at the top and lines that begin with #, without a word.
            return f"read_csv({listed}, all_varchar=true, header=true, union_by_name=true, skip=0, comment=''{sep})"
        raise ConfigError(
            f"{where}: the path {location.path} is neither CSV nor Parquet",
            given="a folder" if any(Path(p).is_dir() for p in paths) else ", ".join(sorted(kinds)),
            allowed="files ending in .csv, .tsv, .txt, .csv.gz or .parquet, all of one kind",
            fix="For a folder add a pattern such as /*.parquet; convert other files or read them through a query.",
            code="config-path",
        )

    def _find(self, text: str, where: str) -> list[str]:
        assert self._config is not None
        tried = self._config.search_path(text)
        for candidate in tried:
            if candidate.exists():  # a name may hold the signs of a pattern: orders[1].csv
                return [str(candidate)]
            found = sorted(glob.glob(str(candidate), recursive=True))  # noqa: PTH207 - absolute globs
            if found:
                return found
        raise MissingFileError(
            f"{where}: no file matches {text}",
            given=f"looked for {' and '.join(dict.fromkeys(str(p.resolve()) for p in tried))}",
            fix="Correct the path; a relative one starts at the configuration file's folder, then at yours.",
            code="missing-source",
        )

    def _set_aside(self, location: Location, relation: str, table: str) -> list[Finding]:
        findings = []
        before = ""
        for rule in location.set_aside:
            condition = _condition(rule)
            rows = self._db.one(f"SELECT count(*) FROM {relation} WHERE {condition}{before}", table)
            if rows:
                shown = self._db.connection.execute(
                    f"SELECT {', '.join(_printable(n, t) for n, t in self._db.describe(relation, table).items())} "
                    f"FROM {relation} WHERE {condition}{before} LIMIT 3"
                ).fetchall()
                names = list(self._db.describe(relation, table))
                examples = make_examples(dict(zip(names, r, strict=True)) for r in shown)
                findings.append(Finding(table, "set-aside-rule", "set aside", rows, rule.why, examples))
            before += f" AND NOT {condition}"
        return findings

    def _features(
        self, table: str, relation: str, given: Mapping[str, str], found: Mapping[str, str]
    ) -> Contract:
        """Make the contract of a table of ready features; columns of a CSV hold numbers when all values are some."""
        fields: dict[str, Kind] = {}
        for name, column in (given or {c: c for c in found}).items():
            if name in ("customer", "time", "recorded_at") or column not in found:
                continue
            quoted = quote_name(column)
            if found[column] == "VARCHAR":
                present = is_present(column, "VARCHAR")
                text = self._db.one(
                    f"SELECT count(*) FROM {relation} WHERE {present} AND TRY_CAST({quoted} AS DOUBLE) IS NULL",
                    table,
                )
                fields[name] = "text" if text else "number"
            else:
                fields[name] = "flag" if found[column] == "BOOLEAN" else "number"
        return feature_contract(table, fields)

    # -- typing -------------------------------------------------------------------------------------

    def _check_types(self, contract: Contract, mapping: Mapping[str, str]) -> None:
        """Refuse columns of a type that cannot hold the field; one without any value has no type, and may be."""
        table, types = contract.table, self._columns[contract.table]
        for name, column in mapping.items():
            allowed = misfit(contract.field(name), types[column])
            if allowed is None:
                continue
            if self._db.one(f"SELECT count({quote_name(column)}) FROM raw_{table}", table):
                raise DataError(
                    f"{table}.{name} is mapped to the column {column!r}, which cannot hold it",
                    given=f"its type is {types[column]}",
                    allowed=allowed,
                    fix="Map another column, or convert it in a query.",
                    code="wrong-type",
                )
            self._db.run(f"ALTER TABLE raw_{table} ALTER {quote_name(column)} TYPE VARCHAR", table)
            types[column] = "VARCHAR"

    def _typed(
        self,
        contract: Contract,
        mapping: Mapping[str, str],
        extra: tuple[str, ...],
        time_format: str | None,
        id_type: str | None,
    ) -> TypedTable:
        table, types = contract.table, self._columns[contract.table]
        parts = [_ROW]
        for name, column in mapping.items():
            f, kind = contract.field(name), types[column]
            value, naive = type_expression(f, column, kind, time_format, id_type)
            parts += [
                f"{value} AS {quote_name(name)}",
                f"({is_present(column, kind)} AND ({value}) IS NULL) AS {quote_name('bad_' + name)}",
            ]
            if f.kind == "time":
                parts.append(f"{naive} AS {quote_name('naive_' + name)}")
        parts += [f"nullif(trim({quote_name(c)}::VARCHAR), '') AS {quote_name('extra_' + c)}" for c in extra]
        data = self._db.arrow(f"SELECT {', '.join(parts)} FROM raw_{table} ORDER BY {_ROW}", table)
        row = _numpy(data[_ROW]).astype(np.int64)
        findings: list[Finding] = []
        keep = np.ones(len(row), dtype=bool)
        for name in mapping:
            f = contract.field(name)
            null = _numpy(data[name].is_null()).astype(bool)
            bad = _numpy(data["bad_" + name]).astype(bool)
            if f.required:
                cases: tuple[tuple[str, np.ndarray, Action, str], ...] = (
                    (f"null-{name}", null & ~bad, "set aside", f"`{name}` is empty"),
                    (f"bad-{name}", bad, "set aside", bad_message(f, time_format)),
                )
            else:
                unknown = f"{bad_message(f, time_format)}; the value is taken as unknown"
                cases = ((f"bad-{name}", bad, "note", unknown),)
            for code, mask, action, message in cases:
                hit = mask & keep
                if hit.any():
                    examples = self.examples(table, row[hit])
                    findings.append(Finding(table, code, action, int(hit.sum()), message, examples))
                if action == "set aside":
                    keep &= ~mask
        if not keep.all():
            data = data.filter(pa.array(keep))
        columns: dict[str, Any] = {}
        naive_masks: dict[str, np.ndarray] = {}
        for name in mapping:
            f = contract.field(name)
            if f.kind == "time":
                columns[name] = _numpy(data[name].fill_null(np.iinfo(np.int64).max)).astype(np.int64)
                naive_masks[name] = _numpy(data["naive_" + name].fill_null(False)).astype(bool)
            elif f.kind in ("number", "flag"):
                columns[name] = _numpy(data[name].cast(pa.float64()).fill_null(np.nan))
            else:
                columns[name] = data[name].combine_chunks()
        for c in extra:
            columns["extra_" + c] = data["extra_" + c].combine_chunks()
        return TypedTable(contract, columns, naive_masks, row[keep], len(row), findings)


def _keep_condition(location: Location | None) -> str:
    if location is None or not location.set_aside:
        return ""
    return " WHERE " + " AND ".join(f"NOT {_condition(r)}" for r in location.set_aside)


def _condition(rule: SetAside) -> str:
    return f"coalesce(({rule.when}\n), false)"  # the rule may end in a comment


def _printable(column: str, kind: str) -> str:
    # DuckDB needs pytz to hand out timestamps with a zone; text does without.
    return f"{quote_name(column)}::VARCHAR" if "TIME ZONE" in kind or "TZ" in kind else quote_name(column)


def _numpy(column: Any) -> np.ndarray:
    return np.asarray(column.to_numpy())
