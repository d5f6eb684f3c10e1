"""Champion and challenger on the same later data, and whether the challenger may take its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.data.history import History, Instant
from churn.display import Rendered, format_count, format_percent, table_text
from churn.errors import ModelError, ParameterError
from churn.features.signal import Signal
from churn.model.bundle import Model
from churn.model.evaluate import Evaluation, Judged, evaluate_parts
from churn.model.fold import check_mature
from churn.model.measures import METRICS
from churn.model.snapshots import build_snapshots
from churn.progress import report

_SHOWN = ("auc", "log_loss", "calibration_error", "lift_at_10")
_MOST_CUTOFFS = 6


@dataclass(frozen=True, repr=False)
class Comparison(Rendered):
    """Champion and challenger, judged on the same customers at cutoffs that neither has learnt from.

    Attributes
    ----------
    better : bool
        Whether the challenger may be promoted.
    reason : str
        Why, in words.
    cutoffs : tuple of str
        Local dates, oldest first.
    evaluation : Evaluation
        All cutoffs together; ``challenger`` and ``champion``, the difference is challenger minus champion.
    """

    better: bool
    reason: str
    cutoffs: tuple[str, ...]
    evaluation: Evaluation

    def render(self) -> str:
        """Return the figures and the reason."""
        e = self.evaluation
        shown = [m for m in _SHOWN if m in e.metrics["challenger"]]
        rows = [[name, *(str(values[m]) for m in shown)] for name, values in e.metrics.items()]
        rows.append(["difference", *(str(e.differences["champion"][m]) for m in shown)])
        return "\n".join(
            [
                f"Cutoffs that neither has learnt from: {', '.join(self.cutoffs)}; {format_count(e.rows)} rows, "
                f"{format_percent(e.churn_rate)} churned. 95 % intervals in brackets.",
                table_text(["", *(METRICS[m][0] for m in shown)], rows),
                self.reason,
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "better": self.better,
            "reason": self.reason,
            "cutoffs": list(self.cutoffs),
            "evaluation": self.evaluation.to_dict(),
        }


def compare_models(
    champion: Model,
    challenger: Model,
    history: History,
    cutoffs: Sequence[Instant] = (),
    *,
    step_days: int = 30,
    seed: int = 0,
    threads: int = 2,
) -> Comparison:
    """Judge two models on the same later data.

    Parameters
    ----------
    champion, challenger : Model
        With the same definition; each reads its own signals.
    history : History
        The log.
    cutoffs : sequence of date, optional
        Cutoffs to compare at. When left out the last one whose outcome is known, and up to five before it that
        lie `step_days` apart, as far as neither model has seen outcomes after them.
    step_days : int, default 30
        Days between the cutoffs.
    seed : int, default 0
        Of the resampling.
    threads : int, default 2
        Threads of the prediction.

    Returns
    -------
    Comparison

    Raises
    ------
    ModelError
        The models mean different things by churn, the data lack what one of them reads, or there is no cutoff
        that neither has seen.
    ParameterError
        A given cutoff is not known yet or was seen by one of them.

    Notes
    -----
    The challenger is better unless its log loss is higher than the champion's, its AUC is surely lower (the 95 %
    interval of the difference lies below 0), or it does not beat the simple baselines. Customers are resampled
    together and both models judged on the same resamples, so the interval is one of the difference.
    """
    definition = challenger.definition
    if champion.definition != definition:
        raise ModelError(
            "Champion and challenger mean different things by churn, so no data can tell which is better",
            given=f"champion: {champion.definition.describe()}; challenger: {definition.describe()}",
            fix="If the new definition is meant, promote with --force; otherwise set the definition back and train.",
            code="other-definition",
        )
    for name, model in (("champion", champion), ("challenger", challenger)):
        try:
            model.check_history(history)
        except ModelError as error:
            raise ModelError(
                f"The {name} cannot be compared: {error.what}",
                given=error.given,
                fix="Bring the table or column back, or promote with --force.",
                code=error.code,
            ) from None
    chosen = _given(champion, challenger, history, cutoffs) or _fair(
        champion, challenger, history, step_days=step_days
    )
    signals = tuple(dict.fromkeys((*champion.signals, *challenger.signals)))
    report("Comparing champion and challenger")
    rows = build_snapshots(history, definition, chosen, signals)
    parts = []
    for t in chosen:
        at = rows.at(t)
        known = ~np.isnan(at.y)
        predictions = {
            name: model.predict(
                at.X[np.ix_(known, _columns(signals, model.signals))],
                shift=model.forecast(history, t, threads=threads).shift,
                threads=threads,
            )
            for name, model in (("challenger", challenger), ("champion", champion))
        }
        parts.append(Judged(history.date(t), at.y[known], predictions, at.customer[known]))
    _, pooled = evaluate_parts(parts, seed=seed)
    better, reason = _judge(pooled, challenger.beats_baselines)
    return Comparison(better, reason, tuple(history.date(t) for t in chosen), pooled)


def _judge(evaluation: Evaluation, beats_baselines: bool) -> tuple[bool, str]:
    loss, auc = (evaluation.differences["champion"][m] for m in ("log_loss", "auc"))
    figures = f"log loss {loss.value:+.4f} [{loss.low:+.4f}, {loss.high:+.4f}], AUC {auc.value:+.4f} " + (
        f"[{auc.low:+.4f}, {auc.high:+.4f}]"
    )
    if loss.value > 0:
        sure = "" if loss.low > 0 else ", though not surely"
        return False, f"The challenger's log loss is higher than the champion's{sure}: {figures}."
    if auc.high < 0:
        return False, f"The challenger ranks customers worse than the champion: {figures}."
    if not beats_baselines:
        return False, f"The challenger does not beat the simple baselines on its held-out cutoff: {figures}."
    if loss.value == 0 and auc.value == 0:
        return True, f"The challenger predicts as the champion does: {figures}."
    sure = "surely better" if loss.high < 0 else "better, but not surely"
    return True, f"The challenger is {sure} than the champion: {figures}."


def _seen(model: Model, history: History) -> int:
    """Return the last instant whose outcomes a model has learnt from."""
    return int(model.training.get("labels_seen_until", history.data_end))


def _fair(champion: Model, challenger: Model, history: History, *, step_days: int) -> list[int]:
    definition = challenger.definition
    seen, last = (
        max(_seen(champion, history), _seen(challenger, history)),
        definition.last_mature_cutoff(history),
    )
    chosen = []
    for k in range(_MOST_CUTOFFS):
        t = history.days_before(last, k * step_days)
        if t < seen:
            break
        chosen.append(t)
    if not chosen:
        old, new = (history.date(_seen(m, history)) for m in (champion, challenger))
        raise ModelError(
            "There are no later data to compare champion and challenger on",
            given=f"the champion has seen outcomes up to {old}, the challenger up to {new}; the last cutoff whose "
            f"outcome is known is {history.date(last)}",
            fix=f"Wait until the data reach {history.date(seen + definition.window_us)} and promote then, or promote "
            "with --force.",
            code="no-later-data",
        )
    return chosen[::-1]


def _given(champion: Model, challenger: Model, history: History, cutoffs: Sequence[Instant]) -> list[int]:
    chosen = sorted({history.instant(c) for c in cutoffs})
    for t in chosen:
        check_mature(history, challenger.definition, t)
        for name, model in (("champion", champion), ("challenger", challenger)):
            if t < _seen(model, history):
                raise ParameterError(
                    f"The {name} has learnt from outcomes after the cutoff {history.date(t)}",
                    given=f"outcomes up to {history.date(_seen(model, history))}",
                    allowed="cutoffs from then on",
                    fix="Name a later cutoff.",
                    code="seen",
                )
    return chosen


def _columns(signals: Sequence[Signal], wanted: Sequence[Signal]) -> list[int]:
    place = {signal: i for i, signal in enumerate(signals)}
    return [place[signal] for signal in wanted]
