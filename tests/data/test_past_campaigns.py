from __future__ import annotations

import pandas as pd
import pytest

import churn
from churn.data.past_campaigns import past_campaigns
from churn.errors import ParameterError

DATES = ["2025-02-01", "2025-05-01", "2025-08-01"]


@pytest.fixture(scope="module")
def shop():
    return churn.make_shop(1500, seed=3, days=900)


@pytest.fixture(scope="module")
def past(shop):
    return past_campaigns(shop, DATES, ["call", "discount"], treated_share=0.7)


def test_everybody_who_takes_part_has_one_lot_in_each_campaign(shop, past):
    after, lots = past
    assert lots["campaign"].unique().tolist() == DATES
    assert not lots.duplicated(["campaign", "customer"]).any()
    assert set(lots["action"]) == {"call", "discount"}
    assert (lots["arm"] == "treated").mean() == pytest.approx(0.7, abs=0.04)
    assert (lots["action"] == "call").mean() == pytest.approx(0.5, abs=0.04)
    treated = lots[lots["arm"] == "treated"].sort_values(["time", "customer"])
    assert after.contacts["customer"].tolist() == treated["customer"].tolist()
    assert after.contacts["kind"].tolist() == treated["action"].tolist()


def test_only_the_active_who_consented_take_part(shop, past):
    after, lots = past
    consent = shop.customers.set_index("customer")["consent"]
    assert lots["customer"].map(consent).all()
    for date, some in lots.groupby("time"):
        last = after.orders[after.orders["time"] < date].groupby("customer")["time"].max()
        assert (date - some["customer"].map(last)).max() <= pd.Timedelta(days=180)
    _, everyone = past_campaigns(shop, DATES[:1], ["call"], consent_only=False)
    assert len(everyone) > 1.1 * (lots["campaign"] == DATES[0]).sum()


def test_the_lots_come_from_the_seed(shop, past):
    again = past_campaigns(shop, DATES, ["call", "discount"], treated_share=0.7)
    pd.testing.assert_frame_equal(past[1], again[1])
    pd.testing.assert_frame_equal(past[0].orders, again[0].orders)
    other = past_campaigns(shop, DATES, ["call", "discount"], treated_share=0.7, seed=1)
    assert not past[1]["arm"].head(200).equals(other[1]["arm"].head(200))


@pytest.mark.parametrize(
    ("dates", "actions"), [([], ["call"]), (DATES, []), (DATES[::-1], ["call"]), ([DATES[0]] * 2, ["call"])]
)
def test_campaigns_out_of_order_or_of_nothing_are_refused(shop, dates, actions):
    with pytest.raises(ParameterError, match="dates in order"):
        past_campaigns(shop, dates, actions)
