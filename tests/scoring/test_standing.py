from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Inactivity
from churn.model.bands import bands_of
from churn.scoring.stages import UsualGap, stage_names, stages
from churn.scoring.standing import BASES, Standing, StandingTally
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
RULE = Inactivity(60, 30)


def standing_of(data, rule=RULE, t: int = T) -> Standing:
    base = CustomerBase.of(data)
    tally = StandingTally(rule, t, UsualGap.of(base, rule, t))
    count(base, tally)
    return tally.result()


def scored(standing: Standing, p) -> pd.DataFrame:
    active = ~np.isin(standing.codes, (3, 5))
    p = np.broadcast_to(np.asarray(p, dtype=float), active.sum())
    return pd.DataFrame(
        {
            "customer": standing.customers[active],
            "churn_probability": p,
            "risk_band": bands_of(p),
            "value_at_stake": 10 * p,
        }
    )


def small(*, new: bool = True) -> History:
    """a is lapsed, b and c have long been active, d is new, e wrote and never ordered."""
    rows = orders(T - 300 * DAY) + orders(T - 50 * DAY, customer="b") + orders(T - 40 * DAY, customer="c")
    rows += orders(T - 9 * DAY if new else T - 45 * DAY, customer="d") + orders(T + DAY, customer="later")
    return history_of(Tables(rows, interactions=[{"customer": "e", "time": T - DAY, "kind": "visit"}]))


def test_nobody_who_is_known_is_dropped_and_nobody_else_comes_in() -> None:
    standing = standing_of(small())
    found = standing.complete(scored(standing, [0.1, 0.2, 0.6])).everyone
    assert found["customer"].tolist() == ["a", "b", "c", "d", "e"]
    assert found["basis"].tolist() == ["lapsed", "model", "model", "model", "fallback"]
    assert found["stage"].tolist() == ["lapsed", "active", "active", "new", "no order yet"]


def test_without_a_history_the_mean_of_the_new_customers_stands_in() -> None:
    standing = standing_of(small())
    done = standing.complete(scored(standing, [0.1, 0.2, 0.6]))
    np.testing.assert_equal(done.everyone["churn_probability"].to_numpy(), [np.nan, 0.1, 0.2, 0.6, 0.6])
    assert done.everyone["risk_band"].tolist() == ["", "low", "low", "high", "high"]
    np.testing.assert_equal(done.everyone["value_at_stake"].to_numpy()[[0, 4]], [np.nan, np.nan])
    assert done.facts["fallback"] == {
        "customers": 1,
        "churn_probability": 0.6,
        "said": "1 known customer with no order yet has no history to go by, and stands with 60.0 %, the mean probability of "
        "the 1 new customer, off the list",
    }
    assert done.facts["basis"] == {"model": 3, "fallback": 1, "lapsed": 1}
    assert set(done.facts["basis"]) == set(BASES)
    assert sum(done.facts["stages"].values()) == 5
    assert tuple(done.facts["stage_rules"]) == stage_names(RULE)


def test_without_new_customers_the_mean_of_all_active_ones_stands_in() -> None:
    standing = standing_of(small(new=False))
    done = standing.complete(scored(standing, [0.1, 0.2, 0.6]))
    assert done.everyone["churn_probability"].iloc[-1] == pytest.approx(0.3)
    assert done.everyone["risk_band"].iloc[-1] == "elevated"
    assert "the mean probability of all 3 active customers" in done.facts["fallback"]["said"]


def test_where_everybody_has_a_history_nothing_stands_in() -> None:
    standing = standing_of(history_of(Tables(orders(T - DAY) + orders(T + DAY, customer="z"))))
    done = standing.complete(scored(standing, 0.5))
    assert done.facts["fallback"]["churn_probability"] is None
    assert done.facts["fallback"]["customers"] == 0
    assert done.everyone["basis"].tolist() == ["model"]


def test_parts_give_what_the_whole_gives(history, saved_shop, definition) -> None:
    t = history.instant("2025-09-01")
    whole, parted = (standing_of(d, definition, t) for d in (history, LogStore.of(saved_shop)))
    assert whole.customers.tolist() == parted.customers.tolist() == sorted(whole.customers)
    assert whole.codes.tolist() == parted.codes.tolist()
    usual = UsualGap.of(CustomerBase.of(history), definition, t).days
    codes = stages(history, definition, t, usual_gap_days=usual)
    assert whole.codes.tolist() == codes[codes >= 0].tolist()
    assert set(history.customers[codes < 0]) == set(history.customers) - set(whole.customers)
    population = history.customers[definition.population(history.as_of(t))]
    done = whole.complete(scored(whole, 0.2)).everyone
    assert done.loc[done["basis"] == "model", "customer"].tolist() == population.tolist()


def test_a_base_without_customers_is_no_error() -> None:
    tally = StandingTally(RULE, T, UsualGap(RULE, T))
    assert len(tally.result().customers) == 0
