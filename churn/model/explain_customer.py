"""The full explanation of one customer."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase, holds
from churn.data.history import History, Instant
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.features.compute import feature_matrices
from churn.features.over import base_for, pools_over
from churn.model.bundle import Model, check_ready
from churn.model.explain import explain_rows
from churn.model.reasons.explanation import Explanation
from churn.model.reasons.words import Setting
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

_SEARCHED = 50_000  # ids that are compared letter by letter


def explain_customer(
    model: Model,
    data: History | LogStore | CustomerBase,
    customer: Any,
    as_of: Instant | None = None,
    *,
    currency: str = "",
    threads: int = 2,
) -> Explanation:
    """Explain one customer's score in full.

    Parameters
    ----------
    model : Model
        From `churn.train` or `churn.load_model`.
    data : History, LogStore or CustomerBase
        The log, in one piece or saved in parts; nothing at or after the cutoff is seen.
    customer : id
        As it came, or the same as text.
    as_of : date, datetime or str, optional
        The cutoff T; the midnight after the last order when left out.
    currency : str, default ""
        Before amounts.
    threads : int, default 2
        Threads of the contributions.

    Returns
    -------
    Explanation
        Every topic with its push, the reasons, and the own numbers beside the own normal. Base and pushes add up to
        the log-odds of the probability that `churn.score` gives.

    Raises
    ------
    ParameterError
        The cutoff is no date or lies after the end of the data, there is no such customer, or the customer is not
        active at the cutoff.
    ModelError
        The history lacks a table or column that the model was trained with.

    Examples
    --------
    >>> import churn
    >>> model = churn.load_model("models/shop/champion")  # doctest: +SKIP
    >>> history = churn.load_history("churn.yaml")  # doctest: +SKIP
    >>> print(churn.explain_customer(model, history, "C000042"))  # doctest: +SKIP
    """
    cutoff = check_ready(model, data, as_of)
    base = base_for(data, model.signals)
    history, position = locate(base, customer)
    check_active(model, history, position, cutoff)
    pools = pools_over(base, [cutoff], model.signals)
    report("Computing signals")
    X = feature_matrices(history, [cutoff], [np.array([position])], model.signals, pools=pools)[0]
    ahead = model.forecast(base, cutoff, threads=threads)
    report("Finding the reasons")
    contributions = model.contributions(X, shift=ahead.shift, threads=threads)
    setting = Setting(model.signals, cutoff, history.timezone, currency, model.features.ignored_after_days)
    return explain_rows(
        setting,
        X,
        contributions,
        customers=[history.customers[position]],
        whole=True,
        as_of=history.date(cutoff),
        definition=model.definition.describe(),
    )[0]


def locate(base: CustomerBase, customer: Any) -> tuple[History, int]:
    """Return the part that a customer is in, and the position in it.

    Raises
    ------
    ParameterError
        There is no such customer; ids that look alike are named.
    """
    if base.count == 1:
        history = base.load(0, None)
        return history, find_customer(history.customers, customer)
    ids, part = holds(base)
    at = find_customer(ids, customer)
    history = base.load(int(part[at]), None)
    return history, find_customer(history.customers, ids[at])


def check_active(model: Model, history: History, position: int, cutoff: int) -> None:
    """Raise a `ParameterError` where a customer is not active at a cutoff: there is no score."""
    if position in model.definition.population(history.as_of(cutoff)):
        return
    raise ParameterError(
        f"The customer {history.customers[position]} is not active on {history.date(cutoff)}, so there is no score",
        given=_last_order(history, position, cutoff),
        allowed=f"customers with {model.definition.active_means}",
        fix="Name another customer, or another cutoff with --as-of.",
        code="not-active",
    )


def find_customer(customers: pd.Index[Any], given: Any) -> int:
    """Return the position of an id, given as it is or as text.

    Raises
    ------
    ParameterError
        There is none; ids that look alike are named.

    Examples
    --------
    >>> import pandas as pd
    >>> find_customer(pd.Index([12345, 12346]), "12346")
    1
    """
    import pandas as pd

    text = str(given).strip()
    wanted = [given, text]
    if customers.dtype.kind in "iuf":
        wanted = [given] if not isinstance(given, str) else []
        if text.lstrip("-").isdecimal() and len(text) < 19:
            wanted.append(int(text))
    for one in wanted:
        try:
            found = int(customers.get_indexer(pd.Index([one]))[0])
        except (TypeError, ValueError):
            continue
        if found >= 0:
            return found
    near = _near(customers, text)
    raise ParameterError(
        f"There is no customer {text!r} in the data",
        allowed=f"ids as they came, such as {', '.join(near or map(str, customers[:3]))}",
        fix="Check the id in your data.",
        code="no-customer",
    )


def _near(customers: pd.Index[Any], text: str) -> list[str]:
    names = customers.astype(str)
    if len(names) > _SEARCHED:  # comparing letters takes long: look only at those that begin alike
        for length in range(len(text) - 1, 0, -1):
            alike = names[names.str.startswith(text[:length])]
            if len(alike):
                names = alike[:_SEARCHED]
                break
    by_case = {n.lower(): n for n in names[::-1]}
    return [by_case[n] for n in difflib.get_close_matches(text.lower(), by_case, n=3, cutoff=0.6)]


def _last_order(history: History, position: int, cutoff: int) -> str:
    orders = history.logs["orders"].known_before(cutoff)
    times = orders.time[orders.customer == position]
    if not len(times):
        return "no order before"
    return f"the last order before was of {history.timestamp(int(times[-1])):%Y-%m-%d}"
