import numpy as np
import pytest

from churn.config import FeatureSettings, TrainingSettings
from churn.model.ablation import groups_of, refit, with_less, without_groups
from churn.model.fold import fit_at

SETTINGS = TrainingSettings(max_snapshots=3)


@pytest.fixture(scope="module")
def fold(history, definition):
    cutoff = definition.last_mature_cutoff(history)
    return fit_at(history, definition, cutoff, settings=SETTINGS, features=FeatureSettings())


def test_groups_are_the_families_and_what_users_ask_about(fold):
    groups = groups_of(fold.signals)
    assert {"rhythm", "service", "all of tickets", "ignored complaints"} <= groups.keys()
    names = np.array([s.name for s in fold.signals])
    assert all("ignored" in n for n in names[groups["ignored complaints"]])
    assert groups["all of tickets"].sum() > groups["ignored complaints"].sum()
    families = [k for k in groups if k not in ("all of tickets", "ignored complaints")]
    assert np.sum([groups[f] for f in families], axis=0).tolist() == [1] * len(names)


def test_refitting_on_everything_is_the_model(fold, definition):
    assert (refit(fold, definition, SETTINGS) == fold.predictions["model"]).all()


def test_a_model_of_some_cutoffs_is_given_the_level_of_all(fold, definition):
    """Half of the customers who churned are moved to the oldest cutoff: what is learnt elsewhere has a lower level."""
    from dataclasses import replace

    learn, oldest = fold.learn, fold.learn.cutoffs[0]
    y = np.where((learn.cutoff != oldest) & (learn.customer % 2 == 0), 0.0, learn.y)
    y = np.where(learn.cutoff == oldest, np.maximum(learn.y, learn.customer % 2), y)
    part = replace(fold, learn=replace(learn, y=y))
    everything = refit(part, definition, SETTINGS)
    newest = refit(part, definition, SETTINGS, rows=learn.cutoff != oldest)
    assert newest.mean() == pytest.approx(everything.mean(), abs=0.05)


def test_what_is_left_out_is_not_looked_at(fold, definition):
    """Scrambled columns change nothing where they are left out."""
    from dataclasses import replace

    those = groups_of(fold.signals)["rhythm"]
    X = fold.learn.X.copy()
    X[:, those] = np.random.default_rng(0).random((len(X), int(those.sum())))
    test = fold.test.X.copy()
    test[:, those] = np.nan
    other = replace(fold, learn=replace(fold.learn, X=X), test=replace(fold.test, X=test))
    a, b = (refit(f, definition, SETTINGS, keep=~those) for f in (fold, other))
    assert (a == b).all()
    assert (a != fold.predictions["model"]).any()


def test_too_little_to_fit_gives_nothing(fold, definition):
    rows = np.zeros(len(fold.learn), dtype=bool)
    rows[:3] = True
    rows &= fold.learn.y == 1
    assert refit(fold, definition, SETTINGS, rows=rows) is None


def test_every_part_is_a_step(fold, definition):
    steps = []
    found = with_less(fold, definition, SETTINGS, lambda: steps.append(1))
    assert list(found) == ["10 % of the customers", "25 % of the customers", "50 % of the customers"]
    assert len(steps) == 7
    assert all(len(p) == len(fold.test) for p in found.values())


def test_without_each_group(fold, definition, monkeypatch):
    chosen = dict(list(groups_of(fold.signals).items())[:1])
    monkeypatch.setattr("churn.model.ablation.groups_of", lambda _: chosen)
    steps = []
    assert list(without_groups(fold, definition, SETTINGS, lambda: steps.append(1))) == list(chosen)
    assert len(steps) == 1
