import pytest

from churn.errors import ConfigError, MissingFileError
from churn.yamlfile import read_settings


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        file = tmp_path / "a.yaml"
        file.write_text(text)
        return file

    return write


def test_reads_nested_settings(write):
    assert read_settings(write("a: {b: [1, x]}\nc: yes")) == {"a": {"b": [1, "x"]}, "c": True}


def test_variables_are_replaced_at_every_depth(write, monkeypatch):
    monkeypatch.setenv("CHURN_T", "here")
    monkeypatch.delenv("CHURN_U", raising=False)
    text = "a: ${CHURN_T}/x\nb: [{c: '${CHURN_U:-${CHURN_T}}'}]\nd: ${CHURN_U:-a:b}\ne: $CHURN_T"
    settings = read_settings(write(text.replace("${CHURN_U:-${CHURN_T}}", "${CHURN_U:-other}")))
    assert settings == {"a": "here/x", "b": [{"c": "other"}], "d": "a:b", "e": "$CHURN_T"}


def test_variable_without_value_is_told(write, monkeypatch):
    monkeypatch.delenv("CHURN_U", raising=False)
    with pytest.raises(ConfigError, match=r"uses \$\{CHURN_U\}.*no value for CHURN_U.*export CHURN_U=") as e:
        read_settings(write("a: ${CHURN_U}"))
    assert e.value.code == "config-variable"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "line 2: the key 'a' is given twice"),
        ("a: [1", "is not valid YAML"),
        ("- 1\n- 2", "holds no settings"),
        ("", "holds no settings"),
        ("!!python/object/apply:os.system ['true']", "is not valid YAML"),
    ],
)
def test_what_is_no_settings_file_is_told(write, text, words):
    with pytest.raises(ConfigError, match=words):
        read_settings(write(text))


def test_missing_file_names_its_neighbours(tmp_path):
    (tmp_path / "real.yaml").write_text("")
    with pytest.raises(MissingFileError, match=r"no configuration file.*the folder has real\.yaml"):
        read_settings(tmp_path / "rael.yaml")
