"""Makes a saved log and extends it by what is new; the old rows are not read again."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
import time as clock
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from churn.config import Config, Source
from churn.data.checks import CheckReport, Finding, check_enough, merge_findings
from churn.data.contracts import Kind
from churn.data.corrections import FEW, FEWEST, Corrections
from churn.data.delivery import DeliveryWriter, count_segments, customer_files
from churn.data.expressions import natural_id
from churn.data.ingest_report import IngestReport, TableNews
from churn.data.load import unusable
from churn.data.manifest import (
    NAME,
    Delivery,
    Manifest,
    check_settings,
    log_settings,
    read_manifest,
)
from churn.data.news import News, sources_of, stamp, whats_new
from churn.data.rules import SETTINGS, RowRules
from churn.data.schema import REBUILD, check_same, describe, meaning_of
from churn.data.size import buckets_for, needs_parts
from churn.data.sources import Reader
from churn.data.typed import Staged
from churn.data.watermarks import newest_values
from churn.errors import ChurnError, ConfigError, DataError
from churn.files import locked, memory_bytes
from churn.progress import report

if TYPE_CHECKING:
    from churn.data.typed import TypedTable

_DELIVERY = re.compile(r"\d{5,}-[0-9a-f]{8}")  # no folder of anybody else is removed


def ingest(config: Config, *, rebuild: bool = False) -> IngestReport:
    """Make the saved log that a configuration names, or extend it by what is new.

    Parameters
    ----------
    config : Config
        With `log.path`.
    rebuild : bool, default False
        Read everything again, in the order in which it was delivered, and replace the log.

    Returns
    -------
    IngestReport
        What was read, added, corrected and set aside.

    Raises
    ------
    ConfigError, MissingFileError
        A source or mapping is wrong.
    DataError
        The data cannot be used, or nothing tells what is new in them.
    ParameterError
        Another process is writing to the log.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import churn
    >>> from churn.config import make_config
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = churn.make_shop(50, seed=1).write(folder)
    >>> config = make_config({"name": "shop", "timezone": "UTC", "log": {"path": "log"},
    ...                       "sources": {"orders": {"path": "orders.parquet"}},
    ...                       "definition": {"active_days": 180, "horizon_days": 60}}, folder=folder)
    >>> first, again = ingest(config), ingest(config)
    >>> churn.load_history(config).name
    'shop'
    """
    if config.log.path is None:
        raise ConfigError(
            "The configuration names no folder for the saved log",
            fix="Set log.path, e.g. log: {path: churn-log}.",
            code="no-log-path",
        )
    start = clock.perf_counter()
    folder = config.place(config.log.path)
    with locked(folder / "lock"):
        result = _Run(config, folder, rebuild=rebuild).run()
    return replace(result, seconds=clock.perf_counter() - start)


class _Run:
    """One run of ingest, from what is new to the written manifest."""

    def __init__(self, config: Config, folder: Path, *, rebuild: bool) -> None:
        self._config, self._folder = config, folder
        self._old = self._open(rebuild=rebuild)
        self._extends = self._old is not None and not rebuild
        self._sources = sources_of(config)

    def _open(self, *, rebuild: bool) -> Manifest | None:
        if not (self._folder / NAME).exists():
            return None
        try:
            manifest = read_manifest(self._folder)
        except DataError:
            if rebuild:
                return None
            raise
        if not rebuild:
            check_settings(manifest, self._config, self._folder)
        _clean(self._folder, manifest)
        return manifest

    def run(self) -> IngestReport:
        """Read what is new and write it."""
        old = self._old
        report("Looking for new rows")
        known, newest, order = None, {}, {}
        if old is not None and self._extends:
            known, newest = old.files, old.newest
        elif old is not None:
            order = {where: list(files) for where, files in old.files.items()}
        news = whats_new(self._config, known, newest, order)
        if old is not None and not self._extends:
            _check_all_there(old, news)
        if not news.tables and old is not None:
            return self._report(old, {}, (), ())
        limit = memory_bytes(self._config.log.memory_limit)
        number = old.deliveries[-1].number + 1 if old is not None and self._extends and old.deliveries else 1
        delivery = Delivery(
            number, f"{number:05d}-{secrets.token_hex(4)}", dt.datetime.now(dt.UTC).isoformat()
        )
        fresh = self._folder / delivery.folder
        fresh.mkdir()
        try:
            # DuckDB takes up to a fifth more than its limit, and the arrays of a bucket come on top.
            with Reader(self._config, memory_limit=f"{limit // 2**21}MiB", parts=news.parts) as reader:
                return self._read(reader, news, delivery, limit)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise

    def _read(self, reader: Reader, news: News, delivery: Delivery, limit: int) -> IngestReport:
        config, old = self._config, self._old
        scatter = 0
        if old is not None and self._extends:
            manifest = old
            big = needs_parts(config, reader, news, limit)
            scatter = manifest.buckets if big and manifest.buckets > 1 else 0
        else:
            buckets = buckets_for(config, reader, news)
            scatter = buckets if buckets > 1 and needs_parts(config, reader, news, limit) else 0
            manifest = Manifest(config.name, config.timezone or "UTC", buckets, "", log_settings(config))
        rules = RowRules(reader, config.timezone, keys_elsewhere=True)
        rules.findings += [f for f in reader.findings if self._counts(f.table, news)]
        staged = self._stage(reader, news, manifest, scatter)
        if self._extends and not news.files and not any(s.rows_read for s in staged.values()):
            shutil.rmtree(self._folder / delivery.folder)
            assert old is not None
            return self._report(old, {}, (), ())
        for table, s in staged.items():
            since = delivery.number if news.tables[table] == "whole" else None
            describe(manifest, table, self._sources[table], s, since=since)
        writer = DeliveryWriter(self._folder, manifest, delivery, reader.database)
        used: dict[str, int] = {}
        for bucket, tables in self._typed(reader, staged, rules, scatter):
            for table, typed in tables.items():
                used[table] = used.get(table, 0) + len(typed.row)
            writer.add(tables, rules, bucket)
        writer.finish()
        manifest.deliveries.append(delivery)
        corrections = Corrections(self._folder, manifest, delivery, reader.database)
        corrected = {}
        for table, s in staged.items():
            info = manifest.tables.get(table)
            if info is not None and info.keyed and s.contract.key is not None:
                report(f"Looking for corrected {table}")
                corrected[table] = corrections.apply(table, s.contract.key, rules)
            texts = [text for about, text, _ in SETTINGS.values() if about == table]
            known = [v for text in texts if info is not None for v in info.labels.get(text, ())]
            rules.finish(table, meaning_of(self._sources[table]), known)
        if "customers" in staged:
            count_segments(self._folder, manifest)
        found = merge_findings(rules.findings)
        self._check(manifest, staged, used, found)
        values = newest_values(config, reader, news, self._old.newest if self._old and self._extends else {})
        self._still_the_same(news)
        manifest.newest = values
        for where, files in news.files.items():
            manifest.files.setdefault(where, {}).update(files)
        # What may hold no longer is said anew with every delivery.
        lasting = [f for f in manifest.findings if f.table not in staged or not _passing(f)]
        manifest.findings = merge_findings([*lasting, *found])
        order = list(self._sources)
        manifest.tables = dict(sorted(manifest.tables.items(), key=lambda item: order.index(item[0])))
        writer.seal()
        manifest.write(self._folder)
        _clean(self._folder, manifest)
        brought = {}
        for table, s in staged.items():
            gone = corrected.get(table, 0)
            aside = sum(f.rows for f in found if f.table == table and f.action == "set aside")
            brought[table] = TableNews(
                s.rows_read, used.get(table, 0) - gone, gone, writer.late.get(table, 0), aside - gone
            )
        return self._report(manifest, brought, news.file_names, tuple(found))

    # -- steps --------------------------------------------------------------------------------------

    def _counts(self, table: str, news: News) -> bool:
        """Tell whether what an input's rules set aside is news: one that does not grow is read every time."""
        return not self._extends or not table.startswith("input ") or table in news.files

    def _stage(self, reader: Reader, news: News, manifest: Manifest, scatter: int) -> dict[str, Staged]:
        staged: dict[str, Staged] = {}
        errors: list[ChurnError] = []
        files = customer_files(self._folder, manifest) if self._extends else ""
        known = f"(SELECT id, bucket FROM read_parquet({files}))" if files else None
        for table, source in self._sources.items():
            if table not in news.tables:
                continue
            report(f"Reading {table}")
            extra = ()
            if table == "customers":
                about = source.model_dump(include={"segments", "contact"})
                extra = tuple(dict.fromkeys((*about["segments"], *about["contact"])))
            info = manifest.tables.get(table)
            kinds: dict[str, Kind] | None = None
            if table in self._config.features.tables:
                kinds = dict(info.kinds) if info is not None else {}
            if not manifest.id_type and table == "orders":
                manifest.id_type = self._id_type(reader, source)
            try:
                s = reader.stage(
                    table,
                    source,
                    extra=extra,
                    id_type=manifest.id_type or None,
                    features=kinds,
                    scatter=scatter,
                    known=known,
                )
                if self._extends:
                    check_same(manifest, table, source, s)
            except ChurnError as error:
                errors.append(error)
                continue
            staged[table] = s
        if errors:
            raise errors[0]
        return staged

    def _id_type(self, reader: Reader, source: Source) -> str:
        """Return the type of the customer ids: that of the orders."""
        relation = reader.locations.relation(source, "orders")
        found = reader.database.describe(relation, "orders")
        column = source.columns.get("customer", "customer") if source.columns else "customer"
        return natural_id(found.get(column, "VARCHAR"))

    def _typed(
        self, reader: Reader, staged: dict[str, Staged], rules: RowRules, scatter: int
    ) -> Iterator[tuple[int | None, dict[str, TypedTable]]]:
        """Yield the typed tables, bucket after bucket or in one piece."""
        for bucket in range(scatter) if scatter else [None]:
            if bucket is not None:
                report("Ordering the log", bucket, scatter)
            tables = {}
            for table, s in staged.items():
                typed = reader.typed(s, bucket)
                if bucket:
                    typed.findings = typed.findings[len(s.findings) :]  # those of the whole count once
                rules.apply(typed, meaning_of(self._sources[table]))
                tables[table] = typed
            yield bucket, tables

    def _check(
        self, manifest: Manifest, staged: dict[str, Staged], used: dict[str, int], found: list[Finding]
    ) -> None:
        """Refuse what cannot be used: by the whole log, and by this delivery where it is no small one."""
        errors = [f for f in found if f.action == "error"]
        everything = merge_findings([*manifest.findings, *found])
        for table, info in manifest.tables.items():
            if table != "customers":
                finding = check_enough(table, info.rows_read, info.rows, everything)
                if finding is not None:
                    (errors if finding.action == "error" else found).append(finding)
        orders = staged.get("orders")
        if orders is not None and self._extends and orders.rows_read:
            finding = check_enough("orders", orders.rows_read, used.get("orders", 0), found)
            own = [f for f in found if f.table == "orders" and f.code == "set-aside-rule"]
            nothing = not used.get("orders", 0) and orders.rows_read - sum(f.rows for f in own) >= FEWEST
            errors += [finding] if finding is not None and (nothing or orders.rows_read >= FEW) else []
        if errors:
            fix = "Run churn check to see all findings with example rows."
            if self._extends:
                fix = f"Mend the delivery, which was not added. {REBUILD}"
            raise unusable(CheckReport(manifest.name, findings=tuple(errors)), (), fix)

    def _still_the_same(self, news: News) -> None:
        """Refuse files that somebody wrote to while they were read."""
        for files in news.files.values():
            for name, about in files.items():
                now = stamp(str(self._config.place(name)), content=False)
                if (now["size"], now["mtime_ns"]) != (about["size"], about["mtime_ns"]):
                    raise DataError(
                        f"The file {name} changed while it was read",
                        fix="Wait until it is complete, then run the command again.",
                        code="changed-file",
                    )

    def _report(
        self,
        manifest: Manifest,
        tables: dict[str, TableNews],
        files: tuple[str, ...],
        findings: tuple[Finding, ...],
    ) -> IngestReport:
        rows = {name: info.rows for name, info in manifest.tables.items() if info.rows}
        return IngestReport(
            str(self._folder), files, tables, rows, manifest.customers, manifest.buckets, 0.0, findings
        )


def _passing(finding: Finding) -> bool:
    return finding.code == "empty-table" or finding.code.startswith("unseen-")


def _check_all_there(old: Manifest, news: News) -> None:
    """Refuse to rebuild a log of which some files are gone: their rows would be lost."""
    gone = [
        name
        for where, files in old.files.items()
        for name in files
        if where in news.files and name not in news.files[where]
    ]
    if gone:
        count = "one file that is" if len(gone) == 1 else f"{len(gone)} files that are"
        raise DataError(
            f"A rebuild would lose the rows of {count} not there any more",
            given=", ".join(gone[:3]),
            fix="Put them back, or remove the folder of the log to begin anew without them.",
            code="missing-deliveries",
        )


def _clean(folder: Path, manifest: Manifest) -> None:
    """Remove what a killed run or a rebuild has left."""
    ours = {d.folder for d in manifest.deliveries}
    for path in folder.iterdir():
        if path.is_dir() and _DELIVERY.fullmatch(path.name) and path.name not in ours:
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob(f".{NAME}.*"):
        path.unlink(missing_ok=True)
