"""One customer's scores over time: from the record, with what happened in between, from the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from churn.config import Config
from churn.data.load import open_base
from churn.display import Rendered, format_amount, format_count, format_risk
from churn.errors import ChurnError, MissingFileError
from churn.model.explain_customer import find_customer, locate
from churn.progress import report
from churn.scoring.record import known_ids, past_runs, past_scores, record_folder
from churn.scoring.timeline import TIMELINE_COLUMNS, timeline

if TYPE_CHECKING:
    import pandas as pd

NIGHTS = 10  # shown in a terminal
_EVENTS = 6  # shown between two nights
_MOST_EVENTS = 1000
_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 60
_REASONS = ("reason_1", "reason_2", "reason_3")


@dataclass(frozen=True, repr=False)
class ScoreHistory(Rendered):
    """One customer's scores over time.

    Attributes
    ----------
    customer : id
        As it came.
    nights : pandas.DataFrame
        One row per run that knew the customer, oldest cutoff first: `cutoff`, the columns of the scores at that time
        (with the reasons where the customer was listed), `model`, and `number`, by which runs were added.
    events : pandas.DataFrame
        What the log knows of the customer, newest first, as in `churn.scoring.timeline.TIMELINE_COLUMNS`; empty where
        the log was not read.
    currency : str
        Before amounts.
    notes : tuple of str
        What a reader must know first.
    shown : int
        How many nights `render` shows.
    """

    customer: Any
    nights: pd.DataFrame
    events: pd.DataFrame
    currency: str = ""
    notes: tuple[str, ...] = ()
    shown: int = NIGHTS

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; what is unknown is None."""
        return {
            "customer": self.customer,
            "notes": list(self.notes),
            "nights": _plain(self.nights),
            "events": _plain(self.events.drop(columns=["customer", "older"], errors="ignore")),
        }

    def render(self) -> str:
        """Return a picture of the probability, then the last nights with their reasons and what happened in between."""
        nights = self.nights
        last = nights.groupby("cutoff", sort=False).tail(1)
        p = last["churn_probability"].to_numpy(dtype=float)
        known = p[~np.isnan(p)]
        first, newest = nights["cutoff"].iloc[0], nights["cutoff"].iloc[-1]
        lines = [f"! {n}" for n in self.notes]
        lines += [
            f"Customer {self.customer}: {_nights(len(last))} "
            f"{f'from {first} to {newest}' if len(last) > 1 else f'of {first}'}, {_runs(len(nights))}",
        ]
        if len(known) and len(last) > 1:
            low, high = format_risk(known.min()), format_risk(known.max())
            lines += [f"churn probability, 0 to 100 %   {sparkline(p)}   between {low} and {high}"]
        shown = nights.tail(self.shown).iloc[::-1]
        told = self._events_by_night()
        lines += [""]
        if len(told[-1]):
            lines += ["since then", *self._happened(told[-1], "since then")]
        for place, row in zip(shown.index, shown.to_dict("records"), strict=True):
            lines += [self._head(row)]
            lines += [f"       - {row[c]}" for c in _REASONS if _text(row.get(c))]
            lines += [f"       but: {row['keeps_1']}"] if _text(row.get("keeps_1")) else []
            lines += self._happened(told[int(place)], "before it")
        if len(nights) > self.shown:
            lines += [
                "",
                f"{_runs(len(nights) - self.shown)} before these: --nights {len(nights)}, or --json",
            ]
        return "\n".join(lines)

    def _head(self, row: dict[Any, Any]) -> str:
        parts = [
            "no score" if _missing(row["churn_probability"]) else format_risk(row["churn_probability"]),
            _text(row.get("risk_band")),
            _text(row.get("stage")),
            "" if _missing(row.get("rank")) else f"rank {row['rank']:.0f}",
            ""
            if _missing(row.get("value_at_stake"))
            else f"{format_amount(float(row['value_at_stake']), self.currency)} at stake",
            f"model {str(row['model'])[:8]}" if _text(row.get("model")) else "",
        ]
        return f"{row['cutoff']}   {'   '.join(p for p in parts if p)}"

    def _events_by_night(self) -> list[pd.DataFrame]:
        """Return the events before each night and after the one before it; the last entry: those after all nights."""
        cutoffs = self.nights["cutoff"].str.replace(" ", "T").to_numpy(dtype=object)
        if not len(self.events):
            return [self.events] * (len(cutoffs) + 1)
        # Local times in ISO form are in the order of their letters, and an event at the cutoff comes after it.
        night = np.array([int(np.searchsorted(cutoffs, t, side="right")) for t in self.events["time"]])
        return [self.events[night == n] for n in range(len(cutoffs) + 1)]

    def _happened(self, events: pd.DataFrame, when: str) -> list[str]:
        lines = [f"       · {r['time']}  {r['text']}" for r in events.head(_EVENTS).to_dict("records")]
        left = len(events) - _EVENTS
        lines += [f"       · {format_count(left)} more {when}"] if left > 0 else []
        return lines


def score_history(config: Config, customer: Any, *, events: bool = True, shown: int = NIGHTS) -> ScoreHistory:
    """Return one customer's scores over time, with the reasons of each night and what happened in between.

    Parameters
    ----------
    config : Config
        From `churn.read_config`: where the record of its scores lies, and where its log.
    customer : id
        As it is in the data, or the same as text.
    events : bool, default True
        Whether to read from the log what happened with the customer: orders, tickets, interactions, surveys. Of a saved
        log only the customer's part is read.
    shown : int, default 10
        How many nights `render` shows.

    Returns
    -------
    ScoreHistory
        ``.nights`` and ``.events`` as frames.

    Raises
    ------
    MissingFileError
        No scores have been recorded.
    ParameterError
        No recorded night knew this customer; ids that look alike are named.
    DataError
        A file of the record is damaged.

    Examples
    --------
    >>> import churn
    >>> config = churn.read_config("churn.yaml")  # doctest: +SKIP
    >>> churn.score_history(config, "C000042").nights[["as_of", "churn_probability"]]  # doctest: +SKIP
    """
    import pandas as pd

    folder = record_folder(config)
    runs = past_runs(folder)
    if runs.empty:
        raise MissingFileError(
            f"No scores of {config.name} have been recorded in {folder}",
            fix="Run churn score CONFIG first; every run adds to the record.",
            code="no-record",
        )
    found = past_scores(folder, customer)
    if not len(found):
        ids = known_ids(folder)
        found = past_scores(folder, ids[find_customer(ids, customer)])
    nights = found.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)  # a rank may be unknown
    facts = runs.set_index("run").loc[nights["run"]].reset_index()
    nights.insert(2, "cutoff", facts["cutoff"].to_numpy())
    nights["model"], nights["number"] = facts["model"].to_numpy(), facts["number"].to_numpy()
    own = nights.pop("customer").iloc[-1]
    happened, notes = _events(config, own) if events else (_no_events(), ())
    return ScoreHistory(_scalar(own), nights, happened, config.scoring.currency, notes, shown)


def sparkline(values: np.ndarray, width: int = _WIDTH) -> str:
    """Draw probabilities as bars from 0 to 1, a space where there is none; of too many, the last of each group.

    Examples
    --------
    >>> sparkline(np.array([0.02, 0.3, float("nan"), 0.98]))
    '▁▃ █'
    """
    if len(values) > width:
        values = values[np.linspace(0, len(values) - 1, width).round().astype(int)]
    heights = np.minimum(np.nan_to_num(values) * len(_BARS), len(_BARS) - 1).astype(int)
    return "".join(" " if np.isnan(v) else _BARS[h] for v, h in zip(values, heights, strict=True))


def _events(config: Config, customer: Any) -> tuple[pd.DataFrame, tuple[str, ...]]:
    report("Reading what happened")
    try:
        base = open_base(config)
        part, position = locate(base, customer)
    except ChurnError as error:  # the scores are there, also where the data have moved on
        return _no_events(), (f"What happened in between is not shown. {error}",)
    found = timeline(
        part, np.array([position]), base.closing, most=_MOST_EVENTS, currency=config.scoring.currency
    )
    older = int(found["older"].iloc[0]) if len(found) else 0
    notes = (f"{format_count(older)} events before {found['time'].iloc[-1]} are left out.",) if older else ()
    return found, notes


def _no_events() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(TIMELINE_COLUMNS))


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(k): _scalar(v) for k, v in r.items()} for r in rows]


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.item() if isinstance(value, np.generic) else str(value)


def _missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _text(value: Any) -> str:
    return "" if _missing(value) else str(value)


def _nights(count: int) -> str:
    return f"{format_count(count)} night{'' if count == 1 else 's'}"


def _runs(count: int) -> str:
    return f"{format_count(count)} run{'' if count == 1 else 's'}"
