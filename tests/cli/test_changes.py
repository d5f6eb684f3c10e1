"""What `churn score` says when the data are otherwise than at training."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from churn import __main__


@pytest.fixture(scope="module")
def place(model, shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("changed")
    model.save(folder / "model")
    shop.write(folder / "data")
    return folder


def run(place, capsys, tables=("orders", "returns", "tickets", "interactions"), **changed):
    """Score with some tables changed; return the exit code and what was printed."""
    sources = {}
    for name in (*tables, *(set(changed) - set(tables))):
        path = place / "data" / f"{name}.parquet"
        if name in changed:
            path = place / f"{name}.parquet"
            changed[name].to_parquet(path, index=False)
        sources[name] = {"path": str(path)}
    customers = {"path": str(place / "data" / "customers.parquet"), "segments": ["country", "segment"]}
    config = place / "shop.yaml"
    config.write_text(
        json.dumps(
            {
                "name": "shop",
                "timezone": "UTC",
                "sources": sources | {"customers": customers},
                "definition": {"active_days": 120, "horizon_days": 45},
                "output": str(place / "out"),
            }
        )
    )
    code = __main__.run(["score", str(config), "--model", str(place / "model"), "--no-record"])
    said = capsys.readouterr()
    return code, " ".join((said.out + said.err).split())


def test_missing_tables_are_all_named_in_one_error(place, capsys):
    code, text = run(place, capsys, tables=("orders", "returns"))
    assert code == 1
    assert (
        "The data have no interactions table and no tickets table, which the model was trained with." in text
    )
    assert "% of what it goes by" in text
    assert "or train again without them" in text
    assert "Traceback" not in text


def test_an_empty_table_is_named_too(place, capsys, shop):
    code, text = run(place, capsys, tickets=shop.tables()["tickets"].iloc[:0])
    assert code == 1
    assert "no tickets table" in text
    assert "each with rows" in text


def test_new_values_a_stopped_table_and_a_new_table_are_told(place, capsys, shop):
    orders, tickets = shop.orders.copy(), shop.tables()["tickets"]
    last = orders["time"].max()
    orders.loc[orders.index[-30:], "channel"] = "kiosk"
    stopped = tickets[tickets["opened"] < last - pd.Timedelta(days=21)]
    surveys = pd.DataFrame({"customer": ["C000001"], "time": [last], "score": [9.0], "answered": [last]})
    code, text = run(place, capsys, orders=orders, tickets=stopped, surveys=surveys)
    assert code == 0
    assert "! tickets: the last row is of" in text
    assert "! orders.channel: 1 value that the model has never seen: 'kiosk' (30 rows)" in text
    assert "surveys was not there when the model was trained, and is not used." in text
