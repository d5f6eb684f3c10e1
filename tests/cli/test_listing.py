from __future__ import annotations

import pytest

from churn.cli.listing import list_settings
from churn.config import make_config
from churn.errors import ParameterError

FOUR = {"contact_cost": 1, "offer_cost": 5, "saved_value": 100, "save_chance": 0.2}


def config(economics=None, **scoring):
    return make_config(
        {
            "name": "shop",
            "sources": {"orders": {"path": "orders.csv"}},
            "definition": {"active_days": 90, "horizon_days": 30},
            "scoring": scoring,
            "economics": economics or {},
        }
    )


@pytest.mark.parametrize(
    ("settings", "given", "want"),
    [
        (config(), {}, (None, None, None)),
        (config(top=9), {"top": 3}, (None, None, 3)),
        (config(threshold=0.3), {"threshold": 0.6}, (None, 0.6, None)),
        (config(threshold=0.3), {"list_by": "odds"}, ("odds", None, None)),
        (config(list_by="odds"), {"threshold": 0.6}, ("threshold", 0.6, None)),
        (config(FOUR, threshold=0.3), {"list_by": "threshold"}, ("threshold", 0.3, None)),
        (config(FOUR, list_by="odds"), {"list_by": "money", "threshold": 0.2}, ("money", 0.2, None)),
    ],
)
def test_the_command_line_goes_before_the_configuration(settings, given, want):
    found = list_settings(settings, **given)
    assert (found.list_by, found.threshold, found.top) == want


@pytest.mark.parametrize(
    ("settings", "given", "words"),
    [
        (config(), {"list_by": "money"}, r"cannot go by money.*economics\.contact_cost"),
        (config(), {"list_by": "threshold"}, r"by a threshold, and none is given.*--threshold"),
        (config(), {"list_by": "odds", "threshold": 0.5}, "by odds, and a threshold is given too"),
        (config(list_by="odds", threshold=0.5), {}, "by odds, and a threshold is given too"),
        (
            config(),
            {"list_by": "value"},
            r"--list-by is not known\. Given: value\. Allowed: money, threshold, odds",
        ),
        (config(), {"threshold": 1.0}, "--threshold is not a probability"),
    ],
)
def test_what_does_not_go_together_is_told(settings, given, words):
    with pytest.raises(ParameterError, match=words):
        list_settings(settings, **given)
