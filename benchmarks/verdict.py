"""Whether the judgement of an uplift model is honest: its estimate, its interval and its false alarms, on arrays.

    python benchmarks/verdict.py [--draws 500] [--seed 1000]

The same customers come back in four campaigns with a lot for everyone. Each has a trait that stays with him, of which the
signals and the risk show a part. Two questions:

- The profit of a fixed ranking above that of risk times value, at 30 %: is it unbiased, does its 95 % interval cover the true
  one, and how much narrower is it for taking off what the risk let expect?
- Where contacts change nothing: how often is the whole procedure (choose, learn, judge, campaign after campaign) said
  to be better? At most 2.5 % of the time is meant. Only the learners without trees take part, for the time it takes.
"""

from __future__ import annotations

import argparse

import numpy as np

from churn.campaigns.uplift import judge as judging
from churn.campaigns.uplift.choose import Fitting
from churn.campaigns.uplift.judge import WORTH, judge, within
from churn.campaigns.uplift.qini import at, interval, measure
from churn.campaigns.uplift.rows import Array, Rows
from churn.display import table_text

CAMPAIGNS, CUSTOMERS, SHARE, DEPTH = 4, 800, 0.7, 0.3


def world(seed: int, effect: float, customers: int = CUSTOMERS) -> tuple[Rows, Array]:
    """Return the rows of all campaigns, and the true effect on each."""
    rng = np.random.default_rng(seed)
    n = customers * CAMPAIGNS
    customer = np.tile(np.arange(customers), CAMPAIGNS)
    trait, value = rng.normal(size=customers)[customer], np.exp(rng.normal(4, 0.8, customers))[customer]
    X = rng.normal(size=(n, 4)) + np.column_stack([trait, trait, np.zeros((n, 2))])
    risk = np.clip(0.5 - 0.12 * trait + 0.15 * rng.normal(size=n), 0.02, 0.98)
    base = np.clip(0.5 + 0.2 * trait, 0.05, 0.95)
    truth = effect * (X[:, 2] > 0) * (1 - base)
    treated = rng.random(n) < SHARE
    stayed = rng.random(n) < base + treated * truth
    rows = Rows(
        X=X,
        customer=customer,
        campaign=np.arange(n) // customers,
        action=np.zeros(n, dtype=int),
        treated=treated,
        share=np.full(n, SHARE),
        stayed=stayed.astype(float),
        risk=risk,
        value=value,
        cost=np.full(n, 1.0),
        assumed=0.2 * risk,
        campaigns=tuple(f"c{c}" for c in range(CAMPAIGNS)),
        actions=("call",),
    )
    return rows, truth


def gain(rows: Rows, effects: Array, count: int = 0, seed: int = 0) -> Array:
    """Return the profit of a fixed ranking above that of risk times value, and its resamples, per 1,000 customers."""
    rankings = {"fixed": rows.value * (rows.X[:, 2] > 0) * rows.risk, WORTH: rows.risk * rows.value}
    rankings = {name: within(score, rows.campaign) for name, score in rankings.items()}
    found = measure(
        rankings, effects, effects * rows.value - rows.cost, rows.customer, count=count, seed=seed
    ).profits
    return np.asarray(1000 * (found["fixed"] - found[WORTH])[at([DEPTH])[0]])


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1000)
    given = parser.parse_args()
    rows, truth = world(given.seed - 1, 0.4, 100_000)
    true = float(gain(rows, truth)[0])
    ways: dict[str, list[tuple[float, float, float]]] = {
        "as judged": [],
        "without what the risk let expect": [],
    }
    for draw in range(given.draws):
        rows, _ = world(given.seed + draw, 0.4)
        for name, effects in zip(ways, (rows.effects(), rows.stayed * rows.signed), strict=True):
            ways[name].append(interval(gain(rows, effects, 200, draw)))
    lines = []
    for name, found in ways.items():
        value, low, high = np.array(found).T
        error = 1.96 * value.std(ddof=1) / np.sqrt(len(value))
        lines.append(
            [
                name,
                f"{value.mean() - true:+,.0f} ± {error:,.0f}",
                f"{np.mean((low <= true) & (true <= high)):.1%}",
                f"{np.mean(high - low):,.0f}",
            ]
        )
    print(f"true gain {true:,.0f} per 1,000 customers; {given.draws} draws", flush=True)
    print(table_text(["estimate", "bias", "95 % intervals cover", "width"], lines), flush=True)
    judging.KINDS = ("constant", "linear", "ridge")
    alarms, worse = 0, 0
    for draw in range(given.draws):
        found = judge(world(given.seed + draw, 0.0)[0], Fitting(), depth=DEPTH, count=200).difference
        alarms, worse = alarms + (found[1] > 0), worse + (found[2] < 0)
    better, not_ = f"{alarms / given.draws:.1%}", f"{worse / given.draws:.1%}"
    print(f"no effect: said to be better in {better}, worse in {not_} of {given.draws} draws")


if __name__ == "__main__":
    main()
