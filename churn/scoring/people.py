"""What the master data say of some customers: their segments and, where asked for, how to reach them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase
from churn.data.history import History

if TYPE_CHECKING:
    import pandas as pd


def segments_of(base: CustomerBase, customers: pd.Series[Any] | pd.Index[Any]) -> pd.DataFrame:
    """Return the segments of some customers.

    Parameters
    ----------
    base : CustomerBase
        All customers.
    customers : pandas.Series or pandas.Index
        Ids, each once.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, 1 + n_segments)
        ``customer``, in the given order, and a text column per segment, empty where it is not known.

    Examples
    --------
    >>> import churn, pandas as pd
    >>> base = CustomerBase.of(churn.make_shop(customers=50, seed=1).history())
    >>> segments_of(base, pd.Index(["C000003"])).columns.tolist()
    ['customer', 'country', 'segment']
    """

    def texts(part: History) -> dict[str, np.ndarray]:
        return {
            name: np.array([*s.labels, ""], dtype=object)[s.codes] for name, s in part.segments.items()
        }  # code -1: the last, empty one

    return _gather(base, customers, texts)


def contact_of(base: CustomerBase, customers: pd.Series[Any] | pd.Index[Any]) -> pd.DataFrame:
    """Return the personal data of some customers that the configuration names as contact, and their consent.

    Parameters
    ----------
    base : CustomerBase
        All customers.
    customers : pandas.Series or pandas.Index
        Ids, each once.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, 1 + n_fields)
        ``customer``, in the given order, and a text column per field, empty where it is not known.

    Examples
    --------
    >>> import churn, pandas as pd
    >>> base = CustomerBase.of(churn.make_shop(customers=50, seed=1).history())
    >>> contact_of(base, pd.Index(["C000003"])).columns.tolist()
    ['customer', 'email', 'consent']
    """
    import pandas as pd

    def texts(part: History) -> dict[str, np.ndarray]:
        out = {}
        for name, values in part.contact.items():
            text = pd.Series(values, dtype=object)
            if name == "consent":
                text = text.map({1.0: "yes", 0.0: "no"})
            out[name] = text.where(text.notna(), "").astype(str).to_numpy(dtype=object)
        return out

    return _gather(base, customers, texts)


def _gather(
    base: CustomerBase,
    customers: pd.Series[Any] | pd.Index[Any],
    texts: Callable[[History], Mapping[str, np.ndarray]],
) -> pd.DataFrame:
    import pandas as pd

    ids = pd.Index(customers)
    found: dict[str, np.ndarray] = {}
    for part in base.parts(()):
        where = part.customers.get_indexer(ids)
        for name, values in texts(part).items():
            column = found.setdefault(name, np.full(len(ids), "", dtype=object))
            column[where >= 0] = values[where[where >= 0]]
    return pd.DataFrame(
        {"customer": ids} | {name: pd.array(values, dtype="str") for name, values in found.items()}
    )
