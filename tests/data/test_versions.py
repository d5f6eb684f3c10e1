from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.data.eventlog import NEVER
from churn.data.versions import repeats, replaced_by

N = NEVER


@pytest.mark.parametrize(
    ("keys", "recorded", "said", "replaced"),
    [
        (["a", "b", None, None], [1, 1, 1, 1], None, [N, N, N, N]),
        (["a", "a", "a"], [1, 2, 3], None, [2, 3, N]),
        (["a", "a", "a"], [3, 1, 2], None, [N, 2, 3]),
        (["a", "a"], [5, 5], None, [5, N]),  # recorded at once: the one read last; the other never was valid
        (
            ["a", "a"],
            [20, 3],
            [False, False],
            [3, N],
        ),  # times of rows that do not say it: by the order of reading
        (["a", "a"], [5, 9], [True, False], [N, 5]),
        (["a", "a", "a"], [1, 20, 3], [False, False, False], [3, 3, N]),
        ([], [], None, []),
    ],
)
def test_replaced_by(keys, recorded, said, replaced):
    said = None if said is None else np.array(said)
    got = replaced_by(pd.Series(keys, dtype="str"), np.array(recorded, dtype=np.int64), said)
    assert got.tolist() == replaced


def test_without_recorded_the_row_read_last_counts():
    assert replaced_by(pd.Series(["a", "b", "a", "a"]), None).tolist() == [0, N, 0, N]


@given(st.lists(st.tuples(st.sampled_from(("a", "b", None)), st.integers(0, 4), st.booleans()), max_size=10))
def test_exactly_one_version_is_valid_at_every_instant(rows):
    keys, recorded = [r[0] for r in rows], [r[1] for r in rows]
    said = np.array([r[2] for r in rows], dtype=bool)
    got = replaced_by(pd.Series(keys, dtype="str"), np.array(recorded, dtype=np.int64), said)
    for t in range(6):
        for key in ("a", "b"):
            known = [
                (said[i] * (recorded[i] + 1), i) for i, k in enumerate(keys) if k == key and recorded[i] < t
            ]
            valid = [i for i, k in enumerate(keys) if k == key and recorded[i] < t <= got[i]]
            assert valid == ([max(known)[1]] if known else [])


def test_repeats():
    keys = pd.Series(["a", "a", "b", None, None, "a"])
    assert repeats(keys).tolist() == [False, True, False, False, False, True]
    assert repeats(keys, np.array([1, 2, 1, 1, 1, 1])).tolist() == [False, False, False, False, False, True]
    assert not repeats(keys, None, np.arange(6)).any()
