"""Assignments beside what came."""

from churn.campaigns.measurement.evidence import with_outcomes
from tests.campaigns.campaign_data import assigned, came


def test_outcomes_stand_beside_the_assignments_in_their_order():
    customers = assigned(2, 1).iloc[::-1]
    frame = with_outcomes(customers, came(customers.reset_index(drop=True), [1, 0, 1]))
    assert frame["customer"].tolist() == ["C00002", "C00001", "C00000"]
    assert frame["retained"].tolist() == [1, 0, 1]
