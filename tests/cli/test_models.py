from __future__ import annotations

from pathlib import Path

import pytest

from churn.cli.models import default_model, definition_of, save_training, short
from churn.config import make_config
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


def test_the_champion_goes_before_the_candidate_also_when_a_save_was_cut_short(tmp_path):
    root = place(tmp_path)
    (root / "candidate").mkdir(parents=True)
    (root / "candidate" / "MANIFEST.json").touch()
    assert default_model(settings(tmp_path)) == root / "candidate"
    (root / ".champion.previous").mkdir()
    assert default_model(settings(tmp_path)) == root / "champion"


def test_a_trained_model_is_found_where_it_was_saved(tmp_path, model):
    folder = save_training(model, settings(tmp_path))
    assert folder.name == ("champion" if model.beats_baselines else "candidate")
    assert (place(tmp_path) / "candidate" / "MANIFEST.json").is_file()
    assert default_model(settings(tmp_path)) == folder


def test_the_definition_is_the_one_configured(tmp_path):
    definition = definition_of(settings(tmp_path))
    assert (definition.active_days, definition.horizon_days, definition.gap_days) == (30, 10, 3)


def test_paths_are_short_only_below_the_working_folder(tmp_path):
    assert short(tmp_path / "models" / "x") == "models/x"
    assert short(tmp_path) == "."
    assert short(tmp_path.parent) == str(tmp_path.parent)
