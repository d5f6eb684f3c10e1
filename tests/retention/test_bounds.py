from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.config import RetentionSettings
from churn.config.retention import WEEKDAYS
from churn.data.history import History
from churn.errors import ParameterError
from churn.retention.bounds import calendar_spans, next_start, period_start
from tests.features.oracle import DAY, HOUR, Tables, instant
from tests.features.tables import history_of, orders


def log(first: str, last: str, zone: str = "UTC", **options: object) -> History:
    return history_of(Tables(orders(instant(first, zone), instant(last, zone)), timezone=zone), **options)


def dates(history: History, every: str = "month", **options: object) -> list[tuple[str, str]]:
    spans = calendar_spans(history, every, **options)  # type: ignore[arg-type]
    return [(history.date(s.start), history.date(s.end)) for s in spans]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.dates(dt.date(1999, 1, 1), dt.date(2100, 12, 31)),
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
    st.sampled_from(WEEKDAYS),
    st.integers(1, 12),
)
def test_every_day_lies_in_one_period_and_it_starts_where_it_should(day, every, weekday, month):
    rule = RetentionSettings(week_starts_on=weekday, year_starts_in=month)
    first = period_start(day, every, rule)
    after = next_start(first, every)
    assert first <= day < after
    assert period_start(first, every, rule) == first
    assert period_start(after - dt.timedelta(1), every, rule) == first
    assert period_start(after, every, rule) == after
    if every == "week":
        assert first.strftime("%A").lower() == weekday
    if every in ("month", "quarter", "year"):
        assert first.day == 1
    if every == "year":
        assert first.month == month
    if every == "quarter":
        assert (first.month - month) % 3 == 0


def test_fiscal_quarters_and_a_leap_year_of_366_days():
    history = log("2023-04-01", "2024-04-02")
    fiscal = RetentionSettings(year_starts_in=3)
    assert dates(history, "year", settings=fiscal) == [
        ("2023-03-01", "2024-03-01"),
        ("2024-03-01", "2025-03-01"),
    ]
    assert dates(history, "quarter", settings=fiscal)[:2] == [
        ("2023-03-01", "2023-06-01"),
        ("2023-06-01", "2023-09-01"),
    ]
    year = calendar_spans(history, "year", settings=fiscal)[0]
    assert (year.end - year.start) // DAY == 366


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)])
def test_a_day_has_the_hours_that_daylight_saving_leaves_it(day, hours):
    history = log(f"{day} 00:00", f"{day} 23:59", "Europe/Berlin")
    (span,) = calendar_spans(history, "day")
    assert (span.end - span.start) // HOUR == hours
    assert not span.running


def test_a_day_that_starts_at_one_in_the_morning():
    # In Chile the clocks skip the midnight of that day.
    history = log("2024-09-07 12:00", "2024-09-08 12:00", "America/Santiago")
    one, two = calendar_spans(history, "day")
    assert (one.end - one.start, two.end - two.start) == (24 * HOUR, 23 * HOUR)
    assert one.end == two.start == history.instant("2024-09-08")


def test_a_day_that_a_country_left_out_is_no_period():
    history = log("2011-12-28 12:00", "2012-01-02 12:00", "Pacific/Apia")
    days = [first for first, _ in dates(history, "day")]
    assert days == ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01", "2012-01-02"]


def test_weeks_start_when_the_user_says():
    history = log("2024-05-01", "2024-05-10")  # a Wednesday, a Friday
    assert dates(history, "week")[0] == ("2024-04-29", "2024-05-06")
    assert dates(history, "week", settings=RetentionSettings(week_starts_on="sunday"))[0] == (
        "2024-04-28",
        "2024-05-05",
    )
    assert dates(history, "week", settings=RetentionSettings(week_starts_on="wednesday"))[0] == (
        "2024-05-01",
        "2024-05-08",
    )


def test_the_last_period_runs_unless_the_data_end_with_it():
    spans = calendar_spans(log("2024-01-10", "2024-02-28 15:00"))
    assert [s.running for s in spans] == [False, True]
    whole = calendar_spans(log("2024-01-10", "2024-02-29 15:00"))
    assert [s.running for s in whole] == [False, False]


def test_a_night_sees_no_period_after_it():
    history = log("2024-01-10", "2024-06-20")
    spans = calendar_spans(history, known_before="2024-03-01")
    assert [s.running for s in spans] == [False, False]
    spans = calendar_spans(history, known_before="2024-03-02")
    assert [s.running for s in spans] == [False, False, True]
    assert history.date(spans[-1].until) == "2024-03-02"


def test_only_periods_within_the_dates():
    history = log("2024-01-10", "2024-06-20")
    assert dates(history, start="2024-02-02", end="2024-05-01") == [
        ("2024-03-01", "2024-04-01"),
        ("2024-04-01", "2024-05-01"),
    ]
    assert dates(history, start="2024-02-01", end="2024-02-29") == []
    with pytest.raises(ParameterError, match="The periods end before they start"):
        calendar_spans(history, start="2024-02-01", end="2024-02-01")


def test_rolling_periods_end_with_the_data_and_step_back():
    rule = RetentionSettings(rolling_days=30, rolling_step_days=10)
    history = log("2024-01-10 08:00", "2024-03-10 13:00")
    found = dates(history, "rolling", settings=rule)
    assert found == [
        ("2024-01-11", "2024-02-10"),
        ("2024-01-21", "2024-02-20"),
        ("2024-01-31", "2024-03-01"),
        ("2024-02-10", "2024-03-11"),
    ]
    assert dates(history, "rolling", settings=rule, end="2024-03-05")[-1] == ("2024-02-04", "2024-03-05")
    assert dates(history, "rolling", settings=rule, known_before="2024-03-05 10:00")[-1] == (
        "2024-02-04",
        "2024-03-05",
    )


def test_rolling_periods_keep_their_days_over_daylight_saving():
    history = log("2024-02-01", "2024-04-02", "Europe/Berlin")
    rule = RetentionSettings(rolling_days=7, rolling_step_days=7)
    spans = calendar_spans(history, "rolling", settings=rule)
    assert all(history.midnight(s.start) == s.start for s in spans)
    assert {(s.end - s.start) // HOUR for s in spans} == {167, 168}
    assert all(a.end == b.start for a, b in pairwise(spans))


def test_an_unknown_period():
    with pytest.raises(ParameterError, match="Allowed: day, week, month, quarter, year, rolling"):
        calendar_spans(log("2024-01-10", "2024-06-20"), "fortnight")  # type: ignore[arg-type]
