"""Figures of one predictor under row weights: many resamples at once, sorting and binning done once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

# name: (label, whether higher is better)
METRICS: dict[str, tuple[str, bool]] = {
    "auc": ("AUC", True),
    "average_precision": ("average precision", True),
    "log_loss": ("log loss", False),
    "brier": ("Brier", False),
    "calibration_error": ("calibration error", False),
    "lift_at_10": ("lift at 10 %", True),
    "precision_at_5": ("precision at 5 %", True),
    "precision_at_10": ("precision at 10 %", True),
    "precision_at_20": ("precision at 20 %", True),
    "recall_at_5": ("recall at 5 %", True),
    "recall_at_10": ("recall at 10 %", True),
    "recall_at_20": ("recall at 20 %", True),
}
TOP_METRICS: dict[str, tuple[str, bool]] = {
    "precision_at_top": ("precision among those who can be contacted", True),
    "recall_at_top": ("recall among those who can be contacted", True),
}
SHARES = (0.05, 0.10, 0.20)
BINS = 10
_TINY = 1e-12
_CELLS = 250_000  # of a weight matrix held at once: it stays in the processor's cache


def resample_weights(
    clusters: Sequence[np.ndarray], resamples: int, seed: int
) -> Iterator[tuple[slice, list[np.ndarray]]]:
    """Yield bootstrap weights, so many resamples at a time; customers are drawn, and all their rows with them.

    Parameters
    ----------
    clusters : sequence of numpy.ndarray
        The customer of each row, for each part; one customer draws the same number in all parts.
    resamples : int
        How many in all.
    seed : int
        The same seed gives the same draws, whatever is computed from them: figures are paired.

    Yields
    ------
    tuple of slice and list of numpy.ndarray of shape (n_rows, n_now)
        Which resamples, and how often each row of each part was drawn.

    Examples
    --------
    >>> which, (w,) = next(resample_weights([np.array([7, 7, 9])], 4, seed=0))
    >>> w.shape, bool((w[0] == w[1]).all()), (w[0] + w[2]).tolist()
    ((3, 4), True, [2.0, 2.0, 2.0, 2.0])
    """
    rng = np.random.default_rng(seed)
    people, flat = np.unique(np.concatenate(clusters), return_inverse=True)
    ids = np.split(flat, np.cumsum([len(c) for c in clusters])[:-1])
    n = len(people)
    step = max(1, min(resamples, _CELLS // max(n, *(len(c) for c in clusters))))
    for start in range(0, resamples, step):
        now = min(step, resamples - start)
        drawn = rng.integers(0, n, (now, n)) + np.arange(now)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=now * n).reshape(now, n).T.astype(np.float64)
        counts = np.ascontiguousarray(counts)
        yield slice(start, start + now), [counts[i] for i in ids]


class Judge:
    """Measures one predictor on one cutoff's rows under row weights.

    Parameters
    ----------
    y : numpy.ndarray of shape (n_rows,)
        1 churned, 0 stayed.
    p : numpy.ndarray of shape (n_rows,)
        Churn probabilities.
    top : int, optional
        How many customers can be contacted.
    """

    def __init__(self, y: np.ndarray, p: np.ndarray, top: int | None = None) -> None:
        self.y, self.p, self.top = y, p, top
        self.order = order = np.argsort(-p, kind="stable")
        ranked = p[order]
        last = np.concatenate([ranked[1:] != ranked[:-1], [True]])
        self.ends: slice | np.ndarray = (
            slice(None) if last.all() else np.flatnonzero(last)
        )  # ties in one group
        self.positive = y[order][:, None]
        clipped = np.clip(p, _TINY, 1 - _TINY)
        self.bin = np.empty(len(y), dtype=np.int64)
        self.bin[order] = np.arange(len(y)) * BINS // len(y)
        off = np.zeros((BINS, len(y)))
        off[self.bin, np.arange(len(y))] = p - y
        losses = -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped))
        self.sums = np.vstack([losses, (p - y) ** 2, off])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the figures of `all`."""
        return (*METRICS, *TOP_METRICS) if self.top is not None else tuple(METRICS)

    def all(self, weights: np.ndarray) -> np.ndarray:
        """Return the figures under weights of shape (n_rows,) or (n_rows, k): shape (n_names,) or (k, n_names)."""
        if weights.ndim == 1:
            return np.asarray(self.all(weights[:, None])[0])
        reached_p, reached = self.cumulated(weights)
        P, W = reached_p[-1], reached[-1]
        N = W - P
        with np.errstate(invalid="ignore", divide="ignore"):
            positive = np.diff(reached_p, axis=0, prepend=0.0)
            below = N - (reached - reached_p)  # stayers ranked lower
            pairs = (positive[0] * (N + below[0])) + _dots(positive[1:], below[1:] + below[:-1])
            auc = pairs / (2 * P * N)
            average_precision = _dots(positive, reached_p / np.maximum(reached, _TINY)) / P
            sums = np.einsum("ij,jk->ik", self.sums, weights) / W  # no BLAS: its threads wait for each other
            wanted = [s * W for s in SHARES] + ([np.minimum(self.top, W)] if self.top is not None else [])
            depths = np.array(wanted)
            hits = hits_at(reached_p, reached, depths)
            precisions, recalls = hits / depths, hits / P
            lift = recalls[1] / SHARES[1]
            k = len(SHARES)
            out = np.vstack(
                [
                    auc,
                    average_precision,
                    *sums[:2],
                    np.abs(sums[2:]).sum(axis=0),
                    lift,
                    *precisions[:k],
                    *recalls[:k],
                    *precisions[k:],
                    *recalls[k:],
                ]
            )
        out[:, (P == 0) | (N == 0)] = np.nan
        return out.T

    def reached(self, weights: np.ndarray, depths: np.ndarray) -> np.ndarray:
        """Return the churners reached as a share of all customers, by depth of contact, ties shared.

        Parameters
        ----------
        weights : numpy.ndarray of shape (n_rows, k)
            Resamples.
        depths : numpy.ndarray of shape (n_depths,)
            Shares of all customers who are contacted, riskiest first.

        Returns
        -------
        numpy.ndarray of shape (n_depths, k)
        """
        reached_p, reached = self.cumulated(weights)
        hits = hits_at(reached_p, reached, depths[:, None] * reached[-1])
        return np.asarray(hits / reached[-1])

    def cumulated(
        self, weights: np.ndarray, values: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight of churners and of all rows down to each group of equal predictions, riskiest first.

        With `values` of shape (n_rows,) their sum stands in for the churners.
        """
        w = weights[self.order]
        of = self.positive if values is None else values[self.order][:, None]
        reached_p, reached = np.cumsum(w * of, axis=0), np.cumsum(w, axis=0)
        return reached_p[self.ends], reached[self.ends]

    def calibration(self) -> list[dict[str, float]]:
        """Return ten bins of equal size, lowest risk first: mean predicted, observed share, rows."""
        out = []
        for b in range(BINS - 1, -1, -1):
            rows = self.bin == b
            if rows.any():
                out.append(
                    {
                        "predicted": float(self.p[rows].mean()),
                        "observed": float(self.y[rows].mean()),
                        "rows": int(rows.sum()),
                    }
                )
        return out

    def noise(self) -> float:
        """Return the calibration error that perfectly calibrated probabilities would show on these rows, by chance.

        The sum of a bin is about normal with variance ``sum(p (1 - p))``, and the mean size of a normal deviate
        is ``sqrt(2 / pi)`` of its spread.
        """
        spread = np.sqrt(np.bincount(self.bin, self.p * (1 - self.p), BINS))
        return float(np.sqrt(2 / np.pi) * spread.sum() / len(self.p))

    def gains(self) -> list[dict[str, float]]:
        """Return the share of all churners reached and the lift, by depth of contact in steps of 5 %."""
        depths = np.arange(1, 21) / 20
        hits = self.reached(np.ones((len(self.y), 1)), depths)[:, 0] / self.y.mean()
        return [
            {"depth": float(d), "reached": float(h), "lift": float(h / d)}
            for d, h in zip(depths, hits, strict=True)
        ]


def _dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("ij,ij->j", a, b))


def hits_at(reached_p: np.ndarray, reached: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Return the weight of churners among the first so many, ties shared; all of shape (..., k)."""
    out = np.empty(depths.shape)
    edge = np.zeros(len(reached) + 1)
    hits = np.zeros(len(reached) + 1)
    for j in range(depths.shape[1]):
        edge[1:], hits[1:] = reached[:, j], reached_p[:, j]
        out[:, j] = np.interp(depths[:, j], edge, hits)
    return out
