"""How a picture becomes inline SVG: real text, the colours of the page, the same bytes from the same data.

matplotlib draws in stand-in colours, which become CSS variables of the page, so that one picture serves light and dark.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 430, 270
FONT = 12.0
_LARGEST = 1.15  # times its size in px; the letters would outgrow those of the page

# Colours that no picture means as such; `finish` puts the page's variables in their place.
TEXT, MUTED, LINE, SURFACE = "#010101", "#010102", "#010103", "#010104"
ACCENT, ACCENT_SOFT, BAD, BAD_SOFT = "#010105", "#010106", "#010107", "#010108"
WARN, GOOD, GOOD_SOFT, SOFT = "#010109", "#01010a", "#01010b", "#01010c"
SERIES = ("#010110", "#010111", "#010112", "#010113")
_VARIABLES = {
    TEXT: "var(--text)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    SURFACE: "var(--surface)",
    SOFT: "var(--soft)",
    ACCENT: "var(--accent)",
    ACCENT_SOFT: "var(--accent-soft)",
    BAD: "var(--bad)",
    BAD_SOFT: "var(--bad-soft)",
    WARN: "var(--warn)",
    GOOD: "var(--good)",
    GOOD_SOFT: "var(--good-soft)",
    **{colour: f"var(--series-{i})" for i, colour in enumerate(SERIES, 1)},
}
_NUMBER = re.compile(
    r"\(?[^\w\s(]{0,2}[A-Z]{0,3} ?-?\d[\d,.]*( %)?( to [\d.,]+ %)?( so far\))?( \[.*\])?$|no rate$"
)
_HEAT = "#0102"
_HOTTEST = 45  # per cent: up to there --text is readable on it in both themes


@dataclass(frozen=True)
class Chart:
    """A picture and its data.

    Attributes
    ----------
    title : str
        What it shows.
    svg : str
        Empty for a table without a picture; or an ``<svg>`` element, or a scrolling ``<div>`` with one, to be put into
        a page that defines the colours. It is safe as it is.
    columns, rows : tuple
        The data it is drawn from, as texts, to be escaped like any other.
    caption : str
        How to read it.
    wide : bool
        Whether it needs the whole width.
    """

    title: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    wide: bool = False

    @property
    def numbers(self) -> frozenset[int]:
        """The columns that hold numbers, to be aligned right."""
        cells = [[row[i] for row in self.rows if row[i]] for i in range(len(self.columns))]
        return frozenset(i for i, column in enumerate(cells) if column and all(map(_NUMBER.match, column)))


def heat(share: float) -> str:
    """Return the colour of a cell of a heat map for a share of 1.

    Examples
    --------
    >>> heat(0.0), heat(1.0)
    ('#010200', '#01022d')
    """
    return f"{_HEAT}{round(_HOTTEST * min(max(share, 0.0), 1.0)):02x}"


@contextmanager
def canvas(width: float = WIDTH, height: float = HEIGHT, **grid: Any) -> Iterator[tuple[Any, Any]]:
    """Give a figure and its axes in the form of the house; more arguments go to ``Figure.subplots``."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "churn",
        "text.parse_math": False,  # a $ is a currency
        "font.size": FONT,
        "text.color": TEXT,
        "axes.labelcolor": MUTED,
        "axes.labelsize": FONT,
        "axes.edgecolor": LINE,
        "axes.linewidth": 1.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.facecolor": "none",
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": LINE,
        "grid.linewidth": 0.7,
        "xtick.color": LINE,
        "ytick.color": LINE,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
        "xtick.labelsize": FONT,
        "ytick.labelsize": FONT,
        "ytick.major.size": 0,
        "xtick.major.size": 0,
        "xtick.major.pad": 6,
        "legend.frameon": False,
        "legend.labelcolor": TEXT,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.facecolor": "none",
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.subplots(**grid)


def finish(figure: Any, key: str, title: str, description: str, *, least: int | None = None) -> str:
    """Return a figure as an ``<svg>`` element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Of `canvas`, still inside its context.
    key : str
        Letters, digits and hyphens, one of its own for each picture of a page: ids begin with it.
    title, description : str
        For whoever hears the picture: what it shows, and what is to be seen.
    least : int, optional
        Width in px below which it is scrolled instead of made smaller.
    """
    buffer = io.StringIO()
    with warnings.catch_warnings():
        # The reader's fonts write the text; that matplotlib's own lacks a letter of it does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message=".*constrained_layout not applied.*")
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    if least is None:
        return _inline(buffer.getvalue(), key, title, description)
    svg = _inline(buffer.getvalue(), key, title, description, f"min-width: {least}px; ")
    return (
        f'<div class="chart-scroll" role="region" tabindex="0" aria-labelledby="{key}-title" '
        f'style="overflow-x: auto">{svg}</div>'
    )


def _inline(svg: str, key: str, title: str, description: str, style: str = "") -> str:
    head = re.search(r'<svg[^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>', svg)
    assert head is not None
    body = svg[head.end() : svg.rindex("</svg>")]
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    body = re.sub(r'\bid="([^"]*)"', rf'id="{key}-\1"', body)
    body = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{key}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{key}-\1)", body)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r' transform="rotate\(-?0 [^)]*\)"', "", body)
    body = re.sub(r"<[^>]*>", lambda m: re.sub(r"(\d\.\d\d)\d+", r"\1", m[0]), body)  # not in what is read
    body = re.sub(rf"{_HEAT}([0-9a-f]{{2}})\b", _mixed, body)
    body = re.sub(r"#0101[0-9a-f]{2}\b", lambda m: _VARIABLES.get(m[0], m[0]), body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    width, height = (float(v) for v in head.groups())
    return (
        f'<svg role="img" aria-labelledby="{key}-title {key}-desc" viewBox="0 0 {width:g} {height:g}" '
        f'class="chart" style="{style}max-width: {round(_LARGEST * width)}px" '
        'stroke-linejoin="round" font-family="inherit">'
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>'
        f"{body.strip()}</svg>"
    )


def _mixed(match: re.Match[str]) -> str:
    share = int(match[1], 16)
    return f"color-mix(in srgb, var(--heat) {share}%, var(--surface))"


def name_rows(axes: Any, names: Sequence[str], *, below: float = 0.5, above: float = 0.6) -> None:
    """Name the rows of a picture from the top down, with so much of a row free below the last and above the first."""
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=TEXT)
    axes.set_ylim(len(names) - below, -above)


def percent_axis(axis: Any) -> None:
    """Write an axis of shares in per cent, with few ticks and no digit that says nothing."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda v, _: tick_percent(v)))


def tick_percent(share: float) -> str:
    """Write a round share in per cent as exactly as it is.

    Examples
    --------
    >>> tick_percent(0.925), tick_percent(0.9), tick_percent(-0.0)
    ('92.5 %', '90 %', '0 %')
    """
    return f"{100 * share + 0.0:.2f}".rstrip("0").rstrip(".") + " %"


def table(rows: Sequence[Sequence[object]]) -> tuple[tuple[str, ...], ...]:
    """Return the rows of a data twin as texts; nothing for what is not known."""
    return tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows)


def short(text: object, longest: int = 26) -> str:
    """Cut a label that would take the picture's room.

    Examples
    --------
    >>> short("United Kingdom"), short("x" * 40, 5)
    ('United Kingdom', 'xxxx…')
    """
    flat = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"
