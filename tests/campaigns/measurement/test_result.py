"""A measurement as JSON, as a frame, in the terminal and as a picture."""

import json

import pytest

from churn.campaigns.measurement.assess import assess
from churn.campaigns.measurement.result import Measurement
from churn.errors import DataError
from tests.campaigns.campaign_data import a_policy, evidence


@pytest.fixture(scope="module")
def measured():
    return assess(a_policy(), evidence())


def test_json_gives_the_measurement_back(measured):
    text = json.dumps(measured.to_dict(), allow_nan=False)
    again = Measurement.of(json.loads(text) | {"of a later version": 1})
    assert again.to_dict() == measured.to_dict()
    assert again.effect("retained") == measured.effect("retained")


def test_what_is_no_measurement_is_refused():
    with pytest.raises(DataError, match=r"not the measurement.*Given: campaign.*measure again"):
        Measurement.of({"campaign": "x"})
    with pytest.raises(DataError, match="not the measurement"):
        Measurement.of({"campaign": "x", "as_of": "", "status": "odd", "needs_until": "", "said": ""})


def test_the_frame_has_every_comparison(measured):
    frame = measured.frame
    assert len(frame) == len(measured.effects) + len(measured.by_action) + len(measured.by_segment)
    assert {"measure", "group", "value", "effect", "low", "high", "always_valid_low"} <= set(frame.columns)


def test_the_screen_says_the_result_before_the_tables(measured):
    lines = measured.render().splitlines()
    assert lines[0] == "Campaign winter, as of 2026-04-01: measured"
    assert lines[2].startswith("Of 100 customers, contacting kept ")
    assert "By action" in lines
    assert "- warning: 100 of 500" in measured.render()


def test_the_picture_has_a_row_for_each_comparison_of_the_share_kept(measured):
    figure = measured.figure()
    names = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert names[:2] == ["customers kept, adjusted", "customers kept, plain"]
    assert len(names) == 2 + len(measured.by_action) + len(measured.by_segment)
