"""The saved uplift model: texts and numbers with hashes; loading executes no code."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from churn.campaigns.uplift.actions import ActionUplift
from churn.campaigns.uplift.learners import KINDS, PARTS, Learner
from churn.campaigns.uplift.model import Uplift
from churn.campaigns.uplift.ridge import Ridge
from churn.config import FeatureSettings
from churn.errors import ModelError
from churn.features.catalogue import Schema
from churn.files import replacing_folder, restore_folder
from churn.sealed.bundlefiles import LISTING, listed_names, open_bundle, read_json, seal, unusable
from churn.sealed.treetext import check_trees
from churn.version import __version__

FORMAT = 1
_FILE = "uplift.json"
_NUMBERS = ("mean", "low", "high", "shrunk", "centre", "slope")


def save_uplift(uplift: Uplift, folder: str | Path) -> Path:
    """Write the model in one step; what was there stays whole until it is complete.

    Parameters
    ----------
    uplift : Uplift
        The model.
    folder : str or Path
        Where to; an earlier model there is replaced.

    Returns
    -------
    Path
        The folder.
    """
    target = Path(folder)
    with replacing_folder(target, replaces=listed_names(target)) as fresh:
        actions = []
        for number, (name, action) in enumerate(uplift.actions.items()):
            trees = {}
            for part, text in action.learner.trees.items():
                trees[part] = f"action{number}_{part}.txt"
                (fresh / trees[part]).write_text(text, encoding="utf-8", newline="\n")
            actions.append(
                {
                    "name": name,
                    "learner": action.learner.kind,
                    "trees": trees,
                    "numbers": dict(action.learner.numbers),
                    "ridge": None if action.learner.ridge is None else asdict(action.learner.ridge),
                    **{k: getattr(action, k) for k in _NUMBERS},
                    "risks": list(action.risks),
                    "treated": action.treated,
                    "holdout": action.holdout,
                }
            )
        content = {
            "format": FORMAT,
            "churn_version": __version__,
            "kind": uplift.kind,
            "better": uplift.better,
            "said": uplift.said,
            "actions": actions,
            "schema": uplift.schema.to_dict(),
            "signals": [
                {"name": n, "formula": f} for n, f in zip(uplift.signal_names, uplift.formulas, strict=True)
            ],
            "features": uplift.features.model_dump(mode="json", exclude={"tables", "python"}),
            "facts": uplift.facts,
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (fresh / _FILE).write_text(text, encoding="utf-8", newline="\n")
        seal(fresh)
    return target


def load_uplift(folder: str | Path) -> Uplift:
    """Load a saved uplift model and verify it.

    Parameters
    ----------
    folder : str or Path
        Written by ``churn campaign learn``.

    Returns
    -------
    Uplift
        Ready to predict; `Uplift.better` says whether a plan uses it.

    Raises
    ------
    ModelError
        There is none, a file is missing, was changed or is not listed, or what it holds makes no sense.

    Examples
    --------
    >>> import tempfile
    >>> from churn.campaigns import learn
    >>> import churn, pandas as pd
    >>> from churn.config import FeatureSettings
    >>> history = churn.make_shop(customers=100, seed=1).history()
    >>> known = {"campaign": "spring", "customer": history.customers[:80]}
    >>> lots = pd.DataFrame(known | {"arm": ["treated", "holdout"] * 40, "action": "call", "start": "2025-03-01"})
    >>> came = pd.DataFrame(known | {"retained": [1, 0] * 40})
    >>> fewer = FeatureSettings(windows=(90,))
    >>> found = learn(lots.assign(churn_probability=0.5), came, history, features=fewer, resamples=20)
    >>> place = found.write(Path(tempfile.mkdtemp()) / "uplift")
    >>> load_uplift(place).for_customers(history, "2025-06-01", history.customers[:1], [0.5], ["call", "gift"])
       call  gift
    0   1.0   NaN
    """
    place = Path(folder)
    restore_folder(place)
    if not (place / LISTING).is_file():
        raise ModelError(
            f"There is no uplift model in {place}",
            fix="Learn one with churn campaign learn POLICY, or leave `uplift` out of the policy.",
            code="no-model",
        )
    files, _ = open_bundle(place)
    what = f"{_FILE} of {place}"
    if _FILE not in files:
        raise ModelError(
            f"{place} holds another kind of model",
            fix="Name the folder that churn campaign learn wrote.",
            code="other-model",
        )
    data = read_json(files[_FILE], what)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise unusable(what, f"its format is not {FORMAT}")
    try:
        signals = data["signals"]
        names = tuple(str(s["name"]) for s in signals)
        actions = {str(a["name"]): _action(a, files, len(names)) for a in data["actions"]}
        if not actions or len(actions) != len(data["actions"]) or data["kind"] not in KINDS:
            raise ValueError("its actions are not told apart")
        return Uplift(
            kind=data["kind"],
            actions=actions,
            schema=Schema.from_dict(data["schema"]),
            signal_names=names,
            formulas=tuple(str(s["formula"]) for s in signals),
            features=FeatureSettings(**data["features"]),
            better=data["better"] is True,
            said=str(data["said"]),
            facts=dict(data["facts"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unusable(what, f"{type(error).__name__} {error}") from None


def _action(data: Mapping[str, Any], files: Mapping[str, bytes], n_signals: int) -> ActionUplift:
    kind = data["learner"]
    parts, numbers = PARTS[kind]
    if set(data["trees"]) != set(parts) or set(data["numbers"]) != set(numbers):
        raise ValueError(f"the learner {kind} has other parts")
    columns = n_signals + (2 if kind == "S" else 1)  # the log-odds of the risk, and the arm
    trees = {}
    for part, name in data["trees"].items():
        trees[part] = files[name].decode("utf-8")
        check_trees(trees[part], columns, f"{name} of the uplift model", ("regression",))
    found = {k: _number(data[k]) for k in _NUMBERS}
    lowest, mean, highest = (_number(r) for r in data["risks"])
    if not (0 <= lowest <= highest <= 1 and found["slope"] >= 0):
        raise ValueError("a risk is not between 0 and 1, or the slope is below 0")
    return ActionUplift(
        learner=Learner(
            kind,
            trees,
            {k: _number(v) for k, v in data["numbers"].items()},
            _ridge(data["ridge"], n_signals) if kind == "ridge" else None,
        ),
        risks=(lowest, mean, highest),
        treated=int(data["treated"]),
        holdout=int(data["holdout"]),
        **found,
    )


def _ridge(data: Mapping[str, Any], n_signals: int) -> Ridge:
    knots = tuple(tuple(_number(k) for k in places) for places in data["knots"])
    if any(list(places) != sorted(set(places)) for places in knots):
        raise ValueError("knots of the ridge do not ascend")
    found = Ridge(
        knots,
        tuple(_number(v) for v in data["middles"]),
        tuple(_number(v) for v in data["weights"]),
        _number(data["start"]),
    )
    if (len(knots), len(found.middles), len(found.weights)) != (n_signals, n_signals, n_signals + 3):
        raise ValueError(f"the ridge is not for {n_signals} signals")
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)
