import json
import re

import pytest
from typer.testing import CliRunner

from churn.cli import app

CONFIG = """\
name: shop
timezone: UTC
sources:
  orders: {path: data/orders.parquet}
training: {step_days: 20}
"""


@pytest.fixture
def config(shop, tmp_path):
    shop.write(tmp_path / "data")
    file = tmp_path / "shop.yaml"
    file.write_text(CONFIG)
    return file


def test_it_needs_no_definition_yet(config, tmp_path):
    result = CliRunner().invoke(app, ["suggest", str(config)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Proposed for shop: active_days" in result.output
    assert (tmp_path / "churn-output" / "shop" / "suggest" / "suggest.png").is_file()
    assert "Written to" in result.output


def test_json_and_another_folder(config, tmp_path):
    config.write_text(CONFIG + "definition: {active_days: 100, horizon_days: 50}\n")
    out = tmp_path / "there"
    result = CliRunner().invoke(
        app, ["suggest", str(config), "--json", "--out", str(out)], catch_exceptions=False
    )
    content = json.loads(result.stdout)
    assert content["folder"] == str(out)
    assert json.loads((out / "suggest.json").read_text())["active_days"] == content["active_days"]


def test_the_days_in_use_stand_beside_the_proposal(config):
    config.write_text(CONFIG + "definition: {active_days: 100, horizon_days: 50}\n")
    result = CliRunner().invoke(app, ["suggest", str(config)], catch_exceptions=False)
    assert re.search(r"^ *= +100 +50 ", result.output, re.M)
    assert "→ proposed, = in use" in result.output
