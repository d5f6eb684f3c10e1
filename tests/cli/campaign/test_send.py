"""``churn campaign send``, from the file to the files."""

from __future__ import annotations

import base64
import datetime as dt

import pandas as pd
import pytest
import yaml

from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import read_policy
from tests.campaigns.receiver import Receiver, answer, saying, well
from tests.cli.campaign.conftest import POLICY

HOOK = "whsec_" + base64.b64encode(b"k" * 32).decode()
DAY = dt.date(2026, 1, 5).isoformat()


@pytest.fixture
def deliver(policy):
    """Write how contacts are handed over into the approved policy's file, and the contact data beside it."""

    def write(**delivery):
        settings = POLICY | {"delivery": {"email": delivery}}
        policy.write_text(yaml.safe_dump(settings))
        rows = [f"C{n},0.5,yes,c{n}@x.example" for n in range(8)]
        text = "\n".join(["customer,churn_probability,consent,email", *rows])
        (policy.parent / "s.csv").write_text(text + "\n")
        return policy

    return write


def test_from_a_dry_run_to_files(deliver, call):
    policy = deliver(to="files", place="out", fields=["email"])
    code, text, _ = call("campaign", "send", policy, "--on", DAY)
    assert code == 0
    assert f"Dry run: campaign winter on {DAY}." in text
    assert f"churn campaign send {policy} --on {DAY} --yes" in text
    assert "x.example" not in text
    assert not (policy.parent / "out").exists()
    code, told, _ = call("campaign", "send", policy, "--on", DAY, "--yes", "--json")
    assert (code, told["totals"]["sent"]) == (0, 5)
    (file,) = (policy.parent / "out").glob("*.csv")
    assert pd.read_csv(file)["email"].tolist() == [f"c{n}@x.example" for n in range(5)]
    assert call("campaign", "send", policy, "--on", DAY, "--yes", "--json")[1]["totals"]["sent"] == 0


def test_dead_letters_exit_1_until_they_are_sent(deliver, call, monkeypatch):
    monkeypatch.setenv("HOOK", HOOK)
    with Receiver(saying(answer(400))) as receiver:
        policy = deliver(to="webhook", url=receiver.url("/?token=geheim"), secret_env="HOOK", per_second=1000)
        code, text, errors = call("campaign", "send", policy, "--on", DAY, "--yes")
        assert code == 1
        assert "5 dead letters" in text
        assert "geheim" not in text + errors
        assert call("campaign", "send", policy, "--on", DAY, "--yes")[0] == 1
        receiver.behave = well
        code, told, _ = call("campaign", "send", policy, "--on", DAY, "--yes", "--retry-dead", "--json")
    assert (code, told["revived"], told["totals"]["sent"]) == (0, 5, 5)
    assert len({r.headers["idempotency-key"] for r in receiver.requests}) == 5
    with open_ledger(read_policy(policy)) as ledger:
        rows = ledger.contacts("winter")
    assert (rows.loc[rows["step"] == 0, "state"] == "sent").all()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--on", "soon"), "--on is no day"),
        (("--on", "2999-01-01", "--yes"), "not handed over before their day"),
        (("--channel", "fax"), "No action of the campaign goes over 'fax'"),
    ],
)
def test_mistakes_are_told(deliver, call, arguments, says):
    code, _, errors = call("campaign", "send", deliver(to="files", place="out"), *arguments)
    assert code == 1
    assert says in " ".join(errors.split())


def test_a_channel_without_a_delivery(policy, deliver, call):
    deliver(to="files", place="out")
    policy.write_text(yaml.safe_dump(POLICY))
    code, text, _ = call("campaign", "send", policy, "--on", DAY)
    assert code == 0
    assert "email: The policy does not say how contacts over email are handed over" in text
    assert call("campaign", "send", policy, "--on", DAY, "--yes")[0] == 1
