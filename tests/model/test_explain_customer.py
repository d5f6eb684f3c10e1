import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churn
from churn.errors import ParameterError
from churn.model.explain_customer import explain_customer, find_customer
from churn.scoring import score


@pytest.fixture(scope="module")
def scores(model, history):
    return score(model, history)


def test_the_explanation_is_of_the_score_and_tells_the_same_reasons(scores, model, history):
    reasons = ["reason_1", "reason_2", "reason_3", "keeps_1", "keeps_2"]
    for row in scores.at_risk.head(3).to_dict("records"):
        e = explain_customer(model, history, row["customer"])
        assert e.probability == pytest.approx(row["churn_probability"])
        assert [r.text for r in e.reasons] == [row[c] for c in reasons if row[c]]
        assert e.as_of == scores.as_of
        assert any(p.text for p in e.pushes)
        assert e.own


def test_everybody_with_a_score_can_be_explained(scores, model, history):
    last = scores.active.sort_values("churn_probability").iloc[0]
    e = explain_customer(model, history, last["customer"])
    assert e.probability == pytest.approx(last["churn_probability"])
    assert e.down


def test_unknown_id_names_near_ones(model, history):
    known = str(history.customers[5])
    with pytest.raises(
        ParameterError, match=rf"no customer '{known}0'.*Allowed: ids as they came, such as.*{known}"
    ) as error:
        explain_customer(model, history, known + "0")
    assert error.value.code == "no-customer"
    assert explain_customer.__module__ == churn.explain_customer.__module__


def test_who_is_not_active_has_no_score(model, history, scores):
    gone = next(c for c in history.customers if c not in set(scores.active["customer"]))
    with pytest.raises(
        ParameterError, match=rf"{gone} is not active on .*so there is no score.*an order in the last"
    ) as e:
        explain_customer(model, history, gone)
    assert e.value.code == "not-active"


def test_wrong_cutoff_and_no_model(model, history):
    one = history.customers[0]
    with pytest.raises(ParameterError, match="lies after the end of the data"):
        explain_customer(model, history, one, "2031-01-01")
    with pytest.raises(ParameterError, match=r"A model is needed here.*str"):
        explain_customer("models/x", history, one)


@pytest.mark.parametrize(
    ("ids", "given", "position"),
    [
        (pd.Index([7, 12346]), "12346", 1),
        (pd.Index([7, 12346]), 7, 0),
        (pd.Index(["7", "x y"]), " x y ", 1),
        (pd.Index(["7", "x"]), 7, 0),
    ],
)
def test_ids_are_found_as_they_are_and_as_text(ids, given, position):
    assert find_customer(ids, given) == position


@pytest.mark.parametrize("given", ["", "seven", "7.5", "9" * 40, None])
def test_what_is_no_id_is_an_error_and_no_traceback(given):
    with pytest.raises(ParameterError, match="There is no customer"):
        find_customer(pd.Index([7, 8]), given)


def test_near_ids_among_many_begin_alike():
    ids = pd.Index([f"C{i:07d}" for i in range(60_000)])
    with pytest.raises(ParameterError, match="C00000"):
        find_customer(ids, "C00000x")
    assert find_customer(ids, "C0059999") == 59_999
    with pytest.raises(ParameterError):
        find_customer(pd.Index(np.arange(60_000)), "-5")


def test_the_example_of_the_page_runs(model, history):
    page = (Path(__file__).resolve().parents[2] / "docs" / "reasons.md").read_text()
    block = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    lines = [
        x for x in block.splitlines() if not x.startswith(("history =", "model ="))
    ]  # the fixtures stand for these
    assert len(lines) < len(block.splitlines())
    exec("\n".join(lines), {"model": model, "history": history})
