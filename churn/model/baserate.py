"""The base rate of a cutoff, forecast: what a year ago and the last weeks say about how many will churn now.

Ranking drifts little, the share who churn moves with the season. All figures are shifts in log-odds: by how much the
model's predictions for a past cutoff had to be moved for their mean to be the share that came true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

import numpy as np

from churn.data.base import CustomerBase, order_of
from churn.data.history import DAY_US, History
from churn.data.sample import sample_of
from churn.data.store import LogStore
from churn.definition import Definition
from churn.errors import ParameterError
from churn.features.over import base_for, compute_over
from churn.features.signal import Signal
from churn.model.predictor import Predictor, probability
from churn.model.snapshots import Snapshots
from churn.progress import report
from churn.retention.expected import FIRST_YEAR_SD, LEVEL_SD

PERSIST = 0.75  # of what the last weeks show beyond the season
_LARGEST = 1.5
_USUAL_VARIANCE = 0.09  # of such shifts between cutoffs; weighs what was seen against its sampling error
_FEWEST = 50
MOST_CUSTOMERS = (
    100_000  # who are looked at; 10,000 tell the shift to 0.07, and ten times as many to a third of that
)
_LEAST_SLOPE = (
    0.2  # below it the short outcomes hardly follow the scores, and dividing by it makes noise large
)
_YEAR_DAYS = 365


@dataclass(frozen=True)
class BaseRate:
    """What the forecast needs of the training: how short outcomes follow from the model's log-odds.

    Attributes
    ----------
    short_days : int
        Horizon of the short outcomes; they are known sooner than the label.
    slope, intercept : float
        The log-odds of the short outcome are ``intercept + slope * log-odds of churn``, over the training rows.
    """

    short_days: int
    slope: float
    intercept: float

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BaseRate:
        """Read what `to_dict` wrote."""
        return cls(int(data["short_days"]), float(data["slope"]), float(data["intercept"]))


@dataclass(frozen=True)
class Forecast:
    """The shift for a cutoff, and where it comes from.

    Attributes
    ----------
    shift : float
        Log-odds added to every prediction.
    season : float or None
        What came of the cutoff a year before; None where the history does not reach back.
    recent : float or None
        What the last weeks show; None where that is not known.
    """

    shift: float = 0.0
    season: float | None = None
    recent: float | None = None

    @property
    def level_sd(self) -> float:
        """How sure the shift is: the standard deviation of its error in log-odds, larger where no year lies before."""
        return FIRST_YEAR_SD if self.season is None else LEVEL_SD

    def describe(self) -> str:
        """Say it in words."""
        if self.season is None and self.recent is None:
            return (
                "The base rate is taken from the training; neither last year nor the last weeks can say more."
            )
        parts = []
        if self.season is not None:
            parts.append(f"a year before they were {exp(self.season):.2f} times those")
        if self.recent is not None:
            parts.append(f"the last weeks show {exp(self.recent):.2f} times")
        return f"The odds of churn are taken {exp(self.shift):.2f} times as high as in training: {' and '.join(parts)}."


def learn_base_rate(
    history: History, definition: Definition, learn: Snapshots, predictor: Predictor, *, threads: int = 2
) -> BaseRate | None:
    """Fit how short outcomes follow from the model's log-odds, on the training rows.

    Returns
    -------
    BaseRate or None
        None where the definition has no shorter outcome, or it does not follow the model's scores.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    short = _shortened(definition)
    if short is None:
        return None
    outcomes = [short.labels(history, int(c), learn.at(int(c)).customer) for c in learn.cutoffs]
    y, z = np.concatenate(outcomes), predictor.log_odds(learn.X, threads=threads)
    known = ~np.isnan(y)
    if min((y[known] == 1).sum(), (y[known] == 0).sum()) < _FEWEST:
        return None
    with threadpool_limits(1, "blas"):  # the same bits whatever the number of threads
        fitted = LogisticRegression(C=1e6).fit(z[known, None], y[known])
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    return BaseRate(short.horizon_days, slope, intercept) if slope >= _LEAST_SLOPE else None


def forecast(
    data: History | LogStore | CustomerBase,
    definition: Definition,
    base: BaseRate | None,
    predictor: Predictor,
    signals: Sequence[Signal],
    cutoff: int,
    *,
    threads: int = 2,
) -> Forecast:
    """Forecast by how much the base rate at a cutoff differs from the training's; only what was known is seen.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The customers; of more than 100,000 a sample is looked at.
    definition : Definition
        What churn means.
    base : BaseRate or None
        From `learn_base_rate`.
    predictor : Predictor
        The model.
    signals : sequence of Signal
        Its signals.
    cutoff : int
        The instant T.
    threads : int
        Of the predictions.

    Returns
    -------
    Forecast

    Notes
    -----
    ``shift = season + 0.75 * (recent - recent a year before)``, where `season` is the shift of the
    cutoff a year before T, and `recent` that of the newest cutoff whose short outcome is known at T. Each is shrunk
    by its sampling error. Both factors were set on development cutoffs of five data sets, see decision 12. Of large
    bases 100,000 customers are looked at, chosen by their ids (decision 13); with whom signals compare a customer at
    the past cutoffs, such as ranks, is taken over these too.
    """
    sample = sample_of(base_for(data, signals), MOST_CUSTOMERS)
    first = min((part.start_known_at(cutoff) for part in sample.parts()), default=cutoff)
    start = first + definition.lookback_days * DAY_US
    last_year = sample.days_before(cutoff, _YEAR_DAYS)
    short = None if base is None else _shortened(definition, base.short_days)
    wanted: dict[str, tuple[int, Definition]] = {}
    if definition.kind != "labels" and last_year >= start:
        wanted["season"] = last_year, definition
    if short is not None:
        now = sample.midnight(cutoff - short.window_us)
        wanted["recent"] = now, short
        if "season" in wanted:
            wanted["recent a year before"] = sample.days_before(now, _YEAR_DAYS), short
    wanted = {k: (c, d) for k, (c, d) in wanted.items() if c + d.window_us <= cutoff and c >= start}
    cutoffs = sorted({c for c, _ in wanted.values()})
    if not cutoffs:
        return Forecast()
    report("Forecasting the base rate")
    odds: dict[int, list[np.ndarray]] = {c: [] for c in cutoffs}
    outcomes: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    ids: dict[int, list[Any]] = {c: [] for c in cutoffs}
    # From the whole history: as it was known at T, it has lost the versions of corrected rows that were valid earlier.
    for computed in compute_over(
        sample,
        cutoffs,
        lambda part, c: definition.population(part.as_of(c)),
        signals,
        what="Forecasting the base rate",
    ):
        known = computed.part.known_at(cutoff)
        who = dict(zip(cutoffs, computed.populations, strict=True))
        for c, X in zip(cutoffs, computed.matrices, strict=True):
            odds[c].append(predictor.log_odds(X, threads=threads))
            ids[c].append(computed.part.customers[who[c]])
        for name, (c, d) in wanted.items():
            outcomes[name].append(d.labels(known, c, who[c]))
    orders = {c: order_of(ids[c]) for c in cutoffs}
    seen: dict[str, float] = {}
    for name, (c, d) in wanted.items():
        z, y = (np.concatenate(parts)[orders[c]] for parts in (odds[c], outcomes[name]))
        of_short = d is short and base is not None
        if of_short and base is not None:
            z = base.intercept + base.slope * z
        rows = ~np.isnan(y)
        if rows.sum() >= _FEWEST:
            seen[name] = shrunken_shift(z[rows], y[rows]) / (base.slope if of_short and base else 1.0)
    season, recent = seen.get("season"), seen.get("recent")
    shift = season or 0.0
    if recent is not None:
        before = seen.get("recent a year before", 0.0) if season is not None else 0.0
        shift += PERSIST * (recent - before)
    return Forecast(float(np.clip(shift, -_LARGEST, _LARGEST)), season, recent)


def shrunken_shift(z: np.ndarray, y: np.ndarray) -> float:
    """Return the shift that makes the mean prediction the observed share, shrunk by its sampling error.

    Parameters
    ----------
    z : numpy.ndarray of shape (n_rows,)
        Predicted log-odds.
    y : numpy.ndarray of shape (n_rows,)
        What came true, 0 or 1.

    Examples
    --------
    >>> round(shrunken_shift(np.zeros(4000), np.repeat([0.0, 1.0], [1000, 3000])), 2)
    1.09
    """
    p = probability(z)
    variance = 1 / max(float((p * (1 - p)).sum()), 1e-9)
    return _USUAL_VARIANCE / (_USUAL_VARIANCE + variance) * shift_to(z, float(y.mean()))


def shift_to(z: np.ndarray, share: float) -> float:
    """Return what to add to log-odds so that the mean probability is a given share.

    Examples
    --------
    >>> round(shift_to(np.array([-1.0, 1.0]), 0.5), 6)
    0.0
    """
    least = min(max(0.5 / len(z), 1e-4), 0.5)  # nobody of 20 does not mean nobody of 10,000
    share, shift = float(np.clip(share, least, 1 - least)), 0.0
    for _ in range(60):  # Newton's steps, kept short: far from the solution the slope is nearly none
        p = probability(z + shift)
        step = (share - float(p.mean())) / max(float((p * (1 - p)).mean()), 1e-9)
        shift += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-7:
            break
    return shift


def _shortened(definition: Definition, days: int | None = None) -> Definition | None:
    """Return the definition with half its horizon and no gap, or None where there is no such thing."""
    if definition.kind == "labels":
        return None  # the user's own outcomes have one horizon
    days = max(definition.horizon_days // 2, min(7, definition.horizon_days)) if days is None else days
    try:
        return replace(definition, horizon_days=days, gap_days=0)  # type: ignore[type-var]
    except ParameterError:
        return None
