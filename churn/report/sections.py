"""What stands below the list, as plain blocks for the template: heading, words, pictures with their data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from churn.report.folder import NightFolder


@dataclass(frozen=True)
class Block:
    """A picture with its data, or a table alone where `svg` is empty."""

    title: str
    caption: str = ""
    svg: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: frozenset[int] = frozenset()  # columns that are aligned right
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """A part of the page; `missing` says what is not there and which command makes it."""

    key: str
    title: str
    words: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    missing: tuple[str, ...] = field(default=())


def sections(night: NightFolder) -> dict[str, Section]:
    """Return the sections of the page by key, each of them also where its files are missing."""
    makers: dict[str, Callable[[NightFolder], Section]] = {
        "retention": _retention,
        "drivers": _drivers,
        "cohorts": _cohorts,
        "belief": _belief,
        "health": _health,
    }
    return {key: make(night) for key, make in makers.items()}


def missing(night: NightFolder, *files: str) -> tuple[str, ...]:
    """Say which of some files are missing, and which command writes them."""
    return tuple(
        f"{name} is not in this night's folder. {night.missing[name]} writes it."
        for name in files
        if name in night.missing
    )


def _retention(night: NightFolder) -> Section:
    return Section("retention", "Retention", missing=missing(night, "retention.json"))


def _drivers(night: NightFolder) -> Section:
    return Section("drivers", "What drives risk in this base", missing=missing(night, "model.json"))


def _cohorts(night: NightFolder) -> Section:
    return Section("cohorts", "Cohorts", missing=missing(night, "retention.json"))


def _belief(night: NightFolder) -> Section:
    facts: dict[str, Any] = night.summary.get("model") or {}
    words = (str(facts["base_rate"]["said"]),) if isinstance(facts.get("base_rate"), dict) else ()
    return Section("belief", "How far the model can be believed", words, missing=missing(night, "model.json"))


def _health(night: NightFolder) -> Section:
    return Section("health", "Data health", missing=missing(night, "health.json"))
