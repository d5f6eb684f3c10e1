"""Lead time: how long before a customer's leaving is established the model had flagged him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.config import ScoringSettings
from churn.data.history import DAY_US, History
from churn.definition import Definition
from churn.display import Rendered, format_count, format_percent
from churn.features.compute import feature_matrices
from churn.model.bands import is_listed
from churn.model.evaluate import Estimate, estimates
from churn.model.fold import Fold

EVERY_DAYS = 7


@dataclass(frozen=True)
class Watch:
    """Whom a fold's model had on its list at one instant.

    Attributes
    ----------
    instant : int
        When.
    population, flagged : numpy.ndarray of int
        Positions of the customers scored, and of those on the list.
    """

    instant: int
    population: np.ndarray
    flagged: np.ndarray


@dataclass(frozen=True, repr=False)
class LeadTime(Rendered):
    """How early those who left had been flagged.

    Attributes
    ----------
    first, last : str
        The first and the last local date with a list; one every 7 days.
    left : int
        Customers whose last sign of life and whose established leaving both lie between them.
    shares : dict of str to Estimate
        ``before_last``: flagged while still a customer who came again; ``in_time``: flagged after the last order, but
        before the leaving was established; ``late``: not on the list before that.
    days : dict of str to Estimate
        Of those flagged in time, medians: ``to_established``, from the first flag until the leaving was
        established; ``to_last``, until the last order, negative where the flag came after it.
    listed_share : float
        Mean share of the customers on a list: flags cost nothing if everybody is flagged.
    established : str
        What established the leaving, in words.
    by_silence : bool
        Whether leaving is silence, so that the last sign, an order, comes before it is established.
    """

    first: str
    last: str
    left: int
    shares: dict[str, Estimate]
    days: dict[str, Estimate]
    listed_share: float
    established: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    by_silence: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the customers as plain values."""
        return {
            "first": self.first,
            "last": self.last,
            "left": self.left,
            "shares": {k: e.__dict__ for k, e in self.shares.items()},
            "days": {k: e.__dict__ for k, e in self.days.items()},
            "listed_share": self.listed_share,
            "established": self.established,
            "by_silence": self.by_silence,
        }

    def render(self) -> str:
        """Return the shares and days in words."""

        def share(name: str) -> str:
            e = self.shares[name]
            return f"{format_percent(e.value, 0)} [{format_percent(e.low, 0)}, {format_percent(e.high, 0)}]"

        lines = [
            f"Lead time, lists every {EVERY_DAYS} days from {self.first} to {self.last} with "
            f"{format_percent(self.listed_share, 0)} of the customers on them: {format_count(self.left)} left "
            f"({self.established}).",
        ]
        if self.by_silence:
            lines.append(
                f"  flagged before their last order: {share('before_last')}; after it, but before the leaving was "
                f"established: {share('in_time')}; not before that: {share('late')}"
            )
        else:
            lines.append(
                f"  flagged before they left: {share('before_last')}; not before that: {share('late')}"
            )
        if self.days:
            gained, last = self.days["to_established"], self.days["to_last"]
            lines.append(
                f"  of those flagged in time, the first flag came {gained.value:.0f} days [{gained.low:.0f}, "
                f"{gained.high:.0f}] before "
                + (
                    f"it was established (median) and {abs(last.value):.0f} days "
                    f"{'after' if last.value < 0 else 'before'} the last order"
                    if self.by_silence
                    else "they left (median)"
                )
            )
        return "\n".join(lines)


def watch(
    history: History, definition: Definition, fold: Fold, scoring: ScoringSettings, threads: int = 1
) -> list[Watch]:
    """Make a list every 7 days of the label window after a fold's cutoff, with its model as it was then."""
    step = EVERY_DAYS * DAY_US
    instants = list(range(fold.cutoff, fold.cutoff + definition.window_us, step))
    people = [definition.population(history.as_of(t)) for t in instants]
    out = []
    for t, who, X in zip(
        instants, people, feature_matrices(history, instants, people, fold.signals), strict=True
    ):
        p = fold.fitted.predictor.predict(X, shift=fold.forecast.shift, threads=threads)
        out.append(Watch(t, who, who[is_listed(p, scoring.threshold)]))
    return out


def departures(
    history: History, definition: Definition, start: int, end: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Return who left between two instants: customers, the last instant as a customer, when it was established.

    By inactivity the last order counts, and leaving is established when silence has lasted as long as the gap
    and the horizon. Otherwise, the end of being a customer is both, to a week.

    Returns
    -------
    tuple of numpy.ndarray, numpy.ndarray, numpy.ndarray, str
        Positions of customers, last instants, established instants (all int64), and what established means.
        A customer counts once, with the first leaving.
    """
    if definition.kind == "inactivity":
        orders = history.logs["orders"]
        sort = np.lexsort((orders.time, orders.customer))
        who, at = orders.customer[sort].astype(np.int64), orders.time[sort]
        following = np.append(
            np.where(who[1:] == who[:-1], at[1:], np.iinfo(np.int64).max), np.iinfo(np.int64).max
        )
        known = at + definition.window_us
        gone = (at >= start) & (known <= end) & (following > known)
        days = definition.window_us // DAY_US
        found, last, when = who[gone], at[gone], known[gone]
        means = f"no order for {days} days"
    else:
        grid = np.arange(start, end + 1, EVERY_DAYS * DAY_US)
        active = np.array([definition.active(history.logs, len(history.customers), int(t)) for t in grid])
        which, found = np.nonzero(active[:-1] & ~active[1:])
        last = when = grid[which + 1]
        means = definition.lost_means
    first = np.unique(found, return_index=True)[1]  # rows are in time order for each customer
    return found[first], last[first], when[first], means


def lead_time(
    history: History,
    definition: Definition,
    watches: Sequence[Watch],
    *,
    resamples: int = 500,
    seed: int = 0,
) -> LeadTime | None:
    """Return how early those who left had been flagged; None where nobody left while the lists were watched.

    A flag counts from when the customer came on the list to stay: from the first list of the unbroken run that
    holds at, or begins after, the last order.

    Parameters
    ----------
    history, definition : History, Definition
        Who left, and when.
    watches : sequence of Watch
        The lists, oldest first.
    resamples, seed : int, optional
        Of the bootstrap over those who left.

    Returns
    -------
    LeadTime or None
    """
    watches = sorted({w.instant: w for w in watches}.values(), key=lambda w: w.instant)
    if not watches:
        return None
    start, end = watches[0].instant, watches[-1].instant
    who, last, known, means = departures(history, definition, start, end)
    instants = np.array([w.instant for w in watches])
    listed = np.zeros((len(watches), len(history.customers)), dtype=bool)
    for i, w in enumerate(watches):
        listed[i, w.flagged] = True
    seen = np.zeros(len(who), dtype=bool)  # scored at least once before it was established
    first_flag = np.full(len(who), np.iinfo(np.int64).max)
    for w in watches:
        seen |= np.isin(who, w.population) & (w.instant < known)
    for k, customer in enumerate(who):
        on = listed[:, customer]
        at = np.flatnonzero(on & (instants >= last[k] - EVERY_DAYS * DAY_US) & (instants < known[k]))
        if len(at):
            i = int(at[0])
            while i > 0 and on[i - 1]:
                i -= 1
            first_flag[k] = instants[i]
    who, last, known, first_flag = who[seen], last[seen], known[seen], first_flag[seen]
    if not len(who):
        return None
    before = first_flag < last
    in_time = ~before & (first_flag < known)
    late = ~before & ~in_time
    flagged = before | in_time
    kinds = {"before_last": before, "in_time": in_time, "late": late}
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(who), (resamples, len(who)))
    matrix = np.array(list(kinds.values())).T.astype(np.float64)
    shares = estimates(matrix.mean(axis=0), matrix[drawn].mean(axis=1))
    days: dict[str, Estimate] = {}
    if flagged.any():
        spans = np.array([known - first_flag, last - first_flag])[:, flagged].T / DAY_US
        again = rng.integers(0, len(spans), (resamples, len(spans)))
        medians = estimates(np.median(spans, axis=0), np.median(spans[again], axis=1))
        days = dict(zip(("to_established", "to_last"), medians, strict=True))
    names = np.array(list(kinds))[np.array([before, in_time, late]).argmax(axis=0)]
    rows = [
        {
            "customer": history.customers[c],
            "last": history.date(int(a)),
            "established": history.date(int(b)),
            "first_flag": history.date(int(f)) if g else None,
            "kind": str(n),
        }
        for c, a, b, f, g, n in zip(who, last, known, first_flag, flagged, names, strict=True)
    ]
    return LeadTime(
        history.date(start),
        history.date(end),
        len(who),
        dict(zip(kinds, shares, strict=True)),
        days,
        float(np.mean([len(w.flagged) / max(len(w.population), 1) for w in watches])),
        means,
        rows,
        definition.kind == "inactivity",
    )
