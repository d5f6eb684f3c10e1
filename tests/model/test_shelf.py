"""Which model stands where; at every moment there is a whole champion."""

import dataclasses
import json

import pytest

from churn.definition import Inactivity
from churn.errors import ModelError, ParameterError
from churn.files import locked
from churn.model.bundle import load_model
from churn.model.shelf import Shelf


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "models" / "shop")


def named(model, name, beats=True):
    return dataclasses.replace(model, beats_baselines=beats, training={**model.training, "name": name})


def who(shelf, role):
    return load_model(shelf.root / role).training["name"] if shelf.has(role) else None


def standing(shelf):
    return {role: who(shelf, role) for role in ("champion", "challenger", "previous") if shelf.has(role)}


def test_the_first_good_model_is_champion_and_the_next_challenger(shelf, model):
    assert shelf.keep(named(model, "a")) == ("champion", None)
    assert shelf.keep(named(model, "b")) == ("challenger", None)
    assert shelf.keep(named(model, "c", beats=False)) == ("challenger", None)
    assert standing(shelf) == {"champion": "a", "challenger": "c"}


def test_promoting_keeps_the_one_before_and_back_brings_it_back(shelf, model):
    shelf.keep(named(model, "a"))
    shelf.keep(named(model, "b"))
    shelf.promote()
    assert standing(shelf) == {"champion": "b", "previous": "a"}
    shelf.back()
    assert standing(shelf) == {"champion": "a", "previous": "b"}
    shelf.back()
    assert standing(shelf) == {"champion": "b", "previous": "a"}


def test_a_first_model_that_does_not_beat_the_baselines_is_no_champion(shelf, model):
    assert shelf.keep(named(model, "a", beats=False)) == ("challenger", None)
    assert standing(shelf) == {"challenger": "a"}
    with pytest.raises(ModelError, match="There is no previous champion"):
        shelf.back()


def test_a_champion_of_another_definition_or_format_gives_way_to_a_good_model_alone(shelf, model):
    other = dataclasses.replace(named(model, "a"), definition=Inactivity(60, 20))
    shelf.keep(other)
    assert shelf.keep(named(model, "b", beats=False)) == ("challenger", None)
    role, why = shelf.keep(named(model, "c"))
    assert role == "champion"
    assert "another definition of churn: active = an order in the last 60 days" in why
    assert standing(shelf) == {"champion": "c", "previous": "a"}
    (shelf.champion / "MANIFEST.json").write_text(json.dumps({"sha256": {"bundle.json": "0"}}))
    role, why = shelf.keep(named(model, "d"))
    assert (role, "earlier version of churn" in why) == ("champion", True)
    assert who(shelf, "champion") == "d"


def test_a_champion_that_was_tampered_with_is_not_replaced_in_silence(shelf, model):
    shelf.keep(named(model, "a"))
    (shelf.champion / "bundle.json").write_text("{}")
    assert shelf.keep(named(model, "b")) == ("challenger", None)
    with pytest.raises(ModelError, match="damaged"):
        load_model(shelf.champion)
    shelf.promote()  # forced: what was there is kept as it is
    assert who(shelf, "champion") == "b"
    assert (shelf.previous / "bundle.json").read_text() == "{}"


def test_data_made_anew_forget_the_models_of_before(shelf, model):
    shelf.keep(named(model, "a"))
    shelf.keep(named(model, "b"))
    shelf.promote()
    shelf.keep(named(model, "c"), anew=True)
    assert standing(shelf) == {"champion": "c"}
    shelf.keep(named(model, "d", beats=False), anew=True)
    assert standing(shelf) == {"challenger": "d"}


def test_a_promotion_that_fails_leaves_the_champion(shelf, model):
    shelf.keep(named(model, "a"))
    with pytest.raises(FileNotFoundError):
        shelf.promote()  # no challenger
    assert who(shelf, "champion") == "a"


def test_two_at_a_time_wait_for_each_other(shelf, model):
    shelf.keep(named(model, "a"))
    with locked(shelf.root / ".lock"), pytest.raises(ParameterError, match="Another process is writing"):
        shelf.keep(named(model, "b"))
