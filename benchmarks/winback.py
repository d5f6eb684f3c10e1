"""What a campaign truly earns, by who chose the customers: our plan, risk, chance, and who knows the truth.

    python benchmarks/winback.py [--development] [--seeds N] [--seeds-from N] [--customers N] [--processes N]

Per seed a shop is generated in which six campaigns with a lot for everyone have been made (call, e-mail series, discount).
An uplift model learns from them. Risks come from one
model that is fitted before the first campaign. The same budget and capacity are then spent in
several ways, and each is paid what its contacts truly change on the mean (closed form, `Shop.truth_of_effects`): the net value
in 60 days times the margin, less contacts and offers. Nobody is held out, so that the ways are paid in full.

Seeds 0 to 4 are for development; those that docs/uplift.md reports were run once, and each change of the rule took new ones.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

import churn
from churn.campaigns.plan.make import make_plan
from churn.campaigns.plan.scored import Scored
from churn.campaigns.policy import Policy, make_policy
from churn.campaigns.profit import action_profit, expected_taken
from churn.campaigns.solver.solve import solve
from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import History
from churn.display import table_text
from churn.model.fold import fit_at
from churn.model.snapshots import build_snapshots

START = pd.Timestamp("2025-10-15", tz="UTC")
PAST = ["2024-10-01", "2024-12-02", "2025-02-03", "2025-04-07", "2025-06-09", "2025-08-11"]
HORIZON = 60
ACTIONS = ("call", "email_series", "discount")
BUDGET, CALLS, MAILS = 0.45, 0.05, 0.2  # money, calls and mails per customer with a score
MARGIN = 0.5
WAYS = (
    "plan",
    "plan with uplift",
    "plan or uplift",
    "risk x value",
    "risk",
    "random",
    "best from the log",
    "best possible",
)


def policy(scored: int) -> Policy:
    """Return what the campaign may do: a marketer's guesses, the same for everybody."""
    return make_policy(
        {
            "campaign": "benchmark",
            "scores": "scores.parquet",
            "start": START.date(),
            "days": 1,
            "horizon_days": HORIZON,
            "worth": {"margin": MARGIN},
            "actions": [
                {
                    "name": "call",
                    "kind": "call",
                    "channel": "phone",
                    "cost": 5,
                    "save_chance": 0.2,
                    "wakes": 0.05,
                    "answers_complaint": True,
                },
                {
                    "name": "email_series",
                    "kind": "email_series",
                    "channel": "email",
                    "cost": 0.2,
                    "save_chance": 0.1,
                    "wakes": 0.02,
                },
                {
                    "name": "discount",
                    "kind": "discount",
                    "channel": "email",
                    "cost": 0.1,
                    "offer_cost": 4,
                    "stayers_accept": 0.5,
                    "save_chance": 0.15,
                    "wakes": 0.02,
                },
            ],
            "limits": {
                "budget": round(BUDGET * scored),
                "capacity": {"phone": round(CALLS * scored), "email": round(MAILS * scored)},
            },
            "holdout": {"share": 0},
        }
    )


def risks(history: History, fitted: str, days: Sequence[str]) -> dict[str, pd.Series]:
    """Return the churn probabilities at each day, by a model that is fitted as of one of them or before."""
    definition = churn.Inactivity(active_days=180, horizon_days=HORIZON)
    settings = TrainingSettings(max_snapshots=4, threads=1)
    fold = fit_at(history, definition, history.instant(fitted), settings=settings, features=FeatureSettings())
    found = {}
    for day in days:
        t = history.instant(day)
        rows = (
            fold.test
            if day == fitted
            else build_snapshots(history, definition, [t], fold.signals, known_at=t)
        )
        p = fold.fitted.predictor.predict(rows.X, shift=fold.forecast.shift, threads=1)
        found[day] = pd.Series(p, index=pd.Index(history.customers)[rows.customer])
    return found


def worth(shop: Any, when: pd.Timestamp, customers: pd.Index) -> np.ndarray:
    """Return the customers' own mean net spend per horizon in the year before, or since they joined."""
    since = when - pd.Timedelta(days=360)
    orders, returns = (t[(t["time"] < when) & (t["time"] >= since)] for t in (shop.orders, shop.returns))
    net = (
        orders.groupby("customer")["amount"]
        .sum()
        .sub(returns.groupby("customer")["amount"].sum(), fill_value=0)
    )
    joined = shop.customers.set_index("customer")["joined"].reindex(customers)
    days = ((when - joined.clip(lower=since)) / pd.Timedelta(days=1)).clip(lower=HORIZON)
    return np.maximum(net.reindex(customers).fillna(0).to_numpy() / days.to_numpy() * HORIZON, 0.0)


def learned(
    shop: Any, history: History, lots: pd.DataFrame, rules: Policy, known: dict[str, pd.Series]
) -> Any:
    """Learn from the past campaigns, with what was known before each."""
    from churn.campaigns import learn

    parts, came = [], []
    for campaign, part in lots.groupby("campaign"):
        when, risk = pd.Timestamp(campaign, tz="UTC"), known[campaign]
        one = part[part["customer"].isin(risk.index)].copy()
        one["start"], one["until"] = campaign, str((when + pd.Timedelta(days=HORIZON)).date())
        one["churn_probability"] = one["customer"].map(risk).to_numpy()
        one["value"] = MARGIN * worth(shop, when, pd.Index(one["customer"]))
        figures = {a.name: a for a in rules.actions}
        p = one["churn_probability"].to_numpy()
        chance, wakes, offer, accept, cost = (
            one["action"].map({n: getattr(a, key) for n, a in figures.items()}).to_numpy(dtype=float)
            for key in ("save_chance", "wakes", "offer_cost", "stayers_accept", "cost")
        )
        one["uplift"] = p * chance - (1 - p) * wakes
        one["cost"] = cost + offer * (p * chance + (1 - p) * accept)
        parts.append(one.drop(columns="time"))
        window = (shop.orders["time"] >= when) & (shop.orders["time"] < when + pd.Timedelta(days=HORIZON))
        stayed = one["customer"].isin(shop.orders["customer"][window])
        came.append(one[["campaign", "customer"]].assign(retained=stayed.astype(float)))
    return learn(pd.concat(parts), pd.concat(came), history)


def truly(shop: Any, customers: pd.Index, rules: Policy, knowing: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what each action truly earns and costs on the mean, shape (n, n_actions)."""
    effects = shop.truth_of_effects(START, HORIZON, ACTIONS, knowing=knowing)
    gain, cost = [], []
    for action in rules.actions:
        one = effects[effects["action"] == action.name].set_index("customer").reindex(customers)
        spent = action.cost * len(action.steps) + action.offer_cost * one["takes"].to_numpy()
        gain.append(MARGIN * (one["value_with"] - one["value_without"]).to_numpy() - spent)
        cost.append(spent)
    return np.stack(gain, axis=1), np.stack(cost, axis=1)


def down_the_list(
    order: np.ndarray,
    allowed: np.ndarray,
    profit: np.ndarray,
    cost: np.ndarray,
    budget: float,
    calls: int,
    mails: int,
) -> np.ndarray:
    """Return the actions of who goes down a list and gives each customer what seems best, until the limits are used up."""
    choice, left = np.full(len(order), -1), {0: calls, 1: mails, 2: mails}
    for row in order:
        may = allowed[row] & (cost[row] <= budget) & np.array([left[a] > 0 for a in range(allowed.shape[1])])
        if may.any():
            best = int(np.argmax(np.where(may, profit[row], -np.inf)))
            choice[row], budget = best, budget - cost[row, best]
            for action in (0,) if best == 0 else (1, 2):
                left[action] -= 1
    return choice


def one_seed(seed: int, customers: int) -> dict[str, Any]:
    """Return what each way earns in the shop of a seed."""
    warnings.simplefilter("ignore")
    before = time.process_time()
    shop = churn.make_shop(customers, seed=seed)
    shop, lots = shop.past_campaigns(PAST, ACTIONS, seed=seed)
    history = shop.history()
    night = str(START.date())
    known = risks(history, PAST[0], [*PAST, night])
    risk = known[night]
    ids = pd.Index(risk.index)
    consents = shop.customers.set_index("customer")["consent"].reindex(ids).to_numpy(dtype=bool)
    from churn.data.responses import hurt_at

    now = (START - shop.start) / pd.Timedelta(days=1)
    hurt = pd.Series(
        hurt_at(shop, np.full(len(shop.customers), now)), index=shop.customers["customer"]
    ).reindex(ids)
    table = pd.DataFrame(
        {
            "customer": ids,
            "churn_probability": risk.to_numpy(),
            "ignored_complaints": hurt.to_numpy(dtype=float),
        }
    )
    table["spend_if_staying"] = worth(shop, START, ids)
    table["consent"] = consents
    scored, rules = Scored.of(table, as_of=night, horizon_days=HORIZON), policy(len(ids))
    value, p = MARGIN * table["spend_if_staying"].to_numpy(), risk.to_numpy()

    figures = [
        {
            "save_chance": a.save_chance,
            "wakes": a.wakes,
            "contact_cost": a.cost,
            "offer_cost": a.offer_cost,
            "stayers_accept": a.stayers_accept,
        }
        for a in rules.actions
    ]
    profit = np.stack([action_profit(p, value, **f) for f in figures], axis=1)
    cost = np.stack(
        [a.cost + a.offer_cost * expected_taken(p, a.save_chance, a.stayers_accept) for a in rules.actions],
        axis=1,
    )
    allowed = np.repeat(consents[:, None], len(ACTIONS), axis=1)
    allowed[hurt.to_numpy(dtype=bool), 1:] = False  # a complaint is answered before anything else
    budget, calls, mails = (
        float(rules.limits.budget or 0),
        *(rules.limits.capacity[c] for c in ("phone", "email")),
    )

    model = learned(shop, history, lots, rules, known)
    found = model.uplift.for_customers(history, night, ids, risk.to_numpy(), ACTIONS)
    people = pd.DataFrame({"customer": ids, "consent": consents})
    names = [a.name for a in rules.actions]

    def planned(uplift: np.ndarray | None) -> np.ndarray:
        made = (
            make_plan(rules, scored=scored, contacts=people, uplift=uplift)
            .customers.set_index("customer")
            .loc[ids]
        )
        return np.where(made["selected"], pd.Index(names).get_indexer(pd.Index(made["action"])), -1)

    draw = np.random.default_rng([seed, 7]).random(len(ids))
    choices = {"plan": planned(None), "plan with uplift": planned(found.to_numpy(dtype=float))}
    choices["plan or uplift"] = choices["plan with uplift" if model.uplift.better else "plan"]
    limits = (allowed, profit, cost, budget, calls, mails)
    choices["risk x value"] = down_the_list(np.argsort(-p * value, kind="stable"), *limits)
    choices["risk"] = down_the_list(np.argsort(-p, kind="stable"), *limits)
    choices["random"] = down_the_list(np.argsort(draw), *limits)
    gain, spent = truly(shop, ids, rules, "everything")
    for name, knowing in (("best from the log", "log"), ("best possible", "everything")):
        expected = truly(shop, ids, rules, knowing)
        slots = [np.array([[0]])] * len(ACTIONS)
        choices[name] = solve(
            expected[0],
            allowed,
            np.zeros(len(ids), dtype=int),
            expected[1],
            channels=[0, 1, 1],
            slots=slots,
            capacity=np.array([[float(calls)], [float(mails)]]),
            budget=budget,
            tie=draw,
        ).choice
    told: dict[str, Any] = {
        "seed": seed,
        "customers": len(ids),
        "better": bool(model.uplift.better),
        "kind": model.uplift.kind,
    }
    told["difference"] = list(model.judgement.difference)
    for name in WAYS:
        rows = np.flatnonzero(choices[name] >= 0)
        told[name] = {
            "profit": float(gain[rows, choices[name][rows]].sum()),
            "contacts": len(rows),
            "spent": float(spent[rows, choices[name][rows]].sum()),
            "by_action": np.bincount(choices[name][rows], minlength=len(ACTIONS)).tolist(),
        }
    told["cpu_seconds"] = time.process_time() - before
    return told


def told_in_words(results: list[dict[str, Any]]) -> str:
    """Return the table: profit by way on the mean over the seeds, and as a share of the best possible."""
    from scipy.stats import t

    profits = pd.DataFrame([{name: r[name]["profit"] for name in WAYS} for r in results])
    shares, rows = profits.div(profits["best from the log"], axis=0), []
    width = float(t.ppf(0.975, len(results) - 1)) / np.sqrt(len(results)) if len(results) > 1 else np.nan
    gains = profits.sub(profits["risk x value"], axis=0)
    for name in WAYS:
        figures = []
        for table, form in ((profits, "{:,.0f}"), (shares, "{:.0%}"), (gains, "{:,.0f}")):
            mean, half = table[name].mean(), width * table[name].std()
            figures.append(f"{form.format(mean)} ({form.format(mean - half)} to {form.format(mean + half)})")
        some = [r[name] for r in results]
        contacts, spent = (np.mean([s[key] for s in some]) for key in ("contacts", "spent"))
        rows.append([name, *figures, f"{(profits[name] < 0).sum()}", f"{contacts:,.0f}", f"{spent:,.0f}"])
    head = [
        "chosen by",
        "profit",
        "of the best from the log",
        "more than risk x value",
        "losses",
        "contacts",
        "spent",
    ]
    better = sum(r["better"] for r in results)
    return (
        table_text(head, rows)
        + f"\n{len(results)} seeds, {np.mean([r['customers'] for r in results]):,.0f} customers with a score each; the uplift "
        f"model was shown to be better in {better}; {np.mean([r['cpu_seconds'] for r in results]):.0f} s CPU per seed"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--development", action="store_true", help="seeds 0 to 4")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seeds-from", type=int, default=2000, help="the first of them")
    parser.add_argument("--customers", type=int, default=8_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    seeds = (
        list(range(min(options.seeds, 5)))
        if options.development
        else [options.seeds_from + n for n in range(options.seeds)]
    )
    with ProcessPoolExecutor(options.processes) as pool:
        results = []
        for told in pool.map(one_seed, seeds, [options.customers] * len(seeds)):
            print(json.dumps(told), flush=True)
            results.append(told)
    print(told_in_words(results))


if __name__ == "__main__":
    main()
