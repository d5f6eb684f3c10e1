"""The page in a real browser: what a reader does with it, and that it asks the network for nothing."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from tests.report.conftest import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def table(folder):
    return pd.read_parquet(folder / "at_risk.parquet").merge(pd.read_parquet(folder / "segments.parquet"))


def test_hostile_ids_and_texts_are_shown_as_they_are_and_do_nothing(open_report, folder):
    r = open_report(folder)
    short = [h for h in HOSTILE if len(h) < 200]
    assert [i for i in r.ids() if i in short] == short
    r.page.locator("#body .opener").first.click()
    assert HOSTILE[0] in r.page.inner_text(".details")
    assert r.page.title() == "shop, 2025-12-31: customers at risk and retention"
    assert r.page.locator("#list img, #list script, #list b").count() == 0
    assert r.page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_search_finds_every_word_in_ids_and_reasons(open_report, folder, table):
    r = open_report(folder)
    r.search("C000042")
    assert r.ids() == ["C000042"]
    assert r.shown().startswith("1 of 120 customers")
    r.search("42 c0000")  # in any order, also in another field
    assert "C000042" in r.ids()
    assert len(r.ids()) < 10
    r.search('"EVERY 9 days" "silent for"')
    assert r.all_ids() == table["customer"][table["reason_1"].str.contains("every 9 days")].tolist()
    r.search("nobody has this")
    assert r.ids() == []
    assert r.page.is_visible("#nobody")
    r.page.click("#clear")
    assert r.shown().startswith("120 of 120")


def test_every_column_sorts_both_ways_stable_with_unknown_values_last(open_report, nights):
    folder = nights(40)
    table, r = pd.read_parquet(folder / "at_risk.parquet"), open_report(folder)
    for key in ("rank", "churn_probability", "stage", "value_at_stake", "last_order", "days_overdue"):
        values = table[key].replace("", None)
        header = r.page.locator(f"th[data-key='{key}']")
        ways = set()
        for _ in range(2):
            header.locator("button").click()
            way = header.get_attribute("aria-sort")
            ways.add(way)
            expected = values.sort_values(
                ascending=way == "ascending", kind="stable", na_position="last"
            ).index
            assert r.all_ids() == [
                i if len(i) <= 200 else i[:200] + "…" for i in table["customer"][expected]
            ], key
        assert ways == {"ascending", "descending"}
        assert r.page.locator("th[aria-sort]").count() == 1


def test_texts_sort_as_people_read_them(open_report, folder):
    r = open_report(folder)
    r.page.click("th[data-key='customer'] button")
    plain = [i for i in r.all_ids() if i.startswith("C0")]
    assert plain == sorted(plain)
    r.page.click("th[data-key='reason_1'] button")
    assert r.page.get_attribute("th[data-key='reason_1']", "aria-sort") == "ascending"


def test_a_filter_shows_any_of_the_ticked_values(open_report, folder, table):
    r = open_report(folder)
    for facet, column, values in [
        ("risk_band", "risk_band", ["critical"]),
        ("risk_band", "risk_band", ["critical", "elevated"]),
        ("stage", "stage", ["new"]),
        ("segment: country", "country", ["<b>Spain</b>", ""]),
    ]:
        r.tick(facet, *values)
        fits = table["customer"][table[column].isin(values)]
        assert r.shown().startswith(f"{len(fits)} of 120")
        assert r.page.get_attribute("#table", "aria-rowcount") == str(len(fits) + 1)
        assert {i.rstrip("…") for i in r.ids()} <= {i[:200] for i in fits}
        r.page.click("#clear")


def test_reason_and_value_and_all_filters_together(open_report, folder, table):
    r = open_report(folder)
    r.tick("story", "support")
    assert r.shown().startswith(
        "60 of 120"
    )  # every second customer has it; `spend` holds down and is no choice
    assert r.page.locator("details[data-facet='story'] input[value='spend']").count() == 0
    r.page.click("details[data-facet='stake'] > summary")
    r.page.fill("#stake-least", "100")
    r.page.fill("#stake-most", "400")
    r.tick("risk_band", "high")
    r.search("silent")
    fits = table[
        (table.index % 2 == 1) & table["value_at_stake"].between(100, 400) & (table["risk_band"] == "high")
        & table["reason_1"].str.contains("silent")
    ]  # fmt: skip
    assert len(fits) > 0
    assert r.all_ids() == fits["customer"].tolist()
    assert f"£{fits['value_at_stake'].sum():,.0f} at stake" in r.shown()
    r.page.click("#clear")
    assert r.shown().startswith("120 of 120")
    assert r.page.locator(".facet.set").count() == 0


def test_open_and_close_with_the_mouse_shows_reasons_and_timeline(open_report, folder):
    r = open_report(folder)
    r.search("C000007")
    row = r.page.locator("#body tr.row")
    row.locator("td").last.click()
    details = r.page.locator(".details")
    details.locator("time").first.wait_for()
    assert row.locator("button").get_attribute("aria-expanded") == "true"
    text = details.inner_text()
    assert "Ordered every" in text
    assert "raises" in text
    assert "event 2 of C000007" in text
    assert "3 older not shown" in text
    assert details.locator(".still-open").count() == 1
    row.locator("td").last.click()
    assert details.count() == 0
    assert row.locator("button").get_attribute("aria-expanded") == "false"


def test_the_keyboard_alone_reaches_opens_and_closes(open_report, folder):
    r = open_report(folder)
    keys = r.page.keyboard
    keys.press("Tab")
    assert r.page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    for _ in range(40):
        keys.press("Tab")
        if r.page.evaluate("document.activeElement.className") == "opener":
            break
    active = "document.activeElement.closest('tr')?.dataset.place"
    assert r.page.evaluate(active) == "0"
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert r.page.evaluate(active) == "2"
    keys.press("Enter")
    assert r.page.locator(".details").count() == 1
    keys.press("Escape")
    assert r.page.locator(".details").count() == 0
    assert r.page.evaluate(active) == "2"
    keys.press("End")
    assert r.page.evaluate(active) == "119"
    assert r.page.evaluate(
        "(() => { const a = document.activeElement.getBoundingClientRect(), v = document.getElementById('viewport').getBoundingClientRect(); return a.top >= v.top && a.bottom <= v.bottom; })()"
    )
    keys.press("Home")
    assert r.page.evaluate(active) == "0"
    outline = r.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_an_opened_customer_keeps_its_room_while_the_list_scrolls(open_report, folder):
    r = open_report(folder)
    r.page.locator("#body .opener").nth(1).click()
    r.page.locator(".details time").first.wait_for()
    r.settle()
    view = r.page.locator("#viewport")
    height = view.evaluate("v => v.scrollHeight")
    view.evaluate("v => { v.scrollTop = v.scrollHeight; }")
    r.settle()
    assert abs(view.evaluate("v => v.scrollHeight") - height) <= 1
    assert r.ids()[-1] == "C000106"
    view.evaluate("v => { v.scrollTop = 0; }")
    r.settle()
    assert r.page.locator(".details").count() == 1


def test_the_download_holds_what_is_shown_and_no_formula(open_report, folder, table):
    r = open_report(folder)
    r.page.click("th[data-key='customer'] button")
    r.tick("risk_band", "critical")
    with r.page.expect_download() as caught:
        r.page.click("#download")
    assert caught.value.suggested_filename == "at_risk_shop_2025-12-31.csv"
    text = Path(caught.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    fits = table[table["risk_band"] == "critical"].set_index("customer")
    found = {row["customer"].removeprefix("'"): row for row in rows}
    assert set(found) == {i.removeprefix("'") for i in fits.index}
    assert not [
        v for row in rows for k, v in row.items() if v[:1] in "=+-@" and v[:1] and k != "value_at_stake"
    ]
    row = found["C000002"]
    assert float(row["churn_probability"]) == fits.loc["C000002", "churn_probability"]
    assert float(row["value_at_stake"]) == fits.loc["C000002", "value_at_stake"]
    assert row["segment: country"] == fits.loc["C000002", "country"]
    assert [r["customer"] for r in rows if r["customer"].startswith("C0")] == sorted(
        r["customer"] for r in rows if r["customer"].startswith("C0")
    )


def test_paper_shows_the_first_rows_of_what_is_shown_and_says_so(open_report, folder):
    r = open_report(folder)
    r.tick("risk_band", "critical", "high")
    r.page.emulate_media(media="print")
    r.settle()
    assert r.page.locator("#paper-body tr").count() == 50
    assert "The first 50 of 80 that were shown of 120" in r.page.inner_text("#paper-note")
    assert not r.page.is_visible("#live")
    cut = r.page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible' && getComputedStyle(e).display !== 'inline').map((e) => e.className || e.tagName)"
    )
    assert cut == []
    assert len(r.page.pdf()) > 10_000
