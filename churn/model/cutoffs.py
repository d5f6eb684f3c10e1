"""Which cutoffs a backtest judges: before the final one, and no day twice."""

from __future__ import annotations

from collections.abc import Sequence

from churn.config import TrainingSettings
from churn.data.history import History, Instant
from churn.definition import Definition
from churn.errors import ParameterError
from churn.model.fold import check_mature, final_cutoff


def choose_cutoffs(
    history: History,
    definition: Definition,
    cutoffs: int | Sequence[Instant],
    *,
    settings: TrainingSettings,
    last: bool = False,
) -> list[int]:
    """Return the instants of the cutoffs, oldest first.

    Those chosen by number lie one label window apart, so that no day is judged twice, and the newest one's
    window ends by the final test cutoff (the settings' one, or the last mature one): nothing of its outcome
    is seen.

    Raises
    ------
    ParameterError
        A cutoff is no date or not mature, or there are none.
    """
    if isinstance(cutoffs, int):
        if isinstance(cutoffs, bool) or cutoffs < 1:
            raise ParameterError(
                "There is no such number of cutoffs", given=repr(cutoffs), allowed="whole numbers from 1"
            )
        final = final_cutoff(history, definition, settings)
        back = range(cutoffs) if last else range(1, cutoffs + 1)
        found = _window_apart(history, definition, final, back)
        chosen = sorted(c for c in found if c > history.data_start)
    else:
        chosen = sorted({history.instant(c) for c in cutoffs})
    if not chosen:
        raise ParameterError(
            "There is no cutoff to judge the model at",
            given="none"
            if not isinstance(cutoffs, int)
            else f"orders since {history.date(history.data_start)}",
            fix="Name cutoffs, shorten horizon_days, or bring more history.",
            code="no-cutoffs",
        )
    for cutoff in chosen:
        check_mature(history, definition, cutoff)
    return chosen


def _window_apart(history: History, definition: Definition, final: int, back: range) -> list[int]:
    """Return cutoffs, each at least a label window before the next: midnights, or those that a definition brings."""
    found, limit = [], final - back[0] * definition.window_us
    for _ in back:
        cutoff = definition.cutoff_before(history, limit)
        if cutoff is None:
            break
        found.append(cutoff)
        limit = cutoff - definition.window_us
    return found
