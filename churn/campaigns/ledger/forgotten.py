"""Customers who were erased: known by a keyed hash alone, so that nobody contacts them again."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from churn.campaigns.ledger.schema import erased, pairs, settings

_NAME = "erase key"


def forgotten(connection: sa.Connection, customers: Sequence[str]) -> set[str]:
    """Return those of these customers who were erased and have not asked to be contacted since."""
    key = _key(connection)
    if key is None:
        return set()
    query = sa.select(erased.c.hash, erased.c.active).order_by(erased.c.number)
    holding = {h for h, active in pairs(connection, query).items() if active}
    return {c for c in customers if _hash(key, c) in holding} if holding else set()


def forget(connection: sa.Connection, customers: Iterable[str], now: dt.datetime) -> None:
    """Remember by a hash that these customers were erased."""
    key = _key(connection)
    if key is None:
        key = secrets.token_hex(32)
        connection.execute(sa.insert(settings), [{"name": _NAME, "value": key}])
    rows = [{"hash": _hash(key, c), "active": True, "time": now} for c in customers]
    if rows:
        connection.execute(sa.insert(erased), rows)


def lift(connection: sa.Connection, customer: str, now: dt.datetime) -> int:
    """Let an erased customer who came back be contacted again."""
    key = _key(connection)
    if key is None or not forgotten(connection, [customer]):
        return 0
    connection.execute(sa.insert(erased), [{"hash": _hash(key, customer), "active": False, "time": now}])
    return 1


def _key(connection: sa.Connection) -> str | None:
    found: str | None = connection.execute(
        sa.select(settings.c.value).where(settings.c.name == _NAME)
    ).scalar()
    return found


def _hash(key: str, customer: str) -> str:
    return hashlib.blake2b(customer.encode("utf-8"), key=bytes.fromhex(key), digest_size=16).hexdigest()
