"""The blocks of a policy at their edges."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from churn.campaigns.blocks import Action, Pause, Range

CALL = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}


@pytest.mark.parametrize("steps", [(), (1,), (0, 3, 3), (0, 7, 3)])
def test_steps_start_at_the_first_contact_and_ascend(steps):
    with pytest.raises(ValidationError):
        Action(**CALL, steps=steps)


def test_what_sells_follows_the_kind_unless_said():
    assert not Action(**CALL).is_selling
    assert Action(**{**CALL, "kind": "discount"}).is_selling
    assert not Action(**{**CALL, "kind": "gift", "sells": False}).is_selling


def test_what_answers_a_complaint_sells_nothing():
    with pytest.raises(ValidationError, match="sells: false"):
        Action(**{**CALL, "kind": "gift", "answers_complaint": True})
    assert Action(**{**CALL, "kind": "gift", "answers_complaint": True, "sells": False}).answers_complaint


def test_a_range_has_an_end_and_a_pause_is_forward():
    for wrong in ({}, {"min": 2, "max": 1}):
        with pytest.raises(ValidationError):
            Range(**wrong)
    with pytest.raises(ValidationError):
        Pause(first="2026-01-02", last="2026-01-01")


@pytest.mark.parametrize("name", ["answer call", "10 percent off", "a - b"])
def test_an_action_may_have_spaces_inside_its_name(name):
    assert Action(**CALL | {"name": name}).name == name


@pytest.mark.parametrize("changed", [{"name": n} for n in (" call", "call ", "a  b", "a\nb", "=1 +1", "", "a/b")]
                         + [{"channel": "the phone"}])  # fmt: skip
def test_other_spaces_and_signs_are_refused_and_channels_which_name_files_have_none(changed):
    with pytest.raises(ValidationError):
        Action(**CALL | changed)
