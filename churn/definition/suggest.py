"""Proposes active and horizon days from how long customers are silent before they order again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.history import DAY_US, History, check_history
from churn.definition.base import check_days
from churn.definition.inactivity import Inactivity
from churn.definition.renewals import Renewals, read_renewals
from churn.definition.silence import Silences
from churn.display import Rendered, format_count, format_percent, table_text
from churn.errors import DataError
from churn.files import replacing_folder, write_json
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

GRID = (7, 14, 21, 30, 45, 60, 90, 120, 150, 180, 240, 300, 365, 545, 730)
LOST_BELOW = 0.5  # a customer is called lost when coming back is less likely than not
ORDERED_BY = 0.75  # of those who come back, so many must have had the time to
_FEWEST_SNAPSHOTS = 3
_CUTOFFS = 6


@dataclass(frozen=True, repr=False)
class Suggestion(Rendered):
    """Proposed days of a definition by silence, the curve behind them, and what other choices cost.

    Attributes
    ----------
    name : str
        The history's.
    active_days, horizon_days : int
        The proposal.
    reasons : tuple of str
        Why, in words.
    curve : pandas.DataFrame
        By days of silence: `silences` known to be that long, `still_silent` (share of all silences that are longer),
        `come_back` (share of customers silent so long who order within `within_days` more; NaN where not known)
        and `ordered_by` (of those who come back within `within_days` of an order, the share that has by then).
    choices : pandas.DataFrame
        The proposal and shorter and longer days: `lost_come_back` (of those called lost, the share expected to order
        within `within_days` all the same), `judged` (active customers as a share of all who ever ordered), `snapshots`
        (training cutoffs that the history leaves before the test cutoff) and `churn_rate`, over up to six cutoffs.
    within_days : int
        Days within which a return is looked for.
    renewals : Renewals or None
        What the subscriptions say, where there are any.
    current : tuple of int or None
        Active and horizon days in use, which stand in the table of choices too.
    """

    name: str
    active_days: int
    horizon_days: int
    reasons: tuple[str, ...]
    curve: pd.DataFrame
    choices: pd.DataFrame
    within_days: int
    renewals: Renewals | None = None
    current: tuple[int, int] | None = None

    @property
    def yaml(self) -> str:
        """The lines to paste into a configuration."""
        return (
            f"definition:\n  kind: inactivity\n  active_days: {self.active_days}\n"
            f"  horizon_days: {self.horizon_days}\n"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; what is not known is None."""
        return {
            "name": self.name,
            "active_days": self.active_days,
            "horizon_days": self.horizon_days,
            "within_days": self.within_days,
            "current": list(self.current) if self.current else None,
            "reasons": list(self.reasons),
            "curve": _records(self.curve),
            "choices": _records(self.choices),
            "subscriptions": self.renewals.to_dict() if self.renewals else None,
            "yaml": self.yaml,
        }

    def render(self) -> str:
        """Return the proposal with its reasons, the curve at some days, and the table of choices."""
        days = f"{self.within_days} days"
        shown = self.curve[self.curve["days"].isin(GRID) & self.curve["come_back"].notna()]
        curve = [
            [
                f"{r['days']:.0f}",
                format_count(r["silences"]),
                format_percent(r["come_back"], 0),
                "█" * round(20 * r["come_back"]),
            ]
            for r in shown.to_dict("records")
        ]
        marks = {(self.active_days, self.horizon_days): "→"}
        if self.current:
            marks[self.current] = marks.get(self.current, "") + "="
        choices = [
            [
                marks.get((r["active_days"], r["horizon_days"]), ""),
                f"{r['active_days']}",
                f"{r['horizon_days']}",
                *(
                    "not known" if np.isnan(r[c]) else format_percent(r[c], 0)
                    for c in ("churn_rate", "lost_come_back", "judged")
                ),
                f"{r['snapshots']}",
            ]
            for r in self.choices.to_dict("records")
        ]
        contract = self.renewals.yaml(self.horizon_days) if self.renewals else ""
        head = ["", "active", "horizon", "churn rate", "lost who come back", "customers judged", "snapshots"]
        return "\n".join(
            [
                f"Proposed for {self.name}: active_days {self.active_days}, horizon_days {self.horizon_days}",
                *(f"  - {r}" for r in self.reasons),
                "",
                f"Customers silent for so many days who order within {days} more:",
                table_text(["days", "silences", "come back", ""], curve, right=(0, 1, 2)),
                "",
                "What a shorter or longer choice costs:",
                table_text(head, choices, right=(1, 2, 3, 4, 5, 6)),
                f"lost who come back: of those called lost, expected to order within {days} all the same; judged: "
                "active customers as a share of all who ever ordered; snapshots: cutoffs to learn from."
                + (" → proposed, = in use." if self.current else ""),
                *(["", self.renewals.render()] if self.renewals else []),
                "",
                self.yaml.rstrip(),
                *(["", "or by contract:", "", contract.rstrip()] if contract else []),
            ]
        )

    def figure(self) -> Any:
        """Draw both curves with the proposal."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10, 4.2), dpi=120, layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        known = self.curve[self.curve["come_back"].notna()]
        within = self.curve[self.curve["days"] <= self.within_days]
        for axes, data, column, at, title in (
            (left, known, "come_back", self.active_days, f"Come back within {self.within_days} days more"),
            (right, within, "ordered_by", self.horizon_days, "Of those who come back, have ordered again"),
        ):
            axes.plot(data["days"], data[column], color="#0b69a3")
            axes.axvline(at, color="#9aa5b1", linestyle="--")
            axes.annotate(f" {at} days", (at, 1.0), color="#1f2933", va="top")
            axes.set_title(title, loc="left", color="#1f2933")
            axes.set_xlabel("days of silence" if axes is left else "days after an order")
            axes.spines[["top", "right"]].set_visible(False)
        left.set_ylim(0, 1.02)
        left.set_ylabel("share")
        return figure

    def write(self, folder: str | Path) -> Path:
        """Write suggest.png, its data as curve.csv, choices.csv and suggest.json, all or nothing.

        Returns
        -------
        Path
            The folder.
        """
        target = Path(folder)
        with replacing_folder(target) as fresh:
            self.figure().savefig(fresh / "suggest.png")
            self.curve.to_csv(fresh / "curve.csv", index=False)
            self.choices.to_csv(fresh / "choices.csv", index=False)
            write_json(fresh / "suggest.json", self.to_dict())
        return target


def suggest(history: History, *, step_days: int = 30, current: tuple[int, int] | None = None) -> Suggestion:
    """Propose `active_days` and `horizon_days` from the gaps between order days.

    Parameters
    ----------
    history : History
        The log; all of it is looked at, so the proposal is for a definition and no proof of a model.
    step_days : int, default 30
        Days between training snapshots, to count those that the history leaves.
    current : tuple of int, optional
        Active and horizon days in use, to stand beside the proposal in the table of choices.

    Returns
    -------
    Suggestion
        The proposal, the curve behind it, and the cost of shorter and longer days.

    Raises
    ------
    ParameterError
        `step_days` is not a whole number of days.
    DataError
        Nearly nobody ordered twice, or the data are too short for any choice.

    Notes
    -----
    After each of a customer's order days a silence begins. The next order day ends it; the silence at the end of the
    data is censored there, it is not known when it ends. The share S(d) of silences longer than d days is the
    Kaplan-Meier estimate, and the share who come back within w days after d days of silence is
    ``1 - S(d + w) / S(d)`` [1]_.

    `horizon_days` is the shortest length by which three quarters of those who come back within w days have ordered
    again: a shorter one calls many lost who only took their time. `active_days` is the shortest silence, no shorter
    than the horizon, after which fewer than half come back. Both are rounded up to 7, 14, 21, 30, 45, 60, 90, 120,
    150, 180, 240, 300, 365, 545 or 730, and shortened where the history would leave fewer than three training
    snapshots.

    References
    ----------
    .. [1] E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of the
       American Statistical Association 53, 1958.

    Examples
    --------
    >>> import churn
    >>> proposal = churn.suggest(churn.make_shop(customers=300, seed=2).history())
    >>> proposal.horizon_days <= proposal.active_days
    True
    """
    import pandas as pd

    check_history(history)
    check_days("step_days", step_days, 1)
    report("Reading the gaps between orders")
    silences = Silences.of(history)
    active, horizon, reasons = _propose(history, silences, step_days)
    report("Comparing shorter and longer choices")
    pairs = [(a, horizon) for a in _around(active) if a >= horizon]
    pairs += [(active, h) for h in _around(horizon) if h <= active and h != horizon]
    pairs += [] if current is None else [current]
    choices = pd.DataFrame([_choice(history, silences, a, h, step_days) for a, h in sorted(set(pairs))])
    days = np.arange(len(silences.survival))
    curve = pd.DataFrame(
        {
            "days": days,
            "silences": silences.at_risk,
            "still_silent": silences.survival,
            "come_back": silences.come_back(days),
            "ordered_by": silences.ordered_by(days),
        }
    )
    return Suggestion(
        history.name,
        active,
        horizon,
        reasons,
        curve,
        choices,
        silences.within_days,
        read_renewals(history),
        current,
    )


def _propose(history: History, silences: Silences, step_days: int) -> tuple[int, int, tuple[str, ...]]:
    within = silences.within_days
    grid = _with_room(history, [(d, d) for d in GRID], step_days)
    if not grid:
        raise DataError(
            "The history is too short for any definition by silence",
            given=f"{(history.data_end - history.data_start) / DAY_US:.0f} days of orders",
            allowed=f"room for {_FEWEST_SNAPSHOTS} snapshots {step_days} days apart",
            fix="Bring more history, or shorten training.step_days.",
            code="short-history",
        )
    ordered = silences.ordered_by(np.array([h for _, h in grid]))
    enough = np.flatnonzero(ordered >= ORDERED_BY)
    i = int(enough[0]) if len(enough) else len(grid) - 1
    horizon = grid[i][1]
    reasons = [
        f"horizon_days {horizon}: of those who order again within {within} days, {format_percent(ordered[i], 0)} have "
        f"done so by then{'' if len(enough) else '; the history leaves no room for a longer one'}"
    ]
    pairs = _with_room(history, [(d, horizon) for d in GRID if d >= horizon], step_days)
    back = silences.come_back(np.array([a for a, _ in pairs]))
    lost, known = np.flatnonzero(back < LOST_BELOW), np.flatnonzero(~np.isnan(back))
    k = int(lost[0]) if len(lost) else int(known[-1]) if len(known) else 0
    active, share = pairs[k][0], format_percent(back[k], 0)
    if len(lost):
        why = f"of those silent so long {share} come back within {within} days: more are gone than not"
    elif len(known):
        limit = "the history has room for" if k == len(pairs) - 1 else "enough silences show"
        why = f"the longest that {limit}; {share} of those silent so long come back within {within} days all the same, "
        why += "so silence alone says little here"
    else:
        why = "no silence of that length and its return lie within the data, so nothing speaks for another"
    return active, horizon, (*reasons, f"active_days {active}: {why}")


def _with_room(history: History, pairs: list[tuple[int, int]], step_days: int) -> list[tuple[int, int]]:
    """Return the pairs of active and horizon days for which the history leaves enough snapshots."""
    return [p for p in pairs if _snapshots(history, Inactivity(*p), step_days) >= _FEWEST_SNAPSHOTS]


def _around(days: int) -> list[int]:
    """Return the days with two shorter and two longer choices."""
    grid = sorted({*GRID, days})
    i = grid.index(days)
    return grid[max(i - 2, 0) : i + 3]


def _snapshots(history: History, rule: Inactivity, step_days: int) -> int:
    """Return how many training cutoffs fit before the last mature cutoff, as training lays them."""
    newest = rule.last_mature_cutoff(history) - rule.window_us
    room = newest - history.data_start - rule.active_days * DAY_US
    return max(room // (step_days * DAY_US) + 1, 0)


def _choice(
    history: History, silences: Silences, active: int, horizon: int, step_days: int
) -> dict[str, Any]:
    """Return what one choice of days costs, over up to six cutoffs a horizon apart."""
    rule = Inactivity(active, horizon)
    orders, n = history.logs["orders"], len(history.customers)
    judged = ever = churned = 0
    back: list[np.ndarray] = []
    newest = rule.last_mature_cutoff(history)
    for k in range(_CUTOFFS):
        cutoff = history.days_before(newest, k * horizon)
        if cutoff < history.data_start + active * DAY_US:
            break
        end = np.searchsorted(orders.time, cutoff, side="left")
        last = np.full(n, np.iinfo(np.int64).min)
        last[orders.customer[:end]] = orders.time[:end]
        population = rule.population(history.as_of(cutoff))
        lost = population[rule.labels(history, cutoff, population) == 1]
        judged, churned = judged + len(population), churned + len(lost)
        ever += int((last != np.iinfo(np.int64).min).sum())
        back.append(silences.come_back((cutoff - last[lost]) // DAY_US + horizon))
    shares = np.concatenate(back) if back else np.empty(0)
    known = shares[~np.isnan(shares)]
    return {
        "active_days": active,
        "horizon_days": horizon,
        "churn_rate": churned / judged if judged else np.nan,
        "lost_come_back": float(known.mean()) if len(known) else np.nan,
        "judged": judged / ever if ever else np.nan,
        "snapshots": _snapshots(history, rule, step_days),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    return [{str(k): None if isinstance(v, float) and np.isnan(v) else v for k, v in r.items()} for r in rows]
