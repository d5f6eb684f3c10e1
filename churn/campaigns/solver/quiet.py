"""Keeps a library's own printing out of the output that scripts read."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what compiled code prints to standard output inside the block.

    HiGHS prints a line for its own debugging in rare cases, whatever it is told, and one such line breaks ``--json``.

    Examples
    --------
    >>> with quiet():
    ...     pass
    """
    if sys.platform == "win32":  # there the libraries have other buffers than ours
        yield
        return
    clib = ctypes.CDLL(None)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    clib.fflush(None)  # what was printed before stays
    try:
        kept = os.dup(1)
    except OSError:  # closed
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        yield
    finally:
        clib.fflush(None)  # or it would come out after the block
        os.dup2(kept, 1)
        os.close(kept)
