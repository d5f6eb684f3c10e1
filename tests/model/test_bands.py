import numpy as np
import pytest

from churn.model.bands import BANDS, LISTED_FROM, bands_of, is_listed, odds_of

P = np.array([0.02, 0.05, 0.1, 0.2, 0.5])


def test_the_list_begins_at_twice_the_average_odds_and_is_the_two_upper_bands():
    average = P.mean() / (1 - P.mean())
    assert (
        is_listed(P).tolist() == (2 * average <= P / (1 - P)).tolist() == [False, False, False, False, True]
    )
    assert dict(BANDS)["high"] == LISTED_FROM
    assert is_listed(P).tolist() == [b in ("critical", "high") for b in bands_of(P)]


def test_a_threshold_includes_its_own_value():
    assert is_listed(P, 0.1).tolist() == [False, False, True, True, True]
    assert not is_listed(P, 0.6).any()
    assert is_listed(P, 0.0).all()


@pytest.mark.parametrize(
    ("times", "name"), [(4.0, "critical"), (2.0, "high"), (1.0, "elevated"), (0.99, "low")]
)
def test_a_band_begins_at_its_own_odds(times, name):
    """One customer among very many, so that the average stays."""
    p = np.full(200_001, 0.2)
    odds = (times + 1e-4) * 0.25
    p[-1] = odds / (1 + odds)
    assert bands_of(p[-1:]).tolist() == ["elevated"]  # alone everybody is the average
    assert bands_of(p)[-1] == name


def test_equal_predictions_are_average_and_nobody_is_listed():
    p = np.full(5, 0.3)
    assert set(bands_of(p)) == {"elevated"}
    assert not is_listed(p).any()


def test_certainty_and_nobody_are_no_division_by_zero():
    odds, average = odds_of(np.array([0.0, 1.0]))
    assert odds[0] == 0
    assert odds[1] == 1e12
    assert average == 1
    assert odds_of(np.ones(2))[1] == pytest.approx(1e12)
    assert len(is_listed(np.empty(0))) == len(bands_of(np.empty(0))) == 0
