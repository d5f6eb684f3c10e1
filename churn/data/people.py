"""How some customers can be reached: contact data and consent, and their segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase
from churn.progress import report

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
    return people_of(base, customers)[0]


def people_of(
    base: CustomerBase, customers: pd.Series[Any] | pd.Index[Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the contact data and the segments of some customers, in one pass over the base.

    Ids of another type than the base's, such as texts from a CSV file, are compared as texts.

    Parameters
    ----------
    base : CustomerBase
        All customers.
    customers : pandas.Series or pandas.Index
        Ids, each once.

    Returns
    -------
    contact, segments : pandas.DataFrame
        ``customer`` in the given order, and a text column per field; empty where it is not known.
    """
    import pandas as pd

    ids = pd.Index(customers)
    texts = ids.astype(str)
    contact: dict[str, np.ndarray] = {}
    segments = {name: np.full(len(ids), "", dtype=object) for name in base.segments}
    for number, part in enumerate(base.parts(())):
        if base.count > 1:
            report("Reading contact data", number, base.count)
        same = part.customers.dtype == ids.dtype
        place = (ids if same else texts).get_indexer(part.customers if same else part.customers.astype(str))
        here = place >= 0
        for name, values in part.contact.items():
            text = pd.Series(values[here], dtype=object)
            if name == "consent":
                text = text.map({1.0: "yes", 0.0: "no"})
            column = contact.setdefault(name, np.full(len(ids), "", dtype=object))
            column[place[here]] = text.where(text.notna(), "").astype(str)
        for name, category in part.segments.items():
            labels = np.array([*category.labels, ""], dtype=object)  # code -1: the last, empty one
            segments[name][place[here]] = labels[category.codes[here]]
    return _frame(ids, contact), _frame(ids, segments)


def _frame(ids: pd.Index[Any], columns: dict[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    texts = {name: pd.array(values, dtype="str") for name, values in columns.items()}
    return pd.DataFrame({"customer": ids} | texts)
