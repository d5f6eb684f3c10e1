"""The verdict in plain words; its rules stand in docs/judgement.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from churn.model.baselines import BASELINES
from churn.model.evaluate import Evaluation

GOOD_CALIBRATION, FAIR_CALIBRATION = 0.02, 0.05


def training_verdict(
    evaluation: Evaluation, beats_baselines: bool, left_out: Mapping[str, str] | None = None
) -> str:
    """Say in one sentence whether a trained model beats the simple baselines.

    Parameters
    ----------
    evaluation : Evaluation
        Its figures on the held-out cutoff.
    beats_baselines : bool
        Whether it may be promoted.
    left_out : mapping of str to str, optional
        Baselines that do not apply, and why.

    Returns
    -------
    str
    """
    metrics = evaluation.metrics
    best = best_baseline(evaluation)
    mine, other = metrics["model"], metrics[best]
    figures = (
        f"AUC {mine['auc'].value:.3f} against {other['auc'].value:.3f} of the best baseline ({words(best)}), "
        f"log loss {mine['log_loss'].value:.3f} against {other['log_loss'].value:.3f}"
    )
    difference = evaluation.differences[best]["auc"]
    missing = "".join(f" Left out: {b}, as {why}." for b, why in (left_out or {}).items())
    if beats_baselines and difference.low > 0:
        return f"The model beats the simple baselines on the held-out cutoff: {figures}.{missing}"
    if beats_baselines:
        return (
            f"The model is better than the simple baselines on the held-out cutoff, but not surely: {figures}; the "
            f"95 % interval of the AUC difference includes 0.{missing}"
        )
    return f"NOT PROMOTED: the model does not beat the simple baselines on the held-out cutoff: {figures}.{missing}"


def backtest_verdict(pooled: Evaluation, folds: Sequence[Evaluation]) -> str:
    """Say in a few sentences whether a model is worth using, after a backtest.

    Parameters
    ----------
    pooled : Evaluation
        All cutoffs together.
    folds : sequence of Evaluation
        By cutoff.

    Returns
    -------
    str
    """
    said = [_ranking(pooled, folds), _probabilities(pooled)]
    return " ".join(said)


def best_baseline(evaluation: Evaluation) -> str:
    """Return the baseline with the highest AUC; references that are no baselines do not count."""
    named = [b for b in BASELINES if b in evaluation.metrics]
    others = named or [n for n in evaluation.metrics if n != "model"]
    return max(others, key=lambda b: evaluation.metrics[b]["auc"].value)


def words(baseline: str) -> str:
    """Return a baseline in words."""
    return BASELINES.get(baseline, baseline)


def _ranking(pooled: Evaluation, folds: Sequence[Evaluation]) -> str:
    best = best_baseline(pooled)
    auc, loss = pooled.differences[best]["auc"], pooled.differences[best]["log_loss"]
    ahead = sum(f.metrics["model"]["auc"].value > f.metrics[best]["auc"].value for f in folds)
    where = f"at {ahead} of {len(folds)} cutoffs" if len(folds) > 1 else "at the one cutoff"
    figures = (
        f"AUC {pooled.metrics['model']['auc'].value:.3f} against {pooled.metrics[best]['auc'].value:.3f} "
        f"({words(best)}), difference {auc.value:+.3f} [{auc.low:+.3f}, {auc.high:+.3f}], higher {where}; "
        f"log loss difference {loss.value:+.3f} [{loss.low:+.3f}, {loss.high:+.3f}]"
    )
    if auc.low > 0 and loss.high < 0:
        return f"The model beats every simple baseline: {figures}."
    if auc.low > 0:
        return f"The model ranks better than every simple baseline, its probabilities are not surely better: {figures}."
    if auc.high < 0:
        return f"DO NOT USE IT: a simple baseline ranks better than the model: {figures}."
    if auc.value > 0:
        return f"The model is level with the best simple baseline, perhaps a little better: {figures}."
    return f"USE THE BASELINE: the model is no better than a simple one: {figures}."


def _probabilities(pooled: Evaluation) -> str:
    error = pooled.metrics["model"]["calibration_error"].value
    mean = [b["predicted"] * b["rows"] for b in pooled.calibration]
    seen = [b["observed"] * b["rows"] for b in pooled.calibration]
    bias = (sum(mean) - sum(seen)) / pooled.rows
    way = f"predicted {sum(mean) / pooled.rows:.3f} on average, {sum(seen) / pooled.rows:.3f} left"
    if error <= GOOD_CALIBRATION:
        return f"Its probabilities can be taken at face value (calibration error {error:.3f}; {way})."
    if error <= FAIR_CALIBRATION:
        return f"Its probabilities are roughly right (calibration error {error:.3f}; {way})."
    side = "too high" if bias > 0 else "too low"
    if abs(bias) > error / 2:
        return f"Its probabilities are {side} (calibration error {error:.3f}; {way}): go by the ranking."
    return f"Its probabilities are off (calibration error {error:.3f}; {way}): go by the ranking."
