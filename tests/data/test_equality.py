"""However the rows came - night after night, in one piece, in buckets - the log is the same, bit for bit."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import churn.data.ingest
import churn.data.size
from churn.data.ingest import ingest
from churn.data.load import load_history
from churn.data.store import LogStore
from tests.data.logs import assert_same, config, rows_of, write

TABLES = ("orders", "tickets", "returns", "customers", "credit")
START = dt.datetime(2024, 3, 30, tzinfo=dt.UTC)
# Few instants, so that ties and late rows are common; the clock skips an hour among them.
WHEN = st.integers(0, 12).map(lambda n: START + dt.timedelta(hours=6 * n))
MAYBE = st.none() | WHEN
WHO = st.integers(1, 6)
LABEL = st.sampled_from(("bad", "web", "app", "", None))


def _rows(count: int, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries(fields), max_size=count)


@st.composite
def deliveries(draw: st.DrawFn) -> list[dict[str, list[dict[str, Any]]]]:
    """Nights with new, late, corrected and repeated rows; some nights bring nothing for a table."""
    keys = st.sampled_from((None, *(f"k{i}" for i in range(8))))
    # Repeated keys without being corrections are an error from a tenth on; these rows keep the share low.
    many = [
        {"customer": 1 + i % 3, "time": START, "amount": float(i), "order_id": f"first{i}"} for i in range(25)
    ]
    plenty = [
        {"customer": 7, "opened": START, "ticket_id": f"first{i}", "category": "bad"} for i in range(15)
    ]
    nights = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "orders": _rows(
                        3,
                        customer=WHO,
                        time=WHEN,
                        amount=st.sampled_from((0.0, -0.0, 1.5, None)),
                        order_id=keys,
                        channel=LABEL,
                        delivered=MAYBE,
                        recorded_at=MAYBE,
                    ),
                    "tickets": _rows(
                        2,
                        customer=st.integers(5, 9),
                        opened=WHEN,
                        ticket_id=keys,
                        category=LABEL,
                        resolved=MAYBE,
                    ),
                    "returns": _rows(2, customer=WHO, time=WHEN, amount=st.sampled_from((-1.0, 2.0))),
                    "customers": st.lists(st.integers(1, 11), unique=True, max_size=3).flatmap(
                        lambda ids: st.tuples(
                            *(
                                st.fixed_dictionaries(
                                    {
                                        "customer": st.just(i),
                                        "joined": MAYBE,
                                        "country": LABEL,
                                        "mail": LABEL,
                                    }
                                )
                                for i in ids
                            )
                        ).map(list)
                    ),
                    "credit": _rows(2, customer=WHO, time=WHEN, score=st.none() | st.just(2.0), band=LABEL),
                }
            ),
            min_size=1,
            max_size=4,
        )
    )
    nights[0]["orders"] = many + nights[0]["orders"]
    nights[0]["tickets"] = plenty + nights[0]["tickets"]
    nights[0]["credit"] += [
        {"customer": 1, "time": START, "score": 1.0, "band": "A"}
    ]  # a column without values is no text
    return nights


@pytest.mark.parametrize(("rows", "parts"), [(10**6, False), (9, False), (9, True)])
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking runs whole ingests for minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(nights=deliveries(), missing=st.sets(st.integers(0, 19), max_size=6))
def test_extended_rebuilt_and_read_from_the_sources(monkeypatch, rows, parts, nights, missing):
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", rows)
    if parts:
        monkeypatch.setattr(churn.data.ingest, "needs_parts", lambda *_: True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, night in enumerate(nights):
            for j, table in enumerate(TABLES):
                if i == 0 or (5 * i + j) not in missing:
                    write(folder, table, f"{i:03d}", night[table])
            ingest(config(folder, *TABLES))
        assert not ingest(config(folder, *TABLES)).changed
        extended = load_history(config(folder, *TABLES))
        assert_same(extended, load_history(config(folder, *TABLES, log=None)))
        ingest(config(folder, *TABLES, log="other"))
        assert_same(extended, load_history(config(folder, *TABLES, log="other")))
        ingest(config(folder, *TABLES), rebuild=True)
        assert_same(extended, load_history(config(folder, *TABLES)))
        for log in ("log", "other"):
            _check_buckets(LogStore.open(folder / log), extended)


def _check_buckets(store, whole):
    seen: list[Any] = []
    rows: dict[str, list[Any]] = {name: [] for name in whole.logs}
    for bucket in range(store.buckets):
        part = store.load(bucket)
        assert part.data_end == whole.data_end
        assert list(part.logs) == list(whole.logs)
        seen += part.customers.tolist()
        for name, log in part.logs.items():
            rows[name] += rows_of(part, name)
            assert {k: c.labels for k, c in log.categories.items()} == {
                k: c.labels for k, c in whole.logs[name].categories.items()
            }
        assert {k: c.labels for k, c in part.segments.items()} == {
            k: c.labels for k, c in whole.segments.items()
        }
        _check_order(part, whole)
    assert sorted(seen) == whole.customers.tolist()
    for name in whole.logs:
        assert sorted(rows[name], key=repr) == sorted(rows_of(whole, name), key=repr)
    summary = store.summary()
    for name, log in whole.logs.items():
        assert summary["logs"][name]["rows"] == len(log)
        assert set(summary["logs"][name]["numbers"]) == set(log.numbers)
        assert set(summary["logs"][name]["instants"]) == set(log.instants)
        for column, category in log.categories.items():
            counts = {label: int((category.codes == i).sum()) for i, label in enumerate(category.labels)}
            assert summary["logs"][name]["categories"][column] == counts
    for column, category in whole.segments.items():
        counts = {label: int((category.codes == i).sum()) for i, label in enumerate(category.labels)}
        assert summary["segments"][column] == counts


def _check_order(part, whole):
    """A customer's rows come in the same order in a bucket as in the whole."""
    for name in part.logs:
        mine = set(part.customers.tolist())
        assert rows_of(part, name) == [r for r in rows_of(whole, name) if r[0] in mine]
