"""Who is on the at-risk list, in which order, by which rule, and whom the rule leaves out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.config import EconomicsSettings, ScoringSettings, ValueSettings
from churn.display import format_amount, format_count, format_percent
from churn.errors import ParameterError
from churn.model.bands import LISTED_FROM, is_listed, odds_of
from churn.model.economics import expected_profit
from churn.model.value.spend import SpendModel

LIST_BY = ("money", "threshold", "odds")


@dataclass(frozen=True)
class Listing:
    """The list.

    Attributes
    ----------
    chosen : numpy.ndarray of int64, shape (n_listed,)
        Rows of those who are listed: by money most expected profit first, otherwise most value at stake.
    at_risk : int
        How many the rule would list, also where a capacity shortens the list.
    rule : str
        The rule in words, and whom it leaves out.
    list_by : str
        One of `LIST_BY`.
    left_out : dict of str to int
        How many are left out by ``cost``, ``threshold``, ``odds`` and ``capacity``; with the listed they are all.
    expected_profit : numpy.ndarray of shape (n_customers,)
        What a contact is expected to earn; NaN where the costs are not given.
    money : dict
        The sums of it: of the listed, and at the depth that earns most; empty where the costs are not given.
    """

    chosen: np.ndarray
    at_risk: int
    rule: str
    list_by: str
    left_out: dict[str, int]
    expected_profit: np.ndarray
    money: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return rule, counts and sums as plain values for JSON."""
        return {
            "list_by": self.list_by,
            "rule": self.rule,
            "at_risk": self.at_risk,
            "listed": len(self.chosen),
            "left_out": self.left_out,
            "money": self.money or None,
        }


def list_rule(settings: ScoringSettings, economics: EconomicsSettings | None = None) -> str:
    """Return by what the list is made: the setting, or what follows from the other settings.

    Raises
    ------
    ParameterError
        The settings do not go together, or something that the rule needs is not given.

    Examples
    --------
    >>> list_rule(ScoringSettings()), list_rule(ScoringSettings(threshold=0.5))
    ('odds', 'threshold')
    """
    economics = economics or EconomicsSettings()
    by = settings.list_by
    if by is None:
        return (
            "threshold"
            if economics.missing and settings.threshold is not None
            else ("odds" if economics.missing else "money")
        )
    if by == "money" and (missing := _missing(economics)):
        raise ParameterError(
            "The list cannot go by money",
            given=f"without economics.{', economics.'.join(missing)}",
            allowed="; ".join(f"list_by {x}" for x in LIST_BY),
            fix=f"Set economics.{' and economics.'.join(missing)} in the configuration, or list by odds.",
            code="economics",
        )
    if by == "threshold" and settings.threshold is None:
        raise ParameterError(
            "The list is to go by a threshold, and none is given",
            allowed="a churn probability above 0 and below 1",
            fix="Set scoring.threshold, or give --threshold.",
            code="no-threshold",
        )
    if by == "odds" and settings.threshold is not None:
        raise ParameterError(
            "The list is to go by odds, and a threshold is given too",
            given=f"threshold {settings.threshold:g}",
            fix="Leave the threshold away, or list by threshold.",
            code="two-rules",
        )
    return by


def value_if_saved(
    spend: SpendModel,
    churn_probability: np.ndarray,
    if_staying: np.ndarray,
    economics: EconomicsSettings,
    value: ValueSettings,
    *,
    cutoff: int | None = None,
) -> np.ndarray:
    """Return what each customer is worth if saved, before the offer, as `economics.value_from` says; shape (n_rows,).

    Parameters
    ----------
    spend : SpendModel
        Forecasts the lifetime.
    churn_probability, if_staying : numpy.ndarray of shape (n_rows,)
        Probability, and spend in the horizon if the customer stays; where that is not known, `saved_value` stands in.
    economics : EconomicsSettings
        Which value counts, and the share of it that is earned.
    value : ValueSettings
        Days and discount rate of the lifetime.
    cutoff : int, optional
        The instant T, for the season.
    """
    fallback = float(economics.saved_value or 0.0)
    if economics.value_from == "saved_value":
        return np.full(len(if_staying), fallback)
    worth = if_staying
    if economics.value_from == "lifetime":
        worth = spend.lifetime(
            churn_probability, if_staying, cutoff=cutoff, if_saved=True, **value.model_dump()
        )
    return np.where(np.isnan(worth), fallback, economics.margin * worth)


def choose(
    churn_probability: np.ndarray,
    stake: np.ndarray,
    settings: ScoringSettings,
    economics: EconomicsSettings | None = None,
    saved: np.ndarray | None = None,
) -> Listing:
    """Choose whom to list.

    Parameters
    ----------
    churn_probability, stake : numpy.ndarray of shape (n_customers,)
        Of the active customers, in the order of their ids, which settles ties: the probability, and the value at stake.
    settings : ScoringSettings
        Rule, threshold, and size of the list.
    economics : EconomicsSettings, optional
        Costs, chance to save, and capacity.
    saved : numpy.ndarray of shape (n_customers,), optional
        What each is worth if saved, from `value_if_saved`; `economics.saved_value` when left out.

    Returns
    -------
    Listing

    Raises
    ------
    ParameterError
        The settings do not go together.

    Notes
    -----
    By money everybody is listed whose contact is expected to earn more than it costs, see
    `churn.model.economics.expected_profit`; with a threshold, only from there on. So the length of the list is the
    depth at which the expected profit is largest.

    Examples
    --------
    >>> listing = choose(np.array([0.9, 0.2, 0.7]), np.array([1.0, 5.0, 3.0]), ScoringSettings(threshold=0.5))
    >>> listing.chosen.tolist(), listing.rule
    ([2, 0], 'Listed: churn probability of 50 % or more. Below it: 1 customers.')
    """
    economics = economics or EconomicsSettings()
    by, p = list_rule(settings, economics), churn_probability
    gain = np.full(len(p), np.nan)
    if not _missing(economics):
        gain = expected_profit(p, float(economics.saved_value or 0.0) if saved is None else saved, economics)
    left = dict.fromkeys(("cost", "threshold", "odds", "capacity"), 0)
    fits = np.ones(len(p), dtype=bool)
    if by == "money":
        fits = gain > 0
        left["cost"] = int((~fits).sum())
    if settings.threshold is not None:
        above = is_listed(p, settings.threshold)
        left["threshold"] = int((fits & ~above).sum())
        fits &= above
    elif by == "odds":
        fits = is_listed(p)
        left["odds"] = int((~fits).sum())
    chosen = np.flatnonzero(fits)
    first = gain[chosen] if by == "money" else stake[chosen]
    chosen = chosen[np.lexsort((chosen, -p[chosen], -stake[chosen], -first))]
    at_risk = len(chosen)
    limit, named = _limit(settings, economics)
    if limit is not None and at_risk > limit:
        left["capacity"] = at_risk - limit
        chosen = chosen[:limit]
    money = _money(gain, chosen, at_risk, economics, settings.currency)
    return Listing(chosen, at_risk, _words(by, p, settings, left, named, money), by, left, gain, money)


def _missing(economics: EconomicsSettings) -> tuple[str, ...]:
    """Return the keys that an expected profit needs and that are not given."""
    own = economics.value_from != "saved_value"
    return tuple(k for k in economics.missing if not (own and k == "saved_value"))


def _limit(settings: ScoringSettings, economics: EconomicsSettings) -> tuple[int | None, str]:
    """Return how many are listed at most, and the setting that says so."""
    given = ((settings.top, "top"), (economics.capacity, "capacity"))
    limits = [(n, f"{name}: {n}") for n, name in given if n is not None]
    return min(limits, key=lambda limit: limit[0]) if limits else (None, "")


def _money(
    gain: np.ndarray, chosen: np.ndarray, at_risk: int, economics: EconomicsSettings, currency: str
) -> dict[str, Any]:
    """Return the sums of the expected profit; empty where it is not known."""
    if _missing(economics):
        return {}
    pays = gain > 0
    return {
        "terms": _terms(economics, currency),
        "expected_profit_listed": float(gain[chosen].sum()),
        "best_customers": int(pays.sum()),
        "best_depth": float(pays.mean()) if len(gain) else 0.0,
        "best_expected_profit": float(gain[pays].sum()),
        "expected_profit_everybody": float(gain.sum()),
        "shortened": at_risk > len(chosen),
    }


def _terms(economics: EconomicsSettings, currency: str) -> str:
    """Say what a contact costs and brings."""
    contact, offer, saved = (
        format_amount(float(x or 0), currency)
        for x in (economics.contact_cost, economics.offer_cost, economics.saved_value)
    )
    if economics.value_from == "saved_value":
        worth = saved
    else:
        share = "" if economics.margin == 1 else f"{100 * economics.margin:g} % of "
        over = "in the horizon" if economics.value_from == "spend" else "over the lifetime"
        worth = f"{share}the own spend {over}"
    return f"contact {contact}, offer {offer}, chance to save {100 * (economics.save_chance or 0):g} %, worth {worth}"


def _words(
    by: str,
    p: np.ndarray,
    settings: ScoringSettings,
    left: dict[str, int],
    named: str,
    money: dict[str, Any],
) -> str:
    """Say the rule, and whom it leaves out."""
    floor = "" if settings.threshold is None else f"{100 * settings.threshold:g} %"
    more = f"; {format_count(left['capacity'])} more left out by {named}" if left["capacity"] else ""
    if by == "money":
        rule = f"Listed: a contact is expected to earn more than it costs ({money['terms']})"
        rule += f", from a churn probability of {floor} on" if floor else ""
        earned, best = (
            format_amount(money[k], settings.currency)
            for k in ("expected_profit_listed", "best_expected_profit")
        )
        deep = f"{format_percent(money['best_depth'], 0)} of customers"
        sums = f"Expected from the listed: {earned}" + (
            f", the most that can be had, with {deep}"
            if earned == best
            else f"; the most, {best}, with {deep}"
        )
        if not money["best_customers"]:
            sums = "No contact pays by these costs"
        cost = f"Left out by cost: {format_count(left['cost'])} customers"
        cost += f", by the threshold: {format_count(left['threshold'])}" if floor else ""
        return f"{rule}{more}. {cost}. {sums}."
    if by == "threshold":
        rule, below = f"Listed: churn probability of {floor} or more", left["threshold"]
    else:
        least = LISTED_FROM * odds_of(p)[1]
        limit = format_percent(least / (1 + least), 0)
        rule = f"Listed: odds of churn at least twice the average, a probability of {limit} or more"
        below = left["odds"]
    return f"{rule}{more}. Below it: {format_count(below)} customers."
