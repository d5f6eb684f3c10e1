"""Past campaigns, what came of them and what was known before, as the rows that learners read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn.campaigns.statistics.balance import covariates, sample_ratio
from churn.campaigns.uplift.model import signals_of
from churn.campaigns.uplift.rows import Array, Rows
from churn.data.base import CustomerBase
from churn.display import format_count
from churn.errors import DataError
from churn.features.signal import Signal

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("campaign", "customer", "arm", "action", "start", "churn_probability")
LEAST_IN_ARM = 20  # customers whose outcome is known, for an experiment to teach anything
_FEW = "too few with a known outcome in one of the arms"


@dataclass(frozen=True, eq=False)
class Gathered:
    """The rows, and what was left out.

    Attributes
    ----------
    rows : Rows
        To learn from.
    money : bool
        Whether the worth of a customer is known; else each counts as 1 and costs are left out.
    left_out : dict of str to int
        Rows by the reason in words.
    notes : list of str
        What to know before believing it.
    """

    rows: Rows
    money: bool
    left_out: Mapping[str, int]
    notes: list[str]


def gather(
    assignments: pd.DataFrame, outcomes: pd.DataFrame, base: CustomerBase, signals: Sequence[Signal]
) -> Gathered:
    """Put together who was assigned to what, what came, and the signals as known at each campaign's start.

    Raises
    ------
    DataError
        A column is missing, a customer stands twice in a campaign, a probability is none, or nothing is left.
    """
    import pandas as pd

    frame, left_out = _joined(assignments, outcomes)
    money = "value" in frame and bool(frame["value"].notna().any())
    if money:
        frame = _without(frame, frame["value"].isna(), "worth of the customer not known", left_out)
    frame = _experiments(frame, left_out)
    notes = _checked(frame)
    order = frame.drop_duplicates("campaign").sort_values(["start", "campaign"])["campaign"].tolist()
    frame["_campaign"] = pd.Index(order).get_indexer(pd.Index(frame["campaign"]))
    # LightGBM draws rows by their position: one order, whatever the order of the tables.
    frame = frame.sort_values(["_campaign", "action", "customer"], kind="stable", ignore_index=True)
    X = np.full((len(frame), len(signals)), np.nan)
    found = np.zeros(len(frame), dtype=bool)
    for start, part in frame.groupby("start"):
        wanted = pd.Index(part["customer"].unique())
        code = wanted.get_indexer(pd.Index(part["customer"]))
        matrix, seen = np.full((len(wanted), len(signals)), np.nan), np.zeros(len(wanted), dtype=bool)
        for where, values in signals_of(
            base, base.instant(str(start), "A campaign's start"), wanted, signals
        ):
            matrix[where], seen[where] = values, True
        X[part.index], found[part.index] = matrix[code], seen[code]
    if not found.all():
        left_out["customer not in the data"] = int((~found).sum())
        frame, X = frame[found].reset_index(drop=True), X[found]
    frame["share"] = frame.groupby(["_campaign", "action"])["treated"].transform("mean")
    lonely = (frame["share"] <= 0) | (frame["share"] >= 1)
    if lonely.any():
        left_out[_FEW] = left_out.get(_FEW, 0) + int(lonely.sum())
        frame, X = frame[~lonely].reset_index(drop=True), X[~lonely.to_numpy()]
    if frame.empty:
        raise DataError(
            "The past campaigns teach nothing",
            given="; ".join(f"{format_count(n)} rows: {why}" for why, n in left_out.items()) or "no rows",
            allowed=f"an action with {LEAST_IN_ARM} customers in each arm whose outcome is known",
            fix="Wait until the horizon of a campaign with a holdout is over, then measure it.",
            code="nothing-to-learn",
        )
    names = tuple(sorted(frame["action"].unique()))
    return Gathered(_rows(frame, X, money, tuple(order), names), money, left_out, notes)


def _rows(
    frame: pd.DataFrame, X: Array, money: bool, campaigns: tuple[str, ...], actions: tuple[str, ...]
) -> Rows:
    import pandas as pd

    def numbers(name: str, without: float) -> Array:
        if not money or name not in frame:
            return np.full(len(frame), without)
        return frame[name].fillna(without).to_numpy(dtype=float)

    return Rows(
        X=X,
        customer=pd.factorize(frame["customer"], sort=True)[0],
        campaign=frame["_campaign"].to_numpy(),
        action=pd.Index(actions).get_indexer(pd.Index(frame["action"])),
        treated=frame["treated"].to_numpy(),
        share=frame["share"].to_numpy(dtype=float),
        stayed=frame["retained"].to_numpy(dtype=float),
        risk=frame["churn_probability"].to_numpy(dtype=float),
        value=numbers("value", 1.0),
        cost=numbers("cost", 0.0),
        assumed=frame["uplift"].fillna(0.0).to_numpy(dtype=float)
        if "uplift" in frame
        else np.zeros(len(frame)),
        campaigns=campaigns,
        actions=actions,
        periods=tuple(_period(frame[frame["campaign"] == name]) for name in campaigns),
    )


def _period(rows: pd.DataFrame) -> tuple[str, str]:
    """Return a campaign's first day and the day from which on its outcome is known; empty where it is not known."""
    if rows.empty:  # all of its rows were left out
        return "", ""
    until = rows["until"].dropna().astype(str) if "until" in rows else rows["start"].iloc[:0]
    return str(rows["start"].min()), until.max()[:10] if len(until) else ""


def _joined(assignments: pd.DataFrame, outcomes: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    for what, table, needed in (
        ("assignments", assignments, NEEDED),
        ("outcomes", outcomes, ("campaign", "customer", "retained")),
    ):
        missing = [c for c in needed if c not in table]
        if missing:
            raise DataError(
                f"The {what} lack the column {missing[0]!r}",
                given=", ".join(map(str, table.columns))[:300],
                allowed=", ".join(needed),
                fix="Add it.",
            )
        ids = table["campaign"].astype(str) + "\0" + table["customer"].astype(str)
        if (twice := ids.duplicated()).any():
            raise DataError(
                f"A customer stands twice in one campaign of the {what}",
                given=f"{int(twice.sum())} rows, such as {str(table['customer'][twice].iloc[0])[:40]!a}",
                fix="Keep one row per campaign and customer.",
            )
    arms = assignments["arm"].isin(["treated", "holdout"])
    left_out: dict[str, int] = {}
    columns = [c for c in (*NEEDED, "value", "cost", "uplift", "share", "until") if c in assignments]
    frame = assignments.loc[arms, columns].copy()
    for name in ("campaign", "customer"):
        frame[name] = frame[name].astype(str)
    came = outcomes[["campaign", "customer", "retained"]].astype({"campaign": str, "customer": str})
    frame = frame.merge(came, on=["campaign", "customer"], how="left")
    frame["action"] = frame["action"].fillna("").astype(str)
    frame["start"] = frame["start"].astype(str).str[:10]
    frame["treated"] = frame["arm"] == "treated"
    risk = frame["churn_probability"]
    wrong = risk.notna() & ~risk.between(0, 1)
    if wrong.any():
        raise DataError(
            "A churn probability of the assignments is none",
            given=f"{int(wrong.sum())} rows, such as {risk[wrong].iloc[0]:g}",
            allowed="0 to 1",
            fix="Divide percentages by 100.",
        )
    frame = _without(frame, frame["retained"].isna(), "outcome not known", left_out)
    return _without(
        frame, frame["churn_probability"].isna(), "no churn probability from before", left_out
    ), left_out


def _without(frame: pd.DataFrame, which: pd.Series[bool], why: str, left_out: dict[str, int]) -> pd.DataFrame:
    if which.any():
        left_out[why] = int(which.sum())
    return frame[~which].reset_index(drop=True)


def _experiments(frame: pd.DataFrame, left_out: dict[str, int]) -> pd.DataFrame:
    """Return the rows with an action each: who is held out of all actions of a campaign is compared with each."""
    import pandas as pd

    shared = ~frame["treated"] & (frame["action"] == "")
    if shared.any():
        offered = frame.loc[frame["treated"], ["campaign", "action"]].drop_duplicates()
        copies = frame[shared].drop(columns="action").merge(offered, on="campaign")
        frame = pd.concat([frame[~shared], copies], ignore_index=True)
    sizes = frame.groupby(["campaign", "action"])["treated"].agg(["sum", "size"])
    few = (sizes["sum"] < LEAST_IN_ARM) | (sizes["size"] - sizes["sum"] < LEAST_IN_ARM)
    thin = pd.MultiIndex.from_frame(frame[["campaign", "action"]]).isin(sizes.index[few])
    return _without(frame, pd.Series(thin, index=frame.index), _FEW, left_out)


def _checked(frame: pd.DataFrame) -> list[str]:
    """Return a note for every campaign whose arms are not of the planned sizes, or were not alike before it."""
    notes = []
    for campaign, part in frame.groupby("campaign"):
        people = part.drop_duplicates("customer")
        treated = people["treated"].to_numpy()
        checks = []
        if "share" in people and 0 < (held := 1 - float(people["share"].mean())) < 1:
            checks.append(sample_ratio(int(treated.sum()), int((~treated).sum()), held))
        before = people[[c for c in ("churn_probability", "value") if c in people]]
        shared = part["customer"].duplicated().any()  # then no action is theirs
        checks.append(covariates(before, treated, None if shared else people["action"].to_numpy()))
        notes += [f"Campaign {campaign}: {c.text}" for c in checks if c.is_warning]
    return notes
