"""One comparison of treated and held out, and how its figures are written."""

from __future__ import annotations

from dataclasses import dataclass

from churn.display import format_amount, format_percent

NAMES = {"retained": "customers kept", "orders": "orders", "net_value": "net value"}


@dataclass(frozen=True)
class Contrast:
    """One comparison of the treated with those held out, all of whom were meant to be treated alike.

    Attributes
    ----------
    measure : {"retained", "orders", "net_value"}
        Of what the means are, per customer.
    method : str
        How it was estimated.
    group, value : str
        Of whom: empty for all, else the column and its value.
    treated, holdout : int
        Customers with a known outcome.
    treated_mean, holdout_mean : float or None
        Means per customer, as observed.
    effect, low, high : float or None
        The difference and its 95 % interval; None where there is none.
    total, total_low, total_high : float or None
        The same over all who were assigned to be treated.
    p_value, p_adjusted : float or None
        Two-sided, and after all groups that were compared.
    always_valid : dict of str to float, or None
        ``low`` and ``high`` of the interval that holds at every look.
    main : bool
        Whether it is the one that the first sentence speaks of.
    note : str
        What to mind.
    """

    measure: str
    method: str
    group: str = ""
    value: str = ""
    treated: int = 0
    holdout: int = 0
    treated_mean: float | None = None
    holdout_mean: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    total: float | None = None
    total_low: float | None = None
    total_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    always_valid: dict[str, float] | None = None
    main: bool = False
    note: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def format_measure(measure: str, value: float | None, currency: str = "", *, signed: bool = False) -> str:
    """Write a mean or, signed, an effect in its unit; empty where it is not known.

    An effect on a share is in points of 100: "+5.5 %" of 40 % might be read as 2.2.

    Examples
    --------
    >>> format_measure("retained", 0.031, signed=True), format_measure("orders", 1.25)
    ('+3.1 points', '1.25')
    """
    if value is None:
        return ""
    sign = "+" if signed and value > 0 else ""
    if measure == "retained":
        return f"{sign}{100 * value + 0:.1f} points" if signed else format_percent(value)
    return sign + (f"{value:,.2f}" if measure == "orders" else format_amount(value, currency))
