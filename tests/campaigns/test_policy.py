"""The policy: read strictly, without addresses where it is stored."""

from __future__ import annotations

import pytest

from churn.campaigns.policy import make_policy
from churn.errors import ConfigError

CALL = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
PLAIN = {"campaign": "winter", "scores": "scores.csv", "start": "2026-01-05", "actions": [CALL]}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"actions": []}, "actions"),
        ({"actions": [CALL, CALL]}, "two actions are named 'call'"),
        ({"actions": [{**CALL, "chanel": "phone"}]}, "did you mean channel"),
        ({"scores": None}, "needs `scores`, `config` or both"),
        ({"limits": {"capacity": {"fax": 3}}}, "channel 'fax'"),
        ({"limits": {"caps": [{"contacts": 1, "days": 7, "channel": "fax"}]}}, "channel 'fax'"),
        ({"consent": {"columns": {"*": "consent", "fax": "fax_consent"}}}, "channel 'fax'"),
        ({"consent": {"needed_by": {"fax": "fax"}}}, "channel 'fax'"),
        ({"delivery": {"phone": {"to": "webhook", "url": "https://me:secret@h/"}}}, "needs `secret_env`"),
    ],
)
def test_mistakes_are_told_without_secrets(changed, words):
    with pytest.raises(ConfigError, match=words) as told:
        make_policy({**PLAIN, **changed})
    assert "me:secret" not in str(told.value)


def test_what_is_stored_has_no_address():
    hook = {"to": "webhook", "url": "https://me:secret@h/", "secret_env": "KEY"}
    policy = make_policy({**PLAIN, "ledger": "postgresql://me:secret@h/d", "delivery": {"phone": hook}})

    assert "secret@h" not in str(policy.plain())
    assert "secret@h" not in repr(policy)
    assert policy.plain()["delivery"]["phone"]["secret_env"] == "KEY"


def test_a_wrong_key_names_the_page_that_has_the_keys_of_policies():
    with pytest.raises(ConfigError) as caught:
        make_policy({"campain": "winter"})
    assert "docs/campaigns.md lists every key" in str(caught.value.fix)
