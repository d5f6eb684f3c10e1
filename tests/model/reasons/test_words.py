import math

import pytest

from churn.features.catalogue import catalogue
from churn.model.reasons.words import Facts, Setting, plural


def facts(currency="", **values):
    signals = tuple(s for s in catalogue() if s.name in values)
    where = {s.name: i for i, s in enumerate(signals)}
    return Facts(Setting(signals, 0, "UTC", currency), where, [values[s.name] for s in signals])


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("days", 1.4, "1 day"),
        ("days", 0.4, "0 days"),
        ("days", 1234.0, "1,234 days"),
        ("every", 1.2, "every day"),
        ("every", 21.0, "every 21 days"),
        ("ago", 0.2, "less than a day ago"),
        ("ago", 1.0, "1 day ago"),
        ("hours", 0.2, "less than an hour"),
        ("hours", 1.0, "1 hour"),
        ("hours", 71.9, "72 hours"),
        ("hours", 72.0, "3 days"),
        ("number", 2.04, "2"),
        ("number", 1.26, "1.3"),
        ("percent", 0.004, "less than 1 %"),
        ("percent", 0.0, "0 %"),
        ("percent", 0.996, "over 99 %"),
        ("percent", 1.0, "100 %"),
        ("about", 0.004, "less than 1 %"),
        ("about", 0.62, "about 62 %"),
        ("about", 0.996, "over 99 %"),
        ("than", 0.62, "about 62 %"),
        ("than", 0.996, "99 %"),
        ("last on", 1.0, "on"),
        ("last on", 2.0, "the last on"),
        ("times", 1.0, "once"),
        ("times", 2.0, "twice"),
        ("times", 12.0, "12 times"),
        ("money", 1234.5, "1,234"),
        ("n order", 0.0, "no orders"),
        ("n order", 1.0, "1 order"),
        ("n late delivery", 2.0, "2 late deliveries"),
        ("n person/people", 2.0, "2 people"),
    ],
)
def test_forms(form, value, text):
    assert facts().say(f"In {{x|{form}}}", x=value).text == f"In {text}"


@pytest.mark.parametrize("unknown", [math.nan, math.inf, -math.inf])
def test_what_is_not_known_is_not_said(unknown):
    f = facts(recency_days=unknown)
    assert f.say("No order for {recency_days|days}") is None
    assert f.say("No order for {x|days}", x=unknown) is None
    assert math.isnan(f("recency_days"))
    assert f.say("No {what_nobody_knows|days}") is None


def test_a_text_from_the_data_is_never_read_as_a_template():
    f = facts(recency_days=3.0)
    assert (
        f.say("Through {value}", value="{recency_days|days} {x} |").text
        == "Through {recency_days|days} {x} |"
    )


def test_numbers_are_kept_under_the_names_of_their_signals():
    f = facts("£", amount_90d=50.0, recency_days=3.0)
    said = f.say("{a|money} of {usual|money}, {recency_days|ago}", a="amount_90d", usual=125.0)
    assert said.text == "£50.00 of £125, 3 days ago"
    assert said.numbers == {"amount_90d": 50.0, "usual": 125.0, "recency_days": 3.0}


def test_a_wrong_form_is_a_mistake_in_the_code():
    with pytest.raises(ValueError, match="no form 'dayz'"):
        facts(recency_days=3.0).say("{recency_days|dayz}")


def test_plurals():
    assert [plural(n) for n in ("press", "box", "app logins", "day")] == [
        "presses",
        "boxes",
        "app logins",
        "days",
    ]
