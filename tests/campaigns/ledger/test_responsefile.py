"""Files of responses: times by their zone, ids as they are."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churn.campaigns.ledger.responsefile import read_responses
from churn.campaigns.policy import make_policy
from churn.errors import DataError

UTC = dt.UTC


def test_times_with_and_without_an_offset(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("customer,kind,time\n007,opened,2026-01-06 10:00\nNA,opened,2026-01-06T10:00:00+02:00\n")
    rows, aside = read_responses(file)
    assert [r["customer"] for r in rows] == ["007", "NA"]  # neither a number nor unknown
    assert [r["time"] for r in rows] == [
        dt.datetime(2026, 1, 6, 10, tzinfo=UTC),
        dt.datetime(2026, 1, 6, 8, tzinfo=UTC),
    ]
    assert aside == []


@pytest.mark.parametrize(("zone", "hour"), [("", 10), ("timezone: Europe/Berlin\n", 9)])
def test_times_are_in_the_zone_of_the_data_and_in_utc_where_it_names_none(tmp_path, zone, hour):
    (tmp_path / "shop.yaml").write_text(
        f"name: shop\n{zone}definition: {{active_days: 180, horizon_days: 60}}\n"
        "sources:\n  orders: {path: o.csv, columns: {customer: id, time: at, amount: total}}\n"
    )
    call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    settings = {"campaign": "winter", "config": "shop.yaml", "start": "2026-01-05", "actions": [call]}
    file = tmp_path / "r.csv"
    file.write_text("customer,kind,time\n007,opened,2026-01-06 10:00\n")
    (row,), _ = read_responses(file, make_policy(settings, folder=tmp_path))
    assert row["time"] == dt.datetime(2026, 1, 6, hour, tzinfo=UTC)


def test_parquet_keeps_its_types(tmp_path):
    file = tmp_path / "r.parquet"
    frame = {"customer": [7], "kind": ["bought"], "time": pd.to_datetime(["2026-01-06"]), "channel": [None]}
    pd.DataFrame(frame).to_parquet(file)
    rows, _ = read_responses(file)
    assert rows == [
        {"customer": 7, "kind": "bought", "channel": None, "time": dt.datetime(2026, 1, 6, tzinfo=UTC)}
    ]


def test_what_is_no_table_is_told(tmp_path):
    (tmp_path / "r.parquet").write_text("no")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_responses(tmp_path / "r.parquet")


def test_a_day_that_could_be_two_is_not_guessed(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text(
        "customer,kind,time\nC1,opened,04.01.2026 10:00\nC2,opened,1/4/2026\nC3,opened,2026/01/04\n"
    )
    rows, aside = read_responses(file)
    assert [(r["customer"], r["time"]) for r in rows] == [("C3", dt.datetime(2026, 1, 4, tzinfo=UTC))]
    assert aside == [("no time that can be read", 2, "'04.01.2026 10:00'")]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_sign_between_columns_is_found(tmp_path, mark):
    file = tmp_path / "r.csv"
    text = "customer,kind,time,detail\n007,opened,2026-01-04,\n".replace(",", mark)
    file.write_text(text, encoding="utf-8-sig")
    assert [r["customer"] for r in read_responses(file)[0]] == ["007"]


def test_lists_in_a_cell_break_nothing(tmp_path):
    file = tmp_path / "r.parquet"
    frame = {"customer": ["C1"], "kind": ["opened"], "time": ["2026-01-04"], "detail": [["a", "b"]]}
    pd.DataFrame(frame).to_parquet(file)
    assert len(read_responses(file)[0]) == 1
