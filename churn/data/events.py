"""From the columns of one table to its `EventLog`; tables that were read and saved ones take the same way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.eventlog import DAY_US, NEVER, Category, EventLog

if TYPE_CHECKING:
    from churn.data.typed import TypedTable

FLAGS = ("is_complaint", "is_failed_payment", "is_end")


@dataclass
class Rows:
    """The rows of one table in the order of the source, in the form the log has them.

    Attributes
    ----------
    time : numpy.ndarray of int64
        When it happened.
    customer : numpy.ndarray of int32
        Codes of the customers.
    numbers, instants, texts
        As in `EventLog`; the labels of texts may be in any order.
    recorded : numpy.ndarray of int64 or None
        When each row became known.
    replaced : numpy.ndarray of int64 or None
        From when on a newer version is known, `NEVER` for the current version; None where nothing was corrected.
    """

    time: np.ndarray
    customer: np.ndarray
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    instants: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, Category] = field(default_factory=dict)
    recorded: np.ndarray | None = None
    replaced: np.ndarray | None = None


def rows_of(table: TypedTable, customer: np.ndarray) -> Rows:
    """Return a typed table's rows in the form of the log."""
    contract = table.contract
    rows = Rows(table.columns[contract.time or ""], customer, replaced=table.replaced)
    for f in contract.fields:
        if f.name not in table.columns or f.name in ("customer", contract.time):
            continue
        values = table.columns[f.name]
        if f.name == "recorded_at":
            rows.recorded = np.where(values == NEVER, rows.time, values)
        elif f.kind == "time":
            rows.instants[f.name] = values
        elif f.kind in ("number", "flag", "part"):
            rows.numbers[f.name] = np.nan_to_num(values) if f.name in FLAGS else values
        elif f.kind == "text":
            rows.texts[f.name] = categorise(values)
    if contract.table == "returns":
        rows.numbers["amount"] = np.abs(rows.numbers["amount"])
    return rows


def make_log(
    name: str,
    rows: Rows,
    timezone: str,
    *,
    ordered: bool = False,
    labels: dict[str, tuple[str, ...]] | None = None,
) -> EventLog:
    """Order the rows by time, and part the current versions from the former ones.

    Parameters
    ----------
    name : str
        The table.
    rows : Rows
        In the order of the source.
    timezone : str
        In which orders get their local day.
    ordered : bool, default False
        Whether the rows are in time order already.
    labels : dict of str to tuple of str, optional
        The labels that the codes of texts point into when done; those that occur, sorted, when left out.
    """
    order: Any = slice(None) if ordered else np.argsort(rows.time, kind="stable")
    time = rows.time[order]
    categories = {
        k: compact(Category(c.codes[order], c.labels), (labels or {}).get(k)) for k, c in rows.texts.items()
    }
    log = EventLog(
        name,
        time,
        rows.customer[order],
        {k: v[order] for k, v in rows.numbers.items()},
        {k: v[order] for k, v in rows.instants.items()},
        categories,
        None if rows.recorded is None else rows.recorded[order],
    )
    if name == "orders":
        log.numbers["day"] = local_day(time, timezone)
    if rows.replaced is None:
        return log
    replaced = rows.replaced[order]
    former = replaced != NEVER
    if not former.any():
        return log
    main, earlier = log.take(np.flatnonzero(~former)), log.take(np.flatnonzero(former))
    place = np.cumsum(~former)[former]
    return replace(main, earlier=replace(earlier, replaced=replaced[former], place=place))


def in_order(rows: Rows, source: np.ndarray | None, until: np.ndarray | None, *, sorted_: bool) -> Rows:
    """Bring rows into time order and take out those that no cutoff sees.

    Parameters
    ----------
    rows : Rows
        As they were read.
    source : numpy.ndarray of int64 or None
        By which ties are ordered; by position when None.
    until : numpy.ndarray of int64 or None
        From when on a newer version of each row is known.
    sorted_ : bool
        Whether the rows are in time order already.
    """
    order: Any = None
    if source is not None:
        order = np.lexsort((source, rows.time))
    elif not sorted_:
        order = np.argsort(rows.time, kind="stable")
    if until is not None:
        keep = until == NEVER if rows.recorded is None else until > rows.recorded
        if not keep.all():
            order = np.flatnonzero(keep) if order is None else order[keep[order]]
    if order is None:
        return replace(rows, replaced=until)
    return Rows(
        rows.time[order],
        rows.customer[order],
        {k: v[order] for k, v in rows.numbers.items()},
        {k: v[order] for k, v in rows.instants.items()},
        {k: Category(c.codes[order], c.labels) for k, c in rows.texts.items()},
        None if rows.recorded is None else rows.recorded[order],
        None if until is None else until[order],
    )


def local_day(time: np.ndarray, timezone: str) -> np.ndarray:
    """Return for each instant the number of its local day."""
    import pandas as pd

    local = pd.DatetimeIndex(time.astype("datetime64[us]")).tz_localize("UTC").tz_convert(timezone)
    return np.asarray(local.tz_localize(None).as_unit("us")).astype(np.int64) // DAY_US * 1.0


def categorise(values: Any) -> Category:
    """Code an Arrow text column; labels are sorted."""
    import pandas as pd

    codes, labels = pd.factorize(pd.Series(values.to_pandas()), sort=True)
    return Category(codes.astype(np.int32), tuple(str(x) for x in labels))


def compact(category: Category, labels: tuple[str, ...] | None = None) -> Category:
    """Point the codes into the given labels, or into those that occur, sorted.

    Examples
    --------
    >>> compact(Category(np.array([2, -1, 0], dtype=np.int32), ("web", "app", "shop")))
    Category(codes=array([ 0, -1,  1], dtype=int32), labels=('shop', 'web'))
    """
    codes, known = category.codes, category.labels
    if labels is None:
        there = np.bincount(codes[codes >= 0], minlength=len(known))
        labels = tuple(sorted(label for label, n in zip(known, there, strict=True) if n))
    if labels == known:
        return category
    position = {label: i for i, label in enumerate(labels)}
    lookup = np.array([*(position.get(label, -1) for label in known), -1], dtype=np.int32)
    return Category(lookup[codes], labels)  # -1 finds the last entry, which is -1
