"""The saved log: a folder that is read whole or bucket by bucket, each a `History`."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from churn.data.attributes import about
from churn.data.checks import CheckReport, TableSummary, minute_text
from churn.data.events import Rows, in_order, make_log
from churn.data.history import NEVER, Category, EventLog, History
from churn.data.manifest import Delivery, Manifest, check_settings, read_manifest
from churn.errors import DataError, ParameterError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

    from churn.config import Config


class LogStore:
    """A saved log, as it was when it was opened; `churn.data.ingest.ingest` makes and extends it.

    Parameters
    ----------
    folder : Path
        Where it is.
    manifest : Manifest
        What it knows of itself.

    Attributes
    ----------
    buckets : int
        How many parts of customers there are.
    rows : dict of str to int
        Rows per table, former versions not counted.
    data_end : int
        The last order's instant, or the end that the configuration gives.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self.buckets = manifest.buckets
        self.rows = {name: info.rows for name, info in manifest.tables.items() if info.rows}
        self.data_end = int(manifest.tables["orders"].last or 0)
        self._replaced: dict[str, dict[int, tuple[np.ndarray, np.ndarray]]] = {}
        self._grouped: dict[tuple[int, str], tuple[pa.Table, np.ndarray]] = {}

    @classmethod
    def open(cls, folder: str | Path) -> LogStore:
        """Open the log in a folder.

        Raises
        ------
        MissingFileError
            There is none.
        DataError
            It cannot be read by this version.
        """
        return cls(Path(folder), read_manifest(Path(folder)))

    @classmethod
    def of(cls, config: Config) -> LogStore:
        """Open the log that a configuration names, with its end of the data.

        Raises
        ------
        ParameterError
            It names none, or its `data_end` is not possible.
        MissingFileError
            There is none.
        DataError
            It was made with other settings.
        """
        if config.log.path is None:
            raise ParameterError(
                "The configuration names no saved log", fix="Set log.path, e.g. log: {path: churn-log}."
            )
        store = cls.open(config.place(config.log.path))
        check_settings(store.manifest, config, store.folder)
        if config.data_end is not None:
            store.data_end = store._ending(config.data_end)
        return store

    def _ending(self, data_end: dt.datetime) -> int:
        import pandas as pd

        last = np.array([self.data_end], dtype=np.int64)
        orders = EventLog("orders", last, np.zeros(1, dtype=np.int32))
        checks = CheckReport(self.manifest.name)
        return (
            History("", pd.Index([]), {"orders": orders}, None, {}, {}, self.manifest.timezone, 0, checks)
            .ending(data_end)
            .data_end
        )

    # -- about the log ------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """Return what there is without reading a row.

        Returns
        -------
        dict
            ``logs``: per table ``rows``, ``numbers``, ``instants`` and ``categories``, which are
            ``{column: {label: rows}}``; ``segments``: ``{column: {label: customers}}``; ``joined``: whether
            joining dates are known.
        """
        logs = {
            name: {
                "rows": info.rows,
                "numbers": [*info.numbers, *(["day"] if name == "orders" else [])],
                "instants": list(info.instants),
                "categories": {
                    column: {label: labels[label][0] for label in held_labels(labels)}
                    for column, labels in info.labels.items()
                },
            }
            for name, info in self.manifest.tables.items()
            if info.rows and name != "labels"  # they are no signals
        }
        master = self.manifest.master
        return {
            "logs": logs,
            "segments": {k: dict(v) for k, v in master.segments.items()} if master else {},
            "joined": bool(master and master.joined),
        }

    def fingerprint(self) -> dict[str, Any]:
        """Return rows, time range and a hash, to tell whether two runs saw the same saved log.

        The hash goes by the files of the deliveries: a rebuilt log has another one, with the same rows.
        """
        files = json.dumps([(d.number, sorted(d.hashes.items())) for d in self.manifest.deliveries])
        return {
            "hash": hashlib.sha256(files.encode()).hexdigest()[:32],
            "logs": {
                name: {"rows": info.rows, "first": info.first, "last": info.last}
                for name, info in self.manifest.tables.items()
                if info.rows
            },
        }

    # -- the rows -----------------------------------------------------------------------------------

    def load(self, bucket: int | None = None, tables: Collection[str] | None = None) -> History:
        """Read the whole log, or the customers of one bucket.

        Parameters
        ----------
        bucket : int, optional
            From 0; the labels of text columns are then those of the whole log, so that codes agree between
            buckets, and tables of which the bucket has no rows are there, empty.
        tables : collection of str, optional
            Only these tables, and the customers in them.

        Returns
        -------
        History
            As `churn.load_history` gives it from the sources.
        """
        if bucket is not None and not 0 <= bucket < self.buckets:
            raise ParameterError(
                f"There is no bucket {bucket}",
                allowed=f"0 to {self.buckets - 1}",
                fix="Use one of these.",
            )
        report("Loading the log")
        names = [name for name in self.rows if tables is None or name in tables]
        read = {name: self._rows(name, bucket) for name in names}
        present = np.zeros(self.manifest.customers, dtype=bool)
        for rows in read.values():
            present[rows.customer] = True
        attributes = self._attributes(bucket)
        for part in attributes:
            present[part["code"]] = True
        ids, position = self._customers(present, bucket)
        logs = {}
        for name in names:
            rows = read.pop(name)
            rows.customer = position[rows.customer]
            labels = None
            if bucket is not None:
                labels = {c: held_labels(v) for c, v in self.manifest.tables[name].labels.items()}
            logs[name] = make_log(name, rows, self.manifest.timezone, ordered=True, labels=labels)
        m = self.manifest
        joined, segments, contact = about(m.master, attributes, position, len(ids), whole=bucket is None)
        checks = CheckReport(m.name, self._summaries(logs), tuple(m.findings))
        outcomes = logs.pop("labels", None)
        return History(
            m.name, ids, logs, joined, segments, contact, m.timezone, self.data_end, checks, outcomes
        )

    def _groups(self, name: str, bucket: int | None) -> Iterator[tuple[Delivery, int, int]]:
        """Yield deliveries, row groups and their rows."""
        for delivery in self.manifest.deliveries:
            group = 0
            for b, rows in enumerate(delivery.groups.get(name, ())):
                if rows and bucket in (None, b):
                    yield delivery, group, rows
                group += rows > 0

    def _rows(self, name: str, bucket: int | None) -> Rows:
        """Read a table's rows in time order, ties in the order of reading, without those that are gone."""
        info = self.manifest.tables[name]
        groups = list(self._groups(name, bucket))
        n = sum(rows for *_, rows in groups)
        replaced = self._replaced_rows(name)
        kinds = {
            "customer": np.int32,
            "time": np.int64,
            **({"recorded": np.int64} if info.recorded else {}),
            **{f"n.{c}": np.float64 for c in info.numbers},
            **{f"i.{c}": np.int64 for c in info.instants},
            **{f"t.{c}": np.int32 for c in info.labels},
        }
        columns: dict[str, np.ndarray] = {k: np.empty(n, dtype=kind) for k, kind in kinds.items()}
        several = bucket is None and self.buckets > 1
        order = np.empty(n if several else 0, dtype=np.int64)
        until = np.full(n, NEVER, dtype=np.int64) if replaced else None
        start = 0
        for delivery, group, rows in groups:
            stop = start + rows
            dead = replaced.get(delivery.number)
            file = self._open(delivery, f"rows.{name}")
            wanted = [*kinds, *(["seq"] if several or dead is not None else [])]
            table = file.read_row_group(group, columns=wanted, use_threads=False)
            for column in kinds:
                columns[column][start:stop] = table[column].to_numpy()
            if several or dead is not None:
                seq = table["seq"].to_numpy()
                if several:
                    order[start:stop] = (delivery.number << 40) + seq  # deliveries have fewer rows than that
                if dead is not None and until is not None:
                    at = np.minimum(np.searchsorted(dead[0], seq), len(dead[0]) - 1)
                    hit = dead[0][at] == seq
                    until[start:stop][hit] = dead[1][at[hit]]
            start = stop
        rows_ = Rows(columns["time"], columns["customer"], recorded=columns.get("recorded"))
        rows_.numbers = {c: columns[f"n.{c}"] for c in info.numbers}
        rows_.instants = {c: columns[f"i.{c}"] for c in info.instants}
        rows_.texts = {c: Category(columns[f"t.{c}"], tuple(v)) for c, v in info.labels.items()}
        return in_order(rows_, order if several else None, until, sorted_=len(groups) < 2)

    def times(self, name: str) -> np.ndarray:
        """Return the times of the rows of a table that count, in no order."""
        replaced, parts = self._replaced_rows(name), []
        for delivery, group, _ in self._groups(name, None):
            table = self._open(delivery, f"rows.{name}").read_row_group(group, columns=["time", "seq"])
            dead = replaced.get(delivery.number)
            time = table["time"].to_numpy()
            parts.append(time if dead is None else time[~np.isin(table["seq"].to_numpy(), dead[0])])
        return np.concatenate(parts)

    def _open(self, delivery: Delivery, name: str) -> pq.ParquetFile:
        file = self._file(delivery, name)
        try:
            return pq.ParquetFile(file)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(
                f"The file {file} of the saved log is damaged: {error}",
                fix="Copy it again from where it was saved, or run churn ingest CONFIG --rebuild.",
                code="damaged-log",
            ) from None

    def _file(self, delivery: Delivery, name: str) -> Path:
        file = self.folder / delivery.folder / f"{name}.parquet"
        if not file.is_file():
            raise DataError(
                f"The saved log misses the file {file}",
                given="the log was rebuilt meanwhile, or the file was removed",
                fix="Run the command again; if it stays so, churn ingest CONFIG --rebuild.",
                code="damaged-log",
            )
        return file

    def _replaced_rows(self, name: str) -> dict[int, tuple[np.ndarray, np.ndarray]]:
        """Return per delivery the rows that newer ones replace, sorted, and from when on these are known."""
        if name not in self._replaced:
            parts = [
                self._open(d, f"replaced.{name}").read(use_threads=False)
                for d in self.manifest.deliveries
                if name in d.corrected
            ]
            found = {}
            if parts:
                table = pa.concat_tables(parts)
                delivery, seq, until = (table[c].to_numpy() for c in ("delivery", "seq", "replaced"))
                order = np.lexsort((seq, delivery))  # stable: of a row named twice the last word counts
                delivery, seq, until = delivery[order], seq[order], until[order]
                last = np.append((delivery[1:] != delivery[:-1]) | (seq[1:] != seq[:-1]), True)
                delivery, seq, until = delivery[last], seq[last], until[last]
                found = {int(d): (seq[delivery == d], until[delivery == d]) for d in np.unique(delivery)}
            self._replaced[name] = found
        return self._replaced[name]

    # -- the customers ------------------------------------------------------------------------------

    def _customers(self, present: np.ndarray, bucket: int | None) -> tuple[Any, np.ndarray]:
        """Return the sorted ids of those who are present, and the position of each code among them."""
        import pandas as pd

        parts = [self._of_bucket(d, "customers", bucket) for d in self.manifest.deliveries if d.customers]
        table = pa.concat_tables(parts)
        codes = table["code"].to_numpy()
        keep = present[codes]
        ids = pd.Series(table["id"].filter(pa.array(keep)).to_pandas())
        at, unique = pd.factorize(ids, sort=True)
        position = np.full(len(present), -1, dtype=np.int32)
        position[codes[keep]] = at
        return pd.Index(unique), position

    def customer_ids(self) -> tuple[pd.Index[Any], np.ndarray]:
        """Return the ids of all customers and the bucket each is in, in no order."""
        import pandas as pd

        table = pa.concat_tables(
            self._open(d, "customers").read(["id", "bucket"], use_threads=False)
            for d in self.manifest.deliveries
            if d.customers
        )
        return pd.Index(table["id"].to_pandas()), table["bucket"].to_numpy()

    def _attributes(self, bucket: int | None) -> list[dict[str, Any]]:
        """Return the parts of the customers table, oldest first."""
        master = self.manifest.master
        if master is None:
            return []
        parts = [
            self._of_bucket(d, "attributes", bucket)
            for d in self.manifest.deliveries
            if d.attributes and d.number >= master.since
        ]
        return [
            {c: p[c].combine_chunks().to_numpy(zero_copy_only=False) for c in p.column_names} for p in parts
        ]

    def _of_bucket(self, delivery: Delivery, name: str, bucket: int | None) -> pa.Table:
        """Return the rows of a file about customers, or those of one bucket.

        The file holds all buckets mixed, so whoever asks for one bucket gets it from memory the next time.
        """
        if bucket is None:
            return self._open(delivery, name).read(use_threads=False)
        if (delivery.number, name) not in self._grouped:
            table = self._open(delivery, name).read(use_threads=False)
            number = table["bucket"].to_numpy()
            order = np.argsort(number, kind="stable")
            edges = np.searchsorted(number[order], np.arange(self.buckets + 1))
            self._grouped[delivery.number, name] = table.take(pa.array(order)), edges
        table, edges = self._grouped[delivery.number, name]
        return table.slice(edges[bucket], edges[bucket + 1] - edges[bucket])

    def _summaries(self, logs: dict[str, EventLog]) -> tuple[TableSummary, ...]:
        master = self.manifest.master
        listed = master.customers if master else 0
        out = []
        for name, info in self.manifest.tables.items():
            used, customers = (
                info.rows,
                int(np.count_nonzero(np.bincount(logs[name].customer))) if name in logs else 0,
            )
            if name == "customers":
                used = customers = listed
            first, last = minute_text(info.first), minute_text(info.last)
            out.append(TableSummary(name, info.rows_read, used, customers, first, last))
        return tuple(out)


def held_labels(labels: dict[str, list[int]]) -> tuple[str, ...]:
    """Return the labels that some row has, sorted.

    Examples
    --------
    >>> held_labels({"web": [3, 3], "app": [0, 0], "shop": [0, 1]})
    ('shop', 'web')
    """
    return tuple(sorted(label for label, (_, held) in labels.items() if held))
