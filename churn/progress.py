"""Progress of long work: the code says what it does, whoever listens shows it.

Library code calls `report`; nothing happens unless somebody listens. The command line installs a
listener that draws bars; from Python `show_progress` does the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("churn_progress", default=None)


def report(what: str, done: int = 0, total: int = 0) -> None:
    """Tell the listener, if there is one, how far the work is.

    Parameters
    ----------
    what : str
        What is being done, in words; the same words for one piece of work.
    done, total : int, optional
        Steps done and steps in all; a total of 0 means that it is not known.

    Examples
    --------
    >>> with listening(lambda what, done, total: print(what, done, total)):
    ...     report("Computing signals", 1, 12)
    Computing signals 1 12
    """
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send the progress of the work inside the block to a function of (what, done, total)."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextlib.contextmanager
def show_progress() -> Iterator[None]:
    """Show progress lines on the terminal (standard error) or below a notebook cell.

    Yields
    ------
    None
        Work inside the block is shown.

    Examples
    --------
    >>> with show_progress():
    ...     report("Reading orders")
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    bars = Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    current: dict[str, TaskID] = {}

    def finish() -> None:
        for task in bars.tasks:
            if not task.finished:
                bars.update(task.id, total=1, completed=1, count="")  # it may have ended early

    def listen(what: str, done: int, total: int) -> None:
        if what not in current:
            finish()
            current[what] = bars.add_task(what, total=total or None, count="")
        count = f"{done}/{total}" if total else ""
        bars.update(current[what], completed=done, total=total or None, count=count)

    with bars, listening(listen):
        yield
        finish()
