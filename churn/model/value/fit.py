"""Fits the forecast of spend beside the churn model, choosing by what predicts a later snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from churn.config import TrainingSettings
from churn.data.eventlog import EventLog
from churn.data.history import DAY_US, History
from churn.definition import Definition
from churn.model.boost_spend import find_spend_trees, fit_spend_trees
from churn.model.fold import Fold
from churn.model.snapshots import Snapshots
from churn.model.value.judge import SpendEvaluation, deviance, judge_spend
from churn.model.value.lifetime import fit_losses
from churn.model.value.season import useful_season
from churn.model.value.simple import NEEDED, fit_shrunken, own_mean
from churn.model.value.spend import SpendModel
from churn.model.value.target import net_spend
from churn.progress import report

# What came is cut at this quantile of actual over simple forecast, for the trees alone: a customer who spends many
# times the own usual once must not set a leaf; large customers are not cut.
WINSORISED_AT = 0.995
# A contract that ends within the horizon ends in its middle, on average; its price is paid until then.
PAID_WHEN_ENDING = 0.5
FEWEST_STAYERS = 50
FEWEST_FOR_TREES = 500
_MOST_ROWS = 200_000
_MOST_LATER = 20_000
_MOST_PERIODS = 12


@dataclass(frozen=True)
class _Rows:
    """Rows of stayers with what they spent."""

    X: np.ndarray
    spend: np.ndarray
    cutoff: np.ndarray

    def where(self, rows: np.ndarray) -> _Rows:
        return _Rows(self.X[rows], self.spend[rows], self.cutoff[rows])

    def columns(self, names: tuple[str, ...]) -> dict[str, np.ndarray]:
        return {name: self.X[:, i] for i, name in enumerate(names)}


def fit_spend(
    history: History, definition: Definition, fold: Fold, settings: TrainingSettings
) -> SpendModel | None:
    """Fit the spend of customers who stay on a fold's training rows, and judge it on its held-out cutoff.

    Parameters
    ----------
    history : History
        The log; training sees what was known before the fold's cutoff.
    definition : Definition
        Horizon and gap.
    fold : Fold
        Rows, signals and churn probabilities; signals are not computed again.
    settings : TrainingSettings
        Seed and threads.

    Returns
    -------
    SpendModel or None
        None where a signal is missing that even the customer's own mean needs.

    Notes
    -----
    Candidates: the own mean, the own mean drawn towards the base, LightGBM on top of that, and the mean of the two;
    each scaled to the training total. They are fitted on snapshots whose label windows end by the newest
    one and compared on it by the Tweedie deviance; a later candidate is taken when it is better by more than a standard
    error of the paired difference. The chosen one is fitted again on all training snapshots.
    """
    names = tuple(s.name for s in fold.signals)
    by_price = definition.kind == "subscription" and "plan_price" in names
    if not by_price and not set(NEEDED) <= set(names):
        return None
    report("Fitting the expected spend")
    learn, test = fold.learn, fold.test
    spend = np.zeros(len(learn)) if by_price else spend_of(learn, definition, history.as_of(fold.cutoff).logs)
    stayed = _thinned(learn.y == 0, settings.seed)
    rows = _Rows(learn.X[stayed], spend[stayed], learn.cutoff[stayed])
    if by_price:
        prices = learn.X[:, names.index("plan_price")]
        known_prices = prices[~np.isnan(prices)]
        usual = float(np.median(known_prices)) if len(known_prices) else 0.0
        model = SpendModel(
            "price",
            definition.horizon_days,
            definition.lookback_days,
            usual_price=usual,
            facts={"without_price": int(np.isnan(test.X[:, names.index("plan_price")]).sum())},
        )
    else:
        model = _choose(rows, definition, fold, settings, names)
        model = replace(model, season=useful_season(_ratios(model, rows, names, settings)))
    model = _with_losses(model, history, definition, fold, settings, names, spend)
    return replace(
        model, evaluation=_judge(model, history, definition, fold, settings, names, by_price, test)
    )


def _choose(
    rows: _Rows, definition: Definition, fold: Fold, settings: TrainingSettings, names: tuple[str, ...]
) -> SpendModel:
    newest = int(fold.cutoffs[-1])
    earlier = [c for c in fold.cutoffs if c + definition.window_us <= newest] or [fold.cutoffs[0]]
    before, later = rows.where(rows.cutoff <= earlier[-1]), rows.where(rows.cutoff == newest)
    if (
        min(len(before.spend), len(later.spend)) < FEWEST_STAYERS
        or later.spend.sum() <= 0
        or before.spend.sum() <= 0
    ):
        own = SpendModel("own_mean", definition.horizon_days, definition.lookback_days)
        return _scaled(own, rows, names, settings)
    trial = _candidates(before, later, definition, fold, settings, names, trees=None)
    losses = {
        name: deviance(later.spend, m.if_staying(later.X, names, threads=settings.threads))
        for name, m in trial.items()
    }
    best = "own_mean"
    for name in list(losses)[1:]:
        gain = losses[best] - losses[name]
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best = name
    trees = trial[best].facts.get("trees", 0)
    final = _candidates(rows, later, definition, fold, settings, names, trees=trees)[best]
    facts = {
        "chosen_by": {name: float(loss.mean()) for name, loss in losses.items()},
        "chosen_at_rows": len(later.spend),
        "trees": trees,
        "rows": len(rows.spend),
    }
    return replace(final, facts=facts)


def _ratios(
    model: SpendModel, rows: _Rows, names: tuple[str, ...], settings: TrainingSettings
) -> list[tuple[int, float]]:
    """Return, by training cutoff, the logarithm of what came over what is forecast."""
    forecast = model.if_staying(rows.X, names, threads=settings.threads)
    out = []
    for c in np.unique(rows.cutoff):
        at = rows.cutoff == c
        came, foretold = float(rows.spend[at].sum()), float(forecast[at].sum())
        if came > 0 and foretold > 0:
            out.append((int(c), float(np.log(came / foretold))))
    return out


def _candidates(
    learn: _Rows,
    later: _Rows,
    definition: Definition,
    fold: Fold,
    settings: TrainingSettings,
    names: tuple[str, ...],
    *,
    trees: int | None,
) -> dict[str, SpendModel]:
    """Fit every candidate, simplest first; with `trees` None their number is found on later rows."""
    h, active = definition.horizon_days, definition.lookback_days
    newest = learn.where(learn.cutoff == learn.cutoff.max())
    simple = fit_shrunken(newest.columns(names), active)
    out = {
        "own_mean": SpendModel("own_mean", h, active),
        "shrunken": SpendModel("shrunken", h, active, shrunken=simple),
    }
    out = {name: _scaled(m, learn, names, settings) for name, m in out.items()}
    if len(learn.spend) >= FEWEST_FOR_TREES:
        forecast = _above_zero(out["shrunken"].if_staying(learn.X, names))
        cap = np.quantile(learn.spend / forecast, WINSORISED_AT)
        target = np.minimum(learn.spend, cap * forecast)
        options = {"seed": settings.seed, "threads": settings.threads}
        if trees is None:
            watched = (later.X, later.spend, _above_zero(out["shrunken"].if_staying(later.X, names)))
            trees, text = find_spend_trees(learn.X, target, forecast, watched, fold.signals, **options)
        elif trees:
            text = fit_spend_trees(learn.X, target, forecast, fold.signals, trees, **options)
        if trees:
            for name in ("trees", "blend"):
                grown = SpendModel(name, h, active, shrunken=simple, trees=(text,), facts={"trees": trees})
                out[name] = _scaled(grown, learn, names, settings)
    return out


def _scaled(
    model: SpendModel, learn: _Rows, names: tuple[str, ...], settings: TrainingSettings
) -> SpendModel:
    forecast = float(model.if_staying(learn.X, names, threads=settings.threads).sum())
    actual = float(learn.spend.sum())
    return replace(model, scale=model.scale * actual / forecast) if forecast > 0 and actual > 0 else model


def _with_losses(
    model: SpendModel,
    history: History,
    definition: Definition,
    fold: Fold,
    settings: TrainingSettings,
    names: tuple[str, ...],
    spend: np.ndarray,
) -> SpendModel:
    """Learn what leaving customers still pay, and how customers are lost in later periods."""
    learn, paid = fold.learn, PAID_WHEN_ENDING
    if model.method != "price":
        left = _thinned(learn.y == 1, settings.seed, _MOST_LATER)
        expected = float(model.if_staying(learn.X[left], names, threads=settings.threads).sum())
        paid = float(np.clip(spend[left].sum() / expected, 0, 1)) if expected > 0 else 0.0
    p, period, bought = _later_periods(history, definition, fold, settings)
    if not len(p):
        return replace(model, paid_when_leaving=paid, facts={**model.facts, "later_periods": 0})
    concentration, leaving = fit_losses(p, period, bought)
    facts = {**model.facts, "later_periods": int(period.max()), "later_rows": len(p)}
    return replace(model, paid_when_leaving=paid, concentration=concentration, leaving=leaving, facts=facts)


def _later_periods(
    history: History, definition: Definition, fold: Fold, settings: TrainingSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return churn probability, period and whether the customer bought, for periods that end by the fold's cutoff."""
    learn, step = fold.learn, definition.horizon_days * DAY_US
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    rng = np.random.default_rng(settings.seed)
    own = definition.cutoffs(history)  # outcomes of one's own are known at these alone
    spans = [
        (c, k)
        for c in fold.cutoffs
        for k in range(1, _MOST_PERIODS)
        if c + k * step + definition.window_us <= fold.cutoff and (own is None or c + k * step in own)
    ]
    most = max(_MOST_LATER // max(len(spans), 1), 50)
    for c in fold.cutoffs:
        rows = np.flatnonzero(learn.cutoff == c)
        if len(rows) > most:
            rows = np.sort(rng.choice(rows, most, replace=False))
        there = np.ones(len(rows), dtype=bool)
        p = fold.fitted.predictor.predict(learn.X[rows], threads=settings.threads)
        if definition.kind != "inactivity":
            there = learn.y[rows] == 0
        for k in [k for at, k in spans if at == c]:
            stays = definition.outcomes(history, c + k * step, learn.customer[rows]) == 0
            if definition.kind != "inactivity":  # whoever has left a contract is not counted as back
                there = stays = stays & there
            found.append((p, np.full(len(p), k + 1), stays.astype(np.float64)))
    if not found:
        return np.empty(0), np.empty(0, dtype=np.int64), np.empty(0)
    p, period, bought = (np.concatenate(x) for x in zip(*found, strict=True))
    return p, period, bought


def _judge(
    model: SpendModel,
    history: History,
    definition: Definition,
    fold: Fold,
    settings: TrainingSettings,
    names: tuple[str, ...],
    by_price: bool,
    test: Snapshots,
) -> SpendEvaluation | None:
    known = ~np.isnan(test.y)
    X, y, p = test.X[known], test.y[known], next(iter(fold.predictions.values()))[known]
    if by_price or not (y == 0).any():
        return None  # a price as of the cutoff is no forecast that could be better or worse than the own mean
    actual = spend_of(test, definition, history.logs)[known]
    own = own_mean({n: X[:, i] for i, n in enumerate(names)}, model.horizon_days, model.lookback_days)
    staying = model.if_staying(X, names, cutoff=fold.cutoff, threads=settings.threads)
    return judge_spend(
        actual,
        y,
        {"model": model.expected(p, staying), "own_mean": own},
        {"model": staying, "own_mean": own},
        cutoff=history.date(fold.cutoff),
        clusters=test.customer[known],
        seed=settings.seed,
    )


def spend_of(part: Snapshots, definition: Definition, logs: Mapping[str, EventLog]) -> np.ndarray:
    """Return what the customer of each row spent in the label window of its cutoff; see `net_spend`."""
    out = np.zeros(len(part))
    for c in part.cutoffs:
        rows = part.cutoff == c
        start, end = int(c) + definition.gap_days * DAY_US, int(c) + definition.window_us
        out[rows] = net_spend(logs, part.customer[rows], start, end)
    return out


def _thinned(wanted: np.ndarray, seed: int, most: int = _MOST_ROWS) -> np.ndarray:
    rows = np.flatnonzero(wanted)
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _above_zero(forecast: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(forecast, max(1e-3 * float(forecast.mean()), 1e-9)))
