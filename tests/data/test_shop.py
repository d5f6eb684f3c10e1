import pandas as pd
import pytest

import churn
from churn.errors import ParameterError


@pytest.fixture(scope="module")
def small():
    return churn.make_shop(customers=200, seed=4)


def test_history_holds_every_row_and_no_truth(small):
    history = small.history()
    assert {n: len(log) for n, log in history.logs.items()} == {
        n: len(t) for n, t in small.tables().items() if n != "customers"
    }
    assert list(history.customers) == sorted(small.customers["customer"])
    assert history.checks.set_aside() == 0
    assert history.timestamp(history.data_end) == small.end
    assert set(history.segments) == {"country", "segment"}
    assert "email" in history.contact


def test_history_from_files_is_the_same(small, tmp_path):
    files = small.write(tmp_path / "data")
    again = churn.make_history(
        **{n: pd.read_parquet(f) for n, f in files.items()},
        segments=("country", "segment"),
        data_end=small.end,
    )
    assert again.fingerprint() == small.history().fingerprint()


def test_folder_that_is_a_file_is_told(small, tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(ParameterError, match=r"is a file.*Choose another folder"):
        small.write(tmp_path / "f")


def test_shows_itself(small):
    assert repr(small).startswith("Shop from ")
