"""The retention rate that the model expected for the next horizon, and the one that came: Online Retail II, test cutoffs.

    python benchmarks/retention.py

Online Retail II is read from CHURN_DATA (default: ../shared/data beside the project). Every cutoff is trained for on its own: nothing at or
after it is seen.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import churn
from churn.definition import make_definition
from churn.scoring import score

ROOT = Path(__file__).resolve().parent.parent
CUTOFFS = ("2011-08-12", "2011-09-11", "2011-10-10")


def main() -> None:
    config = churn.read_config(ROOT / "configs" / "online_retail.yaml")
    history = churn.load_history(config)
    definition = make_definition(config.definition.model_dump())
    print("| cutoff | expected | came |\n| --- | --- | --- |")
    for cutoff in CUTOFFS:
        settings = config.training.model_copy(update={"test_cutoff": dt.date.fromisoformat(cutoff)})
        model = churn.train(history, definition, settings=settings, track=False).model
        expected = score(model, history, cutoff).retention.expected_rate
        end = history.days_before(history.instant(cutoff) + definition.window_us, 0)
        came = churn.retention_between(history, definition, cutoff, end).rate
        print(f"| {cutoff} | {100 * expected:.1f} % | {100 * came:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
