"""What became of the customers: edges of the window, both arms by one clock, and what is not known."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

import churn
from churn.campaigns.outcomes import outcomes
from churn.errors import ParameterError

START = "2025-01-01"
INACTIVE = churn.Inactivity(active_days=100, horizon_days=10, gap_days=5)


def a_history(orders, returns=None, end="2025-03-01"):
    frame = pd.DataFrame(orders, columns=["customer", "time", "amount"])
    back = None if returns is None else pd.DataFrame(returns, columns=["customer", "time", "amount"])
    made = churn.make_history(frame, returns=back, timezone="UTC")
    return made.ending(end)


def assigned(*customers, arm="treated"):
    return pd.DataFrame({"customer": list(customers), "arm": arm})


def row(found, customer):
    return found.frame.set_index("customer").loc[customer, ["retained", "orders", "net_value"]].tolist()


def test_the_window_holds_its_first_instant_and_not_its_last():
    history = a_history(
        [
            ("before", "2024-12-31 23:59:59", 5.0),
            ("first", "2025-01-01 00:00:00", 5.0),
            ("last", "2025-01-10 23:59:59", 5.0),
            ("end", "2025-01-11 00:00:00", 5.0),
        ]
    )
    found = outcomes(history, INACTIVE, assigned("before", "first", "last", "end"), START)
    assert found.frame["retained"].tolist() == [0, 1, 1, 0]
    assert found.frame["orders"].tolist() == [0, 1, 1, 0]
    assert (found.start, found.needs_until, found.mature) == ("2025-01-01", "2025-01-11", True)


def test_the_gap_of_the_definition_is_no_gap_of_the_campaign():
    history = a_history([("a", "2025-01-02", 5.0)])
    assert row(outcomes(history, INACTIVE, assigned("a"), START), "a") == [1, 1, 5.0]


def test_net_value_is_exact_and_may_be_below_zero():
    history = a_history(
        [("a", "2025-01-02", 0.1), ("a", "2025-01-03", 0.2), ("b", "2024-12-20", 50.0)],
        [("a", "2025-01-04", 0.3), ("b", "2025-01-04", 50.0), ("b", "2025-01-11", 1.0)],
    )
    found = outcomes(history, INACTIVE, assigned("a", "b"), START)
    assert row(found, "a") == [1, 2, 0.0]
    assert row(found, "b") == [0, 0, -50.0]


def test_who_is_not_in_the_data_is_not_known_and_counted():
    history = a_history([(5, "2025-01-02", 5.0), (7, "2025-01-02", 5.0)])
    found = outcomes(history, INACTIVE, assigned(5, "7", "gone"), START)
    assert found.missing == 1
    assert found.frame["orders"].tolist()[:2] == [1, 1]
    assert np.isnan(row(found, "gone")).all()


def test_an_interim_look_is_on_a_day_fixed_before_and_says_until_when():
    monthly = churn.Inactivity(active_days=100, horizon_days=30)
    orders = [("a", "2025-01-02", 5.0), ("b", "2025-01-07 23:59:59", 5.0), ("b", "2025-01-08", 5.0)]
    history = a_history(orders, end="2025-01-14 12:00")
    found = outcomes(history, monthly, assigned("a", "b"), START)
    assert (found.observed_days, found.mature, found.needs_until) == (7, False, "2025-01-31")
    assert found.frame["orders"].tolist() == [1, 1]
    assert found.curve["days"] == [1, 2, 3, 4, 5, 6, 7]
    assert found.curve["kept"] == {"treated": [0.0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0]}
    assert outcomes(a_history(orders, end="2025-01-15"), monthly, assigned("a"), START).observed_days == 14


def test_before_the_first_look_nothing_is_known():
    history = a_history([("a", "2024-12-02", 5.0)], end="2025-01-10 23:59")
    found = outcomes(history, INACTIVE, assigned("a"), START)
    assert found.observed_days == 0
    assert np.isnan(row(found, "a")).all()


def test_as_of_hides_what_was_recorded_later():
    frame = pd.DataFrame(
        {
            "customer": ["a", "b"],
            "time": ["2025-01-02", "2025-01-02"],
            "amount": [5.0, 5.0],
            "recorded_at": ["2025-01-03", "2025-01-20"],
        }
    )
    history = churn.make_history(frame, timezone="UTC").ending("2025-03-01")
    early = outcomes(history, INACTIVE, assigned("a", "b"), START, as_of=dt.date(2025, 1, 15))
    assert early.frame["retained"].tolist() == [1, 0]
    assert outcomes(history, INACTIVE, assigned("a", "b"), START).frame["retained"].tolist() == [1, 1]


def test_contracts_that_had_ended_before_the_campaign_count_neither_way():
    orders = pd.DataFrame({"customer": ["a", "b", "c"], "time": "2024-12-01", "amount": 1.0})
    rows = [
        ("a", "2024-12-01", "started", 0),
        ("b", "2024-12-01", "started", 0),
        ("c", "2024-12-01", "started", 0),
        ("b", "2025-01-05", "cancelled", 1),
        ("c", "2024-12-30", "cancelled", 1),
    ]
    subscriptions = pd.DataFrame(rows, columns=["customer", "time", "event", "is_end"])
    history = churn.make_history(orders, subscriptions=subscriptions, timezone="UTC").ending("2025-03-01")
    found = outcomes(history, churn.Subscription(horizon_days=10), assigned("a", "b", "c"), START)
    np.testing.assert_array_equal(found.frame["retained"], [1, 0, np.nan])
    assert found.curve["kept"]["treated"][3:5] == [1.0, 0.5]
    assert found.missing == 0


def test_labels_of_ones_own_are_whole_or_not_there():
    orders = pd.DataFrame({"customer": ["a", "b"], "time": "2024-12-01", "amount": 1.0})
    labels = pd.DataFrame({"customer": ["a", "b"], "time": START, "churned": [1, 0]})
    history = churn.make_history(orders, labels=labels, timezone="UTC").ending("2025-03-01")
    meant = churn.LabelTable(active_days=100, horizon_days=10)
    found = outcomes(history, meant, assigned("a", "b"), START)
    assert found.frame["retained"].tolist() == [0, 1]
    assert found.curve == {}
    assert outcomes(history, meant, assigned("a"), START, as_of="2025-01-10").observed_days == 0
    with pytest.raises(ParameterError, match=r"no cutoff 2025-01-02"):
        outcomes(history, meant, assigned("a"), "2025-01-02")
    with pytest.raises(ParameterError, match=r"horizon is its own.*Allowed: 10"):
        outcomes(history, meant, assigned("a"), START, 20)


def test_parts_give_what_the_whole_gives(saved_shop, history, definition):
    from churn.data.load import open_base

    base = open_base(saved_shop)
    assert base.count > 1
    arms = np.where(np.arange(len(history.customers)) % 7 == 0, "holdout", "treated")
    everybody = pd.DataFrame({"customer": history.customers, "arm": arms})
    start = history.date(history.midnight(history.data_end - 60 * 86_400_000_000))
    whole, parts = (outcomes(data, definition, everybody, start, 45) for data in (history, base))
    pd.testing.assert_frame_equal(whole.frame, parts.frame)
    assert whole.curve == parts.curve
    assert whole.frame["orders"].sum() > 0


def test_a_customer_assigned_twice_is_refused():
    history = a_history([("a", "2025-01-02", 5.0)])
    with pytest.raises(ParameterError, match="assigned twice"):
        outcomes(history, INACTIVE, assigned("a", "a"), START)
