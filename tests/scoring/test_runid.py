import dataclasses

import numpy as np
import pandas as pd
import pytest

import churn
from churn.scoring.runid import frame_hash, run_id
from churn.sealed.bundlefiles import digest_of


@pytest.fixture(scope="module")
def scores(model, history):
    return churn.score(model, history)


def test_equal_runs_have_equal_ids(scores, model, history, tmp_path):
    loaded = churn.load_model(model.save(tmp_path / "m"))
    assert loaded.digest == model.digest == digest_of(tmp_path / "m")
    again = churn.score(loaded, history)
    assert run_id(again) == run_id(scores) == scores.run == scores.summary()["run"]
    assert scores.run.startswith(f"{scores.as_of}-")


def test_whatever_a_reader_sees_makes_another_run(scores):
    everyone = scores.everyone.copy()
    one = int((everyone["basis"] == "model").argmax())
    everyone.loc[one, "churn_probability"] = np.nextafter(everyone.loc[one, "churn_probability"], 1)
    others = [
        dataclasses.replace(scores, everyone=everyone),
        dataclasses.replace(scores, at_risk=scores.at_risk[1:]),
        dataclasses.replace(scores, reasons=scores.reasons[1:]),
        dataclasses.replace(scores, warnings=("look out",)),
        dataclasses.replace(scores, model=scores.model | {"digest": "other"}),
        dataclasses.replace(scores, as_of="2025-01-01 06:30"),
    ]
    ids = [run_id(s) for s in [scores, *others]]
    assert len(set(ids)) == len(ids)
    assert ids[-1].startswith("2025-01-01T0630-")


def test_a_hash_tells_texts_apart_by_their_ends():
    a, b = (pd.DataFrame({"t": t}) for t in (["ab", "c"], ["a", "bc"]))
    assert frame_hash(a) != frame_hash(b)
    assert frame_hash(a) != frame_hash(a.rename(columns={"t": "u"}))
    assert frame_hash(a) == frame_hash(a.astype({"t": object}))
    assert frame_hash(pd.DataFrame({"t": ["x", "ab", "c"]})[1:]) == frame_hash(a)


def test_a_hash_knows_one_nan_and_one_zero():
    odd = np.array([0x7FF8000000000001], dtype=np.uint64).view(np.float64)
    assert frame_hash(pd.DataFrame({"x": odd})) == frame_hash(pd.DataFrame({"x": [np.nan]}))
    assert frame_hash(pd.DataFrame({"x": [-0.0]})) == frame_hash(pd.DataFrame({"x": [0.0]}))
    assert frame_hash(pd.DataFrame({"x": [1]})) != frame_hash(pd.DataFrame({"x": [1.0]}))
