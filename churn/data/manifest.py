"""What a saved log knows of itself: its deliveries, the files they came from, labels, counts, findings."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.data.checks import Finding
from churn.data.contracts import Kind
from churn.errors import DataError, MissingFileError
from churn.files import replace_text

if TYPE_CHECKING:
    from churn.config import Config

FORMAT = 1
NAME = "manifest.json"


@dataclass
class TableInfo:
    """One table of the log.

    Attributes
    ----------
    numbers, instants : list of str
        Its columns; `texts` are the keys of `labels`.
    labels : dict of str to dict of str to list
        Of each text column the values in the order of their codes: rows that count, rows held.
    recorded, keyed : bool
        Whether rows say when they became known, and whether they have a key.
    rows_read, rows, repeated : int
        Rows read so far, rows that count, and rows that repeated a key without being corrections.
    first, last : int or None
        The time of the first and the last row that counts.
    kinds : dict of str to Kind
        Of a table of ready features, the kinds of its fields.
    """

    numbers: list[str] = field(default_factory=list)
    instants: list[str] = field(default_factory=list)
    labels: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    recorded: bool = False
    keyed: bool = False
    rows_read: int = 0
    rows: int = 0
    repeated: int = 0
    first: int | None = None
    last: int | None = None
    kinds: dict[str, Kind] = field(default_factory=dict)


@dataclass
class Master:
    """The customers table: its columns, the first delivery that still counts, and how many customers it has."""

    joined: bool = False
    consent: bool = False
    segments: dict[str, dict[str, int]] = field(default_factory=dict)
    contact: list[str] = field(default_factory=list)
    since: int = 0
    customers: int = 0


@dataclass
class Delivery:
    """What one run of ingest added.

    Attributes
    ----------
    number : int
        From 1, in the order in which they count.
    folder : str
        Where its files are.
    at : str
        When it was read (UTC).
    groups : dict of str to list of int
        Rows per table and bucket; a bucket without rows has no row group.
    customers : int
        Customers seen for the first time.
    attributes : bool
        Whether it has rows of the customers table.
    corrected : list of str
        Tables of which it replaces rows.
    hashes : dict of str to str
        Of its files.
    """

    number: int
    folder: str
    at: str = ""
    groups: dict[str, list[int]] = field(default_factory=dict)
    customers: int = 0
    attributes: bool = False
    corrected: list[str] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)


@dataclass
class Manifest:
    """Everything about a saved log but its rows."""

    name: str
    timezone: str
    buckets: int
    id_type: str
    settings: dict[str, Any]
    deliveries: list[Delivery] = field(default_factory=list)
    tables: dict[str, TableInfo] = field(default_factory=dict)
    master: Master | None = None
    customers: int = 0
    files: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    newest: dict[str, dict[str, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Replace the manifest of a folder: from now on the log is this one."""
        content = {"format": FORMAT, **asdict(self), "findings": [f.to_dict() for f in self.findings]}
        replace_text(folder / NAME, json.dumps(content, indent=1, ensure_ascii=False))


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a saved log.

    Parameters
    ----------
    folder : Path
        The log's folder.

    Raises
    ------
    MissingFileError
        There is no log.
    DataError
        It is not one that this version can read.
    """
    rebuild = "Run churn ingest CONFIG --rebuild to read everything again."
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        version = content.pop("format")
    except FileNotFoundError:
        raise MissingFileError(
            f"There is no saved log in {folder}",
            fix="Make it with churn ingest CONFIG.",
            code="no-log",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{folder / NAME} is damaged", fix=rebuild, code="damaged-log") from None
    if version != FORMAT:
        raise DataError(
            f"The log in {folder} was saved by another version of churn",
            given=f"format {version}",
            allowed=f"format {FORMAT}",
            fix=rebuild,
            code="log-format",
        )
    try:
        return Manifest(
            **{
                **content,
                "deliveries": [Delivery(**d) for d in content["deliveries"]],
                "tables": {k: TableInfo(**t) for k, t in content["tables"].items()},
                "master": Master(**content["master"]) if content["master"] else None,
                "findings": [Finding(**{**f, "examples": tuple(f["examples"])}) for f in content["findings"]],
            }
        )
    except (TypeError, KeyError, AttributeError):
        raise DataError(f"{folder / NAME} is damaged", fix=rebuild, code="damaged-log") from None


def log_settings(config: Config) -> dict[str, Any]:
    """Return the settings that shape the log, flat; a log made with others has to be made again."""
    content = config.model_dump(mode="json", include={"timezone": True, "inputs": True, "sources": True})
    content["features"] = {
        "tables": {k: s.model_dump(mode="json") for k, s in config.features.tables.items()}
    }
    return dict(sorted(_flat(content, "")))


def _flat(value: Any, place: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [item for k, v in value.items() for item in _flat(v, f"{place}.{k}" if place else str(k))]
    return [] if value is None or value in ([], ()) else [(place, value)]


def check_settings(manifest: Manifest, config: Config, folder: Path) -> None:
    """Refuse a log that was made with other settings than the configuration has.

    Raises
    ------
    DataError
        It names the settings.
    """
    old, new = manifest.settings, log_settings(config)
    changed = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
    if changed:
        raise DataError(
            f"The log in {folder} was made with other settings",
            given=f"changed since then: {', '.join(changed[:5])}{' and more' if len(changed) > 5 else ''}",
            fix="Run churn ingest CONFIG --rebuild to read everything again, or set them back.",
            code="other-settings",
        )
