"""Fits a model on training snapshots, choosing by what predicts later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from churn.config import TrainingSettings
from churn.definition import Definition
from churn.features.signal import Signal
from churn.model.boost import PARAMETERS, fit_trees
from churn.model.predictor import Predictor
from churn.model.snapshots import Snapshots


@dataclass(frozen=True)
class Fitted:
    """A fitted model and how it came about.

    Attributes
    ----------
    predictor : Predictor
        The model.
    facts : dict
        What was chosen and why, as plain values.
    """

    predictor: Predictor
    facts: dict[str, Any] = field(default_factory=dict)


def fit(
    learn: Snapshots, definition: Definition, signals: Sequence[Signal], settings: TrainingSettings
) -> Fitted:
    """Fit a model on training snapshots; nothing else is seen.

    Parameters
    ----------
    learn : Snapshots
        Rows of the training cutoffs.
    definition : Definition
        What churn means.
    signals : sequence of Signal
        What the columns are.
    settings : TrainingSettings
        Seed and threads.

    Returns
    -------
    Fitted
    """
    trees = fit_trees(learn, definition, signals, settings)
    predictor = Predictor(trees)
    return Fitted(
        predictor,
        {
            "trees": [b.num_trees() for b in predictor.boosters],
            "parameters": {k: v for k, v in PARAMETERS.items() if k != "verbose"},
        },
    )
