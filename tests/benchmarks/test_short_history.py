from pathlib import Path

import numpy as np
import pytest

from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")


@pytest.fixture
def short_history(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))  # as when it is run
    import short_history

    return short_history


def test_the_first_row_of_any_table_counts(short_history):
    visit = {"customer": "a", "time": T - 9 * DAY, "kind": "visit"}
    history = history_of(Tables(orders(T - 3 * DAY, T) + orders(T, customer="b"), interactions=[visit]))
    assert short_history.first_seen(history).tolist() == [T - 9 * DAY, T]


def test_the_interval_draws_customers_and_not_rows(short_history):
    rng = np.random.default_rng(1)
    alone = rng.normal(0.1, 1, 400)
    low, high = short_history.interval(np.arange(400), alone)
    assert low < alone.mean() < high
    four = short_history.interval(np.tile(np.arange(400), 4), np.tile(alone, 4))
    assert four == pytest.approx((low, high))


def test_log_loss_is_finite_at_the_ends(short_history):
    assert np.isfinite(short_history.log_loss(np.array([0.0, 1.0]), np.array([1.0, 0.0]))).all()


def test_later_cutoffs_of_the_test_are_refused(short_history):
    with pytest.raises(SystemExit, match="Cutoffs after 2011-06-12 are the test"):
        short_history.tasks(["retail"], ("2011-10-10",), 100)
