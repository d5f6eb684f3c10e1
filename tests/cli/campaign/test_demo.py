"""The whole campaign of the demo, by its command; what it prints can be run."""

import json
import re

import pandas as pd
import pytest

from churn.__main__ import run


@pytest.mark.filterwarnings("ignore")
def test_demo_plays_a_campaign_and_sets_the_truth_beside_it(capsys, tmp_path):
    assert run(["campaign", "demo", "--customers", "1500", "--out", "d"]) == 0
    out = capsys.readouterr().out
    assert "What the shop knows" in out
    assert "The holdout showed" in out
    folder = tmp_path / "d"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d"], "everything stays in its folder"
    plan = json.loads((folder / "plans" / "autumn" / "plan.json").read_text())
    measured = json.loads((folder / "plans" / "autumn" / "measurement.json").read_text())
    assert plan["arms"]["treated"] > 100
    assert measured["status"] == "measured"
    for page in ("plan.html", "measurement.html"):
        assert (folder / "plans" / "autumn" / page).stat().st_size > 5000
    assert list((folder / "outbox").rglob("*.csv"))
    assert len(pd.read_csv(folder / "responses.csv")) > 0
    status = re.search(r"churn (campaign status \S+)", out)[1]
    assert run(status.split()) == 0
    assert "autumn" in capsys.readouterr().out


def test_too_small_a_shop_is_refused(capsys):
    assert run(["campaign", "demo", "--customers", "3"]) == 2
    assert "1500" in capsys.readouterr().err
