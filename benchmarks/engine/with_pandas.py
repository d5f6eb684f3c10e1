"""The signals in pandas: facts once, then one groupby per window of the time-ordered tables and cutoff."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

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
Tables = dict[str, pd.DataFrame]


def read(data: Path) -> Tables:
    """Read the tables with times as whole microseconds, and derive what does not depend on a cutoff."""
    orders = _read(data, "orders", ["customer", "time", "amount", "quantity"])
    day = orders["time"] // DAY_US
    # Rows are in time order, so a customer's gap is the difference to the customer's row before.
    gap = day.groupby(orders["customer"]).diff()
    orders["first_of_day"] = gap.isna() | (gap > 0)
    orders["gap"] = gap.where(gap > 0)
    tickets = _read(
        data, "tickets", ["customer", "opened", "first_reply", "resolved", "is_complaint", "satisfaction"]
    ).rename(columns={"opened": "time"})
    tables = {
        "orders": orders,
        "gaps": orders.loc[gap > 0, ["customer", "time", "gap"]],
        "returns": _read(data, "returns", ["customer", "time", "amount"]),
        "tickets": tickets,
        "complaints": tickets[tickets["is_complaint"]],
        "interactions": _read(data, "interactions", ["customer", "time", "kind"]),
    }
    tables |= {k: t[["customer", "time"]] for k, t in tables["interactions"].groupby("kind", observed=True)}
    tables["interactions"] = tables["interactions"].drop(columns="kind")
    return tables


def _read(data: Path, table: str, columns: list[str]) -> pd.DataFrame:
    frame = pd.read_parquet(data / f"{table}.parquet", columns=columns, read_dictionary=["kind"])
    for name in frame.select_dtypes("datetimetz"):
        # An empty time becomes the smallest integer; put it beyond every cutoff instead.
        micros = frame[name].to_numpy("datetime64[us]").astype(np.int64)
        frame[name] = np.where(micros < 0, np.iinfo(np.int64).max, micros)
    return frame


class Snapshot:
    """What was known at a cutoff, and the result that is being filled."""

    def __init__(self, tables: Tables, cutoff: int, signals: Sequence[str]) -> None:
        self._tables, self._cutoff, self._signals = tables, cutoff, signals
        self._first = self.rows("orders").groupby("customer")["time"].first()
        self.tenure = (cutoff - self._first) / DAY_US
        self.out: dict[str, pd.Series] = {"tenure_days": self.tenure}

    def rows(self, table: str, days: float | None = None, until: float = 0.0) -> pd.DataFrame:
        """Return the rows of a table in ``[T - days, T - until)``: a slice, as they are in time order."""
        frame = self._tables[table]
        time = frame["time"].to_numpy()
        start = 0 if days is None else time.searchsorted(self._cutoff - round(days * DAY_US))
        return frame.iloc[start : time.searchsorted(self._cutoff - round(until * DAY_US))]

    def _asked(self, *parts: str) -> bool:
        return any(part in name for name in self._signals for part in parts)

    def count(self, rows: pd.DataFrame) -> pd.Series:
        return self._filled(rows.groupby("customer").size())

    def total(self, rows: pd.DataFrame) -> pd.Series:
        return self._filled(rows.groupby("customer")["amount"].sum())

    def _filled(self, values: pd.Series) -> pd.Series:
        return values.reindex(self.tenure.index, fill_value=0).astype(np.float64)

    def since(self, rows: pd.DataFrame) -> pd.Series:
        """Days since each customer's last row; NaN without one."""
        return (self._cutoff - self._known(rows, "time", "last")) / DAY_US

    def _known(self, rows: pd.DataFrame, column: str, how: str) -> pd.Series:
        return rows.groupby("customer")[column].agg(how).reindex(self.tenure.index)

    def decline(
        self, recent: pd.Series, earlier: pd.Series, recent_days: float, earlier_days: float
    ) -> pd.Series:
        exposure = (self.tenure - recent_days).clip(upper=earlier_days)
        rate = (earlier / exposure).where((exposure >= 30) & (earlier > 0))
        return (1 - recent / recent_days / rate).clip(lower=-3.0)

    # -- the four groups of signals -------------------------------------------------------------------

    def orders(self) -> None:
        out, rows = self.out, self.rows("orders")
        counts = {d: self.count(self.rows("orders", d)) for d in (30, 60, 90, 180, 365)}
        amounts = {d: self.total(self.rows("orders", d)) for d in (30, 90, 180, 365)}
        out |= {f"orders_count_{d}d": counts[d] for d in counts}
        out |= {f"amount_{d}d": amounts[d] for d in amounts}
        ever = rows.groupby("customer").agg(
            orders_count=("amount", "size"),
            order_days_count=("first_of_day", "sum"),
            amount_total=("amount", "sum"),
            amount_mean=("amount", "mean"),
            amount_last=("amount", "last"),
            quantity_mean=("quantity", "mean"),
        )
        out |= dict(ever.items())
        out["recency_days"] = self.since(rows)
        out["amount_mean_180d"] = amounts[180] / counts[180].where(counts[180] > 0)
        if self._asked("orders_decline", "amount_decline"):
            earlier = {d: self.count(self.rows("orders", a, d)) for a, d in ((210, 30), (455, 90))}
            out["orders_decline_30d"] = self.decline(counts[30], earlier[30], 30, 180)
            out["orders_decline_90d"] = self.decline(counts[90], earlier[90], 90, 365)
            out["amount_decline_90d"] = self.decline(
                amounts[90], self.total(self.rows("orders", 455, 90)), 90, 365
            )
        if self._asked("slope", "active_share"):
            self._stretches()
        if self._asked("gap_", "overdue"):
            self._gaps()

    def _stretches(self) -> None:
        rows = self.rows("orders", 360)
        rows = rows.assign(stretch=(self._cutoff - rows["time"] - 1) // (30 * DAY_US))
        active = self.count(rows.drop_duplicates(["customer", "stretch"]))
        self.out["active_share_12x30d"] = active / np.ceil(self.tenure / 30).clip(1, 12)
        rows = rows[rows["stretch"] < 6]
        weight = np.array(SLOPE_WEIGHTS)[rows["stretch"]]
        rows = rows.assign(weight=weight, slope=weight * rows["amount"])
        sums = rows.groupby("customer").agg(
            n=("weight", "size"), weight=("weight", "sum"), amount=("amount", "sum"), slope=("slope", "sum")
        )
        sums = sums.reindex(self.tenure.index).where(self.tenure >= 180)
        self.out["orders_slope_6x30d"] = 6 * sums["weight"] / sums["n"]
        self.out["amount_slope_6x30d"] = 6 * sums["slope"] / sums["amount"].where(sums["amount"] > 0)

    def _gaps(self) -> None:
        gaps = self.rows("gaps").groupby("customer")["gap"]
        stats = gaps.agg(["count", "sum", "mean", "std", "last", "max"]).reindex(self.tenure.index)
        n, total = stats["count"].fillna(0), stats["sum"].fillna(0)
        usual = (total + PRIOR_GAPS * (total.sum() / n.sum())) / (n + PRIOR_GAPS)
        names = ("gap_mean_days", "gap_spread_days", "gap_last_days", "gap_largest_days")
        self.out |= {s: stats[c] for s, c in zip(names, ("mean", "std", "last", "max"), strict=True)}
        self.out["gap_usual_days"] = usual
        self.out["overdue_ratio"] = self.out["recency_days"] / usual

    def returns(self) -> None:
        out, rows = self.out, self.rows("returns")
        out["returns_count"] = self.count(rows)
        out["returns_count_90d"] = self.count(self.rows("returns", 90))
        out["returns_count_365d"] = self.count(self.rows("returns", 365))
        out["returned_amount_share"] = self.total(rows) / out["amount_total"].where(out["amount_total"] != 0)
        out["return_recency_days"] = self.since(rows)

    def tickets(self) -> None:
        out, t = self.out, self._cutoff
        rows, complaints = self.rows("tickets"), self.rows("complaints")
        out["tickets_count"] = self.count(rows)
        out["tickets_count_90d"] = self.count(self.rows("tickets", 90))
        out["tickets_count_365d"] = self.count(self.rows("tickets", 365))
        out["ticket_recency_days"] = self.since(rows)
        out["complaints_count"] = self.count(complaints)
        out["complaints_count_90d"] = self.count(self.rows("complaints", 90))
        out["complaint_recency_days"] = self.since(complaints)
        if self._asked("ignored"):
            self._ignored(complaints)
        if self._asked("first_reply"):
            answer = rows[["first_reply", "resolved"]].min(axis=1)
            answered = rows[answer < t].assign(hours=(answer - rows["time"]) / HOUR_US)
            out["first_reply_hours_mean"] = self._known(answered, "hours", "mean")
        out["open_tickets_count"] = self.count(rows[rows["resolved"] >= t])
        resolved = rows[rows["resolved"] < t]
        if self._asked("satisfaction_last"):
            resolved = resolved.sort_values("resolved", kind="stable")
            out["satisfaction_last"] = self._known(resolved, "satisfaction", "last")
        out["satisfaction_mean"] = self._known(resolved, "satisfaction", "mean")
        if self._asked("resolution"):
            resolved = resolved.assign(hours=(resolved["resolved"] - resolved["time"]) / HOUR_US)
            out["resolution_hours_mean"] = self._known(resolved, "hours", "mean")

    def _ignored(self, complaints: pd.DataFrame) -> None:
        out, t = self.out, self._cutoff
        # Ignored: no answer by the end of the patience, and that end lies before the cutoff.
        patience = complaints["time"] + IGNORED_AFTER_US
        answer = complaints[["first_reply", "resolved"]].min(axis=1)
        ignored = complaints[(patience < t) & (answer > patience)]
        out["ignored_complaints_count"] = self.count(ignored)
        out["ignored_complaints_count_180d"] = self.count(ignored[ignored["time"] >= t - 180 * DAY_US])
        out["ignored_complaints_share"] = out["ignored_complaints_count"] / out["complaints_count"].where(
            out["complaints_count"] > 0
        )
        out["ignored_complaint_recency_days"] = self.since(ignored)

    def interactions(self) -> None:
        for name in ("interactions", *KINDS):
            recent = self.count(self.rows(name, 30))
            self.out[f"{name}_count_30d"] = recent
            self.out[f"{name}_recency_days"] = self.since(self.rows(name))
            if self._asked(f"{name}_decline"):
                earlier = self.count(self.rows(name, 210, 30))
                self.out[f"{name}_decline_30d"] = self.decline(recent, earlier, 30, 180)


def compute(data: Path, cutoffs: Sequence[int], out: Path, signals: Sequence[str] = SIGNALS) -> None:
    """Compute the signals at each cutoff for everybody with an order before it."""
    tables = read(data)
    for cutoff in cutoffs:
        snapshot = Snapshot(tables, cutoff, signals)
        snapshot.orders()
        snapshot.returns()
        snapshot.tickets()
        snapshot.interactions()
        result = pd.DataFrame({name: snapshot.out[name] for name in signals}, dtype=np.float64)
        result.reset_index().to_parquet(
            result_file(out, cutoff), index=False, compression=None, use_dictionary=False
        )


if __name__ == "__main__":
    main(compute)
