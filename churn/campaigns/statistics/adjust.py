"""Taking out of an outcome what was known before the campaign: regressions of both arms, and their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churn.errors import ParameterError

Array = np.ndarray[Any, Any]

LEAST_OF_STRATUM = 5  # customers of each arm, below which a stratum has no column of its own
_ALMOST_0 = 1e-8


@dataclass(frozen=True, slots=True)
class Columns:
    """What is adjusted for.

    Parameters
    ----------
    names : tuple of str
        Of what was taken, in words.
    matrix : numpy.ndarray, shape (n_known, n_columns)
        Centred at the mean over both arms.
    """

    names: tuple[str, ...]
    matrix: Array

    def none(self) -> Array:
        """Return a matrix of the same rows without columns."""
        return self.matrix[:, :0]


@dataclass(frozen=True, slots=True)
class Sides:
    """The effect and its standard error, from a regression of each arm.

    Parameters
    ----------
    effect : float
        Difference of the intercepts.
    standard_error : float
        The larger of the arms' own (HC2) and the pooled one.
    is_pooled : bool
        Whether it is the pooled one.
    degrees : float
        Of freedom.
    """

    effect: float
    standard_error: float
    is_pooled: bool
    degrees: float

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the interval of confidence ``1 - alpha``."""
        from scipy.stats import t

        half = float(t.isf(alpha / 2, self.degrees)) * self.standard_error
        return self.effect - half, self.effect + half

    def p_value(self) -> float:
        """Return the smallest `alpha` whose interval leaves out 0."""
        from scipy.stats import t

        if self.standard_error == 0:
            return 0.0 if self.effect else 1.0
        return float(2 * t.sf(abs(self.effect) / self.standard_error, self.degrees))


def regress(y: Array, t: Array, x: Array) -> Sides:
    """Regress each arm on the centred columns by itself and compare the intercepts.

    Parameters
    ----------
    y : numpy.ndarray, shape (n,)
        Outcomes, all known.
    t : numpy.ndarray of bool, shape (n,)
        Treated.
    x : numpy.ndarray, shape (n, n_columns)
        Centred over both arms, of full rank in each; see `adjustment`.

    Notes
    -----
    With ``w_i`` the weight of customer ``i`` in the intercept, ``h_i`` the leverage and ``e_i`` the residual, HC2 is
    ``sum w_i**2 e_i**2 / (1 - h_i)`` over both arms. Pooled it is ``s**2 sum w_i**2`` with ``s**2`` from the residuals
    of both.
    """
    effect, own, weights_2, degrees, squares = 0.0, [], 0.0, [], 0.0
    for arm, sign in ((t, 1.0), (~t, -1.0)):
        design = np.column_stack([np.ones(int(arm.sum())), x[arm]])
        q, r = np.linalg.qr(design)
        inside = q.T @ y[arm]
        residual = y[arm] - q @ inside
        weight = q @ np.linalg.solve(r.T, np.eye(design.shape[1])[0])
        effect += sign * float(np.linalg.solve(r, inside)[0])
        left = np.clip(1 - (q**2).sum(axis=1), _ALMOST_0, None)
        own.append(float((weight**2 * residual**2 / left).sum()))
        weights_2 += float((weight**2).sum())
        degrees.append(max(len(design) - design.shape[1], 1))
        squares += float((residual**2).sum())
    variance, pooled = sum(own), squares / sum(degrees) * weights_2
    tiny = _ALMOST_0**2 * float((y**2).max(initial=0.0)) * weights_2
    if max(variance, pooled) <= tiny:
        rounded = 0.0 if abs(effect) <= 1e-12 * float(np.abs(y).max(initial=0.0)) else effect
        return Sides(rounded, 0.0, False, float(sum(degrees)))
    is_pooled = pooled > variance
    welch = variance**2 / sum(v**2 / d for v, d in zip(own, degrees, strict=True)) if variance > tiny else 0.0
    free = float(sum(degrees)) if is_pooled else welch
    return Sides(effect, float(np.sqrt(max(variance, pooled))), is_pooled, free)


def adjustment(covariates: Any, strata: Any, known: Array, treated: Array, *, per_column: int) -> Columns:
    """Choose what is adjusted for: covariates in their order, then strata, largest first.

    Parameters
    ----------
    covariates, strata : array or None
        As for `estimate`, a row for every customer.
    known, treated : numpy.ndarray of bool, shape (n_customers,)
        Whose outcome is known; only they are adjusted. Who is treated.
    per_column : int
        Customers of the smaller arm for each column; further columns are left out.

    Returns
    -------
    Columns
        Of full rank in each arm.

    Raises
    ------
    ParameterError
        A column has another number of rows.
    """
    t = treated[known]
    most = int(min(t.sum(), (~t).sum())) // per_column
    names: dict[str, None] = {}
    taken: list[Array] = []
    bases = [
        np.ones((int(t.sum()), 1)) / np.sqrt(t.sum()),
        np.ones((int((~t).sum()), 1)) / np.sqrt((~t).sum()),
    ]
    for name, column in [*_numbers(covariates, known), *_dummies(strata, known, t)]:
        if len(taken) == most:
            break
        spread = column.std()
        if not spread > 0:
            continue
        scaled = (column - column.mean()) / spread
        longer = []
        for arm, basis in zip((t, ~t), bases, strict=True):
            rest = scaled[arm] - basis @ (basis.T @ scaled[arm])
            length = float(np.linalg.norm(rest))
            if length < 1e-6 * np.sqrt(len(rest)):
                break
            longer.append(np.column_stack([basis, rest / length]))
        if len(longer) == len(bases):
            bases = longer
            taken.append(scaled)
            names[name] = None
    matrix = np.column_stack(taken) if taken else np.empty((len(t), 0))
    return Columns(tuple(names), matrix)


def _numbers(covariates: Any, known: Array) -> list[tuple[str, Array]]:
    if covariates is None:
        return []
    named = isinstance(covariates, pd.DataFrame | pd.Series)
    table = pd.DataFrame(covariates)
    _same_length(len(table), len(known), "covariates")
    names = [str(c) for c in table.columns] if named else ["what was known before"] * table.shape[1]
    out = []
    for place, name in enumerate(names):
        column = table.iloc[:, place].to_numpy(dtype=float)[known]
        usual = np.isfinite(column)
        if usual.any():
            out.append((name, np.where(usual, column, column[usual].mean())))
    return out


def _dummies(strata: Any, known: Array, t: Array) -> list[tuple[str, Array]]:
    if strata is None:
        return []
    column = pd.Series(np.asarray(strata, dtype=object).ravel())
    _same_length(len(column), len(known), "strata")
    codes, labels = pd.factorize(column[known], use_na_sentinel=False)
    sizes = [np.bincount(codes[arm], minlength=len(labels)) for arm in (t, ~t)]
    enough = np.minimum(*sizes) >= LEAST_OF_STRATUM
    order = [int(c) for c in np.argsort(-(sizes[0] + sizes[1]), kind="stable") if enough[c]]
    if enough.all():
        order = order[1:]  # the largest is what the others are compared with
    return [("strata", (codes == c).astype(float)) for c in order]


def _same_length(given: int, wanted: int, what: str) -> None:
    if given != wanted:
        raise ParameterError(
            f"The {what} need one row per customer", given=f"{given:,} rows for {wanted:,} customers"
        )
