"""Conditions at their edges, and the words of the nearest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.plan.conditions import Traits, meant_for
from churn.errors import ConfigError
from tests.campaigns.planning import CALL, policy, scored

REASONS = pd.DataFrame(
    {
        "customer": ["C0", "C1", "C1", "C2", "nobody"],
        "story": ["spend", "support", "spend", "spend", "spend"],
        "topic": ["basket", "ignored", "basket", "spend", "spend"],
        "direction": ["up", "up", "down", "down", "up"],
    }
)


def meant(when, **columns):
    rules = policy({**CALL, "when": when})
    table = scored(3, **columns)
    segments = pd.DataFrame({"country": ["DE", "FR", ""]})
    return meant_for(rules.actions, Traits(table, segments, np.array([10.0, np.nan, 30.0]))), rules


@pytest.mark.parametrize(
    ("when", "met"),
    [
        ({}, [True, True, True]),
        ({"stories": ["spend"]}, [True, False, False]),  # what holds the risk down is no reason
        ({"topics": ["ignored", "basket"]}, [True, True, False]),
        ({"stages": ["new"]}, [True, False, False]),
        ({"risk_bands": ["high", "low"]}, [True, True, True]),
        ({"segments": {"country": ["DE", "FR"]}}, [True, True, False]),
        ({"churn_probability": {"min": 0.7, "max": 0.8}}, [False, True, True]),
        ({"value": {"max": 30}}, [True, False, True]),  # what is not known is not met
        ({"ignored_complaints": {"min": 1}}, [False, True, False]),
        ({"numbers": {"nps": {"max": 6}}}, [True, False, False]),
        ({"stages": ["new"], "churn_probability": {"max": 0.8}}, [False, False, False]),
    ],
)
def test_all_conditions_must_hold(when, met):
    found, _ = meant(
        when,
        reasons=REASONS,
        stage=["new", "active", ""],
        churn_probability=[0.9, 0.8, 0.7],
        ignored_complaints=[0, 1, None],
        nps=[6, 7, None],
    )
    assert found.met[:, 0].tolist() == met


def test_the_nearest_says_what_the_customer_has_instead():
    found, rules = meant({"numbers": {"nps": {"min": 2, "max": 6}}}, nps=[1.5, 3, None])
    rows = np.array([0, 2])
    said = found.nearest(rows, np.ones((2, 1), dtype=bool), rules.actions)
    assert said == [
        "nearest is call, for nps of 2 to 6 (here 1.5)",
        "nearest is call, for nps of 2 to 6 (here not known)",
    ]


@pytest.mark.parametrize(
    ("when", "words"),
    [({"stories": ["spend"]}, "asks for reasons"), ({"numbers": {"nps": {"min": 1}}}, "number 'nps'")],
)
def test_what_the_table_lacks_is_told(when, words):
    with pytest.raises(ConfigError, match=words):
        meant(when)
