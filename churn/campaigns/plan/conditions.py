"""For whom an action is meant: its conditions on reasons, stages, segments and numbers, each with its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.blocks import Action, Range
from churn.campaigns.plan.scored import Scored
from churn.campaigns.plan.scoredtable import texts_of
from churn.display import format_amount, format_count, format_risk
from churn.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Condition:
    """One condition of an action, held against all customers.

    Attributes
    ----------
    words : str
        What it asks for, such as "a churn probability of 40 % or more".
    met : numpy.ndarray of bool, shape (n_customers,)
        Whether it holds; what is not known does not hold.
    own : callable
        Gives what customers have instead, in words, by their rows.
    """

    words: str
    met: np.ndarray
    own: Callable[[np.ndarray], list[str]]


class Traits:
    """What conditions ask of: the scored table, the reasons, the segments and the value.

    Parameters
    ----------
    scored : Scored
        The customers.
    segments : pandas.DataFrame
        A text column per segment, in their order.
    value : numpy.ndarray of shape (n_customers,)
        What each is worth if saved.
    currency : str
        Before amounts.
    """

    def __init__(self, scored: Scored, segments: pd.DataFrame, value: np.ndarray, currency: str = "") -> None:
        import pandas as pd

        self.table, self.segments, self.value, self.currency = scored.customers, segments, value, currency
        self.reasons = scored.reasons
        self._rows = np.empty(0, dtype=np.int64)
        if self.reasons is not None:
            ids = pd.Index(texts_of(self.table, "customer"))
            self._rows = ids.get_indexer(pd.Index(self.reasons["customer"]))

    def conditions(self, action: Action) -> Iterator[Condition]:
        """Yield the conditions of an action."""
        when = action.when
        for column, values in (("story", when.stories), ("topic", when.topics)):
            if values:
                yield self._reason(column, values, action.name)
        for column, values in (("stage", when.stages), ("risk_band", when.risk_bands)):
            if values:
                yield self._text(column.replace("_", " "), texts_of(self.table, column), values)
        for name, values in when.segments.items():
            yield self._text(name, self.segments[name], values)
        numbers = self.table
        if when.churn_probability is not None:
            p = numbers["churn_probability"].to_numpy()
            yield _between("a churn probability", p, when.churn_probability, format_risk)
        if when.value is not None:
            yield _between("a value", self.value, when.value, lambda x: format_amount(x, self.currency))
        if when.ignored_complaints is not None:
            ignored = numbers["ignored_complaints"].to_numpy()
            yield _between("ignored complaints", ignored, when.ignored_complaints, format_count)
        for name, limits in when.numbers.items():
            if name not in numbers:
                raise ConfigError(
                    f"The action {action.name!r} asks for the number {name!r}, which the scored table does not have",
                    given=", ".join(map(str, numbers.columns))[:300],
                    fix="Correct `when.numbers`, or map the column with `columns`.",
                    code="no-number",
                )
            yield _between(name, numbers[name].to_numpy(dtype=np.float64), limits, lambda x: f"{x:,.4g}")

    def _reason(self, column: str, values: tuple[str, ...], action: str) -> Condition:
        if self.reasons is None:
            raise ConfigError(
                f"The action {action!r} asks for reasons, and the scored table has none",
                given=f"when.{'stories' if column == 'story' else 'topics'}: {', '.join(values)}",
                fix="Take the folder of a night as `scores`, or leave the condition away.",
                code="no-reasons",
            )
        met = np.zeros(len(self.table), dtype=bool)
        raises = self.reasons["direction"].isin(["", "up"])  # what holds the risk down is no reason to act
        rows = self._rows[np.asarray(self.reasons[column].isin(values) & raises)]
        met[rows[rows >= 0]] = True
        return Condition(
            f"the {column} {_either(values)} among the reasons", met, lambda rows: [""] * len(rows)
        )

    def _text(self, name: str, column: pd.Series[Any], values: tuple[str, ...]) -> Condition:
        met = np.asarray(column.isin(values))

        def own(rows: np.ndarray) -> list[str]:
            return [str(x)[:60] or "not known" for x in column.iloc[rows]]

        return Condition(f"the {name} {_either(values)}", met, own)


def _between(name: str, values: np.ndarray, limits: Range, shown: Callable[[float], str]) -> Condition:
    with np.errstate(invalid="ignore"):
        met = ~np.isnan(values)
        words = ""
        if limits.min is not None:
            met &= values >= limits.min
            words = f"{shown(limits.min)} or more"
        if limits.max is not None:
            met &= values <= limits.max
            words = (
                f"{shown(limits.min)} to {shown(limits.max)}"
                if words and limits.min is not None
                else (f"{shown(limits.max)} or less")
            )

    def own(rows: np.ndarray) -> list[str]:
        return ["not known" if np.isnan(x) else shown(x) for x in values[rows].tolist()]

    return Condition(f"{name} of {words}", met, own)


def _either(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


@dataclass(frozen=True)
class Meant:
    """For whom the actions are meant.

    Attributes
    ----------
    met : numpy.ndarray of bool, shape (n_customers, n_actions)
        Whether all conditions of the action hold.
    conditions : list of list of Condition
        By action.
    """

    met: np.ndarray
    conditions: list[list[Condition]]

    def nearest(self, rows: np.ndarray, among: np.ndarray, actions: tuple[Action, ...]) -> list[str]:
        """Return which action lacks least for each of some customers, and what it lacks, in words.

        Parameters
        ----------
        rows : numpy.ndarray of int, shape (k,)
            The customers.
        among : numpy.ndarray of bool, shape (k, n_actions)
            Actions that come into question.
        actions : tuple of Action
            All actions.
        """
        lacking = np.zeros(among.shape, dtype=np.int16)
        first = np.zeros(among.shape, dtype=np.int16)
        for a, conditions in enumerate(self.conditions):
            for c in range(len(conditions) - 1, -1, -1):
                unmet = ~conditions[c].met[rows]
                lacking[:, a] += unmet
                first[unmet, a] = c
        lacking[~among] = np.iinfo(np.int16).max
        best = lacking.argmin(axis=1)
        which = first[np.arange(len(rows)), best]
        out = [""] * len(rows)
        for a, conditions in enumerate(self.conditions):
            for c, condition in enumerate(conditions):
                here = np.flatnonzero((best == a) & (which == c))
                said = f"nearest is {actions[a].name}, for {condition.words}"
                for at, own in zip(here.tolist(), condition.own(rows[here]), strict=True):
                    out[at] = f"{said} (here {own})" if own else said
        return out


def meant_for(actions: tuple[Action, ...], traits: Traits) -> Meant:
    """Hold the conditions of all actions against all customers."""
    every = [list(traits.conditions(action)) for action in actions]
    met = np.ones((len(traits.table), len(actions)), dtype=bool)
    for a, conditions in enumerate(every):
        for condition in conditions:
            met[:, a] &= condition.met
    return Meant(met, every)
