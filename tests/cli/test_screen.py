import pytest

from churn.cli.screen import print_scores
from churn.cli.signals import listing
from churn.config import EconomicsSettings, ScoringSettings
from churn.features.catalogue import catalogue
from churn.scoring import score


@pytest.fixture(scope="module")
def scores(model, history):
    return score(model, history)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_panels_fit_the_width(scores, width, monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    print_scores(scores, "The model beats the simple baselines.")
    out = capsys.readouterr().out
    import re

    lines = [re.sub(r"\x1b\[[0-9;]*m", "", x) for x in out.splitlines()]
    assert max(map(len, lines)) <= width
    side_by_side = any("Retention as of" in x and "At risk:" in x for x in lines)
    assert side_by_side == (width >= 118)
    assert any("retention rate" in x for x in lines)


def test_text_of_ids_is_not_taken_for_markup(scores, capsys):
    scores.at_risk.loc[0, "customer"] = "[bold]x[/nope]"
    print_scores(scores)
    assert "[bold]x[/nope]" in capsys.readouterr().out


def test_every_signal_is_listed_with_its_meaning():
    signals = catalogue()
    text = listing(signals)
    for s in signals:
        assert f"  {s.name}  (" in text
    assert text.startswith(f"{len(signals)} signals.")


def test_nothing_is_certain(scores, capsys):
    scores.at_risk.loc[0, "churn_probability"] = 0.9991
    print_scores(scores)
    assert "100 %" not in capsys.readouterr().out + scores.render()


def test_a_list_by_money_shows_what_a_contact_is_expected_to_earn(model, history, capsys):
    costs = EconomicsSettings(contact_cost=0.5, offer_cost=2, saved_value=80, save_chance=0.3)
    money = score(model, history, economics=costs, settings=ScoringSettings(currency="£"))
    print_scores(money)
    out = capsys.readouterr().out
    assert f"Worth a contact: {money.at_risk_count} of {len(money.active)} active customers" in out
    first = money.at_risk["expected_profit"].iloc[0]
    assert f"£{first:.2f} expected profit" in out
    assert "listed, most expected profit first" in out
    assert "At risk:" not in out


def test_the_rule_of_the_list_and_the_stages_stand_below(scores, capsys):
    print_scores(scores)
    below = " ".join(capsys.readouterr().out.split("╯")[-1].split())
    assert scores.listed_because in below
    assert scores.standing_line() in below
