from __future__ import annotations

from churn.definition import Subscription
from churn.retention.purchases import purchases
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders


def test_the_text_fits_the_terminal_and_says_what_is_not_over_and_not_known(history, definition) -> None:
    found = purchases(history, definition, as_of="2024-06-17")
    lines = str(found).splitlines()
    table = lines[1 : 2 + len(found.periods)]
    assert max(map(len, table)) <= 120
    assert table[1].startswith("2023-07*")
    assert table[-1].startswith("(2024-06)")
    assert table[-1].split()[-2:] == ["-", "-"]
    assert (
        "* = starts within 120 days of the beginning of the data: who had bought before is not known."
        in lines
    )
    assert "The first month is a part: the data begin after it does." in lines
    assert "In brackets: not over, counted up to 2024-06-17." in lines
    assert not found.periods[5].beginning
    assert found.periods[4].beginning


def test_the_frame_is_the_data_twin(history, definition) -> None:
    found = purchases(history, definition, "quarter")
    frame = found.frame
    assert len(frame) == len(found.periods)
    assert frame["net_revenue"].tolist() == [p.net for p in found.periods]


def test_answers_and_recurring_revenue_stand_beside_the_purchases() -> None:
    start = instant("2024-01-01")
    subs = [
        {"customer": "a", "time": start + DAY, "event": "start", "price": 10.0},
        {"customer": "b", "time": start + DAY, "event": "end", "price": None},
    ]
    surveys = [
        {"customer": "a", "time": start, "answered": start + DAY, "score": s, "kind": "nps"}
        for s in (9.0, 3.0)
    ]
    tables = Tables(orders(start, start + 70 * DAY), subscriptions=subs, surveys=surveys)
    found = purchases(history_of(tables), Subscription(30, ended_when=("end",)))
    assert found.frame["mrr_end"].tolist() == [10.0, 10.0, 10.0]
    assert found.frame["nps"].iloc[0] == 0.0
    text = str(found)
    assert "Monthly recurring revenue: start - lost - less + more + new = end" in text
    assert "+0 (" in text
    assert "GRR and NRR are told of the recurring revenue, below." in text
    assert "~ = of fewer than 30 buyers." in text
    line = next(x for x in text.splitlines() if x.startswith("2024-02"))
    assert line.split()[1:3] == ["0", "0"]  # nobody ordered in February
    assert line.split()[5:] == ["-", "-", "-", "0", "%"]
