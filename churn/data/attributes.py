"""Who the customers of a saved log are: the rows of the customers table put together, newest last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from churn.data.eventlog import NEVER, Category
from churn.data.events import compact
from churn.data.manifest import Master

About = tuple[np.ndarray | None, dict[str, Category], dict[str, np.ndarray]]


def about(
    master: Master | None, parts: Sequence[Mapping[str, Any]], position: np.ndarray, n: int, *, whole: bool
) -> About:
    """Return joining dates, segments and contact fields; a later row replaces an earlier one.

    Parameters
    ----------
    master : Master or None
        What the customers table has; None where there is none.
    parts : sequence of mapping
        Its rows, oldest first: arrays by column, ``code`` among them.
    position : numpy.ndarray of int, shape (n_codes,)
        The position of each code among the `n` customers.
    n : int
        How many customers there are.
    whole : bool
        Whether they are all; of some, the labels of segments are those of all, so that codes agree between parts.

    Returns
    -------
    tuple of (numpy.ndarray or None, dict of str to Category, dict of str to numpy.ndarray)
        `History.joined`, `segments` and `contact`.

    Examples
    --------
    >>> rows = {"code": np.array([1, 0]), "x.country": np.array(["AT", "DE"], dtype=object)}
    >>> _, segments, _ = about(Master(segments={"country": {}}), [rows], np.array([0, 1]), 2, whole=True)
    >>> segments["country"]
    Category(codes=array([1, 0], dtype=int32), labels=('AT', 'DE'))
    """
    import pandas as pd

    if master is None:
        return None, {}, {}

    def latest(column: str, full: np.ndarray) -> np.ndarray:
        for part in parts:
            full[position[part["code"]]] = part[column]
        return full

    joined = latest("joined", np.full(n, NEVER, dtype=np.int64)) if master.joined else None
    segments = {}
    for name in master.segments:
        codes, labels = pd.factorize(
            pd.Series(latest(f"x.{name}", np.full(n, None, dtype=object))), sort=True
        )
        category = Category(codes.astype(np.int32), tuple(str(x) for x in labels))
        segments[name] = category if whole else compact(category, tuple(master.segments[name]))
    contact = {name: latest(f"x.{name}", np.full(n, None, dtype=object)) for name in master.contact}
    if master.consent:
        contact["consent"] = latest("consent", np.full(n, np.nan))
    return joined, segments, contact
