import dataclasses
import json

import numpy as np
import pytest

import churn
from churn.config import make_config
from churn.errors import MissingFileError, ParameterError
from churn.scoring.deliver import write_outputs
from churn.scoring.past import ScoreHistory, score_history, sparkline

DAYS = ("2025-10-01", "2025-11-01", "2025-12-01")


@pytest.fixture(scope="module")
def config(saved_shop, model, history, tmp_path_factory):
    """The saved log with a record of three nights, and the last night scored again with another warning."""
    config = saved_shop.model_copy(update={"output": str(tmp_path_factory.mktemp("past"))})
    for day in DAYS:
        scores = churn.score(model, history, day)
        write_outputs(scores, config, ())
    write_outputs(dataclasses.replace(scores, warnings=("again",)), config, ())
    return config


@pytest.fixture(scope="module")
def customer(model, history):
    """Somebody listed on all three nights."""
    listed = [set(churn.score(model, history, day).at_risk["customer"]) for day in DAYS]
    return min(set.intersection(*listed))


def test_nights_are_what_was_scored(config, customer, model, history):
    found = score_history(config, customer)
    assert list(found.nights["cutoff"]) == [*DAYS, DAYS[-1]]
    assert list(found.nights["number"]) == [1, 2, 3, 4]
    for day, row in zip(DAYS, found.nights.to_dict("records"), strict=False):
        wanted = churn.score(model, history, day).at_risk.set_index("customer").loc[customer]
        assert row["churn_probability"] == wanted["churn_probability"]
        assert row["rank"] == wanted["rank"]
        assert row["reason_1"] == wanted["reason_1"]
        assert row["model"] == model.digest


def test_render_shows_each_night_with_what_happened_before_it(config, customer):
    found = score_history(config, customer)
    text = str(found)
    assert text.startswith(f"Customer {customer}: 3 nights from 2025-10-01 to 2025-12-01, 4 runs")
    assert text.index("2025-12-01   ") < text.index("2025-11-01   ") < text.index("2025-10-01   ")
    assert text.count(f"- {found.nights['reason_1'].iloc[0]}") >= 1
    told = found._events_by_night()
    assert sum(map(len, told)) == len(found.events) > 0
    for events, before, after in zip(
        told, ["", *found.nights["cutoff"]], [*found.nights["cutoff"], "9"], strict=True
    ):
        assert all(before <= t < after for t in events["time"])
    short = str(score_history(config, customer, shown=1, events=False))
    assert "2025-11-01   " not in short
    assert "3 runs before these: --nights 4, or --json" in short


def test_an_event_at_the_cutoff_comes_after_it():
    import pandas as pd

    nights = pd.DataFrame({"cutoff": ["2025-10-01", "2025-11-01 06:00"]})
    times = ["2025-09-30T23:59", "2025-10-01", "2025-11-01T05:59", "2025-11-01T06:00"]
    events = pd.DataFrame({"time": times, "text": times})
    told = ScoreHistory("c", nights, events)._events_by_night()
    assert [list(t["time"]) for t in told] == [times[:1], times[1:3], times[3:]]


def test_plain_values_are_json(config, customer):
    plain = score_history(config, customer).to_dict()
    again = json.loads(json.dumps(plain, allow_nan=False))
    assert again["customer"] == customer
    assert isinstance(again["nights"][0]["rank"], int)
    assert again["nights"][0]["as_of"] == "2025-10-01"
    assert {"time", "kind", "text", "open"} <= set(again["events"][0])


def test_unknown_customers_and_no_record(config, customer, tmp_path):
    with pytest.raises(ParameterError, match=f"There is no customer .* such as .*{customer[:4]}"):
        score_history(config, f"x{customer}")
    assert (
        score_history(config, customer.lower() if customer.islower() else f" {customer} ").customer
        == customer
    )
    empty = config.model_copy(update={"output": str(tmp_path)})
    with pytest.raises(MissingFileError, match=r"No scores of shop have been recorded.*Run churn score"):
        score_history(empty, customer)


def test_scores_are_told_also_where_the_log_is_gone(config, customer):
    elsewhere = make_config(
        {
            "name": config.name,
            "timezone": "UTC",
            "sources": {"orders": {"path": "nowhere.parquet"}},
            "definition": {"active_days": 120, "horizon_days": 45},
            "output": config.output,
        }
    )
    found = score_history(elsewhere, customer)
    assert len(found.nights) == 4
    assert found.notes[0].startswith("What happened in between is not shown. ")
    assert "nowhere.parquet" in str(found)


def test_a_customer_without_a_score_that_night():
    import pandas as pd

    nights = pd.DataFrame(
        {
            "cutoff": ["2025-10-01", "2025-11-01"],
            "churn_probability": [0.5, np.nan],
            "stage": ["active", "lapsed"],
        }
    )
    text = str(ScoreHistory(7, nights.assign(model="m"), pd.DataFrame(columns=["time", "text"])))
    assert "2025-11-01   no score   lapsed   model m" in text
    assert "▅ " in text


def test_one_night_is_no_course():
    import pandas as pd

    one = pd.DataFrame(
        {"cutoff": ["2025-10-01"], "churn_probability": [0.5], "stage": ["active"], "model": ["m"]}
    )
    text = str(ScoreHistory(7, one, pd.DataFrame(columns=["time", "text"])))
    assert text.startswith("Customer 7: 1 night of 2025-10-01, 1 run")
    assert "between" not in text


def test_sparkline_keeps_its_width():
    assert sparkline(np.array([0.0, 0.124, 0.125, 0.999, 1.0])) == "▁▁▂██"
    long = sparkline(np.linspace(0, 1, 1000), width=8)
    assert (len(long), long[0], long[-1]) == (8, "▁", "█")


def test_only_the_customers_part_of_a_saved_log_is_read(config, customer, monkeypatch):
    from churn.data.store import LogStore

    asked, real = [], LogStore.load
    monkeypatch.setattr(LogStore, "load", lambda s, *a, **k: asked.append(a[0]) or real(s, *a, **k))
    score_history(config, customer)
    assert len(asked) == 1
    assert asked[0] is not None
