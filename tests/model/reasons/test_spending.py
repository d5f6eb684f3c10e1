from tests.model.reasons.test_orders import HABIT, said


def test_more_than_most_needs_a_rank_that_says_so():
    facts = {"amount_mean": 200.0, "gap_mean_days": 9.0}
    assert said("basket", "down", **facts, amount_mean_rank=0.6) is None
    text = "Large orders: £200 on average, more than about 80 % of the customers"
    assert said("basket", "down", **facts, amount_mean_rank=0.8) == text
    one = said("basket", "down", amount_mean=200.0, amount_mean_rank=0.8)
    assert one == "A large order: £200, more than about 80 % of the customers"


def test_discounts():
    facts = {"discount_share_180d": 0.2, "discount_share": 0.1}
    assert said("discount", "up", **facts) == "Buys at a discount: 20 % off in the last 180 days"
    text = "Buys at a higher discount: 20 % off in the last 180 days, 10 % over all orders"
    assert said("discount", "up", **facts, **HABIT) == text
    full = said("discount", "down", **HABIT, discounted_orders_share=0.0, orders_count=9)
    assert full == "Buys at full price: 9 of 9 orders without a discount"


def test_deliveries():
    assert (
        said("deliveries", "up", delivery_delay_days_last=2.2)
        == "The last delivery came 2 days later than promised"
    )
    assert said("deliveries", "up", delivery_delay_days_last=0.0, late_deliveries_count_365d=0) is None
    assert said("deliveries", "down", delivery_delay_days_last=0.0) == "The last delivery came in time"
