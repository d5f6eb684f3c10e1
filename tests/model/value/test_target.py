import numpy as np
import pytest

import churn
from churn.data.history import DAY_US
from churn.model.value.target import net_spend

START, END = 100 * DAY_US, 160 * DAY_US


def _history(orders, returns=()):
    import pandas as pd

    def table(rows):
        t = [pd.Timestamp(int(x), unit="us", tz="UTC") for _, x, *_ in rows]
        frame = pd.DataFrame({"customer": [r[0] for r in rows], "time": t, "amount": [r[2] for r in rows]})
        if rows and len(rows[0]) > 3:
            frame["recorded_at"] = [pd.Timestamp(int(r[3]), unit="us", tz="UTC") for r in rows]
        return frame

    return churn.make_history(table(orders), returns=table(returns) if returns else None)


@pytest.mark.parametrize(("at", "counts"), [(START - 1, False), (START, True), (END - 1, True), (END, False)])
def test_the_window_holds_its_start_and_not_its_end(at, counts):
    history = _history([("a", at, 50.0), ("b", START + DAY_US, 7.0)], [("b", at, 2.0)])
    expected = [50.0 if counts else 0.0, 5.0 if counts else 7.0]
    assert net_spend(history.logs, np.array([0, 1]), START, END).tolist() == expected


def test_returns_count_when_they_are_credited_and_never_make_a_debt():
    history = _history([("a", START - DAY_US, 90.0), ("a", START, 20.0)], [("a", START + 1, -90.0)])
    assert net_spend(history.logs, np.array([0]), START, END).tolist() == [0.0]
    assert net_spend(history.logs, np.array([0]), START - DAY_US, END).tolist() == [20.0]


def test_rows_that_were_recorded_later_are_not_known_yet():
    history = _history([("a", START, 10.0, START), ("a", START + 1, 30.0, END + DAY_US)])
    assert net_spend(history.as_of(END).logs, np.array([0]), START, END).tolist() == [10.0]
    assert net_spend(history.logs, np.array([0]), START, END).tolist() == [40.0]


def test_any_order_of_the_population_and_customers_outside_it():
    history = _history([("a", START, 1.0), ("b", START, 2.0), ("c", START, 4.0)])
    assert net_spend(history.logs, np.array([1, 0]), START, END).tolist() == [2.0, 1.0]
    assert net_spend(history.logs, np.array([], dtype=np.int64), START, END).tolist() == []


def test_a_weight_sees_the_days_since_the_start():
    history = _history([("a", START, 10.0), ("a", START + 10 * DAY_US, 10.0)])
    halved = net_spend(history.logs, np.array([0]), START, END, weight=lambda days: 0.5 ** (days / 10))
    assert halved.tolist() == [15.0]
