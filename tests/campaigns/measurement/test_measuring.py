"""From the ledger and the data to a measurement that is recorded: twice, early, after an erase, from a file."""

import datetime as dt
import json

import pandas as pd
import pytest

from churn.campaigns.measurement.measuring import measure, plan_folder
from churn.campaigns.policy import make_policy
from churn.errors import ParameterError
from tests.campaigns.approved_campaign import ALL_DAYS, DEFINITION, approved, history, planned, policy


@pytest.fixture
def campaign(tmp_path):
    settings, plan, ledger = approved(tmp_path)
    with ledger:
        yield settings, plan, ledger


def test_an_approved_campaign_is_measured_and_recorded(campaign):
    settings, plan, ledger = campaign
    plan_folder(settings).mkdir(parents=True)
    result = measure(settings, history(plan), DEFINITION, ledger=ledger)
    kept = result.effect("retained")
    assert result.status == "measured"
    assert (kept.treated, kept.holdout) == (150, 50)
    assert kept.low > 0
    assert result.spent["contacts"] == 150
    assert result.spent["spent"] == 900
    assert [c["code"] for c in result.checks if c["is_warning"]] == []
    assert {r["what"] for r in result.forecast} == {"saved"}
    recorded = ledger.outcomes("winter")
    assert recorded["mature"].all()
    assert recorded["retained"].sum() == sum(a["retained"] * a["known"] for a in result.arms.values())
    written = json.loads((plan_folder(settings) / "measurement.json").read_text())
    assert written == result.to_dict()
    frame = pd.read_csv(plan_folder(settings) / "measurement.csv")
    assert len(frame) == len(result.frame)


def test_measured_twice_nothing_is_written_over(campaign):
    settings, plan, ledger = campaign
    early = measure(settings, history(plan, "2026-01-20"), DEFINITION, ledger=ledger)
    final = measure(settings, history(plan), DEFINITION, ledger=ledger)
    measure(settings, history(plan), DEFINITION, ledger=ledger)
    assert (early.status, early.observed_days, final.status) == ("interim", 14, "measured")
    said = [m["content"]["status"] for m in ledger.measurements("winter")]
    assert said == ["interim", "measured"]  # the same again adds nothing
    assert early.by_action == ()
    assert final.by_action != ()


def test_too_early_is_a_result_and_is_recorded(campaign):
    settings, plan, ledger = campaign
    result = measure(settings, history(plan), DEFINITION, as_of="2026-01-06", ledger=ledger)
    assert result.status == "not enough data"
    assert result.needs_until == ALL_DAYS
    assert len(ledger.outcomes("winter")) == 0
    assert len(ledger.measurements("winter")) == 1


def test_after_an_erase_the_aggregate_stays(campaign):
    settings, plan, ledger = campaign
    data = history(plan)
    before = measure(settings, data, DEFINITION, ledger=ledger)
    ledger.erase(["C0", "C199"])
    after = measure(settings, data, DEFINITION, ledger=ledger)
    assert after.arms == before.arms
    assert after.effect("orders").treated_mean == before.effect("orders").treated_mean
    assert any("2 customers are no longer in the data" in c["text"] for c in after.checks)


def test_a_policy_changed_since_counts_as_it_was_approved(campaign):
    settings, plan, ledger = campaign
    plain = settings.plain() | {"horizon_days": 10, "holdout": {"share": 0.0}}
    changed = make_policy({k: v for k, v in plain.items() if k != "delivery"}, folder=settings.folder)
    result = measure(changed, history(plan), DEFINITION, ledger=ledger)
    assert result.horizon_days == 30
    assert any("says otherwise by now (holdout, horizon_days)" in c["text"] for c in result.checks)


def test_outcomes_from_a_file_need_no_data(campaign, tmp_path):
    settings, plan, ledger = campaign
    rows = plan.customers[["customer"]].assign(retained=[1, 0] * 100)
    rows.head(199).to_csv(tmp_path / "came.csv", index=False)
    result = measure(settings, definition=DEFINITION, file=tmp_path / "came.csv", ledger=ledger)
    assert result.status == "measured"
    assert {e.measure for e in result.effects} == {"retained"}
    assert result.arms["holdout"]["missing"] == 1
    assert result.profit == {}


@pytest.mark.parametrize(
    "as_of", ["2026-1-12", dt.datetime(2026, 1, 12, 8, tzinfo=dt.UTC), dt.date(2026, 1, 12)]
)
def test_outcomes_of_a_file_are_as_of_any_way_to_write_a_day(campaign, tmp_path, as_of):
    settings, plan, ledger = campaign
    plan.customers[["customer"]].assign(retained=[1, 0] * 100).to_csv(tmp_path / "came.csv", index=False)
    file = tmp_path / "came.csv"
    result = measure(settings, definition=DEFINITION, file=file, as_of=as_of, ledger=ledger)
    assert (result.status, result.observed_days) == ("interim", 7)
    with pytest.raises(ParameterError, match="as_of is not a date"):
        measure(settings, definition=DEFINITION, file=file, as_of="12/01/2026", ledger=ledger)


def test_the_global_holdout_stands_against_everybody_else(tmp_path):
    settings, plan, ledger = approved(tmp_path, untouched=80)
    with ledger:
        data = history(plan)
        assert (
            measure(settings, data, DEFINITION, ledger=ledger).global_holdout is None
        )  # the plan's folder is gone
        plan_folder(settings).mkdir(parents=True)
        plan.customers.to_parquet(plan_folder(settings) / "customers.parquet")
        found = measure(settings, data, DEFINITION, ledger=ledger).global_holdout
    assert (found.treated, found.holdout) == (200, 80)
    assert found.low > 0


def test_another_campaign_after_the_horizon_is_none_meanwhile(campaign):
    settings, plan, ledger = campaign
    day = dt.datetime(2026, 2, 9, 9, tzinfo=dt.UTC)
    later = planned(policy(settings.folder, campaign="spring", start="2026-02-09"))
    later.customers["day"] = later.customers["day"].where(later.customers["day"] == "", "2026-02-09")
    ledger.approve(later, now=day)
    ledger.sent(ledger.claim("spring", "phone", day.date(), limit=1000, now=day), now=day)
    result = measure(settings, history(plan), DEFINITION, ledger=ledger)
    told = {c["code"]: c["figures"] for c in result.checks}
    assert told["other_campaigns"] == {"treated": 0, "holdout": 0}


def test_a_campaign_that_was_not_approved_and_one_without_data(campaign, tmp_path):
    _, _, ledger = campaign
    with pytest.raises(ParameterError, match="No campaign 'spring' is approved"):
        measure(policy(tmp_path, campaign="spring"), ledger=ledger)
    bare = policy(tmp_path, config=None, scores="s.csv", campaign="bare")
    ledger.approve(planned(bare))
    with pytest.raises(ParameterError, match=r"nothing to read the outcomes of bare from.*--outcomes"):
        measure(bare, ledger=ledger)
    with pytest.raises(ParameterError, match="need a horizon"):
        measure(bare, file="came.csv", ledger=ledger)
    rows = [{"customer": f"C{n}", "retained": n % 2, "orders": 1, "net_value": 1.0} for n in range(200)]
    pd.DataFrame(rows).to_csv(tmp_path / "came.csv", index=False)
    later = policy(tmp_path, config=None, scores="s.csv", campaign="bare", horizon_days=30)
    result = measure(later, file=tmp_path / "came.csv", ledger=ledger)
    assert result.horizon_days == 30
    assert any("names no horizon; the file says 30 days by now" in c["text"] for c in result.checks)
