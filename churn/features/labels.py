"""Measures whose value is one of some labels, and of how often each label is used."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.features.measures import divide
from churn.features.signal import LABEL, Array, Calculation, Is, Known, Needs, reads


@dataclass(frozen=True)
class LastLabel:
    """A text column on the customer's last row, as the position among some values; NaN for any other value."""

    log: str
    column: str
    labels: tuple[str, ...]

    def compute(self, ex: Calculation) -> Array:
        codes = ex.last(self.log, LABEL + self.column, Known(self.column))
        labels = ex.labels(self.log, self.column)
        if labels is None:  # a column of texts such as 7 may be read as numbers
            labels = tuple(f"{v:g}" for v in np.unique(codes[~np.isnan(codes)]))
            codes = np.where(np.isnan(codes), codes, np.searchsorted([float(x) for x in labels], codes))
        return positions(codes, labels, self.labels)

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class TopShare:
    """Share of the customer's rows in the most used of some values of a category; NaN where it is never known."""

    log: str
    column: str
    labels: tuple[str, ...]

    def compute(self, ex: Calculation) -> Array:
        most = np.zeros(ex.customers)
        for label in self.labels:
            most = np.maximum(most, ex.count(self.log, Is(self.column, label)))
        return divide(most, ex.count(self.log, Known(self.column)))

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class TopLabel:
    """Position of the most used of some values of a category, the first of equals; NaN where none was used."""

    log: str
    column: str
    labels: tuple[str, ...]

    def compute(self, ex: Calculation) -> Array:
        most, found = np.zeros(ex.customers), np.full(ex.customers, np.nan)
        for i, label in enumerate(self.labels):
            count = ex.count(self.log, Is(self.column, label))
            found[count > most] = i
            most = np.maximum(most, count)
        return found

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class Switched:
    """1 where a text column's last known value is another than the one before, else 0; NaN with fewer than two."""

    log: str
    column: str

    def compute(self, ex: Calculation) -> Array:
        last, before = (ex.last(self.log, LABEL + self.column, Known(self.column), back=k) for k in (0, 1))
        return np.where(np.isnan(before), np.nan, last != before)

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class Segment:
    """Position of the customer's segment value in the signal's categories; NaN for any other value."""

    column: str
    labels: tuple[str, ...] = ()

    def compute(self, ex: Calculation) -> Array:
        codes, labels = ex.segment(self.column)
        return positions(np.where(codes < 0, np.nan, codes), labels, self.labels)

    def needs(self) -> Needs:
        return frozenset({("customers", self.column)})


def positions(codes: Array, labels: tuple[str, ...], wanted: tuple[str, ...]) -> Array:
    """Turn codes of labels (NaN unknown) into positions among the wanted labels; NaN for any other."""
    place = {label: float(i) for i, label in enumerate(wanted)}
    lookup = np.array([place.get(label, np.nan) for label in labels] + [np.nan])
    return lookup[np.where(np.isnan(codes), -1, codes).astype(np.intp)]
