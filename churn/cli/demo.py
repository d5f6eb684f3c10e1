"""The demo: a generated shop from data to scored list, everything in one folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from churn.errors import ParameterError
from churn.files import replace_text, replacing_folder
from churn.progress import report

if TYPE_CHECKING:
    from churn.data.history import History
    from churn.data.simulate import Shop
    from churn.definition import Definition
    from churn.model.bundle import Training
    from churn.scoring import Scores

_CONFIG = """\
# The generated shop of churn demo. Copy this file, point it to your own tables, and run:
#   churn check FILE && churn train FILE && churn score FILE
name: shop
timezone: UTC

sources:
  # The columns have the contract's names, so nothing is mapped here; otherwise:
  # orders: {path: orders.csv, columns: {customer: CustomerID, time: InvoiceDate, amount: Total}}
  orders:        {path: data/orders.parquet}
  returns:       {path: data/returns.parquet}
  tickets:       {path: data/tickets.parquet}
  interactions:  {path: data/interactions.parquet}
  customers:     {path: data/customers.parquet, segments: [country, segment], contact: [email]}

definition:
  active_days: 180     # a customer is active while the last order is at most this old
  horizon_days: 60     # and churns by placing no order in the next 60 days

features:
  ignored_after_days: 7   # a complaint without an answer for so long counts as ignored

output: output
"""


def run_demo(out: Path, customers: int, seed: int) -> tuple[Scores, Training, list[str]]:
    """Make the shop, train, score, write everything to `out`; return the result and what to do next."""
    from churn.cli.models import definition_of, save_training, track_training
    from churn.config import read_config
    from churn.data.load import load_history
    from churn.data.simulate import make_shop
    from churn.model.plots import training_figures
    from churn.model.train import train
    from churn.report import write_report
    from churn.scoring.deliver import write_outputs
    from churn.scoring.night import run_night
    from churn.scoring.runid import file_name

    file = out / "churn.yaml"
    if file.is_file() and file.read_text(encoding="utf-8") != _CONFIG:
        raise ParameterError(
            f"{file} is there already, with other content",
            fix="Name another folder with --out, or move the file away.",
            code="foreign-files",
        )
    report("Making a shop")
    shop = make_shop(customers, seed=seed)
    with replacing_folder(out / "data") as folder:
        shop.write(folder)
    replace_text(file, _CONFIG)

    settings = read_config(file)
    history = load_history(settings)
    definition = definition_of(settings)
    training = train(
        history,
        definition,
        settings=settings.training,
        features=settings.features,
        track=False,
    )
    model, _ = save_training(training.model, settings, anew=True)  # earlier models are of another shop
    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        uri = os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{(out / 'mlflow.db').as_posix()}"
        try:
            training = track_training(training, history, settings, model)
        finally:
            del os.environ["MLFLOW_TRACKING_URI"]
    else:
        training = track_training(training, history, settings, model)
    with replacing_folder(out / "plots") as folder:
        for name, figure in training_figures(training.model.evaluation, training.model.importance()).items():
            figure.savefig(folder / f"{name}.png")
    night = run_night(training.model, history, settings=settings)
    scores = night.scores
    target = settings.place(settings.output) / settings.name / file_name(scores.as_of)
    folder = night.write(target, write_report)
    write_outputs(scores, settings, ())

    where = os.path.relpath(folder)
    e = training.model.evaluation
    report("Comparing with what the shop knows")
    best = _best_possible(shop, history, definition, e.cutoff)
    lines = [
        f"Held-out cutoff {e.cutoff}: AUC {e.metrics['model']['auc']}; recency "
        f"{e.metrics['recency']['auc'].value:.3f}, RFM logistic {e.metrics['rfm_logistic']['auc'].value:.3f}; "
        f"the shop's own best possible from the same log {best:.3f}.",
        "What to do next",
        f"  open the report     {where}/report.html",
        f"  open the list       {where}/at_risk.csv (all scores: scores.parquet, the rates: summary.json)",
        f"  see the model       {os.path.relpath(out / 'plots')}/calibration.png, gain.png, importance.png",
        f"  see the run         mlflow ui --backend-store-uri {uri}",
        f"  score another day   churn score {file} --as-of {e.cutoff}",
        f"  see retention       churn retention {file} --every month",
        f"  use your own data   copy {file}, point it to your tables, then churn check, churn train, churn score",
    ]
    return scores, training, lines


def _best_possible(shop: Shop, history: History, definition: Definition, cutoff: str) -> float:
    """Return the AUC of the shop's own probabilities, from the log alone, for the customers judged."""
    from sklearn.metrics import roc_auc_score

    t = history.instant(cutoff)
    population = definition.population(history.as_of(t))
    known = shop.churn_probability(cutoff, definition.horizon_days, definition.gap_days, knowing="log")
    labels = definition.labels(history, t, population)
    return float(roc_auc_score(labels, known.loc[history.customers[population]]))
