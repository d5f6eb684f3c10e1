"""The columns of a log, and deliveries that have others."""

from __future__ import annotations

import pytest

from churn.config import Source, TicketsSource
from churn.data.contracts import CONTRACTS
from churn.data.manifest import Manifest
from churn.data.rules import SETTINGS
from churn.data.schema import check_same, describe
from churn.data.typed import Staged
from churn.errors import DataError

SOURCE = Source(path="o.csv")


def _staged(table: str, *fields: str, kind: str = "BIGINT", rows: int = 5) -> Staged:
    mapping = {f: f for f in ("customer", *fields)}
    types = dict.fromkeys(mapping, kind)
    return Staged(CONTRACTS[table], mapping, types, (), None, kind, "raw", None, rows, ())


def _manifest() -> Manifest:
    return Manifest("shop", "UTC", 1, "BIGINT", {})


def test_columns_are_taken_down_once_and_rows_add_up():
    manifest = _manifest()
    describe(
        manifest, "orders", SOURCE, _staged("orders", "time", "amount", "channel", "recorded_at"), since=None
    )
    describe(manifest, "orders", SOURCE, _staged("orders", "time", "amount", rows=2), since=None)
    info = manifest.tables["orders"]
    assert (info.numbers, info.instants, info.labels) == (["amount"], [], {"channel": {}})
    assert (info.recorded, info.keyed, info.rows_read) == (True, False, 7)


def test_what_a_setting_derives_is_a_column_too():
    fields = ("opened", "category")
    numbers = []
    for values in ((), ("bad",)):
        manifest, source = _manifest(), TicketsSource(path="t.csv", complaint_when=values)
        describe(manifest, "tickets", source, _staged("tickets", *fields), since=None)
        numbers.append(manifest.tables["tickets"].numbers)
    assert numbers == [[], [SETTINGS["complaint_when"][2]]]


@pytest.mark.parametrize(
    ("more", "given"),
    [
        (("channel",), "`channel` besides"),
        (("recorded_at",), "`recorded_at` besides"),
        (("order_id",), "`order_id` besides"),
    ],
)
def test_a_column_more_is_refused_and_one_less_is_not(more, given):
    small, large = _staged("orders", "time", "amount"), _staged("orders", "time", "amount", *more)
    manifest = _manifest()
    describe(manifest, "orders", SOURCE, small, since=None)
    check_same(manifest, "orders", SOURCE, small)
    with pytest.raises(DataError, match=given):
        check_same(manifest, "orders", SOURCE, large)
    other = _manifest()
    describe(other, "orders", SOURCE, large, since=None)
    check_same(other, "orders", SOURCE, small)


def test_customer_ids_of_another_type_matter_where_there_are_rows():
    manifest = _manifest()
    check_same(manifest, "orders", SOURCE, _staged("orders", "time", "amount", kind="VARCHAR", rows=0))
    with pytest.raises(DataError, match="customer ids of type VARCHAR, and the log has BIGINT"):
        check_same(manifest, "orders", SOURCE, _staged("orders", "time", "amount", kind="VARCHAR"))
