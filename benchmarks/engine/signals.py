"""The 66 signals of churn's catalogue that every contender computes, and what the contenders share."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

DAY_US = 86_400_000_000
KINDS = ("visit", "email_open", "email_click", "login")
TABLES = ("orders", "returns", "tickets", "interactions")
IGNORED_AFTER_US = 7 * DAY_US
PRIOR_GAPS = 2.0  # how many gaps of the base's mean the customer's usual gap is mixed with

_ORDERS = (
    *(f"orders_count_{d}d" for d in (30, 60, 90, 180, 365)),
    "orders_count",
    "order_days_count",
    "recency_days",
    "tenure_days",
    "gap_mean_days",
    "gap_spread_days",
    "gap_last_days",
    "gap_largest_days",
    "gap_usual_days",
    "overdue_ratio",
    "orders_decline_30d",
    "orders_decline_90d",
    "orders_slope_6x30d",
    "active_share_12x30d",
    *(f"amount_{d}d" for d in (30, 90, 180, 365)),
    "amount_total",
    "amount_mean",
    "amount_mean_180d",
    "amount_last",
    "amount_decline_90d",
    "amount_slope_6x30d",
    "quantity_mean",
)
_RETURNS = (
    "returns_count_90d",
    "returns_count_365d",
    "returns_count",
    "returned_amount_share",
    "return_recency_days",
)
_TICKETS = (
    "tickets_count_90d",
    "tickets_count_365d",
    "tickets_count",
    "ticket_recency_days",
    "complaints_count_90d",
    "complaints_count",
    "complaint_recency_days",
    "ignored_complaints_count",
    "ignored_complaints_count_180d",
    "ignored_complaints_share",
    "ignored_complaint_recency_days",
    "open_tickets_count",
    "first_reply_hours_mean",
    "resolution_hours_mean",
    "satisfaction_last",
    "satisfaction_mean",
)
_INTERACTIONS = tuple(
    f"{who}_{what}"
    for who in ("interactions", *KINDS)
    for what in ("count_30d", "recency_days", "decline_30d")
)
SIGNALS: tuple[str, ...] = (*_ORDERS, *_RETURNS, *_TICKETS, *_INTERACTIONS)

# The weight of each of the last six stretches of 30 days in a least-squares slope; the newest comes first.
SLOPE_WEIGHTS = tuple((2.5 - k) / 17.5 for k in range(6))

Contender = Callable[[Path, Sequence[int], Path, Sequence[str]], None]


def instant(text: str) -> int:
    """Return microseconds since 1970 of an ISO time; one without an offset is meant in UTC."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def moment(microseconds: int) -> dt.datetime:
    """Return an instant as a time in UTC, without an offset."""
    return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=microseconds)  # noqa: DTZ001


def result_file(out: Path, cutoff: int) -> Path:
    """Return where the result of a cutoff goes."""
    return out / f"{moment(cutoff):%Y%m%dT%H%M%S}.parquet"


def main(contender: Contender) -> None:
    """Run a contender as a command: DATA OUT CUTOFF... [--signals A,B]."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path, help="folder of the Parquet files")
    parser.add_argument("out", type=Path, help="folder for one result per cutoff")
    parser.add_argument("cutoffs", nargs="+", help="ISO times, in UTC")
    parser.add_argument("--signals", help="some of them, by name; all when left out")
    given = parser.parse_args()
    signals = tuple(given.signals.split(",")) if given.signals else SIGNALS
    given.out.mkdir(parents=True, exist_ok=True)
    contender(given.data, [instant(c) for c in given.cutoffs], given.out, signals)
