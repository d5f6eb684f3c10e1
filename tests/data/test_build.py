from __future__ import annotations

import datetime as dt

import pyarrow as pa

from churn.data.build import Build
from churn.data.history import NEVER
from churn.data.sources import Reader


def frame(**columns) -> pa.Table:
    return pa.table(columns)


def days(*numbers: int) -> list[dt.datetime]:
    return [dt.datetime(2024, 5, n, tzinfo=dt.UTC) for n in numbers]


def orders(customers, times: list) -> pa.Table:
    return frame(customer=customers, time=times, amount=[1.0 + i for i in range(len(customers))])


def test_customers_are_coded_by_sorted_id_and_orders_by_time():
    with Reader() as reader:
        build = Build(reader, None, "shop")
        build.add("orders", frame=orders([30, 10, 30], days(3, 2, 1)))
        history, checks = build.finish(None)
    assert checks.usable
    assert history.customers.tolist() == [10, 30]
    assert history.logs["orders"].customer.tolist() == [1, 0, 1]
    assert history.logs["orders"].numbers["amount"].tolist() == [3.0, 2.0, 1.0]
    assert history.timezone == "UTC"
    assert history.data_end == days(3)[0].timestamp() * 10**6


def test_who_is_not_in_the_master_data_has_no_segment_and_never_joined():
    with Reader() as reader:
        build = Build(reader, "UTC", "shop")
        build.add("orders", frame=orders([1, 2], days(2, 3)))
        master = frame(customer=[2, 3], joined=days(1, 1), country=["DE", "AT"], mail=["b@x", "c@x"])
        build.add("customers", frame=master, segments=("country",), contact=("mail",))
        history, _ = build.finish(None)
    assert history.customers.tolist() == [1, 2, 3]
    country = history.segments["country"]
    assert [country.labels[c] if c >= 0 else None for c in country.codes] == [None, "DE", "AT"]
    assert history.joined[0] == NEVER
    assert history.joined[1] == days(1)[0].timestamp() * 10**6
    assert history.contact["mail"].tolist() == [None, "b@x", "c@x"]


def test_a_table_that_cannot_be_read_is_a_finding_and_leaves_no_history():
    with Reader() as reader:
        build = Build(reader, "UTC", "shop")
        build.add("orders", frame=frame(customer=[1], amount=[1.0]))
        history, checks = build.finish(None)
    assert history is None
    assert not checks.usable
    assert len(build.errors) == 1
    found = [f for f in checks.findings if f.action == "error"]
    assert [(f.table, f.code) for f in found] == [("orders", build.errors[0].code)]
    assert "time" in found[0].message


def test_orders_of_which_none_can_be_used_leave_no_history():
    with Reader() as reader:
        build = Build(reader, "UTC", "shop")
        build.add("orders", frame=orders(pa.array([None, None], pa.int64()), days(1, 2)))
        history, checks = build.finish(None)
    assert history is None
    assert "no-orders" in [f.code for f in checks.findings]
