"""The files of a saved model: a flat folder with a listing of every file, its size and hash; all of it is data."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn.errors import ModelError
from churn.files import restore_folder

LISTING = "MANIFEST.json"
AGAIN = "Copy the bundle again from where it was made, or train again."
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_MLFLOW_NOTE = "registered_model_meta"  # MLflow writes it beside a model that it downloads
_LARGEST_LISTING = 1_000_000
_LARGEST_INTEGER = 2**63


def seal(folder: Path) -> str:
    """List every file of a folder with its size and hash, and return the hash over the listing.

    Raises
    ------
    ModelError
        A name is not plain.
    """
    files = {}
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        files[_plain(folder, file.name)] = {"bytes": len(content), "sha256": _hash(content)}
    listing = {"files": files, "sha256": _hash(_canonical(files))}
    (folder / LISTING).write_text(json.dumps(listing, indent=1) + "\n", encoding="utf-8", newline="\n")
    return str(listing["sha256"])


def find_bundle(folder: str | Path) -> Path:
    """Return where the bundle lies: the folder itself, or within a model that MLflow saved.

    Raises
    ------
    ModelError
        There is none.
    """
    path = Path(folder)
    restore_folder(path)
    for place in (path, path / "data" / "bundle"):
        if (place / LISTING).is_file():
            return place
    raise ModelError(
        f"There is no model in {path}",
        fix="Train one with churn train CONFIG, or name its folder.",
        code="no-model",
    )


def open_bundle(folder: Path, *, sha256: str | None = None) -> tuple[dict[str, bytes], str]:
    """Read the files of a bundle once, and verify what was read.

    Parameters
    ----------
    folder : Path
        Where its listing lies.
    sha256 : str, optional
        The hash that the listing must have, kept elsewhere.

    Returns
    -------
    dict of str to bytes
        The content of each listed file.
    str
        The hash over the listing.

    Raises
    ------
    ModelError
        The listing or a file was changed, a file is missing, or one is there that is not listed.
    """
    files, digest = _listing(folder)
    if sha256 is not None and sha256 != digest:
        raise ModelError(
            f"The model in {folder} is not the one that was asked for",
            given=f"sha256 {digest}",
            allowed=sha256,
            fix="Name the folder of that model, or leave sha256 away.",
            code="other-model",
        )
    there = {p.name for p in folder.iterdir()} - {LISTING, _MLFLOW_NOTE}
    foreign = sorted(there - files.keys())
    if foreign:
        raise ModelError(
            f"The folder of the model {folder} holds {foreign[0]!r}, which is not listed in {LISTING}",
            fix="Move it away. If you do not know where it is from, copy the bundle again or train again.",
            code="tampered",
        )
    contents = {}
    for name, entry in files.items():
        file = folder / name
        if file.is_symlink() or not file.is_file() or file.stat().st_size != entry["bytes"]:
            raise _changed(folder, name)
        contents[name] = file.read_bytes()
        if _hash(contents[name]) != entry["sha256"]:
            raise _changed(folder, name)
    return contents, digest


def listed_names(folder: Path) -> frozenset[str]:
    """Return the names of the files of a bundle, the listing among them; none where there is no readable one."""
    try:
        return frozenset({*_listing(folder)[0], LISTING, _MLFLOW_NOTE})
    except (ModelError, OSError):
        return frozenset()


def digest_of(folder: Path) -> str:
    """Return the hash over a bundle's listing, which tells it from any other."""
    return _listing(find_bundle(folder))[1]


def read_json(content: bytes, what: str) -> Any:
    """Read JSON that holds plain finite values; no key twice, no number beyond 64 bits.

    Raises
    ------
    ModelError
        It holds something else.

    Examples
    --------
    >>> read_json(b'{"weight": 0.5}', "bundle.json")
    {'weight': 0.5}
    >>> read_json(b'{"weight": NaN}', "bundle.json")
    Traceback (most recent call last):
    ...
    churn.errors.ModelError: bundle.json cannot be used: NaN is no finite number. ...
    """
    try:
        return json.loads(
            content.decode("utf-8"),
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_integer,
            object_pairs_hook=_once,
        )
    except RecursionError:
        raise unusable(what, "it is nested too deeply") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise unusable(what, str(error)) from None


def unusable(what: str, why: str) -> ModelError:
    """Return the error for content that has its hash and still makes no sense."""
    return ModelError(f"{what} cannot be used: {why[:300]}", fix=AGAIN, code="damaged")


def _listing(folder: Path) -> tuple[dict[str, dict[str, Any]], str]:
    file = folder / LISTING
    if file.is_symlink() or file.stat().st_size > _LARGEST_LISTING:
        raise _changed(folder, LISTING)
    data = read_json(file.read_bytes(), f"{LISTING} of the model in {folder}")
    files = data.get("files") if isinstance(data, Mapping) else None
    if files is None and isinstance(data, Mapping) and isinstance(data.get("sha256"), Mapping):
        raise ModelError(
            f"The model in {folder} was saved by an earlier version of churn",
            fix="Train again; the new model takes its place.",
            code="format",
        )
    if not isinstance(files, dict) or not files:
        raise _changed(folder, LISTING)
    for name, entry in files.items():
        _plain(folder, name)
        if not (
            isinstance(entry, dict)
            and isinstance(entry.get("bytes"), int)
            and isinstance(entry.get("sha256"), str)
        ):
            raise _changed(folder, LISTING)
    if data.get("sha256") != _hash(_canonical(files)):
        raise _changed(folder, LISTING)
    return files, str(data["sha256"])


def _plain(folder: Path, name: str) -> str:
    if not _NAME.fullmatch(name) or name == LISTING:
        raise ModelError(
            f"{LISTING} of the model in {folder} names {name!r}, which is no plain file name",
            fix=AGAIN,
            code="tampered",
        )
    return name


def _changed(folder: Path, name: str) -> ModelError:
    return ModelError(
        f"The model in {folder} is damaged: {name} is missing or is not the file that was saved",
        fix=AGAIN,
        code="tampered",
    )


def _canonical(files: Mapping[str, Any]) -> bytes:
    return json.dumps(files, sort_keys=True, separators=(",", ":")).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no finite number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no finite number")
    return value


def _integer(text: str) -> int:
    value = int(text) if len(text) < 21 else _LARGEST_INTEGER
    if abs(value) >= _LARGEST_INTEGER:
        raise ValueError(f"{text[:40]} is beyond 64 bits")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) < len(pairs):
        raise ValueError("a key is there twice")
    return out
