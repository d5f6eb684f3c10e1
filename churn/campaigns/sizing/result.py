"""What a campaign can show, as a result that prints, with its table and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from churn.display import Rendered, format_amount, format_count, format_percent, table_text

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Shown:
    """What one share of the holdout can show.

    Parameters
    ----------
    share : float
        Held out.
    holdout : int
        Customers held out.
    smallest : float or None
        Smallest effect on the share who stay that is shown with the wanted chance; None where not even saving all is.
    amounts : dict of str to float
        The same of orders, net value and so on, per customer.
    chance : float or None
        Of showing the expected effect; None where none was named.
    forgone : float or None
        Expected profit of those who are held out; None where it is not known.
    """

    share: float
    holdout: int
    smallest: float | None
    amounts: dict[str, float]
    chance: float | None
    forgone: float | None


@dataclass(frozen=True, repr=False)
class Power(Rendered):
    """What a campaign of this size can show.

    Parameters
    ----------
    customers : int
        Who would be contacted, were nobody held out.
    base_rate : float
        Share of them who leave when left alone.
    share : float
        That the policy holds out.
    effect : float or None
        Expected reduction of that rate.
    power, alpha : float
        Wanted chance of showing an effect; one less the interval's confidence.
    variance_kept : float
        Of the plain variance, after adjusting for what was known before.
    shares : tuple of Shown
        One for each share, ascending.
    needed_share : float or None
        The smallest share that shows the expected effect; None where no share does, or no effect was named.
    needed_customers : int or None
        Customers that show it with the policy's share.
    campaigns : int or None
        Campaigns of this size that show it when measured together.
    said : str
        The answer in a sentence or two.
    notes : tuple of str
        Where the numbers come from.
    currency : str
        Before amounts.
    """

    customers: int
    base_rate: float
    share: float
    effect: float | None
    power: float
    alpha: float
    variance_kept: float
    shares: tuple[Shown, ...]
    needed_share: float | None
    needed_customers: int | None
    campaigns: int | None
    said: str
    notes: tuple[str, ...] = ()
    currency: str = ""
    amounts: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def now(self) -> Shown:
        """What the policy's share can show."""
        return next(s for s in self.shares if s.share == self.share)

    @property
    def frame(self) -> pd.DataFrame:
        """The table as a frame, a row per share."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "share": s.share,
                    "holdout": s.holdout,
                    "smallest_effect": s.smallest,
                    **{f"smallest_{name}": value for name, value in s.amounts.items()},
                    "chance_of_showing": s.chance,
                    "forgone_profit": s.forgone,
                }
                for s in self.shares
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {
            "said": self.said,
            "customers": self.customers,
            "base_rate": self.base_rate,
            "share": self.share,
            "effect": self.effect,
            "power": self.power,
            "alpha": self.alpha,
            "variance_kept": self.variance_kept,
            "smallest_effect": self.now.smallest,
            "smallest_amounts": self.now.amounts,
            "needed_share": self.needed_share,
            "needed_customers": self.needed_customers,
            "campaigns": self.campaigns,
            "shares": [
                {
                    "share": s.share,
                    "holdout": s.holdout,
                    "smallest_effect": s.smallest,
                    "smallest_amounts": s.amounts,
                    "chance_of_showing": s.chance,
                    "forgone_profit": s.forgone,
                }
                for s in self.shares
            ],
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Return the answer, the table by share, and where the numbers come from."""
        header = ["held out", "customers", "smallest effect", *(f"of {n}" for n in self.amounts)]
        if self.effect is not None:
            header.append(f"chance to show {points(self.effect)}")
        has_profit = any(s.forgone is not None for s in self.shares)
        header += ["profit forgone"] if has_profit else []
        rows = []
        for s in self.shares:
            row = [
                format_percent(s.share) + (" *" if s.share == self.share else ""),
                format_count(s.holdout),
                "none" if s.smallest is None else points(s.smallest),
                *(self._amount(n, s) for n in self.amounts),
            ]
            if self.effect is not None:
                row.append("" if s.chance is None else format_percent(s.chance, 0))
            if has_profit:
                row.append("" if s.forgone is None else format_amount(s.forgone, self.currency))
            rows.append(row)
        table = table_text(header, rows, right=range(len(header)))
        facts = (
            f"{format_count(self.customers)} customers; {format_percent(self.base_rate)} leave when left alone. "
            f"An effect is shown when its {100 * (1 - self.alpha):.4g} % interval leaves out 0; the chance for that is "
            f"{format_percent(self.power, 0)}. * the share in question."
        )
        return "\n".join([self.said, "", table, "", facts, *self.notes])

    def _amount(self, name: str, shown: Shown) -> str:
        if name not in shown.amounts:
            return "none"
        value = shown.amounts[name]
        return format_amount(value, self.currency) if name == "net_value" else f"{value:.2g}"

    def figure(self) -> Any:
        """Draw the smallest effect by share, beside the expected one; `frame` has what is drawn.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from churn.campaigns.sizing.plots import power_figure

        return power_figure(
            self.frame,
            f"{format_count(self.customers)} customers, {format_percent(self.base_rate)} leave when left alone",
            f"Shown with a chance of {format_percent(self.power, 0)}. Bold: the share in question.",
            self.share,
            self.effect,
        )


def points(share: float) -> str:
    """Write a difference of shares in points of a hundred.

    Examples
    --------
    >>> points(0.0213), points(0.1)
    ('2.1 points', '10.0 points')
    """
    return f"{100 * share:.1f} points"
