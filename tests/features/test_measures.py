from __future__ import annotations

import warnings

import numpy as np
import pytest

from churn.features.executor import Executor, Source
from churn.features.families.service import COMPLAINT, RATED
from churn.features.labels import TopShare
from churn.features.measures import (
    Ahead,
    Count,
    CountAfter,
    Decline,
    FadingRate,
    Last,
    Mean,
    MeanDecline,
    Minus,
    Plus,
    Rate,
    Ratio,
    Since,
    Slope,
    Tenure,
    Total,
    divide,
)
from churn.features.signal import Both, Is, Measure, Unmet, reads
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders, ticket

T = instant("2024-03-01")


def measured(measure: Measure, tables: Tables, t: int = T) -> list[float]:
    return Executor(Source.of(history_of(tables).as_of(t)), [t], [measure]).at(t).value(measure).tolist()


def ordered(*days: float, customer: str = "a", **values: object) -> list[dict[str, object]]:
    return orders(*(T - round(d * DAY) for d in days), customer=customer, **values)


EDGE = Tables(orders(T - 90 * DAY - 1, T - 90 * DAY, T - 30 * DAY - 1, T - 30 * DAY, T - 1, T))


@pytest.mark.parametrize(
    ("days", "until", "count"),
    [(90, 0, 4), (30, 0, 2), (90, 30, 2), (None, 0, 5), (None, 30, 3), (None, 90, 1)],
)
def test_a_window_holds_its_beginning_and_not_its_end(days: float | None, until: float, count: int) -> None:
    assert measured(Count("orders", days, until), EDGE) == [count]
    assert measured(Total("orders", "amount", days, until), EDGE) == [10.0 * count]


def test_windows_that_touch_share_no_row() -> None:
    parts = [measured(Count("orders", 30 * (k + 1), 30 * k), EDGE)[0] for k in range(4)]
    assert sum(parts) == measured(Count("orders", 120), EDGE)[0]


def test_mean_counts_known_values_only() -> None:
    rows = ordered(3, quantity=4.0) + ordered(2, quantity=None) + ordered(1, quantity=1.0)
    tables = Tables(rows + ordered(1, customer="b", quantity=None))
    np.testing.assert_array_equal(measured(Mean("orders", "quantity"), tables), [2.5, np.nan])
    np.testing.assert_array_equal(measured(Last("orders", "quantity"), tables), [1.0, np.nan])
    np.testing.assert_array_equal(measured(Total("orders", "quantity"), tables), [5.0, 0.0])


def test_last_goes_by_the_event_or_by_another_instant() -> None:
    early = ticket(T - 9 * DAY, resolved=T - DAY, satisfaction=1.0)
    late = ticket(T - 5 * DAY, resolved=T - 3 * DAY, satisfaction=5.0)
    tables = Tables(ordered(1), tickets=[early, late])
    assert measured(Last("tickets", "satisfaction", RATED), tables) == [5.0]
    assert measured(Last("tickets", "satisfaction", RATED, by="resolved"), tables) == [1.0]


def test_since_the_last_and_the_first() -> None:
    tables = Tables(ordered(9, 2.5))
    assert measured(Since("orders"), tables) == [2.5]
    assert measured(Since("orders", first=True), tables) == [9.0]


def test_ratio_over_nothing_is_unknown() -> None:
    tables = Tables(ordered(50))
    np.testing.assert_array_equal(measured(Ratio(Count("orders"), Count("orders", 30)), tables), [np.nan])


@pytest.mark.parametrize(
    ("joined", "tenure"),
    [(None, 20.0), (T - 50 * DAY, 50.0), (T - 5 * DAY, 20.0), (T, 20.0), (T - 1, 20.0)],
)
def test_tenure_counts_from_joining_or_the_first_order(joined: int | None, tenure: float) -> None:
    tables = Tables(ordered(20, 3), customers=[{"customer": "a", "joined": joined}])
    assert measured(Tenure(), tables) == [tenure]


@pytest.mark.parametrize(
    ("days", "decline"),
    [
        # 30 days hold 1, the 60 days before hold 4: half of the earlier rate is left.
        ((10, 40, 50, 60, 90), 0.5),
        ((40, 50, 60, 90), 1.0),
        # 29.9 earlier days are too few to tell, 30 are enough; all of it in the recent days tells nothing.
        ((10, 59.9), None),
        ((10, 60), 0.0),
        ((10,), None),
        # Growth counts down to -3.
        ((1, 2, 3, 4, 5, 6, 7, 8, 90), -3.0),
    ],
)
def test_decline_against_the_own_earlier_rate(days: tuple[float, ...], decline: float | None) -> None:
    want = np.nan if decline is None else decline
    assert measured(Decline("orders", None, 30, 180), Tables(ordered(*days))) == pytest.approx(
        [want], nan_ok=True
    )


def test_decline_looks_back_no_further_than_said() -> None:
    # 210 days ago is the first moment of the earlier 180 days, one microsecond more is outside.
    inside, outside = Tables(ordered(300, 210, 15)), Tables(ordered(300, 15) + orders(T - 210 * DAY - 1))
    assert measured(Decline("orders", None, 30, 180), inside) == pytest.approx([-3.0])
    assert np.isnan(measured(Decline("orders", None, 30, 180), outside)[0])


def test_mean_decline_needs_both_sides() -> None:
    tables = Tables(
        ordered(10, amount=6.0)
        + ordered(100, amount=8.0)
        + ordered(10, customer="b")
        + ordered(100, customer="c")
        + ordered(10, customer="d", amount=5.0)
        + ordered(100, customer="d", amount=-5.0)
    )
    np.testing.assert_allclose(
        measured(MeanDecline("orders", "amount"), tables), [0.25, np.nan, np.nan, np.nan]
    )


@pytest.mark.parametrize(
    ("per_bucket", "slope"),
    [
        ((2, 2, 2, 2, 2, 2), 0.0),
        ((1, 2, 3, 4, 5, 6), 1 / 3.5),
        ((6, 5, 4, 3, 2, 1), -1 / 3.5),
        ((0, 0, 0, 0, 0, 0), np.nan),
    ],
)
def test_slope_is_relative_to_the_mean_and_runs_forward_in_time(
    per_bucket: tuple[int, ...], slope: float
) -> None:
    days = [180 - 30 * i - 3 - j for i, n in enumerate(per_bucket) for j in range(n)]
    assert measured(Slope("orders"), Tables(ordered(400, *days))) == pytest.approx([slope], nan_ok=True)


def test_slope_of_a_new_customer_is_unknown() -> None:
    assert np.isnan(measured(Slope("orders"), Tables(ordered(179.9, 20)))[0])
    assert measured(Slope("orders"), Tables(ordered(180, 20))) == [0.0]


def test_fading_rate_of_a_steady_customer_is_the_rate() -> None:
    steady = Tables(ordered(*(0.05 + 0.1 * k for k in range(10_000))))
    assert measured(FadingRate("orders", 30), steady) == pytest.approx([300], rel=1e-5)
    assert measured(FadingRate("orders", 30), Tables(ordered(30))) == pytest.approx([np.log(2) / 2])


def test_count_after_leaves_out_what_happened_at_the_same_time() -> None:
    returns = [{"customer": c, "time": T - 5 * DAY, "amount": 1.0} for c in "ab"]
    tables = Tables(
        orders(T - 5 * DAY - 1, T - 5 * DAY, T - 5 * DAY + 1, T - DAY) + ordered(9, customer="c"),
        returns=returns,
    )
    np.testing.assert_array_equal(measured(CountAfter("orders", "returns"), tables), [2, 0, np.nan])


def test_top_share_is_of_the_rows_whose_value_is_known() -> None:
    rows = [r for c in ("x", "x", "y", None) for r in ordered(3, channel=c)]
    tables = Tables(rows + ordered(3, customer="b", channel=None))
    np.testing.assert_allclose(measured(TopShare("orders", "channel", ("x", "y")), tables), [2 / 3, np.nan])
    np.testing.assert_allclose(measured(TopShare("orders", "channel", ("y",)), tables), [1 / 3, np.nan])


def test_last_rows_before_the_last() -> None:
    tables = Tables(
        ordered(9, amount=1.0) + ordered(5, amount=2.0) + ordered(3, amount=4.0) + ordered(1, customer="b")
    )
    for back, want in enumerate((4.0, 2.0, 1.0, np.nan)):
        assert measured(Last("orders", "amount", back=back), tables)[0] == pytest.approx(want, nan_ok=True)
    assert np.isnan(measured(Last("orders", "amount", back=1), tables)[1])


def test_counts_by_another_instant_leave_out_rows_without_it() -> None:
    rows = [ticket(T - 90 * DAY, resolved=T - d) for d in (30 * DAY, 30 * DAY + 1, 1, 0)]
    rows = [r | {"ticket_id": i} for i, r in enumerate([*rows, ticket(T - 9 * DAY)])]
    assert measured(Count("tickets", 30, by="resolved"), Tables(ordered(99), tickets=rows)) == [2]
    assert measured(Count("tickets", by="resolved"), Tables(ordered(99), tickets=rows)) == [3]


def test_days_to_a_planned_time() -> None:
    def plan(ends: int | None, days: int = 9) -> dict[str, object]:
        return {"customer": "a", "time": T - days * DAY, "renews": ends}

    for rows, want in (
        ([plan(T + 5 * DAY)], 5),
        ([plan(T - 2 * DAY)], -2),
        ([plan(T + 5 * DAY), plan(None, 3)], 5),
        ([plan(T + 5 * DAY), plan(T + 7 * DAY, -1)], 5),
        ([plan(None), plan(T, -1)], np.nan),
    ):
        found = measured(Ahead("subscriptions", "renews"), Tables(ordered(20), subscriptions=rows))
        assert found == pytest.approx([want], nan_ok=True)


def test_plus_and_minus() -> None:
    tables = Tables(ordered(3, quantity=2.0) + ordered(2, customer="b", quantity=None))
    one, other = Last("orders", "quantity"), Count("orders")
    np.testing.assert_array_equal(measured(Plus(one, other), tables), [3, np.nan])
    np.testing.assert_array_equal(measured(Minus(one, other), tables), [1, np.nan])
    assert Plus(one, other).needs() == Minus(one, other).needs() == one.needs() | other.needs()


@pytest.mark.parametrize(
    ("days", "rate"),
    [
        ((400, 89, 1), 2 / 3),
        ((60, 1), 1.0),
        ((45, 1), 4 / 3),
        ((20, 1), 2.0),  # 30 days at least
        ((90,), 1 / 3),
        ((90.5,), 0.0),
    ],
)
def test_rate_goes_by_the_days_the_customer_was_there(days: tuple[float, ...], rate: float) -> None:
    assert measured(Rate("orders", 90), Tables(ordered(*days))) == pytest.approx([rate])


def test_needs_name_the_log_and_every_column_read() -> None:
    assert reads("orders") == {("orders", None)}
    assert Count("orders", where=Is("channel", "x")).needs() == {("orders", None), ("orders", "channel")}
    assert Last("tickets", "satisfaction", RATED, by="resolved").needs() == {
        ("tickets", None),
        ("tickets", "satisfaction"),
        ("tickets", "resolved"),
    }
    assert CountAfter("orders", "tickets", Both(COMPLAINT, Unmet("answer", 7))).needs() == {
        ("orders", None),
        ("tickets", None),
        ("tickets", "is_complaint"),
        ("tickets", "answer"),
    }
    assert Ratio(Count("returns"), Count("orders")).needs() == {("returns", None), ("orders", None)}


def test_divide_is_silent_and_unknown_over_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = divide(np.array([1.0, 0.0, np.nan, 4.0]), np.array([0.0, 0.0, 2.0, np.nan]))
    assert np.isnan(out).all()
    assert divide(np.array([1.0]), np.array([4.0])).tolist() == [0.25]
