"""What a campaign can show: by hand, by simulation, and where nothing can be shown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from churn.campaigns.sizing.power import SHARES, power
from churn.campaigns.statistics.effects import estimate
from churn.errors import ParameterError


def test_the_smallest_effect_is_shown_with_the_wanted_chance():
    first = power(2000, 0.4, share=0.2)
    again = power(2000, 0.4, share=0.2, effect=first.now.smallest)
    assert again.now.chance == pytest.approx(0.8, abs=1e-6)
    assert again.needed_share == pytest.approx(0.2, abs=1e-3)
    assert again.needed_customers in (2000, 2001)


def test_the_textbook_number_of_customers():
    # Fleiss, without continuity correction: 0.4 against 0.3, half and half, 80 %: 356 of each.
    p = 0.35
    hand = (
        norm.isf(0.025) * np.sqrt(2 * p * (1 - p)) + norm.ppf(0.8) * np.sqrt(0.4 * 0.6 + 0.3 * 0.7)
    ) ** 2 / 0.01
    assert power(100, 0.4, share=0.5, effect=0.1).needed_customers == pytest.approx(2 * hand, abs=1)
    assert 2 * 355 < 2 * hand < 2 * 357


def test_amounts_by_hand():
    found = power(1000, 0.4, amounts={"orders": (1.0, 2.0)}, share=0.1).now
    assert found.amounts["orders"] == pytest.approx(
        (1.959964 + 0.841621) * 2 * np.sqrt(1 / 100 + 1 / 900), rel=1e-6
    )


@pytest.mark.parametrize(
    ("n", "share", "base", "effect"), [(600, 0.1, 0.4, 0.16), (2000, 0.2, 0.3, 0.07), (600, 0.5, 0.6, 0.1)]
)
def test_the_chance_is_what_the_estimate_has(n, share, base, effect):
    random = np.random.default_rng(5)
    t = np.arange(n) >= share * n
    drawn = 400
    shown = sum(
        estimate(random.random(n) < np.where(t, 1 - base + effect, 1 - base), t).low > 0 for _ in range(drawn)
    )
    said = power(n, base, share=share, effect=effect).now.chance
    assert abs(shown / drawn - said) < 4 * np.sqrt(said * (1 - said) / drawn)


def test_what_was_known_before_helps():
    plain, adjusted = power(1000, 0.4), power(1000, 0.4, variance_kept=0.5)
    assert adjusted.now.smallest == pytest.approx(plain.now.smallest * 0.5**0.5, rel=0.03)


def test_half_and_half_shows_most_and_costs_most():
    answer = power(1000, 0.4, effect=0.05, profit=2.0, share=0.15)
    assert [s.share for s in answer.shares] == sorted([*SHARES, 0.15])
    smallest = [s.smallest for s in answer.shares]
    assert smallest == sorted(smallest, reverse=True)
    assert answer.shares[-1].forgone == pytest.approx(1000)
    assert answer.now.forgone == pytest.approx(300)


def test_too_few_can_show_nothing_and_it_is_said():
    answer = power(12, 0.4, effect=0.1)
    assert answer.now.smallest is None
    assert answer.now.chance == 0
    assert answer.said.startswith(
        "Expected are 10.0 points; with 10.0 % held out of 12 no effect can be shown, not even if everybody were saved. "
        "No share of these customers shows it. To show it: measure "
    )
    assert "none" in str(answer)
    assert (
        power(1, 0.4).said
        == "With 10.0 % held out of 1 no effect can be shown, not even if everybody were saved."
    )


def test_the_sentence_names_the_ways_out():
    assert power(5000, 0.4, effect=0.05).said == (
        "Expected are 5.0 points; with 10.0 % held out of 5,000 the smallest effect that shows is 6.3 points. To show it: "
        "hold out 18 %, or measure 2 campaigns like it together, or contact 8,090 customers."
    )
    assert power(5000, 0.4, effect=0.05, is_plan=True).said.startswith(
        "The plan expects 5.0 points; with 10.0 %"
    )
    assert power(20_000, 0.4, effect=0.05).said.endswith("So it will show with a chance of 99 %.")
    assert (
        power(5000, 0.4).said == "With 10.0 % held out of 5,000 the smallest effect that shows is 6.3 points."
    )


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"customers": 0}, "nobody to contact"),
        ({"base_rate": 0}, r"base rate is not allowed. Given: 0. Allowed: between 0 and 1"),
        ({"base_rate": float("nan")}, "base rate"),
        ({"share": 1}, "held-out share"),
        ({"power": 0.01}, "above alpha"),
        ({"variance_kept": 0}, "kept variance"),
        ({"effect": 0.5}, r"at most the base rate 0.4: nobody more can be saved"),
        ({"effect": -0.1}, "expected effect is not allowed"),
        ({"amounts": {"orders": (1, float("nan"))}}, "standard deviation of orders"),
    ],
)
def test_what_is_not_allowed_is_told(change, match):
    with pytest.raises(ParameterError, match=match) as told:
        power(**{"customers": 100, "base_rate": 0.4, **change})
    assert told.value.fix


def test_it_is_public():
    import churn.campaigns

    assert churn.campaigns.power is power
