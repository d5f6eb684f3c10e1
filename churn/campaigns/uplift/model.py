"""The uplift model: the effect of each action on each customer; nothing about actions that were never randomised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.uplift.actions import ActionUplift
from churn.campaigns.uplift.rows import Array
from churn.campaigns.uplift.words import action_table
from churn.config import FeatureSettings
from churn.data.base import CustomerBase
from churn.data.history import History, Instant
from churn.data.store import LogStore
from churn.display import Rendered
from churn.errors import ModelError
from churn.features.catalogue import Schema, catalogue
from churn.features.over import compute_over
from churn.features.signal import Signal

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Uplift(Rendered):
    """What past randomised campaigns taught, and whether it beat ranking by risk times value.

    Attributes
    ----------
    kind : str
        The learner that was chosen.
    actions : dict of str to ActionUplift
        By the action's name.
    schema, signal_names, formulas : Schema, tuple of str, tuple of str
        What it reads.
    features : FeatureSettings
        Windows, days after which a complaint counts as ignored, signals given as expressions.
    better : bool
        Whether a plan uses it: its profit on later data was above that of risk times value, beyond chance.
    said : str
        The verdict in words.
    facts : dict
        The judgement, as plain data.
    """

    kind: str
    actions: Mapping[str, ActionUplift]
    schema: Schema
    signal_names: tuple[str, ...]
    formulas: tuple[str, ...]
    features: FeatureSettings
    better: bool
    said: str
    facts: dict[str, Any] = field(default_factory=dict)

    def signals(self) -> tuple[Signal, ...]:
        """Return the signals it reads, in the order of its columns.

        Raises
        ------
        ModelError
            This version of churn does not know one, or computes it otherwise.
        """
        by_name = {s.name: s for s in catalogue(self.schema, settings=self.features)}
        for name, formula in zip(self.signal_names, self.formulas, strict=True):
            if name not in by_name or by_name[name].formula != formula:
                raise ModelError(
                    f"The uplift model reads the signal {name!r}, which this version of churn "
                    f"{'computes otherwise' if name in by_name else 'does not know'}",
                    fix="Learn again: churn campaign learn POLICY.",
                    code="changed-signal",
                )
        return tuple(by_name[n] for n in self.signal_names)

    def predict(self, X: Array, risk: Array, actions: Sequence[str], *, threads: int = 1) -> Array:
        """Return the effect of each action on each customer's chance to stay.

        Parameters
        ----------
        X : numpy.ndarray of shape (n_customers, n_signals)
            Signals in the order of `signal_names`.
        risk : numpy.ndarray of shape (n_customers,)
            Churn probabilities.
        actions : sequence of str
            Names.
        threads : int, optional
            Of LightGBM.

        Returns
        -------
        numpy.ndarray of shape (n_customers, n_actions)
            Reduction of the churn probability; below 0 where the contact does harm. NaN for an action that was never
            randomised, and where the risk is not known.
        """
        out = np.full((len(risk), len(actions)), np.nan)
        known = np.isfinite(risk)
        for j, name in enumerate(actions):
            if name in self.actions and known.any():
                out[known, j] = self.actions[name].predict(X[known], risk[known], threads)
        return out

    def for_customers(
        self,
        data: History | LogStore | CustomerBase,
        as_of: Instant,
        customers: Any,
        risk: Any,
        actions: Sequence[str],
        *,
        threads: int = 1,
    ) -> pd.DataFrame:
        """Return the effects for customers as they were known at a cutoff.

        Parameters
        ----------
        data : History, LogStore or CustomerBase
            The customers, in one piece or in parts.
        as_of : date, datetime or str
            The cutoff; nothing at or after it is seen.
        customers : sequence of ids, length n_customers
            Whom it is about.
        risk : sequence of float, length n_customers
            Their churn probabilities.
        actions : sequence of str
            Names.

        Returns
        -------
        pandas.DataFrame of shape (n_customers, n_actions)
            In the order of `customers`; NaN for who is not in the data, besides what `predict` leaves open.
        """
        import pandas as pd

        base = CustomerBase.of(data)
        wanted = pd.Index([str(c) for c in customers])
        p = np.asarray(risk, dtype=float)
        out = np.full((len(wanted), len(actions)), np.nan)
        for where, X in signals_of(base, base.instant(as_of), wanted, self.signals()):
            out[where] = self.predict(X, p[where], actions, threads=threads)
        return pd.DataFrame(out, columns=list(actions))

    def render(self) -> str:
        """Return the verdict and what was measured of each action."""
        return f"{self.said}\n\n{action_table(self.actions)}"


def signals_of(base: CustomerBase, cutoff: int, wanted: pd.Index, signals: Sequence[Signal]) -> Any:
    """Yield, part by part, positions in `wanted` (ids as texts, each once) and these customers' signals at a cutoff."""
    import pandas as pd

    def population(part: History, _: int) -> Array:
        return np.flatnonzero(pd.Index(part.customers.astype(str)).isin(wanted)).astype(np.int64)

    for computed in compute_over(base, [cutoff], population, signals):
        ids = pd.Index(computed.part.customers[computed.populations[0]].astype(str))
        yield wanted.get_indexer(ids), computed.matrices[0]
