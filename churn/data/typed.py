"""A table on its way in: its rows as DuckDB holds them, then with typed columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from churn.data.checks import Finding
from churn.data.contracts import CONTRACTS, Contract
from churn.data.eventlog import NEVER

BUCKET = "_churn_bucket"


@dataclass
class TypedTable:
    """One contract's rows with typed columns, in the order of the source.

    Attributes
    ----------
    columns : dict of str to numpy.ndarray or pyarrow.Array
        Numbers as float64, flags as float64 (NaN unknown), times as int64 microseconds (see `naive`), ids
        and texts as Arrow arrays.
    naive : dict of str to numpy.ndarray
        For each time field, which values have no offset and still need the configured time zone.
    row : numpy.ndarray
        Row numbers in the source.
    replaced : numpy.ndarray of int64 or None
        For rows that were corrected, from when on the newer version is known; `NEVER` for the others.
    """

    contract: Contract
    columns: dict[str, Any]
    naive: dict[str, np.ndarray]
    row: np.ndarray
    rows_read: int
    findings: list[Finding] = field(default_factory=list)
    replaced: np.ndarray | None = None

    @property
    def table(self) -> str:
        """The contract's table."""
        return self.contract.table

    @property
    def rows_used(self) -> int:
        """How many rows count; former versions do not."""
        return len(self.row) if self.replaced is None else int((self.replaced == NEVER).sum())


@dataclass(frozen=True)
class Staged:
    """A table whose rows DuckDB holds, numbered, before they are typed.

    Attributes
    ----------
    contract : Contract
        Its fields.
    mapping : dict of str to str
        Field to column.
    types : dict of str to str
        The columns' types.
    extra : tuple of str
        More columns to carry as text.
    time_format : str or None
        Of text times.
    id_type : str
        Type of the customer ids.
    relation : str
        The SQL of all rows; see `part`.
    folder : str or None
        Where the rows lie when they are parted by customer.
    rows_read : int
        With those that a rule set aside.
    findings : tuple of Finding
        What the rules set aside.
    """

    contract: Contract
    mapping: dict[str, str]
    types: dict[str, str]
    extra: tuple[str, ...]
    time_format: str | None
    id_type: str
    relation: str
    folder: str | None
    rows_read: int
    findings: tuple[Finding, ...]

    @property
    def features(self) -> bool:
        """Whether it is a table of ready features."""
        return self.contract.table not in CONTRACTS

    def part(self, bucket: int | None) -> str | None:
        """Return the SQL of one bucket's rows, None where it has none."""
        if bucket is None or self.folder is None:
            return self.relation
        files = Path(self.folder, f"{BUCKET}={bucket}")
        if not files.is_dir():
            return None
        return self.relation.replace("/*/*.parquet", f"/{BUCKET}={bucket}/*.parquet")
