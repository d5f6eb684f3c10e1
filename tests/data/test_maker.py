from __future__ import annotations

import numpy as np
import pandas as pd

import churn
from churn.data.maker import Maker, draw_requests
from churn.data.truth import Season, draw_people, to_days


def test_the_course_tells_when_what_came_later_was_ordered():
    shop = churn.make_shop(300, seed=5)
    for table, name, ordered, least in (
        (shop.returns, "time", shop.course.returned, 3.0),
        (shop.tickets, "opened", shop.course.asked, 0.0),
    ):
        assert len(ordered) == len(table)
        delay = to_days(table[name], shop.start) - ordered
        assert (delay > least - 1e-4).all()
        placed = shop.orders.groupby("customer")["time"].agg(list).to_dict()
        for customer, at in list(zip(table["customer"], ordered, strict=True))[:50]:
            gaps = [abs((t - shop.start) / pd.Timedelta(days=1) - at) for t in placed[customer]]
            assert min(gaps) < 2 / 86_400
    assert shop.course.who["join"].is_monotonic_increasing


def test_nobody_asks_without_a_chance_and_complaints_wait_longer():
    rng = np.random.default_rng(0)
    assert draw_requests(rng, np.zeros(50), complaint=True).empty
    complaints, questions = (draw_requests(rng, np.ones(4000), complaint=c) for c in (True, False))
    assert (complaints["reply"] > 7).mean() > 0.25 > 0.1 > (questions["reply"] > 7).mean()
    assert complaints["order"].tolist() == list(range(4000))


def test_a_maker_of_some_customers_uses_their_ids():
    start = pd.Timestamp("2025-01-01", tz="UTC")
    who = draw_people(np.random.default_rng(0), 2, Season(start, 100))
    make = Maker(who, np.full(2, np.inf), start, 100.0, pd.Index(["x", "y"]))
    made = make.returned(np.array([1, 0, 1]), np.zeros(3), np.array([5.0, 4.0, 100.0]), np.ones(3))
    assert made["customer"].tolist() == ["x", "y"]
    assert len(make.ordered["returns"]) == 2
