"""The cohort triangle and the purchases of Online Retail II by SQL queries of their own, beside what the package says.

    python benchmarks/cohorts_sql.py

The queries know the raw file and the definition, and nothing of the package: a cohort is whoever placed the first order in a month in London; who
ordered in the 180 days (of 24 hours) before a month's end is active there. Every cohort of the two years is compared, those at the beginning of
the data too, every month since with the customers active at its end and those who ordered in it; and of every month the orders, buyers, repeat
buyers, revenue, returns and both rates of revenue retention. Exits 1 where a figure differs. Online Retail II is read from CHURN_DATA
(default: ../shared/data beside the project).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import duckdb

import churn
from churn.definition import make_definition

ROOT = Path(__file__).resolve().parent.parent
_COMMON = """
WITH lines AS (
    SELECT *, InvoiceDate AT TIME ZONE 'Europe/London' AS instant
    FROM read_parquet($file)
    WHERE CustomerID IS NOT NULL AND UnitPrice > 0
), orders AS (
    SELECT CustomerID AS customer, min(instant) AS placed, sum(CAST(Quantity * UnitPrice AS DECIMAL(18, 4))) AS amount
    FROM lines WHERE InvoiceNo NOT LIKE 'C%' GROUP BY CustomerID, InvoiceNo
), credits AS (
    SELECT CustomerID AS customer, min(instant) AS placed, -sum(CAST(Quantity * UnitPrice AS DECIMAL(18, 4))) AS amount
    FROM lines WHERE InvoiceNo LIKE 'C%' GROUP BY CustomerID, InvoiceNo
), months AS (
    SELECT first, first AT TIME ZONE 'Europe/London' AS a, (first - INTERVAL 1 MONTH) AT TIME ZONE 'Europe/London' AS prior,
           least((first + INTERVAL 1 MONTH) AT TIME ZONE 'Europe/London',
                 (SELECT (date_trunc('day', max(placed AT TIME ZONE 'Europe/London')) + INTERVAL 1 DAY)
                         AT TIME ZONE 'Europe/London' FROM orders)) AS b
    FROM (SELECT unnest(generate_series(TIMESTAMP '2009-12-01', TIMESTAMP '2011-12-01', INTERVAL 1 MONTH)) AS first)
), customers AS (
    SELECT customer, min(placed) AS came, date_trunc('month', min(placed) AT TIME ZONE 'Europe/London') AS cohort
    FROM orders GROUP BY customer
)
"""
TRIANGLE = (
    _COMMON
    + """
SELECT strftime(cohort, '%Y-%m-%d'), strftime(first, '%Y-%m-%d'),
       count(*), count(*) FILTER (active), count(*) FILTER (ordered)
FROM (
    SELECT first, cohort, c.customer,
           bool_or(placed >= b - INTERVAL 4320 HOURS AND placed < b) AS active,
           bool_or(placed >= a AND placed < b) AS ordered
    FROM months JOIN customers c ON first >= cohort JOIN orders o ON o.customer = c.customer
    GROUP BY first, cohort, c.customer
)
GROUP BY cohort, first ORDER BY cohort, first
"""
)
PURCHASES = (
    _COMMON
    + """
, spent AS (
    SELECT first, o.customer, count(*) FILTER (placed >= a) AS orders, coalesce(sum(amount) FILTER (placed >= a), 0) AS now,
           coalesce(sum(amount) FILTER (placed < a AND placed >= prior), 0) AS before,
           bool_or(placed < a AND placed >= a - INTERVAL 4320 HOURS) AS active, any_value(came) < any_value(a) AS known
    FROM months JOIN orders o ON placed < b JOIN customers c ON c.customer = o.customer
    GROUP BY first, o.customer
)
SELECT strftime(first, '%Y-%m-%d'), CAST(sum(orders) AS INTEGER), count(*) FILTER (orders > 0),
       count(*) FILTER (orders > 0 AND known), round(CAST(sum(now) AS DOUBLE), 2),
       round(CAST(coalesce((SELECT sum(amount) FROM credits, months m WHERE m.first = s.first AND placed >= m.a AND placed < m.b), 0) AS DOUBLE), 2),
       count(*) FILTER (active),
       round(sum(least(before, now)) FILTER (active) / CAST(sum(before) FILTER (active) AS DOUBLE), 9),
       round(sum(now) FILTER (active) / CAST(sum(before) FILTER (active) AS DOUBLE), 9)
FROM spent s GROUP BY first ORDER BY first
"""
)
FIGURES = ("orders", "buyers", "repeat_buyers", "gross_revenue", "returns", "S")
RATES = ("gross_revenue_retention", "net_revenue_retention")


def by_query(file: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return (cohort, month, customers, active, ordered) of every cell, and the figures of every month."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return tuple(connection.execute(q, {"file": str(file)}).fetchall() for q in (TRIANGLE, PURCHASES))


def by_package() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the same from `churn.cohorts` and `churn.purchases`; rates that it does not tell are None."""
    config = churn.read_config(ROOT / "configs" / "online_retail.yaml")
    history, definition = churn.load_history(config), make_definition(config.definition.model_dump())
    frame = churn.cohorts(history, definition, begin_days=0).frame
    names = ["cohort", "period_start", "customers", "active", "ordered"]
    cells = list(frame.loc[frame["customers"] > 0, names].itertuples(index=False, name=None))
    months = [p.to_dict() for p in churn.purchases(history, definition).periods]
    plain = [
        (
            p["period_start"],
            *(round(p[k], 2) for k in FIGURES),
            *(None if p[k] is None else round(p[k], 9) for k in RATES),
        )
        for p in months
    ]
    return cells, plain


def differences(theirs: list[tuple[Any, ...]], ours: list[tuple[Any, ...]]) -> list[str]:
    """Return the rows that differ; a rate that the package does not tell is no difference."""
    out = [] if len(theirs) == len(ours) else [f"{len(theirs)} rows by the query, {len(ours)} by the package"]
    for a, b in zip(theirs, ours, strict=False):
        if any(y is not None and x != y for x, y in zip(a, b, strict=True)):
            out.append(f"{a} by the query, {b} by the package")
    return out


def main() -> None:
    data = Path(os.environ.get("CHURN_DATA") or ROOT.parent / "shared" / "data").resolve()
    os.environ["CHURN_DATA"] = str(data)
    found = [
        (what, theirs, ours, differences(theirs, ours))
        for what, theirs, ours in zip(
            ("cells of the cohort triangle", "months of purchases"),
            by_query(data / "online_retail_II.parquet"),
            by_package(),
            strict=True,
        )
    ]
    for what, theirs, ours, differ in found:
        figures = sum(x is not None for row in ours for x in row[2 if "cells" in what else 1 :])
        print(
            f"{len(theirs)} {what}, {figures} figures: {'all the same' if not differ else f'{len(differ)} differ'}"
        )
        print("\n".join(differ[:10]))
    sys.exit(any(differ for *_, differ in found))


if __name__ == "__main__":
    main()
