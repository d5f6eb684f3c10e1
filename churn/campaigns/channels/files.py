"""Files for a CRM: a file per campaign, channel, day and batch, each with a manifest that makes it valid."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.channels.base import BASE_COLUMNS, Contact, Result
from churn.csvsafe import csv_safe
from churn.errors import OutputError
from churn.files import adding_files, locked, write_json

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = ".manifest.json"
_PHONE = re.compile(r"\+[0-9][0-9 ()/.-]*")


class FilesChannel:
    """Writes contacts into a folder from which a CRM takes them.

    A batch becomes ``CAMPAIGN-CHANNEL-DAY-HASH.FORMAT``, named for the keys in it: the same batch again is the same
    file with the same bytes. Beside it lies ``NAME.manifest.json`` with the number of contacts, the SHA-256 and the
    keys. A contact whose key is in the folder already is not written a second time.

    Parameters
    ----------
    folder : Path
        Where to; made where there is none.
    form : {"csv", "jsonl", "parquet"}, default "csv"
        Of the files.
    content, fields : sequence of str
        The names of what is handed over with the contacts: a column each, ``content_NAME`` for `content`.

    Notes
    -----
    In CSV a text that a spreadsheet program would take for a formula begins with an apostrophe; a phone number such as
    +49 30 1234 does not. JSON lines and Parquet hold every text as it is.
    """

    def __init__(
        self,
        folder: Path,
        form: str = "csv",
        *,
        content: Sequence[str] = (),
        fields: Sequence[str] = (),
    ) -> None:
        self._folder, self._form = folder, form
        self._content, self._fields = tuple(content), tuple(fields)

    def deliver(self, batch: Sequence[Contact]) -> list[Result]:
        """Write what is not there yet; all or nothing of each file."""
        with locked(self._folder / ".lock", wait=True):
            there = self._handed_over({(c.campaign, c.channel) for c in batch})
            results = {c.key: Result(c.key, "sent", f"in {there[c.key]}") for c in batch if c.key in there}
            fresh = sorted(
                (c for c in batch if c.key not in there),
                key=lambda c: (c.campaign, c.channel, c.due, c.customer, c.step),
            )
            for (campaign, channel, due), group in groupby(fresh, lambda c: (c.campaign, c.channel, c.due)):
                rows = list(group)
                stem = f"{campaign}-{channel}-{due.isoformat()}-{_hash(c.key for c in rows)}"
                name = f"{stem}.{self._form}"
                self._write(rows, name)
                results |= {c.key: Result(c.key, "sent", f"in {name}") for c in rows}
        return [results[c.key] for c in batch]

    def _write(self, rows: Sequence[Contact], name: str) -> None:
        frame = self.frame(rows)
        with adding_files(self._folder) as fresh:  # in the order of names: the manifest after its file
            file = fresh / name
            _WRITERS[self._form](frame, file)
            _settle(file)
            write_json(fresh / f"{name}{MANIFEST}", manifest(file, frame["key"]))
            _settle(fresh / f"{name}{MANIFEST}")

    def frame(self, rows: Sequence[Contact]) -> pd.DataFrame:
        """Return contacts as a frame, with the columns of the file."""
        import pandas as pd

        columns: dict[str, list[Any]] = {}
        for name in BASE_COLUMNS:
            values = [getattr(c, name) for c in rows]
            columns[name] = values if name == "step" else [_utf8(str(v)) for v in values]
        for name in self._content:
            columns[f"content_{name}"] = [_utf8(c.content.get(name, "")) for c in rows]
        for name in self._fields:
            columns[name] = [_utf8(c.fields.get(name, "")) for c in rows]
        return pd.DataFrame(columns)

    def _handed_over(self, groups: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Return the file of every key that was handed over before, and finish what a killed run left."""
        found: dict[str, str] = {}
        for campaign, channel in sorted(groups):
            form = re.compile(
                rf"{re.escape(campaign)}-{re.escape(channel)}-\d{{4}}-\d\d-\d\d-[0-9a-f]{{12}}\.(csv|jsonl|parquet)"
            )
            names = {p.name for p in self._folder.iterdir() if form.fullmatch(p.name.removesuffix(MANIFEST))}
            for name in sorted(n for n in names if not n.endswith(MANIFEST)):
                if f"{name}{MANIFEST}" not in names:  # killed between the two
                    file = self._folder / name
                    with adding_files(self._folder) as fresh:
                        write_json(fresh / f"{name}{MANIFEST}", manifest(file, _keys_in(file)))
                    names.add(f"{name}{MANIFEST}")
            for name in sorted(n for n in names if n.endswith(MANIFEST)):
                found |= dict.fromkeys(_keys_of(self._folder / name), name.removesuffix(MANIFEST))
        return found


def manifest(file: Path, keys: Iterable[str]) -> dict[str, Any]:
    """Return what a receiver checks a file against; no customer is named in it.

    Parameters
    ----------
    file : Path
        The file, whole.
    keys : iterable of str
        Of the contacts in it.
    """
    listed = sorted(keys)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return {"file": file.name, "contacts": len(listed), "sha256": digest, "keys": listed}


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")  # half a letter of UTF-16 is none


def _hash(keys: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(sorted(keys)).encode(), digest_size=6).hexdigest()


def _keys_of(file: Path) -> list[str]:
    try:
        keys = json.loads(file.read_text(encoding="utf-8"))["keys"]
        if not all(isinstance(k, str) for k in keys):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise _damaged(file) from None
    return list(keys)


def _keys_in(file: Path) -> list[str]:
    import pandas as pd

    try:
        if file.suffix == ".parquet":
            frame = pd.read_parquet(file, columns=["key"])
        elif file.suffix == ".csv":
            frame = pd.read_csv(file, usecols=["key"], dtype=str)
        else:
            frame = pd.DataFrame(json.loads(line) for line in file.read_text("utf-8").splitlines())
        return [str(k) for k in frame["key"]]
    except (ValueError, KeyError, OSError):
        raise _damaged(file) from None


def _damaged(file: Path) -> OutputError:
    return OutputError(
        f"{file} is not as it was written, so it cannot be told whom it holds",
        fix="Put it back as it was; or move it away with the file that it belongs to, if the CRM has read that one.",
        code="damaged-file",
    )


def _settle(file: Path) -> None:
    """Bring a file to the disk: the ledger says next that it is handed over."""
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _write_csv(frame: pd.DataFrame, file: Path) -> None:
    safe = csv_safe(frame)
    for name in safe.columns:
        if name != "step":
            phone = frame[name].astype(str).str.fullmatch(_PHONE.pattern)
            safe[name] = safe[name].where(~phone, frame[name])
    safe.to_csv(file, index=False, encoding="utf-8", lineterminator="\n")


def _write_jsonl(frame: pd.DataFrame, file: Path) -> None:
    lines = (json.dumps(row, ensure_ascii=False) for row in frame.to_dict("records"))
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _write_parquet(frame: pd.DataFrame, file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file, store_schema=False)


_WRITERS: dict[str, Callable[[Any, Path], None]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}
