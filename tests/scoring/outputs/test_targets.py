from pathlib import Path

import pytest

from churn.config import make_config
from churn.errors import ConfigError, OutputError, ParameterError
from churn.scoring.outputs.targets import place_of, targets_of

PLAIN = {
    "name": "shop",
    "sources": {"orders": {"path": "o.csv"}},
    "definition": {"active_days": 180, "horizon_days": 60},
}


def config(*outputs, folder=Path("/place")):
    return make_config({**PLAIN, "outputs": list(outputs)}, folder=folder)


def test_the_configuration_is_meant_unless_something_is_named():
    settings = config({"to": "parquet", "place": "exports"}, {"to": "duckdb"})
    assert targets_of(settings) == targets_of(settings, []) == settings.outputs
    assert targets_of(settings, ["parquet", "csv"])[0] == settings.outputs[0]
    assert [t.to for t in targets_of(settings, ["parquet", "csv"])] == ["parquet", "csv"]
    assert targets_of(settings, ["none"]) == ()


def test_places():
    settings = config({"to": "parquet", "place": "exports"}, {"to": "duckdb"}, {"to": "csv"})
    assert [place_of(settings, t) for t in settings.outputs] == [
        Path("/place/exports"),
        Path("/place/churn-output/shop/scores.duckdb"),
        Path("/place/churn-output/shop/scores-csv"),
    ]
    named = targets_of(settings, ["duckdb:here/a.duckdb"])[0]
    assert place_of(settings, named) == Path.cwd() / "here" / "a.duckdb"


def test_a_url_on_the_command_line_takes_its_secret_from_the_environment(monkeypatch):
    monkeypatch.setenv("PW", "s3cret")
    target = targets_of(config(), ["sql:postgresql://me:${PW}@host:5432/shop"])[0]
    assert target.url.get_secret_value() == "postgresql://me:s3cret@host:5432/shop"
    assert "s3cret" not in repr(target)
    assert "s3cret" not in str(target.model_dump())
    assert "s3cret" not in target.model_dump_json()
    with pytest.raises(ConfigError, match="the environment has no value for NOWHERE"):
        targets_of(config(), ["sql:postgresql://me:${NOWHERE}@host/shop"])
    lite = targets_of(config(), ["sql:sqlite:///a.db"])[0]
    assert lite.url.get_secret_value() == f"sqlite:///{Path.cwd()}/a.db"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["jsno"], r"no output 'jsno'.*csv, parquet, jsonl, duckdb, sql.*Did you mean --to jsonl\?"),
        (["xml"], "no output 'xml'.*Give one of these to --to"),
        (["sql"], "--to sql needs a database"),
        (["none", "csv"], "--to none does not go with other outputs"),
    ],
)
def test_mistakes(given, words):
    with pytest.raises(ParameterError, match=words):
        targets_of(config(), given)


@pytest.mark.parametrize("url", ["mysql://me:secret@db/shop", "no url", "sqlite://"])
def test_a_database_that_cannot_be_written_to_is_told_before_the_work(url):
    for settings, given in ((config({"to": "sql", "url": url}), None), (config(), [f"sql:{url}"])):
        with pytest.raises(OutputError) as told:
            targets_of(settings, given)
        assert "secret" not in str(told.value)
