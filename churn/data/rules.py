"""The rules over rows of one table: what is set aside, what is only noted; nothing disappears silently."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

import numpy as np

from churn.data.checks import Action, Finding
from churn.data.contracts import nearest
from churn.data.history import NEVER
from churn.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from churn.data.sources import Reader, TypedTable

_EARLIEST_US = 0  # 1970: earlier times are placeholders, no customer interaction was recorded before
_DAY_US = 86_400_000_000
# Flags that may come from a text column: the word in codes of findings, and the words for people.
_FLAGS = {
    "is_complaint": ("complaint", "complaint"),
    "is_failed_payment": ("failed-payment", "failed payment"),
}
_DUPLICATES_ALLOWED = 0.1
_SET_ASIDE_ALLOWED = 0.5


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

    def apply(self, typed: TypedTable, meaning: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """Localize the times of a table and take out the rows that cannot be used; changes the table.

        `meaning` holds the settings that say what values mean: complaint_when, failed_when.
        """
        self.findings += typed.findings
        meaning = meaning or {}
        self._check_known_with(typed)
        if typed.table == "tickets":
            self._flag(typed, "category", "is_complaint", "complaint_when", meaning.get("complaint_when", ()))
        if typed.table == "subscriptions":
            self._flag(typed, "event", "is_failed_payment", "failed_when", meaning.get("failed_when", ()))
        self._localize(typed)
        self._check_times(typed)
        self._check_outcomes(typed)
        key = typed.contract.key
        if key and key in typed.columns:
            self._check_key(typed, key)

    def drop(self, typed: TypedTable, hit: np.ndarray, code: str, message: str) -> None:
        """Set rows aside, with a finding; nothing happens when none is hit."""
        import pyarrow as pa

        if not hit.any():
            return
        self._find(typed, hit, code, "set aside", message)
        keep = ~hit
        typed.row = typed.row[keep]
        mask = pa.array(keep)
        typed.columns = {
            k: v[keep] if isinstance(v, np.ndarray) else v.filter(mask) for k, v in typed.columns.items()
        }

    def note(self, typed: TypedTable, hit: np.ndarray, code: str, message: str) -> None:
        """Remark on rows that are used all the same."""
        if hit.any():
            self._find(typed, hit, code, "note", message)

    def _find(self, typed: TypedTable, hit: np.ndarray, code: str, action: Action, message: str) -> None:
        examples = self._reader.examples(typed.table, typed.row[hit])
        self.findings.append(Finding(typed.table, code, action, int(hit.sum()), message, examples))

    def _check_known_with(self, typed: TypedTable) -> None:
        """Refuse values without the time from which on they are known."""
        for f in typed.contract.fields:
            if f.known_with and f.name in typed.columns and f.known_with not in typed.columns:
                raise ConfigError(
                    f"{typed.table}.{f.name} is mapped without `{f.known_with}`, so nobody can tell when it was given",
                    fix=f"Map `{f.known_with}` too, or leave {f.name} away.",
                    code=f"config-{f.name}",
                )

    def _flag(self, typed: TypedTable, text: str, flag: str, setting: str, when: tuple[str, ...]) -> None:
        """Work out a flag from the values of a text column that mean it, and say where nothing means it."""
        table, (what, words) = typed.table, _FLAGS[flag]
        if when and text not in typed.columns:
            raise ConfigError(
                f"{table}.{setting} needs the column that holds the {text}",
                fix=f"Map `{text}` under {table}.columns.",
                code=f"config-{what}",
            )
        if when and flag in typed.columns:
            raise ConfigError(
                f"{table} say twice what a {words} is: by `{flag}` and by {setting}",
                fix="Leave one of them away; with columns given, only what they name is used.",
                code=f"config-{what}",
            )
        if not when and flag not in typed.columns:
            message = f"nothing says which {table} are {words}s, so {words} signals are left away; map "
            message += f"`{flag}`, or `{text}` with {setting}"
            self.findings.append(Finding(table, f"no-{what}s", "note", 0, message))
        if when and len(typed.row):
            import pyarrow.compute as pc

            values = pc.value_counts(typed.columns[text]).to_pylist()
            known = sorted({str(v["values"]) for v in values if v["values"] is not None})
            missing = [c for c in when if c not in known]
            if len(missing) == len(when):
                near = nearest(missing[0], known)
                raise ConfigError(
                    f"{table}.{setting} names {' and '.join(map(repr, missing))}, and no {table[:-1]} has "
                    f"that {text}",
                    given=f"{_plural(text)} {', '.join(known[:12])}",
                    fix=f"Did you mean {near!r}?" if near else "Use the values as they are in the data.",
                    code=f"config-{what}",
                )
            for value in missing:
                message = f"no {table[:-1]} has the {text} {value!r}, which {setting} names"
                self.findings.append(Finding(table, f"unseen-{text}", "note", 0, message))
        if when:
            values = np.asarray(typed.columns[text].to_numpy(zero_copy_only=False), dtype=object)
            typed.columns[flag] = np.isin(values, list(when)).astype(float)

    def _localize(self, typed: TypedTable) -> None:
        """Read times without an offset in the configured zone; count what daylight saving made unclear."""
        import pandas as pd

        for name, naive in typed.naive.items():
            values = typed.columns[name]
            at = naive & (values != NEVER)
            if at.any() and self._timezone is None:
                raise ConfigError(
                    f"{typed.table}.{name} has times without an offset, and no time zone says how to read them",
                    given=f"{int(at.sum()):,} of {len(values):,} values",
                    fix="Set timezone, e.g. timezone: Europe/London or timezone: UTC.",
                    code="config-timezone",
                )
            # Placeholders such as 9999-12-31 need no zone to be set aside, and pandas cannot convert them.
            at &= (values > _EARLIEST_US - _DAY_US) & (values < self._now + _DAY_US)
            if not at.any():
                continue
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
        contract = typed.contract
        for name in (n for n in contract.names if n in typed.naive):
            required = contract.field(name).required
            early = typed.columns[name] < _EARLIEST_US
            message = f"`{name}` lies before 1970: a placeholder, not a time"
            if required:
                self.drop(typed, early, f"early-{name}", message)
            else:
                self.note(typed, early, f"early-{name}", f"{message}; taken as empty")
                typed.columns[name] = np.where(early, NEVER, typed.columns[name])
            future = (typed.columns[name] > self._now) & (typed.columns[name] != NEVER)
            message = f"`{name}` lies in the future"
            if required:
                self.drop(typed, future, f"future-{name}", message)
            elif contract.field(name).planned:
                continue
            elif name == "recorded_at":
                self.note(typed, future, f"future-{name}", f"{message}; the row is not known before then")
            else:
                self.note(typed, future, f"future-{name}", f"{message}; taken as empty")
                typed.columns[name] = np.where(future, NEVER, typed.columns[name])

    def _check_outcomes(self, typed: TypedTable) -> None:
        """Take out or mend rows whose outcome lies before the row itself."""
        start = typed.contract.time or ""
        for name in (n for n in typed.contract.outcomes if n in typed.columns):
            early = typed.columns[name] < typed.columns[start]
            message = f"`{name}` lies before `{start}`"
            if typed.table == "orders":  # the order itself is no less an order
                self.note(typed, early, f"{name}-before-{start}", f"{message}; taken as empty")
                typed.columns[name] = np.where(early, NEVER, typed.columns[name])
            else:
                self.drop(typed, early, f"{name}-before-{start}", message)
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
        for f in typed.contract.fields:
            if f.known_with and f.name in typed.columns:
                unknown = ~np.isnan(typed.columns[f.name]) & (typed.columns[f.known_with] == NEVER)
                noun = "mark" if f.name == "satisfaction" else f.name
                self.note(
                    typed,
                    unknown,
                    f"{noun}-without-{f.known_with}",
                    f"`{f.name}` is given and `{f.known_with}` is empty; it is not used, as nobody can tell when it "
                    "was given",
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
            message = f"{100 * share:.0f} % of the rows repeat a `{key}` seen before; {hint}"
            self._find(typed, duplicate, f"duplicate-{key}", "error", message)
            return
        message = f"`{key}` is empty; such rows cannot be checked for duplicates"
        self.note(typed, missing, f"null-{key}", message)
        self.drop(typed, duplicate, f"duplicate-{key}", f"`{key}` was seen before; the first row is kept")

    # -- across tables ------------------------------------------------------------------------------

    def check_enough(self, typed: TypedTable) -> None:
        """Tell when no row is left, or too few of those that the user did not set aside by a rule."""
        by_rule = sum(f.rows for f in self.findings if f.table == typed.table and f.code == "set-aside-rule")
        read, used = typed.rows_read - by_rule, len(typed.row)
        if typed.table != "orders":
            if used == 0:
                message = "no row can be used; the table is left away"
                self.findings.append(Finding(typed.table, "empty-table", "note", 0, message))
        elif used < (1 - _SET_ASIDE_ALLOWED) * read or used == 0:
            reasons = [f for f in self.findings if f.table == "orders" and f.action == "set aside"]
            most = max(reasons, key=lambda f: f.rows, default=None)
            why = f", most often because: {most.message} ({most.rows:,} rows)" if most else ""
            if used == 0:
                code = "no-orders"
                message = f"of {typed.rows_read:,} rows none can be used{why}; without orders nothing can be learned"
            else:
                code = "too-much-set-aside"
                message = (
                    f"more than half of the {read:,} rows had to be set aside{why}; mend the mapping or the data, "
                    "or name the rows that do not count under set_aside"
                )
            examples = most.examples if most else ()
            self.findings.append(Finding("orders", code, "error", read - used, message, examples))

    def check_customers(self, tables: Mapping[str, TypedTable]) -> None:
        """Compare the customers of each table with those who ordered and with the master data."""
        import pyarrow.compute as pc

        orders, customers = tables["orders"], tables.get("customers")
        ordered = orders.columns["customer"]
        for name, typed in tables.items():
            if name not in ("orders", "customers"):
                known = pc.is_in(typed.columns["customer"], value_set=ordered)
                self.note(
                    typed,
                    ~np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool),
                    "without-orders",
                    "they belong to customers who have no order and are never scored; if that is a surprise, "
                    "compare how the ids are written in both tables",
                )
        if customers is not None:
            known = pc.is_in(ordered, value_set=customers.columns["customer"])
            self.note(
                orders,
                ~np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool),
                "not-in-customers",
                "they belong to customers who are not in `customers`; segments and joining dates are unknown",
            )

    def check_joined(self, typed: TypedTable, joined: np.ndarray) -> np.ndarray:
        """Treat rows before the customer's joining date, given for each row; return which rows stay."""
        early = (typed.columns[typed.contract.time or ""] < joined) & (joined != NEVER)
        if typed.table == "tickets":
            self.drop(typed, early, "before-joined", "opened before the customer joined")
            return ~early
        if typed.table == "orders":
            message = "placed before the customer's `joined`; used, and tenure counts from the first order"
            self.note(typed, early, "before-joined", message)
        return np.ones(len(early), dtype=bool)


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
