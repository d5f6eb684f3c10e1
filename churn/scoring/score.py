"""Scores the active customers of a cutoff and lists those at risk, beside the retention rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn.config import EconomicsSettings, ScoringSettings, ValueSettings
from churn.data.base import CustomerBase, Tally
from churn.data.calendar import Calendar
from churn.data.history import DAY_US, History, Instant
from churn.data.sample import SampleTally
from churn.data.store import LogStore
from churn.errors import DataError
from churn.features.catalogue import Schema
from churn.features.over import Pools, base_for
from churn.model.bands import bands_of
from churn.model.baserate import MOST_CUSTOMERS, Forecast
from churn.model.bundle import Model, check_ready
from churn.model.explain import TEXT_COLUMNS, explain_listed
from churn.model.predictor import probability
from churn.progress import report
from churn.retention.outlook import OutlookTally
from churn.scoring.changes import Change, find_changes, tally_for
from churn.scoring.listing import choose, list_rule, value_if_saved
from churn.scoring.passes import Passed, pass_over, spend_of
from churn.scoring.result import Scores
from churn.scoring.rows import SignalRows
from churn.scoring.stages import UsualGap
from churn.scoring.standing import StandingTally

if TYPE_CHECKING:
    import pandas as pd


def score(
    model: Model,
    data: History | LogStore | CustomerBase,
    as_of: Instant | None = None,
    *,
    settings: ScoringSettings | None = None,
    value: ValueSettings | None = None,
    economics: EconomicsSettings | None = None,
    threads: int = 2,
) -> Scores:
    """Score the active customers and list those at risk, beside the retention rate.

    Parameters
    ----------
    model : Model
        From `churn.train` or `churn.load_model`.
    data : History, LogStore or CustomerBase
        The log, in one piece or saved in parts, which are gone through one by one; nothing at or after the cutoff is
        seen.
    as_of : date, datetime or str, optional
        The cutoff T; the midnight after the last order when left out.
    settings : ScoringSettings, optional
        Rule and size of the list, currency.
    value : ValueSettings, optional
        Days and discount rate of the lifetime value.
    economics : EconomicsSettings, optional
        What a contact costs and brings, for a list by money.
    threads : int, default 2
        Threads of the prediction.

    Returns
    -------
    Scores
        ``.at_risk`` beside ``.retention``.

    Raises
    ------
    ParameterError
        The cutoff is no date, or lies after the day of the last order; or the settings of the list do not go together.
    ModelError
        The history lacks a table or column that the model was trained with.
    DataError
        Nobody is active at the cutoff.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=400, seed=1, days=600).history()
    >>> few = churn.TrainingSettings(max_snapshots=3, threads=1)
    >>> model = churn.train(history, churn.Inactivity(120, 45), settings=few, track=False).model
    >>> found = churn.score(model, history, "2025-12-01")
    >>> now = found.retention.current
    >>> now.start - now.lost + now.new + now.reactivated == now.end == len(found.active)
    True
    >>> found.at_risk["rank"].tolist() == list(range(1, len(found.at_risk) + 1))
    True
    """
    settings, economics = settings or ScoringSettings(), economics or EconomicsSettings()
    list_rule(settings, economics)  # before anything is computed
    base, t = prepare(model, data, as_of)
    return score_base(
        model,
        base,
        t,
        settings=settings,
        value=value or ValueSettings(),
        economics=economics,
        threads=threads,
    ).scores


def prepare(
    model: Model, data: History | LogStore | CustomerBase, as_of: Instant | None = None
) -> tuple[CustomerBase, int]:
    """Return the customers that a model is to score, and the cutoff; see `check_ready` for the errors."""
    t = check_ready(model, data, as_of)
    return base_for(data, model.signals), t


@dataclass(frozen=True)
class Scored:
    """Scores, and what came up on the way.

    Attributes
    ----------
    scores : Scores
        The result.
    churn_probability, recency_days : numpy.ndarray of shape (n_active,)
        Of the active customers, ids sorted.
    forecast : Forecast
        Of the base rate.
    pools : mapping or None
        Figures of all customers with which signals compare; None where the log is one piece.
    usual_gap_days : float
        All customers' mean gap between days with an order; NaN where there is none.
    """

    scores: Scores
    churn_probability: np.ndarray
    recency_days: np.ndarray
    forecast: Forecast
    pools: Pools | None
    usual_gap_days: float


def score_base(
    model: Model,
    base: CustomerBase,
    t: int,
    *,
    settings: ScoringSettings,
    value: ValueSettings,
    economics: EconomicsSettings,
    threads: int = 2,
    tallies: Sequence[Tally] = (),
) -> Scored:
    """Score customers at a cutoff, as `score`; `tallies` count in the same pass, in which all tables are read."""
    import pandas as pd

    definition = model.definition
    outlook, gap = OutlookTally(base, definition, t), UsualGap(definition, t)
    standing, tonight = StandingTally(definition, t, gap, settings.slipping_after), tally_for(model, t)
    with SignalRows(several=base.count > 1) as rows:
        sample = SampleTally(MOST_CUSTOMERS)
        passed = pass_over(
            model,
            base,
            t,
            rows,
            threads=threads,
            first=(gap,),
            tallies=(sample, outlook, standing, tonight, *tallies),
        )
        if len(passed.customers) == 0:
            raise DataError(
                f"Nobody is active on {base.date(t)}",
                given=f"active means {definition.active_means}; the first order is of {base.date(base.data_start)}",
                fix="Choose another cutoff or another definition, such as longer active_days.",
                code="empty-population",
            )
        report("Scoring")
        ahead = model.forecast(sample.base(base), t, threads=threads)
        del sample  # the rows of many customers
        p, staying, spend = probability(passed.log_odds + ahead.shift), passed.if_staying, spend_of(model)
        stake = p * staying
        listing = choose(
            p, stake, settings, economics, value_if_saved(spend, p, staying, economics, value, cutoff=t)
        )
        active = pd.DataFrame(
            {
                "customer": passed.customers,
                "churn_probability": p,
                "risk_band": bands_of(p),
                "value_at_stake": stake,
                "spend_if_staying": staying,
                "expected_spend": spend.expected(p, staying),
                "lifetime_value": spend.lifetime(p, staying, cutoff=t, **value.model_dump()),
                "expected_profit": listing.expected_profit,
                # Of everybody and not of the listed alone: a campaign sells nothing before a complaint is answered.
                "ignored_complaints": passed.signals.get("ignored_complaints_count", np.full(len(p), np.nan)),
                "unanswered_complaint_days": _waiting(passed, len(p)),
            }
        )
        everybody = standing.result().complete(active)
        active.insert(3, "stage", everybody.active["stage"])
        at_risk, reasons = _list(
            model, base, t, passed, active, listing.chosen, ahead.shift, settings, threads
        )
    recency = passed.signals["recency_days"]
    changes = find_changes(model, tonight, Schema.of_data(base), base)
    scores = Scores(
        at_risk,
        everybody.everyone,
        reasons,
        outlook.result(p, recency, ahead.level_sd),
        base.date(t),
        definition.describe(),
        listing.at_risk,
        listing.rule,
        settings.currency,
        {
            "digest": model.digest,
            "trained_until": model.training.get("last_cutoff"),
            "test_cutoff": model.training.get("test_cutoff"),
            "outcomes_seen_until": base.date(_seen_until(model)) if _seen_until(model) else None,
            "beats_baselines": model.beats_baselines,
            "auc": model.evaluation.metrics["model"]["auc"].value,
            "churn_version": model.training.get("churn_version"),
            "base_rate": {**vars(ahead), "said": ahead.describe()},
        },
        _warnings(base, model, t, changes),
        {
            "horizon_days": definition.horizon_days,
            **value.model_dump(),
            "method": spend.method,
            "assumptions": spend.assumptions(**value.model_dump()),
        },
        listing.to_dict(),
        everybody.facts,
        changes,
    )
    return Scored(scores, p, recency, ahead, passed.pools, gap.days)


def _list(
    model: Model,
    base: CustomerBase,
    t: int,
    passed: Passed,
    active: pd.DataFrame,
    chosen: np.ndarray,
    shift: float,
    settings: ScoringSettings,
    threads: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the listed customers with their reasons and own numbers, and the table of reasons."""
    import pandas as pd

    texts, reasons = explain_listed(
        model,
        base,
        t,
        passed.picked(chosen),
        passed.customers[chosen],
        shift=shift,
        currency=settings.currency,
        threads=threads,
    )
    column = {name: values[chosen] for name, values in passed.signals.items()}
    since = column["recency_days"]
    last = np.where(
        np.isnan(since),
        np.iinfo(np.int64).min,  # a subscriber need not have ordered: NaT
        t - np.round(np.nan_to_num(since) * DAY_US).astype(np.int64),
    )
    at_risk = active.iloc[chosen].reset_index(drop=True)
    at_risk.insert(1, "rank", np.arange(1, len(chosen) + 1))
    for i, name in enumerate(TEXT_COLUMNS):
        at_risk.insert(5 + i, name, texts[name])
    at_risk["last_order"] = pd.Series(
        pd.DatetimeIndex(last.astype("datetime64[us]"))
        .tz_localize("UTC")
        .tz_convert(base.timezone)
        .strftime("%Y-%m-%d")
        .fillna(""),
        dtype=str,
    )
    own = column["gap_mean_days"]
    usual = np.where(np.isnan(own), column["gap_usual_days"], own)  # the same gap that the reasons tell
    at_risk["days_overdue"] = np.round(np.maximum(since - usual, 0.0), 1)
    del at_risk["unanswered_complaint_days"]  # the reasons say it
    at_risk["ignored_complaints"] = at_risk.pop("ignored_complaints")  # the last column
    return at_risk, reasons


def _waiting(passed: Passed, count: int) -> np.ndarray:
    """Return the days that the oldest complaint without an answer has waited: 0 without one, NaN if not known."""
    oldest = passed.signals.get("unanswered_complaint_oldest_days")
    return np.full(count, np.nan) if oldest is None else np.nan_to_num(oldest, nan=0.0)


def _warnings(calendar: Calendar, model: Model, t: int, changes: tuple[Change, ...]) -> tuple[str, ...]:
    out = [change.text for change in changes if change.is_warning]
    if not model.beats_baselines:
        out.append(
            "This model does not beat the simple baselines on later data: a plain rule would rank as well or better."
        )
    seen = _seen_until(model)
    if t < seen:
        out.append(
            f"The model has seen outcomes up to {calendar.date(seen)}, after this cutoff: these scores look better "
            "than they were possible at the time."
        )
    return tuple(out)


def _seen_until(model: Model) -> int:
    """Return the instant up to which the training saw outcomes; 0 where that is not known."""
    return int(model.training.get("labels_seen_until", 0))
