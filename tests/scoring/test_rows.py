import numpy as np
import pytest

from churn.scoring.rows import SignalRows


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_rows_come_back_as_they_were_in_the_order_asked_for(several, order):
    X = np.asarray(np.random.default_rng(0).normal(size=(50, 7)), order=order)
    X[3, 2] = np.nan
    wanted = np.array([49, 0, 3, 20, 19])
    with SignalRows(several=several) as rows:
        for part in (X[:20], X[20:20], X[20:]) if several else (X,):
            rows.add(part)
        picked = rows.pick(wanted)
        assert len(picked) == 5
        for some in (slice(0, 2), slice(2, 9)):
            got = picked[some]
            assert got.flags.c_contiguous
            assert np.array_equal(got, X[wanted[some]], equal_nan=True)


@pytest.mark.parametrize("several", [False, True])
def test_nobody(several):
    with SignalRows(several=several) as rows:
        rows.add(np.empty((0, 4)))
        assert rows.pick(np.empty(0, dtype=np.int64))[0:5].shape == (0, 4)
