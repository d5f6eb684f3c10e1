import pytest

import churn
from churn.data.calendar import date_text, read_instant
from churn.data.history import DAY_US
from churn.errors import ParameterError


def orders(*times):
    import pandas as pd

    return pd.DataFrame({"customer": 1, "time": pd.to_datetime(list(times)), "amount": 1.0})


def test_a_date_is_its_local_midnight():
    assert read_instant("2024-07-01", "Europe/Berlin") == read_instant("2024-06-30T22:00Z", "UTC")
    assert date_text(read_instant("2024-07-01", "Europe/Berlin"), "Europe/Berlin") == "2024-07-01"
    assert date_text(read_instant("2024-07-01 13:30", "UTC"), "UTC") == "2024-07-01 13:30"


@pytest.mark.parametrize("wrong", ["01/02/2024", "soon", "", None])
def test_what_is_no_date(wrong):
    with pytest.raises(ParameterError, match="is not a date or time"):
        read_instant(wrong, "UTC")


def test_the_day_of_the_last_order_counts_as_whole():
    history = churn.make_history(orders("2024-05-01", "2024-05-03"), timezone="UTC")
    assert history.date(history.closing) == "2024-05-04"
    assert history.date(history.ending("2024-05-04").closing) == "2024-05-04"
    assert history.date(history.ending("2024-05-04 07:00").closing) == "2024-05-05"


def test_days_before_is_a_midnight_also_where_clocks_change():
    history = churn.make_history(orders("2024-03-01", "2024-04-20"), timezone="Europe/Berlin")
    t = history.instant("2024-04-10")
    assert history.date(history.days_before(t, 30)) == "2024-03-11"
    assert t - history.days_before(t, 30) == 30 * DAY_US - DAY_US // 24
