import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

import churn
from churn.errors import ChurnError, ModelError, ParameterError
from churn.features.compute import feature_matrix
from churn.model.bundle import check_ready, load_model
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


FILES = [
    "MANIFEST.json",
    "MLmodel",
    "bundle.json",
    "extra_inputs.json",
    "python_env.yaml",
    "requirements.txt",
    "serving_input_example.json",
    "signals.json",
    "spend_0.txt",
    "trees_0.txt",
    "trees_1.txt",
    "trees_2.txt",
]


def test_the_folder_holds_texts_and_nothing_that_runs(saved):
    assert sorted(p.name for p in saved.iterdir()) == FILES
    for name in FILES:
        (saved / name).read_text(encoding="utf-8")
    for name in ("bundle.json", "signals.json", "serving_input_example.json", "MANIFEST.json"):
        json.loads((saved / name).read_text())


@pytest.mark.parametrize("name", FILES)
def test_a_changed_a_cut_and_a_missing_file_are_refused(saved, name):
    file, rng = saved / name, np.random.default_rng(5)
    whole = file.read_bytes()
    for _ in range(8):
        place = int(rng.integers(0, len(whole)))
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(0, 8))
        for damaged in (bytes(flipped), whole[:place]):
            file.write_bytes(damaged)
            with pytest.raises(ModelError):
                load_model(saved)
    file.write_bytes(whole)
    load_model(saved)
    file.unlink()
    with pytest.raises(ModelError):
        load_model(saved)


def test_loading_unpickles_runs_and_compiles_nothing(saved):
    code = (
        "import sys, churn.model.bundle\n"
        "folder = sys.argv[1]\n"
        "def watch(event, values):\n"
        "    if event in ('pickle.find_class', 'subprocess.Popen', 'os.system', 'os.exec', 'ctypes.dlopen') and loaded:\n"
        "        print(event, values)\n"
        "    if event in ('compile', 'exec', 'import') and folder in str(values):\n"
        "        print(event, values)\n"
        "loaded = False\n"
        "sys.addaudithook(watch)\n"
        "churn.model.bundle.load_model(folder)\n"  # brings in LightGBM's own library
        "loaded = True\n"
        "churn.model.bundle.load_model(folder)\n"
        "import pickle, collections; pickle.loads(pickle.dumps(collections.OrderedDict()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "pickle.find_class ('collections', 'OrderedDict')\n"  # the watch itself works


def test_the_same_training_gives_the_same_bytes(model, tmp_path):
    first, second = model.save(tmp_path / "a"), model.save(tmp_path / "b")
    again = load_model(first).save(tmp_path / "c")
    for name in FILES:
        assert (first / name).read_bytes() == (second / name).read_bytes() == (again / name).read_bytes()


def test_the_hash_kept_elsewhere_tells_another_model(saved):
    from churn.sealed.bundlefiles import digest_of

    digest = digest_of(saved)
    assert load_model(saved, sha256=digest).signal_names
    with pytest.raises(ModelError, match=r"not the one that was asked for.*sha256") as e:
        load_model(saved, sha256="0" * 64)
    assert e.value.code == "other-model"


def test_a_smaller_model_takes_the_place_of_a_larger_one(model, tmp_path):
    tree = model.predictor.trees[0]
    larger = dataclasses.replace(model, predictor=Predictor((tree,) * 5), extras={"note": {"text": "x"}})
    folder = larger.save(tmp_path / "m")
    assert load_model(folder).extras == {"note": {"text": "x"}}
    model.save(folder)
    assert sorted(p.name for p in folder.iterdir()) == FILES
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(ChurnError, match=r"it also holds mine\.txt"):
        model.save(folder)


def test_a_bundle_within_a_model_of_mlflow_is_found(model, tmp_path):
    model.save(tmp_path / "m" / "data" / "bundle")
    assert load_model(tmp_path / "m").signal_names == model.signal_names


def test_no_bundle_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"There is no model in .*Train one with churn train"):
        load_model(tmp_path / "nothing")


def test_a_bundle_of_an_earlier_version_is_told(saved):
    (saved / "MANIFEST.json").write_text(json.dumps({"sha256": {"bundle.json": "0"}}))
    with pytest.raises(ModelError, match=r"saved by an earlier version of churn.*Train again") as e:
        load_model(saved)
    assert e.value.code == "format"


def test_a_signal_that_is_computed_otherwise_now_is_refused(saved):
    loaded = load_model(saved)
    facts = [dict(f) for f in loaded.saved_signals]
    facts[3]["formula"] = "Count('orders', 31)"
    changed = dataclasses.replace(loaded, saved_signals=tuple(facts))
    with pytest.raises(ModelError, match=rf"{facts[3]['name']}.*is computed otherwise.*train again") as e:
        _ = changed.signals
    assert e.value.code == "changed-signal"


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


def test_a_model_is_ready_up_to_the_midnight_after_the_last_order(model, history):
    closing = history.closing
    assert check_ready(model, history) == check_ready(model, history, closing) == closing
    assert check_ready(model, history, "2025-09-01") == history.instant("2025-09-01")
    with pytest.raises(ParameterError, match=r"lies after the end of the data.*cutoffs up to") as e:
        check_ready(model, history, closing + 1)
    assert e.value.code == "immature"
    with pytest.raises(ParameterError, match=r"A model is needed here.*Given: str.*load_model") as e:
        check_ready("models/shop/champion", history)
    assert e.value.code == "not-a-model"
    with pytest.raises(ParameterError, match="A history is needed here"):
        check_ready(model, history.logs)
