"""The scored table that a campaign needs: one row per customer with a churn probability, from whomever it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.plan.scoredtable import NUMBERS, REASONS, checked, read_table, texts_of
from churn.campaigns.policy import Policy
from churn.display import Rendered, format_count, format_percent
from churn.errors import DataError, MissingFileError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Scored(Rendered):
    """A scored table, checked.

    Make one with `read_scored` or `Scored.of`.

    Attributes
    ----------
    customers : pandas.DataFrame
        One row per customer: ``customer``, ``churn_probability`` (NaN where there is no score), ``risk_band``,
        ``stage``, ``ignored_complaints`` (NaN where it is not known) and every other column of the source, as it came.
    reasons : pandas.DataFrame or None
        ``customer`` (as text), ``story``, ``topic``, ``text``, ``direction``; None where the source has none.
    segments : pandas.DataFrame or None
        ``customer`` and a text column per segment, of all or some customers.
    no_score : pandas.Series
        Why a customer has no score, in words; empty for those who have one; index as that of `customers`.
    source : str
        Where it was read.
    as_of : str
        The cutoff's date; empty where it is not known.
    run : str
        Of the night; empty where there is none.
    currency : str
        Before amounts.
    horizon_days : int or None
        Days that the probability is about.
    notes : tuple of str
        What a reader must know.
    """

    customers: pd.DataFrame
    reasons: pd.DataFrame | None
    segments: pd.DataFrame | None
    no_score: pd.Series[Any]
    source: str = "a frame"
    as_of: str = ""
    run: str = ""
    currency: str = ""
    horizon_days: int | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        *,
        reasons: pd.DataFrame | None = None,
        segments: pd.DataFrame | None = None,
        columns: Mapping[str, str] | None = None,
        numbers: tuple[str, ...] = (),
        source: str = "the table",
        as_of: str = "",
        currency: str = "",
        horizon_days: int | None = None,
    ) -> Scored:
        """Check a frame of anybody's scores.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row per customer; needs ``customer`` and ``churn_probability``.
        reasons : pandas.DataFrame, optional
            Long table with ``customer``, ``story`` and ``topic``, such as ``reasons.parquet`` of a night.
        segments : pandas.DataFrame, optional
            ``customer`` and columns of segments.
        columns : mapping of str to str, optional
            Name in the frame, by name of the contract, where they differ.
        numbers : tuple of str
            Further columns that must be numbers.
        source : str
            Named in errors.
        as_of, currency : str
            The cutoff's date, and what stands before amounts.
        horizon_days : int, optional
            Days that the probability is about.

        Returns
        -------
        Scored

        Raises
        ------
        DataError
            What cannot be used, everything at once, each with its column, number of rows and examples.

        Examples
        --------
        >>> import pandas as pd
        >>> Scored.of(pd.DataFrame({"customer": ["A", "B"], "churn_probability": [0.7, 0.1]}))
        Scored table: the table
        2 customers, 2 with a score, 40.0 % expected to churn
        """
        import pandas as pd

        table, no_score = checked(frame, columns or {}, numbers, source)
        for name, long in (("reasons", reasons), ("segments", segments)):
            if long is not None and "customer" not in long:
                raise DataError(
                    f"The {name} of {source} have no column customer",
                    given=", ".join(map(str, long.columns[:10])),
                    fix="Name the customer's column customer.",
                    code="scored-table",
                )
        if reasons is not None:
            reasons = pd.DataFrame({name: texts_of(reasons, name) for name in REASONS})
        return cls(table, reasons, segments, no_score, source, as_of, "", currency, horizon_days)

    def to_dict(self) -> dict[str, Any]:
        """Return where it comes from and its counts as plain values."""
        return {
            "source": self.source,
            "run": self.run,
            "as_of": self.as_of,
            "customers": len(self.customers),
            "with_score": int((self.no_score == "").sum()),
            "without_score": {
                str(k): int(v) for k, v in self.no_score[self.no_score != ""].value_counts().items()
            },
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Return its source and counts."""
        facts = self.to_dict()
        mean = float(self.customers["churn_probability"].mean())
        lines = [
            f"Scored table: {self.source}{f', as of {self.as_of}' if self.as_of else ''}",
            f"{format_count(facts['customers'])} customers, {format_count(facts['with_score'])} with a score, "
            f"{format_percent(mean)} expected to churn",
        ]
        lines += [f"  {format_count(n)}: {why}" for why, n in facts["without_score"].items()]
        return "\n".join([*lines, *self.notes])


def read_scored(policy: Policy) -> Scored:
    """Read the scored table that a policy names.

    Parameters
    ----------
    policy : Policy
        Its `scores` is the folder of a night, or a Parquet or CSV file; without it the newest night of `config`.

    Returns
    -------
    Scored
        Checked against the contract.

    Raises
    ------
    MissingFileError
        There is no such file, or no night.
    DataError
        The table breaks the contract; everything that does is told at once.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> from churn.campaigns.policy import make_policy
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> frame = pd.DataFrame({"customer": ["A", "B"], "churn_probability": [0.5, 0.1], "spend_if_staying": [90, 80]})
    >>> frame.to_csv(folder / "scores.csv", index=False)
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 1, "save_chance": 0.2}
    >>> settings = {"campaign": "winter", "scores": "scores.csv", "start": "2026-01-05", "actions": [call]}
    >>> policy = make_policy(settings | {"consent": {"required": False}}, folder=folder)
    >>> read_scored(policy).customers["churn_probability"].tolist()
    [0.5, 0.1]
    """
    report("Reading scores")
    place = policy.place(policy.scores) if policy.scores is not None else _newest_night(policy)
    if place.is_dir():
        return _read_night(place, policy)
    if not place.is_file():
        near = sorted(p.name for p in place.parent.iterdir())[:8] if place.parent.is_dir() else []
        raise MissingFileError(
            f"There is no scored table {place}",
            given=f"the folder has {', '.join(near)}" if near else None,
            allowed="the folder of a night, or a Parquet or CSV file",
            fix="Correct `scores` in the policy; a relative path starts at the policy file's folder.",
        )
    frame = read_table(place, policy.columns, numbers_of(policy))
    found = Scored.of(frame, columns=policy.columns, numbers=numbers_of(policy), source=str(place))
    return _with(found, currency=policy.currency)


def numbers_of(policy: Policy) -> tuple[str, ...]:
    """Return the columns that a policy reads as numbers."""
    named = [name for action in policy.actions for name in action.when.numbers]
    return tuple(dict.fromkeys([*NUMBERS, policy.worth.column, *named]))


def _newest_night(policy: Policy) -> Path:
    from churn.config import read_config

    assert policy.config is not None
    settings = read_config(policy.place(policy.config))
    root = settings.place(settings.output) / settings.name
    nights = sorted(p.parent for p in root.glob("[0-9][0-9][0-9][0-9]-*/summary.json"))
    if not nights:
        raise MissingFileError(
            f"There is no night in {root} yet",
            fix=f"Write one with churn score {policy.config}, or name a scored table as `scores` in the policy.",
            code="no-night",
        )
    return nights[-1]


def _read_night(folder: Path, policy: Policy) -> Scored:
    import pandas as pd

    missing = [n for n in ("scores.parquet", "summary.json") if not (folder / n).is_file()]
    if missing:
        raise MissingFileError(
            f"{folder} is not the folder of a night",
            given=f"without {' and '.join(missing)}",
            fix="Name a folder that churn score wrote, or a Parquet or CSV file.",
            code="no-night",
        )

    def parquet(name: str) -> pd.DataFrame | None:
        return pd.read_parquet(folder / name) if (folder / name).is_file() else None

    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    frame = read_table(folder / "scores.parquet", policy.columns, numbers_of(policy))
    listed, notes = parquet("at_risk.parquet"), []
    if "ignored_complaints" not in frame and listed is not None and "ignored_complaints" in listed:
        known = listed.set_index("customer")["ignored_complaints"]
        frame["ignored_complaints"] = frame["customer"].map(known).astype("float64")
        notes.append(
            f"Ignored complaints are known of the {format_count(len(listed))} listed customers alone: this night is "
            "of an earlier version. Score it again, and they are known of everybody."
        )
    reasons = parquet("reasons.parquet")
    found = Scored.of(
        frame,
        reasons=reasons,
        segments=parquet("segments.parquet"),
        columns=policy.columns,
        numbers=numbers_of(policy),
        source=str(folder / "scores.parquet"),
        as_of=str(summary.get("as_of", ""))[:10],
        currency=policy.currency or str(summary.get("currency") or ""),
        horizon_days=(summary.get("value") or {}).get("horizon_days"),
    )
    if "basis" in found.customers:
        basis = found.customers["basis"].astype(str)
        found.no_score[basis == "lapsed"] = "lapsed, no longer active"
        found.no_score[basis == "fallback"] = "no history to go by"
    return _with(
        found,
        run=str(summary.get("run", "")),
        notes=tuple(notes),
    )


def _with(scored: Scored, **changes: Any) -> Scored:
    from dataclasses import replace

    return replace(scored, **changes)
