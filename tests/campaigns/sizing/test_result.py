"""Table, dictionary and text of what a campaign can show."""

from __future__ import annotations

import json

import pytest

from churn.campaigns.sizing.power import power


def test_the_frame_and_the_dictionary_hold_what_is_printed():
    answer = power(5000, 0.4, effect=0.05, amounts={"net_value": (80, 120)}, profit=3.0, currency="£")
    row = answer.frame.set_index("share").loc[0.1]
    assert row["smallest_effect"] == answer.now.smallest
    assert row["smallest_net_value"] == answer.now.amounts["net_value"]
    plain = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert plain["shares"][1]["forgone_profit"] == pytest.approx(1500)
    text = str(answer)
    assert "10.0 % *" in text
    assert "£1,500" in text
    assert f"£{answer.now.amounts['net_value']:.2f}" in text


def test_the_share_in_question_is_marked_once_and_its_row_is_now():
    answer = power(5000, 0.4, share=0.3)
    assert answer.now.share == 0.3
    assert [line.split()[0] for line in str(answer).splitlines() if " % *" in line] == ["30.0"]
    assert "chance to show" not in str(answer)
