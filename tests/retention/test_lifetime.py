from __future__ import annotations

import numpy as np
import pytest

from churn.retention.lifetime import Lifetime
from churn.retention.money import Money

STARTS = ["2024-01-01", "2024-02-01", "2024-03-01"]


def spent(*rows: list[float]) -> list[Money]:
    return [Money.of(np.array(r, dtype=float)) for r in rows]


def make(early: int = 0, running: bool = True) -> Lifetime:
    """By period: what the cohorts (before, January, February, March) spent."""
    money = spent([5, 100, 0, 0], [5, 50, 30, 0], [5, 25, 10, 8])
    return Lifetime.of(STARTS, np.array([1, 10, 2, 4]), money, early=early, running=running, few=3)


def test_value_per_customer_adds_up_by_age() -> None:
    january, february, march = make().cohorts
    assert january.per_customer == (10.0, 15.0, 17.5)
    assert (february.revenue, february.small, march.small) == ((30.0, 10.0), True, False)
    assert january.to_dict()["running"] == [False, False, True]


def test_the_pooled_value_adds_steps_of_the_cohorts_that_got_so_far() -> None:
    pooled = make().pooled
    assert [p["customers"] for p in pooled] == [12, 10]  # March is running at age 0, February at age 1
    assert [p["mean"] for p in pooled] == pytest.approx([130 / 12, 5.0])
    assert pooled[1]["value"] == pytest.approx(130 / 12 + 5)
    whole = make(running=False).pooled
    assert [p["cohorts"] for p in whole] == [3, 2, 1]


def test_who_may_have_come_before_is_no_cohort() -> None:
    found = make(early=1)
    assert [c.cohort for c in found.cohorts] == STARTS[1:]
    assert found.before is not None
    assert (found.before.customers, found.before.revenue) == (11, (105.0, 55.0, 30.0))
    assert found.pooled[0]["customers"] == 2


def test_a_cohort_of_nobody_has_no_value_and_stays() -> None:
    none = Lifetime.of(["2024-01-01"], np.array([0, 0]), spent([0, 0]), early=0, running=False, few=3)
    assert none.before is None
    assert none.cohorts[0].per_customer == (None,)
    assert none.pooled == []
    assert len(none.frame) == 1
