"""Checks of the arms: what is looked at, in which order, and what waits."""

from churn.campaigns.measurement.checks import checks
from churn.campaigns.measurement.evidence import with_outcomes
from tests.campaigns.campaign_data import a_policy, evidence


def found(policy=None, **more):
    given = evidence(**more)
    frame = with_outcomes(given.assignments, given.outcomes)
    return checks(policy or a_policy(holdout={"share": 0.2}), frame, given)


def test_a_campaign_as_planned_has_no_warning():
    rows = found()
    assert [r["is_warning"] for r in rows] == [False] * len(rows)
    assert {r["code"] for r in rows} >= {"sample_ratio", "attrition", "holdout_contacted", "covariates"}


def test_warnings_come_first():
    rows = found(a_policy(holdout={"share": 0.5}))
    assert [r["is_warning"] for r in rows][:2] == [True, False]
    assert rows[0]["code"] == "sample_ratio"


def test_contacts_that_are_still_due_are_no_warning():
    given = evidence()
    contacts = given.contacts.copy()
    contacts.loc[:9, "state"] = "due"
    rows = found(contacts=contacts)
    row = next(r for r in rows if r["code"] == "treated_without_contact")
    assert not row["is_warning"]
    assert "10 of 400" in row["text"]


def test_without_anything_known_before_nothing_is_compared():
    given = evidence()
    bare = given.assignments[["customer", "arm"]]
    assert "covariates" not in {r["code"] for r in found(assignments=bare)}
