"""A simulated shop: customers who buy in their own rhythm, complain, and one day fade away.

Why each of them leaves is known, and so is the exact probability of it: models can be held against the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.data import posterior
from churn.data import truth as latent
from churn.data.shop import ShopTables
from churn.data.truth import FloatArray, IntArray, Season
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
    complaints = _requests(rng["complaints"], who["complains"].to_numpy()[owner], complaint=True)
    questions = _requests(rng["questions"], np.full(len(cand), 0.08), complaint=False)
    # An ignored complaint comes before the customer leaves, so its order is where it would be without fading.
    hurt = complaints[(complaints["reply"] > ignored_after_days) & (complaints["hurt"] < ignored_effect)]
    ignored = season.time(effort[hurt["order"]]) + hurt["delay"].to_numpy() + ignored_after_days
    trigger = np.full(len(who), np.inf)
    np.minimum.at(trigger, owner[hurt["order"]], ignored)
    leaves = np.minimum(who["drift"].to_numpy(), trigger)
    cand["time"] = season.reaches(effort, leaves[owner], who["fade"].to_numpy()[owner])

    make = _Maker(who, leaves, start, float(days))
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


def _requests(rng: np.random.Generator, chance: FloatArray, *, complaint: bool) -> pd.DataFrame:
    """Draw the requests that follow orders (`order` is the row); delays in days, a reply may never come."""
    order = np.flatnonzero(rng.random(len(chance)) < chance)
    count = len(order)
    fast = np.where(rng.random(count) < 0.98, 0.2 * np.exp(rng.normal(0, 0.8, count)), np.inf)
    reply = latent.draw_replies(rng, count) if complaint else fast
    mood = np.where(reply > 3, 2.1, 3.6) if complaint else np.full(count, 4.3)
    rating = np.clip(np.round(rng.normal(mood, 0.8)), 1, 5)
    asked = pd.DataFrame({"order": order, "reply": reply, "is_complaint": complaint})
    asked["delay"], asked["hurt"] = rng.exponential(2, count), rng.random(count)
    asked["resolve"] = np.where(rng.random(count) < 0.92, rng.exponential(1.5, count), np.inf)
    asked["rating"] = np.where(rng.random(count) < 0.4, rating, np.nan)
    return asked.assign(channel=rng.choice(["email", "phone", "chat"], count, p=[0.5, 0.2, 0.3]))


class _Maker:
    """Turns latent numbers into tables: days into instants, rows into ids, nothing at or after the end."""

    def __init__(self, who: pd.DataFrame, leaves: FloatArray, start: pd.Timestamp, days: float) -> None:
        self.who, self.leaves, self.start, self.days = who, leaves, start, days
        self.ids = pd.Index([f"C{n:06d}" for n in range(1, len(who) + 1)])
        self.joined = who["join"].to_numpy() - 0.01  # the account, a quarter of an hour before the order

    def table(self, owner: IntArray, time: FloatArray, name: str, rest: dict[str, object]) -> pd.DataFrame:
        """Return rows sorted by time, without those that are not in the span."""
        frame = pd.DataFrame({"customer": owner, name: time} | rest)
        frame = frame[time < self.days].sort_values(name, kind="stable", ignore_index=True)
        frame["customer"] = self.ids.take(frame["customer"].to_numpy())
        frame[name] = self.instants(frame[name].to_numpy(), self.days)
        return frame

    def instants(self, days: FloatArray, before: float) -> pd.DatetimeIndex:
        """Return instants to the second, missing from `before` on."""
        known, moment = days < before, np.full(len(days), np.datetime64("NaT", "us"))
        seconds = np.floor(days[known] * 86_400).astype("m8[s]")
        moment[known] = self.start.tz_localize(None).to_datetime64() + seconds
        return pd.DatetimeIndex(moment).tz_localize("UTC")

    def strength(self, owner: IntArray, time: FloatArray, share: float = 1.0) -> FloatArray:
        """Return what is left of a customer's activity: 1 before the fading, 0 after that share of it."""
        return posterior.strength(time, self.leaves[owner], self.who["fade"].to_numpy()[owner] * share)

    def orders(self, cand: pd.DataFrame) -> pd.DataFrame:
        """Return the orders; adds to `cand` the amounts, which shrink in the fade, as the products do."""
        owner, time = cand["who"].to_numpy(), cand["time"].to_numpy()
        left = np.nan_to_num(self.strength(owner, time))
        products = 1 + np.floor(cand["more"].to_numpy() * left).astype(np.int64)
        kept = posterior.AMOUNT_KEPT + (1 - posterior.AMOUNT_KEPT) * left
        cand["amount"] = np.round(np.maximum(cand["size"].to_numpy() * kept, 1), 2)
        rest: dict[str, object] = {"amount": cand["amount"], "order_id": ""}
        rest |= {"quantity": products + cand["extra"].to_numpy(), "products": products}
        rest["channel"] = pd.Index(["web", "app", "store"]).take(cand["channel"].to_numpy())
        table = self.table(owner, time, "time", rest)
        return table.assign(order_id=[f"O{n:07d}" for n in range(1, len(table) + 1)])

    def returns(self, cand: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """Return the goods sent back, 3 to 20 days after the order: all of it, or a part."""
        owner, count = cand["who"].to_numpy(), len(cand)
        sent = rng.random(count) < self.who["returns"].to_numpy()[owner]
        time = cand["time"].to_numpy() + rng.uniform(3, 20, count)
        part = np.where(rng.random(count) < 0.5, 1.0, rng.uniform(0.2, 0.9, count))
        amount = np.round(cand["amount"].to_numpy() * part, 2)
        return self.table(owner[sent], time[sent], "time", {"amount": amount[sent]})

    def tickets(self, cand: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Return the requests of the orders that were placed, as they stood at the end."""
        row = requests["order"].to_numpy()
        opened = cand["time"].to_numpy()[row] + requests["delay"].to_numpy()
        reply = opened + requests["reply"].to_numpy()
        resolved = reply + requests["resolve"].to_numpy()
        rest: dict[str, object] = {"first_reply": self.instants(reply, self.days)}
        rest["resolved"] = self.instants(resolved, self.days)
        rest |= {"is_complaint": requests["is_complaint"], "channel": requests["channel"]}
        rest["satisfaction"] = np.where(resolved < self.days, requests["rating"].to_numpy(), np.nan)
        table = self.table(cand["who"].to_numpy()[row], opened, "opened", rest)
        table.insert(0, "ticket_id", [f"T{n:07d}" for n in range(1, len(table) + 1)])
        return table

    def interactions(
        self, cand: pd.DataFrame, season: Season, visiting: np.random.Generator, mailing: np.random.Generator
    ) -> pd.DataFrame:
        """Return visits, those just before web and app orders among them, and openings of the weekly mail."""
        join, everyone = self.who["join"].to_numpy(), np.arange(len(self.who))
        stop = self.who["drift"].to_numpy() + self.who["fade"].to_numpy() * posterior.VISITS_FADE
        stop = np.minimum(stop, self.days)

        first, until = season.clock(join), season.clock(stop)
        guest = np.repeat(everyone, visiting.poisson(self.who["visits"].to_numpy() * (until - first)))
        seen = season.time(first[guest] + visiting.random(len(guest)) * (until - first)[guest])
        kept = visiting.random(len(guest)) < self.strength(guest, seen, posterior.VISITS_FADE)
        guest, seen = guest[kept], seen[kept]
        bought = cand[cand["channel"] < 2]
        buyer, device = bought["who"].to_numpy(), bought["channel"].to_numpy()
        before = np.maximum(bought["time"].to_numpy() - bought["lead"].to_numpy(), self.joined[buyer])

        reader, opened = posterior.draw_openings(mailing, self.who, self.leaves, stop, self.start)
        kind = np.repeat([0, 0, 1], [len(guest), len(buyer), len(reader)])
        liked = np.array([0, 1, 0])[self.who["channel"].to_numpy()]  # who prefers the store looks at the web
        channel = np.concatenate([liked[guest], device, np.full(len(reader), 2)])
        rest: dict[str, object] = {"kind": pd.Index(["visit", "email_open"]).take(kind)}
        rest["channel"] = pd.Index(["web", "app", "email"]).take(channel)
        owner = np.concatenate([guest, buyer, reader])
        return self.table(owner, np.concatenate([seen, before, opened]), "time", rest)

    def customers(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return what the shop knows of each customer."""
        business = self.who["business"].to_numpy(dtype=np.int64)
        countries = ["DE", "FR", "AT", "NL", "CH", "PL"]
        frame = pd.DataFrame({"customer": self.ids, "joined": self.instants(self.joined, self.days)})
        frame["country"] = rng.choice(countries, len(self.ids), p=[0.5, 0.15, 0.1, 0.1, 0.05, 0.1])
        frame["segment"] = pd.Index(["consumer", "business"]).take(business)
        return frame.assign(consent=self.who["consent"], email=self.ids.str.lower() + "@example.com")

    def truth(self) -> pd.DataFrame:
        """Return the latent numbers and who leaves, when and why."""
        stays, fade = self.leaves >= self.days, self.who["fade"].to_numpy()
        reason = np.where(self.leaves < self.who["drift"], "ignored complaint", "drifted away").astype(object)
        reason[stays] = None
        leaves = np.where(stays, np.inf, self.leaves)
        frame = pd.DataFrame({"customer": self.ids, "leaves_at": self.instants(leaves, self.days)})
        frame["gone_at"] = self.instants(leaves + fade, np.inf)
        frame["reason"] = pd.Series(reason, dtype=object)
        names = {"visits": "visits_per_day", "reads": "open_probability", "fade": "fade_days"}
        who = self.who.rename(columns=names)
        return frame.join(who[["rate_per_day", "shape", "hazard_per_day", *sorted(names.values()), "spend"]])
