"""The signals in DuckDB: facts derived once into tables, then one query of small aggregations per cutoff."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.engine.signals import (
    DAY_US,
    IGNORED_AFTER_US,
    KINDS,
    PRIOR_GAPS,
    SIGNALS,
    SLOPE_WEIGHTS,
    main,
    result_file,
)

MEMORY = os.environ.get("BENCH_DUCKDB_MEMORY", "4GB")
SPILL = os.environ.get("BENCH_DUCKDB_SPILL", "30GB")
HOUR_US = DAY_US // 24

# Times become whole microseconds: comparing and subtracting them is cheaper than with time stamps.
FACTS = """
CREATE TABLE orders AS
WITH o AS (
    SELECT customer, epoch_us(time) AS t, amount, quantity, epoch_us(time) // {day} AS day
    FROM read_parquet('{data}/orders.parquet')
), g AS (SELECT *, day - lag(day) OVER (PARTITION BY customer ORDER BY t) AS step FROM o)
SELECT customer, t, amount, quantity, CASE WHEN step > 0 THEN step END::INTEGER AS gap,
    step IS NULL OR step > 0 AS first_of_day
FROM g;
CREATE TABLE returns AS
SELECT customer, epoch_us(time) AS t, amount FROM read_parquet('{data}/returns.parquet');
CREATE TABLE tickets AS
SELECT customer, epoch_us(opened) AS t, is_complaint AS complaint, satisfaction,
    epoch_us(resolved) AS resolved, least(epoch_us(first_reply), epoch_us(resolved)) AS answered
FROM read_parquet('{data}/tickets.parquet');
"""
KIND_FACTS = """
CREATE TABLE {kind} AS
SELECT customer, epoch_us(time) AS t FROM read_parquet('{data}/interactions.parquet') WHERE kind = '{kind}';
"""


def _since(days: float, until: float = 0) -> str:
    later = f" AND t < $t - {round(until * DAY_US)}" if until else ""
    return f"FILTER (t >= $t - {round(days * DAY_US)}{later})"


def _orders() -> str:
    counts = ", ".join(f"count(*) {_since(d)} AS n{d}" for d in (30, 60, 90, 180, 210, 365, 455))
    amounts = ", ".join(f"sum(amount) {_since(d)} AS a{d}" for d in (30, 90, 180, 365))
    stretch = f"(($t - t - 1) // {30 * DAY_US})"
    return f"""
    SELECT customer, {counts}, {amounts}, sum(amount) {_since(455, 90)} AS earlier,
        count(*) AS n, max(t) AS last, min(t) AS first, sum(amount) AS amount, sum(quantity) AS quantity,
        arg_max(amount, t) AS amount_last, count(*) FILTER (first_of_day) AS days,
        count(gap) AS gaps, sum(gap) AS gap_sum, sum(gap * gap) AS gap_squares, max(gap) AS gap_max,
        arg_max(gap, t) FILTER (gap IS NOT NULL) AS gap_last,
        bit_count(bit_or(1 << {stretch}::INTEGER) {_since(360)}) AS active,
        sum({_weight(stretch)}) {_since(180)} AS slope, sum({_weight(stretch)} * amount) {_since(180)} AS a_slope
    FROM orders WHERE t < $t GROUP BY customer"""


def _weight(stretch: str) -> str:
    first, step = SLOPE_WEIGHTS[0], SLOPE_WEIGHTS[1] - SLOPE_WEIGHTS[0]
    return f"({first!r}::DOUBLE + {step!r}::DOUBLE * {stretch})"


RETURNS = f"""
    SELECT customer, count(*) AS n, count(*) {_since(90)} AS n90, count(*) {_since(365)} AS n365,
        sum(amount) AS amount, max(t) AS last
    FROM returns WHERE t < $t GROUP BY customer"""
TICKETS = f"""
    WITH known AS (
        SELECT customer, t, complaint, resolved < $t AS closed, resolved, satisfaction,
            CASE WHEN answered < $t THEN answered - t END AS wait,
            complaint AND t + {IGNORED_AFTER_US} < $t
                AND (answered IS NULL OR answered - t > {IGNORED_AFTER_US}) AS ignored
        FROM tickets WHERE t < $t
    )
    SELECT customer, count(*) AS n, count(*) {_since(90)} AS n90, count(*) {_since(365)} AS n365,
        max(t) AS last, count(*) FILTER (complaint) AS complaints, max(t) FILTER (complaint) AS complaint_last,
        count(*) FILTER (complaint AND t >= $t - {90 * DAY_US}) AS complaints90,
        count(*) FILTER (ignored) AS ignored, max(t) FILTER (ignored) AS ignored_last,
        count(*) FILTER (ignored AND t >= $t - {180 * DAY_US}) AS ignored180,
        count(*) FILTER (closed) AS closed, avg(wait) / {HOUR_US} AS reply_hours,
        avg(resolved - t) FILTER (closed) / {HOUR_US} AS resolution_hours,
        avg(satisfaction) FILTER (closed) AS satisfaction,
        arg_max(satisfaction, resolved) FILTER (closed AND satisfaction IS NOT NULL) AS satisfaction_last
    FROM known GROUP BY customer"""


def _kind(kind: str) -> str:
    return f"""
    SELECT customer, max(t) AS last, count(*) {_since(30)} AS k30, count(*) {_since(210, 30)} AS k210
    FROM {kind} WHERE t < $t GROUP BY customer"""


def _decline(recent: str, earlier: str, recent_days: int, earlier_days: int) -> str:
    exposure = f"least(tenure - {recent_days}, {earlier_days})"
    # least and greatest pass over NULL, so the condition has to stand around the whole.
    return (
        f"CASE WHEN {exposure} >= 30 AND coalesce({earlier}, 0) > 0 THEN greatest(-3.0, "
        f"1 - coalesce({recent}, 0) / {recent_days} / ({earlier} / {exposure})) END"
    )


def _query(base: float | None, signals: Sequence[str]) -> str:
    days = f"/ {DAY_US}::DOUBLE"
    prior = "NULL" if base is None else repr(PRIOR_GAPS * base)
    usual = f"(coalesce(gap_sum, 0) + {prior}) / (gaps + {PRIOR_GAPS})"
    recency = f"($t - o.last) {days}"
    there = "CASE WHEN tenure >= 180 AND {} > 0 THEN 6 * {} / {} END"
    columns = {f"orders_count_{d}d": f"o.n{d}" for d in (30, 60, 90, 180, 365)}
    columns |= {f"amount_{d}d": f"coalesce(a{d}, 0)" for d in (30, 90, 180, 365)}
    columns |= {
        "orders_count": "o.n",
        "order_days_count": "days",
        "recency_days": recency,
        "tenure_days": "tenure",
        "gap_mean_days": "gap_sum / gaps",
        # Gaps are whole days: both sums are exact, so nothing is lost in their difference.
        "gap_spread_days": "CASE WHEN gaps >= 2 THEN sqrt((gaps * gap_squares - gap_sum * gap_sum)"
        "::DOUBLE / (gaps * (gaps - 1))) END",
        "gap_last_days": "gap_last",
        "gap_largest_days": "gap_max",
        "gap_usual_days": usual,
        "overdue_ratio": f"{recency} / ({usual})",
        "orders_decline_30d": _decline("o.n30", "(o.n210 - o.n30)", 30, 180),
        "orders_decline_90d": _decline("o.n90", "(o.n455 - o.n90)", 90, 365),
        "orders_slope_6x30d": there.format("o.n180", "slope", "o.n180"),
        "active_share_12x30d": "coalesce(active, 0) / least(greatest(ceil(tenure / 30), 1), 12)",
        "amount_total": "o.amount",
        "amount_mean": "o.amount / o.n",
        "amount_mean_180d": "CASE WHEN o.n180 > 0 THEN a180 / o.n180 END",
        "amount_last": "amount_last",
        "amount_decline_90d": _decline("a90", "earlier", 90, 365),
        "amount_slope_6x30d": there.format("a180", "a_slope", "a180"),
        "quantity_mean": "quantity / o.n",
        "returns_count_90d": "coalesce(r.n90, 0)",
        "returns_count_365d": "coalesce(r.n365, 0)",
        "returns_count": "coalesce(r.n, 0)",
        "returned_amount_share": "CASE WHEN o.amount <> 0 THEN coalesce(r.amount, 0) / o.amount END",
        "return_recency_days": f"($t - r.last) {days}",
        "tickets_count_90d": "coalesce(s.n90, 0)",
        "tickets_count_365d": "coalesce(s.n365, 0)",
        "tickets_count": "coalesce(s.n, 0)",
        "ticket_recency_days": f"($t - s.last) {days}",
        "complaints_count_90d": "coalesce(complaints90, 0)",
        "complaints_count": "coalesce(complaints, 0)",
        "complaint_recency_days": f"($t - complaint_last) {days}",
        "ignored_complaints_count": "coalesce(ignored, 0)",
        "ignored_complaints_count_180d": "coalesce(ignored180, 0)",
        "ignored_complaints_share": "CASE WHEN complaints > 0 THEN ignored / complaints END",
        "ignored_complaint_recency_days": f"($t - ignored_last) {days}",
        "open_tickets_count": "coalesce(s.n - closed, 0)",
        "first_reply_hours_mean": "reply_hours",
        "resolution_hours_mean": "resolution_hours",
        "satisfaction_last": "satisfaction_last",
        "satisfaction_mean": "satisfaction",
    }
    # `interactions` is the union of the kinds: its aggregates follow from theirs.
    parts = {k: {c: f"i_{k}.{c}" for c in ("k30", "k210", "last")} for k in KINDS}
    zero = {c: " + ".join(f"coalesce({p[c]}, 0)" for p in parts.values()) for c in ("k30", "k210")}
    parts["interactions"] = {c: f"({z})" for c, z in zero.items()}
    parts["interactions"]["last"] = f"greatest({', '.join(f'i_{k}.last' for k in KINDS)})"
    for name, p in parts.items():
        columns[f"{name}_count_30d"] = f"coalesce({p['k30']}, 0)"
        columns[f"{name}_recency_days"] = f"($t - {p['last']}) {days}"
        columns[f"{name}_decline_30d"] = _decline(p["k30"], p["k210"], 30, 180)
    chosen = ", ".join(f"({columns[s]})::DOUBLE AS {s}" for s in signals)
    joins = "".join(f" LEFT JOIN {t} USING (customer)" for t in ("r", "s", *(f"i_{k}" for k in KINDS)))
    parts_of = {"r": RETURNS, "s": TICKETS, **{f"i_{k}": _kind(k) for k in KINDS}}
    parts_of["o"] = f"SELECT *, ($t - first) {days} AS tenure FROM ({_orders()})"
    ctes = ", ".join(f"{name} AS ({query})" for name, query in parts_of.items())
    joins = "".join(f" LEFT JOIN {name} USING (customer)" for name in parts_of if name != "o")
    return f"WITH {ctes} SELECT customer, {chosen} FROM o{joins}"


def compute(data: Path, cutoffs: Sequence[int], out: Path, signals: Sequence[str] = SIGNALS) -> None:
    """Compute the signals at each cutoff for everybody with an order before it."""
    with tempfile.TemporaryDirectory(prefix="bench-duckdb-") as folder:
        settings = {
            "memory_limit": MEMORY,
            "temp_directory": folder,
            "max_temp_directory_size": SPILL,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(":memory:", config=settings) as db:
            _compute(db, data, cutoffs, out, signals)


def _compute(
    db: duckdb.DuckDBPyConnection,
    data: Path,
    cutoffs: Sequence[int],
    out: Path,
    signals: Sequence[str],
) -> None:
    db.execute(FACTS.format(data=data, day=DAY_US))
    for kind in KINDS:
        db.execute(KIND_FACTS.format(data=data, kind=kind))
    for cutoff in cutoffs:
        base = db.execute(f"SELECT sum(gap) / count(gap) FROM orders WHERE t < {cutoff}").fetchall()[0][0]
        query = _query(base, signals).replace("$t", str(cutoff))
        # Small row groups let both threads write; the tiny limit keeps dictionaries away.
        db.execute(
            f"COPY ({query}) TO '{result_file(out, cutoff)}' "
            "(FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 30720)"
        )


if __name__ == "__main__":
    main(compute)
