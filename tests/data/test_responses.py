from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churn
from churn.campaigns.blocks import ACTION_KINDS
from churn.data.responses import ACCEPTS, HALF_LIFE_DAYS, KINDS, answers, hurt_at, people_of, reach
from churn.errors import ParameterError

NO = np.array([False])


def one(**change):
    usual = {"rate_per_day": 1 / 40, "shape": 1, "spend": 45.0, "reads": 0.2, "business": False}
    return pd.DataFrame({k: [v] for k, v in (usual | change).items()})


def saves(kind, hurt=False, **change):
    return float(answers(kind, one(**change), np.array([hurt])).saves[0])


def wakes(kind, hurt=False, **change):
    return float(answers(kind, one(**change), np.array([hurt])).wakes[0])


def test_the_shop_knows_every_kind_of_action():
    assert set(KINDS) == set(ACTION_KINDS)
    assert set(ACCEPTS) <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_chances_are_probabilities_and_vanish_without_an_effect(kind):
    rng = np.random.default_rng(0)
    people = pd.DataFrame(
        {
            "rate_per_day": rng.uniform(1 / 300, 1 / 5, 500),
            "shape": rng.integers(1, 5, 500),
            "spend": rng.lognormal(4, 1, 500),
            "reads": rng.beta(1.2, 3.5, 500),
            "business": rng.random(500) < 0.1,
        }
    )
    hurt = rng.random(500) < 0.2
    answer = answers(kind, people, hurt)
    for chance in (answer.saves, answer.wakes):
        assert chance.shape == (500,)
        assert ((chance >= 0) & (chance < 1)).all()
    assert answer.saves.max() > 0.25
    nothing = answers(kind, people, hurt, effect=0)
    assert not nothing.saves.any()
    assert not nothing.wakes.any()


def test_each_kind_speaks_to_its_own():
    assert saves("call", hurt=True) > 4 * saves("call")
    assert saves("email_series", reads=0.6) > 2 * saves("email_series", reads=0.1)
    assert saves("email_series", reads=0.0) == 0
    assert saves("discount", spend=20, rate_per_day=0.1) > 4 * saves("discount", spend=150, rate_per_day=0.1)
    assert saves("gift", spend=150) > 4 * saves("gift", spend=20)
    assert wakes("call", business=True) > 10 * wakes("call")
    assert wakes("call", business=True, hurt=True) == 0
    assert wakes("email_series", shape=4, reads=0.05) > 0.3
    assert wakes("email_series", shape=4, reads=0.3) == 0


def test_what_is_left_halves():
    assert reach(np.array([0, HALF_LIFE_DAYS, 2 * HALF_LIFE_DAYS, -5])).tolist() == [1, 0.5, 0.25, 1]


def test_an_unknown_kind_is_refused():
    with pytest.raises(ParameterError, match="no such kind"):
        answers("prayer", one(), NO)


def test_who_is_hurt_on_the_instant_and_until_the_answer():
    shop = churn.make_shop(400, seed=2)
    asked = shop.tickets[shop.tickets["is_complaint"]]
    late = asked[(asked["first_reply"] - asked["opened"]) > pd.Timedelta(days=9)].iloc[0]
    row = shop.customers.index[shop.customers["customer"] == late["customer"]][0]
    opened = (late["opened"] - shop.start) / pd.Timedelta(days=1)
    reply = (late["first_reply"] - shop.start) / pd.Timedelta(days=1)
    others = asked[(asked["customer"] == late["customer"]) & (asked.index != late.name)]
    assert (
        others.empty
        or not ((others["opened"] < late["first_reply"]) & (others["opened"] > late["opened"])).any()
    )

    def hurt(at):
        return bool(hurt_at(shop, np.full(len(shop.customers), at))[row])

    assert not hurt(opened + 6.999)
    assert hurt(opened + 7)
    assert hurt(reply)
    assert not hurt(reply + 0.001)


def test_who_did_not_consent_reads_no_mail():
    shop = churn.make_shop(400, seed=2)
    people = people_of(shop)
    assert (people["reads"][~shop.customers["consent"]] == 0).all()
    assert (people["reads"][shop.customers["consent"]] > 0).all()
    assert people["business"].equals(shop.customers["segment"].eq("business"))
