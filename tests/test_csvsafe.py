import numpy as np
import pandas as pd
import pytest

from churn.csvsafe import csv_safe


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
@pytest.mark.parametrize("kind", [object, "str"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(first, kind):
    frame = pd.DataFrame({"customer": pd.Series([f"{first}1+1", "plain"], dtype=kind)})
    assert csv_safe(frame)["customer"].tolist() == [f"'{first}1+1", "plain"]
    assert frame["customer"][0] == f"{first}1+1"


def test_numbers_and_unknown_values_stay():
    frame = pd.DataFrame({"n": [-1, 2], "x": [-0.5, np.nan], "t": pd.Series(["-a", None], dtype="str")})
    safe = csv_safe(frame)
    assert safe["n"].tolist() == [-1, 2]
    assert safe["x"][0] == -0.5
    assert safe["t"].isna().tolist() == [False, True]
