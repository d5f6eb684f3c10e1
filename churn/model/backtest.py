"""The backtest: the model as it would have been at several earlier cutoffs, judged on what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config import EconomicsSettings, FeatureSettings, ScoringSettings, TrainingSettings
from churn.data.history import History, Instant, check_history
from churn.definition import Definition
from churn.display import Rendered
from churn.features.signal import Signal
from churn.files import replacing_folder, write_json
from churn.model.backtest_plots import backtest_figures
from churn.model.cutoffs import choose_cutoffs
from churn.model.economics import Profit, profit
from churn.model.evaluate import Evaluation, Judged, evaluate_parts
from churn.model.jobs import run_jobs
from churn.model.leadtime import LeadTime, lead_time
from churn.model.replay import Plan, Replayed, Skipped, replay
from churn.model.segments import SegmentResult, judge_segments, segments_text
from churn.model.suspicion import Suspicion, suspect
from churn.model.tables import added_table, added_text, evaluation_tables, segments_table
from churn.model.verdict import backtest_verdict, best_baseline
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 3


@dataclass(frozen=True)
class FoldResult:
    """One cutoff of a backtest.

    Attributes
    ----------
    cutoff : str
        Its local date.
    evaluation : Evaluation
        The figures there.
    facts : dict
        Rows, snapshots, and what the fit chose.
    """

    cutoff: str
    evaluation: Evaluation
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Backtest(Rendered):
    """A model judged at several earlier cutoffs, as if each were today.

    Attributes
    ----------
    definition : str
        What churn means, in words.
    folds : list of FoldResult
        By cutoff, oldest first.
    pooled : Evaluation
        All cutoffs together: a figure is the mean of the cutoffs' figures.
    verdict : str
        In plain words, whether the model is worth using.
    warnings : tuple of str
        What a reader must know first: suspected leaks, cutoffs left out.
    skipped : tuple of Skipped
        Cutoffs that could not be judged.
    profit : Profit or None
        What contacting customers would have earned; None where the economics are not given.
    lead : LeadTime or None
        How early those who left had been flagged.
    segments : tuple of SegmentResult
        The figures by segment.
    ablation, learning : Evaluation or None
        The model beside models fitted without a group of signals, and on less data.
    suspicions : tuple of Suspicion
        Suspected leaks.
    missing : tuple of str
        Keys under ``economics`` that the profit needs and that are not given.
    """

    definition: str
    folds: list[FoldResult]
    pooled: Evaluation
    verdict: str
    warnings: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    profit: Profit | None = None
    lead: LeadTime | None = None
    segments: tuple[SegmentResult, ...] = ()
    ablation: Evaluation | None = None
    learning: Evaluation | None = None
    suspicions: tuple[Suspicion, ...] = ()
    missing: tuple[str, ...] = ()

    def render(self) -> str:
        """Return the verdict, the warnings and the figures."""
        blocks = ["\n".join([self.verdict, *(f"! {w}" for w in self.warnings)]), self.pooled.render()]
        if self.profit is not None:
            blocks.append(self.profit.render())
        elif self.missing:
            keys = ", ".join(f"economics.{k}" for k in self.missing)
            blocks.append(f"Profit is left out: set {keys} in the configuration.")
        if self.lead is not None:
            blocks.append(self.lead.render())
        if self.ablation is not None:
            blocks.append(
                "What each group of signals adds (the model minus the model fitted without it):\n"
                + added_text(self.ablation)
            )
        if self.learning is not None:
            blocks.append(
                "What less data would cost (the model minus the model fitted on less):\n"
                + added_text(self.learning)
            )
        if self.segments:
            blocks.append("By segment:\n" + segments_text(self.segments))
        return "\n\n".join(blocks)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "definition": self.definition,
            "verdict": self.verdict,
            "warnings": list(self.warnings),
            "pooled": self.pooled.to_dict(),
            "folds": [
                {"cutoff": f.cutoff, "evaluation": f.evaluation.to_dict(), "facts": f.facts}
                for f in self.folds
            ],
            "skipped": [{"cutoff": s.cutoff, "why": s.why} for s in self.skipped],
            "profit": None if self.profit is None else self.profit.to_dict(),
            "economics_missing": list(self.missing),
            "lead_time": None if self.lead is None else self.lead.to_dict(),
            "segments": [
                {"segment": s.segment, "value": s.value, "evaluation": s.evaluation.to_dict()}
                for s in self.segments
            ],
            "ablation": None if self.ablation is None else self.ablation.to_dict(),
            "learning_curve": None if self.learning is None else self.learning.to_dict(),
            "suspicions": [
                {"what": s.what, "rule": s.rule, "text": s.text, **s.figure.__dict__} for s in self.suspicions
            ],
        }

    def write(self, folder: str | Path) -> Path:
        """Write every table as CSV, every picture as PNG and all of it as ``backtest.json``, all or nothing.

        Returns
        -------
        Path
            The folder.
        """
        target = Path(folder)
        report("Drawing the pictures")
        with replacing_folder(target) as fresh:
            for name, table in self.tables().items():
                table.to_csv(fresh / f"{name}.csv", index=False)
            for name, figure in self.figures().items():
                figure.savefig(fresh / f"{name}.png")
            write_json(fresh / "backtest.json", self.to_dict())
        return target

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the figures as frames, by name; the cutoff ``all`` is the mean of the cutoffs."""
        import pandas as pd

        out = evaluation_tables(self.pooled, [f.evaluation for f in self.folds])
        out["folds"] = pd.DataFrame(
            {"cutoff": f.cutoff, "test_rows": f.evaluation.rows, "churn_rate": f.evaluation.churn_rate}
            | {k: v for k, v in f.facts.items() if isinstance(v, (int, float, str))}
            for f in self.folds
        )
        if self.profit is not None:
            out |= self.profit.tables()
        for name, result in (("ablation", self.ablation), ("learning_curve", self.learning)):
            if result is not None:
                out[name] = added_table(result)
        if self.segments:
            out["segments"] = segments_table(self.segments)
        if self.lead is not None:
            out["lead_time"] = pd.DataFrame(self.lead.rows)
        return out

    def figures(self) -> dict[str, Any]:
        """Return the pictures as matplotlib figures, by name; each is drawn from one of the tables."""
        return backtest_figures(self.pooled, self.tables())


def backtest(
    history: History,
    definition: Definition,
    *,
    cutoffs: int | Sequence[Instant] = FOLDS,
    last: bool = False,
    settings: TrainingSettings | None = None,
    features: FeatureSettings | None = None,
    own: Sequence[Signal] = (),
    scoring: ScoringSettings | None = None,
    economics: EconomicsSettings | None = None,
    ablation: bool = True,
    learning_curve: bool = True,
    segments: bool = True,
    jobs: int = 2,
) -> Backtest:
    """Judge the model at several earlier cutoffs, as if each were today.

    Parameters
    ----------
    history : History
        The log.
    definition : Definition
        What churn means.
    cutoffs : int or sequence of date, default 3
        How many cutoffs, one label window apart, or which ones.
    last : bool, default False
        Whether the newest of them is the final test cutoff, the one ``churn train`` judges the model at. Left
        alone, it stays unseen while settings are chosen.
    settings : TrainingSettings, optional
        Test cutoff, days between snapshots, seed.
    features : FeatureSettings, optional
        Windows, days after which a complaint counts as ignored, signals given as expressions.
    own : sequence of Signal, optional
        Signals of your own, from `churn.signal`.
    scoring : ScoringSettings, optional
        The threshold of the at-risk list, for the lead time, and the currency.
    economics : EconomicsSettings, optional
        Costs and gains; without them the profit is left out.
    ablation : bool, default True
        Whether to fit again without each family of signals.
    learning_curve : bool, default True
        Whether to fit again on fewer customers and on fewer snapshots.
    segments : bool, default True
        Whether to judge by segment.
    jobs : int, default 2
        Cutoffs worked on at once, each in a process of its own with one thread.

    Returns
    -------
    Backtest
        The same for any number of jobs.

    Raises
    ------
    ParameterError
        A cutoff is no date, or its outcome is not known yet.
    ModelError
        At no cutoff there is enough to learn from.
    """
    check_history(history)
    settings = (settings or TrainingSettings()).model_copy(update={"threads": 1})
    own = (own,) if isinstance(own, Signal) else tuple(own)
    chosen = choose_cutoffs(history, definition, cutoffs, settings=settings, last=last)
    scoring, economics = scoring or ScoringSettings(), economics or EconomicsSettings()
    plan = Plan(
        history,
        definition,
        settings,
        features or FeatureSettings(),
        own,
        scoring,
        ablation,
        learning_curve,
    )
    steps = [plan.steps] * len(chosen)
    found = run_jobs("Backtesting", replay, [(plan, c) for c in chosen], jobs=jobs, steps=steps)
    good = [f for f in found if isinstance(f, Replayed)]
    skipped = tuple(f for f in found if isinstance(f, Skipped))
    if not good:
        raise skipped[-1].error
    parts, left_out = _comparable(good)
    seed = settings.seed
    each, pooled = evaluate_parts(parts, top=economics.capacity, seed=seed)
    best = best_baseline(pooled)
    suspicions = tuple(
        suspect(
            [p.predictions for p in parts],
            [p.y for p in parts],
            [p.customer for p in parts],
            [f.evidence for f in good],
            best,
            seed=seed,
        )
    )
    report("Judging profit, lead time and segments")
    earned = None if economics.missing else profit(parts, economics, currency=scoring.currency, seed=seed)
    lead = lead_time(history, definition, [w for f in good for w in f.watches], seed=seed)
    by_segment = judge_segments(parts, [f.segments for f in good], best, seed=seed) if segments else ()
    warnings = [f"SUSPECTED LEAK: {s.text}" for s in suspicions]
    warnings += [f"Not judged at {s.cutoff}: {s.why}" for s in skipped]
    warnings += [f"The baseline {b} is left out, as {why}." for b, why in left_out.items()]
    return Backtest(
        definition.describe(),
        [FoldResult(f.judged.cutoff, e, f.facts) for f, e in zip(good, each, strict=True)],
        pooled,
        backtest_verdict(pooled, each, profit=earned, suspicions=suspicions),
        tuple(warnings),
        skipped,
        earned,
        lead,
        by_segment,
        _beside(parts, [f.without for f in good], seed),
        _beside(parts, [f.less for f in good], seed),
        suspicions,
        economics.missing,
    )


def _beside(
    parts: Sequence[Judged], others: Sequence[Mapping[str, np.ndarray]], seed: int
) -> Evaluation | None:
    """Judge the model beside other fits of it, those that there are at every cutoff."""
    common = [n for n in others[0] if all(n in o for o in others)]
    if not common:
        return None
    both = [
        replace(p, predictions={"model": p.predictions["model"], **{n: o[n] for n in common}})
        for p, o in zip(parts, others, strict=True)
    ]
    return evaluate_parts(both, seed=seed)[1]


def _comparable(good: Sequence[Replayed]) -> tuple[list[Judged], dict[str, str]]:
    """Keep the predictors that are there at every cutoff, and say why others are not."""
    common = [n for n in good[0].judged.predictions if all(n in f.judged.predictions for f in good)]
    left_out = {b: f"{why} (at {f.judged.cutoff})" for f in good for b, why in f.left_out.items()}
    return [
        replace(f.judged, predictions={n: f.judged.predictions[n] for n in common}) for f in good
    ], left_out
