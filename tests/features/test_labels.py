from __future__ import annotations

import numpy as np
import pytest

from churn.features.executor import Executor, Source
from churn.features.labels import LastLabel, Segment, Switched, TopLabel, TopShare, positions
from churn.features.signal import Measure
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
nan = np.nan
XY = ("x", "y")


def measured(measure: Measure, tables: Tables) -> list[float]:
    return Executor(Source.of(history_of(tables).as_of(T)), [T], [measure]).at(T).value(measure).tolist()


def placed(*channels: str | None) -> Tables:
    """Orders one day after the other through these channels, and one of somebody else through both."""
    other = [r for c in XY for r in orders(T - 90 * DAY, customer="b", channel=c)]
    return Tables([r for i, c in enumerate(channels) for r in orders(T - (50 - i) * DAY, channel=c)] + other)


@pytest.mark.parametrize(
    ("channels", "last", "top", "share", "switched"),
    [
        (("x",), 0, 0, 1.0, nan),
        (("x", "y"), 1, 0, 0.5, 1),
        (("y", "x"), 0, 0, 0.5, 1),
        (("y", "y"), 1, 1, 1.0, 0),
        (("x", "x", "y", "y"), 1, 0, 0.5, 0),
        (("x", "y", "x"), 0, 0, 2 / 3, 1),  # of equally used ones the first in the alphabet is the usual one
        (("x", "y", "y"), 1, 1, 2 / 3, 0),
        (("x", None), 0, 0, 1.0, nan),
        ((None,), nan, nan, nan, nan),
        (("x", "z"), nan, 0, 0.5, 1),
        (("z", "x"), 0, 0, 0.5, 1),
        (("z",), nan, nan, 0.0, nan),
        # What the signal has no name for is a channel all the same.
        (("z", "z"), nan, nan, 0.0, 0),
        (("z", "z", "x", "x"), 0, 0, 0.5, 0),
        (("z", "z", "z", "x", "x"), 0, 0, 0.4, 0),
        (("x", "z", "z", "z"), nan, 0, 0.25, 0),
    ],
)
def test_labels_of_orders(
    channels: tuple[str, ...], last: float, top: float, share: float, switched: float
) -> None:
    tables = placed(*channels)
    measures = [m("orders", "channel", XY) for m in (LastLabel, TopLabel, TopShare)]
    found = [measured(m, tables)[0] for m in (*measures, Switched("orders", "channel"))]
    np.testing.assert_array_equal(found, [last, top, share, switched])


def test_labels_come_in_the_order_of_the_signal() -> None:
    tables = placed("y", "y", "x")
    assert measured(LastLabel("orders", "channel", ("y", "x")), tables)[0] == 1
    assert measured(TopLabel("orders", "channel", ("y", "x")), tables)[0] == 0
    assert np.isnan(measured(LastLabel("orders", "channel", ()), tables)).all()


def test_segments() -> None:
    tables = Tables(
        [r for c in "abc" for r in orders(T - DAY, customer=c)],
        customers=[
            {"customer": "a", "size": "big"},
            {"customer": "b", "size": None},
            {"customer": "c", "size": "s"},
        ],
    )
    np.testing.assert_array_equal(measured(Segment("size", ("s", "tiny", "big")), tables), [2, nan, 0])
    np.testing.assert_array_equal(measured(Segment("size", ("big",)), tables), [0, nan, nan])
    np.testing.assert_array_equal(measured(Segment("colour", ("red",)), tables), [nan] * 3)


def test_positions_among_the_wanted() -> None:
    found = positions(np.array([0, 1, nan, 2, -1 + 1]), ("a", "b", "c"), ("c", "a"))
    np.testing.assert_array_equal(found, [1, nan, nan, 0, 1])
    np.testing.assert_array_equal(positions(np.array([nan]), (), ("a",)), [nan])
    np.testing.assert_array_equal(positions(np.array([]), ("a",), ("a",)), [])
