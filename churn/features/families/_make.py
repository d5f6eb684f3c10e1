"""A short way to write down the signals of a family."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from churn.features.signal import Measure, Signal, Unit, Warns

Make = Callable[[str, str, Measure, Unit, Warns, str], Signal]

DECLINE_UNKNOWN = "-3 at least; unknown without 30 earlier days or earlier ones"


def maker(family: str) -> Make:
    """Return a function that makes a family's signals from name, topic, measure, unit, warning side and meaning."""
    return partial(_make, family)


def _make(
    family: str, name: str, topic: str, measure: Measure, unit: Unit, warns: Warns, meaning: str
) -> Signal:
    return Signal(name, family, topic, measure, unit, meaning, warns)


def label_signal(
    family: str, name: str, topic: str, measure: Measure, meaning: str, labels: tuple[str, ...]
) -> Signal:
    """Make a signal that is one of some values."""
    return Signal(name, family, topic, measure, "category", meaning, "either", labels)
