import json

import pytest

from churn.errors import DataError, MissingFileError
from churn.report.folder import newest_night, night_before, read_night


def test_a_missing_file_is_named_with_the_command_that_writes_it(night):
    (night / "timeline.parquet").unlink()
    read = read_night(night)
    assert read.timeline is None
    assert len(read.at_risk) == 120
    assert read.missing["timeline.parquet"] == "churn score CONFIG"
    assert "at_risk.parquet" not in read.missing


def test_the_name_is_that_of_the_folder_above_also_in_a_fresh_folder(night):
    assert read_night(night).name == "shop"
    assert (read_night(night).as_of, read_night(night).currency) == ("2025-12-31", "£")


def test_a_folder_that_is_no_night(tmp_path):
    with pytest.raises(
        MissingFileError, match=r"not the folder of a night.*no such folder.*churn score CONFIG"
    ):
        read_night(tmp_path / "nowhere")
    with pytest.raises(MissingFileError, match=r"no summary\.json"):
        read_night(tmp_path)


@pytest.mark.parametrize("name", ["summary.json", "at_risk.parquet"])
def test_a_damaged_file_is_an_error_with_the_way_out(night, name):
    (night / name).write_text("{broken")
    with pytest.raises(DataError, match=rf"{name} cannot be read.*Write the night again"):
        read_night(night)


def test_the_newest_night_is_by_date_and_no_other_folder(tmp_path):
    for name in ("2025-12-30", "2025-12-31", "backtest", ".2025-12-32.x.new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps({}))
    (tmp_path / "2026-01-01").mkdir()  # nothing in it
    assert newest_night(tmp_path).name == "2025-12-31"
    with pytest.raises(MissingFileError, match="There is no night in"):
        newest_night(tmp_path / "other")


def test_the_night_before_is_found_also_from_a_folder_that_is_still_written(tmp_path):
    from tests.report.conftest import make_night

    fresh = make_night(tmp_path / ".2025-12-31.abc.new", 20)
    assert night_before(read_night(fresh)) is None
    for name in ("2025-12-29", "2025-12-30", "2025-12-31", "2026-01-01"):
        make_night(tmp_path / name, 20)
    assert night_before(read_night(fresh)).name == "2025-12-30"
