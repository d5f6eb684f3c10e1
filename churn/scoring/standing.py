"""Every customer who is known at a cutoff: the stage, and where the score comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import order_of
from churn.data.history import History
from churn.definition import Definition
from churn.display import format_count, format_percent
from churn.model.bands import band_of
from churn.scoring.stages import (
    LAPSED,
    NEW,
    SLIPPING_AFTER,
    UNKNOWN,
    UNSEEN,
    UsualGap,
    count_stages,
    stage_names,
    stage_rules,
    stages,
)

if TYPE_CHECKING:
    import pandas as pd

BASES = {
    "model": "the model's probability, of the active customers",
    "fallback": "no history that the model could go by: the mean probability that `fallback` says",
    "lapsed": "no longer active, so there is no score",
}


class StandingTally:
    """Collects the stage of every known customer, part by part.

    Parameters
    ----------
    definition : Definition
        Says who is active.
    cutoff : int
        The instant T.
    gap : UsualGap
        All customers' usual gap, counted before the first part comes.
    slipping_after : float, default 2.0
        See `churn.scoring.stages.stages`.
    """

    def __init__(
        self, definition: Definition, cutoff: int, gap: UsualGap, slipping_after: float = SLIPPING_AFTER
    ) -> None:
        self.definition, self.cutoff, self.gap, self.slipping_after = definition, cutoff, gap, slipping_after
        self._ids: list[pd.Index[Any]] = []
        self._codes: list[np.ndarray] = []

    def add(self, part: History) -> None:
        """Take the known customers of a part, which must hold all its tables."""
        codes = stages(
            part,
            self.definition,
            self.cutoff,
            usual_gap_days=self.gap.days,
            slipping_after=self.slipping_after,
        )
        self._ids.append(part.customers[codes != UNKNOWN])
        self._codes.append(codes[codes != UNKNOWN])

    def result(self) -> Standing:
        """Return all known customers in the order of their ids."""
        import pandas as pd

        if not self._ids:
            return Standing(pd.Index([]), np.empty(0, dtype=np.int8), self.definition, self.slipping_after)
        order = order_of(self._ids)
        ids = self._ids[0].append(self._ids[1:]) if len(self._ids) > 1 else self._ids[0]
        return Standing(ids[order], np.concatenate(self._codes)[order], self.definition, self.slipping_after)


@dataclass(frozen=True)
class Standing:
    """All known customers and their stages.

    Attributes
    ----------
    customers : pandas.Index of shape (n_known,)
        Ids, sorted.
    codes : numpy.ndarray of int8, shape (n_known,)
        Positions in `stage_names`.
    definition : Definition
        Says what the stages mean.
    slipping_after : float
        From how many usual gaps of silence on a customer is slipping.
    """

    customers: pd.Index[Any]
    codes: np.ndarray
    definition: Definition
    slipping_after: float

    def complete(self, active: pd.DataFrame) -> Completed:
        """Put the active customers' scores beside everybody else who is known.

        Parameters
        ----------
        active : pandas.DataFrame
            One row per active customer in the order of the ids, with ``customer``, ``churn_probability``,
            ``risk_band`` and any other numbers, which are unknown for everybody else.

        Returns
        -------
        Completed
            Customers who were never active so far have the mean probability of the new ones, or of all active ones
            where nobody is new; those who lapsed have none.
        """
        import pandas as pd

        unscored = np.isin(self.codes, (LAPSED, UNSEEN))
        names = np.array(stage_names(self.definition), dtype=object)
        everyone = pd.DataFrame({"customer": self.customers})
        for name in active.columns:
            if name == "customer":
                continue
            values = active[name].to_numpy()
            full = np.full(len(self.codes), "" if values.dtype == object else np.nan, dtype=values.dtype)
            full[~unscored] = values
            everyone[name] = full
        p = active["churn_probability"].to_numpy()
        new = self.codes[~unscored] == NEW
        mean = float(p.mean()) if len(p) else float("nan")
        score = float(p[new].mean()) if new.any() else mean
        unseen = self.codes == UNSEEN
        everyone.loc[unseen, "churn_probability"] = score
        everyone.loc[unseen, "risk_band"] = band_of(score, mean)
        everyone.insert(3, "stage", pd.Series(names[self.codes], dtype=str))
        everyone.insert(
            4, "basis", np.select([unseen, self.codes == LAPSED], ["fallback", "lapsed"], "model").astype(str)
        )
        counts = {name: int((everyone["basis"] == name).sum()) for name in BASES}
        news, n = f"the {_counted(new.sum(), 'new customer')}", unseen.sum()
        who = news if new.any() else f"all {_counted(len(p), 'active customer')}"
        have, stand = ("has", "stands") if n == 1 else ("have", "stand")
        said = (
            f"{_counted(n, 'known customer')} with {self.definition.unseen_means} {have} no history to go by"
        )
        said += f", and {stand} with {format_percent(score)}, the mean probability of {who}, off the list"
        return Completed(
            everyone,
            {
                "stages": count_stages(self.codes, self.definition),
                "stage_rules": stage_rules(self.definition, self.slipping_after),
                "basis": counts,
                "basis_means": BASES,
                "fallback": {
                    "customers": int(n),
                    "churn_probability": score if unseen.any() else None,
                    "said": said if unseen.any() else "Every known customer has a history to go by",
                },
            },
        )


@dataclass(frozen=True)
class Completed:
    """Everybody who is known, and what the summary says of them.

    Attributes
    ----------
    everyone : pandas.DataFrame
        The columns of the active customers with ``stage`` and ``basis``, ids sorted.
    facts : dict
        ``stages`` and ``basis`` counted, ``stage_rules`` and ``basis_means`` in words, ``fallback``.
    """

    everyone: pd.DataFrame
    facts: dict[str, Any]

    @property
    def active(self) -> pd.DataFrame:
        """The customers whom the model scored."""
        return self.everyone[self.everyone["basis"] == "model"].reset_index(drop=True)


def _counted(n: int, what: str) -> str:
    return f"{format_count(n)} {what}{'' if n == 1 else 's'}"
