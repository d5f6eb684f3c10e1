"""What scoring one customer needs to know of all the others; a night leaves it in its folder."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase
from churn.features.executor import pools_of
from churn.features.over import Pools
from churn.features.signal import Signal
from churn.files import write_json

if TYPE_CHECKING:
    from churn.model.bundle import Model
    from churn.scoring.score import Scored

JSON, ARRAYS = "context.json", "context.npz"
_FORMAT = 1


@dataclass(frozen=True)
class Context:
    """What scoring one customer needs to know of all the others at a cutoff.

    Attributes
    ----------
    model : str
        The digest of the model.
    cutoff : int
        The instant T.
    log : dict
        Which log it was, see `mark_of`.
    shift : float
        Of the base rate, in log-odds.
    usual_gap_days : float or None
        All customers' mean gap between days with an order; None where there is none.
    mean_probability : float
        Over the active customers: the risk bands go by it.
    fallback : float or None
        The probability that stands in for customers without a history.
    slipping_after : float
        From how many usual gaps of silence on a customer is slipping.
    pools : mapping or None
        Figures with which signals compare; None where the log is one piece and they are computed with the signals.
    """

    model: str
    cutoff: int
    log: dict[str, Any]
    shift: float
    usual_gap_days: float | None
    mean_probability: float
    fallback: float | None
    slipping_after: float
    pools: Pools | None

    def write(self, folder: Path) -> None:
        """Write it into a folder: numbers as JSON, figures of pools as plain arrays."""
        pools = [] if self.pools is None else list(self.pools.items())
        facts = {k: v for k, v in vars(self).items() if k != "pools"}
        named = None if self.pools is None else [repr(pool) for (pool, _), _ in pools]
        write_json(folder / JSON, {"format": _FORMAT, **facts, "pools": named})
        arrays: dict[str, Any] = {str(i): figures for i, (_, figures) in enumerate(pools)}
        np.savez_compressed(folder / ARRAYS, **arrays)  # histograms, nearly all zeros: 18 kB instead of 11 MB

    @classmethod
    def read(cls, folder: Path, signals: Sequence[Signal]) -> Context | None:
        """Read what `write` wrote; None where there is nothing that this version and these signals can use."""
        try:
            facts = json.loads((folder / JSON).read_text(encoding="utf-8"))
            names = facts.pop("pools")
            if facts.pop("format") != _FORMAT:
                return None
            pools = None
            if names is not None:
                known = {repr(p): p for level in pools_of([s.measure for s in signals]) for p in level}
                with (folder / ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                    pools = {(known[n], int(facts["cutoff"])): arrays[str(i)] for i, n in enumerate(names)}
            return cls(**facts, pools=pools)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error):
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def fits(self, model: str, cutoff: int, log: dict[str, Any]) -> bool:
        """Tell whether it is of the same model, cutoff and log."""
        return (self.model, self.cutoff, self.log) == (model, cutoff, log)


def context_of(
    found: Scored, model: Model, base: CustomerBase, cutoff: int, slipping_after: float
) -> Context:
    """Return what is known of all customers after they were scored."""
    gap = found.usual_gap_days
    return Context(
        model.digest,
        cutoff,
        mark_of(base),
        found.forecast.shift,
        None if np.isnan(gap) else float(gap),
        float(found.churn_probability.mean()),
        found.scores.standing["fallback"]["churn_probability"],
        slipping_after,
        found.pools,
    )


def mark_of(base: CustomerBase) -> dict[str, Any]:
    """Return what tells one state of a log from another: hashes of its tables or files, and its end.

    Examples
    --------
    >>> import churn
    >>> one, other = (CustomerBase.of(churn.make_shop(customers=50, seed=s).history()) for s in (1, 2))
    >>> mark_of(one) == mark_of(one), mark_of(one) == mark_of(other)
    (True, False)
    """
    found = base.origin.fingerprint()
    if isinstance(found.get("hash"), str):
        return {"hash": found["hash"], "data_end": base.data_end}
    return {"hash": {name: log["hash"] for name, log in found.items()}, "data_end": base.data_end}
