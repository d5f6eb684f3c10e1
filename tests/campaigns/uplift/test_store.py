import json

import numpy as np
import pytest

from churn.campaigns import load_uplift
from churn.campaigns.uplift.store import save_uplift
from churn.errors import ModelError
from churn.sealed.bundlefiles import LISTING, seal


@pytest.fixture
def folder(learned, tmp_path):
    return learned.write(tmp_path / "uplift")


def test_saved_model_predicts_the_same_bits(learned, folder):
    again = load_uplift(folder)
    rng = np.random.default_rng(0)
    X, risk = rng.normal(size=(50, len(again.signal_names))), rng.uniform(0.2, 0.8, 50)
    np.testing.assert_array_equal(
        again.predict(X, risk, ["call", "gift"]), learned.uplift.predict(X, risk, ["call", "gift"])
    )
    assert (again.said, again.better, again.kind) == (
        learned.uplift.said,
        learned.uplift.better,
        learned.uplift.kind,
    )
    assert again.render() == learned.uplift.render()


def test_saved_again_it_is_the_same_folder(folder, tmp_path):
    save_uplift(load_uplift(folder), tmp_path / "again")
    assert (tmp_path / "again" / LISTING).read_bytes() == (folder / LISTING).read_bytes()


def test_tampered_file_is_refused(folder):
    file = folder / "uplift.json"
    file.write_text(file.read_text().replace('"better"', '"Better"'))
    with pytest.raises(ModelError, match=r"damaged: uplift.json .* is not the file that was saved"):
        load_uplift(folder)


def test_file_that_is_not_listed_is_refused(folder):
    (folder / "more.txt").write_text("x")
    with pytest.raises(ModelError, match=r"holds 'more.txt', which is not listed"):
        load_uplift(folder)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.update(format=99), "its format is not 1"),
        (lambda d: d.update(kind="Z"), "its actions are not told apart"),
        (lambda d: d["actions"][0].update(slope="high"), "is no number"),
        (lambda d: d["actions"][0].update(slope=-1), "the slope is below 0"),
        (lambda d: d["actions"][0].update(learner="Q"), "'Q'"),
        (lambda d: d["actions"][0]["numbers"].update(more=1.0), "has other parts"),
        (lambda d: d["signals"].pop(), "is not for"),
        (lambda d: d.pop("schema"), "schema"),
    ],
)
def test_sealed_content_that_makes_no_sense_is_refused(folder, change, why):
    file = folder / "uplift.json"
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))
    (folder / LISTING).unlink()
    seal(folder)
    with pytest.raises(ModelError, match=why):
        load_uplift(folder)


def test_other_model_and_no_model_are_told_apart(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ModelError, match=r"There is no uplift model in .*churn campaign learn POLICY"):
        load_uplift(tmp_path / "a")
    (tmp_path / "a" / "bundle.json").write_text("{}")
    seal(tmp_path / "a")
    with pytest.raises(ModelError, match="holds another kind of model"):
        load_uplift(tmp_path / "a")
