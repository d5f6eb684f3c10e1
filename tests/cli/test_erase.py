"""``churn erase``: counts first, does it with --yes, and never repeats the id."""

from __future__ import annotations

import json

import pandas as pd
import yaml

from churn.__main__ import run
from churn.config import Config

OUTPUT = Config.model_fields["output"].default


def test_counts_first_and_does_it_with_yes(tmp_path, capsys):
    settings = {
        "name": "shop",
        "sources": {"orders": {"path": "o.csv"}},
        "definition": {"active_days": 120, "horizon_days": 45},
    }
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(settings))
    night = tmp_path / OUTPUT / "shop" / "2026-01-01"
    night.mkdir(parents=True)
    pd.DataFrame({"customer": ["secret-1", "C2"]}).to_csv(night / "at_risk.csv", index=False)
    assert run(["erase", "shop.yaml", "secret-1"]) == 0
    out = capsys.readouterr().out
    assert "1 customer would be erased" in out
    assert "give --policy POLICY" in out
    assert "secret-1" not in out
    assert run(["erase", "shop.yaml", "secret-1", "--ledger", "sqlite:///l.db", "--yes", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["done"], [p["rows"] for p in told["places"]]) == (True, [1])
    assert pd.read_csv(night / "at_risk.csv")["customer"].tolist() == ["C2"]
