"""The ledger's campaigns, read from a real ledger."""

import pytest

from churn.campaigns import open_ledger
from churn.campaigns.uplift.past import past_campaigns
from churn.data.base import CustomerBase
from churn.errors import DataError, ParameterError
from tests.campaigns.uplift.trials import recorded


@pytest.fixture
def ledger(planted, tmp_path):
    url = recorded(planted, tmp_path)
    with open_ledger(url) as opened:
        yield opened


def test_recorded_outcomes_count(ledger, planted, history, definition):
    found = past_campaigns(ledger, CustomerBase.of(history), definition)
    assignments, outcomes = planted
    assert sorted(found.assignments["customer"]) == sorted(assignments["customer"])
    assert set(found.assignments["start"]) == {"2025-03-01", "2025-06-01"}
    assert set(found.assignments["share"].round(6)) == {0.6}
    days = found.assignments["until"].astype("datetime64[us]") - found.assignments["start"].astype(
        "datetime64[us]"
    )
    assert set(days.dt.days) == {definition.horizon_days}
    key = ["campaign", "customer"]
    both = found.outcomes.merge(outcomes, on=key, suffixes=("", "_then"))
    assert len(both) == len(outcomes)
    assert (both["retained"] == both["retained_then"]).all()


def test_customers_whom_another_campaign_treated_meanwhile_are_told(ledger, history, definition):
    from dataclasses import replace

    base = CustomerBase.of(history)
    assert past_campaigns(ledger, base, definition).notes == []
    (note,) = past_campaigns(ledger, base, replace(definition, horizon_days=100)).notes
    assert note.startswith("Of campaign campaign1 other campaigns treated 5")
    assert "its effect is what it added to those" in note


def test_without_recorded_outcomes_the_data_tell(planted, history, definition, tmp_path):
    url = recorded(planted, tmp_path, outcomes=False)
    with open_ledger(url) as ledger:
        found = past_campaigns(ledger, CustomerBase.of(history), definition, names=["campaign1"])
    assert set(found.assignments["campaign"]) == {"campaign1"}
    assert found.outcomes["retained"].isin([0, 1]).mean() > 0.5


def test_campaign_that_is_not_over_teaches_nothing(planted, history, definition, tmp_path):
    from dataclasses import replace

    url = recorded(planted, tmp_path, outcomes=False)
    long = replace(definition, horizon_days=3000)
    with (
        open_ledger(url) as ledger,
        pytest.raises(DataError, match=r"campaign1 is not over: its horizon ends on 2033"),
    ):
        past_campaigns(ledger, CustomerBase.of(history), long)


def test_unknown_campaign_is_named(ledger, history, definition):
    with pytest.raises(
        ParameterError, match=r"does not know the campaign 'x'. Allowed: campaign1, campaign2"
    ):
        past_campaigns(ledger, CustomerBase.of(history), definition, names=["x"])


def test_empty_ledger_says_so(history, definition, tmp_path):
    with (
        open_ledger(f"sqlite:///{tmp_path / 'none.db'}") as ledger,
        pytest.raises(DataError, match="the ledger has no campaign"),
    ):
        past_campaigns(ledger, CustomerBase.of(history), definition)
