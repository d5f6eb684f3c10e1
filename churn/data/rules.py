"""The rules over rows of one table: what is set aside, what is only noted; nothing disappears silently."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from churn.data.checks import Finding
from churn.data.contracts import CONTRACTS
from churn.data.history import NEVER
from churn.errors import ConfigError

if TYPE_CHECKING:
    from churn.data.sources import Reader, TypedTable

_EARLIEST_US = 0  # 1970: earlier times are placeholders, no customer interaction was recorded before
_DUPLICATES_ALLOWED = 0.1


class RowRules:
    """Applies the rules to typed tables and collects the findings.

    Parameters
    ----------
    reader : Reader
        Shows the rows as they came, for the examples.
    timezone : str or None
        The zone of times without an offset.
    """

    def __init__(self, reader: Reader, timezone: str | None) -> None:
        self._reader, self._timezone = reader, timezone
        self._now = int(clock.time() * 1_000_000)
        self.findings: list[Finding] = []

    def apply(self, typed: TypedTable, complaint_when: tuple[str, ...] = ()) -> None:
        """Localize the times of a table and take out the rows that cannot be used; changes the table."""
        self.findings += typed.findings
        if typed.table == "tickets":
            self._complaints(typed, complaint_when)
        self._localize(typed)
        self._check_times(typed)
        if typed.table == "tickets":
            self._check_ticket_order(typed)
        key = CONTRACTS[typed.table].key
        if key and key in typed.columns:
            self._check_key(typed, key)

    def drop(self, typed: TypedTable, hit: np.ndarray, code: str, message: str) -> None:
        """Set rows aside, with a finding; nothing happens when none is hit."""
        import pyarrow as pa

        if not hit.any():
            return
        self.findings.append(
            Finding(
                typed.table,
                code,
                "set aside",
                int(hit.sum()),
                message,
                self._reader.examples(typed.table, typed.row[hit]),
            )
        )
        keep = ~hit
        typed.row = typed.row[keep]
        mask = pa.array(keep)
        typed.columns = {
            k: v[keep] if isinstance(v, np.ndarray) else v.filter(mask) for k, v in typed.columns.items()
        }

    def note(self, typed: TypedTable, hit: np.ndarray, code: str, message: str) -> None:
        """Remark on rows that are used all the same."""
        if hit.any():
            self.findings.append(
                Finding(
                    typed.table,
                    code,
                    "note",
                    int(hit.sum()),
                    message,
                    self._reader.examples(typed.table, typed.row[hit]),
                )
            )

    def _complaints(self, typed: TypedTable, complaint_when: tuple[str, ...]) -> None:
        if "satisfaction" in typed.columns and "resolved" not in typed.columns:
            raise ConfigError(
                "tickets.satisfaction is mapped without `resolved`, so nobody can tell when the mark was given",
                fix="Map `resolved` too, or leave satisfaction away.",
                code="config-satisfaction",
            )
        if complaint_when and "category" not in typed.columns:
            raise ConfigError(
                "tickets.complaint_when needs the column that holds the category",
                fix="Map `category` under tickets.columns.",
                code="config-complaint",
            )
        if "category" in typed.columns and "is_complaint" not in typed.columns and complaint_when:
            import pyarrow.compute as pc

            values = pc.value_counts(typed.columns["category"]).to_pylist()
            known = sorted({str(v["values"]) for v in values if v["values"] is not None})
            missing = [c for c in complaint_when if c not in known]
            if missing:
                raise ConfigError(
                    f"tickets.complaint_when names {missing[0]!r}, and no ticket has that category",
                    given=f"categories {', '.join(known[:12])}",
                    fix="Use the values as they are in the data.",
                    code="config-complaint",
                )
            is_in = np.isin(
                np.asarray(typed.columns["category"].to_numpy(zero_copy_only=False), dtype=object),
                list(complaint_when),
            )
            typed.columns["is_complaint"] = is_in.astype(float)

    def _localize(self, typed: TypedTable) -> None:
        """Read times without an offset in the configured zone; count what daylight saving made unclear."""
        import pandas as pd

        for name, naive in typed.naive.items():
            values = typed.columns[name]
            at = naive & (values != NEVER)
            if not at.any():
                continue
            if self._timezone is None:
                raise ConfigError(
                    f"{typed.table}.{name} has times without an offset, and no time zone says how to read them",
                    given=f"{int(at.sum()):,} of {len(values):,} values",
                    fix="Set timezone, e.g. timezone: Europe/London or timezone: UTC.",
                    code="config-timezone",
                )
            local = pd.DatetimeIndex(values[at].astype("datetime64[us]"))
            strict = local.tz_localize(self._timezone, ambiguous="NaT", nonexistent="NaT")
            unclear = np.asarray(strict.isna())
            resolved = strict
            if unclear.any():
                resolved = local.tz_localize(
                    self._timezone, ambiguous=np.ones(len(local), dtype=bool), nonexistent="shift_forward"
                )
                hit = np.zeros(len(values), dtype=bool)
                hit[np.flatnonzero(at)[unclear]] = True
                self.note(
                    typed,
                    hit,
                    f"dst-{name}",
                    f"`{name}` lies in an hour that daylight saving skips or repeats; a skipped time is "
                    "moved to the end of the gap, a repeated one is taken as the first",
                )
            out = values.copy()
            out[at] = np.asarray(resolved.tz_convert("UTC").tz_localize(None).as_unit("us")).astype(np.int64)
            typed.columns[name] = out

    def _check_times(self, typed: TypedTable) -> None:
        contract = CONTRACTS[typed.table]
        for name in (n for n in contract.names if n in typed.naive):
            values = typed.columns[name]
            required = contract.field(name).required
            for hit, code, message in (
                (
                    values < _EARLIEST_US,
                    f"early-{name}",
                    f"`{name}` lies before 1970: a placeholder, not a time",
                ),
                ((values > self._now) & (values != NEVER), f"future-{name}", f"`{name}` lies in the future"),
            ):
                if required:
                    self.drop(typed, hit, code, message)
                    values = typed.columns[name]
                else:
                    self.note(typed, hit, code, f"{message}; taken as not happened")
                    typed.columns[name] = values = np.where(hit, NEVER, values)

    def _check_ticket_order(self, typed: TypedTable) -> None:
        for name in ("first_reply", "resolved"):
            if name in typed.columns:
                self.drop(
                    typed,
                    typed.columns[name] < typed.columns["opened"],
                    f"{name}-before-opened",
                    f"`{name}` lies before `opened`",
                )
        if {"first_reply", "resolved"} <= set(typed.columns):
            late = (typed.columns["first_reply"] > typed.columns["resolved"]) & (
                typed.columns["first_reply"] != NEVER
            )
            self.note(
                typed,
                late,
                "reply-after-resolved",
                "`first_reply` lies after `resolved`; the earlier of the two counts as the answer",
            )

    def _check_key(self, typed: TypedTable, key: str) -> None:
        import pandas as pd

        values = pd.Series(typed.columns[key].to_pandas())
        missing = np.asarray(values.isna())
        duplicate = np.asarray(values.duplicated()) & ~missing
        share = duplicate.mean() if len(duplicate) else 0.0
        if share > _DUPLICATES_ALLOWED:
            hint = (
                "these look like order lines: sum them per order in a query"
                if typed.table == "orders"
                else "give one row per key"
            )
            self.findings.append(
                Finding(
                    typed.table,
                    f"duplicate-{key}",
                    "error",
                    int(duplicate.sum()),
                    f"{100 * share:.0f} % of the rows repeat a `{key}` seen before; {hint}",
                    self._reader.examples(typed.table, typed.row[duplicate]),
                )
            )
            return
        self.drop(typed, duplicate, f"duplicate-{key}", f"`{key}` was seen before; the first row is kept")
        if missing.any() and not CONTRACTS[typed.table].field(key).required:
            self.findings.append(
                Finding(
                    typed.table,
                    f"null-{key}",
                    "note",
                    int(missing.sum()),
                    f"`{key}` is empty; such rows cannot be checked for duplicates",
                )
            )
