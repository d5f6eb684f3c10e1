from __future__ import annotations

import pytest

from churn.config import TABLES
from churn.data.contracts import CONTRACTS, nearest, resolve_mapping
from churn.errors import ConfigError

ORDERS = CONTRACTS["orders"]


def _refused(columns, available) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        resolve_mapping(ORDERS, columns, available, "orders")
    return caught.value


def test_every_table_has_a_contract_whose_time_and_key_are_fields():
    assert tuple(CONTRACTS) == TABLES
    for contract in CONTRACTS.values():
        assert len(set(contract.names)) == len(contract.names)
        assert "customer" in contract.required
        assert contract.time is None or contract.field(contract.time).kind == "time"
        assert contract.key is None or contract.field(contract.key).kind in ("key", "id")
        assert all(f.meaning for f in contract.fields)


def test_own_names_are_found_without_a_mapping_and_others_left_alone():
    found = resolve_mapping(ORDERS, {}, ["amount", "time", "customer", "note", "channel"], "orders")
    assert found == {"customer": "customer", "time": "time", "amount": "amount", "channel": "channel"}


def test_with_a_mapping_only_what_it_names_is_used():
    columns = {"customer": "id", "time": "at", "amount": "x"}
    assert resolve_mapping(ORDERS, columns, ["id", "at", "x", "channel"], "orders") == columns


def test_an_unknown_field():
    error = _refused({"custmer": "id"}, ["id"])
    assert str(error).startswith(
        "orders maps `custmer`, which is not a field of orders. Allowed: customer, time,"
    )
    assert error.fix == "Did you mean customer?"
    assert error.code == "config-field"
    assert _refused({"zzz": "id"}, ["id"]).fix == "Remove it or use one of these names."


def test_a_needed_field_that_is_not_mapped():
    error = _refused({}, ["CUSTOMER_ID", "amount", "When"])
    assert "does not say which column is `customer` and which is `time`. Given: columns CUSTOMER_ID" in str(
        error
    )
    assert error.fix == "Add it under columns, e.g. columns: {customer: CUSTOMER_ID, time: YourColumn}."
    assert error.code == "config-mapping"


def test_a_column_that_is_not_there():
    columns = {"customer": "customerid", "time": "at", "amount": "x"}
    error = _refused(columns, ["CustomerID", "at", "x"])
    assert "maps `customer` to the column 'customerid', and the table has no such column" in str(error)
    assert error.given == "columns CustomerID, at, x"
    assert error.fix == "Did you mean 'CustomerID'?"
    assert error.code == "missing-column"
    assert _refused(columns, ["at", "x", "q"]).fix == "Name one of these columns."


@pytest.mark.parametrize(
    ("word", "found"), [("ID", "id"), ("amuont", "Amount"), (" Amount", "Amount"), ("zzz", None), ("", None)]
)
def test_nearest(word, found):
    assert nearest(word, ["id", "Amount"]) == found
