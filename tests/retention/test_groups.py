from __future__ import annotations

import pytest

from churn.data.base import CustomerBase
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.retention.groups import check_grouping, groupings
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders


def test_segments_and_channels_are_groups_in_memory_and_saved(history, saved_shop):
    names = groupings(CustomerBase.of(history))
    assert set(names) == {"country", "segment", "channel", "last_channel"}
    assert set(groupings(CustomerBase.of(LogStore.of(saved_shop)))) == set(names)


def test_what_is_no_group_is_told_with_those_there_are(history):
    with pytest.raises(ParameterError) as error:
        check_grouping(CustomerBase.of(history), "colour")
    assert error.value.code == "no-such-group"
    assert "Given: 'colour'. Allowed: " in str(error.value)
    plain = history_of(Tables(orders(instant("2024-01-01"), instant("2024-01-01") + DAY)))
    with pytest.raises(
        ParameterError, match="none: the customers have no segments and the orders no channel"
    ):
        check_grouping(CustomerBase.of(plain), "channel")
