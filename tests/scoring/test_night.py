import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from churn.config import ScoringSettings
from churn.data.base import CustomerBase
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.scoring import score
from churn.scoring.night import about_listed, run_night

FILES = [
    "at_risk.csv",
    "at_risk.parquet",
    "campaigns.json",
    "context.json",
    "context.npz",
    "health.json",
    "model.json",
    "reasons.parquet",
    "retention.json",
    "scores.parquet",
    "segments.parquet",
    "summary.json",
    "timeline.parquet",
]


@pytest.fixture(scope="module")
def night(model, saved_shop):
    return run_night(model, LogStore.of(saved_shop), settings=saved_shop, threads=1)


@pytest.fixture(scope="module")
def in_memory(model, history, saved_shop):
    return run_night(model, history, settings=saved_shop, threads=1)


def plain(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_parts_and_the_whole_give_the_same_night(night, in_memory):
    pd.testing.assert_frame_equal(night.scores.everyone, in_memory.scores.everyone, check_exact=True)
    pd.testing.assert_frame_equal(night.timeline, in_memory.timeline, check_exact=True)
    pd.testing.assert_frame_equal(night.segments, in_memory.segments, check_exact=True)
    assert plain(night.overview.to_dict()) == plain(in_memory.overview.to_dict())
    assert plain(night.belief) == plain(in_memory.belief)
    assert night.scores.run == in_memory.scores.run


def test_scores_are_those_of_score(night, model, history, saved_shop):
    alone = score(model, history, settings=saved_shop.scoring, value=saved_shop.value, threads=1)
    pd.testing.assert_frame_equal(night.scores.at_risk, alone.at_risk, check_exact=True)
    assert night.scores.summary() == alone.summary()
    assert night.overview.outlook.to_dict() == alone.retention.to_dict()


def test_health_counts_the_customers_of_all_parts_once(night, saved_shop):
    whole = LogStore.of(saved_shop).load().checks
    assert night.health.to_dict() == whole.to_dict()


def test_the_folder_holds_all_that_the_report_reads(night, tmp_path):
    folder = night.write(tmp_path / "2025-12-31")
    assert sorted(p.name for p in folder.iterdir()) == FILES
    retention = json.loads((folder / "retention.json").read_text())
    assert {"series", "by", "outlook", "cohorts", "survival", "expected_and_actual"} <= set(retention)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["run"] == night.scores.run
    assert sum(summary["stages"].values()) == len(pd.read_parquet(folder / "scores.parquet"))
    events = pd.read_parquet(folder / "timeline.parquet")
    assert list(events["customer"].unique()) == list(night.scores.at_risk["customer"])
    assert json.loads((folder / "health.json").read_text())["usable"]
    assert "drivers" in json.loads((folder / "model.json").read_text())


def test_two_equal_nights_write_the_same_bytes(night, model, saved_shop, tmp_path):
    again = run_night(model, LogStore.of(saved_shop), settings=saved_shop, threads=1)
    one, two = night.write(tmp_path / "one"), again.write(tmp_path / "two")
    for name in FILES:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_who_finishes_the_folder_finds_everything_in_it(night, tmp_path):
    def finish(fresh):
        assert sorted(p.name for p in fresh.iterdir()) == FILES
        (fresh / "report.html").write_text("<!doctype html>")

    folder = night.write(tmp_path / "day", finish)
    assert (folder / "report.html").is_file()
    night.write(folder)  # without a report: the old one would tell of another night
    assert not (folder / "report.html").exists()


def test_a_night_that_fails_to_finish_leaves_the_earlier_one(night, tmp_path):
    folder = night.write(tmp_path / "day")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}

    def fail(fresh):
        (fresh / "summary.json").unlink()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        night.write(folder, fail)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["day"]


def test_only_so_many_timelines_and_in_the_order_of_the_list(night, saved_shop, history):
    listed = night.scores.at_risk["customer"]
    base = CustomerBase.of(LogStore.of(saved_shop))
    events, people = about_listed(base, listed, base.closing, most=5)
    assert list(events["customer"].unique()) == list(listed[:5])
    assert list(people["customer"]) == list(listed)
    at = history.customers.get_indexer(listed)
    country = history.segments["country"]
    assert list(people["country"]) == [country.labels[c] if c >= 0 else "" for c in country.codes[at]]
    nothing, nobody = about_listed(base, listed[:0], base.closing)
    assert (len(nothing), len(nobody)) == (0, 0)
    assert list(nothing.columns) == list(events.columns)


def test_nobody_listed_is_a_night_too(model, history, tmp_path):
    night = run_night(model, history, scoring=ScoringSettings(threshold=0.999999), threads=1)
    folder = night.write(tmp_path / "day")
    assert len(pd.read_parquet(folder / "timeline.parquet")) == 0
    assert json.loads((folder / "summary.json").read_text())["listed"] == 0


def test_an_earlier_cutoff_knows_nothing_of_later_rows(model, saved_shop, history):
    early = run_night(model, LogStore.of(saved_shop), "2025-06-01", settings=saved_shop, threads=1)
    assert early.timeline["time"].max() < "2025-06-01"
    cut = dataclasses.replace(
        history.known_at(history.instant("2025-06-01")), data_end=history.instant("2025-06-01")
    )
    same = run_night(model, cut, settings=saved_shop, threads=1)
    assert (
        plain(early.overview.to_dict())["series"]["periods"]
        == plain(same.overview.to_dict())["series"]["periods"]
    )


def test_settings_that_do_not_fit_are_told_before_the_work(model, history):
    with pytest.raises(ParameterError, match="money"):
        run_night(model, history, scoring=ScoringSettings(list_by="money"))
    assert np.isfinite(history.data_end)
