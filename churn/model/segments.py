"""The figures of parts of the customers: by segment, and by how often they had ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from churn.data.history import History
from churn.display import format_count, format_percent, table_text
from churn.model.evaluate import Evaluation, Judged, evaluate_parts
from churn.model.fold import Fold

FEWEST_ROWS, FEWEST_OF_A_CLASS = 100, 10
MOST_VALUES = 12
ORDERS = "orders so far"


@dataclass(frozen=True)
class SegmentResult:
    """The figures of one part of the customers.

    Attributes
    ----------
    segment, value : str
        Which part: country and France, for example.
    evaluation : Evaluation
        Its figures, pooled over the cutoffs at which enough of them left and stayed.
    """

    segment: str
    value: str
    evaluation: Evaluation


def segments_of(history: History, fold: Fold) -> dict[str, np.ndarray]:
    """Return the segment of each test row of a fold in words, by segment column; empty where it is unknown."""
    out = {}
    for name, category in history.segments.items():
        labels = np.array([*category.labels, ""], dtype=object)
        out[name] = labels[category.codes[fold.test.customer]]
    names = [s.name for s in fold.signals]
    if "orders_count" in names:
        orders = fold.test.X[:, names.index("orders_count")]
        words = np.array(["1", "2 to 4", "5 or more"], dtype=object)
        out[ORDERS] = words[np.digitize(orders, [2, 5])]
    return out


def judge_segments(
    parts: Sequence[Judged],
    segments: Sequence[Mapping[str, np.ndarray]],
    baseline: str,
    *,
    resamples: int | None = None,
    seed: int = 0,
) -> tuple[SegmentResult, ...]:
    """Judge the model beside one baseline in every segment that is large enough.

    Parameters
    ----------
    parts : sequence of Judged
        By cutoff.
    segments : sequence of mapping of str to numpy.ndarray of str, shape (n_rows,)
        For each cutoff, the segment of each row, by segment column.
    baseline : str
        The predictor beside the model.
    resamples, seed : int, optional
        Of the bootstrap.

    Returns
    -------
    tuple of SegmentResult
        Those with at least 100 rows, 10 who left and 10 who stayed at a cutoff; at most 12 values a column, the
        largest.
    """
    out = []
    for name in dict.fromkeys(n for s in segments for n in s):
        values, counts = np.unique(
            np.concatenate([s[name] for s in segments if name in s]).astype(str), return_counts=True
        )
        largest = sorted(zip(-counts, values, strict=True))[:MOST_VALUES]
        for value in sorted(str(v) for c, v in largest if v and -c >= FEWEST_ROWS):
            kept = []
            for part, of in zip(parts, segments, strict=True):
                rows = (of[name].astype(str) == value) if name in of else np.zeros(len(part.y), dtype=bool)
                left = part.y[rows].sum()
                if min(left, rows.sum() - left) >= FEWEST_OF_A_CLASS:
                    both = {n: part.predictions[n][rows] for n in dict.fromkeys(("model", baseline))}
                    kept.append(replace(part, y=part.y[rows], predictions=both, customer=part.customer[rows]))
            if kept:
                evaluation = evaluate_parts(kept, resamples=resamples, seed=seed)[1]
                out.append(SegmentResult(name, value, evaluation))
    return tuple(out)


def segments_text(results: Sequence[SegmentResult]) -> str:
    """Return a table of segments for a reader."""
    rows = []
    for r in results:
        e = r.evaluation
        mine = e.metrics["model"]
        predicted = sum(b["predicted"] * b["rows"] for b in e.calibration) / e.rows
        other = next(iter(e.differences.values()))["auc"]
        rows.append(
            [
                f"{r.segment}: {r.value}",
                format_count(e.rows),
                format_percent(e.churn_rate),
                format_percent(predicted),
                str(mine["auc"]),
                f"{other.value:+.3f} [{other.low:+.3f}, {other.high:+.3f}]",
                str(mine["log_loss"]),
            ]
        )
    header = ["segment", "rows", "churned", "predicted", "AUC", "against the best baseline", "log loss"]
    return table_text(header, rows, right=(1, 2, 3))
