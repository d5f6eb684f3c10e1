from __future__ import annotations

import datetime as dt
import decimal
import time
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from churn.config import make_config
from churn.data.load import check_data, load_history, make_history
from churn.errors import ChurnError, ConfigError, DataError, MissingFileError, ParameterError
from churn.progress import listening

ORDERS = {
    "customer": [7, 7, 9],
    "time": ["2024-01-02", "2024-02-01", "2024-02-03"],
    "amount": [10.0, 12.5, 8.0],
}
TICKETS = {
    "ticket_id": ["a", "b"],
    "customer": [7, 9],
    "opened": ["2024-01-05", "2024-01-06"],
    "is_complaint": [True, False],
}


def _orders(**columns) -> pd.DataFrame:
    return pd.DataFrame({**ORDERS, **columns})


def _tickets(**columns) -> pd.DataFrame:
    return pd.DataFrame({**TICKETS, **columns})


# -- frames and ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [pd.DataFrame, pl.DataFrame, pa.table, lambda d: pa.table(d).to_batches()[0], dict],
    ids=["pandas", "polars", "arrow table", "arrow batch", "dict"],
)
def test_all_kinds_of_frames_give_the_same_history(make):
    history = make_history(make(ORDERS), tickets=make(TICKETS), timezone="UTC")
    expected = make_history(_orders(), tickets=_tickets(), timezone="UTC")
    assert history.fingerprint() == expected.fingerprint()
    assert history.customers.tolist() == [7, 9]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Paris"])
def test_times_of_every_unit_with_and_without_zone(unit, zone):
    frames = [_orders(time=pd.date_range("2024-07-01", periods=3, tz=zone).as_unit(unit))]
    if unit != "s":
        times = pl.Series([dt.datetime(2024, 7, d) for d in (1, 2, 3)], dtype=pl.Datetime(unit))  # noqa: DTZ001
        frames.append(pl.DataFrame({**ORDERS, "time": times.dt.replace_time_zone(zone)}))
    for frame in frames:
        log = make_history(frame, timezone="UTC").logs["orders"]
        assert [t.hour for t in log.time.astype("M8[us]").tolist()] == [22 if zone else 0] * 3


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([7, 7, 9], [7, 9]),
        (np.array([7, 7, 9], dtype="int32"), [7, 9]),
        (np.array([2**63 + 1, 2**63 + 1, 9], dtype="uint64"), [9, 2**63 + 1]),
        (pd.array([7, None, 9], dtype="Int64"), [7, 9]),
        ([7.0, float("nan"), 9.0], [7, 9]),
        ([decimal.Decimal(7), decimal.Decimal(7), decimal.Decimal(9)], [7, 9]),
        (["007", "7", "é "], ["007", "7", "é "]),
        (pd.Categorical(["b", "b", "a"]), ["a", "b"]),
        (
            [uuid.UUID(int=1), uuid.UUID(int=1), uuid.UUID(int=2)],
            [str(uuid.UUID(int=1)), str(uuid.UUID(int=2))],
        ),
    ],
    ids=str,
)
def test_ids_come_back_as_they_went_in(ids, expected):
    history = make_history(_orders(customer=ids), timezone="UTC")
    assert history.customers.tolist() == expected
    assert [type(i) for i in history.customers.tolist()] == [type(i) for i in expected]


@pytest.mark.parametrize(
    ("orders", "tickets", "together"),
    [
        ([7, 7, 9], ["7", "009"], [7, 9]),
        ([7, 7, 9], ["7.0", "9"], [7, 9]),
        ([7, 7, 9], [7.0, 9.0], [7, 9]),
        (["7", "7", "9"], [7, 9], ["7", "9"]),
        (["7", "7", "9"], [7.0, 9.0], ["7", "9"]),
        (np.array([2**63, 2**63, 9], dtype="uint64"), [str(2**63), "9"], [9, 2**63]),
    ],
)
def test_ids_of_other_types_meet_those_of_the_orders(orders, tickets, together):
    history = make_history(_orders(customer=orders), tickets=_tickets(customer=tickets), timezone="UTC")
    assert history.customers.tolist() == together
    assert history.checks.findings == ()
    assert len(np.unique(history.logs["tickets"].customer)) == 2


@pytest.mark.parametrize("other", ["9.7", "A9", ""])
def test_ids_that_cannot_meet_are_set_aside_and_never_rounded(other):
    history = make_history(_orders(), tickets=_tickets(customer=["7", other]), timezone="UTC")
    assert history.customers.tolist() == [7, 9]
    (finding,) = history.checks.findings
    assert (finding.action, finding.rows, finding.examples[0]["customer"]) == ("set aside", 1, other)


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        ([1, 2], "not-a-frame", "Given: list. Allowed: a pandas, Polars or Arrow table. Pass one of these"),
        (pl.LazyFrame(ORDERS), "not-a-frame", "a lazy frame is collected first"),
        (
            _orders(customer=[1, "b", 3]),
            "mixed-types",
            "column customer with type object. Give each column one type",
        ),
        (pd.concat([_orders(), _orders()], axis=1), "duplicate-columns", "two columns of the same name"),
        (pd.DataFrame(), "source-unreadable", "at least one column"),
    ],
)
def test_frames_that_cannot_be_used(frame, code, words):
    with pytest.raises(DataError) as e:
        make_history(frame, timezone="UTC")
    assert e.value.code == code
    assert words in str(e.value)


# -- parameters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "cls", "words"),
    [
        ({"timezone": "Mars/X"}, ConfigError, "'Mars/X' is not an IANA time zone"),
        (
            {"columns": {"order": {}}},
            ConfigError,
            "columns names the table 'order'. Allowed: orders, returns",
        ),
        (
            {"segments": ["country"]},
            ConfigError,
            "segments is about the customers, and no customers are given",
        ),
        ({"contact": "mail"}, ConfigError, "Given: mail. Give customers=..., or leave contact away."),
        ({"complaint_when": ["x"]}, ConfigError, "complaint_when is about the tickets"),
        ({"data_end": "soon"}, ParameterError, "data_end is not a date or time. Given: 'soon'"),
        (
            {"data_end": "2024-02-02"},
            ParameterError,
            "data_end lies before the last order. Given: 2024-02-02, the last",
        ),
        ({"data_end": "2999-01-01"}, ParameterError, "data_end lies in the future"),
        (
            {"columns": {"orders": {"customer": "Customer"}}},
            ConfigError,
            "does not say which column is `time`",
        ),
    ],
)
def test_parameters_that_are_not_allowed(more, cls, words):
    with pytest.raises(cls) as e:
        make_history(_orders(), **{"timezone": "UTC", **more})
    assert words in str(e.value)
    assert e.value.fix
    assert isinstance(e.value, ValueError)


def test_data_end():
    end = make_history(_orders(), timezone="Europe/London").data_end
    assert end == pd.Timestamp("2024-02-03").value // 1000
    history = make_history(_orders(), timezone="Europe/Paris", data_end=dt.date(2024, 7, 1))
    assert history.date(history.data_end) == "2024-07-01"
    assert history.data_end == pd.Timestamp("2024-06-30 22:00").value // 1000
    assert make_history(_orders(), timezone="UTC", data_end="2024-02-03").data_end == end


def test_customers_attributes():
    customers = pd.DataFrame(
        {
            "customer": ["9", "7", "11"],
            "joined": ["2023-01-01", None, "2023-02-01"],
            "consent": ["yes", "no", "maybe"],
            "country": ["UK", "", "FR"],
            "mail": ["a@b", None, "c@d"],
        }
    )
    orders = _orders(customer=[7, 8, 9])
    history = make_history(
        orders, customers=customers, segments=["country"], contact=["mail", "country"], timezone="UTC"
    )
    assert history.customers.tolist() == [7, 8, 9, 11]
    country = history.segments["country"]
    assert [country.labels[c] if c >= 0 else None for c in country.codes] == [None, None, "UK", "FR"]
    np.testing.assert_array_equal(history.contact["consent"], [0, np.nan, 1, np.nan])
    assert history.contact["mail"].tolist() == [None, None, "a@b", "c@d"]
    assert [f.code for f in history.checks.findings] == ["bad-consent", "not-in-customers"]


def test_day_numbers_are_local():
    orders = _orders(time=["2024-06-30T22:30Z", "2024-06-30T21:30Z", "2024-07-01T22:30Z"])
    day = make_history(orders, timezone="Europe/Paris").logs["orders"].numbers["day"]
    assert (day - day[0]).tolist() == [0, 1, 2]


def test_rows_at_the_same_time_keep_their_order():
    orders = pd.DataFrame({"customer": [2, 1, 2, 1], "time": "2024-01-01", "amount": [1.0, 2, 3, 4]})
    assert make_history(orders, timezone="UTC").logs["orders"].numbers["amount"].tolist() == [1, 2, 3, 4]


# -- from a configuration -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _orders(customer=["007", "007", "009"]).to_csv(tmp_path / "orders.csv", index=False)
    _tickets(customer=[7, 9]).to_parquet(tmp_path / "tickets.parquet")
    return tmp_path


def _config(folder: Path, orders=None, **more):
    sources = {"orders": orders or {"path": "orders.csv"}, **more.pop("sources", {})}
    definition = {"active_days": 1, "horizon_days": 1}
    return make_config(
        {"name": "shop", "timezone": "UTC", "sources": sources, "definition": definition, **more},
        folder=folder,
    )


def test_a_configuration_is_read_with_progress(folder):
    heard = []
    with listening(lambda what, *_: heard.append(what)):
        history = load_history(
            _config(folder, data_end="2024-03-01", sources={"returns": {"path": "orders.csv"}})
        )
    assert heard == ["Reading orders", "Reading returns", "Ordering the log"]
    assert history.customers.tolist() == ["007", "009"]
    assert str(history) == (
        "History 'shop': 2 customers, 3 orders (2024-01-02 to 2024-02-03), "
        "3 returns (2024-01-02 to 2024-02-03); 0 rows set aside"
    )


def test_check_shows_everything_that_has_to_be_mended(folder):
    tickets = {
        "path": "tickets.parquet",
        "columns": {"ticket_id": "ticketid", "customer": "customer", "opened": "opened"},
    }
    sources = {"tickets": tickets, "returns": {"path": "no.csv"}, "customers": {"query": "SELEC 1"}}
    config = _config(folder, sources=sources)
    history, checks = check_data(config)
    assert history is None
    assert not checks.usable
    assert [(f.table, f.code) for f in checks.findings] == [
        ("returns", "missing-source"), ("tickets", "missing-column"), ("customers", "source-unreadable")
    ]  # fmt: skip
    assert "  tickets: maps `ticket_id` to the column 'ticketid', and the table has no such column." in str(
        checks
    )
    assert "Did you mean 'ticket_id'?" in str(checks)
    assert "  customers: cannot be read. DuckDB says: " in str(checks)
    assert checks.tables[0].rows_used == 3
    assert checks.tables[0].first == "2024-01-02 00:00"
    with pytest.raises(MissingFileError, match=r"returns: no file matches no\.csv"):
        load_history(config)


def test_check_without_readable_orders(folder):
    history, checks = check_data(
        _config(folder, {"path": "no.csv"}, sources={"tickets": {"path": "tickets.parquet"}})
    )
    assert (history, [f.code for f in checks.findings]) == (None, ["missing-source"])
    assert [t.table for t in checks.tables] == ["tickets"]


def test_an_input_that_cannot_be_opened_is_an_error_of_its_own(folder):
    with pytest.raises(MissingFileError, match=r"input lines: no file matches no\.csv"):
        check_data(_config(folder, inputs={"lines": {"path": "no.csv"}}))


def test_unusable_data_name_the_reason_and_the_command(folder):
    (folder / "orders.csv").write_text("customer,time,amount\n")
    with pytest.raises(
        DataError, match="The data of shop cannot be used: orders: of 0 rows none can be used"
    ) as e:
        load_history(_config(folder))
    assert e.value.fix == "Run churn check to see all findings with example rows."
    assert e.value.code == "no-orders"


def test_rows_set_aside_by_a_rule_do_not_count_as_bad(folder):
    rules = [{"when": "customer = '007'", "why": "test customer"}]
    history = load_history(_config(folder, {"path": "orders.csv", "set_aside": rules}))
    assert (len(history.logs["orders"]), history.checks.set_aside()) == (1, 2)
    assert "1 orders" in str(history)
    assert "2 rows set aside" in str(history)


# -- nothing disappears -----------------------------------------------------------------------------------

_IDS = st.sampled_from(["1", "2", "3", "4.0", "5.5", "A", "", " ", None])
_TIMES = st.sampled_from(
    [
        "2024-01-01",
        "2024-03-31 01:30",
        "2024-10-27 01:30",
        "2024-05-01T10:00+02:00",
        "2024-06-01 12:00 UTC",
        "1900-01-01",
        "2999-01-01",
        "9999-12-31 23:59:59",
        "infinity",
        "31/12/2024",
        "10:00 PM",
        "",
        None,
    ]
)
_AMOUNTS = st.sampled_from(["1", "-5", "1e300", "nan", "inf", "x", "", None])
_KEYS = st.sampled_from(["a", "b", "", None, *[f"k{i}" for i in range(30)]])
_FLAGS = st.sampled_from(["yes", "0", "maybe", "", None])


def _frames(**columns):
    def text(rows):
        return pa.table({n: pa.array([r[i] for r in rows], pa.string()) for i, n in enumerate(columns)})

    return st.lists(st.tuples(*columns.values()), max_size=12).map(text)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    orders=_frames(
        customer=_IDS, time=_TIMES, amount=_AMOUNTS, order_id=_KEYS, recorded_at=_TIMES, quantity=_AMOUNTS
    ),
    tickets=_frames(
        ticket_id=_KEYS,
        customer=_IDS,
        opened=_TIMES,
        first_reply=_TIMES,
        resolved=_TIMES,
        is_complaint=_FLAGS,
    ),
    customers=_frames(customer=_IDS, joined=_TIMES, consent=_FLAGS),
    whole=st.booleans(),
)
def test_every_row_is_used_or_counted(tmp_path, orders, tickets, customers, whole):
    # Through a query, so that the report is there for unusable data too; five good orders give the ids a type.
    kind = "BIGINT" if whole else "VARCHAR"
    good = f"SELECT '1'::{kind} AS customer, '2024-02-02' AS time, '1' AS amount FROM range(5)"
    paths = {}
    for name, frame in {"orders": orders, "tickets": tickets, "customers": customers}.items():
        paths[name] = tmp_path / f"{name}.parquet"
        pq.write_table(frame, paths[name])
    dirty = f"SELECT * REPLACE (try_cast(customer AS {kind}) AS customer) FROM '{paths['orders']}'"
    query = f"{dirty} UNION ALL BY NAME {good}"
    config = _config(
        tmp_path,
        {"query": query},
        timezone="Europe/London",
        sources={
            "tickets": {"path": str(paths["tickets"]), "set_aside": [{"when": "customer = '2'", "why": "w"}]},
            "customers": {"path": str(paths["customers"])},
        },
    )
    history, checks = check_data(config)
    for table in checks.tables:
        aside = sum(f.rows for f in checks.findings if f.table == table.table and f.action == "set aside")
        assert table.rows_read == table.rows_used + aside
        if history is not None and table.table != "customers":
            assert len(history.logs.get(table.table, ())) == table.rows_used
    assert all(f.rows == 0 or f.examples for f in checks.findings)
    assert (history is None) == any(f.action == "error" for f in checks.findings)
    now = time.time() * 1e6
    if history is not None:
        assert all(((log.time >= 0) & (log.time <= now)).all() for log in history.logs.values())
        assert all((np.diff(log.time) >= 0).all() for log in history.logs.values())


def test_orders_are_needed():
    with pytest.raises(ChurnError, match=r"The orders table is not a data frame\. Given: NoneType"):
        make_history(None)
