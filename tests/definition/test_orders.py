import numpy as np
import pytest

from churn.definition import Inactivity, LabelTable
from churn.definition.orders import ByOrders, is_active, seen_before
from churn.errors import ParameterError
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
KINDS = (Inactivity, LabelTable)


@pytest.fixture(scope="module")
def history():
    """The names say when each of them ordered last; dot did long ago and again after the cutoff."""
    times = {"edge": T - 90 * DAY, "gone": T - 90 * DAY - 1, "last": T - 1, "later": T, "dot": T - 300 * DAY}
    rows = [r for who, time in times.items() for r in orders(time, customer=who)]
    return history_of(Tables([*rows, *orders(T + DAY, customer="dot")]))


@pytest.mark.parametrize("kind", KINDS)
def test_an_order_makes_active_from_the_first_instant_of_the_days_to_the_one_before_the_cutoff(kind, history):
    rule = kind(active_days=90, horizon_days=30)
    assert isinstance(rule, ByOrders)
    assert history.customers[rule.population(history.as_of(T))].tolist() == ["edge", "last"]
    seen = rule.seen(history.logs, len(history.customers), T)
    assert sorted(history.customers[seen]) == ["dot", "edge", "gone", "last"]
    assert (rule.lookback_days, rule.tables) == (90, ("orders",))


@pytest.mark.parametrize("kind", KINDS)
def test_days_are_whole_and_in_range(kind):
    for days in ((0, 30, 0), (90, 0, 0), (90, 30, -1), (90.0, 30, 0), (True, 30, 0)):
        with pytest.raises(ParameterError, match="is not a length"):
            kind(*days)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gap_is_told_only_where_there_is_one(kind):
    assert kind(90, 30, 7).describe().endswith("30 days, leaving the first 7 days free to act")
    assert kind(90, 30).describe().endswith("30 days")


def test_nobody_is_active_or_seen_before_the_first_row(history):
    rows, n = history.logs["orders"], len(history.customers)
    assert not is_active(rows, n, T - 400 * DAY, 90).any()
    assert not seen_before(rows, n, T - 300 * DAY).any()
    assert np.flatnonzero(seen_before(rows, n, T - 300 * DAY + 1)).size == 1
