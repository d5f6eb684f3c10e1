"""Reading a table of scores: files that are none, and numbers that are not."""

from __future__ import annotations

import pandas as pd
import pytest

from churn.campaigns.plan.scoredtable import checked, read_table
from churn.errors import DataError


@pytest.mark.parametrize(
    ("name", "content"), [("s.parquet", b"no parquet"), ("s.csv", b""), ("s.csv", b"\xff\xfe\x00")]
)
def test_a_broken_file_is_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / name, {}, ())


def test_another_kind_is_told(tmp_path):
    (tmp_path / "s.xlsx").touch()
    with pytest.raises(DataError, match="neither Parquet nor CSV"):
        read_table(tmp_path / "s.xlsx", {}, ())


def test_texts_that_are_numbers_are_read_as_such():
    frame = pd.DataFrame({"customer": ["A", "B"], "churn_probability": ["0.5", ""]})
    table, no_score = checked(frame, {}, ("churn_probability",), "s")
    assert table["churn_probability"].tolist()[0] == 0.5
    assert (no_score != "").tolist() == [False, True]


def test_examples_are_short():
    frame = pd.DataFrame({"customer": ["x\n" * 5000], "churn_probability": [2.0]})
    with pytest.raises(DataError) as told:
        checked(frame, {}, (), "s")
    assert len(str(told.value)) < 600
    assert "\n" not in str(told.value)


def test_no_rows_are_no_mistake():
    table, _ = checked(
        pd.DataFrame({"customer": [], "churn_probability": []}).astype({"customer": str}), {}, (), "s"
    )
    assert len(table) == 0
