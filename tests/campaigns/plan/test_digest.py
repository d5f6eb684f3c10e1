"""The digest: of content, not of the order of rows."""

from __future__ import annotations

import pandas as pd
import pytest

from churn.campaigns.plan.digest import digest_of

FRAME = pd.DataFrame(
    {"customer": ["a", "b"], "arm": ["x", "yz"], "draw": [0.5, None], "selected": [True, False]}
)


def test_the_order_of_rows_does_not_matter():
    assert digest_of(FRAME, {"a": 1, "b": 2}) == digest_of(FRAME.iloc[::-1], {"b": 2, "a": 1})


@pytest.mark.parametrize(
    "other",
    [
        FRAME.assign(arm=["xy", "z"]),
        FRAME.assign(draw=[0.5, 0.0]),
        FRAME.assign(selected=[False, True]),
        FRAME.rename(columns={"arm": "action"}),
    ],
)
def test_everything_else_does(other):
    assert digest_of(FRAME, {}) != digest_of(other, {})
    assert digest_of(FRAME, {}) != digest_of(FRAME, {"a": 1})
