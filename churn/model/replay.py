"""One fold of a backtest, in a process of its own: it returns what was predicted and what came, no matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.config import FeatureSettings, ScoringSettings, TrainingSettings
from churn.data.history import History
from churn.definition import Definition
from churn.errors import ChurnError
from churn.features.catalogue import Schema, catalogue
from churn.features.signal import Signal
from churn.model.ablation import CUSTOMER_SHARES, SNAPSHOT_COUNTS, groups_of, with_less, without_groups
from churn.model.evaluate import Judged
from churn.model.fold import fit_at
from churn.model.leadtime import Watch, watch
from churn.model.segments import segments_of
from churn.model.suspicion import Evidence, gather


@dataclass(frozen=True)
class Plan:
    """What every fold is fitted on, and how."""

    history: History
    definition: Definition
    settings: TrainingSettings
    features: FeatureSettings
    own: tuple[Signal, ...] = ()
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    ablation: bool = True
    learning: bool = True
    leadtime: bool = True

    @property
    def steps(self) -> int:
        """How many steps one fold has, to tell the progress."""
        schema = Schema.of(self.history)
        groups = groups_of(catalogue(schema, settings=self.features, own=self.own))
        learning = len(CUSTOMER_SHARES) + len(SNAPSHOT_COUNTS)
        return 2 + self.ablation * len(groups) + self.learning * learning


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
    segments : dict of str to numpy.ndarray of str
        The segment of each row, by segment column.
    evidence : Evidence
        What the rules about leaks look at.
    without, less : dict of str to numpy.ndarray
        Predictions of models fitted without a group of signals, and on less data.
    watches : tuple of Watch
        The lists in the weeks after the cutoff.
    """

    judged: Judged
    facts: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    segments: dict[str, np.ndarray] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=lambda: Evidence({}))
    without: dict[str, np.ndarray] = field(default_factory=dict)
    less: dict[str, np.ndarray] = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()


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
        "shift": fold.forecast.shift,
        **fold.fitted.facts,
    }
    watches = (
        watch(plan.history, plan.definition, fold, plan.scoring, plan.settings.threads)
        if plan.leadtime
        else ()
    )
    evidence = gather(plan.history, plan.definition, fold)
    step()
    return Replayed(
        judged,
        facts,
        fold.left_out,
        segments_of(plan.history, fold),
        evidence,
        without_groups(fold, plan.definition, plan.settings, step) if plan.ablation else {},
        with_less(fold, plan.definition, plan.settings, step) if plan.learning else {},
        tuple(watches),
    )
