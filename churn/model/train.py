"""Training: stacked snapshots, early stopping on a later one, a refit, and judgement on a held-out cutoff."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Any

import numpy as np

from churn.config import Config, FeatureSettings, TrackingSettings, TrainingSettings
from churn.data.history import History, check_history
from churn.definition import Inactivity
from churn.errors import ModelError, ParameterError
from churn.features.catalogue import Schema, catalogue
from churn.features.signal import Signal
from churn.model.baselines import BASELINES, fit_baseline
from churn.model.bundle import Model, Training, category_columns
from churn.model.evaluate import evaluate
from churn.model.snapshots import Snapshots, build_snapshots, training_cutoffs
from churn.progress import report
from churn.version import __version__

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "metric": "None",
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
}
MOST_TREES = 600
PATIENCE = 50
_FEWEST_OF_A_CLASS = 30


def train(
    history: History,
    definition: Inactivity,
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
    definition : Inactivity
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
    The number of trees is found by early stopping on the newest training snapshot, with the model fitted on
    those whose labels end by it. What is watched is the log loss after moving the mean prediction to that
    snapshot's churn rate: base rates drift with the season, and stopping on the plain log loss ends too early.
    """
    settings = settings or TrainingSettings()
    check_history(history)
    last = definition.last_mature_cutoff(history)
    test_cutoff = last if settings.test_cutoff is None else history.instant(settings.test_cutoff)
    if test_cutoff > last:
        raise ParameterError(
            f"The test cutoff {history.date(test_cutoff)} is not mature",
            given=f"its label window ends on {history.date(test_cutoff + definition.window_us)}, the data on "
            f"{history.date(history.data_end)}",
            allowed=f"cutoffs up to {history.date(last)}",
            fix="Choose an earlier test cutoff.",
            code="immature",
        )
    features, own = features or FeatureSettings(), (own,) if isinstance(own, Signal) else tuple(own)
    schema = Schema.of(history, before=test_cutoff)
    signals = catalogue(schema, settings=features, own=own)
    cutoffs = training_cutoffs(
        history, definition, test_cutoff, step_days=settings.step_days, max_snapshots=settings.max_snapshots
    )
    stacked = build_snapshots(history, definition, [*cutoffs, test_cutoff], signals)
    learn, test = stacked.until(cutoffs[-1]), stacked.at(test_cutoff)
    _check_outcomes(learn, test)

    trees = _find_trees(learn, definition, signals, settings)
    booster = _fit(learn, signals, settings, trees)
    report("Judging it on the held-out cutoff")
    predictions = {"model": np.asarray(booster.predict(test.X, num_threads=settings.threads))}
    for name in BASELINES:
        predictions[name] = fit_baseline(name, learn.X, learn.y, signals)(test.X)
    evaluation = evaluate(
        test.y, predictions, cutoff=history.date(test_cutoff), clusters=test.customer, seed=settings.seed
    )
    beats = evaluation.beats_baselines(tuple(BASELINES))
    model = Model(
        booster.model_to_string(),
        definition,
        schema,
        tuple(s.name for s in signals),
        features,
        evaluation,
        beats,
        {
            "name": history.name,
            "rows": len(learn),
            "snapshots": len(cutoffs),
            "trees": trees,
            "first_cutoff": history.date(cutoffs[0]),
            "last_cutoff": history.date(cutoffs[-1]),
            "test_cutoff": history.date(test_cutoff),
            "labels_seen_until": int(cutoffs[-1] + definition.window_us),
            "churn_rate": float(learn.y.mean()),
            "parameters": {k: v for k, v in PARAMETERS.items() if k != "verbose"},
            "settings": settings.model_dump(mode="json"),
            "own_signals": [s.name for s in own],
            "fingerprint": history.fingerprint(),
            "churn_version": __version__,
            "python": platform.python_version(),
        },
        own,
    )
    training = Training(model, _verdict(model))
    if track:
        from churn.model.tracking import log_training

        report("Logging the run in MLflow")
        training = log_training(training, history, tracking or TrackingSettings(), config)
    return training


def _check_outcomes(learn: Snapshots, test: Snapshots) -> None:
    for part, where in ((learn, "the training snapshots"), (test, "the test snapshot")):
        churned, stayed = int(part.y.sum()), int(len(part) - part.y.sum())
        if min(churned, stayed) < _FEWEST_OF_A_CLASS:
            raise ModelError(
                f"There is too little to learn from in {where}",
                given=f"{churned} who churned and {stayed} who stayed",
                allowed=f"at least {_FEWEST_OF_A_CLASS} of each",
                fix="Change horizon_days (longer: fewer churn, shorter: more), active_days, or bring more customers.",
                code="too-few-outcomes",
            )


def _find_trees(
    learn: Snapshots, definition: Inactivity, signals: tuple[Signal, ...], settings: TrainingSettings
) -> int:
    import lightgbm

    newest = int(learn.cutoffs[-1])
    earlier = [int(c) for c in learn.cutoffs if c + definition.window_us <= newest]
    if (
        not earlier
    ):  # a short history: the oldest snapshot stands in, its labels overlap the newest's features
        earlier = [int(learn.cutoffs[0])]
    part, watched = learn.until(earlier[-1]), learn.at(newest)
    train_set = _dataset(part, signals)
    report("Finding the number of trees", 0, MOST_TREES)

    booster = lightgbm.train(
        _parameters(settings),
        train_set,
        MOST_TREES,
        valid_sets=[lightgbm.Dataset(watched.X, watched.y, reference=train_set)],
        feval=_recentred_log_loss,
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            _progress("Finding the number of trees"),
        ],
    )
    return max(int(booster.best_iteration), 10)


def _fit(learn: Snapshots, signals: tuple[Signal, ...], settings: TrainingSettings, trees: int) -> Any:
    import lightgbm

    callbacks = [_progress("Fitting the model")]
    return lightgbm.train(_parameters(settings), _dataset(learn, signals), trees, callbacks=callbacks)


def _progress(what: str) -> Any:
    def tell(env: Any) -> None:
        if env.iteration % 10 == 0:
            report(what, env.iteration, env.end_iteration)

    return tell


def _dataset(part: Snapshots, signals: tuple[Signal, ...]) -> Any:
    import lightgbm

    return lightgbm.Dataset(
        part.X,
        part.y,
        feature_name=[f"s{i}" for i in range(len(signals))],
        categorical_feature=category_columns(signals),
        free_raw_data=True,
    )


def _parameters(settings: TrainingSettings) -> dict[str, Any]:
    return {**PARAMETERS, "seed": settings.seed, "num_threads": settings.threads}


def _recentred_log_loss(predicted: np.ndarray, data: Any) -> tuple[str, float, bool]:
    y = np.asarray(data.get_label())
    p = np.clip(predicted, 1e-9, 1 - 1e-9)
    raw, shift = np.log(p / (1 - p)), 0.0
    for _ in range(4):  # Newton steps towards a mean prediction equal to the observed share
        q = 1 / (1 + np.exp(-(raw + shift)))
        shift -= (q.mean() - y.mean()) / max(float((q * (1 - q)).mean()), 1e-9)
    z = raw + shift
    return "recentred_log_loss", float(np.mean(np.logaddexp(0, z) - y * z)), False


def _verdict(model: Model) -> str:
    metrics = model.evaluation.metrics
    best = max(BASELINES, key=lambda b: metrics[b]["auc"].value)
    mine, other = metrics["model"], metrics[best]
    figures = (
        f"AUC {mine['auc'].value:.3f} against {other['auc'].value:.3f} of the best baseline ({BASELINES[best][0]}), "
        f"log loss {mine['log_loss'].value:.3f} against {other['log_loss'].value:.3f}"
    )
    difference = model.evaluation.differences[best]["auc"]
    if model.beats_baselines and difference.low > 0:
        return f"The model beats the simple baselines on the held-out cutoff: {figures}."
    if model.beats_baselines:
        return (
            f"The model is better than the simple baselines on the held-out cutoff, but not surely: {figures}; the "
            "95 % interval of the AUC difference includes 0."
        )
    return f"NOT PROMOTED: the model does not beat the simple baselines on the held-out cutoff: {figures}."
