import datetime as dt

import pandas as pd
import pytest

from churn.campaigns.delivery.reach import needs_data, ordered_since, read_reach
from churn.campaigns.policy import make_policy
from churn.data.base import CustomerBase
from churn.errors import ConfigError, DataError
from tests.campaigns.ledger.conftest import CALL, MAILS

NOBODY = pd.DataFrame({"customer": pd.Series(dtype=object), "channel": pd.Series(dtype=object)})


def policy(folder, **changed):
    values = {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [CALL, MAILS]}
    return make_policy(values | changed, folder=folder)


def files(*fields):
    return {"*": {"to": "files", "place": "out", "fields": fields}}


def test_the_columns_of_the_scored_file_are_read_where_there_is_no_configuration(tmp_path):
    (tmp_path / "s.csv").write_text(
        "customer,churn_probability,consent,phone\n007,0.5,yes,+49 1\n8,0.5,no,\n9,0.5,,x\n"
    )
    made = policy(tmp_path, delivery=files("phone"), consent={"needed_by": {"phone": "phone"}})
    found = read_reach(made, ["9", "007", "gone"], NOBODY)
    assert found.people["phone"]["consent"].to_dict() == {"9": False, "007": True, "gone": False}
    assert found.people["phone"]["reachable"].to_dict() == {"9": True, "007": True, "gone": False}
    assert found.people["email"]["reachable"].all()
    assert found.fields["phone"].to_dict() == {"9": "x", "007": "+49 1", "gone": ""}


def test_the_data_of_the_configuration_come_first(tmp_path, history):
    (tmp_path / "s.csv").write_text(
        "customer,churn_probability,email,loyalty\nC000003,0.5,old@x.example,gold\n"
    )
    made = policy(tmp_path, delivery=files("email", "loyalty"), consent={"required": False})
    found = read_reach(made, ["C000003"], NOBODY, base=CustomerBase.of(history))
    assert found.fields.loc["C000003", "loyalty"] == "gold"
    assert "@" in found.fields.loc["C000003", "email"]
    assert found.fields.loc["C000003", "email"] != "old@x.example"


def test_who_is_suppressed_in_the_ledger_or_in_a_file(tmp_path):
    (tmp_path / "never.csv").write_text("customer,channel\nB,email\n")
    made = policy(tmp_path, consent={"required": False, "suppress": ["never.csv"]})
    rows = pd.DataFrame({"customer": ["A"], "channel": ["*"]})
    found = read_reach(made, ["A", "B", "C"], rows)
    assert found.people["email"]["suppressed"].tolist() == [True, True, False]
    assert found.people["phone"]["suppressed"].tolist() == [True, False, False]
    (tmp_path / "never.csv").unlink()
    with pytest.raises((ConfigError, FileNotFoundError)):
        read_reach(made, ["A"], rows)


def test_a_field_that_nobody_has_is_told(tmp_path):
    contacts = pd.DataFrame({"customer": ["A"], "consent": ["yes"]})
    with pytest.raises(
        ConfigError, match=r"names e-mail, which the contact data do not have. Given: consent"
    ):
        read_reach(policy(tmp_path, delivery=files("e-mail")), ["A"], NOBODY, contacts=contacts)


def test_a_consent_that_is_no_consent_is_told(tmp_path):
    contacts = pd.DataFrame({"customer": ["A"], "consent": ["maybe"]})
    with pytest.raises(DataError, match="neither yes nor no"):
        read_reach(policy(tmp_path), ["A"], NOBODY, contacts=contacts)


def test_nothing_is_read_for_nobody_or_where_nothing_is_asked(tmp_path):
    assert read_reach(policy(tmp_path), [], NOBODY).fields.empty
    free = policy(tmp_path, consent={"required": False})
    assert not needs_data(free)
    assert read_reach(free, ["A"], NOBODY).people["email"]["consent"].all()


def test_a_missing_segment_stops_no_contact(tmp_path):
    when = {"segments": {"country": ["DE"]}}
    made = policy(tmp_path, actions=[CALL | {"when": when}], consent={"required": False})
    assert read_reach(made, ["A"], NOBODY).people["phone"]["reachable"].all()


def test_orders_count_after_the_instant_itself(history):
    base = CustomerBase.of(history)
    orders = history.logs["orders"]
    row = int(orders.customer[-1])
    customer, last = str(history.customers[row]), int(orders.time[orders.customer == row].max())
    assert ordered_since(base, {customer: last - 1}) == {customer}
    assert ordered_since(base, {customer: last}) == set()
    assert ordered_since(base, {"nobody": 0}) == set()
    assert ordered_since(base, {}) == set()
    assert dt.date(2026, 1, 5)
