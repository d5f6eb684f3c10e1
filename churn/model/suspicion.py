"""Suspected leaks: figures that are too good to be known before the cutoff, with the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from churn.data.history import History
from churn.definition import Definition
from churn.errors import ChurnError
from churn.model.evaluate import Estimate, estimates, how_many
from churn.model.fold import Fold
from churn.model.measures import Judge, resample_weights

TOO_GOOD_ALONE = 0.05  # a single signal's AUC above the best baseline's
TOO_GOOD = 0.15  # the model's AUC above the best baseline's
TOO_HIGH = 0.95  # the model's AUC, whatever the baselines
JUMP = 0.10  # the lead over the best baseline in one window above that in the other
_KEPT = 5


@dataclass(frozen=True)
class Evidence:
    """What one fold tells about leaks.

    Attributes
    ----------
    columns : dict of str to numpy.ndarray of shape (n_test,)
        The signals that rank best by themselves, higher is riskier, and the user's own that nearly do.
    windows : dict of str to numpy.ndarray of shape (n_test,)
        Outcomes in other windows, NaN where unknown: ``start``, the first eighth of the horizon; ``next``, the
        window after.
    """

    columns: dict[str, np.ndarray]
    windows: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Suspicion:
    """One suspected leak.

    Attributes
    ----------
    what : str
        ``model`` or the name of a signal.
    rule : str
        single-signal, too-high, too-far-ahead, start-of-window or own-window.
    text : str
        The warning with its evidence.
    figure : Estimate
        What the rule looked at.
    """

    what: str
    rule: str
    text: str
    figure: Estimate


def gather(history: History, definition: Definition, fold: Fold) -> Evidence:
    """Collect from a fold what the rules need: its best single signals, and outcomes in other windows."""
    X, y = fold.test.X, fold.test.y
    alone = single_auc(X, y)
    strength = np.abs(alone - 0.5)
    keep = set(np.argsort(-strength, kind="stable")[:_KEPT].tolist())
    keep |= {i for i, s in enumerate(fold.signals) if s.family == "own" and strength[i] >= 0.1}
    columns = {
        fold.signals[i].name: np.where(np.isnan(X[:, i]), -np.inf, X[:, i]) * (1 if alone[i] >= 0.5 else -1)
        for i in sorted(keep)
    }
    horizon = definition.horizon_days
    shapes = {
        "start": {"horizon_days": max(1, horizon // 8)},
        "next": {"gap_days": definition.gap_days + horizon},
    }
    windows = {}
    for name, shape in shapes.items():
        try:
            other = replace(definition, **shape)  # type: ignore[type-var]
            windows[name] = np.asarray(other.labels(history, fold.cutoff, fold.test.customer))
        except (ChurnError, TypeError):
            continue  # the next window is not over yet, or this kind of churn has no other windows
    return Evidence(columns, windows)


def single_auc(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the AUC of each column by itself, unknown values lowest; shape (n_columns,).

    Examples
    --------
    >>> single_auc(np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 5.0]]), np.array([0.0, 0.0, 1.0])).tolist()
    [1.0, 0.75]
    """
    from scipy.stats import rankdata

    ranks = rankdata(np.where(np.isnan(X), -np.inf, X), axis=0)
    left, n = y == 1, len(y)
    p = int(left.sum())
    return np.asarray((ranks[left].sum(axis=0) - p * (p + 1) / 2) / (p * (n - p)))


def suspect(
    predictions: Sequence[Mapping[str, np.ndarray]],
    outcomes: Sequence[np.ndarray],
    customers: Sequence[np.ndarray],
    evidence: Sequence[Evidence],
    baseline: str,
    *,
    resamples: int | None = None,
    seed: int = 0,
) -> list[Suspicion]:
    """Apply the rules to the folds of a backtest.

    Parameters
    ----------
    predictions, outcomes, customers : sequence
        By cutoff, as in `Judged`.
    evidence : sequence of Evidence
        By cutoff.
    baseline : str
        The best baseline; it looks at orders alone and stands for what can be known.
    resamples, seed : int, optional
        Of the bootstrap.

    Returns
    -------
    list of Suspicion
        Empty where nothing is suspected.

    Notes
    -----
    A difference counts where it is above its limit and its 95 % interval above half of it. The rules are in
    docs/judgement.md.
    """
    names = ["model", *(n for n in evidence[0].columns if all(n in e.columns for e in evidence))]
    ahead, own = _ahead(names, predictions, outcomes, customers, evidence, baseline, "own", resamples, seed)
    found: list[Suspicion] = []
    if (auc := own["model"]).value >= TOO_HIGH:
        found.append(
            Suspicion(
                "model",
                "too-high",
                f"The model's AUC is {auc}: churn is rarely so predictable. Look for a signal that knows the outcome.",
                auc,
            )
        )
    if _sure(ahead["model"][0], TOO_GOOD):
        found.append(
            Suspicion(
                "model",
                "too-far-ahead",
                f"The model's AUC is {_signed(ahead['model'][0])} above {baseline}: so far ahead, ask what it knows.",
                ahead["model"][0],
            )
        )
    for name in names[1:]:
        difference = ahead[name][0]
        if _sure(difference, TOO_GOOD_ALONE):
            found.append(
                Suspicion(
                    name,
                    "single-signal",
                    f"The signal {name} alone ranks better than {baseline} (AUC {own[name]}, {_signed(difference)}): "
                    "is it known before the cutoff, at the time its table says?",
                    difference,
                )
            )
    for window, rule, text in (
        ("start", "start-of-window", "outcomes in the first days after the cutoff"),
        ("next", "own-window", "outcomes in its label window"),
    ):
        have = [i for i, e in enumerate(evidence) if window in e.windows]
        some = (
            [predictions[i] for i in have],
            [outcomes[i] for i in have],
            [customers[i] for i in have],
            [evidence[i] for i in have],
        )
        here, _ = _ahead(names, *some, baseline, "own", resamples, seed)
        there, _ = _ahead(names, *some, baseline, window, resamples, seed)
        for name in names if have else ():
            a, b = (here[name], there[name]) if window == "next" else (there[name], here[name])
            jump = estimates(np.array([a[0].value - b[0].value]), (a[1] - b[1])[:, None])[0]
            if _sure(jump, JUMP):
                who = "The model" if name == "model" else f"The signal {name}"
                against = "the window after" if window == "next" else "the whole window"
                what = (
                    f"{who} leads {baseline} by {a[0].value:+.3f} AUC on {text}, by {b[0].value:+.3f} on {against} "
                    f"(jump {_signed(jump)}): it may see into the label window."
                )
                found.append(Suspicion(name, rule, what, jump))
    return found


def _ahead(
    names: Sequence[str],
    predictions: Sequence[Mapping[str, np.ndarray]],
    outcomes: Sequence[np.ndarray],
    customers: Sequence[np.ndarray],
    evidence: Sequence[Evidence],
    baseline: str,
    window: str,
    resamples: int | None,
    seed: int,
) -> tuple[dict[str, tuple[Estimate, np.ndarray]], dict[str, Estimate]]:
    """Return the AUC above the baseline's in a window, with its resamples, and the AUC itself."""
    judges, clusters = [], []
    for p, y, who, e in zip(predictions, outcomes, customers, evidence, strict=True):
        result = y if window == "own" else e.windows[window]
        rows = ~np.isnan(result)
        if len(np.unique(result[rows])) < 2:
            continue
        scores = {baseline: p[baseline], "model": p["model"], **{n: e.columns[n] for n in names[1:]}}
        judges.append([_Auc(result[rows], np.asarray(scores[n])[rows]) for n in (baseline, *names)])
        clusters.append(who[rows])
    if not judges:
        nothing = Estimate(float("nan"), float("nan"), float("nan"))
        return {n: (nothing, np.zeros(1)) for n in names}, dict.fromkeys(names, nothing)
    many = resamples or how_many(sum(map(len, clusters)))
    sampled = np.zeros((many, len(names) + 1))
    for which, weights in resample_weights(clusters, many, seed):
        for row, w in zip(judges, weights, strict=True):
            sampled[which] += np.array([j.auc(w) for j in row]).T / len(judges)
    point = np.mean([[j.auc(np.ones((len(j.judge.y), 1)))[0] for j in row] for row in judges], axis=0)
    auc = dict(zip(names, estimates(point[1:], sampled[:, 1:]), strict=True))
    difference, samples = point[1:] - point[0], sampled[:, 1:] - sampled[:, [0]]
    ahead = estimates(difference, samples)
    return {n: (ahead[i], samples[:, i]) for i, n in enumerate(names)}, auc


class _Auc:
    def __init__(self, y: np.ndarray, score: np.ndarray) -> None:
        rank = np.unique(score, return_inverse=True)[1]
        self.judge = Judge(y, rank / (rank.max() + 1))

    def auc(self, weights: np.ndarray) -> np.ndarray:
        return self.judge.all(weights)[:, 0]


def _sure(e: Estimate, limit: float) -> bool:
    return e.value >= limit and e.low >= limit / 2


def _signed(e: Estimate) -> str:
    return f"{e.value:+.3f} [{e.low:+.3f}, {e.high:+.3f}]"
