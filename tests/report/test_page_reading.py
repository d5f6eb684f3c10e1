"""How the page can be read: long lists, narrow screens, themes, contrast, assistive technology, old browsers."""

import pandas as pd
import pytest

import churn
from tests.report.conftest import BANDS

pytestmark = pytest.mark.browser


def test_ten_thousand_customers_are_a_few_rows_in_the_document(open_report, nights):
    r = open_report(nights(10_000, timeline=False, segments=False))
    assert r.shown().startswith("10,000 of 10,000")
    assert r.page.locator("#body tr.row").count() < 60
    r.page.locator("#viewport").evaluate("v => { v.scrollTop = v.scrollHeight / 2; }")
    r.settle()
    assert r.page.locator("#body tr.row").count() < 60
    assert len(r.ids()) > 10
    r.page.locator("#viewport").evaluate("v => { v.scrollTop = v.scrollHeight; }")
    r.settle()
    assert r.ids()[-1] == "C009986"


def test_the_page_never_scrolls_sideways(open_report, folder):
    r = open_report(folder)
    r.search("C000007")
    r.page.locator("#body .opener").click()
    r.page.locator(".details time").first.wait_for()
    r.search("")
    for width in (360, 390, 700, 900, 1200, 1920):
        r.page.set_viewport_size({"width": width, "height": 800})
        r.settle()
        assert r.page.evaluate("document.documentElement.scrollWidth") <= width


CUT = """() => [...document.querySelectorAll("#body tr.row td:not(.cell-customer)")]
  .filter((td) => getComputedStyle(td).visibility === "visible" && td.scrollWidth > td.clientWidth + 1).map((td) => td.innerText)"""


@pytest.mark.parametrize(("width", "least"), [(1280, 165), (1440, 240), (1920, 500)])
def test_beside_the_verdict_nothing_of_a_list_by_money_is_cut_off_and_the_reason_has_room(
    open_report, nights, width, least
):
    folder = nights(30)
    table = pd.read_parquet(folder / "at_risk.parquet")
    table["expected_profit"], table["stage"] = 1234.0, "won back"
    table.loc[::2, "risk_band"] = "elevated"
    table.to_parquet(folder / "at_risk.parquet", index=False)
    r = open_report(folder, viewport={"width": width, "height": 900})
    assert r.page.locator("#viewport").evaluate("v => v.scrollWidth - v.clientWidth") <= 0
    assert r.page.evaluate(CUT) == []
    assert r.page.locator("#body .cell-reason_1").first.evaluate("td => td.clientWidth") >= least


def test_half_days_are_rounded_as_on_the_terminal(open_report, nights):
    folder, days = nights(30), [118.5, 119.5, 1.5, 100.4]
    table = pd.read_parquet(folder / "at_risk.parquet")
    table.loc[:3, "days_overdue"] = days
    table.to_parquet(folder / "at_risk.parquet", index=False)
    shown = open_report(folder).page.locator("#body .cell-days_overdue").all_inner_texts()
    assert shown[:4] == [f"{d:.0f} d" for d in days]


def test_narrow_rows_have_the_height_that_is_counted_and_sort_by_a_choice(open_report, folder):
    r = open_report(folder, viewport={"width": 390, "height": 844})
    heights = r.page.eval_on_selector_all(
        "#body tr.row", "all => all.map((t) => t.getBoundingClientRect().height)"
    )
    assert max(heights) - min(heights) < 0.5
    r.page.select_option("#sort", "value_at_stake")
    r.page.click("#turn")
    assert r.page.inner_text("#body tr.row .cell-value_at_stake").startswith("£12.50")


def test_the_theme_follows_the_system_and_the_button(open_report, folder):
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = open_report(folder, color_scheme="dark")
    assert dark.page.evaluate(ground) == "rgb(20, 23, 27)"
    dark.page.click("#theme")
    assert dark.page.evaluate(ground) == "rgb(247, 246, 243)"
    dark.page.reload()
    dark.page.wait_for_selector("html[data-ready=yes]")
    assert dark.page.evaluate(ground) == "rgb(247, 246, 243)"


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255];
  };
  const light = ([r, g, b]) => { const f = (v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const over = (top, below) => top.map((v, i) => (i < 3 ? v * top[3] + below[i] * (1 - top[3]) : 1));
  const ground = (e) => { if (!e) return [255, 255, 255, 1]; const c = rgba(getComputedStyle(e).backgroundColor);
    return c[3] === 1 ? c : over(c, ground(e.parentElement)); };
  const out = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest(".unseen, .skip, script")) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const back = ground(e), text = over(rgba(e.closest("svg") ? style.fill : style.color), back);
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) out.push(`${ratio.toFixed(2)} ${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`);
  }
  return out;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(open_report, scored_night, scheme):
    r = open_report(scored_night, color_scheme=scheme)
    r.page.locator("#body .opener").nth(1).click()
    r.page.locator(".details time").first.wait_for()
    r.page.click("details[data-facet='risk_band'] > summary")
    for details in r.page.locator("details.twin").all():
        details.evaluate("d => { d.open = true; }")
    assert r.page.evaluate(CONTRAST) == []


def test_what_assistive_technology_is_told(open_report, folder):
    r = open_report(folder)
    page = r.page
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_attribute("#shown", "aria-live") == "polite"
    nameless = page.evaluate(
        "() => [...document.querySelectorAll('button, input, select, summary')].filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.[0]?.textContent.trim())).map((e) => e.outerHTML)"
    )
    assert nameless == []
    assert page.locator("#body tr.row").first.get_attribute("aria-rowindex") == "2"
    ids = page.eval_on_selector_all("[id]", "all => all.map((e) => e.id)")
    assert len(ids) == len(set(ids))


def test_without_javascript_the_first_rows_are_there(chromium, folder):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(churn.write_report(folder).as_uri())
    assert page.locator("#paper-body tr").count() == 50
    assert page.is_visible("#paper-body")
    context.close()


def test_a_browser_that_is_too_old_shows_the_first_rows_and_says_so(chromium, folder):
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(churn.write_report(folder).as_uri())
    page.wait_for_selector("html[data-ready=no]")
    assert page.is_visible("#paper-body")
    assert "too old" in page.inner_text("#paper-note")
    context.close()


def test_bands_are_in_the_order_of_danger(open_report, folder):
    r = open_report(folder)
    r.page.click("details[data-facet='risk_band'] > summary")
    names = r.page.eval_on_selector_all(
        "details[data-facet='risk_band'] input", "all => all.map((e) => e.value)"
    )
    assert names == BANDS
