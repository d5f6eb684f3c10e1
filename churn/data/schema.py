"""The columns of a saved log: taken down at the first delivery, compared at every later one."""

from __future__ import annotations

from collections.abc import Mapping

from churn.config import MEANINGS, Source
from churn.data.contracts import Kind
from churn.data.expressions import natural_id
from churn.data.manifest import Manifest, Master, TableInfo
from churn.data.rules import SETTINGS
from churn.data.typed import Staged
from churn.errors import DataError

REBUILD = "Run churn ingest CONFIG --rebuild to read everything again."


def meaning_of(source: Source) -> dict[str, tuple[str, ...]]:
    """Return the settings that say what values mean, such as complaint_when."""
    return source.model_dump(include=set(MEANINGS))


def describe(manifest: Manifest, table: str, source: Source, staged: Staged, *, since: int | None) -> None:
    """Take down what columns a table has and how many rows were read; changes the manifest.

    Parameters
    ----------
    manifest : Manifest
        Of the log.
    table : str
        Its name.
    source : Source
        Its settings.
    staged : Staged
        What was read.
    since : int or None
        For customers who replace all those read before: the delivery from which on they count.
    """
    if table == "customers":
        if manifest.master is None or since is not None:
            about = source.model_dump(include={"segments", "contact"})
            has = staged.mapping
            manifest.master = Master("joined" in has, "consent" in has, contact=list(about["contact"]))
            manifest.master.segments = {name: {} for name in about["segments"]}
            manifest.master.since = since or 0
            manifest.findings = [f for f in manifest.findings if f.table != table]
            manifest.tables["customers"] = TableInfo()
        manifest.tables["customers"].rows_read += staged.rows_read
        return
    info = manifest.tables.get(table)
    if info is None:
        fields = _fields(staged, meaning_of(source))
        info = manifest.tables[table] = TableInfo(
            [n for n, k in fields.items() if k in ("number", "flag", "part")],
            [n for n, k in fields.items() if k == "time"],
            {n: {} for n, k in fields.items() if k == "text"},
            "recorded_at" in staged.mapping,
            staged.contract.key in staged.mapping,
            kinds={n: k for n, k in fields.items() if staged.features},
        )
    info.rows_read += staged.rows_read


def check_same(manifest: Manifest, table: str, source: Source, staged: Staged) -> None:
    """Refuse rows that do not fit what the log has: it would come out otherwise if it were rebuilt.

    Raises
    ------
    DataError
        A column is new, or holds something else than before.
    """
    given: str | None = None
    kind = staged.types[staged.mapping["customer"]]
    if table == "orders" and staged.rows_read and natural_id(kind) != manifest.id_type:
        given = f"customer ids of type {kind}, and the log has {manifest.id_type}"
    info = manifest.tables.get(table)
    if info is not None and table != "customers":
        fields = _fields(staged, meaning_of(source))
        more = [c for c in fields if c not in {*info.numbers, *info.instants, *info.labels}]
        if info.recorded < ("recorded_at" in staged.mapping):
            more.append("recorded_at")
        if info.keyed < (staged.contract.key in staged.mapping):
            more.append(str(staged.contract.key))
        other = [c for c, k in info.kinds.items() if fields.get(c, k) != k]
        if other and staged.rows_read:
            given = f"`{other[0]}` is no {info.kinds[other[0]]} any more"
        elif more:
            given = f"{', '.join(f'`{c}`' for c in more)} besides"
    if given is not None:
        raise DataError(
            f"The new {table} have other columns than those that the log was made of",
            given=given,
            fix=f"Mend the delivery. {REBUILD}",
            code="other-columns",
        )


def _fields(staged: Staged, meaning: Mapping[str, tuple[str, ...]]) -> dict[str, Kind]:
    """Return the fields that become columns of the log, with their kinds."""
    contract = staged.contract
    derived = [flag for s, (t, _, flag) in SETTINGS.items() if t == contract.table and meaning.get(s)]
    return {
        f.name: f.kind
        for f in contract.fields
        if (f.name in staged.mapping or f.name in derived)
        and f.kind in ("number", "flag", "part", "time", "text")
        and f.name not in (contract.time, "recorded_at")
    }
