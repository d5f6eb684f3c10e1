"""The retention rate that the model expected for the next horizon, its 95 % interval, and the rate that came.

    python benchmarks/retention.py                              Online Retail II, test cutoffs
    python benchmarks/retention.py --development [retail] [shop] [--seeds 31 32 33 34 35 36]

With --development: Online Retail II at cutoffs that choices may be made on, as every horizon ends before the first test cutoff; generated shops of
2,500 customers, by seed. The width of the interval was chosen on Online Retail II's and on the seeds 21 to 27; seeds 31 to 36 only check it. Every
cutoff is trained for on its own: nothing at or after it is seen. Online Retail II is read from CHURN_DATA (default: ../shared/data beside the
project).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import churn
from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import History
from churn.definition import Definition, make_definition
from churn.model.fold import fit_at
from churn.retention.outlook import make_outlook

ROOT = Path(__file__).resolve().parent.parent
TEST = ("2011-08-12", "2011-09-11", "2011-10-10")
DEVELOPMENT = (
    "2010-12-12",
    "2011-01-12",
    "2011-02-11",
    "2011-03-13",
    "2011-04-13",
    "2011-05-13",
    "2011-06-12",
)
OF_SHOPS = ("2025-04-13", "2025-07-12", "2025-10-31")
Case = tuple[str, History, Definition, str, TrainingSettings, FeatureSettings]


def cases(sets: Sequence[str], development: bool, seeds: Sequence[int]) -> Iterator[Case]:
    if "retail" in sets:
        config = churn.read_config(ROOT / "configs" / "online_retail.yaml")
        history = churn.load_history(config)
        definition = make_definition(config.definition.model_dump())
        for cutoff in DEVELOPMENT if development else TEST:
            yield "Online Retail II", history, definition, cutoff, config.training, config.features
    if "shop" in sets:
        settings = TrainingSettings(max_snapshots=10, threads=1)
        for seed in seeds:
            history = churn.make_shop(customers=2500, seed=seed, days=1100, end="2025-12-31").history()
            for cutoff in OF_SHOPS:
                yield (
                    f"shop {seed}",
                    history,
                    churn.Inactivity(150, 60),
                    cutoff,
                    settings,
                    FeatureSettings(),
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", choices=("retail", "shop", []), help="retail and shop, or one")
    parser.add_argument("--development", action="store_true")
    parser.add_argument("--seeds", nargs="+", type=int, default=[31, 32, 33, 34, 35, 36])
    given = parser.parse_args()
    sets = given.sets or (["retail", "shop"] if given.development else ["retail"])
    print("| data | cutoff | customers | expected | 95 % interval | came | inside |\n|" + " --- |" * 7)
    inside = []
    for name, history, definition, date, settings, features in cases(sets, given.development, given.seeds):
        cutoff = history.instant(date)
        fold = fit_at(history, definition, cutoff, settings=settings, features=features)
        recency = fold.test.X[:, [s.name for s in fold.signals].index("recency_days")]
        p, sure = fold.predictions["model"], fold.forecast.level_sd
        outlook = make_outlook(history, definition, cutoff, p, recency, sure)
        end = history.days_before(cutoff + definition.window_us, 0)
        came = churn.retention_between(history, definition, cutoff, end)
        low, high = outlook.expected_interval
        inside.append(low <= came.rate <= high)
        print(
            f"| {name} | {date} | {came.start:,} | {100 * outlook.expected_rate:.1f} % | {outlook.expected_range} | "
            f"{100 * came.rate:.1f} % | {'yes' if inside[-1] else 'no'} |",
            flush=True,
        )
    print(f"\n{sum(inside)} of {len(inside)} lie in the interval.")


if __name__ == "__main__":
    main()
