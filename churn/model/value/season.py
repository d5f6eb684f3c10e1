"""The season of spend: how far the base spent more or less than forecast at the same time in earlier years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from churn.data.history import DAY_US

# One training snapshot's ratio: its cutoff, and the logarithm of the total that came over the total forecast.
Ratio = tuple[int, float]

_YEAR = 365 * DAY_US
_YEARS = 3
_NEAR = 10 * DAY_US
_BETWEEN = 62 * DAY_US
_FEWEST = 3
_GAIN = 0.8


def season_factor(ratios: Sequence[Ratio], cutoff: int) -> float:
    """Return the factor of spend that the same time of up to three earlier years suggests; 1 where none is known.

    Parameters
    ----------
    ratios : sequence of (int, float)
        Of the training snapshots, oldest first.
    cutoff : int
        The instant whose window is forecast.

    Notes
    -----
    Between two snapshots the logarithm is interpolated; beyond the last or first one it holds for 10 days. The
    years are averaged in the logarithm.

    Examples
    --------
    >>> season_factor([(0, 0.2), (30 * DAY_US, 0.4)], 380 * DAY_US)
    1.3498588075760032
    >>> season_factor([(0, 0.2), (30 * DAY_US, 0.4)], 500 * DAY_US)
    1.0
    """
    known = [r for r in (_at(ratios, cutoff - k * _YEAR) for k in range(1, _YEARS + 1)) if r is not None]
    return float(np.exp(np.mean(known))) if known else 1.0


def useful_season(ratios: Sequence[Ratio]) -> tuple[Ratio, ...]:
    """Return the ratios if earlier years would have foretold those of later snapshots, else nothing.

    At least three snapshots must have an earlier year, and the squared error in the logarithm must fall by a fifth.

    Examples
    --------
    >>> year = [(k * 30 * DAY_US, float(k % 12 == 5)) for k in range(25)]
    >>> len(useful_season(year)), useful_season(year[:12])
    (25, ())
    """
    without, left = [], []
    for cutoff, ratio in ratios:
        before = [r for r in ratios if r[0] < cutoff]
        if any(_at(before, cutoff - k * _YEAR) is not None for k in range(1, _YEARS + 1)):
            without.append(ratio**2)
            left.append((ratio - np.log(season_factor(before, cutoff))) ** 2)
    helps = len(left) >= _FEWEST and sum(left) < _GAIN * sum(without)
    return tuple(ratios) if helps else ()


def _at(ratios: Sequence[Ratio], instant: int) -> float | None:
    if not ratios:
        return None
    times = np.array([t for t, _ in ratios], dtype=np.int64)
    values = np.array([v for _, v in ratios])
    i = int(np.searchsorted(times, instant))
    if 0 < i < len(times) and times[i] - times[i - 1] <= _BETWEEN:
        share = (instant - times[i - 1]) / (times[i] - times[i - 1])
        return float(values[i - 1] + share * (values[i] - values[i - 1]))
    nearest = int(np.argmin(np.abs(times - instant)))
    return float(values[nearest]) if abs(times[nearest] - instant) <= _NEAR else None
