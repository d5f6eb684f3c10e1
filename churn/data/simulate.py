"""A simulated shop: customers who buy in their own rhythm, complain, and one day fade away.

Why each of them leaves is known, and so is the exact probability of it: models can be held against the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.data import posterior
from churn.data import truth as latent
from churn.data.maker import Maker, draw_requests
from churn.data.responses import KINDS
from churn.data.shop import ShopTables
from churn.data.truth import Season
from churn.errors import ParameterError

_STREAMS = ("people", "orders", "complaints", "questions", "returns", "visits", "mail", "profile")


@dataclass(frozen=True, eq=False, repr=False)
class Shop(ShopTables):
    """A simulated shop that also knows every customer's true probability; see `ShopTables` for its attributes.

    Examples
    --------
    >>> sorted(make_shop(100, seed=1).tables())
    ['customers', 'interactions', 'orders', 'returns', 'tickets']
    """

    def churn_probability(
        self, as_of: str | pd.Timestamp, horizon_days: float, gap_days: float = 0, knowing: str = "everything"
    ) -> pd.Series:
        """Return each customer's true probability of no order in [as_of + gap, as_of + gap + horizon).

        It rests on the latent numbers and on all that happened before `as_of`. Whether the fading has begun is
        known, or inferred from the log: no model can do better than that. Complaints not opened by then are
        left out, as they need a new order: with no gap they hardly matter; with 30 days of gap and an effect
        of 1 the mean comes out 0.004 too low.

        Parameters
        ----------
        as_of : str or pd.Timestamp
            The cutoff, after `start` and not after `end`; without a zone it is UTC.
        horizon_days : float
            Length of the window in days.
        gap_days : float
            Days between the cutoff and the window.
        knowing : str
            "everything", or "log": the latent numbers, but of the state only what the log tells.

        Returns
        -------
        pd.Series
            Probability by customer id, for the customers whose first order is before `as_of`.

        Raises
        ------
        ParameterError
            If the cutoff is outside the span, the window has no length, or `knowing` is something else.

        Examples
        --------
        >>> chance = make_shop(100, seed=1).churn_probability("2025-10-01", horizon_days=60)
        >>> chance.index.name, bool(chance.between(0, 1).all())
        ('customer', True)
        """
        return posterior.no_order_probability(self, as_of, horizon_days, gap_days, knowing)

    def contacted(self, contacts: pd.DataFrame, *, effect: float = 1.0) -> Shop:
        """Return the shop as it would be had these contacts been made.

        The past stays as it is, and so do the customers whom the contacts do not change; see
        :func:`churn.data.shop_campaigns.contacted`, which says more.

        Parameters
        ----------
        contacts : DataFrame
            Columns customer, kind (survey, email_series, call, discount, bonus, gift, points or news) and time.
        effect : float
            By which every probability of an effect is multiplied; with 0 the shop stays as it is.

        Returns
        -------
        Shop
            The other shop; its `contacts` say what each contact did.

        Raises
        ------
        ParameterError
            If a contact cannot be made.

        Examples
        --------
        >>> shop = make_shop(100, seed=1)
        >>> one = pd.DataFrame({"customer": ["C000001"], "kind": ["gift"], "time": ["2025-06-01"]})
        >>> shop.contacted(one).contacts["outcome"].tolist()
        ['nothing']
        """
        from churn.data.shop_campaigns import contacted

        return contacted(self, contacts, effect=effect)

    def responses(self, *, within_days: float = 60.0) -> pd.DataFrame:
        """Return who took an offer within so many days, and who wants no more mail after the one that drove him away.

        Returns
        -------
        DataFrame
            One row per response: customer, kind, contacted, time, response ("redeemed" or "unsubscribed").

        Examples
        --------
        >>> len(make_shop(20, seed=1).responses())
        0
        """
        from churn.data.shop_campaigns import responses

        return responses(self, within_days=within_days)

    def truth_of_effects(
        self,
        as_of: str | pd.Timestamp,
        horizon_days: float,
        actions: Sequence[str] = KINDS,
        *,
        gap_days: float = 0,
        knowing: str = "everything",
        effect: float = 1.0,
    ) -> pd.DataFrame:
        """Return each customer's probability of staying, and expected net value, without and with each action.

        Parameters
        ----------
        as_of : str or pd.Timestamp
            When the contact is made.
        horizon_days, gap_days : float
            To stay is to order in [as_of + gap, as_of + gap + horizon).
        actions : sequence of str
            Kinds of contact.
        knowing : str
            "everything", or "log": the best that a model can know.
        effect : float
            As in `contacted`.

        Returns
        -------
        DataFrame
            One row per customer and action: customer, action, stays_without, stays_with, effect, value_without,
            value_with, takes, type; see :func:`churn.data.potential.truth_of_effects`.

        Examples
        --------
        >>> effects = make_shop(100, seed=1).truth_of_effects("2025-10-01", 60, ["gift"])
        >>> bool((effects["effect"] >= 0).all())
        True
        """
        from churn.data.potential import truth_of_effects

        return truth_of_effects(
            self, as_of, horizon_days, actions, gap_days=gap_days, knowing=knowing, effect=effect
        )

    def past_campaigns(
        self,
        dates: Sequence[str | pd.Timestamp],
        actions: Sequence[str] = ("call", "email_series", "discount"),
        *,
        treated_share: float = 0.5,
        active_days: float = 180,
        consent_only: bool = True,
        seed: int = 0,
        effect: float = 1.0,
    ) -> tuple[Shop, pd.DataFrame]:
        """Return the shop after randomised campaigns, and who was assigned to what in them.

        At each date everyone whose last order is at most `active_days` old is given an action by lot, and by
        another lot is contacted or held out.

        Parameters
        ----------
        dates : sequence of str or pd.Timestamp
            When the campaigns are, in order.
        actions : sequence of str
            Kinds of contact.
        treated_share : float
            Probability of being contacted.
        active_days : float
            How old the last order may be.
        consent_only : bool
            Whether only who consented takes part.
        seed : int
            Of the lots.
        effect : float
            As in `contacted`.

        Returns
        -------
        tuple of (Shop, DataFrame)
            The shop, and one row per campaign and customer: campaign, customer, arm ("treated" or "holdout"),
            action, time.

        Examples
        --------
        >>> shop, lots = make_shop(200, seed=1).past_campaigns(["2025-03-01", "2025-06-01"])
        >>> bool(len(shop.contacts) == (lots["arm"] == "treated").sum())
        True
        """
        from churn.data.past_campaigns import past_campaigns

        return past_campaigns(
            self,
            dates,
            actions,
            treated_share=treated_share,
            active_days=active_days,
            consent_only=consent_only,
            seed=seed,
            effect=effect,
        )


def make_shop(
    customers: int = 2000,
    *,
    seed: int = 0,
    days: int = 1095,
    end: str | pd.Timestamp = "2025-12-31",
    ignored_effect: float = 0.5,
    ignored_after_days: float = 7,
) -> Shop:
    """Simulate a shop whose customers leave for known reasons.

    Customers order at a rate and with a regularity of their own, on a clock that follows hour, weekday and
    season. They leave by drifting away, or because a complaint was ignored: their orders, visits and amounts
    fade over some weeks and stop for ever. The draws are the same whatever `ignored_effect` is.

    Parameters
    ----------
    customers : int
        Number of customers.
    seed : int
        Seed; the same seed gives the same shop.
    days : int
        Length of the span.
    end : str or pd.Timestamp
        Midnight (UTC) of the first day after the span.
    ignored_effect : float
        Probability that an ignored complaint makes the customer leave; 0 for a shop in which it never does.
    ignored_after_days : float
        Days without a reply after which a complaint is ignored.

    Returns
    -------
    Shop
        The tables and the truth behind them.

    Raises
    ------
    ParameterError
        If a value is outside its range.

    Examples
    --------
    >>> shop = make_shop(200, seed=3)
    >>> len(shop.customers), bool((shop.orders["time"] < shop.end).all())
    (200, True)
    """
    latent.number("customers", customers, 1, 10_000_000, "2000", whole=True)
    latent.number("seed", seed, 0, 2**63, "0", whole=True)
    latent.number("days", days, 30, 36_600, "1095", whole=True)
    latent.number("ignored_effect", ignored_effect, 0, 1, "0.5")
    latent.number("ignored_after_days", ignored_after_days, 0.1, 365, "7")
    last = latent.instant("end", end)
    if last != last.normalize():
        fix = "Set end='2025-12-31', for example."
        raise ParameterError("end is not a midnight in UTC.", given=str(last), allowed="a date", fix=fix)
    start = last - pd.Timedelta(days=int(days))
    seeds = np.random.SeedSequence(int(seed)).spawn(len(_STREAMS))
    rng = {name: np.random.default_rng(child) for name, child in zip(_STREAMS, seeds, strict=True)}
    season = Season(start, days)

    who = latent.draw_people(rng["people"], int(customers), season)
    cand = _candidates(rng["orders"], who, season)
    owner, effort = cand["who"].to_numpy(), cand["effort"].to_numpy()
    complaints = draw_requests(rng["complaints"], who["complains"].to_numpy()[owner], complaint=True)
    questions = draw_requests(rng["questions"], np.full(len(cand), 0.08), complaint=False)
    # An ignored complaint comes before the customer leaves, so its order is where it would be without fading.
    hurt = complaints[(complaints["reply"] > ignored_after_days) & (complaints["hurt"] < ignored_effect)]
    ignored = season.time(effort[hurt["order"]]) + hurt["delay"].to_numpy() + ignored_after_days
    trigger = np.full(len(who), np.inf)
    np.minimum.at(trigger, owner[hurt["order"]], ignored)
    leaves = np.minimum(who["drift"].to_numpy(), trigger)
    cand["time"] = season.reaches(effort, leaves[owner], who["fade"].to_numpy()[owner])

    make = Maker(who, leaves, start, float(days))
    return Shop(
        orders=make.orders(cand),
        returns=make.returns(cand, rng["returns"]),
        tickets=make.tickets(cand, pd.concat([complaints, questions], ignore_index=True)),
        interactions=make.interactions(cand, season, rng["visits"], rng["mail"]),
        customers=make.customers(rng["profile"]),
        truth=make.truth(),
        start=start,
        end=last,
        seed=int(seed),
        ignored_effect=float(ignored_effect),
        ignored_after_days=float(ignored_after_days),
        course=make.course(),
    )


def _candidates(rng: np.random.Generator, who: pd.DataFrame, season: Season) -> pd.DataFrame:
    """Draw every order there would be if no complaint mattered, each at its `effort` (Season.effort)."""
    join, drift, fade, rate = (who[name].to_numpy() for name in ("join", "drift", "fade", "rate_per_day"))
    first = season.clock(join)
    most = rate * (season.effort(np.array([season.last]), drift, fade) - first)
    sizes = np.ceil(most + 7 * np.sqrt(most) + 12).astype(np.int64)  # more than are ever needed, cut below
    starts = np.cumsum(sizes) - sizes
    owner = np.repeat(np.arange(len(who)), sizes)
    shape = who["shape"].to_numpy()[owner]
    gaps = rng.standard_gamma(shape) / shape
    gaps[starts] = 0.0  # the first order is the joining
    spent = np.cumsum(gaps)
    spent -= spent[starts][owner]
    kept = spent <= most[owner]
    owner, spent = owner[kept], spent[kept]
    count = len(owner)
    more, chosen = rng.exponential(posterior.MORE_PRODUCTS, count), rng.integers(0, 3, count)
    size = np.exp(rng.normal(0, posterior.AMOUNT_NOISE, count)) * np.sqrt(0.6 + 0.4 * more)
    size = who["spend"].to_numpy()[owner] * size
    effort = first[owner] + spent / rate[owner]
    cand = pd.DataFrame({"who": owner, "effort": effort, "size": size, "more": more})
    cand["channel"] = np.where(rng.random(count) < 0.85, who["channel"].to_numpy()[owner], chosen)
    return cand.assign(extra=rng.poisson(0.6, count), lead=rng.exponential(12 / 1440, count))
