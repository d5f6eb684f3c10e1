"""How sure a share of customers is."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054  # the 97.5 % point of the standard normal distribution


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    It is sampling noise only: how far the share may lie from the one of ever so many customers of the same kind.

    Parameters
    ----------
    part, whole : int
        Customers, ``0 <= part <= whole``, `whole` at least 1.

    Returns
    -------
    tuple of float
        Lowest and highest share of 1.

    References
    ----------
    E. B. Wilson (1927): Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association 22, 209-212. The same as ``scipy.stats.binomtest(...).proportion_ci(
    method="wilson")``, which takes half a second to import.

    Examples
    --------
    >>> low, high = wilson(700, 1000)
    >>> round(low, 3), round(high, 3)
    (0.671, 0.728)
    """
    z2 = Z_95 * Z_95
    share = part / whole
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = Z_95 / (1 + z2 / whole) * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole))
    return (0.0 if part == 0 else max(middle - half, 0.0)), (
        1.0 if part == whole else min(middle + half, 1.0)
    )
