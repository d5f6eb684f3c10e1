"""Effects: by hand, against scipy, and where nothing can be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from churn.campaigns.statistics.effects import Effect, estimate, newcombe, together
from churn.errors import NotEnoughDataError, ParameterError

ARMS = np.repeat([True, False], [900, 100])


def test_without_covariates_it_is_welchs_interval_where_the_holdout_spreads_more():
    random = np.random.default_rng(1)
    y = np.concatenate([random.normal(10, 1, 900), random.normal(9, 3, 100)])
    effect, welch = estimate(y, ARMS), ttest_ind(y[ARMS], y[~ARMS], equal_var=False)

    assert [effect.low, effect.high] == pytest.approx(list(welch.confidence_interval()))
    assert effect.p_value == pytest.approx(welch.pvalue)
    assert effect.method == "difference of means, HC2 standard error"


def test_a_holdout_that_spreads_less_by_chance_does_not_narrow_the_interval():
    random = np.random.default_rng(1)
    y = np.concatenate([random.normal(10, 3, 900), random.normal(9, 1, 100)])
    effect, pooled = estimate(y, ARMS), ttest_ind(y[ARMS], y[~ARMS], equal_var=True)

    assert [effect.low, effect.high] == pytest.approx(list(pooled.confidence_interval()))
    assert effect.method == "difference of means, pooled standard error"


def test_equal_arms_of_equal_spread_agree_with_the_textbook():
    effect = estimate(
        [1.0, 2, 3, 2, 3, 4], [1, 1, 1, 0, 0, 0]
    )  # spread 1 in both: error sqrt(2/3), 4 degrees
    assert effect.effect == pytest.approx(-1)
    assert effect.standard_error == pytest.approx((2 / 3) ** 0.5)
    assert effect.low == pytest.approx(-1 - 2.776445 * (2 / 3) ** 0.5)
    assert effect.total() == pytest.approx((-3, 3 * effect.low, 3 * effect.high))


def test_what_was_known_before_is_taken_out():
    random = np.random.default_rng(2)
    score = random.uniform(0, 1, 1000)
    y = 100 * score + random.normal(0, 10, 1000) + 5 * ARMS
    plain, adjusted = estimate(y, ARMS), estimate(y, ARMS, pd.DataFrame({"score": score}))

    assert plain.high - plain.low > 2.5 * (adjusted.high - adjusted.low)
    assert adjusted.variance_kept < 0.16
    assert adjusted.low < 5 < adjusted.high
    assert adjusted.method.startswith("difference of means adjusted for score (Lin 2013)")


def test_an_adjusted_effect_is_that_of_each_arms_own_line_at_the_common_mean():
    x = np.array([0.0] * 10 + [1.0] * 30 + [0.0] * 16 + [1.0] * 4)
    t = np.repeat([True, False], [40, 20])
    y = np.where(t, 3 + 2 * x, 1 + 5 * x) + np.tile([-0.5, 0.5], 30)

    assert estimate(y, t, x).effect == pytest.approx((3 + 2 * 34 / 60) - (1 + 5 * 34 / 60))
    assert estimate(y, t, strata=np.where(x, "high", "low")).effect == pytest.approx(estimate(y, t, x).effect)


def test_adjusting_gives_the_same_whatever_the_covariates_unit():
    random = np.random.default_rng(3)
    x = random.normal(size=(1000, 2))
    y = x @ [1, 2] + random.normal(size=1000)
    one, other = estimate(y, ARMS, x), estimate(y * 1e6, ARMS, x * [1e-6, 1e9] + [0, 1e6])

    assert other.low == pytest.approx(1e6 * one.low, rel=1e-4)


def test_columns_that_cannot_be_adjusted_for_are_left_out():
    random = np.random.default_rng(4)
    score = random.uniform(size=1000)
    y = score + random.normal(size=1000)
    one = estimate(y, ARMS, score)
    only_treated = ARMS & (np.arange(1000) < 50)  # a column that never varies among the held out
    again = estimate(
        y, ARMS, np.column_stack([score, np.ones(1000), 2 * score, only_treated, [np.nan] * 1000])
    )
    assert again.low == pytest.approx(one.low)
    lonely = np.where(only_treated, "rare", "usual")
    assert estimate(y, ARMS, score, strata=lonely).low == pytest.approx(one.low)


def test_a_small_holdout_bears_few_columns():
    random = np.random.default_rng(5)
    t = np.repeat([True, False], [200, 19])
    names = ["first", "second"]
    y, x = random.normal(size=219), pd.DataFrame(random.normal(size=(219, 2)), columns=names)
    assert "adjusted for first (" in estimate(y, t, x).method
    assert "adjusted" not in estimate(y[:209], t[:209], x[:209]).method  # 9 are held out


def test_few_yes_or_no_are_newcombes():
    kept = np.concatenate([np.ones(870), np.zeros(30), np.ones(91), np.zeros(9)])
    effect = estimate(kept, ARMS, np.arange(1000))

    assert (effect.low, effect.high) == pytest.approx(newcombe(870, 900, 91, 100))
    assert effect.variance_kept == 1
    assert "Newcombe" in effect.method
    low, _ = newcombe(870, 900, 91, 100, effect.p_value)
    assert low == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("yes", "n", "expected"),
    [
        ((56, 48), (70, 80), (0.0524, 0.3339)),
        ((10, 0), (10, 20), (0.6791, 1.0)),
        ((0, 0), (10, 20), (-0.1611, 0.2775)),
    ],
)
def test_newcombes_own_examples(yes, n, expected):
    assert newcombe(yes[0], n[0], yes[1], n[1]) == pytest.approx(expected, abs=5e-5)


def test_all_or_none_of_an_arm_still_have_an_interval():
    effect = estimate(np.ones(1000), ARMS)
    assert effect.effect == 0
    assert effect.low < 0 < effect.high
    assert effect.p_value == 1
    sure = estimate(ARMS.astype(float), ARMS)
    assert sure.low > 0.9
    assert sure.p_value == pytest.approx(1e-12)


def test_unknown_outcomes_are_counted_and_left_out():
    random = np.random.default_rng(6)
    y, x = random.normal(size=1000), random.normal(size=1000)
    y[[0, 1, 950]] = np.nan
    effect, without = (
        estimate(y, ARMS, x),
        estimate(np.delete(y, [0, 1, 950]), np.delete(ARMS, [0, 1, 950]), np.delete(x, [0, 1, 950])),
    )

    assert (effect.treated, effect.holdout, effect.unknown_treated, effect.unknown_holdout) == (898, 99, 2, 1)
    assert effect.low == without.low


def test_a_customer_who_decides_is_named_and_not_cut_off():
    y = np.full(1000, 10.0) + np.arange(1000) % 7
    y[950] = 20_000
    effect = estimate(y, ARMS)

    assert effect.effect < -190
    assert effect.warnings == (
        "One customer has 94 % of the outcome of the held out: the effect hangs on a few. "
        "Without the largest of each arm it would be -0.02011 per customer.",
    )
    y[0] = 500_000
    assert (
        estimate(y, ARMS)
        .warnings[0]
        .startswith("One customer has 98 % of the outcome of the treated and one has 94 %")
    )
    assert effect.to_dict()["warnings"] == list(effect.warnings)


def test_where_nothing_can_be_told_it_is_refused():
    with pytest.raises(
        NotEnoughDataError, match=r"3 treated, 1 held out. Allowed: 2 or more.*churn campaign power"
    ):
        estimate([1, 0, 1, 1.0], [1, 1, 1, 0])
    with pytest.raises(NotEnoughDataError, match="0 treated, 2 held out"):
        estimate([np.nan, 0, 1], [1, 0, 0])
    with pytest.raises(NotEnoughDataError, match=r"same outcome.*5 for each treated, 3 for each held out"):
        estimate([5, 5, 3, 3], [1, 1, 0, 0])
    with pytest.raises(ParameterError, match="3 and 2 customers"):
        estimate([1, 2, 3], [1, 0])
    with pytest.raises(ParameterError, match="0 < alpha < 1"):
        estimate([1, 2, 3, 4], [1, 1, 0, 0], alpha=0)
    with pytest.raises(ParameterError, match=r"covariates need one row per customer. Given: 3 rows for 4"):
        estimate([1, 2, 3, 4], [1, 1, 0, 0], [1, 2, 3])


def test_a_constant_arm_leaves_the_other_ones_spread():
    effect = estimate([0, 0, 0, 0, 1.5, 3, 4, 5], [1, 1, 1, 1, 0, 0, 0, 0])
    assert effect.standard_error > 0
    assert np.isfinite([effect.low, effect.high]).all()


def test_several_are_judged_together():
    effects = [
        estimate([1] * a + [0] * (400 - a) + [1] * 50 + [0] * 50, [1] * 400 + [0] * 100)
        for a in (200, 204, 250, 320)
    ]
    judged = together(effects, "segments")

    assert judged.shown == (False, False, False, True)
    assert judged.p_values[3] == pytest.approx(4 * effects[3].p_value)
    assert judged.p_values[2] == pytest.approx(3 * effects[2].p_value)
    assert (
        judged.text
        == "By themselves 2 of 4 segments stand out; by chance alone 0.2 would. Judged together (Holm): 1."
    )
    assert together([]).shown == ()


def test_the_table_says_what_it_is():
    text = str(estimate([1] * 160 + [0] * 40 + [1] * 12 + [0] * 12, [1] * 200 + [0] * 24))
    assert "low (95 %)" in text
    assert "Method: difference of means" in text
    assert isinstance(estimate([1.0, 2, 3, 5], [1, 1, 0, 0]), Effect)
