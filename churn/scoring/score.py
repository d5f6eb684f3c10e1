"""Scores the active customers of a cutoff and lists those at risk, beside the retention rate."""

from __future__ import annotations

import numpy as np

from churn.config import ScoringSettings, ValueSettings
from churn.data.history import DAY_US, History, Instant
from churn.errors import DataError
from churn.features.compute import feature_matrices
from churn.model.bands import bands_of
from churn.model.bundle import Model, check_ready
from churn.model.explain import TEXT_COLUMNS, explain_listed
from churn.model.value.spend import SpendModel
from churn.progress import report
from churn.retention.outlook import make_outlook
from churn.scoring.listing import choose
from churn.scoring.result import Scores


def score(
    model: Model,
    history: History,
    as_of: Instant | None = None,
    *,
    settings: ScoringSettings | None = None,
    value: ValueSettings | None = None,
    threads: int = 2,
) -> Scores:
    """Score the active customers and list those at risk, beside the retention rate.

    Parameters
    ----------
    model : Model
        From `churn.train` or `churn.load_model`.
    history : History
        The log; nothing at or after the cutoff is seen.
    as_of : date, datetime or str, optional
        The cutoff T; the midnight after the last order when left out.
    settings : ScoringSettings, optional
        Threshold or size of the list, currency.
    value : ValueSettings, optional
        Days and discount rate of the lifetime value.
    threads : int, default 2
        Threads of the prediction.

    Returns
    -------
    Scores
        ``.at_risk`` beside ``.retention``.

    Raises
    ------
    ParameterError
        The cutoff is no date, or lies after the day of the last order.
    ModelError
        The history lacks a table or column that the model was trained with.
    DataError
        Nobody is active at the cutoff.
    """
    import pandas as pd

    settings, value = settings or ScoringSettings(), value or ValueSettings()
    t = check_ready(model, history, as_of)
    definition = model.definition
    view = history.as_of(t)
    population = definition.population(view)
    if len(population) == 0:
        raise DataError(
            f"Nobody is active on {history.date(t)}",
            given=f"active means {definition.active_means}; the first order is of "
            f"{history.date(history.data_start)}",
            fix="Choose another cutoff or another definition, such as longer active_days.",
            code="empty-population",
        )
    report("Computing signals")
    X = feature_matrices(history, [t], [population], model.signals)[0]
    report("Scoring")
    ahead = model.forecast(history, t, threads=threads)
    shift = ahead.shift
    p = model.predict(X, shift=shift, threads=threads)
    column = {s.name: X[:, i] for i, s in enumerate(model.signals)}
    spend = model.spend or SpendModel("own_mean", definition.horizon_days, definition.lookback_days)
    staying = spend.if_staying(X, model.signal_names, cutoff=t, threads=threads)
    stake = p * staying
    everyone = pd.DataFrame(
        {
            "customer": history.customers[population],
            "churn_probability": p,
            "risk_band": bands_of(p),
            "value_at_stake": stake,
            "spend_if_staying": staying,
            "expected_spend": spend.expected(p, staying),
            "lifetime_value": spend.lifetime(p, staying, cutoff=t, **value.model_dump()),
        }
    )
    listing = choose(p, stake, settings)
    chosen = listing.chosen
    texts, reasons = explain_listed(
        model,
        history,
        view.instant,
        X[chosen],
        history.customers[population[chosen]],
        shift=shift,
        currency=settings.currency,
        threads=threads,
    )
    since = column["recency_days"][chosen]
    last = np.where(
        np.isnan(since),
        np.iinfo(np.int64).min,  # a subscriber need not have ordered: NaT
        view.instant - np.round(np.nan_to_num(since) * DAY_US).astype(np.int64),
    )
    ignored = column.get("ignored_complaints_count")
    at_risk = everyone.iloc[chosen].reset_index(drop=True)
    at_risk.insert(1, "rank", np.arange(1, len(chosen) + 1))
    for i, name in enumerate(TEXT_COLUMNS):
        at_risk.insert(4 + i, name, texts[name])
    at_risk["last_order"] = pd.Series(
        pd.DatetimeIndex(last.astype("datetime64[us]"))
        .tz_localize("UTC")
        .tz_convert(history.timezone)
        .strftime("%Y-%m-%d")
        .fillna(""),
        dtype=str,
    )
    own = column["gap_mean_days"][chosen]
    usual = np.where(
        np.isnan(own), column["gap_usual_days"][chosen], own
    )  # the same gap that the reasons tell
    at_risk["days_overdue"] = np.round(np.maximum(column["recency_days"][chosen] - usual, 0.0), 1)
    at_risk["ignored_complaints"] = ignored[chosen] if ignored is not None else np.nan
    return Scores(
        at_risk,
        everyone,
        reasons,
        make_outlook(history, definition, t, p, column["recency_days"]),
        history.date(t),
        definition.describe(),
        listing.at_risk,
        listing.rule,
        settings.currency,
        {
            "digest": model.digest,
            "trained_until": model.training.get("last_cutoff"),
            "test_cutoff": model.training.get("test_cutoff"),
            "beats_baselines": model.beats_baselines,
            "auc": model.evaluation.metrics["model"]["auc"].value,
            "churn_version": model.training.get("churn_version"),
            "base_rate": {**vars(ahead), "said": ahead.describe()},
        },
        _warnings(history, model, t),
        {
            "horizon_days": definition.horizon_days,
            **value.model_dump(),
            "method": spend.method,
            "assumptions": spend.assumptions(**value.model_dump()),
        },
    )


def _warnings(history: History, model: Model, t: int) -> tuple[str, ...]:
    out = []
    if not model.beats_baselines:
        out.append(
            "This model does not beat the simple baselines on later data: a plain rule would rank as well or better."
        )
    seen = int(model.training.get("labels_seen_until", 0))
    if t < seen:
        out.append(
            f"The model has seen outcomes up to {history.date(seen)}, after this cutoff: these scores look better than "
            "they were possible at the time."
        )
    return tuple(out)
