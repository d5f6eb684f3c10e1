"""Lifetime value as it was: mean net revenue per customer of a cohort, by periods since the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.retention.money import Money, amount
from churn.retention.triangle import EARLIER

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LifetimeCohort:
    """What the customers of a cohort brought.

    Attributes
    ----------
    cohort : str
        First day of its period; "earlier" for who came before the first cohort.
    customers : int
        How many they are.
    revenue : tuple of float
        By periods since: orders less returns of all of them.
    running : bool
        Whether the last of these periods is not over.
    small : bool
        Whether they are few.
    """

    cohort: str
    customers: int
    revenue: tuple[float, ...]
    running: bool
    small: bool

    @property
    def per_customer(self) -> tuple[float | None, ...]:
        """By periods since: the mean net revenue per customer from the first period up to then; None without any."""
        if not self.customers:
            return (None,) * len(self.revenue)
        return tuple(float(x) / self.customers for x in np.cumsum(self.revenue))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "cohort": self.cohort,
            "customers": self.customers,
            "small": self.small,
            "revenue": list(self.revenue),
            "value": list(self.per_customer),
            "running": [self.running and age == len(self.revenue) - 1 for age in range(len(self.revenue))],
        }


@dataclass(frozen=True)
class Lifetime:
    """Lifetime value by cohort.

    Attributes
    ----------
    cohorts : tuple of LifetimeCohort
        Oldest first; also those of nobody.
    before : LifetimeCohort or None
        Customers who may have come before the data begin.
    unseen : float
        Net revenue of customers who were never active by the definition and are in no cohort.
    """

    cohorts: tuple[LifetimeCohort, ...]
    before: LifetimeCohort | None
    unseen: float = 0.0

    @classmethod
    def of(
        cls,
        starts: Sequence[str],
        customers: np.ndarray,
        spent: Sequence[Money],
        *,
        early: int,
        running: bool,
        few: int,
        unseen: float = 0.0,
    ) -> Lifetime:
        """Make it of counts.

        Parameters
        ----------
        starts : sequence of str
            First days of the periods.
        customers : numpy.ndarray of int64, shape (n_periods + 1,)
            Customers first seen in each period, those first seen before all of them in front.
        spent : sequence of Money, each of shape (n_periods + 1,)
            By period: what the customers of each cohort spent in it.
        early : int
            So many cohorts are none: whoever is in them may have come before the data begin.
        running : bool
            Whether the last period is not over.
        few : int
            Cohorts of fewer customers are marked.
        unseen : float, default 0
            Net revenue of customers who are in no cohort.
        """

        def one(name: str, first: int, last: int) -> LifetimeCohort:
            size, since = int(customers[first : last + 1].sum()), max(last - 1, 0)
            by_period = [m[first : last + 1].billionths() for m in spent]
            # What came before the first period, such as orders before a subscription, counts in it.
            by_age = [sum(by_period[: since + 1]), *by_period[since + 1 :]] if by_period else []
            return LifetimeCohort(name, size, tuple(map(amount, by_age)), running, size < few)

        cohorts = tuple(one(start, p, p) for p, start in enumerate(starts, 1) if p > early)
        before = one(EARLIER, 0, early) if early or customers[0] else None
        return cls(cohorts, before, unseen)

    @property
    def pooled(self) -> list[dict[str, Any]]:
        """By age: customers of all cohorts known that long, what they brought on average, and the sum up to then.

        Each step is the revenue of one age over the customers of the cohorts that have reached it; the steps add up,
        so a cohort that is too young for an age changes nothing there.
        """
        over = [(c, len(c.revenue) - c.running) for c in self.cohorts]
        out: list[dict[str, Any]] = []
        total = 0.0
        for age in range(max((n for _, n in over), default=0)):
            there = [c for c, n in over if n > age]
            customers = sum(c.customers for c in there)
            if not customers:
                break  # nobody to tell of, here and later
            mean = math.fsum(c.revenue[age] for c in there) / customers
            total += mean
            step = {"age": age, "cohorts": len(there), "customers": customers, "mean": mean, "value": total}
            out.append(step)
        return out

    @property
    def frame(self) -> pd.DataFrame:
        """The data twin: `cohort`, `customers`, `small`, `age`, `revenue`, `value` per customer, `running`."""
        import pandas as pd

        rows = [
            {
                "cohort": c.cohort,
                "customers": c.customers,
                "small": c.small,
                "age": age,
                "revenue": revenue,
                "value": value,
                "running": c.running and age == len(c.revenue) - 1,
            }
            for c in (*([self.before] if self.before else []), *self.cohorts)
            for age, (revenue, value) in enumerate(zip(c.revenue, c.per_customer, strict=True))
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; lists go by age."""
        return {
            "before": self.before.to_dict() if self.before else None,
            "cohorts": [c.to_dict() for c in self.cohorts],
            "pooled": self.pooled,
            "unseen_revenue": self.unseen,
        }
