"""The verdict in plain words; its rules stand in docs/judgement.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from churn.model.baselines import BASELINES
from churn.model.economics import Profit
from churn.model.evaluate import Evaluation
from churn.model.suspicion import Suspicion

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


def backtest_verdict(
    pooled: Evaluation,
    folds: Sequence[Evaluation],
    *,
    profit: Profit | None = None,
    suspicions: Sequence[Suspicion] = (),
) -> str:
    """Say in a few sentences whether a model is worth using, after a backtest.

    Parameters
    ----------
    pooled : Evaluation
        All cutoffs together.
    folds : sequence of Evaluation
        By cutoff.
    profit : Profit, optional
        What contacting customers would have earned.
    suspicions : sequence of Suspicion, optional
        Suspected leaks.

    Returns
    -------
    str
    """
    said = [_ranking(pooled, folds), calibration_verdict(pooled)]
    if profit is not None:
        said.append(_money(profit))
    if suspicions:
        told = dict.fromkeys("the model" if s.what == "model" else s.what for s in suspicions)
        said.insert(
            0, f"DO NOT BELIEVE THESE FIGURES before {_listed(told)} is checked: a leak is suspected."
        )
    return " ".join(said)


def _money(profit: Profit) -> str:
    rule = profit.figures["model"]["rule_profit"]
    everybody = profit.differences["everybody"]["rule_profit"]
    if rule.low > 0:
        said = "Contacting by it earned money"
    elif rule.high < 0:
        return "Contacting by it LOST money: see the profit below."
    elif rule.value == 0:
        return "By these economics no contact pays."
    else:
        said = "Whether contacting by it earns money is not sure"
    if everybody.low > 0:
        return f"{said}, and more than contacting everybody."
    if everybody.high < 0:
        return f"{said}, but less than contacting everybody."
    return f"{said}, not surely more than contacting everybody."


def _listed(names: Iterable[str]) -> str:
    first = list(names)
    return ", ".join(first[:3]) + (f" and {len(first) - 3} more" if len(first) > 3 else "")


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


def calibration_verdict(pooled: Evaluation) -> str:
    """Say in one sentence how far the probabilities can be taken at face value."""
    error, chance = pooled.metrics["model"]["calibration_error"].value, pooled.calibration_noise
    mean, seen = (
        sum(b[k] * b["rows"] for b in pooled.calibration) / pooled.rows for k in ("predicted", "observed")
    )
    figures = (
        f"calibration error {error:.3f}, of which chance explains about {chance:.3f}; {mean:.3f} predicted on average, "
        f"{seen:.3f} left"
    )
    beyond = max(error**2 - chance**2, 0.0) ** 0.5
    if beyond <= GOOD_CALIBRATION:
        return f"Its probabilities can be taken at face value ({figures})."
    if beyond <= FAIR_CALIBRATION:
        return f"Its probabilities are roughly right ({figures})."
    if abs(mean - seen) > error / 2:
        side = "too high" if mean > seen else "too low"
        return f"Its probabilities are {side}: go by the ranking ({figures})."
    return f"Its probabilities are off: go by the ranking ({figures})."
