"""The plan of a campaign: whom it would contact, with what and when, why, and what it expects. Nothing is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.days import Days
from churn.campaigns.plan.assumptions import planned_effects
from churn.campaigns.plan.candidates import CODE_NAMES, find_candidates
from churn.campaigns.plan.facts import plan_facts
from churn.campaigns.plan.past import Past, read_past
from churn.campaigns.plan.people import read_people
from churn.campaigns.plan.planned import PLAN_COLUMNS, Plan
from churn.campaigns.plan.scored import Scored, read_scored
from churn.campaigns.plan.scoredtable import texts_of
from churn.campaigns.plan.selection import select
from churn.campaigns.plan.words import code_of, sentences
from churn.campaigns.policy import Policy
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd


def make_plan(
    policy: Policy,
    *,
    scored: Scored | None = None,
    contacts: pd.DataFrame | None = None,
    past: Past | None = None,
    uplift: np.ndarray | None = None,
    uplift_said: str = "",
) -> Plan:
    """Plan a campaign: choose whom to contact with what and when, so that the expected profit is highest.

    Nothing is sent and nothing is recorded.

    Parameters
    ----------
    policy : Policy
        What may be done, and its limits.
    scored : Scored, optional
        The customers; read as the policy says when left out.
    contacts : pandas.DataFrame, optional
        ``customer`` with contact data, consent and preferred channel, where the scored table has no such columns; read
        from the policy's `config` when left out.
    past : Past, optional
        Earlier contacts and suppressions; read from the policy's ledger when left out, none where there is no ledger.
    uplift : numpy.ndarray of shape (n_customers, n_actions), optional
        Reduction of the churn probability by a model, NaN where it says nothing; from the policy's `uplift` when left
        out, where that model was shown to be better.
    uplift_said : str
        Where it comes from, in words.

    Returns
    -------
    Plan
        Everybody who was looked at, with action, day, arm and reason; `Plan.write` makes it a folder.

    Raises
    ------
    ConfigError, DataError, MissingFileError
        The scored table breaks its contract, or lacks what the policy asks for.

    Notes
    -----
    Of a customer with churn probability ``p`` an action is expected to earn ``uplift * value - cost``, where ``uplift =
    p * save_chance - (1 - p) * wakes`` and the cost is that of the contacts and of the offer, if it is taken; see
    `churn.campaigns.profit.action_profit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from churn.campaigns.policy import make_policy
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    >>> policy = make_policy({"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [call],
    ...                       "consent": {"required": False}, "holdout": {"share": 0}})
    >>> frame = pd.DataFrame({"customer": ["A", "B"], "churn_probability": [0.5, 0.1], "spend_if_staying": [90, 90]})
    >>> plan = make_plan(policy, scored=Scored.of(frame))
    >>> plan.customers[["customer", "arm", "expected_profit"]].to_dict("records")[0]
    {'customer': 'A', 'arm': 'treated', 'expected_profit': 3.0}
    >>> plan.customers["why"][1]
    'No action pays: the best, call, is expected to earn -4.20 (10 % risk, 90.00 at stake).'
    """
    import pandas as pd

    scored = scored or read_scored(policy)
    scored = replace(scored, currency=policy.currency or scored.currency)
    past = past if past is not None else read_past(policy, texts_of(scored.customers, "customer").tolist())
    people = read_people(policy, scored, contacts=contacts, suppressed=past.suppressed)
    if uplift is None and policy.uplift is not None:
        from churn.campaigns.plan.predicted import planned_uplift

        uplift, uplift_said = planned_uplift(policy, scored)
    days, effects = Days.of_policy(policy), planned_effects(policy, past.measurements)
    found = find_candidates(policy, scored, people, days, past, effects=effects, uplift=uplift)
    table = scored.customers
    known = [n for n in policy.holdout.stratify if n in table and n not in people.segments]
    strata = pd.concat([table[known].reset_index(drop=True), people.segments], axis=1)
    chosen = select(policy, found, days, strata)
    code = code_of(found, chosen)
    report("Writing reasons")
    why = sentences(policy, scored, found, chosen, code, effects)

    rows, choice = np.arange(len(table)), chosen.choice
    selected = choice >= 0
    at = np.maximum(choice, 0)
    actions = policy.actions

    def of_action(values: list[Any], otherwise: Any) -> np.ndarray:
        return np.where(selected, np.array(values, dtype=object)[at], otherwise)

    def of_choice(values: np.ndarray, otherwise: float) -> np.ndarray:
        return np.where(selected, values[rows, at], otherwise)

    texts = {
        "arm": np.where(found.held_out, "global holdout", chosen.arm),
        "action": of_action([a.name for a in actions], ""),
        "channel": of_action([a.channel for a in actions], ""),
        "day": days.dates(chosen.day),
        "why": why,
        "why_code": np.array(CODE_NAMES, dtype=object)[code],
        "risk_band": texts_of(table, "risk_band"),
        "stage": texts_of(table, "stage"),
        "stratum": chosen.stratum,
    }
    numbers = {
        "selected": selected,
        "contacts": of_action([len(a.steps) for a in actions], 0).astype(np.int64),
        "cost": of_choice(found.cost, 0.0),
        "uplift": of_choice(found.uplift, np.nan),
        "value": found.value,
        "expected_profit": of_choice(found.gain, np.nan),
        "churn_probability": table["churn_probability"].to_numpy(dtype=np.float64),
        "draw": chosen.draw,
        "ignored_complaints": table["ignored_complaints"].to_numpy(dtype=np.float64),
    }
    columns: dict[str, Any] = {"customer": table["customer"].to_numpy()}
    if table["customer"].dtype.kind not in "iu":
        columns["customer"] = table["customer"].array
    for name in PLAN_COLUMNS:
        if name in texts:
            columns[name] = pd.array(np.asarray(texts[name], dtype=object), dtype="str")
        elif name in numbers:
            columns[name] = numbers[name]
    columns |= {f"segment_{name}": values.array for name, values in people.segments.items()}
    frame = pd.DataFrame(columns)
    facts = plan_facts(policy, scored, people, found, chosen, days, effects, frame, uplift_said)
    if past.global_share > policy.holdout.global_share:
        facts["warnings"].append(
            f"Other campaigns keep {100 * past.global_share:g} % of all customers in a global holdout, and this one "
            f"touches them: set holdout.global_share: {past.global_share:g}."
        )
    return Plan(policy, frame, json.loads(json.dumps(facts)))
