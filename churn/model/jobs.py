"""Independent pieces of work side by side, with one line of progress for all of them."""

from __future__ import annotations

import contextvars
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from churn.features.own import OWN_MODULES
from churn.progress import listening, report

T = TypeVar("T")
Step = Callable[[], None]
_EVERY_SECONDS = 0.3


def run_jobs(
    what: str, work: Callable[[T, Step], Any], tasks: Sequence[T], *, jobs: int, steps: Sequence[int]
) -> list[Any]:
    """Do a piece of work for each task, in processes of their own, and tell how far all of them are.

    Parameters
    ----------
    what : str
        The words of the progress.
    work : callable of (task, step)
        Calls ``step()`` after each of its steps. It must be importable from its module.
    tasks : sequence
        What each piece gets.
    jobs : int
        Processes at once; 1 works in this one.
    steps : sequence of int
        How many steps each task has.

    Returns
    -------
    list
        What each piece returned, in the order of the tasks.

    Examples
    --------
    >>> run_jobs("Doubling", lambda n, step: step() or 2 * n, [1, 2, 3], jobs=1, steps=[1, 1, 1])
    [2, 4, 6]
    """
    import sys

    import cloudpickle
    from joblib import Parallel, delayed

    for name, module in list(sys.modules.items()):
        if name.startswith(OWN_MODULES):  # another process cannot import a user's file by its name
            cloudpickle.register_pickle_by_value(module)
    total = sum(steps)
    report(what, 0, total)
    with tempfile.TemporaryDirectory(prefix="churn-") as folder:
        files = [Path(folder, str(i)) for i in range(len(tasks))]
        stop = threading.Event()

        def tell() -> None:
            report(what, min(total, sum(f.stat().st_size for f in files if f.exists())), total)

        def watch() -> None:
            while not stop.wait(_EVERY_SECONDS):
                tell()

        watcher = threading.Thread(target=contextvars.copy_context().run, args=(watch,), daemon=True)
        watcher.start()
        try:
            done = Parallel(n_jobs=min(jobs, len(tasks)) or 1)(
                delayed(_one)(work, task, file) for task, file in zip(tasks, files, strict=True)
            )
        finally:
            stop.set()
            watcher.join()
        report(what, total, total)
    return list(done)


def _one(work: Callable[[T, Step], Any], task: T, file: Path) -> Any:
    """Work on one task; a byte is written for each step, and what the parts report is not shown."""

    def step() -> None:
        with file.open("ab") as handle:
            handle.write(b".")

    with listening(lambda *_: None):
        return work(task, step)
