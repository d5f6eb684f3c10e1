"""What a campaign did, as a result: a sentence first, then effects, cost, checks, and the forecast beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from churn.campaigns.measurement.contrast import NAMES, Contrast, format_measure
from churn.display import Rendered, format_count, table_text
from churn.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["measured", "interim", "not enough data"]
STATUSES: tuple[str, ...] = get_args(Status)


@dataclass(frozen=True, repr=False)
class Measurement(Rendered):
    """Treated against held out, by intention to treat.

    Attributes
    ----------
    campaign, as_of, start : str
        Which campaign, what was known strictly before when, and where its clock started.
    status : {"measured", "interim", "not enough data"}
        Whether the whole horizon is seen, a part of it, or nothing can be compared.
    needs_until : str
        The day from which on the whole horizon is known.
    said : str
        The result in a sentence or two.
    horizon_days, observed_days : int
        Days the effect is meant over, and those that are seen.
    currency : str
        Before amounts.
    lost_means : str
        What makes a customer lost, in words.
    arms : dict
        By arm: assigned, known, missing, contacted, and the means.
    effects, by_action, by_segment : tuple of Contrast
        Over all, by action, by stratum and segment.
    multiplicity : str
        How many groups would stand out by chance alone.
    checks : tuple of dict
        ``code``, ``text``, ``is_warning``.
    spent : dict
        ``contacts``, ``contact_cost``, ``offers``, ``offer_cost``, ``spent``, ``said``.
    profit : dict
        ``value``, ``low``, ``high``, ``said``; empty where net value is not known.
    forecast : tuple of dict
        ``what``, ``expected``, ``low``, ``high``, ``came``, ``came_low``, ``came_high``, ``text``.
    visible : dict
        ``smallest``: the smallest effect on the share kept that this holdout could show; ``said``.
    curve : dict
        ``days`` and the share kept by arm.
    global_holdout : Contrast or None
        All others against those whom no campaign touches.
    method : tuple of str
        How it was done, in sentences.
    """

    campaign: str
    as_of: str
    status: Status
    needs_until: str
    said: str
    start: str = ""
    horizon_days: int = 0
    observed_days: int = 0
    currency: str = ""
    lost_means: str = ""
    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    effects: tuple[Contrast, ...] = ()
    by_action: tuple[Contrast, ...] = ()
    by_segment: tuple[Contrast, ...] = ()
    multiplicity: str = ""
    checks: tuple[dict[str, Any], ...] = ()
    spent: dict[str, Any] = field(default_factory=dict)
    profit: dict[str, Any] = field(default_factory=dict)
    forecast: tuple[dict[str, Any], ...] = ()
    visible: dict[str, Any] = field(default_factory=dict)
    curve: dict[str, Any] = field(default_factory=dict)
    global_holdout: Contrast | None = None
    method: tuple[str, ...] = ()

    def effect(self, measure: str) -> Contrast | None:
        """Return the main comparison of a measure, None where there is none."""
        return next((e for e in self.effects if e.measure == measure and e.main), None)

    def to_dict(self) -> dict[str, Any]:
        """Return ``measurement.json``: plain values, None for what is not known."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Measurement:
        """Make one of what `to_dict` returned; keys of later versions are left out.

        Raises
        ------
        DataError
            It is not one.
        """
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        if not {"campaign", "as_of", "status", "needs_until", "said"} <= known.keys() or known[
            "status"
        ] not in (STATUSES):
            raise DataError(
                "This is not the measurement of a campaign",
                given=", ".join(map(str, list(values)[:12])) or "nothing",
                allowed="what churn campaign measure writes as measurement.json",
                fix="Run churn campaign measure again.",
                code="bad-measurement",
            )
        names = {f.name for f in fields(Contrast)}

        def contrast(row: Mapping[str, Any]) -> Contrast:
            return Contrast(**{k: v for k, v in row.items() if k in names})

        for name in ("effects", "by_action", "by_segment"):
            known[name] = tuple(contrast(r) for r in known.get(name) or ())
        if known.get("global_holdout") is not None:
            known["global_holdout"] = contrast(known["global_holdout"])
        for name in ("checks", "forecast", "method"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)

    @property
    def frame(self) -> pd.DataFrame:
        """Every comparison, one row each."""
        import pandas as pd

        rows = [*self.effects, *self.by_action, *self.by_segment]
        rows += [self.global_holdout] if self.global_holdout else []
        flat = []
        for row in rows:
            plain = {f.name: getattr(row, f.name) for f in fields(row) if f.name != "always_valid"}
            bounds = row.always_valid or {}
            flat.append(plain | {f"always_valid_{k}": bounds.get(k) for k in ("low", "high")})
        return pd.DataFrame(flat, columns=[*(_COLUMNS), "always_valid_low", "always_valid_high"])

    def figure(self) -> Any:
        """Return the effects as a picture for a file."""
        from churn.campaigns.measurement.plot import draw

        return draw(self)

    def render(self) -> str:
        """Return the result for a terminal."""
        lines = [f"Campaign {self.campaign}, as of {self.as_of}: {self.status}", "", self.said]
        if self.arms:
            lines += ["", _arms(self.arms, self.currency)]
        if self.effects:
            lines += ["", "Treated less held out, per customer (95 %)", _table(self.effects, self.currency)]
        for title, rows in (("By action", self.by_action), ("By segment", self.by_segment)):
            if rows:
                lines += ["", title, _table(rows, self.currency, named=True)]
        lines += ["", self.multiplicity] if self.multiplicity else []
        if self.global_holdout is not None:
            lines += ["", "All campaigns against the global holdout", _table([self.global_holdout])]
        money = [s for s in (self.spent.get("said"), self.profit.get("said")) if s]
        lines += ["", *money] if money else []
        if self.forecast:
            lines += ["", "The plan's forecast and what came", *(f"- {r['text']}" for r in self.forecast)]
        if self.checks:
            marks = {True: "warning: ", False: ""}
            lines += [
                "",
                "Checks",
                *(f"- {marks[bool(c.get('is_warning'))]}{c['text']}" for c in self.checks),
            ]
        return "\n".join(lines)


_COLUMNS = [f.name for f in fields(Contrast) if f.name != "always_valid"]


def _table(rows: Sequence[Contrast], currency: str = "", *, named: bool = False) -> str:
    header = ["", "treated", "held out", "effect", "95 %", *(["of", "p, adjusted"] if named else ["method"])]
    cells = []
    for r in rows:
        name = f"{r.group}: {r.value}" if named else NAMES.get(r.measure, r.measure)
        means = [format_measure(r.measure, v, currency) for v in (r.treated_mean, r.holdout_mean)]
        effect = format_measure(r.measure, r.effect, currency, signed=True) or "none"
        ends = [format_measure(r.measure, v, currency, signed=True) for v in (r.low, r.high)]
        more = [f"{format_count(r.treated)} and {format_count(r.holdout)}", _digits(r.p_adjusted)]
        span = f"{ends[0]} to {ends[1]}" if ends[0] else r.note
        cells.append([name[:40], *means, effect, span, *(more if named else [r.method])])
    return table_text(header, cells, right=(1, 2, 3))


def _arms(arms: Mapping[str, Mapping[str, Any]], currency: str) -> str:
    rows = [
        [
            name,
            *(format_count(arm.get(k) or 0) for k in ("assigned", "contacted", "known")),
            *(format_measure(m, arm.get(m), currency) for m in NAMES),
        ]
        for name, arm in arms.items()
    ]
    header = ["", "assigned", "contacted", "outcome known", "kept", "orders each", "net value each"]
    return table_text(header, rows, right=range(1, 7))


def _digits(p: float | None) -> str:
    return "" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}"


def _plain(value: Any) -> Any:
    """Return plain values that JSON can say."""
    if isinstance(value, Contrast):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
