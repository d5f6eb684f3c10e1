"""How customers can be reached at the time of sending: consent, suppression and contact data, looked up anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.plan.people import read_people
from churn.campaigns.plan.scored import Scored, read_scored
from churn.campaigns.plan.scoredtable import texts_of
from churn.campaigns.policy import Policy
from churn.errors import ConfigError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

    from churn.data.base import CustomerBase


@dataclass(frozen=True)
class Reach:
    """How some customers can be reached now.

    Attributes
    ----------
    people : dict of str to pandas.DataFrame
        By channel: flags ``suppressed``, ``consent``, ``reachable``, indexed by customer as text.
    fields : pandas.DataFrame
        The contact data that the deliveries hand over, texts, indexed by customer; empty where not known.
    """

    people: Mapping[str, pd.DataFrame]
    fields: pd.DataFrame


def read_reach(
    policy: Policy,
    customers: Sequence[str],
    suppressed: pd.DataFrame,
    *,
    base: CustomerBase | None = None,
    contacts: pd.DataFrame | None = None,
) -> Reach:
    """Look up how customers can be reached.

    Contact data are those of `contacts`, else of the policy's `config`, else the columns of its `scores`. Nothing of
    them is kept in the ledger.

    Parameters
    ----------
    policy : Policy
        Its consent and delivery name the columns.
    customers : sequence of str
        Ids as texts, each once.
    suppressed : pandas.DataFrame
        ``customer`` and ``channel`` from the ledger.
    base : CustomerBase, optional
        The data of the policy's `config`, opened.
    contacts : pandas.DataFrame, optional
        ``customer`` and contact data.

    Raises
    ------
    ConfigError
        A column that the policy names is nowhere.
    """
    import pandas as pd

    ids: pd.Index[Any] = pd.Index(list(customers), dtype="str")
    if not len(ids):
        flags = pd.DataFrame({name: pd.Series(dtype=bool) for name in ("suppressed", "consent", "reachable")})
        return Reach({a.channel: flags for a in policy.actions}, pd.DataFrame(index=ids))
    known = _known(policy, ids, base, contacts)
    scored = Scored.of(pd.DataFrame({"customer": ids, "churn_probability": 0.5}))
    found = read_people(_without_segments(policy), scored, contacts=known, suppressed=suppressed)
    people = {
        channel: pd.DataFrame(
            {
                "suppressed": found.suppressed[:, c],
                "consent": found.consent[:, c] == 1,
                "reachable": found.reachable[:, c],
            },
            index=ids,
        )
        for c, channel in enumerate(found.channels)
    }
    named = [f for d in policy.delivery.values() for f in d.fields]
    missing = [f for f in dict.fromkeys(named) if f not in known]
    if missing:
        raise ConfigError(
            f"`delivery.fields` names {', '.join(missing)}, which the contact data do not have",
            given=", ".join(map(str, known.columns.drop("customer"))) or "no columns",
            fix="Correct the name, or name the column in sources.customers.contact of the configuration.",
            code="no-contact-column",
        )
    fields = {f: texts_of(known, f).to_numpy() for f in dict.fromkeys(named)}
    return Reach(people, pd.DataFrame(fields, index=ids))


def _known(
    policy: Policy, ids: pd.Index[Any], base: CustomerBase | None, contacts: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the contact data of the customers, in their order."""
    import pandas as pd

    if contacts is not None:
        frames = [contacts]
    elif not needs_data(policy):
        frames = []
    else:
        frames = []
        if base is not None:
            from churn.data.people import contact_of

            frames.append(contact_of(base, ids))
        have = {str(name) for frame in frames for name in frame.columns}
        if base is None or (policy.scores is not None and not _needed(policy) <= have):
            frames.append(read_scored(policy).customers)
    columns: dict[str, Any] = {"customer": ids}
    for frame in frames:
        row = pd.Index(texts_of(frame, "customer")).get_indexer(ids)
        for name in frame.columns.drop("customer"):
            if name not in columns:
                text = np.append(
                    texts_of(frame, name).to_numpy(dtype=object), ""
                )  # row -1: the last, empty one
                columns[str(name)] = pd.Series(text[row], dtype="str")
    return pd.DataFrame(columns)


def _without_segments(policy: Policy) -> Policy:
    """Return the policy without what only a plan needs, so that a missing segment stops no contact."""
    actions = tuple(
        a.model_copy(update={"when": a.when.model_copy(update={"segments": {}})}) for a in policy.actions
    )
    consent = policy.consent.model_copy(update={"preferred": None})
    return policy.model_copy(update={"actions": actions, "segments": (), "consent": consent})


def _needed(policy: Policy) -> set[str]:
    """Return the columns that consent and delivery name."""
    rules = policy.consent
    named = [*rules.needed_by.values(), *(rules.columns.values() if rules.required else ())]
    return {*named, *(f for d in policy.delivery.values() for f in d.fields)}


def needs_data(policy: Policy) -> bool:
    """Return whether anything about the customers is looked up besides the ledger."""
    return bool(_needed(policy))


def open_data(policy: Policy) -> CustomerBase | None:
    """Open the data of the policy's `config`; None where it names none."""
    if policy.config is None:
        return None
    from churn.config import read_config
    from churn.data.load import open_base

    return open_base(read_config(policy.place(policy.config)))


def ordered_since(base: CustomerBase, since: Mapping[str, int]) -> Collection[str]:
    """Return who has ordered after an instant of his own.

    Parameters
    ----------
    base : CustomerBase
        All customers.
    since : mapping of str to int
        The instant in microseconds UTC, by customer as text.
    """
    import pandas as pd

    out: set[str] = set()
    ids = pd.Index(list(since), dtype="str")
    starts = np.fromiter(since.values(), dtype=np.int64, count=len(since))
    for number, part in enumerate(base.parts(("orders",)) if len(ids) else ()):
        if base.count > 1:
            report("Looking for orders since the first contact", number, base.count)
        row = ids.get_indexer(part.customers.astype(str))
        orders = part.logs["orders"]
        which = row[orders.customer]
        after = (which >= 0) & (orders.time > starts[which])
        out |= set(ids[np.unique(which[after])])
    return out
