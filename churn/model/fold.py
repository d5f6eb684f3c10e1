"""One cutoff as if it were today: a model from what was known by then, and what came of its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import History
from churn.definition import Definition
from churn.errors import ModelError, ParameterError
from churn.features.catalogue import Schema, catalogue
from churn.features.signal import Signal
from churn.model.baselines import fit_baselines
from churn.model.baserate import BaseRate, Forecast, forecast, learn_base_rate
from churn.model.fit import Fitted, fit
from churn.model.snapshots import Snapshots, build_snapshots, training_cutoffs
from churn.progress import report

FEWEST_OF_A_CLASS = 30


@dataclass(frozen=True)
class Fold:
    """A model fitted as of a cutoff, and its predictions for the customers of that cutoff.

    Attributes
    ----------
    cutoff : int
        The held-out cutoff T.
    cutoffs : tuple of int
        The training cutoffs, oldest first; their labels end by T.
    learn, test : Snapshots
        The training rows, and the rows at T with what came of them.
    schema : Schema
        The columns and values that the signals were made for.
    signals : tuple of Signal
        What the columns are.
    fitted : Fitted
        The model.
    base_rate : BaseRate or None
        What the forecast of the base rate learnt.
    forecast : Forecast
        The forecast for T; its shift moves the model's predictions.
    predictions : dict of str to numpy.ndarray of shape (n_test,)
        Churn probabilities at T: ``model`` first, then the baselines.
    left_out : dict of str to str
        The baselines that do not apply, and why.
    """

    cutoff: int
    cutoffs: tuple[int, ...]
    learn: Snapshots
    test: Snapshots
    schema: Schema
    signals: tuple[Signal, ...]
    fitted: Fitted
    base_rate: BaseRate | None
    forecast: Forecast
    predictions: dict[str, np.ndarray]
    left_out: dict[str, str] = field(default_factory=dict)


def fit_at(
    history: History,
    definition: Definition,
    cutoff: int,
    *,
    settings: TrainingSettings,
    features: FeatureSettings,
    own: Sequence[Signal] = (),
) -> Fold:
    """Fit on what was known by a cutoff and predict its customers, beside the baselines.

    Raises
    ------
    ParameterError
        The cutoff's outcome is not known yet.
    ModelError
        The history is too short, or nearly nobody (or nearly everybody) churns.
    """
    check_mature(history, definition, cutoff)
    schema = Schema.of(history, before=cutoff)
    signals = catalogue(schema, settings=features, own=own)
    cutoffs = training_cutoffs(
        history,
        definition,
        cutoff,
        step_days=settings.step_days,
        max_snapshots=settings.max_snapshots,
        history_days=settings.history_days,
    )
    stacked = build_snapshots(history, definition, [*cutoffs, cutoff], signals, known_at=cutoff)
    learn, test = stacked.until(cutoffs[-1]), stacked.at(cutoff)
    _check_outcomes(definition, learn, test)
    fitted = fit(learn, definition, signals, settings)
    report("Judging it on the held-out cutoff")
    predictor, threads = fitted.predictor, settings.threads
    known = history.known_at(cutoff)
    base_rate = learn_base_rate(known, definition, learn, predictor, threads=threads)
    ahead = forecast(history, definition, base_rate, predictor, signals, cutoff, threads=threads)
    predictions = {"model": predictor.predict(test.X, shift=ahead.shift, threads=threads)}
    baselines = fit_baselines(history, definition, cutoff, learn, signals)
    predictions |= baselines.predict(test)
    return Fold(
        cutoff,
        tuple(cutoffs),
        learn,
        test,
        schema,
        signals,
        fitted,
        base_rate,
        ahead,
        predictions,
        baselines.left_out,
    )


def final_cutoff(history: History, definition: Definition, settings: TrainingSettings) -> int:
    """Return the cutoff that a model is judged at in the end: the settings' one, or the last mature one."""
    if settings.test_cutoff is None:
        return definition.last_mature_cutoff(history)
    return history.instant(settings.test_cutoff)


def check_mature(history: History, definition: Definition, cutoff: int) -> None:
    """Raise a `ParameterError` where the outcome of a cutoff is not known yet."""
    if not definition.is_mature(history, cutoff):
        raise ParameterError(
            f"The test cutoff {history.date(cutoff)} is not mature",
            given=f"its label window ends on {history.date(cutoff + definition.window_us)}, the data on "
            f"{history.date(history.data_end)}",
            allowed=f"cutoffs up to {history.date(definition.last_mature_cutoff(history))}",
            fix="Choose an earlier test cutoff.",
            code="immature",
        )


def _check_outcomes(definition: Definition, learn: Snapshots, test: Snapshots) -> None:
    for part, where in ((learn, "the training snapshots"), (test, "the test snapshot")):
        churned, stayed = int(part.y.sum()), int(len(part) - part.y.sum())
        if min(churned, stayed) < FEWEST_OF_A_CLASS:
            raise ModelError(
                f"There is too little to learn from in {where}",
                given=f"{churned} who churned and {stayed} who stayed",
                allowed=f"at least {FEWEST_OF_A_CLASS} of each",
                fix=f"{_advice(definition, more_churn=churned < stayed)}, or bring more customers.",
                code="too-few-outcomes",
            )


def _advice(definition: Definition, *, more_churn: bool) -> str:
    """Say which days give more who churned, or who stayed: silence is rarer the longer it must last, an end is not."""
    if definition.kind == "labels":
        return "Give labels of more customers at each cutoff"
    longer = more_churn != (definition.kind == "inactivity")
    more = "churn" if more_churn else "stay"
    return f"Make horizon_days {'longer' if longer else 'shorter'}, so that more {more}"
