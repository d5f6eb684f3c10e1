"""Why a customer has a score: the base, what each topic adds to it, and the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from churn.display import Rendered, table_text
from churn.model.reasons.registry import Direction


@dataclass(frozen=True)
class Reason:
    """One reason.

    Attributes
    ----------
    family : str
        The family of signals it comes from.
    story : str
        What it is about; a customer's reasons are of different stories.
    topic : str
        The topic of the story that the sentence tells.
    direction : {"up", "down"}
        Whether it raises the risk or holds it down.
    push : float
        What the story adds to the log-odds, all its topics together.
    text : str
        The sentence.
    numbers : dict
        The numbers in the sentence, by signal or by what was computed from signals.
    """

    family: str
    story: str
    topic: str
    direction: Direction
    push: float
    text: str
    numbers: dict[str, float | str]

    @property
    def odds_factor(self) -> float:
        """By what the story multiplies the odds of churn."""
        return math.exp(self.push)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "family": self.family,
            "story": self.story,
            "topic": self.topic,
            "direction": self.direction,
            "push_log_odds": self.push,
            "odds_factor": self.odds_factor,
            "text": self.text,
            "numbers": self.numbers,
        }


@dataclass(frozen=True)
class Push:
    """What one topic adds to the log-odds, and the sentence that tells it; empty where nothing can be told."""

    family: str
    story: str
    topic: str
    push: float
    text: str = ""


@dataclass(frozen=True)
class Compared:
    """A number of the customer beside what is normal for this customer, both in words."""

    what: str
    now: str
    normal: str


@dataclass(frozen=True, repr=False)
class Explanation(Rendered):
    """Why one customer has this score. The base and the pushes of all topics add up to it.

    Attributes
    ----------
    customer : object
        The id, as it came.
    base : float
        The log-odds without any signal, with the shift of the base rate.
    pushes : tuple of Push
        What each topic adds to the log-odds.
    reasons : tuple of Reason
        What raises the risk most, then what holds it down most, each strongest first.
    as_of : str
        The cutoff's local date.
    definition : str
        What churn means.
    own : tuple of Compared
        The customer's own numbers beside the customer's own normal.
    """

    customer: Any
    base: float
    pushes: tuple[Push, ...]
    reasons: tuple[Reason, ...]
    as_of: str = ""
    definition: str = ""
    own: tuple[Compared, ...] = ()

    @property
    def log_odds(self) -> float:
        """The score in log-odds: the base and all pushes."""
        return self.base + math.fsum(p.push for p in self.pushes)

    @property
    def probability(self) -> float:
        """The churn probability."""
        return _probability(self.log_odds)

    @property
    def base_probability(self) -> float:
        """The churn probability without any signal."""
        return _probability(self.base)

    @property
    def up(self) -> tuple[Reason, ...]:
        """The reasons that raise the risk."""
        return tuple(r for r in self.reasons if r.direction == "up")

    @property
    def down(self) -> tuple[Reason, ...]:
        """The reasons that hold it down."""
        return tuple(r for r in self.reasons if r.direction == "down")

    @property
    def families(self) -> dict[str, float]:
        """What each family adds to the log-odds, largest first."""
        return self._added("family")

    @property
    def stories(self) -> dict[str, float]:
        """What each story adds to the log-odds, largest first."""
        return self._added("story")

    def _added(self, by: str) -> dict[str, float]:
        sums: dict[str, list[float]] = {}
        for p in self.pushes:
            sums.setdefault(getattr(p, by), []).append(p.push)
        added = {name: math.fsum(pushes) for name, pushes in sums.items()}
        return dict(sorted(added.items(), key=lambda item: -item[1]))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "customer": self.customer.item() if hasattr(self.customer, "item") else self.customer,
            "as_of": self.as_of,
            "definition": self.definition,
            "churn_probability": self.probability,
            "log_odds": self.log_odds,
            "base_log_odds": self.base,
            "base_probability": self.base_probability,
            "families": self.families,
            "topics": [vars(p) for p in self.pushes],
            "reasons": [r.to_dict() for r in self.reasons],
            "own_numbers": [vars(c) for c in self.own],
        }

    def render(self) -> str:
        """Return the score, how it comes about, the reasons, and the own numbers beside the own normal."""
        when = f" as of {self.as_of}" if self.as_of else ""
        lines = [f"Customer {self.customer}{when}: {_percent(self.log_odds)} churn"]
        if self.definition:
            lines.append(f"{self.definition[0].upper()}{self.definition[1:]}.")
        for title, reasons in (("What raises the risk", self.up), ("What holds it down", self.down)):
            lines += ["", title]
            lines += [f"  {r.text}" for r in reasons] or ["  nothing that can be told in words"]
        if self.own:
            rows = [(c.what, c.now, c.normal) for c in self.own]
            table = table_text(("own numbers", "now", "own normal"), rows, right=(1, 2))
            lines += ["", *table.splitlines()]
        lines += ["", *self._account().splitlines(), "", _READ]
        return "\n".join(lines)

    def _account(self) -> str:
        """Return the sum from the base to the score, story by story and topic by topic."""
        rows: list[Sequence[str]] = [("without any signal", "", f"{self.base:+.2f}", _percent(self.base))]
        reached = self.base
        for story, push in sorted(self.stories.items(), key=lambda item: -abs(item[1])):
            reached += push
            parts = [p for p in self.pushes if p.story == story and abs(p.push) >= 0.005]
            rows.append((story, f"x {math.exp(push):.2f}", f"{push:+.2f}", _percent(reached)))
            if len(parts) > 1:
                parts.sort(key=lambda p: -abs(p.push))
                rows += [(f"  {p.topic}", f"x {math.exp(p.push):.2f}", f"{p.push:+.2f}", "") for p in parts]
        rows.append(("score", "", f"{self.log_odds:+.2f}", _percent(self.log_odds)))
        return table_text(("how the score comes about", "odds", "log-odds", "churn"), rows, right=(1, 2, 3))


_READ = (
    "Each row adds to the log-odds, which is the same as multiplying the odds. Reasons are what the model goes by, "
    "not causes."
)


def _probability(log_odds: float) -> float:
    if log_odds < 0:
        return math.exp(log_odds) / (1 + math.exp(log_odds))
    return 1 / (1 + math.exp(-log_odds))


def _percent(log_odds: float) -> str:
    return f"{100 * _probability(log_odds):.1f} %"
