from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.features.executor import Executor, Source
from churn.features.rhythm import (
    ActiveShare,
    FirstOrder,
    FirstOrderMonth,
    GapMedian,
    GapSpread,
    OrderDays,
    Overdue,
    RecentGaps,
    UsualGap,
)
from churn.features.signal import Measure
from tests.features.oracle import DAY, Tables, instant
from tests.features.oracle_orders import gamma_above
from tests.features.tables import generated, history_of, orders

T = instant("2024-03-01")
nan = np.nan


def measured(measure: Measure, *days: float, zone: str = "UTC", t: int = T) -> float:
    tables = Tables(orders(*(t - round(d * DAY) for d in days)), timezone=zone)
    return Executor(Source.of(history_of(tables).as_of(t)), [t], [measure]).at(t).value(measure)[0]


@pytest.mark.parametrize(
    ("days", "median"),
    [
        ((9,), nan),
        ((9, 2), 7),
        ((30, 9, 2), 14),
        ((60, 30, 9, 2), 21),
        # Only the last nine gaps count: the one of 500 days is the tenth.
        ((509, *range(9, -1, -1)), 1),
        ((518, *range(18, -1, -2)), 2),
    ],
)
def test_the_median_of_the_last_gaps(days: tuple[float, ...], median: float) -> None:
    assert measured(GapMedian(), *(d + 0.5 for d in days)) == pytest.approx(median, nan_ok=True)


@pytest.mark.parametrize(
    ("days", "ratio"), [((40, 30, 20, 10), nan), ((50, 40, 30, 20, 10), 1.0), ((90, 40, 30, 20, 10), 10 / 20)]
)
def test_recent_gaps_need_one_more_to_compare_with(days: tuple[float, ...], ratio: float) -> None:
    assert measured(RecentGaps(3), *days) == pytest.approx(ratio, nan_ok=True)


def test_the_spread_needs_two_gaps() -> None:
    assert math.isnan(measured(GapSpread(), 30, 10))
    assert measured(GapSpread(), 40, 30, 10) == pytest.approx(math.sqrt(50))
    assert measured(GapSpread(), 30, 20, 10) == 0.0


def test_order_days_of_a_window_that_begins_amid_a_day() -> None:
    noon = T + DAY // 2
    assert measured(OrderDays(2), 2.25, 2.0, 1.9, 0.1, t=noon) == 2
    assert measured(OrderDays(2), 2.25, 0.1, t=noon) == 1
    assert measured(OrderDays(), 2.25, 2.0, 1.9, 0.1, t=noon) == 2
    assert measured(OrderDays(2), 9) == 0


def test_the_month_of_the_first_order_is_local() -> None:
    late = instant("2024-01-31 20:00", "America/New_York")
    for zone, month in (("America/New_York", 0), ("UTC", 1)):
        assert measured(FirstOrderMonth(), (T - late) / DAY, 3, zone=zone) == month
    assert measured(FirstOrderMonth(), (T - instant("2020-02-29")) / DAY, 3) == 1
    assert measured(FirstOrderMonth(), (T - instant("2019-12-31 23:59")) / DAY, 3) == 11
    assert math.isnan(measured(FirstOrderMonth(), -1))
    assert measured(FirstOrder("amount"), 9, 3) == 10.0


def test_without_gaps_nothing_is_usual() -> None:
    for measure in (UsualGap(), *map(Overdue, ("ratio", "days", "silence", "score", "gamma"))):
        assert math.isnan(measured(measure, 9.5, 9.6))


def test_a_clockwork_is_sure_of_its_silence() -> None:
    daily = [k + 0.5 for k in range(1, 40)]
    assert measured(Overdue("gamma"), *(d + 3 for d in daily)) < 1e-4
    assert measured(Overdue("silence"), *(d + 3 for d in daily)) > 0.01
    assert measured(ActiveShare(), *daily) == 1.0


@generated
@given(st.floats(0.02, 50), st.floats(0, 40))
def test_the_gamma_silence_against_a_series_and_a_continued_fraction(shape: float, ratio: float) -> None:
    from scipy.special import gammaincc

    assert gammaincc(shape, shape * ratio) == pytest.approx(
        gamma_above(shape, shape * ratio), rel=1e-9, abs=1e-12
    )


def test_the_gamma_silence_against_chance() -> None:
    draw = random.Random(1)
    found = sum(draw.gammavariate(2.5, 1) > 3.0 for _ in range(100_000)) / 100_000
    assert gamma_above(2.5, 3.0) == pytest.approx(found, abs=0.006)
