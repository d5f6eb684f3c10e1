"""Writes 01_first_result.ipynb and executes it, so that the committed notebook shows what it prints.

    python notebooks/make.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
CELLS = [
    ("markdown", """# The first result

Which customers are about to leave, why, and the retention rate beside them: on a generated shop, so that it runs anywhere, and
so that we can ask afterwards what was true. Everything below takes about half a minute."""),
    ("code", """import matplotlib.pyplot as plt
import churn

shop = churn.make_shop(customers=3000, seed=7)
shop"""),
    ("markdown", """## The data

A shop has orders, returns, support tickets, visits and e-mail opens. Your own come in the same way: `churn.make_history(orders=...,
tickets=...)` from data frames, or `churn.load_history(churn.read_config("my-shop.yaml"))` from files. Rows that cannot be used are set
aside and counted."""),
    ("code", """history = shop.history()
history.checks"""),
    ("markdown", """## What churn means here

A customer is active while the last order is at most 180 days old, and churns by placing no order in the next 60 days."""),
    ("code", """definition = churn.Inactivity(active_days=180, horizon_days=60)
training = churn.train(history, definition)
training"""),
    ("markdown", """The model was trained on many past cutoffs and judged on one it had not seen, beside two rules of thumb. Can its probabilities be
taken at their word? The points should lie on the diagonal."""),
    ("code", """e = training.model.evaluation
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
left.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
left.plot([b["predicted"] for b in e.calibration], [b["observed"] for b in e.calibration], "o-")
left.set(xlabel="predicted churn probability", ylabel="observed churn rate", title="Calibration on the held-out cutoff")
right.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
right.plot([0, *[g["depth"] for g in e.gains]], [0, *[g["reached"] for g in e.gains]])
right.set(xlabel="share of customers contacted, riskiest first", ylabel="share of churners reached", title="Gain")
plt.show()"""),
    ("markdown", """## The list

At-risk customers beside the retention rate. `S - lost + new + reactivated = E`, always."""),
    ("code", """result = churn.score(training.model, history)
result"""),
    ("code", """result.at_risk.head(5)"""),
    ("markdown", """Why is the first of them there? The contributions of all signals add up to the score, exactly; told in stories with the customer's own
numbers beside the own normal."""),
    ("code", """churn.explain_customer(training.model, history, result.at_risk["customer"].iloc[0])"""),
    ("markdown", """## Retention by month"""),
    ("code", """series = churn.retention_series(history, active_days=180, every="month")
frame = series.frame.query("not running")
fig, axis = plt.subplots(figsize=(10, 3.5), layout="constrained")
axis.plot(frame["period_start"], 100 * frame["retention_rate"], "o-")
axis.set(ylabel="retention, %", title="Share of the customers active at the start of the month who are active at its end")
axis.tick_params(axis="x", rotation=60)
plt.show()"""),
    ("markdown", """## What was true

The shop knows who had begun to leave when the list was made. How many of the listed had, and how many of the others?"""),
    ("code", """left = shop.truth.set_index("customer")["leaves_at"].notna()
everyone = result.active.assign(left=result.active["customer"].map(left))
everyone.groupby("risk_band")["left"].agg(["mean", "size"]).sort_values("mean", ascending=False)"""),
]


def build() -> nbformat.NotebookNode:
    """Return the notebook, not executed."""
    make = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [make[kind](text) for kind, text in CELLS]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )


def main() -> None:
    """Write and execute the notebook in an empty folder, so that no store of this machine is seen."""
    notebook = build()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}).execute()
        text = nbformat.writes(notebook).replace(folder, ".")
    (HERE / "01_first_result.ipynb").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
