"""Reads the folder of a plan back, and holds it against its digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from churn.campaigns.plan.digest import digest_of, seal_of
from churn.campaigns.plan.planned import PLAN_FILES, Plan, plan_folder
from churn.campaigns.policy import Policy, make_policy
from churn.errors import DataError, MissingFileError


def read_plan(source: Policy | str | Path, folder: str | Path | None = None) -> Plan:
    """Read a plan back, and hold it against its digest.

    Parameters
    ----------
    source : Policy, str or Path
        The policy, whose plan is read; or the folder of a plan. Only a policy knows where its ledger is and where
        contacts go: these addresses are not stored.
    folder : str or Path, optional
        With a policy: the folder of its plan, where it was written elsewhere.

    Returns
    -------
    Plan
        As it was written.

    Raises
    ------
    MissingFileError
        There is no plan.
    DataError
        A file was changed after it was written, or the policy was: then the plan has to be made again.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> from churn.campaigns.policy import make_policy
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> frame = pd.DataFrame({"customer": ["A", "B"], "churn_probability": [0.5, 0.1], "spend_if_staying": [90, 80]})
    >>> frame.to_csv(folder / "scores.csv", index=False)
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 1, "save_chance": 0.2}
    >>> settings = {"campaign": "winter", "scores": "scores.csv", "start": "2026-01-05", "actions": [call]}
    >>> policy = make_policy(settings | {"consent": {"required": False}}, folder=folder)
    >>> from churn.campaigns import make_plan
    >>> _ = make_plan(policy).write()
    >>> read_plan(policy).summary()["arms"]
    {'treated': 2, 'holdout': 0, 'global holdout': 0}
    """
    import pandas as pd

    place = (
        Path(folder)
        if folder is not None
        else plan_folder(source)
        if isinstance(source, Policy)
        else Path(source)
    )
    missing = [name for name in PLAN_FILES if not (place / name).is_file()]
    if missing:
        raise MissingFileError(
            f"There is no plan in {place}",
            given=f"without {' and '.join(missing)}",
            fix="Make it first: churn campaign plan POLICY.",
            code="no-plan",
        )
    try:
        facts = json.loads((place / "plan.json").read_text(encoding="utf-8"))
        customers = pd.read_parquet(place / "customers.parquet")
        found = digest_of(customers, facts["policy"])
        sealed = facts.pop("seal") == seal_of(facts, place / "contacts.csv")
        stored, digest = facts.pop("policy"), facts.pop("digest")
        facts.pop("campaign")
    except (ValueError, KeyError, AttributeError, TypeError, OSError) as error:
        raise _changed(place, "a file cannot be read") from error
    if found != digest:
        raise _changed(place, "customers.parquet or plan.json is not what was written")
    if not sealed:
        raise _changed(place, "contacts.csv or plan.json is not what was written")
    if isinstance(source, Policy):
        _same_policy(stored, source, place)
        return Plan(source, customers, facts)
    settings = {k: v for k, v in stored.items() if k != "delivery"}  # its addresses are not stored
    return Plan(make_policy(settings, folder=place.resolve().parent), customers, facts, stored)


def _changed(place: Path, given: str) -> DataError:
    return DataError(
        f"The plan in {place} was changed after it was written",
        given=given,
        fix="Make it again with churn campaign plan POLICY; change the policy, not the plan.",
        code="changed-plan",
    )


def _same_policy(stored: dict[str, Any], policy: Policy, place: Path) -> None:
    now = policy.plain()
    keys = sorted(k for k in {*stored, *now} if stored.get(k) != now.get(k))
    if keys:
        raise DataError(
            f"The policy is not the one that the plan in {place} was made of",
            given=f"other values of {', '.join(keys)}",
            fix="Make the plan again: churn campaign plan POLICY.",
            code="changed-policy",
        )
