"""A night as two tables: a row per customer, and one row about the run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "integer", "number", "flag", "date"]
ARROW: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "date": pa.date32(),
}
SCORES_KEY, RUNS_KEY = ("run", "customer"), ("run",)
_DATES = ("last_order",)
RUN_COLUMNS = {
    "run": "the run's id: the cutoff, and a hash over scores and model",
    "as_of": "the cutoff's local date",
    "cutoff": "the same with its time, where it is not midnight",
    "name": "of the configuration",
    "model": "the hash that tells the model from any other",
    "outcomes_seen_until": "local date up to which the model had seen outcomes; if later than the cutoff, hindsight",
    "definition": "what churn means, in words",
    "population": "customers active at the cutoff",
    "at_risk": "how many are at risk, also where a capacity shortens the list",
    "listed": "how many are listed",
    "horizon_days": "days that the churn probability is about",
    "period_start": "of the last period: its first date",
    "period_end": "of the last period: the date it ends on, exclusive",
    "s": "active at the period's start",
    "e": "active at its end",
    "n": "in E and not in S",
    "lost": "in S and not in E",
    "new_customers": "first seen within the period, and in E",
    "reactivated": "in E, seen before the period, not in S",
    "retention_rate": "share of 1; empty where there is none",
    "expected_rate": "the retention rate that the model expects of the coming period",
    "expected_low": "its 95 % interval",
    "expected_high": "its 95 % interval",
}
_RUN_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("population", "at_risk", "listed", "horizon_days"), "integer"),
    **dict.fromkeys(("s", "e", "n", "lost", "new_customers", "reactivated"), "integer"),
    **dict.fromkeys(("as_of", "period_start", "period_end"), "date"),
    **dict.fromkeys(("retention_rate", "expected_rate", "expected_low", "expected_high"), "number"),
}


@dataclass(frozen=True)
class NightRows:
    """A night as two tables.

    Attributes
    ----------
    run : str
        The run's id.
    scores : pyarrow.Table
        One row per customer, ids ascending: `run`, `as_of`, the columns of ``scores.parquet``, and for listed customers
        those of the list. What is unknown is null; no number is NaN or infinite.
    facts : dict
        The one row about the run, as in `RUN_COLUMNS`.
    """

    run: str
    scores: pa.Table
    facts: dict[str, Any]

    @property
    def runs(self) -> pa.Table:
        """The one row about the run."""
        return runs_table([self.facts])


def runs_table(facts: list[dict[str, Any]]) -> pa.Table:
    """Return rows about runs as a table with the columns of `RUN_COLUMNS`."""
    return pa.table(
        {
            name: pa.array([_plain(f[name], kind) for f in facts], ARROW[kind])
            for name, kind in ((n, _RUN_KINDS.get(n, "text")) for n in RUN_COLUMNS)
        }
    )


def kinds_of(table: pa.Table) -> dict[str, Kind]:
    """Return what each column holds.

    Examples
    --------
    >>> kinds_of(pa.table({"customer": [1], "p": [0.5], "text": ["x"]}))
    {'customer': 'integer', 'p': 'number', 'text': 'text'}
    """
    by_type = {str(t): k for k, t in ARROW.items()}
    return {f.name: by_type[str(f.type)] for f in table.schema}  # type: ignore[misc]


def night_rows(scores: Any, name: str) -> NightRows:
    """Return a night as two tables.

    Parameters
    ----------
    scores : churn.scoring.Scores
        What the night found.
    name : str
        Of the configuration.
    """
    summary, run = scores.summary(), scores.run
    retention = summary["retention"]
    current = retention["current"] or {}
    facts = {
        "run": run,
        "as_of": scores.as_of[:10],
        "cutoff": scores.as_of,
        "name": name,
        "model": scores.model.get("digest"),
        "outcomes_seen_until": scores.model.get("outcomes_seen_until"),
        "definition": scores.definition,
        "population": summary["population"],
        "at_risk": summary["at_risk"],
        "listed": summary["listed"],
        "horizon_days": scores.value.get("horizon_days"),
        "period_start": current.get("period_start"),
        "period_end": current.get("period_end"),
        "s": current.get("S"),
        "e": current.get("E"),
        "n": current.get("N"),
        "lost": current.get("lost"),
        "new_customers": current.get("new"),
        "reactivated": current.get("reactivated"),
        "retention_rate": current.get("retention_rate"),
        "expected_rate": retention.get("expected_retention_rate"),
        "expected_low": retention.get("expected_retention_rate_low"),
        "expected_high": retention.get("expected_retention_rate_high"),
    }
    return NightRows(run, _customers(scores, run), facts)


def _customers(scores: Any, run: str) -> pa.Table:
    everyone, listed = scores.everyone, scores.at_risk
    n = len(everyone)
    as_of = dt.date.fromisoformat(scores.as_of[:10])
    columns: dict[str, Any] = {
        "run": pa.array([run], pa.string()).take(pa.array(np.zeros(n, dtype=np.int64))),
        "as_of": pa.array([as_of], pa.date32()).take(pa.array(np.zeros(n, dtype=np.int64))),
    }
    for column in everyone.columns:
        columns[column] = arrow_column(everyone[column], column)
    place = np.full(n, -1, dtype=np.int64)
    place[_positions(everyone["customer"], listed["customer"])] = np.arange(len(listed))
    take = pa.array(place, mask=place < 0)
    for column in listed.columns:
        if column not in columns:
            columns[column] = arrow_column(listed[column], column).take(take)
    table = pa.table(columns)
    ids = table["customer"]
    if n > 1 and not pc.all(pc.less_equal(ids[:-1], ids[1:])).as_py():
        table = table.sort_by("customer")
    return table.combine_chunks()


def _positions(all_ids: pd.Series[Any], some: pd.Series[Any]) -> np.ndarray:
    import pandas as pd

    return np.asarray(pd.Index(all_ids).get_indexer(pd.Index(some)))


def arrow_column(column: pd.Series[Any], name: str = "") -> pa.Array:
    """Return a column as one of the five kinds; empty texts, NaN and infinite numbers are null.

    Examples
    --------
    >>> import pandas as pd
    >>> arrow_column(pd.Series([0.5, float("nan"), float("inf")])).to_pylist()
    [0.5, None, None]
    >>> arrow_column(pd.Series(["2025-11-01", ""]), "last_order").to_pylist()
    [datetime.date(2025, 11, 1), None]
    """
    kind = column.dtype.kind
    if kind == "b":
        return pa.array(column.to_numpy(), pa.bool_())
    if kind == "i":
        return pa.array(column.to_numpy(), pa.int64())
    if kind == "f":
        values = column.to_numpy().astype(np.float64)
        return pa.array(values, pa.float64(), mask=~np.isfinite(values))
    if kind == "M":
        return pa.array(column.dt.tz_localize(None), pa.timestamp("us")).cast(pa.date32(), safe=False)
    # Ids of 64 bits without a sign become text too: no database's integer holds them.
    texts = pa.array(column.astype(str), pa.string())
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    known = pc.and_(pa.array(column.notna().to_numpy()), pc.not_equal(texts, ""))
    texts = pc.if_else(known, texts, pa.scalar(None, pa.string()))
    return texts.cast(pa.date32()) if name in _DATES else texts


def _plain(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "date":
        return dt.date.fromisoformat(str(value)[:10])
    return {"integer": int, "number": float}.get(kind, str)(value)
