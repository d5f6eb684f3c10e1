"""The page of a plan: from its files alone, with hostile ids, in a real browser."""

import numpy as np
import pandas as pd
import pytest

from churn.errors import DataError, MissingFileError
from churn.files import write_json
from churn.report.campaign_plan import MOST, write_plan_page
from tests.report.conftest import HOSTILE
from tests.report.opened import Opened


def make(folder, n=300):
    folder.mkdir(parents=True, exist_ok=True)
    ids = [*HOSTILE, *(f"C{i:05d}" for i in range(n - len(HOSTILE)))]
    arms = np.resize(["treated", "holdout", "", "global holdout"], n)
    profit = np.where(arms == "treated", np.arange(n, 0, -1.0), np.nan)
    pd.DataFrame(
        {
            "customer": ids,
            "arm": arms,
            "action": np.where(arms == "treated", "call", ""),
            "day": np.where(arms == "treated", "2026-01-05", ""),
            "churn_probability": np.r_[np.nan, np.linspace(0.1, 0.999, n - 1)],
            "value": 50.0,
            "expected_profit": profit,
            "why": ["<b>why</b> " + i[:50] for i in ids],
        }
    ).to_parquet(folder / "customers.parquet")
    pd.DataFrame({"customer": ids, "day": "2026-01-05", "channel": "<img src=x>"}).to_csv(
        folder / "contacts.csv"
    )
    spread = {"mean": 12.0, "low": 4.0, "high": 20.0}
    write_json(
        folder / "plan.json",
        {
            "campaign": "winter",
            "as_of": "2026-01-01",
            "start": "2026-01-05",
            "last_day": "2026-01-19",
            "customers": n,
            "arms": {"treated": 75, "holdout": 75, "global holdout": 75},
            "expected": dict.fromkeys(("contacts", "cost", "saved", "value", "profit"), spread),
            "by_action": [{"action": "call", "channel": "phone", "treated": 75, "saved": spread}],
            "why": {"chosen": 150, "no-consent": 75},
            "why_means": {"no-consent": "did not consent"},
            "warnings": ["<script>alert(1)</script>"],
            "notes": ["a note"],
            "solver": {"profit": 10.0, "bound": 10.5},
            "policy": {"currency": "£"},
        },
    )
    return folder


def test_the_page_says_that_nothing_was_sent_and_what_it_would_do(tmp_path):
    text = write_plan_page(make(tmp_path)).read_text(encoding="utf-8")
    assert "Nothing has been sent." in text
    assert "75 of 300 customers would be contacted from 2026-01-05 to 2026-01-19" in text
    assert "12 (4 to 20) customers saved and £12.00 (£4.00 to £20.00) of profit" in text
    for bad in ("<script>alert", "<img src=x", "<b>why"):
        assert bad not in text


def test_more_customers_than_the_page_holds_are_counted(tmp_path):
    folder = make(tmp_path, MOST + 500)
    text = write_plan_page(folder).read_text(encoding="utf-8")
    assert "Here are 10,000 of 10,500 customers, the chosen first" in text


def test_a_plan_alone_is_enough_and_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"no plan\.json.*campaign plan"):
        write_plan_page(tmp_path)
    make(tmp_path)
    (tmp_path / "customers.parquet").unlink()
    (tmp_path / "contacts.csv").unlink()
    assert "contacts.csv is not in the plan" in write_plan_page(tmp_path).read_text(encoding="utf-8")
    (tmp_path / "customers.parquet").write_text("no parquet")
    with pytest.raises(DataError, match=r"customers\.parquet cannot be read"):
        write_plan_page(tmp_path)
    (tmp_path / "plan.json").write_text("[]")
    with pytest.raises(DataError, match="is not a plan"):
        write_plan_page(tmp_path)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
def test_searching_choosing_and_showing_more_in_a_browser(chromium, tmp_path, width):
    opened = Opened(
        chromium,
        write_plan_page(make(tmp_path)),
        viewport={"width": width, "height": 900},
        color_scheme="dark",
    )
    page, rows = opened.page, "#people-body tr"
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.inner_text("#shown") == "300 of 300 customers"
        assert page.locator(rows).count() == 100
        page.click("#more")
        assert page.locator(rows).count() == 200
        page.select_option("#arm", "holdout")
        assert page.inner_text("#shown") == "75 of 300 customers"
        assert not page.is_visible("#more")
        page.select_option("#arm", "*")
        page.fill("#search", "c00042")
        assert page.locator(rows).count() == 1
        page.fill("#search", "alert(1) <script>")
        assert HOSTILE[0] in page.inner_text("#people-body")
        assert page.locator("#people-body img, #people-body script, #people-body b").count() == 0
        page.fill("#search", "nobody has this")
        assert page.locator(rows).count() == 0
        assert opened.said == []
        assert [u for u in opened.asked if not u.startswith("data:")] == [opened.file.as_uri()]
    finally:
        opened.context.close()
