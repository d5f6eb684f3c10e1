"""Voice: what customers say when they are asked, and whether they say anything."""

from __future__ import annotations

from collections.abc import Iterator

from churn.features.families._make import maker
from churn.features.measures import Count, Last, Mean, Minus, Ratio, Since
from churn.features.signal import Both, Is, Known, Signal, Unmet, Where


def signals(kinds: tuple[str, ...], silent_after_days: float) -> Iterator[Signal]:
    """Yield the signals about surveys, for each kind found in the data; silent is who has not answered for so long."""
    if not kinds:
        yield from _of("survey", None, "surveys", silent_after_days)
    for kind in kinds:
        yield from _of(f"survey:{kind}", Is("kind", kind), f"{kind!r} surveys", silent_after_days)


def _of(name: str, where: Where | None, words: str, days: float) -> Iterator[Signal]:
    make = maker("service")

    def only(more: Where) -> Where:
        return more if where is None else Both(where, more)

    answered = only(Both(Known("score"), Known("answered")))
    last = Last("surveys", "score", answered, by="answered")
    mean = Mean("surveys", "score", where=answered)
    silent = only(Unmet("answered", days))
    yield make(
        f"{name}_score_last",
        name,
        last,
        "score",
        "low",
        f"score of the {words} answered last; unknown without one",
    )
    meaning = f"mean score of the {words} answered; unknown without one"
    yield make(f"{name}_score_mean", name, mean, "score", "low", meaning)
    yield make(
        f"{name}_score_change",
        name,
        Minus(last, Last("surveys", "score", answered, by="answered", back=1)),
        "score",
        "low",
        f"last score of the {words} less the one before; unknown with fewer than two",
    )
    yield make(
        f"{name}_asked_count_365d",
        name,
        Count("surveys", 365, where=where),
        "surveys",
        "either",
        f"{words} the customer was asked to answer in the last 365 days",
    )
    yield make(
        f"{name}_silent_count_365d",
        name,
        Count("surveys", 365, where=silent),
        "surveys",
        "high",
        f"{words} of the last 365 days without an answer within {days:g} days",
    )
    yield make(
        f"{name}_silent_share",
        name,
        Ratio(Count("surveys", where=silent), Count("surveys", where=where)),
        "share",
        "high",
        f"share of the {words} without an answer within {days:g} days; unknown without any",
    )
    yield make(
        f"{name}_answer_recency_days",
        name,
        Since("surveys", only(Known("answered")), by="answered"),
        "days",
        "high",
        f"days since the last answer to one of the {words}; unknown without one",
    )
