import numpy as np
import pandas as pd
import pytest

from churn.data.base import CustomerBase, holds
from churn.data.sample import SampleTally, id_hashes, of_customers, sample_of
from churn.data.store import LogStore
from churn.features.compute import compute_features


@pytest.fixture(scope="module")
def parts(saved_shop):
    return CustomerBase.of(LogStore.of(saved_shop))


def ids(base):
    return sorted(c for part in base.parts() for c in part.customers)


@pytest.mark.parametrize("most", [1, 40, 700])
def test_parts_and_the_whole_choose_the_same_customers(history, parts, most):
    one, several = sample_of(CustomerBase.of(history), most), sample_of(parts, most)
    assert ids(one) == ids(several)
    assert len(ids(one)) == most


def test_a_larger_sample_holds_the_smaller_one(history):
    base = CustomerBase.of(history)
    few, many = set(ids(sample_of(base, 100))), set(ids(sample_of(base, 200)))
    assert few < many


def test_a_small_base_is_its_own_sample(history, parts):
    base = sample_of(CustomerBase.of(history), len(history.customers))
    assert base.load(0, None) is history
    assert ids(sample_of(parts, len(history.customers))) == list(history.customers)


def test_the_sample_keeps_the_calendar_of_the_whole(history, parts):
    for base in (sample_of(CustomerBase.of(history), 50), sample_of(parts, 50)):
        for part in base.parts():
            assert (part.data_start, part.last_order, part.closing) == (
                history.data_start,
                history.last_order,
                history.closing,
            )


def test_a_sample_of_as_many_parts_as_the_log_holds_only_the_chosen(parts):
    some = sample_of(parts, 300)
    assert some.count == parts.count
    assert list(holds(some)[0]) == ids(some)


def test_who_is_chosen_is_no_matter_of_size_or_age(history):
    chosen = ids(sample_of(CustomerBase.of(history), 500))
    orders = np.bincount(history.logs["orders"].customer, minlength=len(history.customers))
    mine = np.isin(history.customers, chosen)
    spread = orders.std() / np.sqrt(500)
    assert abs(orders[mine].mean() - orders.mean()) < 4 * spread


def test_ids_of_every_kind_have_hashes_of_their_own():
    for index in (pd.Index([1, 2, 3]), pd.Index(["a", "b", "ü"]), pd.Index([1.5, 2.5])):
        assert len(set(id_hashes(index).tolist())) == len(index)
        assert (id_hashes(index[::-1])[::-1] == id_hashes(index)).all()


def test_chosen_customers_keep_their_rows_and_signals(history):
    keep = np.zeros(len(history.customers), dtype=bool)
    keep[[3, 77, 400]] = True
    few = of_customers(history, keep)
    assert list(few.customers) == list(history.customers[[3, 77, 400]])
    assert few.segments["country"].labels == history.segments["country"].labels
    names = ["orders_count_365d", "recency_days", "amount_365d"]
    one, two = (compute_features(h, "2025-06-01", customers=few.customers) for h in (history, few))
    pd.testing.assert_frame_equal(one[names], two[names])


def test_more_customers_than_are_kept_at_a_time(history):
    tally = SampleTally(30)
    for start in range(0, 1500, 100):
        part = np.zeros(len(history.customers), dtype=bool)
        part[start : start + 100] = True
        tally.add(of_customers(history, part))
    found = sorted(c for part in tally.parts for c in part.customers)
    assert found == ids(sample_of(CustomerBase.of(history), 30))
