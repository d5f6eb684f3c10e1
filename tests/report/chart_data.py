"""Data of charts for tests, in the form in which a night writes them, and how their SVG is read."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from churn.report.charts_draw import Chart

HOSTILE = '<script>alert("x")</script> & $a$ \u202e'


def period(start: str, rate: float = 0.9, s: int = 100, **more: Any) -> dict[str, Any]:
    retained = round(rate * s)
    new, back = 6, 4
    return {
        "period_start": start,
        "period_end": f"{start}+",
        "S": s,
        "E": retained + new + back,
        "N": new + back,
        "retained": retained,
        "lost": s - retained,
        "new": new,
        "reactivated": back,
        "retention_rate": retained / s if s else None,
        "rate_low": rate - 0.05 if s else None,
        "rate_high": rate + 0.04 if s else None,
        "running": False,
        "small": False,
        **more,
    }


def parsed(chart: Chart) -> ElementTree.Element:
    """Read the picture as XML, and hold what every picture promises."""
    root = ElementTree.fromstring(chart.svg)
    svg = root if root.tag == "svg" else root.find("svg")
    assert svg is not None
    assert svg.get("role") == "img"
    named = svg.get("aria-labelledby").split()
    ids = [e.get("id") for e in svg.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert set(named) <= set(ids)
    assert svg.find("title").text == chart.title
    assert svg.find("desc").text
    assert svg.get("width") is None
    assert re.fullmatch(r"0 0 [\d.]+ [\d.]+", svg.get("viewBox"))
    colours = set(re.findall(r"#[0-9a-fA-F]{6}\b", chart.svg))
    assert not colours, f"colours that are not the page's: {colours}"
    assert "<style" not in chart.svg
    assert all(len(row) == len(chart.columns) for row in chart.rows)
    assert all(isinstance(cell, str) for row in chart.rows for cell in row)
    return svg


def texts(chart: Chart) -> list[str]:
    return ["".join(e.itertext()) for e in parsed(chart).iter("text")]
