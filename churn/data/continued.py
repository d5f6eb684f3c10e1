"""The future of customers whom a contact has changed, drawn anew from the contact on.

Each of them has random numbers of his own, so that his future rests on his own contacts alone. All times are days
since the start of the shop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from churn.data import posterior
from churn.data.maker import Maker, request_numbers
from churn.data.truth import FloatArray, Season

_MAIL_DELAY = (0.2, 1.0, 4.0)  # days from a mail to its opening: median, sd of the logarithm, the most


@dataclass(frozen=True, eq=False)
class Future:
    """What comes after the contacts, as tables; when these customers leave now, and whether over a complaint."""

    tables: dict[str, pd.DataFrame]
    ordered: dict[str, FloatArray]
    leaves: FloatArray
    hurt: np.ndarray


def draw_future(
    who: pd.DataFrame,
    ids: pd.Index,
    rngs: list[np.random.Generator],
    *,
    since: FloatArray,
    last: FloatArray,
    leaves: FloatArray,
    start: pd.Timestamp,
    days: float,
    ignored_effect: float,
    ignored_after_days: float,
) -> Future:
    """Draw orders, returns, tickets and interactions from the contact on, as of active customers.

    Parameters
    ----------
    who : DataFrame
        Their latent numbers, one row per customer.
    ids : Index
        Their ids.
    rngs : list of numpy.random.Generator
        One per customer.
    since, last, leaves : numpy.ndarray
        The contact, the last order before it, and when they leave (before ignored complaints to come).
    start, days : pd.Timestamp, float
        The span of the shop.
    ignored_effect, ignored_after_days : float
        As in `churn.make_shop`.

    Returns
    -------
    Future
        Rows of these customers alone, all after the contact.
    """
    season = Season(start, days)
    cand, requests = _candidates(who, rngs, season, since, last, leaves)
    owner, effort = cand["who"].to_numpy(), cand["effort"].to_numpy()
    hurt = requests[
        requests["is_complaint"].to_numpy(dtype=bool)
        & (requests["reply"].to_numpy() > ignored_after_days)
        & (requests["hurt"].to_numpy() < ignored_effect)
    ]
    drift, leaves = leaves, leaves.copy()
    at = season.time(effort[hurt["order"]]) + hurt["delay"].to_numpy() + ignored_after_days
    np.minimum.at(leaves, owner[hurt["order"]], at)
    cand["time"] = season.reaches(effort, leaves[owner], who["fade"].to_numpy()[owner])

    make = Maker(who.reset_index(drop=True), leaves, start, days, ids)
    tables = {"orders": make.orders(cand)}
    sent = np.flatnonzero(cand["sent"].to_numpy() < who["returns"].to_numpy()[owner])
    time, amount = cand["time"].to_numpy()[sent], cand["amount"].to_numpy()[sent]
    back = time + cand["back"].to_numpy()[sent]
    tables["returns"] = make.returned(
        owner[sent], time, back, np.round(amount * cand["part"].to_numpy()[sent], 2)
    )
    tables["tickets"] = make.tickets(cand, requests)
    tables["interactions"] = _interactions(make, cand, rngs, season, since)
    return Future(tables, make.ordered, leaves, leaves < drift)


def _candidates(
    who: pd.DataFrame,
    rngs: list[np.random.Generator],
    season: Season,
    since: FloatArray,
    last: FloatArray,
    leaves: FloatArray,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the orders to come at their `effort`, and the requests that follow them.

    Time goes on as if the customer had never faded: the first gap began with the last order and is longer than what
    has passed of it.
    """
    from scipy.special import gammaincc, gammainccinv

    rate, shape = who["rate_per_day"].to_numpy(), who["shape"].to_numpy(dtype=np.float64)
    now = season.clock(since)
    waited = rate * (now - season.clock(last))
    room = rate * (season.effort(np.array([season.last]), leaves, who["fade"].to_numpy()) - now)
    sizes = np.ceil(room + 7 * np.sqrt(np.maximum(room, 0)) + 12).astype(np.int64)
    survived = np.maximum(gammaincc(shape, shape * waited), 1e-280)
    parts: dict[str, list[Any]] = {name: [] for name in ("who", "effort", "size", "more", "channel", "extra")}
    parts |= {name: [] for name in ("lead", "sent", "back", "part")}
    asked: list[dict[str, Any]] = []
    first = 0
    complains, spend, liked = (who[n].to_numpy() for n in ("complains", "spend", "channel"))
    for i, rng in enumerate(rngs):
        gaps = rng.standard_gamma(shape[i], sizes[i]) / shape[i]
        longer = gammainccinv(shape[i], rng.random() * survived[i]) / shape[i]
        gaps[0] = max(float(longer) - waited[i], 0.0)
        spent = np.cumsum(gaps)
        count = int(np.searchsorted(spent, room[i], side="right"))
        more = rng.exponential(posterior.MORE_PRODUCTS, count)
        size = np.exp(rng.normal(0, posterior.AMOUNT_NOISE, count)) * np.sqrt(0.6 + 0.4 * more)
        parts["who"].append(np.full(count, i))
        parts["effort"].append(now[i] + spent[:count] / rate[i])
        parts["size"].append(spend[i] * size)
        parts["more"].append(more)
        chosen = rng.integers(0, 3, count)
        parts["channel"].append(np.where(rng.random(count) < 0.85, liked[i], chosen))
        parts["extra"].append(rng.poisson(0.6, count))
        parts["lead"].append(rng.exponential(12 / 1440, count))
        parts["sent"].append(rng.random(count))
        parts["back"].append(rng.uniform(3, 20, count))
        parts["part"].append(np.where(rng.random(count) < 0.5, 1.0, rng.uniform(0.2, 0.9, count)))
        for chance, complaint in ((complains[i], True), (0.08, False)):
            request = request_numbers(rng, np.full(count, chance), complaint=complaint)
            request["order"] = request["order"] + first
            asked.append(request)
        first += count
    cand = pd.DataFrame({name: np.concatenate(found) for name, found in parts.items()})
    return cand, pd.DataFrame({name: np.concatenate([a[name] for a in asked]) for name in asked[0]})


def _interactions(
    make: Maker, cand: pd.DataFrame, rngs: list[np.random.Generator], season: Season, since: FloatArray
) -> pd.DataFrame:
    """Draw visits and openings of the weekly mail after the contact, as `Maker.interactions` does from the joining."""
    who, tuesday = make.who, posterior.first_mail(make.start)
    fade = who["fade"].to_numpy() * posterior.VISITS_FADE
    stop = np.minimum(make.leaves + fade, make.days)
    begin, until = season.clock(since), season.clock(stop)
    visits, reads = who["visits"].to_numpy(), who["reads"].to_numpy() * who["consent"].to_numpy()
    weeks = np.ceil((since - tuesday) / 7), np.ceil((stop - tuesday) / 7)
    guest, seen, reader, mailed, opened = ([np.empty(0)] for _ in range(5))
    for i, rng in enumerate(rngs):
        passed = max(until[i] - begin[i], 0.0)
        count = rng.poisson(visits[i] * passed)
        time = season.time(begin[i] + rng.random(count) * passed)
        left = posterior.strength(time, make.leaves[i], fade[i])
        time = time[rng.random(count) < left]
        guest.append(np.full(len(time), i))
        seen.append(time)
        mails = tuesday + 7.0 * np.arange(weeks[0][i], max(weeks[1][i], weeks[0][i]))
        left = posterior.strength(mails, make.leaves[i], fade[i])
        read = rng.random(len(mails)) < reads[i] * left
        delay = _MAIL_DELAY[0] * np.exp(_MAIL_DELAY[1] * rng.standard_normal(len(mails)))
        reader.append(np.full(int(read.sum()), i))
        mailed.append(mails[read])
        opened.append(np.minimum(delay, _MAIL_DELAY[2])[read])
    bought = cand[cand["channel"] < 2]
    buyer, device = bought["who"].to_numpy(), bought["channel"].to_numpy()
    before = np.maximum(bought["time"].to_numpy() - bought["lead"].to_numpy(), since[buyer])
    who_guest, who_reader = (np.concatenate(x).astype(np.int64) for x in (guest, reader))
    kind = np.repeat([0, 0, 1], [len(who_guest), len(buyer), len(who_reader)])
    on = np.array([0, 1, 0])[who["channel"].to_numpy()]
    channel = np.concatenate([on[who_guest], device, np.full(len(who_reader), 2)])
    rest: dict[str, object] = {"kind": pd.Index(["visit", "email_open"]).take(kind)}
    rest["channel"] = pd.Index(["web", "app", "email"]).take(channel)
    time = np.concatenate([np.concatenate(seen), before, np.concatenate(mailed) + np.concatenate(opened)])
    return make.table(np.concatenate([who_guest, buyer, who_reader]), time, "time", rest)
