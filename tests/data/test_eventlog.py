"""Former versions of corrected rows: what a cutoff sees is what an extract of that instant would have given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data.history import NEVER
from churn.data.load import make_history
from tests.data.logs import SCHEMAS, assert_same_log, rows_of

HOUR = pd.Timedelta(1, "h")
START = pd.Timestamp("2024-05-01", tz="UTC")


def _instant(hour):
    return None if hour is None else START + hour * HOUR


def _history(rows):
    table = pa.Table.from_pylist(rows, SCHEMAS["orders"])
    return make_history(table, timezone="UTC")


# Thirty plain orders first: repeated keys without another `recorded_at` may be a tenth at most.
PLAIN = [{"customer": 1, "time": START, "amount": float(i), "order_id": f"p{i}"} for i in range(30)]


@st.composite
def versions(draw):
    hours = st.integers(0, 6)
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "customer": st.integers(1, 3),
                    "time": hours.map(_instant),
                    "amount": st.sampled_from((1.0, 2.0, 3.0)),
                    "order_id": st.sampled_from(("a", "b", "c", None)),
                    "channel": st.sampled_from(("web", "app", None)),
                    "recorded_at": (st.none() | hours).map(_instant),
                }
            ),
            max_size=8,
        )
    )
    said = {}
    kept = []
    for row in rows:  # no two of a key recorded at once, which would be order lines
        if row["order_id"] is None or row["recorded_at"] not in said.setdefault(row["order_id"], []):
            said.setdefault(row["order_id"], []).append(row["recorded_at"])
            kept.append(row)
    return kept


@settings(max_examples=60, deadline=None)
@given(rows=versions(), hour=st.integers(0, 7))
def test_a_cutoff_sees_what_an_extract_of_then_would_have_held(rows, hour):
    cutoff = _instant(hour)
    history = _history(PLAIN + rows)
    seen = history.as_of(cutoff).logs["orders"]
    known = [r for r in PLAIN + rows if (r.get("recorded_at") or r["time"]) < cutoff]
    if hour == 0:
        assert len(seen) == 0
        return
    extract = _history(known)
    then = extract.as_of(cutoff).logs["orders"]
    assert seen.earlier is None
    assert _values(history, seen) == _values(extract, then)


def _values(history, log):
    texts = [c if c < 0 else log.categories["channel"].labels[c] for c in log.categories["channel"].codes]
    ids = history.customers.to_numpy()[log.customer].tolist()
    return list(zip(ids, log.time.tolist(), log.numbers["amount"].tolist(), log.recorded.tolist(), texts))  # noqa: B905


def _corrected():
    rows = [
        {**PLAIN[0], "order_id": "a", "amount": 10.0, "recorded_at": _instant(1)},
        {**PLAIN[0], "order_id": "b", "amount": 20.0, "recorded_at": _instant(1)},
        {**PLAIN[0], "order_id": "a", "amount": 11.0, "recorded_at": _instant(3)},
    ]
    return _history(rows)


def test_the_main_log_holds_the_current_versions_only():
    log = _corrected().logs["orders"]
    assert log.numbers["amount"].tolist() == [20.0, 11.0]
    assert log.earlier.numbers["amount"].tolist() == [10.0]
    assert log.earlier.replaced.tolist() == [_instant(3).value // 1000]
    assert log.earlier.place.tolist() == [0]
    assert log.earlier.categories["channel"].labels == log.categories["channel"].labels


@pytest.mark.parametrize(("hour", "amounts"), [(1, []), (1.001, [10, 20]), (3, [10, 20]), (3.001, [20, 11])])
def test_the_instant_itself(hour, amounts):
    # A version recorded at the cutoff is not known at it, so the former one still holds.
    assert _corrected().as_of(_instant(hour)).logs["orders"].numbers["amount"].tolist() == amounts


def test_taken_rows_have_no_former_versions():
    log = _corrected().logs["orders"]
    assert log.take(slice(0, 1)).earlier is None
    assert_same_log(log.take(np.array([0])), log.take(slice(0, 1)))


def test_the_fingerprint_tells_former_versions_apart():
    one = _corrected()
    rows = [
        {**PLAIN[0], "order_id": "b", "amount": 20.0, "recorded_at": _instant(1)},
        {**PLAIN[0], "order_id": "a", "amount": 11.0, "recorded_at": _instant(3)},
    ]
    other = _history(rows)
    assert rows_of(one, "orders") == rows_of(other, "orders")
    assert one.fingerprint() != other.fingerprint()
    assert one.fingerprint() == _corrected().fingerprint()


def test_never_is_the_largest_instant():
    assert np.iinfo(np.int64).max == NEVER
