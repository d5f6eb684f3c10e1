from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import yaml

import churn
from churn.definition import Inactivity, make_definition
from churn.definition.suggest import GRID, LOST_BELOW, ORDERED_BY
from churn.errors import DataError, ParameterError
from churn.model.snapshots import training_cutoffs
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders


@pytest.fixture(scope="module")
def proposal(history):
    return churn.suggest(history)


def test_the_proposal_is_the_shortest_that_keeps_its_promise(proposal):
    curve = proposal.curve.set_index("days")
    a, h = proposal.active_days, proposal.horizon_days
    assert curve.loc[h, "ordered_by"] >= ORDERED_BY
    assert all(curve.loc[d, "ordered_by"] < ORDERED_BY for d in GRID if d < h)
    assert curve.loc[a, "come_back"] < LOST_BELOW
    assert all(curve.loc[d, "come_back"] >= LOST_BELOW for d in GRID if h <= d < a)
    assert f"horizon_days {h}: of those who order again within 365 days" in proposal.reasons[0]
    assert "more are gone than not" in proposal.reasons[1]


def test_the_choices_say_what_training_would_find(proposal, history):
    for row in proposal.choices.to_dict("records"):
        rule = Inactivity(row["active_days"], row["horizon_days"])
        test = rule.last_mature_cutoff(history)
        cutoffs = training_cutoffs(history, rule, test, step_days=30, max_snapshots=500)
        assert abs(len(cutoffs) - row["snapshots"]) <= 1  # midnights
    assert ((proposal.choices["active_days"] == proposal.active_days).sum()) >= 3
    by_horizon = proposal.choices[proposal.choices["active_days"] == proposal.active_days].sort_values(
        "horizon_days"
    )
    assert by_horizon[
        "churn_rate"
    ].is_monotonic_decreasing  # who is silent for longer is silent for a shorter time
    by_active = proposal.choices[proposal.choices["horizon_days"] == proposal.horizon_days].sort_values(
        "active_days"
    )
    assert by_active["judged"].is_monotonic_increasing


def test_the_share_of_lost_who_come_back_is_what_happens():
    """On a long history, those called lost early on are watched for a year."""
    history = churn.make_shop(customers=1200, seed=11, days=1100).history()
    proposal = churn.suggest(history)
    row = proposal.choices.set_index(["active_days", "horizon_days"]).loc[
        (proposal.active_days, proposal.horizon_days)
    ]
    rule = Inactivity(proposal.active_days, proposal.horizon_days)
    log = history.logs["orders"]
    shares, sizes = [], []
    for back in range(6):
        t = rule.last_mature_cutoff(history) - back * rule.window_us - 365 * DAY
        population = rule.population(history.as_of(t))
        lost = population[rule.labels(history, t, population) == 1]
        end = t + rule.window_us
        later = log.customer[(log.time >= end) & (log.time < end + 365 * DAY)]
        shares.append(np.isin(lost, later).mean())
        sizes.append(len(lost))
    assert row["lost_come_back"] == pytest.approx(np.average(shares, weights=sizes), abs=0.08)


def test_a_history_that_leaves_little_room_gets_a_shorter_definition():
    shop = churn.make_shop(customers=400, seed=2, days=260)
    proposal = churn.suggest(shop.history())
    assert (
        proposal.choices.set_index(["active_days", "horizon_days"]).loc[
            (proposal.active_days, proposal.horizon_days), "snapshots"
        ]
        >= 3
    )
    rule = Inactivity(proposal.active_days, proposal.horizon_days)
    settings = churn.TrainingSettings(max_snapshots=3, threads=1)
    training = churn.train(shop.history(), rule, settings=settings, track=False)
    assert training.model.training["snapshots"] == 3


def test_too_short_a_history_is_told():
    start = instant("2024-01-01")
    rows = [r for i in range(40) for r in orders(start + i, start + 20 * DAY + i, customer=i)]
    with pytest.raises(DataError, match="The history is too short for any definition by silence"):
        churn.suggest(history_of(Tables(rows)))
    with pytest.raises(ParameterError, match="step_days is not a length"):
        churn.suggest(history_of(Tables(rows)), step_days=0)


def test_it_prints_writes_and_can_be_pasted(proposal, tmp_path):
    text = str(proposal)
    assert text.startswith(f"Proposed for shop: active_days {proposal.active_days}, ")
    assert "→" in text
    rule = make_definition(yaml.safe_load(proposal.yaml)["definition"])
    assert rule == Inactivity(proposal.active_days, proposal.horizon_days)
    folder = proposal.write(tmp_path / "s")
    assert sorted(f.name for f in folder.iterdir()) == [
        "choices.csv",
        "curve.csv",
        "suggest.json",
        "suggest.png",
    ]
    assert (folder / "suggest.png").read_bytes()[:4] == b"\x89PNG"
    twin = pd.read_csv(folder / "curve.csv")
    np.testing.assert_allclose(twin["come_back"], proposal.curve["come_back"])
    content = json.loads((folder / "suggest.json").read_text())
    assert content["active_days"] == proposal.active_days
    assert content["subscriptions"] is None
