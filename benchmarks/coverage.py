"""How often the intervals of a campaign's effect cover the truth, and how often they claim an effect where there is none.

    python benchmarks/coverage.py [--choose] [--first] [--campaigns 500] [--seed 1000]

Campaigns are simulated twice: on arrays with heavy-tailed money, a population for each campaign; and on the generated shop,
where the same customers with and without the contact are both known, 20 shops whose customers are held out anew 25 times.
The truth is the mean effect on the assigned customers. Methods were chosen with --choose and other seeds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import binom, norm, ttest_ind

from churn.campaigns.holdout import split
from churn.campaigns.sizing.power import power
from churn.campaigns.statistics.effects import Effect, estimate, newcombe
from churn.campaigns.statistics.sequential import always_valid, look_days
from churn.display import table_text
from churn.errors import NotEnoughDataError

MEASURES = ("retained", "orders", "net value")
HORIZON_DAYS = 60
LOOKS = look_days(HORIZON_DAYS, 6)
SHOPS = 20
Z = float(norm.isf(0.025))
SHOP_CUSTOMERS = 6000
ACTIONS = ("call", "email_series", "discount")


@dataclass(frozen=True)
class Population:
    """Customers with both potential outcomes: by measure, shape (n_customers, n_looks); the last look is the horizon."""

    without: dict[str, np.ndarray]
    contacted: dict[str, np.ndarray]
    before: pd.DataFrame
    strata: pd.DataFrame

    def same(self) -> Population:
        """The same customers, were the contact without any effect."""
        return replace(self, contacted=self.without)


def arrays(seed: int, n: int = 2500) -> Population:
    """Customers whose orders fall on days of a Poisson process until they leave; the contact keeps some and wakes some."""
    random = np.random.default_rng(seed)
    risk = random.beta(1.2, 1.8, n)
    spend = random.lognormal(3.8, 1.1, n)
    rate = random.gamma(2, 1, n) / HORIZON_DAYS * 1.5
    leaves = random.random(n) < risk
    saved = leaves & (random.random(n) < np.where(risk < 0.6, 0.35, 0.05))
    woken = ~leaves & (random.random(n) < 0.02)
    gaps = random.exponential(1, (n, 30)).cumsum(axis=1) / rate[:, None]
    amounts = spend[:, None] * random.lognormal(-0.3, 0.8, gaps.shape)

    def outcome(gone: np.ndarray) -> dict[str, np.ndarray]:
        counted = [(gaps < day) & ~gone[:, None] for day in LOOKS]
        orders = np.stack([c.sum(axis=1) for c in counted], axis=1).astype(float)
        money = np.stack([(amounts * c).sum(axis=1) for c in counted], axis=1)
        return {"retained": (orders > 0).astype(float), "orders": orders, "net value": money}

    before = pd.DataFrame({"churn_probability": risk, "value": spend})
    strata = pd.DataFrame({"action": np.resize(ACTIONS, n), "band": np.digitize(risk, [0.3, 0.6])})
    return Population(outcome(leaves), outcome((leaves & ~saved) | woken), before, strata)


def shop(seed: int) -> Population:
    """Active customers of the generated shop, each with an action by lot, as they go on with and without it."""
    import churn

    day = pd.Timedelta(days=1)
    made = churn.make_shop(SHOP_CUSTOMERS, seed=seed)
    start = pd.Timestamp("2025-09-01", tz="UTC")
    past = made.orders[made.orders["time"] < start]
    last = past.groupby("customer")["time"].max()
    ids = last.index[(start - last) <= 180 * day]
    action = np.random.default_rng([seed, 7]).choice(ACTIONS, len(ids))
    other = made.contacted(pd.DataFrame({"customer": ids, "kind": action, "time": start}))
    truth = made.truth_of_effects(start, HORIZON_DAYS, ["call"], knowing="log").set_index("customer").loc[ids]
    risk = np.clip(1 - truth["stays_without"].to_numpy(), 0, 1)

    def summed(table: pd.DataFrame, column: str, until: pd.Timestamp) -> np.ndarray:
        inside = table[(table["time"] >= start) & (table["time"] < until)]
        grouped = inside.groupby("customer")[column]
        values = grouped.size() if column == "customer" else grouped.sum()
        return values.reindex(ids).fillna(0).to_numpy(dtype=float)

    def outcome(one: churn.Shop) -> dict[str, np.ndarray]:
        ends = [start + look * day for look in LOOKS]
        orders = np.stack([summed(one.orders, "customer", e) for e in ends], axis=1)
        money = np.stack(
            [summed(one.orders, "amount", e) - summed(one.returns, "amount", e) for e in ends], axis=1
        )
        return {"retained": (orders > 0).astype(float), "orders": orders, "net value": money}

    recent = (
        past[past["time"] >= start - 180 * day].groupby("customer")["amount"].sum().reindex(ids).fillna(0)
    )
    before = pd.DataFrame({"churn_probability": risk, "value": recent.to_numpy()})
    strata = pd.DataFrame({"action": action, "band": np.digitize(risk, [0.3, 0.6])})
    return Population(outcome(made), outcome(other), before, strata)


def assigned(people: Population, share: float, key: str) -> tuple[np.ndarray, np.ndarray]:
    parted = split(range(len(people.before)), people.strata, share, key, "coverage")
    return ~parted.held, parted.strata


def observed(people: Population, t: np.ndarray, measure: str) -> tuple[np.ndarray, float]:
    """The outcomes at every look, and the true mean effect at the horizon."""
    y1, y0 = people.contacted[measure], people.without[measure]
    return np.where(t[:, None], y1, y0), float((y1 - y0)[:, -1].mean())


Hits = dict[tuple[str, ...], list[tuple[bool, float, float]]]


def measured(people: Population, share: float, key: str, hits: Hits, *, is_null: bool) -> None:
    """One campaign: whether each interval covers, its width, and the variance that adjusting keeps."""
    t, strata = assigned(people, share, key)
    for measure in MEASURES:
        y, truth = observed(people, t, measure)
        found: list[tuple[str, Effect, float]] = [
            ("plain", estimate(y[:, -1], t), truth),
            ("adjusted", estimate(y[:, -1], t, people.before, strata), truth),
        ]
        if not is_null and measure == "retained":
            for action in ACTIONS:
                rows = (people.strata["action"] == action).to_numpy()
                own = float((people.contacted[measure] - people.without[measure])[rows, -1].mean())
                found.append((f"only {action}", estimate(y[rows, -1], t[rows], people.before[rows]), own))
        for name, effect, true in found:
            hits[measure, name].append(
                (effect.low <= true <= effect.high, effect.high - effect.low, effect.variance_kept)
            )


def looked(y: np.ndarray, t: np.ndarray, before: pd.DataFrame, planned: int) -> Effect | None:
    """A look at a growing number; None where it is refused because they are too few yet."""
    try:
        return always_valid(y, t, before, planned=planned)
    except NotEnoughDataError:
        return None


def peeked(people: Population, share: float, number: int, alarms: dict[tuple[str, str], list[bool]]) -> None:
    """One campaign without effect: whether any of ten looks claims one. The plain interval of a look is got from its p value."""
    t, strata = assigned(people, share, f"c{number}")
    waves = np.random.default_rng([number, 3]).permutation(len(t)) * len(LOOKS) // len(t)
    looks = len(LOOKS)
    for measure in MEASURES:
        y, _ = observed(people, t, measure)
        same = [always_valid(y[:, k], t, people.before, strata, looks=looks) for k in range(looks)]
        alarms[measure, "the same customers, plain"].append(any(e.p_value / looks < e.alpha for e in same))
        alarms[measure, "the same customers, looks="].append(any(e.is_shown for e in same))
        growing = [waves <= k for k in range(1, looks)]
        more = [e for w in growing if (e := looked(y[w, -1], t[w], people.before[w], len(t)))]
        alarms[measure, "ever more customers, plain"].append(
            any(abs(e.effect) > Z * e.standard_error for e in more)
        )
        alarms[measure, "ever more customers, planned="].append(any(e.is_shown for e in more))


def error(share: float, n: int) -> float:
    return float(np.sqrt(share * (1 - share) / n))


def percent(values: list[bool]) -> str:
    share = float(np.mean(values))
    return f"{100 * share:.1f} ± {100 * error(share, len(values)):.1f}"


def print_coverage(people: Callable[[int], Iterator[Population]], campaigns: int, share: float) -> None:
    hits: Hits = defaultdict(list)
    nulls: Hits = defaultdict(list)
    for number, one in enumerate(people(campaigns)):
        measured(one, share, f"a{number}", hits, is_null=False)
        measured(one.same(), share, f"b{number}", nulls, is_null=True)
    rows = []
    for (measure, name), seen in hits.items():
        none = nulls.get((measure, name))
        width, kept = float(np.median([w for _, w, _ in seen])), float(np.median([k for _, _, k in seen]))
        unit = f"{100 * width:.1f} points" if measure == "retained" else f"{width:.3g}"
        rows.append(
            [
                measure,
                name,
                percent([h for h, _, _ in seen]),
                percent([not h for h, _, _ in none]) if none else "",
                unit,
                f"{100 * kept:.0f}",
            ]
        )
    header = ["measure", "interval", "covers, %", "false alarms, %", "median width", "variance kept, %"]
    print(table_text(header, rows, right=(2, 3, 4, 5)), end="\n\n", flush=True)


def print_peeking(people: Callable[[int], Iterator[Population]], campaigns: int, share: float) -> None:
    alarms: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for number, one in enumerate(people(campaigns)):
        peeked(one.same(), share, number, alarms)
    names = list(dict.fromkeys(name for _, name in alarms))
    rows = [[name, *(percent(alarms[m, name]) for m in MEASURES)] for name in names]
    print(
        table_text([f"{len(LOOKS)} looks; any false alarm, %", *MEASURES], rows, right=(1, 2, 3)),
        end="\n\n",
        flush=True,
    )


def print_power(people: Callable[[int], Iterator[Population]], campaigns: int) -> None:
    """Predicted from risks and the true effect alone, against how often the adjusted interval left out 0."""
    rows = []
    for share in (0.1, 0.3, 0.5):
        said, shown = [], []
        for number, one in enumerate(people(campaigns)):
            t, strata = assigned(one, share, f"d{number}")
            y, truth = observed(one, t, "retained")
            p = one.before["churn_probability"].to_numpy()
            leaving = 1 - one.without["retained"][:, -1].mean()
            kept = max(1 - p.var() / (p.mean() * (1 - p.mean())), 0.01)
            if truth > 0:
                said.append(
                    power(len(t), leaving, share=share, effect=truth, variance_kept=kept).now.chance or 0.0
                )
                shown.append(estimate(y[:, -1], t, one.before, strata).low > 0)
        rows.append([f"{100 * share:.0f} %", f"{100 * np.mean(said):.1f}", percent(shown)])
    print(table_text(["held out", "chance said, %", "shown, %"], rows, right=(1, 2)), end="\n\n", flush=True)


def print_choice(seed: int, campaigns: int) -> None:
    """Intervals that were compared before one was chosen: shares by exact enumeration, money by simulation."""

    def agresti(x1: int, n1: int, x0: int, n0: int) -> tuple[float, float]:
        p1, p0 = (x1 + 1) / (n1 + 2), (x0 + 1) / (n0 + 2)
        half = Z * np.sqrt(p1 * (1 - p1) / (n1 + 2) + p0 * (1 - p0) / (n0 + 2))
        return p1 - p0 - half, p1 - p0 + half

    def wald(x1: int, n1: int, x0: int, n0: int) -> tuple[float, float]:
        p1, p0 = x1 / n1, x0 / n0
        half = Z * np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
        return p1 - p0 - half, p1 - p0 + half

    kinds = {"Newcombe": newcombe, "Agresti-Caffo": agresti, "Wald": wald}
    rows = []
    for n1, n0 in ((180, 20), (450, 50), (100, 100)):
        for p1, p0 in ((0.03, 0.03), (0.1, 0.05), (0.35, 0.3), (0.9, 0.85), (0.97, 0.97)):
            a1, a0 = np.arange(n1 + 1), np.arange(n0 + 1)
            w1, w0 = binom.pmf(a1, n1, p1), binom.pmf(a0, n0, p0)
            likely = [(i, j) for i in a1[w1 > 1e-5] for j in a0[w0 > 1e-5]]
            row = [f"{n1}/{n0}", f"{p1:g}/{p0:g}"]
            for interval in kinds.values():
                ends = {(i, j): interval(int(i), n1, int(j), n0) for i, j in likely}
                row.append(
                    f"{100 * sum(w1[i] * w0[j] for (i, j), (low, high) in ends.items() if low <= p1 - p0 <= high):.1f}"
                )
            rows.append(row)
    print(table_text(["arms", "shares", *kinds], rows, right=range(2, 5)), end="\n\n", flush=True)
    rows = []
    for n, share in ((200, 0.1), (1000, 0.1), (5000, 0.1), (1000, 0.5)):
        seen: dict[str, list[bool]] = defaultdict(list)
        for number in range(campaigns):
            one = arrays(seed + number, n)
            t, _ = assigned(one, share, "choose")
            y, truth = observed(one, t, "net value")
            for name, equal in (("Welch", False), ("pooled", True)):
                ends = ttest_ind(y[t, -1], y[~t, -1], equal_var=equal).confidence_interval()
                seen[name].append(ends.low <= truth <= ends.high)
            larger = estimate(y[:, -1], t)
            seen["the larger of both"].append(larger.low <= truth <= larger.high)
        rows.append([f"{n:,}", f"{100 * share:.0f} %", *(percent(v) for v in seen.values())])
    print(table_text(["customers", "held out", *(f"{k}, %" for k in seen)], rows, right=range(5)), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--first", action="store_true", help="only the first table")
    parser.add_argument("--campaigns", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1000)
    given = parser.parse_args()
    if given.choose:
        print_choice(0, given.campaigns)
        return 0
    start = time.process_time()

    def drawn(campaigns: int) -> Iterator[Population]:
        return (arrays(given.seed + number) for number in range(campaigns))

    if given.first:
        print_coverage(drawn, given.campaigns, 0.1)
        return 0
    shops = [shop(given.seed + number) for number in range(min(SHOPS, given.campaigns))]

    def again(campaigns: int) -> Iterator[Population]:
        return (shops[number % len(shops)] for number in range(campaigns))

    size = np.mean([len(s.before) for s in shops])
    places = (("Arrays, 2,500 customers", drawn), (f"Generated shops, {size:,.0f} customers", again))
    for title, people in places:
        for share in (0.1, 0.5):
            print(f"{title}, {100 * share:.0f} % held out, {given.campaigns} campaigns\n")
            print_coverage(people, given.campaigns, share)
        print(f"{title}, 10 % held out, no effect, {given.campaigns} campaigns\n")
        print_peeking(people, given.campaigns, 0.1)
        print(f"{title}: the chance of showing the effect on who is retained\n")
        print_power(people, given.campaigns)
    print(f"{time.process_time() - start:.0f} s CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
