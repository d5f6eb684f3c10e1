"""The page in a real browser: what a reader does with it, and that it asks the network for nothing."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

import churn
from tests.report.conftest import BANDS, HOSTILE

pytestmark = pytest.mark.browser


class Opened:
    """A report opened in a page of its own, with everything it complained about and asked for."""

    def __init__(self, browser, file, **context):
        self.file, self.said, self.asked = file, [], []
        self.context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | context))
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]")

    def ids(self):
        return self.page.eval_on_selector_all("#body tr.row .opener", "all => all.map((b) => b.textContent)")

    def all_ids(self):
        """Return the ids of everybody who is shown, by scrolling through the list."""
        seen = {}
        view = self.page.locator("#viewport")
        view.evaluate("v => { v.scrollTop = 0; }")
        for _ in range(200):
            self.settle()
            seen.update(
                self.page.eval_on_selector_all(
                    "#body tr.row",
                    "all => Object.fromEntries(all.map((r) => [r.dataset.place, r.querySelector('.opener').textContent]))",
                )
            )
            if view.evaluate(
                "v => { const was = v.scrollTop; v.scrollTop += v.clientHeight; return v.scrollTop === was; }"
            ):
                break
        return [seen[str(i)] for i in range(len(seen))]

    def settle(self):
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def shown(self):
        return self.page.inner_text("#shown")

    def tick(self, facet, *names):
        self.page.click(f"details[data-facet='{facet}'] > summary")
        for name in names:
            self.page.check(f"details[data-facet='{facet}'] input[value='{name}']")
        self.page.keyboard.press("Escape")

    def search(self, text):
        self.page.fill("#search", text)
        self.page.wait_for_timeout(120)


@pytest.fixture
def open_report(chromium):
    opened = []

    def make(folder, **context):
        file = folder / "report.html"
        opened.append(Opened(chromium, file if file.exists() else churn.write_report(folder), **context))
        return opened[-1]

    yield make
    for o in opened:
        o.context.close()
        assert o.said == []  # no error, no warning, nothing the policy had to refuse
        assert {u for u in o.asked if not u.startswith(("data:", "blob:"))} == {o.file.as_uri()}


@pytest.fixture(scope="module")
def folder(nights):
    return nights()


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
