"""Wall time, CPU time and peak memory of whole commands, each as a process of its own.

    python benchmarks/footprint.py [runs]

Online Retail II is read from CHURN_DATA (default: ../shared/data beside the project). Machines are noisy: quote medians and ratios.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RETAIL = str(ROOT / "configs" / "online_retail.yaml")
COMMANDS = {
    "churn --help": ["--help"],
    "churn retention --start 1000 --end 900 --new 200": [
        "retention",
        "--start",
        "1000",
        "--end",
        "900",
        "--new",
        "200",
    ],
    "churn demo": ["demo"],
    "churn check (Online Retail II)": ["check", RETAIL],
    "churn train (Online Retail II)": ["train", RETAIL],
    "churn score (Online Retail II)": ["score", RETAIL, "--as-of", "2011-10-10"],
}


def run(arguments: list[str], folder: str) -> tuple[float, float, float]:
    """Return wall seconds, CPU seconds and peak memory in MB of one run."""
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.execv(sys.executable, [sys.executable, "-m", "churn", *arguments])  # noqa: S606
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"churn {' '.join(arguments)} ended with status {status}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'command':50} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}   (median of {runs})")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in COMMANDS.items():
            results = [run(arguments, folder) for _ in range(runs)]
            wall, cpu, peak = (statistics.median(r[i] for r in results) for i in range(3))
            print(f"{name:50} {wall:8.2f} {cpu:8.2f} {peak:8.0f}", flush=True)


if __name__ == "__main__":
    main()
