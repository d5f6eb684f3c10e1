"""The solver against brute force, against the whole program, and at the edges of its limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.campaigns.solver.solve import Solution, solve
from churn.errors import ParameterError

DAILY = np.arange(3)[:, None]


def simple(gains, *, capacity=np.inf, budget=None, cost=1.0, **more) -> Solution:
    """One action over one channel on three days."""
    n = len(gains)
    p = {
        "gain": np.array(gains, dtype=float).reshape(n, 1),
        "allowed": np.ones((n, 1), dtype=bool),
        "ready_day": np.zeros(n, dtype=int),
        "cost": np.full((n, 1), float(cost)),
        "channels": [0],
        "slots": [DAILY],
        "capacity": np.full((1, 3), float(capacity)),
        "budget": budget,
        "tie": np.arange(n) / max(n, 1),
    } | more
    return solve(**p)


def problem(seed: int, n: int, n_actions: int = 3, window: int = 3, whole: bool = False) -> dict:
    """A problem with everything in it: several contacts, ready days, a closed day, two channels, a budget."""
    rng = np.random.default_rng(seed)
    n_channels, n_days = 2, window + 3
    steps = [(0,), (0, 2), (0, 1, 2)]
    slots = []
    for _ in range(n_actions):
        days = np.arange(window)[:, None] + np.array(steps[rng.integers(len(steps))])
        if rng.random() < 0.3:
            days[rng.integers(window)] = -1
        slots.append(days)
    gain = rng.normal(1, 2, (n, n_actions))
    cost = rng.uniform(0, 2, (n, n_actions))
    if whole:
        gain, cost = np.rint(gain), np.rint(cost)
    capacity = rng.integers(0, max(n // 2, 2), (n_channels, n_days)).astype(float)
    if rng.random() < 0.3:
        capacity[1] = np.inf
    ready = rng.integers(0, window + 1, n if rng.random() < 0.5 else (n, n_actions))
    return {
        "gain": gain,
        "allowed": rng.random((n, n_actions)) < 0.8,
        "ready_day": ready,
        "cost": cost,
        "channels": rng.integers(0, n_channels, n_actions),
        "slots": slots,
        "capacity": capacity,
        "budget": None if rng.random() < 0.3 else float(rng.uniform(0, n)),
        "tie": rng.permutation(n) / n,
    }


def keeps_all_limits(p: dict, found: Solution) -> None:
    used = np.zeros(p["capacity"].shape)
    spent = profit = 0.0
    for i, (a, day) in enumerate(zip(found.choice, found.day, strict=True)):
        assert (a < 0) == (day < 0)
        if a < 0:
            continue
        ready = p["ready_day"][i] if p["ready_day"].ndim == 1 else p["ready_day"][i, a]
        assert p["allowed"][i, a]
        assert day >= ready
        assert p["gain"][i, a] > 0
        falls = p["slots"][a][day]
        assert (falls >= 0).all()
        used[p["channels"][a], falls] += 1
        spent += p["cost"][i, a]
        profit += p["gain"][i, a]
    assert (used <= p["capacity"]).all()
    assert (used == found.used).all()
    assert spent <= (np.inf if p["budget"] is None else p["budget"]) * (1 + 1e-8)
    assert profit == pytest.approx(found.profit)
    assert spent == pytest.approx(found.cost)
    assert found.bound >= found.profit


def best_of_all(p: dict) -> float:
    """The best plan by trying every one."""
    n, n_actions = p["gain"].shape
    each = []
    for i in range(n):
        options = [(0.0, 0.0, None)]
        for a in range(n_actions):
            ready = p["ready_day"][i] if p["ready_day"].ndim == 1 else p["ready_day"][i, a]
            if not p["allowed"][i, a] or p["gain"][i, a] <= 0:
                continue
            for day in range(ready, len(p["slots"][a])):
                if (p["slots"][a][day] >= 0).all():
                    key = (p["channels"][a], tuple(p["slots"][a][day]))
                    options.append((p["gain"][i, a], p["cost"][i, a], key))
        each.append(options)
    budget = np.inf if p["budget"] is None else p["budget"]
    best = 0.0
    for plan in itertools.product(*each):
        if sum(o[1] for o in plan) > budget or sum(o[0] for o in plan) <= best:
            continue
        used = np.zeros(p["capacity"].shape)
        for _, _, key in plan:
            if key is not None:
                used[key[0], list(key[1])] += 1
        if (used <= p["capacity"]).all():
            best = sum(o[0] for o in plan)
    return best


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.booleans())
def test_small_problems_are_solved_to_the_end(seed, n, whole):
    p = problem(seed, n, n_actions=2, whole=whole)
    found = solve(**p)
    keeps_all_limits(p, found)
    assert found.profit == pytest.approx(best_of_all(p), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [60, 1500])
def test_larger_problems_are_feasible_and_near_their_bound(seed, n):
    p = problem(seed, n, n_actions=4, window=5)
    found = solve(**p)
    keeps_all_limits(p, found)
    assert found.gap < (1e-3 if n > 1000 else 2e-2)


def test_without_limits_everybody_gets_what_pays_best():
    found = simple([5.0, 0.0, -1.0])
    assert found.choice.tolist() == [0, -1, -1]
    assert found.why.tolist() == ["chosen", "not positive", "not positive"]
    assert (found.profit, found.bound, found.gap) == (5, 5, 0)


def test_nobody_is_a_plan():
    found = simple([])
    assert (found.profit, found.gap, len(found.choice)) == (0, 0, 0)


def test_a_budget_of_exactly_one_contact_buys_one():
    found = simple([5.0, 4.0], budget=1.0)
    assert found.choice.tolist() == [0, -1]
    assert found.why[1] == "budget"
    assert found.hurdle[1] >= 4


def test_a_budget_of_tenths_is_not_lost_to_rounding():
    assert (simple([5.0, 4, 3, 2], cost=0.1, budget=0.3).choice >= 0).sum() == 3


@pytest.mark.parametrize(("limit", "why"), [({"budget": 0.0}, "budget"), ({"capacity": 0.0}, "capacity")])
def test_a_limit_of_nothing_contacts_nobody_and_says_which(limit, why):
    found = simple([5.0, 4.0], **limit)
    assert found.choice.tolist() == [-1, -1]
    assert found.why.tolist() == [why, why]
    assert found.bound == found.profit == 0


def test_what_costs_nothing_fits_a_budget_of_nothing():
    assert simple([5.0, 4.0], budget=0.0, cost=0.0).profit == 9


def test_a_channel_without_capacity_leaves_the_other():
    both = {"channels": [0, 1], "slots": [DAILY, DAILY], "capacity": np.array([[0.0] * 3, [1.0] * 3])}
    gain = np.array([[9.0, 1], [9, 2], [9, 3], [9, 4]])
    found = solve(gain, gain > 0, np.zeros(4, int), np.ones((4, 2)), budget=None, tie=np.arange(4.0), **both)
    assert found.choice.tolist() == [-1, 1, 1, 1]
    assert found.why[0] == "capacity"


def test_among_equals_the_lower_draw_is_chosen():
    found = simple(np.full(500, 2.0), capacity=30, tie=np.arange(500)[::-1] / 500)
    assert np.flatnonzero(found.choice >= 0).tolist() == list(range(410, 500))
    assert found.gap < 1e-9


def test_equal_customers_over_several_actions_are_solved_without_a_gap():
    gain = np.repeat([[3.0, 5.0], [2.0, 4.5]], 2000, axis=0)
    found = solve(
        gain, gain > 0, np.zeros(4000, int), np.tile([0.0, 2.0], (4000, 1)), channels=[0, 1],
        slots=[DAILY, DAILY], capacity=np.array([[500.0] * 3, [np.inf] * 3]), budget=2000.0, tie=np.arange(4000.0),
    )  # fmt: skip
    assert found.profit == pytest.approx(1500 * 3 + 500 * 5 + 500 * 4.5)
    assert found.gap < 1e-9


@pytest.mark.parametrize("n", [40, 900])
def test_the_order_of_rows_does_not_matter(n):
    p = problem(3, n, n_actions=3, window=4)
    p["ready_day"] = np.zeros(n, dtype=int)
    first = solve(**p)
    other = np.random.default_rng(1).permutation(n)
    for name in ("gain", "allowed", "ready_day", "cost", "tie"):
        p[name] = p[name][other]
    second = solve(**p)
    assert (first.choice[other] == second.choice).all()
    assert (first.day[other] == second.day).all()
    assert (first.why[other] == second.why).all()


def test_a_customer_who_is_never_ready_is_not_allowed_and_the_latest_day_counts():
    found = simple([5.0, 4.0, 3.0], capacity=1, ready_day=np.array([3, 2, 2]))
    assert found.choice.tolist() == [-1, 0, -1]
    assert found.day.tolist() == [-1, 2, -1]
    assert found.why.tolist() == ["not allowed", "chosen", "capacity"]


def test_what_is_not_a_number_is_refused_where_it_is_allowed():
    with pytest.raises(ParameterError, match=r"gain of an allowed action is not a number.*row 1, action 0"):
        simple([1.0, np.nan])
    with pytest.raises(ParameterError, match="A cost is below 0"):
        simple([1.0], cost=-1)
    with pytest.raises(ParameterError, match="A budget is below 0"):
        simple([1.0], budget=-1.0)
    assert simple([np.nan, 1.0], allowed=np.array([[False], [True]])).profit == 1


def test_a_start_from_other_prices_ends_at_the_same_plan():
    p = problem(11, 1500, n_actions=4, window=5)
    first = solve(**p)
    again = solve(**p, warm=first.prices)
    assert again.profit == pytest.approx(first.profit, rel=1e-3)
    assert again.bound == pytest.approx(first.bound, rel=1e-5)


def test_a_plan_is_found_even_where_the_whole_number_program_finds_none(monkeypatch):
    from churn.campaigns.solver.program import Program

    monkeypatch.setattr(Program, "solve_whole", lambda *_: None)
    p = problem(5, 300, n_actions=4, window=5)
    found = solve(**p)
    keeps_all_limits(p, found)
    assert 0 < found.profit < found.bound


def test_a_plan_of_few_among_many_is_proved_best():
    rng = np.random.default_rng(4)
    gain = rng.lognormal(1, 1, (5_000, 1))
    cost = rng.uniform(1, 9, (5_000, 1))
    found = solve(
        gain, gain > 0, np.zeros(5_000, int), cost, channels=[0], slots=[DAILY], capacity=np.full((1, 3), 4.0),
        budget=30.0, tie=rng.random(5_000),
    )  # fmt: skip
    assert (found.choice >= 0).sum() <= 12
    assert found.gap < 1e-6


@pytest.mark.parametrize("limit", ["budget", "capacity"])
def test_prices_tell_what_more_of_a_limit_brings(limit):
    rng = np.random.default_rng(8)
    gain, cost = rng.lognormal(1, 1, (1000, 2)), rng.uniform(0.5, 3, (1000, 2))
    p = {
        "gain": gain, "allowed": gain > 0, "ready_day": np.zeros(1000, dtype=int), "cost": cost, "channels": [0, 1],
        "slots": [DAILY, DAILY], "capacity": np.full((2, 3), 40.0), "budget": 340.0, "tie": rng.random(1000),
    }  # fmt: skip
    before = solve(**p)
    if limit == "budget":
        p["budget"] += 10
        told = 10 * before.prices.budget
    else:
        p["capacity"] = p["capacity"] + np.array([[4.0], [0.0]])
        told = 4 * before.prices.slots[0].sum()
    assert 0.6 * told < solve(**p).profit - before.profit <= told + before.bound - before.profit
