"""What learning gave: the verdict first, then the figures behind it and a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.uplift.judge import CHOSEN, RANDOM, RISK, WORTH, Judgement, curve_depths
from churn.campaigns.uplift.model import Uplift
from churn.campaigns.uplift.store import save_uplift
from churn.campaigns.uplift.words import LEARNERS, action_table, fifths_table, judgement_table
from churn.display import Rendered, format_count

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = {CHOSEN: "#1f5fa8", WORTH: "#b3541e", RISK: "#7d7d7d", RANDOM: "#b5b5b5"}


@dataclass(frozen=True, repr=False)
class Learned(Rendered):
    """An uplift model with its judgement.

    Attributes
    ----------
    uplift : Uplift
        The model, of all campaigns.
    judgement : Judgement
        How the procedure did on rows it had not learnt from.
    left_out : dict of str to int
        Rows that taught nothing, by the reason in words.
    notes : tuple of str
        What to know before believing it.
    """

    uplift: Uplift
    judgement: Judgement
    left_out: Mapping[str, int]
    notes: tuple[str, ...]

    def render(self) -> str:
        """Return the verdict, the measured effects, the rankings and the calibration."""
        j = self.judgement
        parts = [
            self.uplift.said,
            "",
            f"What contacts changed, in {', '.join(self.uplift.facts['campaigns'])}:",
            action_table(self.uplift.actions),
            "",
            f"Rankings, on {format_count(j.rows)} rows that were not learnt from (95 % intervals; Qini and profit "
            "per 1,000 customers, uplift in customers kept per 100 contacted):",
            judgement_table(j),
            "",
            f"Chosen: {LEARNERS[self.uplift.kind]}; on unseen rows {100 * j.slope:.0f} % of the differences it sees. "
            "Predicted and measured effect in points, by fifths of the prediction:",
            fifths_table(j.fifths),
        ]
        notes = [f"{format_count(n)} rows left out: {why}" for why, n in self.left_out.items()]
        notes += self.notes
        if notes:
            parts += ["", *(f"- {n}" for n in notes)]
        return "\n".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the trees, as plain values."""
        return {
            "said": self.uplift.said,
            "better": self.uplift.better,
            **self.uplift.facts,
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The Qini curves: ranking, depth (share contacted), kept_per_1000 (of all customers)."""
        import pandas as pd

        depths = curve_depths()
        return pd.concat(
            [
                pd.DataFrame({"ranking": name, "depth": depths, "kept_per_1000": values})
                for name, values in self.judgement.curves.items()
            ],
            ignore_index=True,
        )

    def figure(self) -> Any:
        """Return the Qini curves of the chosen learner and of the simple rankings as a picture."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.subplots()
        depths = [100 * d for d in curve_depths()]
        for name, colour in _SHOWN.items():
            axes.plot(
                depths,
                self.judgement.curves[name],
                color=colour,
                linewidth=2 if name == CHOSEN else 1.3,
                linestyle="--" if name == RANDOM else "-",
                label=name,
            )
        axes.axhline(0, color="#dddddd", linewidth=0.8, zorder=0)
        axes.set(
            xlabel="customers contacted, best first (%)",
            ylabel="customers kept per 1,000 of all",
            xlim=(0, 100),
        )
        axes.set_title("What contacting brings, by whom it reaches first", loc="left", fontsize=11)
        axes.legend(frameon=False, fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        return figure

    def write(self, folder: str | Path) -> Path:
        """Save the model; see `churn.campaigns.uplift.store.save_uplift`."""
        return save_uplift(self.uplift, folder)
