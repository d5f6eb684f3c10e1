import pytest

from churn.campaigns.channels.own import load_channel
from churn.errors import ConfigError, MissingFileError

CODE = """
from churn.campaigns.channels.base import Result
class Mine:
    def deliver(self, batch):
        return [Result(c.key, "sent") for c in batch]
class Needs:
    def __init__(self, x): ...
channel = Mine()
number = 7
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "crm.py").write_text(CODE)
    (tmp_path / "broken.py").write_text("import no_such_thing")
    return tmp_path


@pytest.mark.parametrize("name", ["channel", "Mine"])
def test_an_object_or_a_class_of_a_file(folder, contact, name):
    made = load_channel(f"crm.py:{name}", folder)
    assert [r.status for r in made.deliver([contact()])] == ["sent"]


def test_a_module_on_the_path(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    assert callable(load_channel("crm:channel", folder).deliver)


@pytest.mark.parametrize(
    ("place", "error", "says"),
    [
        ("crm.py", ConfigError, "does not name an object"),
        ("crm.py:", ConfigError, "does not name an object"),
        ("crm.py:a-b", ConfigError, "does not name an object"),
        ("none.py:channel", MissingFileError, "There is no file"),
        ("crm.py:other", ConfigError, "has no other"),
        ("crm.py:number", ConfigError, "is no channel. Given: a int"),
        ("crm.py:Needs", ConfigError, "cannot be loaded: TypeError"),
        ("broken.py:channel", ConfigError, "ModuleNotFoundError"),
        ("no_such_module_at_all:channel", ConfigError, "ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_used_is_told(folder, place, error, says):
    with pytest.raises(error, match=says):
        load_channel(place, folder)
