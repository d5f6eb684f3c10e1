"""Which chosen customer is contacted on which day: the most profit first, as early as there is room."""

from __future__ import annotations

import numpy as np

from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.quiet import quiet

_NODES = 50


def place(
    lanes: Lanes,
    lane: np.ndarray,
    ready: np.ndarray,
    worth: np.ndarray,
    known: np.ndarray | None = None,
) -> np.ndarray:
    """Give every customer the day of his first contact, shape (n,); -1 where there is no room.

    Parameters
    ----------
    lanes : Lanes
        The calendar.
    lane : numpy.ndarray of int, shape (n,)
        Lane of each customer's action; -1 for none.
    ready : numpy.ndarray of int, shape (n,)
        First day on which each can be contacted.
    worth : numpy.ndarray of shape (n,)
        Who has more goes first.
    known : numpy.ndarray of shape (n_lanes, window), optional
        Starts by lane and day that hold all, where they are known; taken where nothing earlier is found.

    Notes
    -----
    Day by day, whoever is ready and has room for all contacts starts, those with most worth first. For single
    contacts everybody finds a day whom any calendar could place, in whatever order they are taken: the open days are
    nested intervals. Where several contacts block each other so that somebody is left over, a whole-number
    program of the starts per lane and day (HiGHS) finds the calendar with the fewest left over, and then the earliest.
    """
    day = np.full(len(lane), -1, dtype=np.int64)
    for one in np.flatnonzero(~lanes.is_limited):
        mine = np.flatnonzero(lane == one)
        first = lanes.first_open[one][np.minimum(ready[mine], lanes.window - 1)]
        day[mine] = np.where((first < lanes.window) & (ready[mine] < lanes.window), first, -1)
    for channel in np.unique(lanes.channel[lanes.is_limited]):
        here = np.flatnonzero(lanes.is_limited & (lanes.channel == channel))
        mine = np.flatnonzero(np.isin(lane, here) & (ready < lanes.window))
        mine = mine[np.argsort(-worth[mine], kind="stable")]
        if not len(mine):
            continue
        found = _forward(lanes, here, lane[mine], ready[mine])
        if (found < 0).any() and max(lanes.falls[i].shape[1] for i in here) > 1:
            own = lane[mine], ready[mine]
            program = _starts(lanes, here, *own, worth[mine], everybody_only=known is not None)
            for starts in (program, known[here] if known is not None else None):
                if starts is None or (found >= 0).all():
                    continue
                other = _assigned(lanes, here, *own, starts.astype(np.int64))
                if worth[mine][other >= 0].sum() > worth[mine][found >= 0].sum():
                    found = other
        day[mine] = found
    return day


def _forward(lanes: Lanes, here: np.ndarray, lane: np.ndarray, ready: np.ndarray) -> np.ndarray:
    """Fill day after day in the order given; customers stand by worth, the most first."""
    out = np.full(len(lane), -1, dtype=np.int64)
    left = lanes.capacity[lanes.channel[here[0]]].copy()
    by_ready = np.argsort(ready, kind="stable")
    come = np.searchsorted(ready[by_ready], np.arange(lanes.window + 1))
    waiting = np.empty(0, dtype=np.int64)
    for day in range(lanes.window):
        waiting = np.sort(np.concatenate([waiting, by_ready[come[day] : come[day + 1]]]))
        kinds = lane[waiting]
        candidates = np.concatenate([waiting[kinds == i][: _fit(left, lanes.falls[i][day])] for i in here])
        candidates.sort()
        while len(candidates):
            kinds = lane[candidates]
            until, stopped = len(candidates), -1
            for slot in np.unique(np.concatenate([lanes.falls[i][day] for i in here])):
                users = [i for i in here if slot in lanes.falls[i][day]]
                where = np.flatnonzero(np.isin(kinds, users))
                if slot >= 0 and left[slot] < len(where) and where[int(left[slot])] < until:
                    until = int(where[int(left[slot])])
                    stopped = int(kinds[until])
            out[candidates[:until]] = day
            for one in here:
                if n := int((kinds[:until] == one).sum()):
                    left[lanes.falls[one][day]] -= n
            candidates = candidates[until:]  # the lane of who has no room starts no more on this day
            candidates = candidates[lane[candidates] != stopped]
        waiting = waiting[out[waiting] < 0]
    return out


def _fit(left: np.ndarray, slots: np.ndarray) -> int | None:
    """Return how many can start who take these slots; None where nothing limits them."""
    least = left[np.maximum(slots, 0)].min() if (slots >= 0).all() else 0
    return int(least) if np.isfinite(least) else None


def _starts(
    lanes: Lanes,
    here: np.ndarray,
    lane: np.ndarray,
    ready: np.ndarray,
    worth: np.ndarray,
    *,
    everybody_only: bool,
) -> np.ndarray | None:
    """Return how many start by lane and day, shape (len(here), window): all that can, as early as can be."""
    import scipy.sparse as sp
    from scipy.optimize import Bounds, LinearConstraint, milp

    window, k = lanes.window, len(here)
    nf = k * window
    new = np.array([np.bincount(ready[lane == one], minlength=window)[:window] for one in here])
    mean = np.array([worth[lane == one].mean() if (lane == one).any() else 0.0 for one in here])
    mean = mean / max(mean.max(), 1e-300) + 1e-3
    capacity = lanes.capacity[lanes.channel[here[0]]]
    i = np.arange(nf)
    later = i % window > 0
    # columns: starts, waiting after the day, left out; a row per lane and day, and one per slot
    days = sp.csr_matrix(
        (
            np.concatenate([np.ones(nf), np.ones(nf), -np.ones(int(later.sum())), np.ones(nf)]),
            (np.concatenate([i, i, i[later], i]), np.concatenate([i, nf + i, nf + i[later] - 1, 2 * nf + i])),
        ),
        shape=(nf, 3 * nf),
    )
    ok = np.array([lanes.room[one] > 0 for one in here]).ravel()
    cells = [
        (slot, j * window + d)
        for j, one in enumerate(here)
        for d in range(window)
        if ok[j * window + d]
        for slot in lanes.falls[one][d]
    ]
    rows, cols = np.array(cells).T
    slots = sp.csr_matrix((np.ones(len(rows)), (rows, cols)), shape=(len(capacity), 3 * nf))
    finite = np.flatnonzero(np.isfinite(capacity))
    ceiling = np.concatenate(
        [np.where(ok, np.inf, 0), np.where(i % window == window - 1, 0, np.inf), new.ravel()]
    )
    weight = np.repeat(mean, window)
    price = np.concatenate([weight * (i % window) / window, np.zeros(nf), weight * 1000.0])
    constraints = [
        LinearConstraint(days, new.ravel(), new.ravel()),
        LinearConstraint(slots[finite], -np.inf, capacity[finite]),
    ]
    everybody = np.concatenate([ceiling[: 2 * nf], np.zeros(nf)])
    for most, gap in ((everybody, 0.02), (ceiling, 1e-4))[: 1 if everybody_only else 2]:
        with quiet():
            result = milp(
                price,
                integrality=np.ones(3 * nf),
                bounds=Bounds(0, most),
                constraints=constraints,
                options={"mip_rel_gap": gap, "node_limit": _NODES},
            )
        if result.x is not None:
            break
    else:
        return None
    return np.rint(result.x[:nf]).astype(np.int64).reshape(k, window)


def _assigned(
    lanes: Lanes, here: np.ndarray, lane: np.ndarray, ready: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Let so many start per lane and day, in the order given."""
    out = np.full(len(lane), -1, dtype=np.int64)
    for j, one in enumerate(here):
        mine = np.flatnonzero(lane == one)
        for day in range(lanes.window):
            free = mine[(out[mine] < 0) & (ready[mine] <= day)]
            out[free[: starts[j, day]]] = day
    return out
