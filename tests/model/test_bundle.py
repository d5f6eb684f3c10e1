import json
import subprocess
import sys

import numpy as np
import pytest

import churn
from churn.errors import ModelError
from churn.features.compute import feature_matrix
from churn.model.bundle import load_model
from churn.model.predictor import Predictor


@pytest.fixture
def saved(model, tmp_path):
    return model.save(tmp_path / "m")


@pytest.fixture(scope="module")
def X(history, definition, model):
    view = history.as_of(definition.last_mature_cutoff(history))
    return feature_matrix(view, definition.population(view), model.signals)


def test_round_trip_scores_identically(saved, model, X):
    loaded = load_model(saved)
    assert np.array_equal(loaded.predict(X), model.predict(X))
    assert loaded.evaluation == model.evaluation
    assert loaded.definition == model.definition
    assert [s.name for s in loaded.signals] == [s.name for s in model.signals]
    assert loaded.training == model.training
    assert str(loaded) == str(model)


def test_scores_identically_in_a_fresh_process(saved, model, X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    code = (
        "import numpy as np, sys; from churn.model.bundle import load_model; "
        "np.save('p.npy', load_model(sys.argv[1]).predict(np.load('x.npy')))"
    )
    subprocess.run([sys.executable, "-c", code, str(saved)], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "p.npy"), model.predict(X))


def test_contributions_sum_to_the_score(model, X):
    odds = model.predictor.log_odds(X)
    assert model.contributions(X).sum(axis=1) == pytest.approx(odds)
    assert model.contributions(X, shift=0.4).sum(axis=1) == pytest.approx(odds + 0.4)


def test_importance_is_a_share(model):
    importance = model.importance()
    assert sum(importance.values()) == pytest.approx(1)
    assert list(importance.values()) == sorted(importance.values(), reverse=True)


@pytest.mark.parametrize("name", ["trees_0.txt", "bundle.json"])
def test_changed_file_is_refused(saved, name):
    file = saved / name
    file.write_text(file.read_text() + " ")
    with pytest.raises(
        ModelError, match=rf"damaged: {name} is missing or is not the file that was saved.*train again"
    ) as e:
        load_model(saved)
    assert e.value.code == "tampered"


def test_missing_file_is_refused(saved):
    (saved / "trees_0.txt").unlink()
    with pytest.raises(ModelError, match="damaged"):
        load_model(saved)


def test_no_bundle_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"There is no model in .*Train one with churn train"):
        load_model(tmp_path / "nothing")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sha256": 3}', '{"sha256": {}}'])
def test_broken_manifest_is_told(saved, text):
    (saved / "MANIFEST.json").write_text(text)
    with pytest.raises(ModelError):
        load_model(saved)


def test_loading_executes_nothing(saved):
    assert sorted(p.name for p in saved.iterdir()) == [
        "MANIFEST.json",
        "bundle.json",
        "spend_0.txt",
        "trees_0.txt",
    ]
    json.loads((saved / "bundle.json").read_text())


def test_schema_that_lost_a_table_is_told(model, shop):
    tables = shop.tables()
    del tables["tickets"]
    poorer = churn.make_history(**tables, segments=("country", "segment"))
    with pytest.raises(
        ModelError, match=r"The data have no tickets.*trained with.*Bring the same tables"
    ) as e:
        model.check_history(poorer)
    assert e.value.code == "schema-changed"


def test_more_columns_than_in_training_are_fine(history, model):
    model.check_history(history)


def test_trees_that_cannot_be_read_are_told(model, X):
    import dataclasses

    broken = dataclasses.replace(model, predictor=Predictor(("tree\nnothing",)))
    with pytest.raises(ModelError, match=r"trees cannot be read.*train again"):
        broken.predict(X)


def test_the_forecast_of_spend_comes_back_with_its_trees(saved, model, X):
    again = load_model(saved)
    assert again.spend.to_dict() == model.spend.to_dict()
    names = model.signal_names
    assert (again.spend.if_staying(X, names) == model.spend.if_staying(X, names)).all()
    (saved / "spend_0.txt").write_text("changed")
    with pytest.raises(ModelError, match=r"spend_0\.txt is missing or is not the file that was saved"):
        load_model(saved)
