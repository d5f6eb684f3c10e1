"""Ids: 7 and "7" are one customer, and what no database can keep is refused."""

from __future__ import annotations

import pytest

from churn.campaigns.ledger.people import digests, texts
from churn.errors import DataError


@pytest.mark.parametrize("wrong", [None, float("nan"), "", "a\0b", "\ud800"])
def test_ids_that_cannot_be(wrong):
    with pytest.raises(DataError, match=r"1 of 2 ids"):
        texts(["C1", wrong])


def test_ids_that_can_be():
    odd = ["=1+1", "two\nlines", "L" * 10_000, "😀", " "]
    assert texts(odd) == odd
    assert texts([7, 7.0, "7"]) == ["7"] * 3
    assert len(set(digests(odd))) == len(odd)
