from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn.data.eventlog import NEVER, Category
from churn.data.events import Rows, categorise, compact, in_order, local_day, make_log


def rows(*times: int, **more) -> Rows:
    n = len(times)
    return Rows(np.array(times), np.arange(n, dtype=np.int32), {"amount": np.arange(n) * 1.0}, **more)


def test_ties_stay_in_the_order_of_the_source():
    log = make_log("returns", rows(5, 3, 5, 3), "UTC")
    assert log.time.tolist() == [3, 3, 5, 5]
    assert log.customer.tolist() == [1, 3, 0, 2]
    assert "day" not in log.numbers


def test_former_versions_are_parted_with_their_place():
    replaced = np.array([NEVER, 9, NEVER, 8])
    log = make_log("returns", rows(1, 2, 3, 4, recorded=np.array([1, 2, 3, 4]), replaced=replaced), "UTC")
    assert log.time.tolist() == [1, 3]
    assert log.earlier.time.tolist() == [2, 4]
    assert log.earlier.replaced.tolist() == [9, 8]
    assert log.earlier.place.tolist() == [1, 2]


@pytest.mark.parametrize(("recorded", "left"), [(None, [1, 3]), (np.array([1, 2, 9]), [1, 2, 3])])
def test_what_no_cutoff_sees_is_taken_out(recorded, left):
    until = np.array([NEVER, 5, NEVER])
    kept = in_order(rows(1, 2, 3, recorded=recorded), None, until, sorted_=True)
    assert kept.time.tolist() == left
    gone = in_order(rows(1, 2, 3, recorded=np.array([1, 5, 9])), None, until, sorted_=True)
    assert gone.time.tolist() == [1, 3]  # replaced at the instant at which it became known


def test_local_days_change_at_local_midnight_also_before_1970():
    instants = ["2024-03-30T22:59:59", "2024-03-30T23:00", "2024-03-31T21:59:59", "2024-03-31T22:00"]
    first = (pd.Timestamp("2024-03-30") - pd.Timestamp(0)).days
    days = local_day(pd.DatetimeIndex(instants).as_unit("us").asi8, "Europe/Berlin")
    assert (days - first).tolist() == [0, 1, 1, 2]  # the day on which the clocks change has 23 hours
    assert local_day(np.array([-1, 0]), "UTC").tolist() == [-1.0, 0.0]


def test_codes_follow_the_labels_and_unknown_stays_unknown():
    coded = categorise(pa.chunked_array([pa.array(["web", None, "app"])]))
    assert (coded.codes.tolist(), coded.labels) == ([1, -1, 0], ("app", "web"))
    given = compact(coded, ("web", "shop"))
    assert (given.codes.tolist(), given.labels) == ([0, -1, -1], ("web", "shop"))
    none = compact(Category(np.array([-1, -1], dtype=np.int32), ("web",)))
    assert (none.codes.tolist(), none.labels) == ([-1, -1], ())
