"""Which topics tell one story: their pushes are added up, so that different reasons are different stories."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from churn.features.signal import Signal

# What correlates so much that a model spreads one effect over it, and what a reader takes for the same thing.
_STORIES = {
    "silence": "rhythm of orders",
    "frequency": "rhythm of orders",
    "experience": "relationship",
    "acquisition": "relationship",
    "season": "season",
    "spend": "spend",
    "basket": "spend",
    "tickets": "support",
    "open tickets": "support",
    "complaints": "support",
    "ignored": "support",
    "repeat contact": "support",
}
_FEW = ("experience",)  # with few orders, how long a customer has been one is the rhythm's story too
_WEIGHT = {"silence": 3.0}  # what says most of a story is told, unless another topic pushes much more
RHYTHM = "rhythm of orders"


def topic_of(signal: Signal) -> str:
    """Return what a signal is told as: order channels and contact channels are two topics."""
    if signal.topic != "channel":
        return signal.topic
    return "contact channel" if signal.family == "engagement" else "order channel"


def story_of(topic: str) -> str:
    """Return the story of a topic: its own, or one that it shares.

    Examples
    --------
    >>> story_of("silence"), story_of("engagement:visit"), story_of("returns")
    ('rhythm of orders', 'contacts', 'returns')
    """
    if topic.startswith("engagement:"):
        return "contacts"
    return _STORIES.get(topic, topic)


@dataclass(frozen=True)
class Stories:
    """The topics and stories of some signals, and who belongs where."""

    signals: tuple[Signal, ...]

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The topics, in the order of the signals."""
        return tuple(dict.fromkeys(map(topic_of, self.signals)))

    @cached_property
    def stories(self) -> tuple[str, ...]:
        """The stories, in the order of the topics."""
        return tuple(dict.fromkeys(map(story_of, self.topics)))

    @cached_property
    def families(self) -> dict[str, str]:
        """The family of each topic; what compares with others belongs to the family of what it compares."""
        found: dict[str, str] = {}
        for relative in (False, True):
            for s in self.signals:
                if (s.family == "relative") == relative:
                    found.setdefault(topic_of(s), s.family)
        return found

    @cached_property
    def heads(self) -> tuple[tuple[str, str, str], ...]:
        """Family, story and name of each topic."""
        return tuple((self.families[t], story_of(t), t) for t in self.topics)

    @cached_property
    def own(self) -> dict[str, tuple[Signal, ...]]:
        """The signals of the user's own, by topic."""
        topics = {t for t, family in self.families.items() if family == "own"}
        return {t: tuple(s for s in self.signals if topic_of(s) == t) for t in topics}

    @cached_property
    def where(self) -> dict[str, int]:
        """The position of each signal."""
        return {s.name: i for i, s in enumerate(self.signals)}

    def by_topic(self, contributions: np.ndarray) -> np.ndarray:
        """Add up contributions of shape (n_rows, n_signals) to (n_rows, n_topics)."""
        out = np.zeros((len(contributions), len(self.topics)))
        # Not a product of matrices: that would round otherwise for one row and for many.
        for i, s in enumerate(self.signals):
            out[:, self.topics.index(topic_of(s))] += contributions[:, i]
        return out

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """How much the push of each topic counts where one topic is chosen to tell a story."""
        return tuple(_WEIGHT.get(topic, 1.0) for topic in self.topics)

    def of_customer(self, few: bool) -> dict[str, list[int]]:
        """Return the stories of a customer and the positions of their topics."""
        return self._of_few if few else self._of_many

    @cached_property
    def _of_many(self) -> dict[str, list[int]]:
        return self._grouped({})

    @cached_property
    def _of_few(self) -> dict[str, list[int]]:
        return self._grouped(dict.fromkeys(_FEW, RHYTHM))

    def _grouped(self, moved: dict[str, str]) -> dict[str, list[int]]:
        out: dict[str, list[int]] = {}
        for i, topic in enumerate(self.topics):
            out.setdefault(moved.get(topic) or story_of(topic), []).append(i)
        return out
