"""Reasons: what pushes a customer's risk up and what holds it down, in words with the customer's own numbers.

The model's own contributions are added up by topic, and topics that tell one story together. The stories that push
most are told, each in one sentence that compares the customer with the customer's own past. A story whose facts say
nothing that fits is passed over in the reasons, never in the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from churn.data.history import History, Instant, check_history
from churn.errors import ParameterError
from churn.features.compute import feature_matrices
from churn.features.signal import Signal

# The tellers register themselves.
from churn.model.reasons import contact, orders, service, spending  # noqa: F401
from churn.model.reasons.contact import tell_own
from churn.model.reasons.explanation import Explanation, Push, Reason
from churn.model.reasons.normal import own_numbers
from churn.model.reasons.orders import once
from churn.model.reasons.registry import Direction, tell
from churn.model.reasons.stories import Stories, story_of
from churn.model.reasons.words import Facts, Sentence, Setting

MOST_UP, MOST_DOWN = 3, 2
LEAST_PUSH = 0.1  # log-odds from which a story is worth telling: a tenth of the odds


def explain_rows(
    setting: Setting,
    X: np.ndarray,
    contributions: np.ndarray,
    *,
    customers: Sequence[Any] | None = None,
    most_up: int = MOST_UP,
    most_down: int = MOST_DOWN,
    whole: bool = False,
) -> list[Explanation]:
    """Return why some customers have their scores.

    Parameters
    ----------
    setting : Setting
        The signals, the cutoff and time zone for dates, the currency.
    X : numpy.ndarray of shape (n_rows, n_signals)
        The signals.
    contributions : numpy.ndarray of shape (n_rows, n_signals + 1)
        Their contributions to the log-odds, the base last, as `Model.contributions` gives them.
    customers : sequence, optional
        Their ids.
    most_up, most_down : int
        Reasons per customer that raise the risk, and that hold it down.
    whole : bool, default False
        Tell every topic that can be told and the own numbers, for one customer to be read in full.

    Returns
    -------
    list of Explanation
        For each row; base and pushes add up to the row's sum of contributions.
    """
    stories = Stories(setting.signals)
    pushes = stories.by_topic(contributions[:, :-1])
    ids = [None] * len(X) if customers is None else list(customers)
    out = []
    for who, values, parts, row, base in zip(
        ids, X.tolist(), contributions.tolist(), pushes.tolist(), contributions[:, -1].tolist(), strict=True
    ):
        facts = Facts(setting, stories.where, values, parts)
        of_customer = stories.of_customer(once(facts))
        reasons = (
            *_reasons(stories, of_customer, facts, row, "up", most_up),
            *_reasons(stories, of_customer, facts, row, "down", most_down),
        )
        told = tuple(
            Push(
                stories.families[topic], story_of(topic), topic, push, _text(stories, topic, facts, push) if whole else ""
            )
            for topic, push in zip(stories.topics, row, strict=True)
        )
        own = own_numbers(facts) if whole else ()
        out.append(Explanation(who, base, told, reasons, own=own))
    return out


def _reasons(
    stories: Stories,
    of_customer: dict[str, list[int]],
    facts: Facts,
    pushes: list[float],
    direction: Direction,
    most: int,
) -> list[Reason]:
    sign = 1.0 if direction == "up" else -1.0
    total = {story: sign * sum(pushes[i] for i in topics) for story, topics in of_customer.items()}
    strong = sorted((s for s, push in total.items() if push >= LEAST_PUSH), key=lambda s: -total[s])
    found: dict[str, Reason] = {}
    # First what compares the customer with the own past; plain facts only where that leaves room.
    for plain in (False, True):
        for story in strong:
            if len(found) == most:
                break
            if story in found:
                continue
            for i in sorted(of_customer[story], key=lambda i: -sign * pushes[i]):
                topic = stories.topics[i]
                said = _tell(stories, topic, facts, direction, plain) if sign * pushes[i] > 0 else None
                if said and all(said.text != r.text for r in found.values()):
                    found[story] = Reason(
                        stories.families[topic], story, topic, direction, sign * total[story], said.text, said.numbers
                    )
                    break
    return sorted(found.values(), key=lambda r: -abs(r.push))


def _tell(stories: Stories, topic: str, facts: Facts, direction: Direction, plain: bool) -> Sentence | None:
    own = stories.own.get(topic)
    if own is None:
        return tell(topic, direction, facts, plain=plain)
    sign = 1.0 if direction == "up" else -1.0
    strongest = max(own, key=lambda s: sign * facts.push(s.name))
    return None if plain else tell_own(strongest, facts)


def _text(stories: Stories, topic: str, facts: Facts, push: float) -> str:
    direction: Direction = "up" if push > 0 else "down"
    said = [_tell(stories, topic, facts, direction, plain) for plain in (False, True)] if push else []
    return next((s.text for s in said if s), "")
