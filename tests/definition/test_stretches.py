from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data.history import NEVER, History
from churn.definition import Definition, Inactivity, LabelTable, LeavingEvent, Subscription
from churn.definition.stretches import Stretches
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import generated, history_of

T = instant("2024-03-01")
RULES = [
    Inactivity(20, 10),
    LabelTable(20, 10),
    Subscription(10, ended_when=("end",)),
    Subscription(10, grace_days=5, ended_when=("end",)),
    Subscription(10, grace_days=0),
    LeavingEvent(20, 10, left_when=("end",)),
    LeavingEvent(20, 10, table="interactions", left_when=("end",), active_in="interactions"),
]
# Few shared instants, many of them exactly as far apart as the rules' days.
WHEN = st.sampled_from([T + d * DAY + us for d in (0, 5, 20, 25, 40, 41, 60) for us in (0, 1)])
WHO = st.sampled_from("abc")


@st.composite
def histories(draw: st.DrawFn) -> History:
    def rows(**fields: st.SearchStrategy) -> list[Row]:
        one = st.fixed_dictionaries({"customer": WHO, "time": WHEN, **fields})
        return draw(st.lists(one, min_size=1, max_size=10))

    mark: list[Row] = [{"customer": "z", "time": T - 9 * DAY, "event": e} for e in ("start", "end")]
    return history_of(
        Tables(
            rows(amount=st.just(1.0)),
            subscriptions=[
                *[{**r, "subscription": "s", "renews": None, "is_failed_payment": False} for r in mark],
                *rows(
                    event=st.sampled_from(("start", "renewal", "end")),
                    subscription=st.sampled_from(("s", "t")),
                    renews=st.none() | WHEN,
                    is_failed_payment=st.sampled_from((False, False, True)),
                ),
            ],
            interactions=[
                {"customer": "z", "time": T - 9 * DAY, "kind": "end"},
                *rows(kind=st.sampled_from(("visit", "end"))),
            ],
        )
    )


INSTANTS = sorted(
    {T + d * DAY + us for d in (-9, 0, 5, 10, 20, 25, 30, 40, 41, 45, 60, 61, 80) for us in (0, 1, 2)}
)


@settings(generated, max_examples=15)
@given(histories())
def test_stretches_are_what_active_says(history: History) -> None:
    for rule in RULES:
        follow(rule, history)


def follow(rule: Definition, history: History) -> None:
    n = len(history.customers)
    found = rule.stretches(history.logs)
    assert np.all(np.diff(found.start) >= 0)
    active = []
    for u in INSTANTS:
        inside = (found.start < u) & (u <= found.end)
        active.append(np.isin(np.arange(n), found.customer[inside]))
        np.testing.assert_array_equal(active[-1], rule.active(history.logs, n, u), err_msg=f"{rule} {u - T}")
    # Lives, by looking at every instant: first active, then first not active any more.
    until = INSTANTS[-1]
    began, lost = found.lives(n, until)
    for c in range(n):
        row = [a[c] for a in active]
        first = row.index(True) if True in row else None
        gone = None if first is None or False not in row[first:] else first + row[first:].index(False)
        if first is None:
            continue  # a stretch may lie between two of the instants
        assert began[c] < INSTANTS[first]
        if lost[c] == NEVER:
            assert gone is None
        elif gone is not None:
            assert lost[c] < INSTANTS[gone]


def spans(*rows: tuple[int, int, int]) -> Stretches:
    customer, start, end = (
        np.array(x, dtype=np.int64) for x in zip(*sorted(rows, key=lambda r: r[1]), strict=True)
    )
    return Stretches(customer, start, end)


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        ([(0, 0, 10), (0, 10, 20)], (0, 20)),  # one joins the other
        ([(0, 0, 10), (0, 11, 20)], (0, 10)),  # coming back ends nothing
        ([(0, 0, 50), (0, 5, 10), (0, 40, 60)], (0, 60)),  # a long one bridges
        ([(0, 0, 100)], (0, NEVER)),  # still active at the end
        ([(0, 0, 99)], (0, 99)),
        ([(0, 0, NEVER)], (0, NEVER)),
        ([(0, 3, 3), (0, 7, 9)], (7, 9)),  # an empty one is none
        ([(0, 100, 200)], (NEVER, NEVER)),  # it begins at the end of what is known
        ([(0, 0, 10), (0, 100, 200)], (0, 10)),
    ],
)
def test_the_first_loss_of_one_customer(rows, want) -> None:
    began, lost = spans((1, 0, 40), (1, 30, 60), *rows).lives(3, 100)
    assert (began[0], lost[0]) == want
    assert (began[1], lost[1]) == (0, 60)
    assert (began[2], lost[2]) == (NEVER, NEVER)
