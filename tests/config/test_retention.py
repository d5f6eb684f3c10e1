import pytest

from churn.config import RetentionSettings, make_config
from churn.config.retention import WEEKDAYS
from churn.errors import ConfigError

REST = {
    "name": "shop",
    "timezone": "UTC",
    "sources": {"orders": {"path": "orders.csv"}},
    "definition": {"active_days": 180, "horizon_days": 60},
}


def test_the_calendar_of_most_is_the_default():
    settings = make_config(REST).retention
    assert settings == RetentionSettings()
    assert (settings.every, settings.week_starts_on, settings.year_starts_in) == ("month", WEEKDAYS[0], 1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("every", "fortnight"),
        ("week_starts_on", "Mon"),
        ("year_starts_in", 13),
        ("year_starts_in", 0),
        ("rolling_days", 0),
        ("rolling_step_days", True),
        ("small_below", -1),
    ],
)
def test_what_is_no_calendar_is_refused_by_name(key, value):
    with pytest.raises(ConfigError, match=f"retention.{key}"):
        make_config({**REST, "retention": {key: value}})
