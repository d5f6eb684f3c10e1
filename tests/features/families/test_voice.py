from __future__ import annotations

import math

import pytest

from tests.features.oracle import DAY, Patience, Row, Tables, instant
from tests.features.tables import orders, value

T = instant("2024-03-01")


def asked(*rows: tuple[float, float | None, float | None], kind: str | None = "nps") -> list[Row]:
    """Surveys sent so many days ago, answered so many days later with a score."""
    return [
        {
            "customer": "a",
            "time": T - round(ago * DAY),
            "answered": None if after is None else T - round((ago - after) * DAY),
            "score": score,
            "kind": kind,
        }
        for ago, after, score in rows
    ]


ANSWERS = (
    (400, 1, 9.0),
    (300, 20, 7.0),
    (200, None, None),
    (100, 80, 3.0),
    (50, 14, 8.0),
    (20, 20, 1.0),
    (5, None, None),
)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("score_last", 3.0),  # answered 20 days ago, after the one that was sent later
        ("score_mean", 27 / 4),
        ("score_change", -5.0),
        ("asked_count_365d", 6),
        ("silent_count_365d", 4),
        ("silent_share", 4 / 7),
        ("answer_recency_days", 20.0),
    ],
)
def test_answers_before_the_cutoff(name: str, want: float) -> None:
    tables = Tables(orders(T - 500 * DAY), surveys=asked(*ANSWERS))
    assert value(tables, f"survey:nps_{name}", T) == pytest.approx(want)
    plain = Tables(
        orders(T - 500 * DAY), surveys=[{k: v for k, v in r.items() if k != "kind"} for r in tables.surveys]
    )
    assert value(plain, f"survey_{name}", T) == pytest.approx(want)


def test_kinds_are_told_apart() -> None:
    rows = asked((9, 1, 3.0)) + asked((8, 1, 5.0), kind="csat") + asked((7, 1, 9.0), kind=None)
    tables = Tables(orders(T - 90 * DAY), surveys=rows)
    assert value(tables, "survey:nps_score_last", T) == 3.0
    assert value(tables, "survey:csat_score_last", T) == 5.0


@pytest.mark.parametrize(
    ("ago", "after", "silent"),
    [(14, None, 0), (14.001, None, 1), (20, 14, 0), (20, 14.001, 1), (20, 20, 1), (14, 14, 0)],
)
def test_silence_has_fully_elapsed_before_the_cutoff(ago: float, after: float | None, silent: int) -> None:
    tables = Tables(orders(T - 90 * DAY), surveys=asked((ago, after, None)))
    assert value(tables, "survey:nps_silent_count_365d", T) == silent


def test_the_patience_can_be_set() -> None:
    tables = Tables(orders(T - 90 * DAY), surveys=asked((5, None, None)))
    assert value(tables, "survey:nps_silent_share", T) == 0.0
    assert value(tables, "survey:nps_silent_share", T, patience=Patience(silent=4)) == 1.0


def test_who_never_answered() -> None:
    tables = Tables(orders(T - 90 * DAY), surveys=asked((5, None, None), (4, 4, 9.0)))
    for name in ("score_last", "score_mean", "score_change", "answer_recency_days"):
        assert math.isnan(value(tables, f"survey:nps_{name}", T))
