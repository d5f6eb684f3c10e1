"""The rules over rows of one table: what is set aside, what is only noted; nothing disappears silently."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.checks import Action, Finding, Repeated, merge_findings
from churn.data.contracts import nearest
from churn.data.history import DAY_US, NEVER
from churn.data.locations import FILE_COLUMN
from churn.data.versions import corrected_message, recorded_of, repeats, replaced_by
from churn.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from churn.data.sources import Reader
    from churn.data.typed import TypedTable

_EARLIEST_US = 0  # 1970: earlier times are placeholders, no customer interaction was recorded before
_LARGEST = 1e15  # sums of larger numbers would lose their last digits
# Flags that may come from a text column: the word in codes of findings, and the words for people.
_FLAGS = {
    "is_complaint": ("complaint", "complaint"),
    "is_failed_payment": ("failed-payment", "failed payment"),
}
# Settings that say what values mean: the table, the text column and the flag that comes of it.
SETTINGS = {
    "complaint_when": ("tickets", "category", "is_complaint"),
    "failed_when": ("subscriptions", "event", "is_failed_payment"),
}
_REPEATS_ALLOWED = 0.1


class RowRules:
    """Applies the rules to typed tables and collects the findings.

    Parameters
    ----------
    reader : Reader
        Shows the rows as they came, for the examples.
    timezone : str or None
        The zone of times without an offset.
    keys_elsewhere : bool, default False
        Whether rows that come again are found by whoever calls, who sees more than one part of the table.

    A table may be applied in parts; `finish` then says what only the whole shows.
    """

    def __init__(self, reader: Reader, timezone: str | None, *, keys_elsewhere: bool = False) -> None:
        self._reader, self._timezone, self._keys_elsewhere = reader, timezone, keys_elsewhere
        self._now = int(clock.time() * 1_000_000)
        self.findings: list[Finding] = []
        self._values: dict[str, set[str]] = {}  # of the columns that settings such as complaint_when speak of
        self._rows: dict[str, int] = {}
        self._repeated: dict[str, Repeated] = {}

    def apply(self, typed: TypedTable, meaning: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """Localize the times of a table and take out the rows that cannot be used; changes the table.

        `meaning` holds the settings that say what values mean: complaint_when, failed_when.
        """
        self.findings += typed.findings
        self._rows[typed.table] = self._rows.get(typed.table, 0) + len(typed.row)
        self._check_known_with(typed)
        for setting, (table, text, flag) in SETTINGS.items():
            if typed.table == table:
                self._flag(typed, text, flag, setting, (meaning or {}).get(setting, ()))
        self._localize(typed)
        self._check_times(typed)
        self._check_outcomes(typed)
        self._check_numbers(typed)
        self._check_labels(typed)
        key = typed.contract.key
        if key and key in typed.columns:
            self._check_key(typed, key)

    def finish(
        self,
        table: str,
        meaning: Mapping[str, tuple[str, ...]] | None = None,
        known: Collection[str] = (),
    ) -> None:
        """Say what only the whole table shows; `known` are values that rows read before have."""
        for setting, (about, text, flag) in SETTINGS.items():
            when = (meaning or {}).get(setting, ())
            if about == table and when and self._rows.get(table):
                self._check_meaning(table, text, flag, setting, when, {*known, *self._values.get(table, ())})
        if table in self._repeated:
            self._check_repeats(table)

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
        examples, numbers = self._examples(typed, hit)
        self.findings.append(Finding(typed.table, code, action, int(hit.sum()), message, examples, numbers))

    def _examples(
        self, typed: TypedTable, hit: np.ndarray
    ) -> tuple[tuple[dict[str, Any], ...], tuple[int, ...]]:
        rows = typed.row[hit][:3]
        return self._reader.examples(typed.table, rows), tuple(int(r) for r in np.sort(rows))

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
        if when:
            import pyarrow.compute as pc

            column = typed.columns[text]
            self._values.setdefault(table, set()).update(
                v for v in pc.unique(column).to_pylist() if v is not None
            )
            values = np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
            typed.columns[flag] = np.isin(values, list(when)).astype(float)

    def _check_meaning(
        self, table: str, text: str, flag: str, setting: str, when: tuple[str, ...], values: set[str]
    ) -> None:
        known = sorted(values)
        missing = [c for c in when if c not in values]
        if len(missing) == len(when):
            near = nearest(missing[0], known)
            raise ConfigError(
                f"{table}.{setting} names {' and '.join(map(repr, missing))}, and no {table[:-1]} has that {text}",
                given=f"{_plural(text)} {', '.join(known[:12])}",
                fix=f"Did you mean {near!r}?" if near else "Use the values as they are in the data.",
                code=f"config-{_FLAGS[flag][0]}",
            )
        for value in missing:
            message = f"no {table[:-1]} has the {text} {value!r}, which {setting} names"
            self.findings.append(Finding(table, f"unseen-{text}", "note", 0, message))

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
            at &= (values > _EARLIEST_US - DAY_US) & (values < self._now + DAY_US)
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

    def _check_numbers(self, typed: TypedTable) -> None:
        """Take out numbers that cannot be added up exactly, infinity among them: they are placeholders."""
        for f in typed.contract.fields:
            if f.kind != "number" or f.name not in typed.columns:
                continue
            huge = np.abs(typed.columns[f.name]) > _LARGEST
            message = f"`{f.name}` is beyond {_LARGEST:,.0f}: a placeholder, or another unit"
            if f.required:
                self.drop(typed, huge, f"huge-{f.name}", message)
            elif huge.any():
                self.note(typed, huge, f"huge-{f.name}", f"{message}; taken as unknown")
                typed.columns[f.name] = np.where(huge, np.nan, typed.columns[f.name])

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

    def _check_labels(self, typed: TypedTable) -> None:
        """Remark on customers who have more than one label at a cutoff."""
        import pandas as pd

        if typed.table == "labels":
            pairs = pd.DataFrame({c: np.asarray(typed.columns[c]) for c in ("customer", "time")})
            message = "the customer has a label at this cutoff already; the last one counts"
            self.note(typed, np.asarray(pairs.duplicated()), "label-again", message)

    def _check_key(self, typed: TypedTable, key: str) -> None:
        """Find the rows that come again with the same key: the newest counts."""
        import pandas as pd

        keys = pd.Series(typed.columns[key].to_pandas())
        missing = np.asarray(keys.isna())
        self.note(
            typed, missing, f"null-{key}", f"`{key}` is empty; such rows cannot be told from repeated ones"
        )
        if self._keys_elsewhere and typed.contract.time is not None:
            return
        known, said = recorded_of(typed)
        rank = None if known is None or said is None else np.where(said, known, -1)
        again = repeats(keys, typed.columns.get(FILE_COLUMN), rank)
        self.count_repeats(typed.table, key, int(again.sum()), len(again), *self._examples(typed, again))
        replaced = replaced_by(keys, known, said)
        gone = (
            replaced != NEVER if known is None else replaced <= known
        )  # there was no time at which they were valid
        replaced = replaced[~gone]
        self.drop(typed, gone, f"corrected-{key}", corrected_message(key, kept=False))
        if (replaced != NEVER).any():
            message = corrected_message(key, kept=True)
            self._find(typed, replaced != NEVER, f"corrected-{key}", "set aside", message)
            typed.replaced = replaced

    def count_repeats(
        self,
        table: str,
        key: str,
        again: int,
        rows: int,
        examples: tuple[dict[str, Any], ...] = (),
        numbers: tuple[int, ...] = (),
    ) -> None:
        """Take down how many of a part's rows repeat a key without being corrections."""
        seen = self._repeated.get(table, Repeated(key))
        found = [Finding(table, key, "error", 0, "", e.examples, e.numbers) for e in (seen.shown,) if e]
        found += [Finding(table, key, "error", 0, "", examples, numbers)]
        self._repeated[table] = Repeated(key, seen.again + again, seen.rows + rows, merge_findings(found)[0])

    def _check_repeats(self, table: str) -> None:
        """Refuse a table in which more than a tenth of the rows repeat a key without being corrections."""
        seen = self._repeated[table]
        share = seen.again / max(seen.rows, 1)
        if share <= _REPEATS_ALLOWED or seen.shown is None:
            return
        hint = "give one row per key"
        if table == "orders":
            hint = "these look like order lines: sum them per order in a query"
        message = f"{100 * share:.0f} % of the rows repeat a `{seen.key}` seen before; {hint}"
        code = f"duplicate-{seen.key}"
        self.findings.append(Finding(table, code, "error", seen.again, message, seen.shown.examples))

    # -- across tables ------------------------------------------------------------------------------

    def check_across(
        self,
        tables: Mapping[str, TypedTable],
        codes: Mapping[str, np.ndarray],
        ordered: np.ndarray,
        listed: np.ndarray | None,
        joined: np.ndarray | None,
    ) -> None:
        """Compare the customers of each table with those who ordered and with the master data.

        Parameters
        ----------
        tables : mapping of str to TypedTable
            The tables.
        codes : mapping of str to numpy.ndarray
            The customer of each of their rows.
        ordered, listed : numpy.ndarray of bool, shape (n_customers,)
            Who has an order, and who is in the master data; None without master data.
        joined : numpy.ndarray of int64, shape (n_customers,), or None
            When each customer joined.
        """
        without = (
            "they belong to customers who have no order and are never listed; if that is a surprise, "
            "compare how the ids are written in both tables"
        )
        unlisted = (
            "they belong to customers who are not in `customers`; segments and joining dates are unknown"
        )
        early = {
            "orders": "placed before the customer's `joined`; used, and tenure counts from the first order",
            "tickets": "opened before the customer's `joined`; used all the same",
        }
        for name, typed in tables.items():
            if name not in ("orders", "customers"):
                self.note(typed, ~ordered[codes[name]], "without-orders", without)
        if listed is not None and "orders" in tables:
            self.note(tables["orders"], ~listed[codes["orders"]], "not-in-customers", unlisted)
        for name, message in early.items():
            if joined is not None and name in tables:
                start = joined[codes[name]]
                before = (tables[name].columns[tables[name].contract.time or ""] < start) & (start != NEVER)
                self.note(tables[name], before, "before-joined", message)


def _plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
