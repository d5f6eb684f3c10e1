import json

import pytest

from churn.config import ScoringSettings
from churn.report import write_report
from churn.scoring.night import run_night


@pytest.fixture(scope="module")
def nights(model, history):
    return [
        run_night(model, history, as_of, scoring=ScoringSettings(top=20), threads=1)
        for as_of in ("2025-10-01", "2025-11-01")
    ]


def test_a_real_night_gets_its_report_and_a_digest_that_knows_the_night_before(nights, tmp_path):
    for night in nights:
        target = tmp_path / "shop" / night.scores.as_of
        folder = night.write(target, write_report)
    names = {p.name for p in folder.iterdir()}
    assert {"report.html", "digest.md", "summary.json"} <= names
    assert "2025-11-01" in (folder / "report.html").read_text()
    assert "2025-10-01" in (folder / "digest.md").read_text()
    first = tmp_path / "shop" / "2025-10-01"
    assert "2025-11-01" not in (first / "digest.md").read_text()
    assert json.loads((first / "summary.json").read_text())["listed"] == 20


def test_the_same_night_again_gives_the_same_bytes(nights, tmp_path):
    target = tmp_path / "2025-11-01"
    once = {p.name: p.read_bytes() for p in nights[1].write(target, write_report).iterdir()}
    again = {p.name: p.read_bytes() for p in nights[1].write(target, write_report).iterdir()}
    assert once == again
