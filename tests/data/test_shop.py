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


def test_until_tells_what_was_known_and_no_more():
    shop = churn.make_shop(300, seed=4)
    when = pd.Timestamp("2025-03-01", tz="UTC")
    half = shop.until("2025-03-01")
    assert half.end == when
    for name, table in half.tables().items():
        full, time = shop.tables()[name], {"customers": "joined", "tickets": "opened"}.get(name, "time")
        assert len(table) == (full[time] < when).sum() > 0
        assert (table.dtypes == full.dtypes).all()
    assert not (half.tickets[["first_reply", "resolved"]] >= when).any().any()
    assert half.tickets["satisfaction"].notna().sum() < shop.tickets["satisfaction"].notna().sum()
    assert half.tickets["satisfaction"][half.tickets["resolved"].isna()].isna().all()
    assert not (half.truth["leaves_at"] >= when).any()
    assert half.truth["reason"][half.truth["leaves_at"].isna()].isna().all()
    assert len(half.history().customers) == len(half.customers)
    with pytest.raises(ParameterError, match="outside the simulated span"):
        shop.until("2026-03-01")
