"""How far the model can be believed, as plain values for a reader: ``model.json`` of a night."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.features.signal import Signal
from churn.model.baselines import BASELINES
from churn.model.bundle import Model
from churn.model.evaluate import Estimate, Evaluation
from churn.model.leadtime import LeadTime
from churn.model.reasons.stories import story_of, topic_of
from churn.model.value.spend import SpendModel
from churn.model.verdict import best_baseline, calibration_verdict, training_verdict, words
from churn.retention.intervals import wilson
from churn.scoring.drivers import drivers

if TYPE_CHECKING:
    import pandas as pd

_FACTS = (
    "name",
    "rows",
    "snapshots",
    "first_cutoff",
    "last_cutoff",
    "test_cutoff",
    "churn_rate",
    "neither",
    "labels_unused",
    "baselines_left_out",
    "kind",
    "trees",
    "chosen",
    "churn_version",
)
_STRONGEST = 20  # signals told one by one
_OF_A_STORY = 3
_COMPARED = ("auc", "log_loss", "brier", "average_precision", "lift_at_10", "calibration_error")


def believe(
    model: Model,
    backtest_folder: str | Path | None = None,
    *,
    at_risk: pd.DataFrame | None = None,
    reasons: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Return how far a model can be believed, and what it goes by.

    Parameters
    ----------
    model : Model
        The model that scores.
    backtest_folder : str or Path, optional
        Where ``churn backtest`` wrote, most often ``OUTPUT/NAME/backtest``; what is there is taken along.
    at_risk, reasons : DataFrame, optional
        Of the night; with both, what drives risk in this base is told too, see `churn.scoring.drivers.drivers`.

    Returns
    -------
    dict
        Plain values, fit for JSON: ``verdict`` (sentences), ``beats_baselines``, ``judged`` (where), ``evaluation``
        (as `Evaluation.to_dict`), ``calibration`` (each bin with the 95 % Wilson interval of the observed share),
        ``gains``, ``baselines`` (each predictor's figures on the same rows), ``importance`` (by family, story and
        signal), ``training``, ``base_rate``, ``spend``, ``backtest`` and ``drivers`` (None where there is none).
    """
    evaluation = model.evaluation
    left_out = model.training.get("baselines_left_out", {})
    return {
        "verdict": [
            training_verdict(evaluation, model.beats_baselines, left_out),
            calibration_verdict(evaluation),
        ],
        "beats_baselines": model.beats_baselines,
        "definition": model.definition.describe(),
        "judged": {
            "cutoff": evaluation.cutoff,
            "rows": evaluation.rows,
            "churn_rate": evaluation.churn_rate,
            "calibration_noise": evaluation.calibration_noise,
        },
        "evaluation": _finite(evaluation.to_dict()),
        "calibration": _calibration(evaluation),
        "gains": _finite(evaluation.gains),
        "baselines": _baselines(evaluation),
        "importance": _importance(model),
        "training": {k: model.training[k] for k in _FACTS if k in model.training}
        | {"signals": len(model.signal_names)},
        "base_rate": model.training.get("forecast"),
        "spend": None if model.spend is None else _spend(model.spend),
        "backtest": None if backtest_folder is None else read_backtest(backtest_folder, model),
        "drivers": None if at_risk is None or reasons is None else drivers(reasons, at_risk),
    }


def _spend(spend: SpendModel) -> dict[str, Any]:
    """Return the forecast of spend, with ``said``: whether it beats the customer's own mean."""
    said = "" if spend.evaluation is None else spend.evaluation.render().splitlines()[-1]
    said = said.replace("The forecast ", "The forecast of spend ", 1)
    return {**_finite(spend.to_dict()), "said": said}


def _calibration(evaluation: Evaluation) -> list[dict[str, float]]:
    out = []
    for b in evaluation.calibration:
        rows = round(b["rows"])
        low, high = wilson(round(b["observed"] * rows), rows)
        out.append(
            {"predicted": b["predicted"], "observed": b["observed"], "low": low, "high": high, "rows": rows}
        )
    return out


def _baselines(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the model, then the baselines, best first, each with its figures and the model's lead over it."""
    best = best_baseline(evaluation)
    others = [n for n in evaluation.metrics if n != "model"]
    others.sort(key=lambda n: (n != best, n not in BASELINES, -evaluation.metrics[n]["auc"].value))
    return [
        {
            "predictor": name,
            "words": "the model" if name == "model" else words(name),
            "figures": _finite({m: vars(e) for m, e in evaluation.metrics[name].items() if m in _COMPARED}),
            "lead": None
            if name == "model"
            else _finite({m: vars(e) for m, e in evaluation.differences[name].items() if m in _COMPARED}),
        }
        for name in ("model", *others)
    ]


def _importance(model: Model) -> dict[str, Any]:
    share, signals = model.importance(), {s.name: s for s in model.signals}
    by_story = _added(share, {n: _story(s) for n, s in signals.items()})
    return {
        "families": _added(share, {n: s.family for n, s in signals.items()}),
        "stories": [
            block
            | {
                "meanings": [
                    signals[n].meaning for n in share if _story(signals[n]) == block["name"] and share[n] > 0
                ][:_OF_A_STORY]
            }
            for block in by_story
        ],
        "signals": [
            {
                "name": name,
                "share": part,
                "family": signals[name].family,
                "story": _story(signals[name]),
                "unit": signals[name].unit,
                "meaning": signals[name].meaning,
            }
            for name, part in list(share.items())[:_STRONGEST]
            if part > 0
        ],
    }


def _story(signal: Signal) -> str:
    return story_of(topic_of(signal))


def _added(share: Mapping[str, float], group: Mapping[str, str]) -> list[dict[str, Any]]:
    """Add up shares by group, largest first, with how many signals each has."""
    sums: dict[str, list[float]] = {}
    for name, part in share.items():
        sums.setdefault(group[name], []).append(part)
    blocks = [{"name": g, "share": math.fsum(parts), "signals": len(parts)} for g, parts in sums.items()]
    return sorted(blocks, key=lambda b: -b["share"])


def read_backtest(folder: str | Path, model: Model | None = None) -> dict[str, Any] | None:
    """Return what a written backtest says, or None where there is none.

    Parameters
    ----------
    folder : str or Path
        Where ``churn backtest`` wrote.
    model : Model, optional
        With it, a backtest of another definition gets a warning.

    Returns
    -------
    dict or None
        ``verdict``, ``warnings``, ``cutoffs``, ``rows``, ``calibration``, ``gains``, ``figures`` (AUC and log loss by
        cutoff and predictor), ``profit`` with ``by_depth`` in columns, ``lead_time``, ``segments``, ``ablation``.
    """
    file = Path(folder) / "backtest.json"
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        pooled, folds = found["pooled"], found["folds"]
        profit = found["profit"]
        out = {
            "verdict": found["verdict"],
            "warnings": list(found["warnings"]),
            "definition": found["definition"],
            "cutoffs": [f["cutoff"] for f in folds],
            "rows": pooled["rows"],
            "churn_rate": pooled["churn_rate"],
            "calibration": _calibration(Evaluation.from_dict(pooled)),
            "calibration_noise": pooled["calibration_noise"],
            "gains": pooled["gains"],
            "figures": [
                {"cutoff": cutoff, "predictor": p, **{m: values[m] for m in ("auc", "log_loss")}}
                for cutoff, e in (("all", pooled), *((f["cutoff"], f["evaluation"]) for f in folds))
                for p, values in e["metrics"].items()
            ],
            "profit": None if profit is None else profit | {"by_depth": _by_depth(Path(folder))},
            "economics_missing": found.get("economics_missing", []),
            "lead_time": _lead_time(found["lead_time"]),
            "segments": [_segment(s) for s in found["segments"]],
            "ablation": _against(found["ablation"]),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        # A night must not fail over a file of an earlier version; a reader is told instead.
        said = f"The backtest in {Path(folder).name} cannot be read ({error}): run churn backtest again."
        return {"verdict": None, "warnings": [said]}
    if model is not None and out["definition"] != model.definition.describe():
        out["warnings"].insert(0, f"The backtest is of another definition: {out['definition']}.")
    return _finite(out)


def _lead_time(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return how early who left had been flagged, with ``said`` in sentences."""
    if found is None:
        return None
    read = {k: {n: Estimate(**e) for n, e in found[k].items()} for k in ("shares", "days")}
    said = LeadTime(**dict(found) | read).render().splitlines()
    return {**found, "said": [line.strip() for line in said]}


def _segment(found: Mapping[str, Any]) -> dict[str, Any]:
    e = found["evaluation"]
    other = next((n for n in e["differences"]), None)
    return {
        "segment": found["segment"],
        "value": found["value"],
        "rows": e["rows"],
        "churn_rate": e["churn_rate"],
        "predicted": sum(b["predicted"] * b["rows"] for b in e["calibration"]) / e["rows"],
        "auc": e["metrics"]["model"]["auc"],
        "lead": None if other is None else e["differences"][other]["auc"],
    }


def _against(evaluation: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    if evaluation is None:
        return None
    return [{"without": n, **values["auc"]} for n, values in evaluation["differences"].items()]


def _by_depth(folder: Path) -> dict[str, Any] | None:
    """Return the profit by depth of contact: `depth`, and for each predictor value, low and high."""
    import pandas as pd

    file = folder / "profit_by_depth.csv"
    if not file.is_file():
        return None
    table = pd.read_csv(file)
    out: dict[str, Any] = {"depth": sorted(table["depth"].unique().tolist())}
    for name, rows in table.groupby("predictor", sort=False):
        sorted_ = rows.sort_values("depth")
        out[str(name)] = {c: sorted_[c].tolist() for c in ("value", "low", "high")}
    return out


def _finite(value: Any) -> Any:
    """Put None where a number is not finite: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
