"""The record: every run's scores, added and never changed, so that one can look back.

A run is a Parquet file of its customers, sorted by id, and a small JSON file about it, which is written last: scores
without it are of a run that was killed, and do not count.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from churn.errors import DataError, ParameterError
from churn.files import adding_files, locked, replace_text
from churn.progress import report
from churn.scoring.outputs.files import write_parquet
from churn.scoring.outputs.rows import RUN_COLUMNS, NightRows, runs_table
from churn.scoring.outputs.written import Written

if TYPE_CHECKING:
    import pandas as pd

    from churn.config import Config

_PATIENCE_SECONDS = 60.0


def record_folder(settings: Config) -> Path:
    """Return where the record of a configuration lies: ``OUTPUT/NAME/record``."""
    return settings.place(settings.output) / settings.name / "record"


def keep_run(night: NightRows, settings: Config) -> Written:
    """Add a run to the record; one that is there stays as it is.

    Raises
    ------
    ParameterError
        Another process has been adding one for a minute.
    """
    folder = record_folder(settings)
    about = folder / "runs" / f"{night.run}.json"
    rows = len(night.scores)
    if about.is_file():
        return Written("record", str(folder), night.run, unchanged=rows)
    with _waiting(folder / ".lock"):
        if about.is_file():
            return Written("record", str(folder), night.run, unchanged=rows)
        with adding_files(folder / "scores") as fresh:
            write_parquet(night.scores, fresh / f"{night.run}.parquet")
        number = 1 + max((int(f["number"]) for f in _facts(folder)), default=0)
        facts = {"number": number, **night.facts}
        replace_text(about, json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return Written("record", str(folder), night.run, inserted=rows)


@contextlib.contextmanager
def _waiting(lock: Path) -> Iterator[None]:
    """Hold a lock file, after waiting for whoever has it."""
    until = time.monotonic() + _PATIENCE_SECONDS
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(lock))
                break
            except ParameterError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
        yield


def past_runs(folder: str | Path) -> pd.DataFrame:
    """Return what is known about the runs of a record, oldest cutoff first.

    Parameters
    ----------
    folder : str or Path
        ``OUTPUT/NAME/record``; one that is not there has no runs.

    Returns
    -------
    pandas.DataFrame
        One row per run: `number`, by which they were added, and the columns of `RUN_COLUMNS`; among them
        `expected_rate`, which the model expected of the period of `horizon_days` after `as_of`. Where a cutoff has
        several runs, the one with the highest number is the last.

    Raises
    ------
    DataError
        A file in it is damaged.

    Examples
    --------
    >>> past_runs("nowhere").empty
    True
    """
    facts = sorted(_facts(Path(folder)), key=lambda f: (f["cutoff"], f["number"]))
    frame = runs_table(facts).to_pandas()
    frame.insert(0, "number", [int(f["number"]) for f in facts])
    return frame


def past_scores(folder: str | Path, customer: Any) -> pa.Table:
    """Return all that a record knows of one customer.

    Files are sorted by id and know the first and last id of each group of rows, so little of each is read.

    Parameters
    ----------
    folder : str or Path
        ``OUTPUT/NAME/record``.
    customer : id
        As it came.

    Returns
    -------
    pyarrow.Table
        One row per run that knew the customer, oldest cutoff first; a column that a run did not have is null in it.
    """
    place, found = Path(folder), []
    runs = past_runs(place)["run"]
    for number, run in enumerate(runs):
        report("Looking up the record", number, len(runs))
        rows = _look_up(place / "scores" / f"{run}.parquet", customer)
        if rows is not None and len(rows):
            found.append(rows)
    if not found:
        return pa.table({"run": pa.array([], pa.string())})
    return pa.concat_tables(found, promote_options="permissive")


def known_ids(folder: str | Path) -> pd.Index[Any]:
    """Return the ids of the last run in a record; none where there is no run."""
    import pandas as pd

    runs = past_runs(folder)
    if runs.empty:
        return pd.Index([], dtype=object)
    newest = runs["run"].iloc[int(runs["number"].argmax())]
    table = pq.read_table(Path(folder) / "scores" / f"{newest}.parquet", columns=["customer"])
    return pd.Index(table["customer"].to_pandas())


def _facts(folder: Path) -> list[dict[str, Any]]:
    out = []
    for file in sorted((folder / "runs").glob("*.json")):
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            out.append({**dict.fromkeys(RUN_COLUMNS), **facts, "number": int(facts["number"])})
            dt.date.fromisoformat(facts["as_of"])
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            raise DataError(
                f"{file} is not what churn wrote about a run",
                fix="Bring the file back from a copy, or move it and the run's scores away.",
                code="damaged-record",
            ) from None
    return out


def _look_up(file: Path, customer: Any) -> pa.Table | None:
    """Return a customer's row of one run."""
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            number = pa.types.is_integer(schema.field("customer").type)
            wanted = _as_number(customer) if number else str(customer)
            if wanted is None:
                return None
            groups = _group_with(parquet, schema.get_field_index("customer"), wanted)
            rows = parquet.read_row_groups(groups, use_threads=False) if groups else None
    except (OSError, pa.ArrowInvalid, KeyError, AttributeError) as error:
        raise DataError(
            f"{file} cannot be read",
            given=str(error).split("\n", maxsplit=1)[0][:200],
            fix="Bring the file back from a copy, or move it and the run's JSON file away.",
            code="damaged-record",
        ) from None
    if rows is None:
        return None
    return rows.filter(pc.equal(rows["customer"], pa.scalar(wanted, rows["customer"].type)))


def _group_with(parquet: pq.ParquetFile, column: int, wanted: Any) -> list[int]:
    """Return the group of rows that an id may be in, by its first and last ids; none where it is in no group."""
    meta = parquet.metadata

    def told(group: int) -> Any:
        return meta.row_group(group).column(column).statistics

    low, high = 0, meta.num_row_groups - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if told(middle).max < wanted else (low, middle)
    return [low] if meta.num_row_groups and told(low).min <= wanted <= told(low).max else []


def _as_number(customer: Any) -> int | None:
    if isinstance(customer, int | np.integer):
        return int(customer)
    text = str(customer).strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 19 else None
