"""How far the model can be believed, in sentences: what ``model.json`` says beside its pictures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from churn.display import format_count

_NONE = (
    "No backtest was written: churn backtest CONFIG judges the model at several earlier cutoffs and, with costs given, "
    "shows the profit by depth of contact."
)


def believed(model: Mapping[str, Any] | None, base_rate: str = "", as_of: str = "") -> tuple[str, ...]:
    """Say how far a model can be believed.

    Parameters
    ----------
    model : mapping or None
        ``model.json``.
    base_rate : str, optional
        What the night says of its base rate; the training's forecast when left out.
    as_of : str, optional
        The cutoff's date, from which the age of the training is told.

    Returns
    -------
    tuple of str
        The verdict first; nothing without a model.

    Examples
    --------
    >>> believed({"verdict": ["It is good."], "training": {"last_cutoff": "2025-03-01"}, "backtest": None},
    ...     as_of="2025-03-31")[:2]
    ('It is good.', 'Trained on snapshots up to 2025-03-01, 30 days before this night.')
    """
    if not model:
        return ()
    said = [*map(str, model.get("verdict") or []), _trained(model.get("training") or {}, as_of)]
    said.append(base_rate or str((model.get("base_rate") or {}).get("said", "")))
    spend = str((model.get("spend") or {}).get("said", ""))
    said.append(
        spend.partition(": deviance")[0].rstrip(".") + "." if spend else ""
    )  # its figures are in model.json
    backtest = model.get("backtest")
    if backtest:
        said += [f"Backtest: {backtest['verdict']}"] if backtest.get("verdict") else []
        said += [str(w) for w in backtest.get("warnings") or []]
        said += [" ".join(_sentences((backtest.get("lead_time") or {}).get("said") or []))]
        missing = backtest.get("economics_missing") or []
        if missing:
            keys = ", ".join(f"economics.{k}" for k in missing)
            said.append(f"Profit by depth of contact is left out: set {keys} in the configuration.")
    else:
        said.append(_NONE)
    return tuple(s for s in said if s)


def _trained(training: Mapping[str, Any], as_of: str) -> str:
    last = training.get("last_cutoff")
    if not last:
        return ""
    rows, snapshots = training.get("rows"), training.get("snapshots")
    amount = f"{format_count(rows)} rows of {format_count(snapshots)} " if rows and snapshots else ""
    first = training.get("first_cutoff")
    span = f"from {first} to {last}" if first else f"up to {last}"
    age = _days(str(last), as_of)
    told = "" if age is None or age < 0 else f", {age:,} day{'' if age == 1 else 's'} before this night"
    return f"Trained on {amount}snapshots {span}{told}."


def _days(last: str, as_of: str) -> int | None:
    try:
        return (dt.date.fromisoformat(as_of[:10]) - dt.date.fromisoformat(last[:10])).days
    except ValueError:
        return None


def _sentences(lines: list[str]) -> list[str]:
    """Return lines as sentences: a capital first, a full stop last."""
    return [f"{x[:1].upper()}{x[1:]}{'' if x.endswith('.') else '.'}" for x in lines if x]
