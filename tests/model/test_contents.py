"""A bundle whose hashes were made anew and whose content makes no sense is told in words."""

import dataclasses
import json

import numpy as np
import pytest

from churn.errors import ModelError
from churn.features.compute import feature_matrix
from churn.model.bundle import load_model
from churn.model.linear import Linear
from churn.model.predictor import Predictor
from churn.sealed.bundlefiles import LISTING, seal


@pytest.fixture
def saved(model, tmp_path):
    n = len(model.signal_names)
    linear = Linear(
        (0, 1),
        ("value", "missing"),
        (0.0, 0.0),
        (-5.0, 0.0),
        (9.0, 1.0),
        (1.0, 0.1),
        (2.0, 0.3),
        (0.4, -0.2),
        -0.5,
    )
    blend = Predictor(model.predictor.trees, linear, 0.7, 1.1, -0.05)
    assert n > 1
    return dataclasses.replace(model, predictor=blend, extras={"note": {"small": True}}).save(tmp_path / "m")


def edit(folder, name, *path_and_value, remove=False):
    """Change one place of a file and make all hashes anew, as somebody who knows the format would."""
    *path, value = path_and_value
    data = json.loads((folder / name).read_text())
    place = data
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    (folder / name).write_text(json.dumps(data))
    reseal(folder)


def reseal(folder):
    (folder / LISTING).unlink()
    seal(folder)


def test_every_part_comes_back(saved, model, history, definition):
    loaded = load_model(saved)
    assert loaded.extras == {"note": {"small": True}}
    assert (loaded.predictor.weight, loaded.predictor.slope, loaded.predictor.shift) == (0.7, 1.1, -0.05)
    assert loaded.schema == model.schema
    assert loaded.features == model.features
    content = json.loads((saved / "bundle.json").read_text())
    assert set(content["versions"]) == {"churn", "lightgbm", "numpy", "python", "scipy"}
    assert content["training"]["last_cutoff"] == model.training["last_cutoff"]
    assert [f["name"] for f in loaded.signal_facts] == list(model.signal_names)
    assert all(f["meaning"] and f["formula"] for f in loaded.signal_facts)
    view = history.as_of(definition.last_mature_cutoff(history))
    X = feature_matrix(view, definition.population(view)[:50], model.signals)
    before = Predictor(model.predictor.trees, loaded.predictor.linear, 0.7, 1.1, -0.05)
    assert np.array_equal(loaded.predict(X), before.predict(X))
    assert np.array_equal(loaded.contributions(X), before.contributions(X))


WRONG = [
    ("format", 99),
    ("format", "4"),
    ("definition", {"kind": "magic"}),
    ("definition", {"kind": "inactivity", "active_days": -1, "horizon_days": 3}),
    ("definition", {"kind": "inactivity", "active_days": 10, "horizon_days": 3, "os": "system"}),
    ("definition", 3),
    ("schema", {"columns": [[1]]}),
    ("schema", {"columns": [["orders", 7]], "labels": []}),
    ("schema", []),
    ("features", {"windows": [3, 1]}),
    ("features", {"unknown": 1}),
    ("features", "all"),
    ("beats_baselines", "yes"),
    ("training", []),
    ("training", "labels_seen_until", "soon"),
    ("training", "rows", "many"),
    ("evaluation", {}),
    ("evaluation", "metrics", {}),
    ("evaluation", "metrics", "model", "auc", "value", "high"),
    ("evaluation", "metrics", "model", "auc", "value", None),
    ("predictor", "weight", 1.5),
    ("predictor", "weight", -0.1),
    ("predictor", "weight", "half"),
    ("predictor", "weight", True),
    ("predictor", "slope", 1e300),
    ("predictor", "slope", None),
    ("predictor", "shift", 1e6),
    ("predictor", "trees", 2),
    ("predictor", "trees", 0),
    ("predictor", "trees", -1),
    ("predictor", "trees", 10**12),
    ("predictor", "trees", True),
    ("predictor", {}),
    ("predictor", "linear", {"weight": [1]}),
    ("predictor", "linear", "signal", [0, 9999]),
    ("predictor", "linear", "signal", [0]),
    ("predictor", "linear", "weight", [0.4, 1e308]),
    ("predictor", "linear", "weight", ["a", "b"]),
    ("predictor", "linear", "scale", [0.0, 0.0]),
    ("predictor", "linear", "centre", 3),
    ("probe", []),
    ("probe", "x"),
    ("extras", ["other"]),
    ("extras", ["../../etc/hostname"]),
    ("extras", []),
    ("extras", 7),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("change", WRONG, ids=lambda c: "-".join(str(x)[:30] for x in c))
def test_nonsense_with_right_hashes_is_told(saved, change):
    edit(saved, "bundle.json", *change)
    with pytest.raises(ModelError, match=r"cannot be used|has format|is missing") as e:
        load_model(saved)
    assert e.value.code in ("damaged", "format")
    assert "train again" in str(e.value).lower()


@pytest.mark.parametrize(
    "key",
    ["definition", "schema", "features", "training", "evaluation", "predictor", "probe", "extras", "format"],
)
def test_a_part_that_is_missing_is_told(saved, key):
    edit(saved, "bundle.json", key, None, remove=True)
    with pytest.raises(ModelError, match=f"{key}|format"):
        load_model(saved)


@pytest.mark.parametrize(
    "change", [(0, "name", 3), (0, "categories", [1]), (0, "categories", None), (0, 7), (1, {})]
)
def test_signals_that_make_no_sense_are_told(saved, change):
    edit(saved, "signals.json", *change)
    with pytest.raises(ModelError, match=r"signals\.json of the model"):
        load_model(saved)


def test_two_signals_of_one_name_are_told(saved):
    facts = json.loads((saved / "signals.json").read_text())
    edit(saved, "signals.json", 1, "name", facts[0]["name"])
    with pytest.raises(ModelError, match="a signal is there twice"):
        load_model(saved)


def test_fewer_signals_than_the_trees_read_are_told(saved):
    facts = json.loads((saved / "signals.json").read_text())
    (saved / "signals.json").write_text(json.dumps(facts[:-1]))
    reseal(saved)
    with pytest.raises(ModelError, match=rf"not for {len(facts) - 1} signals"):
        load_model(saved)


@pytest.mark.parametrize("change", [("slope", 1.1001), ("shift", 0.0), ("weight", 0.7001)])
def test_a_predictor_that_scores_otherwise_than_when_it_was_saved_is_refused(saved, change):
    edit(saved, "bundle.json", "predictor", *change)
    with pytest.raises(ModelError, match="made-up rows do not get the log-odds that they got"):
        load_model(saved)


@pytest.mark.parametrize(
    ("name", "content"),
    [("trees_0.txt", b"\xff\xfe"), ("bundle.json", b"[]"), ("bundle.json", b"\xff"), ("signals.json", b"[]")],
)
def test_files_of_another_kind_are_told(saved, name, content):
    (saved / name).write_bytes(content)
    reseal(saved)
    with pytest.raises(ModelError, match="cannot be used"):
        load_model(saved)


@pytest.mark.parametrize("name", ["bundle.json", "signals.json", "trees_0.txt", "extra_note.json"])
def test_a_file_that_is_gone_from_the_listing_too_is_told(saved, name):
    (saved / name).unlink()
    reseal(saved)
    with pytest.raises(ModelError):
        load_model(saved)


def test_figures_that_are_not_known_come_back_as_not_known(model, tmp_path):
    metrics = {k: dict(v) for k, v in model.evaluation.metrics.items()}
    metrics["model"]["lift_at_10"] = dataclasses.replace(metrics["model"]["lift_at_10"], low=np.nan)
    evaluation = dataclasses.replace(model.evaluation, metrics=metrics)
    training = {**model.training, "counts": np.int64(3), "share": np.float64("nan")}
    loaded = load_model(
        dataclasses.replace(model, evaluation=evaluation, training=training).save(tmp_path / "m")
    )
    assert np.isnan(loaded.evaluation.metrics["model"]["lift_at_10"].low)
    assert (loaded.training["counts"], loaded.training["share"]) == (3, None)


@pytest.mark.parametrize(
    "extras", [{"note": {"x": float("nan")}}, {"note": {1, 2}}, {"../x": 1}, {"Note": 1}]
)
def test_extras_that_are_no_plain_data_are_refused(model, tmp_path, extras):
    with pytest.raises(ModelError):
        dataclasses.replace(model, extras=extras).save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_predictor_without_finite_log_odds_is_not_saved(model, tmp_path):
    with pytest.raises(ModelError, match="no finite log-odds"):
        dataclasses.replace(model, predictor=Predictor(slope=float("nan"))).save(tmp_path / "m")


# -- the forecast of spend ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        ("spend", {}),
        ("spend", "method", "magic"),
        ("spend", "scale", "x"),
        ("spend", "scale", 1e308),
        ("spend", "trees", 7),
        ("spend", "trees", 0),
        ("spend", "shrunken", {"r": 1}),
        ("spend", "shrunken", "alpha", "a"),
        ("spend", "horizon_days", "a"),
    ],
    ids=lambda c: "-".join(str(x)[:30] for x in c),
)
def test_a_forecast_of_spend_that_makes_no_sense_is_told(saved, change):
    edit(saved, "bundle.json", *change)
    with pytest.raises(ModelError, match="cannot be used"):
        load_model(saved)


def test_a_model_without_a_forecast_of_spend_is_whole(model, tmp_path):
    loaded = load_model(dataclasses.replace(model, spend=None).save(tmp_path / "m"))
    assert loaded.spend is None
    assert not (tmp_path / "m" / "spend_0.txt").exists()


def test_trees_of_churn_in_the_place_of_those_of_spend_are_told(saved):
    (saved / "spend_0.txt").write_bytes((saved / "trees_0.txt").read_bytes())
    reseal(saved)
    with pytest.raises(
        ModelError, match=r"spend_0\.txt of the model in .*its objective is 'binary sigmoid:1'"
    ):
        load_model(saved)
