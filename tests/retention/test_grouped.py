from __future__ import annotations

import numpy as np
import pytest

from churn.data.base import CustomerBase
from churn.errors import ParameterError
from churn.retention.grouped import SHOWN_GROUPS, GroupCounts
from churn.retention.groups import MOST_GROUPS, OTHER, UNKNOWN, Grouping


def test_groups_of_parts_add_up_whatever_labels_a_part_has() -> None:
    counts = GroupCounts(Grouping("country"))
    counts.add(("DE", "FR", UNKNOWN), np.array([[1, 2], [3, 4], [0, 0]]))
    counts.add(("FR", "UK", UNKNOWN), np.array([[10, 20, 30], [1, 1, 1], [5, 0, 0]]))
    assert {k: v[0].tolist() for k, v in counts.groups().items()} == {
        "FR": [13, 24, 30],
        "DE": [1, 2],
        "UK": [1, 1, 1],
        UNKNOWN: [5, 0, 0],
    }
    assert counts.total()[0].tolist() == [20, 27, 31]


def test_the_smallest_groups_are_put_together_and_empty_ones_are_none() -> None:
    counts = GroupCounts(Grouping("city"))
    names = [f"c{i:02d}" for i in range(SHOWN_GROUPS + 3)]
    counts.add(names, np.arange(len(names))[:, None])
    found = counts.groups()
    assert list(found) == [*names[:-SHOWN_GROUPS:-1], OTHER]
    assert found[OTHER][0].sum() == 1 + 2 + 3
    assert sum(int(v[0].sum()) for v in found.values()) == counts.total()[0].sum()


def test_without_a_grouping_there_is_one_count_and_no_group(history) -> None:
    counts = GroupCounts.of(CustomerBase.of(history), None)
    assert counts.total() == ()
    labels, codes = counts.codes(history, history.logs, np.ones(len(history.customers), dtype=bool))
    assert (len(labels), codes.max()) == (1, 0)
    counts.add(labels, np.array([[7]]))
    assert (counts.total()[0].tolist(), counts.groups()) == ([7], {})


def test_what_is_no_group_to_follow_is_told(history) -> None:
    base = CustomerBase.of(history)
    with pytest.raises(ParameterError, match="last channel changes"):
        GroupCounts.of(base, "last_channel")
    with pytest.raises(ParameterError, match="no such group"):
        GroupCounts.of(base, "planet")
    counts = GroupCounts(Grouping("id"))
    with pytest.raises(ParameterError, match="too many groups"):
        counts.add([str(i) for i in range(MOST_GROUPS + 1)], np.ones((MOST_GROUPS + 1, 1)))
