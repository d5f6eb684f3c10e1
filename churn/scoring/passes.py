"""The passes over the customers of one night, part by part.

The first adds up what compares customers with all others. The second computes signals, log-odds and spend, and keeps
of each customer only what the list needs. The share who will churn is forecast from a sample that is kept besides; it
moves all log-odds alike, so it may come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase, Tally, order_of
from churn.data.history import History, hide_outcomes
from churn.definition import Definition
from churn.features.over import Pools, compute_over, pools_over
from churn.model.bundle import Model
from churn.model.value.spend import SpendModel
from churn.scoring.rows import Picked, SignalRows

if TYPE_CHECKING:
    import pandas as pd

_KEPT = (
    "recency_days",
    "gap_mean_days",
    "gap_usual_days",
    "ignored_complaints_count",
    "unanswered_complaint_oldest_days",
)


@dataclass(frozen=True)
class Passed:
    """What is kept of the active customers, in the order of their ids.

    Attributes
    ----------
    customers : pandas.Index of shape (n_active,)
        Ids.
    log_odds : numpy.ndarray of shape (n_active,)
        Of churn, before the shift of the base rate.
    if_staying : numpy.ndarray of shape (n_active,)
        Spend in the horizon if the customer stays.
    signals : dict of str to numpy.ndarray of shape (n_active,)
        The few signals that the list shows, where the model has them.
    pools : mapping or None
        Figures of all customers, with which signals compare.
    """

    customers: pd.Index[Any]
    log_odds: np.ndarray
    if_staying: np.ndarray
    signals: dict[str, np.ndarray]
    pools: Pools | None
    rows: SignalRows
    places: np.ndarray

    def picked(self, chosen: np.ndarray) -> Picked:
        """Return the signals of chosen customers, in the order of the choice."""
        return self.rows.pick(self.places[chosen])


def pass_over(
    model: Model,
    base: CustomerBase,
    cutoff: int,
    rows: SignalRows,
    *,
    threads: int = 2,
    first: Sequence[Tally] = (),
    tallies: Sequence[Tally] = (),
) -> Passed:
    """Go through the customers and compute what scoring needs of the active ones.

    Parameters
    ----------
    model : Model
        The model.
    base : CustomerBase
        The customers.
    cutoff : int
        The instant T.
    rows : SignalRows
        Takes the signals of the active customers.
    threads : int, default 2
        Of the predictions.
    first, tallies : sequence of Tally
        What else is counted in the first and in the second pass; the second gives all tables.
    """
    import pandas as pd

    definition = model.definition
    spend = spend_of(model)
    pools = pools_over(base, [cutoff], model.signals, tallies=first, tables=("orders", *definition.tables))
    ids: list[pd.Index[Any]] = []
    columns: dict[str, list[np.ndarray]] = {}
    where = {s.name: i for i, s in enumerate(model.signals)}
    kept = [name for name in _KEPT if name in where]
    for computed in compute_over(
        base, [cutoff], lambda part, t: active_at(part, definition, t), model.signals, pools=pools
    ):
        part, who, X = computed.part, computed.populations[0], computed.matrices[0]
        found = {
            "log_odds": model.predictor.log_odds(X, threads=threads),
            "if_staying": spend.if_staying(X, model.signal_names, cutoff=cutoff, threads=threads),
            **{name: X[:, where[name]].copy() for name in kept},
        }
        for name, values in found.items():
            columns.setdefault(name, []).append(values)
        ids.append(part.customers[who])
        rows.add(X)
        for tally in tallies:
            tally.add(part)
    places = np.arange(sum(map(len, ids)))[order_of(ids)]
    whole = {name: np.concatenate(values)[places] for name, values in columns.items()}
    return Passed(
        (ids[0].append(ids[1:]) if len(ids) > 1 else ids[0])[places] if ids else pd.Index([]),
        whole.pop("log_odds"),
        whole.pop("if_staying"),
        whole,
        pools,
        rows,
        places,
    )


def active_at(part: History, definition: Definition, cutoff: int) -> np.ndarray:
    """Return the positions of those of a part who are active at a cutoff, ascending; as `Definition.population`."""
    logs = {
        name: hide_outcomes(part.logs[name].known_before(cutoff), cutoff)
        for name in definition.tables
        if name in part.logs
    }
    return np.flatnonzero(definition.active(logs, len(part.customers), cutoff))


def spend_of(model: Model) -> SpendModel:
    """Return the model's forecast of spend, or the customer's own pace where it has none."""
    d = model.definition
    return model.spend or SpendModel("own_mean", d.horizon_days, d.lookback_days)
