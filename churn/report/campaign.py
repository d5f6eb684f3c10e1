"""The page of a campaign's measurement: made of ``measurement.json`` alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn.campaigns.measurement.contrast import format_measure
from churn.campaigns.measurement.result import Measurement
from churn.display import format_amount, format_count
from churn.errors import DataError, MissingFileError
from churn.files import replace_text
from churn.report import charts_campaign as charts
from churn.report.charts_draw import Chart
from churn.report.sections import Block, Section
from churn.report.shell import render_page

_HEADINGS = {
    "measured": "The result",
    "interim": "The result so far",
    "not enough data": "No result yet",
}


def write_measurement_page(folder: str | Path) -> Path:
    """Write ``measurement.html`` beside ``measurement.json``.

    Parameters
    ----------
    folder : str or Path
        Of the campaign: ``PLANS/CAMPAIGN``.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    MissingFileError
        There is no ``measurement.json``.
    DataError
        It cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> empty = Measurement("winter", "2026-01-06", "not enough data", "2026-03-06", "Not enough data yet.")
    >>> _ = (folder / "measurement.json").write_text(json.dumps(empty.to_dict()))
    >>> write_measurement_page(folder).name
    'measurement.html'
    """
    path = Path(folder)
    found = read_json(path / "measurement.json", "churn campaign measure POLICY")
    target = path / "measurement.html"
    replace_text(target, render_measurement(found))
    return target


def render_measurement(found: Mapping[str, Any]) -> str:
    """Return the page of a measurement."""
    values = Measurement.of(found).to_dict()  # with every key, and refused where it is something else
    checks = values["checks"]
    return render_page(
        "measurement.html.j2",
        ("theme.js", "ready.js"),
        title=f"{values['campaign']}: what the campaign did",
        found=values,
        heading=_HEADINGS[values["status"]],
        said=values["said"],
        rates=_rates(values),
        warnings=[str(c.get("text", "")) for c in checks if c.get("is_warning")],
        parts=[_effects(values), _money(values), _checks(checks), _method(values)],
    )


def read_json(file: Path, made_by: str) -> Any:
    """Read one of a campaign's files.

    Raises
    ------
    MissingFileError
        It is not there.
    DataError
        It is no JSON.
    """
    if not file.is_file():
        raise MissingFileError(f"There is no {file.name} in {file.parent}", fix=f"Write it with {made_by}.")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(
            f"{file} cannot be read",
            given=str(error).splitlines()[0],
            fix=f"Write it again with {made_by}.",
        ) from error


def _rates(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the main figures: effect, arms, cost."""
    main = next((e for e in found["effects"] if e["measure"] == "retained" and e["main"]), None)
    if main is None or main["effect"] is None:
        return []
    interim = found["status"] == "interim"
    ends = main["always_valid"] if interim else main
    span = (
        ""
        if not ends
        else " to ".join(format_measure("retained", ends[k], signed=True) for k in ("low", "high"))
    )
    out = [
        {
            "label": "More customers kept",
            "figure": format_measure("retained", main["effect"], signed=True),
            "note": f"95 %{', at any look' if interim else ''}: {span}" if span else "no interval",
        }
    ]
    for name, label in charts.ARMS.items():
        arm = found["arms"].get(name) or {}
        out.append(
            {
                "label": f"Kept, {label}",
                "figure": format_measure("retained", arm.get("retained")) or "not known",
                "note": f"{format_count(arm.get('known') or 0)} of {format_count(arm.get('assigned') or 0)} known",
            }
        )
    spent = found["spent"]
    if spent:
        out.append(
            {
                "label": "Spent",
                "figure": format_amount(spent.get("spent") or 0.0, found["currency"]),
                "note": f"{format_count(spent.get('contacts') or 0)} contacts",
            }
        )
    return out


def _blocks(*drawn: Chart | None) -> tuple[Block, ...]:
    return tuple(Block(c) for c in drawn if c is not None)


def _effects(found: Mapping[str, Any]) -> Section:
    words = [str((found["visible"] or {}).get("said") or "")]
    if found["global_holdout"]:
        words.append(_against_global(found["global_holdout"]))
    blocks = _blocks(charts.effects(found), charts.measures(found), charts.days(found))
    missing = () if blocks else ("Nothing can be compared yet.",)
    return Section("effects", "Contacted against held out", tuple(w for w in words if w), blocks, missing)


def _money(found: Mapping[str, Any]) -> Section:
    words = [str((found[k] or {}).get("said") or "") for k in ("spent", "profit")]
    missing = () if found["forecast"] else ("The forecast is set beside what came when the days are over.",)
    return Section(
        "money",
        "Cost, profit and the plan's forecast",
        tuple(w for w in words if w),
        _blocks(charts.forecast(found)),
        missing,
    )


def _checks(checks: list[dict[str, Any]]) -> Section:
    words = [f"{'Look at it: ' if c.get('is_warning') else ''}{c.get('text', '')}" for c in checks]
    return Section("checks", "Checks", tuple(words), (), () if words else ("Nothing was checked yet.",))


def _method(found: Mapping[str, Any]) -> Section:
    used = list(dict.fromkeys(e["note"] for e in found["effects"] if e["main"] and e["note"]))
    words = [*map(str, found["method"]), *(f"Used here: {u}." for u in used)]
    return Section("method", "How it was measured", tuple(words))


def _against_global(row: Mapping[str, Any]) -> str:
    if row.get("effect") is None:
        return f"Against the global holdout nothing can be compared: {row.get('note', '')}."
    effect, low, high = (format_measure("retained", row[k], signed=True) for k in ("effect", "low", "high"))
    return (
        f"All campaigns together: {format_count(row['treated'])} customers whom campaigns may touch against "
        f"{format_count(row['holdout'])} whom none may: {effect} kept (95 %: {low} to {high})."
    )
