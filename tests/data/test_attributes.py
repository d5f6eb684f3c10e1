import numpy as np
import pytest

from churn.data.attributes import about
from churn.data.history import NEVER
from churn.data.manifest import Master

POSITION = np.array([2, 0, 1, -1])  # of the codes 0 to 3; the last is of a customer of another bucket


def texts(*values):
    return np.array(values, dtype=object)


@pytest.fixture
def parts():
    first = {
        "code": np.array([0, 1]),
        "joined": np.array([10, 20]),
        "consent": np.array([1.0, 0.0]),
        "x.country": texts("DE", "AT"),
        "x.email": texts("old@x.org", "b@x.org"),
    }
    later = {
        "code": np.array([0]),
        "joined": np.array([11]),
        "consent": np.array([np.nan]),
        "x.country": texts("FR"),
        "x.email": texts("new@x.org"),
    }
    return [first, later]


MASTER = Master(
    joined=True, consent=True, segments={"country": {"AT": 1, "DE": 0, "FR": 1}}, contact=["email"]
)


def test_a_later_row_replaces_an_earlier_one_and_who_has_none_is_unknown(parts):
    joined, segments, contact = about(MASTER, parts, POSITION, 3, whole=True)
    assert joined.tolist() == [20, NEVER, 11]
    assert segments["country"].labels == ("AT", "FR")
    assert segments["country"].codes.tolist() == [0, -1, 1]
    assert contact["email"].tolist() == ["b@x.org", None, "new@x.org"]
    assert np.isnan(contact["consent"][1:]).all()
    assert contact["consent"][0] == 0.0


def test_some_customers_have_the_labels_of_all(parts):
    _, segments, _ = about(MASTER, parts, POSITION, 3, whole=False)
    assert segments["country"].labels == ("AT", "DE", "FR")
    assert segments["country"].codes.tolist() == [0, -1, 2]


def test_without_a_table_of_customers_nothing_is_known(parts):
    assert about(None, parts, POSITION, 3, whole=True) == (None, {}, {})
    assert about(Master(), parts, POSITION, 3, whole=True) == (None, {}, {})
