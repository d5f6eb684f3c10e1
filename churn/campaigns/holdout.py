"""Who is held out: a share of every stratum, chosen by a keyed hash, so that anybody can draw it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churn.campaigns.draw import draw
from churn.errors import ParameterError

TREATED, HOLDOUT, GLOBAL_HOLDOUT = "treated", "holdout", "global holdout"
OTHER = "other"
LEAST_IN_ARM = 2  # fewer have no spread, so a stratum could not be compared within itself


@dataclass(frozen=True, slots=True)
class Split:
    """Who is treated and who is left alone.

    Parameters
    ----------
    arms : numpy.ndarray of str, shape (n_customers,)
        ``"treated"`` or ``"holdout"``.
    draws : numpy.ndarray of float, shape (n_customers,)
        The customers' numbers in [0, 1); within a stratum they give the order.
    strata : numpy.ndarray of str, shape (n_customers,)
        The strata within which the share was kept; small ones are pooled.
    """

    arms: np.ndarray[Any, Any]
    draws: np.ndarray[Any, Any]
    strata: np.ndarray[Any, Any]

    @property
    def held(self) -> np.ndarray[Any, Any]:
        """Who is held out, bool of shape (n_customers,)."""
        return np.asarray(self.arms == HOLDOUT)


def split(customers: Iterable[object], strata: Any, share: float, key: str, campaign: str) -> Split:
    """Hold out a share of the customers, the same share of every stratum.

    Parameters
    ----------
    customers : iterable, length n_customers
        Ids, each once.
    strata : DataFrame, Series, array or None
        Values by which customers are put together, a row per customer. Of several columns the first matters most: where
        a stratum is too small it is pooled over the last column first.
    share : float
        Of each customer's chance to be held out, 0 <= share < 1.
    key, campaign : str
        Another key, or another campaign, draws independently.

    Returns
    -------
    Split
        Arms, draws and strata in the order of `customers`.

    Raises
    ------
    ParameterError
        The share is not allowed, a customer is there twice, or the strata have another number of rows.

    Notes
    -----
    Stratified systematic sampling: customers stand in one line, stratum after stratum, within a stratum in the order of
    their draws. With a random start ``u`` customer ``i`` of the line is held out when ``floor((i + 1) share + u)`` is
    above ``floor(i share + u)``. So, over keys, everybody's chance is exactly the share; each stratum, and the whole,
    have ``share * n`` held out, rounded up or down; and within a stratum it is a simple random sample.
    The order of the rows does not matter. Another set of customers is another draw: a new plan is split anew.

    References
    ----------
    W. G. Madow, L. H. Madow (1944): On the theory of systematic sampling. Annals of Mathematical Statistics 15, 1-24.

    Examples
    --------
    >>> ids = [f"C{n}" for n in range(100)]
    >>> parted = split(ids, ["low"] * 60 + ["high"] * 40, 0.1, "churn", "winter")
    >>> int(parted.held[:60].sum()), int(parted.held[60:].sum())
    (6, 4)
    """
    ids = np.array([str(c) for c in customers], dtype=object)
    _check(ids, share)
    n = len(ids)
    table = pd.DataFrame(index=range(n)) if strata is None else pd.DataFrame(strata).reset_index(drop=True)
    if len(table) != n:
        raise ParameterError(
            "The strata need one row per customer", given=f"{len(table):,} rows for {n:,} customers"
        )
    draws = draw(key, f"holdout {campaign}", ids)
    codes, names = _pooled(table, share)
    if n == 0 or share == 0:
        return Split(np.full(n, TREATED, dtype=object), draws, names[codes])
    place = np.argsort(np.argsort(draw(key, f"strata {campaign}", names), kind="stable"), kind="stable")
    ties = len(np.unique(draws)) < n  # one in ten thousand drawings of a million
    line = np.lexsort((*((np.argsort(np.argsort(ids)),) if ties else ()), draws, place[codes]))
    start = draw(key, f"start {campaign}", [""])[0]
    marks = np.floor(np.arange(n + 1) * share + start)
    held = np.empty(n, dtype=bool)
    held[line] = np.diff(marks) > 0
    return Split(np.where(held, HOLDOUT, TREATED).astype(object), draws, names[codes])


def global_holdout(customers: Iterable[object], share: float, key: str) -> np.ndarray[Any, Any]:
    """Tell whom no campaign with this key touches, bool of shape (n_customers,).

    It depends on the customer's id alone, so a customer who joins later changes nobody else.

    Parameters
    ----------
    customers : iterable
        Ids.
    share : float
        Chance of each to be among them, 0 <= share < 1.
    key : str
        Campaigns that share a global holdout share it.

    Raises
    ------
    ParameterError
        The share is not allowed.

    Examples
    --------
    >>> int(global_holdout(range(1000), 0.05, "churn").sum())
    63
    """
    _check_share(share)
    return draw(key, "global", customers) < share


def _check(ids: np.ndarray[Any, Any], share: float) -> None:
    _check_share(share)
    twice = pd.Series(ids)[pd.Series(ids).duplicated()]
    if len(twice):
        raise ParameterError(
            "A customer can be in one arm only",
            given=f"{len(twice):,} ids more than once, such as {twice.iloc[0][:80]!r}",
            fix="Give one row per customer.",
        )


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise ParameterError("The held-out share is not allowed", given=str(share), allowed="0 <= share < 1")


def _pooled(table: pd.DataFrame, share: float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return each row's stratum as a code, and the strata's names; small ones are put together, last column first."""
    columns = [table[c].astype(object).where(table[c].notna(), "unknown").astype(str) for c in table.columns]
    if not columns:
        return np.zeros(len(table), dtype=np.intp), np.array(["all"], dtype=object)
    codes, paths = pd.MultiIndex.from_arrays(columns).factorize(sort=True)
    labels = [tuple(p) for p in paths]
    rarer = min(share, 1 - share)
    least = LEAST_IN_ARM / rarer if rarer > 0 else 0.0
    sizes = np.bincount(codes, minlength=len(labels)).astype(np.int64)
    for depth in range(len(columns) - 1, -1, -1):
        labels = _pool_level(labels, sizes, depth, least)
    texts = np.array([" / ".join(x) for x in labels], dtype=object)
    names, renamed = np.unique(texts.astype(str), return_inverse=True)
    return renamed[codes], names.astype(object)


def _pool_level(
    labels: list[tuple[str, ...]], sizes: np.ndarray[Any, Any], depth: int, least: float
) -> list[tuple[str, ...]]:
    """Put the too small together that differ only from `depth` on; the smallest sibling joins where that is too few."""
    total: dict[tuple[str, ...], int] = {}
    for label, size in zip(labels, sizes, strict=True):
        total[label] = total.get(label, 0) + int(size)
    siblings: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for label in total:
        siblings.setdefault(label[:depth], []).append(label)
    renamed = {}
    for prefix, family in siblings.items():
        ordered = sorted(family, key=lambda x: (total[x], x))
        small = [x for x in ordered if total[x] < least]
        for more in ordered[len(small) :]:
            if not small or sum(total[x] for x in small) >= least:
                break
            small.append(more)
        if len(small) > 1:
            renamed.update(dict.fromkeys(small, (*prefix, OTHER)))
    return [renamed.get(x, x) for x in labels]
