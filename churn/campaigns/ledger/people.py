"""Ids of customers, as the ledger knows them: 7 and "7" are one customer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from churn.campaigns.ledger.schema import people
from churn.errors import DataError
from churn.sqldatabase import stage, unstage

ERASED = (
    "erased-"  # how the random name of an erased customer begins; the digest of such a row is the name itself
)


def texts(customers: Iterable[Any]) -> list[str]:
    """Return ids as texts.

    Raises
    ------
    DataError
        One is missing, or no database could hold it.

    Examples
    --------
    >>> texts([7, "8", 9.0])
    ['7', '8', '9']
    """
    out = [_text(c) for c in customers]
    wrong = [c for c in out if not c or (not c.isprintable() and _unwritable(c))]
    if wrong:
        raise DataError(
            "A customer's id is empty, or holds letters that no database can keep",
            given=f"{len(wrong)} of {len(out)} ids, such as {wrong[0][:40]!a}",
            fix="Leave these rows out, or give the customers other ids.",
            code="bad-id",
        )
    return out


def _text(customer: Any) -> str:
    if customer is None or customer != customer:  # noqa: PLR0124  (NaN)
        return ""
    if isinstance(customer, float) and customer.is_integer():  # ids that an empty field made floats
        return str(int(customer))
    return str(customer)


def _unwritable(text: str) -> bool:
    if "\0" in text:
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def digests(ids: Iterable[str]) -> list[str]:
    """Return a short name for each id, by which it is found.

    Examples
    --------
    >>> digests(["C1"])
    ['751237cc59bf925560dd45fd0a921ca6']
    """
    return [hashlib.blake2b(i.encode("utf-8"), digest_size=16).hexdigest() for i in ids]


def enter(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Add those that are not known yet."""
    import pyarrow as pa

    unique = list(dict.fromkeys(ids))
    rows = pa.table({"digest": digests(unique), "customer": unique})
    stage(connection, "ledger_new", rows)
    connection.exec_driver_sql(
        "INSERT INTO ledger_people (digest, customer) SELECT digest, customer FROM ledger_new WHERE true "
        "ON CONFLICT (digest) DO NOTHING"
    )
    unstage(connection, "ledger_new")


def nameless(connection: sa.Connection, ids: Iterable[str]) -> set[str]:
    """Return those of these names that stand for an erased customer."""
    likely = [i for i in ids if i.startswith(ERASED)]
    out: set[str] = set()
    for at in range(0, len(likely), 10_000):
        query = sa.select(people.c.customer).where(people.c.digest.in_(likely[at : at + 10_000]))
        out |= set(connection.execute(query).scalars())
    return out


def find(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return the numbers of those who are known, by id."""
    wanted = dict(zip(digests(ids), ids, strict=True))
    if not wanted:
        return {}
    out: dict[str, int] = {}
    keys = list(wanted)
    for at in range(0, len(keys), 10_000):
        query = sa.select(people.c.digest, people.c.person).where(people.c.digest.in_(keys[at : at + 10_000]))
        out |= {wanted[digest]: number for digest, number in connection.execute(query)}
    return out
