"""Builds a `History` from a configuration or from data frames, and checks the rows across tables."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churn.config import MEANINGS, TABLES, Config, check_table_name, check_timezone
from churn.data.build import Build
from churn.data.checks import CheckReport, example_text
from churn.data.history import History
from churn.errors import ChurnError, ConfigError, DataError
from churn.progress import report

if TYPE_CHECKING:
    import pyarrow as pa

    from churn.data.base import CustomerBase


def load_history(config: Config) -> History:
    """Load the saved log that a configuration names; without one read, check and order all its tables.

    Parameters
    ----------
    config : Config
        From `churn.read_config`.

    Returns
    -------
    History
        The log; ``history.checks`` tells what was set aside.

    Raises
    ------
    ConfigError, MissingFileError
        A source or mapping is wrong, or there is no saved log yet.
    DataError
        The data cannot be used.
    """
    if config.log.path is not None:
        from churn.data.store import LogStore

        return LogStore.of(config).load()
    history, checks, errors = _read_all(config)
    if history is None:
        raise unusable(checks, errors, "Run churn check to see all findings with example rows.")
    return history


def open_base(config: Config) -> CustomerBase:
    """Open the customers that a configuration names: a saved log part by part, unread; else all tables in one piece.

    Raises
    ------
    ConfigError, MissingFileError, DataError
        As `load_history`.

    Examples
    --------
    >>> import churn
    >>> base = open_base(churn.read_config("churn.yaml"))  # doctest: +SKIP
    """
    from churn.data.base import CustomerBase
    from churn.data.store import LogStore

    return CustomerBase.of(load_history(config) if config.log.path is None else LogStore.of(config))


def check_data(config: Config) -> tuple[History | None, CheckReport]:
    """Read all tables and return the report of what was found, with the history where it is usable.

    What makes a table unreadable (a missing column, a broken query) is a finding too: one call shows all.

    Parameters
    ----------
    config : Config
        From `churn.read_config`.

    Returns
    -------
    tuple of (History or None, CheckReport)
        The history, None where the data cannot be used, and what was found.

    Raises
    ------
    ConfigError, MissingFileError, DataError
        An input, of which tables are made, cannot be opened; or `data_end` is not possible.
    """
    return _read_all(config)[:2]


def _read_all(config: Config) -> tuple[History | None, CheckReport, list[ChurnError]]:
    from churn.data.sources import Reader

    with Reader(config) as reader:
        build = Build(reader, config.timezone, config.name)
        for table in TABLES:
            source = getattr(config.sources, table)
            if source is None:
                continue
            report(f"Reading {table}")
            settings = source.model_dump(include={"segments", "contact"})
            meaning = source.model_dump(include=set(MEANINGS))
            build.add(table, source=source, **settings, meaning=meaning)
        for table, source in config.features.tables.items():
            report(f"Reading {table}")
            build.add(table, source=source, feature_table=True)
        return *build.finish(config.data_end), build.errors


def make_history(
    orders: Any,
    *,
    returns: Any = None,
    tickets: Any = None,
    interactions: Any = None,
    surveys: Any = None,
    subscriptions: Any = None,
    customers: Any = None,
    labels: Any = None,
    features: Mapping[str, Any] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    segments: Sequence[str] = (),
    contact: Sequence[str] = (),
    complaint_when: Sequence[str] = (),
    failed_when: Sequence[str] = (),
    timezone: str | None = None,
    data_end: dt.datetime | str | None = None,
    name: str = "frames",
) -> History:
    """Make a history from data frames (pandas, Polars or Arrow).

    Parameters
    ----------
    orders, returns, tickets, interactions, surveys, subscriptions, customers : frame
        One row per event or customer; only orders are needed. Columns have the contract's names, or
        `columns` maps them.
    labels : frame, optional
        Outcomes of your own: `customer`, `time` (the cutoff) and `churned`; see `churn.LabelTable`.
    features : mapping of str to frame, optional
        Tables of ready features by name: `customer`, `time` (from when on the row holds) and the features.
    columns : mapping, optional
        ``{table: {field: column}}`` for tables with other names.
    segments, contact : sequence of str, optional
        Columns of `customers` used as signals, and columns kept for campaigns only.
    complaint_when : sequence of str, optional
        Values of the tickets' category that mean a complaint.
    failed_when : sequence of str, optional
        Values of the subscriptions' event that mean a failed payment.
    timezone : str, optional
        Zone of times without an offset; needed where there are any.
    data_end : datetime or str, optional
        When the extract was taken; the last order when left out.
    name : str, optional
        What to call the history.

    Returns
    -------
    History
        The log; ``history.checks`` tells what was set aside.

    Raises
    ------
    ConfigError
        A column is missing or not mapped, or the time zone is needed.
    DataError
        The data cannot be used.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame({"customer": [7, 7, 9], "amount": [10.0, 12.5, 8.0],
    ...                        "time": ["2024-01-02", "2024-02-01", "2024-02-03"]})
    >>> make_history(orders, timezone="UTC")
    History 'frames': 2 customers, 3 orders (2024-01-02 to 2024-02-03); 0 rows set aside
    """
    from churn.data.sources import Reader

    segments, contact = map(_names, (segments, contact))
    meaning = {"complaint_when": _names(complaint_when), "failed_when": _names(failed_when)}
    given = (orders, returns, tickets, interactions, surveys, subscriptions, customers, labels)
    frames = dict(zip(TABLES, given, strict=True))
    features = dict(features or {})
    unknown = sorted(set(columns or {}) - {*TABLES, *features})
    if unknown:
        raise ConfigError(
            f"columns names the table {unknown[0]!r}",
            allowed=", ".join((*TABLES, *features)),
            fix="Use one of these names.",
        )
    for table in features:
        check_table_name(table)
    about = {"segments": segments, "contact": contact, **meaning}
    for what, values in about.items():
        table = MEANINGS.get(what, "customers")
        if values and frames[table] is None:
            raise ConfigError(
                f"{what} is about the {table}, and no {table} are given",
                given=", ".join(values),
                fix=f"Give {table}=..., or leave {what} away.",
            )
    if timezone is not None:
        check_timezone(timezone)
    with Reader() as reader:
        build = Build(reader, timezone, name)
        for table, frame in (frames | features).items():
            if frame is not None or table == "orders":
                build.add(
                    table,
                    frame=_as_arrow(frame, table),
                    columns=(columns or {}).get(table),
                    segments=segments,
                    contact=contact,
                    meaning=meaning,
                    feature_table=table in features,
                )
        history, checks = build.finish(data_end)
    if history is None:
        raise unusable(checks, build.errors, "Mend the frame and call again.")
    return history


def unusable(checks: CheckReport, errors: Sequence[ChurnError], fix: str) -> ChurnError:
    """Return the error that says why data cannot be used."""
    if errors:
        return errors[0]
    first = next(f for f in checks.findings if f.action == "error")
    return DataError(
        f"The data of {checks.name} cannot be used: {first.table}: {first.message}",
        given="; ".join(map(example_text, first.examples)) or None,
        fix=fix,
        code=first.code,
    )


def _names(value: Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)  # text is a sequence too, of its letters


def _as_arrow(frame: Any, table: str) -> pa.Table:
    import pyarrow as pa

    try:
        with warnings.catch_warnings():
            # pyarrow's conversion of pandas times with a zone uses what pandas 3.1 deprecates.
            warnings.simplefilter("ignore", DeprecationWarning)
            return pa.table(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(
            f"The {table} frame mixes types in one column: {error.args[-1]}",
            fix="Give each column one type, e.g. frame['id'] = frame['id'].astype(str).",
            code="mixed-types",
        ) from None
    except (TypeError, ValueError, AttributeError) as error:
        if "Duplicate column" in str(error):
            raise DataError(
                f"The {table} frame has two columns of the same name",
                given=", ".join(map(str, frame.columns)),
                fix="Rename or drop one of them.",
                code="duplicate-columns",
            ) from None
        raise DataError(
            f"The {table} table is not a data frame",
            given=type(frame).__name__,
            allowed="a pandas, Polars or Arrow table",
            fix="Pass one of these; a lazy frame is collected first.",
            code="not-a-frame",
        ) from None
