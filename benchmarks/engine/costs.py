"""What one more costs: one more cutoff, one more signal, one more night; and whether a night equals a rebuild.

python -m benchmarks.engine.costs --events 10000000 [--repeat 3]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from benchmarks.engine.measure import Run, measure, median
from benchmarks.engine.run import cutoffs, machine, prepared, say
from benchmarks.engine.signals import DAY_US, SIGNALS, TABLES, instant

_LAST_DAY = instant("2025-01-01") - DAY_US
_FEW = SIGNALS[:20]


def split_nights(data: Path) -> Path:
    """Write every table as two files, all but the last day and the last day, into a folder of their own."""
    folder = data / "nights"
    if (folder / "done").exists():
        return folder
    folder.mkdir(exist_ok=True)
    for table in TABLES:
        time = "opened" if table == "tickets" else "time"
        file = pq.ParquetFile(data / f"{table}.parquet")
        with (
            pq.ParquetWriter(folder / f"{table}-1.parquet", file.schema_arrow, compression="zstd") as before,
            pq.ParquetWriter(folder / f"{table}-2.parquet", file.schema_arrow, compression="zstd") as night,
        ):
            for i in range(file.num_row_groups):
                rows = file.read_row_group(i)
                last = pc.greater_equal(rows[time].cast("int64"), _LAST_DAY)
                before.write_table(rows.filter(pc.invert(last)))
                night.write_table(rows.filter(last))
    (folder / "done").touch()
    return folder


def ingest_command(files: Path, log: Path, limit: str) -> list[str]:
    """Return the command a nightly job runs, with a configuration beside the files."""
    settings = {
        "name": "benchmark",
        "timezone": "UTC",
        "log": {"path": str(log), "memory_limit": limit},
        "sources": {t: {"path": f"{t}-*.parquet"} for t in TABLES},
        "definition": {"active_days": 180, "horizon_days": 60},
    }
    (files / "config.yaml").write_text(yaml.safe_dump(settings))
    return [sys.executable, "-m", "churn", "ingest", str(files / "config.yaml")]


def same(one: Path, other: Path) -> bool:
    """Tell whether two logs hold the same bits and give the same signals."""
    import numpy as np

    from churn.data.store import LogStore
    from churn.features.catalogue import catalogue
    from churn.features.compute import feature_matrices

    a, b = (LogStore.open(log).load() for log in (one, other))
    if a.fingerprint() != b.fingerprint() or not a.customers.equals(b.customers):
        return False
    at = [instant("2025-01-01")]
    who = [np.arange(len(a.customers))]
    signals = [s for s in catalogue(a) if s.name in SIGNALS]
    x, y = (feature_matrices(h, at, who, signals)[0] for h in (a, b))
    return bool(np.array_equal(x, y, equal_nan=True))


def nights(data: Path, work: Path, repeat: int, limit: str) -> dict[str, Run | bool]:
    """Measure a rebuild and a night."""
    files, both = split_nights(data), work / "both"
    all_files = work / "all"
    shutil.copytree(files, all_files, copy_function=lambda a, b: Path(b).symlink_to(a))
    only, whole, extended = work / "before", work / "whole", work / "extended"
    only.mkdir()
    for table in TABLES:
        (only / f"{table}-1.parquet").symlink_to(files / f"{table}-1.parquet")
    run_log = work / "printed"
    measure(ingest_command(only, work / "base", limit), run_log)
    rebuilds, extensions = [], []
    for _ in range(repeat):
        for folder in (whole, extended, both):
            shutil.rmtree(folder, ignore_errors=True)
        rebuilds.append(measure(ingest_command(all_files, whole, limit), run_log))
        # The same folder of files, first without the last night and then with it.
        shutil.copytree(only, both, symlinks=True)
        measure(ingest_command(both, extended, limit), run_log)
        for table in TABLES:
            (both / f"{table}-2.parquet").symlink_to(files / f"{table}-2.parquet")
        extensions.append(measure(ingest_command(both, extended, limit), run_log))
        say(f"rebuild {rebuilds[-1].cpu_s:.2f} s CPU, a night {extensions[-1].cpu_s:.2f} s CPU")
    start = median([measure([sys.executable, "-c", "import churn.config, churn.data.ingest"], run_log)])
    return {
        "rebuild": median(rebuilds),
        "night": median(extensions),
        "start": start,
        "equal": same(whole, extended),
    }


def more(data: Path, work: Path, repeat: int) -> dict[str, Run]:
    """Measure the engine at 1, 2 and 12 cutoffs, and with 20 signals, 66 and all that the data allow."""
    command = [sys.executable, "-m", "benchmarks.engine.with_churn", str(data)]
    variants = {
        "1 cutoff": (1, ()),
        "2 cutoffs": (2, ()),
        "12 cutoffs": (12, ()),
        "12 cutoffs, 20 signals": (12, ("--signals", ",".join(_FEW))),
        "12 cutoffs, all signals": (12, ("--signals", "all")),
    }
    found: dict[str, list[Run]] = {name: [] for name in variants}
    for _ in range(repeat):
        for name, (n, options) in variants.items():
            out = work / "out"
            shutil.rmtree(out, ignore_errors=True)
            found[name].append(measure([*command, str(out), *cutoffs(n), *options], work / "printed"))
            say(f"{name}: {found[name][-1].cpu_s:.2f} s CPU")
    return {name: median(runs) for name, runs in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--nights", action="store_true", help="only a rebuild and a night")
    parser.add_argument("--limit", default="2GB")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "churn-engine-benchmark")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    data = prepared(given.folder, given.events)
    with tempfile.TemporaryDirectory(prefix="bench-costs-") as folder:
        work = Path(folder)
        measure([sys.executable, "-m", "benchmarks.engine.with_churn", str(data)], work / "printed")
        costs = {} if given.nights else more(data, work, given.repeat)
        night = nights(data, work, given.repeat, given.limit)
    print(f"{given.events:,} events, median of {given.repeat}")
    for name, run in {**costs, **night}.items():
        if isinstance(run, Run):
            print(f"{name:26}{run.wall_s:8.2f} s wall{run.cpu_s:8.2f} s CPU{run.peak_mb:8.0f} MB")
        else:
            print(f"a night equals a rebuild, bit for bit: {run}")
    figures = {k: asdict(v) if isinstance(v, Run) else v for k, v in {**costs, **night}.items()}
    target = given.folder / f"costs-{given.events}.json"
    target.write_text(json.dumps({"machine": machine(), "figures": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
