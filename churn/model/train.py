"""Training: a model of many cutoffs, judged on a later one that it has not seen."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from churn.config import Config, FeatureSettings, TrackingSettings, TrainingSettings
from churn.data.history import History, check_history
from churn.definition import Definition
from churn.features.signal import Signal
from churn.model.bundle import Model, Training
from churn.model.evaluate import Evaluation, evaluate
from churn.model.fold import Fold, final_cutoff, fit_at
from churn.model.inputs import inputs_at
from churn.model.value.fit import fit_spend
from churn.model.value.spend import SpendModel
from churn.model.verdict import training_verdict
from churn.progress import report
from churn.version import __version__


def train(
    history: History,
    definition: Definition,
    *,
    settings: TrainingSettings | None = None,
    features: FeatureSettings | None = None,
    own: Sequence[Signal] = (),
    tracking: TrackingSettings | None = None,
    track: bool = True,
    config: Config | None = None,
) -> Training:
    """Train a churn model and judge it on a held-out cutoff.

    Parameters
    ----------
    history : History
        The log.
    definition : Definition
        What churn means.
    settings : TrainingSettings, optional
        Test cutoff, days between snapshots, seed, threads.
    features : FeatureSettings, optional
        Windows, days after which a complaint counts as ignored, signals given as expressions.
    own : sequence of Signal, optional
        Signals of your own, from `churn.signal`.
    tracking : TrackingSettings, optional
        Names in MLflow.
    track : bool, default True
        Whether to log an MLflow run, in ``MLFLOW_TRACKING_URI`` or ``sqlite:///mlflow.db``.
    config : Config, optional
        The configuration, kept with the run.

    Returns
    -------
    Training
        The model was refitted on all snapshots whose labels end by the test cutoff; the test rows were looked
        at once, for the figures.

    Raises
    ------
    ParameterError
        The test cutoff's outcome is not known yet, or it is no date.
    ModelError
        The history is too short, or nearly nobody (or nearly everybody) churns.

    Notes
    -----
    What is fitted, and how it is chosen, says `churn.model.fit.fit`; how the base rate of a cutoff is forecast,
    `churn.model.baserate`.
    """
    settings, features = settings or TrainingSettings(), features or FeatureSettings()
    own = (own,) if isinstance(own, Signal) else tuple(own)
    check_history(history)
    test_cutoff = final_cutoff(history, definition, settings)
    fold = fit_at(history, definition, test_cutoff, settings=settings, features=features, own=own)
    evaluation = evaluate(
        fold.test.y,
        fold.predictions,
        cutoff=history.date(test_cutoff),
        clusters=fold.test.customer,
        seed=settings.seed,
    )
    spend = fit_spend(history, definition, fold, settings)
    model = make_model(history, definition, fold, evaluation, settings, features, own, spend)
    training = Training(model, training_verdict(evaluation, model.beats_baselines, fold.left_out))
    if track:
        from churn.model.tracking import log_training

        report("Logging the run in MLflow")
        training = log_training(training, history, tracking or TrackingSettings(), config)
    return training


def make_model(
    history: History,
    definition: Definition,
    fold: Fold,
    evaluation: Evaluation,
    settings: TrainingSettings,
    features: FeatureSettings,
    own: tuple[Signal, ...] = (),
    spend: SpendModel | None = None,
) -> Model:
    """Put together what is kept of a fold: the model, its figures, and how it was trained."""
    cutoffs = fold.cutoffs
    return Model(
        fold.fitted.predictor,
        definition,
        fold.schema,
        tuple(s.name for s in fold.signals),
        features,
        evaluation,
        evaluation.beats_baselines(tuple(b for b in fold.predictions if b != "model")),
        {
            "name": history.name,
            "rows": len(fold.learn),
            "labels_unused": definition.unused(history, (*cutoffs, fold.cutoff)),
            "neither": {
                "training": sum(fold.learn.neither.values()),
                "test": sum(fold.test.neither.values()),
            },
            "snapshots": len(cutoffs),
            "first_cutoff": history.date(cutoffs[0]),
            "last_cutoff": history.date(cutoffs[-1]),
            "test_cutoff": history.date(fold.cutoff),
            "labels_seen_until": int(cutoffs[-1] + definition.window_us),
            "churn_rate": float(fold.learn.y.mean()),
            "settings": settings.model_dump(mode="json"),
            "own_signals": [s.name for s in own],
            "baselines_left_out": fold.left_out,
            "fingerprint": history.fingerprint(),
            "churn_version": __version__,
            "python": platform.python_version(),
            "forecast": {**vars(fold.forecast), "said": fold.forecast.describe()},
            **fold.fitted.facts,
        },
        own,
        spend,
        {"inputs": inputs_at(history, definition, fold.cutoff)},
        base_rate=fold.base_rate,
    )
