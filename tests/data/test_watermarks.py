"""The last value of a column that grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn.data.locations import Part
from churn.data.news import News
from churn.data.sources import Reader
from churn.data.watermarks import newest_values
from churn.errors import ConfigError, DataError
from tests.data.logs import config


def _newest(folder: Path, values: list[str], *, before=None, newer="seen", part: Part | None = None):
    (folder / "o.csv").write_text("seen,customer\n" + "".join(f"{v},1\n" for v in values))
    shop = config(folder, sources={"orders": {"path": "o.csv", "newer": newer}})
    with Reader(shop) as reader:
        return newest_values(shop, reader, News({"orders": part} if part else {}), before or {})


@pytest.mark.parametrize(
    ("values", "kind", "value", "as_is"),
    [
        (["9", "10"], "BIGINT", "10", ""),
        (["2024-05-09", "2024-05-10 12:00"], "TIMESTAMP", "2024-05-10 12:00:00", ""),
        (["9", "10", "x1"], "VARCHAR", "x1", "yes"),
    ],
)
def test_text_is_compared_as_what_all_of_it_is(tmp_path, values, kind, value, as_is):
    assert _newest(tmp_path, values) == {"orders": {"type": kind, "value": value, "as_is": as_is}}


def test_values_of_another_kind_than_before_are_refused(tmp_path):
    before = {"orders": {"type": "BIGINT", "value": "3", "as_is": ""}}
    assert _newest(tmp_path, ["5"], before=before)["orders"]["value"] == "5"
    for odd in ("x", " ", ""):
        with pytest.raises(DataError, match="orders: 1 rows have no usable value of `seen`"):
            _newest(tmp_path, ["5", odd], before=before)
    assert before["orders"]["value"] == "3"


def test_nothing_new_leaves_the_last_value(tmp_path):
    before = {"orders": {"type": "BIGINT", "value": "3", "as_is": ""}}
    assert _newest(tmp_path, ["9"], before=before, part=Part(())) == before
    above = Part(None, "TRY_CAST(seen AS BIGINT) > 3")
    assert _newest(tmp_path, ["1", "2"], before=before, part=above) == before
    assert _newest(tmp_path, []) == {}
    with pytest.raises(DataError, match="1 rows have no usable value"):
        _newest(tmp_path, ["1", ""], before=before, part=above)


def test_a_column_that_there_is_not(tmp_path):
    with pytest.raises(ConfigError, match="Did you mean 'seen'"):
        _newest(tmp_path, ["1"], newer="sen")
