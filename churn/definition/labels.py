"""Churn as a table of the user's own says it: customer, cutoff, churned or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from churn.data.history import EventLog, History
from churn.definition.base import Staying
from churn.definition.orders import ByOrders
from churn.errors import ParameterError


@dataclass(frozen=True)
class LabelTable(ByOrders):
    """Churn as a table of your own says it: the `labels` with customer, time (the cutoff) and churned.

    The cutoffs of the table are those that are learnt from and judged at. At each of them, and at scoring, the
    population is every customer with an order in ``[T - active_days, T)``; who has no label at T counts neither
    way. Of several labels for a customer and cutoff the last one read counts. The table is never a signal: no view
    holds it.

    Parameters
    ----------
    active_days : int
        A customer is active while the last order is at most this old; days, at least 1.
    horizon_days : int
        Days after the cutoff (and the gap) that a label speaks of; at least 1. A label counts as known when they
        have passed: it is not learnt from for a cutoff before.
    gap_days : int, default 0
        Days between the cutoff and what the label speaks of.

    Raises
    ------
    ParameterError
        A value is not a whole number of days in its range.

    Examples
    --------
    >>> LabelTable(active_days=180, horizon_days=90).describe()
    'active = an order in the last 180 days; churn = what the table of labels says of the next 90 days'
    """

    kind: ClassVar[str] = "labels"

    def cutoffs(self, history: History) -> np.ndarray:
        """Return the cutoffs of the table, ascending."""
        return np.unique(_labels(history).time)

    def last_mature_cutoff(self, history: History) -> int:
        """Return the table's latest cutoff whose label window lies within the data."""
        cutoffs = self.cutoffs(history)
        mature = cutoffs[cutoffs + self.window_us <= history.data_end]
        if not len(mature):
            raise ParameterError(
                "No cutoff of the labels is mature",
                given=f"cutoffs from {history.date(int(cutoffs[0]))}, {self.ahead_days} days of outcome, the data end "
                f"on {history.date(history.data_end)}",
                fix="Set data_end to the time of the extract, or bring labels of earlier cutoffs.",
                code="immature",
            )
        return int(mature[-1])

    def outcomes(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return what the table says of a cutoff; NaN for those whom it does not name."""
        labels = _labels(history)
        first, last = np.searchsorted(labels.time, [cutoff, cutoff + 1], side="left")
        if first == last:
            known = [history.date(int(c)) for c in self.cutoffs(history)]
            raise ParameterError(
                f"The table of labels has no cutoff {history.date(cutoff)}",
                allowed=", ".join(known[-12:]),
                fix="Use one of these" + (", or an earlier one." if len(known) > 12 else "."),
                code="no-such-cutoff",
            )
        said = np.full(len(history.customers), np.nan)
        said[labels.customer[first:last]] = labels.numbers["churned"][first:last]
        return said[population]

    def unused(self, history: History, cutoffs: Iterable[int]) -> int:
        """Return how many customers have a label at one of some cutoffs and are not active there."""
        labels, count = _labels(history), 0
        for cutoff in cutoffs:
            first, last = np.searchsorted(labels.time, [cutoff, cutoff + 1], side="left")
            named = np.unique(labels.customer[first:last])
            count += len(np.setdiff1d(named, self.population(history.as_of(int(cutoff)))))
        return count

    @property
    def churn_means(self) -> str:
        """What the probability is of, in words."""
        return "churn within the horizon, as the table of labels says it"

    def describe(self) -> str:
        """Say the definition in one sentence."""
        return (
            f"active = {self.active_means}; churn = what the table of labels says of the next "
            f"{self.horizon_days} days{self._to_act}"
        )

    def staying(self, churn_probability: np.ndarray, recency_days: np.ndarray) -> Staying:  # noqa: ARG002
        """Return None: labels of one's own need not say who orders again."""
        return None, "the labels are of your own, and need not say who will have ordered"


def _labels(history: History) -> EventLog:
    if history.labels is None or not len(history.labels):
        raise ParameterError(
            "The definition goes by a table of labels, and the history has none",
            fix="Give it: make_history(..., labels=...), or sources.labels in the configuration.",
            code="no-labels",
        )
    return history.labels
