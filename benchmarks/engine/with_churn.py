"""The contender churn: from its saved log to one file per cutoff, part by part.

The log is made from the Parquet files once, by the first run or by `python -m benchmarks.engine.with_churn DATA`; the
contender `ingest` measures that step. The baselines read the Parquet files, which are typed and in time order already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.engine.signals import SIGNALS, TABLES, main, result_file
from churn.config import Config, make_config
from churn.data.store import LogStore
from churn.features.catalogue import Schema, catalogue
from churn.features.executor import Source
from churn.features.parts import compute_parts, write_parts


def config(data: Path, log: Path, memory_limit: str = "2GB", pattern: str = "{table}.parquet") -> Config:
    """Return the configuration of a log made from the files of a folder."""
    return make_config(
        {
            "name": "benchmark",
            "timezone": "UTC",
            "log": {"path": str(log.resolve()), "memory_limit": memory_limit},
            "sources": {t: {"path": str(data.resolve() / pattern.format(table=t))} for t in TABLES},
            "definition": {"active_days": 180, "horizon_days": 60},
        }
    )


def prepare(data: Path) -> Config:
    """Make the saved log beside the files where it is missing."""
    settings = config(data, data / "log")
    if not (data / "log" / "manifest.json").exists():
        from churn.data.ingest import ingest

        ingest(settings)
    return settings


def compute(data: Path, cutoffs: Sequence[int], out: Path, signals: Sequence[str] = SIGNALS) -> None:
    """Compute from the saved log and write one file per cutoff."""
    store = LogStore.of(prepare(data))
    by_name = {s.name: s for s in catalogue(Schema.of_summary(store.summary()))}
    chosen = list(by_name.values()) if signals == ("all",) else [by_name[name] for name in signals]
    pieces = compute_parts(
        lambda tables: (Source.of(store.load(b, tables)) for b in range(store.buckets)),
        store.buckets,
        sorted(cutoffs),
        chosen,
    )
    write_parts(pieces, chosen, {c: result_file(out, c).name for c in cutoffs}, out)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        prepare(Path(sys.argv[1]))
    else:
        main(compute)
