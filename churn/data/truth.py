"""The exact probabilities behind the simulated shop: its clock, its people, how they fade.

The generator (:mod:`churn.data.simulate`) and the truth use the same functions, so that a model can be held
against what is really so. All times here are days since the start of the shop, as floats.
"""

from __future__ import annotations

import itertools
import numbers
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.data.shop import ShopTables

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_CELLS = 24  # the clock's rate is constant within an hour
_HOURS = (3, 2, 1, 1, 1, 2, 6, 14, 22, 28, 30, 30, 30, 28, 26, 26, 28, 30, 32, 36, 40, 36, 22, 8)
_WEEKDAYS = (1.05, 0.98, 0.95, 0.97, 1.02, 0.98, 1.05)  # Monday first
_CHUNK_CELLS = 400_000
_FAST, _LATE = 0.70, 0.18  # shares of the complaints answered fast and late; the rest never is
_MEDIAN_REPLY, _REPLY_SPREAD = 8 / 24, 0.9  # of the fast: days, and sd of the logarithm
_LATE_REPLY = (8.0, 25.0)  # days


class Season:
    """The shop's clock: how much buying time has passed by an instant.

    The rate s(t) is constant within an hour and follows the hour of the day, the weekday and the time of the
    year (a peak from late November to Christmas, dips in January and August). Its mean over a year is 1.
    The clock starts at midnight of the first day and shows `days` days, up to `last`.

    Examples
    --------
    >>> season = Season(pd.Timestamp("2023-01-01", tz="UTC"), 365)
    >>> round(float(season.clock(np.array([365.0]))[0]))
    365
    >>> december, august = season.rate[335 * 24 :].mean(), season.rate[213 * 24 : 243 * 24].mean()
    >>> bool(december > 1.2 * august)
    True
    """

    def __init__(self, start: pd.Timestamp, days: float) -> None:
        count = int(np.ceil(days))
        day = np.arange(count)
        calendar = pd.DatetimeIndex(start.tz_localize(None) + pd.to_timedelta(day, unit="D"))
        week, hour = np.array(_WEEKDAYS), np.array(_HOURS, dtype=float)
        year = _yearly(np.arange(1.0, 366.0)).mean()
        per_day = _yearly(np.asarray(calendar.day_of_year, dtype=float)) / year
        per_day = per_day * (week / week.mean())[np.asarray(calendar.day_of_week)]
        self.rate: FloatArray = np.outer(per_day, hour / hour.mean()).ravel()
        self.edges: FloatArray = np.arange(count * _CELLS + 1) / _CELLS
        self.last = float(count)
        area = self.rate / _CELLS
        moment = self.rate * np.diff(self.edges**2) / 2
        self._clock: FloatArray = np.concatenate([[0.0], np.cumsum(area)])
        self._moment: FloatArray = np.concatenate([[0.0], np.cumsum(moment)])

    def clock(self, time: FloatArray) -> FloatArray:
        """Return C(t), the integral of s from the start to each time."""
        return self._both(time)[0]

    def time(self, clock: FloatArray) -> FloatArray:
        """Return the times at which the clock shows these values (the inverse of :meth:`clock`)."""
        return np.interp(clock, self._clock, self.edges)

    def effort(self, time: FloatArray, leaves: FloatArray, fade: FloatArray) -> FloatArray:
        """Return the buying time passed by `time` for customers who start to fade at `leaves`.

        It is the integral of s(x) m(x), where m is 1 until `leaves` (infinite: for ever), then falls in a
        straight line for `fade` days, then is 0. The arrays broadcast together.

        Examples
        --------
        >>> season = Season(pd.Timestamp("2023-01-01", tz="UTC"), 365)
        >>> at, never = np.array([100.0, 120.0, 300.0]), np.array([np.inf])
        >>> bool(np.allclose(season.effort(at, never, np.array([20.0])), season.clock(at)))
        True
        >>> gone = season.effort(at, np.array([90.0]), np.array([20.0]))
        >>> bool(gone[1] == gone[2] and gone[0] < gone[1])
        True
        """
        leaves = np.minimum(leaves, self.last)
        begin_c, begin_d = self._both(leaves)
        until_c, until_d = self._both(np.clip(time, leaves, leaves + fade))
        passed = until_c - begin_c
        faded = passed - (until_d - begin_d - leaves * passed) / fade
        return self.clock(np.minimum(time, leaves)) + faded

    def reaches(self, effort: FloatArray, leaves: FloatArray, fade: FloatArray) -> FloatArray:
        """Return when this buying time has passed (the inverse of :meth:`effort`); NaN where never."""
        time = self.time(effort)
        late = np.flatnonzero(time > leaves)
        effort, leaves, fade = effort[late], leaves[late], fade[late]
        time[late] = np.nan
        low, high = leaves, np.minimum(leaves + fade, self.last)
        within = self.effort(high, leaves, fade) >= effort
        low, high, effort, leaves, fade = (x[within] for x in (low, high, effort, leaves, fade))
        for _ in range(36):  # 90 days, halved 36 times: 0.1 ms
            middle = (low + high) / 2
            early = self.effort(middle, leaves, fade) < effort
            low, high = np.where(early, middle, low), np.where(early, high, middle)
        time[late[within]] = high
        return time

    def _both(self, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        cell = np.clip((time * _CELLS).astype(np.int64), 0, len(self.rate) - 1)
        edge, rate = self.edges[cell], self.rate[cell]
        clock = self._clock[cell] + rate * (time - edge)
        return clock, self._moment[cell] + rate * (time - edge) * (time + edge) / 2


def _yearly(day: FloatArray) -> FloatArray:
    def bump(centre: float, width: float) -> FloatArray:
        return np.asarray(np.exp(-0.5 * ((day - centre) / width) ** 2), dtype=np.float64)

    return 1 + 0.7 * bump(340, 14) - 0.12 * bump(215, 30) - 0.12 * bump(25, 15)


def draw_people(rng: np.random.Generator, count: int, season: Season) -> pd.DataFrame:
    """Draw the latent customers, by the time they join: many in the first weeks, the others later.

    Examples
    --------
    >>> season = Season(pd.Timestamp("2023-01-01", tz="UTC"), 365)
    >>> bool(draw_people(np.random.default_rng(0), 50, season)["join"].is_monotonic_increasing)
    True
    """
    bounds = season.clock(np.array([0.1, min(60.0, 0.2 * season.last), season.last - 3]))
    early = rng.random(count) < 0.35
    join = rng.uniform(np.where(early, bounds[0], bounds[1]), np.where(early, bounds[1], bounds[2]))
    once, business = rng.random(count) < 0.15, rng.random(count) < 0.12
    rate = np.clip(np.exp(rng.normal(-np.log(38), 0.75, count)), 1 / 300, 1 / 5)
    hazard = np.where(once, 1 / 25, 1 / 800) * np.exp(rng.normal(0, 0.6, count))
    who = pd.DataFrame(
        {
            "join": np.sort(season.time(join)),
            "rate_per_day": rate,
            "shape": rng.choice([1, 2, 3, 4], count, p=[0.3, 0.3, 0.25, 0.15]),
            "hazard_per_day": hazard,
            "fade": rng.uniform(20, 90, count),
            "business": business,
            "spend": np.exp(rng.normal(np.log(45), 0.5, count)) * np.where(business, 2.0, 1.0),
            "complains": rng.beta(1.5, 23.5, count),
            "returns": rng.beta(1, 19, count),
            "visits": rate * 2.5 * np.exp(rng.normal(0, 0.5, count)) + 0.01,
            "reads": rng.beta(1.2, 3.5, count),
            "consent": rng.random(count) < 0.82,
            "channel": rng.choice(3, count, p=[0.5, 0.3, 0.2]),
        }
    )
    who["drift"] = who["join"] + rng.exponential(1, count) / hazard
    return who


def draw_replies(rng: np.random.Generator, count: int) -> FloatArray:
    """Draw how many days complaints wait for a reply: fast (lognormal), late (uniform) or never (infinite).

    Examples
    --------
    >>> bool(draw_replies(np.random.default_rng(0), 100).min() > 0)
    True
    """
    kind = rng.random(count)
    fast = _MEDIAN_REPLY * np.exp(_REPLY_SPREAD * rng.standard_normal(count))
    late = rng.uniform(*_LATE_REPLY, count)
    return np.where(kind < _FAST, fast, np.where(kind < _FAST + _LATE, late, np.inf))


def unanswered(days: FloatArray) -> FloatArray:
    """Return the probability that a complaint has no reply within so many days.

    Examples
    --------
    >>> unanswered(np.array([0.0, 7.0, 1000.0])).round(2).tolist()
    [1.0, 0.3, 0.12]
    """
    from scipy.special import ndtr

    fast = ndtr(np.log(np.maximum(days, 1e-12) / _MEDIAN_REPLY) / _REPLY_SPREAD)
    late = np.clip((days - _LATE_REPLY[0]) / (_LATE_REPLY[1] - _LATE_REPLY[0]), 0, 1)
    return np.asarray(1 - _FAST * fast - _LATE * late, dtype=np.float64)


def to_days(times: pd.Series, start: pd.Timestamp) -> FloatArray:
    """Return times as days since `start`, infinite where there is none (NaT).

    Examples
    --------
    >>> start = pd.Timestamp("2025-01-01", tz="UTC")
    >>> to_days(pd.Series([start + pd.Timedelta(hours=36), pd.NaT]), start).tolist()
    [1.5, inf]
    """
    since = ((times - start) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)
    return np.where(np.isnan(since), np.inf, since)


def no_order_in_window(shape: int, waited: FloatArray, gap: FloatArray, window: FloatArray) -> FloatArray:
    """Return the probability of no order in a window for Erlang gaps of mean 1.

    All times are operational (1 is a mean gap) and broadcast together: since the last order, from now to
    the window, and of the window. The time between two orders is `shape` exponential phases. With the last
    order `waited` ago, the phase reached is j with weight (shape * waited)**j / j!; the gap before the window
    moves it on by a Poisson number, modulo `shape`; no order comes while the phases left are not all passed.

    Examples
    --------
    >>> one = np.array([1.0])
    >>> bool(np.isclose(no_order_in_window(1, one, one, one), np.exp(-1))[0])
    True
    >>> regular = no_order_in_window(4, np.array([0.1, 1.5]), np.array([0.0]), one)
    >>> bool(regular[0] > regular[1])
    True
    """
    reached = _powers(shape * waited, shape)
    reached = reached / reached.sum(axis=0)
    if np.any(gap > 0):
        moved = _poisson_modulo(shape * gap, shape)
        phase = np.arange(shape)
        reached = np.stack([(reached * moved[(m - phase) % shape]).sum(axis=0) for m in phase])
    mean = shape * window
    left = np.cumsum(_powers(mean, shape), axis=0) * np.exp(-mean)
    return np.asarray((reached * left[::-1]).sum(axis=0), dtype=np.float64)


def _powers(mean: FloatArray, count: int) -> FloatArray:
    terms = [np.ones_like(mean)]
    for j in range(1, count):
        terms.append(terms[-1] * mean / j)
    return np.stack(terms)


def _poisson_modulo(mean: FloatArray, shape: int) -> FloatArray:
    # P(N = r mod shape) by the roots of unity: no sum over N to cut off.
    roots = np.exp(2j * np.pi * np.arange(shape) / shape)
    waves = np.exp(mean * (roots - 1).reshape(-1, *[1] * mean.ndim))
    return np.stack([np.real(np.tensordot(roots**-r, waves, axes=1)) / shape for r in range(shape)])


def no_order_probability(
    shop: ShopTables, as_of: str | pd.Timestamp, horizon_days: float, gap_days: float
) -> pd.Series:
    """Return what :meth:`churn.data.simulate.Shop.churn_probability` does, which says more.

    Known are the latent parameters, whether a customer is active, fading or gone, and all that happened
    before the cutoff. An active customer may start to fade on any day up to the end of the window: by
    drifting away (taken as in the middle of a day), or when a complaint that is still unanswered has waited
    `ignored_after_days`.

    Examples
    --------
    >>> from churn.data.simulate import make_shop
    >>> bool(no_order_probability(make_shop(50, seed=1), "2025-10-01", 60, 0).between(0, 1).all())
    True
    """
    cutoff, start, orders, truth = instant("as_of", as_of), shop.start, shop.orders, shop.truth
    if not start < cutoff <= shop.end:
        raise ParameterError(
            "The cutoff as_of is outside the simulated span.",
            given=f"{cutoff:%Y-%m-%d %H:%M}",
            allowed=f"after {start:%Y-%m-%d} and not after {shop.end:%Y-%m-%d}",
            fix="Choose an as_of inside the span, or simulate a longer one with days= and end=.",
        )
    number("horizon_days", horizon_days, 0.01, 3660, "60")
    number("gap_days", gap_days, 0, 3660, "0")
    now = (cutoff - start) / pd.Timedelta(days=1)
    ids = pd.Index(truth["customer"])
    last = np.full(len(ids), -np.inf)
    before = orders[orders["time"] < cutoff]
    np.maximum.at(last, ids.get_indexer(pd.Index(before["customer"])), to_days(before["time"], start))

    known = np.flatnonzero(np.isfinite(last))
    latent = truth.assign(leaves=to_days(truth["leaves_at"], start), last=last)
    latent = latent.iloc[known].reset_index(drop=True)
    season = Season(start, now + gap_days + horizon_days + 1)
    points = np.array([now, now + gap_days, now + gap_days + horizon_days])
    chance = np.empty(len(known))
    leaves = latent["leaves"].to_numpy()
    settled = np.flatnonzero(leaves <= now)
    chance[settled] = no_order_if(season, latent.iloc[settled], points, leaves[settled][:, None])[:, 0]

    waits = _pending(shop.tickets, start, now, shop.ignored_after_days)
    waits["chance"] *= shop.ignored_effect
    waits["row"] = ids[known].get_indexer(pd.Index(waits["customer"]))
    active = np.flatnonzero(leaves > now)
    steps = max(1, int(np.ceil(points[2] - now)))
    size = max(1, _CHUNK_CELLS // steps)
    for rows in (active[i : i + size] for i in range(0, len(active), size)):
        chance[rows] = _mixed(season, latent.iloc[rows], points, steps, waits)
    return pd.Series(np.clip(chance, 0.0, 1.0), index=ids[known].rename("customer"), name="churn_probability")


def _mixed(
    season: Season, latent: pd.DataFrame, points: FloatArray, steps: int, waits: pd.DataFrame
) -> FloatArray:
    """Mix over the day on which the fading starts; `waits` are the pending complaints (row, at, chance)."""
    now, stop = points[0], points[2]
    edges = np.minimum(now + np.arange(steps + 1), stop)
    middles = (edges[1:] + edges[:-1]) / 2
    hazard = latent["hazard_per_day"].to_numpy(dtype=np.float64)
    stays = np.exp(-hazard[:, None] * (edges - now))
    weight = stays[:, :-1] - stays[:, 1:]
    kept, extra = np.ones(len(latent)), np.zeros(len(latent))
    mine = waits.assign(place=latent.index.get_indexer(pd.Index(waits["row"])))
    mine = mine[(mine["place"] >= 0) & (mine["at"] < stop)].sort_values(["place", "at"])
    rank = mine.groupby("place").cumcount().to_numpy()
    for turn in range(int(rank.max(initial=-1)) + 1):  # the 1st, 2nd, ... pending complaint of each customer
        spot, at, hit = (mine[name].to_numpy()[rank == turn] for name in ("place", "at", "chance"))
        outcome = no_order_if(season, latent.iloc[spot], points, at[:, None])[:, 0]
        extra[spot] += np.exp(-hazard[spot] * (at - now)) * kept[spot] * hit * outcome
        weight[spot] *= np.where(middles > at[:, None], 1 - hit[:, None], 1.0)
        kept[spot] *= 1 - hit
    drifts = (weight * no_order_if(season, latent, points, middles[None, :])).sum(axis=1)
    stay = stays[:, -1] * kept * no_order_if(season, latent, points, np.full((1, 1), np.inf))[:, 0]
    return np.asarray(drifts + extra + stay, dtype=np.float64)


def no_order_if(season: Season, latent: pd.DataFrame, points: FloatArray, leaves: FloatArray) -> FloatArray:
    """Return the probability of no order by customer and column of `leaves`, the start of the fading.

    `points` are now and the ends of the window; `latent` has shape, rate_per_day, fade_days and last, the
    time of the last order.

    Examples
    --------
    >>> who = pd.DataFrame({"shape": [2], "rate_per_day": [0.1], "fade_days": [30.0], "last": [80.0]})
    >>> season, points = Season(pd.Timestamp("2023-01-01", tz="UTC"), 365), np.array([100.0, 100.0, 160.0])
    >>> no_order_if(season, who, points, np.array([[60.0, np.inf]])).round(3).tolist()
    [[1.0, 0.0]]
    """
    shapes = latent["shape"].to_numpy()
    columns = ("rate_per_day", "fade_days", "last")
    rates, fades, lasts = (latent[name].to_numpy(dtype=np.float64)[:, None] for name in columns)
    chance = np.empty((len(latent), leaves.shape[1]))
    for shape in np.unique(shapes):
        of = shapes == shape
        begin = leaves if leaves.shape[0] == 1 else leaves[of]
        rate, fade = rates[of], fades[of]
        spent = [season.effort(point, begin, fade) for point in (lasts[of], *points[:, None, None])]
        waited, gap, window = (rate * np.maximum(b - a, 0) for a, b in itertools.pairwise(spent))
        answer = no_order_in_window(int(shape), waited, gap, window)
        chance[of] = np.where(window > 0, answer, 1.0)  # exactly 1 for those who are gone
    return chance


def _pending(tickets: pd.DataFrame, start: pd.Timestamp, now: float, after_days: float) -> pd.DataFrame:
    """Return complaints unanswered now: customer, at (ignored from then), chance (of no reply by then)."""
    opened, reply = to_days(tickets["opened"], start), to_days(tickets["first_reply"], start)
    at = opened + after_days
    waiting = tickets["is_complaint"].to_numpy(dtype=bool) & (opened < now) & (reply >= now) & (at > now)
    still = unanswered(np.array([after_days])) / unanswered(now - opened[waiting])
    return pd.DataFrame({"customer": tickets["customer"][waiting], "at": at[waiting], "chance": still})


def number(name: str, value: object, low: float, high: float, example: str, *, whole: bool = False) -> None:
    """Raise a ParameterError unless a value is a number from `low` to `high`.

    Examples
    --------
    >>> number("days", 1095, 30, 36_600, "1095", whole=True)
    """
    kind = numbers.Integral if whole else numbers.Real
    if isinstance(value, bool) or not isinstance(value, kind) or not low <= float(value) <= high:
        raise ParameterError(
            f"{name} is out of range.",
            given=f"{name}={value!r}",
            allowed=f"a {'whole ' if whole else ''}number from {low:,g} to {high:,g}",
            fix=f"Set {name}={example}, for example.",
        )


def instant(name: str, value: object) -> pd.Timestamp:
    """Read an instant; without a zone it is UTC.

    Examples
    --------
    >>> instant("end", "2025-12-31")
    Timestamp('2025-12-31 00:00:00+0000', tz='UTC')
    """
    try:
        stamp = pd.Timestamp(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        stamp = None
    if not isinstance(stamp, pd.Timestamp):  # a NaT is none either
        raise ParameterError(
            f"{name} is not a date.",
            given=repr(value),
            allowed="a date such as 2025-12-31",
            fix=f"Set {name}='2025-12-31', for example.",
        )
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
