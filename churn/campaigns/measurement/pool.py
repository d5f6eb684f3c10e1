"""Several campaigns together: what one of them is too small to show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from churn.campaigns.measurement.contrast import NAMES, Contrast, format_measure
from churn.campaigns.measurement.result import Measurement
from churn.campaigns.measurement.words import of_hundred
from churn.display import Rendered, format_amount, format_count, table_text
from churn.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from churn.campaigns.ledger import Ledger

_Z = 1.959963984540054
_POOLED = ("retained", "net_value")


@dataclass(frozen=True)
class PooledEffect:
    """An effect over campaigns.

    Attributes
    ----------
    measure : str
        Of what, per customer.
    effect, low, high : float
        Mean over the campaigns, larger ones counting more, and its 95 % interval.
    campaigns : int
        That went in.
    p_same : float or None
        How likely the campaigns differ as much if all had the same effect; None with one.
    """

    measure: str
    effect: float
    low: float
    high: float
    campaigns: int
    p_same: float | None


@dataclass(frozen=True, repr=False)
class Pooled(Rendered):
    """What the measured campaigns of a ledger did together.

    Attributes
    ----------
    said : str
        The result in a sentence.
    effects : tuple of PooledEffect
        On the share kept and, where it is known, on net value.
    rows : tuple of dict
        By campaign: campaign, as_of, treated, holdout, and the main effects.
    left_out : tuple of dict
        Campaigns without a final measurement: campaign, why.
    """

    said: str
    effects: tuple[PooledEffect, ...]
    rows: tuple[dict[str, Any], ...]
    left_out: tuple[dict[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "said": self.said,
            "effects": [asdict(e) for e in self.effects],
            "campaigns": list(self.rows),
            "left_out": list(self.left_out),
        }

    @property
    def frame(self) -> pd.DataFrame:
        """One row per campaign."""
        import pandas as pd

        return pd.DataFrame(list(self.rows))

    def render(self) -> str:
        """Return the result for a terminal."""
        lines = [self.said]
        if self.rows:
            cells = [
                [
                    r["campaign"][:40],
                    r["as_of"],
                    format_count(r["treated"]),
                    format_count(r["holdout"]),
                    *(_cell(r, m) for m in _POOLED),
                ]
                for r in self.rows
            ]
            header = ["campaign", "as of", "treated", "held out", *(NAMES[m] for m in _POOLED)]
            lines += ["", table_text(header, cells, right=(2, 3))]
        lines += (
            ["", *(f"Left out: {r['campaign']}, {r['why']}." for r in self.left_out)] if self.left_out else []
        )
        return "\n".join(lines)


def pool(ledger: Ledger) -> Pooled:
    """Take together what the campaigns of a ledger did, each as it was measured last.

    Parameters
    ----------
    ledger : Ledger
        Open.

    Returns
    -------
    Pooled
        Only of campaigns whose days are over and that were measured since; the others are named.

    Raises
    ------
    ParameterError
        The ledger has no campaign.
    """
    names = list(ledger.campaigns()["campaign"])
    if not names:
        raise ParameterError(
            "The ledger has no campaign", fix="Approve one first: churn campaign approve POLICY."
        )
    measured, left_out = [], []
    for name in names:
        every = [Measurement.of(m["content"]) for m in ledger.measurements(name)]
        final = [m for m in every if m.status == "measured"]  # an early look may have been taken again later
        found = next(iter((final or every)[::-1]), None)
        if found is None:
            left_out.append({"campaign": name, "why": "not measured yet"})
        elif found.status != "measured" or not _usable(found.effect("retained")):
            left_out.append(
                {"campaign": name, "why": f"{found.status}, needs data until {found.needs_until}"}
            )
        else:
            measured.append(found)
    return pool_measurements(measured, left_out)


def pool_measurements(measured: Sequence[Measurement], left_out: Sequence[dict[str, str]] = ()) -> Pooled:
    """Take final measurements together.

    Notes
    -----
    Each campaign's effect weighs by ``t h / (t + h)``, with t treated and h held out, which the draw fixes. The usual
    weight, one over the squared standard error, is no weight here: a holdout that by luck has no loss, or no big
    spender, has a small standard error too, so luck of one sign would count more and many small campaigns would show
    an effect that is none. The interval is that of the weighted mean of independent effects, each with the standard
    error of its own interval. Whether the campaigns differ by more than chance is told by Cochran's Q under these
    weights, whose distribution is taken as a scaled chi-squared with its exact first two moments (Biggerstaff and
    Jackson, 2008, "The exact distribution of Cochran's heterogeneity statistic in one-way random effects
    meta-analysis"). It answers what these campaigns did on average, not what another one will do. Customers who were
    in several campaigns count in each.

    Examples
    --------
    >>> one = Contrast("retained", "plain", treated=90, holdout=10, effect=0.05, low=-0.05, high=0.15, main=True)
    >>> found = [Measurement(f"c{i}", "2026-03-06", "measured", "", "", effects=(one,)) for i in range(25)]
    >>> pool_measurements(found).said
    'Over 25 campaigns together, of 100 customers contacting kept 5.0 who would have left (95 %: 3.0 to 7.0)...'
    """
    effects = []
    currencies = {m.currency for m in measured}
    for measure in _POOLED if len(currencies) < 2 else ("retained",):
        rows = [c for m in measured if _usable(c := m.effect(measure))]
        if rows:
            effects.append(_fixed(measure, [c for c in rows if c is not None]))
    said = _said(effects, len(measured), next(iter(currencies), ""))
    if len(currencies) > 1:
        said += " Net values are of several currencies, and are not taken together."
    return Pooled(said, tuple(effects), tuple(_row(m) for m in measured), tuple(left_out))


def _usable(c: Contrast | None) -> bool:
    return (
        c is not None and c.effect is not None and c.low is not None and c.high is not None and c.high > c.low
    )


def _fixed(measure: str, rows: Sequence[Contrast]) -> PooledEffect:
    import numpy as np
    from scipy.stats import chi2

    effects = np.array([float(c.effect or 0.0) for c in rows])
    variances = np.array([((float(c.high or 0.0) - float(c.low or 0.0)) / (2 * _Z)) ** 2 for c in rows])
    weights = np.array([c.treated * c.holdout / (c.treated + c.holdout) for c in rows])
    whole = weights.sum()
    mean = float(weights @ effects / whole)
    half = _Z * math.sqrt(float(weights**2 @ variances)) / float(whole)
    p_same = None
    if len(rows) > 1:
        apart = np.diag(weights) - np.outer(weights, weights) / whole
        expected = float(np.diag(apart) @ variances)
        spread = 2 * float(variances @ apart**2 @ variances)
        q = float(weights @ (effects - mean) ** 2)
        p_same = float(chi2.sf(q * 2 * expected / spread, 2 * expected**2 / spread))
    return PooledEffect(measure, mean, mean - half, mean + half, len(rows), p_same)


def _said(effects: Sequence[PooledEffect], campaigns: int, currency: str) -> str:
    kept = next((e for e in effects if e.measure == "retained"), None)
    if kept is None:
        return "Not enough data: no campaign of this ledger has a final measurement yet."
    low, high = of_hundred(kept.low), of_hundred(kept.high)
    of = f"Over {campaigns} campaign{'' if campaigns == 1 else 's'} together"
    if kept.low <= 0 <= kept.high:
        said = f"{of} no effect can be shown: of 100 customers, between {low} and {high} more stayed (95 %)."
    elif kept.effect > 0:
        said = (
            f"{of}, of 100 customers contacting kept {of_hundred(kept.effect)} who would have left (95 %: {low} to "
            f"{high})."
        )
    else:
        back = [of_hundred(-v) for v in (kept.effect, kept.high, kept.low)]
        said = (
            f"{of}, contacting did harm: of 100 customers {back[0]} left who would have stayed (95 %: {back[1]} to "
            f"{back[2]})."
        )
    value = next((e for e in effects if e.measure == "net_value"), None)
    if value is not None:
        each = [format_amount(v, currency) for v in (value.effect, value.low, value.high)]
        said += f" Net value per customer: {each[0]} ({each[1]} to {each[2]})."
    if kept.p_same is not None and kept.p_same < 0.05:
        said += " The campaigns differ by more than chance, so look at each by itself."
    return said


def _row(m: Measurement) -> dict[str, Any]:
    kept = m.effect("retained")
    row: dict[str, Any] = {
        "campaign": m.campaign,
        "as_of": m.as_of,
        "treated": kept.treated if kept else 0,
        "holdout": kept.holdout if kept else 0,
        "currency": m.currency,
    }
    for measure in _POOLED:
        c = m.effect(measure)
        row |= {f"{measure}_{k}": getattr(c, k) if c is not None else None for k in ("effect", "low", "high")}
    return row


def _cell(row: dict[str, Any], measure: str) -> str:
    effect, low, high = (
        format_measure(measure, row[f"{measure}_{k}"], row["currency"], signed=True)
        for k in ("effect", "low", "high")
    )
    return f"{effect} ({low} to {high})" if effect and low else effect
