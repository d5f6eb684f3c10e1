"""Everything that one night produces, and its folder, which the report reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.measurement.overview import measured_campaigns
from churn.config import Config, EconomicsSettings, RetentionSettings, ScoringSettings, ValueSettings
from churn.data.base import CustomerBase
from churn.data.checks import CheckReport
from churn.data.history import History, Instant
from churn.data.store import LogStore
from churn.display import Rendered
from churn.files import replacing_folder, write_json
from churn.model.bundle import Model
from churn.progress import report
from churn.retention.further import further_tallies
from churn.retention.overview import Overview, OverviewTally
from churn.scoring.belief import believe
from churn.scoring.context import Context, context_of
from churn.scoring.listing import list_rule
from churn.scoring.result import Scores
from churn.scoring.score import prepare, score_base
from churn.scoring.timeline import TIMELINE_COLUMNS, timeline

if TYPE_CHECKING:
    import pandas as pd

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
        What happened with the listed customers, newest first; columns as in `TIMELINE_COLUMNS`; of the
        first 10,000 where the list is longer.
    segments : pandas.DataFrame
        The listed customers' segments.
    belief : dict
        How far the model can be believed, and what drives risk tonight.
    health : CheckReport
        What was set aside on the way in, and why.
    context : Context
        What scoring one customer needs to know of all the others.
    campaigns : list of dict
        What past campaigns did, as it was known at the cutoff; see `measured_campaigns`.
    """

    scores: Scores
    overview: Overview
    timeline: pd.DataFrame
    segments: pd.DataFrame
    belief: dict[str, Any]
    health: CheckReport
    context: Context = field(repr=False)
    campaigns: list[dict[str, Any]] = field(default_factory=list)

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
            self.segments.to_parquet(fresh / "segments.parquet", index=False)
            write_json(fresh / "retention.json", self.overview.to_dict())
            write_json(fresh / "model.json", self.belief)
            write_json(fresh / "health.json", self.health.to_dict())
            write_json(fresh / "campaigns.json", self.campaigns)
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
    runs: pd.DataFrame | None = None,
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
    runs : pandas.DataFrame, optional
        Earlier nights from `churn.scoring.record.past_runs`; what they expected is set beside what came.
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
    list_rule(scoring, economics)  # before anything is computed
    base, t = prepare(model, data, as_of)
    definition = model.definition
    others = further_tallies(base, definition, t, calendar)
    counted, health = OverviewTally(base, definition, t, calendar, others, runs), HealthTally()
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
    events, people = about_listed(base, scores.at_risk["customer"], t, currency=scoring.currency)
    backtest = settings.place(settings.output) / settings.name / "backtest" if settings else None
    report("Judging the model")
    belief = believe(model, backtest, at_risk=scores.at_risk, reasons=scores.reasons)
    overview = counted.result(found.churn_probability, found.recency_days, level_sd=found.forecast.level_sd)
    context = context_of(found, model, base, t, scoring.slipping_after)
    campaigns = measured_campaigns(settings.place(settings.campaigns), scores.as_of) if settings else []
    return Night(scores, overview, events, people, belief, health.report, context, campaigns)


def about_listed(
    base: CustomerBase,
    customers: pd.Series,
    cutoff: int,
    *,
    currency: str = "",
    most: int = MOST_TIMELINES,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what happened with the first customers of a list, and the segments of all of them, in one pass.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    customers : pandas.Series
        The list; both frames are in its order.
    cutoff : int
        The instant T.
    currency : str
        Before amounts.
    most : int, default 10,000
        Of how many customers the events are told.
    """
    import pandas as pd

    ids = pd.Index(customers)
    frames: list[pd.DataFrame] = []
    segments = {name: np.full(len(ids), "", dtype=object) for name in base.segments}
    for number, part in enumerate(base.parts() if len(ids) else ()):
        report("Telling what happened", number, base.count)
        at = part.customers.get_indexer(ids)
        here = np.flatnonzero(at >= 0)
        told = here[here < most]
        if len(told):
            frames.append(timeline(part, at[told], cutoff, currency=currency))
        for name, category in part.segments.items():
            labels = np.array([*category.labels, ""], dtype=object)  # code -1: the last, empty one
            segments[name][here] = labels[category.codes[at[here]]]
    report("Telling what happened", base.count, base.count)
    people = pd.DataFrame({"customer": ids, **{k: pd.array(v, dtype="str") for k, v in segments.items()}})
    if not frames:
        return pd.DataFrame(columns=list(TIMELINE_COLUMNS)), people
    together = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    rank = ids.get_indexer(pd.Index(together["customer"]))
    return together.iloc[np.argsort(rank, kind="stable")].reset_index(drop=True), people


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
