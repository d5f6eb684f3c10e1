import json

import pytest
import yaml

from churn.__main__ import run


@pytest.fixture(scope="module")
def place(shop, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    shop.write(folder / "data")
    config = {
        "name": "shop",
        "timezone": "UTC",
        "sources": {
            **{t: {"path": f"data/{t}.parquet"} for t in ("orders", "returns", "tickets", "interactions")},
            "customers": {"path": "data/customers.parquet", "segments": ["country", "segment"]},
        },
        "definition": {"active_days": 120, "horizon_days": 45},
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(config))
    model.save(folder / "models" / "shop" / "champion")
    for day in ("2025-10-01", "2025-11-01"):
        assert run(["score", str(folder / "shop.yaml"), "--as-of", day]) == 0
    return folder


def test_scores_reasons_and_events_over_time(place, capsys):
    capsys.readouterr()
    assert run(["score", str(place / "shop.yaml"), "--as-of", "2025-11-01", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["customers"][0]
    assert run(["history", str(place / "shop.yaml"), listed["customer"]]) == 0
    out = capsys.readouterr().out
    assert f"Customer {listed['customer']}: 2 nights from 2025-10-01 to 2025-11-01, 2 runs" in out
    assert listed["reason_1"] in out
    assert "order of" in out
    assert run(["history", str(place / "shop.yaml"), listed["customer"], "--no-events", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["nights"][-1]["churn_probability"] == pytest.approx(listed["churn_probability"])
    assert found["nights"][-1]["rank"] == 1
    assert found["events"] == []


def test_mistakes(place, capsys):
    assert run(["history", str(place / "shop.yaml"), "C00000x"]) == 1
    assert "There is no customer 'C00000x'" in " ".join(capsys.readouterr().err.split())
    other = place / "other.yaml"
    other.write_text((place / "shop.yaml").read_text().replace("name: shop", "name: other"))
    assert run(["history", str(other), "C000001"]) == 1
    assert "No scores of other have been recorded" in " ".join(capsys.readouterr().err.split())
