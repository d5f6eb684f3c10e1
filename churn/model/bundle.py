"""The model and its folder of texts, each with its hash; loading executes no code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from churn.config import FeatureSettings
from churn.data.base import CustomerBase
from churn.data.history import History, Instant
from churn.data.store import LogStore
from churn.definition import Definition
from churn.display import Rendered, format_count
from churn.errors import ModelError, ParameterError
from churn.features.catalogue import Schema, catalogue
from churn.features.signal import Signal
from churn.files import replacing_folder
from churn.model.baserate import BaseRate, Forecast, forecast
from churn.model.contents import read_contents, write_contents
from churn.model.evaluate import Evaluation
from churn.model.predictor import Predictor
from churn.model.schemas import check_schema
from churn.model.value.spend import SpendModel
from churn.sealed.bundlefiles import digest_of, find_bundle, listed_names, open_bundle, seal
from churn.version import __version__


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
    extras : dict
        Further parts as plain data; each is a file ``extra_NAME.json`` of the bundle.
    saved_signals : tuple of mapping
        What each column was when the bundle was saved; empty for a model just trained.
    base_rate : BaseRate or None
        What the forecast of the base rate learnt.
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
    extras: dict[str, Any] = field(default_factory=dict)
    saved_signals: tuple[Mapping[str, Any], ...] = ()
    base_rate: BaseRate | None = None

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
        for saved in self.saved_signals:
            if (now := signal_facts(by_name[saved["name"]]))["formula"] != saved["formula"]:
                raise ModelError(
                    f"The signal {saved['name']!r} is computed otherwise than when the model was trained",
                    given=now["formula"][:200],
                    allowed=saved["formula"][:200],
                    fix="Install the version of churn that trained it, set the signal back, or train again.",
                    code="changed-signal",
                )
        return tuple(by_name[n] for n in self.signal_names)

    def check_history(self, data: History | LogStore | CustomerBase) -> None:
        """Raise a `ModelError` where the data lack what the model's signals read, or hold another kind of value."""
        check_schema(self.signals, self.importance(), self.schema, Schema.of_data(data))

    def forecast(self, data: History | LogStore | CustomerBase, cutoff: int, *, threads: int = 2) -> Forecast:
        """Forecast by how many log-odds the base rate at a cutoff moves the predictions; see `churn.model.baserate`."""
        return forecast(
            data, self.definition, self.base_rate, self.predictor, self.signals, cutoff, threads=threads
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
                f"{len(self.signal_names)} signals, {' + '.join(map(str, t.get('trees', ()))) or 'no'} trees",
                *([t["chosen"]] if t.get("chosen") else []),
                *([t["forecast"]["said"]] if t.get("forecast") else []),
                *(left_out if any(neither.values()) else ()),
                *(
                    [f"Labels of customers who were not active, not used: {format_count(t['labels_unused'])}"]
                    if t.get("labels_unused")
                    else []
                ),
                self.evaluation.render(),
                *(["", self.spend.render()] if self.spend else []),
            ]
        )

    @cached_property
    def signal_facts(self) -> tuple[Mapping[str, Any], ...]:
        """What each column is, as plain data: name, meaning, unit, formula, categories; also without own code."""
        return self.saved_signals or tuple(signal_facts(s) for s in self.signals)

    @cached_property
    def digest(self) -> str:
        """The hash over the listing of the folder the model is saved to, or was loaded from."""
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            return digest_of(self.save(Path(folder, "model")))

    def save(self, folder: str | Path) -> Path:
        """Write the bundle in one step; what was there stays whole until it is complete.

        Returns
        -------
        Path
            The folder; it is an MLflow model too.
        """
        target = Path(folder)
        with replacing_folder(target, replaces=listed_names(target)) as fresh:
            write_contents(fresh, {f.name: getattr(self, f.name) for f in fields(self)}, self.signal_facts)
            seal(fresh)
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


def check_ready(model: Model, data: History | LogStore | CustomerBase, as_of: Instant | None = None) -> int:
    """Return the cutoff at which a model is to score customers; the one after the last order when left out.

    Raises
    ------
    ParameterError
        One of the two is something else, or the cutoff is no date or lies after the end of the data.
    ModelError
        The history lacks a table or column that the model was trained with.
    """
    if not isinstance(model, Model):
        raise ParameterError(
            "A model is needed here",
            given=type(model).__name__,
            allowed="training.model or what churn.load_model returns",
            fix="Pass churn.load_model(folder) instead of the folder.",
            code="not-a-model",
        )
    history = CustomerBase.of(data)
    model.check_history(history)
    t = history.closing if as_of is None else history.instant(as_of)
    if t > history.closing:
        raise ParameterError(
            f"The cutoff {history.date(t)} lies after the end of the data",
            given=f"the last order is of {history.date(history.data_end)}",
            allowed=f"cutoffs up to {history.date(history.closing)}",
            fix="Choose an earlier cutoff, bring newer data, or set data_end to the time of the extract.",
            code="immature",
        )
    return t


def signal_facts(signal: Signal) -> dict[str, Any]:
    """Return what a signal is, as plain data."""
    return {
        "name": signal.name,
        "family": signal.family,
        "topic": signal.topic,
        "unit": signal.unit,
        "meaning": signal.meaning,
        "warns": signal.warns,
        "formula": signal.formula,
        "categories": list(signal.categories),
    }


def load_model(folder: str | Path, *, own: Sequence[Signal] = (), sha256: str | None = None) -> Model:
    """Load a saved bundle and verify it.

    Parameters
    ----------
    folder : str or Path
        A folder written by `Model.save` or ``churn train``.
    own : sequence of Signal, optional
        Signals of your own that were made in Python; a bundle holds no code.
    sha256 : str, optional
        The hash over the bundle's listing, kept elsewhere: the tag ``bundle_sha256`` in the model registry.

    Returns
    -------
    Model
        Ready to score.

    Raises
    ------
    ModelError
        There is no bundle, a file is missing, was changed or is not listed, it is of another format, what it
        holds makes no sense, or it does not score here as it did where it was saved.
    """
    place = find_bundle(folder)
    files, digest = open_bundle(place, sha256=sha256)
    model = Model(**read_contents(files, str(place)), own=(own,) if isinstance(own, Signal) else tuple(own))
    model.__dict__["digest"] = digest  # saved again by another version of churn it would be another
    return model
