from __future__ import annotations

import json

import numpy as np
import pytest

from churn.data.history import History
from churn.definition import Inactivity
from churn.retention.outlook import make_outlook
from churn.retention.periods import retention_between
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
RULE = Inactivity(active_days=180, horizon_days=60)


def around(*rows: Row, start: int = T - 700 * DAY, end: int = T + 70 * DAY) -> History:
    """Zoe, who is active at no instant looked at, marks the beginning and the end of the data."""
    return history_of(Tables([*orders(start, customer=-1), *rows, *orders(end, customer=-1)]))


def test_a_case_worked_out_by_hand() -> None:
    # Active in 60 days: a and d for sure (an order at most 120 days ago), b with 0.5, c with 0.1.
    p, recency = np.array([0.2, 0.5, 0.9, 0.7]), np.array([10.0, 130.0, 179.0, 120.0])
    outlook = make_outlook(around(), RULE, T, p, recency)
    assert outlook.expected_rate == pytest.approx((1 + 0.5 + 0.1 + 1) / 4)
    assert outlook.expected_note == (
        "Expected next = share of the 4 active today who will still be active in 60 days: 2 ordered recently enough "
        "already, the others count with 1 - their churn probability."
    )
    assert outlook.to_dict()["expected_churn_rate"] == pytest.approx(0.35)
    json.dumps(outlook.to_dict())


def test_the_past_periods_are_one_horizon_long_and_meet() -> None:
    rows = [r for c in range(5) for r in orders(*(T - (20 + 60 * k + c) * DAY for k in range(8)), customer=c)]
    history = around(*rows)
    outlook = make_outlook(history, RULE, T, np.array([0.5]), np.array([1.0]))
    current, previous = outlook.current, outlook.previous
    assert current is not None
    assert previous is not None
    assert (current.first, current.last) == ("2024-01-01", "2024-03-01")
    assert (previous.first, previous.last) == ("2023-11-02", "2024-01-01")
    assert previous.end == current.start
    assert current == retention_between(history, 180, "2024-01-01", "2024-03-01")
    assert f"retention rate     {100 * (current.rate or 0):.1f} %" in str(outlook)


def test_orders_recorded_after_the_cutoff_are_not_counted() -> None:
    rows = [
        *orders(T - 70 * DAY, recorded_at=None),
        *orders(T - 70 * DAY, customer=2, recorded_at=T),
        *orders(T - 70 * DAY, customer=3, recorded_at=T - 1),
    ]
    for row in rows[:1]:
        row["customer"] = 1
    outlook = make_outlook(around(*rows), RULE, T, np.array([0.5]), np.array([1.0]))
    assert outlook.current is not None
    # Recorded within the period, it counts at both ends of it: nobody came new.
    assert (outlook.current.start, outlook.current.end, outlook.current.entered) == (2, 2, 0)


@pytest.mark.parametrize(("active", "gap"), [(180, 0), (60, 0), (90, 0), (180, 20)])
def test_the_expected_rate_is_what_a_simulation_brings(active: int, gap: int) -> None:
    """Customers with known probabilities, nothing ordered within the gap."""
    rule = Inactivity(active, 60 - gap, gap)
    rng = np.random.default_rng(active + gap)
    n = 4000
    p, recency = rng.beta(2, 2, n), rng.uniform(0.01, active, n)
    rows = [r for c in range(n) for r in orders(T - round(recency[c] * DAY), customer=c)]
    for c in np.flatnonzero(rng.random(n) >= p):
        rows += orders(T + round(rng.uniform(gap, 60) * DAY), customer=int(c))
    history = around(*rows)
    population = rule.population(history.as_of(T))
    assert len(population) == n
    outlook = make_outlook(history, rule, T, p, recency)
    actual = retention_between(history, active, T, T + 60 * DAY)
    assert actual.start == n
    assert actual.rate is not None
    assert outlook.expected_rate is not None
    open_cases = recency > active - 60
    error = np.sqrt((p * (1 - p))[open_cases].sum()) / n
    assert error > 0.001
    assert abs(actual.rate - outlook.expected_rate) < 4 * error


def test_with_a_gap_it_is_a_lower_bound_and_says_so() -> None:
    rule = Inactivity(180, 40, gap_days=20)
    # One customer, surely no order in the window, but one within the gap: active at the end all the same.
    history = around(*orders(T - 170 * DAY, T + 10 * DAY, customer=1))
    assert rule.labels(history, T, rule.population(history.as_of(T))).tolist() == [1.0]
    outlook = make_outlook(history, rule, T, np.array([1.0]), np.array([170.0]))
    actual = retention_between(history, 180, T, T + 60 * DAY)
    assert outlook.expected_rate == 0.0
    assert actual.rate == 1.0
    assert outlook.expected_note.endswith("A lower bound: orders within the gap of 20 days are not foreseen.")
    assert "in 60 days" in outlook.expected_note


@pytest.mark.parametrize("gap", [0, 15])
def test_active_shorter_than_what_lies_ahead_gives_no_rate_and_the_reason(gap: int) -> None:
    outlook = make_outlook(around(), Inactivity(59, 60 - gap, gap), T, np.array([0.5]), np.array([1.0]))
    assert outlook.expected_rate is None
    assert outlook.to_dict()["expected_churn_rate"] is None
    assert outlook.expected_note == (
        "The expected rate is not derived: active_days is shorter than the 60 days ahead, so an order within them "
        "need not leave a customer active at their end."
    )
    assert "expected next      not known" in str(outlook)
    assert make_outlook(
        around(), Inactivity(60, 60 - gap, gap), T, np.array([0.5]), np.array([1.0])
    ).expected_rate


@pytest.mark.parametrize(
    ("start_days", "current", "previous"), [(300, True, True), (299, True, False), (239, False, False)]
)
def test_periods_before_the_data_reach_back_are_not_known(
    start_days: int, current: bool, previous: bool
) -> None:
    rows = orders(T - 100 * DAY, customer=1)
    outlook = make_outlook(
        around(*rows, start=T - start_days * DAY), RULE, T, np.array([0.5]), np.array([100.0])
    )
    assert (outlook.current is not None) == current
    assert (outlook.previous is not None) == previous
    assert outlook.expected_rate == 1.0
    if not current:
        assert str(outlook).startswith("Retention: not known, the data do not reach back far enough\n")
    elif not previous:
        assert "not known, the data do not reach back" in str(outlook)


def test_nobody_active_gives_no_expected_rate() -> None:
    outlook = make_outlook(around(), RULE, T, np.array([]), np.array([]))
    assert outlook.expected_rate is None
    assert outlook.expected_note == "The expected rate is not derived: nobody is active at the cutoff."
