from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Definition, Inactivity
from churn.errors import ParameterError
from churn.features.compute import split
from churn.retention import expected
from churn.retention.expected import ActualTally, PastRuns, expected_and_actual, expected_interval
from churn.retention.overview import OverviewTally
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
RULE = Inactivity(60, 20)


@pytest.mark.parametrize("level_sd", [0.0, 0.2])
def test_the_interval_covers_what_a_simulation_brings(level_sd: float) -> None:
    rng = np.random.default_rng(5)
    p = np.concatenate([np.ones(500), rng.beta(4, 2, 1500)])
    low, high = expected_interval(p, level_sd)
    odds = np.log(p[500:] / (1 - p[500:]))
    inside = []
    for _ in range(2000):
        moved = 1 / (1 + np.exp(-(odds + rng.normal(0, level_sd))))
        inside.append(low <= (500 + (rng.random(1500) < moved).sum()) / 2000 <= high)
    assert 0.93 < np.mean(inside) < 0.97


def test_nothing_open_leaves_no_doubt_and_nothing_leaves_0_to_1() -> None:
    assert expected_interval(np.ones(5)) == (1.0, 1.0)
    low, high = expected_interval(np.array([0.999, 0.999]), 1.0)
    assert 0.9 < low < 0.999 < high == 1
    assert expected_interval(np.array([0.5]))[0] == 0


def night(*rows: dict, end: int = T + 40 * DAY) -> History:
    return history_of(Tables([*orders(T - 200 * DAY, customer="z"), *rows, *orders(end, customer="z")]))


def runs(*cutoffs: str, rate: float = 0.5, **columns: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"as_of": list(cutoffs), "expected_rate": rate, "expected_low": 0.4, "expected_high": 0.6, **columns}
    )


def test_the_actual_rate_is_of_those_who_were_active_then() -> None:
    rows = [
        *orders(T - 50 * DAY, T + DAY, customer="a"),  # stays
        *orders(T - 50 * DAY, customer="b"),  # falls silent
        *orders(T + DAY, customer="c"),  # was not there
        *orders(T - 30 * DAY, customer="d"),  # recent enough
    ]
    (row,) = expected_and_actual(runs("2024-03-01", rate=0.6), night(*rows), RULE).to_dict("records")
    assert row == {
        "as_of": "2024-03-01",
        "until": "2024-03-21",
        "population": 3,
        "expected": 0.6,
        "low": 0.4,
        "high": 0.6,
        "matured": True,
        "actual": 2 / 3,
        "error": pytest.approx(2 / 3 - 0.6),
        "inside": False,
    }


def test_who_was_recorded_after_the_night_was_not_scored_in_it() -> None:
    rows = [
        *orders(T - 10 * DAY, customer="a", recorded_at=T - DAY),
        *orders(T - 10 * DAY, customer="b", recorded_at=T),
        *orders(T - 200 * DAY, customer="y", recorded_at=T - 199 * DAY),
        *orders(T + 39 * DAY, customer="y", recorded_at=T + 40 * DAY),
    ]
    (row,) = expected_and_actual(runs("2024-03-01"), history_of(Tables(rows)), RULE).to_dict("records")
    assert (row["population"], row["actual"]) == (1, 1.0)


@pytest.mark.parametrize(("now", "over"), [(T + 20 * DAY, True), (T + 20 * DAY - 1, False)])
def test_a_period_is_over_when_its_last_day_is(now: int, over: bool) -> None:
    history = night(*orders(T - DAY, customer="a"))
    (row,) = expected_and_actual(runs("2024-03-01"), history, RULE, known_before=now).to_dict("records")
    assert (row["matured"], row["actual"], row["inside"]) == (
        (True, 1.0, False) if over else (False, None, None)
    )


def test_of_a_cutoff_the_last_run_counts_and_other_definitions_do_not() -> None:
    table = pd.concat(
        [
            runs("2024-03-01", rate=0.1, number=2, definition=RULE.describe()),
            runs("2024-03-01", rate=0.2, number=1, definition=RULE.describe()),
            runs("2024-02-01", rate=0.3, number=3, definition="something else"),
            runs("2024-02-10", rate=np.nan, number=4, definition=RULE.describe()),
        ]
    )
    found = expected_and_actual(table, night(*orders(T - DAY)), RULE)
    assert found["as_of"].tolist() == ["2024-02-10", "2024-03-01"]
    assert found["expected"].tolist() == [None, 0.1]
    assert found["error"].tolist() == [None, pytest.approx(0.9)]


def test_nights_outside_the_data_are_no_rows() -> None:
    found = expected_and_actual(runs("2020-01-01", "2024-03-01", "2024-05-01"), night(), RULE)
    assert found["as_of"].tolist() == ["2024-03-01"]
    assert list(expected_and_actual(runs(), night(), RULE)) == list(expected.COLUMNS)


def test_a_night_at_the_end_of_the_data_waits_and_is_none_of_the_earlier_ones_of_that_night() -> None:
    history = night()
    end = history.date(history.closing)
    assert expected_and_actual(runs(end), history, RULE)["matured"].tolist() == [False]
    assert len(expected_and_actual(runs(end), history, RULE, known_before=end)) == 0


def test_what_is_left_out_is_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "MOST_RUNS", 2)
    days = ("2024-02-20", "2024-02-21", "2024-02-22")
    other = runs("2024-02-01", "2024-02-02", definition="something else")
    table = pd.concat([runs(*days, "2020-01-01", "2030-01-01", definition=RULE.describe()), other])
    base = CustomerBase.of(night())
    assert PastRuns(table, base, RULE).left_out == (
        "Earlier nights left out: 2 of another definition of churn, 2 outside the data, 1 between the 2 that are shown."
    )
    # Looked at from an earlier day, what comes later is no earlier night.
    early = PastRuns(table, base, RULE, base.instant("2024-02-22"))
    assert early.left_out == "Earlier nights left out: 2 of another definition of churn, 1 outside the data."
    assert PastRuns(runs(*days[:2]), base, RULE).left_out == ""
    tally = OverviewTally(base, RULE, base.instant("2024-02-22"), runs=table)
    count(base, tally, tables=tally.tables)
    assert early.left_out in tally.result(np.array([0.5]), np.array([1.0])).notes


def test_many_nights_are_thinned_and_the_newest_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "MOST_RUNS", 4)
    days = pd.date_range("2024-02-01", "2024-03-10").strftime("%Y-%m-%d")
    found = expected_and_actual(runs(*days), night(), RULE)
    assert len(found) == 4
    assert found["as_of"].iloc[[0, -1]].tolist() == ["2024-02-01", "2024-03-10"]


def test_what_are_no_runs_is_told() -> None:
    with pytest.raises(ParameterError, match="at least as_of and expected_rate"):
        expected_and_actual(pd.DataFrame({"run": ["a"]}), night(), RULE)


def test_parts_and_the_whole_say_the_same(history: History, saved_shop, definition: Definition) -> None:
    nights = runs("2024-09-01", "2025-01-15", "2025-02-01", "2025-03-01")
    whole = expected_and_actual(nights, history, definition)
    pd.testing.assert_frame_equal(expected_and_actual(nights, LogStore.of(saved_shop), definition), whole)
    cutoffs = [history.instant(d) for d in nights["as_of"]]
    parts = ActualTally(CustomerBase.of(history), definition, cutoffs)
    for _, part in split(history, 300):
        parts.add(part)
    assert (parts.stayed / parts.started).tolist() == whole["actual"].tolist()


def test_a_night_sets_them_into_its_overview(history: History, definition: Definition) -> None:
    base, t = CustomerBase.of(history), history.instant("2025-03-10")
    nights = runs("2024-09-01", "2025-03-01", population=123)
    tally = OverviewTally(base, definition, t, runs=nights)
    count(base, tally, tables=tally.tables)
    rows = tally.result(np.array([0.5]), np.array([1.0])).to_dict()["expected_and_actual"]
    assert [(r["as_of"], r["matured"]) for r in rows] == [("2024-09-01", True), ("2025-03-01", False)]
    assert rows[1]["population"] == 123
    json.dumps(rows, allow_nan=False)
    alone = expected_and_actual(nights, history, definition, known_before=t)
    assert rows == alone.to_dict("records")


def test_a_night_scored_by_a_model_that_had_seen_what_came_expected_nothing() -> None:
    history = night()
    days = ("2024-02-20", "2024-02-21")
    honest = runs(*days, outcomes_seen_until=["2024-02-20", None])
    assert len(expected_and_actual(honest, history, RULE)) == 2
    table = runs(*days, outcomes_seen_until=["2024-02-20", "2024-02-22"])
    past = PastRuns(table, CustomerBase.of(history), RULE)
    assert past.left_out == "Earlier nights left out: 1 scored by a model that had seen what came."
    assert expected_and_actual(table, history, RULE)["as_of"].tolist() == ["2024-02-20"]
    # The same night scored before, by a model that had not: that one counts.
    again = pd.concat(
        [runs("2024-02-21", outcomes_seen_until="2024-02-01", number=1), table.assign(number=2)]
    )
    assert expected_and_actual(again, history, RULE)["as_of"].tolist() == list(days)
