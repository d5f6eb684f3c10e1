"""The oracle of what is read from tickets, surveys and interactions: service and engagement."""

from __future__ import annotations

import math

from tests.features.oracle import (
    DAY,
    HOUR,
    Found,
    Patience,
    Person,
    Row,
    Tables,
    frequent,
    less,
    mean,
    over,
    values_of,
)
from tests.features.oracle_orders import channels

# Kinds that would take the names of other signals.
NAMES_TAKEN = {"orders", "returns", "tickets", "complaints", "interactions", "return", "ticket", "complaint"}


def signals(tables: Tables, p: Person, patience: Patience) -> Found:
    return {
        **(_tickets(tables, p, patience.ignored) if tables.tickets else {}),
        **(_surveys(tables, p, patience.silent) if tables.surveys else {}),
        **(_engagement(tables, p) if tables.interactions else {}),
    }


def unanswered_for(row: Row, start: str, answer: int | None, days: float, t: int) -> bool:
    """Whether so many days had fully gone by before T without an answer."""
    end = row[start] + round(days * DAY)
    return end < t and (answer is None or answer > end)


def _hours(start: int, end: int | None) -> float | None:
    return None if end is None else (end - start) / HOUR


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _tickets(tables: Tables, p: Person, ignored_after: float) -> Found:
    rows = p.rows["tickets"]
    out: Found = {f"tickets_count_{d}d": len(p.inside(rows, d, at="opened")) for d in (30, 90, 365)}
    out["tickets_count"] = len(rows)
    out["ticket_recency_days"] = p.since_last(rows, "opened")
    out["tickets_per_order"] = over(len(rows), len(p.orders))
    out["tickets_decline_90d"] = p.decline(rows, 90, 365, at="opened")
    out["tickets_slope_6x30d"] = p.slope(rows, at="opened")
    out["orders_after_ticket"] = p.after_last(p.orders, rows, "opened")
    complaints = [r for r in rows if r.get("is_complaint")]
    if tables.has("tickets", "is_complaint"):
        out.update(_complaints(p, rows, complaints))
    answer = {
        id(r): min((r[n] for n in ("first_reply", "resolved") if r.get(n) is not None), default=None)
        for r in rows
    }
    answers = tables.has("tickets", "first_reply") or tables.has("tickets", "resolved")
    if answers:
        out["unanswered_tickets_count"] = sum(answer[id(r)] is None for r in rows)
    if answers and tables.has("tickets", "is_complaint"):
        ignored = [r for r in complaints if unanswered_for(r, "opened", answer[id(r)], ignored_after, p.t)]
        out["ignored_complaints_count"] = len(ignored)
        out["ignored_complaints_count_180d"] = len(p.inside(ignored, 180, at="opened"))
        out["ignored_complaints_share"] = over(len(ignored), len(complaints))
        out["ignored_complaint_recency_days"] = p.since_last(ignored, "opened")
        waiting = [r for r in complaints if answer[id(r)] is None]
        out["unanswered_complaint_oldest_days"] = p.since_first(waiting, "opened")
        out["orders_after_ignored"] = p.after_last(p.orders, ignored, "opened")
    if tables.has("tickets", "first_reply"):
        waits = [h for r in rows if (h := _hours(r["opened"], answer[id(r)])) is not None]
        out["first_reply_hours_mean"] = _mean(waits)
        out["first_reply_hours_last"] = waits[-1] if waits else None
    if tables.has("tickets", "resolved"):
        out.update(_resolved(tables, p, rows))
    for column in ("reopened", "escalated"):
        if tables.has("tickets", column):
            hit = [r for r in rows if r.get(column) is not None]
            out[f"{column}_tickets_count_365d"] = len(p.inside(hit, 365, at=column))
            out[f"{column}_tickets_share"] = over(len(hit), len(rows))
            out[f"{column}_recency_days"] = p.since_last(hit, column)
    if tables.has("tickets", "category"):
        again = [r for i, r in enumerate(rows) if is_repeat(r, rows[:i])]
        out["repeat_tickets_count_90d"] = len(p.inside(again, 90, at="opened"))
        out["repeat_tickets_share"] = over(len(again), len(rows))
    return out


def is_repeat(row: Row, before: list[Row]) -> bool:
    """Whether the customer had written about the same in [opened - 30 days, opened), or just before it at that instant."""
    return row.get("category") is not None and any(
        r.get("category") == row["category"] and row["opened"] - 30 * DAY <= r["opened"] for r in before
    )


def _complaints(p: Person, rows: list[Row], complaints: list[Row]) -> Found:
    out: Found = {f"complaints_count_{d}d": len(p.inside(complaints, d, at="opened")) for d in (30, 90, 365)}
    return out | {
        "complaints_count": len(complaints),
        "complaint_recency_days": p.since_last(complaints, "opened"),
        "complaints_share": over(len(complaints), len(rows)),
        "complaints_slope_6x30d": p.slope(complaints, at="opened"),
        "orders_after_complaint": p.after_last(p.orders, complaints, "opened"),
    }


def _resolved(tables: Tables, p: Person, rows: list[Row]) -> Found:
    open_ = [r for r in rows if r.get("resolved") is None]
    resolved = sorted((r for r in rows if r.get("resolved") is not None), key=lambda r: r["resolved"])
    took = [(r["resolved"] - r["opened"]) / HOUR for r in resolved]
    out: Found = {
        "open_tickets_count": len(open_),
        "open_ticket_oldest_days": p.since_first(open_, "opened"),
        "resolution_hours_mean": _mean(took),
        "resolution_hours_last": took[-1] if took else None,
    }
    if tables.has("tickets", "satisfaction"):
        marks = values_of(resolved, "satisfaction")
        last, usual = marks[-1] if marks else None, mean(marks)
        out["satisfaction_last"], out["satisfaction_mean"] = last, usual
        out["satisfaction_change"] = less(last, usual)
        out["satisfaction_silent_share"] = over(len(resolved) - len(marks), len(resolved))
    return out


def _surveys(tables: Tables, p: Person, silent_after: float) -> Found:
    out: Found = {}
    kinds = frequent(r.get("kind") for r in tables.surveys)
    for kind in sorted(kinds) or (None,):
        name = "survey" if kind is None else f"survey:{kind}"
        rows = [r for r in p.rows["surveys"] if kind in (None, r.get("kind"))]
        out[f"{name}_asked_count_365d"] = len(p.inside(rows, 365))
        if not tables.has("surveys", "answered"):
            continue
        silent = [r for r in rows if unanswered_for(r, "time", r.get("answered"), silent_after, p.t)]
        out[f"{name}_silent_count_365d"] = len(p.inside(silent, 365))
        out[f"{name}_silent_share"] = over(len(silent), len(rows))
        out[f"{name}_answer_recency_days"] = p.since_last(rows, "answered")
        if tables.has("surveys", "score"):
            answered = [r for r in rows if r.get("answered") is not None]
            scores = values_of(sorted(answered, key=lambda r: r["answered"]), "score")
            out[f"{name}_score_last"] = scores[-1] if scores else None
            out[f"{name}_score_mean"] = mean(scores)
            out[f"{name}_score_change"] = less(scores[-1], scores[-2]) if len(scores) > 1 else None
    return out


def _engagement(tables: Tables, p: Person) -> Found:
    kinds = frequent(r["kind"] for r in tables.interactions)
    everything = p.rows["interactions"]
    out: Found = {}
    for kind in (None, *sorted(kinds)):
        rows = [r for r in everything if kind in (None, r["kind"])]
        name = "interactions" if kind is None else f"{kind}_contact" if kind in NAMES_TAKEN else kind
        for d in (14, 30, 90) if kind else (7, 14, 30, 60, 90, 180):
            out[f"{name}_count_{d}d"] = len(p.inside(rows, d))
        out[f"{name}_recency_days"] = p.since_last(rows)
        out[f"{name}_decline_14d"] = p.decline(rows, 14, 90)
        out[f"{name}_decline_30d"] = p.decline(rows, 30, 180)
        out[f"orders_after_{name}"] = p.after_last(p.orders, rows)
    out["interactions_after_order"] = over(p.since_last(everything), p.since_last(p.orders))
    out["interactions_slope_6x30d"] = p.slope(everything)
    out["interactions_rate_half_life_30d"] = p.fading(everything, 30)
    out["interactions_per_order"] = over(len(everything), len(p.orders))
    if tables.has("interactions", "value"):
        out["interaction_value_mean"] = mean(values_of(everything, "value"))
        out["interaction_value_mean_90d"] = mean(values_of(p.inside(everything, 90), "value"))
    return out | channels("interaction_channel", tables, "interactions", p)
