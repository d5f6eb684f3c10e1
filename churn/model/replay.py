"""One fold of a backtest, in a process of its own: it returns what was predicted and what came, no matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import History
from churn.definition import Definition
from churn.errors import ChurnError
from churn.features.signal import Signal
from churn.model.evaluate import Judged
from churn.model.fold import fit_at


@dataclass(frozen=True)
class Plan:
    """What every fold is fitted on, and how."""

    history: History
    definition: Definition
    settings: TrainingSettings
    features: FeatureSettings
    own: tuple[Signal, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What is kept of a fold.

    Attributes
    ----------
    judged : Judged
        Predictions and outcomes at the cutoff.
    facts : dict
        Rows, snapshots and what the fit chose.
    left_out : dict of str to str
        Baselines that do not apply, and why.
    """

    judged: Judged
    facts: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """A cutoff that could not be judged, and why."""

    cutoff: str
    why: str
    error: ChurnError


def replay(task: tuple[Plan, int], step: Callable[[], None]) -> Replayed | Skipped:
    """Fit as of a cutoff and predict it; a user's error is handed back as a reason."""
    plan, cutoff = task
    date = plan.history.date(cutoff)
    try:
        fold = fit_at(
            plan.history,
            plan.definition,
            cutoff,
            settings=plan.settings,
            features=plan.features,
            own=plan.own,
        )
    except ChurnError as error:
        return Skipped(date, str(error), error)
    step()
    judged = Judged(
        date,
        np.asarray(fold.test.y, dtype=np.float64),
        {name: np.asarray(p) for name, p in fold.predictions.items()},
        fold.test.customer,
    )
    facts = {
        "rows": len(fold.learn),
        "snapshots": len(fold.cutoffs),
        "first_cutoff": plan.history.date(fold.cutoffs[0]),
        "last_cutoff": plan.history.date(fold.cutoffs[-1]),
        "signals": len(fold.signals),
        "test_rows": len(judged.y),
        "shift": fold.shift,
        **fold.fitted.facts,
    }
    return Replayed(judged, facts, fold.left_out)
