from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churn.config import FeatureSettings, OwnSignal
from churn.data.history import History
from churn.errors import ConfigError, DataError, ParameterError
from churn.features.catalogue import catalogue
from churn.features.compute import compute_features
from churn.features.own import signal
from churn.features.signal import Signal
from tests.features.agree import assert_same_bits, at_each, at_one
from tests.features.oracle import instant
from tests.features.tables import three_customers

T = instant("2024-03-01")


@pytest.fixture(scope="module")
def history() -> History:
    return three_customers(T)


def computed(history: History, made: Signal) -> list[float]:
    """One signal of all customers, which must be the same in its view, in one pass and in blocks."""
    found = at_one(history, T, [made])
    assert_same_bits(at_each(history, [T], [made])[0], found)
    assert_same_bits(at_each(history, [T], [made], block=1)[0], found)
    return found[:, 0].tolist()


# -- from the configuration ------------------------------------------------------------------------


def test_signals_come_from_the_configuration(history: History) -> None:
    spec = OwnSignal(name="big", measure="Count('orders', where=Above('amount', 100))", meaning="big orders")
    settings = FeatureSettings(signals=(spec,))
    assert catalogue(history, settings=settings)[-1] == signal("big", spec.measure, meaning="big orders")
    assert compute_features(history, T, settings=settings)["big"].tolist() == [0, 2]
    for change in ({"unit": "kg"}, {"warns": "no"}, {"measure": "Count"}):
        with pytest.raises(ConfigError):
            catalogue(settings=FeatureSettings(signals=(spec.model_copy(update=change),)))


def test_a_name_is_taken_once(history: History) -> None:
    mine = signal("mine", "Count('orders')", meaning="m")
    with pytest.raises(ConfigError, match="There is a signal mine already"):
        catalogue(history, own=[mine, mine])
    with pytest.raises(ConfigError, match="There is a signal recency_days already"):
        catalogue(history, own=[signal("recency_days", "Count('orders')", meaning="m")])


def test_signal_says_what_is_wrong() -> None:
    with pytest.raises(ParameterError, match=r"has no such unit\. Given: 'kg'\. Allowed: orders, days"):
        signal("x", "Count('orders')", meaning="m", unit="kg")
    with pytest.raises(ParameterError, match="has no such warns"):
        signal("x", "Count('orders')", meaning="m", warns="up")
    with pytest.raises(ParameterError, match="has neither a measure nor tables"):
        signal("x", meaning="m")


def test_one_table_may_be_named_without_a_list() -> None:
    """A text is a sequence of its letters; it must not be taken for tables o, r, d, e, r and s."""
    try:
        made = signal("x", tables="orders", meaning="m")(lambda orders, as_of: None)
    except ParameterError:
        return
    assert made.sources == ("orders",)


# -- functions -----------------------------------------------------------------------------------------


def of(function: Callable[..., Any], *tables: str) -> Signal:
    return signal("mine", tables=tables or ("orders",), meaning="m")(function)


def test_a_function_gets_what_was_known(history: History) -> None:
    seen: dict[str, Any] = {}

    def look(orders: pd.DataFrame, tickets: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
        seen.update(orders=orders, tickets=tickets, as_of=as_of)
        return orders.groupby("customer").size()

    assert at_one(history, T, [of(look, "orders", "tickets")])[:, 0].tolist()[:2] == [3, 2]
    assert seen["as_of"] == pd.Timestamp("2024-03-01", tz="UTC")
    assert (seen["orders"]["time"] < seen["as_of"]).all()
    assert seen["orders"].columns.tolist() == ["customer", "time", "amount", "delivered", "channel"]
    assert str(seen["orders"]["time"].dt.tz) == "UTC"
    assert seen["orders"]["delivered"].isna().all()
    assert seen["orders"]["channel"].tolist()[:1] == ["web"]
    assert seen["tickets"]["resolved"].isna().all()


@pytest.mark.parametrize(
    ("function", "want"),
    [
        (lambda orders, as_of: orders.groupby("customer").size(), [3, 2, np.nan]),
        (lambda orders, as_of: orders.groupby("customer").size() > 2, [1, 0, np.nan]),
        (lambda orders, as_of: orders.groupby("customer").size().astype("Int64"), [3, 2, np.nan]),
        (lambda orders, as_of: pd.Series([], dtype=float), [np.nan] * 3),
    ],
)
def test_what_a_function_may_return(history: History, function: Any, want: list[float]) -> None:
    np.testing.assert_array_equal(computed(history, of(function)), want)


@pytest.mark.parametrize(
    "function",
    [
        lambda orders, as_of: orders.groupby("customer").size() / len(orders),
        lambda orders, as_of: orders.groupby("customer")["amount"].sum().rank(pct=True),
    ],
)
def test_a_function_may_compare_customers(history: History, function: Any) -> None:
    """It is given the tables, so it must be given all of them, however the customers are split."""
    computed(history, of(function))


@pytest.mark.parametrize(
    "result",
    [
        None,
        3.0,
        {0: 1.0},
        pd.DataFrame({"x": [1.0]}),
        pd.Series(["x"], index=[0]),
        pd.Series([1.0], index=["a"]),
        pd.Series([1.0], index=[-1]),
        pd.Series([1.0], index=[99]),
        pd.Series([1.0, 2.0], index=[0, 0]),
        pd.Series([1.0], index=[0.5]),
        pd.Series([1.0], index=[np.nan]),
        pd.Series([1j], index=[0]),
        pd.Series([pd.Timedelta(1, "D")], index=[0]),
        pd.Series([pd.Timestamp("2024-01-01")], index=[0]),
    ],
    ids=lambda r: repr(r)[:40].replace("\n", " "),
)
def test_what_a_function_may_not_return(history: History, result: Any) -> None:
    with pytest.raises(
        DataError, match=r"^The function of the signal mine returned .*Allowed: a pandas Series"
    ):
        at_one(history, T, [of(lambda orders, as_of: result)])


class _Fails:
    def __call__(self, orders: Any, as_of: Any) -> Any:
        return 1 / 0


@pytest.mark.parametrize(
    "function",
    [
        lambda orders, as_of: 1 / 0,
        _Fails(),
        functools.partial(lambda x, orders, as_of: 1 / x, 0),
        lambda orders: None,
    ],
    ids=["function", "object", "partial", "arguments"],
)
def test_a_function_that_fails_says_where(history: History, function: Any) -> None:
    with pytest.raises(
        DataError, match=r"^The function of the signal mine failed: (Zero|Type)\w*Error.*Given: line"
    ):
        at_one(history, T, [of(function)])


def test_a_function_cannot_change_the_log(history: History) -> None:
    def change(orders: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
        orders["amount"] *= 0
        orders.loc[:, "customer"] = 0
        return orders.groupby("customer").size()

    before = [a.copy() for a in (history.logs["orders"].numbers["amount"], history.logs["orders"].customer)]
    at_one(history, T, [of(change)])
    at_each(history, [T], [of(change)])
    after = history.logs["orders"].numbers["amount"], history.logs["orders"].customer
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
