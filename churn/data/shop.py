"""The simulated shop as a value: its five tables, and the hidden numbers behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.data.history import History


@dataclass(frozen=True, eq=False, repr=False)
class Course:
    """What the tables leave out and a changed future is drawn from.

    Attributes
    ----------
    who : DataFrame
        All latent numbers of the customers, in their order.
    returned, asked : numpy.ndarray of float
        When the order behind each return and each ticket was placed, in days since the start.
    """

    who: pd.DataFrame
    returned: npt.NDArray[np.float64]
    asked: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ShopTables:
    """A simulated shop: five tables as a real shop would keep them, and the truth behind them.

    Every table names the customer and is sorted by its time (UTC); nothing happens at or after `end`.

    Attributes
    ----------
    orders, returns : DataFrame
        One row per order (with amount, order_id, quantity, products, channel) or per return (with amount).
    tickets : DataFrame
        One row per request to the service: opened, first_reply, resolved, is_complaint, channel, satisfaction
        (1 to 5). What had not happened by `end` is missing.
    interactions : DataFrame
        One row per visit or opened e-mail (`kind`), with its channel.
    customers : DataFrame
        One row per customer: joined, country, segment, consent, email.
    truth : DataFrame
        What nobody could know, one row per customer: leaves_at (the fading starts) and gone_at (it ends),
        missing for those who stay; reason, rate_per_day, shape, hazard_per_day, fade_days, open_probability,
        visits_per_day, spend.
    start, end : pd.Timestamp
        The span, `end` excluded.
    seed, ignored_effect, ignored_after_days : int, float, float
        As given to :func:`churn.make_shop`.
    contacts : DataFrame or None
        The contacts that were made and what each of them did; None where there was none.
    course : Course or None
        What a changed future is drawn from; None for a shop that was not generated.

    Examples
    --------
    >>> from churn import make_shop
    >>> sorted(make_shop(100, seed=1).tables())
    ['customers', 'interactions', 'orders', 'returns', 'tickets']
    """

    orders: pd.DataFrame
    returns: pd.DataFrame
    tickets: pd.DataFrame
    interactions: pd.DataFrame
    customers: pd.DataFrame
    truth: pd.DataFrame
    start: pd.Timestamp
    end: pd.Timestamp
    seed: int
    ignored_effect: float
    ignored_after_days: float
    contacts: pd.DataFrame | None = None
    course: Course | None = None

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(table):,} {name}" for name, table in self.tables().items())
        left, hurt = self.truth["leaves_at"].notna(), self.truth["reason"].eq("ignored complaint")
        return (
            f"Shop from {self.start:%Y-%m-%d} to {self.end:%Y-%m-%d} (seed {self.seed})\n  {counts}\n"
            f"  {left.mean():.0%} of the customers leave, {hurt.mean():.0%} over an ignored complaint "
            f"(effect {self.ignored_effect:g} after {self.ignored_after_days:g} days)"
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the five tables a shop would have, by name; the truth is not among them.

        Examples
        --------
        >>> from churn import make_shop
        >>> make_shop(100, seed=1).tables()["returns"].columns.tolist()
        ['customer', 'time', 'amount']
        """
        names = ("customers", "orders", "returns", "tickets", "interactions")
        return {name: getattr(self, name) for name in names}

    def history(self, *, name: str = "shop") -> History:
        """Return the five tables as a history, with country and segment as segments.

        Parameters
        ----------
        name : str, default "shop"
            What to call it.

        Returns
        -------
        History
            Ready to train on; what the shop knows in truth is not in it.

        Examples
        --------
        >>> from churn import make_shop
        >>> sorted(make_shop(100, seed=1).history().segments)
        ['country', 'segment']
        """
        from churn.data.load import make_history

        return make_history(
            self.orders,
            returns=self.returns,
            tickets=self.tickets,
            interactions=self.interactions,
            customers=self.customers,
            segments=("country", "segment"),
            contact=("email",),
            data_end=self.end,
            name=name,
        )

    def write(self, folder: str | Path) -> dict[str, Path]:
        """Write the five tables as Parquet files, making the folder where it is missing.

        Parameters
        ----------
        folder : str or Path
            Where to write; files of the same name are replaced.

        Returns
        -------
        dict of str to Path
            The file of each table.

        Raises
        ------
        ParameterError
            If `folder` is a file.

        Examples
        --------
        >>> import tempfile
        >>> from churn import make_shop
        >>> make_shop(20, seed=1).write(tempfile.mkdtemp())["orders"].name
        'orders.parquet'
        """
        folder = Path(folder)
        if folder.is_file():
            what, allowed = "The folder to write to is a file.", "a folder, or a name that does not exist yet"
            raise ParameterError(what, given=str(folder), allowed=allowed, fix="Choose another folder.")
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in self.tables().items():
            table.to_parquet(folder / f"{name}.parquet", index=False)
        return {name: folder / f"{name}.parquet" for name in self.tables()}
