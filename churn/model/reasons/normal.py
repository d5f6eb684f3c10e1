"""A customer's own numbers beside what is normal for this customer."""

from __future__ import annotations

import math
from collections.abc import Iterator

from churn.model.reasons.explanation import Compared
from churn.model.reasons.orders import habit, once
from churn.model.reasons.words import Facts

_UNKNOWN = "not known"


def own_numbers(f: Facts) -> tuple[Compared, ...]:
    """Return the comparisons that the customer's numbers allow; where there is no habit, none is claimed."""
    return tuple(_all(f))


def _all(f: Facts) -> Iterator[Compared]:
    gap = "gap_usual_days" if once(f) else "gap_mean_days"
    what = "days since the last order" + ("; normal: the base's" if once(f) else "")
    yield from _one(f, what, "recency_days", gap, "number")
    for of, form in (("orders", "number"), ("amount", "money")):
        recent, fall = "orders_count_90d" if of == "orders" else "amount_90d", f(f"{of}_decline_90d")
        what = "orders in the last 90 days" if of == "orders" else "spend in the last 90 days"
        year = f(f"{'orders_count' if of == 'orders' else 'amount'}_365d") * 90 / 275
        yield from _pace(
            f, what, recent, fall, form, habit(f), year if f("first_order_days") >= 365 else math.nan
        )
    if not once(f):
        yield from _one(f, "amount of the last order", "amount_last", "amount_mean", "money")
        yield from _one(f, "different products in the last order", "products_last", "products_mean", "number")
    for name in f.names(""):
        kind = name.removesuffix("_decline_30d")
        if kind not in (name, "orders"):
            noun = "contacts" if kind == "interactions" else f"{kind.replace('_', ' ')}, times"
            yield from _pace(
                f, f"{noun} in the last 30 days", f"{kind}_count_30d", f(name), "number", True, math.nan
            )
    yield from _one(
        f,
        "hours to the last answer from support",
        "first_reply_hours_last",
        "first_reply_hours_mean",
        "number",
    )
    yield from _one(f, "last satisfaction mark", "satisfaction_last", "satisfaction_mean", "number")


def _one(f: Facts, what: str, now: str, normal: str, form: str) -> Iterator[Compared]:
    said, usual = f.say(f"{{x|{form}}}", x=now), f.say(f"{{x|{form}}}", x=normal)
    if said:
        yield Compared(what, said.text, usual.text if usual else _UNKNOWN)


def _pace(
    f: Facts, what: str, now: str, fall: float, form: str, known: bool, before: float
) -> Iterator[Compared]:
    said = f.say(f"{{x|{form}}}", x=now)
    if said is None:
        return
    # At a fall of 1 nothing is left to scale up from: `before` is the pace before. At -3 the fall was cut off.
    pace = f(now) / (1 - fall) if -3 < fall < 1 else before if fall == 1 else math.nan
    usual = f.say(f"{{usual|{form}}}", usual=pace) if known else None
    yield Compared(what, said.text, usual.text if usual else _UNKNOWN)
