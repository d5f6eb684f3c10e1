"""A plan for a large base, beside floors, beside simple rules, and a small one beside the whole program.

    python benchmarks/plan.py [--customers 1000000] [--small 20000] [--folder FOLDER] [--coverage]

Writes scores of a made-up base as Parquet and a policy with 8 actions over 3 channels on 14 days, whose budget and
capacities bind, and runs the whole of `churn campaign plan` as a process of its own: wall and CPU seconds by part, peak
memory, gap. Floors, in a process too: start and imports, reading and writing the frames, the draws of all customers. Then
what simple rules earn on the same candidates (most profit first, most profit per cost first, every action on the first day
with room), and on a small base the whole program in HiGHS. `--coverage` instead tells how often the interval of the
expected profit holds what comes, over 2,000 simulated campaigns per setting.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_POLICY = """\
campaign: large
scores: scores.parquet
start: 2026-01-05
days: 14
currency: EUR
worth: {{margin: 0.4}}
consent: {{required: false}}
actions:
  - {{name: survey, kind: survey, channel: email, cost: 0.05, save_chance: 0.03}}
  - {{name: series, kind: email_series, channel: email, cost: 0.05, save_chance: 0.06, steps: [0, 3, 7]}}
  - {{name: news, kind: news, channel: email, cost: 0.05, save_chance: 0.02, wakes: 0.002}}
  - {{name: discount, kind: discount, channel: email, cost: 0.05, offer_cost: 12, save_chance: 0.14, stayers_accept: 0.5}}
  - {{name: call, kind: call, channel: phone, cost: 6, save_chance: 0.2, answers_complaint: true}}
  - {{name: two_calls, kind: call, channel: phone, cost: 6, save_chance: 0.26, steps: [0, 2], when: {{value: {{min: 100}}}}}}
  - {{name: gift, kind: gift, channel: post, cost: 2, offer_cost: 3, save_chance: 0.16, when: {{segments: {{country: [DE, FR]}}}}}}
  - {{name: points, kind: points, channel: post, cost: 0.9, offer_cost: 2, save_chance: 0.1, when: {{churn_probability: {{min: 0.2}}}}}}
limits:
  budget: {budget}
  capacity: {{email: {email}, phone: {phone}, post: {post}}}
"""


def make(folder: Path, customers: int) -> None:
    """Write the scores and the policy."""
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    p = rng.beta(1.2, 3, customers)
    pd.DataFrame(
        {
            "customer": [f"C{i:07d}" for i in range(customers)],
            "churn_probability": p,
            "spend_if_staying": rng.lognormal(4.5, 1, customers),
            "risk_band": np.array(["low", "medium", "high", "very high"])[np.digitize(p, [0.15, 0.35, 0.6])],
            "stage": rng.choice(["new", "regular", "at risk"], customers),
            "ignored_complaints": (rng.random(customers) < 0.04).astype(int),
            "country": rng.choice(["DE", "FR", "GB", "NL"], customers),
        }
    ).to_parquet(folder / "scores.parquet", index=False)
    limits = {"budget": 0.33, "email": 0.02, "phone": 0.0007, "post": 0.002}  # per customer
    policy = _POLICY.format(**{k: round(v * customers) for k, v in limits.items()})
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")


def plan(folder: Path) -> None:
    """Plan in this process; print the seconds of each piece of work, and the plan's own figures, as JSON."""
    from benchmarks.night import pieces

    with pieces("Starting and imports") as (steps, turn):
        import pandas as pd  # noqa: F401
        import scipy.optimize  # noqa: F401

        from churn.campaigns import make_plan, read_policy

        turn("Reading")
        policy = read_policy(folder / "policy.yaml")
        found = make_plan(policy)
        turn("Writing the plan")
        found.write(folder / "plan")
        turn("")
    facts = {k: found.facts[k] for k in ("solver", "arms", "limits", "why", "expected", "prices")}
    print(json.dumps({"steps": steps, "facts": facts}))


def floors(folder: Path) -> None:
    """Measure what no plan can do without; print the seconds as JSON."""
    from benchmarks.night import timed

    found: dict[str, list[float]] = {}
    with timed(found, "start and imports"):
        import pandas as pd
        import scipy.optimize  # noqa: F401

        from churn.campaigns.draw import draw
        from churn.campaigns.policy import read_policy

        read_policy(folder / "policy.yaml")
    with timed(found, "reading the scores"):
        frame = pd.read_parquet(folder / "scores.parquet")
    with timed(found, "one draw per customer"):
        draw("churn", "large", frame["customer"])
    with timed(found, "writing the plan's frame as Parquet"):
        made = pd.read_parquet(folder / "plan" / "customers.parquet")
        start = time.perf_counter(), time.process_time()
        made.to_parquet(folder / "floor.parquet", index=False)
    found["writing the plan's frame as Parquet"] = [
        time.perf_counter() - start[0],
        time.process_time() - start[1],
    ]
    print(json.dumps(found))


def problem(folder: Path) -> dict[str, Any]:
    """Return what `churn campaign plan` gives to the solver, the last time it does."""
    from churn.campaigns import make_plan, read_policy
    from churn.campaigns.plan import selection

    asked: dict[str, Any] = {}
    real = selection.solve

    def noted(gain: Any, allowed: Any, ready_day: Any, cost: Any, **more: Any) -> Any:
        asked.update(more, gain=gain, allowed=allowed, ready_day=ready_day, cost=cost)
        return real(gain, allowed, ready_day, cost, **more)

    selection.solve = noted
    try:
        make_plan(read_policy(folder / "policy.yaml"))
    finally:
        selection.solve = real
    asked["warm"] = None
    return asked


def greedy(p: dict[str, Any], *, per_cost: bool) -> float:
    """Take pair after pair, the best first, while there is money and room; return the profit."""
    gain, cost = p["gain"], p["cost"]
    rows, actions = np.nonzero(p["allowed"] & (gain > 0))
    value = gain[rows, actions]
    if per_cost:
        value = value / np.maximum(cost[rows, actions], 1e-9)
    order = np.argsort(-value, kind="stable")
    left = np.floor(p["capacity"] + 1e-9)
    budget = np.inf if p["budget"] is None else p["budget"]
    taken = np.zeros(len(gain), dtype=bool)
    closed = [0] * len(p["slots"])  # days before it have no room for the action
    window, profit = len(p["slots"][0]), 0.0
    ready = p["ready_day"]
    for i, a in zip(rows[order].tolist(), actions[order].tolist(), strict=True):
        if closed[a] >= window or taken[i] or cost[i, a] > budget:
            continue
        channel, days = left[p["channels"][a]], p["slots"][a]
        first = int(ready[i] if ready.ndim == 1 else ready[i, a])
        while closed[a] < window and not (days[closed[a]].min() >= 0 and channel[days[closed[a]]].min() >= 1):
            closed[a] += 1
        for day in range(max(first, closed[a]), window):
            if days[day].min() >= 0 and channel[days[day]].min() >= 1:
                channel[days[day]] -= 1
                budget -= cost[i, a]
                taken[i] = True
                profit += gain[i, a]
                break
    return profit


def whole(p: dict[str, Any], gap: float) -> tuple[float, float]:
    """Solve the whole program in HiGHS; return profit and bound."""
    from churn.campaigns.solver.lanes import Lanes
    from churn.campaigns.solver.offers import make_offers
    from churn.campaigns.solver.program import Program
    from churn.campaigns.solver.sift import nothing

    lanes = Lanes.of(p["capacity"], p["channels"], p["slots"])
    ready = p["ready_day"]
    day = np.clip(ready if ready.ndim == 2 else ready[:, None], 0, lanes.window - 1)
    day = np.broadcast_to(day, p["gain"].shape)
    is_open = p["allowed"] & (p["gain"] > 0) & (lanes.first_open[lanes.of_action, day] < lanes.window)
    offers = make_offers(p["gain"], is_open, day, p["cost"], p["tie"], lanes)
    pairs = np.arange(len(offers.owner))
    budget = np.inf if p["budget"] is None else p["budget"]
    answer = Program(offers, pairs, offers.number, lanes, budget, nothing(lanes)).solve_whole(gap, 1_000_000)
    assert answer is not None
    return answer.value, answer.bound


def rivals(folder: Path, gap: float | None) -> None:
    """Hold the solver against simple rules, and the whole program where a gap is given; print as JSON."""
    from churn.campaigns.solver.solve import solve

    p = problem(folder)
    found: dict[str, Any] = {"pairs": int((p["allowed"] & (p["gain"] > 0)).sum())}

    def noted(name: str, call: Any) -> Any:
        start = time.process_time()
        value = call()
        found[name] = [value[0] if isinstance(value, tuple) else value, time.process_time() - start]
        return value

    noted("churn", lambda: (solve(**p).profit,))
    noted("most profit first", lambda: greedy(p, per_cost=False))
    noted("most profit per cost first", lambda: greedy(p, per_cost=True))
    if gap is not None:
        found["bound of the whole program"] = noted("the whole program in HiGHS", lambda: whole(p, gap))[1]
    found["bound"] = solve(**p).bound
    print(json.dumps(found))


def coverage() -> None:
    """Print how often the intervals hold what comes, with the errors that they are for."""
    from churn.campaigns.blocks import Action
    from churn.campaigns.plan.expectation import expect

    call = Action(name="call", kind="call", channel="phone", cost=6, save_chance=0.25)
    gift = Action(
        name="gift", kind="gift", channel="post", cost=1, offer_cost=8, save_chance=0.1,
        save_chance_weight=60, wakes=0.03, stayers_accept=0.6,
    )  # fmt: skip
    print(f"{'setting':44} {'cost':>7} {'saved':>7} {'value':>7} {'profit':>7}")
    for n, rate in (
        (50, None),
        (500, None),
        (500, (0.3, 0.4)),
        (5000, None),
        (5000, (0.3, 0.4)),
        (50_000, None),
    ):
        rng = np.random.default_rng(7)
        p, v, a = rng.beta(1.5, 2.5, n), rng.lognormal(4, 1, n), rng.integers(0, 2, n)
        total, _ = expect(p, v, a, [call, gift], base_rate=rate)
        spread = 0.0 if rate is None else (np.log(0.4 / 0.6) - np.log(0.3 / 0.7)) / (2 * 1.959964)
        hits = np.zeros(4)
        for _ in range(2000):
            chance = np.array([rng.beta(5, 15), rng.beta(6, 54)])[a]
            odds = p / (1 - p) * np.exp(spread * rng.normal())
            leaves = rng.random(n) < odds / (1 + odds)
            saved = leaves & (rng.random(n) < chance)
            woken = ~leaves & (rng.random(n) < np.array([0.0, 0.03])[a])
            takes = saved | (~leaves & (rng.random(n) < np.array([1.0, 0.6])[a]))
            cost = np.array([6.0, 1.0])[a].sum() + np.array([0.0, 8.0])[a][takes].sum()
            value = v[saved].sum() - v[woken].sum()
            came = (cost, saved.sum() - woken.sum(), value, value - cost)
            names = ("cost", "saved", "value", "profit")
            hits += [
                getattr(total, k).low <= c <= getattr(total, k).high for k, c in zip(names, came, strict=True)
            ]
        name = f"{n:,} customers{', base rate from 30 to 40 %' if rate else ''}"
        print(f"{name:44} " + " ".join(f"{100 * h / 2000:6.1f}%" for h in hits))


def measured(folder: Path, part: str, *more: str) -> tuple[Any, dict[str, Any]]:
    """Run one part as a process of its own; return what it took and what it printed."""
    from benchmarks.engine.measure import measure

    log = folder / f"{part}.log"
    run = measure([sys.executable, __file__, "--part", part, "--folder", str(folder), *more], log)
    return run, json.loads(log.read_text(encoding="utf-8").splitlines()[-1])


def show(run: Any, found: dict[str, Any], floor: dict[str, list[float]]) -> None:
    """Print the table of the whole plan."""
    facts = found["facts"]
    print(f"the whole plan: {run.wall_s:.1f} s, {run.cpu_s:.1f} CPU s, peak {run.peak_mb:,.0f} MB")
    for name, (wall, cpu) in sorted(found["steps"].items(), key=lambda x: -x[1][1]):
        print(f"  {name:44} {wall:8.2f} s {cpu:8.2f} CPU s {100 * cpu / run.cpu_s:5.0f} %")
    print(f"its floors: {sum(v[1] for v in floor.values()):.1f} CPU s")
    for name, (wall, cpu) in floor.items():
        print(f"  {name:44} {wall:8.2f} s {cpu:8.2f} CPU s")
    print(f"plan / floors by CPU: {run.cpu_s / sum(v[1] for v in floor.values()):.2f}")
    print(json.dumps(facts["solver"]), json.dumps(facts["arms"]))
    for limit in facts["limits"]:
        print("  " + json.dumps(limit))


def show_rivals(found: dict[str, Any]) -> None:
    """Print what each way earns, beside the bound."""
    pairs, bound = found.pop("pairs"), found.pop("bound")
    whole_bound = found.pop("bound of the whole program", None)
    print(
        f"{pairs:,} pairs that pay; bound {bound:,.0f}"
        + (f", {whole_bound:,.0f} by the whole program" if whole_bound else "")
    )
    for name, (profit, cpu) in found.items():
        print(f"  {name:44} {profit:14,.0f} {100 * profit / bound:9.4f} % of the bound {cpu:8.2f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description="A plan for a large base, beside floors and rivals.")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=20_000, help="base for the whole program in HiGHS")
    parser.add_argument("--folder", type=Path, help="where to work")
    parser.add_argument("--coverage", action="store_true", help="only the intervals of what is expected")
    parser.add_argument("--gap", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=("plan", "floors", "rivals"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.coverage:
        coverage()
        return
    if given.part:
        {"plan": plan, "floors": floors, "rivals": lambda f: rivals(f, given.gap)}[given.part](given.folder)
        return
    folder = given.folder or Path(tempfile.mkdtemp(prefix="churn-plan-"))
    try:
        make(folder / "large", given.customers)
        run, found = measured(folder / "large", "plan")
        show(run, found, measured(folder / "large", "floors")[1])
        show_rivals(measured(folder / "large", "rivals")[1])
        make(folder / "small", given.small)
        show_rivals(measured(folder / "small", "rivals", "--gap", "1e-4")[1])
    finally:
        if given.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
