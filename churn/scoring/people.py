"""How some customers can be reached, for a report that is asked to show personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase

if TYPE_CHECKING:
    import pandas as pd


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

    ids = pd.Index(customers)
    found: dict[str, np.ndarray] = {}
    for part in base.parts(()):
        where = part.customers.get_indexer(ids)
        for name, values in part.contact.items():
            text = pd.Series(values[where[where >= 0]], dtype=object)
            if name == "consent":
                text = text.map({1.0: "yes", 0.0: "no"})
            column = found.setdefault(name, np.full(len(ids), "", dtype=object))
            column[where >= 0] = text.where(text.notna(), "").astype(str)
    return pd.DataFrame(
        {"customer": ids} | {name: pd.array(values, dtype="str") for name, values in found.items()}
    )
