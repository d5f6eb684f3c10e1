"""Measures a command as a process of its own: wall and CPU seconds and peak memory of its whole process tree."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_EVERY_SECONDS = 0.05


@dataclass(frozen=True)
class Run:
    """One run, or the median of several; CPU is user and system time together."""

    wall_s: float
    cpu_s: float
    peak_mb: float


class CommandFailedError(RuntimeError):
    """The command ended with another status than 0."""


def measure(command: Sequence[str], log: Path) -> Run:
    """Run a command and wait for it; what it prints goes to a file.

    Raises
    ------
    CommandFailedError
        With the end of what it printed.
    """
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603
        done, sampled = threading.Event(), [0.0]
        sampler = threading.Thread(target=_sample, args=(child.pid, done, sampled))
        sampler.start()
        # What the child has waited for is in its usage; ru_maxrss is the largest single process of the tree.
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    done.set()
    sampler.join()
    child.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait for it once more
    if child.returncode:
        end = log.read_text(errors="replace")[-1500:]
        raise CommandFailedError(f"status {child.returncode}: {end}")
    peak = max(usage.ru_maxrss / 1024, sampled[0])
    return Run(wall, usage.ru_utime + usage.ru_stime, peak)


def _sample(pid: int, done: threading.Event, peak: list[float]) -> None:
    # A single process's peak is known exactly from ru_maxrss: sampling is for trees of several.
    while not done.wait(_EVERY_SECONDS):
        try:
            root = psutil.Process(pid)
            tree = [root, *root.children(recursive=True)]
            if len(tree) > 1:
                peak[0] = max(peak[0], sum(p.memory_info().rss for p in tree) / 2**20)
        except psutil.Error:
            continue


def median(runs: Sequence[Run]) -> Run:
    """Return the median of each figure."""
    return Run(
        statistics.median(r.wall_s for r in runs),
        statistics.median(r.cpu_s for r in runs),
        statistics.median(r.peak_mb for r in runs),
    )
