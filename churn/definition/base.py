"""What every definition of churn answers: who is a customer at a cutoff, who left, and when that is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from churn.data.history import DAY_US, EventLog, History, View
from churn.definition.stretches import Stretches
from churn.errors import ParameterError

Staying = tuple[np.ndarray | None, str]


class Definition(ABC):
    """Population, label window and maturity; the kinds of churn are frozen dataclasses that derive from it.

    At a cutoff T the label window is ``[T + gap_days, T + gap_days + horizon_days)``; days are 24 hours.
    """

    kind: ClassVar[str]
    horizon_days: int
    gap_days: int

    @property
    def window_us(self) -> int:
        """Microseconds from the cutoff to the end of the label window."""
        return (self.gap_days + self.horizon_days) * DAY_US

    @property
    def ahead_days(self) -> int:
        """Days from the cutoff to the end of the label window."""
        return self.gap_days + self.horizon_days

    @property
    def _to_act(self) -> str:
        return f", leaving the first {self.gap_days} days free to act" if self.gap_days else ""

    @property
    @abstractmethod
    def tables(self) -> tuple[str, ...]:
        """The logs that tell who is active."""

    @property
    @abstractmethod
    def lookback_days(self) -> int:
        """Days of history before a cutoff that its population needs to be complete."""

    @abstractmethod
    def active(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether he is one at an instant; bool of shape (customers,).

        Rows at or after the instant are not looked at.
        """

    @abstractmethod
    def seen(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether he may ever have been active before an instant: if not, he is new."""

    @abstractmethod
    def doing(self, logs: Mapping[str, EventLog]) -> EventLog:
        """Return the rows whose rhythm is watched: a customer who is silent in them for long is slipping away."""

    def strained(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:  # noqa: ARG002
        """Tell of each customer whether something else than silence says that he is slipping away."""
        return np.zeros(customers, dtype=bool)

    @property
    def strained_means(self) -> str:
        """What else than silence says so, in words; empty where nothing does."""
        return ""

    @property
    @abstractmethod
    def unseen_means(self) -> str:
        """What a customer is who was never active so far, in a few words: ``no order yet``."""

    @abstractmethod
    def first_seen(self, logs: Mapping[str, EventLog], customers: int) -> np.ndarray:
        """Return the instant after which `seen` tells of each customer that he is; `NEVER` where it never does."""

    def active_at(
        self, logs: Mapping[str, EventLog], customers: int, instants: Iterable[int]
    ) -> Iterator[np.ndarray]:
        """Yield what `active` tells at each of some ascending instants; kinds that can do it in one pass do."""
        for instant in instants:
            yield self.active(logs, customers, instant)

    @property
    @abstractmethod
    def active_means(self) -> str:
        """What makes a customer active, in words: ``an order in the last 180 days``."""

    @property
    @abstractmethod
    def lost_means(self) -> str:
        """What makes a customer who was active no longer active, in words: ``no order for 180 days``."""

    @property
    @abstractmethod
    def churn_means(self) -> str:
        """What the probability is of, in words: ``no order within the horizon``."""

    @abstractmethod
    def staying(self, churn_probability: np.ndarray, recency_days: np.ndarray) -> Staying:
        """Return how likely each active customer is active where the label window ends, and how that follows.

        Parameters
        ----------
        churn_probability, recency_days : numpy.ndarray of shape (n_population,)
            Of the customers active at the cutoff; the population is not empty.

        Returns
        -------
        tuple of (numpy.ndarray of shape (n_population,) or None, str)
            None, with the reason, where it cannot be derived.
        """

    @abstractmethod
    def stretches(self, logs: Mapping[str, EventLog]) -> Stretches:
        """Return the time in which each row makes its customer active: what `active` says, as intervals."""

    def population(self, view: View) -> np.ndarray:
        """Return the positions of the view's customers at its cutoff, ascending; int64."""
        return np.flatnonzero(self.active(view.logs, view.customers, view.instant))

    @abstractmethod
    def outcomes(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return 1.0 for those who left in the label window, 0.0 for those who stayed, NaN for neither."""

    def cutoffs(self, history: History) -> np.ndarray | None:  # noqa: ARG002 - most kinds need nothing for it
        """Return the cutoffs that the definition brings along, ascending; None where any will do."""
        return None

    def cutoff_before(self, history: History, instant: int) -> int | None:
        """Return the latest cutoff at or before an instant: a local midnight, or one that the definition brings."""
        own = self.cutoffs(history)
        if own is None:
            return history.midnight(instant)
        earlier = own[own <= instant]
        return int(earlier[-1]) if len(earlier) else None

    def unused(self, history: History, cutoffs: Iterable[int]) -> int:  # noqa: ARG002 - see `cutoffs`
        """Return how many outcomes of the user's own are not used, because the customer was not active."""
        return 0

    @abstractmethod
    def describe(self) -> str:
        """Say the definition in one sentence."""

    def labels(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return 1.0 for those of the population who churned after the cutoff, 0.0 for those who stayed.

        NaN is neither: whoever was lost before the label window began, within the gap or, as came out later,
        before the cutoff; and whom a table of labels does not name.

        Raises
        ------
        ParameterError
            The label window reaches beyond the end of the data.
        """
        if not self.is_mature(history, cutoff):
            raise ParameterError(
                f"The outcome of {history.date(cutoff)} is not known yet",
                given=f"the label window ends on {history.date(cutoff + self.window_us)}, the data on "
                f"{history.date(history.data_end)}",
                allowed=f"cutoffs up to {history.date(self.last_mature_cutoff(history))}",
                fix="Choose an earlier cutoff or shorten the horizon.",
                code="immature",
            )
        return self.outcomes(history, cutoff, population)

    def is_mature(self, history: History, cutoff: int) -> bool:
        """Tell whether the label window ends at or before the end of the data."""
        return cutoff + self.window_us <= history.data_end

    def last_mature_cutoff(self, history: History) -> int:
        """Return the latest local midnight whose label window lies within the data."""
        return history.midnight(history.data_end - self.window_us)

    def to_dict(self) -> dict[str, Any]:
        """Return the kind and all values, as `make_definition` reads them."""
        return {"kind": self.kind, **vars(self)}


def check_words(name: str, value: object) -> tuple[str, ...]:
    """Return texts as a tuple; raise a `ParameterError` where something else is among them.

    Examples
    --------
    >>> check_words("ended_when", "cancelled"), check_words("ended_when", ["cancelled", "expired"])
    (('cancelled',), ('cancelled', 'expired'))
    """
    words = (value,) if isinstance(value, str) else value
    if not isinstance(words, tuple | list) or not all(isinstance(w, str) and w for w in words):
        raise ParameterError(
            f"{name} is not a list of texts",
            given=repr(value),
            allowed="values such as ('cancelled', 'expired')",
            fix=f"Set {name} to such values.",
        )
    return tuple(words)


def log_of(definition: Definition, logs: Mapping[str, EventLog], table: str) -> EventLog:
    """Return a log that a definition needs; a `ParameterError` where the data have none."""
    if table not in logs:
        raise ParameterError(
            f"The definition of churn goes by the {table}, and the data have none",
            given=f"kind {definition.kind}; tables {', '.join(logs)}",
            fix=f"Give {table}, or choose another kind of churn.",
            code="no-table",
        )
    return logs[table]


def check_days(name: str, value: object, least: int) -> None:
    """Raise a `ParameterError` unless a value is a whole number of days from `least`.

    Examples
    --------
    >>> check_days("horizon_days", 60, 1)
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ParameterError(
            f"{name} is not a length",
            given=repr(value),
            allowed=f"whole days from {least}",
            fix=f"Set {name} to such a number.",
        )
