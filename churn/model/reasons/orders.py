"""What orders say: silence and rhythm, how long a customer has been one, season, and how each began."""

from __future__ import annotations

import math

from churn.model.reasons.registry import Direction, tells
from churn.model.reasons.words import Facts, Sentence, Telling

NOTABLE = 0.15  # from this share on a change is worth telling
FEW_ORDER_DAYS = 3  # up to here a mean is no habit
FEWER, MORE = 0.4, 0.6  # ranks from which "more than most customers" is worth telling
_HALF = 0.5
_LABEL_PUSH = 0.1  # log-odds from which belonging to a group is worth telling


def once(f: Facts) -> bool:
    """Whether the customer ordered on one day only."""
    return math.isnan(f("gap_mean_days"))


def habit(f: Facts) -> bool:
    """Whether there are enough order days to speak of what is usual."""
    return f("order_days_count") > FEW_ORDER_DAYS


def late(f: Facts) -> bool:
    """Whether the customer is silent for notably longer than usual, so that orders long ago are no comfort."""
    gap = f("gap_usual_days") if once(f) else f("gap_mean_days")
    return f("recency_days") >= gap + max(1.0, 0.2 * gap)


def _only_once(f: Facts) -> Sentence | None:
    words = "once" if f("orders_count") == 1 else "on a single day"
    if round_of(f, "gap_usual_days") < round_of(f, "recency_days"):
        return f.say(
            f"Ordered {words}, {{recency_days|ago}}, and not again; others come back after {{gap_usual_days|days}}"
        )
    return f.say(f"Ordered only {words} so far, {{recency_days|ago}}")


def round_of(f: Facts, name: str) -> float:
    """Return a number as it is told, rounded to whole ones; NaN where it is unknown."""
    return float(round(f(name))) if not math.isnan(f(name)) else math.nan


@tells("silence", direction="up")
def _silence_up(f: Facts, topic: str) -> Telling:
    if once(f):
        yield _only_once(f)
        return
    days, gap = f("recency_days"), f("gap_mean_days")
    if not habit(f):
        before = "the two days with orders" if f("order_days_count") == 2 else "the few orders before"
        if late(f):
            yield f.say(f"No order for {{recency_days|days}}; {before} were {{gap_mean_days|days}} apart")
        if f("gap_mean_days_rank") > MORE:
            count = "{order_days_count|n day} with orders so far, {gap_mean_days|days} apart"
            yield f.say(f"Only {count}; the last was {{recency_days|ago}}")
        return
    if late(f):
        longest = ", longer than ever before" if days > f("gap_largest_days") else ""
        yield f.say(f"Ordered {{gap_mean_days|every}}, now silent for {{recency_days|days}}{longest}")
    if f("gap_spread_days") > 0.75 * gap:
        yield f.say(
            "Irregular: {gap_mean_days|days} between orders on average, give or take {gap_spread_days|days}"
        )
    if f("gap_mean_days_rank") > MORE:
        yield f.say(
            "Orders {gap_mean_days|every} on average; {more|about} of the customers order more often",
            more=f("gap_mean_days_rank"),
        )


@tells("silence", direction="up", plain=True)
def _silence_up_plain(f: Facts, topic: str) -> Telling:
    if f("recency_days_rank") >= MORE:
        yield f.say(
            "The last order was {recency_days|ago}; {recency_days_rank|about} of the customers ordered since"
        )
    elif f("recency_days") >= 1 and not once(f):
        yield f.say("The last order was {recency_days|ago}")


@tells("silence", direction="down")
def _silence_down(f: Facts, topic: str) -> Telling:
    days, gap = f("recency_days"), f("gap_mean_days")
    if once(f):
        if round_of(f, "gap_usual_days") > round_of(f, "recency_days"):
            yield f.say(
                "First ordered {recency_days|ago}; others come back after {gap_usual_days|days} on average"
            )
    elif habit(f) and round(days) <= round(gap):
        if f("gap_spread_days") <= 0.6 * gap and f("orders_count_365d") >= 4:
            yield f.say(
                "Orders steadily: {orders_count_365d|whole} in 365 days, the last {recency_days|ago}, "
                "usually one {gap_mean_days|every}"
            )
        yield f.say("Ordered {recency_days|ago}; usually one order {gap_mean_days|every}")
    rank = f("recency_days_rank")
    if rank < FEWER and not once(f):
        yield f.say(
            "Ordered {recency_days|ago}, more recently than {more|than} of the customers",
            more=1 - rank,
        )


@tells("frequency", direction="up")
def _frequency_up(f: Facts, topic: str) -> Telling:
    if once(f):
        yield _only_once(f)
        return
    recent, year, fall = f("orders_count_90d"), f("orders_count_365d"), f("orders_decline_90d")
    if fall >= 1 and year >= 2:
        yield f.say("No order for {recency_days|days}, {orders_count_365d|whole} in the last 365")
    if NOTABLE <= fall < 1 and habit(f):
        usual = recent / (1 - fall)
        if usual - recent >= _HALF:
            yield f.say(
                "{orders_count_90d|n order} in the last 90 days instead of the usual {usual|number}",
                usual=usual,
            )
    if f("orders_slope_6x30d") <= -NOTABLE and f("orders_count_180d") >= 4:
        yield f.say("Orders are trending down: {orders_count_180d|whole} in the last 180 days")
    if 0 < year <= 4 and f("tenure_days") >= 365:
        yield f.say("Only {orders_count_365d|n order} in the last 365 days, the last {recency_days|ago}")


@tells("frequency", direction="up", plain=True)
def _frequency_up_plain(f: Facts, topic: str) -> Telling:
    if f("orders_count_365d_rank") < FEWER:
        yield f.say(
            "{orders_count_365d|n order} in the last 365 days; {more|about} of the customers order more often",
            more=1 - f("orders_count_365d_rank"),
        )
    elif math.isnan(f("orders_count_365d_rank")) and not once(f):
        yield f.say("{orders_count_365d|n order} in the last 365 days")


@tells("frequency", direction="down")
def _frequency_down(f: Facts, topic: str) -> Telling:
    if once(f):
        return
    recent, fall = f("orders_count_90d"), f("orders_decline_90d")
    if -3 < fall <= -NOTABLE and habit(f):
        usual = recent / (1 - fall)
        if recent - usual >= _HALF:
            yield f.say(
                "{orders_count_90d|n order} in the last 90 days, more than the usual {usual|number}",
                usual=usual,
            )
    if f("orders_count_365d") >= 4:
        if f("orders_count_365d_rank") > MORE:
            yield f.say(
                "{orders_count_365d|n order} in the last 365 days, more than "
                "{orders_count_365d_rank|than} of the customers"
            )
        elif math.isnan(f("orders_count_365d_rank")):
            yield f.say("{orders_count_365d|n order} in the last 365 days")


@tells("experience", direction="up")
def _experience_up(f: Facts, topic: str) -> Telling:
    if once(f):
        yield _only_once(f)
        return
    if f("first_order_days") <= 120:
        yield f.say("A new customer: {orders_count|n order} since {first_order_days|date}")
    if f("orders_count") <= FEW_ORDER_DAYS:
        yield f.say("Only {orders_count|n order} in {tenure_days|days} as a customer")


@tells("experience", direction="up", plain=True)
def _experience_up_plain(f: Facts, topic: str) -> Telling:
    if f("tenure_days_rank") < FEWER:
        yield f.say(
            "A customer since {tenure_days|date}; {more|about} of the customers have been for longer",
            more=1 - f("tenure_days_rank"),
        )


@tells("experience", direction="down")
def _experience_down(f: Facts, topic: str) -> Telling:
    if f("tenure_days") >= 365 and f("orders_count") >= 5:
        yield f.say("A customer since {tenure_days|date}, with {orders_count|n order}")
    if f("tenure_days_rank") > MORE:
        yield f.say(
            "A customer since {tenure_days|date}, for longer than {tenure_days_rank|than} of the customers"
        )


@tells("acquisition", direction="up")
def _acquisition_up(f: Facts, topic: str) -> Telling:
    if habit(f) and f("first_order_amount_vs_mean") >= 1.5:
        yield f.say("Began with an order of {first_order_amount|money}; the average is {amount_mean|money}")
    if f("first_order_discount") > 0 and f.push("first_order_discount") > 0:
        yield f.say("Came with {first_order_discount|money} off the first order")


@tells("acquisition", direction="up", plain=True)
def _acquisition_up_plain(f: Facts, topic: str) -> Telling:
    yield belongs(f, "first_order_month", "up", "First ordered in {value}, which {raises} the risk")


@tells("acquisition", direction="down")
def _acquisition_down(f: Facts, topic: str) -> Telling:
    if habit(f) and f("first_order_amount_vs_mean") <= 0.67:
        yield f.say("Grew from a first order of {first_order_amount|money} to {amount_mean|money} on average")


@tells("acquisition", direction="down", plain=True)
def _acquisition_down_plain(f: Facts, topic: str) -> Telling:
    yield belongs(f, "first_order_month", "down", "First ordered in {value}, which {raises} the risk")


def belongs(f: Facts, name: str, direction: Direction, template: str, **given: str) -> Sentence | None:
    """Tell that the value of a category signal raises or lowers the risk, where the model says so of this signal."""
    value, push = f.label(name), f.push(name)
    if value is None or (push < _LABEL_PUSH if direction == "up" else push > -_LABEL_PUSH):
        return None
    verb = "raises" if direction == "up" else "lowers"
    said = f.say(template, value=value, raises=verb, **given)
    return said and Sentence(said.text, {name: value, **said.numbers})


@tells("season", direction="up")
def _season_up(f: Facts, topic: str) -> Telling:
    if f("first_order_days") >= 365 and f("orders_same_season") == 0:
        yield f.say(
            "Ordered nothing in the coming season a year ago, the 60 days from {start|date}", start=365.0
        )


@tells("season", direction="down")
def _season_down(f: Facts, topic: str) -> Telling:
    if f("orders_same_season") >= 1:
        yield f.say(
            "Ordered {orders_same_season|times} in the coming season a year ago, the 60 days from {start|date}",
            start=365.0,
        )


@tells("season", direction="up", plain=True)
def _season_up_plain(f: Facts, topic: str) -> Telling:
    if f("orders_same_season") == 0 and f("first_order_days") < 365:
        yield f.say("No season of the year before to go by: first order on {first_order_days|date}")
