"""Quality on held-out cutoffs: the model beside the baselines, and on the generated shop beside the best possible.

    python benchmarks/quality.py [retail] [shop]

Online Retail II is read from CHURN_DATA (default: ../shared/data beside the project). Every cutoff is trained for on its own: nothing
at or after it is seen.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import numpy as np

import churn
from churn.config import TrainingSettings
from churn.data.history import History
from churn.model.baselines import fit_baselines
from churn.model.evaluate import Evaluation, evaluate
from churn.model.snapshots import build_snapshots, training_cutoffs
from churn.scoring import score

ROOT = Path(__file__).resolve().parent.parent
RETAIL_CUTOFFS = ("2011-08-12", "2011-09-11", "2011-10-10")


def judge(history: History, definition: churn.Inactivity, cutoff: str) -> churn.Inactivity:
    settings = TrainingSettings(test_cutoff=dt.date.fromisoformat(cutoff))
    training = churn.train(history, definition, settings=settings, track=False)
    print(training.model.render(), flush=True)
    result = score(training.model, history, cutoff)
    t = history.instant(cutoff)
    end = history.days_before(t + definition.window_us, 0)
    actual = churn.retention_between(history, definition.active_days, cutoff, end)
    print(f"expected retention {result.retention.expected_rate:.4f}, actual {actual.rate:.4f}\n", flush=True)
    return training


def retail() -> None:
    config = churn.read_config(ROOT / "configs" / "online_retail.yaml")
    history = churn.load_history(config)
    definition = churn.Inactivity(config.definition.active_days, config.definition.horizon_days)
    for cutoff in RETAIL_CUTOFFS:
        print(f"== Online Retail II, both years, {cutoff}")
        judge(history, definition, cutoff)


def shop(customers: int = 20_000, seed: int = 11) -> None:
    generated = churn.make_shop(customers=customers, seed=seed)
    history = generated.history()
    definition = churn.Inactivity(active_days=180, horizon_days=60)
    cutoff = history.date(definition.last_mature_cutoff(history))
    print(f"== Generated shop, {customers:,} customers, seed {seed}, {cutoff}")
    training = judge(history, definition, cutoff)
    against_best_possible(generated, history, definition, cutoff, training.model)


def against_best_possible(generated, history, definition, cutoff, model) -> Evaluation:  # type: ignore[no-untyped-def]
    """The same rows with the probabilities that know the log, and those that know the hidden state too."""
    t = history.instant(cutoff)
    test = build_snapshots(history, definition, [t], model.signals)
    ids = history.customers[test.customer]
    known = {
        f"best possible from the {k}"
        if k == "log"
        else "knows the hidden state": generated.churn_probability(cutoff, definition.horizon_days, knowing=k)
        .loc[ids]
        .to_numpy()
        for k in ("log", "everything")
    }
    cutoffs = training_cutoffs(history, definition, t, step_days=30, max_snapshots=36)
    learn = build_snapshots(history, definition, cutoffs, model.signals)
    rest = fit_baselines(history, definition, t, learn, model.signals).predict(test)
    e = evaluate(test.y, {"model": np.asarray(model.predict(test.X)), **known, **rest}, cutoff=cutoff)
    print(e, flush=True)
    return e


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["retail", "shop"]
    for name in wanted:
        {"retail": retail, "shop": shop}[name]()
