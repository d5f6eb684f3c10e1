import pandas as pd

from churn.data.base import CustomerBase
from churn.data.store import LogStore
from churn.scoring.people import contact_of, segments_of


def test_parts_and_whole_agree_in_the_order_asked_for(saved_shop, history):
    chosen = history.customers[[700, 3, 41]]
    for of in (segments_of, contact_of):
        parts, whole = (of(CustomerBase.of(d), chosen) for d in (LogStore.of(saved_shop), history))
        assert parts["customer"].tolist() == chosen.tolist()
        pd.testing.assert_frame_equal(parts, whole[parts.columns])


def test_what_is_unknown_is_empty(history):
    from dataclasses import replace

    country = history.segments["country"]
    codes = country.codes.copy()
    codes[5] = -1
    other = replace(history, segments={"country": replace(country, codes=codes)})
    found = segments_of(CustomerBase.of(other), history.customers[[5, 6]])
    assert found["country"][0] == ""
    assert found["country"][1] == country.labels[country.codes[6]]


def test_nobody(history):
    assert len(contact_of(CustomerBase.of(history), history.customers[:0])) == 0
