"""What stands in the files of a bundle: a model's parts as plain data and back, each checked for sense."""

from __future__ import annotations

import json
import math
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from churn.config import FeatureSettings
from churn.definition import make_definition
from churn.errors import ChurnError, ModelError
from churn.features.catalogue import Schema
from churn.model.baserate import BaseRate
from churn.model.evaluate import Evaluation
from churn.model.mlmodel import mlflow_files, versions
from churn.model.predictor import Predictor
from churn.model.value.spend import METHODS, SpendModel
from churn.sealed.bundlefiles import read_json, unusable
from churn.sealed.treetext import CHURN, SPEND, check_trees, trees_only
from churn.version import __version__

FORMAT = 4
_PROBE_ROWS = 8
_AGREE = 1e-9
_LARGEST = 1000.0  # log-odds beyond this are no model's
_EXTRA = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FACTS = ("name", "family", "topic", "unit", "meaning", "warns", "formula", "categories")
T = TypeVar("T")


def write_contents(folder: Path, model: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> None:
    """Write a model's parts into a folder.

    Parameters
    ----------
    folder : Path
        An empty folder.
    model : mapping
        The attributes of a `churn.model.bundle.Model`.
    facts : sequence of mapping
        What each signal is.

    Raises
    ------
    ModelError
        The predictor gives no finite log-odds, or an extra is no plain data.
    """
    predictor: Predictor = model["predictor"]
    probe = _probe(predictor, facts)
    if not _possible(probe):
        raise ModelError(
            "The model gives no finite log-odds", fix="Please report this as a bug.", code="damaged"
        )
    spend: SpendModel | None = model["spend"]
    trees = dict(zip(_tree_files("trees", len(predictor.trees)), predictor.trees, strict=True))
    if spend is not None:
        trees |= dict(zip(_tree_files("spend", len(spend.trees)), spend.trees, strict=True))
    for name, tree in trees.items():
        objectives = SPEND if name.startswith("spend_") else CHURN
        check_trees(text := trees_only(tree), len(facts), "What LightGBM wrote", objectives)
        _write(folder / name, text)
    content = {
        "format": FORMAT,
        "versions": {
            "churn": __version__,
            "python": platform.python_version(),
            **versions(["lightgbm", "numpy", "scipy"]),
        },
        "definition": model["definition"].to_dict(),
        "schema": model["schema"].to_dict(),
        "features": model["features"].model_dump(mode="json", exclude={"tables", "python"}),
        "beats_baselines": model["beats_baselines"],
        "training": _plain(model["training"]),
        "evaluation": _plain(model["evaluation"].to_dict()),
        "predictor": predictor.to_dict(),
        "probe": probe.tolist(),
        "spend": None if spend is None else _plain(spend.to_dict()),
        "base_rate": None if model["base_rate"] is None else model["base_rate"].to_dict(),
        "extras": sorted(model["extras"]),
    }
    _write(folder / "bundle.json", _json(content, "The model"))
    _write(folder / "signals.json", _json(list(facts), "The signals"))
    for name, value in model["extras"].items():
        if not _EXTRA.fullmatch(name):
            raise ModelError(f"{name!r} names no part of a model", allowed="a-z, 0-9 and _", fix="Rename it.")
        _write(folder / f"extra_{name}.json", _json(value, f"The model's part {name}"))
    for name, text in mlflow_files(facts).items():
        _write(folder / name, text)


def read_contents(files: Mapping[str, bytes], where: str) -> dict[str, Any]:
    """Read what `write_contents` wrote, and check that it is a model.

    Parameters
    ----------
    files : mapping of str to bytes
        The verified files.
    where : str
        The folder, for messages.

    Returns
    -------
    dict
        The attributes of a `churn.model.bundle.Model`, but for signals made in Python.

    Raises
    ------
    ModelError
        It has another format, a part does not make sense, or the log-odds of made-up rows are not those that
        were found when it was saved.
    """
    for name in ("bundle.json", "signals.json"):
        if name not in files:
            raise unusable(f"The model in {where}", f"{name} is missing")
    what = f"bundle.json of the model in {where}"
    content = read_json(files["bundle.json"], what)
    if not isinstance(content, dict):
        raise unusable(what, "it is no object")
    if content.get("format") != FORMAT:
        raise ModelError(
            f"The model in {where} has format {content.get('format')!r}",
            given=f"this is churn {__version__}",
            allowed=f"format {FORMAT}",
            fix="Train again; the new model takes its place.",
            code="format",
        )

    def part(name: str, make: Callable[[Any], T]) -> T:
        try:
            return make(content[name])
        except KeyError as error:
            raise unusable(what, f"{name}: {error.args[0] if error.args else ''} is missing") from None
        except ChurnError as error:
            if isinstance(error, ModelError):
                raise
            raise unusable(what, f"{name}: {error.what}") from None
        except Exception as error:  # whatever the nonsense leads to
            raise unusable(what, f"{name}: {str(error).splitlines()[0] if str(error) else error!r}") from None

    facts = _read_facts(files["signals.json"], where)
    predictor = part("predictor", lambda data: _read_predictor(data, files, len(facts), where))
    spend = part("spend", lambda data: None if data is None else _read_spend(data, files, facts, where))
    for prefix, owner in (("trees", predictor), ("spend", spend)):
        named = _tree_files(prefix, len(owner.trees) if owner else 0)
        if {n for n in files if n.startswith(f"{prefix}_")} != set(named):
            raise unusable(what, f"the files {prefix}_N.txt are others than it names")
    part("probe", lambda expected: _compare(predictor, facts, expected))
    extras = {
        name: read_json(files[f"extra_{name}.json"], f"extra_{name}.json of the model in {where}")
        for name in part("extras", lambda names: _read_extras(names, files))
    }
    return {
        "predictor": predictor,
        "definition": part("definition", make_definition),
        "schema": part("schema", _read_schema),
        "signal_names": tuple(f["name"] for f in facts),
        "features": part("features", lambda data: FeatureSettings(**data)),
        "evaluation": part("evaluation", _read_evaluation),
        "beats_baselines": part("beats_baselines", _read_flag),
        "training": part("training", _read_training),
        "spend": spend,
        "base_rate": part("base_rate", _read_base_rate),
        "extras": extras,
        "saved_signals": facts,
    }


def _read_trees(
    data: Any, prefix: str, files: Mapping[str, bytes], n_signals: int, where: str, objectives: Sequence[str]
) -> tuple[str, ...]:
    count = data["trees"]
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 1000:
        raise ValueError("trees is no count")
    texts = []
    for name in _tree_files(prefix, count):
        if name not in files:
            raise ValueError(f"{name} is missing")
        try:
            text = files[name].decode("utf-8")
        except UnicodeDecodeError:
            raise unusable(f"{name} of the model in {where}", "it is no text") from None
        check_trees(text, n_signals, f"{name} of the model in {where}", objectives)
        texts.append(text)
    return tuple(texts)


def _read_base_rate(data: Any) -> BaseRate | None:
    if data is None:
        return None
    base = BaseRate.from_dict(data)
    if not (1 <= base.short_days <= 3650 and max(abs(base.slope), abs(base.intercept)) <= _LARGEST):
        raise ValueError("days, slope and intercept are numbers of ordinary size")
    return base


def _read_spend(
    data: Any, files: Mapping[str, bytes], facts: Sequence[Mapping[str, Any]], where: str
) -> SpendModel:
    spend = SpendModel.from_dict(data, _read_trees(data, "spend", files, len(facts), where, SPEND))
    if spend.method not in METHODS:
        raise ValueError(f"{str(spend.method)[:40]!r} is no method")
    spend.render()
    with np.errstate(all="ignore"):
        found = spend.if_staying(_made_up_rows(facts), [f["name"] for f in facts], threads=1)
        found = spend.expected(np.full(_PROBE_ROWS, 0.5), found)
    if found.shape != (_PROBE_ROWS,) or not np.isfinite(found).all():
        raise ValueError("made-up rows get no finite spend")
    return spend


def _read_predictor(data: Any, files: Mapping[str, bytes], n_signals: int, where: str) -> Predictor:
    texts = _read_trees(data, "trees", files, n_signals, where, CHURN)
    predictor = Predictor.from_dict(data, texts)
    numbers = (predictor.weight, predictor.slope, predictor.shift)
    if not all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= _LARGEST for v in numbers
    ):
        raise ValueError("weight, slope and shift are numbers of ordinary size")
    if not 0 <= predictor.weight <= 1:
        raise ValueError(f"weight is {predictor.weight}, not a share")
    return predictor


def _read_facts(content: bytes, where: str) -> tuple[dict[str, Any], ...]:
    what = f"signals.json of the model in {where}"
    facts = read_json(content, what)
    if not isinstance(facts, list) or not facts:
        raise unusable(what, "it is no list of signals")
    for fact in facts:
        if not isinstance(fact, dict) or not all(k in fact for k in _FACTS):
            raise unusable(what, "a signal lacks a part")
        categories = fact["categories"]
        if not all(isinstance(fact[k], str) for k in _FACTS[:-1]) or not isinstance(categories, list):
            raise unusable(what, f"the signal {str(fact['name'])[:40]!r} is not described by texts")
        if not all(isinstance(c, str) for c in categories):
            raise unusable(what, f"the values of the signal {fact['name'][:40]!r} are no texts")
    if len({f["name"] for f in facts}) < len(facts):
        raise unusable(what, "a signal is there twice")
    return tuple(facts)


def _read_schema(data: Any) -> Schema:
    schema = Schema.from_dict(data)
    texts = [x for pair in schema.columns for x in pair if x is not None]
    texts += [x for table, column, values in schema.labels for x in (table, column, *values)]
    if not all(isinstance(x, str) for x in texts):
        raise ValueError("a table, column or value is no text")
    return schema


def _read_evaluation(data: Any) -> Evaluation:
    figures = ("metrics", "differences", "calibration", "gains")
    evaluation = Evaluation.from_dict({k: _unknown_as_nan(v) if k in figures else v for k, v in data.items()})
    evaluation.render()
    if not math.isfinite(evaluation.metrics["model"]["auc"].value):
        raise ValueError("the AUC is no number")
    return evaluation


def _read_training(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError("it is no object")
    for key, kind in (("labels_seen_until", int), ("rows", int), ("snapshots", int), ("own_signals", list)):
        if key in data and (not isinstance(data[key], kind) or isinstance(data[key], bool)):
            raise ValueError(f"{key} is {str(data[key])[:40]!r}")
    return data


def _read_flag(data: Any) -> bool:
    if not isinstance(data, bool):
        raise TypeError("it is neither true nor false")
    return data


def _read_extras(names: Any, files: Mapping[str, bytes]) -> list[str]:
    there = sorted(n.removeprefix("extra_").removesuffix(".json") for n in files if n.startswith("extra_"))
    if names != there or not all(_EXTRA.fullmatch(n) for n in there):
        raise ValueError("the files of further parts are others")
    return there


def _probe(predictor: Predictor, facts: Sequence[Mapping[str, Any]]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return predictor.log_odds(_made_up_rows(facts), threads=1)


def _possible(odds: np.ndarray) -> bool:
    return odds.shape == (_PROBE_ROWS,) and bool(np.all(np.abs(odds) <= _LARGEST))


def _compare(predictor: Predictor, facts: Sequence[Mapping[str, Any]], expected: Any) -> None:
    found, wanted = _probe(predictor, facts), np.asarray(expected, dtype=np.float64)
    if (
        not _possible(found)
        or not _possible(wanted)
        or np.any(np.abs(found - wanted) > _AGREE * (1 + np.abs(wanted)))
    ):
        raise ValueError("made-up rows do not get the log-odds that they got when the model was saved")


def _made_up_rows(facts: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """Return rows that reach most splits; the first holds nothing that is known."""
    out = np.full((_PROBE_ROWS, len(facts)), np.nan)
    for i in range(1, _PROBE_ROWS):
        for j, fact in enumerate(facts):
            if (i + j) % 7:
                size = 10.0 ** ((3 * i + j) % 6 - 2)
                out[i, j] = (i + j) % len(fact["categories"]) if fact["categories"] else size * (1 + i % 3)
    return out


def _tree_files(prefix: str, count: int) -> list[str]:
    return [f"{prefix}_{i}.txt" for i in range(count)]


def _plain(value: Any) -> Any:
    """Return values as JSON has them; what is no finite number is unknown."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _unknown_as_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _unknown_as_nan(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_unknown_as_nan(v) for v in value]
    return math.nan if value is None else value


def _json(value: Any, what: str) -> str:
    try:
        return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{what} cannot be saved: {error}",
            allowed="texts, finite numbers, lists, objects, true, false, null",
            fix="Give plain data.",
            code="not-plain",
        ) from None


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", newline="\n")
