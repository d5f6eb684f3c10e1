"""How figures of a comparison are written."""

from churn.campaigns.measurement.contrast import Contrast, format_measure


def test_an_interval_that_touches_zero_shows_nothing():
    assert not Contrast("retained", "plain", low=0.0, high=0.1).is_shown
    assert Contrast("retained", "plain", low=0.01, high=0.1).is_shown
    assert Contrast("retained", "plain", low=-0.2, high=-0.1).is_shown
    assert not Contrast("retained", "plain").is_shown


def test_each_measure_has_its_unit():
    assert format_measure("net_value", -12.5, "£") == "-£12.50"
    assert format_measure("net_value", 12.5, "£", signed=True) == "+£12.50"
    assert format_measure("orders", 0.5, signed=True) == "+0.50"
    assert format_measure("retained", None) == ""
    assert format_measure("retained", 0.4) == "40.0 %"
    assert format_measure("retained", -0.0041, signed=True) == "-0.4 points"  # not per cent of the share
