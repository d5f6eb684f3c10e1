"""What the campaign of a policy can show: its customers, their risk, what the plan expects, and how orders spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from churn.campaigns.policy import Policy
from churn.campaigns.sizing.result import Power
from churn.display import format_count, format_percent
from churn.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

_SURE = 1e-6


def power_of_policy(
    policy: Policy,
    *,
    share: float | None = None,
    effect: float | None = None,
    power: float = 0.8,
    days: int | None = None,
) -> Power:
    """Tell what the campaign of a policy can show, before anyone is contacted; nothing is written.

    Parameters
    ----------
    policy : Policy
        The campaign.
    share : float, optional
        Held out; the policy's by default.
    effect : float, optional
        Expected reduction of the churn rate; what the plan expects by default.
    power : float, default 0.8
        Wanted chance of showing an effect.
    days : int, optional
        Over which orders and net value are looked at; the policy's horizon by default, else the definition's.

    Returns
    -------
    Power

    Raises
    ------
    ParameterError
        The policy holds nobody out, and no share is given.
    DataError
        The plan would contact nobody.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> from churn.campaigns.policy import make_policy
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> frame = pd.DataFrame({"customer": ["A", "B"], "churn_probability": [0.5, 0.1], "spend_if_staying": [90, 80]})
    >>> frame.to_csv(folder / "scores.csv", index=False)
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 1, "save_chance": 0.2}
    >>> settings = {"campaign": "winter", "scores": "scores.csv", "start": "2026-01-05", "actions": [call]}
    >>> policy = make_policy(settings | {"consent": {"required": False}}, folder=folder)
    >>> print(power_of_policy(policy).said)
    The plan expects 6.0 points; with 10.0 % held out of 2 no effect can be shown, not even if everybody were saved...
    """
    held = policy.holdout.share if share is None else share
    if held == 0:
        raise ParameterError(
            "The policy holds nobody out, so nothing can ever be shown",
            given="holdout.share: 0",
            fix="Set holdout.share: 0.1, or see what other shares would show with --share 0.1.",
        )
    chosen, currency = _planned(policy, held)
    amounts, told = _history(policy, chosen, days)
    if policy.limits.budget is not None or policy.limits.capacity:
        told += (
            "Where budget or capacity is used up, those held out make room for the next best: then less profit is "
            "forgone than the table says, and another share (--share) chooses other customers.",
        )
    return power_of_customers(
        chosen, share=held, effect=effect, power=power, amounts=amounts, currency=currency, notes=told
    )


def power_of_customers(
    chosen: pd.DataFrame,
    *,
    share: float = 0.1,
    effect: float | None = None,
    power: float = 0.8,
    amounts: dict[str, tuple[float, float]] | None = None,
    currency: str = "",
    notes: tuple[str, ...] = (),
) -> Power:
    """Tell what contacting these customers can show.

    Parameters
    ----------
    chosen : pandas.DataFrame
        Whom the plan would contact: ``churn_probability`` and, where known, ``uplift`` and ``expected_profit``.
    share, effect, power, amounts, currency, notes
        As for `churn.campaigns.power`; the effect is the mean uplift where none is given.

    Returns
    -------
    Power

    Raises
    ------
    DataError
        There is nobody with a probability.

    Notes
    -----
    A probability ``p`` that is right on average explains ``Var(p)`` of the outcome's variance ``m (1 - m)``, ``m`` its
    mean; what is left is what adjusting for the score keeps. A score that is worse keeps more.

    Examples
    --------
    >>> import pandas as pd
    >>> chosen = pd.DataFrame({"churn_probability": [0.2, 0.8] * 500, "uplift": 0.05})
    >>> answer = power_of_customers(chosen)
    >>> round(answer.variance_kept, 2), round(answer.effect, 2)
    (0.64, 0.05)
    """
    from churn.campaigns.sizing.power import power as power_of

    p = chosen["churn_probability"].to_numpy(dtype=float)
    p = p[np.isfinite(p)]
    if not len(p):
        raise DataError(
            "The plan would contact nobody, so there is nothing to show",
            given=f"{len(chosen):,} customers, none with a churn probability",
            fix="See churn campaign plan for why each customer is out.",
            code="nobody-planned",
        )
    base = float(np.clip(p.mean(), _SURE, 1 - _SURE))
    kept = float(np.clip(1 - p.var() / (base * (1 - base)), 0.01, 1))
    said = [
        f"Who leaves when left alone is taken from the score. Adjusting for it keeps {format_percent(kept, 0)} of the "
        "variance if the score is right on average; a score without worth keeps all."
    ]
    given = effect is not None
    if not given and "uplift" in chosen:
        uplift = float(chosen["uplift"].mean())
        if uplift > 0:
            effect = min(uplift, base)
            said.append(
                "The expected effect is the plan's: an assumption, unless a holdout measured it before."
            )
        else:
            said.append("The plan expects no effect on who stays, so only the smallest effects are shown.")
    is_plan = effect is not None and not given
    profit = None
    if "expected_profit" in chosen and chosen["expected_profit"].notna().any():
        profit = max(float(chosen["expected_profit"].mean()), 0.0)
    return power_of(
        len(p),
        base,
        share=share,
        effect=effect,
        power=power,
        variance_kept=kept,
        amounts=amounts,
        profit=profit,
        currency=currency,
        notes=(*said, *notes),
        is_plan=is_plan,
    )


def _planned(policy: Policy, share: float) -> tuple[pd.DataFrame, str]:
    """Return whom the plan would contact with this share held out, treated and held out alike."""
    from churn.campaigns.plan.make import make_plan

    holdout = policy.holdout.model_copy(update={"share": share})
    plan = make_plan(policy.model_copy(update={"holdout": holdout}))
    return plan.customers[plan.customers["selected"]], str(plan.facts.get("currency") or policy.currency)


def _history(
    policy: Policy, chosen: pd.DataFrame, days: int | None
) -> tuple[dict[str, tuple[float, float]], tuple[str, ...]]:
    """Return mean and spread of orders and net value of these customers over the newest days, and what to say of it."""
    if policy.config is None:
        return {}, (
            "How orders and money spread is not known: name the data's configuration as `config` in the policy.",
        )
    import datetime as dt

    import pandas as pd

    from churn.campaigns.outcomes import outcomes
    from churn.config import read_config
    from churn.data.load import open_base
    from churn.definition import Inactivity, make_definition

    settings = read_config(policy.place(policy.config))
    base = open_base(settings)
    horizon = days or policy.horizon_days or make_definition(settings.definition.model_dump()).ahead_days
    ids = pd.DataFrame({"customer": chosen["customer"].to_numpy()})
    end = dt.date.fromisoformat(base.date(min(base.instant(policy.start, "start"), base.data_end))[:10])
    start = end - dt.timedelta(days=horizon)
    # Only orders and money are asked for, so any kind of churn may be meant.
    plain = outcomes(base, Inactivity(horizon, horizon), ids, start, horizon)
    found = {}
    for name in ("orders", "net_value"):
        column = plain.frame[name].dropna()
        if len(column) > 1:
            found[name] = (float(column.mean()), float(column.std()))
    note = (
        f"Orders and net value spread as those of the same customers did in the {horizon} days from {start}; "
        "adjusting them for the score is left out, so a smaller effect may show."
    )
    if plain.missing:
        note += f" {format_count(plain.missing)} of the customers are not in the data."
    return found, (note,) if found else ()
