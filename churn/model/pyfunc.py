"""A bundle as an MLflow pyfunc: a feature row in, the churn probability out. MLflow imports this module to load it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.errors import ModelError
from churn.model.bundle import Model, load_model
from churn.model.mlmodel import OUTPUTS

if TYPE_CHECKING:
    import pandas as pd


def _load_pyfunc(path: str) -> RowModel:
    """Load a bundle for MLflow; its files are verified as by `churn.load_model`."""
    return RowModel(load_model(Path(path)))


@dataclass(frozen=True)
class RowModel:
    """A model that takes feature rows with the signals' names.

    Attributes
    ----------
    model : Model
        The bundle.
    """

    model: Model

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the churn probability of each feature row.

        Parameters
        ----------
        model_input : pandas.DataFrame
            A column per signal, in any order; more columns are left aside. Empty is unknown. A category is given
            as its text, or as its position in the signal's values; a text that the model does not know is unknown.
        params : mapping, optional
            ``shift``: what is added to the log-odds, such as a forecast of the base rate. Default 0.

        Returns
        -------
        pandas.DataFrame
            ``churn_probability`` and ``log_odds``, a row per row.

        Raises
        ------
        ModelError
            A signal's column is missing, or holds what is neither a number nor empty.
        """
        import pandas as pd

        signals = self.model.signal_facts
        if not isinstance(model_input, pd.DataFrame):
            raise ModelError(
                "Feature rows are given as a table with a column per signal",
                given=type(model_input).__name__,
                fix="Pass a pandas.DataFrame, or dataframe_split to the server.",
                code="feature-rows",
            )
        missing = [s["name"] for s in signals if s["name"] not in model_input.columns]
        if missing:
            raise ModelError(
                f"Feature rows lack {len(missing)} of the model's {len(signals)} signals",
                given=f"no {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}",
                fix="Give every signal; leave its value empty where it is not known. "
                "churn features CONFIG --as-of DATE writes such rows.",
                code="feature-rows",
            )
        X = np.empty((len(model_input), len(signals)))
        for i, signal in enumerate(signals):
            X[:, i] = _column(model_input[signal["name"]], signal)
        shift = float((params or {}).get("shift", 0.0))
        odds = self.model.predictor.log_odds(X) + shift
        columns = dict(zip(OUTPUTS, (self.model.predict(X, shift=shift), odds), strict=True))
        return pd.DataFrame(columns, index=model_input.index)


def _column(values: pd.Series[Any], signal: Mapping[str, Any]) -> np.ndarray:
    import pandas as pd

    known = values.notna()
    numbers = (
        pd.to_numeric(values, errors="coerce").astype("float64").to_numpy(dtype=np.float64, na_value=np.nan)
    )
    categories = signal["categories"]
    if categories:
        place = {label: float(i) for i, label in enumerate(categories)}
        is_text = values.map(lambda v: isinstance(v, str)).to_numpy(dtype=bool)
        texts = values.map(lambda v: place.get(v, np.nan) if isinstance(v, str) else np.nan)
        numbers = np.where(is_text, texts.to_numpy(dtype=np.float64), numbers)
        wrong = ~is_text & known.to_numpy() & ~np.isin(numbers, np.arange(len(categories)))
        allowed = ", ".join(categories[:20]) + f"; or a position from 0 to {len(categories) - 1}"
    else:
        wrong = known.to_numpy() & ~np.isfinite(numbers)
        allowed = "a finite number, or empty where it is not known"
    if wrong.any():
        raise ModelError(
            f"The signal {signal['name']} holds what cannot be used",
            given=repr(values[wrong].tolist()[0])[:80],
            allowed=allowed,
            fix="Correct the feature row.",
            code="feature-rows",
        )
    return numbers
