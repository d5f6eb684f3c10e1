"""What contacts, surveys, subscriptions, segments and signals of the user's own say."""

from __future__ import annotations

import math

from churn.features.signal import Signal
from churn.model.reasons.orders import NOTABLE, belongs
from churn.model.reasons.registry import Direction, tells
from churn.model.reasons.words import Facts, Sentence, Telling

_SILENT_DAYS, _RECENT_DAYS = 30, 14
_HALF = 0.5


def _noun(kind: str) -> str:
    return "contact" if kind == "interactions" else kind.replace("_", " ").strip().removesuffix(" contact")


@tells("engagement:", direction="up")
def _engagement_up(f: Facts, topic: str) -> Telling:
    kind = topic.split(":", 1)[1]
    noun, days, recent = _noun(kind), f"{kind}_recency_days", f"{kind}_count_30d"
    fall = f(f"{kind}_decline_30d")
    if kind == "interactions" and f("recency_days") <= f(days) - 1:
        noun = "contact beside orders"  # an order is a contact too
    if f(days) >= _SILENT_DAYS:
        for window in (90, 180):
            count, before = f"{kind}_count_{window}d", window - round(f(days))
            if f(count) >= 2 and before >= _RECENT_DAYS:
                text = "No {noun} for {days|days}, after {count|whole} in the {before|days} before"
                yield f.say(text, noun=noun, days=days, count=count, before=float(before))
        yield f.say("No {noun} for {days|days}", noun=noun, days=days)
    if NOTABLE <= fall < 1:
        usual = f(recent) / (1 - fall)
        if usual - f(recent) >= _HALF and usual >= 1:
            text = f"{{recent|n {_spelt(_noun(kind))}}} in the last 30 days instead of the usual {{usual|number}}"
            yield f.say(text, recent=recent, usual=usual)


@tells("engagement:", direction="up", plain=True)
def _engagement_up_plain(f: Facts, topic: str) -> Telling:
    kind = topic.split(":", 1)[1]
    days = f"{kind}_recency_days"
    if f(days) >= 7:
        yield f.say("The last {noun} was {days|ago}", noun=_noun(kind), days=days)


@tells("engagement:", direction="down")
def _engagement_down(f: Facts, topic: str) -> Telling:
    kind = topic.split(":", 1)[1]
    noun, days, recent = _noun(kind), f"{kind}_recency_days", f"{kind}_count_30d"
    fall = f(f"{kind}_decline_30d")
    if -3 < fall <= -NOTABLE and f(recent) >= 2:
        usual = f(recent) / (1 - fall)
        if f(recent) - usual >= 1:
            text = f"{{recent|n {_spelt(noun)}}} in the last 30 days, more than the usual {{usual|number}}"
            yield f.say(text, recent=recent, usual=usual)
    if f(days) <= _RECENT_DAYS and f(recent) >= 2:
        text = f"{{recent|n {_spelt(noun)}}} in the last 30 days, the last {{days|ago}}"
        yield f.say(text, recent=recent, days=days)
    if f(days) <= _RECENT_DAYS:
        yield f.say("The last {noun} was {days|ago}", noun=noun, days=days)


def _spelt(noun: str) -> str:
    """Keep the name of a kind, which comes from the data, from being read as a form."""
    return "".join(c for c in noun if c not in "{}|/")


@tells("survey", "survey:", direction="up")
def _survey_up(f: Facts, topic: str) -> Telling:
    words, change = _survey_words(topic), f(f"{topic}_score_change")
    last, silent = f"{topic}_score_last", f"{topic}_silent_count_365d"
    if change < 0:
        text = "The last {words} score fell from {before|number} to {last|number}"
        yield f.say(text, words=words, before=f(last) - change, last=last)
    if f(silent) >= 1 and f(silent) >= _HALF * f(f"{topic}_asked_count_365d"):
        text = "Left {silent|whole} of {asked|n survey} of the last 365 days without an answer"
        if topic != "survey":
            text = text.replace("n survey", f"n {_spelt(words)}")
        yield f.say(text, silent=silent, asked=f"{topic}_asked_count_365d")


@tells("survey", "survey:", direction="up", plain=True)
def _survey_up_plain(f: Facts, topic: str) -> Telling:
    text = "Gave {last|number} in the last {words}, {mean|number} on average"
    yield f.say(text, words=_survey_words(topic), last=f"{topic}_score_last", mean=f"{topic}_score_mean")


@tells("survey", "survey:", direction="down")
def _survey_down(f: Facts, topic: str) -> Telling:
    words, change, last = _survey_words(topic), f(f"{topic}_score_change"), f"{topic}_score_last"
    if change > 0:
        text = "The last {words} score rose from {before|number} to {last|number}"
        yield f.say(text, words=words, before=f(last) - change, last=last)
    if not change < 0:
        yield f.say("Gave {last|number} in the last {words}", words=words, last=last)
    if f(f"{topic}_silent_share") == 0:
        yield f.say("Answers every {words}", words=words)


def _survey_words(topic: str) -> str:
    kind = topic.partition(":")[2]
    return f"{kind.replace('_', ' ')} survey" if kind else "survey"


@tells("plan", direction="up")
def _plan_up(f: Facts, topic: str) -> Telling:
    change = f("plan_price_change")
    if change < 0:
        yield f.say(
            "Went down to a plan of {plan_price|money} a month, {less|money} less than before", less=-change
        )
    if f("price_cuts_count_365d") > 0:
        yield f.say(
            "{price_cuts_count_365d|n downgrade} in the last 365 days, "
            "{price_cuts_count_365d|last on} {price_cut_recency_days|date}"
        )
    yield belongs(f, "plan", "up", "The plan {value} {raises} the risk")


@tells("plan", direction="up", plain=True)
def _plan_up_plain(f: Facts, topic: str) -> Telling:
    yield f.say(
        "Pays {plan_price|money} a month; the last entry about the subscription was {subscription_recency_days|ago}"
    )
    yield f.say("The last entry about the subscription was {subscription_recency_days|ago}")


@tells("plan", direction="down")
def _plan_down(f: Facts, topic: str) -> Telling:
    change = f("plan_price_change")
    if change > 0:
        yield f.say(
            "Went up to a plan of {plan_price|money} a month, {more|money} more than before", more=change
        )
    if f("price_rises_count_365d") > 0:
        yield f.say("{price_rises_count_365d|n upgrade} in the last 365 days")
    yield belongs(f, "plan", "down", "The plan {value} {raises} the risk")


@tells("renewal", direction="up")
def _renewal_up(f: Facts, topic: str) -> Telling:
    days = f("renewal_days")
    if days < 0:
        yield f.say("The paid term ended {ago|ago}, on {ago|date}", ago=-days)
    if 0 <= days <= 60:
        yield f.say("The paid term ends in {renewal_days|days}, on {renewal_days|ahead}")


@tells("renewal", direction="up", plain=True)
def _renewal_up_plain(f: Facts, topic: str) -> Telling:
    yield f.say("The paid term ends on {renewal_days|ahead}")


@tells("renewal", direction="down")
def _renewal_down(f: Facts, topic: str) -> Telling:
    if f("renewal_days") >= 1:
        yield f.say("Paid until {renewal_days|ahead}, for {renewal_days|days} more")


@tells("payments", direction="up")
def _payments_up(f: Facts, topic: str) -> Telling:
    for days in (90, 365):
        if f(f"failed_payments_count_{days}d") > 0:
            text = f"{{n|n failed payment}} in the last {days} days, {{n|last on}} "
            text += "{failed_payment_recency_days|date}"
            yield f.say(text, n=f"failed_payments_count_{days}d")
    yield f.say("A payment failed on {failed_payment_recency_days|date}")


@tells("payments", direction="down")
def _payments_down(f: Facts, topic: str) -> Telling:
    if f("failed_payments_count_365d") == 0 and f("tenure_days") >= 365:
        yield f.say("No failed payment in the last 365 days")


@tells("segment:", direction="up")
def _segment_up(f: Facts, topic: str) -> Telling:
    yield _segment(f, topic, "up")


@tells("segment:", direction="down")
def _segment_down(f: Facts, topic: str) -> Telling:
    yield _segment(f, topic, "down")


def _segment(f: Facts, topic: str, direction: Direction) -> Sentence | None:
    column = topic.split(":", 1)[1].replace("_", " ")
    column = f"{column[:1].upper()}{column[1:]}"
    return belongs(f, topic, direction, "{column} {value} {raises} the risk", column=column)


def tell_own(signal: Signal, f: Facts) -> Sentence | None:
    """Return the fact of a signal of the user's own, in the words of its meaning and its unit."""
    meaning = signal.meaning.split(";")[0].strip()
    label, value = f.label(signal.name) if signal.categories else None, f(signal.name)
    if math.isnan(value):
        return None
    forms = {"amount": "money", "share": "percent", "days": "days", "hours": "hours"}
    lead = f"{meaning[:1].upper()}{meaning[1:]}"
    if label is not None:
        return Sentence(f"{lead}: {label}", {signal.name: label})
    return f.say(f"{{lead}}: {{value|{forms.get(signal.unit, 'plain')}}}", lead=lead, value=signal.name)
