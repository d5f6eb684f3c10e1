"""Past campaigns, a line each."""

from __future__ import annotations

import json

from churn.campaigns.measurement.overview import measured_campaigns
from churn.campaigns.measurement.result import Measurement


def write(plans, name, as_of, **more):
    (plans / name).mkdir(parents=True)
    found = Measurement(name, as_of, "not enough data", "2026-03-06", "Not enough data yet.", **more)
    (plans / name / "measurement.json").write_text(json.dumps(found.to_dict()))


def test_what_saw_the_future_of_the_night_is_left_out_and_the_newest_comes_first(tmp_path):
    write(tmp_path, "autumn", "2025-12-30 22:50", start="2025-10-01")
    write(tmp_path, "winter", "2025-12-31", start="2025-12-01")
    write(tmp_path, "later", "2025-12-31 00:01", start="2025-12-20")

    assert [c["campaign"] for c in measured_campaigns(tmp_path, "2025-12-31")] == ["winter", "autumn"]


def test_a_damaged_file_is_told_and_stops_nothing(tmp_path):
    write(tmp_path, "winter", "2025-12-31", start="2025-12-01")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "measurement.json").write_text("{")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "measurement.json").write_text("[1]")

    found = {c["campaign"]: c for c in measured_campaigns(tmp_path, "2026-01-01")}
    assert found["broken"]["status"] == found["other"]["status"] == "unreadable"
    assert "broken/measurement.json" in found["broken"]["said"]
    assert found["winter"]["effect"] is None
