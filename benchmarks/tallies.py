"""What the retention figures cost over so many events, each counted alone: seconds of the processor, and the peak memory.

    python benchmarks/tallies.py [CUSTOMERS EVENTS]

Orders of random customers over 1,000 days, and a twentieth as many returns; by default 20,000 customers and a million orders.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
import pandas as pd

import churn
from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.checks import CheckReport
from churn.data.history import DAY_US, EventLog, History
from churn.retention.bounds import calendar_spans
from churn.retention.flows import FlowTally
from churn.retention.further import further_tallies

START = 1_640_995_200_000_000  # 2022-01-01


def log(name: str, customers: int, rows: int, seed: int) -> EventLog:
    """Return events at random instants, of customers of whom some have many and most have few."""
    rng = np.random.default_rng(seed)
    at = np.sort(START + rng.integers(0, 1000 * DAY_US, rows))
    who = (rng.beta(1, 3, rows) * customers).astype(np.int32)
    return EventLog(name, at, who, {"amount": np.round(rng.gamma(2, 30, rows), 2), "day": at // DAY_US * 1.0})


def main() -> None:
    customers, rows = (int(x) for x in sys.argv[1:3]) if len(sys.argv) > 2 else (20_000, 1_000_000)
    logs = {"orders": log("orders", customers, rows, 1), "returns": log("returns", customers, rows // 20, 2)}
    end = int(logs["orders"].time[-1])
    history = History(
        "random", pd.RangeIndex(customers), logs, None, {}, {}, "UTC", end, CheckReport("random")
    )
    base, rule = CustomerBase.of(history), churn.Inactivity(180, 60)
    months = calendar_spans(base, "month")
    tallies = {
        "series": FlowTally(base, rule, months),
        **further_tallies(base, rule, base.closing, RetentionSettings()),
    }
    print(
        f"{customers:,} customers, {rows:,} orders, {len(months)} months\n\n| figure | CPU s |\n| --- | --- |"
    )
    for name, tally in tallies.items():
        start = time.process_time()
        count(base, tally)
        print(f"| {name} | {time.process_time() - start:.2f} |", flush=True)
    print(
        f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GiB, with the log in it."
    )


if __name__ == "__main__":
    main()
