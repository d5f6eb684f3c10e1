"""A measurement of campaigns whose answer is known by hand, at the edges, and of what must not be claimed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.measurement.assess import assess
from churn.campaigns.measurement.evidence import Evidence
from churn.campaigns.outcomes import outcomes
from churn.data.eventlog import DAY_US
from churn.errors import ParameterError
from tests.campaigns.campaign_data import a_policy, assigned, came, evidence, sent

PLAN = {
    "arms": {"treated": 400, "holdout": 100},
    "expected": {
        "contacts": {"mean": 400, "low": 400, "high": 400},
        "cost": {"mean": 2000, "low": 1900, "high": 2100},
        "saved": {"mean": 30, "low": 10, "high": 50},
    },
}


def codes(found, *, warning=True):
    return {c["code"] for c in found.checks if c["is_warning"] == warning}


def test_ten_customers_by_hand():
    customers = assigned(6, 4)
    found = came(customers, [1, 1, 1, 1, 0, 0, 1, 0, 0, 0], [2, 1, 1, 1, 0, 0, 1, 0, 0, 0],
                 [20, 10, 10, 8, 0, 0, 12, 0, 0, -4])  # fmt: skip
    result = assess(a_policy(), Evidence(customers, found, sent(customers)))
    kept, value = result.effect("retained"), result.effect("net_value")
    assert (kept.treated_mean, kept.holdout_mean) == (pytest.approx(4 / 6), 0.25)
    assert kept.effect == pytest.approx(4 / 6 - 0.25)
    assert kept.total == pytest.approx(6 * (4 / 6 - 0.25))
    assert kept.low < 0 < kept.high
    assert value.effect == pytest.approx(48 / 6 - 8 / 4)
    assert result.arms["treated"]["orders"] == pytest.approx(5 / 6)
    assert result.status == "measured"
    assert result.said.startswith("No effect can be shown: of 100 customers, between ")
    assert "A holdout of 4 customers shows only effects above" in result.said


def test_an_effect_that_is_there_is_told_with_customers_money_and_cost():
    result = assess(a_policy(), evidence(plan=PLAN))
    kept = result.effect("retained")
    assert kept.low > 0
    assert kept.low < 0.2 < kept.high
    assert result.said.startswith("Of 100 customers, contacting kept ")
    assert " who would have left (95 %: " in result.said
    assert "Net value: EUR " in result.said
    assert "Spent: EUR 2,000" not in result.said  # call costs 6, gift 1 with an offer of 10
    assert [r["what"] for r in result.forecast] == ["contacts", "cost", "saved"]
    assert {e.method for e in result.effects} == {"plain", "adjusted"}
    widths = [e.high - e.low for e in result.effects if e.measure == "retained"]
    assert widths[0] < widths[1]  # what was known before makes it more exact


def test_groups_are_those_named_beforehand_and_judged_together():
    customers = assigned(400, 100).assign(segment_country=["de", "fr"] * 250, segment_other="x")
    call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    policy = a_policy(actions=[call | {"when": {"segments": {"country": ["de", "fr"]}}}])
    given = evidence()
    result = assess(policy, replace(given, assignments=customers))
    assert {(r.group, r.value) for r in result.by_segment} == {
        ("risk_band", "high"), ("risk_band", "critical"), ("segment_country", "de"), ("segment_country", "fr"),
    }  # fmt: skip
    assert {r.value for r in result.by_action} == {"call", "gift"}
    rows = [*result.by_action, *result.by_segment]
    assert all(r.p_adjusted >= r.p_value for r in rows)
    assert "of 6 groups" in result.multiplicity


def test_the_segments_of_the_policy_are_groups_too():
    given = evidence()
    customers = assigned(400, 100).assign(segment_country=["de", "fr"] * 250, segment_other="x")
    result = assess(a_policy(segments=["country"]), replace(given, assignments=customers))
    assert {r.value for r in result.by_segment if r.group == "segment_country"} == {"de", "fr"}
    assert "segment_other" not in {r.group for r in result.by_segment}


def test_a_group_with_too_few_has_no_effect_and_says_why():
    given = evidence(treated=60, holdout=10)
    customers = given.assignments.copy()
    customers.loc[customers["arm"] == "holdout", "action"] = "call"
    gift = next(
        r for r in assess(a_policy(), replace(given, assignments=customers)).by_action if r.value == "gift"
    )
    assert gift.effect is None
    assert gift.note == "too few: 20 treated, 0 held out"


def test_nothing_is_called_an_effect_without_a_holdout():
    customers = assigned(20, 0)
    given = Evidence(customers, came(customers, [1] * 20), sent(customers))
    with pytest.raises(ParameterError, match=r"held nobody out.*holdout\.share: 0.*next campaign"):
        assess(a_policy(holdout={"share": 0}), given)
    # A share that happened to hold nobody out is a result and no mistake.
    empty = assess(a_policy(), given)
    assert empty.status == "not enough data"
    assert "0 to be left alone" in empty.said


@pytest.mark.parametrize("known", [0, 1])
def test_an_arm_without_outcomes_is_not_enough(known):
    customers = assigned(20, 5)
    kept = np.r_[np.ones(20), np.full(5, np.nan)]
    kept[20 : 20 + known] = 1
    result = assess(a_policy(), Evidence(customers, came(customers, kept), sent(customers)))
    assert result.status == "not enough data"
    assert result.effects == ()
    assert "attrition" in codes(result)


def test_before_the_first_look_it_says_until_when():
    customers = assigned(20, 5)
    given = Evidence(customers, came(customers, [np.nan] * 25, observed=0), sent(customers))
    result = assess(a_policy(), given)
    assert result.status == "not enough data"
    assert "may first be looked at after 7 days" in result.said
    assert "needs data until 2026-03-06" in result.said


def test_an_interim_look_claims_less_and_waits_with_the_rest():
    full = evidence()
    early = replace(full, outcomes=replace(full.outcomes, observed_days=28))
    result, final = assess(a_policy(), early), assess(a_policy(), full)
    kept = result.effect("retained")
    assert result.status == "interim"
    assert {e.main for e in result.effects} == {
        True
    }  # nothing narrower than what holds at every look gets about
    assert (kept.low, kept.high) == (kept.always_valid["low"], kept.always_valid["high"])
    assert kept.low < final.effect("retained").low
    assert kept.high > final.effect("retained").high
    assert (kept.p_value, result.visible) == (None, {})
    assert result.said.startswith("Day 28 of 60; the result needs data until 2026-03-06.")
    assert "at any look" in result.said
    assert (result.by_action, result.by_segment, result.forecast, result.profit) == ((), (), (), {})
    assert final.status == "measured"
    assert final.effect("retained").always_valid is not None


def test_harm_is_called_harm():
    result = assess(a_policy(), evidence(lift=-0.3))
    assert result.said.startswith("Contacting did harm: ")
    assert "left who would have stayed" in result.said


def test_nobody_ordered_at_all_is_told():
    customers = assigned(40, 10)
    zeros = np.zeros(50)
    result = assess(a_policy(), Evidence(customers, came(customers, zeros, zeros, zeros), sent(customers)))
    assert result.status == "measured"
    assert "no_orders" in codes(result)
    assert result.effect("orders").effect == 0
    assert {e.method for e in result.effects} == {"plain"}  # so few bear no adjustment
    assert "No effect can be shown" in result.said


def test_held_out_customers_who_were_contacted_and_treated_who_were_not():
    given = evidence()
    clean = assess(a_policy(holdout={"share": 0.2}), given)
    assert codes(clean) == set()
    held = given.assignments[given.assignments["arm"] == "holdout"]["customer"]
    opened = pd.DataFrame({"customer": held.head(3), "kind": "opened"})
    few = given.contacts.copy()
    few.loc[few.index[:30], "state"] = "cancelled"
    result = assess(a_policy(holdout={"share": 0.2}), replace(given, responses=opened, contacts=few))
    assert codes(result) == {"holdout_contacted", "treated_without_contact"}
    assert result.effects == clean.effects  # by intention to treat
    assert result.arms["treated"]["contacted"] == 370


def test_arms_of_another_size_than_planned():
    assert "sample_ratio" in codes(assess(a_policy(), evidence()))  # 20 % where 10 % were planned


def test_other_campaigns_in_one_arm_alone():
    given = evidence()
    treated = given.assignments[given.assignments["arm"] == "treated"]["customer"]
    other = pd.DataFrame({"customer": treated.head(100), "campaign": "spring"})
    assert "other_campaigns" in codes(
        assess(a_policy(holdout={"share": 0.2}), replace(given, elsewhere=other))
    )


def test_all_others_stand_beside_the_global_holdout():
    rng = np.random.default_rng(5)
    arms = np.array(["global holdout"] * 400 + ["treated"] * 1000 + [""] * 1000)
    kept = (rng.uniform(size=2400) < np.where(arms == "global holdout", 0.4, 0.5)).astype(float)
    result = assess(a_policy(), evidence(everybody=pd.DataFrame({"arm": arms, "retained": kept})))
    assert (result.global_holdout.treated, result.global_holdout.holdout) == (2000, 400)
    assert result.global_holdout.low < 0.1 < result.global_holdout.high
    nobody = pd.DataFrame({"arm": ["treated", ""], "retained": [1.0, 0.0]})
    assert assess(a_policy(), evidence(everybody=nobody)).global_holdout is None


def test_erased_customers_without_anything_known_before_still_count():
    given = evidence()
    customers = given.assignments.copy()
    customers.loc[customers.index[:5], ["churn_probability", "value", "cost"]] = np.nan
    customers.loc[customers.index[:5], "risk_band"] = None
    result = assess(a_policy(), replace(given, assignments=customers))
    assert result.effect("retained").treated == 400
    assert ("risk_band", "not known") in {(r.group, r.value) for r in result.by_segment}


def test_on_the_generated_shop_the_interval_holds_what_the_contacts_really_did(shop, history, definition):
    start = history.midnight(history.data_end - 60 * DAY_US)
    active = definition.population(history.as_of(start))
    arms = np.where(np.random.default_rng(1).uniform(size=len(active)) < 0.5, "holdout", "treated")
    customers = pd.DataFrame({"customer": history.customers[active], "arm": arms, "action": "gift"})
    treated = customers[customers["arm"] == "treated"]
    day = history.date(start)
    other = shop.contacted(treated[["customer"]].assign(kind="gift", time=f"{day} 10:00")).history()
    after, without = (outcomes(h, definition, customers, day) for h in (other, history))
    really = (after.frame["retained"] - without.frame["retained"])[customers["arm"] == "treated"].mean()
    result = assess(a_policy(holdout={"share": 0.5}), Evidence(customers, after, sent(customers)))
    kept = result.effect("retained")
    assert really > 0
    assert kept.low < really < kept.high
    assert codes(result) == set()


def test_offers_count_only_of_those_who_were_contacted_so_far():
    customers = assigned(6, 4)
    customers["action"], customers["contacts"], customers["cost"] = (
        "gift",
        1,
        4.0,
    )  # 1 the contact, 3 the offer
    found = came(customers, [1, 1, 1, 1, 0, 0, 1, 0, 0, 0], [1] * 10, [10] * 10)
    contacts = sent(customers)
    contacts.loc[contacts.index[2:], "state"] = "due"
    result = assess(a_policy(), Evidence(customers, found, contacts))
    assert result.spent["contacts"] == 2
    assert (result.spent["contact_cost"], result.spent["offer_cost"]) == (2, 6)
