"""Our model beside every baseline and beside other learners on the same rows and signals, as Markdown tables.

    python benchmarks/rivals.py [retail2] [retail] [journey] [cdnow] [shop] [harmless] --development
    python benchmarks/rivals.py ...

With --development the cutoffs are those that choices may be made on: their outcomes end before the first test cutoff (or it is another
shop). Without it they are the test cutoffs, which are looked at once, at the end. Every cutoff is trained for on its own: nothing at or after it
is seen. Other learners run with their defaults and a seed, on the same matrices; what they predicted is kept in a cache (CHURN_BENCH_CACHE),
keyed by the matrices, so a stopped run goes on where it was. --skip leaves some of them out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sets

import churn
from churn.data.history import History
from churn.model.evaluate import Estimate, Evaluation, Judged, evaluate_parts
from churn.model.fold import Fold, fit_at
from churn.version import __version__

SHOWN = {
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier",
    "calibration_error": "calibration error",
    "lift_at_10": "lift at 10 %",
}
WITHOUT = "model without service signals"
TOLD = "HistGradientBoosting told the latent numbers"
LATENT = (
    "rate_per_day",
    "shape",
    "hazard_per_day",
    "fade_days",
    "open_probability",
    "visits_per_day",
    "spend",
)
SERVICE = ("tickets", "surveys")
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def hist_gradient_boosting(X: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier(random_state=seed).fit(X, y)
    return np.asarray(fitted.predict_proba(test)[:, 1])


def xgboost(X: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    from xgboost import XGBClassifier

    fitted = XGBClassifier(random_state=seed, n_jobs=2).fit(X, y)
    return np.asarray(fitted.predict_proba(test)[:, 1], dtype=np.float64)


def catboost(X: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int) -> np.ndarray:
    from catboost import CatBoostClassifier

    fitted = CatBoostClassifier(random_seed=seed, thread_count=2, verbose=False, allow_writing_files=False)
    return np.asarray(fitted.fit(X, y).predict_proba(test)[:, 1])


RIVALS: dict[str, Fit] = {
    "HistGradientBoosting": hist_gradient_boosting,
    "XGBoost": xgboost,
    "CatBoost": catboost,
}


@dataclass(frozen=True)
class Part:
    """One cutoff: what was predicted and what came, and who of the rows had complained."""

    judged: Judged
    complained: np.ndarray


def run(task: sets.Task, rivals: Sequence[str]) -> list[Part]:
    """Fit and predict at every cutoff of a task."""
    parts = []
    for date in task.cutoffs:
        began = time.perf_counter()
        cutoff = task.history.instant(date)
        fold = _fold(task, task.history, cutoff)
        predictions = dict(fold.predictions)
        for name in rivals:
            predictions[name] = _cached(name, fold, task.training.seed)
        if task.shop is not None:
            # The best possible knows each customer's rate and hazard, which no log tells; so do these trees.
            latent = (
                task.shop.truth.set_index("customer")
                .loc[task.history.customers, list(LATENT)]
                .to_numpy(dtype=np.float64)
            )
            predictions[TOLD] = _cached("HistGradientBoosting", fold, task.training.seed, latent)
            predictions[WITHOUT] = _fold(task, _without_service(task.history), cutoff).predictions["model"]
            ids = task.history.customers[fold.test.customer]
            for key, title in (
                ("log", "best possible from the log"),
                ("everything", "knows the hidden state"),
            ):
                known = task.shop.churn_probability(date, task.definition.horizon_days, knowing=key)
                predictions[title] = known.loc[ids].to_numpy()
        judged = Judged(date, np.asarray(fold.test.y), predictions, fold.test.customer)
        parts.append(Part(judged, _complained(task.history, cutoff)[fold.test.customer]))
        for name, why in fold.left_out.items():
            print(f"{date}: {name} is left out, as {why}", file=sys.stderr)
        print(f"{task.name} {date}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return parts


def _fold(task: sets.Task, history: History, cutoff: int) -> Fold:
    return fit_at(history, task.definition, cutoff, settings=task.training, features=churn.FeatureSettings())


def _without_service(history: History) -> History:
    """The same history where nobody kept the tickets."""
    return replace(history, logs={k: v for k, v in history.logs.items() if k not in SERVICE})


def _complained(history: History, cutoff: int) -> np.ndarray:
    """Tell of each customer whether there was a complaint before the cutoff."""
    out = np.zeros(len(history.customers), dtype=bool)
    if "tickets" in history.logs:
        tickets = history.as_of(cutoff).logs["tickets"]
        out[tickets.customer[tickets.numbers["is_complaint"] > 0]] = True
    return out


def _cached(name: str, fold: Fold, seed: int, more: np.ndarray | None = None) -> np.ndarray:
    """Return a rival's predictions, from the cache where the same matrices were there before.

    `more` are further columns by customer.
    """
    import joblib

    X, y, test = fold.learn.X, fold.learn.y, fold.test.X
    if more is not None:
        X, test = np.hstack([X, more[fold.learn.customer]]), np.hstack([test, more[fold.test.customer]])
    known = np.fmin.reduce(X, axis=0) < np.fmax.reduce(X, axis=0)
    X, test = X[:, known], test[:, known]  # scikit-learn fails on a column without a known value
    key = joblib.hash([name, seed, X, y, test])
    file = sets.EXPORTED / "rivals" / f"{key}.npy"
    if file.is_file():
        return np.asarray(np.load(file))
    p = RIVALS[name](X, y, test, seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".part.npy")
    np.save(fresh, p)
    fresh.replace(file)
    return p


def show(task: sets.Task, parts: Sequence[Part]) -> None:
    """Print the figures of a task as Markdown."""
    parts = _comparable(parts)
    each, mean = evaluate_parts([p.judged for p in parts], seed=task.training.seed)
    print(f"\n## {task.title}\n\n{task.definition.describe()}. churn {__version__}.\n")
    print(
        "Mean of the cutoffs "
        + ", ".join(f"{e.cutoff} ({e.rows:,} customers, {e.churn_rate:.1%} churned)" for e in each)
    )
    _figures(mean)
    print("\nModel minus each, paired (positive AUC and negative log loss are in the model's favour)\n")
    _table(
        ["", *SHOWN.values()],
        [[name, *(_signed(d[m]) for m in SHOWN)] for name, d in mean.differences.items()],
    )
    print(
        "\nBy cutoff: AUC, log loss, calibration error; mean predicted churn of the model beside what came\n"
    )
    _table(
        ["", *(e.cutoff for e in each)],
        [
            [
                name,
                *(
                    " / ".join(
                        f"{e.metrics[name][m].value:.3f}" for m in ("auc", "log_loss", "calibration_error")
                    )
                    for e in each
                ),
            ]
            for name in mean.metrics
        ]
        + [
            [
                "predicted, came",
                *(f"{p.judged.predictions['model'].mean():.3f}, {p.judged.y.mean():.3f}" for p in parts),
            ]
        ],
    )
    if task.shop is not None:
        _service(task, parts)
    sys.stdout.flush()


def _comparable(parts: Sequence[Part]) -> list[Part]:
    """Keep the predictors that are there at every cutoff; a baseline may not apply at one."""
    common = [n for n in parts[0].judged.predictions if all(n in p.judged.predictions for p in parts)]
    return [
        replace(p, judged=replace(p.judged, predictions={n: p.judged.predictions[n] for n in common}))
        for p in parts
    ]


def _service(task: sets.Task, parts: Sequence[Part]) -> None:
    """What the service signals add, among those who had complained."""
    wanted = ("model", WITHOUT, "best possible from the log")
    among = [
        Judged(
            p.judged.cutoff,
            p.judged.y[p.complained],
            {n: p.judged.predictions[n][p.complained] for n in wanted},
            p.judged.customer[p.complained],
        )
        for p in parts
    ]
    _, mean = evaluate_parts(among, seed=task.training.seed)
    print(f"\nAmong the {mean.rows:,} rows of customers who had complained before the cutoff")
    _figures(mean)
    print(
        "\nmodel minus each: "
        + "; ".join(
            f"{n}: AUC {_signed(d['auc'])}, log loss {_signed(d['log_loss'])}"
            for n, d in mean.differences.items()
        )
    )


def _figures(e: Evaluation) -> None:
    print()
    _table(["", *SHOWN.values()], [[name, *(str(m[k]) for k in SHOWN)] for name, m in e.metrics.items()])


def _signed(e: Estimate) -> str:
    return f"{e.value:+.4f} [{e.low:+.4f}, {e.high:+.4f}]"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="SET", help=f"of {', '.join(sets.names())}; all when left out"
    )
    parser.add_argument("--development", action="store_true", help="the cutoffs that choices may be made on")
    parser.add_argument("--skip", nargs="*", default=[], choices=list(RIVALS), help="learners to leave out")
    given = parser.parse_args(arguments)
    unknown = [n for n in given.names if n not in sets.names()]
    if unknown:
        parser.error(f"there is no set {unknown[0]}; give of {', '.join(sets.names())}")
    print(f"# {'Development' if given.development else 'Test'} cutoffs")
    for name in given.names or sets.names():
        task = sets.load(name, given.development)
        show(task, run(task, [r for r in RIVALS if r not in given.skip]))


if __name__ == "__main__":
    main()
