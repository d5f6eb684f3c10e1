"""Expected spend and lifetime value against what came, beside simpler forecasts.

    python benchmarks/value.py [spend] [lifetime]

Online Retail II is read from CHURN_DATA (default: ../shared/data beside the project). Every cutoff is forecast from what was known
before it. The cutoffs are those of development; the cutoffs that docs/results.md reports for churn are not looked at.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import churn
from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import DAY_US, History
from churn.display import table_text
from churn.model.bgnbd import fit_bgnbd, rhythm_of
from churn.model.fold import fit_at
from churn.model.value.fit import fit_spend
from churn.model.value.judge import MEASURES, judge_spend
from churn.model.value.lifetime import lifetime_value
from churn.model.value.simple import fit_shrunken, own_mean
from churn.model.value.target import net_spend

ROOT = Path(__file__).resolve().parent.parent
DEFINITION = churn.Inactivity(active_days=180, horizon_days=60)
SETTINGS = TrainingSettings()
YEAR_DAYS = 365


def retail() -> History:
    return churn.load_history(churn.read_config(ROOT / "configs" / "online_retail.yaml"))


def shop() -> History:
    return churn.make_shop(customers=5000, seed=11).history()


def spend(history: History, cutoff: int) -> None:
    fold = fit_at(history, DEFINITION, cutoff, settings=SETTINGS, features=FeatureSettings())
    before = time.process_time()
    model = fit_spend(history, DEFINITION, fold, SETTINGS)
    assert model is not None
    taken = time.process_time() - before
    print(model.render())
    print(refunds(history, cutoff, fold.test.customer))
    losses = ", ".join(f"{name} {loss:.3f}" for name, loss in model.facts["chosen_by"].items())
    print(
        f"chosen on an earlier snapshot by its deviance: {losses}; {model.facts['trees']} trees on {model.facts['rows']:,} rows, "
        f"{taken:.1f} s CPU; season of earlier years {'used' if model.season else 'not used'}\n",
        flush=True,
    )


def refunds(history: History, cutoff: int, who: np.ndarray) -> str:
    """Say what counting negative windows as 0 does to the total."""
    net = np.zeros(len(history.customers))
    for name, sign in (("orders", 1.0), ("returns", -1.0)):
        log = history.logs[name]
        rows = (log.time >= cutoff) & (log.time < cutoff + DEFINITION.window_us)
        net += sign * np.bincount(log.customer[rows], log.numbers["amount"][rows], minlength=len(net))
    net = net[who]
    lift = np.maximum(net, 0).sum() / net.sum() - 1
    return f"{(net < 0).sum()} customers with more refunds than orders count as 0, which lifts the total by {100 * lift:.2f} %"


def lifetime(history: History, cutoff: int) -> None:
    fold = fit_at(history, DEFINITION, cutoff, settings=SETTINGS, features=FeatureSettings())
    model = fit_spend(history, DEFINITION, fold, SETTINGS)
    assert model is not None
    names = tuple(s.name for s in fold.signals)
    X, p, who = fold.test.X, fold.predictions["model"], fold.test.customer
    staying = model.if_staying(X, names, cutoff=cutoff)
    usual = model.if_staying(X, names)
    column = {n: X[:, i] for i, n in enumerate(names)}
    terms = {"horizon_days": 60, "lifetime_days": YEAR_DAYS, "discount_rate": 0.0}
    rhythm = rhythm_of(history.as_of(cutoff))
    buys = fit_bgnbd(rhythm.x, rhythm.t_x, rhythm.T)
    mine = rhythm.of(who)
    prior = fit_shrunken(column, DEFINITION.lookback_days)
    forecasts = {
        "model": model.lifetime(p, staying, lifetime_days=YEAR_DAYS, discount_rate=0.0, cutoff=cutoff),
        "own mean x 365 days": own_mean(column, YEAR_DAYS, DEFINITION.lookback_days),
        "constant churn": lifetime_value(p, usual, **terms, concentration=float("inf")),
        "nobody lost after the first period": lifetime_value(p, usual, **terms, concentration=1e-6),
        "BG/NBD x gamma-gamma": buys.expected_orders(mine.x, mine.t_x, mine.T, YEAR_DAYS)
        * prior.order_value(column, DEFINITION.lookback_days),
    }
    actual = net_spend(history.logs, who, cutoff, cutoff + YEAR_DAYS * DAY_US)
    e = judge_spend(
        actual, np.zeros(len(who)), forecasts, {"model": forecasts["model"]}, cutoff=history.date(cutoff)
    )
    rows = [[name, *(str(values[m]) for m in MEASURES)] for name, values in e.everyone.items()]
    print(
        f"{e.rows:,} customers spent {e.actual:,.0f} in {YEAR_DAYS} days; not discounted. 95 % intervals in brackets."
    )
    print(table_text(["", *(label for label, _ in MEASURES.values())], rows))
    print(f"model minus own mean: {', '.join(f'{m} {d}' for m, d in e.differences.items())}")
    print(
        f"concentration {model.concentration:.2f}, leaving {model.leaving:.3f} per period, from {model.facts['later_periods']} periods; season {'used' if model.season else 'not used'}"
    )
    print("what came over what was forecast, by fifths of the churn probability, low to high:")
    fifth = np.argsort(np.argsort(p)) * 5 // len(p)
    for name, m in forecasts.items():
        print(
            f"  {name}: "
            + ", ".join(f"{actual[fifth == q].sum() / m[fifth == q].sum():.2f}" for q in range(5))
        )
    print(flush=True)


def main(wanted: list[str]) -> None:
    bought, made = retail(), shop()
    if "spend" in wanted:
        for day in ("2010-12-01", "2011-04-13", "2011-05-13", "2011-06-12"):
            print(f"== Spend, Online Retail II, {day}")
            spend(bought, bought.instant(day))
        last = DEFINITION.last_mature_cutoff(made)
        for cutoff in (made.days_before(last, 120), last):
            print(f"== Spend, generated shop, {made.date(cutoff)}")
            spend(made, cutoff)
    if "lifetime" in wanted:
        print("== Lifetime, Online Retail II, 2010-12-01")
        lifetime(bought, bought.instant("2010-12-01"))
        cutoff = made.midnight(made.data_end - YEAR_DAYS * DAY_US)
        print(f"== Lifetime, generated shop, {made.date(cutoff)}")
        lifetime(made, cutoff)


if __name__ == "__main__":
    main(sys.argv[1:] or ["spend", "lifetime"])
