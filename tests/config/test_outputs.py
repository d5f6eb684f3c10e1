import pytest

from churn.config import make_config, read_config
from churn.errors import ConfigError

PLAIN = {
    "name": "shop",
    "sources": {"orders": {"path": "o.csv"}},
    "definition": {"active_days": 180, "horizon_days": 60},
}


def outputs(*given):
    return make_config({**PLAIN, "outputs": list(given)}).outputs


def test_nothing_by_default_and_a_table_of_our_own():
    assert make_config(PLAIN).outputs == ()
    assert outputs({"to": "duckdb"})[0].table == "churn_scores"
    assert (
        outputs({"to": "sql", "url": "sqlite:///a.db", "table": "marketing.scores"})[0].table
        == "marketing.scores"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"to": "xml"}, "outputs.0.to"),
        ({"to": "sql"}, "`to: sql` needs `url`"),
        ({"to": "sql", "url": "postgresql://me:secret@h/d", "place": "x"}, "`to: sql` needs `url`"),
        ({"to": "csv", "url": "postgresql://me:secret@h/d"}, "belong to `to: sql`, not to `to: csv`"),
        ({"to": "duckdb", "table": "a b"}, "must be letters, digits and _"),
        ({"to": "duckdb", "table": "a.b.c"}, "must be letters, digits and _"),
        ({"to": "csv", "folder": "x"}, "outputs.0.folder`: unknown key"),
    ],
)
def test_mistakes_are_told_without_the_url(given, words):
    with pytest.raises(ConfigError, match=words) as told:
        outputs(given)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("given", ["postgresql://me:secret@h/d", ["sql:postgresql://me:secret@h/d"]])
def test_a_url_in_the_wrong_place_is_not_shown_either(given):
    with pytest.raises(ConfigError, match=r"`outputs.*must be") as told:
        make_config({**PLAIN, "outputs": given})
    assert "secret" not in str(told.value)


def test_a_password_from_the_environment_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("PW", "s3cret")
    file = tmp_path / "c.yaml"
    file.write_text(
        "name: shop\nsources: {orders: {path: o.csv}}\ndefinition: {active_days: 180, horizon_days: 60}\n"
        "outputs:\n  - {to: sql, url: 'postgresql://me@h/d', password: '${PW}'}\n"
    )
    config = read_config(file)
    assert config.outputs[0].password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(config) + str(config.model_dump()) + config.model_dump_json()
