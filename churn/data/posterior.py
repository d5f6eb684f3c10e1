"""What the log alone tells of who has faded: Bayes over the day on which the fading began.

:mod:`churn.data.truth` knows whether a customer is active, fading or gone. No model can: it sees orders, visits,
opened mails and complaints. Here the state is inferred from them, by the very laws the generator draws from,
so that the result is the best that any model can reach. All times are days since the start of the shop.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churn.data import truth
from churn.data.truth import FloatArray, IntArray, Season
from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.data.shop import ShopTables

VISITS_FADE = 0.5  # visits and mail fade in this share of the days in which orders do
AMOUNT_KEPT = 0.55  # share of an amount that the fading leaves
AMOUNT_NOISE = 0.45  # sd of the logarithm of an amount
MORE_PRODUCTS = 1.3  # mean of the exponential behind the number of products
_MAIL_MEDIAN, _MAIL_SPREAD, _MAIL_MOST = 0.2, 1.0, 4.0  # days from mail to opening: lognormal, cut
_WEEK = 7.0
_ORDER_VISIT_DAYS = 4 / 24  # visits that belong to an order come this shortly before it
_CHUNK_CELLS = 400_000
NIL = 1e-10  # posterior mass that is not worth an outcome
_NODES, _NODE_WEIGHTS = (x / 2 for x in np.polynomial.legendre.leggauss(8))


def strength(time: FloatArray, leaves: FloatArray, fade: FloatArray) -> FloatArray:
    """Return what is left of an activity: 1 until the fading starts, 0 from `fade` days after it.

    Examples
    --------
    >>> strength(np.array([10.0, 25.0, 99.0]), np.array([20.0]), np.array([10.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.asarray(np.clip(1 - (time - leaves) / fade, 0, 1), dtype=np.float64)


def first_mail(start: pd.Timestamp) -> float:
    """Return when the first weekly mail goes out: on the first Tuesday, at nine.

    Examples
    --------
    >>> first_mail(pd.Timestamp("2025-12-29", tz="UTC"))
    1.375
    """
    return float((1 - start.day_of_week) % 7 + 9 / 24)


def draw_openings(
    rng: np.random.Generator, who: pd.DataFrame, leaves: FloatArray, stop: FloatArray, start: pd.Timestamp
) -> tuple[IntArray, FloatArray]:
    """Draw who opens the weekly mail, and when; `stop` is when the mails to a customer end.

    Examples
    --------
    >>> season = Season(pd.Timestamp("2023-01-01", tz="UTC"), 365)
    >>> who = truth.draw_people(np.random.default_rng(0), 50, season)
    >>> rng, never = np.random.default_rng(1), np.full(50, np.inf)
    >>> reader, opened = draw_openings(rng, who, never, np.full(50, 365.0), pd.Timestamp("2023-01-01"))
    >>> bool((opened > who["join"].to_numpy()[reader]).all())
    True
    """
    tuesday = first_mail(start)
    week = np.ceil((who["join"].to_numpy() - tuesday) / _WEEK).astype(np.int64)
    weeks = np.maximum(np.ceil((stop - tuesday) / _WEEK).astype(np.int64) - week, 0)
    weeks *= who["consent"].to_numpy()
    reader = np.repeat(np.arange(len(who)), weeks)
    mailed = tuesday + _WEEK * (np.arange(len(reader)) + (week - np.cumsum(weeks) + weeks)[reader])
    delay = np.exp(rng.normal(np.log(_MAIL_MEDIAN), _MAIL_SPREAD, len(reader)))
    opened = mailed + np.minimum(delay, _MAIL_MOST)
    left = strength(mailed, leaves[reader], who["fade"].to_numpy()[reader] * VISITS_FADE)
    kept = rng.random(len(reader)) < who["reads"].to_numpy()[reader] * left
    return reader[kept], opened[kept]


def no_order_probability(
    shop: ShopTables, as_of: str | pd.Timestamp, horizon_days: float, gap_days: float, knowing: str
) -> pd.Series:
    """Return what :meth:`churn.data.simulate.Shop.churn_probability` does, which says more.

    With `knowing` the log, a customer's fading began at an unknown time: on some past day (with the prior of
    the drift, taken in the middle of the day), when a complaint was ignored, or not yet. Each possibility is
    weighed by how likely it makes the log: times, amounts and products of the orders, visits, mails opened
    or not. Returns, ratings and questions say nothing more. Three things are approximate: that middle of the
    day; the visit nearest before an online order is taken for the order's own; and visits just before the
    cutoff are never taken for those of an order to come.

    Examples
    --------
    >>> from churn.data.simulate import make_shop
    >>> shop = make_shop(50, seed=1)
    >>> bool(no_order_probability(shop, "2025-10-01", 60, 0, "log").between(0, 1).all())
    True
    """
    if knowing not in ("everything", "log"):
        raise ParameterError(
            "knowing is neither of the two things that can be known.",
            given=f"knowing={knowing!r}",
            allowed="'everything' (the latent state too) or 'log' (what was logged before as_of)",
            fix="Set knowing='log' for the best that a model can reach.",
        )
    if knowing == "everything":
        return truth.no_order_probability(shop, as_of, horizon_days, gap_days)
    # Without a single leaves_at the truth is that of customers who are still active, and nothing can leak.
    unknown = pd.Series(pd.NaT, index=shop.truth.index, dtype=shop.truth["leaves_at"].dtype)
    blind = dataclasses.replace(shop, truth=shop.truth.assign(leaves_at=unknown))
    active = truth.no_order_probability(blind, as_of, horizon_days, gap_days)
    if active.empty:
        return active
    now = (truth.instant("as_of", as_of) - shop.start) / pd.Timedelta(days=1)
    points = np.array([now, now + gap_days, now + gap_days + horizon_days])
    log = Log(blind, pd.Index(active.index), Season(shop.start, points[2] + 1), points)
    chance = active.to_numpy(dtype=np.float64, copy=True)
    for low, high in log.chunks():
        chance[low:high] = log.mixed(low, high, chance[low:high])
    return pd.Series(np.clip(chance, 0.0, 1.0), index=active.index, name="churn_probability")


class Log:
    """The events before a cutoff, by row (the customer's place in `ids`), and what they say of the fading.

    `lower` is the day before which it cannot have begun: an order, a visit or an opened mail came too late.
    A cell is one possible beginning (`leaves`) of one customer; cells are sorted by row and `leaves`. All
    likelihoods are logarithms, relative to that of a customer who is still active.
    """

    def __init__(self, shop: ShopTables, ids: pd.Index, season: Season, points: FloatArray) -> None:
        self.season, self.points, self.now = season, points, float(points[0])
        self.shop, self.ids = shop, ids
        who = shop.truth.set_index("customer").reindex(ids)
        self.fade, self.hazard, self.rate = (
            who[name].to_numpy(dtype=np.float64) for name in ("fade_days", "hazard_per_day", "rate_per_day")
        )
        self.shape = who["shape"].to_numpy()
        self.visits, self.spend = who["visits_per_day"].to_numpy(), who["spend"].to_numpy()
        consent = shop.customers.set_index("customer")["consent"].reindex(ids).to_numpy(dtype=bool)
        self.reads = np.where(consent, who["open_probability"].to_numpy(), 0.0)

        orders = self._past(shop.orders, "time").sort_values(["row", "time"], kind="stable")
        times = orders.groupby("row")["time"]
        self.join, self.last = times.min().to_numpy(), times.max().to_numpy()
        orders["previous"] = times.shift()
        since = self.last - self.fade  # nothing before can tell: the fading began later
        orders = orders[orders["time"].to_numpy() > since[orders["row"]]]
        seen = self._past(shop.interactions, "time")
        self.visited = self._guests(seen[seen["kind"] == "visit"], orders, since)
        self.tuesday = first_mail(shop.start)
        opened = seen[seen["kind"] == "email_open"]
        week = np.floor((opened["time"].to_numpy() - self.tuesday) / _WEEK).astype(np.int64)
        self.opened = np.zeros((len(ids), max(0, int(self.now / _WEEK) + 2)), dtype=bool)
        self.opened[opened["row"].to_numpy(), week] = True

        self.lower = np.maximum(self.join, since)
        for rows, time in (
            (self.visited["row"], self.visited["time"].to_numpy()),
            (opened["row"], self.tuesday + _WEEK * week),
        ):
            np.maximum.at(self.lower, rows.to_numpy(), time - VISITS_FADE * self.fade[rows])
        self.bought = orders[orders["time"].to_numpy() > self.lower[orders["row"]]]
        late = self.visited["time"].to_numpy() > self.lower[self.visited["row"]]
        self.visited = self.visited[late].sort_values(["row", "time"])
        self.ignored = self._ignored()
        self.latent = pd.DataFrame(
            {"shape": self.shape, "rate_per_day": self.rate, "fade_days": self.fade, "last": self.last}
        )

    def _past(self, table: pd.DataFrame, name: str) -> pd.DataFrame:
        days = truth.to_days(table[name], self.shop.start)
        before = days < self.now
        kept = table[before].assign(**{name: days[before]})
        kept["row"] = self.ids.get_indexer(pd.Index(kept["customer"]))
        return kept[kept["row"] >= 0]

    def _guests(self, visits: pd.DataFrame, orders: pd.DataFrame, since: FloatArray) -> pd.DataFrame:
        """Return the visits that are not those of an order: nearest before it, on the same channel."""
        visits = visits[visits["time"].to_numpy() > since[visits["row"]]].sort_values("time")
        visits["key"] = visits["row"] * 2 + (visits["channel"] == "app")
        online = orders[orders["channel"] != "store"]
        online = online.assign(key=online["row"] * 2 + (online["channel"] == "app"))
        right = visits[["key", "time"]].assign(seen=visits["time"], visit=np.arange(len(visits)))
        met = pd.merge_asof(online[["key", "time"]].sort_values("time"), right, on="time", by="key")
        met = met[met["time"] - met["seen"] < _ORDER_VISIT_DAYS]
        guest = np.ones(len(visits), dtype=bool)
        guest[met["visit"].to_numpy(dtype=np.int64)] = False
        return visits.loc[guest, ["row", "time"]]

    def _ignored(self) -> pd.DataFrame:
        """Return complaints that were ignored: row, time (since then), earlier (how many before)."""
        asked = self._past(self.shop.tickets[self.shop.tickets["is_complaint"]], "opened")
        at = asked["opened"].to_numpy() + self.shop.ignored_after_days
        late = (at <= self.now) & (truth.to_days(asked["first_reply"], self.shop.start) > at)
        late &= self.shop.ignored_effect > 0
        ignored = pd.DataFrame({"row": asked["row"], "time": at})[late].sort_values(["row", "time"])
        return ignored.assign(earlier=ignored.groupby("row").cumcount())

    def chunks(self) -> list[tuple[int, int]]:
        """Return ranges of rows whose cells fit the memory."""
        sizes = np.cumsum(np.ceil(self.now - self.lower))
        cuts = np.searchsorted(sizes, np.arange(0, sizes[-1], _CHUNK_CELLS))
        return list(itertools.pairwise(np.unique([*cuts, len(sizes)]).tolist()))

    def mixed(self, low: int, high: int, active: FloatArray) -> FloatArray:
        """Return the probability of no order for rows from `low` to `high`, mixed over the posterior.

        Parameters
        ----------
        low, high : int
            The rows.
        active : ndarray
            Their probability if they are still active.

        Returns
        -------
        ndarray
            Their probability, given the log.
        """
        row, leaves, mass, starts, still = self.cells(low, high)
        outcome = np.ones(len(row))
        told = np.flatnonzero((mass > NIL) & (leaves + self.fade[row] > self.now))
        latent = self.latent.iloc[row[told]]
        outcome[told] = truth.no_order_if(self.season, latent, self.points, leaves[told][:, None])[:, 0]
        total = np.add.reduceat(mass, starts) + still
        return np.asarray(
            (np.add.reduceat(mass * outcome, starts) + still * active) / total, dtype=np.float64
        )

    def cells(self, low: int, high: int) -> tuple[IntArray, FloatArray, FloatArray, IntArray, FloatArray]:
        """Return the posterior of rows from `low` to `high`: what the log leaves possible, and how likely it is.

        The row, the beginning of the fading and the mass of each cell; the first cell of each row; the mass of not
        having begun to fade. The masses of a row are not normalised; the largest of them is 1.
        """
        row, leaves, weight, stays = self._prior(low, high)
        starts = np.searchsorted(row, np.arange(low, high))
        cells = _Cells(row, leaves, starts, low, self.now + 1)
        weight += self._orders(cells) + self._visits(cells) + self._mails(cells)
        most = np.maximum(np.maximum.reduceat(weight, starts), stays)
        return row, leaves, np.exp(weight - most[row - low]), starts, np.exp(stays - most)

    def _prior(self, low: int, high: int) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
        """Return the cells (row, leaves, log weight), and the log weight of being active by row."""
        span = self.now - self.lower[low:high]
        count = np.ceil(span).astype(np.int64)
        row = np.repeat(np.arange(low, high), count)
        back = np.repeat(np.cumsum(count), count) - np.arange(len(row))  # count, ..., 2, 1
        begin = np.maximum(self.now - back, self.lower[row])
        until = self.now - back + 1
        hazard = self.hazard[row]
        drift = np.log(np.maximum(-np.expm1(-hazard * (until - begin)), 1e-300))
        weight = drift - hazard * (begin - self.join[row])
        leaves = (begin + until) / 2
        stays = -self.hazard[low:high] * (self.now - self.join[low:high])
        hurt = _slice(self.ignored, low, high)
        if len(hurt) == 0:
            return row, leaves, weight, stays
        effect = self.shop.ignored_effect
        withstood = float(np.log(max(1 - effect, 1e-20)))
        spot, at = hurt["row"].to_numpy(), hurt["time"].to_numpy()
        key = (spot - low) * (self.now + 1) + at
        earlier = np.searchsorted(key, (row - low) * (self.now + 1) + leaves) - np.searchsorted(spot, row)
        weight += withstood * earlier
        stays += withstood * np.bincount(spot - low, minlength=high - low)
        jump = np.log(effect) + withstood * hurt["earlier"] - self.hazard[spot] * (at - self.join[spot])
        possible = at > self.lower[spot]
        row = np.concatenate([row, spot[possible]])
        leaves = np.concatenate([leaves, at[possible]])
        weight = np.concatenate([weight, jump.to_numpy()[possible]])
        order = np.lexsort((leaves, row))
        return row[order], leaves[order], weight[order], stays

    def _orders(self, cells: _Cells) -> FloatArray:
        """Orders: Erlang gaps on the clock slowed by the fading; smaller amounts, fewer products."""
        row, leaves, season = cells.row, cells.leaves, self.season
        fade, pace, shape = self.fade[row], (self.rate * self.shape)[row], self.shape[row]
        total = season.effort(np.array([self.now]), leaves, fade)
        clock = season.clock(np.array([self.now]))
        last = self.last[row]
        answer = pace * (clock - total)
        answer += _log_powers(shape, pace * (total - season.effort(last, leaves, fade)))
        answer -= _log_powers(shape, pace * (clock - season.clock(last)))

        bought = _slice(self.bought, cells.low, cells.high)
        event, cell = cells.pairs(bought["row"].to_numpy(), bought["time"].to_numpy())
        time, previous = bought["time"].to_numpy(), bought["previous"].to_numpy()
        left = np.maximum(strength(time[event], leaves[cell], fade[cell]), 1e-12)
        spent = season.effort(time[event], leaves[cell], fade[cell])
        spent -= season.effort(previous[event], leaves[cell], fade[cell])
        unfaded = season.clock(time) - season.clock(previous)
        slower = np.log((spent + 1e-9) / (unfaded[event] + 1e-9))
        more = bought["products"].to_numpy(dtype=np.float64) - 1
        size = np.log(bought["amount"].to_numpy() / self.spend[bought["row"]])
        basket = _log_basket(size[event], more[event], left)
        basket -= _log_basket(size, more, np.ones(len(size)))[event]
        value = np.log(left) + (shape[cell] - 1) * slower + basket
        return answer + np.bincount(cell, value, minlength=len(row))

    def _visits(self, cells: _Cells) -> FloatArray:
        """Visits: a Poisson process on the clock, thinned by the fading."""
        row, leaves = cells.row, cells.leaves
        fade, now = self.fade[row] * VISITS_FADE, np.array([self.now])
        missed = self.season.clock(now) - self.season.effort(now, leaves, fade)
        visited = _slice(self.visited, cells.low, cells.high)
        event, cell = cells.pairs(visited["row"].to_numpy(), visited["time"].to_numpy())
        left = strength(visited["time"].to_numpy()[event], leaves[cell], fade[cell])
        thinned = np.bincount(cell, np.log(np.maximum(left, 1e-12)), minlength=len(row))
        return np.asarray(self.visits[row] * missed + thinned, dtype=np.float64)

    def _mails(self, cells: _Cells) -> FloatArray:
        """Weekly mails: opened, or not opened yet."""
        from scipy.special import ndtr

        answer = np.zeros(len(cells.row))
        asked = np.flatnonzero(self.reads[cells.row] > 0)
        row, leaves = cells.row[asked], cells.leaves[asked]
        reads, fade = self.reads[row], self.fade[row] * VISITS_FADE
        sent = int(np.ceil((self.now - self.tuesday) / _WEEK))  # mails 0 to sent - 1 went out before now
        ago = np.maximum(self.now - self.tuesday - _WEEK * np.arange(sent + 1), 1e-12)
        seen = np.where(ago < _MAIL_MOST, ndtr(np.log(ago / _MAIL_MEDIAN) / _MAIL_SPREAD), 1.0)
        first = np.maximum(np.ceil((leaves - self.tuesday) / _WEEK).astype(np.int64), 0)
        steps = int(np.ceil(fade.max(initial=0.0) / _WEEK))
        value = np.zeros(len(asked))
        for step in range(steps):
            of = np.flatnonzero((first + step < sent) & (_WEEK * step < fade))
            week, chance = first[of] + step, reads[of]
            left = strength(self.tuesday + _WEEK * week, leaves[of], fade[of])
            found = self.opened[row[of], week]
            ratio = (1 - chance * left * seen[week]) / (1 - chance * seen[week])
            value[of] += np.log(np.maximum(np.where(found, left, ratio), 1e-12))
        # The mails after that find nobody: each unopened one speaks for the fading by the same amount.
        after = np.maximum(sent - first - np.ceil(fade / _WEEK).astype(np.int64), 0)
        newest = float(seen[sent - 1]) if sent > 0 else 1.0
        value -= np.maximum(after - 1, 0) * np.log1p(-reads) + (after > 0) * np.log1p(-reads * newest)
        answer[asked] = value
        return answer


@dataclasses.dataclass(frozen=True)
class _Cells:
    row: IntArray
    leaves: FloatArray
    starts: IntArray
    low: int
    span: float

    @property
    def high(self) -> int:
        return self.low + len(self.starts)

    def pairs(self, row: IntArray, time: FloatArray) -> tuple[IntArray, IntArray]:
        """Return each event with each cell of its customer in which the fading began before it."""
        key = (self.row - self.low) * self.span + self.leaves
        first = self.starts[row - self.low]
        count = np.maximum(np.searchsorted(key, (row - self.low) * self.span + time) - first, 0)
        event = np.repeat(np.arange(len(row)), count)
        within = np.arange(len(event)) - np.repeat(np.cumsum(count) - count, count)
        return event, first[event] + within


def _slice(table: pd.DataFrame, low: int, high: int) -> pd.DataFrame:
    begin, until = np.searchsorted(table["row"].to_numpy(), [low, high])
    return table.iloc[begin:until]


def _log_powers(shape: IntArray, mean: FloatArray) -> FloatArray:
    """Return the log of the sum of mean**j / j! over j < shape: an Erlang survival without its exp(-mean)."""
    total, term = np.ones_like(mean), np.ones_like(mean)
    for j in range(1, int(shape.max(initial=1))):
        term = term * mean / j
        total = total + np.where(shape > j, term, 0.0)
    return np.log(total)


def _log_basket(size: FloatArray, more: FloatArray, left: FloatArray) -> FloatArray:
    """Return the log likelihood of an amount (log, relative to the customer's) with `more` products than 1.

    The products come from an exponential number y, of which the fading leaves floor(left * y); the amount
    rests on y as well. Given the products, y is a truncated exponential: a Gauss rule on its quantiles.
    """
    step = 1 / (MORE_PRODUCTS * left)
    inside = -np.expm1(-step)
    centre = size - np.log(AMOUNT_KEPT + (1 - AMOUNT_KEPT) * left)
    density = np.zeros_like(size)
    for node, share in zip(_NODES + 0.5, _NODE_WEIGHTS, strict=True):
        y = more / left - MORE_PRODUCTS * np.log1p(-node * inside)
        density += share * np.exp(-0.5 * ((centre - np.log(0.6 + 0.4 * y) / 2) / AMOUNT_NOISE) ** 2)
    return np.asarray(np.log(np.maximum(density, 1e-300)) - more * step + np.log(inside), dtype=np.float64)
