"""Learners of one action's effect: constant, a line in the risk, a ridge, S, T, X and DR on LightGBM; all plain data.

The chance of being treated is known by design, so no learner estimates it. All see what came less what the risk let
expect (`Rows.residual`), which leaves the effect as it is and spares the trees from finding the risk again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from churn.campaigns.uplift.ridge import Ridge, fit_ridge
from churn.campaigns.uplift.rows import Array, Rows, folds_of, logit
from churn.sealed.treetext import trees_only

PARAMETERS: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 5,
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
TREES = 80
FOLDS = 3


@dataclass(frozen=True, eq=False)
class Learner:
    """A fitted learner of one action's effect.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    trees : mapping of str to str
        LightGBM texts by their part in it.
    numbers : mapping of str to float
        Coefficients.
    ridge : Ridge, optional
        That of the kind ``ridge``.
    """

    kind: str
    trees: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    ridge: Ridge | None = None

    @cached_property
    def _boosters(self) -> dict[str, Any]:
        import lightgbm

        return {part: lightgbm.Booster(model_str=text) for part, text in self.trees.items()}

    def predict(self, X: Array, risk: Array, *, threads: int = 1) -> Array:
        """Return the effect on the chance to stay, shape (n_rows,), before shrinking.

        Parameters
        ----------
        X : numpy.ndarray of shape (n_rows, n_signals)
            Signals.
        risk : numpy.ndarray of shape (n_rows,)
            Churn probabilities.
        threads : int, optional
            Of LightGBM.
        """
        n, parts = len(risk), self.numbers
        if self.kind == "constant":
            return np.full(n, parts["effect"])
        if self.kind == "linear":
            return parts["effect"] + parts["slope"] * logit(risk)
        if self.ridge is not None:
            return self.ridge.predict(X, risk)
        columns = matrix(X, risk)

        def of(part: str, of_columns: Array) -> Array:
            return np.asarray(self._boosters[part].predict(of_columns, num_threads=threads))

        if self.kind == "S":
            return of("outcome", _with(columns, 1.0)) - of("outcome", _with(columns, 0.0))
        if self.kind == "T":
            return of("treated", columns) - of("holdout", columns)
        if self.kind == "X":
            share = parts["share"]
            return share * of("holdout", columns) + (1 - share) * of("treated", columns)
        return of("effect", columns)


def matrix(X: Array, risk: Array) -> Array:
    """Return the columns that trees see: the signals and the log-odds of the risk."""
    return np.column_stack([X, logit(risk)])


def fit(
    kind: str,
    rows: Rows,
    *,
    categories: Sequence[int] = (),
    seed: int = 0,
    threads: int = 1,
    residual: Array | None = None,
) -> Learner:
    """Fit a learner on the rows of one action.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    rows : Rows
        Of one action; of any campaigns.
    categories : sequence of int, optional
        Positions of signals that are categories.
    seed, threads : int, optional
        Of LightGBM; the same rows in the same order give the same learner.
    residual : numpy.ndarray of shape (n_rows,), optional
        `rows.residual()`, where it is at hand.

    References
    ----------
    Künzel, Sekhon, Bickel and Yu (2019), Metalearners for estimating heterogeneous treatment effects (S, T, X).
    Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects (DR).
    """
    r = rows.residual() if residual is None else residual
    fitting = Fitting(tuple(categories), seed, threads)
    return _FIT[kind](rows, r, fitting)


@dataclass(frozen=True)
class Fitting:
    """How trees are fitted."""

    categories: tuple[int, ...]
    seed: int
    threads: int

    def trees(self, columns: Array, y: Array) -> str:
        """Fit trees to a target and return their text."""
        import lightgbm

        data = lightgbm.Dataset(
            columns,
            y,
            feature_name=[f"s{i}" for i in range(columns.shape[1])],
            categorical_feature=list(self.categories),
        )
        chosen = {**PARAMETERS, "seed": self.seed, "num_threads": self.threads}
        return trees_only(lightgbm.train(chosen, data, TREES).model_to_string())


def _constant(rows: Rows, r: Array, _: Fitting) -> Learner:
    return Learner("constant", numbers={"effect": float((r * rows.signed).mean())})


def _linear(rows: Rows, r: Array, _: Fitting) -> Learner:
    # Least squares of the unbiased effects, which is the interaction of the arm with the log-odds.
    s = logit(rows.risk)
    centred = s - s.mean()
    effects = r * rows.signed
    spread = float(centred @ centred)
    slope = float(centred @ effects) / spread if spread > 1e-9 * len(rows) else 0.0
    return Learner(
        "linear", numbers={"effect": float(effects.mean()) - slope * float(s.mean()), "slope": slope}
    )


def _ridge(rows: Rows, r: Array, fitting: Fitting) -> Learner:
    return Learner("ridge", ridge=fit_ridge(rows, r, fitting.seed))


def _s(rows: Rows, r: Array, fitting: Fitting) -> Learner:
    columns = _with(matrix(rows.X, rows.risk), rows.treated)
    return Learner("S", {"outcome": fitting.trees(columns, r)})


def _t(rows: Rows, r: Array, fitting: Fitting) -> Learner:
    columns, t = matrix(rows.X, rows.risk), rows.treated
    return Learner(
        "T", {"treated": fitting.trees(columns[t], r[t]), "holdout": fitting.trees(columns[~t], r[~t])}
    )


def _x(rows: Rows, r: Array, fitting: Fitting) -> Learner:
    columns, t = matrix(rows.X, rows.risk), rows.treated
    outcome = _t(rows, r, fitting)
    of = {part: booster.predict(columns, num_threads=1) for part, booster in outcome._boosters.items()}
    return Learner(
        "X",
        {
            "treated": fitting.trees(columns[t], r[t] - of["holdout"][t]),
            "holdout": fitting.trees(columns[~t], of["treated"][~t] - r[~t]),
        },
        {"share": float(rows.share.mean())},
    )


def _dr(rows: Rows, r: Array, fitting: Fitting) -> Learner:
    columns, t = matrix(rows.X, rows.risk), rows.treated
    fold = folds_of(rows.customer, FOLDS, fitting.seed)
    effects = np.empty(len(rows))
    for k in range(FOLDS):
        inside, outside = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
        outcome = _s(rows.take(outside), r[outside], fitting)._boosters["outcome"]
        with_it, without = (outcome.predict(_with(columns[inside], arm), num_threads=1) for arm in (1.0, 0.0))
        missed = r[inside] - np.where(t[inside], with_it, without)
        effects[inside] = with_it - without + missed * rows.signed[inside]
    return Learner("DR", {"effect": fitting.trees(columns, effects)})


def _with(columns: Array, treated: Array | float) -> Array:
    return np.column_stack([columns, np.broadcast_to(np.asarray(treated, dtype=float), len(columns))])


_FIT: dict[str, Callable[[Rows, Array, Fitting], Learner]] = {
    "constant": _constant,
    "linear": _linear,
    "ridge": _ridge,
    "S": _s,
    "DR": _dr,
    "X": _x,
    "T": _t,
}
KINDS = tuple(_FIT)  # simplest first: of equals the first is chosen
# The parts and numbers that each holds.
PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "constant": ((), ("effect",)),
    "linear": ((), ("effect", "slope")),
    "ridge": ((), ()),
    "S": (("outcome",), ()),
    "DR": (("effect",), ()),
    "X": (("treated", "holdout"), ("share",)),
    "T": (("treated", "holdout"), ()),
}
