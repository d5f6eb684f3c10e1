"""The contender churn, through its public functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

import churn
from benchmarks.engine.signals import SIGNALS, TABLES, main, moment, result_file


def compute(data: Path, cutoffs: Sequence[int], out: Path, signals: Sequence[str] = SIGNALS) -> None:
    """Read the tables, make a history, compute and write one file per cutoff."""
    tables = {t: pq.read_table(data / f"{t}.parquet") for t in TABLES}
    history = churn.make_history(tables.pop("orders"), **tables, timezone="UTC")
    by_name = {s.name: s for s in churn.catalogue(history)}
    chosen = [by_name[name] for name in signals]
    for cutoff in cutoffs:
        features = churn.compute_features(history, moment(cutoff), signals=chosen)
        features.reset_index().to_parquet(
            result_file(out, cutoff), index=False, compression=None, use_dictionary=False
        )


if __name__ == "__main__":
    main(compute)
