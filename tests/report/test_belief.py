import pytest

from churn.report.belief import believed
from churn.scoring.belief import believe

MODEL = {
    "verdict": ["It beats.", "It is calibrated."],
    "training": {"rows": 3936, "snapshots": 6, "first_cutoff": "2025-05-05", "last_cutoff": "2025-10-02"},
    "base_rate": {"said": "The base rate moved in training."},
    "spend": {"said": "The forecast beats the customer's own mean: deviance -3.1 [-4, -2], Gini 0.01."},
    "backtest": {
        "verdict": "The model beats every simple baseline.",
        "warnings": ["SUSPECTED LEAK: x"],
        "lead_time": {"said": ["Lead time, lists every 7 days.", "flagged before: 16 %"]},
        "economics_missing": ["contact_cost"],
    },
}


def test_the_verdict_comes_first_then_training_base_rate_spend_and_backtest():
    assert believed(MODEL, "Tonight's base rate.", "2025-12-01") == (
        "It beats.",
        "It is calibrated.",
        "Trained on 3,936 rows of 6 snapshots from 2025-05-05 to 2025-10-02, 60 days before this night.",
        "Tonight's base rate.",
        "The forecast beats the customer's own mean.",
        "Backtest: The model beats every simple baseline.",
        "SUSPECTED LEAK: x",
        "Lead time, lists every 7 days. Flagged before: 16 %.",
        "Profit by depth of contact is left out: set economics.contact_cost in the configuration.",
    )


def test_without_a_backtest_the_command_is_named():
    said = believed(MODEL | {"backtest": None})
    assert said[-1].startswith("No backtest was written: churn backtest CONFIG")
    assert "The base rate moved in training." in said


def test_a_backtest_that_could_not_be_read_is_said():
    said = believed({"backtest": {"verdict": None, "warnings": ["The backtest cannot be read."]}})
    assert said == ("The backtest cannot be read.",)


@pytest.mark.parametrize("as_of", ["", "not a date", "2025-01-01"])
def test_the_age_of_the_training_is_told_only_where_it_is_known_and_past(as_of):
    said = believed({"training": {"last_cutoff": "2025-10-02"}}, as_of=as_of)
    assert said[0] == "Trained on snapshots up to 2025-10-02."


def test_without_a_model_nothing_is_said():
    assert believed(None) == ()
    assert believed({}) == ()


def test_what_a_trained_model_says_is_told(model):
    said = believed(believe(model), as_of="2026-01-01")
    assert said[:2] == tuple(believe(model)["verdict"])
    assert all(s == s.strip() and s.endswith((".", ").")) for s in said)
