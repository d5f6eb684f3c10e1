"""Who may be reached over which channel: consent, contact data, preferred channel, suppression, and segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.plan.scored import Scored
from churn.campaigns.plan.scoredtable import read_table, texts_of
from churn.campaigns.policy import Policy
from churn.display import format_count
from churn.errors import ConfigError, DataError, MissingFileError

if TYPE_CHECKING:
    import pandas as pd

YES, NO, UNKNOWN = 1, 0, -1
_WORDS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "1.0"), YES),
    **dict.fromkeys(("no", "n", "false", "f", "0", "0.0"), NO),
    **dict.fromkeys(("", "nan", "none", "null", "<na>", "unknown"), UNKNOWN),
}
EVERY_CHANNEL = "*"


@dataclass(frozen=True)
class People:
    """How the customers of a scored table may be reached, in its order.

    Attributes
    ----------
    channels : tuple of str
        The policy's, sorted.
    consent : numpy.ndarray of int8, shape (n_customers, n_channels)
        1 given, 0 refused, -1 not known; all 1 where the policy needs none.
    reachable : numpy.ndarray of bool, shape (n_customers, n_channels)
        Whether what the channel needs is known.
    preferred : numpy.ndarray of int, shape (n_customers,)
        Position in `channels`, -1 where there is no preference or none of these.
    suppressed : numpy.ndarray of bool, shape (n_customers, n_channels)
        Who is never contacted.
    segments : pandas.DataFrame
        A text column per segment.
    notes : tuple of str
        What a reader must know.
    """

    channels: tuple[str, ...]
    consent: np.ndarray
    reachable: np.ndarray
    preferred: np.ndarray
    suppressed: np.ndarray
    segments: pd.DataFrame
    notes: tuple[str, ...] = ()


def channels_of(policy: Policy) -> tuple[str, ...]:
    """Return the channels over which a policy's actions go, sorted."""
    return tuple(sorted({a.channel for a in policy.actions}))


def read_people(
    policy: Policy,
    scored: Scored,
    *,
    contacts: pd.DataFrame | None = None,
    suppressed: pd.DataFrame | None = None,
) -> People:
    """Collect how the customers may be reached: from the scored table, else from the contact data.

    Parameters
    ----------
    policy : Policy
        Its `consent` names the columns.
    scored : Scored
        The customers.
    contacts : pandas.DataFrame, optional
        ``customer`` and contact data; read from `config` of the policy when left out.
    suppressed : pandas.DataFrame, optional
        ``customer`` and ``channel`` (``*`` for all) from the ledger, besides the policy's files.

    Raises
    ------
    ConfigError
        A column that the policy names is nowhere.
    DataError
        A consent is neither yes nor no.
    """
    import pandas as pd

    ids = pd.Index(texts_of(scored.customers, "customer"))
    known, segments = (contacts, None) if contacts is not None else _from_config(policy, scored)
    if known is not None:
        known = known.set_index(texts_of(known, "customer")).reindex(ids).reset_index(drop=True)
    columns = _Columns(policy, scored.customers, known)
    channels, notes = channels_of(policy), []
    n = len(ids)
    consent = np.ones((n, len(channels)), dtype=np.int8)
    reachable = np.ones((n, len(channels)), dtype=bool)
    rules = policy.consent
    for c, channel in enumerate(channels):
        if rules.required:
            name = rules.columns.get(channel, rules.columns.get(EVERY_CHANNEL))
            if name is None:
                raise ConfigError(
                    f"`consent.columns` says nothing of the channel {channel!r}",
                    given=", ".join(rules.columns) or "no column",
                    fix=f"Add {channel!r} or '*', or set consent.required: false.",
                    code="no-consent-column",
                )
            consent[:, c] = _consent(columns.get(name, "consent.columns"), name)
        if channel in rules.needed_by:
            name = rules.needed_by[channel]
            reachable[:, c] = np.asarray(columns.get(name, "consent.needed_by").str.strip() != "")
    preferred = np.full(n, -1)
    if rules.preferred is not None:
        words = columns.get(rules.preferred, "consent.preferred").str.strip()
        preferred = pd.Index(channels).get_indexer(pd.Index(words))
        others = words[(words != "") & (preferred < 0)]
        if len(others):
            shown = ", ".join(repr(x[:40]) for x in sorted(others.unique())[:3])
            notes.append(
                f"{format_count(len(others))} customers prefer a channel over which no action goes, such as {shown}; "
                "any channel counts as theirs."
            )
    never = np.zeros((n, len(channels)), dtype=bool)
    for frame in (*(_suppression(policy, text) for text in rules.suppress), suppressed):
        if frame is not None and len(frame):
            never |= _never(frame, ids, channels)
    parts = [s for s in (scored.segments, segments) if s is not None]
    return People(
        channels,
        consent,
        reachable,
        preferred,
        never,
        _segments(policy, scored, ids, parts, notes),
        tuple(notes),
    )


def _from_config(policy: Policy, scored: Scored) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    if policy.config is None:
        return None, None
    from churn.config import read_config
    from churn.data.load import open_base
    from churn.data.people import people_of

    return people_of(open_base(read_config(policy.place(policy.config))), scored.customers["customer"])


class _Columns:
    """Finds a column in the scored table, else among the contact data."""

    def __init__(self, policy: Policy, table: pd.DataFrame, contacts: pd.DataFrame | None) -> None:
        self.policy, self.table, self.contacts = policy, table, contacts

    def get(self, name: str, key: str) -> pd.Series[Any]:
        """Return a column as texts."""
        for frame in (self.table, self.contacts):
            if frame is not None and name in frame:
                return texts_of(frame, name).reset_index(drop=True)
        have = [c for f in (self.table, self.contacts) if f is not None for c in f.columns if c != "customer"]
        fix = f"Correct `{key}`"
        if self.policy.config is None:
            fix += ", or name the configuration that has the contact data as `config`"
        elif key == "consent.columns":
            fix += ", map sources.customers.columns.consent in the configuration"
        else:
            fix += ", name the column in sources.customers.contact of the configuration"
        if key == "consent.columns":
            fix += ", or set consent.required: false if nobody's consent is needed"
        raise ConfigError(
            f"`{key}` names the column {name!r}, which neither the scored table nor the contact data have",
            given=", ".join(map(str, dict.fromkeys(have)))[:300] or "no columns",
            fix=f"{fix}.",
            code="no-contact-column",
        )


def _consent(column: pd.Series[Any], name: str) -> np.ndarray:
    import pandas as pd

    codes, words = pd.factorize(column.str.strip().str.lower())
    means = np.array([_WORDS.get(str(w), 9) for w in words], dtype=np.int8)
    if (means == 9).any():
        wrong = np.isin(codes, np.flatnonzero(means == 9))
        shown = ", ".join(repr(str(w)[:40]) for w, m in zip(words, means, strict=True) if m == 9)[:200]
        raise DataError(
            f"The consent in {name} is neither yes nor no in {format_count(int(wrong.sum()))} rows",
            given=shown,
            allowed="yes, no, true, false, 1, 0; empty where it is not known",
            fix="Write one of these into the column.",
            code="consent",
        )
    return means[codes]


def _suppression(policy: Policy, text: str) -> pd.DataFrame:
    file = policy.place(text)
    if not file.is_file():  # to go on without it would contact who must not be
        raise MissingFileError(
            f"There is no suppression list {file}",
            fix="Correct `consent.suppress`; a relative path starts at the policy file's folder.",
            code="no-suppression-list",
        )
    frame = read_table(file, {}, ())
    if "customer" not in frame:
        raise DataError(
            f"The suppression list {file} has no column customer",
            given=", ".join(map(str, frame.columns[:10])),
            fix="Name the column of ids customer, and where only one channel is meant give a column channel.",
            code="suppression-list",
        )
    return frame


def _never(frame: pd.DataFrame, ids: pd.Index[Any], channels: Sequence[str]) -> np.ndarray:
    """Return who is suppressed over which channel, bool of shape (n, n_channels); an empty channel means all."""
    out = np.zeros((len(ids), len(channels)), dtype=bool)
    who, named = ids.str.strip(), texts_of(frame, "customer").str.strip()  # spaces lift nobody's wish
    channel = texts_of(frame, "channel").str.strip().str.casefold()
    every = np.asarray(channel.isin(["", EVERY_CHANNEL]))
    out[who.isin(named[every])] = True
    for c, name in enumerate(channels):
        out[who.isin(named[channel == name.casefold()]), c] = True
    return out


def _segments(
    policy: Policy, scored: Scored, ids: pd.Index[Any], parts: Sequence[pd.DataFrame], notes: list[str]
) -> pd.DataFrame:
    """Return the segments of all customers; the later of two parts knows more."""
    import pandas as pd

    named = [*policy.segments, *(name for a in policy.actions for name in a.when.segments)]
    found: dict[str, pd.Series[Any]] = {}
    for part in parts:
        rows = pd.Index(texts_of(part, "customer")).get_indexer(ids)
        for name in part.columns.drop("customer"):
            text = np.append(texts_of(part, name).to_numpy(dtype=object), "")  # row -1: the last, empty one
            found[name] = pd.Series(text[rows], dtype="str")
    if len(parts) == 1 and found and parts[0] is scored.segments and len(scored.segments) < len(ids):
        notes.append(
            f"Segments are known of {format_count(len(scored.segments))} listed customers alone; `config` in the "
            "policy gives them of everybody."
        )
    missing = []
    for name in dict.fromkeys(named):
        if name in scored.customers:
            found[name] = texts_of(scored.customers, name)
        elif name not in found:
            missing.append(name)
    if missing:
        have = [*found, *scored.customers.columns]
        raise ConfigError(
            f"The policy names the segment{'s' if len(missing) > 1 else ''} {', '.join(missing)}, which nothing has",
            given=", ".join(dict.fromkeys(map(str, have)))[:300],
            fix="Correct `when.segments` and `segments`, or name the configuration with sources.customers.segments.",
            code="no-segment",
        )
    kept = {k: v for k, v in found.items() if not policy.segments or k in named}
    return pd.DataFrame(kept, index=range(len(ids)))
