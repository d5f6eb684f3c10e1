from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import churn
from churn.config import make_config
from churn.data.history import History
from churn.definition import Subscription
from churn.errors import ParameterError
from churn.retention.outlook import make_outlook
from churn.retention.periods import retention_between, retention_series
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
RULE = Subscription(horizon_days=30, gap_days=7, grace_days=5, ended_when=("cancelled", "expired"))
START, END = T + 7 * DAY, T + 37 * DAY  # of the label window
Y = T - 400 * DAY


def change(time: int, event: str = "start", *, customer: str = "a", **values: Any) -> Row:
    return {"customer": customer, "time": time, "event": event, **values}


def history_with(*rows: Row, end: int = T + 100 * DAY) -> History:
    """Customer z, who never leaves, marks the beginning and the end, and gives every event and column."""
    marks = [
        change(Y, customer="z", subscription="z", renews=None, is_failed_payment=False, recorded_at=None),
        *(change(Y, e, customer="y", subscription=e) for e in ("expired", "cancelled")),
    ]
    return history_of(Tables(orders(Y, end, customer="z"), subscriptions=[*marks, *rows]))


def live(history: History, at: int = T, rule: Subscription = RULE) -> list[str]:
    known = history.customers[rule.population(history.as_of(at))]
    return [c for c in known if c not in "yz"]


def label(history: History, rule: Subscription = RULE, who: str = "a") -> float:
    population = rule.population(history.as_of(T))
    where = population == history.customers.get_loc(who)
    assert where.any(), "not in the population"
    return float(rule.labels(history, T, population)[where][0])


@pytest.mark.parametrize(("time", "inside"), [(T - 1, True), (T, False)])
def test_a_start_before_the_cutoff_makes_a_subscriber(time: int, inside: bool) -> None:
    assert live(history_with(change(time))) == (["a"] if inside else [])


@pytest.mark.parametrize(("time", "inside"), [(T - 1, False), (T, True)])
def test_an_end_before_the_cutoff_takes_one_away(time: int, inside: bool) -> None:
    assert live(history_with(change(Y), change(time, "cancelled"))) == (["a"] if inside else [])


@pytest.mark.parametrize(
    ("time", "want"),
    [(START - 1, np.nan), (START, 1.0), (END - 1, 1.0), (END, 0.0)],
)
def test_an_end_counts_from_the_first_instant_of_the_window_to_before_its_last(
    time: int, want: float
) -> None:
    np.testing.assert_equal(label(history_with(change(Y), change(time, "expired"))), want)


@pytest.mark.parametrize(
    ("renews", "want"),
    [(START - 1, np.nan), (START, 1.0), (END - 1, 1.0), (END, 0.0)],
)
def test_without_a_renewal_it_is_over_when_the_grace_has_passed(renews: int, want: float) -> None:
    history = history_with(change(Y, renews=renews - 5 * DAY))
    np.testing.assert_equal(label(history), want)
    assert live(history, renews) == ["a"]
    assert live(history, renews + 1) == []


def test_a_renewal_within_the_grace_is_in_time() -> None:
    due = T + 10 * DAY
    renewed = change(due + 5 * DAY, "renewal", renews=due + 365 * DAY)
    history = history_with(change(Y, renews=due), renewed)
    assert label(history) == 0.0
    assert live(history, due + 5 * DAY) == live(history, due + 5 * DAY + 1) == ["a"]
    late = history_with(change(Y, renews=due), {**renewed, "time": due + 5 * DAY + 1})
    assert live(late, due + 5 * DAY + 1) == []  # for an instant; then it is live again


def test_lost_and_back_by_the_end_of_the_window_is_no_churn() -> None:
    rows = [change(Y), change(START + DAY, "cancelled")]
    assert label(history_with(*rows, change(END - 1))) == 0.0
    assert label(history_with(*rows, change(END))) == 1.0


def test_lost_within_the_gap_and_back_before_the_window_counts() -> None:
    rows = [change(Y), change(T, "cancelled")]
    assert np.isnan(label(history_with(*rows)))
    assert label(history_with(*rows, change(START - 1))) == 0.0
    assert np.isnan(label(history_with(*rows, change(START))))


def test_without_grace_days_renewal_dates_are_not_looked_at() -> None:
    rule = Subscription(30, ended_when=("cancelled",))
    history = history_with(change(Y, renews=Y + DAY))
    assert live(history, rule=rule) == ["a"]
    assert live(history) == []
    assert label(history, rule) == 0.0


def test_the_renewal_date_told_last_holds_until_an_end() -> None:
    told = [change(Y, renews=T + 10 * DAY), change(T - 90 * DAY, "plan change")]
    assert label(history_with(*told)) == 1.0
    # After an end the date is of the term before; the new term says none.
    assert label(history_with(*told, change(T - 80 * DAY, "cancelled"), change(T - 70 * DAY))) == 0.0


@pytest.mark.parametrize(("event", "inside"), [("failed", True), ("expired", False)])
def test_failed_payments_change_nothing_unless_they_are_named(event: str, inside: bool) -> None:
    row = change(T - DAY, event, is_failed_payment=True)
    assert live(history_with(change(Y), row)) == (["a"] if inside else [])
    # And one after an end does not bring a subscription back.
    gone = [change(Y), change(T - 2 * DAY, "cancelled"), change(T - DAY, "failed", is_failed_payment=True)]
    assert live(history_with(*gone)) == []


def test_one_of_several_subscriptions_keeps_a_customer() -> None:
    two = [change(Y, subscription="1"), change(Y + DAY, subscription="2")]
    ends = [change(START, "cancelled", subscription="1"), change(START + DAY, "cancelled", subscription="2")]
    assert label(history_with(*two, *ends)) == 1.0
    assert label(history_with(*two, ends[0])) == 0.0
    assert label(history_with(*two, {**ends[0], "subscription": "2"})) == 0.0
    # The same name with another customer is another subscription.
    other = change(Y, subscription="1", customer="b")
    assert label(history_with(other, *two, *ends), who="b") == 0.0
    # Rows without a name are of one subscription that has none.
    assert label(history_with(change(Y), *two, *ends)) == 0.0


def test_the_flag_says_it_too() -> None:
    rule = Subscription(30)
    rows = [change(Y, is_end=False), change(T + DAY, "any", is_end=True)]
    assert label(history_with(*rows), rule) == 1.0
    assert label(history_with(*rows[:1], {**rows[1], "is_end": None}, change(T, is_end=False)), rule) == 0.0


def test_rows_recorded_late_were_not_known() -> None:
    end = change(T - 10 * DAY, "cancelled", recorded_at=T)
    history = history_with(change(Y), end)
    assert live(history) == ["a"]  # by what was known
    assert np.isnan(label(history))  # and lost before the window began, as came out
    assert live(history_with(change(Y), {**end, "recorded_at": T - 1})) == []
    assert live(history_with(change(T - 10 * DAY, recorded_at=T))) == []


def test_an_end_known_in_advance_takes_effect_at_its_time() -> None:
    end = change(START + DAY, "cancelled", recorded_at=T - 90 * DAY)
    history = history_with(change(Y), end)
    assert live(history) == ["a"]
    assert len(history.as_of(T).logs["subscriptions"]) == len(history.logs["subscriptions"]) - 1
    assert label(history) == 1.0


def test_a_label_is_known_when_the_window_is_over() -> None:
    history = history_with(change(Y, renews=END - 1 - 5 * DAY), end=END)
    assert RULE.is_mature(history, T)
    assert label(history) == 1.0
    with pytest.raises(ParameterError, match="The outcome of 2024-03-01 is not known yet"):
        RULE.labels(history_with(change(Y), end=END - 1), T, np.array([0]))


def test_a_saved_log_knows_a_subscription_again_in_a_later_delivery(tmp_path: Path) -> None:
    """Its name is kept as a number, which must be the same whenever it is read."""
    (tmp_path / "data").mkdir()
    pd.DataFrame({"customer": [1, 1], "time": ["2023-01-01", "2024-06-01"], "amount": 1.0}).to_csv(
        tmp_path / "orders.csv", index=False
    )
    starts = pd.DataFrame(
        {
            "customer": 1,
            "time": "2023-02-01",
            "event": "start",
            "subscription": ["A-1", "A-2"],
            "is_end": "no",
        }
    )
    ends = starts.assign(time=["2024-01-01", "2024-03-10"], event="over", is_end="yes")
    content = {
        "name": "x",
        "timezone": "UTC",
        "sources": {"orders": {"path": "orders.csv"}, "subscriptions": {"path": "data/*.csv"}},
        "definition": {"kind": "subscription", "horizon_days": 30},
    }
    config = make_config(content | {"log": {"path": "log"}}, folder=tmp_path)
    starts.to_csv(tmp_path / "data" / "1.csv", index=False)
    churn.ingest(config)
    ends.iloc[:1].to_csv(tmp_path / "data" / "2.csv", index=False)
    churn.ingest(config)
    ends.iloc[1:].to_csv(tmp_path / "data" / "3.csv", index=False)
    churn.ingest(config)
    rule = Subscription(30)
    for history in (churn.load_history(config), churn.load_history(make_config(content, folder=tmp_path))):
        assert len(np.unique(history.logs["subscriptions"].numbers["subscription"])) == 2
        assert rule.population(history.as_of("2024-03-01")).tolist() == [0]
        assert rule.labels(history, T, np.array([0])).tolist() == [1.0]
        assert rule.population(history.as_of("2024-03-11")).tolist() == []


# -- an oracle: every customer by himself, row by row, in plain Python ------------------------------

EVENTS = ("start", "renewal", "cancelled", "expired", "failed")
# The instants at which something may begin or end, and those around them.
EDGES = [T, START, END, T - 5 * DAY, START - 5 * DAY, END - 5 * DAY, T - 60 * DAY, Y]
at_edges = st.builds(lambda e, d: e + d, st.sampled_from(EDGES), st.sampled_from([-DAY, -1, 0, 1, DAY]))
rows_ = st.lists(
    st.fixed_dictionaries(
        {
            "customer": st.sampled_from("abc"),
            "time": at_edges,
            "event": st.sampled_from(EVENTS),
            "subscription": st.sampled_from([None, "1", "2"]),
            "renews": st.one_of(st.none(), at_edges),
            "recorded_at": st.one_of(st.none(), at_edges),
        }
    ),
    max_size=14,
)


def oracle_live(rows: list[Row], who: str, at: int, rule: Subscription) -> bool:
    """Rows in the order of their time; of the same instant, in the order in which they were written."""
    for name in (None, "1", "2"):
        state, renews = False, None
        for r in rows:
            if (r["customer"], r["subscription"]) != (who, name) or r["time"] >= at:
                continue
            if r["event"] in rule.ended_when:
                state, renews = False, None
            elif r["event"] != "failed":
                state, renews = True, r["renews"] if r["renews"] is not None else renews
        late = rule.grace_days is not None and renews is not None and at > renews + rule.grace_days * DAY
        if state and not late:
            return True
    return False


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    rows=rows_,
    gap=st.sampled_from([0, 7]),
    grace=st.sampled_from([None, 0, 5]),
    offset=st.sampled_from([0, 1]),
)
def test_an_oracle_agrees(rows: list[Row], gap: int, grace: int | None, offset: int) -> None:
    t = T + offset
    rows = [{**r, "is_failed_payment": r["event"] == "failed"} for r in rows]
    for r in rows:  # what is recorded before it happens is known when it happens
        r["known"] = max(r["time"], r["recorded_at"] if r["recorded_at"] is not None else r["time"])
    ordered = sorted(rows, key=lambda r: r["time"])
    history = history_with(*({k: v for k, v in r.items() if k != "known"} for r in rows))
    rule = Subscription(30, gap, grace, ("cancelled", "expired"))
    known = [r for r in ordered if r["known"] < t]
    want = {
        who: (
            np.nan
            if not oracle_live(ordered, who, t + gap * DAY, rule)
            else float(not oracle_live(ordered, who, t + rule.window_us, rule))
        )
        for who in "abc"
        if oracle_live(known, who, t, rule)
    }
    population = rule.population(history.as_of(t))
    got = dict(zip(history.customers[population], rule.labels(history, t, population).tolist(), strict=True))
    np.testing.assert_equal({k: v for k, v in got.items() if k in "abc"}, want)


# -- around it ---------------------------------------------------------------------------------------


def test_retention_counts_live_subscribers_at_both_ends() -> None:
    rows = [
        change(Y, customer="a"),
        change(T + DAY, "cancelled", customer="a"),  # lost
        change(Y, customer="b"),  # retained
        change(T + DAY, customer="c"),  # new
        *(change(Y + k * DAY, e, customer="d") for k, e in enumerate(("start", "cancelled"))),
        change(T + DAY, customer="d"),  # reactivated
    ]
    history = history_with(*rows)
    r = retention_between(history, RULE, T, T + 30 * DAY)
    assert (r.start, r.end, r.retained, r.lost, r.new, r.reactivated) == (3, 4, 2, 1, 1, 1)  # z stays
    series = retention_series(history, RULE, "month")
    assert series.active_days is None
    assert "active = a subscription that has not ended ('cancelled', 'expired') and" in str(series)


def test_the_expected_rate_is_one_less_the_churn_probability() -> None:
    history = history_with(change(Y))
    rule = Subscription(30, ended_when=("cancelled",))
    outlook = make_outlook(history, rule, T, np.array([0.1, 0.3]), np.array([np.nan, 3.0]))
    assert outlook.expected_rate == pytest.approx(0.8)
    assert outlook.expected_note.endswith("each counts with 1 - the churn probability.")
    assert "  a subscription that has not ended ('cancelled'); lost = active at the start" in str(outlook)
    with_gap = make_outlook(history, RULE, T, np.array([0.1]), np.array([3.0]))
    assert with_gap.expected_note.endswith(
        "An upper bound: who is lost within the gap of 7 days is not foreseen."
    )


def test_what_nothing_in_the_data_says_is_told() -> None:
    history = history_with(change(Y))
    with pytest.raises(ParameterError) as error:
        Subscription(30, ended_when=("canceled",)).population(history.as_of(T))
    assert str(error.value) == (
        "No subscription has an event that definition.ended_when names. Given: 'canceled'; the events are cancelled, "
        "expired, start. Did you mean 'cancelled'?"
    )
    with pytest.raises(
        ParameterError, match=r"Nothing says when a subscription is over. Given: grace_days None"
    ):
        Subscription(30).population(history.as_of(T))
    plain = history_of(Tables(orders(Y, T)))
    with pytest.raises(ParameterError, match="goes by the subscriptions, and the data have none"):
        RULE.population(plain.as_of(T))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"horizon_days": 0}, "horizon_days is not a length. Given: 0."),
        ({"horizon_days": 30, "gap_days": -1}, "gap_days is not a length. Given: -1."),
        ({"horizon_days": 30, "grace_days": -1}, "grace_days is not a length. Given: -1."),
        ({"horizon_days": 30, "ended_when": [3]}, r"ended_when is not a list of texts. Given: \[3\]."),
    ],
)
def test_values_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Subscription(**values)


def test_it_says_what_it_is() -> None:
    assert RULE.describe() == (
        "active = a subscription that has not ended ('cancelled', 'expired') and is at most 5 days past its renewal "
        "date; churn = no live subscription in 37 days, but still one after the 7 days left free to act"
    )
