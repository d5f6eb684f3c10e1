"""One customer on demand, as the whole night would score him: the model and the saved log are opened once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from churn.config import Config, ScoringSettings, ValueSettings
from churn.data.base import CustomerBase, holds
from churn.data.history import History, Instant
from churn.data.load import open_base
from churn.data.sample import of_customers
from churn.data.store import LogStore
from churn.definition import make_definition
from churn.display import Rendered, format_amount, format_risk
from churn.errors import ModelError, ParameterError
from churn.features.compute import feature_matrices
from churn.features.over import pools_at
from churn.model.bands import band_of
from churn.model.bundle import Model, load_model
from churn.model.explain import explain_rows
from churn.model.explain_customer import find_customer
from churn.model.predictor import probability
from churn.model.reasons.explanation import Explanation
from churn.model.reasons.words import Setting
from churn.model.shelf import Shelf
from churn.progress import report
from churn.scoring.context import Context, context_of, mark_of
from churn.scoring.passes import active_at, spend_of
from churn.scoring.runid import file_name
from churn.scoring.score import prepare, score_base
from churn.scoring.stages import UNKNOWN, UNSEEN, stage_names, stages

_PARTS_KEPT = 3


@dataclass(frozen=True, repr=False)
class CustomerScore(Rendered):
    """One customer's score, as the whole night gives it.

    Attributes
    ----------
    customer : object
        The id, as it came.
    as_of : str
        The cutoff's local date.
    stage, basis : str
        Lifecycle stage, and where the probability comes from: model, fallback, or lapsed (there is none).
    churn_probability : float or None
        Of churn within the horizon.
    risk_band : str
        Against the average odds of all active customers; empty without a probability.
    value_at_stake, spend_if_staying, expected_spend, lifetime_value : float or None
        As in the columns of the list; None for customers who are not active.
    rank : int or None
        Place in the list; None where the customer is not on it.
    listed : int
        How long the list is.
    explanation : Explanation or None
        Why; None for customers whom the model does not score.
    definition, currency : str
        What churn means, and what stands before amounts.
    """

    customer: Any
    as_of: str
    stage: str
    basis: str
    churn_probability: float | None
    risk_band: str
    value_at_stake: float | None
    spend_if_staying: float | None
    expected_spend: float | None
    lifetime_value: float | None
    rank: int | None
    listed: int
    explanation: Explanation | None
    definition: str
    currency: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        out = {k: v for k, v in vars(self).items() if k != "explanation"}
        out["customer"] = self.customer.item() if hasattr(self.customer, "item") else self.customer
        why = self.explanation
        out["reasons"] = [] if why is None else [r.to_dict() for r in why.reasons]
        return out

    def render(self) -> str:
        """Return the score, its place, and why."""
        head = f"Customer {self.customer} as of {self.as_of}: {self.stage}"
        if self.churn_probability is None:
            return f"{head}; no longer active, so there is no score. {self.definition[0].upper()}{self.definition[1:]}."
        head += f"; {format_risk(self.churn_probability)} churn, risk {self.risk_band}"
        if self.explanation is None:
            return f"{head}\nNo history that the model could go by: the mean probability of new customers stands in."
        assert self.value_at_stake is not None
        assert self.lifetime_value is not None
        place = f"rank {self.rank:,} of {self.listed:,} listed" if self.rank else "not on the list"
        value = (
            f"{format_amount(self.value_at_stake, self.currency)} at stake, lifetime value "
            f"{format_amount(self.lifetime_value, self.currency)}; {place}"
        )
        return f"{head}\n{value}\n\n{self.explanation.render()}"


class Scorer:
    """Scores one customer at a time at one cutoff; make one with `open_scorer`.

    Parameters
    ----------
    model : Model
        The model.
    base : CustomerBase
        The customers.
    cutoff : int
        The instant T.
    context : Context
        What is known of all the others.
    ranks : dict
        Place in the list by customer.
    scoring, value : ScoringSettings, ValueSettings
        As of the night.
    """

    def __init__(
        self,
        model: Model,
        base: CustomerBase,
        cutoff: int,
        context: Context,
        ranks: dict[Any, int],
        *,
        scoring: ScoringSettings | None = None,
        value: ValueSettings | None = None,
    ) -> None:
        self.model, self.base, self.cutoff, self.context = model, base, cutoff, context
        self._ranks, self._scoring, self._value = (
            ranks,
            scoring or ScoringSettings(),
            value or ValueSettings(),
        )
        self._ids, self._part_of = holds(base)
        self._parts: OrderedDict[int, History] = OrderedDict()
        self._pools = context.pools or pools_at(base, [cutoff], model.signals)
        self._setting = Setting(
            model.signals,
            cutoff,
            base.timezone,
            self._scoring.currency,
            model.features.ignored_after_days,
        )

    def score(self, customer: Any) -> CustomerScore:
        """Score one customer.

        Parameters
        ----------
        customer : id
            As it came, or the same as text.

        Raises
        ------
        ParameterError
            There is no such customer, or nothing was known of him before the cutoff.
        """
        at = find_customer(self._ids, customer)
        part = self._part(int(self._part_of[at]))
        here = find_customer(part.customers, self._ids[at])
        keep = np.zeros(len(part.customers), dtype=bool)
        keep[here] = True
        one = of_customers(part, keep)
        model, context, t = self.model, self.context, self.cutoff
        gap = np.nan if context.usual_gap_days is None else context.usual_gap_days
        code = int(
            stages(one, model.definition, t, usual_gap_days=gap, slipping_after=context.slipping_after)[0]
        )
        if code == UNKNOWN:
            raise not_known(self.base, one.customers[0], t)
        stage = stage_names(model.definition)[code]
        who, when, means = one.customers[0], self.base.date(t), model.definition.describe()
        money = self._scoring.currency
        if not len(active_at(one, model.definition, t)):
            unseen = code == UNSEEN
            mean = context.fallback if unseen else None
            band = "" if mean is None else band_of(mean, context.mean_probability)
            basis, nothing = "fallback" if unseen else "lapsed", (None, None, None, None, None)
            return CustomerScore(
                who, when, stage, basis, mean, band, *nothing, len(self._ranks), None, means, money
            )
        (X,) = feature_matrices(one, [t], [np.array([0])], model.signals, pools=self._pools)
        p = probability(model.predictor.log_odds(X, threads=1) + context.shift)
        spend = spend_of(model)
        staying = spend.if_staying(X, model.signal_names, cutoff=t, threads=1)
        X = np.ascontiguousarray(X)  # as the night explains it
        contributions = model.contributions(X, shift=context.shift, threads=1)
        explanation = explain_rows(
            self._setting, X, contributions, customers=[who], whole=True, as_of=when, definition=means
        )[0]
        return CustomerScore(
            who,
            when,
            stage,
            "model",
            float(p[0]),
            band_of(float(p[0]), context.mean_probability),
            float((p * staying)[0]),
            float(staying[0]),
            float(spend.expected(p, staying)[0]),
            float(spend.lifetime(p, staying, cutoff=t, **self._value.model_dump())[0]),
            self._ranks.get(who),
            len(self._ranks),
            explanation,
            means,
            money,
        )

    def _part(self, number: int) -> History:
        """Return a part of the customers; the few that were used last are kept."""
        if number not in self._parts:
            self._parts[number] = self.base.load(number, None)
        self._parts.move_to_end(number)
        while len(self._parts) > _PARTS_KEPT:
            self._parts.popitem(last=False)
        return self._parts[number]


def open_scorer(
    config: str | Path | Config,
    as_of: Instant | None = None,
    *,
    model: Model | str | Path | None = None,
    data: History | LogStore | CustomerBase | None = None,
    threads: int | None = None,
) -> Scorer:
    """Open the model and the saved log of a configuration, to score single customers.

    What scoring needs to know of all the others comes from the folder of the night of this cutoff, where it is of the
    same model and log; otherwise it is computed once, which takes as long as scoring everybody.

    Parameters
    ----------
    config : str, Path or Config
        As for `churn.load_history`.
    as_of : date, datetime or str, optional
        The cutoff T; the midnight after the last order when left out.
    model : Model, str or Path, optional
        The champion when left out, or the challenger where there is none.
    data : History, LogStore or CustomerBase, optional
        The log, where it is open already.
    threads : int, optional
        Of the predictions while everybody is scored.

    Returns
    -------
    Scorer
        Its `score` gives what the whole night says of a customer, bit for bit.

    Examples
    --------
    >>> import churn
    >>> scorer = churn.open_scorer("churn.yaml")  # doctest: +SKIP
    >>> print(scorer.score("C000042"))  # doctest: +SKIP
    """
    from churn.config import read_config
    from churn.features.own import load_signals

    settings = config if isinstance(config, Config) else read_config(config)
    if not isinstance(model, Model):
        own = load_signals([settings.place(f) for f in settings.features.python])
        model = load_model(model or _in_use(settings), own=own)
    if model.definition != (wanted := make_definition(settings.definition.model_dump())):
        raise ModelError(
            "The model was trained with another definition of churn than the configuration has",
            given=f"model: {model.definition.describe()}; configuration: {wanted.describe()}",
            fix="Train again, or set the definition back.",
            code="other-definition",
        )
    base, t = prepare(model, open_base(settings) if data is None else data, as_of)
    nights = settings.place(settings.output) / settings.name
    found = _from_night(nights / file_name(base.date(t)), model, base, t)
    if found is None:
        found = _from_scratch(model, base, t, settings, threads)
    return Scorer(model, base, t, *found, scoring=settings.scoring, value=settings.value)


def _in_use(settings: Config) -> Path:
    shelf = Shelf(settings.place(settings.models) / settings.name)
    found = shelf.in_use()
    if found is None:
        raise ModelError(
            f"There is no trained model for {settings.name} in {shelf.root}",
            fix="Train one first with churn train CONFIG, or pass one as model=.",
            code="no-model",
        )
    return found


def _from_night(
    folder: Path, model: Model, base: CustomerBase, cutoff: int
) -> tuple[Context, dict[Any, int]] | None:
    """Return what the folder of a night says, where it is of the same model, cutoff and log."""
    import pyarrow.parquet as pq

    context = Context.read(folder, model.signals)
    if context is None or not context.fits(model.digest, cutoff, mark_of(base)):
        return None
    try:
        listed = pq.read_table(folder / "at_risk.parquet", columns=["customer", "rank"])
    except (OSError, ValueError):  # damaged or taken away: everybody is scored again
        return None
    return context, dict(zip(*(listed[c].to_pylist() for c in ("customer", "rank")), strict=True))


def _from_scratch(
    model: Model, base: CustomerBase, cutoff: int, settings: Config, threads: int | None
) -> tuple[Context, dict[Any, int]]:
    """Score everybody once."""
    report("Scoring everybody once, for want of a night's folder")
    found = score_base(
        model,
        base,
        cutoff,
        settings=settings.scoring,
        value=settings.value,
        economics=settings.economics,
        threads=threads or settings.training.threads,
    )
    at_risk = found.scores.at_risk
    context = context_of(found, model, base, cutoff, settings.scoring.slipping_after)
    return context, dict(zip(at_risk["customer"].tolist(), at_risk["rank"].tolist(), strict=True))


def not_known(base: CustomerBase, customer: Any, cutoff: int) -> ParameterError:
    """Return the error for a customer of whom nothing was known before a cutoff."""
    return ParameterError(
        f"Nothing was known of the customer {customer} before {base.date(cutoff)}",
        allowed="customers with a row of any table, or who had joined, before it",
        fix="Name a later cutoff with --as-of.",
        code="not-known",
    )
