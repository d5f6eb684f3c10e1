from __future__ import annotations

import pytest

from churn.display import Rendered, format_amount, format_count, format_percent, format_risk, table_text


class _Shown(Rendered):
    def render(self) -> str:
        return "a <b> & c"


def test_the_same_text_everywhere_and_escaped_in_a_notebook():
    assert str(_Shown()) == repr(_Shown()) == "a <b> & c"
    assert "a &lt;b&gt; &amp; c" in _Shown()._repr_html_()


def test_render_has_to_be_given():
    class Bare(Rendered):
        pass

    with pytest.raises(TypeError, match="Bare does not render"):
        str(Bare())


def test_table_lines_up_and_has_no_trailing_blanks():
    text = table_text(["a", "long header"], [["wide cell", "1"], ["", "22"]], right=(1,))
    assert text.splitlines() == ["a          long header", "wide cell            1", "                    22"]
    assert table_text(["a", "b"], []) == "a  b"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (999, "999"), (1e6, "1,000,000"), (-1234, "-1,234")])
def test_format_count(value, text):
    assert format_count(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (1, "100.0 %"), (0.12345, "12.3 %"), (None, "no rate"), (float("nan"), "no rate")],
)
def test_format_percent(share, text):
    assert format_percent(share) == text


def test_format_percent_digits():
    assert format_percent(0.12345, 0) == "12 %"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0, "", "0.00"),
        (99.99, "£", "£99.99"),
        (100, "£", "£100"),
        (1234.5, "EUR", "EUR 1,234"),
        (-12.5, "£", "-£12.50"),
        (-1234, "EUR", "-EUR 1,234"),
        (-0.001, "£", "£0.00"),
    ],
)
def test_format_amount(value, currency, text):
    assert format_amount(value, currency) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0, "0 %"), (0.114, "11 %"), (0.989, "99 %"), (0.996, "99 %"), (1.0, "99 %")]
)
def test_nobody_is_lost_for_sure(p, text):
    assert format_risk(p) == text
