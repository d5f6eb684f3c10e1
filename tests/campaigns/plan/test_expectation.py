"""What a plan expects, against the story it is told by: customers who leave, are saved, wake, and take offers."""

from __future__ import annotations

import numpy as np
import pytest

from churn.campaigns.blocks import Action
from churn.campaigns.plan import expectation
from churn.campaigns.plan.expectation import expect

CALL = Action(name="call", kind="call", channel="phone", cost=6, save_chance=0.25, steps=(0, 3))
GIFT = Action(
    name="gift", kind="gift", channel="post", cost=1, offer_cost=8, save_chance=0.1, save_chance_weight=60,
    wakes=0.03, stayers_accept=0.6,
)  # fmt: skip


def customers(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.beta(1.5, 2.5, n), rng.lognormal(4, 1, n), rng.integers(0, 2, n)


def what_came(p, v, a, rng, shift=0.0) -> dict[str, float]:
    """One campaign, told event by event and in other words than the code's."""
    chance = np.array([rng.beta(0.25 * 20, 0.75 * 20), rng.beta(0.1 * 60, 0.9 * 60)])[a]
    odds = p / (1 - p) * np.exp(shift)
    leaves = rng.random(len(p)) < odds / (1 + odds)
    stays_by_it = leaves & (rng.random(len(p)) < chance)
    wakes = ~leaves & (rng.random(len(p)) < np.array([0.0, 0.03])[a])
    takes = stays_by_it | (~leaves & (rng.random(len(p)) < np.array([1.0, 0.6])[a]))
    value = v[stays_by_it].sum() - v[wakes].sum()
    cost = np.array([12.0, 1.0])[a].sum() + np.array([0.0, 8.0])[a][takes].sum()
    return {"cost": cost, "saved": stays_by_it.sum() - wakes.sum(), "value": value, "profit": value - cost}


def test_means_are_those_of_the_formulas():
    p, v, a = customers(500)
    total, each = expect(p, v, a, [CALL, GIFT])
    uplift = np.where(a == 0, 0.25 * p, 0.1 * p - 0.03 * (1 - p))
    taken = 0.1 * p + 0.6 * (1 - p)
    cost = np.where(a == 0, 12, 1 + 8 * taken)
    assert total.saved.mean == pytest.approx(uplift.sum())
    assert total.value.mean == pytest.approx((uplift * v).sum())
    assert total.cost.mean == pytest.approx(cost.sum())
    assert total.profit.mean == pytest.approx((uplift * v - cost).sum())
    assert total.contacts.mean == total.contacts.high == 2 * (a == 0).sum() + (a == 1).sum()
    assert sum(e.profit.mean for e in each) == pytest.approx(total.profit.mean)


@pytest.mark.parametrize(("n", "base_rate"), [(40, None), (3000, None), (3000, (0.3, 0.4))])
def test_the_interval_holds_what_comes(n, base_rate):
    p, v, a = customers(n)
    total, _ = expect(p, v, a, [CALL, GIFT], base_rate=base_rate)
    rng = np.random.default_rng(5)
    off = 0.0 if base_rate is None else (np.log(0.4 / 0.6) - np.log(0.3 / 0.7)) / (2 * 1.96)
    came = [what_came(p, v, a, rng, off * rng.normal()) for _ in range(600)]
    for name in ("cost", "saved", "value", "profit"):
        estimate = getattr(total, name)
        share = np.mean([estimate.low <= c[name] <= estimate.high for c in came])
        assert 0.925 <= share <= 0.99, (name, share)


def test_both_ways_of_drawing_agree(monkeypatch):
    p, v, a = customers(900)
    u = np.where(np.arange(900) % 3 == 0, 0.1 * p, np.nan)
    one = expect(p, v, a, [CALL, GIFT], base_rate=(0.3, 0.36), uplift=u)[0].to_dict()
    monkeypatch.setattr(expectation, "_ONE_BY_ONE", 0)
    other = expect(p, v, a, [CALL, GIFT], base_rate=(0.3, 0.36), uplift=u)[0].to_dict()
    for name, figures in one.items():
        width = figures["high"] - figures["low"]
        assert other[name]["mean"] == figures["mean"]
        assert other[name]["low"] == pytest.approx(figures["low"], abs=0.08 * width + 1e-9)
        assert other[name]["high"] == pytest.approx(figures["high"], abs=0.08 * width + 1e-9)


def test_an_error_of_the_save_chance_does_not_average_out():
    p, v, a = np.full(100_000, 0.5), np.full(100_000, 10.0), np.zeros(100_000, dtype=int)
    sure = CALL.model_copy(update={"save_chance_weight": 1e9})
    wide, narrow = (expect(p, v, a, [x])[0].saved for x in (CALL, sure))
    assert narrow.high - narrow.low < 500
    assert wide.high - wide.low > 10_000


def test_an_uplift_of_a_model_replaces_the_save_chance_where_there_is_one():
    p, v, a = np.full(10, 0.5), np.full(10, 100.0), np.zeros(10, dtype=int)
    u = np.array([0.2, -0.1] + [np.nan] * 8)
    total, _ = expect(p, v, a, [CALL], uplift=u)
    assert total.saved.mean == pytest.approx(0.2 - 0.1 + 8 * 0.125)


def test_the_order_of_rows_does_not_matter_and_the_same_is_expected_again():
    p, v, a = customers(200)
    other = np.random.default_rng(1).permutation(200)
    assert expect(p, v, a, [CALL, GIFT]) == expect(p[other], v[other], a[other], [CALL, GIFT])


def test_nobody_and_certain_customers_expect_what_is_certain():
    none = np.empty(0)
    total, each = expect(none, none, none.astype(int), [CALL], base_rate=(0.1, 0.2))
    assert total.profit.to_dict() == each[0].profit.to_dict() == {"mean": 0, "low": 0, "high": 0}
    stays, _ = expect(np.zeros(3), np.ones(3), np.zeros(3, dtype=int), [CALL], base_rate=(0.1, 0.2))
    assert stays.saved.to_dict() == {"mean": 0, "low": 0, "high": 0}
    assert stays.profit.low == stays.profit.high == -36
