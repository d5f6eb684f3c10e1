"""The signals in Polars: facts once, then one lazy query per cutoff on the streaming engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks.engine.signals import (
    DAY_US,
    IGNORED_AFTER_US,
    KINDS,
    PRIOR_GAPS,
    SIGNALS,
    SLOPE_WEIGHTS,
    main,
    result_file,
)

HOUR_US = DAY_US // 24
Facts = dict[str, pl.LazyFrame]
happened = pl.col("t")
tenure = pl.col("tenure_days")


def read(data: Path) -> Facts:
    """Read the tables with times as whole microseconds, and derive what does not depend on a cutoff."""
    tables = {t: pl.scan_parquet(data / f"{t}.parquet") for t in ("orders", "returns", "interactions")}
    tables = {t: f.with_columns(pl.col("time").dt.epoch("us").alias("t")) for t, f in tables.items()}
    # Rows are in time order, so a customer's gap is the difference to the customer's row before.
    day = pl.col("t") // DAY_US
    orders = tables["orders"].select(
        "customer", "t", "amount", "quantity", step=(day - day.shift().over("customer"))
    )
    # An empty time is never before a cutoff, and a comparison with it is null: a filter drops it.
    opened, reply, resolved = (pl.col(c).dt.epoch("us") for c in ("opened", "first_reply", "resolved"))
    tickets = pl.scan_parquet(data / "tickets.parquet").select(
        "customer",
        "satisfaction",
        t=opened,
        complaint="is_complaint",
        resolved=resolved,
        answered=pl.min_horizontal(reply, resolved),
    )
    facts = {
        "orders": orders.select(
            "customer",
            "t",
            "amount",
            "quantity",
            gap=pl.when(pl.col("step") > 0).then("step"),
            first_of_day=pl.col("step").is_null() | (pl.col("step") > 0),
        ),
        "returns": tables["returns"].select("customer", "t", "amount"),
        "tickets": tickets,
    }
    facts |= {k: tables["interactions"].filter(kind=k).select("customer", "t") for k in KINDS}
    frames = pl.collect_all(list(facts.values()), engine="streaming")
    return {name: frame.lazy() for name, frame in zip(facts, frames, strict=True)}


class Query:
    """The lazy query of one cutoff."""

    def __init__(self, facts: Facts, cutoff: int) -> None:
        self._cutoff = cutoff
        self._facts = {name: f.filter(happened < cutoff) for name, f in facts.items()}

    def _within(self, days: float, until: float = 0) -> pl.Expr:
        later = (happened < self._cutoff - round(until * DAY_US)) if until else True
        return (happened >= self._cutoff - round(days * DAY_US)) & later

    def _days_since(self, instant: pl.Expr) -> pl.Expr:
        return (self._cutoff - instant) / DAY_US

    def result(self, signals: Sequence[str] = SIGNALS) -> pl.LazyFrame:
        """Return the signals of everybody with an order before the cutoff."""
        whole = self._orders()
        for part in (self._returns(), self._tickets(), *map(self._kind, KINDS)):
            whole = whole.join(part, on="customer", how="left")
        whole = whole.with_columns(pl.col("^.*_(count|earlier).*$").fill_null(0))
        # `interactions` is the union of the kinds: its aggregates follow from theirs.
        whole = whole.with_columns(
            interactions_count_30d=pl.sum_horizontal(f"{k}_count_30d" for k in KINDS),
            interactions_earlier=pl.sum_horizontal(f"{k}_earlier" for k in KINDS),
            interactions_recency_days=pl.min_horizontal(f"{k}_recency_days" for k in KINDS),
        )
        whole = whole.with_columns(
            *(
                _decline(pl.col(f"{k}_count_30d"), pl.col(f"{k}_earlier"), 30, 180).alias(f"{k}_decline_30d")
                for k in ("interactions", *KINDS)
            ),
            returned_amount_share=pl.col("returned").fill_null(0)
            / pl.when(pl.col("amount_total") != 0).then("amount_total"),
            open_tickets_count=pl.col("tickets_count") - pl.col("closed").fill_null(0),
        )
        return whole.select("customer", pl.col(signals).cast(pl.Float64))

    def _orders(self) -> pl.LazyFrame:
        amount, gap = pl.col("amount"), pl.col("gap")
        stretch = (self._cutoff - happened - 1) // (30 * DAY_US)
        weight = SLOPE_WEIGHTS[0] + (SLOPE_WEIGHTS[1] - SLOPE_WEIGHTS[0]) * stretch
        half = self._within(180)
        facts = self._facts["orders"].with_columns(
            weight=pl.when(half).then(weight).otherwise(0.0),
            stretch=pl.when(self._within(360)).then(stretch).cast(pl.Int8),
        )
        grouped = facts.group_by("customer").agg(
            *(self._within(d).sum().alias(f"orders_count_{d}d") for d in (30, 60, 90, 180, 210, 365, 455)),
            *(amount.filter(self._within(d)).sum().alias(f"amount_{d}d") for d in (30, 90, 180, 365)),
            amount.filter(self._within(455, 90)).sum().alias("amount_earlier"),
            pl.len().alias("orders_count"),
            pl.col("first_of_day").sum().alias("order_days_count"),
            self._days_since(happened.max()).alias("recency_days"),
            self._days_since(happened.min()).alias("tenure_days"),
            gap.count().alias("gaps"),
            gap.sum().alias("gap_sum"),
            (gap * gap).sum().alias("gap_squares"),
            gap.max().alias("gap_largest_days"),
            gap.drop_nulls().last().alias("gap_last_days"),
            amount.sum().alias("amount_total"),
            amount.last().alias("amount_last"),
            pl.col("quantity").sum().alias("quantity"),
            pl.col("weight").sum().alias("slope"),
            (pl.col("weight") * amount).sum().alias("amount_slope"),
            pl.col("stretch").drop_nulls().n_unique().alias("active"),
        )
        return self._finish_orders(grouped)

    def _finish_orders(self, grouped: pl.LazyFrame) -> pl.LazyFrame:
        n, gaps, total = pl.col("orders_count"), pl.col("gaps"), pl.col("gap_sum")
        n180, a180 = pl.col("orders_count_180d"), pl.col("amount_180d")
        usual = (total + PRIOR_GAPS * (total.sum() / gaps.sum())) / (gaps + PRIOR_GAPS)
        there = tenure >= 180
        return grouped.with_columns(
            gap_mean_days=total / pl.when(gaps > 0).then(gaps),
            # Gaps are whole days: both sums are exact, so nothing is lost in their difference.
            gap_spread_days=pl.when(gaps >= 2).then(
                ((gaps * pl.col("gap_squares") - total * total) / (gaps * (gaps.cast(pl.Int64) - 1))).sqrt()
            ),
            gap_usual_days=usual,
            overdue_ratio=pl.col("recency_days") / usual,
            orders_decline_30d=self._orders_decline(30, 180),
            orders_decline_90d=self._orders_decline(90, 365),
            amount_decline_90d=_decline(pl.col("amount_90d"), pl.col("amount_earlier"), 90, 365),
            orders_slope_6x30d=pl.when(there & (n180 > 0)).then(6 * pl.col("slope") / n180),
            amount_slope_6x30d=pl.when(there & (a180 > 0)).then(6 * pl.col("amount_slope") / a180),
            active_share_12x30d=pl.col("active") / (tenure / 30).ceil().clip(1, 12),
            amount_mean=pl.col("amount_total") / n,
            amount_mean_180d=pl.when(n180 > 0).then(a180 / n180),
            quantity_mean=pl.col("quantity") / n,
        )

    def _orders_decline(self, recent: int, earlier: int) -> pl.Expr:
        both = pl.col(f"orders_count_{recent + earlier}d")
        count = pl.col(f"orders_count_{recent}d")
        return _decline(count, both - count, recent, earlier)

    def _returns(self) -> pl.LazyFrame:
        return (
            self._facts["returns"]
            .group_by("customer")
            .agg(
                pl.len().alias("returns_count"),
                self._within(90).sum().alias("returns_count_90d"),
                self._within(365).sum().alias("returns_count_365d"),
                pl.col("amount").sum().alias("returned"),
                self._days_since(happened.max()).alias("return_recency_days"),
            )
        )

    def _tickets(self) -> pl.LazyFrame:
        t, patience = self._cutoff, happened + IGNORED_AFTER_US
        answered, resolved = pl.col("answered"), pl.col("resolved")
        known = self._facts["tickets"].with_columns(
            ignored=pl.col("complaint") & (patience < t) & (answered.is_null() | (answered > patience)),
            closed=(resolved < t).fill_null(False),
            reply=pl.when(answered < t).then(answered - happened) / HOUR_US,
        )
        complaint, ignored, closed = pl.col("complaint"), pl.col("ignored"), pl.col("closed")
        mark = pl.col("satisfaction")
        rated = closed & mark.is_not_null()
        return (
            known.group_by("customer")
            .agg(
                pl.len().alias("tickets_count"),
                self._within(90).sum().alias("tickets_count_90d"),
                self._within(365).sum().alias("tickets_count_365d"),
                self._days_since(happened.max()).alias("ticket_recency_days"),
                complaint.sum().alias("complaints_count"),
                (complaint & self._within(90)).sum().alias("complaints_count_90d"),
                self._days_since(happened.filter(complaint).max()).alias("complaint_recency_days"),
                ignored.sum().alias("ignored_complaints_count"),
                (ignored & self._within(180)).sum().alias("ignored_complaints_count_180d"),
                self._days_since(happened.filter(ignored).max()).alias("ignored_complaint_recency_days"),
                closed.sum().alias("closed"),
                pl.col("reply").mean().alias("first_reply_hours_mean"),
                ((resolved - happened).filter(closed).mean() / HOUR_US).alias("resolution_hours_mean"),
                mark.filter(closed).mean().alias("satisfaction_mean"),
                mark.filter(rated).get(resolved.filter(rated).arg_max()).alias("satisfaction_last"),
            )
            .with_columns(
                ignored_complaints_share=pl.col("ignored_complaints_count")
                / pl.when(pl.col("complaints_count") > 0).then("complaints_count")
            )
        )

    def _kind(self, kind: str) -> pl.LazyFrame:
        return (
            self._facts[kind]
            .group_by("customer")
            .agg(
                self._within(30).sum().alias(f"{kind}_count_30d"),
                self._within(210, 30).sum().alias(f"{kind}_earlier"),
                self._days_since(happened.max()).alias(f"{kind}_recency_days"),
            )
        )


def _decline(recent: pl.Expr, earlier: pl.Expr, recent_days: int, earlier_days: int) -> pl.Expr:
    exposure = (tenure - recent_days).clip(upper_bound=earlier_days)
    rate = earlier / exposure
    return pl.when((exposure >= 30) & (earlier > 0)).then(
        (1 - recent / recent_days / rate).clip(lower_bound=-3.0)
    )


def compute(data: Path, cutoffs: Sequence[int], out: Path, signals: Sequence[str] = SIGNALS) -> None:
    """Compute the signals at each cutoff for everybody with an order before it."""
    facts = read(data)
    for cutoff in cutoffs:
        # Polars has no switch for dictionaries, and writes none for such columns.
        Query(facts, cutoff).result(signals).sink_parquet(
            result_file(out, cutoff), compression="uncompressed", engine="streaming"
        )


if __name__ == "__main__":
    main(compute)
