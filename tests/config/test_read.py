from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import churn
from churn.config import Config, check_timezone, make_config, read_config
from churn.errors import ConfigError, MissingFileError

SHOP = """\
name: shop
timezone: UTC
sources:
  orders: {path: orders.csv, columns: {customer: id, time: at, amount: total}}
definition: {active_days: 180, horizon_days: 60}
"""


def _read(tmp_path: Path, text: str) -> Config:
    file = tmp_path / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    return read_config(file)


def _refused(tmp_path: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    assert caught.value.fix
    assert isinstance(caught.value, ValueError)
    return caught.value


def test_defaults_are_complete(tmp_path):
    config = _read(tmp_path, SHOP)
    assert config.definition.gap_days == 0
    assert config.features.ignored_after_days == 7
    assert (config.models, config.output) == ("models", "churn-output")
    assert config.sources.tickets is None
    assert "folder" not in config.model_dump()


def test_settings_do_not_change(tmp_path):
    with pytest.raises(ValueError, match="frozen"):
        _read(tmp_path, SHOP).name = "other"


# -- unknown, missing and doubled keys ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("definition", "scorng: {}\ndefinition", "`scorng`: unknown key (did you mean scoring?)"),
        (
            "horizon_days: 60",
            "horizon_days: 60, gap_day: 1",
            "`definition.gap_day`: unknown key (did you mean gap_days?)",
        ),
        ("columns:", "column:", "`sources.orders.column`: unknown key (did you mean columns?)"),
        (
            "definition",
            "features: {x: 1}\ndefinition",
            "`features.x`: unknown key (allowed: ignored_after_days, python",
        ),
        (
            "definition",
            "folder: /etc\ndefinition",
            "`folder`: unknown key (allowed: campaigns, data_end, definition",
        ),
        ("definition", "1: x\ndefinition", "`1`: Keys should be strings"),
        ("path: orders.csv,", "path: orders.csv, segments: [a],", "`sources.orders.segments`: unknown key"),
    ],
)
def test_unknown_keys_are_refused_with_a_hint(tmp_path, old, new, words):
    error = _refused(tmp_path, SHOP.replace(old, new, 1))
    assert words in str(error)
    assert "docs/configuration.md lists every key" in error.fix
    assert error.code == "config-keys"


def test_missing_keys_are_all_named(tmp_path):
    error = _refused(tmp_path, "timezone: UTC\n")
    assert str(error).startswith("3 things in ")
    for key in ("name", "sources", "definition"):
        assert f"`{key}`: missing, and needed" in str(error)
    assert "`definition`: missing, and needed (churn suggest proposes one)" in str(error)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (SHOP + "name: again\n", 6, "name"),
        (SHOP.replace("path: orders.csv", "path: a.csv, path: b.csv"), 4, "path"),
        (SHOP + '"name": again\n', 6, "name"),
    ],
)
def test_a_key_given_twice_is_refused(tmp_path, text, line, key):
    error = _refused(tmp_path, text)
    assert f"is not valid YAML in line {line}: the key '{key}' is given twice" in str(error)
    assert error.code == "config"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: shop", "name: [", "in line"),
        ("orders.csv", "{{ folder }}", "line 4: a key must be a word; text with { or [ goes in quotes"),
        ("definition", "? [a]\n: b\ndefinition", "a key must be a word"),
        ("{path: orders.csv, columns", "{path: ${X:-a}/b.csv, columns", "line 4: expected ',' or '}'"),
        ("timezone: UTC", "timezone: %d", "line 2: found character '%'"),
        ("  orders", "\torders", r"line 4: found character '\t'"),
        ("name: shop", "name: sh\x00op", "unacceptable character"),
    ],
)
def test_broken_yaml_names_the_line_and_the_cure(tmp_path, old, new, words):
    error = _refused(tmp_path, SHOP.replace(old, new, 1))
    assert words in str(error)
    assert 'unicode string>", line' not in str(error)
    assert "go in quotes" in error.fix


def test_yaml_merge_keys_work(tmp_path):
    config = _read(tmp_path, SHOP + "training: {<<: {seed: 3, threads: 1}, seed: 4}\n")
    assert (config.training.seed, config.training.threads) == (4, 1)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "text\n"])
def test_a_file_without_settings(tmp_path, text):
    error = _refused(tmp_path, text)
    assert "holds no settings. Allowed: keys such as name" in str(error)
    assert "configs/online_retail.yaml" in error.fix


def test_other_encodings_are_refused(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_bytes(SHOP.encode("utf-16"))
    with pytest.raises(ConfigError, match=r"is not UTF-8 text\. Save the file as UTF-8\."):
        read_config(file)


def test_a_missing_file_tells_what_there_is(tmp_path):
    (tmp_path / "real.yaml").write_text(SHOP)
    with pytest.raises(
        MissingFileError, match=r"no configuration file .*rael.yaml.* the folder has real.yaml"
    ) as caught:
        read_config(tmp_path / "rael.yaml")
    assert isinstance(caught.value, FileNotFoundError)
    assert caught.value.code == "missing-file"
    assert "configs/ holds examples" in caught.value.fix
    with pytest.raises(MissingFileError, match="no configuration file"):
        read_config(tmp_path / "nowhere" / "x.yaml")
    with pytest.raises(MissingFileError):
        read_config(tmp_path)


# -- values ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("horizon_days: 60", "horizon_days: 0", "`definition.horizon_days`: must be 1 or more, not 0"),
        ("horizon_days: 60", "horizon_days: 4000", "must be 3650 or less, not 4000"),
        ("horizon_days: 60", "horizon_days: two weeks", "must be a whole number, not 'two weeks'"),
        ("horizon_days: 60", "horizon_days: 7.5", "must be a whole number, not 7.5"),
        ("name: shop", "name: my shop", "`name`: must be made of letters, digits and _ . - alone, not 'my shop'"),
        ("name: shop", "name: ../shop", "`name`: must be made of letters"),
        ("UTC", "Mars/Olympus", "`timezone`: 'Mars/Olympus' is not an IANA time zone such as UTC or Europe/London"),
        ("UTC", "Europe", "'Europe' is not an IANA time zone"),
        ("UTC", "../etc/passwd", "is not an IANA time zone"),
        ("UTC", "UTC\ndata_end: soon", "`data_end`: must be a date such as 2024-05-31, not 'soon'"),
        ("UTC", "UTC\nscoring: {threshold: 50}", "`scoring.threshold`: must be less than 1"),
        ("UTC", "UTC\nscoring: {threshold: 0}", "`scoring.threshold`: must be more than 0"),
        ("UTC", "UTC\ninputs: {my lines: {path: a.csv}}", "the input name 'my lines' must be letters, digits and _"),
        ("customer: id", "customer: 1", "`sources.orders.columns.customer`: must be text; put it in quotes, not 1"),
        ("path: orders.csv", "path: a.csv, query: SELECT 1", "or query, not path and query"),
        ("path: orders.csv, ", "", "exactly one of path, database (with table) or query, not none"),
        ("path: orders.csv", "database: a.db", "`database` and `table` go together"),
        ("path: orders.csv", "path: a.csv, table: t", "`database` and `table` go together"),
        ("path: orders.csv", "path: a.csv, set_aside: {when: a, why: b}", "`sources.orders.set_aside`: must be a list"),
        ("path: orders.csv", "path: a.csv, set_aside: [{when: a}]", "`sources.orders.set_aside.0.why`: missing"),
        ("definition:", "  tickets: {path: t.csv, complaint_when: bad}\ndefinition:", "[a, b], not 'bad'"),
        ("definition: {active_days: 180, horizon_days: 60}", "definition:", "`definition`: must be keys with values"),
    ],
)  # fmt: skip
def test_values_that_are_not_allowed(tmp_path, old, new, words):
    error = _refused(tmp_path, SHOP.replace(old, new, 1))
    assert words in str(error)
    assert error.code == "config-keys"
    assert "Input should" not in str(error)


def test_a_blank_at_the_edge_of_a_name_has_a_meaning(tmp_path):
    text = SHOP.replace("customer: id", "customer: ' id'").replace("path:", 'delimiter: "\\t", path:')
    source = _read(tmp_path, text).sources.orders
    assert source.columns["customer"] == " id"
    assert source.delimiter == "\t"


def test_dates(tmp_path):
    config = _read(tmp_path, SHOP + "data_end: 2024-01-31\ntraining: {test_cutoff: 2023-12-01}\n")
    assert config.data_end == dt.datetime(2024, 1, 31)  # noqa: DTZ001 - read in the history's zone later
    assert config.training.test_cutoff == dt.date(2023, 12, 1)


def test_check_timezone_names_the_way_out():
    check_timezone("UTC")
    with pytest.raises(ConfigError, match="'CET\\+1' is not an IANA time zone") as caught:
        check_timezone("CET+1")
    assert caught.value.code == "config-timezone"


# -- variables and places -------------------------------------------------------------------------------


def test_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("CHURN_TEST", "/data")
    monkeypatch.setenv("CHURN_EMPTY", "")
    monkeypatch.delenv("CHURN_NONE", raising=False)
    text = SHOP.replace("180", "'${CHURN_NONE:-90}'").replace(
        "orders.csv", "'${CHURN_TEST}/${CHURN_EMPTY:-x}/${CHURN_TEST:-no}${CHURN_NONE:-}.csv'"
    )
    config = _read(tmp_path, text)
    assert config.sources.orders.path == "/data/x//data.csv"
    assert config.definition.active_days == 90


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_without_value_is_an_error(tmp_path, monkeypatch, value):
    monkeypatch.delenv("CHURN_NONE", raising=False)
    if value is not None:
        monkeypatch.setenv("CHURN_NONE", value)
    error = _refused(tmp_path, SHOP.replace("orders.csv", "'${CHURN_NONE}/a.csv'"))
    assert "uses ${CHURN_NONE}, and the environment has no value for CHURN_NONE" in str(error)
    assert error.fix == "Set it (export CHURN_NONE=...) or give a default in the file: ${CHURN_NONE:-value}."
    assert error.code == "config-variable"


def test_variables_reach_into_lists_and_leave_other_dollars_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("CHURN_TEST", "x")
    rules = "set_aside: [{when: 'a = ''${CHURN_TEST}''', why: costs $5 or $x or ${not-a-name}}]"
    text = SHOP.replace("path: orders.csv", f"path: orders.csv, {rules}".replace("${not-a-name}", "$HOME"))
    rule = _read(tmp_path, text).sources.orders.set_aside[0]
    assert rule.when == "a = 'x'"
    assert rule.why == "costs $5 or $x or $HOME"


def test_relative_paths_start_at_the_file_then_at_the_working_folder(tmp_path, monkeypatch):
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "shop.yaml").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    config = read_config("configs/shop.yaml")
    assert config.search_path("a/b.csv") == [folder / "a/b.csv", tmp_path / "a/b.csv"]
    assert config.search_path("/a/b.csv") == [Path("/a/b.csv")]
    assert config.place("models") == folder / "models"
    assert config.place("/models") == Path("/models")
    assert config.place("~/models") == Path.home() / "models"


def test_make_config_starts_at_the_working_folder(tmp_path):
    source = {"path": "a.csv"}
    settings = {
        "name": "a",
        "sources": {"orders": source},
        "definition": {"active_days": 1, "horizon_days": 1},
    }
    assert make_config(settings).place("x") == Path.cwd() / "x"
    assert make_config(settings, folder=tmp_path / "f").place("x") == tmp_path / "f" / "x"
    with pytest.raises(ConfigError, match=r"1 thing in config cannot be used: `folder`: unknown key"):
        make_config({**settings, "folder": "x"})
    with pytest.raises(ConfigError, match="Keys should be strings"):
        make_config({**settings, 1: 2})


@pytest.mark.parametrize(
    ("block", "want"),
    [
        (
            {"kind": "subscription", "horizon_days": 60, "grace_days": 10, "ended_when": ["end"]},
            churn.Subscription(60, 0, 10, ("end",)),
        ),
        (
            {
                "kind": "event",
                "active_days": 90,
                "horizon_days": 30,
                "left_when": ["closed"],
                "table": "tickets",
            },
            churn.LeavingEvent(90, 30, table="tickets", left_when=("closed",)),
        ),
        (
            {"kind": "labels", "active_days": 90, "horizon_days": 30, "gap_days": 7},
            churn.LabelTable(90, 30, 7),
        ),
        ({"active_days": 90, "horizon_days": 30}, churn.Inactivity(90, 30)),
    ],
)
def test_every_kind_of_churn_can_be_configured(block, want):
    from churn.cli.models import definition_of

    config = make_config({"name": "x", "sources": {"orders": {"path": "o.csv"}}, "definition": block})
    assert definition_of(config) == want


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"kind": "silence"}, "`definition`: `kind` must be one of inactivity, subscription, event, labels"),
        (
            {"kind": "event", "active_days": 9, "horizon_days": 9},
            "`definition.left_when`: missing, and needed",
        ),
        (
            {"kind": "subscription", "horizon_days": 9, "active_days": 9},
            "`definition.active_days`: unknown key (did you mean grace_days?)",
        ),
        (
            {"kind": "subscription", "horizon_days": 9, "grace_day": 9},
            "`definition.grace_day`: unknown key (did you mean grace_days?)",
        ),
        (
            {"kind": "labels", "active_days": 9, "horizon_days": 9, "gap_days": -1},
            "`definition.gap_days`: must be 0 or more, not -1",
        ),
        (
            {"kind": "event", "active_days": 9, "horizon_days": 9, "left_when": []},
            "`definition.left_when`: ",
        ),
    ],
)
def test_a_definition_that_cannot_be_is_told_by_its_keys(block, message):
    with pytest.raises(ConfigError) as error:
        make_config({"name": "x", "sources": {"orders": {"path": "o.csv"}}, "definition": block})
    assert message in str(error.value)
