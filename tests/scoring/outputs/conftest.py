"""A small night."""

import dataclasses

import pytest

import churn
from churn.scoring.outputs.rows import night_rows


@pytest.fixture(scope="session")
def scores(model, history):
    return churn.score(model, history)


@pytest.fixture(scope="session")
def night(scores):
    return night_rows(scores, "shop")


@pytest.fixture(scope="session")
def other_night(scores):
    """The same night under the same run's id, with another probability for the first customer."""
    everyone = scores.everyone.copy()
    everyone.loc[0, "churn_probability"] = 0.123
    changed = dataclasses.replace(scores, everyone=everyone)
    changed.__dict__["run"] = scores.run
    return night_rows(changed, "shop")
