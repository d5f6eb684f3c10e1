"""Who tells which topic: functions that yield sentences in order of preference, for a push up or down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from churn.model.reasons.words import Facts, Sentence, Telling

Direction = Literal["up", "down"]
Teller = Callable[[Facts, str], Telling]

_TELLERS: dict[tuple[str, Direction, bool], Teller] = {}


def tells(*topics: str, direction: Direction, plain: bool = False) -> Callable[[Teller], Teller]:
    """Register a teller for topics, or for all that begin so where a name ends with a colon.

    A plain teller says what is so without a comparison; it is asked only where that leaves room.
    """

    def register(teller: Teller) -> Teller:
        for topic in topics:
            _TELLERS[topic, direction, plain] = teller
        return teller

    return register


def tell(topic: str, direction: Direction, facts: Facts, *, plain: bool = False) -> Sentence | None:
    """Return the first sentence that the facts of a customer bear out; None where there is nothing to tell."""
    teller = teller_of(topic, direction, plain=plain)
    return None if teller is None else next(filter(None, teller(facts, topic)), None)


def teller_of(topic: str, direction: Direction, *, plain: bool = False) -> Teller | None:
    """Return who tells a topic."""
    prefix = topic.split(":", 1)[0] + ":"
    return _TELLERS.get((topic, direction, plain)) or _TELLERS.get((prefix, direction, plain))
