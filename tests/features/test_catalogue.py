from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from churn.config import FeatureSettings
from churn.errors import ParameterError
from churn.features.catalogue import Schema, catalogue, full_schema
from churn.features.compute import compute_features
from churn.features.own import signal
from churn.features.signal import WARNINGS, Signal
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders, ticket

T = instant("2024-03-01")

FAMILIES = {"rhythm", "volume", "product", "service", "engagement", "account", "relative"}
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
    assert len(signals) == 208
    assert len(set(names)) == len(names)
    assert {s.family for s in signals} == FAMILIES
    for s in signals:
        assert s.meaning
        assert s.meaning == s.meaning.strip()
        assert not s.meaning.endswith(".")
        assert s.unit
        assert s.topic
        assert s.warns in WARNINGS
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
            heads = (s.name, s.name.split(":")[0])
            assert any(name.endswith(f"_{days:g}d") for name in heads), s.name
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
            # A resolution is an answer too.
            {
                "ignored_complaints_count",
                "open_tickets_count",
                "resolution_hours_mean",
                "unanswered_tickets_count",
            },
            {"first_reply_hours_mean", "satisfaction_last"},
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


def duplicates(signals: tuple[Signal, ...]) -> list[str]:
    return [name for name, n in Counter(s.name for s in signals).items() if n > 1]


def with_values(table: str, column: str, *values: str) -> Schema:
    """The whole schema with other values of a text column."""
    schema = full_schema()
    labels = tuple((t, c, values if (t, c) == (table, column) else v) for t, c, v in schema.labels)
    return Schema(schema.columns, labels)


ENDS = ("_count_14d", "_count_30d", "_count_90d", "_recency_days", "_decline_14d", "_decline_30d")
KINDS = sorted(
    {s.name.removesuffix(end) for s in catalogue() for end in ENDS if s.name.endswith(end)}
    | {s.name.removeprefix("orders_after_") for s in catalogue() if s.name.startswith("orders_after_")}
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_named_like_another_signal_gets_a_name_of_its_own(kind: str) -> None:
    assert duplicates(catalogue(with_values("interactions", "kind", kind))) == []
    assert duplicates(catalogue(with_values("interactions", "kind", kind, f"{kind}_contact"))) == []


def test_kinds_with_odd_names() -> None:
    kinds = ("a b", "'", '"', "%s", ":", "ünï", "x" * 200, "{", "\\", "None")
    rows = [{"customer": "a", "time": T - DAY, "kind": kind} for kind in kinds]
    frame = compute_features(history_of(Tables(orders(T - DAY), interactions=rows)), T)
    for kind in kinds:
        assert frame[f"{kind}_count_14d"].tolist() == [1], kind


@pytest.mark.parametrize(
    ("table", "column", "more"),
    [
        ("credit", "age_days", {}),
        ("segment", "size", {"customers": [{"customer": "a", "size": "big"}]}),
        (
            "survey",
            "nps_score_last",
            {
                "surveys": [
                    {
                        "customer": "a",
                        "time": T - DAY,
                        "answered": T - DAY,
                        "score": 3.0,
                        "kind": "nps_score_last",
                    }
                ]
            },
        ),
        ("interaction_channel_share", "app", {"interactions": WHOLE.interactions}),
        ("recency_days_vs_segment", "size", {"customers": [{"customer": "a", "size": "big"}]}),
    ],
)
def test_a_table_of_features_named_like_a_signal(table: str, column: str, more: dict[str, Any]) -> None:
    tables = Tables(
        orders(T - DAY),
        features={table: [{"customer": "a", "time": T - DAY, column: "x" if column == "size" else 3.0}]},
        **more,
    )
    assert duplicates(catalogue(history_of(tables))) == []


def test_windows_are_added_to_those_that_reasons_tell() -> None:
    names = {s.name for s in catalogue(settings=FeatureSettings(windows=(3, 45)))}
    wanted = {f"orders_count_{d}d" for d in (3, 30, 45, 90, 180, 365)} | {"orders_rate_45d", "amount_45d"}
    assert wanted <= names
    assert not {"orders_rate_3d", "amount_3d", "orders_count_60d"} & names
    for days in range(1, 400, 7):
        assert duplicates(catalogue(settings=FeatureSettings(windows=(days,)))) == []


@pytest.mark.parametrize(
    ("name", "setting", "meaning"),
    [
        (
            "ignored_complaints_count",
            "ignored_after_days",
            "complaints without an answer within {} days, ever",
        ),
        (
            "survey:SURVEY_silent_share",
            "silent_after_days",
            "share of the 'SURVEY' surveys without an answer within {} days; unknown without any",
        ),
    ],
)
@pytest.mark.parametrize("days", [7.0, 2.5])
def test_the_patience_is_said_in_the_meaning(name: str, setting: str, meaning: str, days: float) -> None:
    settings = FeatureSettings(**{setting: days})
    found = next(s.meaning for s in catalogue(settings=settings) if s.name == name)
    assert found == meaning.format(f"{days:g}")


# -- the schema ----------------------------------------------------------------------------------------


def test_the_schema_comes_back_from_json() -> None:
    for schema in (Schema.of(history_of(WHOLE)), Schema.of(history_of(MINIMAL)), full_schema()):
        back = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
        assert back == schema
        assert catalogue(back) == catalogue(schema)


def test_the_schema_keeps_the_twenty_most_frequent_values() -> None:
    tables = Tables([r for i in range(25) for r in orders(*[T - DAY] * (1 + (i >= 3)), channel=f"c{i:02}")])
    found = Schema.of(history_of(tables)).values("orders", "channel")
    assert found == tuple(f"c{i:02}" for i in range(3, 23))


def test_the_schema_of_before_knows_what_was_known_before() -> None:
    tables = Tables(
        orders(T - DAY, channel="a")
        + orders(T - DAY, channel="b", recorded_at=T - 1)
        + orders(T, channel="c")
        + orders(T + DAY, T + 2 * DAY, channel="d")
    )
    schema = Schema.of(history_of(tables), before=T)
    assert schema.values("orders", "channel") == ("a", "b")
    assert Schema.of(history_of(tables)).values("orders", "channel") == ("a", "b", "c", "d")
    assert Schema.of(history_of(tables), before=T - 90 * DAY).values("orders", "channel") == ()


def test_the_schema_of_before_leaves_out_what_was_recorded_later() -> None:
    tables = Tables(
        orders(T - DAY, channel="a", recorded_at=None) + orders(T - DAY, channel="b", recorded_at=T)
    )
    assert Schema.of(history_of(tables), before=T).values("orders", "channel") == ("a",)


def test_values_that_are_all_unknown_get_no_signal() -> None:
    tables = Tables(
        orders(T - DAY, channel=None),
        interactions=[{"customer": "a", "time": T - DAY, "kind": "visit", "channel": None}],
        surveys=[{"customer": "a", "time": T - DAY, "kind": None}],
        subscriptions=[{"customer": "a", "time": T - DAY, "plan": None}],
    )
    signals = catalogue(history_of(tables))
    assert not [s.name for s in signals if "channel" in s.name or s.name == "plan"]
    assert "survey_asked_count_365d" in {s.name for s in signals}


def test_a_segment_that_is_all_unknown_gets_no_signal() -> None:
    tables = Tables(orders(T - DAY), customers=[{"customer": "a", "size": None}])
    signals = catalogue(history_of(tables))
    assert [s.name for s in signals if "size" in s.name] == []
    assert all(bool(s.categories) == (s.unit == "category") for s in signals)


def test_tables_of_features_are_listed() -> None:
    row = {"customer": "a", "time": T - DAY, "limit": 3.0, "grade": "A", "vip": True, "recorded_at": None}
    schema = Schema.of(history_of(Tables(orders(T - DAY), features={"credit": [row]})))
    assert schema.feature_tables == {"credit": ("grade", "limit", "vip")}
    found = {s.name: s for s in catalogue(schema) if s.family == "own"}
    assert set(found) == {"credit:grade", "credit:limit", "credit:vip", "credit:age_days"}
    assert found["credit:grade"].categories == ("A",)


def test_a_model_sees_new_values_as_unknown() -> None:
    """What a schema of the past does not know of is neither an error nor another value."""
    old = history_of(Tables(orders(T - DAY), customers=[{"customer": "a", "size": "big"}]))
    new = history_of(Tables(orders(T - DAY), customers=[{"customer": "a", "size": "gigantic"}]))
    signals = catalogue(Schema.of(old))
    assert compute_features(new, T, signals=signals)["segment:size"].isna().tolist() == [True]
    assert compute_features(old, T, signals=signals)["segment:size"].tolist() == ["big"]


def test_own_must_be_signals() -> None:
    one = signal("x", "Count('orders')", meaning="m")
    assert catalogue(own=one)[-1] == catalogue(own=[one])[-1] == one  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="own holds what is no signal"):
        catalogue(own=["Count('orders')"])  # type: ignore[list-item]
