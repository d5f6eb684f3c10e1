"""The demo of campaigns: the real commands' functions, played through in a generated shop."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.display import Rendered, format_count
from churn.errors import ParameterError
from churn.files import replace_text, replacing_folder
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

    from churn.campaigns.ledger import Ledger
    from churn.campaigns.measurement.result import Measurement
    from churn.campaigns.plan.planned import Plan
    from churn.campaigns.policy import Policy
    from churn.data.simulate import Shop
    from churn.model.bundle import Model

START, MEASURED = dt.date(2025, 10, 6), dt.date(2025, 12, 31)
PAST = {"spring": dt.date(2025, 3, 3), "summer": dt.date(2025, 6, 2)}
_HORIZON = 60
_MARK = "# The generated shop of churn campaign demo."
_CONFIG = f"""\
{_MARK} Copy this file and point it to your own tables.
name: shop
timezone: UTC
data_end: DATA_END

sources:
  orders:        {{path: data/orders.parquet}}
  returns:       {{path: data/returns.parquet}}
  tickets:       {{path: data/tickets.parquet}}
  interactions:  {{path: data/interactions.parquet}}
  customers:     {{path: data/customers.parquet, segments: [country, segment], contact: [email]}}

definition:
  active_days: 180
  horizon_days: {_HORIZON}

training:
  max_snapshots: 4

output: output
"""
_POLICY = f"""\
# What the campaign may do. Change it, and run: churn campaign plan FILE
campaign: autumn
config: churn.yaml          # contact data, consent, and later the outcomes; its newest night has the scores
start: {START}
days: 14
horizon_days: {_HORIZON}
worth: {{column: spend_if_staying, margin: 0.5}}
uplift: uplift              # learnt from the past campaigns; used only where it was shown to be better

actions:                    # the save chances are guesses until a holdout has measured them
  - {{name: call, kind: call, channel: phone, cost: 5, save_chance: 0.2, wakes: 0.05, answers_complaint: true}}
  - {{name: email_series, kind: email_series, channel: email, cost: 0.1, steps: [0, 3, 7], save_chance: 0.1,
     wakes: 0.02}}
  - {{name: discount, kind: discount, channel: email, cost: 0.1, offer_cost: 4, stayers_accept: 0.5, save_chance: 0.15,
     wakes: 0.02}}

limits:
  budget: BUDGET
  capacity: {{phone: CALLS}}    # a day
  caps: [{{contacts: 4, days: 30}}]
  quiet_days: 14
  no_contact_on: [sat, sun]
consent: {{columns: {{"*": consent}}, needed_by: {{email: email}}}}
holdout: {{share: 0.25, stratify: [action]}}
ledger: sqlite:///campaigns.db
delivery: {{"*": {{to: files, place: outbox, fields: [email]}}}}
"""


@dataclass(frozen=True, repr=False)
class Staged(Rendered):
    """What the demo did: plan, measurement, and the truth beside it."""

    plan: Plan
    measurement: Measurement
    learned: str
    truth: dict[str, Any]
    lines: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plan, measurement and truth as plain values."""
        return {
            "plan": self.plan.summary(),
            "learned": self.learned,
            "measurement": self.measurement.to_dict(),
            "truth": self.truth,
        }

    def render(self) -> str:
        """Return what was planned and measured, what is true, and what to do next."""
        parts = [self.learned, self.plan.render(), self.measurement.render(), _in_words(self.truth)]
        return "\n\n".join([*parts, "\n".join(self.lines)])


def run_campaign_demo(out: Path, customers: int, seed: int) -> Staged:
    """Play a campaign through in a generated shop and write everything to `out`."""
    file = out / "churn.yaml"
    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        known = file.is_file() and file.read_text(encoding="utf-8").startswith(_MARK)
        if not known:
            raise ParameterError(
                f"{out} is there already, and not by this demo",
                fix="Name another folder with --out, or move it away.",
                code="foreign-files",
            )
    out.parent.mkdir(parents=True, exist_ok=True)
    # Not `replacing_folder`, which holds the new folder: the steps inside replace folders of their own.
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        staged = _play(fresh, customers, seed)
        if out.exists():
            shutil.rmtree(out)
        fresh.chmod(0o755)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    where = os.path.relpath(out)
    lines = (
        "What to do next",
        f"  read the plan           {where}/plans/autumn/plan.html, and what came of it: measurement.html",
        f"  see what went out       {where}/outbox",
        f"  see the ledger          churn campaign status {where}/autumn.yaml",
        f"  measure it yourself     churn campaign measure {where}/autumn.yaml --no-track",
        f"  plan another            change campaign, start and limits in a copy of {where}/autumn.yaml, then "
        "churn campaign plan FILE",
        "  use your own scores     name them as `scores` in a policy; docs/campaigns.md says how",
    )
    return Staged(**staged, lines=lines)


def _play(folder: Path, customers: int, seed: int) -> dict[str, Any]:
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.measurement.measuring import measure, plan_folder
    from churn.campaigns.plan.make import make_plan
    from churn.campaigns.policy import read_policy
    from churn.data.simulate import make_shop
    from churn.report.campaign import write_measurement_page
    from churn.report.campaign_plan import write_plan_page

    report("Making a shop")
    shop = make_shop(customers, seed=seed)
    # A contact a minute would be a fortune for a shop of this size: limits grow with it.
    policy_text = _POLICY.replace("BUDGET", str(customers // 6)).replace(
        "CALLS", str(max(customers // 600, 2))
    )
    replace_text(folder / "autumn.yaml", policy_text)
    _write_data(folder, shop, START)
    policy = read_policy(folder / "autumn.yaml")
    with open_ledger(policy) as ledger:
        shop = _past_campaigns(folder, shop, policy, ledger, seed)
        _write_data(folder, shop, START)
        _night(folder)
        learned = _learn(folder, policy, ledger)
    plan = make_plan(policy)
    write_plan_page(plan.write())
    before = shop
    with open_ledger(policy) as ledger:
        report("Approving and sending")
        ledger.approve(plan, by="churn campaign demo", now=_morning(START))
        shop = _send(policy, ledger, shop)
        _write_data(folder, shop, MEASURED)
        answered = shop.responses(within_days=_HORIZON)
        answered = answered[answered["contacted"] >= _morning(START)].rename(columns={"response": "kind_of"})
        answered = answered.drop(columns="kind").rename(columns={"kind_of": "kind"})
        answered[["customer", "kind", "time"]].to_csv(folder / "responses.csv", index=False)
        from churn.campaigns.ledger.responsefile import read_responses

        rows, _ = read_responses(folder / "responses.csv", policy)
        ledger.respond(policy.campaign, rows)
        measurement = measure(policy, ledger=ledger)
        write_measurement_page(plan_folder(policy))
        assigned = ledger.assignments(policy.campaign)
    report("Comparing with what the shop knows")
    return {
        "plan": plan,
        "measurement": measurement,
        "learned": learned,
        "truth": _truth(before, policy, assigned, measurement),
    }


def _write_data(folder: Path, shop: Shop, end: dt.date) -> None:
    """Write the tables as they stand on a day, and the configuration that says so."""
    with replacing_folder(folder / "data") as place:
        shop.until(str(end)).write(place)
    replace_text(folder / "churn.yaml", _CONFIG.replace("DATA_END", str(end)))


def _morning(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(9), dt.UTC)


def _past_campaigns(folder: Path, shop: Shop, policy: Policy, ledger: Ledger, seed: int) -> Shop:
    """Make campaigns in which a lot gave everyone his action, and another his arm, and record them."""
    import numpy as np
    import pandas as pd

    import churn
    from churn.campaigns.plan.planned import Plan
    from churn.campaigns.policy import make_policy
    from churn.config import TrainingSettings

    report("Playing the past campaigns")
    first = min(PAST.values())
    definition = churn.Inactivity(active_days=180, horizon_days=_HORIZON)
    settings = TrainingSettings(test_cutoff=first, max_snapshots=4, threads=1)
    model = churn.train(shop.history(), definition, settings=settings, track=False).model
    names = [a.name for a in policy.actions]
    channel = {a.name: a.channel for a in policy.actions}
    for name, day in PAST.items():
        when = pd.Timestamp(_morning(day))
        scored = _scores(model, shop, day)
        rng = np.random.default_rng([seed, day.toordinal()])
        consent = (
            shop.customers.set_index("customer")["consent"].reindex(scored["customer"]).to_numpy(dtype=bool)
        )
        rows = scored[consent].reset_index(drop=True)
        rows["selected"], rows["why_code"], rows["day"] = True, "chosen", str(day)
        rows["arm"] = np.where(rng.random(len(rows)) < 0.5, "treated", "holdout")
        rows["action"] = np.array(names, dtype=object)[rng.integers(0, len(names), len(rows))]
        rows["channel"] = rows["action"].map(channel)
        rows["value"] = policy.worth.margin * rows["spend_if_staying"]
        rows["draw"] = rng.random(len(rows))
        rules = policy.plain() | {"campaign": name, "start": str(day), "days": 1, "uplift": None}
        rules |= {"holdout": {"share": 0.5, "stratify": ["action"]}, "limits": {}, "delivery": {}}
        for action in rules["actions"]:
            action["steps"] = [0]
        past = make_policy(rules, folder=folder)
        ledger.approve(Plan(past, rows, {}), by="churn campaign demo", now=_morning(day))
        while claims := ledger.claim(name, on=day, limit=5000, now=_morning(day)):
            ledger.sent(claims, "demo", now=_morning(day))
        treated = rows[rows["arm"] == "treated"]
        kinds = {a.name: a.kind for a in policy.actions}
        made = pd.DataFrame(
            {"customer": treated["customer"], "kind": treated["action"].map(kinds), "time": when}
        )
        shop = shop.contacted(made)
    return shop


def _scores(model: Model, shop: Shop, day: dt.date) -> pd.DataFrame:
    import churn

    scored = churn.score(model, shop.history(), as_of=str(day)).active
    return scored[["customer", "churn_probability", "spend_if_staying"]]


def _night(folder: Path) -> None:
    """Train on what was known at the campaign's start, and score that night."""
    from churn.cli.models import definition_of, save_training
    from churn.config import read_config
    from churn.data.load import load_history
    from churn.model.train import train
    from churn.report import write_report
    from churn.scoring.night import run_night
    from churn.scoring.runid import file_name

    settings = read_config(folder / "churn.yaml")
    history = load_history(settings)
    training = train(history, definition_of(settings), settings=settings.training, track=False)
    save_training(training.model, settings, anew=True)
    night = run_night(training.model, history, settings=settings)
    place = settings.place(settings.output) / settings.name / file_name(night.scores.as_of)
    night.write(place, write_report)


def _learn(folder: Path, policy: Policy, ledger: Ledger) -> str:
    """Learn from the past campaigns; return the verdict."""
    from churn.campaigns.uplift import learn, past_campaigns
    from churn.cli.models import definition_of
    from churn.config import read_config
    from churn.data.load import open_base

    settings = read_config(folder / "churn.yaml")
    base = open_base(settings)
    past = past_campaigns(ledger, base, definition_of(settings))
    found = learn(past.assignments, past.outcomes, base, threads=1, notes=past.notes)
    found.write(policy.place("uplift"))
    return f"Learnt from {' and '.join(PAST)}: {found.uplift.said}"


def _send(policy: Policy, ledger: Ledger, shop: Shop) -> Shop:
    """Hand over day by day; the shop's customers answer to what went out that day."""
    import pandas as pd

    from churn.campaigns.delivery.sending import send

    kinds = {a.name: a.kind for a in policy.actions}
    due, people = ledger.contacts(policy.campaign), shop.customers[["customer", "consent", "email"]]
    for day in sorted({d.date() for d in pd.to_datetime(due["due"])}):
        send(policy, ledger, on=day, yes=True, contacts=people, now=_morning(day))
    sent = ledger.contacts(policy.campaign)
    sent = sent[sent["state"] == "sent"]
    report("The customers answer")
    made = pd.DataFrame(
        {
            "customer": sent["customer"],
            "kind": sent["action"].map(kinds),
            "time": pd.to_datetime(sent["due"], utc=True) + pd.Timedelta(hours=9),
        }
    )
    return shop.contacted(made)


def _truth(shop: Shop, policy: Policy, assigned: pd.DataFrame, measurement: Measurement) -> dict[str, Any]:
    """Return what the contacts changed on the mean, over the treated, and who of them was what."""
    kinds = {a.name: a.kind for a in policy.actions}
    treated = assigned[assigned["arm"] == "treated"]
    effects = shop.truth_of_effects(str(policy.start), _HORIZON, sorted(set(kinds.values())))
    wanted = treated[["customer", "action"]].assign(action=treated["action"].map(kinds))
    mine = wanted.merge(effects, on=["customer", "action"], how="left")
    by_action = mine.groupby("action")["effect"].mean()
    kept: dict[str, Any] = next(
        (e for e in measurement.to_dict()["effects"] if e["measure"] == "retained"), {}
    )
    return {
        "treated": len(mine),
        "effect": float(mine["effect"].mean()) if len(mine) else 0.0,
        "net_value": float((mine["value_with"] - mine["value_without"]).sum()),
        "by_action": {str(k): float(v) for k, v in by_action.items()},
        "types": {str(k): int(v) for k, v in mine["type"].value_counts().items()},
        "measured": {k: kept.get(k) for k in ("effect", "low", "high")},
    }


def _in_words(truth: dict[str, Any]) -> str:
    seen = truth["measured"]
    types = ", ".join(f"{format_count(n)} {name}" for name, n in truth["types"].items())
    lines = [
        "What the shop knows, and no real shop ever does",
        f"  On the mean over the {format_count(truth['treated'])} treated the contacts keep "
        f"{100 * truth['effect']:+.1f} of 100 customers and bring {truth['net_value']:+,.0f} in net value.",
        f"  Of them are {types}.",
        "  By action: "
        + ", ".join(f"{k} {100 * v:+.1f}" for k, v in truth["by_action"].items())
        + " of 100.",
    ]
    if seen.get("low") is not None:
        inside = seen["low"] <= truth["effect"] <= seen["high"]
        lines.append(
            f"  The holdout showed {100 * seen['effect']:+.1f} (95 %: {100 * seen['low']:+.1f} to "
            f"{100 * seen['high']:+.1f}): the truth is {'inside' if inside else 'outside'}."
        )
    return "\n".join(lines)
