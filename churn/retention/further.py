"""What a night counts besides the retention series: cohorts, survival and purchases."""

from __future__ import annotations

from churn.config.retention import Every, RetentionSettings
from churn.data.base import CustomerBase
from churn.definition import Definition
from churn.retention.cohorts import CohortTally
from churn.retention.purchases import PurchaseTally
from churn.retention.survival import SurvivalTally

_LONG: tuple[Every, ...] = ("month", "quarter", "year")


def further_tallies(
    base: CustomerBase, definition: Definition, cutoff: int, calendar: RetentionSettings
) -> dict[str, CohortTally | SurvivalTally | PurchaseTally]:
    """Return the tallies of a night at a cutoff T, by their name in ``retention.json``.

    They go by the configured period where that is a month or longer, and by the month else: a triangle of days
    has more cells than a report can show.

    Examples
    --------
    >>> import churn
    >>> base = CustomerBase.of(churn.make_shop(customers=50, seed=1).history())
    >>> list(further_tallies(base, churn.Inactivity(120, 45), base.closing, RetentionSettings(every="day")))
    ['cohorts', 'survival', 'purchases']
    """
    every: Every = calendar.every if calendar.every in _LONG else "month"
    return {
        "cohorts": CohortTally(base, definition, every, known_before=cutoff, settings=calendar),
        "survival": SurvivalTally(base, definition, known_before=cutoff, settings=calendar),
        "purchases": PurchaseTally(base, definition, every, known_before=cutoff, settings=calendar),
    }
