"""How far a sample of the customers moves the forecast of the base rate.

    python benchmarks/sampling.py [shop retail]

Trains on the development cutoffs of a data set and forecasts the shift of its base rate at several cutoffs, from all
customers and from samples; `MOST_CUSTOMERS` of `churn.model.baserate` is how many are looked at.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import churn
from benchmarks import sets
from churn.data import sample as sampling
from churn.data.base import CustomerBase
from churn.model import baserate

_SEEDS = 8  # other samples of the same size: hashes with another salt
_PARTS = (0.1, 0.25, 0.5)


def main(names: list[str]) -> None:
    """Print the spread of the change per data set and size of the sample."""
    print(
        "data           customers   sample   spread of the shift (root mean square of the change, log-odds)"
    )
    for name in names or ["shop", "retail"]:
        task = sets.load(name, development=True)
        settings = task.training.model_copy(
            update={"test_cutoff": dt.date.fromisoformat(task.cutoffs[0]), "max_snapshots": 6, "threads": 1}
        )
        model = churn.train(task.history, task.definition, settings=settings, track=False).model
        history, size = task.history, len(task.history.customers)
        cutoffs = [history.instant(c) for c in task.cutoffs]
        baserate.MOST_CUSTOMERS = size
        whole = [model.forecast(history, t, threads=1).shift for t in cutoffs]
        plain = sampling.id_hashes
        for part in _PARTS:
            baserate.MOST_CUSTOMERS = round(part * size)
            changes = []
            for seed in range(_SEEDS):
                salt = np.uint64(np.random.default_rng(seed).integers(2**63))
                sampling.id_hashes = lambda ids, salt=salt, plain=plain: (
                    (plain(ids) ^ salt) * np.uint64(0x9E3779B97F4A7C15)
                )
                base = sampling.sample_of(CustomerBase.of(history), baserate.MOST_CUSTOMERS)
                changes += [
                    model.forecast(base, t, threads=1).shift - w for t, w in zip(cutoffs, whole, strict=True)
                ]
            sampling.id_hashes = plain
            spread = float(np.sqrt(np.mean(np.square(changes))))
            print(f"{name:12} {size:11,} {baserate.MOST_CUSTOMERS:8,}   {spread:.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
