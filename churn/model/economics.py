"""What contacting customers would have earned, by depth of contact and by the user's own costs and gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.profit import action_profit
from churn.config import EconomicsSettings
from churn.display import Rendered, format_amount, format_count, format_percent
from churn.errors import ParameterError
from churn.model.evaluate import Estimate, Judged, estimates, how_many
from churn.model.measures import Judge, hits_at, resample_weights

if TYPE_CHECKING:
    import pandas as pd

DEPTHS = np.arange(101) / 100
_FIGURES = ("best_profit", "best_depth", "rule_profit", "rule_depth", "empc")


@dataclass(frozen=True, repr=False)
class Profit(Rendered):
    """What contacting the riskiest customers would have earned; money per customer of the population.

    Attributes
    ----------
    settings : EconomicsSettings
        Costs and gains.
    customers : float
        Customers of the population at a cutoff, on average.
    break_even : float
        Churn probability from which a contact pays, with the mean value of a saved customer.
    by_depth : dict of str to list of Estimate
        By predictor, at each of `DEPTHS`.
    figures : dict of str to dict of str to Estimate
        By predictor: ``rule_profit`` and ``rule_depth`` of contacting whoever is predicted above `break_even`;
        ``best_profit`` and ``best_depth`` in hindsight; ``empc``, the expected maximum profit.
    differences : dict of str to dict of str to Estimate
        Model minus each other predictor, and minus ``everybody``.
    """

    settings: EconomicsSettings
    customers: float
    break_even: float
    by_depth: dict[str, list[Estimate]]
    figures: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    currency: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""

        def plain(block: dict[str, dict[str, Estimate]]) -> dict[str, Any]:
            return {p: {m: e.__dict__ for m, e in ms.items()} for p, ms in block.items()}

        return {
            "settings": self.settings.model_dump(mode="json"),
            "customers": self.customers,
            "break_even": self.break_even if np.isfinite(self.break_even) else None,
            "figures": plain(self.figures),
            "differences": plain(self.differences),
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return ``profit_by_depth`` and ``profit`` as frames."""
        import pandas as pd

        depth = [
            {"predictor": p, "depth": float(d), **e.__dict__}
            for p, found in self.by_depth.items()
            for d, e in zip(DEPTHS, found, strict=True)
        ]
        blocks = (("", self.figures), ("model minus ", self.differences))
        rows = [
            {"predictor": f"{prefix}{p}", "figure": m, **e.__dict__}
            for prefix, block in blocks
            for p, ms in block.items()
            for m, e in ms.items()
        ]
        return {"profit_by_depth": pd.DataFrame(depth), "profit": pd.DataFrame(rows)}

    def render(self) -> str:
        """Return the profit of the model's own rule, of the best depth, and against others, per round of contact."""
        mine = self.figures["model"]
        lines = [
            f"Profit per round of contact among {format_count(self.customers)} customers "
            f"({self.settings.in_words(self.currency)}):",
            f"  contacting from {format_percent(self.break_even)} churn probability, where a contact pays: "
            f"{self._money(mine['rule_profit'])}, {format_percent(mine['rule_depth'].value, 0)} of customers",
            f"  best depth in hindsight: {format_percent(mine['best_depth'].value, 0)} "
            f"[{format_percent(mine['best_depth'].low, 0)}, {format_percent(mine['best_depth'].high, 0)}], "
            f"{self._money(mine['best_profit'])}; contacting everybody: {self._money(self.by_depth['model'][-1])}",
            f"  expected maximum profit (EMPC): {self._money(mine['empc'])}",
        ]
        lines += [
            f"  the model's rule minus {'contacting everybody' if p == 'everybody' else p + ' with the same rule'}: "
            f"{self._money(found['rule_profit'])}"
            for p, found in self.differences.items()
        ]
        return "\n".join(lines)

    def _money(self, e: Estimate) -> str:
        value, low, high = (
            format_amount(v * self.customers, self.currency) for v in (e.value, e.low, e.high)
        )
        return f"{value} [{low}, {high}]"


def expected_profit(
    churn_probability: np.ndarray, value: np.ndarray | float, settings: EconomicsSettings
) -> np.ndarray:
    """Return what contacting each customer is expected to earn, shape (n_rows,); see `profit`.

    Parameters
    ----------
    churn_probability : numpy.ndarray of shape (n_rows,)
        Of each customer.
    value : numpy.ndarray of shape (n_rows,) or float
        What the customer is worth if saved, before the offer.
    settings : EconomicsSettings
        Contact cost, offer cost and chance to save.

    Examples
    --------
    >>> settings = EconomicsSettings(contact_cost=1, offer_cost=10, save_chance=0.3)
    >>> expected_profit(np.array([0.5, 0.5]), np.array([200.0, 20.0]), settings).tolist()
    [22.5, -4.5]
    """
    contact, offer, save = (
        float(x or 0.0) for x in (settings.contact_cost, settings.offer_cost, settings.save_chance)
    )
    return action_profit(
        churn_probability,
        value,
        save_chance=save,
        contact_cost=contact,
        offer_cost=offer,
        stayers_accept=settings.stayers_accept,
    )


def profit(
    parts: Sequence[Judged],
    settings: EconomicsSettings,
    *,
    values: Sequence[np.ndarray] | None = None,
    currency: str = "",
    resamples: int | None = None,
    seed: int = 0,
) -> Profit:
    """Return what contacting customers by each predictor would have earned.

    Parameters
    ----------
    parts : sequence of Judged
        Predictions and outcomes by cutoff.
    settings : EconomicsSettings
        Costs and gains; all four are needed.
    values : sequence of numpy.ndarray of shape (n_rows,), optional
        What each customer is worth if saved, by cutoff; the settings' one number when left out.
    currency : str, optional
        For display.
    resamples, seed : int, optional
        Of the bootstrap; the draws are those of `evaluate_parts`.

    Returns
    -------
    Profit
        Means over the cutoffs.

    Raises
    ------
    ParameterError
        A cost or gain is missing.

    Notes
    -----
    A contacted customer who would leave accepts the offer with the chance ``save_chance`` and stays: the gain
    is the value less the offer. A customer who would stay anyway takes the offer with ``stayers_accept`` (1 in
    both papers) and brings nothing. Everybody contacted costs ``contact_cost`` [1]_, [2]_:

    ``churner: save_chance * (value - offer_cost) - contact_cost``;
    ``stayer: -stayers_accept * offer_cost - contact_cost``.

    The expected maximum profit lets the chance be uncertain, Beta distributed about ``save_chance``, and takes
    the best depth for each chance [2]_.

    References
    ----------
    .. [1] Neslin, S. A., Gupta, S., Kamakura, W., Lu, J. and Mason, C. H. (2006). Defection Detection.
       Journal of Marketing Research 43(2), 204-211.
    .. [2] Verbraken, T., Verbeke, W. and Baesens, B. (2013). A Novel Profit Maximizing Metric for Measuring
       Classification Performance of Customer Churn Prediction Models. IEEE TKDE 25(5), 961-973.
    """
    if settings.missing:
        raise ParameterError(
            "The profit cannot be computed",
            given=f"without {', '.join(settings.missing)}",
            fix=f"Set economics.{settings.missing[0]} in the configuration.",
            code="economics",
        )
    resamples = resamples or how_many(sum(len(p.y) for p in parts))
    if values is None:
        values = [np.full(len(p.y), float(settings.saved_value or 0.0)) for p in parts]
    mean_value = float(np.mean([v.mean() for v in values]))
    break_even = settings.break_even(mean_value)
    predictors = list(parts[0].predictions)
    books = [
        {n: _Book(p.y, np.asarray(q, dtype=np.float64), v, settings) for n, q in p.predictions.items()}
        for p, v in zip(parts, values, strict=True)
    ]
    curve = np.zeros((len(predictors), resamples, len(DEPTHS)))
    rest = np.zeros((len(predictors), resamples, 3))
    for which, weights in resample_weights([p.customer for p in parts], resamples, seed):
        for row, w in zip(books, weights, strict=True):
            for j, book in enumerate(row.values()):
                curve[j, which] += book.curve(w) / len(parts)
                rest[j, which] += book.figures(w) / len(parts)
    ones = [np.ones((len(p.y), 1)) for p in parts]
    point_curve = np.array(
        [np.mean([b[n].curve(o)[0] for b, o in zip(books, ones, strict=True)], axis=0) for n in predictors]
    )
    point_rest = np.array(
        [np.mean([b[n].figures(o)[0] for b, o in zip(books, ones, strict=True)], axis=0) for n in predictors]
    )
    value = np.array([_figures(c, r) for c, r in zip(point_curve, point_rest, strict=True)])
    samples = np.array([_figures(c, r) for c, r in zip(curve, rest, strict=True)])

    def block(v: np.ndarray, s: np.ndarray) -> dict[str, Estimate]:
        return dict(zip(_FIGURES, estimates(v, s), strict=True))

    differences = {
        n: block(value[0] - value[j], samples[0] - samples[j]) for j, n in enumerate(predictors) if j > 0
    }
    above = estimates(value[0, [2]] - point_curve[0, -1], samples[0][:, [2]] - curve[0][:, [-1]])[0]
    return Profit(
        settings,
        float(np.mean([len(p.y) for p in parts])),
        break_even,
        {n: estimates(point_curve[j], curve[j]) for j, n in enumerate(predictors)},
        {n: block(value[j], samples[j]) for j, n in enumerate(predictors)},
        {**differences, "everybody": {"rule_profit": above}},
        currency,
    )


def _figures(curve: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return `_FIGURES` of a curve of shape (..., n_depths) and the other figures of shape (..., 3)."""
    best = np.stack([curve.max(axis=-1), DEPTHS[curve.argmax(axis=-1)]], axis=-1)
    return np.concatenate([best, rest], axis=-1)


class _Book:
    """The accounts of one predictor at one cutoff."""

    def __init__(self, y: np.ndarray, p: np.ndarray, value: np.ndarray, settings: EconomicsSettings) -> None:
        contact, offer, save = (
            float(x or 0.0) for x in (settings.contact_cost, settings.offer_cost, settings.save_chance)
        )
        wasted = settings.stayers_accept * offer
        self.judge = Judge(y, p)
        self.gain = y * save * (value - offer) - (1 - y) * wasted - contact
        self.contacted = (expected_profit(p, value, settings) > 0).astype(np.float64)
        self.terms = float(value.mean()) - offer, wasted, contact
        self.beta = save * settings.save_chance_weight, (1 - save) * settings.save_chance_weight

    def curve(self, weights: np.ndarray) -> np.ndarray:
        """Return the profit per customer at each of `DEPTHS`, shape (k, n_depths)."""
        gained, reached = self.judge.cumulated(weights, self.gain)
        total = reached[-1]
        return np.asarray((hits_at(gained, reached, DEPTHS[:, None] * total) / total).T)

    def figures(self, weights: np.ndarray) -> np.ndarray:
        """Return profit and depth of the rule, and the expected maximum profit, shape (k, 3)."""
        total = weights.sum(axis=0)
        rule = np.einsum("i,ij->j", self.gain * self.contacted, weights) / total
        depth = np.einsum("i,ij->j", self.contacted, weights) / total
        positive, reached = self.judge.cumulated(weights)
        most = [
            expected_maximum(positive[:, j] / total[j], reached[:, j] / total[j], *self.terms, *self.beta)
            for j in range(weights.shape[1])
        ]
        return np.stack([rule, depth, np.array(most)], axis=-1)


def expected_maximum(
    positive: np.ndarray,
    reached: np.ndarray,
    gain: float,
    wasted: float,
    contact: float,
    alpha: float,
    beta: float,
) -> float:
    """Return the expected maximum profit per customer, over Beta distributed chances to save.

    Parameters
    ----------
    positive, reached : numpy.ndarray of shape (n_groups,)
        Churners and customers reached down to each group of equal scores, as shares of all customers.
    gain, wasted, contact : float
        Value of a saved customer less the offer; cost of an offer to a stayer; cost of a contact.
    alpha, beta : float
        Of the chance to save.

    Returns
    -------
    float

    Notes
    -----
    Verbraken et al. (2013), eq. 15. On the convex hull of the ROC curve the churn rate falls from block to
    block, so a block of rate ``r`` is contacted where the chance is above ``(contact + (1 - r) wasted) / (r
    gain)``, and the integral is a sum over blocks. The hull's blocks are those of the isotonic regression of
    the outcome on the score.

    Examples
    --------
    >>> round(expected_maximum(np.array([0.5]), np.array([1.0]), 190.0, 10.0, 1.0, 6.0, 14.0), 2)
    22.5
    """
    from scipy.optimize import isotonic_regression
    from scipy.special import betainc

    if gain <= 0:
        return 0.0
    width = np.diff(reached, prepend=0.0)
    seen = width > 0
    width, hits = width[seen], np.diff(positive, prepend=0.0)[seen]
    blocks = isotonic_regression(hits / width, weights=width, increasing=False).blocks
    w, h = np.add.reduceat(width, blocks[:-1]), np.add.reduceat(hits, blocks[:-1])
    cost = contact * w + wasted * (w - h)
    with np.errstate(divide="ignore"):
        least = np.clip(np.where(h > 0, cost / np.maximum(gain * h, 1e-300), 1.0), 0.0, 1.0)
    chance = 1 - betainc(alpha, beta, least)
    mean = alpha / (alpha + beta) * (1 - betainc(alpha + 1, beta, least))
    return float((gain * h * mean - cost * chance).sum())
