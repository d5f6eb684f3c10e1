from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from churn.data.history import History
from churn.errors import ConfigError
from churn.features.catalogue import catalogue
from churn.features.formulas import parse_measure
from churn.features.measures import Count, Last, Ratio
from churn.features.own import signal
from churn.features.signal import Above, Both, Is
from tests.features.oracle import instant
from tests.features.tables import three_customers

T = instant("2024-03-01")


@pytest.fixture(scope="module")
def history() -> History:
    return three_customers(T)


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("Count('orders')", Count("orders")),
        (" Count( 'orders' , 90 )\n", Count("orders", 90)),
        ("Count('orders', until=30, days=60)", Count("orders", 60, 30)),
        ("Count('orders', None)", Count("orders")),
        (
            "Ratio(Count('orders', where=Both(Is('channel', 'x'), Above('amount', -2.5))), Count('orders'))",
            Ratio(Count("orders", where=Both(Is("channel", "x"), Above("amount", -2.5))), Count("orders")),
        ),
        ("Last('orders', 'amount', back=1)", Last("orders", "amount", back=1)),
    ],
)
def test_an_expression_is_a_measure(text: str, measure: Any) -> None:
    assert parse_measure(text, "x") == measure


MISTAKES = {
    "there is no Cuont": "Cuont('orders')",
    "is not a measure": "Count",
    "it is no measure": "Above('amount')",
    "not well formed": "Count('orders'",
    "missing 1 required": "Count()",
    "Count has no day": "Count('orders', day=3)",
    "cannot take '90' as days": "Count('orders', '90')",
    "cannot take -3 as days": "Count('orders', -3)",
    "cannot take 0 as days": "Count('orders', 0)",
    "cannot take 3 as log": "Count(3)",
    "as where": "Count('orders', where='big')",
    "as bottom": "Ratio(Count('orders'), 3)",
    "as other": "Count('orders', where=Both(Above('amount'), 3))",
    "as number": "Count('orders', where=Above('amount', 'x'))",
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_said_clearly(what: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_measure(MISTAKES[what], "mine")
    said = str(raised.value)
    assert said.startswith("The measure of the signal mine cannot be read: ")
    assert what in said
    assert MISTAKES[what] in said
    assert "Allowed: " in said
    assert "__init__" not in said
    named = {"there is no Cuont", "is not a measure", "it is no measure", "not well formed"}
    assert ("Allowed: measures" in said) == (what in named)


def test_a_slip_of_the_pen_is_met_with_what_was_meant() -> None:
    with pytest.raises(ConfigError, match="Did you mean Count"):
        parse_measure("Cuont('orders')", "x")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch executed')",
        "open('executed', 'w')",
        "Count(open('executed', 'w'))",
        "Count('orders', days=open('executed', 'w'))",
        "[x for x in open('executed', 'w')]",
        "(lambda: open('executed', 'w'))()",
        "Count('orders').__class__",
        "f\"{open('executed', 'w')}\"",
        "Count('orders') if open('executed', 'w') else 1",
        "(x := Count('orders'))",
        "Count('orders'); import os",
        "exec('1')",
        "b'orders'",
        "1",
        "'orders'",
        "...",
        "",
        "  ",
        "[Count('orders')]",
        "Count(*['orders'])",
        "-'x'",
        "\0",
    ],
)
def test_nothing_but_measures_is_read_and_nothing_is_executed(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_measure(text, "x")
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    "text",
    [
        "Count('orders', days=30, until=-30)",
        "Count('orders', 30, by='promised')",  # a plan may be older than the row that holds it
        "Last('orders', 'amount', by='promised')",
        "Since('subscriptions', by='renews')",
        "Total('orders', 'amount', until=-1)",
        "Last('orders', 'amount', back=-1)",
    ],
)
def test_an_expression_cannot_ask_for_the_future(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_measure(text, "x")


@pytest.mark.parametrize(
    "text",
    [
        "Count('orders', **x)",
        "Count('orders', days=90, days=30)",
        "Count('orders', 30, until=60)",
        "Count('orders', 1e999)",
        "Count('orders', True)",
        "Count('orders', 1e300)",
        "Last('orders', 'amount', back=1.5)",
        "Since('orders', first='no')",
        "Overdue('lateness')",
        "GapMedian(0)",
        "GapMedian(2.5)",
        "RecentGaps(0)",
        "Slope('orders', buckets=1)",
        "Slope('orders', buckets=2.5)",
        "AgainstMean(Count('orders'), 'size')",
        "AgainstMean(Count('orders'), Count('orders'))",
        "TopShare('orders', 'channel', 5)",
        "TopShare('orders', 'channel', 'web')",
        "Total('orders', 'fade:x')",
        "FadingRate('orders', 1e-300)",
        "-" * 3000 + "1",
    ],
)
def test_what_cannot_be_computed_is_refused_and_not_computed_wrongly(history: History, text: str) -> None:
    with pytest.raises(ConfigError):
        catalogue(history, own=[signal("x", text, meaning="m")])


@pytest.mark.parametrize(
    "text",
    [
        "Count('orders', by='amount')",
        "Count('orders', where=Above('channel'))",
        "Count('orders', where=Is('amount', 'x'))",
        "Count('orders', where=Missing('amount'))",
        "Count('orders', where=Unmet('amount', 3))",
        "Total('orders', 'channel')",
        "Last('orders', 'channel')",
        "Ahead('orders', 'amount')",
        "TopShare('orders', 'amount', ('x',))",
    ],
)
def test_a_column_of_another_kind_is_refused(history: History, text: str) -> None:
    """A number where a time is meant, a text where a number is, and so on."""
    with pytest.raises(ConfigError):
        catalogue(history, own=[signal("x", text, meaning="m")])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "Count('returns')",
            "reads returns, which the data do not have. Allowed: tables customers, orders, tickets",
        ),
        (
            "Total('orders', 'weight')",
            "reads orders.weight, which the data do not have. Allowed: columns amount",
        ),
        ("Count('orders', where=Above('weight'))", "reads orders.weight"),
        ("Segment('colour', ('red',))", "reads customers.colour"),
        ("Count('tickets', where=Known('gap'))", "reads tickets.gap"),
    ],
)
def test_a_column_that_is_not_there_is_refused(history: History, text: str, what: str) -> None:
    with pytest.raises(ConfigError) as raised:
        catalogue(history, own=[signal("mine", text, meaning="m")])
    assert f"The signal mine {what}" in str(raised.value)


def test_every_formula_of_the_catalogue_can_be_read_back() -> None:
    for s in catalogue():
        if not s.categories:
            assert parse_measure(s.formula, s.name) == s.measure
