"""What money and goods say: spend, baskets, discounts, order channels, returns, deliveries."""

from __future__ import annotations

import math

from churn.model.reasons.orders import FEWER, MORE, NOTABLE, belongs, habit, late, once
from churn.model.reasons.registry import Direction, tells
from churn.model.reasons.stories import RHYTHM
from churn.model.reasons.words import Facts, Telling

_OFTEN = 0.6


@tells("spend", direction="up")
def _spend_up(f: Facts, topic: str) -> Telling:
    fall, recent = f("amount_decline_90d"), f("amount_90d")
    if NOTABLE <= fall < 1 and recent > 0 and habit(f):
        yield f.say(
            "Spent {amount_90d|money} in the last 90 days instead of the usual {usual|money}",
            usual=recent / (1 - fall),
        )


@tells("spend", direction="up", plain=True)
def _spend_up_plain(f: Facts, topic: str) -> Telling:
    if f("amount_365d_rank") < FEWER:
        yield f.say(
            "Spent {amount_365d|money} in the last 365 days; {more|about} of the customers spent more",
            more=1 - f("amount_365d_rank"),
        )
    if f("amount_90d") == 0 and RHYTHM not in f.told:  # that would say the same twice
        yield f.say("Spent nothing in the last 90 days, {amount_365d|money} in the last 365")
    if math.isnan(f("amount_365d_rank")):
        yield f.say("Spent {amount_180d|money} in the last 180 days")


@tells("spend", direction="down")
def _spend_down(f: Facts, topic: str) -> Telling:
    fall, recent = f("amount_decline_90d"), f("amount_90d")
    if -3 < fall <= -NOTABLE and habit(f):
        yield f.say(
            "Spent {amount_90d|money} in the last 90 days, more than the usual {usual|money}",
            usual=recent / (1 - fall),
        )
    if f("amount_365d_rank") > MORE:
        yield f.say(
            "Spent {amount_365d|money} in the last 365 days, more than {amount_365d_rank|than} of the "
            "customers"
        )


@tells("basket", direction="up")
def _basket_up(f: Facts, topic: str) -> Telling:
    if habit(f):
        for column, form in (("amount", "money"), ("products", "n product"), ("quantity", "n unit")):
            last, mean = f(f"{column}_last"), f(f"{column}_mean")
            if (
                f(f"{column}_last_vs_mean") <= 1 - NOTABLE
                and last >= 0
                and (column == "amount" or mean - last >= 1)
            ):
                usual = "number" if form != "money" else form
                yield f.say(
                    f"The last order had {{last|{form}}}; the average is {{mean|{usual}}}"
                    if column != "amount"
                    else "The last order was {last|money}; the average is {mean|money}",
                    last=f"{column}_last",
                    mean=f"{column}_mean",
                )
        if NOTABLE <= f("amount_mean_decline_90d") < 1:
            yield f.say(
                "Orders of the last 90 days are {amount_mean_decline_90d|percent} smaller than before"
            )


@tells("basket", direction="up", plain=True)
def _basket_up_plain(f: Facts, topic: str) -> Telling:
    if f("amount_mean_rank") < FEWER:
        orders = (
            "A small order: {amount_mean|money}"
            if once(f)
            else "Small orders: {amount_mean|money} on average"
        )
        yield f.say(
            f"{orders}; {{more|about}} of the customers order more at a time",
            more=1 - f("amount_mean_rank"),
        )
    if f("products_mean") <= 5 and f.push("products_mean") > 0:
        text = "one product" if f("products_mean") == 1 else "{products_mean|number} different products"
        yield f.say(f"Narrow baskets: {text} per order")


@tells("basket", direction="down")
def _basket_down(f: Facts, topic: str) -> Telling:
    if habit(f) and f("amount_last_vs_mean") >= 1 + NOTABLE:
        yield f.say("The last order was {amount_last|money}; the average is {amount_mean|money}")
    if f("amount_mean_rank") > MORE and f("amount_mean") > 0:
        orders = (
            "A large order: {amount_mean|money}"
            if once(f)
            else "Large orders: {amount_mean|money} on average"
        )
        yield f.say(f"{orders}, more than {{amount_mean_rank|than}} of the customers")
    if f("products_mean") >= 8 and f.push("products_mean") < 0:
        yield f.say("Wide baskets: {products_mean|number} different products per order")


@tells("discount", direction="up")
def _discount_up(f: Facts, topic: str) -> Telling:
    recent, ever = f("discount_share_180d"), f("discount_share")
    if recent >= 0.02 and recent > ever + 0.01 and habit(f):
        yield f.say(
            "Buys at a higher discount: {discount_share_180d|percent} off in the last 180 days, "
            "{discount_share|percent} over all orders"
        )
    if recent >= 0.02:
        yield f.say("Buys at a discount: {discount_share_180d|percent} off in the last 180 days")


@tells("discount", direction="up", plain=True)
def _discount_up_plain(f: Facts, topic: str) -> Telling:
    if f("discounted_orders_share") > 0:
        yield f.say("{discounted_orders_share|percent} of the orders had a discount")
    if f("discounted_orders_share") == 0 and not once(f):
        yield f.say("Never ordered at a discount: all {orders_count|n order} at full price")


@tells("discount", direction="down")
def _discount_down(f: Facts, topic: str) -> Telling:
    if habit(f) and f("discounted_orders_share") <= 0.1:
        full = f("orders_count") * (1 - f("discounted_orders_share"))
        yield f.say(
            "Buys at full price: {full|whole} of {orders_count|n order} without a discount", full=full
        )
    if f("discount_share_180d") >= 0.02:
        yield f.say("Uses offers: {discount_share_180d|percent} off in the last 180 days")


@tells("order channel", "contact channel", direction="up")
def _channel_up(f: Facts, topic: str) -> Telling:
    table, what, _, _ = _CHANNELS[topic]
    last, usual = f.label(f"{table}_channel_last"), f.label(f"{table}_channel_preferred")
    if last and usual and last != usual and habit(f) and f.push(f"{table}_channel_last") > 0:
        yield f.say(
            f"The last {what} came through {{last}}, most came through {{usual}}", last=last, usual=usual
        )
    yield from _channel(f, topic, "up")


@tells("order channel", "contact channel", direction="down")
def _channel_down(f: Facts, topic: str) -> Telling:
    yield from _channel(f, topic, "down")


def _channel(f: Facts, topic: str, direction: Direction) -> Telling:
    table, _, mostly, at_last = _CHANNELS[topic]
    yield belongs(
        f,
        f"{table}_channel_preferred",
        direction,
        f"{mostly} mostly through {{value}}, which {{raises}} the risk",
    )
    yield belongs(
        f, f"{table}_channel_last", direction, f"{at_last} through {{value}}, which {{raises}} the risk"
    )


_CHANNELS = {
    "order channel": ("order", "order", "Orders", "Ordered last"),
    "contact channel": ("interaction", "contact", "Is in touch", "Was last in touch"),
}


@tells("returns", direction="up")
def _returns_up(f: Facts, topic: str) -> Telling:
    count, ever, year = f("returns_count"), f("returned_amount_share"), f("returned_amount_share_365d")
    if f("returns_after_last_order") > 0:
        yield f.say(
            "{returns_after_last_order|n return} since the last order, the latest {return_recency_days|ago}"
        )
    if count > 0 and habit(f) and year >= ever + 0.02:
        yield f.say(
            "Returned {returned_amount_share_365d|percent} of what was ordered in the last 365 days, "
            "{returned_amount_share|percent} over all"
        )
    if count > 0 and 0.005 <= ever <= 1:
        yield f.say("Returned {returned_amount_share|percent} of what was ordered ({returns_count|n return})")


@tells("returns", direction="up", plain=True)
def _returns_up_plain(f: Facts, topic: str) -> Telling:
    if f("returns_count") > 0:
        yield f.say("{returns_count|n return}, {returns_count|last on} {return_recency_days|date}")


@tells("returns", direction="down")
def _returns_down(f: Facts, topic: str) -> Telling:
    if f("returns_count") == 0 and habit(f):
        yield f.say("Has not returned anything in {orders_count|n order}")
    if f("orders_after_return") >= 1 and not late(f):
        yield f.say("Ordered {orders_after_return|times} since the last return")


@tells("deliveries", direction="up")
def _deliveries_up(f: Facts, topic: str) -> Telling:
    late, mean = f("delivery_delay_days_last"), f("delivery_delay_days_mean")
    if late >= 1 and late >= mean + 1 and habit(f):
        yield f.say(
            "The last delivery came {delivery_delay_days_last|days} later than promised, "
            "{delivery_delay_days_mean|number} on average"
        )
    if late >= 1:
        yield f.say("The last delivery came {delivery_delay_days_last|days} later than promised")
    if f("late_deliveries_count_365d") > 0:
        yield f.say(
            "{late_deliveries_count_365d|n late delivery} in the last 365 days, {late_deliveries_count_365d|last on} "
            "{late_delivery_recency_days|date}"
        )


@tells("deliveries", direction="down")
def _deliveries_down(f: Facts, topic: str) -> Telling:
    if f("late_deliveries_share") == 0 and f("delivery_delay_days_last") == 0:
        yield f.say("Every delivery came in time")
    if f("delivery_delay_days_last") == 0:
        yield f.say("The last delivery came in time")
    if not math.isnan(f("late_deliveries_share")) and f("late_deliveries_share") < 1 - _OFTEN:
        yield f.say(
            "{in_time|percent} of the deliveries came in time", in_time=1 - f("late_deliveries_share")
        )
