"""CSV that a spreadsheet program cannot read as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_RISKY = r"^[=+\-@\t\r\n]"


def csv_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Put an apostrophe before texts that a spreadsheet program would take for a formula.

    Parameters
    ----------
    frame : pandas.DataFrame
        What is to be written; numbers and dates stay as they are.

    Returns
    -------
    pandas.DataFrame
        A copy.

    Notes
    -----
    The first letters are those of OWASP's page on CSV injection.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_safe(pd.DataFrame({"customer": ["=1+1", "A-1"]}))["customer"].tolist()
    ["'=1+1", 'A-1']
    """
    out = frame.copy()
    for name in out.columns:
        if is_text(out[name]):
            text = out[name].astype(str)
            out[name] = out[name].where(~text.str.match(_RISKY), "'" + text)
    return out


def is_text(column: pd.Series[Any]) -> bool:
    """Return whether a column holds text."""
    return column.dtype == object or str(column.dtype) in ("str", "string")
