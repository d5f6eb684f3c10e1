"""Responses from a file: what cannot be read is set aside and counted."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.csvtext import read_csv_texts
from churn.errors import DataError, MissingFileError

if TYPE_CHECKING:
    import pandas as pd

    from churn.campaigns.policy import Policy

_UNSURE = re.compile(r"\s*\d{1,2}[./-]\d{1,2}[./-]\d")  # 04.01.2026 is January to some and April to others
_NEEDED = ("customer", "kind", "time")
_OPTIONAL = ("channel", "detail", "response")


def read_responses(
    file: Path, policy: Policy | None = None, *, now: dt.datetime | None = None
) -> tuple[list[dict[str, Any]], list[tuple[str, int, str]]]:
    """Read a CSV or Parquet file of responses.

    Parameters
    ----------
    file : Path
        Columns customer, kind and time; optionally channel, detail and response, an id of its own. With a policy,
        `columns` says where they have other names.
    policy : Policy, optional
        Times without an offset are in the timezone of its `config`, else UTC.
    now : datetime, optional
        The present; what is more than a day later is set aside.

    Returns
    -------
    tuple
        Rows for `Ledger.respond`, and what was set aside: reason, count and example.

    Raises
    ------
    MissingFileError
        There is no such file.
    DataError
        It cannot be read, or lacks a column.
    """
    import pandas as pd

    frame = _read(file)
    missing = [n for n in _NEEDED if n not in frame]
    if missing:
        raise DataError(
            f"{file} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}",
            given=f"columns {', '.join(map(str, frame.columns[:10]))}",
            allowed=f"needed {', '.join(_NEEDED)}; optional {', '.join(_OPTIONAL)}",
            fix="Rename the columns of the file.",
        )
    zone = _zone(policy)
    latest = pd.Timestamp(now or dt.datetime.now(dt.UTC)) + pd.Timedelta(days=1)
    ids, times = frame["customer"], _times(frame["time"], zone)
    no_id = ids.isna() | (ids.astype(str).str.strip() == "") | ids.astype(str).str.contains("\0", regex=False)
    aside = []
    for reason, wrong, column in (
        ("no customer", no_id, "customer"),
        ("no time that can be read", ~no_id & times.isna(), "time"),
        ("a time in the future", ~no_id & (times > latest), "time"),
    ):
        if wrong.any():
            aside.append((reason, int(wrong.sum()), ascii(str(frame[column][wrong].iloc[0])[:40])))
    good = ~no_id & times.notna() & ~(times > latest)
    names = [n for n in (*_NEEDED, *_OPTIONAL) if n in frame and n != "time"]
    kept = frame.loc[good, names].assign(time=times[good])
    kept["kind"] = kept["kind"].astype(str).str.strip().str.lower()
    rows: list[dict[str, Any]] = [
        {str(k): v if pd.api.types.is_list_like(v) or not pd.isna(v) else None for k, v in row.items()}
        for row in kept.to_dict("records")
    ]
    for row in rows:
        row["time"] = row["time"].to_pydatetime(warn=False)
    return rows, aside


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    if not file.is_file():
        raise MissingFileError(
            f"There is no file {file}", fix="Name the CSV or Parquet file with the responses."
        )
    try:
        if file.suffix.lower() in (".parquet", ".pq"):
            return pd.read_parquet(file)
        return read_csv_texts(file, missing=[""])
    except (ValueError, OSError) as error:
        raise DataError(
            f"{file} cannot be read as {'Parquet' if file.suffix.lower() in ('.parquet', '.pq') else 'CSV'}",
            given=str(error).split("\n")[0][:200],
            fix="Save it as CSV in UTF-8, with a line of column names.",
        ) from None


def _zone(policy: Policy | None) -> str:
    if policy is None or policy.config is None:
        return "UTC"
    from churn.config import read_config

    return read_config(policy.place(policy.config)).timezone or "UTC"


def _times(values: pd.Series[Any], zone: str) -> pd.Series[Any]:
    """Return times in UTC; NaT where one cannot be read. An hour that comes twice is the first."""
    import pandas as pd

    def one(value: Any) -> Any:
        if isinstance(value, str) and _UNSURE.match(value):
            return pd.NaT
        try:
            time = pd.Timestamp(value)
        except (ValueError, TypeError, OverflowError):
            return pd.NaT
        if pd.isna(time) or time.tzinfo is not None:
            return time
        try:
            return time.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        except (ValueError, OverflowError):
            return pd.NaT

    known = {v: one(v) for v in values.dropna().unique()}
    found = [known.get(v, pd.NaT) for v in values]
    return pd.Series(pd.to_datetime(found, utc=True), index=values.index).astype("datetime64[us, UTC]")
