"""Compares the results of two contenders value by value; an unknown value equals an unknown value.

python -m benchmarks.engine.compare REFERENCE OTHER
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

RTOL, ATOL = 1e-9, 1e-12  # the absolute one is for values that are a difference of nearly equal ones


def compare(reference: Path, other: Path) -> dict[str, tuple[float, int]]:
    """Return, by signal, the worst deviation in units of the tolerance's relative part, and how many are off.

    The deviation is ``|a - b| / (|b| + ATOL / RTOL)``; it is infinite where one of both is unknown.

    Raises
    ------
    ValueError
        The files or the customers differ.
    """
    names = sorted(p.name for p in reference.glob("*.parquet"))
    if not names or names != sorted(p.name for p in other.glob("*.parquet")):
        raise ValueError(f"not the same cutoffs: {names}")
    worst: dict[str, tuple[float, int]] = {}
    for name in names:
        want = pd.read_parquet(reference / name).set_index("customer").sort_index()
        have = pd.read_parquet(other / name).set_index("customer").sort_index()
        if not have.index.equals(want.index):
            raise ValueError(f"{name}: {len(have)} customers, {len(want)} wanted")
        for signal in have.columns:
            a = have[signal].to_numpy(np.float64, na_value=np.nan)
            b = want[signal].to_numpy(np.float64, na_value=np.nan)
            with np.errstate(invalid="ignore"):
                off = np.abs(a - b) / (np.abs(b) + ATOL / RTOL)
            off = np.where(np.isnan(a) & np.isnan(b), 0.0, np.where(np.isnan(off), np.inf, off))
            deviation, count = worst.get(signal, (0.0, 0))
            worst[signal] = max(deviation, float(off.max())), count + int((off > RTOL).sum())
    return worst


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("reference", type=Path)
    parser.add_argument("other", type=Path)
    given = parser.parse_args()
    print(json.dumps(compare(given.reference, given.other)))


if __name__ == "__main__":
    main()
