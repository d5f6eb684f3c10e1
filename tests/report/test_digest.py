import json
import re

import pandas as pd
import pytest

from churn.errors import MissingFileError, ParameterError
from churn.files import write_json
from churn.report.digest import MOST_CHARACTERS, STYLES, digest

HOSTILE = "<!here> @channel [click](http://evil.example) **bold** `code` <script> =1+1 www.evil.example\n# title \u202e"
JOINER = "\u2060"
RETENTION = {
    "S": 665,
    "E": 664,
    "lost": 74,
    "new": 56,
    "reactivated": 17,
    "retained": 591,
    "retention_rate": 0.889,
    "period_start": "2025-10-17",
    "period_end": "2025-12-01",
}


def listed(*customers, reason="No order for 90 days"):
    return pd.DataFrame(
        {
            "customer": list(customers),
            "rank": range(1, len(customers) + 1),
            "churn_probability": 0.9,
            "value_at_stake": 200.0,
            "reason_1": reason,
        }
    )


def night(root, date="2025-12-01", at_risk=None, **more):
    folder = root / "shop" / date
    folder.mkdir(parents=True)
    at_risk = listed("A", "B") if at_risk is None else at_risk
    summary = {
        "as_of": date,
        "definition": "d",
        "population": 664,
        "at_risk": len(at_risk),
        "listed": len(at_risk),
        "value_at_stake_listed": 400.0,
        "value_at_stake_all": 1000.0,
        "mean_churn_probability": 0.28,
        "currency": "£",
        "warnings": [],
        "retention": {"current": RETENTION},
        "model": {"beats_baselines": True, "auc": 0.81, "trained_until": "2025-10-01"},
    }
    write_json(folder / "summary.json", summary | more)
    at_risk.to_parquet(folder / "at_risk.parquet")
    return folder


def test_it_says_the_verdict_the_flow_and_the_first_of_the_list(tmp_path):
    said = digest(night(tmp_path))
    assert said.startswith("# shop, 2025-12-01\n")
    assert "2 of 664 active customers are at risk" in said
    assert "**Retention** 88.9 %: S 665 - lost 74 + new 56 + reactivated 17 = E 664" in said
    assert "1. `A` 90 %, £200 at stake: No order for 90 days" in said
    assert "2. `B`" in said
    assert "more, in the report" not in said
    assert "Since" not in said


def test_the_styles_differ_in_their_marks_alone(tmp_path):
    folder = night(tmp_path)
    markdown, text, slack = (digest(folder, s) for s in STYLES)
    assert "**First on the list**" in markdown
    assert "\n*First on the list*" in slack
    assert "\nFirst on the list" in text
    assert not re.search(r"[*`#]", text)


@pytest.mark.parametrize("style", STYLES)
def test_it_stays_short_whatever_the_data_hold(tmp_path, style):
    many = listed(*(f"{i}" + "x" * 10_000 for i in range(10)), reason="*" * 10_000)
    folder = night(tmp_path, at_risk=many, warnings=["<" * 5000] * 50, listed=12_345)
    said = digest(folder, style)
    assert len(said) <= MOST_CHARACTERS
    shown = len(re.findall(r"^\d+\. ", said, re.M))
    assert 0 < shown <= 10
    assert f"and {12_345 - shown:,} more, in the report" in said
    told = len(re.findall(r"^- [\\&<]", said, re.M))
    assert f"{50 - told} more in the report" in said or f"- {50 - told} in the report" in said


def test_hostile_words_become_no_link_no_mention_and_no_formatting_in_markdown(tmp_path):
    folder = night(tmp_path, at_risk=listed(HOSTILE, reason=HOSTILE), warnings=[HOSTILE], currency="£")
    said = digest(folder)
    outside = re.sub(r"`[^`\n]*`", "", said)  # in a code span nothing is formatted
    bare = re.sub(r"\\.", "", outside)  # what is escaped is shown as it is
    assert not re.search(r"[<>\[\]_`|~]", bare)
    assert bare.count("#") == 1
    assert "://" not in outside
    assert not re.search(f"@(?!{JOINER})", outside)
    assert not re.search(r"www\.", outside)
    assert "\u202e" not in said
    assert sum(line.startswith("#") for line in said.splitlines()) == 1


def test_hostile_words_are_harmless_in_slack(tmp_path):
    said = digest(night(tmp_path, at_risk=listed(HOSTILE, reason=HOSTILE), warnings=[HOSTILE]), "slack")
    assert "<" not in said
    assert ">" not in said
    assert "&lt;!here&gt;" in said
    assert not re.search(r"(?<!`)\bhttp://", re.sub(r"`[^`\n]*`", "", said))


def test_an_id_cannot_end_its_code_span(tmp_path):
    said = digest(night(tmp_path, at_risk=listed("a`b``c")))
    assert "`a'b''c`" in said


def test_what_changed_since_the_night_before_is_told(tmp_path):
    night(tmp_path, "2025-11-29", listed("Z"))
    night(tmp_path, "2025-11-30", listed("A", "C", "D"), population=600)
    said = digest(night(tmp_path, value_at_stake_listed=500.0))
    assert (
        "**Since 2025-11-30**: 1 came onto the list, 2 left it; active customers 600 to 664; at stake on the list "
        "£400 to £500; mean churn probability still 28.0 %." in said
    )


def test_a_later_night_and_other_folders_are_no_night_before(tmp_path):
    night(tmp_path, "2025-12-02")
    night(tmp_path, "backtest")
    assert "Since" not in digest(night(tmp_path))


def test_a_folder_that_has_not_its_name_yet_finds_the_night_before(tmp_path):
    night(tmp_path, "2025-11-30")
    fresh = night(tmp_path)
    fresh = fresh.rename(fresh.with_name(".2025-12-01.abc.new"))
    assert "**Since 2025-11-30**" in digest(fresh)
    timed = night(tmp_path, "2025-11-30T1200", as_of="2025-11-30 12:00")
    assert "**Since 2025-11-30**" in digest(timed)


def test_a_night_can_be_named_to_compare_with(tmp_path):
    other = night(tmp_path, "2025-06-01")
    night(tmp_path, "2025-11-30")
    assert "**Since 2025-06-01**" in digest(night(tmp_path), previous=other)


def test_nights_of_different_definitions_are_not_compared(tmp_path):
    night(tmp_path, "2025-11-30", definition="another")
    said = digest(night(tmp_path))
    assert "churn is defined otherwise now" in said
    assert "came onto the list" not in said


def test_a_model_trained_in_between_is_said(tmp_path):
    night(tmp_path, "2025-11-30", model={"trained_until": "2025-09-01"})
    assert "the model was trained anew in between" in digest(night(tmp_path))


def test_an_empty_list_and_a_summary_alone_are_told(tmp_path):
    said = digest(night(tmp_path, at_risk=listed().astype({"customer": str})))
    assert "Nobody of 664 active customers is at risk" in said
    assert "First on the list" not in said
    alone = tmp_path / "other" / "2025-12-01"
    alone.mkdir(parents=True)
    (alone / "summary.json").write_text(json.dumps({"as_of": "2025-12-01"}))
    assert digest(alone).startswith("# other, 2025-12-01")


def test_another_style_and_another_folder_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"no such style.*markdown, text, slack"):
        digest(night(tmp_path), "html")
    with pytest.raises(MissingFileError):
        digest(tmp_path / "nowhere")


def test_nobody_is_lost_for_sure_in_any_style(tmp_path):
    folder = night(tmp_path, at_risk=listed("A").assign(churn_probability=0.9991))
    for style in STYLES:
        said = digest(folder, style)
        assert "99 %" in said
        assert "100 %" not in said
