from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.definition.silence import FEWEST, Silences
from churn.errors import DataError
from tests.features.oracle import DAY, HOUR, Tables, instant
from tests.features.tables import history_of, orders

START = instant("2024-01-01")


def shop(days: dict[str, list[int]], zone: str = "UTC", end: int | None = None):
    """Customers who order on these days of the year, at noon."""
    start = instant("2024-01-01", zone)
    rows = [
        r for c, at in days.items() for r in orders(*(start + d * DAY + 12 * HOUR for d in at), customer=c)
    ]
    data_end = None if end is None else np.datetime64(start + end * DAY, "us").astype(object)
    return history_of(Tables(rows, timezone=zone), **({} if end is None else {"data_end": str(data_end)}))


def kaplan_meier(days: list[int], ended: list[bool], longest: int) -> list[float]:
    """The textbook product, day by day."""
    share, out = 1.0, []
    for d in range(longest + 1):
        at_risk = sum(x >= d for x in days)
        events = sum(x == d and e for x, e in zip(days, ended, strict=True))
        share *= 1 - events / at_risk if at_risk else 1
        out.append(share)
    return out


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.lists(st.integers(0, 300), min_size=2, max_size=12, unique=True), min_size=8, max_size=14),
    st.integers(301, 330),
)
def test_the_curve_is_the_textbook_product(customers: list[list[int]], end: int) -> None:
    at = {f"c{i}": sorted(d) for i, d in enumerate(customers)}
    gaps = [b - a for d in at.values() for a, b in pairwise(d)]
    if len(gaps) < FEWEST:
        return
    silences = Silences.of(shop(at, end=end))
    open_ = [end - 1 - d[-1] for d in at.values()]  # the data hold the days before the end
    want = kaplan_meier(gaps + open_, [True] * len(gaps) + [False] * len(open_), max(gaps + open_))
    np.testing.assert_allclose(silences.survival, want, atol=1e-12)
    assert silences.at_risk.tolist() == [sum(x >= d for x in gaps + open_) for d in range(len(want))]


def test_who_is_silent_at_the_end_is_not_counted_as_gone() -> None:
    """Half order every 10 days to the end, half stop: without censoring the share would be another."""
    at = {f"a{i}": list(range(0, 200, 10)) for i in range(20)} | {f"b{i}": [0, 10, 20] for i in range(20)}
    silences = Silences.of(shop(at, end=200))
    # 420 gaps of 10 days; 20 silences of 9 days say nothing yet, 20 of 179 days are all that outlasts day 10.
    assert silences.survival[9] == 1.0
    assert silences.survival[10] == pytest.approx(20 / 440)
    assert silences.at_risk[10] == 440
    assert silences.at_risk[11] == 20


def test_the_share_who_come_back_is_conditional_on_the_silence() -> None:
    at = {f"a{i}": [0, 100] for i in range(40)} | {f"b{i}": [0] for i in range(60)} | {"z": [0, 400]}
    silences = Silences.of(shop(at, end=401))
    # Half of the longest silence that 30 reach: the sixty are silent for 400 days.
    assert silences.within_days == 200
    # Of 141 silences (each of the forty has two) 40 end on day 100, and none in the 200 days after it.
    back = silences.come_back(np.array([0, 50, 99, 100]))
    np.testing.assert_allclose(back[:3], 40 / 141)
    assert back[3] == 0.0
    assert np.isnan(silences.come_back(np.array([10_000]))).all()
    np.testing.assert_allclose(silences.ordered_by(np.array([0, 99, 100, 10_000])), [0, 0, 1, 1])


def test_several_orders_on_a_local_day_are_one() -> None:
    at = {f"a{i}": [0, 30] for i in range(40)}
    history = shop(at, "America/New_York")
    late = [
        r
        for i in range(40)
        for r in orders(instant("2024-01-01", "America/New_York") + 23 * HOUR, customer=f"a{i}")
    ]
    twice = history_of(
        Tables(
            [
                r
                for i in range(40)
                for r in orders(
                    instant("2024-01-01", "America/New_York") + HOUR,
                    instant("2024-01-31", "America/New_York") + HOUR,
                    customer=f"a{i}",
                )
            ]
            + late,
            timezone="America/New_York",
        )
    )
    np.testing.assert_array_equal(Silences.of(twice).survival, Silences.of(history).survival)


def test_too_few_gaps_are_told() -> None:
    with pytest.raises(
        DataError, match=r"Too few customers ordered again .* Given: 1 gaps between order days"
    ):
        Silences.of(shop({"a": [0, 10]}))
