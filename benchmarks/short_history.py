"""Whether the model or a plain mean is better for customers who came only days ago, as a Markdown table.

    python benchmarks/short_history.py [retail] [shop] [--cutoffs 2011-05-13 2011-06-12] [--customers 6000]

At every cutoff the model is fitted as of it, and so are the two fallbacks for the customers whose first row of any table is
younger than 7, 14 and 30 days: the mean of the model's own predictions for them, and the share of such customers who
churned in the training snapshots, moved by the forecast of the base rate like the model. The cutoffs are those that choices
may be made on (`sets.py`). Intervals are of the paired difference, by customers drawn with replacement.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import sets

import churn
from churn.data.history import DAY_US, History
from churn.model.baserate import shift_to
from churn.model.fold import Fold, fit_at
from churn.model.predictor import probability

AGES = (7, 14, 30)
FALLBACKS = ("mean of the model", "share in training")
RETAIL = ("2010-12-14", "2011-01-13", "2011-02-12", "2011-03-14", "2011-04-13", "2011-05-13", "2011-06-12")
LAST_RETAIL = "2011-06-12"  # later cutoffs are the test
DRAWS = 1000


@dataclass(frozen=True)
class Rows:
    """The young customers of a cutoff: log loss by predictor, and which customer."""

    customer: np.ndarray
    y: np.ndarray
    loss: dict[str, np.ndarray]


def first_seen(history: History) -> np.ndarray:
    """Return the instant of each customer's first row of any table."""
    out = np.full(len(history.customers), np.iinfo(np.int64).max)
    for log in history.logs.values():
        np.minimum.at(out, log.customer, log.time)
    return out


def log_loss(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return -(y * np.log(p) + (1 - y) * np.log1p(-p))


def young(fold: Fold, first: np.ndarray, days: int) -> Rows:
    """Judge the model and both fallbacks on the customers of a cutoff who are younger than some days."""
    rows = first[fold.test.customer] > fold.cutoff - days * DAY_US
    learnt = first[fold.learn.customer] > fold.learn.cutoff - days * DAY_US
    y, p = fold.test.y[rows], fold.predictions["model"][rows]
    share = float(fold.learn.y[learnt].mean()) if learnt.any() else float(fold.learn.y.mean())
    moved = float(probability(np.array([shift_to(np.zeros(10_000), share) + fold.forecast.shift]))[0])
    mean = float(p.mean()) if rows.any() else 0.5
    flat = dict(zip(FALLBACKS, (mean, moved), strict=True))
    loss = {"model": log_loss(y, p)} | {k: log_loss(y, np.full(len(y), v)) for k, v in flat.items()}
    return Rows(fold.test.customer[rows], y, loss)


def interval(customer: np.ndarray, difference: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by customers drawn with replacement."""
    rng = np.random.default_rng(0)
    _, which = np.unique(customer, return_inverse=True)
    n = int(which.max(initial=-1)) + 1
    total, count = np.bincount(which, weights=difference, minlength=n), np.bincount(which, minlength=n)
    drawn = rng.integers(0, n, (DRAWS, n))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def table(found: dict[int, list[Rows]]) -> str:
    """Lay out the figures of all cutoffs."""
    lines = [
        "| first row younger than | rows | churned | log loss of the model | "
        + " | ".join(f"{f}; less the model's" for f in FALLBACKS)
        + " |",
        "| --- " * (4 + len(FALLBACKS)) + "|",
    ]
    for days, parts in found.items():
        y, customer = (np.concatenate([getattr(r, k) for r in parts]) for k in ("y", "customer"))
        loss = {k: np.concatenate([r.loss[k] for r in parts]) for k in ("model", *FALLBACKS)}
        if not len(y):
            lines.append(f"| {days} days | 0 |" + " |" * (2 + len(FALLBACKS)))
            continue
        cells = []
        for name in FALLBACKS:
            low, high = interval(customer, loss[name] - loss["model"])
            cells.append(
                f"{loss[name].mean():.3f}; {(loss[name] - loss['model']).mean():+.3f} [{low:+.3f}, {high:+.3f}]"
            )
        cells = [
            f"{days} days",
            f"{len(y):,}",
            f"{100 * y.mean():.0f} %",
            f"{loss['model'].mean():.3f}",
            *cells,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tasks(names: list[str], cutoffs: tuple[str, ...] | None, customers: int) -> list[sets.Task]:
    """Return what is judged, on the cutoffs that choices may be made on."""
    out = []
    for name in names:
        if name == "shop":
            shop = churn.make_shop(customers=customers, seed=7)
            task = sets.Task(
                "shop",
                f"Generated shop, {customers:,} customers, seed 7",
                shop.history(),
                churn.Inactivity(active_days=180, horizon_days=60),
                churn.TrainingSettings(max_snapshots=12),
                cutoffs or ("2025-07-01", "2025-09-01", "2025-11-01"),
            )
        else:
            chosen = cutoffs or (RETAIL if name == "retail" else None)
            if name == "retail" and chosen and max(chosen) > LAST_RETAIL:
                sys.exit(f"Cutoffs after {LAST_RETAIL} are the test; choose earlier ones.")
            task = sets.load(name, development=True)
            settings = task.training.model_copy(update={"step_days": 30, "max_snapshots": 12})
            task = replace(task, training=settings, cutoffs=tuple(chosen or task.cutoffs))
        out.append(task)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default=["retail", "shop"])
    parser.add_argument("--cutoffs", nargs="*")
    parser.add_argument("--customers", type=int, default=6000)
    args = parser.parse_args()
    for task in tasks(args.names, tuple(args.cutoffs) if args.cutoffs else None, args.customers):
        first, found = first_seen(task.history), {days: [] for days in AGES}
        for date in task.cutoffs:
            began = time.perf_counter()
            cutoff = task.history.instant(date)
            try:
                fold = fit_at(
                    task.history,
                    task.definition,
                    cutoff,
                    settings=task.training,
                    features=churn.FeatureSettings(),
                )
            except churn.errors.ChurnError as error:
                print(f"{task.name} {date}: left out, {error}", file=sys.stderr)
                continue
            for days in AGES:
                found[days].append(young(fold, first, days))
            print(f"{task.name} {date}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        print(f"\n{task.title}, {len(task.cutoffs)} cutoffs to {task.cutoffs[-1]}\n\n{table(found)}")


if __name__ == "__main__":
    main()
