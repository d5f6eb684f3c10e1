import re
from pathlib import Path

import pytest
from standardwebhooks import WebhookVerificationError

from churn.campaigns.channels.base import settled
from churn.campaigns.channels.own import load_channel
from churn.campaigns.channels.webhook import WebhookChannel
from churn.errors import ConfigError, MissingFileError
from tests.campaigns.receiver import Receiver, well

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
    with pytest.raises(error, match=says) as told:
        load_channel(place, folder)
    assert told.value.fix


def examples():
    page = (Path(__file__).parents[3] / "docs" / "delivery.md").read_text()
    return re.findall(r"```python\n(.*?)```", page, re.DOTALL)


def test_the_channel_of_the_page_runs(tmp_path, contact):
    (code,) = [c for c in examples() if "class Crm" in c]
    assert len(code.splitlines()) < 20
    (tmp_path / "crm.py").write_text(code)
    batch = [contact("A", fields={"email": "a@x.example"}), contact("B")]
    results, wrong = settled(batch, load_channel("crm.py:Crm", tmp_path).deliver(batch))
    assert [r.status for r in results] == ["sent", "rejected"]
    assert wrong == []


def test_the_receiver_of_the_page_checks_the_signature_and_knows_repetitions(contact, capsys):
    secret = "whsec_" + "a" * 40
    made: dict = {}
    (code,) = [c for c in examples() if "def receive" in c]
    exec(code, made)
    with Receiver(well) as server:
        hook = WebhookChannel(server.url(), secret, per_second=1000, timeout_seconds=1)
        hook.deliver([contact("A")])
        hook.deliver([contact("A")])
    for request in server.requests:
        headers = dict(request.headers)
        assert made["receive"](request.body, headers, secret) == 204
    assert capsys.readouterr().out == "contact A\n"
    with pytest.raises(WebhookVerificationError):
        made["receive"](request.body + b" ", headers, secret)
