import pytest

from churn.campaigns.channels.files import FilesChannel
from churn.campaigns.channels.make import delivery_of, make_route
from churn.campaigns.channels.table import TableChannel
from churn.campaigns.channels.webhook import WebhookChannel
from churn.campaigns.policy import make_policy
from churn.errors import ConfigError

SECRET = "whsec_" + "a" * 40


def policy(tmp_path, **delivery):
    action = {"kind": "email_series", "channel": "email", "cost": 1, "save_chance": 0.1}
    return make_policy(
        {
            "campaign": "winter",
            "scores": "s.csv",
            "start": "2026-01-05",
            "actions": [
                {"name": "mail", "content": {"template": "a"}, **action},
                {"name": "other", "content": {"voucher": "b"}, **action},
                {"name": "call", **action, "channel": "phone"},
            ],
            "delivery": delivery,
        },
        folder=tmp_path,
    )


def test_every_kind_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK", SECRET)
    (tmp_path / "crm.py").write_text("class Mine:\n    def deliver(self, batch): ...\n")
    files = make_route(policy(tmp_path, email={"to": "files", "place": "out", "fields": ["email"]}), "email")
    assert isinstance(files.channel, FilesChannel)
    assert files.channel._content == ("template", "voucher")
    assert (files.where, files.fields) == ("csv files in out", ("email",))
    table = make_route(policy(tmp_path, email={"to": "table", "url": "sqlite:///crm.db"}), "email")
    assert isinstance(table.channel, TableChannel)
    hook = make_route(
        policy(
            tmp_path, email={"to": "webhook", "url": "https://x.example/?token=geheim", "secret_env": "HOOK"}
        ),
        "email",
    )
    assert isinstance(hook.channel, WebhookChannel)
    assert hook.seconds >= hook.channel.seconds(hook.batch)
    assert "geheim" not in repr(hook)
    own = make_route(policy(tmp_path, email={"to": "python", "place": "crm.py:Mine", "attempts": 2}), "email")
    assert (own.where, own.attempts) == ("crm.py:Mine", 2)


def test_the_star_stands_for_channels_not_named(tmp_path):
    made = policy(
        tmp_path, **{"*": {"to": "files", "place": "all"}, "phone": {"to": "files", "place": "calls"}}
    )
    assert delivery_of(made, "phone").place == "calls"
    assert delivery_of(made, "email").place == "all"
    with pytest.raises(ConfigError, match=r"how contacts over email are handed over.*names phone.*to: files"):
        delivery_of(policy(tmp_path, phone={"to": "files", "place": "calls"}), "email")


def test_what_is_missing_is_told_before_anything_is_sent(tmp_path):
    with pytest.raises(ConfigError, match="NO_HOOK is not set"):
        make_route(
            policy(
                tmp_path, email={"to": "webhook", "url": "https://x.example/geheim", "secret_env": "NO_HOOK"}
            ),
            "email",
        )
    with pytest.raises(ConfigError, match="NO_PASS is not set"):
        make_route(
            policy(
                tmp_path, email={"to": "table", "url": "postgresql://x.example/a", "password_env": "NO_PASS"}
            ),
            "email",
        )
    with pytest.raises(ConfigError, match="name customer, which every contact has"):
        make_route(policy(tmp_path, email={"to": "files", "place": "o", "fields": ["customer"]}), "email")
