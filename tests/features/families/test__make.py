from __future__ import annotations

from churn.features.families._make import label_signal, maker
from churn.features.labels import LastLabel
from churn.features.measures import Count
from churn.features.signal import Signal


def test_a_maker_makes_signals_of_its_family() -> None:
    made = maker("rhythm")("orders_count", "frequency", Count("orders"), "orders", "low", "orders ever")
    assert made == Signal(
        "orders_count", "rhythm", "frequency", Count("orders"), "orders", "orders ever", "low"
    )


def test_a_label_signal_holds_its_values_and_warns_either_way() -> None:
    made = label_signal(
        "account", "plan", "plan", LastLabel("subscriptions", "plan", ("a", "b")), "m", ("a", "b")
    )
    assert (made.unit, made.warns, made.categories) == ("category", "either", ("a", "b"))
