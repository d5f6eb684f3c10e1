from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from churn.cli.models import default_model, definition_of, save_training, short
from churn.config import make_config
from churn.definition import Inactivity
from churn.errors import ModelError


def settings(folder: Path):
    content = {
        "name": "corner",
        "timezone": "UTC",
        "sources": {"orders": {"path": "orders.csv"}},
        "definition": {"active_days": 30, "horizon_days": 10, "gap_days": 3},
    }
    return make_config(content, folder=folder)


def place(folder: Path) -> Path:
    config = settings(folder)
    return config.place(config.models) / "corner"


def test_without_a_model_the_error_says_where_it_looked(tmp_path):
    (place(tmp_path) / "champion").mkdir(parents=True)  # a folder without a manifest is no model
    with pytest.raises(ModelError, match="There is no trained model for corner in ") as e:
        default_model(settings(tmp_path))
    assert e.value.code == "no-model"
    assert short(place(tmp_path)) in str(e.value)


def test_the_champion_goes_before_the_challenger_also_when_a_save_was_cut_short(tmp_path):
    root = place(tmp_path)
    (root / "challenger").mkdir(parents=True)
    (root / "challenger" / "MANIFEST.json").touch()
    assert default_model(settings(tmp_path)) == root / "challenger"
    (root / ".champion.previous").mkdir()
    (root / ".champion.previous" / "MANIFEST.json").touch()
    assert default_model(settings(tmp_path)) == root / "champion"


def test_a_trained_model_is_found_where_it_was_saved(tmp_path, model):
    folder, what = save_training(dataclasses.replace(model, beats_baselines=True), settings(tmp_path))
    assert (folder.name, "churn score" in what) == ("champion", True)
    assert default_model(settings(tmp_path)) == folder
    second, what = save_training(model, settings(tmp_path))
    assert (second.name, "churn promote" in what) == ("challenger", True)
    assert default_model(settings(tmp_path)) == folder


def test_a_first_model_that_does_not_beat_the_baselines_is_found_too(tmp_path, model):
    folder, what = save_training(dataclasses.replace(model, beats_baselines=False), settings(tmp_path))
    assert (folder.name, "there is no champion" in what) == ("challenger", True)
    assert default_model(settings(tmp_path)) == folder


def test_a_champion_of_another_definition_gives_way_and_is_kept(tmp_path, model):
    other = dataclasses.replace(model, definition=Inactivity(60, 20), beats_baselines=True)
    save_training(other, settings(tmp_path))
    folder, what = save_training(dataclasses.replace(model, beats_baselines=True), settings(tmp_path))
    assert folder.name == "champion"
    assert "another definition of churn" in what
    assert (place(tmp_path) / "previous" / "MANIFEST.json").is_file()


def test_the_definition_is_the_one_configured(tmp_path):
    definition = definition_of(settings(tmp_path))
    assert (definition.active_days, definition.horizon_days, definition.gap_days) == (30, 10, 3)


def test_paths_are_short_only_below_the_working_folder(tmp_path):
    assert short(tmp_path / "models" / "x") == "models/x"
    assert short(tmp_path) == "."
    assert short(tmp_path.parent) == str(tmp_path.parent)
