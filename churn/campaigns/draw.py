"""Random numbers that depend on a key and on ids alone: the same customer draws the same number, in any list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np


def draw(key: str, purpose: str, customers: Iterable[object]) -> np.ndarray:
    """Return a number in [0, 1) for each customer, shape (n_customers,).

    Parameters
    ----------
    key : str
        Secret or name that makes the draw one's own; another key draws other numbers.
    purpose : str
        What is drawn, such as the campaign's name; draws for two purposes are independent.
    customers : iterable
        Ids, integers or texts; 7 and "7" are one customer, as they are in a file.

    Notes
    -----
    Keyed BLAKE2b (RFC 7693), its first 53 bits as a fraction.

    Examples
    --------
    >>> first = draw("k", "winter", ["C1", "C2", "C3"])
    >>> bool((first == draw("k", "winter", ["C3", "C2", "C1"])[::-1]).all())
    True
    """
    secret = hashlib.blake2b(key.encode("utf-8"), digest_size=32).digest()
    start = hashlib.blake2b(purpose.encode("utf-8") + b"\0", key=secret, digest_size=8)

    def one(customer: object) -> int:
        state = start.copy()
        state.update(str(customer).encode("utf-8"))
        return int.from_bytes(state.digest(), "big") >> 11

    return np.fromiter((one(c) for c in customers), dtype=np.float64) / 2.0**53
