"""Reads files, DuckDB tables, queries and data frames into typed columns; DuckDB does the reading.

Every row gets a number (`row`), so that later checks can show it as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from churn.config import Config, Source
from churn.data.checks import Action, Finding, make_examples
from churn.data.contracts import CONTRACTS, Contract, Kind, feature_contract, nearest, resolve_mapping
from churn.data.database import Database
from churn.data.expressions import (
    bad_message,
    is_present,
    misfit,
    natural_id,
    quote_name,
    quote_text,
    type_expression,
)
from churn.data.locations import FILE_COLUMN, Locations, Part, keep_condition, printable
from churn.data.typed import BUCKET, Staged, TypedTable
from churn.errors import ConfigError, DataError

_ROW = "_churn_row"


class Reader:
    """A DuckDB connection with the inputs of one run; use as a context manager.

    Parameters
    ----------
    config : Config, optional
        Names the inputs; not needed for frames.
    memory_limit : str, default "4GB"
        Of DuckDB.
    parts : mapping of str to Part, optional
        What to read of each location; everything when left out.
    """

    def __init__(
        self,
        config: Config | None = None,
        *,
        memory_limit: str = "4GB",
        parts: Mapping[str, Part] | None = None,
    ) -> None:
        # Casts between times with and without an offset in the user's queries go by the configured zone.
        timezone = (config.timezone if config else None) or "UTC"
        self.database = self._db = Database(memory_limit=memory_limit, timezone=timezone)
        self.locations = Locations(config, self._db, parts)
        self._shown: dict[str, tuple[Staged, int | None]] = {}
        self.findings: list[Finding] = []
        if config is not None:
            try:
                self.findings += self.locations.open_inputs()
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
        """Read one contract's table from its source or from a data frame; see `stage` and `typed`."""
        return self.typed(
            self.stage(
                table,
                source,
                frame=frame,
                columns=columns,
                extra=extra,
                id_type=id_type,
                features={} if feature_table else None,
            )
        )

    def stage(
        self,
        table: str,
        source: Source | None = None,
        *,
        frame: pa.Table | None = None,
        columns: Mapping[str, str] | None = None,
        extra: tuple[str, ...] = (),
        id_type: str | None = None,
        features: Mapping[str, Kind] | None = None,
        scatter: int = 0,
        known: str | None = None,
    ) -> Staged:
        """Let DuckDB hold one table's rows, numbered in the order of the source.

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
        features : mapping of str to Kind, optional
            For a table of ready features: its fields as far as they are known; the others are those mapped.
        scatter : int, default 0
            Part the rows on disk into so many buckets of customers; 0 keeps them in one piece.
        known : str, optional
            SQL of customers who have a bucket already, columns id and bucket.
        """
        if source is not None:
            relation = self.locations.relation(source, table, file_column=True)
            mapping_given: Mapping[str, str] = source.columns
            time_format = source.time_format
        else:
            assert frame is not None
            self._db.register(f"frame_{table}", frame, table)
            relation, mapping_given, time_format = f'"frame_{table}"', columns or {}, None
        found = self._db.describe(relation, table)
        several = found.pop(FILE_COLUMN, None) is not None
        if source is not None and source.path is not None and len(found) == 1 and len(source.columns) != 1:
            raise DataError(
                f"{table}: the file {source.path} has one column only, {next(iter(found))!r}",
                fix="Set delimiter; or mend the lines that have more or fewer values than the first (a title above "
                "the column names is such a line).",
                code="one-column",
            )
        contract = CONTRACTS[table] if features is None else None
        contract = contract or self._features(table, relation, mapping_given, found, features or {})
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
        types = {c: found[c] for c in chosen}
        select = ", ".join(quote_name(c) for c in chosen)
        if several and contract.key in mapping:
            select += f", hash({FILE_COLUMN}) AS {FILE_COLUMN}"
            types[FILE_COLUMN] = "UBIGINT"
        findings = self.locations.set_aside(source, relation, table) if source is not None else []
        # The row number is the rank among the rows that stay, fixed here so that examples can be shown later.
        rows = f"SELECT row_number() OVER () - 1 AS {_ROW}, {select} FROM {relation}{keep_condition(source)}"
        raw, folder = f'"raw_{table}"', None
        if scatter:
            folder = str(Path(self._db.scratch, f"raw_{table}"))
            column = mapping["customer"]
            value, _ = type_expression(contract.field("customer"), column, types[column], None, id_type)
            self._scatter(rows, value, folder, scatter, known, table)
            if any(Path(folder).iterdir()):
                raw = f"read_parquet({quote_text(folder + '/*/*.parquet')}, hive_partitioning=false)"
            else:
                self._db.run(f"CREATE OR REPLACE TEMP TABLE {raw} AS {rows} LIMIT 0", table)
        else:
            self._db.run(f"CREATE OR REPLACE TEMP TABLE {raw} AS {rows}", table)
        raw = self._check_types(contract, mapping, types, raw)
        # Added up and not counted again: a query may give other rows each time.
        count = self._db.one(f"SELECT count(*) FROM {raw}", table) + sum(f.rows for f in findings)
        own = id_type or natural_id(types[mapping["customer"]])
        return Staged(contract, mapping, types, extra, time_format, own, raw, folder, count, tuple(findings))

    def typed(self, staged: Staged, bucket: int | None = None) -> TypedTable:
        """Type a table's rows, all of them or those of one bucket."""
        self._shown[staged.contract.table] = (staged, bucket)
        typed = self._typed(staged, staged.part(bucket))
        typed.rows_read = staged.rows_read
        typed.findings[:0] = staged.findings
        return typed

    def examples(self, table: str, rows: np.ndarray) -> tuple[dict[str, Any], ...]:
        """Return up to three rows, by number, with the user's own column names."""
        wanted = [int(r) for r in rows[:3]]
        if not wanted:
            return ()
        staged, bucket = self._shown[table]
        types = {n: t for n, t in staged.types.items() if n != FILE_COLUMN}
        query = (
            f"SELECT {', '.join(printable(n, t) for n, t in types.items())} FROM {staged.part(bucket)} "
            f"WHERE {_ROW} IN ({', '.join(map(str, wanted))}) ORDER BY {_ROW}"
        )
        return make_examples(
            dict(zip(types, r, strict=True)) for r in self._db.connection.execute(query).fetchall()
        )

    # -- staging ------------------------------------------------------------------------------------

    def _scatter(
        self, rows: str, value: str, folder: str, buckets: int, known: str | None, table: str
    ) -> None:
        """Write rows to one folder per bucket of customers; rows without a usable id go to the first."""
        Path(folder).mkdir()
        select = f"SELECT *, {value} AS _churn_id FROM ({rows})"
        bucket = f"CASE WHEN _churn_id IS NULL THEN 0 ELSE hash(_churn_id) % {buckets} END"
        if known is not None:
            select = f"SELECT r.*, k.bucket AS _churn_known FROM ({select}) r LEFT JOIN {known} k ON r._churn_id = k.id"
            bucket = f"coalesce(_churn_known, {bucket})"
        drop = "_churn_id" if known is None else "_churn_id, _churn_known"
        self._db.run(
            f"COPY (SELECT * EXCLUDE ({drop}), ({bucket})::INTEGER AS {BUCKET} FROM ({select})) "
            f"TO {quote_text(folder)} (FORMAT parquet, PARTITION_BY ({BUCKET}))",
            table,
        )

    def _features(
        self,
        table: str,
        relation: str,
        given: Mapping[str, str],
        found: Mapping[str, str],
        known: Mapping[str, Kind],
    ) -> Contract:
        """Make the contract of a table of ready features.

        A column of texts holds numbers when nine tenths of its values are some; the others are told, and unknown.
        """
        fields: dict[str, Kind] = {}
        for name, column in (given or {c: c for c in found}).items():
            if name in ("customer", "time", "recorded_at"):
                continue
            if column not in found:
                fields[name] = "number"  # that there is no such column is told with the mapping
            elif found[column] != "VARCHAR":
                fields[name] = "flag" if found[column] == "BOOLEAN" else "number"
            elif known.get(name) == "text":
                fields[name] = "text"
            else:
                present = is_present(column, "VARCHAR")
                values, texts = (
                    self._db.one(f"SELECT count(*) FROM {relation} WHERE {present}{condition}", table)
                    for condition in ("", f" AND TRY_CAST({quote_name(column)} AS DOUBLE) IS NULL")
                )
                fields[name] = "text" if texts > values / 10 else "number"
        return feature_contract(table, fields)

    # -- typing -------------------------------------------------------------------------------------

    def _check_types(
        self, contract: Contract, mapping: Mapping[str, str], types: dict[str, str], raw: str
    ) -> str:
        """Refuse columns of a type that cannot hold the field; one without any value has no type, and may be."""
        empty = []
        for name, column in mapping.items():
            allowed = misfit(contract.field(name), types[column])
            if allowed is None:
                continue
            if self._db.one(f"SELECT count({quote_name(column)}) FROM {raw}", contract.table):
                raise DataError(
                    f"{contract.table}.{name} is mapped to the column {column!r}, which cannot hold it",
                    given=f"its type is {types[column]}",
                    allowed=allowed,
                    fix="Map another column, or convert it in a query.",
                    code="wrong-type",
                )
            empty.append(f"NULL::VARCHAR AS {quote_name(column)}")
            types[column] = "VARCHAR"
        return f"(SELECT * REPLACE ({', '.join(dict.fromkeys(empty))}) FROM {raw})" if empty else raw

    def _typed(self, staged: Staged, relation: str | None) -> TypedTable:
        contract, mapping, types, extra = staged.contract, staged.mapping, staged.types, staged.extra
        table, time_format, id_type = contract.table, staged.time_format, staged.id_type
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
        if FILE_COLUMN in types:
            parts.append(FILE_COLUMN)
        rows = f"{relation} ORDER BY {_ROW}" if relation else f"{staged.relation} LIMIT 0"
        data = self._db.arrow(f"SELECT {', '.join(parts)} FROM {rows}", table)
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
                    numbers = tuple(int(r) for r in row[hit][:3])
                    findings.append(Finding(table, code, action, int(hit.sum()), message, examples, numbers))
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
            elif f.kind in ("number", "flag", "part"):
                columns[name] = _numpy(data[name].cast(pa.float64()).fill_null(np.nan))
            else:
                columns[name] = data[name].combine_chunks()
        for c in extra:
            columns["extra_" + c] = data["extra_" + c].combine_chunks()
        if FILE_COLUMN in types:
            columns[FILE_COLUMN] = _numpy(data[FILE_COLUMN])
        return TypedTable(contract, columns, naive_masks, row[keep], len(row), findings)


def _numpy(column: Any) -> np.ndarray:
    return np.asarray(column.to_numpy())
