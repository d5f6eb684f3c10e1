"""The signals in Featuretools, as far as it can express them; needs an environment of its own with pandas 2.

    pip install featuretools "pandas<3" pyarrow setuptools

Windows are the training windows of Featuretools, so there is one call per window for all cutoffs together. Its own
`TimeSinceLast`, `TimeSinceFirst` and `Last` call Python once per customer and take 13 times as long as all the rest;
here the first two are a `Max` and a `Min` of the instant, and the last one is pandas' own.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.engine.signals import DAY_US, KINDS, main, moment, result_file

if TYPE_CHECKING:
    import featuretools as ft
    import pandas as pd

# Signal: (table, column, primitive, filter); a column of None stands for the rows themselves.
Definition = tuple[str, str | None, str, tuple[str, object] | None]
COMPLAINT = ("is_complaint", True)

_EVER: dict[str, Definition] = {
    "orders_count": ("orders", None, "count", None),
    "recency_days": ("orders", "instant", "max", None),
    "tenure_days": ("orders", "instant", "min", None),
    "gap_mean_days": ("orders", "gap", "mean", None),
    "gap_largest_days": ("orders", "gap", "max", None),
    "amount_total": ("orders", "amount", "sum", None),
    "amount_mean": ("orders", "amount", "mean", None),
    "amount_last": ("orders", "amount", "last", None),
    "quantity_mean": ("orders", "quantity", "mean", None),
    "returns_count": ("returns", None, "count", None),
    "return_recency_days": ("returns", "instant", "max", None),
    "tickets_count": ("tickets", None, "count", None),
    "ticket_recency_days": ("tickets", "instant", "max", None),
    "complaints_count": ("tickets", None, "count", COMPLAINT),
    "complaint_recency_days": ("tickets", "instant", "max", COMPLAINT),
    "satisfaction_mean": ("tickets", "satisfaction", "mean", None),
    "interactions_recency_days": ("interactions", "instant", "max", None),
    **{f"{k}_recency_days": ("interactions", "instant", "max", ("kind", k)) for k in KINDS},
}
DEFINITIONS: dict[int | None, dict[str, Definition]] = {
    30: {
        "interactions_count_30d": ("interactions", None, "count", None),
        **{f"{k}_count_30d": ("interactions", None, "count", ("kind", k)) for k in KINDS},
    },
    60: {},
    90: {
        "returns_count_90d": ("returns", None, "count", None),
        "tickets_count_90d": ("tickets", None, "count", None),
        "complaints_count_90d": ("tickets", None, "count", COMPLAINT),
    },
    180: {"amount_mean_180d": ("orders", "amount", "mean", None)},
    365: {
        "returns_count_365d": ("returns", None, "count", None),
        "tickets_count_365d": ("tickets", None, "count", None),
    },
    None: _EVER,
}
for _days in (30, 60, 90, 180, 365):
    DEFINITIONS[_days][f"orders_count_{_days}d"] = ("orders", None, "count", None)
for _days in (30, 90, 180, 365):
    DEFINITIONS[_days][f"amount_{_days}d"] = ("orders", "amount", "sum", None)

# What Featuretools computes: the others are measured on the same signals with --subset.
SUBSET: tuple[str, ...] = tuple(name for window in DEFINITIONS.values() for name in window)
_INDEX = {"orders": "order_id", "returns": "row", "tickets": "ticket_id", "interactions": "row"}
_TIME = {"orders": "time", "returns": "time", "tickets": "opened", "interactions": "time"}


def read(data: Path) -> tuple[ft.EntitySet, pd.DataFrame]:
    """Return the entity set and the first order of each customer."""
    import featuretools as ft
    import pandas as pd

    entities = ft.EntitySet("shop")
    first = None
    for table, time in _TIME.items():
        frame = pd.read_parquet(data / f"{table}.parquet")
        for name in frame.select_dtypes("datetimetz"):
            frame[name] = frame[name].dt.tz_localize(None)
        frame["instant"] = frame[time].astype("datetime64[us]").astype("int64")
        if table == "orders":
            day = frame["time"].dt.floor("D")
            gap = day.groupby(frame["customer"]).diff() / pd.Timedelta(1, "D")
            frame["gap"] = gap.where(gap > 0)
            first = frame.groupby("customer", as_index=False)["time"].min()
            entities.add_dataframe(first[["customer"]].copy(), "customers", index="customer")
        frame = frame[frame["customer"].isin(first["customer"])]
        if _INDEX[table] == "row":
            frame = frame.assign(row=range(len(frame)))
        entities.add_dataframe(
            frame,
            table,
            index=_INDEX[table],
            time_index=time,
            # A mark is known once the ticket is resolved; before, it is hidden.
            secondary_time_index={"resolved": ["satisfaction"]} if table == "tickets" else None,
            logical_types={"kind": "Categorical"} if table == "interactions" else None,
        )
        entities.add_relationship("customers", "customer", table, "customer")
    return entities, first


def _feature(entities: ft.EntitySet, definition: Definition) -> ft.AggregationFeature:
    import featuretools as ft
    from featuretools import primitives as p

    class Last(p.Last):
        def get_function(self) -> str:
            return "last"

    made = {
        "count": p.Count(),
        "sum": p.Sum(),
        "mean": p.Mean(),
        "max": p.Max(),
        "min": p.Min(),
        "last": Last(),
    }
    table, column, primitive, where = definition
    columns = entities[table].ww
    return ft.Feature(
        ft.IdentityFeature(columns[column or _INDEX[table]]),
        parent_dataframe_name="customers",
        primitive=made[primitive],
        where=None if where is None else ft.IdentityFeature(columns[where[0]]) == where[1],
    )


def compute(data: Path, cutoffs: Sequence[int], out: Path, signals: Sequence[str] = SUBSET) -> None:
    """Compute signals of `SUBSET` at each cutoff for everybody with an order before it."""
    import featuretools as ft
    import pandas as pd

    warnings.simplefilter("ignore")  # Featuretools 1.31 warns of pandas 2.2's deprecations on every call
    entities, first = read(data)
    wanted = pd.concat(
        first.loc[first["time"] < moment(t), ["customer"]].assign(time=moment(t)) for t in cutoffs
    )
    wanted["time"] = wanted["time"].astype("datetime64[ns]")
    parts = []
    for days, definitions in DEFINITIONS.items():
        features = [_feature(entities, d).rename(n) for n, d in definitions.items() if n in signals]
        if not features:
            continue
        part = ft.calculate_feature_matrix(
            features,
            entities,
            cutoff_time=wanted,
            training_window=None if days is None else f"{days} days",
            cutoff_time_in_index=True,
            include_cutoff_time=False,  # else what happens at the cutoff is seen
        )
        parts.append(part.astype("float64"))
    since = [n for d in DEFINITIONS.values() for n, (_, c, *_) in d.items() if c == "instant"]
    whole = reduce(lambda a, b: a.join(b), parts)[[name for name in SUBSET if name in signals]]
    for cutoff in cutoffs:
        result = whole.xs(pd.Timestamp(moment(cutoff)), level="time")
        result = result.assign(
            **{n: (cutoff - result[n]) / DAY_US for n in since if n in result}
        ).reset_index()
        result.to_parquet(result_file(out, cutoff), index=False, compression=None, use_dictionary=False)


if __name__ == "__main__":
    main(compute)
