"""The at-risk list and the customers' events as the page holds them: by column, texts by code, compact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from churn.report.embed import packed
from churn.report.folder import NightFolder

if TYPE_CHECKING:
    import pandas as pd

TOGETHER = 200  # customers whose events are inflated at once
MOST_LISTED = 10_000  # as many have events; a page with many more is slow to open, and nobody reads so far
_DIGITS = {"churn_probability": 4, "push_log_odds": 3}
_LABELS = {
    "customer": "Customer",
    "rank": "Rank",
    "churn_probability": "Churn probability",
    "risk_band": "Band",
    "stage": "Stage",
    "value_at_stake": "At stake",
    "expected_profit": "Expected profit",
    "spend_if_staying": "Spend if staying",
    "expected_spend": "Expected spend",
    "lifetime_value": "Lifetime value",
    "last_order": "Last order",
    "days_overdue": "Days overdue",
    "ignored_complaints": "Ignored complaints",
}
_MONEY = ("value_at_stake", "expected_profit", "spend_if_staying", "expected_spend", "lifetime_value")
_FACETS = ("risk_band", "stage", "basis")


def list_payload(night: NightFolder, contact: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return the list as plain values: columns, what can be filtered, reasons per customer.

    Parameters
    ----------
    night : NightFolder
        The night.
    contact : pandas.DataFrame, optional
        Personal data to show: ``customer`` and a column each; nothing personal beyond the id otherwise.

    Returns
    -------
    dict
        ``n`` rows of ``listed``, the first `MOST_LISTED` at most; ``columns`` (key, label, type), ``data`` (a list, or
        names and codes, per column), ``facets`` and ``reasons``.
    """
    import pandas as pd

    table = night.at_risk if night.at_risk is not None else pd.DataFrame({"customer": []})
    listed = len(table)
    table = table.head(MOST_LISTED).assign(customer=lambda t: t["customer"].astype(str))
    table, segments = _beside(table, night.segments, "segment: ")
    table, personal = _beside(table, contact, "contact: ")
    facets = [c for c in (*_FACETS, *segments) if c in table]
    meanings = night.summary.get("columns") or {}
    columns, data = [], {}
    for name in map(str, table.columns):
        kind, values = _column(table[name], name, name in facets)
        data[name] = values
        label = _LABELS.get(name) or name.split(": ", 1)[-1].replace("_", " ").capitalize()
        columns.append(
            {"key": name, "label": label, "type": kind, "meaning": str(meanings.get(name, ""))}
            | ({"segment": True} if name in segments else {})
            | ({"personal": True} if name in personal else {})
        )
    return {
        "n": len(table),
        "listed": listed,
        "name": night.name,
        "asOf": night.as_of,
        "currency": night.currency,
        "columns": columns,
        "data": data,
        "facets": facets,
        "reasons": _reasons(night.reasons, table["customer"]),
        "bands": list((night.summary.get("bands") or {}).keys()),
        "stages": {str(k): str(v) for k, v in (night.summary.get("stage_rules") or {}).items()}
        if isinstance(night.summary.get("stage_rules"), dict)
        else {},
    }


def _beside(table: pd.DataFrame, more: pd.DataFrame | None, prefix: str) -> tuple[pd.DataFrame, list[str]]:
    """Put columns of the same customers beside the list; return it and their names."""
    if more is None or len(more.columns) < 2:
        return table, []
    more = more.assign(customer=more["customer"].astype(str)).drop_duplicates("customer")
    more = more.rename(columns={c: f"{prefix}{c}" for c in more.columns if c != "customer"})
    return table.merge(more, on="customer", how="left"), [str(c) for c in more.columns if c != "customer"]


def _column(values: pd.Series[Any], name: str, facet: bool) -> tuple[str, Any]:
    import pandas as pd

    if pd.api.types.is_bool_dtype(values):
        values = values.map({True: "yes", False: "no"})
    if pd.api.types.is_numeric_dtype(values):
        kind = "share" if name == "churn_probability" else "money" if name in _MONEY else "number"
        return kind, _numbers(values, _DIGITS.get(name, 2))
    text = values.astype(object).where(values.notna(), "").astype(str)
    if facet or (name != "customer" and text.nunique() <= len(text) / 2):
        codes, names = pd.factorize(text, sort=True)
        return "code", {"names": [str(n) for n in names], "codes": codes.tolist()}
    return "text", text.tolist()


def _numbers(values: Any, digits: int) -> list[float | int | None]:
    """Return rounded numbers, unknown ones as None, whole ones as integers: that is shorter."""
    rounded = np.round(np.asarray(values, dtype=float), digits)
    return [
        None if not np.isfinite(v) else int(v) if v == int(v) and abs(v) < 2**53 else v
        for v in rounded.tolist()
    ]


def _reasons(reasons: pd.DataFrame | None, customers: pd.Series[Any]) -> dict[str, Any]:
    """Return the reasons in the order of the list: where each customer's begin, stories and texts by code."""
    import pandas as pd

    if reasons is None or reasons.empty:
        return {"start": [0] * (len(customers) + 1), "up": [], "story": [], "text": [], "push": [],
                "stories": [], "texts": []}  # fmt: skip
    where = pd.Index(customers).get_indexer(pd.Index(reasons["customer"].astype(str)))
    of_list = reasons.assign(row=where)[where >= 0]
    of_list = of_list.assign(down=of_list["direction"] != "up").sort_values(
        ["row", "down", "place"], kind="stable"
    )
    stories, names = pd.factorize(of_list["story"].astype(str), sort=True)
    texts, words = pd.factorize(of_list["text"].astype(str))
    start = np.searchsorted(of_list["row"].to_numpy(), np.arange(len(customers) + 1))
    return {
        "start": start.tolist(),
        "up": (~of_list["down"]).astype(int).tolist(),
        "story": stories.tolist(),
        "text": texts.tolist(),
        "push": _numbers(of_list["push_log_odds"], 3),
        "stories": [str(n) for n in names],
        "texts": [str(w) for w in words],
    }


def timeline_chunks(night: NightFolder) -> list[str]:
    """Return the events of the listed customers, newest first, packed for `TOGETHER` customers each."""
    import pandas as pd

    if night.timeline is None or night.at_risk is None:
        return []
    customers = night.at_risk["customer"].head(MOST_LISTED).astype(str)
    events = night.timeline
    where = pd.Index(customers).get_indexer(pd.Index(events["customer"].astype(str)))
    events = events.assign(row=where)[where >= 0].sort_values(
        "row", kind="stable"
    )  # newest first as they are
    rows = events["row"].to_numpy()
    out = []
    for first in range(0, len(customers), TOGETHER):
        last = min(first + TOGETHER, len(customers))
        a, b = np.searchsorted(rows, [first, last])
        part = events.iloc[a:b]
        kinds, kind_names = pd.factorize(part["kind"].astype(str))
        texts, words = pd.factorize(part["text"].astype(str))
        out.append(
            packed(
                {
                    "first": first,
                    "start": (np.searchsorted(rows, np.arange(first, last + 1)) - a).tolist(),
                    "time": part["time"].astype(str).tolist(),
                    "kind": kinds.tolist(),
                    "kinds": [str(k) for k in kind_names],
                    "amount": _numbers(part["amount"], 2),
                    "text": texts.tolist(),
                    "texts": [str(w) for w in words],
                    "open": part["open"].fillna(False).astype(int).tolist(),
                    "older": _older(part, rows[a:b], first, last),
                }
            )
        )
    return out


def _older(part: pd.DataFrame, rows: np.ndarray, first: int, last: int) -> list[int]:
    """Return how many older events of each customer were left out, where the night says it."""
    out = np.zeros(last - first, np.int64)
    if "older" in part:
        np.maximum.at(out, rows - first, part["older"].fillna(0).to_numpy(np.int64))
    return out.tolist()
