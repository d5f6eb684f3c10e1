"""``churn campaign status`` and ``list``."""

from __future__ import annotations


def test_a_campaign_is_shown_with_its_days_and_what_to_do_next(policy, call):
    code, out, _ = call("campaign", "status", policy)
    assert code == 0
    assert "approved" in out
    assert "by Ann, starts 2026-01-05." in out
    assert "5 customers are contacted, 2 are held out." in out
    assert "15 contacts: 15 due." in out
    assert "2026-01-08  email      5" in out
    _, told, _ = call("campaign", "status", policy, "--json")
    assert told["states"] == {"due": 15}
    assert [d["due"] for d in told["days"]] == [5, 5, 5]


def test_all_campaigns_of_a_ledger(policy, call, monkeypatch):
    monkeypatch.setenv("LEDGER", f"{policy.parent}/campaigns.db")
    for arguments in (("list", policy), ("list", "--ledger", "sqlite:///${LEDGER}")):
        code, out, _ = call("campaign", *arguments)
        assert code == 0
        assert "winter    2026-01-05        5        2        15   15" in out
    _, told, _ = call("campaign", "status", "--ledger", "sqlite:///${LEDGER}", "--json")
    assert [c["contacts"] for c in told["campaigns"]] == [15]


def test_mistakes_are_told(policy, call):
    assert call("campaign", "status")[0] == 1
    code, _, err = call("campaign", "status", policy, "--ledger", "sqlite:///a.db")
    assert code == 1
    assert "named twice" in err
    policy.write_text(policy.read_text().replace("campaign: winter", "campaign: spring"))
    code, _, err = call("campaign", "status", policy)
    assert code == 1
    assert "No campaign 'spring'" in err
    code, out, _ = call("campaign", "list", "--ledger", "sqlite:///empty.db")
    assert "No campaign is approved" in out


def test_the_next_command_names_the_policy_that_was_given(policy, call):
    _, out, _ = call("campaign", "status", policy)
    assert f"churn campaign send {policy}" in out
    assert "POLICY" not in out
