"""The result of scoring: the at-risk customers beside the retention rate, as they print and as files."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.csvsafe import csv_safe
from churn.display import Rendered, format_amount, format_count, format_risk
from churn.files import replacing_folder, write_json
from churn.model.bands import BANDS
from churn.model.explain import REASON_COLUMNS, TEXT_COLUMNS
from churn.retention.outlook import Outlook
from churn.scoring.changes import Change
from churn.scoring.runid import run_id
from churn.scoring.stages import stages_line

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "customer": "the customer's id, as it came",
    "rank": "place in the list: by expected profit where the list goes by money, else by value at stake",
    "churn_probability": "probability of churn within the horizon, as the definition says it",
    "risk_band": "odds of churn against the average odds: critical from 4 times, high from 2, elevated from 1",
    "stage": "lifecycle stage, by the rules of stage_rules",
    **TEXT_COLUMNS,
    "value_at_stake": "churn probability times the spend in the horizon if the customer stays",
    "spend_if_staying": "forecast of the spend in the horizon if the customer stays, less returns",
    "expected_spend": "forecast of the spend in the horizon, whether the customer stays or not",
    "lifetime_value": "forecast of the spend over the lifetime that the summary states, discounted to today",
    "expected_profit": "what a contact is expected to earn by the costs and the chance to save; empty without them",
    "last_order": "local date of the last order",
    "days_overdue": "days since the last order less the customer's mean gap (the base's after one); never below 0",
    "ignored_complaints": "complaints without an answer in time, ever; empty where complaints are not known",
}
SCORE_COLUMNS = {
    "basis": "where the probability comes from: model, fallback, or lapsed (none)",
    "unanswered_complaint_days": "days that the oldest complaint without an answer has waited: 0 without one, empty "
    "where complaints are not known",
}
_AMOUNTS = ("value_at_stake", "spend_if_staying", "expected_spend", "lifetime_value", "expected_profit")
_SHOWN = 10


@dataclass(frozen=True, repr=False)
class Scores(Rendered):
    """The result of scoring: who is at risk, beside the retention rate.

    Attributes
    ----------
    at_risk : pandas.DataFrame
        The listed customers, by rank; columns as in `COLUMNS`.
    everyone : pandas.DataFrame
        All customers known at the cutoff, ids sorted: `stage`, `basis` (where the probability comes from), and of the
        active ones probability, band, value at stake and forecasts of spend; see `active`.
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
    listing : dict
        By what the list goes, and how many are left out by what.
    standing : dict
        ``stages`` and ``basis`` counted, ``stage_rules``, and what stands in for those without a history.
    changes : tuple of Change
        What is otherwise in the data than at training; where scores may suffer it is among the warnings too.
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
    listing: dict[str, Any] = field(default_factory=dict)
    standing: dict[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()

    @cached_property
    def active(self) -> pd.DataFrame:
        """The active customers, whom the model scored; the columns of `everyone`."""
        if "basis" not in self.everyone:
            return self.everyone
        return self.everyone[self.everyone["basis"] == "model"].reset_index(drop=True)

    @cached_property
    def run(self) -> str:
        """The run's id: the cutoff, and a hash over the scores and the model; equal runs have equal ids."""
        return run_id(self)

    def summary(self) -> dict[str, Any]:
        """Return the summary that is written as ``summary.json``."""
        bands, listed = (f["risk_band"].value_counts() for f in (self.active, self.at_risk))
        return {
            "run": self.run,
            "as_of": self.as_of,
            "definition": self.definition,
            "warnings": list(self.warnings),
            "changes": [vars(c) for c in self.changes],
            "known": len(self.everyone),
            "population": len(self.active),
            **self.standing,
            "at_risk": self.at_risk_count,
            "listed": len(self.at_risk),
            "listed_because": self.listed_because,
            "listing": self.listing,
            "mean_churn_probability": float(self.active["churn_probability"].mean()),
            "bands": {name: int(bands.get(name, 0)) for name, _ in BANDS},
            "bands_listed": {name: int(listed.get(name, 0)) for name, _ in BANDS},
            "value_at_stake_listed": float(self.at_risk["value_at_stake"].sum()),
            "value_at_stake_all": float(self.active["value_at_stake"].sum()),
            "expected_spend_all": float(self.active["expected_spend"].sum()),
            "lifetime_value_all": float(self.active["lifetime_value"].sum()),
            "value": self.value,
            "currency": self.currency,
            "retention": self.retention.to_dict(),
            "model": self.model,
            "columns": COLUMNS
            | SCORE_COLUMNS
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
            self.write_files(fresh)
        return target

    def write_files(self, folder: Path) -> None:
        """Write the files into a folder that is there."""
        self.at_risk.to_parquet(folder / "at_risk.parquet", index=False)
        readable = self.at_risk.round({"churn_probability": 4} | dict.fromkeys(_AMOUNTS, 2))
        csv_safe(readable).to_csv(folder / "at_risk.csv", index=False)
        self.reasons.to_parquet(folder / "reasons.parquet", index=False)
        self.everyone.to_parquet(folder / "scores.parquet", index=False)
        write_json(folder / "summary.json", self.summary())

    def value_line(self) -> str:
        """Say in one sentence what all active customers are expected to spend."""
        spend, lifetime = (
            format_amount(float(self.active[c].sum()), self.currency)
            for c in ("expected_spend", "lifetime_value")
        )
        v = self.value
        return (
            f"Expected from all active customers: {spend} in the horizon of {v['horizon_days']} days, {lifetime} in "
            f"{v['lifetime_days']} days discounted by {100 * v['discount_rate']:g} % a year."
        )

    @property
    def order(self) -> str:
        """In which order the list is, in words."""
        by_money = self.listing.get("list_by") == "money"
        return "most expected profit first" if by_money else "most value at stake first"

    @property
    def listed_are(self) -> str:
        """What those whom the rule lists are, in words."""
        return "worth a contact" if self.listing.get("list_by") == "money" else "at risk"

    def standing_line(self) -> str:
        """Say in a sentence or two in which stages the known customers are, and what stands in for a score."""
        line = f"Known customers: {format_count(len(self.everyone))}: {stages_line(self.standing['stages'])}."
        fallback = self.standing["fallback"]
        notes = "".join(f" {c.text}" for c in self.changes if not c.is_warning)
        return (f"{line} {fallback['said']}." if fallback["customers"] else line) + notes

    def _repr_html_(self) -> str:
        import html

        table = self.at_risk.head(_SHOWN).to_html(
            index=False, float_format="{:,.2f}".format, border=0, escape=True
        )
        warnings = "".join(f"<p><b>{html.escape(w)}</b></p>" for w in self.warnings)
        title = (
            f"As of {self.as_of}: {self.at_risk_count:,} of {len(self.active):,} active customers are "
            f"{self.listed_are}; {self.order}"
        )
        rates = html.escape(self.retention.render())
        return (
            f"{warnings}<div style='display:flex;flex-wrap:wrap;gap:2em;align-items:flex-start'>"
            f"<pre style='line-height:1.3;max-width:44em;white-space:pre-wrap'>{rates}</pre>"
            f"<div style='overflow-x:auto'><p><b>{html.escape(title)}</b></p>{table}"
            f"<p>{html.escape(self.listed_because)}</p><p>{html.escape(self.value_line())}</p>"
            f"<p>{html.escape(self.standing_line())}</p></div></div>"
        )

    def render(self) -> str:
        """Return the retention rate and the first at-risk customers."""
        shown = self.at_risk.head(_SHOWN)
        lines = [f"! {w}" for w in self.warnings]
        total = float(self.active["value_at_stake"].sum())
        listed = float(self.at_risk["value_at_stake"].sum())
        lines += [
            f"As of {self.as_of}: {format_count(len(self.active))} active customers, "
            f"{format_count(self.at_risk_count)} {self.listed_are}. {self.definition[0].upper()}{self.definition[1:]}.",
            "",
            self.retention.render(),
            "",
            f"{self.listed_are.capitalize()}, {self.order} ({min(_SHOWN, len(self.at_risk))} of "
            f"{format_count(len(self.at_risk))}; {format_amount(listed, self.currency)} of "
            f"{format_amount(total, self.currency)} at stake)",
        ]
        for r in shown.to_dict("records"):
            ignored = (
                f"   ignored complaints {r['ignored_complaints']:.0f}" if r["ignored_complaints"] > 0 else ""
            )
            lines.append(
                f"{r['rank']:>3}. {r['customer']}   {format_risk(r['churn_probability'])} {r['risk_band']}   "
                f"{format_amount(r['value_at_stake'], self.currency)} at stake   {self._profit(r)}"
                f"{_last_order(r)}{ignored}"
            )
            lines += [f"       - {r[c]}" for c in TEXT_COLUMNS if r[c] and c.startswith("reason")]
            lines += [f"       but: {r['keeps_1']}"] if r["keeps_1"] else []
        if not len(shown):
            lines.append("  nobody")
        lines += ["", self.listed_because, self.value_line(), self.standing_line()]
        return "\n".join(lines)

    def _profit(self, row: dict[Any, Any]) -> str:
        if self.listing.get("list_by") != "money":
            return ""
        return f"{format_amount(row['expected_profit'], self.currency)} expected profit   "


def _last_order(row: dict[Any, Any]) -> str:
    if not row["last_order"]:
        return "no order yet"
    return f"last order {row['last_order']}   {row['days_overdue']:.0f} days overdue"
