import json
from pathlib import Path

import pandas as pd
import pytest

import churn
from churn.cli.signals import listing, page

CONFIG = """
name: shop
timezone: UTC
sources:
  orders: {path: orders.parquet}
  tickets: {path: tickets.parquet}
  customers: {path: customers.parquet, segments: [country]}
definition: {active_days: 180, horizon_days: 60}
features:
  signals:
    - {name: big_orders_90d, unit: orders, warns: low, meaning: orders above 50 in the last 90 days,
       measure: "Count('orders', 90, where=Above('amount', 50))"}
  python: [mine.py]
  tables:
    credit: {path: credit.csv, columns: {customer: id, time: valid_from, score: points, grade: grade}}
"""
MINE = """
import churn
@churn.signal("weekend_share", tables=["orders"], unit="share", meaning="share of orders on a weekend")
def weekend_share(orders, as_of):
    return (orders["time"].dt.day_of_week >= 5).groupby(orders["customer"]).mean()
"""

# It remembers what it saw before, so that it gives another value each time.
FORGETFUL = """
import churn
calls = []
@churn.signal("weekend_share", tables=["orders"], unit="share", meaning="share of orders on a weekend")
def weekend_share(orders, as_of):
    calls.append(as_of)
    return (orders["time"].dt.day_of_week >= 5).groupby(orders["customer"]).mean() + len(calls)
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shop = churn.make_shop(120, seed=3)
    shop.write(tmp_path)
    who = shop.customers["customer"].iloc[:3].tolist()
    lines = ["id,valid_from,points,grade"]
    lines += [f"{who[0]},2025-01-01,10,a", f"{who[0]},2025-09-01,20,b", f"{who[1]},2025-10-01,30,c"]
    (tmp_path / "credit.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "shop.yaml").write_text(CONFIG)
    return tmp_path / "shop.yaml"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    from churn.__main__ import main

    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out + out.err


def test_own_signals_are_listed_like_ours(config, capsys):
    code, out = run(capsys, "features", config, "--family", "own", "--json")
    assert code == 0
    found = {s["name"]: s for s in json.loads(out)}
    assert list(found) == [
        "credit:grade",
        "credit:score",
        "credit:age_days",
        "big_orders_90d",
        "weekend_share",
    ]
    assert found["big_orders_90d"]["measure"] == "Count('orders', 90, where=Above('amount', 50))"
    assert found["big_orders_90d"]["window_days"] == 90
    assert found["credit:grade"]["unit"] == "category"


def test_signals_are_computed_as_of_each_cutoff(config, capsys):
    code, out = run(capsys, "features", config, "--as-of", "2025-09-01", "--as-of", "2025-11-01")
    assert code == 0, out
    folder = config.parent / "churn-output" / "shop" / "features"
    assert sorted(f.name for f in folder.iterdir()) == ["2025-09-01.parquet", "2025-11-01.parquet"]
    early, late = (pd.read_parquet(f).set_index("customer") for f in sorted(folder.iterdir()))
    settings = churn.read_config(config)
    from churn.cli.signals import choose

    history = churn.load_history(settings)
    frame = churn.compute_features(history, "2025-11-01", signals=choose(settings, history, None))
    pd.testing.assert_frame_equal(late, frame, check_dtype=False)
    who = churn.make_shop(120, seed=3).customers["customer"].iloc[:2].tolist()
    assert early["credit:score"].get(who[0]) == 10  # the row of this very day is not known before it
    assert late["credit:grade"].get(who[0]) == "b"
    assert late["credit:score"].get(who[1], 30) == 30
    assert late["weekend_share"].between(0, 1).all()


def test_own_signals_pass_the_proof(config, capsys):
    code, out = run(capsys, "check", config, "--time-travel")
    assert code == 0
    assert "stayed the same, bit for bit" in out


def test_a_signal_that_sees_the_future_is_found(config, capsys):
    (config.parent / "mine.py").write_text(FORGETFUL)
    code, out = run(capsys, "check", config, "--time-travel", "--as-of", "2025-06-01")
    assert code == 1
    assert "weekend_share" in out
    assert "1 signal sees the future" in out


def test_mistakes_are_told(config, capsys):
    for arguments, words in (
        (("features", "--as-of", "2025-01-01"), "There are no data to compute from"),
        (("features", config, "--out", "x"), "--out is for signals that are computed"),
        (("features", config, "--family", "nope"), "There is no such family of signals"),
        (("features", config, "--as-of", "2030-01-01"), "lies after the end of the data"),
        (("check", config, "--as-of", "2025-01-01"), "--as-of is for the proof"),
    ):
        code, out = run(capsys, *arguments)
        assert code == 1
        assert words in out


def test_page_holds_every_signal_and_measure():
    text = page()
    for signal in churn.catalogue():
        assert f"| `{signal.name}` |" in text
    assert "`Ratio(top, bottom)`" in text
    assert listing(churn.catalogue()).startswith(f"{len(churn.catalogue())} signals.")


def test_a_further_cutoff_is_added_to_the_folder(config, capsys):
    for date in ("2025-09-01", "2025-10-01", "2025-09-01"):
        assert run(capsys, "features", config, "--as-of", date)[0] == 0
    folder = config.parent / "churn-output" / "shop" / "features"
    assert sorted(f.name for f in folder.iterdir()) == ["2025-09-01.parquet", "2025-10-01.parquet"]


def test_one_text_among_numbers_changes_no_type(config, capsys):
    before = json.loads(run(capsys, "features", config, "--family", "own", "--json")[1])
    file = config.parent / "credit.csv"
    who = churn.make_shop(120, seed=3).customers["customer"].iloc[0]
    file.write_text(
        file.read_text()
        + "".join(f"{who},2025-02-{d:02},{d},b\n" for d in range(1, 20))
        + f"{who},2025-12-15,oops,a\n"
    )
    assert json.loads(run(capsys, "features", config, "--family", "own", "--json")[1]) == before
    code, out = run(capsys, "check", config)
    assert code == 0
    assert "oops" in out


def test_functions_get_local_times(config, capsys):
    config.write_text(config.read_text().replace("timezone: UTC", "timezone: Asia/Tokyo"))
    code, _ = run(capsys, "features", config, "--as-of", "2025-10-01")
    assert code == 0
    found = pd.read_parquet(config.parent / "churn-output" / "shop" / "features" / "2025-10-01.parquet")
    orders = pd.read_parquet(config.parent / "orders.parquet")
    time = orders["time"].dt.tz_localize("UTC") if orders["time"].dt.tz is None else orders["time"]
    local = time.dt.tz_convert("Asia/Tokyo")
    known = local < pd.Timestamp("2025-10-01", tz="Asia/Tokyo")
    want = (local[known].dt.day_of_week >= 5).groupby(orders.loc[known, "customer"]).mean()
    pd.testing.assert_series_equal(found.set_index("customer")["weekend_share"], want, check_names=False)
