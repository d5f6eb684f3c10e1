from churn.model.reasons.normal import own_numbers
from churn.model.reasons.words import Facts, Setting
from tests.model.reasons.test_orders import HABIT, SIGNALS, WHERE


def numbers(**known):
    values = [known.get(s.name, float("nan")) for s in SIGNALS]
    return {
        c.what: (c.now, c.normal) for c in own_numbers(Facts(Setting(SIGNALS, 0, "UTC", "£"), WHERE, values))
    }


def test_the_own_normal_stands_beside_the_own_numbers():
    found = numbers(**HABIT, recency_days=64.4, amount_90d=50.0, amount_decline_90d=0.6)
    assert found["days since the last order"] == ("64.4", "21.2")
    assert found["spend in the last 90 days"] == ("£50.00", "£125")


def test_where_nothing_is_left_the_pace_before_is_the_normal():
    year = {"orders_count_90d": 0.0, "orders_decline_90d": 1.0, "orders_count_365d": 11.0}
    assert numbers(**HABIT, **year, first_order_days=365.0)["orders in the last 90 days"] == ("0", "3.6")
    assert numbers(**HABIT, **year, first_order_days=300.0)["orders in the last 90 days"] == (
        "0",
        "not known",
    )


def test_without_a_habit_there_is_no_own_normal():
    found = numbers(recency_days=64.4, gap_usual_days=50.0, amount_90d=50.0, amount_decline_90d=0.6)
    assert found["days since the last order; normal: the base's"] == ("64.4", "50")
    assert found["spend in the last 90 days"] == ("£50.00", "not known")
    assert "amount of the last order" not in found
