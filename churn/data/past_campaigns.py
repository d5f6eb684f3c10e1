"""Past campaigns with a lot for everyone, in the simulated shop: what an uplift model learns from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from churn.data import truth
from churn.data.shop_campaigns import AnyShop, contacted
from churn.errors import ParameterError


def past_campaigns(
    shop: AnyShop,
    dates: Sequence[str | pd.Timestamp],
    actions: Sequence[str],
    *,
    treated_share: float = 0.5,
    active_days: float = 180,
    consent_only: bool = True,
    seed: int = 0,
    effect: float = 1.0,
) -> tuple[AnyShop, pd.DataFrame]:
    """Return what `churn.data.simulate.Shop.past_campaigns` does, which says more.

    Raises
    ------
    ParameterError
        There is no date or action, a date is not after the one before it or outside the span, or a share is none.

    Examples
    --------
    >>> from churn import make_shop
    >>> _, lots = past_campaigns(make_shop(200, seed=1), ["2025-06-01"], ["gift"])
    >>> list(lots)
    ['campaign', 'customer', 'arm', 'action', 'time']
    """
    truth.number("treated_share", treated_share, 0, 1, "0.5")
    truth.number("active_days", active_days, 1, 36_600, "180")
    truth.number("seed", seed, 0, 2**63, "0", whole=True)
    times = [truth.instant("dates", date) for date in dates]
    if not times or not actions or sorted(set(times)) != times:
        raise ParameterError(
            "Campaigns need actions, and dates in order",
            given=f"{len(times)} dates, {len(actions)} actions",
            allowed="dates of which each is after the one before it, and an action at least",
            fix="Set dates=['2025-03-01', '2025-06-01'], for example.",
        )
    rng, lots = np.random.default_rng([seed, shop.seed]), []
    for time in times:
        known = shop.orders[shop.orders["time"] < time]
        last = known.groupby("customer")["time"].max().reindex(shop.customers["customer"])
        takes_part = (time - last <= pd.Timedelta(days=active_days)).to_numpy()
        if consent_only:
            takes_part = takes_part & shop.customers["consent"].to_numpy(dtype=bool)
        # One lot for everyone, so that nobody's depends on who else takes part.
        action, lot = rng.integers(0, len(actions), len(takes_part)), rng.random(len(takes_part))
        made = pd.DataFrame({"campaign": f"{time:%Y-%m-%d}", "customer": shop.customers["customer"]})
        made["arm"] = np.where(lot < treated_share, "treated", "holdout")
        made["action"] = np.array(list(actions), dtype=object)[action]
        made = made.assign(time=time.as_unit("us"))[takes_part]
        treated = made[made["arm"] == "treated"]
        shop = contacted(shop, treated.rename(columns={"action": "kind"}), effect=effect)
        lots.append(made)
    return shop, pd.concat(lots, ignore_index=True)
