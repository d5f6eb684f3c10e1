import numpy as np
import pytest

import churn
from churn.data.base import CustomerBase
from churn.data.sample import sample_of
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.features.catalogue import catalogue
from churn.features.compute import feature_matrices
from churn.features.over import base_for, compute_over, pools_over


@pytest.fixture(scope="module")
def parts(saved_shop):
    return CustomerBase.of(LogStore.of(saved_shop))


def everybody(part, cutoff):
    return np.flatnonzero(
        np.bincount(part.logs["orders"].known_before(cutoff).customer, minlength=len(part.customers))
    )


def test_parts_give_the_bits_of_the_whole(history, parts):
    signals = catalogue(history)
    cutoffs = [history.instant("2025-01-01"), history.instant("2025-06-01")]
    who = [everybody(history, c) for c in cutoffs]
    whole = feature_matrices(history, cutoffs, who, signals)
    seen = {c: {} for c in cutoffs}
    for computed in compute_over(parts, cutoffs, everybody, signals):
        for c, positions, X in zip(cutoffs, computed.populations, computed.matrices, strict=True):
            seen[c] |= {
                i: row.tobytes() for i, row in zip(computed.part.customers[positions], X, strict=True)
            }
    for c, positions, X in zip(cutoffs, who, whole, strict=True):
        assert seen[c] == {i: row.tobytes() for i, row in zip(history.customers[positions], X, strict=True)}


def test_pools_are_added_up_only_where_there_are_parts_to_add(history, parts):
    signals, t = catalogue(history), [history.instant("2025-06-01")]
    assert pools_over(CustomerBase.of(history), t, signals) is None
    assert len(pools_over(parts, t, signals)) > 0
    plain = [s for s in signals if s.name == "orders_count_30d"]
    assert pools_over(parts, t, plain) == {}


@pytest.mark.parametrize("names", [{"orders_count_30d"}, {"orders_count_30d", "gap_usual_days"}])
def test_tallies_count_every_part_once_in_the_same_pass(history, parts, names):
    class Customers:
        seen: tuple = ()

        def add(self, part):
            assert "tickets" in part.logs
            assert len(part.customers)
            self.seen += tuple(part.customers)

    signals = [s for s in catalogue(history) if s.name in names]
    for base in (parts, CustomerBase.of(history)):
        tally = Customers()
        pools_over(
            base, [history.instant("2025-06-01")], signals, tallies=[tally], tables={"orders", "tickets"}
        )
        assert sorted(tally.seen) == list(history.customers)


def test_a_signal_made_in_python_gets_the_whole(saved_shop, parts):
    @churn.signal("all_rows", tables=["orders"], meaning="orders of the customer")
    def all_rows(orders, as_of):
        return orders.groupby("customer").size()

    store = LogStore.of(saved_shop)
    for data in (store, parts):  # as the commands open it
        assert base_for(data, [all_rows]).count == 1
        assert base_for(data, []).count == store.buckets > 1
    some = sample_of(parts, 50)
    assert some.count > 1
    with pytest.raises(ParameterError, match=r"'all_rows' was made in Python.*Pass the saved log") as e:
        base_for(some, [all_rows])
    assert e.value.code == "needs-whole"
