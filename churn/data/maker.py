"""From latent numbers and draws to the tables of a shop: days into instants, rows into ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churn.data import posterior
from churn.data import truth as latent
from churn.data.shop import Course
from churn.data.truth import FloatArray, IntArray, Season


def draw_requests(rng: np.random.Generator, chance: FloatArray, *, complaint: bool) -> pd.DataFrame:
    """Draw the requests that follow orders (`order` is the row); delays in days, a reply may never come.

    Examples
    --------
    >>> asked = draw_requests(np.random.default_rng(0), np.array([0.0, 1.0]), complaint=True)
    >>> asked["order"].tolist()
    [1]
    """
    return pd.DataFrame(request_numbers(rng, chance, complaint=complaint))


def request_numbers(
    rng: np.random.Generator, chance: FloatArray, *, complaint: bool
) -> dict[str, np.ndarray[Any, Any]]:
    """Draw what `draw_requests` does, as arrays: many small draws are faster without a frame.

    Examples
    --------
    >>> request_numbers(np.random.default_rng(0), np.array([0.0, 1.0]), complaint=False)["order"].tolist()
    [1]
    """
    order = np.flatnonzero(rng.random(len(chance)) < chance)
    count = len(order)
    fast = np.where(rng.random(count) < 0.98, 0.2 * np.exp(rng.normal(0, 0.8, count)), np.inf)
    reply = latent.draw_replies(rng, count) if complaint else fast
    mood = np.where(reply > 3, 2.1, 3.6) if complaint else np.full(count, 4.3)
    rating = np.clip(np.round(rng.normal(mood, 0.8)), 1, 5)
    asked: dict[str, np.ndarray[Any, Any]] = {"order": order, "reply": reply}
    asked["is_complaint"] = np.full(count, complaint)
    asked["delay"], asked["hurt"] = rng.exponential(2, count), rng.random(count)
    asked["resolve"] = np.where(rng.random(count) < 0.92, rng.exponential(1.5, count), np.inf)
    asked["rating"] = np.where(rng.random(count) < 0.4, rating, np.nan)
    asked["channel"] = rng.choice(["email", "phone", "chat"], count, p=[0.5, 0.2, 0.3])
    return asked


class Maker:
    """Turns latent numbers into tables: days into instants, rows into ids, nothing at or after the end.

    Parameters
    ----------
    who : DataFrame
        The latent customers, as `churn.data.truth.draw_people` draws them.
    leaves : ndarray
        When each of them starts to fade.
    start : pd.Timestamp
        Day 0.
    days : float
        The end.
    ids : Index, optional
        Their ids; numbered when left out.
    """

    def __init__(
        self,
        who: pd.DataFrame,
        leaves: FloatArray,
        start: pd.Timestamp,
        days: float,
        ids: pd.Index | None = None,
    ) -> None:
        self.who, self.leaves, self.start, self.days = who, leaves, start, days
        self.ids = pd.Index([f"C{n:06d}" for n in range(1, len(who) + 1)]) if ids is None else ids
        self.ordered: dict[str, FloatArray] = {}
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
        return self.returned(owner[sent], cand["time"].to_numpy()[sent], time[sent], amount[sent])

    def returned(
        self, owner: IntArray, ordered: FloatArray, time: FloatArray, amount: FloatArray
    ) -> pd.DataFrame:
        """Return the table of goods sent back; notes when they were ordered."""
        table = self.table(owner, time, "time", {"amount": amount, "ordered": ordered})
        self.ordered["returns"] = table.pop("ordered").to_numpy()
        return table

    def tickets(self, cand: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
        """Return the requests of the orders that were placed, as they stood at the end."""
        row = requests["order"].to_numpy()
        ordered = cand["time"].to_numpy()[row]
        opened = ordered + requests["delay"].to_numpy()
        reply = opened + requests["reply"].to_numpy()
        resolved = reply + requests["resolve"].to_numpy()
        rest: dict[str, object] = {"first_reply": self.instants(reply, self.days)}
        rest["resolved"] = self.instants(resolved, self.days)
        rest |= {"is_complaint": requests["is_complaint"], "channel": requests["channel"]}
        rest["satisfaction"] = np.where(resolved < self.days, requests["rating"].to_numpy(), np.nan)
        rest["ordered"] = ordered
        table = self.table(cand["who"].to_numpy()[row], opened, "opened", rest)
        self.ordered["tickets"] = table.pop("ordered").to_numpy()
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

    def course(self) -> Course:
        """Return what a changed future is drawn from; after the tables."""
        return Course(self.who, self.ordered["returns"], self.ordered["tickets"])
