"""The saved model: LightGBM's text format and plain JSON, each file with its hash; loading executes no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from churn.config import FeatureSettings
from churn.data.history import History
from churn.definition import Definition, make_definition
from churn.display import Rendered, format_count
from churn.errors import ModelError
from churn.features.catalogue import Schema, catalogue
from churn.features.signal import Signal
from churn.files import replacing_folder, restore_folder
from churn.model.evaluate import Evaluation
from churn.model.predictor import Predictor
from churn.model.value.spend import SpendModel
from churn.version import __version__

FORMAT = 3


@dataclass(frozen=True, repr=False)
class Model(Rendered):
    """A trained churn model with everything needed to score and to judge it.

    Attributes
    ----------
    predictor : Predictor
        The fitted model, as data.
    definition : Definition
        What churn means to it.
    schema : Schema
        The columns and values its signals were made for.
    signal_names : tuple of str
        The signals, in the order of the feature columns.
    features : FeatureSettings
        Windows, days after which a complaint counts as ignored, signals given as expressions.
    evaluation : Evaluation
        Its figures on the held-out cutoff, beside the baselines.
    beats_baselines : bool
        Whether it may be promoted.
    training : dict
        First and last training cutoff, last instant a label saw, rows, trees, parameters, data fingerprint.
    own : tuple of Signal
        Signals made in Python; the bundle holds their names and no code.
    spend : SpendModel or None
        The forecast of spend; without one the customer's own pace stands in.
    """

    predictor: Predictor
    definition: Definition
    schema: Schema
    signal_names: tuple[str, ...]
    features: FeatureSettings
    evaluation: Evaluation
    beats_baselines: bool
    training: dict[str, Any] = field(default_factory=dict)
    own: tuple[Signal, ...] = ()
    spend: SpendModel | None = None

    @cached_property
    def signals(self) -> tuple[Signal, ...]:
        """The signals the model reads, in the order of its columns."""
        by_name = {s.name: s for s in catalogue(self.schema, settings=self.features, own=self.own)}
        missing = [n for n in self.signal_names if n not in by_name]
        if missing and missing[0] in self.training.get("own_signals", ()):
            raise ModelError(
                f"The model uses the signal {missing[0]!r}, which was made in Python",
                fix="Name its file under features.python, or pass own=[...] to churn.load_model.",
                code="own-signal",
            )
        if missing:
            raise ModelError(
                f"The model uses the signal {missing[0]!r}, which this version of churn does not know",
                given=f"churn {__version__}, the model was made by {self.training.get('churn_version', 'another')}",
                fix="Install that version, or train again.",
                code="unknown-signal",
            )
        return tuple(by_name[n] for n in self.signal_names)

    def check_history(self, history: History) -> None:
        """Raise a `ModelError` where the history lacks a table or column that the model's signals read."""
        there = Schema.of(history).columns
        for signal in self.signals:
            lacking = sorted(signal.measure.needs() - there, key=str)
            if lacking:
                table, column = lacking[0]
                raise ModelError(
                    f"The data have no {table}{'.' + column if column else ' table'}, which the model was trained with",
                    given=f"needed for {signal.name} and perhaps more",
                    fix="Bring the same tables and columns as for training, or train again without them.",
                    code="schema-changed",
                )

    def predict(self, X: np.ndarray, *, shift: float = 0.0, threads: int = 2) -> np.ndarray:
        """Return churn probabilities of shape (n_rows,) for a matrix of the model's signals."""
        return self.predictor.predict(X, shift=shift, threads=threads)

    def contributions(self, X: np.ndarray, *, shift: float = 0.0, threads: int = 2) -> np.ndarray:
        """Return what each signal adds to the log-odds, shape (n_rows, n_signals + 1), the base last."""
        return self.predictor.contributions(X, shift=shift, threads=threads)

    def importance(self) -> dict[str, float]:
        """Return each signal's share of what the model goes by, largest first."""
        share = self.predictor.importance(len(self.signal_names))
        order = np.argsort(-share, kind="stable")
        return {self.signal_names[i]: float(share[i]) for i in order}

    def render(self) -> str:
        """Return a short description with the figures."""
        t = self.training
        neither = t.get("neither", {"training": 0, "test": 0})
        left_out = (
            f"Left out, neither churned nor stayed (lost before the label window, or without a label): "
            f"{format_count(neither['training'])} rows of training, {format_count(neither['test'])} of the test",
        )
        return "\n".join(
            [
                f"Churn model: {self.definition.describe()}",
                f"{format_count(t.get('rows', 0))} rows of {t.get('snapshots', 0)} snapshots, "
                f"{t.get('first_cutoff', '?')} to {t.get('last_cutoff', '?')}; "
                f"{len(self.signal_names)} signals, {', '.join(map(str, t.get('trees', ()))) or 'no'} trees",
                *(left_out if any(neither.values()) else ()),
                self.evaluation.render(),
                *(["", self.spend.render()] if self.spend else []),
            ]
        )

    def save(self, folder: str | Path) -> Path:
        """Write the bundle in one step; what was there stays whole until it is complete.

        Returns
        -------
        Path
            The folder.
        """
        target = Path(folder)
        content = {
            "format": FORMAT,
            "churn_version": __version__,
            "definition": self.definition.to_dict(),
            "schema": self.schema.to_dict(),
            "signals": list(self.signal_names),
            "features": self.features.model_dump(mode="json", exclude={"tables", "python"}),
            "beats_baselines": self.beats_baselines,
            "training": self.training,
            "evaluation": self.evaluation.to_dict(),
            "predictor": self.predictor.to_dict(),
            "spend": None if self.spend is None else self.spend.to_dict(),
        }
        with replacing_folder(target) as fresh:
            for name, tree in zip(_tree_files(len(self.predictor.trees)), self.predictor.trees, strict=True):
                (fresh / name).write_text(tree, encoding="utf-8", newline="\n")
            for i, tree in enumerate(self.spend.trees if self.spend else ()):
                (fresh / f"spend_{i}.txt").write_text(tree, encoding="utf-8", newline="\n")
            text = json.dumps(content, indent=1, ensure_ascii=False)  # in this order: the model first
            (fresh / "bundle.json").write_text(text, encoding="utf-8", newline="\n")
            hashes = {file.name: _hash(file) for file in sorted(fresh.iterdir())}
            (fresh / "MANIFEST.json").write_text(json.dumps({"sha256": hashes}, indent=1), encoding="utf-8")
        return target


@dataclass(frozen=True, repr=False)
class Training(Rendered):
    """The result of a training: the model, its verdict, and where it was tracked.

    Attributes
    ----------
    model : Model
        The refitted model.
    verdict : str
        In one sentence, whether it beats the baselines.
    run_id : str or None
        The MLflow run, where it was tracked.
    tracking_uri : str or None
        The MLflow store it was tracked in.
    version : str or None
        The version in the model registry.
    """

    model: Model
    verdict: str
    run_id: str | None = None
    tracking_uri: str | None = None
    version: str | None = None

    def render(self) -> str:
        """Return the verdict and the figures."""
        tracked = f"\nMLflow run {self.run_id} in {self.tracking_uri}" if self.run_id else ""
        return f"{self.verdict}\n\n{self.model.render()}{tracked}"


def load_model(folder: str | Path, *, own: Sequence[Signal] = ()) -> Model:
    """Load a saved bundle and verify it.

    Parameters
    ----------
    folder : str or Path
        A folder written by `Model.save` or ``churn train``.
    own : sequence of Signal, optional
        Signals of your own that were made in Python; a bundle holds no code.

    Returns
    -------
    Model
        Ready to score; its trees are read at the first prediction.

    Raises
    ------
    ModelError
        There is no bundle, a file is missing or was changed, or it is of another format.
    """
    path = Path(folder)
    restore_folder(path)
    manifest = path / "MANIFEST.json"
    if not manifest.is_file():
        raise ModelError(
            f"There is no model in {path}",
            fix="Train one with churn train CONFIG, or name its folder.",
            code="no-model",
        )
    try:
        hashes: Mapping[str, str] = json.loads(manifest.read_text(encoding="utf-8"))["sha256"]
        for name in hashes.keys() | {"bundle.json"}:
            if not (path / name).is_file() or hashes.get(name) != _hash(path / name):
                raise ModelError(
                    f"The model in {path} is damaged: {name} is missing or is not the file that was saved",
                    fix="Copy the bundle again from where it was made, or train again.",
                    code="tampered",
                )
        content = json.loads((path / "bundle.json").read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ModelError(
                f"The model in {path} has format {content['format']}",
                allowed=f"format {FORMAT}",
                fix=f"Train again with churn {__version__}.",
                code="format",
            )
        trees = _tree_files(content["predictor"]["trees"])
        spend = content.get("spend")
        spend_trees = [f"spend_{i}.txt" for i in range(spend["trees"] if spend else 0)]
        unlisted = {*trees, *spend_trees} - hashes.keys()
        if unlisted:
            raise KeyError(min(unlisted))
        return Model(
            Predictor.from_dict(
                content["predictor"], tuple((path / name).read_text(encoding="utf-8") for name in trees)
            ),
            make_definition(content["definition"]),
            Schema.from_dict(content["schema"]),
            tuple(content["signals"]),
            FeatureSettings(**content["features"]),
            Evaluation.from_dict(content["evaluation"]),
            content["beats_baselines"],
            content["training"],
            (own,) if isinstance(own, Signal) else tuple(own),
            spend
            and SpendModel.from_dict(
                spend, tuple((path / name).read_text(encoding="utf-8") for name in spend_trees)
            ),
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The model in {path} cannot be read: {type(error).__name__} {error}",
            fix="Copy the bundle again from where it was made, or train again.",
            code="damaged",
        ) from None


def _tree_files(count: int) -> list[str]:
    return [f"trees_{i}.txt" for i in range(count)]


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
