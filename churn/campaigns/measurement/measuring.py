"""Measures a campaign: reads the ledger and the data, compares the arms, and records what came."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.holdout import GLOBAL_HOLDOUT
from churn.campaigns.measurement.assess import assess
from churn.campaigns.measurement.evidence import Evidence
from churn.campaigns.measurement.result import Measurement
from churn.campaigns.outcome_files import read_outcomes
from churn.campaigns.outcomes import MEASURES, Outcomes, outcomes
from churn.campaigns.policy import Policy, make_policy, read_policy
from churn.csvsafe import csv_safe
from churn.data.base import CustomerBase
from churn.data.calendar import date_text, read_instant
from churn.errors import ParameterError
from churn.files import adding_files, write_json

if TYPE_CHECKING:
    import pandas as pd

    from churn.campaigns.ledger import Ledger
    from churn.data.history import History
    from churn.data.store import LogStore
    from churn.definition import Definition

FILE = "measurement.json"
_PLACES = ("config", "scores", "plans")  # where things are may change


def measure(
    policy: Policy | str | os.PathLike[str],
    data: History | LogStore | CustomerBase | None = None,
    definition: Definition | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    as_of: dt.date | str | None = None,
    ledger: Ledger | None = None,
) -> Measurement:
    """Tell what a campaign did: the treated against those held out.

    Parameters
    ----------
    policy : Policy or path-like
        Of an approved campaign.
    data : History, LogStore or CustomerBase, optional
        The customers; read as the policy's `config` says when left out.
    definition : Definition, optional
        What lost means; the configuration's when left out.
    file : path-like, optional
        Outcomes of one's own instead of the data; see `churn.campaigns.outcome_files.read_outcomes`.
    as_of : date or str, optional
        Look only at what was known strictly before it.
    ledger : Ledger, optional
        An open one; the policy's when left out.

    Returns
    -------
    Measurement
        Also written: to the ledger (outcomes and measurement, never over older ones) and, where the plan's folder is,
        to ``measurement.json`` and ``measurement.csv`` in it.

    Raises
    ------
    ParameterError
        The campaign was not approved, held nobody out, or there is nothing to read outcomes from.

    Examples
    --------
    >>> import churn, pandas as pd, tempfile
    >>> from churn.campaigns import Scored, make_plan, open_ledger
    >>> history = churn.make_shop(customers=300, seed=1).history()
    >>> gift = {"name": "gift", "kind": "gift", "channel": "letter", "cost": 1, "save_chance": 0.2}
    >>> settings = {"campaign": "winter", "scores": "s.csv", "start": "2025-06-01", "actions": [gift]}
    >>> policy = make_policy(settings | {"consent": {"required": False}}, folder=Path(tempfile.mkdtemp()))
    >>> frame = pd.DataFrame({"customer": history.customers, "churn_probability": 0.5, "spend_if_staying": 90.0})
    >>> with open_ledger(policy) as ledger:
    ...     _ = ledger.approve(make_plan(policy, scored=Scored.of(frame)))
    ...     found = measure(policy, history, churn.Inactivity(120, 45), ledger=ledger)
    >>> found.status, found.arms["treated"]["contacted"]
    ('measured', 0)
    """
    meant = policy if isinstance(policy, Policy) else read_policy(policy)
    if ledger is None:
        from churn.campaigns.ledger import open_ledger

        with open_ledger(meant) as opened:
            return measure(meant, data, definition, file=file, as_of=as_of, ledger=opened)
    recorded = ledger.campaign(meant.campaign)
    meant, changed = _as_approved(meant, recorded["policy"])
    assigned = ledger.assignments(meant.campaign)
    mine = assigned[assigned["arm"] != GLOBAL_HOLDOUT].reset_index(drop=True)
    notes: list[str] = []
    if recorded["policy"].get("horizon_days") is None and meant.horizon_days is not None:
        notes.append(f"The approved policy names no horizon; the file says {meant.horizon_days} days by now.")
    if changed:
        notes.append(f"The policy file says otherwise by now ({changed}); what was approved counts.")
    everybody = None
    if file is not None:
        found = _from_file(meant, definition, mine, file, as_of)
        if found.others:
            notes.append(f"{found.others:,} customers of the file were not assigned, and are left out.")
    else:
        if data is None or definition is None:
            data, definition = open_data(meant, data, definition)
        found = outcomes(data, definition, mine, meant.start, meant.horizon_days, as_of=as_of)
        if found.mature and (assigned["arm"] == GLOBAL_HOLDOUT).any():
            everybody = _everybody(data, definition, meant, as_of)
    found, filled = _with_recorded(found, ledger.outcomes(meant.campaign))
    if filled:
        notes.append(
            f"{filled:,} customers are no longer in the data; their outcomes are taken from the ledger."
        )
    evidence = Evidence(
        assignments=mine,
        outcomes=found,
        contacts=ledger.contacts(meant.campaign),
        responses=ledger.responses(meant.campaign),
        elsewhere=_elsewhere(ledger, meant, mine, found.observed_days),
        plan=recorded["summary"],
        everybody=everybody,
        notes=tuple(notes),
    )
    result = assess(meant, evidence)
    when = dt.date.fromisoformat(found.as_of[:10])
    if found.observed_days:
        ledger.record_outcomes(meant.campaign, when, found.frame.assign(mature=found.mature))
    ledger.record_measurement(meant.campaign, when, result.to_dict())
    folder = plan_folder(meant)
    if folder.is_dir():
        write_measurement(result, folder)
    return result


def plan_folder(policy: Policy) -> Path:
    """Return where the plan of a campaign is, and its measurement goes."""
    return policy.place(policy.plans) / policy.campaign


def write_measurement(measurement: Measurement, folder: Path) -> None:
    """Write ``measurement.json`` and ``measurement.csv`` into a folder, each in one step."""
    with adding_files(folder) as fresh:
        write_json(fresh / FILE, measurement.to_dict())
        csv_safe(measurement.frame).to_csv(fresh / "measurement.csv", index=False)


def open_data(policy: Policy, data: Any, definition: Definition | None) -> tuple[Any, Definition]:
    """Return the customers and what lost means, as the policy's configuration says where they are not given.

    Raises
    ------
    ParameterError
        The policy names no configuration.
    """
    if policy.config is None:
        raise ParameterError(
            f"There is nothing to read the outcomes of {policy.campaign} from",
            given="a policy without `config`",
            fix="Name the configuration of the data in the policy, or give a file: churn campaign measure POLICY "
            "--outcomes FILE.",
            code="no-outcomes",
        )
    from churn.config import read_config
    from churn.data.load import open_base
    from churn.definition import make_definition

    settings = read_config(policy.place(policy.config))
    return (
        data if data is not None else open_base(settings),
        definition or make_definition(settings.definition.model_dump()),
    )


def _as_approved(policy: Policy, stored: dict[str, Any]) -> tuple[Policy, str]:
    """Return the policy as it was approved, and which of its keys say otherwise in the file."""
    now = policy.plain()
    free = list(_PLACES)
    if stored.get("horizon_days") is None and now["config"] is None:
        free.append("horizon_days")  # nothing else says it, and the campaign could never be measured
    keys = sorted(k for k in {*stored, *now} if stored.get(k) != now.get(k) and k not in free)
    settings = {k: v for k, v in stored.items() if k not in ("delivery", *free)}  # addresses are not stored
    added = {k: now[k] for k in free if now.get(k) is not None}
    return make_policy(settings | added, folder=policy.folder), ", ".join(keys)


def _from_file(
    policy: Policy,
    definition: Definition | None,
    assigned: pd.DataFrame,
    file: str | os.PathLike[str],
    as_of: dt.date | str | None,
) -> Outcomes:
    horizon = policy.horizon_days
    if horizon is None and definition is None and policy.config is not None:
        from churn.config import read_config
        from churn.definition import make_definition

        definition = make_definition(read_config(policy.place(policy.config)).definition.model_dump())
    if horizon is None:
        if definition is None:
            raise ParameterError(
                "The outcomes of a file need a horizon: the days that they speak of",
                fix="Set horizon_days in the policy.",
                code="horizon",
            )
        horizon = definition.horizon_days
    when = None
    if as_of is not None:
        when = dt.date.fromisoformat(date_text(read_instant(as_of, "UTC", "as_of"), "UTC")[:10])
    return read_outcomes(file, assigned, policy.start, horizon, as_of=when)


def _with_recorded(found: Outcomes, recorded: pd.DataFrame) -> tuple[Outcomes, int]:
    """Take the final outcomes of customers who are no longer in the data from the ledger."""
    if not found.mature or recorded is None or not len(recorded):
        return found, 0
    final = recorded[recorded["mature"].astype(bool)].copy()
    if not len(final):
        return found, 0
    final["customer"] = final["customer"].astype(str)
    final = final.sort_values("as_of", kind="stable").drop_duplicates("customer", keep="last")
    final = final.set_index("customer")
    frame = found.frame.copy()
    ids = frame["customer"].astype(str)
    gone = frame[list(MEASURES)].isna().all(axis=1) & ids.isin(final.index)
    for name in MEASURES:
        frame.loc[gone, name] = final[name].astype(float).reindex(ids[gone]).to_numpy()
    filled = int(frame.loc[gone, list(MEASURES)].notna().any(axis=1).sum())
    return replace(found, frame=frame, missing=found.missing - filled), filled


def _elsewhere(ledger: Ledger, policy: Policy, assigned: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return contacts of other campaigns within the days that are measured: a later one changes nothing there."""
    since = dt.datetime.combine(policy.start, dt.time(), dt.UTC)
    past = ledger.past_contacts(list(assigned["customer"]), since)
    return past[(past["campaign"] != policy.campaign) & (past["time"] < since + dt.timedelta(days=days))]


def _everybody(
    data: Any, definition: Definition, policy: Policy, as_of: dt.date | str | None
) -> pd.DataFrame | None:
    """Return arm and outcome of everybody whom the plan looked at; None where the plan's folder is gone."""
    import pandas as pd

    file = plan_folder(policy) / "customers.parquet"
    if not file.is_file():
        return None
    customers = pd.read_parquet(file, columns=["customer", "arm"])
    came = outcomes(data, definition, customers, policy.start, policy.horizon_days, as_of=as_of)
    return customers.assign(retained=came.frame["retained"].to_numpy())
