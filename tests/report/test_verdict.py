import pytest

from churn.report.folder import read_night
from churn.report.verdict import three_sentences

PERIOD = {"period_start": "2025-11-01", "period_end": "2025-12-31", "S": 100, "E": 90, "N": 20}


def _retention(rate, before=None, expected=None, **more):
    outlook = {"current": PERIOD | {"retention_rate": rate} | more, "expected_retention_rate": expected}
    outlook["previous"] = None if before is None else PERIOD | {"retention_rate": before}
    return three_sentences({"retention": outlook})[0]


@pytest.mark.parametrize(
    ("rate", "before", "said"),
    [
        (0.7, 0.72, "2.0 points less than the 72.0 % before"),
        (0.72, 0.7, "2.0 points more than the 70.0 % before"),
        (0.70004, 0.7, "as in the period before"),  # both are shown as 70.0 %
        (
            0.70051,
            0.70049,
            "0.1 points more than the 70.0 % before",
        ),  # shown as 70.1 and 70.0: the difference fits
    ],
)
def test_the_change_is_that_of_the_figures_shown(rate, before, said):
    assert said in _retention(rate, before)


def test_a_change_that_both_intervals_together_allow_is_called_noise():
    ends = {"rate_low": 0.66, "rate_high": 0.74}
    for before, low, high, noise in (
        (0.72, 0.68, 0.76, True),
        (0.75, 0.71, 0.79, True),  # outside the one interval, but the rate before has one too
        (0.76, 0.75, 0.77, False),
        (0.64, 0.63, 0.65, False),
        (0.75, None, None, False),
    ):
        previous = PERIOD | {"retention_rate": before, "rate_low": low, "rate_high": high}
        outlook = {"current": PERIOD | {"retention_rate": 0.7} | ends, "previous": previous}
        assert ("noise" in three_sentences({"retention": outlook})[0]) == noise


def test_the_expected_rate_with_its_interval():
    assert _retention(0.7, expected=0.71).endswith("; 71.0 % is expected next.")
    summary = {"retention": {"current": PERIOD | {"retention_rate": 0.7}, "expected_retention_rate": 0.71,
                             "expected_retention_rate_low": 0.69, "expected_retention_rate_high": 0.73}}  # fmt: skip
    assert "71.0 % is expected next (69.0 % to 73.0 %)" in three_sentences(summary)[0]


def test_no_rate_is_never_0_per_cent():
    said = _retention(None, 0.7)
    assert "There is no retention rate" in said
    assert "0 %" not in said
    assert "not known" in three_sentences({})[0]


def test_nobody_and_one_at_risk():
    assert "Nobody of 1 active customer is" in three_sentences({"population": 1, "at_risk": 0})[1]
    assert "Nobody of 1,000" in three_sentences({"population": 1000, "at_risk": 0})[1]
    assert (
        "1 of 9 active customers is at risk"
        in three_sentences({"population": 9, "at_risk": 1, "listed": 1})[1]
    )


def test_a_shortened_list_says_so():
    said = three_sentences({"population": 1000, "at_risk": 300, "listed": 50, "value_at_stake_listed": 500.0,
                            "value_at_stake_all": 1000.0, "currency": "£"})[1]  # fmt: skip
    assert said == (
        "300 of 1,000 active customers are at risk; the 50 listed have £500 at stake, 50 % of what is at stake in all."
    )


def test_only_the_critical_customers_on_the_list_come_first():
    summary = {"listed": 3, "model": {"beats_baselines": True, "auc": 0.8}, "bands": {"critical": 267}}
    assert three_sentences(summary | {"bands_listed": {"critical": 2}})[2].endswith("the 2 critical first.")
    assert three_sentences(summary | {"bands_listed": {"critical": 0}})[2].endswith("from the top.")


def test_a_model_that_does_not_beat_the_baselines_is_told_before_the_next_step():
    said = three_sentences({"model": {"beats_baselines": False, "auc": 0.6}})[2]
    assert said.startswith("The model does not beat the simple baselines on later data (AUC 0.60)")
    assert "as a hint" in said
    assert "not known" in three_sentences({})[2]
    rough = three_sentences(
        {"listed": 3, "model": {"beats_baselines": True, "auc": 0.74}, "bands_listed": {"critical": 0}}
    )[2]
    assert "rough" in rough
    assert rough.endswith("work the list from the top.")


def test_a_list_by_money_is_of_those_worth_a_contact():
    said = three_sentences(
        {
            "population": 9,
            "at_risk": 2,
            "listed": 2,
            "listing": {"list_by": "money"},
            "value_at_stake_listed": 5.0,
        }
    )[1]
    assert said.startswith("2 of 9 active customers are worth a contact")


@pytest.mark.parametrize("beats", [True, False])
def test_the_auc_has_its_interval_where_the_night_tells_it(beats):
    summary = {"model": {"beats_baselines": beats, "auc": 0.888}}
    model = {"evaluation": {"metrics": {"model": {"auc": {"value": 0.888, "low": 0.85, "high": 0.919}}}}}
    assert "(AUC 0.89 [0.85, 0.92])" in three_sentences(summary, model)[2]
    assert "(AUC 0.89)" in three_sentences(summary, {"evaluation": None})[2]


def test_a_scored_night_tells_the_interval(scored_night):
    night = read_night(scored_night)
    auc = night.model["evaluation"]["metrics"]["model"]["auc"]
    assert f"[{auc['low']:.2f}, {auc['high']:.2f}]" in three_sentences(night.summary, night.model)[2]


BEATS = {"listed": 3, "model": {"beats_baselines": True, "auc": 0.84}, "bands_listed": {"critical": 2}}


@pytest.mark.parametrize(
    ("backtest", "said"),
    [
        ({"warnings": ["SUSPECTED LEAK: The signal x alone ranks better."]}, "may be too good to be true"),
        ({"verdict": "USE THE BASELINE: the model is no better."}, "yet not in the backtest"),
    ],
)
def test_a_backtest_that_doubts_the_model_is_told_before_anybody_works_the_list(backtest, said):
    found = three_sentences(BEATS, {"backtest": backtest})[2]
    assert said in found
    assert "hint" in found
    assert "from the top" not in found


def test_a_backtest_without_doubts_changes_nothing():
    good = {"verdict": "The model beats every simple baseline.", "warnings": ["Not judged at 2024-01-06."]}
    assert three_sentences(BEATS, {"backtest": good}) == three_sentences(BEATS)


def test_probabilities_that_are_too_high_are_told_with_the_next_step():
    model = {
        "verdict": ["It is good.", "Its probabilities are too high: go by the ranking (0.5 against 0.3)."]
    }
    assert three_sentences(BEATS, model)[2].endswith("go by the order, as the percentages are too high.")


def test_the_critical_are_not_sent_to_the_top_of_a_list_by_money():
    assert three_sentences(BEATS)[2].endswith("the 2 critical first.")
    assert three_sentences(BEATS | {"listing": {"list_by": "money"}})[2].endswith("from the top.")
