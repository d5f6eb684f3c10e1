import json
import re

import pandas as pd
import pytest

from churn.__main__ import run


@pytest.mark.filterwarnings("ignore")
def test_demo_makes_everything_it_names(capsys, tmp_path):
    assert run(["demo", "--customers", "700", "--out", "d"]) == 0
    out = capsys.readouterr().out
    assert "Retention as of 2025-12-31" in out
    assert "At risk:" in out
    assert "What to do next" in out
    listed = next((tmp_path / "d" / "output" / "shop").glob("*/at_risk.csv"))
    assert len(pd.read_csv(listed)) > 0
    summary = json.loads((listed.parent / "summary.json").read_text())
    assert summary["retention"]["expected_retention_rate"] is not None
    for name in ("calibration", "gain", "importance"):
        assert (tmp_path / "d" / "plots" / f"{name}.png").stat().st_size > 5000
    assert (tmp_path / "d" / "mlflow.db").is_file()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d"], "everything stays in its folder"
    again = re.search(r"churn (score \S+ --as-of \S+)", out)[1]
    assert run(again.split()) == 0
    assert run(["check", "d/churn.yaml"]) == 0


def test_too_small_a_shop_is_refused(capsys):
    assert run(["demo", "--customers", "3"]) == 2
    assert "500" in capsys.readouterr().err


def test_an_edited_configuration_is_not_overwritten(capsys, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "churn.yaml").write_text("name: mine")
    assert run(["demo", "--out", "d"]) == 1
    assert "is there already, with other content" in " ".join(capsys.readouterr().err.split())
    assert (tmp_path / "d" / "churn.yaml").read_text() == "name: mine"
