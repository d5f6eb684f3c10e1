"""Finds the rows of a location: files, DuckDB tables, queries; all of them, or those that are new."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from churn.config import Config, Location, SetAside
from churn.data.checks import Finding, make_examples
from churn.data.database import Database
from churn.data.expressions import quote_name, quote_text
from churn.errors import ConfigError, DataError, MissingFileError

FILE_COLUMN = "_churn_file"


@dataclass(frozen=True)
class Part:
    """Which rows of a location are read.

    Attributes
    ----------
    files : tuple of str or None
        Only these of its files, in this order; none of the rows when empty, all files when None.
    where : str
        An SQL condition, such as those above the last value seen; all rows when empty.
    """

    files: tuple[str, ...] | None = None
    where: str = ""


class Locations:
    """Turns the locations of a configuration into relations of one DuckDB connection.

    Parameters
    ----------
    config : Config
        Says where relative paths start.
    database : Database
        In which databases are attached and inputs become views.
    parts : mapping of str to Part, optional
        What to read, by the name of a table or ``input NAME``; everything when left out.
    """

    def __init__(
        self, config: Config | None, database: Database, parts: Mapping[str, Part] | None = None
    ) -> None:
        self._config, self._db, self._parts = config, database, parts or {}
        self._databases: dict[str, str] = {}

    def open_inputs(self) -> list[Finding]:
        """Make a view of each input, and say what their rules set aside."""
        assert self._config is not None
        # Each folder once: DuckDB reads what a pattern finds in two of them twice.
        folders = list(dict.fromkeys(str(p.resolve()) for p in self._config.search_path(".")))
        self._db.run(f"SET file_search_path = {quote_text(','.join(folders))}", "the configuration")
        findings: list[Finding] = []
        for name, location in self._config.inputs.items():
            where = f"input {name}"
            relation = self.relation(location, where)
            findings += self.set_aside(location, relation, where)
            keep = keep_condition(location)
            self._db.run(f"CREATE TEMP VIEW {quote_name(name)} AS SELECT * FROM {relation}{keep}", where)
        return findings

    def relation(self, location: Location, where: str, *, file_column: bool = False) -> str:
        """Return the SQL of a location's rows, those of its part; `where` names it in errors.

        With `file_column` a table read from several files has a column more, which tells them apart.
        """
        part = self._parts.get(where, Part())
        whole = self.whole(location, where, part.files, file_column=file_column)
        conditions = [part.where] if part.where else []
        if part.files == ():
            conditions.append("false")
        return f"(SELECT * FROM {whole} WHERE {' AND '.join(conditions)})" if conditions else whole

    def whole(
        self,
        location: Location,
        where: str,
        files: tuple[str, ...] | None = None,
        *,
        file_column: bool = False,
    ) -> str:
        """Return the SQL of all rows of a location, or of some of its files."""
        if location.query is not None:
            query = location.query.strip().rstrip(";")
            return f"({query}\n)"  # the query may end in a comment
        if location.database is not None and location.table is not None:
            path = self.find(location.database, where)[0]
            if path not in self._databases:
                alias = f"churn_db_{len(self._databases)}"
                self._db.run(f"ATTACH {quote_text(path)} AS {alias} (READ_ONLY)", where)
                self._databases[path] = alias
            return ".".join([self._databases[path], *(quote_name(p) for p in location.table.split("."))])
        paths = list(files or self.find(str(location.path), where))
        listed = "[" + ", ".join(quote_text(glob.escape(p)) for p in paths) + "]"
        kinds = {Path(p).suffix.lower() for p in paths}
        more = f", filename={quote_text(FILE_COLUMN)}" if file_column and len(paths) > 1 else ""
        if kinds <= {".parquet", ".pq"}:
            return f"read_parquet({listed}, union_by_name=true{more})"
        if kinds <= {".csv", ".tsv", ".txt", ".gz"}:
            empty = [p for p in paths if Path(p).stat().st_size == 0]
            if empty:
                raise DataError(
                    f"{where}: the file {empty[0]} is empty, it has not even a line of column names",
                    fix="Export it again, or take it out of the path.",
                    code="empty-file",
                )
            more += f", delim={quote_text(location.delimiter)}" if location.delimiter else ""
            # Left to itself DuckDB skips odd lines at the top and lines that begin with #, without a word.
            return f"read_csv({listed}, all_varchar=true, header=true, union_by_name=true, skip=0, comment=''{more})"
        raise ConfigError(
            f"{where}: the path {location.path} is neither CSV nor Parquet",
            given="a folder" if any(Path(p).is_dir() for p in paths) else ", ".join(sorted(kinds)),
            allowed="files ending in .csv, .tsv, .txt, .csv.gz or .parquet, all of one kind",
            fix="For a folder add a pattern such as /*.parquet; convert other files or read them through a query.",
            code="config-path",
        )

    def find(self, text: str, where: str) -> list[str]:
        """Return the files that a path or pattern means."""
        assert self._config is not None
        return find_files(self._config, text, where)

    def set_aside(self, location: Location, relation: str, table: str) -> list[Finding]:
        """Count the rows that the user's rules set aside."""
        findings = []
        before = ""
        for rule in location.set_aside:
            condition = _condition(rule)
            rows = self._db.one(f"SELECT count(*) FROM {relation} WHERE {condition}{before}", table)
            if rows:
                columns = {n: t for n, t in self._db.describe(relation, table).items() if n != FILE_COLUMN}
                shown = self._db.connection.execute(
                    f"SELECT {', '.join(printable(n, t) for n, t in columns.items())} "
                    f"FROM {relation} WHERE {condition}{before} LIMIT 3"
                ).fetchall()
                examples = make_examples(dict(zip(columns, r, strict=True)) for r in shown)
                findings.append(Finding(table, "set-aside-rule", "set aside", rows, rule.why, examples))
            before += f" AND NOT {condition}"
        return findings


def find_files(config: Config, text: str, where: str) -> list[str]:
    """Return the files that a path or pattern means, sorted.

    Parameters
    ----------
    config : Config
        Says where relative paths start.
    text : str
        The path or pattern.
    where : str
        Whose it is, for the error.

    Raises
    ------
    MissingFileError
        There is none.
    """
    tried = config.search_path(text)
    for candidate in tried:
        if candidate.exists():  # a name may hold the signs of a pattern: orders[1].csv
            return [str(candidate)]
        found = sorted(glob.glob(str(candidate), recursive=True))  # noqa: PTH207 - absolute globs
        if found:
            return found
    raise MissingFileError(
        f"{where}: no file matches {text}",
        given=f"looked for {' and '.join(dict.fromkeys(str(p.resolve()) for p in tried))}",
        fix="Correct the path; a relative one starts at the configuration file's folder, then at yours.",
        code="missing-source",
    )


def keep_condition(location: Location | None) -> str:
    """Return the WHERE clause that leaves out what the user's rules set aside."""
    if location is None or not location.set_aside:
        return ""
    return " WHERE " + " AND ".join(f"NOT {_condition(r)}" for r in location.set_aside)


def _condition(rule: SetAside) -> str:
    return f"coalesce(({rule.when}\n), false)"  # the rule may end in a comment


def printable(column: str, kind: str) -> str:
    """Return the SQL of a column in a form that can be fetched."""
    # DuckDB needs pytz to hand out timestamps with a zone; text does without.
    return f"{quote_name(column)}::VARCHAR" if "TIME ZONE" in kind or "TZ" in kind else quote_name(column)
