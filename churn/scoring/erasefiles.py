"""Files without some customers: every other row, byte or value stays as it is, and each file changes in one step."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.errors import DataError
from churn.files import replace_bytes, replace_text

if TYPE_CHECKING:
    import pyarrow as pa

PAGES = (".html", ".md")  # made of the other files of their folder
ERASED = "(erased)"
_MANIFEST = ".manifest.json"


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that may hold customers, in the order of their names."""
    for file in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if file.suffix.lower() in _READERS and file.is_file() and not file.name.endswith(_MANIFEST):
            yield file


def without(file: Path, customers: Collection[str], *, yes: bool) -> int:
    """Return how many rows or values of a file are of customers; with `yes` they are taken out.

    Parameters
    ----------
    file : Path
        Parquet, CSV, JSON lines or JSON.
    customers : collection of str
        Ids as texts.
    yes : bool
        Whether the file is changed.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    try:
        found, content = _READERS[file.suffix.lower()](file, customers, yes)
    except (ValueError, csv.Error) as error:  # Arrow's errors are ValueErrors too
        raise DataError(
            f"{file} cannot be read, so nobody can say whether it holds the customers",
            given=str(error).split("\n", maxsplit=1)[0][:200],
            fix="Repair or delete the file, then run the command again; what was done stays done.",
        ) from None
    if found and yes:
        assert content is not None
        replace_bytes(file, content)
        beside = file.with_name(file.name + _MANIFEST)
        if beside.is_file():
            _settle(beside, content, found)
    return found


def _settle(manifest: Path, content: bytes, gone: int) -> None:
    """Let the manifest of a file that was handed over agree with it again."""
    told = json.loads(manifest.read_text(encoding="utf-8"))
    if "sha256" in told:
        told["sha256"] = hashlib.sha256(content).hexdigest()
    if "contacts" in told:
        told["contacts"] = int(told["contacts"]) - gone
    replace_text(manifest, json.dumps(told, indent=2, ensure_ascii=False))


Taken = tuple[int, bytes | None]


def _parquet(file: Path, customers: Collection[str], yes: bool) -> Taken:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if "customer" not in pq.read_schema(file).names:
        return 0, None
    ids = pq.read_table(file, columns=["customer"])["customer"].cast(pa.string())
    mine = pc.is_in(ids, value_set=pa.array(sorted(customers), pa.string()))
    found = int(pc.sum(mine).as_py() or 0)
    if not found or not yes:
        return found, None
    kept: pa.Table = pq.read_table(file).filter(pc.invert(mine))
    about = pq.read_metadata(file)
    rows = max((about.row_group(n).num_rows for n in range(about.num_row_groups)), default=len(kept))
    sink = io.BytesIO()
    pq.write_table(kept, sink, row_group_size=max(rows, 1))
    return found, sink.getvalue()


def _csv(file: Path, customers: Collection[str], _: bool) -> Taken:
    text = file.read_bytes().decode("utf-8-sig")
    lines = _lines(text)
    reader = csv.reader(lines)
    head = next(reader, [])
    if "customer" not in head:
        return 0, None
    at, kept, done, found = head.index("customer"), lines[: reader.line_num], reader.line_num, 0
    for row in reader:
        own = row[at] if len(row) > at else ""
        if own in customers or (own.startswith("'") and own[1:] in customers):  # as csv_safe writes it
            found += 1
        else:
            kept += lines[done : reader.line_num]
        done = reader.line_num
    return found, "".join(kept).encode("utf-8")


def _lines(text: str) -> list[str]:
    """Part a text at line feeds alone: splitlines parts at letters that csv takes for part of a value."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)


def _jsonl(file: Path, customers: Collection[str], _: bool) -> Taken:
    kept, found = [], 0
    for line in _lines(file.read_text(encoding="utf-8")):
        row = json.loads(line) if line.strip() else None
        if isinstance(row, dict) and str(row.get("customer")) in customers:
            found += 1
        else:
            kept.append(line)
    return found, "".join(kept).encode("utf-8")


def _json(file: Path, customers: Collection[str], _: bool) -> Taken:
    value = json.loads(file.read_text(encoding="utf-8"))
    count = [0]
    # A number may be a count as well, so only ids with letters are looked for inside sentences.
    words = sorted((c for c in customers if not c.isdigit() and c.strip()), key=len, reverse=True)
    inside = re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in words)) if words else None
    out = _cleaned(value, customers, inside, count)
    return count[0], json.dumps(out, indent=2, ensure_ascii=False).encode("utf-8")


def _cleaned(value: Any, customers: Collection[str], inside: re.Pattern[str] | None, count: list[int]) -> Any:
    def again(v: Any) -> Any:
        return _cleaned(v, customers, inside, count)

    if isinstance(value, dict):
        return {k: again(v) for k, v in value.items()}
    if isinstance(value, list):
        kept = [v for v in value if not (isinstance(v, dict) and str(v.get("customer")) in customers)]
        count[0] += len(value) - len(kept)
        return [again(v) for v in kept]
    if isinstance(value, str):
        if value in customers:
            count[0] += 1
            return ERASED
        if inside is not None:
            text, hits = inside.subn(ERASED, value)
            count[0] += hits
            return text
    return value


_READERS: dict[str, Callable[[Path, Collection[str], bool], Taken]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".json": _json,
}
