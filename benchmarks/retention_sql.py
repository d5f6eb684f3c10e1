"""The monthly retention of Online Retail II by an SQL query of its own, beside what the package says.

    python benchmarks/retention_sql.py

The query knows the raw file and the definition, and nothing of the package: who ordered in the 180 days (of 24 hours) before the first of a month
in London is active there. It counts S, E, N and every flow of every month, the running one too, as sets of customers. Exits 1 where a figure
differs. Online Retail II is read from CHURN_DATA (default: ../shared/data beside the project).
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
COLUMNS = ("month", "S", "E", "N", "retained", "lost", "new", "reactivated")
QUERY = """
WITH orders AS (
    SELECT CustomerID AS customer, min(InvoiceDate) AT TIME ZONE 'Europe/London' AS placed
    FROM read_parquet($file)
    WHERE CustomerID IS NOT NULL AND UnitPrice > 0 AND InvoiceNo NOT LIKE 'C%'
    GROUP BY CustomerID, InvoiceNo
), starts AS (
    SELECT unnest(generate_series(TIMESTAMP '2009-12-01', TIMESTAMP '2011-12-01', INTERVAL 1 MONTH)) AS first
), months AS (
    SELECT first,
           first AT TIME ZONE 'Europe/London' AS a,
           least((first + INTERVAL 1 MONTH) AT TIME ZONE 'Europe/London',
                 (SELECT (date_trunc('day', max(placed AT TIME ZONE 'Europe/London')) + INTERVAL 1 DAY)
                         AT TIME ZONE 'Europe/London' FROM orders)) AS b
    FROM starts
), status AS (
    SELECT first, customer,
           bool_or(placed >= a - INTERVAL 4320 HOURS AND placed < a) AS at_start,
           bool_or(placed >= b - INTERVAL 4320 HOURS AND placed < b) AS at_end,
           bool_or(placed < a) AS before
    FROM months, orders
    WHERE a >= (SELECT min(placed) FROM orders) + INTERVAL 4320 HOURS
    GROUP BY first, customer
)
SELECT strftime(first, '%Y-%m-%d'),
       count(*) FILTER (at_start),
       count(*) FILTER (at_end),
       count(*) FILTER (at_end AND NOT at_start),
       count(*) FILTER (at_start AND at_end),
       count(*) FILTER (at_start AND NOT at_end),
       count(*) FILTER (at_end AND NOT at_start AND NOT before),
       count(*) FILTER (at_end AND NOT at_start AND before)
FROM status GROUP BY first ORDER BY first
"""


def by_query(file: Path) -> list[tuple[Any, ...]]:
    """Return a row per month with the columns of `COLUMNS`."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(QUERY, {"file": str(file)}).fetchall()


def by_package() -> list[tuple[Any, ...]]:
    """Return the same from `churn.retention_series`."""
    config = churn.read_config(ROOT / "configs" / "online_retail.yaml")
    series = churn.retention_series(
        churn.load_history(config), make_definition(config.definition.model_dump())
    )
    plain = [r.to_dict() for r in series]
    return [(p["period_start"], *(p[name] for name in COLUMNS[1:])) for p in plain]


def main() -> None:
    data = Path(os.environ.get("CHURN_DATA") or ROOT.parent / "shared" / "data").resolve()
    os.environ["CHURN_DATA"] = str(data)
    theirs, ours = by_query(data / "online_retail_II.parquet"), by_package()
    print(f"| {' | '.join(COLUMNS)} | the package |\n|{' --- |' * (len(COLUMNS) + 1)}")
    for i, row in enumerate(theirs):
        same = i < len(ours) and ours[i] == row
        print(f"| {' | '.join(map(str, row))} | {'the same' if same else f'differs: {ours[i : i + 1]}'} |")
    if theirs != ours:
        sys.exit(f"The query has {len(theirs)} months, the package {len(ours)}; they differ.")
    print(f"\nAll {len(theirs) * (len(COLUMNS) - 1)} figures of {len(theirs)} months are the same.")


if __name__ == "__main__":
    main()
