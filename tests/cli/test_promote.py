"""``churn promote`` on models in folders and a real registry."""

import dataclasses
import json

import pytest
import yaml

from churn.__main__ import run
from churn.config import TrackingSettings
from churn.definition import Inactivity
from churn.model.bundle import load_model
from churn.model.shelf import Shelf


@pytest.fixture(scope="module")
def data(shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    shop.write(folder)
    return folder


@pytest.fixture
def place(data, history, tmp_path):
    config = {
        "name": "shop",
        "timezone": "UTC",
        "data_end": history.date(history.data_end),
        "sources": {
            **{t: {"path": f"{data}/{t}.parquet"} for t in ("orders", "returns", "tickets", "interactions")},
            "customers": {"path": f"{data}/customers.parquet", "segments": ["country", "segment"]},
        },
        "definition": {"active_days": 120, "horizon_days": 45},
    }
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


@pytest.fixture
def shelf(place):
    return Shelf(place / "models" / "shop")


def named(model, name, *, beats=True, **changes):
    predictor = dataclasses.replace(model.predictor, **changes)
    return dataclasses.replace(
        model, predictor=predictor, beats_baselines=beats, training={**model.training, "name": name}
    )


def who(shelf, role):
    return load_model(shelf.root / role).training["name"] if shelf.has(role) else None


def test_a_better_challenger_is_promoted_and_can_be_taken_back(shelf, model, capsys):
    shelf.keep(named(model, "old", slope=-1.0))
    shelf.keep(named(model, "new"))
    assert run(["promote", "shop.yaml", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["promoted"], told["forced"], told["comparison"]["better"]) == (True, False, True)
    assert [who(shelf, r) for r in ("champion", "challenger", "previous")] == ["new", None, "old"]
    assert run(["promote", "shop.yaml", "--back"]) == 0
    assert "The previous champion is back. Champion: models/shop/champion" in capsys.readouterr().out
    assert [who(shelf, r) for r in ("champion", "previous")] == ["old", "new"]


def test_a_worse_challenger_is_refused_unless_forced(shelf, model, capsys):
    shelf.keep(named(model, "old"))
    shelf.keep(named(model, "new", slope=-1.0))
    assert run(["promote", "shop.yaml"]) == 1
    out = capsys.readouterr().out
    assert "The challenger's log loss is higher than the champion's" in out
    assert "NOT PROMOTED: the champion stays. --force" in out
    assert [who(shelf, r) for r in ("champion", "challenger")] == ["old", "new"]
    assert run(["promote", "shop.yaml", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["promoted"] is False
    assert run(["promote", "shop.yaml", "--force"]) == 0
    assert "Promoted although it is worse." in capsys.readouterr().out
    assert [who(shelf, r) for r in ("champion", "previous")] == ["new", "old"]


def test_what_cannot_be_compared_is_told_and_can_be_forced(shelf, model, capsys):
    shelf.keep(named(model, "old"))
    (shelf.champion / "bundle.json").write_text("{}")
    shelf.keep(named(model, "new"))
    assert run(["promote", "shop.yaml"]) == 1
    assert "damaged: bundle.json" in " ".join(capsys.readouterr().err.split())
    assert run(["promote", "shop.yaml", "--force"]) == 0
    assert "They were not compared." in capsys.readouterr().out
    assert who(shelf, "champion") == "new"


def test_mistakes_are_told(shelf, model, capsys):
    assert run(["promote", "shop.yaml"]) == 1
    assert "There is no challenger in models/shop" in " ".join(capsys.readouterr().err.split())
    assert run(["promote", "shop.yaml", "--back"]) == 1
    assert "There is no previous champion" in capsys.readouterr().err
    assert run(["promote", "shop.yaml", "--back", "--force"]) == 1
    assert "--back compares nothing" in capsys.readouterr().err
    shelf.keep(named(model, "weak", beats=False))
    assert run(["promote", "shop.yaml"]) == 1
    assert "does not beat the simple baselines" in " ".join(capsys.readouterr().err.split())
    other = dataclasses.replace(named(model, "x", beats=False), definition=Inactivity(60, 20))
    shelf.keep(other)
    assert run(["promote", "shop.yaml"]) == 1
    assert "another definition of churn" in " ".join(capsys.readouterr().err.split())


def test_a_first_weak_model_can_be_forced(shelf, model, capsys):
    shelf.keep(named(model, "weak", beats=False))
    assert run(["promote", "shop.yaml", "--force", "--no-track"]) == 0
    assert "There was no champion." in capsys.readouterr().out
    assert who(shelf, "champion") == "weak"


@pytest.mark.filterwarnings("ignore")
def test_the_aliases_of_the_registry_move_with_the_folders(shelf, model, training, history, capsys):
    import mlflow

    from churn.model.tracking import log_training

    versions = {}
    settings = TrackingSettings(registered_model="churn-shop")
    for name, slope in (("old", -1.0), ("new", 1.0)):
        kept = named(model, name, slope=slope)
        role, _ = shelf.keep(kept)
        logged = log_training(dataclasses.replace(training, model=kept), history, settings, None, role)
        versions[name] = logged.version
    client = mlflow.MlflowClient()

    def held():
        return {a: str(v) for a, v in client.get_registered_model("churn-shop").aliases.items()}

    assert held() == {"champion": versions["old"], "challenger": versions["new"]}
    assert run(["promote", "shop.yaml"]) == 0
    assert f"version {versions['new']} has the alias champion" in capsys.readouterr().out
    assert held() == {"champion": versions["new"], "previous": versions["old"]}
    assert run(["promote", "shop.yaml", "--back", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["registered_version"] == versions["old"]
    assert held() == {"champion": versions["old"], "previous": versions["new"]}
