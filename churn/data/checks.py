"""What was found in the data: what was set aside and why, what to know, and whether it can be used."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from churn.display import Rendered, format_count, table_text

Action = Literal["error", "set aside", "note"]
_SET_ASIDE_ALLOWED = 0.5


@dataclass(frozen=True)
class Finding:
    """One thing found in one table.

    Attributes
    ----------
    table : str
        The input or contract table.
    code : str
        Stable identifier, e.g. ``null-customer``.
    action : {"error", "set aside", "note"}
        Whether the data cannot be used, rows were left out, or rows were used with a remark.
    rows : int
        How many rows it concerns.
    message : str
        What is wrong with them and what to do, in words.
    examples : tuple of dict
        Up to three of the rows as they came.
    numbers : tuple of int
        The row numbers of the examples, by which findings of parts of a table are put together.
    """

    table: str
    code: str
    action: Action
    rows: int
    message: str
    examples: tuple[dict[str, Any], ...] = ()
    numbers: tuple[int, ...] = field(default=(), repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        own = {k: v for k, v in self.__dict__.items() if k != "numbers"}
        return {**own, "examples": list(self.examples)}


def merge_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Put findings of parts of the data together: rows add up, the first three examples stay.

    Parameters
    ----------
    findings : iterable of Finding
        Those that say the same of the same table become one, at the place of the first.

    Returns
    -------
    list of Finding
        One per table, code and message.

    Examples
    --------
    >>> [f.rows for f in merge_findings([Finding("orders", "x", "note", n, "odd") for n in (2, 3)])]
    [5]
    """
    merged: dict[tuple[str, str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.table, finding.code, finding.action, finding.message)
        other = merged.get(key)
        if other is None:
            merged[key] = finding
            continue
        examples, numbers = other.examples + finding.examples, other.numbers + finding.numbers
        if len(numbers) == len(examples):  # by number, so that it does not matter how the rows were parted
            first = sorted(range(len(numbers)), key=numbers.__getitem__)[:3]
            examples, numbers = tuple(examples[i] for i in first), tuple(numbers[i] for i in first)
        merged[key] = replace(
            other, rows=other.rows + finding.rows, examples=examples[:3], numbers=numbers[:3]
        )
    return list(merged.values())


@dataclass(frozen=True)
class TableSummary:
    """What one table gave: rows read and used, customers and time range (UTC, ISO 8601)."""

    table: str
    rows_read: int
    rows_used: int
    customers: int
    first: str | None
    last: str | None


@dataclass(frozen=True, repr=False)
class CheckReport(Rendered):
    """The result of checking the data: summaries per table and all findings.

    ``usable`` tells whether a model can be trained on them; ``str()`` gives the report for people,
    ``to_dict()`` the one for scripts.
    """

    name: str
    tables: tuple[TableSummary, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def usable(self) -> bool:
        """Whether nothing was found that forbids the use of the data."""
        return not any(f.action == "error" for f in self.findings)

    def set_aside(self) -> int:
        """Rows left out, over all tables."""
        return sum(f.rows for f in self.findings if f.action == "set aside")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "name": self.name,
            "usable": self.usable,
            "rows_set_aside": self.set_aside(),
            "tables": [t.__dict__ for t in self.tables],
            "findings": [f.to_dict() for f in self.findings],
        }

    def render(self) -> str:
        """Return the report as text."""
        lines = [f"Data check of {self.name}: {'usable' if self.usable else 'CANNOT BE USED'}", ""]
        if self.tables:
            rows = [
                [
                    t.table,
                    format_count(t.rows_read),
                    format_count(t.rows_used),
                    format_count(t.customers),
                    t.first or "-",
                    t.last or "-",
                ]
                for t in self.tables
            ]
            lines += [
                table_text(
                    ["table", "rows read", "used", "customers", "first (UTC)", "last (UTC)"],
                    rows,
                    right=(1, 2, 3),
                ),
                "",
            ]
        for action, title in (("error", "Errors"), ("set aside", "Set aside, not used"), ("note", "To know")):
            found = [f for f in self.findings if f.action == action]
            if not found:
                continue
            lines.append(f"{title}:")
            for f in found:
                rows_text = f"{format_count(f.rows)} row{'s' if f.rows != 1 else ''}: " if f.rows else ""
                lines.append(f"  {f.table}: {rows_text}{f.message} [{f.code}]")
                lines += [f"      e.g. {example_text(e)}" for e in f.examples]
            lines.append("")
        if not self.findings:
            lines.append("Nothing was set aside.")
        return "\n".join(lines).rstrip()


def make_examples(rows: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return rows as plain printable values, at most three."""
    return tuple({k: _plain(v) for k, v in row.items()} for _, row in zip(range(3), rows, strict=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no word for it
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def example_text(row: dict[str, Any]) -> str:
    """Write one example row on one line.

    Examples
    --------
    >>> example_text({"id": "007", "amount": None})
    'id="007", amount=(empty)'
    """
    return ", ".join(
        f"{k}={'(empty)' if v is None else json.dumps(v, ensure_ascii=False)}" for k, v in row.items()
    )


def check_enough(table: str, read: int, used: int, findings: Sequence[Finding]) -> Finding | None:
    """Tell when no row is left, or too few of those that neither a rule nor a newer row took out.

    Parameters
    ----------
    table : str
        Its name.
    read, used : int
        Rows read, and rows that count.
    findings : sequence of Finding
        What was found so far.
    """
    mine = [f for f in findings if f.table == table and f.action == "set aside"]
    reasons = [f for f in mine if f.code != "set-aside-rule" and not f.code.startswith("corrected-")]
    fit = read - sum(f.rows for f in mine) + sum(f.rows for f in reasons)
    if table != "orders":
        if used:
            return None
        return Finding(table, "empty-table", "note", 0, "no row can be used; the table is left away")
    if used and used >= (1 - _SET_ASIDE_ALLOWED) * fit:
        return None
    most = max(reasons, key=lambda f: f.rows, default=None)
    why = f", most often because: {most.message} ({most.rows:,} rows)" if most else ""
    if used == 0:
        code = "no-orders"
        message = f"of {read:,} rows none can be used{why}; without orders nothing can be learned"
    else:
        code = "too-much-set-aside"
        message = (
            f"more than half of the {fit:,} rows had to be set aside{why}; mend the mapping or the data, "
            "or name the rows that do not count under set_aside"
        )
    return Finding("orders", code, "error", fit - used, message, most.examples if most else ())


def minute_text(instant: int | None) -> str | None:
    """Write an instant in microseconds as a UTC time without seconds.

    Examples
    --------
    >>> minute_text(86_400_000_000)
    '1970-01-02 00:00'
    """
    if instant is None:
        return None
    return dt.datetime.fromtimestamp(instant // 1_000_000, dt.UTC).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Repeated:
    """How many rows of a table repeat a key without being corrections."""

    key: str
    again: int = 0
    rows: int = 0
    shown: Finding | None = None
