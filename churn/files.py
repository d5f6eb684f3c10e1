"""Atomic writes: a killed run leaves the previous result whole."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from churn.errors import ParameterError


@contextlib.contextmanager
def adding_files(target: Path) -> Iterator[Path]:
    """Yield a new empty folder whose files are moved into the target when the block ends well, each in one step.

    Raises
    ------
    ParameterError
        The target is a file.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp())
    >>> with adding_files(target) as folder:
    ...     _ = (folder / "a.txt").write_text("whole")
    >>> [p.name for p in target.iterdir()]
    ['a.txt']
    """
    target = Path(target).resolve()
    if target.is_file():
        raise ParameterError(
            f"{target} is a file, and a folder has to be written there",
            fix="Name another folder, or move the file away.",
        )
    target.mkdir(parents=True, exist_ok=True)
    fresh, owned = _fresh(target, ".new-", "")
    try:
        yield fresh
        for file in sorted(fresh.iterdir()):
            file.replace(target / file.name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        owned.close()


@contextlib.contextmanager
def replacing_folder(target: Path, replaces: Collection[str] = ()) -> Iterator[Path]:
    """Yield a new empty folder that takes the target's place when the block ends well.

    The previous folder stays until the new one is complete, and when the block raises. Should the
    process die between the two renames, the previous result is kept beside the target as
    ``.NAME.previous`` and put back by the next call. `replaces` names files of the target that go although
    the new folder has none of their name.

    Raises
    ------
    ParameterError
        The target is a file, or a folder with files in it that the new one would not replace.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp(), "result")
    >>> with replacing_folder(target) as folder:
    ...     _ = (folder / "a.txt").write_text("whole")
    >>> (target / "a.txt").read_text()
    'whole'
    """
    target = Path(target).resolve()
    if target.is_file():
        raise ParameterError(
            f"{target} is a file, and a folder has to be written there",
            fix="Name another folder, or move the file away.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    previous = target.with_name(f".{target.name}.previous")
    restore_folder(target)
    fresh, owned = _fresh(target.parent, f".{target.name}.", ".new")
    fresh.chmod(0o755)
    try:
        _refuse_foreign(target, set())
        yield fresh
        with _alone(target.parent):  # or two runs at once put their folders into each other's gap
            _refuse_foreign(target, {p.name for p in fresh.iterdir()} | set(replaces))
            if target.exists():
                target.rename(previous)
            fresh.rename(target)
            shutil.rmtree(previous, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        owned.close()
        restore_folder(target)


def _fresh(parent: Path, prefix: str, suffix: str) -> tuple[Path, contextlib.ExitStack]:
    """Return a new folder and the hold on it, after removing those of its kind that killed runs left."""
    with _alone(parent):
        for left in parent.glob(f"{glob.escape(prefix)}*{suffix}"):
            with _held(left, wait=False) as free:  # whoever lives holds the own folder
                if free:
                    shutil.rmtree(left, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
        owned = contextlib.ExitStack()
        owned.enter_context(_held(fresh, wait=True))
    return fresh, owned


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time rename within a folder."""
    with _held(folder, wait=True):
        yield


@contextlib.contextmanager
def _held(folder: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a folder, which the system lets go of when the process dies; yield whether it is held."""
    if sys.platform == "win32":  # there a folder cannot be held
        yield False
        return
    import fcntl

    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            held = True
        except OSError:  # somebody holds it, or the file system knows no locks
            held = False
        yield held
    finally:
        os.close(handle)


def _refuse_foreign(target: Path, ours: set[str]) -> None:
    """Raise where a folder is not to be replaced: it holds other files, or somebody stands in it."""
    here = Path.cwd()
    foreign = sorted({p.name for p in target.iterdir()} - ours) if ours and target.is_dir() else []
    if not foreign and target != here and target not in here.parents:
        return
    raise ParameterError(
        f"{target} is not a folder that may be replaced as a whole",
        given=f"it also holds {', '.join(foreign[:3])}"
        if foreign
        else "it is the working folder or one above it",
        fix="Name a new folder, or one that holds an earlier result and nothing else.",
        code="foreign-files",
    )


def restore_folder(target: Path) -> None:
    """Put back the previous folder where a killed run left the target missing."""
    previous = target.absolute().with_name(f".{target.name}.previous")
    if not previous.exists():
        return
    with _alone(previous.parent):
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)
        elif previous.exists():
            previous.rename(target)


@contextlib.contextmanager
def locked(file: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock file while the block runs; the system lets go of it when the process dies.

    Parameters
    ----------
    file : Path
        Made where it is not there.
    wait : bool, default False
        Whether to wait until another process lets go of it.

    Raises
    ------
    ParameterError
        Another process holds it, and `wait` is not asked for.

    Examples
    --------
    >>> import tempfile
    >>> with locked(Path(tempfile.mkdtemp(), "lock")):
    ...     pass
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a+") as handle:
        try:
            if sys.platform == "win32":
                import msvcrt

                handle.seek(0)
                msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ParameterError(
                f"Another process is writing to {file.parent}",
                fix="Wait until it is done, then run the command again.",
                code="locked",
            ) from None
        yield


def replace_text(target: Path, text: str) -> None:
    """Write a text file in one step: readers see the old content or the new, never a part."""
    replace_bytes(target, text.encode("utf-8"))


def replace_bytes(target: Path, content: bytes) -> None:
    """Write a file in one step, as `replace_text` does."""
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(file: Path, value: Any) -> None:
    """Write plain values as JSON that a person can read; what JSON cannot say, such as NaN, is an error.

    Examples
    --------
    >>> file = Path(tempfile.mkdtemp(), "rate.json")
    >>> write_json(file, {"name": "Müller", "rate": 0.9})
    >>> print(file.read_text(encoding="utf-8"))
    {
      "name": "Müller",
      "rate": 0.9
    }
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text, encoding="utf-8")


def memory_bytes(text: str) -> int:
    """Return the bytes that a size such as 2GB means.

    Examples
    --------
    >>> memory_bytes("1.5GB"), memory_bytes("512 MiB")
    (1500000000, 536870912)
    """
    number, unit = re.fullmatch(r"([\d.]+)\s*([MGT]i?)B", text.strip()).groups()  # type: ignore[union-attr]
    power = "MGT".index(unit[0]) + 2
    return round(float(number) * (1024**power if unit.endswith("i") else 1000**power))
