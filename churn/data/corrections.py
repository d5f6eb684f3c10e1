"""Finds the rows of a saved log that a delivery replaces: by their keys, without reading the rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from churn.data.checks import Finding
from churn.data.expressions import quote_text
from churn.data.history import NEVER
from churn.data.manifest import Delivery, Manifest, TableInfo
from churn.data.versions import corrected_message, repeats, replaced_by

FEW = 100  # rows below which what share of a delivery has a fault says nothing
FEWEST = 10  # orders from which on a delivery without a usable one is a mistake

if TYPE_CHECKING:
    from churn.data.database import Database
    from churn.data.rules import RowRules


class Corrections:
    """Replaces rows of a saved log; the old files stay as they are, a list says what does not count.

    Parameters
    ----------
    root : Path
        The log's folder.
    manifest : Manifest
        What the log knows; its counts are changed.
    delivery : Delivery
        The new one, whose files are written.
    database : Database
        Compares the keys.
    """

    def __init__(self, root: Path, manifest: Manifest, delivery: Delivery, database: Database) -> None:
        self._root, self._manifest, self._delivery, self._db = root, manifest, delivery, database

    def apply(self, table: str, key: str, rules: RowRules) -> int:
        """Work out which rows of a table are replaced now; return how many counted until now."""
        info, number = self._manifest.tables[table], self._delivery.number
        new = self._files(table, [self._delivery])
        if not new:
            return 0
        rows = self._touched(table, new)
        if not rows.num_rows:
            return 0
        frame = rows.to_pandas()
        recorded = said = None
        if info.recorded:
            recorded, said = frame["recorded"].to_numpy(), frame["said"].to_numpy()
        fresh = frame["delivery"].to_numpy() == number
        rank = frame["delivery"].to_numpy()
        if recorded is not None and said is not None:
            rank = np.where(said, recorded, -1)
        again = repeats(frame["key"][fresh], frame["file"].to_numpy()[fresh], rank[fresh])
        written = self._db.one(f"SELECT count(*) FROM read_parquet({new})", table)
        shown = tuple({key: k} for k in frame["key"][fresh][again][:3])
        info.repeated += int(again.sum())
        if number > 1 and written < FEW:  # a share of a few rows says nothing: it counts by the whole log
            rules.count_repeats(table, key, info.repeated, info.rows_read, shown, tuple(range(len(shown))))
        else:
            rules.count_repeats(table, key, int(again.sum()), written, shown, tuple(range(len(shown))))
        # What a row was until now: rows of this delivery were counted as if nothing replaced them.
        before = np.full(len(frame), NEVER, dtype=np.int64)
        old = np.flatnonzero(~fresh)
        if recorded is None or said is None:
            before[old] = replaced_by(frame["key"].iloc[old], None)
        else:
            before[old] = replaced_by(frame["key"].iloc[old], recorded[old], said[old])
        after = replaced_by(frame["key"], recorded, said)
        held_before, held_after = _held(before, recorded), _held(after, recorded)
        changed = after != before
        if not changed.any():
            return 0
        hit = np.flatnonzero(changed)
        data = {
            "delivery": frame["delivery"].to_numpy()[hit],
            "seq": frame["seq"].to_numpy()[hit],
            "replaced": np.where(held_after, after, 0)[hit],
        }
        pq.write_table(pa.table(data), self._root / self._delivery.folder / f"replaced.{table}.parquet")
        self._delivery.corrected.append(table)
        stopped = (before == NEVER) & (after != NEVER)
        info.rows -= int(stopped.sum())
        for column, counts in info.labels.items():
            codes = frame[f"t.{column}"].to_numpy()
            _subtract(counts, codes[stopped], 0)
            _subtract(counts, codes[held_before & ~held_after], 1)
        for kept in (True, False):
            gone = stopped & (held_after == kept)
            if gone.any():
                examples = tuple({key: k} for k in frame["key"][gone][:3])
                message = corrected_message(key, kept=kept)
                count = int(gone.sum())
                rules.findings.append(
                    Finding(table, f"corrected-{key}", "set aside", count, message, examples)
                )
        at = frame["time"].to_numpy()[stopped]
        if len(at) and (at.min() == info.first or at.max() == info.last):
            self._span(table, info)
        return int(stopped.sum())

    def _files(self, table: str, deliveries: list[Delivery]) -> str:
        """Return the SQL list of the files with the keys of a table, empty where there is none."""
        files = [self._root / d.folder / f"keys.{table}.parquet" for d in deliveries if d.groups.get(table)]
        files = [f for f in files if f.is_file()]
        return f"[{', '.join(quote_text(str(f)) for f in files)}]" if files else ""

    def _touched(self, table: str, new: str) -> Any:
        """Return all rows of the keys that come again with this delivery, in the order of reading."""
        earlier = [d for d in self._manifest.deliveries if d.number < self._delivery.number]
        old = self._files(table, earlier)
        run = self._db.run
        select = f"SELECT * FROM read_parquet({old or new})"
        known = f"key IN (SELECT key FROM read_parquet({new}))" if old else "false"
        run(f"CREATE OR REPLACE TEMP TABLE churn_hit AS {select} WHERE {known}", table)
        run(
            "CREATE OR REPLACE TEMP TABLE churn_again AS SELECT DISTINCT key FROM churn_hit UNION "
            f"SELECT key FROM read_parquet({new}) GROUP BY key HAVING count(*) > 1",
            table,
        )
        return self._db.arrow(
            f"SELECT * FROM (SELECT * FROM churn_hit UNION ALL BY NAME SELECT * FROM read_parquet({new}) "
            "WHERE key IN (SELECT key FROM churn_again)) ORDER BY delivery, seq",
            table,
        )

    def _span(self, table: str, info: TableInfo) -> None:
        """Find the first and last row that counts anew; only needed where one of them was replaced."""
        from churn.data.store import LogStore

        log = LogStore(self._root, self._manifest).times(table)
        info.first, info.last = int(log.min()), int(log.max())


def _held(replaced: np.ndarray, recorded: np.ndarray | None) -> np.ndarray:
    return replaced == NEVER if recorded is None else replaced > recorded


def _subtract(counts: dict[str, list[int]], codes: np.ndarray, which: int) -> None:
    labels = list(counts)
    for code, n in zip(*np.unique(codes[codes >= 0], return_counts=True), strict=True):
        counts[labels[code]][which] -= int(n)
