"""What became of the customers of a campaign: kept or lost, orders, net value, both arms by the same clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.statistics.sequential import last_look
from churn.data.base import CustomerBase
from churn.data.eventlog import DAY_US, EventLog
from churn.data.history import History
from churn.definition import Definition, LabelTable
from churn.display import Rendered, format_count
from churn.errors import ParameterError
from churn.features.exact import fixed_point, joined
from churn.progress import report

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from churn.data.store import LogStore

COLUMNS = ("customer", "retained", "orders", "net_value")
MEASURES = ("retained", "orders", "net_value")
_POINTS = 30  # of a curve, at most


@dataclass(frozen=True, repr=False)
class Outcomes(Rendered):
    """What is known of the customers of a campaign after it.

    Attributes
    ----------
    frame : pandas.DataFrame of shape (n_assigned, 4)
        customer, retained (1 kept, 0 lost, NaN neither or not known), orders, net_value (NaN where not known); the
        assigned customers in their order.
    start : str
        The campaign's first day, where the clock of both arms starts.
    as_of : str
        Only what was known strictly before it was looked at.
    horizon_days, observed_days : int
        Days from `start` that the effect is meant over, and those of them that are seen yet.
    needs_until : str
        The day from which on the whole horizon is known.
    lost_means : str
        What makes a customer lost, in words.
    missing : int
        Assigned customers of whom nothing is known: not in the data, or not in the file.
    others : int
        Customers of a file who were not assigned; they are left out.
    curve : dict
        ``days`` and, by arm, the share kept by each of them; empty where a file told the outcomes.
    """

    frame: pd.DataFrame
    start: str
    as_of: str
    horizon_days: int
    observed_days: int
    needs_until: str
    lost_means: str
    missing: int = 0
    others: int = 0
    curve: dict[str, Any] = field(default_factory=dict)

    @property
    def mature(self) -> bool:
        """Whether the whole horizon is seen."""
        return self.observed_days >= self.horizon_days

    def to_dict(self) -> dict[str, Any]:
        """Return the facts without the customers, as plain values."""
        return {
            "start": self.start,
            "as_of": self.as_of,
            "horizon_days": self.horizon_days,
            "observed_days": self.observed_days,
            "needs_until": self.needs_until,
            "mature": self.mature,
            "lost_means": self.lost_means,
            "customers": len(self.frame),
            "missing": self.missing,
            "others": self.others,
            "curve": self.curve,
        }

    def render(self) -> str:
        """Return a short description."""
        seen = f"{self.observed_days} of {self.horizon_days} days"
        return (
            f"Outcomes of {format_count(len(self.frame))} customers from {self.start}: {seen} are known, "
            f"{format_count(self.missing)} customers are not in the data"
        )


def outcomes(
    data: History | LogStore | CustomerBase,
    definition: Definition,
    assignments: pd.DataFrame,
    start: dt.date | str,
    horizon_days: int | None = None,
    *,
    as_of: dt.date | str | None = None,
) -> Outcomes:
    """Tell what became of assigned customers within ``[start, start + horizon_days)``.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The customers, in one piece or in parts.
    definition : Definition
        Says what lost means; its gap is left out, because the clock starts with the campaign.
    assignments : pandas.DataFrame
        Column customer and, for the curve, arm.
    start : date or str
        The campaign's first day, in the time zone of the data.
    horizon_days : int, optional
        Days of 24 hours; the definition's horizon when left out.
    as_of : date or str, optional
        Look only at what was known strictly before it; the end of the data when left out.

    Returns
    -------
    Outcomes
        Of every assigned customer, also of one who was never contacted. Where the horizon is not over yet, up to the
        newest of the days on which one may look (`churn.campaigns.statistics.sequential.look_days`).

    Raises
    ------
    ParameterError
        The definition goes by a table of labels without this start, or with another horizon.

    Notes
    -----
    The clock starts on the campaign's first day for everybody, and not at the first contact: a held-out customer has
    no contact, and days before a late contact would count for one arm alone. Net value is orders less returns credited
    in the window, summed without rounding, and may be below zero: cutting it there would favour the arm with more
    returns.

    Examples
    --------
    >>> import churn, pandas as pd
    >>> history = churn.make_shop(customers=40, seed=1).history()
    >>> assigned = pd.DataFrame({"customer": history.customers[:10], "arm": "treated"})
    >>> found = outcomes(history, churn.Inactivity(120, 45), assigned, "2024-06-01")
    >>> found.mature, len(found.frame)
    (True, 10)
    """
    import pandas as pd

    base = CustomerBase.of(data)
    meant, horizon = _from_start(definition, horizon_days)
    first = base.instant(start, "start")
    end = base.data_end if as_of is None else min(base.instant(as_of, "as_of"), base.data_end)
    observed = last_look(int(np.clip((end - first) // DAY_US, 0, horizon)), horizon) or 0
    if isinstance(meant, LabelTable) and observed < horizon:
        observed = 0  # a label speaks of its whole horizon, and of no part of it
    tally = _Tally(base, meant, assignments, first, horizon, observed, None if as_of is None else end)
    if observed:
        tables = tuple(dict.fromkeys((*meant.tables, "orders", "returns")))
        for number, part in enumerate(base.parts(tables)):
            report("Reading what came", number, base.count)
            tally.add(part)
        report("Reading what came", base.count, base.count)
        tally.check()
    frame = pd.DataFrame({"customer": assignments["customer"].to_numpy(), **tally.columns})
    return Outcomes(
        frame=frame,
        start=base.date(first),
        as_of=base.date(end),
        horizon_days=horizon,
        observed_days=observed,
        needs_until=base.date(first + horizon * DAY_US),
        lost_means=meant.churn_means,
        missing=int((~tally.found).sum()) if observed else 0,
        curve=tally.curve(),
    )


def _from_start(definition: Definition, horizon_days: int | None) -> tuple[Definition, int]:
    """Return the definition with the clock at the campaign's start, and the length of the window in days."""
    if isinstance(definition, LabelTable):
        if horizon_days not in (None, definition.ahead_days):
            raise ParameterError(
                "The outcome comes from a table of labels, whose horizon is its own",
                given=f"horizon_days: {horizon_days}",
                allowed=str(definition.ahead_days),
                fix="Leave horizon_days out of the policy.",
                code="horizon",
            )
        return definition, definition.ahead_days
    horizon = definition.horizon_days if horizon_days is None else horizon_days
    plain: Any = definition
    return replace(plain, gap_days=0, horizon_days=horizon), horizon


class _Tally:
    """Gathers the outcomes part by part."""

    def __init__(
        self,
        base: CustomerBase,
        definition: Definition,
        assignments: pd.DataFrame,
        first: int,
        horizon: int,
        observed: int,
        known_before: int | None,
    ) -> None:
        import pandas as pd

        ids = assignments["customer"].astype(str)
        self.index = pd.Index(ids)
        if not self.index.is_unique:
            twice = ids[ids.duplicated()].iloc[0]
            raise ParameterError(
                "A customer is assigned twice", given=repr(twice)[:80], fix="Give each customer once."
            )
        n = len(ids)
        self.base, self.definition = base, definition
        self.first, self.observed, self.known_before = first, observed, known_before
        self.columns = {name: np.full(n, np.nan) for name in MEASURES}
        self.found = np.zeros(n, dtype=bool)
        arms = assignments["arm"].astype(str).to_numpy() if "arm" in assignments else np.full(n, "")
        self.arm, self.names = pd.factorize(arms, sort=True)
        # Labels speak of the whole horizon alone, so they have no curve.
        step = max(1, -(-horizon // _POINTS))
        self.days = [] if isinstance(definition, LabelTable) else list(range(step, observed + 1, step))
        if self.days and self.days[-1] != observed:
            self.days.append(observed)
        self.kept = np.zeros((2, len(self.days), max(len(self.names), 1)))
        self._refused: list[ParameterError] = []
        self._parts = 0

    def add(self, part: History) -> None:
        """Take what a part knows of the assigned customers."""
        place = self.index.get_indexer(part.customers.astype(str))
        population = np.flatnonzero(place >= 0)
        if not len(population):
            return
        self._parts += 1
        at = place[population]
        self.found[at] = True
        seen = part if self.known_before is None else part.known_at(self.known_before)
        start, end = self.first, self.first + self.observed * DAY_US
        n = len(part.customers)
        self.columns["orders"][at] = _counts(seen.logs["orders"], n, start, end)[population]
        self.columns["net_value"][at] = _net(seen.logs, n, start, end)[population]
        try:
            lost = self.definition.outcomes(seen, start, population)
        except ParameterError as error:  # a bucket may hold none of the labels of this start
            self._refused.append(error)
            return
        for d, day in enumerate(self.days):
            plain: Any = self.definition
            lost = replace(plain, horizon_days=day).outcomes(seen, start, population)
            known = ~np.isnan(lost)
            arm = self.arm[at][known]
            self.kept[0, d] += np.bincount(arm, 1 - lost[known], minlength=self.kept.shape[2])
            self.kept[1, d] += np.bincount(arm, minlength=self.kept.shape[2])
        self.columns["retained"][at] = 1 - lost

    def check(self) -> None:
        """Raise where no part at all could tell who was lost."""
        if self._refused and len(self._refused) == self._parts:
            raise self._refused[0]

    def curve(self) -> dict[str, Any]:
        """Return the share kept by day and arm."""
        if not self.days:
            return {}
        kept, known = self.kept
        shares = {
            str(name): [None if not k else float(x / k) for x, k in zip(kept[:, i], known[:, i], strict=True)]
            for i, name in enumerate(self.names)
        }
        return {"days": self.days, "kept": shares}


def _rows(log: EventLog, start: int, end: int) -> slice:
    first, last = np.searchsorted(log.time, [start, end], side="left")
    return slice(int(first), int(last))


def _counts(log: EventLog, n: int, start: int, end: int) -> np.ndarray:
    return np.bincount(log.customer[_rows(log, start, end)], minlength=n)


def _net(logs: Mapping[str, EventLog], n: int, start: int, end: int) -> np.ndarray:
    """Return orders less returns per customer, summed without rounding."""
    whole, rest = np.zeros(n), np.zeros(n)
    for name, sign in (("orders", 1.0), ("returns", -1.0)):
        log = logs.get(name)
        if log is None:
            continue
        rows = _rows(log, start, end)
        amounts, parts = fixed_point(log.numbers["amount"][rows])
        whole += sign * np.bincount(log.customer[rows], amounts, minlength=n)
        if parts is not None:
            rest += sign * np.bincount(log.customer[rows], parts, minlength=n)
    return np.asarray(joined(whole, rest))
