"""What the commands do with signals: list them, compute them, prove that they do not see the future."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.config import Config
    from churn.data.history import History
    from churn.features.catalogue import Schema
    from churn.features.parts import Parts
    from churn.features.signal import Signal
    from churn.features.timetravel import TimeTravelReport

_STANDING_FOR = "KIND, CHANNEL, SURVEY, PLAN and SEGMENT stand for the values found in your data."


def own_signals(settings: Config) -> tuple[Signal, ...]:
    """Return the signals of the Python files that a configuration names."""
    from churn.features.own import load_signals

    return load_signals([settings.place(f) for f in settings.features.python])


def choose(settings: Config | None, data: History | Schema | None, family: str | None = None) -> list[Signal]:
    """Return the catalogue, whole or of one family."""
    from churn.features.catalogue import catalogue

    if settings is None:
        signals = catalogue()
    else:
        signals = catalogue(data, settings=settings.features, own=own_signals(settings))
    families = list(dict.fromkeys(s.family for s in signals))
    if family is not None and family not in families:
        raise ParameterError(
            "There is no such family of signals",
            given=family,
            allowed=", ".join(families),
            fix="Use one of these.",
        )
    return [s for s in signals if family in (None, s.family)]


def as_dicts(signals: Sequence[Signal]) -> list[dict[str, Any]]:
    """Return signals as plain values for JSON."""
    return [
        {
            "name": s.name,
            "family": s.family,
            "topic": s.topic,
            "sources": list(s.sources),
            "measure": s.formula,
            "window_days": s.window_days,
            "unit": s.unit,
            "warns": s.warns,
            "meaning": s.meaning,
        }
        for s in signals
    ]


def listing(signals: Sequence[Signal]) -> str:
    """List signals by family, with unit, warning direction and meaning."""
    standing = any("KIND" in s.name or "CHANNEL" in s.name for s in signals)
    lines = [f"{len(signals)} signals.{' ' + _STANDING_FOR if standing else ''}"]
    family = ""
    for s in signals:
        if s.family != family:
            family = s.family
            lines += ["", family.upper()]
        warns = "" if s.warns == "either" else f"; {s.warns} values warn"
        lines.append(f"  {s.name}  ({s.unit}{warns})")
        lines += textwrap.wrap(s.meaning, 100, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


@dataclass(frozen=True)
class Rows:
    """Where signals are computed from: the parts of a log, read one by one."""

    parts: Parts
    count: int
    timezone: str
    schema: Schema
    data_end: int


def open_rows(settings: Config) -> Rows:
    """Open the saved log without reading it, or read the sources."""
    from churn.data.load import load_history
    from churn.features.catalogue import Schema
    from churn.features.executor import Source
    from churn.features.parts import parts_of

    if settings.log.path is None:
        history = load_history(settings)
        schema, timezone, end = Schema.of(history), history.timezone, history.data_end
    else:
        from churn.data.store import LogStore

        store = LogStore.of(settings)
        schema, timezone = Schema.of_summary(store.summary()), store.manifest.timezone
        end = store.data_end
        if not settings.features.python:  # functions see all customers at once
            return Rows(
                lambda tables: (Source.of(store.load(b, tables)) for b in range(store.buckets)),
                store.buckets,
                timezone,
                schema,
                end,
            )
        history = store.load()
    pieces = parts_of(history)
    return Rows(lambda _: pieces, len(pieces), timezone, schema, end)


def compute(
    settings: Config, rows: Rows, signals: Sequence[Signal], as_of: Sequence[str], out: Path | None
) -> list[Path]:
    """Compute signals at cutoffs and write one file for each; return the files."""
    from churn.data.history import DAY_US, date_text, read_instant
    from churn.features.parts import compute_parts, write_parts

    cutoffs = sorted({read_instant(text, rows.timezone) for text in as_of})
    if cutoffs[-1] > rows.data_end + DAY_US:
        raise ParameterError(
            f"The cutoff {date_text(cutoffs[-1], rows.timezone)} lies after the end of the data",
            given=f"the last order is of {date_text(rows.data_end, rows.timezone)}",
            fix="Choose an earlier cutoff, bring newer data, or set data_end to the time of the extract.",
            code="immature",
        )
    names = {c: f"{date_text(c, rows.timezone).replace(':', '').replace(' ', 'T')}.parquet" for c in cutoffs}
    folder = out or settings.place(settings.output) / settings.name / "features"
    write_parts(compute_parts(rows.parts, rows.count, cutoffs, signals), signals, names, folder)
    return [folder / names[c] for c in cutoffs]


def prove(history: History, settings: Config, as_of: Sequence[str]) -> TimeTravelReport:
    """Change the future at some cutoffs and compare all signals there."""
    from churn.features.timetravel import check_time_travel, default_cutoffs

    cutoffs = sorted(history.instant(text) for text in as_of) or default_cutoffs(history)
    return check_time_travel(history, cutoffs, choose(settings, history))


def page() -> str:
    """Return the page of the documentation that lists the catalogue, the measures and the filters."""
    from importlib.resources import files

    from jinja2 import Environment, StrictUndefined

    from churn.features.catalogue import catalogue
    from churn.features.formulas import described

    text = files("churn.cli").joinpath("signals.md.jinja").read_text(encoding="utf-8")
    # Markdown and not HTML: what is filled in is our own.
    template = Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False).from_string(text)  # noqa: S701
    signals = catalogue()
    return template.render(
        signals=signals,
        families=list(dict.fromkeys(s.family for s in signals)),
        standing_for=_STANDING_FOR,
        measures=described("measures"),
        filters=described("filters"),
        columns=described("columns"),
    )
