from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from churn.config.retention import RetentionSettings
from churn.definition import Inactivity
from churn.retention.answers import AnswerSeries, difference_interval
from churn.retention.purchases import purchases
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import history_of, orders

RULE = Inactivity(45, 20)
JAN, FEB, MAR = (instant(f"2024-0{m}-01") for m in (1, 2, 3))


def asked(
    *scores: float | None, kind: str = "nps", answered: int | None = JAN + DAY, **values: Any
) -> list[Row]:
    return [
        {"customer": "a", "time": JAN - 40 * DAY, "answered": answered, "score": s, "kind": kind, **values}
        for s in scores
    ]


def answers(rows: list[Row], **options: Any) -> AnswerSeries | None:
    tables = Tables(orders(JAN, MAR + 10 * DAY), surveys=rows)
    return purchases(history_of(tables), RULE, **options).answers


def test_nps_and_csat_by_the_period_in_which_the_answer_came() -> None:
    rows = [
        *asked(10, 9, 8, 7, 6, 0),
        *asked(10, answered=FEB - 1),
        *asked(0, answered=FEB),
        *asked(5, 4, 3, 1, kind="CSAT"),
        *asked(3, kind="mood"),
        *asked(None, answered=None),
    ]
    found = answers(rows)
    jan, feb, mar = found.periods  # type: ignore[union-attr]
    assert (jan.promoters, jan.passives, jan.detractors) == (3, 2, 2)
    assert jan.nps == pytest.approx(1 / 7)
    assert (feb.nps, mar.nps, mar.nps_interval) == (-1.0, None, None)
    assert (jan.satisfied, jan.others, jan.csat) == (2, 2, 0.5)
    assert feb.csat is None
    assert found.notes == []  # type: ignore[union-attr]


def test_answers_at_or_after_the_night_are_not_known() -> None:
    rows = [*asked(10, answered=FEB - 1), *asked(0, answered=FEB), *asked(0, recorded_at=FEB)]
    found = answers(rows, as_of=FEB)
    assert [p.nps for p in found.periods] == [1.0]  # type: ignore[union-attr]
    assert answers(asked(10, answered=FEB), as_of=FEB) is None


def test_scores_outside_the_scale_count_nowhere_and_are_told() -> None:
    found = answers([*asked(11, -1, 8.5, 10), *asked(0, 6, kind="csat"), *asked(5, answered=JAN - DAY)])
    assert found.outside == 5  # type: ignore[union-attr]
    assert found.earlier == 1  # type: ignore[union-attr]
    assert found.periods[0].promoters == 1  # type: ignore[union-attr]
    assert found.notes == [  # type: ignore[union-attr]
        "5 scores do not count: NPS takes whole numbers from 0 to 10, CSAT from 1 to 5.",
        "1 answers came before the first order and are in no period.",
    ]


def test_which_kinds_count_is_a_setting() -> None:
    rows = asked(10, kind="relationship") + asked(5, kind="nps")
    settings = RetentionSettings(nps_kinds=("relationship",), csat_kinds=("nps",))
    jan = answers(rows, calendar=settings).periods[0]  # type: ignore[union-attr]
    assert (jan.promoters, jan.satisfied) == (1, 1)
    assert answers(asked(3, kind="mood")) is None
    assert answers([]) is None


def test_the_interval_has_a_width_where_all_answer_alike_and_stays_on_the_scale() -> None:
    low, high = difference_interval(10, 0, 10)
    assert 0.2 < low < 0.8
    assert high == 1.0
    assert difference_interval(0, 10, 10) == (-1.0, -low)
    low, high = difference_interval(0, 0, 10)
    assert low == pytest.approx(-high)
    assert low < 0 < high


@pytest.mark.parametrize(("p", "q", "n"), [(0.5, 0.2, 30), (0.1, 0.1, 50), (0.8, 0.05, 20)])
def test_the_interval_covers_the_truth_as_often_as_it_says(p: float, q: float, n: int) -> None:
    draws = np.random.default_rng(5).multinomial(n, [p, q, 1 - p - q], size=1500)
    inside = [
        low <= p - q <= high for low, high in (difference_interval(int(a), int(b), n) for a, b, _ in draws)
    ]
    assert 0.93 <= np.mean(inside) <= 0.985
