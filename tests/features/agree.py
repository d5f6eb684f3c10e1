"""Holds what the package computes against the oracle, or against itself bit for bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from churn.data.history import History
from churn.features.catalogue import catalogue
from churn.features.compute import compute_features, feature_matrices, feature_matrix
from churn.features.signal import Signal
from tests.features.oracle import Patience, Tables, signals_at
from tests.features.tables import history_of, settings_of


def unknown(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def assert_agree(tables: Tables, t: int, patience: Patience | None = None) -> pd.DataFrame:
    """The executor gives what the oracle gives: the same signals, for every customer of the history."""
    patience = patience or Patience()
    history = history_of(tables)
    got = compute_features(history, t, customers=history.customers, settings=settings_of(patience))
    want = signals_at(tables, t, patience)
    assert list(got.index) == sorted(want)
    wrong = []
    for who, signals in want.items():
        assert sorted(got.columns) == sorted(signals)
        for name, value in signals.items():
            mine = got.loc[who, name]
            if unknown(value) or unknown(mine):
                same = unknown(value) == unknown(mine)
            elif isinstance(value, str):
                same = mine == value
            else:
                same = math.isclose(mine, value, rel_tol=2e-9, abs_tol=1e-9)
            if not same:
                wrong.append((who, name, mine, value))
    assert not wrong
    return got


def assert_same_bits(one: np.ndarray, other: np.ndarray, signals: Sequence[Signal] = ()) -> None:
    """The same numbers to the last bit, and unknown in the same places."""
    assert one.shape == other.shape
    differ = ~((one == other) | (np.isnan(one) & np.isnan(other)))
    names = [s.name for s in signals] or list(range(one.shape[1]))
    assert not differ.any(), [(int(i), names[j], one[i, j], other[i, j]) for i, j in np.argwhere(differ)[:10]]


def everyone(history: History) -> np.ndarray:
    return np.arange(len(history.customers))


def at_each(
    history: History, cutoffs: Sequence[int], signals: Sequence[Signal], **options: Any
) -> list[np.ndarray]:
    """All customers at several cutoffs, in one pass."""
    who = [everyone(history)] * len(cutoffs)
    return feature_matrices(history, cutoffs, who, signals, **options)


def at_one(history: History, cutoff: int, signals: Sequence[Signal] | None = None) -> np.ndarray:
    """All customers as of one cutoff, from its view, which holds nothing of the future."""
    chosen = catalogue(history) if signals is None else signals
    return feature_matrix(history.as_of(cutoff), everyone(history), chosen)
