"""A future drawn anew has the law of the shop's own draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.data.continued import draw_future
from churn.data.truth import Season, draw_people

START = pd.Timestamp("2024-01-01", tz="UTC")
N, SINCE, DAYS = 400, 200.0, 400.0


def future(leaves: float, last: float = 190.0, rate: float = 0.1, **change):
    who = draw_people(np.random.default_rng(0), N, Season(START, DAYS)).assign(
        rate_per_day=rate, shape=4, **change
    )
    rngs = [np.random.default_rng([1, i]) for i in range(N)]
    full = {"since": SINCE, "last": last, "leaves": leaves}
    return who, draw_future(
        who,
        pd.Index([f"C{i:06d}" for i in range(N)]),
        rngs,
        **{k: np.full(N, v) for k, v in full.items()},
        start=START,
        days=DAYS,
        ignored_effect=0.5,
        ignored_after_days=7,
    )


def days(table, name="time"):
    return ((table[name] - START) / pd.Timedelta(days=1)).to_numpy()


def test_orders_come_at_the_customers_rate_and_after_the_contact():
    who, made = future(np.inf, complains=0.0)
    orders = made.tables["orders"]
    when = days(orders)
    assert (when >= SINCE).all()
    assert (when < DAYS).all()
    season = Season(START, DAYS)
    passed = float(np.diff(season.clock(np.array([SINCE, DAYS])))[0])
    assert len(orders) / N == pytest.approx(0.1 * passed, rel=0.05)
    usual = orders["customer"].str[1:].astype(int).map(who["spend"])
    assert (orders["amount"] / usual).mean() == pytest.approx(np.exp(0.45**2 / 2) * 1.04, rel=0.1)
    assert not made.hurt.any()


def test_the_first_gap_began_with_the_last_order():
    first = {}
    for last in (199.0, 185.0):
        _, made = future(np.inf, last)
        first[last] = days(made.tables["orders"].drop_duplicates("customer")).mean() - SINCE
    assert first[185.0] < first[199.0] - 3


def test_who_leaves_at_the_contact_fades_and_stops():
    _, made = future(SINCE, fade=40.0)
    for name in ("orders", "interactions"):
        when = days(made.tables[name])
        assert when.min() >= SINCE
        assert when.max() <= SINCE + 44  # a mail of the last week may be opened late
    _, stays = future(np.inf, fade=40.0)
    assert len(made.tables["orders"]) < 0.3 * len(stays.tables["orders"])


def test_ignored_complaints_make_the_changed_leave_too():
    _, made = future(np.inf, complains=0.8)
    assert made.hurt.mean() > 0.5
    assert (made.leaves[made.hurt] > SINCE + 7).all()
    asked = made.tables["tickets"]
    assert (asked["opened"] >= START + pd.Timedelta(days=SINCE)).all()
    assert len(made.ordered["tickets"]) == len(asked)
    assert (made.ordered["tickets"] <= days(asked, "opened") + 1e-4).all()
    assert (made.ordered["returns"] <= days(made.tables["returns"]) - 2.99).all()


def test_a_long_silence_is_no_trouble():
    _, made = future(np.inf, last=1.0, rate=0.2)
    first = days(made.tables["orders"].drop_duplicates("customer"))
    assert np.isfinite(first).all()
    assert first.mean() - SINCE < 5


def test_at_the_very_end_nothing_comes():
    who = draw_people(np.random.default_rng(0), 3, Season(START, DAYS))
    made = draw_future(
        who,
        pd.Index(["a", "b", "c"]),
        [np.random.default_rng(i) for i in range(3)],
        since=np.full(3, DAYS - 1e-4),
        last=np.full(3, DAYS - 1),
        leaves=np.full(3, np.inf),
        start=START,
        days=DAYS,
        ignored_effect=0.5,
        ignored_after_days=7,
    )
    assert len(made.tables["orders"]) <= 3
