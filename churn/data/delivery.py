"""Writes one delivery of a saved log: its rows by bucket, its new customers, its keys."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from churn.data.events import FLAGS, rows_of
from churn.data.expressions import quote_text
from churn.data.history import NEVER, Category
from churn.data.locations import FILE_COLUMN
from churn.data.manifest import Delivery, Manifest, Master, TableInfo
from churn.data.versions import recorded_of

if TYPE_CHECKING:
    from churn.data.database import Database
    from churn.data.rules import RowRules
    from churn.data.typed import TypedTable

_COUNTING = ("time", "seq", "recorded")  # columns of which the differences are small


class DeliveryWriter:
    """Takes the typed tables of one run, bucket after bucket or in one piece, and writes them.

    Parameters
    ----------
    root : Path
        The log's folder.
    manifest : Manifest
        What the log knows so far; changed in memory, and written by whoever calls.
    delivery : Delivery
        The new one; its folder is there.
    database : Database
        Finds the customers who are known.
    """

    def __init__(self, root: Path, manifest: Manifest, delivery: Delivery, database: Database) -> None:
        self._root, self._manifest, self._delivery, self._db = root, manifest, delivery, database
        self._folder = root / delivery.folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._labels: dict[tuple[str, str], dict[str, int]] = {}
        self._people = People(root, manifest)
        self.late: dict[str, int] = {}
        self._last = {name: info.last for name, info in manifest.tables.items()}

    def add(self, tables: Mapping[str, TypedTable], rules: RowRules, bucket: int | None = None) -> None:
        """Write the rows of some tables, those of one bucket or all."""
        codes, buckets = self._code(tables, bucket)
        self._people.grow(self._manifest.customers)
        if "orders" in tables:
            self._people.order(codes["orders"])
        if "customers" in tables:
            self._add_attributes(tables["customers"], codes["customers"], buckets)
        people = self._people
        listed = people.listed if self._manifest.master else None
        rules.check_across(
            tables, codes, people.ordered, listed, people.joined if listed is not None else None
        )
        for name, table in tables.items():
            if name != "customers":
                self._add_rows(name, table, codes[name], buckets, bucket)

    def finish(self) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        if self._manifest.master is not None:
            self._manifest.master.customers = int(self._people.listed.sum())
        fresh = self._people.fresh()
        if len(fresh):
            pq.write_table(pa.table({"code": fresh}), self._folder / "ordered.parquet")

    def seal(self) -> None:
        """See to it that the files are on the disk, and take down their hashes."""
        for file in sorted(self._folder.iterdir()):
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())
                self._delivery.hashes[file.name] = hashlib.file_digest(handle, "sha256").hexdigest()[:32]

    # -- customers ----------------------------------------------------------------------------------

    def _code(
        self, tables: Mapping[str, TypedTable], bucket: int | None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Give every row the code of its customer, in order of first appearance; known ones keep theirs.

        Returns the codes per table and the bucket of each code of this part.
        """
        import pandas as pd

        parts = [t.columns["customer"] for t in tables.values()]
        joined = pa.chunked_array(parts, type=_id_type(self._manifest.id_type)).combine_chunks()
        places, unique = pd.factorize(pd.Series(joined.to_pandas()))
        ids = pa.array(unique, type=joined.type)
        code, in_bucket = self._known(ids)
        new = np.flatnonzero(code < 0)
        code[new] = self._manifest.customers + np.arange(len(new))
        if bucket is not None:
            in_bucket[new] = bucket
        elif self._manifest.buckets > 1 and len(new):
            in_bucket[new] = self._hashed(ids.take(pa.array(new)))
        if len(new):
            order = new[np.argsort(in_bucket[new], kind="stable")]
            columns = {"code": code[order], "bucket": in_bucket[order], "id": ids.take(pa.array(order))}
            self._write("customers", pa.table(columns))
            self._manifest.customers += len(new)
            self._delivery.customers += len(new)
        out, start = {}, 0
        for name, part in zip(tables, parts, strict=True):
            out[name] = code[places[start : start + len(part)]].astype(np.int32)
            start += len(part)
        buckets = np.zeros(self._manifest.customers, dtype=np.int32)
        buckets[code] = in_bucket
        return out, buckets

    def _known(self, ids: Any) -> tuple[np.ndarray, np.ndarray]:
        code, bucket = np.full(len(ids), -1, dtype=np.int32), np.zeros(len(ids), dtype=np.int32)
        files = customer_files(self._root, self._manifest)
        if files and len(ids):
            self._db.register("churn_ids", pa.table({"id": ids, "nr": np.arange(len(ids))}), "customers")
            found = self._db.arrow(
                f"SELECT nr, code, bucket FROM read_parquet({files}) JOIN churn_ids USING (id)", "the log"
            )
            at = found["nr"].to_numpy()
            code[at], bucket[at] = found["code"].to_numpy(), found["bucket"].to_numpy()
        return code, bucket

    def _hashed(self, ids: Any) -> np.ndarray:
        self._db.register("churn_ids", pa.table({"id": ids, "nr": np.arange(len(ids))}), "customers")
        query = f"SELECT (hash(id) % {self._manifest.buckets})::INTEGER AS b FROM churn_ids ORDER BY nr"
        return np.asarray(self._db.arrow(query, "customers")["b"].to_numpy())

    def _add_attributes(self, table: TypedTable, codes: np.ndarray, buckets: np.ndarray) -> None:
        master = self._manifest.master
        assert master is not None
        columns: dict[str, Any] = {"code": codes, "bucket": buckets[codes]}
        joined = table.columns.get("joined")
        if joined is not None:
            columns["joined"] = joined
        if "consent" in table.columns:
            columns["consent"] = table.columns["consent"]
        for name in dict.fromkeys([*master.segments, *master.contact]):
            columns[f"x.{name}"] = table.columns[f"extra_{name}"]
        self._people.enlist(codes, joined)
        self._delivery.attributes |= len(codes) > 0
        data = pa.table(columns)
        self._write("attributes", data.take(pa.array(np.argsort(columns["bucket"], kind="stable"))))

    # -- rows ---------------------------------------------------------------------------------------

    def _add_rows(
        self, name: str, table: TypedTable, codes: np.ndarray, buckets: np.ndarray, bucket: int | None
    ) -> None:
        if not len(table.row):
            return
        info = self._manifest.tables[name]
        rows = rows_of(table, codes)
        texts = {c: self._coded(name, c, category, info) for c, category in rows.texts.items()}
        columns: dict[str, Any] = {"seq": table.row, "time": rows.time, "customer": rows.customer}
        if info.recorded:
            columns["recorded"] = rows.time if rows.recorded is None else rows.recorded
        n = len(table.row)
        for c in info.numbers:
            empty = 0.0 if c in FLAGS else np.nan
            columns[f"n.{c}"] = rows.numbers[c] if c in rows.numbers else np.full(n, empty)
        for c in info.instants:
            columns[f"i.{c}"] = rows.instants[c] if c in rows.instants else np.full(n, NEVER, dtype=np.int64)
        for c in info.labels:
            columns[f"t.{c}"] = texts[c] if c in texts else np.full(n, -1, dtype=np.int32)
        first, last = int(rows.time.min()), int(rows.time.max())
        info.rows += n
        info.first = first if info.first is None else min(first, info.first)
        info.last = last if info.last is None else max(last, info.last)
        before = self._last.get(name)
        if before is not None:
            self.late[name] = self.late.get(name, 0) + int((rows.time < before).sum())
        if info.keyed:
            self._add_keys(name, table, columns)
        self._write_groups(name, columns, buckets, bucket)

    def _write_groups(
        self, name: str, columns: dict[str, Any], buckets: np.ndarray, bucket: int | None
    ) -> None:
        groups = self._delivery.groups.setdefault(name, [0] * self._manifest.buckets)
        mine = buckets[columns["customer"]]
        several = bucket is None and self._manifest.buckets > 1
        order = np.lexsort((columns["time"], mine)) if several else np.argsort(columns["time"], kind="stable")
        data = pa.table(columns).take(pa.array(order)) if (np.diff(order) != 1).any() else pa.table(columns)
        counts = np.bincount(mine, minlength=self._manifest.buckets) if several else None
        start = 0
        for b in range(self._manifest.buckets) if several else [bucket or 0]:
            rows = len(order) if counts is None else int(counts[b])
            if rows:
                self._write(f"rows.{name}", data.slice(start, rows))
                groups[b] += rows
            start += rows

    def _coded(self, table: str, column: str, category: Category, info: TableInfo) -> np.ndarray:
        """Return codes into the log's labels, which grow, and count the rows of each."""
        counted = info.labels[column]
        places = self._labels.setdefault((table, column), {v: i for i, v in enumerate(counted)})
        counts = np.bincount(category.codes[category.codes >= 0], minlength=len(category.labels)).tolist()
        lookup = np.empty(len(category.labels) + 1, dtype=np.int32)
        lookup[-1] = -1
        for i, (label, n) in enumerate(zip(category.labels, counts, strict=True)):
            lookup[i] = places.setdefault(label, len(places))
            both = counted.setdefault(label, [0, 0])
            both[0] += n
            both[1] += n
        return lookup[category.codes]

    def _add_keys(self, name: str, table: TypedTable, columns: dict[str, Any]) -> None:
        key = table.columns[table.contract.key or ""]
        n, (_, said) = len(key), recorded_of(table)
        data = {
            "key": key,
            "delivery": np.full(n, self._delivery.number, dtype=np.int32),
            "seq": columns["seq"],
            "time": columns["time"],
            "recorded": columns.get("recorded", np.zeros(n, dtype=np.int64)),
            "said": np.zeros(n, dtype=bool) if said is None else said,
            "file": table.columns.get(FILE_COLUMN, np.zeros(n, dtype=np.uint64)),
            **{c: v for c, v in columns.items() if c.startswith("t.")},
        }
        self._write(f"keys.{name}", pa.table(data).filter(pc.is_valid(key)))

    def _write(self, name: str, data: Any) -> None:
        if not data.num_rows:
            return
        writer = self._writers.get(name)
        if writer is None:
            fine = [c for c in data.column_names if c in _COUNTING]
            texts = [c for c in data.column_names if c.startswith(("t.", "x.", "delivery", "file"))]
            writer = pq.ParquetWriter(
                self._folder / f"{name}.parquet",
                data.schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=texts,
                column_encoding=dict.fromkeys(fine, "DELTA_BINARY_PACKED"),
            )
            self._writers[name] = writer
        writer.write_table(data.cast(writer.schema), row_group_size=data.num_rows)


class People:
    """Who has ordered, who is in the master data and when they joined, by code."""

    def __init__(self, root: Path, manifest: Manifest) -> None:
        n = manifest.customers
        self.ordered, self.listed = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        self.joined = np.full(n, NEVER, dtype=np.int64)
        self._fresh: list[np.ndarray] = []
        since = manifest.master.since if manifest.master else 0
        for d in manifest.deliveries:
            file = root / d.folder / "ordered.parquet"
            if file.is_file():
                self.ordered[pq.ParquetFile(file).read(use_threads=False)["code"].to_numpy()] = True
            if d.attributes and d.number >= since:
                file = pq.ParquetFile(root / d.folder / "attributes.parquet")
                wanted = [c for c in ("code", "joined") if c in file.schema_arrow.names]
                data = file.read(wanted, use_threads=False)
                joined = data["joined"].to_numpy() if "joined" in wanted else None
                self.enlist(data["code"].to_numpy(), joined)

    def grow(self, n: int) -> None:
        """Make room for new customers."""
        more = n - len(self.ordered)
        if more:
            self.ordered = np.append(self.ordered, np.zeros(more, dtype=bool))
            self.listed = np.append(self.listed, np.zeros(more, dtype=bool))
            self.joined = np.append(self.joined, np.full(more, NEVER, dtype=np.int64))

    def order(self, codes: np.ndarray) -> None:
        """Take down who ordered."""
        new = np.unique(codes[~self.ordered[codes]])
        self.ordered[new] = True
        self._fresh.append(new)

    def enlist(self, codes: np.ndarray, joined: np.ndarray | None) -> None:
        """Take down who is in the master data."""
        self.listed[codes] = True
        if joined is not None:
            self.joined[codes] = joined

    def fresh(self) -> np.ndarray:
        """Return who ordered for the first time."""
        return np.concatenate(self._fresh) if self._fresh else np.array([], dtype=np.int32)


def customer_files(root: Path, manifest: Manifest) -> str:
    """Return the SQL list of the customers files, empty where there is none."""
    files = [root / d.folder / "customers.parquet" for d in manifest.deliveries if d.customers]
    return f"[{', '.join(quote_text(str(f)) for f in files)}]" if files else ""


def _id_type(name: str) -> Any:
    return {"BIGINT": pa.int64(), "UBIGINT": pa.uint64()}.get(name, pa.string())


def count_segments(root: Path, manifest: Manifest) -> None:
    """Count the customers of each segment anew, by the rows that count."""
    import pandas as pd

    master: Master | None = manifest.master
    if master is None:
        return
    for name in master.segments:
        values = np.full(manifest.customers, None, dtype=object)
        for d in manifest.deliveries:
            if d.attributes and d.number >= master.since:
                data = pq.ParquetFile(root / d.folder / "attributes.parquet").read(["code", f"x.{name}"])
                column = data[f"x.{name}"].combine_chunks()
                values[data["code"].to_numpy()] = column.to_numpy(zero_copy_only=False)
        counts = pd.Series(values).value_counts()
        master.segments[name] = {str(k): int(counts[k]) for k in sorted(counts.index)}
