"""What past campaigns did, a line each, for the nightly report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from churn.campaigns.measurement.result import Measurement
from churn.errors import ChurnError

MOST = 50  # campaigns, the newest


def measured_campaigns(plans: str | Path, until: str) -> list[dict[str, Any]]:
    """Return what the campaigns below a folder did, as far as it was known at a date, newest first.

    Parameters
    ----------
    plans : str or Path
        Folder of the plans; each campaign has a folder in it, with ``measurement.json`` where it was measured.
    until : str
        Cutoff, YYYY-MM-DD; a measurement that saw what came later is left out.

    Returns
    -------
    list of dict
        ``campaign``, ``start``, ``as_of``, ``status``, ``said``, ``currency``, ``treated``, ``held_out`` (customers),
        ``effect``, ``low``, ``high`` (share kept, treated less held out; None where nothing can be compared),
        ``spent``, ``profit``, ``profit_low``, ``profit_high`` (money or None). Status is ``unreadable`` where a file
        is damaged.

    Examples
    --------
    >>> measured_campaigns("no-such-folder", "2026-01-01")
    []
    """
    found = []
    for file in sorted(Path(plans).glob("*/measurement.json")):
        try:
            values = Measurement.of(json.loads(file.read_text(encoding="utf-8"))).to_dict()
        except (OSError, ValueError, ChurnError):
            said = (
                f"{file.parent.name}/measurement.json cannot be read; churn campaign measure writes it again."
            )
            found.append({"campaign": file.parent.name, "start": "", "status": "unreadable", "said": said})
            continue
        if values["as_of"] <= until:
            found.append(_line(values))
    found.sort(key=lambda row: (row["start"], row["campaign"]), reverse=True)
    return found[:MOST]


def _line(values: Mapping[str, Any]) -> dict[str, Any]:
    main: Mapping[str, Any] = next(
        (e for e in values["effects"] if e["measure"] == "retained" and e["main"]), {}
    )
    ends = (main.get("always_valid") or {}) if values["status"] == "interim" else main
    arms, profit = values["arms"], values["profit"]
    return {
        **{k: values[k] for k in ("campaign", "start", "as_of", "status", "said", "currency")},
        "treated": (arms.get("treated") or {}).get("assigned", 0),
        "held_out": (arms.get("holdout") or {}).get("assigned", 0),
        "effect": main.get("effect") if ends.get("low") is not None else None,
        "low": ends.get("low"),
        "high": ends.get("high"),
        "spent": values["spent"].get("spent"),
        "profit": profit.get("value"),
        "profit_low": profit.get("low"),
        "profit_high": profit.get("high"),
    }
