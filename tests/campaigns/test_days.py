"""Days: closed ones are skipped, later contacts move to the next open one."""

from __future__ import annotations

import datetime as dt

import numpy as np

from churn.campaigns.blocks import Limits, Pause
from churn.campaigns.days import Days

FRIDAY = dt.date(2026, 1, 9)


def test_first_contacts_fall_on_open_days_of_the_window():
    days = Days.of(FRIDAY, 5, Limits(no_contact_on=("sat", "sun")))
    assert days.first_days.tolist() == [0, 3, 4]


def test_the_ends_of_a_pause_are_closed_and_its_neighbours_open():
    pause = Pause(first="2026-01-10", last="2026-01-11")
    days = Days.of(FRIDAY, 4, Limits(pauses=(pause,)))
    assert days.first_days.tolist() == [0, 3]


def test_a_later_contact_moves_to_the_next_open_day_and_never_to_the_day_of_another():
    days = Days.of(FRIDAY, 1, Limits(no_contact_on=("sat", "sun")), longest=4)
    assert days.step_days((0, 1, 2, 3)).tolist() == [[0, 3, 4, 5]]


def test_a_pause_longer_than_all_is_waited_for():
    pause = Pause(first="2026-01-10", last="2027-01-10")
    days = Days.of(FRIDAY, 1, Limits(pauses=(pause,)), longest=3)
    assert days.date(days.step_days((0, 3))[0, 1]) == dt.date(2027, 1, 11)


def test_no_day_at_all():
    days = Days.of(FRIDAY, 3, Limits(no_contact_on=("mon", "tue", "wed", "thu", "fri", "sat", "sun")))
    assert len(days.first_days) == 0
    assert (days.step_days((0,)) == -1).all()


def test_dates_are_empty_before_the_start():
    days = Days.of(FRIDAY, 3, Limits())
    assert days.dates(np.array([-1, 0, 2])).tolist() == ["", "2026-01-09", "2026-01-11"]
