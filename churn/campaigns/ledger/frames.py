"""Rows of the ledger as frames: the same columns and types on both databases, with rows or without."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from churn.campaigns.ledger.schema import assignments, people

if TYPE_CHECKING:
    import pandas as pd

_TIMES = ("time", "retry_at", "lease_until", "approved", "recorded")
_DATES = ("day", "due", "start", "as_of")


def frame_of(
    rows: Sequence[dict[str, Any]], columns: Sequence[str], numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Return rows as a frame; dates are midnights without a zone, times are UTC.

    Examples
    --------
    >>> frame_of([], ["customer", "due"]).dtypes.astype(str).tolist()
    ['object', 'datetime64[us]']
    """
    import pandas as pd

    names = list(dict.fromkeys([*columns, *numbers]))
    out = {}
    for name in names:
        values = [r[name] for r in rows]
        if name in _TIMES:
            out[name] = pd.Series(pd.to_datetime(values, utc=True)).astype("datetime64[us, UTC]")
        elif name in _DATES:
            out[name] = pd.Series(pd.to_datetime(values)).astype("datetime64[us]")
        elif name in numbers:
            whole = all(isinstance(v, int) for v in values)
            out[name] = pd.Series(values, dtype="int64" if whole else "float64")
        else:
            out[name] = pd.Series(values, dtype="object")
    return pd.DataFrame(out, columns=names)


def assignment_frame(connection: sa.Connection, name: str) -> pd.DataFrame:
    """Return the assignments of a campaign, with a column for each segment."""
    import pandas as pd

    wanted = [c for c in assignments.c if c.name not in ("campaign", "person", "segments")]
    query = (
        sa.select(people.c.customer, *wanted, assignments.c.segments)
        .join(people, people.c.person == assignments.c.person)
        .where(assignments.c.campaign == name)
        .order_by(assignments.c.person)
    )
    rows = [dict(r) for r in connection.execute(query).mappings()]
    kinds = {c.name: c.type for c in wanted}
    numbers = [n for n, k in kinds.items() if isinstance(k, (sa.Double, sa.BigInteger))]
    for row in rows:
        row["contacts"] = None if row["contacts"] is None else float(row["contacts"])
    frame = frame_of(rows, ["customer", *kinds], numbers=numbers)
    told = [json.loads(r["segments"]) if r["segments"] else {} for r in rows]
    segments = sorted({k for t in told for k in t})
    for segment in segments:
        frame[segment] = pd.Series([t.get(segment) for t in told], dtype="object")
    return frame
