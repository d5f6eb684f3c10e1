"""Runs the contenders on one log, each in a fresh process, and prints the medians beside the floors.

    python -m benchmarks.engine.run --events 1000000 --cutoffs 12 [--only churn,duckdb] [--repeat 3]
    python -m benchmarks.engine.run --check --events 20000

Machines are noisy and CPU seconds are the steadier measure: quote medians and ratios. Needs duckdb, polars and
psutil; Featuretools needs an environment of its own, see with_featuretools.py and --featuretools.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.engine.measure import CommandFailedError, Run, measure, median
from benchmarks.engine.signals import SIGNALS
from benchmarks.engine.with_featuretools import SUBSET

_MODULE = "benchmarks.engine."
FLOORS = ("start", "scan", "sort", "write")

# Each command gets DATA OUT CUTOFF... and perhaps --signals A,B behind it.
CONTENDERS: dict[str, list[str]] = {
    **{floor: [sys.executable, "-m", f"{_MODULE}floors", floor] for floor in FLOORS},
    **{
        name: [sys.executable, "-m", f"{_MODULE}with_{name}"]
        for name in ("churn", "duckdb", "polars", "pandas")
    },
    "featuretools": ["{featuretools}", "-m", f"{_MODULE}with_featuretools"],
}
PARTIAL = {"featuretools": SUBSET}
_END = dt.datetime(2025, 1, 1)  # noqa: DTZ001
CHECK_CUTOFFS = ["2024-03-01", "2024-09-15T13:37:11", _END.isoformat()]


def cutoffs(n: int) -> list[str]:
    """Return so many cutoffs, 30 days apart; the last one is the end of the log."""
    return [(_END - dt.timedelta(days=30 * k)).isoformat() for k in reversed(range(n))]


def prepared(folder: Path, events: int) -> Path:
    """Return the folder of the log of so many events, made on the first call."""
    data = folder / f"events-{events}"
    if not (data / "done").exists():
        say(f"making {events:,} events")
        # In a process of its own: a child's peak memory would begin at that of a large parent.
        command = [sys.executable, "-m", f"{_MODULE}events", str(events), str(data)]
        subprocess.run(command, check=True)  # noqa: S603
        (data / "done").touch()
    for file in sorted(data.glob("*.parquet")):
        with file.open("rb") as handle:  # into the page cache, for the first one as for the last
            while handle.read(2**22):
                pass
    return data


def benchmark(data: Path, chosen: dict[str, list[str]], when: list[str], repeat: int) -> dict[str, list[Run]]:
    """Measure the commands, one round after the other, so that a noisy minute does not hit one alone."""
    runs: dict[str, list[Run]] = {name: [] for name in chosen}
    failed: set[str] = set()
    total, done = repeat * len(chosen), 0
    for _ in range(repeat):
        for name, command in chosen.items():
            done += 1
            if name in failed:
                continue
            with tempfile.TemporaryDirectory(prefix="bench-out-") as folder:
                log = Path(folder) / "log"
                out = Path(folder) / "out"
                try:
                    run = measure(with_arguments(command, data, out, when), log)
                except CommandFailedError as error:
                    failed.add(name)
                    say(f"[{done}/{total}] {name} failed, {error}")
                    continue
            runs[name].append(run)
            say(
                f"[{done}/{total}] {name:13} {run.wall_s:7.2f} s wall {run.cpu_s:7.2f} s CPU {run.peak_mb:6.0f} MB"
            )
            os.sync()  # what one run has written is not to be paid for by the next
    return runs


def with_arguments(command: list[str], data: Path, out: Path, when: list[str]) -> list[str]:
    """Put the folders and the cutoffs into a command, before its own options."""
    own = command.index("--signals") if "--signals" in command else len(command)
    return [*command[:own], str(data), str(out), *when, *command[own:]]


def table(medians: dict[str, Run]) -> str:
    """Lay out the medians; the floor of every contender is starting, reading the log and writing the result."""
    floor = 0.0
    if {"start", "scan", "write"} <= set(medians):
        floor = (
            medians["scan"].cpu_s + medians["write"].cpu_s - medians["start"].cpu_s
        )  # each has a start in it
    churn = medians.get("churn")
    head = ("wall s", "CPU s", "peak MB", "CPU / floor", "CPU / churn", "wall / churn")
    lines = [f"{'':14}" + "".join(f"{h:>{len(h) + 3}}" for h in head)]
    for name, run in medians.items():
        cells = [f"{run.wall_s:.2f}", f"{run.cpu_s:.2f}", f"{run.peak_mb:.0f}"]
        cells.append(f"{run.cpu_s / floor:.1f}" if floor and name not in FLOORS else "")
        cells.append(f"{run.cpu_s / churn.cpu_s:.2f}" if churn else "")
        cells.append(f"{run.wall_s / churn.wall_s:.2f}" if churn else "")
        label = name + ("*" if name in PARTIAL else "")
        lines.append(f"{label:14}" + "".join(f"{c:>{len(h) + 3}}" for c, h in zip(cells, head, strict=True)))
    return "\n".join(lines)


def check(data: Path, chosen: dict[str, list[str]]) -> bool:
    """Compare every contender with churn, value by value, and print the worst deviation of each."""
    good = True
    with tempfile.TemporaryDirectory(prefix="bench-check-") as folder:
        reference = Path(folder) / "churn"
        measure(with_arguments(CONTENDERS["churn"], data, reference, CHECK_CUTOFFS), Path(folder) / "log")
        for name, command in chosen.items():
            if name in FLOORS:
                continue
            out = Path(folder) / f"{name}-again"
            try:
                measure(with_arguments(command, data, out, CHECK_CUTOFFS), Path(folder) / "log")
                compare = [sys.executable, "-m", f"{_MODULE}compare", str(reference), str(out)]
                measure(compare, Path(folder) / "found")
            except CommandFailedError as error:
                print(f"{name:13} failed, {error}")
                good = False
                continue
            found = json.loads((Path(folder) / "found").read_text())
            off = {signal: count for signal, (_, count) in found.items() if count}
            worst = max(found, key=lambda signal: found[signal][0])
            verdict = f"{len(off)} signals differ: {off}" if off else "agrees"
            print(f"{name:13} {len(found)} signals, worst {found[worst][0]:.1e} ({worst}); {verdict}")
            good = good and not off
    return good


def machine() -> dict[str, object]:
    """Return what the figures depend on beside the code."""
    versions = {}
    for package in ("churn-signals", "duckdb", "numpy", "pandas", "polars", "pyarrow"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": versions,
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Benchmark of the feature engine.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--cutoffs", type=int, default=12)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", help="contenders and floors by name, with commas between")
    parser.add_argument("--subset", action="store_true", help="only the signals Featuretools can express")
    parser.add_argument("--check", action="store_true", help="compare with churn's values instead")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "churn-engine-benchmark")
    parser.add_argument(
        "--featuretools", help="Python of the environment with Featuretools; left out without"
    )
    parser.add_argument("--json", type=Path, help="where the figures go; beside the log when left out")
    return parser.parse_args()


def choose(given: argparse.Namespace) -> dict[str, list[str]]:
    """Return the commands that were asked for."""
    names = given.only.split(",") if given.only else list(CONTENDERS)
    unknown = sorted(set(names) - set(CONTENDERS))
    if unknown:
        raise SystemExit(f"No contender {unknown[0]!r}; there are {', '.join(CONTENDERS)}.")
    if given.featuretools is None:
        names = [n for n in names if n != "featuretools"]
    chosen = {n: [part.format(featuretools=given.featuretools) for part in CONTENDERS[n]] for n in names}
    subset = ["--signals", ",".join(SUBSET)] if given.subset else []
    return {name: [*command, *subset] for name, command in chosen.items()}


def main() -> None:
    given = arguments()
    given.folder.mkdir(parents=True, exist_ok=True)
    chosen = choose(given)
    data = prepared(given.folder, given.events)
    if given.check:
        raise SystemExit(not check(data, chosen))
    started = time.strftime("%Y-%m-%d")
    runs = benchmark(data, chosen, cutoffs(given.cutoffs), given.repeat)
    medians = {name: median(r) for name, r in runs.items() if r}
    signals = len(SUBSET) if given.subset else len(SIGNALS)
    print(
        f"{given.events:,} events, {given.cutoffs} cutoffs, {signals} signals, median of {given.repeat}, "
        f"{os.cpu_count()} cores"
    )
    print(table(medians))
    if not given.subset and "featuretools" in medians:
        print(f"* {len(SUBSET)} of the signals; --subset measures the others on the same")
    name = f"result-{given.events}-{given.cutoffs}{'-subset' if given.subset else ''}.json"
    target = given.json or given.folder / name
    found = {
        "date": started,
        "events": given.events,
        "cutoffs": given.cutoffs,
        "signals": signals,
        "machine": machine(),
        "medians": {name: asdict(run) for name, run in medians.items()},
        "runs": {name: [asdict(run) for run in r] for name, r in runs.items()},
    }
    target.write_text(json.dumps(found, indent=1) + "\n")
    say(f"figures in {target}")


if __name__ == "__main__":
    main()
