import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from churn.cli import app

CONFIG = """\
name: shop
timezone: UTC
sources:
  orders: {path: data/orders.parquet}
  returns: {path: data/returns.parquet}
  tickets: {path: data/tickets.parquet}
  interactions: {path: data/interactions.parquet}
  customers: {path: data/customers.parquet, segments: [country, segment]}
definition: {active_days: 120, horizon_days: 45}
"""


@pytest.fixture
def place(shop, model, tmp_path):
    (tmp_path / "data").mkdir()
    shop.write(tmp_path / "data")
    (tmp_path / "churn.yaml").write_text(CONFIG)
    model.save(tmp_path / "models" / "shop" / "champion")
    return tmp_path / "churn.yaml"


def test_one_customer_in_full(place, history, definition):
    view = history.as_of(history.closing)
    customer = str(history.customers[definition.population(view)[0]])
    shown = CliRunner().invoke(app, ["explain", str(place), customer])
    assert shown.exit_code == 0, shown.output
    for words in (
        f"Customer {customer} as of",
        "What raises the risk",
        "What holds it down",
        "own normal",
        "score",
    ):
        assert words in shown.output
    found = json.loads(CliRunner().invoke(app, ["explain", str(place), customer, "--json"]).stdout)
    total = found["base_log_odds"] + sum(found["families"].values())
    assert found["log_odds"] == pytest.approx(total, abs=1e-9)


def test_a_wrong_id_is_told_without_a_traceback(place):
    shown = subprocess.run(
        [sys.executable, "-m", "churn", "explain", str(place), "C00000x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 1
    assert "There is no customer 'C00000x'" in " ".join(shown.stderr.split())
    assert "Traceback" not in shown.stderr
