"""Reasons: what pushes a customer's risk up and what holds it down, in words with the customer's own numbers.

The model's own contributions are added up by topic, and topics that tell one story together. The stories that push
most are told, each in one sentence that compares the customer with the customer's own past. A story whose facts say
nothing that fits is passed over in the reasons, never in the sum.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from churn.data.calendar import Calendar

# The tellers register themselves.
from churn.model.reasons import contact, orders, service, spending  # noqa: F401
from churn.model.reasons.contact import tell_own
from churn.model.reasons.explanation import Explanation, Push, Reason
from churn.model.reasons.normal import own_numbers
from churn.model.reasons.orders import habit
from churn.model.reasons.registry import Direction, tell
from churn.model.reasons.stories import Stories
from churn.model.reasons.words import Facts, Sentence, Setting
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

    from churn.model.bundle import Model

MOST_UP, MOST_DOWN = 3, 2
LEAST_PUSH = 0.05  # log-odds from which a comparison is worth telling: a twentieth of the odds
LEAST_PLAIN = 0.1  # and a plain fact
NOTHING = "Nothing stands out; without any signal the risk would be {:.0f} %"
TEXT_COLUMNS = {
    "reason_1": "what raises the risk most, in words",
    "reason_2": "the second such reason; empty where there are fewer",
    "reason_3": "the third such reason",
    "keeps_1": "what holds the risk down most, in words; empty where nothing does",
    "keeps_2": "the second such reason",
}
REASON_COLUMNS = {
    "customer": "the customer's id, as it came",
    "rank": "place of the customer in the list",
    "direction": "up: raises the risk, as reason_1 to reason_3; down: holds it down, as keeps_1 and keeps_2",
    "place": "1 for the strongest reason of a customer and direction",
    "family": "the family of signals",
    "story": "what the reason is about; several topics may tell one story",
    "topic": "the topic of the story that the sentence tells",
    "push_log_odds": "what the story adds to the log-odds of churn, all its topics together",
    "text": "the sentence",
    "numbers": "the numbers in the sentence, as JSON: by signal, or by what was computed from signals",
}
_TOGETHER = 2000  # customers explained at once


class Rows(Protocol):
    """Rows of signals: an array, or something that reads some of them from a file."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> np.ndarray: ...


def explain_rows(
    setting: Setting,
    X: np.ndarray,
    contributions: np.ndarray,
    *,
    customers: Sequence[Any] | None = None,
    most_up: int = MOST_UP,
    most_down: int = MOST_DOWN,
    whole: bool = False,
    as_of: str = "",
    definition: str = "",
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
    as_of, definition : str, optional
        For the explanations: the cutoff's date, and what churn means.

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
        of_customer = stories.of_customer(few=not habit(facts))
        reasons = (
            *_reasons(stories, of_customer, facts, row, "up", most_up),
            *_reasons(stories, of_customer, facts, row, "down", most_down),
        )
        told = tuple(
            Push(family, story, t, push, _text(stories, t, facts, push) if whole else "")
            for (family, story, t), push in zip(stories.heads, row, strict=True)
        )
        own = own_numbers(facts) if whole else ()
        out.append(Explanation(who, base, told, reasons, as_of, definition, own))
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
            if story in found or (plain and total[story] < LEAST_PLAIN):
                continue
            facts.told = frozenset(found)
            for i in sorted(of_customer[story], key=lambda i: -sign * pushes[i] * stories.weights[i]):
                topic = stories.topics[i]
                said = _tell(stories, topic, facts, direction, plain) if sign * pushes[i] > 0 else None
                if said and all(said.text != r.text for r in found.values()):
                    found[story] = Reason(
                        stories.families[topic],
                        story,
                        topic,
                        direction,
                        sign * total[story],
                        said.text,
                        said.numbers,
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


def explain_listed(
    model: Model,
    calendar: Calendar,
    cutoff: int,
    X: Rows,
    customers: pd.Index[Any],
    *,
    shift: float = 0.0,
    currency: str = "",
    threads: int = 2,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the reasons of the listed customers, part by part: their contributions need much memory.

    Parameters
    ----------
    model : Model
        Whose contributions are told.
    calendar : Calendar
        Its time zone is that of dates: a history, or a base.
    cutoff : int
        The instant of the signals.
    X : numpy.ndarray of shape (n_listed, n_signals)
        The model's signals, or what gives some of their rows.
    customers : pandas.Index of shape (n_listed,)
        The ids, in the order of the list.
    shift : float, default 0
        The shift of the base rate that the scores have.
    currency : str, default ""
        Before amounts.
    threads : int, default 2
        Threads of the contributions.

    Returns
    -------
    columns : pandas.DataFrame of shape (n_listed, 5)
        ``reason_1`` to ``reason_3`` and ``keeps_1`` to ``keeps_2``, empty where there are fewer.
    reasons : pandas.DataFrame
        One row per reason: `REASON_COLUMNS`.
    """
    import pandas as pd

    setting = Setting(model.signals, cutoff, calendar.timezone, currency, model.features.ignored_after_days)
    texts: list[list[str]] = []
    rows: list[tuple[Any, ...]] = []
    for start, part, contributions in _contributions(model, X, shift, threads):
        report("Finding the reasons", start, len(X))
        for at, e in enumerate(explain_rows(setting, part, contributions), start):
            up = [r.text for r in e.up] or [NOTHING.format(100 * e.base_probability)]
            texts.append([*_padded(up, MOST_UP), *_padded([r.text for r in e.down], MOST_DOWN)])
            for reasons in (e.up, e.down):
                for place, r in enumerate(reasons, 1):
                    numbers = json.dumps(r.numbers, ensure_ascii=False)
                    rows.append((at, r.direction, place, r.family, r.story, r.topic, r.push, r.text, numbers))
    report("Finding the reasons", len(X), len(X))
    columns = pd.DataFrame(texts, columns=list(TEXT_COLUMNS), dtype=str)
    table = pd.DataFrame(rows, columns=["rank", *list(REASON_COLUMNS)[2:]])
    position = table["rank"].to_numpy(dtype=np.int64)
    table["rank"] = position + 1
    table.insert(0, "customer", customers[position])
    words = dict.fromkeys(("direction", "family", "story", "topic", "text", "numbers"), str)
    return columns, table.astype({"place": np.int64, "push_log_odds": np.float64, **words})


def _contributions(
    model: Model, X: Rows, shift: float, threads: int
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yield rows with their contributions; the next ones are computed while these are told."""

    def compute(start: int) -> tuple[int, np.ndarray, np.ndarray]:
        part = X[start : start + _TOGETHER]
        return start, part, model.contributions(part, shift=shift, threads=threads)

    if len(X) <= _TOGETHER:
        yield from [compute(0)] if len(X) else []
        return
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(compute, 0)
        for start in range(_TOGETHER, len(X) + _TOGETHER, _TOGETHER):
            found = coming.result()
            if start < len(X):
                coming = ahead.submit(compute, start)
            yield found


def _padded(texts: list[str], most: int) -> list[str]:
    return texts + [""] * (most - len(texts))
