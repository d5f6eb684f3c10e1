"""The screen this package exists for: the at-risk customers beside the retention rate."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config import ScoringSettings, ValueSettings
from churn.data.history import DAY_US, History, Instant
from churn.display import Rendered, format_amount, format_count, format_percent
from churn.errors import DataError
from churn.features.compute import feature_matrices
from churn.files import replacing_folder, write_json
from churn.model.bands import BANDS, LISTED_FROM, bands_of, is_listed, odds_of
from churn.model.bundle import Model, check_ready
from churn.model.explain import REASON_COLUMNS, TEXT_COLUMNS, explain_listed
from churn.model.value.spend import SpendModel
from churn.progress import report
from churn.retention.outlook import Outlook, make_outlook

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "customer": "the customer's id, as it came",
    "rank": "place in the list, by value at stake",
    "churn_probability": "probability of churn within the horizon, as the definition says it",
    "risk_band": "odds of churn against the average odds: critical from 4 times, high from 2, elevated from 1",
    **TEXT_COLUMNS,
    "value_at_stake": "churn probability times the spend in the horizon if the customer stays",
    "spend_if_staying": "forecast of the spend in the horizon if the customer stays, less returns",
    "expected_spend": "forecast of the spend in the horizon, whether the customer stays or not",
    "lifetime_value": "forecast of the spend over the lifetime that the summary states, discounted to today",
    "last_order": "local date of the last order",
    "days_overdue": "days since the last order less the customer's mean gap (the base's after one); never below 0",
    "ignored_complaints": "complaints without an answer in time, ever; empty where complaints are not known",
}
_AMOUNTS = ("value_at_stake", "spend_if_staying", "expected_spend", "lifetime_value")
_SHOWN = 10


@dataclass(frozen=True, repr=False)
class Scores(Rendered):
    """The result of scoring: who is at risk, beside the retention rate.

    Attributes
    ----------
    at_risk : pandas.DataFrame
        The listed customers, most value at stake first; columns as in `COLUMNS`.
    everyone : pandas.DataFrame
        All customers of the population with probability, band, value at stake and forecasts of spend.
    reasons : pandas.DataFrame
        The reasons of the listed customers, one row each, with their pushes and numbers.
    retention : Outlook
        Retention of the last period, the one before, and the expected one.
    as_of : str
        The cutoff's local date.
    at_risk_count : int
        How many are at risk, also where `top` shortens the list.
    listed_because : str
        The rule that made the list, and whom it leaves out.
    warnings : tuple of str
        What a reader must know first.
    value : dict
        Days of the horizon and of the lifetime, discount rate, and the assumptions in words.
    """

    at_risk: pd.DataFrame
    everyone: pd.DataFrame
    reasons: pd.DataFrame
    retention: Outlook
    as_of: str
    definition: str
    at_risk_count: int
    listed_because: str
    currency: str
    model: dict[str, Any]
    warnings: tuple[str, ...] = ()
    value: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return the summary that is written as ``summary.json``."""
        bands = self.everyone["risk_band"].value_counts()
        return {
            "as_of": self.as_of,
            "definition": self.definition,
            "warnings": list(self.warnings),
            "population": len(self.everyone),
            "at_risk": self.at_risk_count,
            "listed": len(self.at_risk),
            "listed_because": self.listed_because,
            "mean_churn_probability": float(self.everyone["churn_probability"].mean()),
            "bands": {name: int(bands.get(name, 0)) for name, _ in BANDS},
            "value_at_stake_listed": float(self.at_risk["value_at_stake"].sum()),
            "value_at_stake_all": float(self.everyone["value_at_stake"].sum()),
            "expected_spend_all": float(self.everyone["expected_spend"].sum()),
            "lifetime_value_all": float(self.everyone["lifetime_value"].sum()),
            "value": self.value,
            "currency": self.currency,
            "retention": self.retention.to_dict(),
            "model": self.model,
            "columns": COLUMNS
            | {"churn_probability": f"probability of {self.retention.definition.churn_means}"},
            "reason_columns": REASON_COLUMNS,
        }

    def write(self, folder: str | Path) -> Path:
        """Write at_risk, reasons and scores as Parquet, at_risk as CSV too, and summary.json, all or nothing.

        Returns
        -------
        Path
            The folder.
        """
        target = Path(folder)
        with replacing_folder(target) as fresh:
            self.at_risk.to_parquet(fresh / "at_risk.parquet", index=False)
            readable = self.at_risk.round({"churn_probability": 4} | dict.fromkeys(_AMOUNTS, 2))
            _csv_safe(readable).to_csv(fresh / "at_risk.csv", index=False)
            self.reasons.to_parquet(fresh / "reasons.parquet", index=False)
            self.everyone.to_parquet(fresh / "scores.parquet", index=False)
            write_json(fresh / "summary.json", self.summary())
        return target

    def value_line(self) -> str:
        """Say in one sentence what all active customers are expected to spend."""
        spend, lifetime = (
            format_amount(float(self.everyone[c].sum()), self.currency)
            for c in ("expected_spend", "lifetime_value")
        )
        v = self.value
        return (
            f"Expected from all active customers: {spend} in the horizon of {v['horizon_days']} days, {lifetime} in "
            f"{v['lifetime_days']} days discounted by {100 * v['discount_rate']:g} % a year."
        )

    def _repr_html_(self) -> str:
        import html

        table = self.at_risk.head(_SHOWN).to_html(
            index=False, float_format="{:,.2f}".format, border=0, escape=True
        )
        warnings = "".join(f"<p><b>{html.escape(w)}</b></p>" for w in self.warnings)
        title = (
            f"As of {self.as_of}: {self.at_risk_count:,} of {len(self.everyone):,} active customers are at risk; "
            "most value at stake first"
        )
        rates = html.escape(self.retention.render())
        return (
            f"{warnings}<div style='display:flex;flex-wrap:wrap;gap:2em;align-items:flex-start'>"
            f"<pre style='line-height:1.3;max-width:44em;white-space:pre-wrap'>{rates}</pre>"
            f"<div style='overflow-x:auto'><p><b>{html.escape(title)}</b></p>{table}"
            f"<p>{html.escape(self.listed_because)}</p><p>{html.escape(self.value_line())}</p></div></div>"
        )

    def render(self) -> str:
        """Return the retention rate and the first at-risk customers."""
        shown = self.at_risk.head(_SHOWN)
        lines = [f"! {w}" for w in self.warnings]
        total = float(self.everyone["value_at_stake"].sum())
        listed = float(self.at_risk["value_at_stake"].sum())
        lines += [
            f"As of {self.as_of}: {format_count(len(self.everyone))} active customers, "
            f"{format_count(self.at_risk_count)} at risk. {self.definition[0].upper()}{self.definition[1:]}.",
            "",
            self.retention.render(),
            "",
            f"At-risk customers, most value at stake first ({min(_SHOWN, len(self.at_risk))} of "
            f"{format_count(len(self.at_risk))}; {format_amount(listed, self.currency)} of "
            f"{format_amount(total, self.currency)} at stake)",
        ]
        for r in shown.to_dict("records"):
            ignored = (
                f"   ignored complaints {r['ignored_complaints']:.0f}" if r["ignored_complaints"] > 0 else ""
            )
            lines.append(
                f"{r['rank']:>3}. {r['customer']}   {100 * r['churn_probability']:.0f} % {r['risk_band']}   "
                f"{format_amount(r['value_at_stake'], self.currency)} at stake   {_last_order(r)}{ignored}"
            )
            lines += [f"       - {r[c]}" for c in TEXT_COLUMNS if r[c] and c.startswith("reason")]
            lines += [f"       but: {r['keeps_1']}"] if r["keeps_1"] else []
        if not len(shown):
            lines.append("  nobody")
        lines += ["", self.listed_because, self.value_line()]
        return "\n".join(lines)


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
    chosen = np.flatnonzero(is_listed(p, settings.threshold))
    if settings.threshold is not None:
        rule = f"Listed: churn probability of {100 * settings.threshold:g} % or more"
    else:
        least = LISTED_FROM * odds_of(p)[1]
        limit = least / (1 + least)
        rule = f"Listed: odds of churn at least twice the average, a probability of {format_percent(limit, 0)} or more"
    chosen = chosen[np.lexsort((population[chosen], -p[chosen], -stake[chosen]))]
    left, count = len(population) - len(chosen), len(chosen)
    if settings.top is not None and len(chosen) > settings.top:
        rule += f"; {format_count(len(chosen) - settings.top)} more left out by top: {settings.top}"
        chosen = chosen[: settings.top]
    rule += f". Below it: {format_count(left)} customers."

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
        count,
        rule,
        settings.currency,
        {
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


def _last_order(row: dict[Any, Any]) -> str:
    if not row["last_order"]:
        return "no order yet"
    return f"last order {row['last_order']}   {row['days_overdue']:.0f} days overdue"


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


def _csv_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep spreadsheet programs from reading an id or segment as a formula."""
    out = frame.copy()
    for name in out.columns:
        if not (out[name].dtype == object or str(out[name].dtype) in ("str", "string")):
            continue
        text = out[name].astype(str)
        risky = text.str.match(r"^[=+\-@\t\r]")
        out[name] = out[name].where(~risky, "'" + text)
    return out
