"""What one run of ingest did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from churn.data.checks import CheckReport, Finding
from churn.display import Rendered, format_count, table_text


@dataclass(frozen=True)
class TableNews:
    """What a delivery brought for one table.

    Attributes
    ----------
    read : int
        Rows read.
    new : int
        Rows that count and replace no other.
    corrected : int
        Rows that counted until then, or came earlier in the delivery, and were replaced.
    late : int
        Rows that are older than the newest one known before.
    set_aside : int
        Rows that are not used.
    """

    read: int = 0
    new: int = 0
    corrected: int = 0
    late: int = 0
    set_aside: int = 0


@dataclass(frozen=True, repr=False)
class IngestReport(Rendered):
    """What one run of ingest did; ``str()`` for people, ``to_dict()`` for scripts."""

    folder: str
    files: tuple[str, ...] = ()
    tables: dict[str, TableNews] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    customers: int = 0
    buckets: int = 1
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return bool(self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "folder": self.folder,
            "changed": self.changed,
            "files": list(self.files),
            "tables": {k: v.__dict__ for k, v in self.tables.items()},
            "rows": self.rows,
            "customers": self.customers,
            "buckets": self.buckets,
            "seconds": round(self.seconds, 3),
            "findings": [f.to_dict() for f in self.findings],
        }

    def render(self) -> str:
        """Return the report as text."""
        total = ", ".join(f"{format_count(n)} {name}" for name, n in self.rows.items())
        holds = f"The log in {self.folder} holds {total} of {format_count(self.customers)} customers."
        if not self.changed:
            return f"Nothing is new. {holds}"
        count = "1 file" if len(self.files) == 1 else f"{len(self.files)} files"
        lines = [f"Read {count} in {self.seconds:.1f} s.", ""]
        rows = [
            [name, *(format_count(n) for n in (t.read, t.new, t.corrected, t.late, t.set_aside))]
            for name, t in self.tables.items()
        ]
        heads = ["table", "rows read", "new", "corrected", "late", "set aside"]
        lines += [table_text(heads, rows, right=(1, 2, 3, 4, 5)), ""]
        if self.findings:
            found = CheckReport("this delivery", findings=self.findings).render()
            lines += [*found.splitlines()[2:], ""]
        return "\n".join([*lines, holds])
