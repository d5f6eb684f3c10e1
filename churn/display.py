"""How results show themselves: plain text for terminals and logs, the same in a notebook cell."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TextIO


class Rendered:
    """A result that prints well in a terminal and in a notebook; subclasses give `render`."""

    def render(self) -> str:
        """Return the result as text of several lines."""
        raise TypeError(f"{type(self).__name__} does not render")

    def __str__(self) -> str:
        return self.render()

    def __repr__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        return f"<pre style='line-height:1.25'>{html.escape(self.render())}</pre>"


def table_text(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lay out a table in columns of fixed width; the columns in `right` are aligned right.

    Examples
    --------
    >>> print(table_text(["customer", "amount"], [["A", "1,200"], ["B", "30"]], right=(1,)))
    customer  amount
    A          1,200
    B             30
    """
    widths = [max(len(str(r[i])) for r in [header, *rows]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(
            str(c).rjust(w) if i in right else str(c).ljust(w)
            for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    return "\n".join(line(r) for r in [header, *rows])


def format_count(value: float) -> str:
    """Write a whole number with thousands separators.

    Examples
    --------
    >>> format_count(1234567)
    '1,234,567'
    """
    return f"{round(value) + 0:,.0f}"  # + 0: no -0


def format_percent(share: float | None, digits: int = 1) -> str:
    """Write a share of 1 in percent; an unknown one (None, NaN) as 'no rate'.

    Examples
    --------
    >>> format_percent(0.7), format_percent(None)
    ('70.0 %', 'no rate')
    """
    return "no rate" if share is None or math.isnan(share) else f"{100 * share:.{digits}f} %"


def speaks_unicode(stream: TextIO) -> bool:
    """Return whether every letter can be written to a stream.

    Examples
    --------
    >>> import io
    >>> speaks_unicode(io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
    False
    """
    return (stream.encoding or "utf-8").lower().startswith("utf")


def format_risk(probability: float | None) -> str:
    """Write one customer's churn probability in whole percent, 99 % at most: nobody is lost for sure.

    Every place that shows it uses this, so that screen, report, digest and history say the same.

    Examples
    --------
    >>> format_risk(0.7), format_risk(0.9992), format_risk(None)
    ('70 %', '99 %', 'no rate')
    """
    return format_percent(probability if probability is None else min(probability, 0.99), 0)


def format_amount(value: float, currency: str = "") -> str:
    """Write an amount of money: whole units from 100, two digits below.

    Examples
    --------
    >>> format_amount(1234.5, "£"), format_amount(12.5, "EUR"), format_amount(3)
    ('£1,234', 'EUR 12.50', '3.00')
    """
    number = f"{abs(value):,.0f}" if abs(value) >= 100 else f"{abs(value):,.2f}"
    sign = "-" if value < 0 and number.strip("0.") else ""
    gap = " " if len(currency) > 1 else ""
    return f"{sign}{currency}{gap}{number}"
