"""Assembles the report: one HTML file that needs nothing else, and a digest in Markdown beside it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.display import format_amount, format_risk
from churn.files import replace_text
from churn.progress import report
from churn.report.charts_retention import expected_interval
from churn.report.digest import digest
from churn.report.embed import packed, safe_json
from churn.report.folder import NightFolder, read_night
from churn.report.rows import TOGETHER, list_payload, timeline_chunks
from churn.report.sections import sections
from churn.report.shell import render_page
from churn.report.verdict import three_sentences

if TYPE_CHECKING:
    import pandas as pd

_SCRIPTS = (
    "data.js",
    "words.js",
    "select.js",
    "filters.js",
    "details.js",
    "table.js",
    "export.js",
    "theme.js",
    "main.js",
)
PRINTED = 50  # rows of the list on paper


def write_report(
    folder: str | Path, out: str | Path | None = None, *, contact: pd.DataFrame | None = None
) -> Path:
    """Write the report of one night as one HTML file that needs no network, and its digest.

    Parameters
    ----------
    folder : str or Path
        What a night wrote: ``OUTPUT/NAME/DATE``. A file that is missing there leaves a section that says so.
    out : str or Path, optional
        The HTML file; ``report.html`` in the folder when left out, with ``digest.md`` beside it.
    contact : pandas.DataFrame, optional
        Personal data to show, a column ``customer`` and one column each. Nothing personal beyond the id is in the
        report when left out.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    MissingFileError
        The folder is not that of a night.
    DataError
        A file in it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from churn.files import write_json
    >>> night = Path(tempfile.mkdtemp(), "shop", "2025-12-31")
    >>> night.mkdir(parents=True)
    >>> write_json(night / "summary.json", {"as_of": "2025-12-31", "population": 10, "at_risk": 0})
    >>> write_report(night).name
    'report.html'
    """
    night = read_night(folder)
    target = Path(out) if out is not None else night.path / "report.html"
    replace_text(target, render(night, contact))
    if out is None:  # elsewhere a file of this name may be somebody's
        replace_text(night.path / "digest.md", digest(folder))
    return target


def render(night: NightFolder, contact: pd.DataFrame | None = None) -> str:
    """Return the page of one night."""
    report("Writing the report")
    payload = list_payload(night, contact)
    summary = night.summary
    outlook = (night.retention or {}).get("outlook") or summary.get("retention") or {}
    return render_page(
        "page.html.j2",
        _SCRIPTS,
        title=f"{night.name}, {night.as_of}: customers at risk and retention",
        night=night,
        summary=summary,
        outlook=outlook,
        interval=expected_interval(outlook),
        verdict=three_sentences(summary, night.model),
        warnings=[str(w) for w in summary.get("warnings", [])],
        sections=sections(night),
        printed=_printed(night),
        payload=payload,
        has_list=night.at_risk is not None,
        data=packed(payload),
        timeline=safe_json({"packets": timeline_chunks(night), "together": TOGETHER}),
        has_timeline=night.timeline is not None,
    )


def _printed(night: NightFolder) -> list[dict[str, str]]:
    """Return the first rows of the list as texts, for paper and for browsers without JavaScript."""
    if night.at_risk is None:
        return []
    return [_line(row, night.currency) for row in night.at_risk.head(PRINTED).to_dict("records")]


def _line(row: dict[Any, Any], currency: str) -> dict[str, str]:
    overdue, p, stake = (row.get(k) for k in ("days_overdue", "churn_probability", "value_at_stake"))
    reasons = (str(row.get(c) or "") for c in ("reason_1", "reason_2", "reason_3"))
    return {
        "rank": str(row.get("rank", "")),
        "customer": str(row["customer"])[:80],
        "risk": "" if p is None else format_risk(p),
        "band": str(row.get("risk_band", "")),
        "stake": "" if stake is None else format_amount(stake, currency),
        "last_order": str(row.get("last_order") or "none"),
        "overdue": "" if overdue is None or math.isnan(overdue) else f"{overdue:.0f}",
        "reasons": "; ".join(r[:200] for r in reasons if r),
    }
