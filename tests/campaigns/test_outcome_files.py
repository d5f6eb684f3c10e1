"""Outcomes from a file: every problem at once, ids as they stand, and who is not named is counted."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.outcome_files import read_outcomes
from churn.errors import DataError, MissingFileError, ParameterError

START = dt.date(2026, 1, 5)
WHO = pd.DataFrame({"customer": ["007", "=1+1", "nobody"]})


def written(tmp_path, text):
    file = tmp_path / "came.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_ids_stay_as_they_are_and_unknown_stays_unknown(tmp_path):
    file = written(tmp_path, "customer,retained,orders,net_value\n007,1,2,10.5\n=1+1,,0,0\n7,1,1,1\n")
    found = read_outcomes(file, WHO, START, 60)
    np.testing.assert_array_equal(found.frame["retained"], [1, np.nan, np.nan])
    np.testing.assert_array_equal(found.frame["net_value"], [10.5, 0, np.nan])
    assert (found.missing, found.others, found.mature, found.needs_until) == (1, 1, True, "2026-03-06")


def test_only_who_was_kept_is_needed_and_yes_is_one(tmp_path):
    found = read_outcomes(written(tmp_path, "customer,retained\n007,Yes\n=1+1,false\n"), WHO, START, 60)
    assert found.frame["retained"].tolist()[:2] == [1, 0]
    assert found.frame["orders"].isna().all()


def test_a_file_of_a_spreadsheet_program_is_read(tmp_path):
    found = read_outcomes(written(tmp_path, "\ufeffcustomer;retained\n007;1\n"), WHO, START, 60)
    assert found.frame["retained"].tolist()[0] == 1


def test_parquet_with_booleans_and_numbers(tmp_path):
    file = tmp_path / "came.parquet"
    pd.DataFrame({"customer": ["007", "nobody"], "retained": [True, False]}).to_parquet(file)
    np.testing.assert_array_equal(read_outcomes(file, WHO, START, 60).frame["retained"], [1, np.nan, 0])
    pd.DataFrame({"customer": [7, 8], "retained": [1.0, np.nan]}).to_parquet(file)
    found = read_outcomes(file, pd.DataFrame({"customer": ["7", "8"]}), START, 60)
    np.testing.assert_array_equal(found.frame["retained"], [1, np.nan])


def test_a_file_of_an_earlier_day_is_not_the_end(tmp_path):
    file = written(tmp_path, "customer,retained\n007,1\n")
    found = read_outcomes(file, WHO, START, 60, as_of=dt.date(2026, 1, 19))
    assert (found.observed_days, found.mature) == (14, False)
    with pytest.raises(ParameterError, match=r"Day 10 .* Allowed: 2026-01-12, 2026-01-19"):
        read_outcomes(file, WHO, START, 60, as_of=dt.date(2026, 1, 15))


def test_all_problems_are_told_at_once(tmp_path):
    text = "customer,retained,orders,net_value\na,2,1,1\na,1,-1,x\n,0,1,inf\n"
    with pytest.raises(DataError) as error:
        read_outcomes(written(tmp_path, text), WHO, START, 60)
    said = str(error.value)
    for part in (
        "came.csv",
        "customer is empty in 1 rows",
        "1 rows name a customer again, such as 'a'",
        "retained is not 1 or 0 in 1 rows, such as '2'",
        "orders is not a number from 0 in 1 rows, such as '-1'",
        "net_value is not a number in 2 rows, such as 'x', 'inf'",
    ):
        assert part in said


def test_a_file_without_the_columns_or_without_rows(tmp_path):
    with pytest.raises(DataError, match="the column 'retained' is missing; it has customer, kept"):
        read_outcomes(written(tmp_path, "customer,kept\na,1\n"), WHO, START, 60)
    with pytest.raises(DataError, match="cannot be used"):
        read_outcomes(written(tmp_path, ""), WHO, START, 60)
    with pytest.raises(MissingFileError, match="no file"):
        read_outcomes(tmp_path / "not.csv", WHO, START, 60)
    empty = read_outcomes(written(tmp_path, "customer,retained\n"), WHO, START, 60)
    assert empty.missing == 3


def test_a_file_that_is_read_too_early_is_no_result(tmp_path):
    file, day = written(tmp_path, "customer,retained\n007,1\n"), dt.date(2026, 1, 20)
    with pytest.raises(
        ParameterError, match=r"cannot be known before.*as of 2026-03-06, and today is 2026-01-20"
    ):
        read_outcomes(file, WHO, START, 60, today=day)
    with pytest.raises(ParameterError, match="cannot be known before"):
        read_outcomes(file, WHO, START, 60, as_of=dt.date(2026, 1, 26), today=day)
    assert read_outcomes(file, WHO, START, 60, as_of=dt.date(2026, 1, 19), today=day).observed_days == 14
    assert read_outcomes(file, WHO, START, 60, today=dt.date(2026, 3, 6)).mature
