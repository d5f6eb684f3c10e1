"""The simulated shop as a value: its five tables, and the hidden numbers behind them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

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

    def until(self, when: str | pd.Timestamp) -> Self:
        """Return the shop as its tables stood at an instant, which becomes its end.

        Parameters
        ----------
        when : str or pd.Timestamp
            Within the span; without a zone it is UTC.

        Returns
        -------
        ShopTables
            Rows from before it; what happened to them later had not happened, and the truth knows of no later leaving.

        Raises
        ------
        ParameterError
            The instant is outside the span.

        Examples
        --------
        >>> from churn import make_shop
        >>> half = make_shop(100, seed=1).until("2024-06-01")
        >>> half.end.year, bool((half.orders["time"] < half.end).all())
        (2024, True)
        """
        end = pd.Timestamp(when)
        end = (end.tz_localize("UTC") if end.tzinfo is None else end.tz_convert("UTC")).as_unit("us")
        if not self.start < end <= self.end:
            raise ParameterError(
                "The instant is outside the simulated span.",
                given=f"{end}",
                allowed=f"after {self.start:%Y-%m-%d} and not after {self.end:%Y-%m-%d}",
                fix="Choose an instant inside the span.",
            )
        early = {n: getattr(self, n) for n in ("orders", "returns", "interactions")}
        tables = {n: t[t["time"] < end].reset_index(drop=True) for n, t in early.items()}
        tickets = self.tickets[self.tickets["opened"] < end].reset_index(drop=True)
        for name in ("first_reply", "resolved"):
            tickets[name] = tickets[name].where(tickets[name] < end)
        tickets["satisfaction"] = tickets["satisfaction"].where(tickets["resolved"].notna())
        joined = self.customers["joined"] < end
        truth = self.truth[joined].reset_index(drop=True)
        stays = ~(truth["leaves_at"] < end)
        for name in ("leaves_at", "gone_at", "reason"):
            truth[name] = truth[name].mask(stays)
        truth["reason"] = truth["reason"].astype(object).where(~stays, None)
        contacts = None if self.contacts is None else self.contacts[self.contacts["time"] < end]
        return dataclasses.replace(
            self,
            **tables,
            tickets=tickets,
            customers=self.customers[joined].reset_index(drop=True),
            truth=truth,
            end=end,
            contacts=contacts,
            course=None,
        )

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
