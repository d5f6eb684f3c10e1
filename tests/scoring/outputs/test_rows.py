import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from churn.scoring.outputs.rows import RUN_COLUMNS, arrow_column, kinds_of, night_rows


def test_one_row_per_customer_and_the_list_beside(night, scores):
    frame = night.scores.to_pandas().set_index("customer")
    assert list(frame.index) == sorted(scores.everyone["customer"])
    assert set(frame["run"]) == {scores.run}
    listed = scores.at_risk.set_index("customer")
    assert frame["rank"].notna().sum() == len(listed)
    assert (frame.loc[listed.index, "rank"].to_numpy() == listed["rank"].to_numpy()).all()
    assert (frame.loc[listed.index, "reason_1"].to_numpy() == listed["reason_1"].to_numpy()).all()
    assert (
        frame.loc[listed.index, "churn_probability"].to_numpy() == listed["churn_probability"].to_numpy()
    ).all()
    kinds = kinds_of(night.scores)
    assert (kinds["customer"], kinds["rank"], kinds["last_order"], kinds["as_of"]) == (
        "text",
        "integer",
        "date",
        "date",
    )


def test_the_run_says_what_the_summary_says(night, scores):
    run = night.runs.to_pylist()[0]
    current = scores.retention.current
    assert set(run) == set(RUN_COLUMNS)
    assert (run["s"], run["e"], run["n"], run["retention_rate"]) == (
        current.start,
        current.end,
        current.entered,
        current.rate,
    )
    assert run["expected_rate"] == scores.retention.expected_rate
    assert run["as_of"] == dt.date.fromisoformat(scores.as_of)
    assert run["listed"] == len(scores.at_risk)


def test_a_night_without_a_list_and_without_a_period(scores):
    nobody = dataclasses.replace(
        scores,
        at_risk=scores.at_risk[:0],
        retention=dataclasses.replace(scores.retention, current=None, expected_rate=None),
    )
    night = night_rows(nobody, "shop")
    assert night.scores["rank"].null_count == len(night.scores)
    assert kinds_of(night.scores) == kinds_of(night_rows(scores, "shop").scores)
    assert night.runs.to_pylist()[0]["s"] is None


def test_rows_come_in_the_order_of_ids(scores, night):
    mixed = dataclasses.replace(scores, everyone=scores.everyone.sample(frac=1, random_state=1))
    mixed.__dict__["run"] = scores.run
    assert night_rows(mixed, "shop").scores.equals(night.scores)


@pytest.mark.parametrize(
    ("values", "kind", "wanted"),
    [
        ([1, 2], "int64", pa.array([1, 2])),
        ([1, 2], "uint64", pa.array(["1", "2"])),
        ([True, False], "bool", pa.array([True, False])),
        ([0.5, np.nan, -np.inf], "float64", pa.array([0.5, None, None])),
        (["a", "", None], "str", pa.array(["a", None, None])),
        (["a", None], "category", pa.array(["a", None])),
        ([None, None], object, pa.array([None, None], pa.string())),
    ],
)
def test_columns_are_one_of_five_kinds(values, kind, wanted):
    assert arrow_column(pd.Series(values, dtype=kind)).equals(wanted)
