import re
from pathlib import Path

from churn.report import charts_draw
from churn.report.charts_draw import ACCENT, TEXT, Chart, canvas, finish, heat, percent_axis, short, table
from tests.report.chart_data import HOSTILE, parsed, texts


def picture(key="a", label="0.123456", title="Title", **options):
    with canvas(200, 100) as (figure, axes):
        axes.plot([0, 1], [0.123456, 1], color=ACCENT, marker="o")
        axes.fill_between([0, 1], [0, 0], [1, 1], color=heat(0.5))
        axes.text(0, 0, label, color=TEXT)
        return Chart(title, finish(figure, key, title, "described", **options), (), ())


def test_the_same_data_give_the_same_bytes():
    assert picture().svg == picture().svg


def test_ids_of_two_pictures_differ_and_are_found():
    one, two = picture("one"), picture("two")
    ids = [set(re.findall(r'\bid="([^"]*)"', p.svg)) for p in (one, two)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for chart, own in zip((one, two), ids, strict=True):
        used = set(re.findall(r'href="#([^"]*)"', chart.svg)) | set(re.findall(r"url\(#([^)]*)\)", chart.svg))
        assert used
        assert used <= own


def test_colours_are_those_of_the_page():
    svg = picture().svg
    assert "var(--accent)" in svg
    assert "var(--text)" in svg
    assert "color-mix(in srgb, var(--heat) 22%, var(--surface))" in svg


def test_what_is_read_is_not_rounded_and_coordinates_are():
    chart = picture()
    assert "0.123456" in texts(chart)
    attributes = re.sub(r">[^<]*<", "><", chart.svg)
    assert not re.search(r"\d\.\d{3}", attributes)


def test_hostile_words_stay_words():
    chart = picture(label=HOSTILE, title=HOSTILE)
    parsed(chart)
    assert "<script" not in chart.svg
    assert any('alert("x")' in t and "$a$" in t for t in texts(chart))


def test_letters_that_no_font_here_has_are_no_matter():
    assert "\u4e2d\u6587 \U0001f600" in texts(picture(label="\u4e2d\u6587 \U0001f600"))


def test_a_picture_that_must_not_shrink_scrolls_and_can_be_reached_by_keyboard():
    svg = picture(least=300).svg
    assert svg.startswith('<div class="chart-scroll" role="region" tabindex="0" aria-labelledby="a-title"')
    assert "min-width: 300px" in svg


def test_nothing_of_matplotlib_s_leaks_into_the_page():
    svg = picture().svg
    for leak in ("<?xml", "<!DOCTYPE", "<metadata", "<style", "DejaVu", "xlink", "matplotlib"):
        assert leak not in svg


def test_the_settings_of_matplotlib_stay_as_they_were():
    import matplotlib

    before = dict(matplotlib.rcParams)
    picture()
    assert dict(matplotlib.rcParams) == before


def test_heat_stays_where_letters_can_be_read():
    assert [heat(x) for x in (-1.0, 0.0, 1.0, 7.0)] == ["#010200", "#010200", "#01022d", "#01022d"]


def test_ticks_are_written_as_exactly_as_they_are():
    for low, high in ((0.9, 1.0), (0.915, 0.935), (0.0, 1.0), (0.9331, 0.9339)):
        with canvas(300, 100) as (figure, axes):
            axes.plot([low, high], [0, 1])
            percent_axis(axes.xaxis)
            ticks = axes.get_xticks()
            svg = finish(figure, "x", "t", "d")
        written = {float(t) / 100 for t in re.findall(r">(-?[\d.]+) %<", svg)}
        assert len(written) >= 2
        assert all(min(abs(w - t) for t in ticks) < 1e-9 for w in written)


def test_the_data_twin_is_text_and_empty_where_nothing_is_known():
    assert table([(1, None, "a")]) == (("1", "", "a"),)


def test_labels_are_cut_and_lose_line_breaks():
    assert short("a\n\u202eb") == "a b"
    assert short("x" * 100, 10) == "x" * 9 + "…"


def test_columns_of_numbers_are_known():
    cells = (
        "12",
        "£1,200",
        "-3.5",
        "12.3 %",
        "no rate",
        "0.8 [0.7, 0.9]",
        "EUR 12",
        "(12.0 % so far)",
        "-£7",
        "8 % to 9 %",
    )
    rows = tuple(("2025-01-01", n, "12 words", "") for n in cells)
    assert Chart("t", "", ("a", "b", "c", "d"), rows).numbers == frozenset({1})


def test_every_colour_is_one_that_the_page_defines():
    theme = (Path(charts_draw.__file__).parent / "static" / "theme.css").read_text()
    defined = set(re.findall(r"^\s*(--[\w-]+):", theme, re.M))
    used = set(re.findall(r"var\((--[\w-]+)\)", " ".join(charts_draw._VARIABLES.values())))
    assert used | {"--heat", "--surface"} <= defined
