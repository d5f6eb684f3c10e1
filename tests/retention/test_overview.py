from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from churn.config import RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.store import LogStore
from churn.definition import Inactivity
from churn.retention.outlook import make_outlook
from churn.retention.overview import MOST_HORIZONS, MOST_OF_GROUPS, MOST_SHOWN, Overview, OverviewTally
from churn.retention.periods import retention_series
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of

NIGHT = "2025-03-10"
P, RECENCY = np.array([0.2, 0.7, 0.5]), np.array([100.0, 119.0, 90.0])


def overview(data, definition, cutoff, settings=None, **others) -> Overview:
    base = CustomerBase.of(data)
    tally = OverviewTally(base, definition, cutoff, settings or RetentionSettings(), others)
    count(base, tally, tables=tally.tables)
    return tally.result(P, RECENCY)


def test_it_is_what_the_single_figures_are(history, definition):
    t = history.instant(NIGHT)
    found = overview(history, definition, t)
    assert found.series == retention_series(history, definition, as_of=NIGHT)
    assert found.outlook == make_outlook(history, definition, t, P, RECENCY)
    assert set(found.by) == {"country", "segment", "channel", "last_channel"}
    alone = retention_series(history, definition, by="segment", as_of=NIGHT)
    assert found.by["segment"].groups == {k: v[-MOST_OF_GROUPS:] for k, v in alone.groups.items()}
    last = found.series.periods[-1]
    assert (last.running, last.so_far) == (True, NIGHT)


def test_the_trend_has_periods_as_long_as_the_coming_one_end_to_end_up_to_the_night(history, definition):
    found = overview(history, definition, history.instant(NIGHT))
    periods = found.trend.periods
    assert 2 < len(periods) <= MOST_HORIZONS
    assert (periods[-2], periods[-1]) == (found.outlook.previous, found.outlook.current)
    for one, after in pairwise(periods):
        assert (one.last, one.end) == (after.first, after.start)
    assert found.to_dict()["trend"]["periods"][-1]["rate_low"] is not None


def test_a_history_too_short_for_two_horizons_has_the_last_one_or_no_trend():
    assert overview(many(3, days=60), Inactivity(30, 20), T).trend.periods[0].last == "2024-03-01"
    assert overview(many(2, days=20), Inactivity(30, 20), T).trend is None


def test_a_saved_log_says_the_same(history, saved_shop, definition):
    t = history.instant(NIGHT)
    whole = overview(history, definition, t).to_dict()
    assert overview(LogStore.of(saved_shop), definition, t).to_dict() == whole
    assert set(whole) == {"series", "trend", "by", "outlook", "expected_and_actual", "notes"}
    json.dumps(whole, allow_nan=False)


class Customers:
    """A further tally of a night."""

    tables = ("orders", "tickets")

    def __init__(self):
        self.count = 0

    def add(self, part):
        assert "tickets" in part.logs
        self.count += len(part.customers)

    def result(self):
        return self

    def to_dict(self):
        return {"customers": self.count}


def test_other_figures_are_counted_in_the_same_pass(history, saved_shop, definition):
    found = overview(LogStore.of(saved_shop), definition, history.instant(NIGHT), cohorts=Customers())
    assert found.to_dict()["cohorts"] == {"customers": len(history.customers)}


T = instant("2024-03-01")


def many(groups: int, days: int = 200):
    rows = [{"customer": c, "time": T - days * DAY, "amount": 1.0} for c in range(groups)]
    rows += [{"customer": c, "time": T - DAY, "amount": 1.0} for c in range(groups)]
    return history_of(Tables(rows, customers=[{"customer": c, "segment": f"s{c:02}"} for c in range(groups)]))


def test_few_groups_are_shown_and_the_rest_together():
    found = overview(many(15), Inactivity(30, 20), T).by["segment"]
    assert len(found.groups) == MOST_SHOWN
    assert found.groups["(other)"][-1].end == 15 - (MOST_SHOWN - 1)
    assert sum(group[-1].end for group in found.groups.values()) == found.periods[-1].end == 15


def test_a_history_too_short_has_no_series_and_says_so():
    found = overview(many(2, days=20), Inactivity(30, 20), T)
    assert (found.series, found.by) == (None, {})
    assert found.to_dict()["series"] is None
    assert found.notes == ("No month period has 30 days of history before it.",)
    assert "Retention: not known" in str(found)


def test_long_series_of_days_are_cut_and_say_so():
    found = overview(many(2, days=600), Inactivity(30, 20), T, RetentionSettings(every="day"))
    assert len(found.series) == 120
    assert found.series.left_out.endswith("Only the newest 120 periods are shown.")
    assert len(found.by["segment"]) == MOST_OF_GROUPS


def test_a_segment_of_too_many_values_is_named(monkeypatch):
    import churn.retention.flows

    monkeypatch.setattr(churn.retention.flows, "MOST_GROUPS", 3)
    found = overview(many(5), Inactivity(30, 20), T)
    assert found.by == {}
    assert found.notes == ("Not by segment: it has more than 1,000 values.",)


def test_every_figure_stays_when_the_days_of_a_week_move(history, definition):
    settings = RetentionSettings(every="week", week_starts_on="thursday")
    found = overview(history, definition, history.instant(NIGHT), settings)
    assert {history.timestamp(history.instant(p.first)).day_name() for p in found.series} == {"Thursday"}
    assert found.series == retention_series(history, definition, "week", calendar=settings, as_of=NIGHT)


@pytest.mark.parametrize("late", ["2025-03-10", "2024-12-31"])
def test_nothing_after_the_night_is_there(history, definition, late):
    found = overview(history, definition, history.instant(late))
    assert all((p.so_far or p.last) <= late for p in found.series)
