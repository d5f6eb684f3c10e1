"""Which model is better is told on rows that neither has learnt from, with the interval of the difference."""

import dataclasses

import numpy as np
import pytest

import churn
from churn.data.history import DAY_US
from churn.errors import ModelError, ParameterError
from churn.model.bundle import load_model
from churn.model.predictor import Predictor
from churn.model.promote import compare_models


def predicting(model, **changes):
    return dataclasses.replace(model, predictor=dataclasses.replace(model.predictor, **changes))


@pytest.fixture(scope="module")
def good(model):
    return dataclasses.replace(model, beats_baselines=True)


@pytest.fixture(scope="module")
def poor(good):
    """Ranks upside down."""
    return predicting(good, slope=-1.0)


def test_a_worse_one_is_refused_and_a_better_one_is_not(good, poor, history):
    worse = compare_models(good, poor, history)
    assert not worse.better
    assert worse.reason.startswith("The challenger's log loss is higher than the champion's: log loss +")
    better = compare_models(poor, good, history)
    assert better.better
    assert "surely better" in better.reason
    loss = [c.evaluation.differences["champion"]["log_loss"] for c in (worse, better)]
    assert loss[0].value == pytest.approx(-loss[1].value)
    assert loss[0].low > 0 > loss[1].high


def test_the_same_model_may_be_promoted(good, history):
    same = compare_models(good, good, history)
    assert same.better
    assert "predicts as the champion does" in same.reason
    difference = same.evaluation.differences["champion"]["auc"]
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)


def test_one_that_does_not_beat_the_baselines_is_refused(good, history):
    result = compare_models(good, dataclasses.replace(good, beats_baselines=False), history)
    assert not result.better
    assert "does not beat the simple baselines" in result.reason


def test_a_slightly_worse_one_is_refused_with_the_doubt_told(good, history):
    result = compare_models(predicting(good, shift=0.001), predicting(good, shift=0.0), history)
    other = compare_models(predicting(good, shift=0.0), predicting(good, shift=0.001), history)
    assert result.better is not other.better


def test_the_cutoffs_are_those_that_neither_has_seen(good, history, definition):
    last = definition.last_mature_cutoff(history)
    found = compare_models(good, good, history)
    assert found.cutoffs[-1] == history.date(last)
    seen = good.training["labels_seen_until"]
    assert all(history.instant(c) >= seen for c in found.cutoffs)
    at_last = dataclasses.replace(good, training={**good.training, "labels_seen_until": last})
    assert compare_models(good, at_last, history).cutoffs == (history.date(last),)
    early = dataclasses.replace(good, training={**good.training, "labels_seen_until": last - 65 * DAY_US})
    assert len(compare_models(early, early, history).cutoffs) == 3


def test_without_later_data_it_says_what_to_wait_for(good, history, definition):
    last = definition.last_mature_cutoff(history)
    newer = dataclasses.replace(good, training={**good.training, "labels_seen_until": last + 1})
    with pytest.raises(ModelError, match=r"There are no later data.*Wait until the data reach.*--force") as e:
        compare_models(good, newer, history)
    assert e.value.code == "no-later-data"
    with pytest.raises(ParameterError, match="champion has learnt from outcomes after the cutoff") as e:
        compare_models(newer, good, history, [last])
    assert e.value.code == "seen"


def test_given_cutoffs_are_used_and_must_be_known(good, history, definition):
    last = definition.last_mature_cutoff(history)
    assert compare_models(good, good, history, [history.date(last)]).cutoffs == (history.date(last),)
    with pytest.raises(ParameterError, match="not mature"):
        compare_models(good, good, history, [last + DAY_US])


def test_other_definitions_are_refused(good, history):
    other = dataclasses.replace(good, definition=churn.Inactivity(60, 20))
    with pytest.raises(ModelError, match=r"mean different things by churn.*champion: active.*--force") as e:
        compare_models(other, good, history)
    assert e.value.code == "other-definition"


def test_models_with_other_signals_are_each_asked_with_their_own(good, shop, history, definition):
    """The champion saw no tickets; a signal of one name may be computed otherwise by each."""
    tables = shop.tables()
    del tables["tickets"]
    poorer = churn.make_history(**tables, segments=("country", "segment"))
    features = churn.FeatureSettings(windows=(10, 20))
    settings = churn.TrainingSettings(max_snapshots=3, threads=1)
    champion = churn.train(poorer, definition, features=features, settings=settings, track=False).model
    assert set(champion.signal_names) != set(good.signal_names)
    result = compare_models(champion, good, history)
    t = history.instant(result.cutoffs[-1])
    alone = compare_models(champion, champion, history).evaluation.metrics["champion"]["auc"]
    assert result.evaluation.metrics["champion"]["auc"].value == alone.value
    assert t == definition.last_mature_cutoff(history)
    with pytest.raises(ModelError, match=r"The challenger cannot be compared: The data have no tickets"):
        compare_models(champion, good, poorer)


def test_a_loaded_bundle_compares_like_the_model(good, history, tmp_path):
    loaded = load_model(good.save(tmp_path / "m"))
    result = compare_models(loaded, good, history)
    assert result.evaluation.differences["champion"]["log_loss"].value == 0
    assert np.isfinite(result.evaluation.metrics["champion"]["auc"].value)


def test_it_reads_well_and_is_plain_data(good, poor, history):
    result = compare_models(good, poor, history)
    text = result.render()
    assert text.splitlines()[0].startswith("Cutoffs that neither has learnt from: ")
    assert "challenger" in text
    assert "difference" in text
    assert result.to_dict()["better"] is False


def test_a_model_that_ranks_surely_worse_is_refused_though_its_log_loss_is_lower(good, history):
    """A champion far off in level, and a challenger that knows the level and nothing else."""
    level = predicting(
        good, slope=0.0, shift=float(np.log(good.training["churn_rate"] / (1 - good.training["churn_rate"])))
    )
    result = compare_models(predicting(good, shift=6.0), level, history)
    assert not result.better
    assert "ranks customers worse" in result.reason


def test_predictors_without_trees_are_compared_too(good, history):
    assert compare_models(dataclasses.replace(good, predictor=Predictor()), good, history).better
