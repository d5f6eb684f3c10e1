"""What stands beside and below the list: for each section its words, and pictures with the data they are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from churn.progress import report
from churn.report import charts, charts_campaigns
from churn.report.belief import believed
from churn.report.charts import Chart
from churn.report.folder import NightFolder
from churn.report.health import health

_TOLD = 5  # campaigns that are told in sentences; the table has all


@dataclass(frozen=True)
class Block:
    """A chart as the template shows it; without a picture it is a table."""

    chart: Chart

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Columns that hold numbers and nothing else; they are aligned right."""
        return self.chart.numbers


@dataclass(frozen=True)
class Section:
    """A part of the page; `missing` says what is not there and which command makes it."""

    key: str
    title: str
    words: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    missing: tuple[str, ...] = ()


def sections(night: NightFolder) -> dict[str, Section]:
    """Return the sections of the page by key, each of them also where its files are missing."""
    makers: dict[str, Callable[[NightFolder], Section]] = {
        "retention": _retention,
        "drivers": _drivers,
        "cohorts": _cohorts,
        "belief": _belief,
        "health": _health,
    }
    if night.campaigns:
        makers["campaigns"] = _campaigns
    out = {}
    for number, (key, make) in enumerate(makers.items()):
        report("Drawing the report", number, len(makers))
        out[key] = make(night)
    report("Drawing the report", len(makers), len(makers))
    return out


def _blocks(*drawn: Chart | None) -> tuple[Block, ...]:
    return tuple(Block(c) for c in drawn if c is not None)


def _missing(night: NightFolder, *files: str) -> tuple[str, ...]:
    """Say which of some files are missing, and which command writes them."""
    return tuple(
        f"{name} is not in this night's folder. {night.missing[name]} writes it."
        for name in files
        if name in night.missing
    )


def _retention(night: NightFolder) -> Section:
    found = night.retention or {}
    outlook = found.get("outlook") or night.summary.get("retention") or {}
    now = outlook.get("current")
    words = [(found.get("series") or {}).get("late_rows"), *(found.get("notes") or [])]
    blocks = _blocks(
        charts.flow(now) if now else None,
        charts.trend(found.get("trend"), outlook),
    )
    return Section(
        "retention",
        "Retention",
        tuple(str(w) for w in words if w),
        blocks,
        _missing(night, "retention.json"),
    )


def _drivers(night: NightFolder) -> Section:
    model, summary = night.model or {}, night.summary
    rules, fallback = summary.get("stage_rules"), summary.get("fallback") or {}
    return Section(
        "drivers",
        "What drives risk in this base",
        (f"{fallback['said']}.",) if fallback.get("customers") else (),
        _blocks(
            charts.drivers(model.get("drivers"), night.currency),
            charts.importance(model),
            charts.stages(summary.get("stages"), rules if isinstance(rules, dict) else None),
        ),
        _missing(night, "model.json"),
    )


def _cohorts(night: NightFolder) -> Section:
    found = night.retention or {}
    groups = (found.get("by") or {}).values()
    return Section(
        "cohorts",
        "Cohorts, groups and purchases",
        (),
        _blocks(
            charts.triangle(found.get("cohorts")),
            charts.curve(found.get("cohorts")),
            charts.survival(found.get("survival")),
            charts.lifetime(found.get("purchases"), night.currency),
            charts.trend(found.get("series"), key="calendar"),
            *(charts.by_group(series, f"groups-{i}") for i, series in enumerate(groups)),
            charts.purchases(found.get("purchases"), night.currency),
            charts.recurring(found.get("purchases"), night.currency),
            charts.surveys(found.get("purchases")),
        ),
        _missing(night, "retention.json"),
    )


def _belief(night: NightFolder) -> Section:
    model = night.model or {}
    facts = night.summary.get("model") or {}
    base = facts.get("base_rate") or model.get("base_rate") or {}
    words = believed(model, str(base.get("said", "")), night.as_of)
    blocks = _blocks(
        charts.calibration(model),
        charts.gain(model),
        charts.baselines(model),
        charts.expected_and_actual((night.retention or {}).get("expected_and_actual")),
        charts.profit(model, night.currency),
        charts.by_cutoff(model),
        charts.segments(model),
        charts.ablation(model),
    )
    return Section(
        "belief", "How far the model can be believed", words, blocks, _missing(night, "model.json")
    )


def _campaigns(night: NightFolder) -> Section:
    """Tell what campaigns did: the night's list says whom to contact, and only a holdout says whether it helps."""
    words = [f"{c['campaign']}: {c['said']}" for c in night.campaigns]
    return Section(
        "campaigns",
        "What campaigns did",
        tuple(words[:_TOLD]),
        _blocks(charts_campaigns.effects(night.campaigns), charts_campaigns.results(night.campaigns)),
    )


def _health(night: NightFolder) -> Section:
    found = health(night.health, night.as_of)
    words = list(found.words) if found else []
    # What may harm the scores is among the warnings at the top; what is merely new is told here.
    changes, warnings = night.summary.get("changes") or [], night.summary.get("warnings") or []
    words += [str(c["text"]) for c in changes if c["text"] not in warnings]
    blocks = _blocks(found.tables, found.findings) if found else ()
    return Section("health", "Data health", tuple(words), blocks, _missing(night, "health.json"))
