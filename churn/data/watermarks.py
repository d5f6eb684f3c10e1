"""The last value seen of a column that grows with every delivery."""

from __future__ import annotations

from collections.abc import Mapping

from churn.config import Config, Location
from churn.data.contracts import nearest
from churn.data.expressions import quote_name
from churn.data.news import News, sources_of
from churn.data.sources import Reader
from churn.errors import ConfigError, DataError


def newest_values(
    config: Config, reader: Reader, news: News, before: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return the last value of every `newer` column, with the type by which it is compared.

    Parameters
    ----------
    config : Config
        The locations.
    reader : Reader
        Has read them.
    news : News
        What was read.
    before : mapping
        The values so far.

    Raises
    ------
    ConfigError
        There is no such column.
    DataError
        It has rows without a value, of which nobody could tell whether they are new.
    """
    out = {where: dict(value) for where, value in before.items()}
    places: dict[str, Location] = {f"input {n}": i for n, i in config.inputs.items()}
    for where, location in (places | sources_of(config)).items():
        part = news.parts.get(where)
        if location.newer is None or (part is not None and part.files == ()):
            continue
        whole = reader.locations.whole(location, where, part.files if part else None)
        if part is not None and part.where:
            whole = f"(SELECT * FROM {whole} WHERE {part.where} OR {quote_name(location.newer)} IS NULL)"
        value = _newest(reader, where, location.newer, whole, out.get(where))
        if value is not None:
            out[where] = value
    return out


def _newest(
    reader: Reader, where: str, newer: str, relation: str, before: Mapping[str, str] | None
) -> dict[str, str] | None:
    db, found = reader.database, reader.database.describe(relation, where)
    if newer not in found:
        near = nearest(newer, found)
        raise ConfigError(
            f"{where} names the column {newer!r} under newer, and has no such column",
            given=f"columns {', '.join(found)}",
            fix=f"Did you mean {near!r}?" if near else "Name one of these columns.",
            code="missing-column",
        )
    column = quote_name(newer)
    kinds = [before["type"]] if before else [found[newer]]
    if not before and found[newer] == "VARCHAR":
        kinds = ["BIGINT", "TIMESTAMP", "VARCHAR"]
    for kind in kinds:
        cast = f"TRY_CAST({column} AS {kind})"
        empty = f"{cast} IS NULL" + (f" OR trim({column}) = ''" if kind == found[newer] == "VARCHAR" else "")
        # The column itself, too: else DuckDB 2.0 has the CSV reader cast it, which fails where TRY_CAST gives NULL.
        query = (
            f"SELECT max({cast})::VARCHAR, count(*) FILTER ({empty}), max({column})::VARCHAR FROM {relation}"
        )
        rows = db.run(query, where).fetchall()
        value, without, _ = rows[0]
        if not without:
            as_is = "" if kind != found[newer] else "yes"
            return None if value is None else {"type": kind, "value": str(value), "as_is": as_is}
    raise DataError(
        f"{where}: {without:,} rows have no usable value of `{newer}`, so nobody could tell whether they are new",
        fix="Name under newer a column that every row has, such as an insertion time.",
        code="bad-newer",
    )
