from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from churn.errors import ParameterError
from churn.features.compute import Schema, catalogue, compute_features, full_schema
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders, ticket

T = instant("2024-03-01")

FAMILIES = {"rhythm", "volume", "returns", "service", "engagement", "account"}
# What the end of a name says about the unit; windows and half-lives may follow.
UNITS = {
    "_count": {"orders", "returns", "tickets", "events", "days"},
    "_days": {"days"},
    "_hours_mean": {"hours"},
    "_hours_last": {"hours"},
    "_share": {"share", "ratio"},
    "_decline": {"share"},
    "_ratio": {"ratio"},
    "_probability": {"probability"},
    "_score": {"score"},
}


def base_name(name: str) -> str:
    head = name.split(":", 1)[0]
    return head.rsplit("_", 1)[0] if head.endswith("d") and head.rsplit("_", 1)[1][:-1].isdigit() else head


def test_the_whole_catalogue() -> None:
    signals = catalogue()
    names = [s.name for s in signals]
    assert len(signals) >= 60
    assert len(set(names)) == len(names)
    assert {s.family for s in signals} == FAMILIES
    for s in signals:
        assert s.meaning
        assert s.meaning == s.meaning.strip()
        assert not s.meaning.endswith(".")
        assert s.unit
        assert s.topic
        assert s.warns in ("high", "low", "either")
        assert (s.unit == "category") == bool(s.categories)
    assert catalogue() == signals
    assert {hash(s) for s in signals}


def test_names_carry_their_unit() -> None:
    for s in catalogue():
        for end, units in UNITS.items():
            if base_name(s.name).endswith(end):
                assert s.unit in units, s.name
        if s.unit in ("days", "hours", "share", "probability", "score"):
            word = {"probability": "probability", "score": "score"}.get(s.unit, s.unit)
            said = word in s.name or "decline" in s.name or s.name.startswith("satisfaction")
            assert said or s.name in ("active_share_12x30d",), s.name


def test_windows_in_names_are_the_windows_measured() -> None:
    for s in catalogue():
        days = getattr(s.measure, "days", None)
        if days is not None and base_name(s.name) != s.name:
            assert s.name.split(":")[0].endswith(f"_{days:g}d"), s.name
            assert f"{days:g} days" in s.meaning, s.name


MINIMAL = Tables(orders(T - 9 * DAY))
WHOLE = Tables(
    orders(T - DAY, quantity=1.0, channel="web"),
    interactions=[{"customer": "a", "time": T, "kind": "visit", "channel": "app"}],
    tickets=[ticket(T - DAY)],
    customers=[{"customer": "a", "size": "big"}, {"customer": "b", "size": None}],
)


@pytest.mark.parametrize(
    ("tables", "there", "gone"),
    [
        (MINIMAL, {"recency_days", "amount_total", "tenure_days"}, {"quantity_mean", "returns_count"}),
        (Tables(orders(T, quantity=1.0)), {"quantity_mean"}, {"products_mean", "order_channel_top_share"}),
        (Tables(orders(T, channel="x")), {"order_channel_share:x", "order_channel_top_share"}, set()),
        (Tables(orders(T, channel=None)), set(), {"order_channel_top_share", "order_channel_share:None"}),
        (
            Tables(orders(T), tickets=[{"ticket_id": 1, "customer": "a", "opened": T}]),
            {"tickets_count", "tickets_per_order"},
            {"complaints_count", "ignored_complaints_count", "open_tickets_count", "first_reply_hours_mean"},
        ),
        (
            # Without any column of answers nobody can tell what was ignored.
            Tables(orders(T), tickets=[{"ticket_id": 1, "customer": "a", "opened": T, "is_complaint": True}]),
            {"complaints_count"},
            {"ignored_complaints_count", "unanswered_complaint_oldest_days", "orders_after_ignored"},
        ),
        (
            Tables(
                orders(T),
                tickets=[
                    {"ticket_id": 1, "customer": "a", "opened": T, "is_complaint": True, "resolved": None}
                ],
            ),
            {"ignored_complaints_count", "open_tickets_count", "resolution_hours_mean"},
            {"first_reply_hours_mean", "unanswered_tickets_count", "satisfaction_last"},
        ),
        (
            Tables(orders(T), interactions=[{"customer": "a", "time": T, "kind": "visit"}]),
            {"visit_count_14d", "interactions_count_14d", "interactions_after_order"},
            {"interaction_channel_top_share"},
        ),
        (
            Tables(orders(T), customers=[{"customer": "a", "size": "big"}]),
            {"segment:size"},
            {"segment:joined"},
        ),
    ],
)
def test_signals_of_missing_columns_are_left_away(tables: Tables, there: set[str], gone: set[str]) -> None:
    history = history_of(tables)
    names = {s.name for s in catalogue(history)}
    assert there <= names
    assert not gone & names
    assert not compute_features(history, T + 1).empty


def test_a_kind_named_like_another_signal_gets_a_name_of_its_own() -> None:
    everything = catalogue()
    words = {s.name.rsplit("_count_", 1)[0] for s in everything} | {
        s.name.removesuffix("_recency_days") for s in everything
    }
    schema = replace(full_schema(), kinds=tuple(sorted({*words, "tickets_contact"})))
    names = [s.name for s in catalogue(schema)]
    assert len(set(names)) == len(names)
    assert {"tickets_contact_count_14d", "tickets_contact_contact_count_14d"} <= set(names)


@pytest.mark.parametrize("days", [0, -1, math.nan])
def test_ignored_after_days_is_a_length(days: float) -> None:
    with pytest.raises(ParameterError, match="ignored_after_days is not a length"):
        catalogue(ignored_after_days=days)


def test_ignored_after_days_is_said_in_the_meaning() -> None:
    def meaning(days: float) -> str:
        return next(
            s.meaning for s in catalogue(ignored_after_days=days) if s.name == "ignored_complaints_count"
        )

    assert meaning(7.0) == "complaints without an answer within 7 days, ever"
    assert meaning(2.5) == "complaints without an answer within 2.5 days, ever"


# -- the schema ----------------------------------------------------------------------------------------


def test_the_schema_comes_back_from_json() -> None:
    for schema in (Schema.of(history_of(WHOLE)), Schema.of(history_of(MINIMAL)), full_schema()):
        back = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
        assert back == schema
        assert catalogue(back) == catalogue(schema)


def test_the_schema_keeps_the_twenty_most_frequent_values() -> None:
    tables = Tables([r for i in range(25) for r in orders(*[T - DAY] * (1 + (i >= 3)), channel=f"c{i:02}")])
    assert Schema.of(history_of(tables)).order_channels == tuple(f"c{i:02}" for i in range(3, 23))


def test_a_model_sees_new_values_as_unknown() -> None:
    """What a schema of the past does not know of is neither an error nor another value."""
    old = history_of(Tables(orders(T - DAY), customers=[{"customer": "a", "size": "big"}]))
    new = history_of(Tables(orders(T - DAY), customers=[{"customer": "a", "size": "gigantic"}]))
    signals = catalogue(Schema.of(old))
    assert compute_features(new, T, signals=signals)["segment:size"].isna().tolist() == [True]
    assert compute_features(old, T, signals=signals)["segment:size"].tolist() == ["big"]
