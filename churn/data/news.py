"""What is new since a saved log was last extended: files not seen before, rows above the last value."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from churn.config import TABLES, Config, Location, Source
from churn.data.expressions import quote_name, quote_text
from churn.data.locations import Part, find_files
from churn.errors import DataError, MissingFileError

_FILE = re.compile(r"'[^']*\.(csv|tsv|txt|gz|parquet|pq|json|duckdb|db)'|\bread_\w+\s*\(", re.IGNORECASE)


@dataclass
class News:
    """What a run of ingest reads.

    Attributes
    ----------
    parts : dict of str to Part
        What to read of each location, by table or ``input NAME``.
    tables : dict of str to str
        The tables to read: ``new`` rows, or ``whole`` in place of what was read before.
    files : dict of str to dict
        The files that are read for the first time or again, by location, with what they are known by.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    files: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    @property
    def file_names(self) -> tuple[str, ...]:
        """The files that are read, without doubles."""
        return tuple(dict.fromkeys(name for group in self.files.values() for name in group))


@dataclass
class _State:
    """One location: whether its rows come in parts, and whether there are new ones or others."""

    grows: bool
    news: bool
    changed: str | None = None


def sources_of(config: Config) -> dict[str, Source]:
    """Return the sources by table, tables of ready features last."""
    own = {t: getattr(config.sources, t) for t in TABLES}
    return {t: s for t, s in own.items() if s is not None} | dict(config.features.tables)


def whats_new(
    config: Config,
    known: Mapping[str, Mapping[str, Mapping[str, Any]]] | None,
    newest: Mapping[str, Mapping[str, str]],
    order: Mapping[str, list[str]] | None = None,
) -> News:
    """Find what a saved log does not have yet.

    Parameters
    ----------
    config : Config
        The locations.
    known : mapping or None
        The files that were read, by location; None when nothing was.
    newest : mapping
        The last value seen of each location's `newer` column, with its type.
    order : mapping, optional
        In which order an earlier log read the files, for a rebuild.

    Returns
    -------
    News
        Without tables where nothing is new.

    Raises
    ------
    DataError
        A file that was read has changed, or nothing tells what is new.
    """
    news = News()
    states: dict[str, _State] = {}
    places: dict[str, Location] = {f"input {n}": i for n, i in config.inputs.items()}
    sources = sources_of(config)
    for where, location in (places | sources).items():
        if location.query is None:
            states[where] = _locate(config, where, location, known, newest, order or {}, news)
    for table, source in sources.items():
        used = [table] if source.query is None else _inputs_of(source.query, config)
        if known is None:
            news.tables[table] = "new"
            continue
        if not used:
            if table == "customers":
                news.tables[table] = "whole"
                continue
            raise DataError(
                f"Nothing tells which rows of {table} are new: their query reads files that are not named under inputs",
                fix="Name the files under inputs, or run churn ingest CONFIG --rebuild every time.",
                code="untracked-query",
            )
        mine = [states[u] for u in used]
        changed = next((s.changed for s in mine if s.changed), None)
        if table == "customers" and not any(s.grows for s in mine):
            if changed:
                news.tables[table] = "whole"
        elif changed:
            raise DataError(
                f"{table}: the file {changed} was read before and has changed since",
                fix="Deliver new rows in new files, or name under newer the column that grows with every delivery; "
                "or run churn ingest CONFIG --rebuild to read everything again.",
                code="changed-file",
            )
        elif any(s.news for s in mine):
            news.tables[table] = "new"
    if news.tables == {"customers": "whole"} and not news.files and known is not None:
        news.tables = {}  # a query over files that nobody tracks is run again beside other news only
    return news


def _locate(
    config: Config,
    where: str,
    location: Location,
    known: Mapping[str, Mapping[str, Mapping[str, Any]]] | None,
    newest: Mapping[str, Mapping[str, str]],
    order: Mapping[str, list[str]],
    news: News,
) -> _State:
    text = str(location.path or location.database)
    grows = location.newer is not None or (location.path is not None and _is_pattern(config, text))
    before = None if known is None else known.get(where, {})
    content = location.newer is None  # what grows is not read as a whole just to see whether it has changed
    try:
        paths = find_files(config, text, where)
    except MissingFileError:
        if before and grows:  # files that were read may be put away
            return _State(grows, news=False)
        raise
    names = {file_name(config, p): p for p in paths if location.path is None or not Path(p).is_dir()}
    if before is None:
        wanted = [n for n in order.get(where, []) if n in names]
        wanted += [n for n in names if n not in wanted]
        if location.path is not None and names:
            news.parts[where] = Part(tuple(names[n] for n in wanted))
        news.files[where] = {n: stamp(names[n], content=content) for n in wanted}
        return _State(grows, news=True)
    fresh = {n: stamp(p, content=content) for n, p in names.items() if n not in before}
    others = {n: s for n, p in names.items() if n in before and (s := _changed(p, before[n])) is not None}
    if location.newer is not None:
        above, condition = newest.get(where), ""
        if above is not None:
            column = quote_name(location.newer)  # bare where it can be: DuckDB then skips what is below
            if not above["as_is"]:
                column = f"TRY_CAST({column} AS {above['type']})"
            condition = f"{column} > CAST({quote_text(above['value'])} AS {above['type']})"
        read = fresh | others
        files = tuple(names[n] for n in read) if location.path is not None else None
        news.parts[where] = Part(files, condition)
        if read:
            news.files[where] = read
        return _State(grows, news=bool(read) or location.database is not None)
    if not grows:
        news.files.update({where: fresh | others} if fresh or others else {})
        return _State(grows, news=False, changed=next(iter(fresh | others), None))
    news.parts[where] = Part(tuple(names[n] for n in fresh))
    if fresh:
        news.files[where] = fresh
    return _State(grows, news=bool(fresh), changed=next(iter(others), None))


def _is_pattern(config: Config, text: str) -> bool:
    return glob.has_magic(text) and not any(p.exists() for p in config.search_path(text))


def _inputs_of(query: str, config: Config) -> list[str]:
    """Return the inputs that a query names; none where it reads files of its own, which nobody tracks."""
    if _FILE.search(query):
        return []
    return [f"input {n}" for n in named_inputs(query, config)]


def named_inputs(query: str, config: Config) -> list[str]:
    """Return the inputs whose names stand in a query; SQL does not mind capitals."""
    return [n for n in config.inputs if re.search(rf"\b{n}\b", query, re.IGNORECASE)]


def file_name(config: Config, path: str) -> str:
    """Return by what name a file is known: from the configuration file's folder where it lies below it."""
    full, folder = Path(path).resolve(), config.place(".").resolve()
    return str(full.relative_to(folder)) if full.is_relative_to(folder) else str(full)


def stamp(path: str, *, content: bool = True) -> dict[str, Any]:
    """Return by what a file is known: its size and time, and a hash of its content."""
    about, digest = Path(path).stat(), ""
    if content:
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": about.st_size, "mtime_ns": about.st_mtime_ns, "sha256": digest}


def _changed(path: str, before: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a file is known by now where its content has changed, else None."""
    about = Path(path).stat()
    if (about.st_size, about.st_mtime_ns) == (before["size"], before["mtime_ns"]):
        return None
    now = stamp(path, content=bool(before["sha256"]))
    return None if before["sha256"] and now["sha256"] == before["sha256"] else now
