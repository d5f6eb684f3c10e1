"""Past campaigns in the nightly report."""

from __future__ import annotations

from churn.report.charts_campaigns import effects, results

WINTER = {
    "campaign": "winter <b>",
    "start": "2026-01-05",
    "as_of": "2026-03-06",
    "status": "measured",
    "said": "Contacting kept 3.1 of 100.",
    "currency": "EUR",
    "treated": 1655,
    "held_out": 414,
    "effect": 0.031,
    "low": 0.004,
    "high": 0.058,
    "spent": 622.4,
    "profit": None,
    "profit_low": None,
    "profit_high": None,
}
SPRING = {"campaign": "spring", "start": "", "status": "unreadable", "said": "cannot be read"}


def test_what_can_be_compared_is_drawn_and_all_of_it_is_in_the_table():
    picture, table = effects([WINTER, SPRING]), results([WINTER, SPRING])

    assert picture is not None
    assert table is not None
    assert "<b>" not in picture.svg
    assert [row[0] for row in picture.rows] == ["winter <b>"]
    assert [row[0] for row in table.rows] == ["winter <b>", "spring"]
    assert table.rows[0][6].startswith("+3.1")
    assert table.rows[0][7] == "EUR 622"
    assert set(table.rows[1][4:]) == {""}


def test_nothing_is_drawn_of_nothing():
    assert effects([SPRING]) is None
    assert effects([]) is None
    assert results([]) is None
