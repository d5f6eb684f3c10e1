"""Data health: what each table gave, how fresh it is, and what was set aside and why, without personal data."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from churn.display import format_count, format_percent
from churn.report.charts_draw import Chart, short, table

# Columns whose values may be shown: what they name is a row or a customer, and nothing else about either.
_IDS = frozenset(
    f"{what}{kind}"
    for what in ("customer", "cust", "client", "user", "account", "order", "invoice", "ticket", "row")
    for kind in ("id", "no", "number")
) | {"customer", "order", "invoice", "ticket", "id", "key"}
_ACTIONS = {"error": "cannot be used", "set aside": "set aside", "note": "to know"}
_OLD_DAYS = 7
_LONGEST = 40


@dataclass(frozen=True)
class Health:
    """What a reader should know of the data.

    Attributes
    ----------
    words : tuple of str
        In sentences: whether the data can be used, how many rows were set aside, which tables are old.
    tables : Chart
        One row per table; a table without a picture.
    findings : Chart or None
        What was set aside and noted; None where there was nothing.
    """

    words: tuple[str, ...]
    tables: Chart
    findings: Chart | None


def health(checks: Mapping[str, Any] | None, as_of: str = "") -> Health | None:
    """Return what a reader should know of the data.

    Parameters
    ----------
    checks : mapping or None
        ``health.json``: `CheckReport.to_dict`.
    as_of : str, optional
        The cutoff's date, against which the age of the tables is told.

    Returns
    -------
    Health or None
        None where there are no checks. Of example rows only ids are shown: other columns may be personal.

    Examples
    --------
    >>> table = {"table": "orders", "rows_read": 10, "rows_used": 9, "customers": 4, "first": "2025-01-01 09:00",
    ...          "last": "2025-03-01 10:00"}
    >>> found = health({"usable": True, "rows_set_aside": 1, "tables": [table], "findings": []}, "2025-03-02")
    >>> found.words
    ('1 of 10 rows was set aside.',)
    >>> found.tables.rows
    (('orders', '10', '9', '1', '4', '2025-01-01', '2025-03-01', 'less than a day before'),)
    """
    if not checks:
        return None
    found = list(checks.get("tables") or [])
    ages = {t["table"]: _age(t.get("last"), as_of) for t in found}
    read = sum(int(t.get("rows_read") or 0) for t in found)
    inputs = sum(  # of rows that no table has read, so they are no share of those that were
        int(f.get("rows") or 0)
        for f in checks.get("findings") or []
        if f.get("action") == "set aside" and f.get("table") not in ages
    )
    aside = int(checks.get("rows_set_aside") or 0) - inputs
    words = [] if checks.get("usable", True) else ["The data cannot be used as they are: see the errors."]
    if aside > 0:
        words.append(
            f"{format_count(aside)} of {format_count(read)} rows {'was' if aside == 1 else 'were'} set aside."
        )
    if inputs:
        some = "1 row of the inputs was" if inputs == 1 else f"{format_count(inputs)} rows of the inputs were"
        words.append(f"{some} set aside by the rules of the configuration, before the tables were made.")
    if not aside and not inputs:
        words.append("No row was set aside.")
    old = [
        f"{name} ({_days(age)} before)" for name, age in ages.items() if age is not None and age >= _OLD_DAYS
    ]
    if old:
        words.append(f"The newest row lies {_OLD_DAYS} days or more before the cutoff in: {', '.join(old)}.")
    rows = [
        (
            t["table"],
            format_count(t.get("rows_read") or 0),
            format_count(t.get("rows_used") or 0),
            format_count(max(int(t.get("rows_read") or 0) - int(t.get("rows_used") or 0), 0)),
            format_count(t.get("customers") or 0),
            (t.get("first") or "")[:10],
            (t.get("last") or "")[:10],
            _fresh(ages[t["table"]]),
        )
        for t in found
    ]
    head = (
        "table",
        "rows read",
        "used",
        "not used",
        "customers",
        "first",
        "last",
        "newest row, from the cutoff",
    )
    caption = "Dates are UTC. Rows from the cutoff on are in the data and not used for the scores."
    return Health(tuple(words), Chart("Tables", "", head, table(rows), caption), _findings(checks))


def _findings(checks: Mapping[str, Any]) -> Chart | None:
    found = list(checks.get("findings") or [])
    if not found:
        return None
    totals = {t["table"]: int(t.get("rows_read") or 0) for t in checks.get("tables") or []}
    order = {action: i for i, action in enumerate(_ACTIONS)}
    found.sort(key=lambda f: (order.get(f.get("action"), len(order)), -int(f.get("rows") or 0)))
    rows = []
    for f in found:
        count, total = int(f.get("rows") or 0), totals.get(f.get("table", ""), 0)
        share = format_percent(count / total) if count and total else ""
        rows.append(
            (
                _ACTIONS.get(f.get("action"), f.get("action")),
                f.get("table"),
                format_count(count) if count else "",
                share,
                f.get("message"),
                "; ".join(dict.fromkeys(filter(None, (_ids(e) for e in f.get("examples") or [])))),
            )
        )
    head = ("what", "table", "rows", "of the table", "why", "for example")
    caption = "Of example rows only ids are shown; churn check CONFIG shows them in full."
    return Chart("Set aside and noted", "", head, table(rows), caption)


def _ids(example: Mapping[str, Any]) -> str:
    """Return the ids of an example row, without whatever else it holds.

    Examples
    --------
    >>> _ids({"Customer ID": 17, "email": "a@b.org", "amount": None})
    'Customer ID 17'
    """
    out = []
    for name, value in example.items():
        named = re.sub(r"[^a-z]", "", str(name).lower()) in _IDS
        if named and value is not None and "@" not in str(value):
            out.append(f"{short(name, _LONGEST)} {short(value, _LONGEST)}")
    return ", ".join(out)


def _age(last: str | None, as_of: str) -> int | None:
    """Return the whole days from a table's newest row to the cutoff; below 0 where it has later rows."""
    try:
        newest = dt.datetime.fromisoformat(last or "")
        cutoff = dt.datetime.fromisoformat(as_of)
    except ValueError:
        return None
    return (cutoff.replace(tzinfo=None) - newest.replace(tzinfo=None)).days


def _fresh(age: int | None) -> str:
    if age is None:
        return ""
    if age < 0:
        return "goes on after it"
    return "less than a day before" if age == 0 else f"{_days(age)} before"


def _days(n: int) -> str:
    return f"{n:,} day{'' if n == 1 else 's'}"
