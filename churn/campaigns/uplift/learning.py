"""Learns the effect of contacts by customer and action from past randomised campaigns, and judges it on later data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from churn.campaigns.uplift.actions import LEAST_HOLDOUT, LEAST_ROWS, fit_actions
from churn.campaigns.uplift.choose import Fitting
from churn.campaigns.uplift.gather import gather
from churn.campaigns.uplift.judge import judge
from churn.campaigns.uplift.learned import Learned
from churn.campaigns.uplift.model import Uplift
from churn.campaigns.uplift.words import verdict
from churn.config import FeatureSettings
from churn.data.base import CustomerBase
from churn.data.history import History
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.features.catalogue import Schema, catalogue
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd


def learn(
    assignments: pd.DataFrame,
    outcomes: pd.DataFrame,
    data: History | LogStore | CustomerBase,
    *,
    features: FeatureSettings | None = None,
    depth: float = 0.3,
    seed: int = 0,
    threads: int = 1,
    resamples: int = 400,
    notes: Sequence[str] = (),
) -> Learned:
    """Learn whom a contact keeps, from campaigns that held customers out by chance.

    Candidates are the same effect for all, a line in the risk, a ridge, and S-, T-, X- and DR-learners on LightGBM.
    Each campaign after the first judges what was chosen and learnt from those that were over before it, beside ranking
    by risk, risk times value and chance. The model that is saved has learnt from all.

    Parameters
    ----------
    assignments : pandas.DataFrame
        One row per campaign and customer: campaign, customer, arm ("treated" or "holdout"; others are left out), action
        (of the holdout: the one the plan would have taken, or "" where it is compared with every action), start (first
        day), churn_probability (known before). Optional: value (money if saved), cost (expected, of contacting), uplift
        (the assumed effect), share (planned chance of being treated), until (the day from which on the outcome is
        known; without it every campaign is taken to be over when the next one begins).
    outcomes : pandas.DataFrame
        campaign, customer, retained (1 or 0; NaN is not known).
    data : History, LogStore or CustomerBase
        From which the signals at each campaign's start are computed.
    features : FeatureSettings, optional
        Of the signals.
    depth : float, default 0.3
        Share of the customers that can be contacted, at which profits are compared.
    seed, threads, resamples : int, optional
        Of the trees and of the bootstrap.
    notes : sequence of str, optional
        What else to know before believing it, as `past_campaigns` tells.

    Returns
    -------
    Learned
        The model and its judgement; `Learned.write` saves it.

    Raises
    ------
    DataError
        A column is missing, a customer stands twice in a campaign, or no experiment has enough customers in both arms.
    ParameterError
        The depth is no share.

    Notes
    -----
    A row's effect is ``(stayed - expected) * (treated / share - (1 - treated) / (1 - share))``; its mean over any group
    that was chosen without the outcome is unbiased, because the share is known by design. The model is better where
    its profit at the depth is above that of risk times value: the 95 % interval of the paired difference, from a
    bootstrap over customers, lies above 0.

    References
    ----------
    Radcliffe (2007); Gutierrez and Gérardy (2017); Künzel et al. (2019); Kennedy (2023); Devriendt et al. (2020).

    Examples
    --------
    >>> import churn, pandas as pd
    >>> from churn.config import FeatureSettings
    >>> history = churn.make_shop(customers=100, seed=1).history()
    >>> known = {"campaign": "spring", "customer": history.customers[:80]}
    >>> lots = pd.DataFrame(known | {"arm": ["treated", "holdout"] * 40, "action": "call", "start": "2025-03-01"})
    >>> came = pd.DataFrame(known | {"retained": [1, 0] * 40})
    >>> fewer = FeatureSettings(windows=(90,))
    >>> found = learn(lots.assign(churn_probability=0.5), came, history, features=fewer, resamples=20)
    >>> found.uplift.better, found.uplift.actions["call"].mean
    (False, 1.0)
    """
    if not 0 < depth <= 1:
        raise ParameterError(
            "The depth is no share of the customers",
            given=f"{depth:g}",
            allowed="above 0, at most 1",
            fix="Give 0.3 for 30 %.",
        )
    base = CustomerBase.of(data)
    settings = features or FeatureSettings()
    schema = Schema.of_data(base)
    signals = catalogue(schema, settings=settings)
    gathered = gather(assignments, outcomes, base, signals)
    rows = gathered.rows
    fitting = Fitting(tuple(i for i, s in enumerate(signals) if s.categories), seed, threads)
    judgement = judge(rows, fitting, depth=depth, count=resamples)
    report("Fitting the uplift model")
    actions = fit_actions(
        judgement.kind,
        rows,
        judgement.slope,
        categories=fitting.categories,
        seed=seed,
        threads=threads,
    )
    said = verdict(judgement, gathered.money)
    held = [a for a in actions.values() if a.treated + a.holdout < LEAST_ROWS or a.holdout < LEAST_HOLDOUT]
    told = [*notes, *gathered.notes]
    names = [rows.campaigns[c] for c in np.unique(rows.campaign)]
    if held:
        told.append(
            f"{len(held)} of {len(actions)} actions have too few customers to tell them apart "
            f"(below {LEAST_ROWS} rows or {LEAST_HOLDOUT} held out): one effect for all of them"
        )
    if not judgement.by_time:
        told.append(
            "No campaign began when what came of an earlier one was known: the judgement is across customers, and not "
            "on a later time"
        )
    elif unused := [n for n in names if n not in (*judgement.taught, *judgement.campaigns)]:
        told.append(
            f"The judgement leaves out {', '.join(unused)}: not over yet when {judgement.campaigns[0]} began"
        )
    if not gathered.money:
        told.append("The worth of customers is not known: each counts as 1, and costs are left out")
    uplift = Uplift(
        kind=judgement.kind,
        actions={rows.actions[code]: action for code, action in actions.items()},
        schema=schema,
        signal_names=tuple(s.name for s in signals),
        formulas=tuple(s.formula for s in signals),
        features=settings,
        better=judgement.better,
        said=said,
        facts={
            "campaigns": names,
            "rows": len(rows),
            "customers": len(np.unique(rows.customer)),
            "kind": judgement.kind,
            "money": gathered.money,
            "judgement": {
                **asdict(judgement),
                "campaigns": list(judgement.campaigns),
                "taught": list(judgement.taught),
                "kinds": list(judgement.kinds),
                "difference": list(judgement.difference),
            },
        },
    )
    return Learned(uplift, judgement, gathered.left_out, tuple(told))
