"""The page of a measurement: what it says first, hostile contents, and files that are not there."""

import json

import numpy as np
import pytest

from churn.campaigns.measurement.assess import assess
from churn.errors import DataError, MissingFileError
from churn.report.campaign import render_measurement, write_measurement_page
from tests.campaigns.campaign_data import a_policy, assigned, came, evidence, sent
from tests.campaigns.measurement.test_assess import PLAN
from tests.report.conftest import HOSTILE
from tests.report.opened import Opened


def write(folder, found):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "measurement.json").write_text(json.dumps(found.to_dict()), encoding="utf-8")
    return write_measurement_page(folder)


def hostile():
    given = evidence(plan=PLAN)
    customers = given.assignments.assign(risk_band=np.resize(HOSTILE, 500), customer=np.resize(HOSTILE, 500))
    return assess(a_policy(), evidence(plan=PLAN, assignments=customers))


def test_the_page_says_the_result_first(tmp_path):
    found = assess(a_policy(), evidence(plan=PLAN))
    text = write(tmp_path, found).read_text(encoding="utf-8")
    assert text.index("Of 100 customers, contacting kept") < text.index("Every measure")
    assert "How it was measured" in text


def test_without_a_result_the_page_says_what_it_needs(tmp_path):
    customers = assigned(20, 5)
    given = evidence(
        assignments=customers, outcomes=came(customers, [np.nan] * 25, observed=0), contacts=sent(customers)
    )
    text = write(tmp_path, assess(a_policy(), given)).read_text(encoding="utf-8")
    assert "No result yet" in text
    assert "needs data until 2026-03-06" in text
    assert "Nothing can be compared yet." in text


def test_hostile_contents_stay_texts():
    text = render_measurement(hostile().to_dict())
    for bad in ("<script>alert", "<img src=x", "<!--"):
        assert bad not in text


def test_files_that_are_not_there_or_are_something_else(tmp_path):
    with pytest.raises(MissingFileError, match=r"no measurement\.json.*campaign measure"):
        write_measurement_page(tmp_path)
    (tmp_path / "measurement.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        write_measurement_page(tmp_path)
    (tmp_path / "measurement.json").write_text("{}")
    with pytest.raises(DataError, match="not the measurement"):
        write_measurement_page(tmp_path)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_a_browser(chromium, tmp_path, width, scheme):
    page = Opened(
        chromium, write(tmp_path, hostile()), viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    try:
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.page.locator("main img, main script").count() == 0
        was = page.page.evaluate("getComputedStyle(document.body).color")
        page.page.click("#theme")
        assert page.page.evaluate("getComputedStyle(document.body).color") != was
        page.page.locator("details.twin summary").first.click()
        assert "risk_band: @SUM(1+1)" in page.page.inner_text("details.twin[open]")
        assert page.said == []
        assert [u for u in page.asked if not u.startswith("data:")] == [page.file.as_uri()]
    finally:
        page.context.close()
