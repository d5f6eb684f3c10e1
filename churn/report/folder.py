"""The folder of one night, read for the report; what is missing is named with the command that makes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.errors import DataError, MissingFileError

if TYPE_CHECKING:
    import pandas as pd

_MADE_BY = {
    "summary.json": "churn score CONFIG",
    "at_risk.parquet": "churn score CONFIG",
    "reasons.parquet": "churn score CONFIG",
    "retention.json": "churn score CONFIG",
    "segments.parquet": "churn score CONFIG",
    "timeline.parquet": "churn score CONFIG",
    "model.json": "churn score CONFIG",
    "health.json": "churn score CONFIG",
}


@dataclass(frozen=True)
class NightFolder:
    """What one night wrote.

    Attributes
    ----------
    path : Path
        The folder.
    summary : dict
        ``summary.json``.
    at_risk, reasons, segments, timeline : pandas.DataFrame or None
        The listed customers, their reasons, segments and events.
    retention, model, health : dict or None
        ``retention.json``, ``model.json``, ``health.json``.
    campaigns : list of dict
        ``campaigns.json``: what past campaigns did; a night of an earlier version has none.
    missing : dict of str to str
        Files that are not there, and the command that writes them.
    """

    path: Path
    summary: dict[str, Any]
    at_risk: pd.DataFrame | None = None
    reasons: pd.DataFrame | None = None
    segments: pd.DataFrame | None = None
    timeline: pd.DataFrame | None = None
    retention: dict[str, Any] | None = None
    model: dict[str, Any] | None = None
    health: dict[str, Any] | None = None
    campaigns: list[dict[str, Any]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the data set."""
        given = self.summary.get("name") or (self.health or {}).get("name")
        return str(given or self.path.resolve().parent.name)

    @property
    def as_of(self) -> str:
        """The cutoff's local date."""
        return str(self.summary.get("as_of", ""))

    @property
    def currency(self) -> str:
        """What stands before amounts."""
        return str(self.summary.get("currency", ""))


def read_night(folder: str | Path) -> NightFolder:
    """Read the folder of one night.

    Parameters
    ----------
    folder : str or Path
        What ``churn score`` wrote: ``OUTPUT/NAME/DATE``.

    Returns
    -------
    NightFolder
        Whatever is there.

    Raises
    ------
    MissingFileError
        There is no such folder, or neither a summary nor a list in it.
    DataError
        A file in it cannot be read.
    """
    path = Path(folder)
    if not (path / "summary.json").is_file() and not (path / "at_risk.parquet").is_file():
        raise MissingFileError(
            f"{path} is not the folder of a night",
            given="no summary.json and no at_risk.parquet in it"
            if path.is_dir()
            else "there is no such folder",
            fix="Write one first with churn score CONFIG, or name another one.",
            code="no-night",
        )
    missing: dict[str, str] = {}

    def load(name: str) -> Any:
        file = path / name
        if not file.is_file():
            missing[name] = _MADE_BY[name]
            return None
        return _read(file)

    return NightFolder(
        path,
        load("summary.json") or {},
        load("at_risk.parquet"),
        load("reasons.parquet"),
        load("segments.parquet"),
        load("timeline.parquet"),
        load("retention.json"),
        load("model.json"),
        load("health.json"),
        _read(path / "campaigns.json") if (path / "campaigns.json").is_file() else [],
        missing,
    )


def _read(file: Path) -> Any:
    try:
        if file.suffix == ".json":
            return json.loads(file.read_text(encoding="utf-8"))
        import pandas as pd

        return pd.read_parquet(file)
    except (ValueError, OSError) as error:  # ArrowInvalid and JSONDecodeError are ValueErrors
        raise DataError(
            f"{file} cannot be read",
            given=str(error).splitlines()[0],
            fix="Write the night again with churn score CONFIG.",
            code="bad-night",
        ) from error


def newest_night(root: Path) -> Path:
    """Return the newest night below ``OUTPUT/NAME``.

    Raises
    ------
    MissingFileError
        There is none.
    """
    nights = _nights(root)
    if not nights:
        raise MissingFileError(
            f"There is no night in {root} yet",
            fix="Write one first with churn score CONFIG, or name its folder with --night.",
            code="no-night",
        )
    return nights[-1]


def night_before(night: NightFolder) -> Path | None:
    """Return the newest older night beside one, also while it is still written under another name."""
    from churn.scoring.runid import file_name

    own = file_name(night.as_of)
    older = [p for p in _nights(night.path.resolve().parent) if own and p.name < own]
    return older[-1] if older else None


def _nights(root: Path) -> list[Path]:
    """Return the folders of nights by date, oldest first; a backtest or a folder half written is none."""
    return sorted(p.parent for p in root.glob("[0-9][0-9][0-9][0-9]-*/summary.json"))
