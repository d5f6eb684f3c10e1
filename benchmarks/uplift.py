"""What an uplift model knows of the truth: the generated shop tells what each contact really changes.

    python benchmarks/uplift.py [--seeds N] [--customers N]

Per development seed a shop with six randomised campaigns (call, e-mail series, discount; half held out). A model learns from
them and is asked on a later day about everybody with a score. Printed per way of ranking: the true mean effect on the chance
to stay among the 10 and 30 % it would contact first, each customer with the action that it ranks highest for him, and how
many of these are persuadable or sleeping dogs by the truth. The shop's own shares of them stand below.

Seeds 0 to 4 only: choices of the learners were made on them. The seeds that are reported are those of benchmarks/winback.py.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd

import churn
from churn.campaigns import learn
from churn.config import FeatureSettings, TrainingSettings
from churn.display import table_text
from churn.model.fold import fit_at
from churn.model.snapshots import build_snapshots

PAST = ["2024-10-01", "2024-12-02", "2025-02-03", "2025-04-07", "2025-06-09", "2025-08-11"]
NIGHT = "2025-10-15"
ACTIONS = ("call", "email_series", "discount")
HORIZON = 60
SAVE_CHANCES = {"call": 0.2, "email_series": 0.1, "discount": 0.15}
WAYS = ("uplift", "risk", "random", "best from the log", "best possible")


def risks(history: Any) -> dict[str, pd.Series]:
    """Return the churn probabilities at each day, by a model fitted as of the first."""
    definition = churn.Inactivity(active_days=180, horizon_days=HORIZON)
    settings = TrainingSettings(max_snapshots=5, threads=1)
    fold = fit_at(
        history, definition, history.instant(PAST[0]), settings=settings, features=FeatureSettings()
    )
    found = {}
    for day in (*PAST, NIGHT):
        t = history.instant(day)
        rows = build_snapshots(history, definition, [t], fold.signals, known_at=t)
        p = fold.fitted.predictor.predict(rows.X, shift=fold.forecast.shift, threads=1)
        found[day] = pd.Series(p, index=pd.Index(history.customers)[rows.customer])
    return found


def one_seed(seed: int, customers: int) -> tuple[Any, dict[str, Any]]:
    """Return what was learnt in the shop of a seed, and the true effects by ranking."""
    shop, lots = churn.make_shop(customers, seed=seed).past_campaigns(PAST, ACTIONS, seed=seed)
    history = shop.history()
    risk = risks(history)
    parts, came = [], []
    for campaign, part in lots.groupby("campaign"):
        one = part[part["customer"].isin(risk[campaign].index)].assign(start=campaign, share=0.5)
        one["churn_probability"] = one["customer"].map(risk[campaign]).to_numpy()
        one["uplift"] = one["action"].map(SAVE_CHANCES).to_numpy() * one["churn_probability"].to_numpy()
        when = pd.Timestamp(campaign, tz="UTC")
        window = (shop.orders["time"] >= when) & (shop.orders["time"] < when + pd.Timedelta(days=HORIZON))
        stayed = one["customer"].isin(shop.orders["customer"][window])
        parts.append(one)
        came.append(one[["campaign", "customer"]].assign(retained=stayed.astype(float)))
    before = time.process_time()
    model = learn(pd.concat(parts), pd.concat(came), history)
    seconds = time.process_time() - before
    now = risk[NIGHT]
    said = model.uplift.for_customers(history, NIGHT, now.index, now, ACTIONS).to_numpy()
    truth, known = (
        shop.truth_of_effects(NIGHT, HORIZON, ACTIONS, knowing=knowing)
        .pivot_table("effect", "customer", "action")
        .reindex(index=now.index, columns=list(ACTIONS))
        .to_numpy()
        for knowing in ("everything", "log")
    )
    assumed = now.to_numpy()[:, None] * np.array([SAVE_CHANCES[a] for a in ACTIONS])
    chance = np.random.default_rng([seed, 7]).random(said.shape)
    scores = dict(zip(WAYS, (said, assumed, chance, known, truth), strict=True))
    out: dict[str, Any] = {
        "rows": len(pd.concat(parts)),
        "customers": len(now),
        "seconds": seconds,
        "correlation": [float(np.corrcoef(said[:, j], known[:, j])[0, 1]) for j in range(len(ACTIONS))],
    }
    for name, score in scores.items():
        best = score.argmax(axis=1)
        rows = np.arange(len(best))
        order = np.argsort(-score[rows, best], kind="stable")
        effects = truth[rows, best][order]
        top = effects[: round(0.3 * len(order))]
        out[name] = [
            effects[: round(0.1 * len(order))].mean(),
            top.mean(),
            (top > 0.03).mean(),
            (top < -0.03).mean(),
        ]
    return model, out


def main() -> None:
    """Print the figures by seed and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, choices=range(1, 6))
    parser.add_argument("--customers", type=int, default=6000)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    results = []
    for seed in range(given.seeds):
        model, found = one_seed(seed, given.customers)
        results.append(found)
        print(f"seed {seed}: {found['rows']:,} rows, learning took {found['seconds']:.0f} s of CPU")
        print(model.render())
        said = ", ".join(f"{a} {c:.2f}" for a, c in zip(ACTIONS, found["correlation"], strict=True))
        print(f"correlation with what the log can tell of the true effect: {said}\n", flush=True)
    rows = []
    for way in WAYS:
        means = 100 * np.mean([r[way] for r in results], axis=0)
        rows.append([way, *(f"{m:+.1f}" for m in means[:2]), *(f"{m:.0f} %" for m in means[2:])])
    header = ["contacted first by", "effect at 10 %", "effect at 30 %", "persuadable", "sleeping dogs"]
    print(table_text(header, rows, right=range(1, 5)))


if __name__ == "__main__":
    main()
