"""What tickets say: complaints and who answered them, waiting, trouble, marks."""

from __future__ import annotations

import math

from churn.model.reasons.orders import NOTABLE, habit, late
from churn.model.reasons.registry import tells
from churn.model.reasons.words import Facts, Telling

_MARK = "Gave {satisfaction_last|number} as the last satisfaction mark"
_LONG_HOURS, _SHORT_HOURS = 24, 12


@tells("ignored", direction="up")
def _ignored_up(f: Facts, topic: str) -> Telling:
    count, waiting = f("ignored_complaints_count"), f("unanswered_complaint_oldest_days")
    patience = f"{f.setting.ignored_after_days:g} days"
    more = "" if not count > 1 else "; {ignored_complaints_count|n complaint} ignored in all"
    if waiting >= 1:
        yield f.say(
            "Complaint of {unanswered_complaint_oldest_days|date} unanswered for "
            "{unanswered_complaint_oldest_days|days}" + more
        )
    if count == 1:
        yield f.say(
            f"The complaint of {{ignored_complaint_recency_days|date}} got no answer within {patience}"
        )
    if count > 1:
        yield f.say(
            f"{{ignored_complaints_count|n complaint}} got no answer within {patience}, the last of "
            "{ignored_complaint_recency_days|date}"
        )


@tells("ignored", direction="down")
def _ignored_down(f: Facts, topic: str) -> Telling:
    count, ever = f("ignored_complaints_count"), f("complaints_share")
    if count == 0 and ever > 0 and math.isnan(f("unanswered_complaint_oldest_days")):
        patience = f"{f.setting.ignored_after_days:g} days"
        yield f.say(
            f"Every complaint was answered within {patience}, the last of {{complaint_recency_days|date}}"
        )
    if f("orders_after_ignored") >= 1 and not late(f):
        yield f.say(
            "Ordered {orders_after_ignored|times} since the complaint of {ignored_complaint_recency_days|date}"
        )


@tells("complaints", direction="up")
def _complaints_up(f: Facts, topic: str) -> Telling:
    year = f("complaints_count_365d")
    if f("orders_after_complaint") == 0:
        yield f.say(
            "No order since the complaint of {complaint_recency_days|date}, {complaint_recency_days|ago}"
        )
    if year > 1:
        yield f.say(
            "Complained {complaints_count_365d|times} in the last 365 days, the last time on "
            "{complaint_recency_days|date}"
        )
    if year == 1:
        yield f.say("Complained on {complaint_recency_days|date}")
    if f("complaints_count") > 0:
        yield f.say(
            "{complaints_count|n complaint} so far, {complaints_count|last on} {complaint_recency_days|date}"
        )


@tells("complaints", direction="down")
def _complaints_down(f: Facts, topic: str) -> Telling:
    if f("orders_after_complaint") >= 1 and not late(f):
        yield f.say(
            "Ordered {orders_after_complaint|times} since the complaint of {complaint_recency_days|date}"
        )
    if f("complaints_count") == 0 and habit(f):
        yield f.say("Has not complained in {orders_count|n order}")


@tells("tickets", direction="up")
def _tickets_up(f: Facts, topic: str) -> Telling:
    recent, fall = f("tickets_count_90d"), f("tickets_decline_90d")
    if recent >= 2 and -3 < fall <= -NOTABLE:
        yield f.say(
            "{tickets_count_90d|n support ticket} in the last 90 days instead of the usual {usual|number}",
            usual=recent / (1 - fall),
        )
    if recent > 0:
        yield f.say(
            "{tickets_count_90d|n support ticket} in the last 90 days, "
            "{tickets_count_90d|last on} {ticket_recency_days|date}"
        )
    if f("tickets_count_365d") > 0:
        yield f.say(
            "{tickets_count_365d|n support ticket} in the last 365 days, "
            "{tickets_count_365d|last on} {ticket_recency_days|date}"
        )


@tells("tickets", direction="up", plain=True)
def _tickets_up_plain(f: Facts, topic: str) -> Telling:
    if f("tickets_count") > 0:
        yield f.say(
            "{tickets_count|n support ticket} so far, {tickets_count|last on} {ticket_recency_days|date}"
        )


@tells("tickets", direction="down")
def _tickets_down(f: Facts, topic: str) -> Telling:
    if f("orders_after_ticket") >= 1 and not late(f):
        yield f.say(
            "Ordered {orders_after_ticket|times} since the support ticket of {ticket_recency_days|date}"
        )
    if f("tickets_count") == 0 and habit(f):
        yield f.say("Has not needed support in {orders_count|n order}")
    elif f("tickets_count_365d") == 0 and f("tenure_days") >= 365:
        yield f.say("No support ticket in the last 365 days")


@tells("open tickets", direction="up")
def _open_up(f: Facts, topic: str) -> Telling:
    count = f("open_tickets_count")
    if count == 1:
        yield f.say(
            "A ticket of {open_ticket_oldest_days|date} is still open, for {open_ticket_oldest_days|days}"
        )
    if count > 1:
        yield f.say(
            "{open_tickets_count|n ticket} still open, the oldest for {open_ticket_oldest_days|days}, since "
            "{open_ticket_oldest_days|date}"
        )


@tells("open tickets", direction="down")
def _open_down(f: Facts, topic: str) -> Telling:
    if f("open_tickets_count") == 0 and f("tickets_count") > 0:
        yield f.say("No ticket is open; the last was of {ticket_recency_days|date}")


@tells("replies", direction="up")
def _replies_up(f: Facts, topic: str) -> Telling:
    last, mean = f("first_reply_hours_last"), f("first_reply_hours_mean")
    solved, usual = f("resolution_hours_last"), f("resolution_hours_mean")
    if last >= _LONG_HOURS and last >= 1.2 * mean:
        yield f.say(
            "Waited {first_reply_hours_last|hours} for the last answer from support, "
            "{first_reply_hours_mean|hours} on average"
        )
    if last >= _LONG_HOURS:
        yield f.say("Waited {first_reply_hours_last|hours} for the last answer from support")
    if f("first_reply_vs_all") >= 1.2:
        yield f.say("Waits {first_reply_vs_all|number} times as long for support as others do")
    if solved >= _LONG_HOURS and solved >= 1.2 * usual:
        yield f.say(
            "The last ticket took {resolution_hours_last|hours} to solve, {resolution_hours_mean|hours} on average"
        )
    if solved >= _LONG_HOURS:
        yield f.say("The last ticket took {resolution_hours_last|hours} to solve")


@tells("replies", direction="down")
def _replies_down(f: Facts, topic: str) -> Telling:
    if f("first_reply_hours_last") <= _SHORT_HOURS:
        yield f.say("The last answer from support came within {first_reply_hours_last|hours}")
    if f("first_reply_vs_all") <= 0.8:
        yield f.say("Waits {first_reply_hours_mean|hours} for support, less than others do")


@tells("reopened", "escalated", direction="up")
def _trouble_up(f: Facts, topic: str) -> Telling:
    was = "opened again" if topic == "reopened" else "escalated"
    count, since = f"{topic}_tickets_count_365d", f"{topic}_recency_days"
    if f(count) > 0:
        yield f.say(f"{{n|n ticket}} {was} in the last 365 days, {{n|last on}} {{d|date}}", n=count, d=since)
    if f(f"{topic}_tickets_share") > 0:
        share = f"{topic}_tickets_share"
        yield f.say(f"{{s|percent}} of the tickets were {was}, the last on {{d|date}}", s=share, d=since)


@tells("reopened", "escalated", direction="down")
def _trouble_down(f: Facts, topic: str) -> Telling:
    if f(f"{topic}_tickets_share") == 0:
        was = "opened again" if topic == "reopened" else "escalated"
        yield f.say(f"No ticket was {was}, out of {{tickets_count|whole}}")


@tells("repeat contact", direction="up")
def _repeat_up(f: Facts, topic: str) -> Telling:
    if f("repeat_tickets_count_90d") > 0:
        yield f.say(
            "Wrote again about the same thing: {repeat_tickets_count_90d|n ticket} in the last 90 days"
        )
    if f("repeat_tickets_share") > 0:
        yield f.say("{repeat_tickets_share|percent} of the tickets were about the same thing again")


@tells("repeat contact", direction="down")
def _repeat_down(f: Facts, topic: str) -> Telling:
    if f("repeat_tickets_share") == 0 and f("tickets_count") >= 2:
        yield f.say("Never had to write twice about the same thing, in {tickets_count|n ticket}")


@tells("satisfaction", direction="up")
def _satisfaction_up(f: Facts, topic: str) -> Telling:
    if f("satisfaction_change") <= -0.25:
        yield f.say(
            "Gave {satisfaction_last|number} as the last satisfaction mark, {satisfaction_mean|number} on average"
        )
    if f("satisfaction_last") <= 3:
        yield f.say(_MARK)
    if f("satisfaction_mean") <= 3:
        yield f.say("Gives {satisfaction_mean|number} as satisfaction mark on average")
    if f("satisfaction_silent_share") >= 0.5:
        yield f.say("Left {satisfaction_silent_share|percent} of the resolved tickets without a mark")


@tells("satisfaction", direction="down")
def _satisfaction_down(f: Facts, topic: str) -> Telling:
    if f("satisfaction_last") >= 4 and f("satisfaction_change") >= 0.25:
        yield f.say(
            "Gave {satisfaction_last|number} as the last satisfaction mark, {satisfaction_mean|number} on average"
        )
    if f("satisfaction_last") >= 4 and f("satisfaction_change") > -0.25:
        yield f.say(_MARK)
