"""Everything that one night produces, and its folder, which the report reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config import Config, EconomicsSettings, RetentionSettings, ScoringSettings, ValueSettings
from churn.data.base import CustomerBase
from churn.data.checks import CheckReport
from churn.data.history import History, Instant
from churn.data.store import LogStore
from churn.display import Rendered
from churn.files import replacing_folder, write_json
from churn.model.bundle import Model
from churn.progress import report
from churn.retention.cohorts import CohortTally
from churn.retention.overview import Overview, OverviewTally
from churn.retention.survival import SurvivalTally
from churn.scoring.belief import believe
from churn.scoring.context import Context
from churn.scoring.result import Scores
from churn.scoring.score import prepare, score_base
from churn.scoring.timeline import TIMELINE_COLUMNS, timeline

if TYPE_CHECKING:
    import pandas as pd

    from churn.retention.overview import Counted

MOST_TIMELINES = 10_000  # customers whose events are written: nobody opens more


@dataclass(frozen=True, repr=False)
class Night(Rendered):
    """Everything that one night produces.

    Attributes
    ----------
    scores : Scores
        The at-risk customers beside the retention rate, and everybody who is known.
    overview : Overview
        Retention by period, segment and channel, cohorts, and what is expected.
    timeline : pandas.DataFrame
        What happened with the listed customers, newest first; columns as in `TIMELINE_COLUMNS`.
    belief : dict
        How far the model can be believed, and what drives risk tonight.
    health : CheckReport
        What was set aside on the way in, and why.
    context : Context
        What scoring one customer needs to know of all the others.
    """

    scores: Scores
    overview: Overview
    timeline: pd.DataFrame
    belief: dict[str, Any]
    health: CheckReport
    context: Context = field(repr=False)

    def write(self, folder: str | Path, finish: Callable[[Path], object] | None = None) -> Path:
        """Write everything into a folder, all or nothing; what was there stays until it is complete.

        Parameters
        ----------
        folder : str or Path
            Where.
        finish : callable, optional
            Gets the fresh folder with all files in it and may add its own, such as a report.

        Returns
        -------
        Path
            The folder.
        """
        target = Path(folder)
        report("Writing the night")
        with replacing_folder(target, replaces=("report.html", "digest.md")) as fresh:
            self.scores.write_files(fresh)
            self.timeline.to_parquet(fresh / "timeline.parquet", index=False)
            write_json(fresh / "retention.json", self.overview.to_dict())
            write_json(fresh / "model.json", self.belief)
            write_json(fresh / "health.json", self.health.to_dict())
            self.context.write(fresh)
            if finish is not None:
                finish(fresh)
        return target

    def render(self) -> str:
        """Return the retention rate and the first at-risk customers."""
        return self.scores.render()


def run_night(
    model: Model,
    data: History | LogStore | CustomerBase,
    as_of: Instant | None = None,
    *,
    settings: Config | None = None,
    scoring: ScoringSettings | None = None,
    expected_and_actual: Sequence[dict[str, Any]] = (),
    threads: int | None = None,
) -> Night:
    """Score all customers and work out everything else that a night's folder holds.

    The customers are gone through part by part: once for what compares them, once for everything that is counted
    and scored, and once more for what happened with the listed ones.

    Parameters
    ----------
    model : Model
        From `churn.train` or `churn.load_model`.
    data : History, LogStore or CustomerBase
        The log; nothing at or after the cutoff is seen.
    as_of : date, datetime or str, optional
        The cutoff T; the midnight after the last order when left out.
    settings : Config, optional
        Rule of the list, value, economics, calendar of the retention figures, and where a backtest was written.
    scoring : ScoringSettings, optional
        Instead of those of `settings`.
    expected_and_actual : sequence of dict, optional
        Earlier nights' expected retention beside what came.
    threads : int, optional
        Of the predictions; those of ``settings.training`` when left out, else 2.

    Returns
    -------
    Night

    Raises
    ------
    ParameterError, ModelError, DataError
        As `churn.score`.

    Examples
    --------
    >>> import churn
    >>> from churn.data.store import LogStore
    >>> settings = churn.read_config("churn.yaml")  # doctest: +SKIP
    >>> night = run_night(model, LogStore.of(settings), settings=settings)  # doctest: +SKIP
    >>> night.write("out/2025-11-01")  # doctest: +SKIP
    """
    scoring = scoring or (settings.scoring if settings else ScoringSettings())
    value = settings.value if settings else ValueSettings()
    economics = settings.economics if settings else EconomicsSettings()
    calendar = settings.retention if settings else RetentionSettings()
    threads = threads or (settings.training.threads if settings else 2)
    base, t = prepare(model, data, as_of)
    definition = model.definition
    others: dict[str, Counted] = {
        "cohorts": CohortTally(base, definition, known_before=t, settings=calendar),
        "survival": SurvivalTally(base, definition, known_before=t, settings=calendar),
    }
    counted, health = OverviewTally(base, definition, t, calendar, others), HealthTally()
    found = score_base(
        model,
        base,
        t,
        settings=scoring,
        value=value,
        economics=economics,
        threads=threads,
        tallies=(counted, health),
    )
    scores = found.scores
    events = timelines(base, scores.at_risk["customer"], t, currency=scoring.currency)
    backtest = settings.place(settings.output) / settings.name / "backtest" if settings else None
    report("Judging the model")
    belief = believe(model, backtest, at_risk=scores.at_risk, reasons=scores.reasons)
    overview = counted.result(found.churn_probability, found.recency_days, expected_and_actual)
    return Night(scores, overview, events, belief, health.report, found.context)


def timelines(
    base: CustomerBase,
    customers: pd.Series,
    cutoff: int,
    *,
    currency: str = "",
    most: int = MOST_TIMELINES,
) -> pd.DataFrame:
    """Return what happened with the first customers of a list, newest first, in the order of the list."""
    import pandas as pd

    ids = pd.Index(customers.iloc[:most])
    frames = []
    for number, part in enumerate(base.parts() if len(ids) else ()):
        report("Telling what happened", number, base.count)
        positions = part.customers.get_indexer(ids)
        if (positions >= 0).any():
            frames.append(timeline(part, positions[positions >= 0], cutoff, currency=currency))
    report("Telling what happened", base.count, base.count)
    if not frames:
        return pd.DataFrame(columns=list(TIMELINE_COLUMNS))
    together = pd.concat(frames, ignore_index=True)
    rank = ids.get_indexer(pd.Index(together["customer"]))
    return together.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True)


class HealthTally:
    """Puts the checks of the parts together: what was found is told once, customers are added up."""

    def __init__(self) -> None:
        self._found: CheckReport | None = None
        self._customers: dict[str, int] = {}

    def add(self, part: History) -> None:
        """Take the checks of a part."""
        self._found = self._found or part.checks
        for table in part.checks.tables:
            whole = table.table == "customers"  # of which each part knows the number of the whole
            before = 0 if whole else self._customers.get(table.table, 0)
            self._customers[table.table] = before + table.customers

    @property
    def report(self) -> CheckReport:
        """The checks of the whole."""
        assert self._found is not None
        tables = tuple(replace(t, customers=self._customers[t.table]) for t in self._found.tables)
        return replace(self._found, tables=tables)
