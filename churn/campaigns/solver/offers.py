"""What could be done for whom: the pairs of customer and action that pay, compact, in an order of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.campaigns.solver.lanes import Lanes


@dataclass(frozen=True)
class Offers:
    """Pairs of a customer and an action with a positive gain, sorted by customer.

    Customers stand in the order of their draw, so that nothing depends on the order of rows. Those with the same
    pairs are one *type* with a number.

    Attributes
    ----------
    owner, action : numpy.ndarray of int32, shape (n_pairs,)
        Type and action of each pair.
    gain, cost : numpy.ndarray of shape (n_pairs,)
        Of one contact with the action, money.
    place : numpy.ndarray of int32, shape (n_pairs,)
        Lane and first possible day, ``lane * window + day``; the last place, without a price, where nothing limits.
    start : numpy.ndarray of int, shape (n_types,)
        First pair of each type.
    number : numpy.ndarray of int, shape (n_types,)
        Customers of each type.
    members : numpy.ndarray of int, shape (n_customers,)
        Rows of the customers, type by type, within a type by their draw.
    """

    owner: np.ndarray
    action: np.ndarray
    gain: np.ndarray
    cost: np.ndarray
    place: np.ndarray
    start: np.ndarray
    number: np.ndarray
    members: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def pairs_of(self, types: np.ndarray) -> np.ndarray:
        """Return the pairs of some types, given ascending; in order."""
        chosen = np.zeros(len(self), dtype=bool)
        chosen[types] = True
        return np.flatnonzero(chosen[self.owner])


def make_offers(
    gain: np.ndarray, open_: np.ndarray, ready: np.ndarray, cost: np.ndarray, tie: np.ndarray, lanes: Lanes
) -> Offers:
    """Collect the pairs that are open, merging customers whose pairs are equal.

    Parameters
    ----------
    gain, cost : numpy.ndarray of shape (n, n_actions)
        Money.
    open_ : numpy.ndarray of bool, shape (n, n_actions)
        Which pairs can be chosen at all.
    ready : numpy.ndarray of int, shape (n,) or (n, n_actions)
        First possible day.
    tie : numpy.ndarray of shape (n,)
        The customers' order.
    lanes : Lanes
        The calendar.
    """
    some = np.flatnonzero(open_.any(axis=1))
    rows = some[np.argsort(tie[some], kind="stable")]
    at, action = np.nonzero(open_[rows])
    row = rows[at]
    lane = lanes.of_action[action]
    day = ready[row] if ready.ndim == 1 else ready[row, action]
    nowhere = len(lanes.falls) * lanes.window
    place = np.where(lanes.is_limited[lane], lane * lanes.window + lanes.first_open[lane, day], nowhere)
    found = Offers(
        at.astype(np.int32),
        action.astype(np.int32),
        gain[row, action],
        cost[row, action],
        place.astype(np.int32),
        np.searchsorted(at, np.arange(len(rows))),
        np.ones(len(rows), dtype=np.int64),
        rows,
    )
    return _merged(found) if len(rows) else found


def _merged(offers: Offers) -> Offers:
    """Make one type of the customers with equal pairs, where they are many."""
    best = np.maximum.reduceat(offers.gain, offers.start)
    if len(np.unique(best)) > 0.7 * len(best):
        return offers
    code = np.add.reduceat(_mixed(offers), offers.start)
    _, first, kind = np.unique(code, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))  # types in the order of their first customer
    kind, first = rank[kind], np.sort(first)
    length = np.diff(np.append(offers.start, len(offers.owner)))
    if (length != length[first][kind]).any():
        return offers  # two codes met by chance
    same = offers.start[first][kind][offers.owner] + np.arange(len(offers.owner)) - offers.start[offers.owner]
    if any((v != v[same]).any() for v in (offers.action, offers.gain, offers.cost, offers.place)):
        return offers
    kept = offers.pairs_of(first)
    count = length[first]
    return Offers(
        np.repeat(np.arange(len(first), dtype=np.int32), count),
        offers.action[kept],
        offers.gain[kept],
        offers.cost[kept],
        offers.place[kept],
        np.cumsum(count) - count,
        np.bincount(kind),
        offers.members[np.argsort(kind, kind="stable")],
    )


def _mixed(offers: Offers) -> np.ndarray:
    """Return a 64-bit code of each pair (SplitMix64's mixer over its figures)."""
    out = offers.action.astype(np.uint64) + np.uint64(1)
    for part in (offers.place.astype(np.uint64), offers.gain.view(np.uint64), offers.cost.view(np.uint64)):
        out = (out ^ part) * np.uint64(0x9E3779B97F4A7C15)
        out ^= out >> np.uint64(30)
        out *= np.uint64(0xBF58476D1CE4E5B9)
        out ^= out >> np.uint64(27)
    return out
