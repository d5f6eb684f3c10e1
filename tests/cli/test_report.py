"""`churn report`: which night it takes, and what it says where there is none."""

import json

import pytest
import yaml

from churn.__main__ import run
from tests.report.conftest import make_night


@pytest.fixture
def place(tmp_path, shop):
    shop.write(tmp_path / "data")
    sources = {"orders": {"path": "data/orders.parquet"}, "customers": {"path": "data/customers.parquet"}}
    config = {"name": "shop", "timezone": "UTC", "sources": sources, "output": "out",
              "definition": {"active_days": 120, "horizon_days": 45}}  # fmt: skip
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(config))
    for day in ("2025-12-30", "2025-12-31"):
        make_night(tmp_path / "out" / "shop" / day, 20)
    return tmp_path


def test_the_newest_night_by_default_or_the_one_that_is_named(place, capsys):
    assert run(["report", "shop.yaml"]) == 0
    assert "Written to out/shop/2025-12-31/report.html" in capsys.readouterr().out
    assert run(["report", "shop.yaml", "--as-of", "2025-12-30", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["report"].endswith("out/shop/2025-12-30/report.html")
    assert said["bytes"] == (place / "out" / "shop" / "2025-12-30" / "report.html").stat().st_size
    assert run(["report", "shop.yaml", "--night", "out/shop/2025-12-30", "--out", "list.html"]) == 0
    assert (place / "list.html").is_file()


def test_a_night_that_is_not_there_is_told_with_those_that_are(place, capsys):
    assert run(["report", "shop.yaml", "--as-of", "2025-12-29"]) == 1
    err = capsys.readouterr().err
    assert "There is no night of 2025-12-29" in err
    assert "2025-12-30, 2025-12-31" in err
    assert "churn score CONFIG --as-of 2025-12-29" in err


def test_two_nights_cannot_be_meant(place, capsys):
    assert run(["report", "shop.yaml", "--as-of", "2025-12-30", "--night", "out/shop/2025-12-30"]) == 1
    assert "Give one of them" in capsys.readouterr().err


def test_personal_data_only_on_demand_and_only_where_columns_are_named(place, capsys, shop):
    assert run(["report", "shop.yaml", "--personal"]) == 1
    assert "names no contact columns" in capsys.readouterr().err
    config = yaml.safe_load((place / "shop.yaml").read_text())
    config["sources"]["customers"]["contact"] = ["email"]
    (place / "shop.yaml").write_text(yaml.safe_dump(config))
    from churn.report.embed import unpacked

    def data(page):
        text = page.read_text(encoding="utf-8")
        return unpacked(text.split('id="list-data">')[1].split("<")[0])["data"]

    newest = place / "out" / "shop" / "2025-12-31" / "report.html"
    assert run(["report", "shop.yaml"]) == 0
    assert not [k for k in data(newest) if k.startswith("contact")]
    assert run(["report", "shop.yaml", "--personal"]) == 0
    shown = data(newest)
    assert "C000003" in shown["customer"]
    emails = shown["contact: email"]
    texts = emails if isinstance(emails, list) else [emails["names"][c] for c in emails["codes"]]
    assert "@" in texts[shown["customer"].index("C000003")]


def test_the_digest_is_printed_and_nothing_written(place, capsys):
    assert run(["report", "shop.yaml", "--digest", "text"]) == 0
    assert capsys.readouterr().out.startswith("shop, 2025-12-31")
    assert not (place / "out" / "shop" / "2025-12-31" / "report.html").exists()
    assert run(["report", "shop.yaml", "--digest", "text", "--out", "x.html"]) == 1
    assert "--out is for the report" in capsys.readouterr().err
    assert run(["report", "shop.yaml", "--digest", "morse"]) == 2
