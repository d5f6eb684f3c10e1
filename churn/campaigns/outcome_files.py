"""Outcomes from a file of one's own, for teams whose data are not here: checked as a whole, and nothing left unsaid."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from churn.campaigns.csvtext import read_csv_texts
from churn.campaigns.outcomes import COLUMNS, MEASURES, Outcomes
from churn.campaigns.statistics.sequential import look_days
from churn.errors import DataError, MissingFileError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

_YES = {"1": 1.0, "1.0": 1.0, "true": 1.0, "yes": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0, "no": 0.0}
_SHOWN = 3


def read_outcomes(
    path: str | os.PathLike[str],
    assignments: pd.DataFrame,
    start: dt.date,
    horizon_days: int,
    *,
    as_of: dt.date | None = None,
    today: dt.date | None = None,
) -> Outcomes:
    r"""Read what became of assigned customers from a CSV or Parquet file.

    Parameters
    ----------
    path : str or path-like
        Columns customer and retained (1 or 0, empty where not known) and, where they are known, orders and net_value
        within the horizon.
    assignments : pandas.DataFrame
        Column customer.
    start : date
        The campaign's first day.
    horizon_days : int
        Days that the outcomes speak of.
    as_of : date, optional
        When the file was made; the end of the horizon when left out.
    today : date, optional
        When it is read; by the clock when left out. Nothing after it can be known.

    Returns
    -------
    Outcomes
        In the order of the assignments; customers whom the file does not name are not known, and counted.

    Raises
    ------
    MissingFileError
        There is no such file.
    ParameterError
        `as_of` is none of the days on which one may look, or the days that the outcomes would speak of are not over.
    DataError
        A column is missing, a customer stands twice, or a value is no outcome; all of it at once.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "came.csv")
    >>> _ = file.write_text("customer,retained\n007,1\n008,0\n")
    >>> found = read_outcomes(file, pd.DataFrame({"customer": ["007", "009"]}), dt.date(2026, 1, 5), 60)
    >>> found.missing, found.others
    (1, 1)
    """
    import pandas as pd

    file = Path(path)
    given = _read(file)
    problems = [f"the column {name!r} is missing" for name in ("customer", "retained") if name not in given]
    if problems:
        raise _bad(file, [*problems, f"it has {', '.join(map(str, given.columns[:12]))}"])
    ids = given["customer"].astype("str").where(given["customer"].notna(), "")
    if (ids == "").any():
        problems.append(f"customer is empty in {int((ids == '').sum()):,} rows")
    if ids.duplicated().any():
        problems.append(
            f"{int(ids.duplicated().sum()):,} rows name a customer again, such as {_some(ids[ids.duplicated()])}"
        )
    values: dict[str, np.ndarray] = {}
    for name in MEASURES:
        if name in given:
            values[name], wrong = _numbers(given[name], name)
            if wrong:
                problems.append(wrong)
    if problems:
        raise _bad(file, problems)
    wanted = assignments["customer"].astype(str)
    at = pd.Index(ids).get_indexer(pd.Index(wanted))
    frame = pd.DataFrame({"customer": assignments["customer"].to_numpy()})
    for name in MEASURES:
        column = values.get(name, np.full(len(ids), np.nan))
        frame[name] = np.where(at >= 0, column[at], np.nan) if len(column) else np.nan
    end = start + dt.timedelta(days=horizon_days)
    when = as_of or end
    if when > (
        now := today or dt.datetime.now().astimezone().date()
    ):  # else an early look would pass as the result
        raise ParameterError(
            "The outcomes of a file cannot be known before their days are over",
            given=f"outcomes as of {when}, and today is {now}",
            fix=f"Wait until {end}, or say with --as-of of which day the file speaks.",
            code="not-over",
        )
    seen = int(np.clip((when - start).days, 0, horizon_days))
    looks = look_days(horizon_days)
    if seen and seen not in looks:
        raise ParameterError(
            f"Day {seen} after the start is none of the days fixed for a look",
            given=f"outcomes as of {when}, the campaign began on {start}",
            allowed=", ".join(str(start + dt.timedelta(days=d)) for d in looks),
            fix="Bring the outcomes as they were at the end of one of these days.",
            code="no-look",
        )
    return Outcomes(
        frame=frame[list(COLUMNS)],
        start=start.isoformat(),
        as_of=when.isoformat(),
        horizon_days=horizon_days,
        observed_days=seen,
        needs_until=end.isoformat(),
        lost_means=f"what {file.name} says",
        missing=int((at < 0).sum()),
        others=len(ids) - int((at >= 0).sum()),
    )


def _read(file: Path) -> pd.DataFrame:
    import pandas as pd

    if not file.is_file():
        raise MissingFileError(f"There is no file {file}", fix="Name the file with the outcomes.")
    try:
        if file.suffix.lower() in (".parquet", ".pq"):
            return pd.read_parquet(file)
        return read_csv_texts(file, missing=[""])
    except (ValueError, OSError) as error:  # ArrowInvalid, ParserError and UnicodeDecodeError are ValueErrors
        raise _bad(file, [str(error).splitlines()[0][:200]]) from error


def _numbers(column: pd.Series, name: str) -> tuple[np.ndarray, str]:
    """Return a column as numbers, and what is wrong with it."""
    import pandas as pd

    there = column.notna()
    if name == "retained":
        out = (
            column.astype("str")
            .str.strip()
            .str.lower()
            .map(_YES)
            .to_numpy(dtype=float, na_value=np.nan, copy=True)
        )
        allowed, refused = "1 or 0", there.to_numpy() & np.isnan(out)
    else:
        out = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan, copy=True)
        refused = there.to_numpy() & ~np.isfinite(out)
        allowed = "a number"
        if name == "orders":
            allowed, refused = "a number from 0", refused | (out < 0)
    out[~there.to_numpy()] = np.nan
    if not refused.any():
        return out, ""
    return out, f"{name} is not {allowed} in {int(refused.sum()):,} rows, such as {_some(column[refused])}"


def _some(values: pd.Series) -> str:
    return ", ".join(repr(str(v)[:40]) for v in values.head(_SHOWN))


def _bad(file: Path, problems: list[str]) -> DataError:
    return DataError(
        f"The outcomes in {file.name} cannot be used",
        given="; ".join(problems),
        allowed="customer, retained (1, 0 or empty) and, where known, orders and net_value; each customer once",
        fix="Mend the file, then run the command again.",
        code="bad-outcomes",
    )
