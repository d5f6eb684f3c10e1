"""One whole night over a large shop, beside the floors that no night can be faster than.

    python benchmarks/night.py [--customers 1000000] [--events 50] [--folder FOLDER] [--keep]

Makes the events of a generated shop (50 per customer), saves them as a log, trains on a small sample of the same shop with
all its signals, and runs the night as a process of its own: wall and CPU seconds, peak memory of the process tree, rows
per second, and what each part takes. The floors are measured in the same run: reading the log once, the executor's own
signals at one cutoff, LightGBM's own predictions of the same matrix, its contributions of the listed rows, and writing the
frames. Then customers one by one from the same log, and the report. A million customers take about 3 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_SHARD = 50_000  # customers made at once
_TRAINED_ON = 6_000
_PER_DAY = 0.0775  # events of a customer and day of the generated shop
_CONFIG = """\
name: night
timezone: UTC
sources:
  orders: {{path: "data/orders-*.parquet"}}
  returns: {{path: "data/returns-*.parquet"}}
  tickets: {{path: "data/tickets-*.parquet"}}
  interactions: {{path: "data/interactions-*.parquet"}}
  customers: {{path: "data/customers-*.parquet", segments: [country, segment]}}
definition: {{active_days: 180, horizon_days: 60}}
log: {{path: log}}
output: output
models: models
data_end: {end}
scoring: {{currency: "£"{listing}}}
"""


def make(folder: Path, customers: int, events: int, top: int | None) -> dict[str, int]:
    """Write the tables, the saved log and a model; return the number of rows by table."""
    import churn
    from churn.data.ingest import ingest
    from churn.model.shelf import Shelf

    days = round(events / _PER_DAY)
    (folder / "data").mkdir(parents=True)
    rows: dict[str, int] = {}
    shards = -(-customers // _SHARD)
    for k in range(shards):
        size = min(_SHARD, customers - k * _SHARD)
        shop = churn.make_shop(size, seed=100 + k, days=days)
        for name, table in shop.tables().items():
            table["customer"] = f"{k:02d}-" + table["customer"].str[1:]
            if "order_id" in table:
                table["order_id"] = f"{k:02d}-" + table["order_id"].astype(str)
            table.to_parquet(folder / "data" / f"{name}-{k:03d}.parquet", index=False)
            rows[name] = rows.get(name, 0) + len(table)
        print(f"made {k + 1} of {shards} parts", file=sys.stderr, flush=True)
    listing = f", top: {top}" if top else ""
    (folder / "churn.yaml").write_text(_CONFIG.format(end=shop.end.date(), listing=listing), encoding="utf-8")
    config = churn.read_config(folder / "churn.yaml")
    ingest(config)
    sample = churn.make_shop(_TRAINED_ON, seed=1, days=days).history()
    model = churn.train(sample, churn.Inactivity(180, 60), settings=config.training, track=False).model
    Shelf(folder / "models" / "night").keep(model)
    return rows


@contextmanager
def pieces(first: str) -> Iterator[tuple[dict[str, list[float]], Callable[[str], None]]]:
    """Yield the wall and CPU seconds of each piece of work by what it reports as progress, and how to begin another."""
    from churn.progress import listening

    steps: dict[str, list[float]] = {}
    current = [first, time.perf_counter(), time.process_time()]

    def turn(what: str) -> None:
        now, cpu = time.perf_counter(), time.process_time()
        spent = steps.setdefault(current[0], [0.0, 0.0])
        spent[0] += now - current[1]
        spent[1] += cpu - current[2]
        current[:] = [what, now, cpu]

    with listening(lambda what, _done, _total: turn(what) if what != current[0] else None):
        yield steps, turn


def night(folder: Path) -> None:
    """Run the night in this process and print the seconds of each piece of work as JSON."""
    import churn
    from churn.data.store import LogStore
    from churn.scoring.night import run_night

    with pieces("Starting") as (steps, turn):
        settings = churn.read_config(folder / "churn.yaml")
        model = churn.load_model(folder / "models" / "night" / "champion")
        found = run_night(model, LogStore.of(settings), settings=settings)
        found.write(folder / "output" / "night" / found.scores.as_of)
        turn("")
    print(json.dumps(steps))


@contextmanager
def timed(floors: dict[str, list[float]], name: str) -> Iterator[None]:
    """Add the wall and CPU seconds of a block to a floor."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    spent = floors.setdefault(name, [0.0, 0.0])
    spent[0] += time.perf_counter() - wall
    spent[1] += time.process_time() - cpu


def measure_floors(folder: Path) -> None:
    """Measure what no night can do without, and print it as JSON."""
    import numpy as np
    import pandas as pd

    import churn
    from churn.data.base import CustomerBase
    from churn.data.store import LogStore
    from churn.features.compute import feature_matrices
    from churn.features.over import pools_over
    from churn.scoring.passes import active_at

    settings = churn.read_config(folder / "churn.yaml")
    model = churn.load_model(folder / "models" / "night" / "champion")
    base = CustomerBase.of(LogStore.of(settings))
    t = base.closing
    (place,) = (folder / "output" / "night").iterdir()
    frames = {
        name: pd.read_parquet(place / f"{name}.parquet")
        for name in ("scores", "at_risk", "reasons", "timeline")
    }
    listed = set(frames["at_risk"]["customer"])
    pools = pools_over(base, [t], model.signals)
    floors: dict[str, list[float]] = {}
    boosters, chosen, rows = model.predictor.boosters, [], 0
    for number in range(base.count):
        with timed(floors, "read the log once"):
            part = base.load(number, None)
        who = active_at(part, model.definition, t)
        with timed(floors, "signals at one cutoff"):
            (X,) = feature_matrices(part, [t], [who], model.signals, pools=pools)
        rows += len(X)
        with timed(floors, "LightGBM's predictions"):
            for booster in boosters:
                booster.predict(X, raw_score=True, num_threads=2)
        chosen.append(np.ascontiguousarray(X[part.customers[who].isin(listed)]))
    with timed(floors, "LightGBM's contributions, listed rows"):
        for X in chosen:
            for start in range(0, len(X), 2000):
                for booster in boosters:
                    booster.predict(X[start : start + 2000], pred_contrib=True, num_threads=2)
    with tempfile.TemporaryDirectory(dir=folder) as out, timed(floors, "writing the frames"):
        for name, frame in frames.items():
            frame.to_parquet(Path(out, f"{name}.parquet"), index=False)
    print(json.dumps({"floors": floors, "active": rows, "listed": len(listed)}))


def one(folder: Path) -> None:
    """Score listed customers one by one and write the report; print the seconds as JSON."""
    import pandas as pd

    import churn

    (place,) = (folder / "output" / "night").iterdir()
    ids = pd.read_parquet(place / "at_risk.parquet", columns=["customer"])["customer"].tolist()[:30]
    found: dict[str, list[float]] = {}
    with timed(found, "opening the scorer"):
        scorer = churn.open_scorer(folder / "churn.yaml")
    for turn in ("a customer whose bucket may have to be read", "a customer whose bucket was read"):
        each = []
        for customer in ids[-1:] if turn.endswith("was read") else ids:
            for _ in range(10 if turn.endswith("was read") else 1):
                start = time.perf_counter()
                scorer.score(customer)
                each.append(time.perf_counter() - start)
        found[f"{turn}, median of {len(each)}"] = [sorted(each)[len(each) // 2], 0.0]
    with timed(found, "writing the report"):
        report = churn.write_report(place)
    print(json.dumps({"seconds": {k: v[0] for k, v in found.items()}, "report_bytes": report.stat().st_size}))


def main() -> None:
    parser = argparse.ArgumentParser(description="One night over a large shop, and its floors.")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=50, help="per customer")
    parser.add_argument("--top", type=int, help="list at most so many")
    parser.add_argument("--folder", type=Path, help="where to work; used again where it holds a shop")
    parser.add_argument("--keep", action="store_true", help="leave the files")
    parser.add_argument("--part", choices=("night", "floors", "one"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        {"night": night, "floors": measure_floors, "one": one}[given.part](given.folder)
        return
    folder = given.folder or Path(tempfile.mkdtemp(prefix="churn-night-"))
    try:
        if not (folder / "models").is_dir():
            print(json.dumps(make(folder, given.customers, given.events, given.top)))
        show(*measured(folder, "night"), measured(folder, "floors")[1])
        after = measured(folder, "one")[1]
        for name, seconds in after["seconds"].items():
            print(f"{name:60} {seconds:8.2f} s")
        print(f"{'the report':60} {after['report_bytes'] / 1e6:8.2f} MB")
    finally:
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)


def measured(folder: Path, part: str) -> tuple[Any, dict[str, Any]]:
    """Run one part as a process of its own; return what it took and what it printed."""
    from benchmarks.engine.measure import measure

    log = folder / f"{part}.log"
    run = measure([sys.executable, __file__, "--part", part, "--folder", str(folder)], log)
    return run, json.loads(log.read_text(encoding="utf-8").splitlines()[-1])


def show(run: Any, steps: dict[str, list[float]], found: dict[str, Any]) -> None:
    """Print the table."""
    floors = found["floors"]
    wall, cpu = (sum(v[i] for v in floors.values()) for i in (0, 1))
    print(f"{found['active']:,} active customers scored, {found['listed']:,} listed")
    print(f"{'the night':42} {run.wall_s:8.1f} s {run.cpu_s:8.1f} CPU s   peak {run.peak_mb:,.0f} MB")
    for name, (w, c) in sorted(steps.items(), key=lambda item: -item[1][0]):
        print(f"  {name:40} {w:8.1f} s {c:8.1f} CPU s   {100 * w / run.wall_s:4.0f} %")
    print(f"{'its floors':42} {wall:8.1f} s {cpu:8.1f} CPU s")
    for name, (w, c) in floors.items():
        print(f"  {name:40} {w:8.1f} s {c:8.1f} CPU s")
    print(f"night / floors: {run.wall_s / wall:.2f} by the clock, {run.cpu_s / cpu:.2f} by CPU")
    print(f"{found['active'] / run.wall_s:,.0f} scored rows per second")


if __name__ == "__main__":
    main()
