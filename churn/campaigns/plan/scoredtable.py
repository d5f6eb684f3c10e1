"""Reads a table of scores and holds it against the contract: everything that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.csvtext import read_csv_texts
from churn.display import format_count
from churn.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("customer", "churn_probability")
NUMBERS = ("churn_probability", "ignored_complaints", "unanswered_complaint_days")
TEXTS = ("risk_band", "stage")
REASONS = ("customer", "story", "topic", "text", "direction")
_PARQUET = (".parquet", ".pq")
_CSV = (".csv", ".tsv", ".txt")
_SHOWN = 3


def read_table(file: Path, columns: Mapping[str, str], numbers: Sequence[str]) -> pd.DataFrame:
    """Read a Parquet or CSV file; of a CSV file every value stays text until it is known to be a number.

    Parameters
    ----------
    file : Path
        The file.
    columns : mapping of str to str
        Name in the file by name of the contract.
    numbers : sequence of str
        Names of the contract that are numbers.

    Raises
    ------
    DataError
        It is neither, or cannot be read.
    """
    import pandas as pd

    kind = file.suffix.lower()
    try:
        if kind in _PARQUET:
            return pd.read_parquet(file)
        if kind in _CSV:
            wanted = {columns.get(n, n) for n in numbers}
            frame = read_csv_texts(file)
            for name in wanted & set(frame.columns):
                frame[name] = _number(frame[name])
            return frame
    except (ValueError, OSError) as error:  # pyarrow's and pandas's errors of a broken file are ValueErrors
        raise DataError(
            f"{file} cannot be read",
            given=" ".join(str(error).split())[:200],
            fix="Write the file again.",
            code="scored-table",
        ) from error
    raise DataError(
        f"{file} is neither Parquet nor CSV",
        given=kind or "no ending",
        allowed=", ".join(_PARQUET + _CSV),
        fix="Convert it, or name the folder of a night.",
        code="scored-table",
    )


def _number(text: pd.Series[Any]) -> pd.Series[Any]:
    """Return texts as numbers where all of them are, empty ones as NaN; else as they came, for the check to tell."""
    import pandas as pd

    stripped = text.str.strip()
    values = pd.to_numeric(stripped.where(stripped != "", None), errors="coerce")
    broken = values.isna() & (stripped != "") & ~stripped.str.lower().isin(["nan", "null", "none"])
    return text if broken.any() else values.astype("float64")


def checked(
    frame: pd.DataFrame, columns: Mapping[str, str], numbers: Sequence[str], source: str
) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Return a frame with the contract's names and types, and why a customer has no score.

    Parameters
    ----------
    frame : pandas.DataFrame
        As it came.
    columns : mapping of str to str
        Name in the frame by name of the contract.
    numbers : sequence of str
        Names of the contract that must be numbers, where they are there.
    source : str
        Named in errors.

    Raises
    ------
    DataError
        Something breaks the contract.
    """
    import pandas as pd

    wrong: list[str] = []
    absent = [f"{theirs} (for {ours})" for ours, theirs in columns.items() if theirs not in frame]
    if absent:
        wrong.append(f"`columns` names {', '.join(absent)}, which it does not have")
    mapped = {theirs: ours for ours, theirs in columns.items() if theirs in frame}
    covered = [ours for theirs, ours in mapped.items() if ours != theirs and ours not in mapped]
    table = frame.drop(columns=covered, errors="ignore").rename(columns=mapped).reset_index(drop=True)
    lacking = [name for name in NEEDED if name not in table and name not in columns]
    if lacking:
        wrong.append(f"it lacks the column{'s' if len(lacking) > 1 else ''} {' and '.join(lacking)}")
    if "customer" in table:
        wrong += _ids(table)
    for name in dict.fromkeys(("churn_probability", *numbers)):
        if name in table:
            wrong += _numbers(table, name)
    if wrong:
        things = "1 thing" if len(wrong) == 1 else f"{len(wrong)} things"
        raise DataError(
            f"{things} in {source} cannot be used: {'; '.join(wrong)}",
            given=f"{format_count(len(table))} rows with {', '.join(map(str, frame.columns[:12]))}",
            allowed="one row per customer, with customer and churn_probability from 0 to 1",
            fix="Mend the table, or map its columns with `columns` in the policy; docs/campaigns.md has the contract.",
            code="scored-table",
        )
    table = _typed(table)
    unknown = table["churn_probability"].isna()
    return table, pd.Series(np.where(unknown, "no churn probability in the table", ""), dtype=object)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    out = table.copy(deep=False)
    for name in TEXTS:
        out[name] = texts_of(out, name)
    for name in ("ignored_complaints", "unanswered_complaint_days"):
        if name not in out:
            out[name] = np.nan
    if out["customer"].dtype.kind not in "iu":
        out["customer"] = texts_of(out, "customer")
    return out


def texts_of(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return a column as texts, empty where it has no value or the table no such column."""
    import pandas as pd

    if name not in table:
        return pd.Series("", index=table.index, dtype="str")
    column = table[name]
    if column.dtype.kind in "iu":
        return column.astype("str")
    return column.astype(object).where(column.notna(), "").astype("str")


def _ids(table: pd.DataFrame) -> list[str]:
    ids = table["customer"]
    if ids.dtype.kind == "f" and len(ids):
        return [
            "customer holds numbers with a fraction or gaps, which are no ids: give whole numbers or texts"
        ]
    text = ids.astype(str)
    empty = np.asarray(ids.isna() | (text.str.strip() == ""))
    wrong = []
    if empty.any():
        wrong.append(f"customer is empty in {_rows(empty)} (row {_places(empty)})")
    twice = np.asarray(text.duplicated(keep=False)) & ~empty
    if twice.any():
        examples = ", ".join(repr(_short(x)) for x in text[twice].unique()[:_SHOWN])
        wrong.append(f"customer is not one row each: {_rows(twice)} share an id, such as {examples}")
    return wrong


def _numbers(table: pd.DataFrame, name: str) -> list[str]:
    import pandas as pd

    column = table[name]
    values = pd.to_numeric(column, errors="coerce").astype("float64")
    stays = np.asarray(values.isna() & column.notna())
    if column.dtype == object or column.dtype.kind not in "iufb":
        words = column.astype(str).str.strip()
        stays = stays & ~np.asarray(words.str.lower().isin(["", "nan", "null", "none", "<na>"]))
    if stays.any():
        return [f"{name} holds text in {_rows(stays)}: {_examples(table, name, stays)}"]
    table[name] = values
    given = values.to_numpy()
    if np.isinf(given).any():
        return [f"{name} is infinite in {_rows(np.isinf(given))}: {_examples(table, name, np.isinf(given))}"]
    if name != "churn_probability":
        return []
    with np.errstate(invalid="ignore"):
        outside = (given < 0) | (given > 1)
    if not outside.any():
        return []
    percent = np.nanmin(given) >= 0 and np.nanmax(given) <= 100
    hint = "; these look like percentages: divide them by 100" if percent else ""
    return [f"{name} is outside 0 to 1 in {_rows(outside)}: {_examples(table, name, outside)}{hint}"]


def _rows(which: np.ndarray) -> str:
    n = int(which.sum())
    return f"{format_count(n)} row{'' if n == 1 else 's'} of {format_count(len(which))}"


def _places(which: np.ndarray) -> str:
    return ", ".join(str(i + 1) for i in np.flatnonzero(which)[:_SHOWN])


def _examples(table: pd.DataFrame, name: str, which: np.ndarray) -> str:
    few = np.flatnonzero(which)[:_SHOWN]
    ids = table["customer"] if "customer" in table else table.index.to_series() + 1
    return ", ".join(f"{_short(table[name].iloc[i])} (customer {_short(ids.iloc[i])})" for i in few)


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
