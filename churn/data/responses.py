"""How the customers of the simulated shop answer a contact, by its kind: whom it keeps, and whom it drives away.

Who began to leave can be won back by the right contact, the sooner the better: the longest silent, who are the
riskiest, are mostly lost. Who would stay needs no contact, and some of them leave because of one. Both depend on
things that the log shows (mail read, rhythm, amounts, segment, complaints), and on them otherwise than the risk does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.data import truth
from churn.data.shop import ShopTables
from churn.data.truth import FloatArray
from churn.errors import ParameterError

KINDS = ("survey", "email_series", "call", "discount", "bonus", "gift", "points", "news")
ACCEPTS = {
    "discount": 0.7,
    "bonus": 0.5,
    "gift": 0.6,
    "points": 0.4,
}  # of those who order; the others offer nothing
HALF_LIFE_DAYS = 60.0  # after so many days of leaving, half as many can be won back
REPEAT_DAYS = 30.0  # the same kind again within so many days is a further step of the same action
_MOURNED_DAYS = 365.0  # an ignored complaint is remembered for so long


@dataclass(frozen=True, eq=False)
class Answers:
    """What a contact of one kind does to each customer.

    Attributes
    ----------
    saves : numpy.ndarray
        Probability that he is won back if he has just begun to leave; it halves every `HALF_LIFE_DAYS`.
    wakes : numpy.ndarray
        Probability that he begins to leave because of it, if he has not begun.
    """

    saves: FloatArray
    wakes: FloatArray


def answers(kind: str, people: pd.DataFrame, hurt: np.ndarray, *, effect: float = 1.0) -> Answers:
    """Return what a contact of this kind does to customers.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    people : DataFrame
        With rate_per_day, shape, spend, reads (share of mails opened) and business.
    hurt : numpy.ndarray of bool
        Who has an ignored complaint that is still without an answer.
    effect : float
        By which all probabilities are multiplied; 0 for contacts that do nothing.

    Raises
    ------
    ParameterError
        There is no such kind, or the effect is not from 0 to 1.

    Examples
    --------
    >>> one = pd.DataFrame({"rate_per_day": [0.05], "shape": [1], "spend": [30.0], "reads": [0.0], "business": [False]})
    >>> calls = [answers("call", one, np.array([hurt])).saves[0] for hurt in (True, False)]
    >>> [round(float(c), 2) for c in calls]
    [0.85, 0.12]
    """
    truth.number("effect", effect, 0, 1, "1")
    rate, spend, shape = (people[n].to_numpy(dtype=np.float64) for n in ("rate_per_day", "spend", "shape"))
    reads, business = people["reads"].to_numpy(dtype=np.float64), people["business"].to_numpy(dtype=bool)
    cheap, big = _more(55 / spend), _more(spend / 70)
    often = _more(rate * 45)
    opened = 1 - (1 - reads) ** 3  # one of three mails
    silent = (shape >= 3) & (reads < 0.10)  # in a steady rhythm, and never reading
    none = np.zeros(len(people))
    match kind:
        case "call":
            saves, wakes = np.where(hurt, 0.85, 0.12), np.where(hurt, 0.0, np.where(business, 0.40, 0.03))
        case "email_series":
            saves, wakes = 0.95 * opened, np.where(silent, 0.40, 0.0)
        case "survey":
            saves, wakes = np.where(hurt, 0.40, 0.25 * opened), np.where(silent, 0.15, 0.0)
        case "discount":
            saves, wakes = 0.05 + 0.85 * cheap * often, 0.30 * _more(spend / 120)
        case "bonus":
            saves, wakes = 0.05 + 0.45 * often, none
        case "gift":
            saves, wakes = 0.05 + 0.55 * big, none
        case "points":
            saves, wakes = 0.02 + 0.50 * often * opened, none
        case "news":
            saves, wakes = 0.30 * opened, np.where(silent, 0.20, 0.01)
        case _:
            raise ParameterError(
                "The generated shop's customers know no such kind of contact",
                given=f"kind={kind!r}",
                allowed=", ".join(KINDS),
                fix="Name one of these.",
            )
    return Answers(effect * saves, effect * wakes)


def reach(days: FloatArray) -> FloatArray:
    """Return what is left of the chance to win somebody back who began to leave so many days ago.

    Examples
    --------
    >>> reach(np.array([0.0, 60.0, 240.0])).tolist()
    [1.0, 0.5, 0.0625]
    """
    return np.asarray(0.5 ** (np.maximum(days, 0.0) / HALF_LIFE_DAYS), dtype=np.float64)


def hurt_at(shop: ShopTables, now: FloatArray) -> np.ndarray:
    """Return who has, at a time of his own, a complaint that was ignored within a year and has no answer yet.

    Parameters
    ----------
    shop : ShopTables
        The shop.
    now : numpy.ndarray of float, shape (n_customers,)
        When, in days since the start, by customer of `shop.customers`.

    Returns
    -------
    numpy.ndarray of bool, shape (n_customers,)
        True where there is one.
    """
    asked = shop.tickets[shop.tickets["is_complaint"].to_numpy(dtype=bool)]
    row = pd.Index(shop.customers["customer"]).get_indexer(pd.Index(asked["customer"]))
    opened, reply = (
        truth.to_days(asked["opened"], shop.start),
        truth.to_days(asked["first_reply"], shop.start),
    )
    at = now[row]
    ignored = (opened + shop.ignored_after_days <= at) & (opened > at - _MOURNED_DAYS) & (reply >= at)
    hurt = np.zeros(len(now), dtype=bool)
    hurt[row[ignored]] = True
    return hurt


def people_of(shop: ShopTables) -> pd.DataFrame:
    """Return what `answers` reads, by row of `shop.truth`; who did not consent gets no mail and reads none."""
    about = shop.customers.set_index("customer").loc[shop.truth["customer"]]
    names = ["rate_per_day", "shape", "spend"]
    reads = np.where(about["consent"].to_numpy(dtype=bool), shop.truth["open_probability"], 0.0)
    return shop.truth[names].assign(reads=reads, business=about["segment"].eq("business").to_numpy())


def _more(ratio: FloatArray) -> FloatArray:
    """Return 0 to 1 for a ratio: a half at 1, nine tenths at 2."""
    return np.asarray(1 / (1 + ratio**-3.2), dtype=np.float64)
