"""Settings of the steps: definition, signals, training, scoring, tracking."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator

from churn.config.base import PositiveDays, Settings, not_a_flag
from churn.config.sources import Source, check_table_name

Days = Annotated[int, Field(ge=0, le=3650), BeforeValidator(not_a_flag)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]


class InactivitySettings(Settings):
    """Churn by silence; see `churn.Inactivity`."""

    kind: Literal["inactivity"] = "inactivity"
    active_days: PositiveDays
    horizon_days: PositiveDays
    gap_days: Days = 0


class SubscriptionSettings(Settings):
    """Churn by contract; see `churn.Subscription`."""

    kind: Literal["subscription"]
    horizon_days: PositiveDays
    gap_days: Days = 0
    grace_days: Days | None = Field(None, description="days after `renews` in which a renewal is in time")
    ended_when: tuple[str, ...] = Field((), description="values of the subscriptions' event that mean an end")


class EventSettings(Settings):
    """Churn by an event that means leaving; see `churn.LeavingEvent`."""

    kind: Literal["event"]
    active_days: PositiveDays
    horizon_days: PositiveDays
    gap_days: Days = 0
    table: Literal["subscriptions", "interactions", "tickets"] = "subscriptions"
    left_when: Words = Field(description="values of event, kind or category that mean leaving")
    active_in: Literal["orders", "returns", "tickets", "interactions", "surveys", "subscriptions"] = "orders"


class LabelSettings(Settings):
    """Churn as a table of the user's own says it; see `churn.LabelTable`."""

    kind: Literal["labels"]
    active_days: PositiveDays
    horizon_days: PositiveDays
    gap_days: Days = 0


_KINDS = ("inactivity", "subscription", "event", "labels")


def _kind(value: Any) -> str | None:
    """Return the kind that a block names; silence without one."""
    given = (
        value.get("kind", "inactivity") if isinstance(value, dict) else getattr(value, "kind", "inactivity")
    )
    return given if given in _KINDS else None


DefinitionSettings = Annotated[
    Annotated[InactivitySettings, Tag("inactivity")]
    | Annotated[SubscriptionSettings, Tag("subscription")]
    | Annotated[EventSettings, Tag("event")]
    | Annotated[LabelSettings, Tag("labels")],
    Discriminator(
        _kind,
        custom_error_type="unknown_kind",
        custom_error_message=f"`kind` must be one of {', '.join(_KINDS)}",
    ),
]


class OwnSignal(Settings):
    """A signal of the user's own, as an expression."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_:.-]*$")]
    measure: str = Field(description="expression such as Count('orders', days=90)")
    meaning: str = Field(description="what it says, in words")
    unit: str = "count"
    warns: str = "either"
    topic: str | None = None


class FeatureSettings(Settings):
    """Settings of the signals.

    Parameters
    ----------
    ignored_after_days : float, default 7
        A complaint without an answer for so many days counts as ignored.
    silent_after_days : float, default 14
        A survey without an answer for so many days counts as silence.
    windows : tuple of int
        Days of the windows of counts, rates and amounts.
    signals : tuple of OwnSignal
        Signals of your own, as expressions.
    python : tuple of str
        Files that make signals with `churn.signal`.
    tables : dict of str to Source
        Tables of ready features.
    """

    ignored_after_days: Annotated[float, Field(gt=0, le=365)] = 7.0
    silent_after_days: Annotated[float, Field(gt=0, le=365)] = 14.0
    windows: tuple[PositiveDays, ...] = (7, 14, 30, 60, 90, 180, 365)
    signals: tuple[OwnSignal, ...] = ()
    python: tuple[str, ...] = ()
    tables: dict[str, Source] = Field(default_factory=dict, description="ready features: name: a source")

    @field_validator("windows")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)):
            raise ValueError("must be days in ascending order, each once")
        return value

    @field_validator("tables")
    @classmethod
    def _free_names(cls, value: dict[str, Source]) -> dict[str, Source]:
        for name in value:
            check_table_name(name)
        return value


class TrainingSettings(Settings):
    """How the model is trained and judged.

    Parameters
    ----------
    test_cutoff : date, optional
        The held-out cutoff; the last mature one when left out.
    step_days : int, default 30
        Days between training snapshots.
    max_snapshots : int, default 36
        How many at most, newest first.
    history_days : int, optional
        Days of history before the oldest snapshot; those that its population needs when left out.
    seed : int, default 0
        Of the trees and the resampling.
    threads : int, default 2
        Threads of LightGBM; the same number gives the same trees.
    tune_trials : int, default 0
        Trials of parameters with Optuna; 0 keeps the defaults.
    tune_minutes : float, optional
        Stop tuning after so many minutes, if trials are left.
    """

    test_cutoff: dt.date | None = Field(None, description="held-out cutoff; else the last mature one")
    step_days: PositiveDays = 30
    max_snapshots: Annotated[int, Field(ge=3, le=500)] = 36
    history_days: PositiveDays | None = Field(
        None, description="days of history before the oldest snapshot; else as many as its population needs"
    )
    seed: int = 0
    threads: Annotated[int, Field(ge=1)] = 2
    tune_trials: Annotated[int, Field(ge=0, le=10_000)] = 0
    tune_minutes: Annotated[float, Field(gt=0)] | None = Field(
        None, description="stop tuning after so many minutes, if trials are left"
    )


class ScoringSettings(Settings):
    """How the at-risk list and the lifecycle stages are made.

    Parameters
    ----------
    list_by : {"money", "threshold", "odds"}, optional
        Who is listed: whom a contact is expected to pay for, from `threshold` on, or from twice the average odds on.
        When left out: by money where the four keys of `economics` are given, else by the threshold where there is
        one, else by the odds.
    top : int, optional
        List at most so many customers.
    threshold : float, optional
        List from this churn probability.
    slipping_after : float, default 2
        A customer is slipping away after a silence of more than so many times the usual gap between orders.
    currency : str, default ""
        Sign or code before amounts.
    """

    list_by: Literal["money", "threshold", "odds"] | None = Field(
        None, description="whom to list: money, threshold or odds"
    )
    top: Annotated[int, Field(ge=1)] | None = Field(None, description="list at most so many customers")
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="listed from this churn probability"
    )
    slipping_after: Annotated[float, Field(gt=0, le=100)] = 2.0
    currency: str = Field("", description="sign or code before amounts, e.g. £ or EUR")


class ValueSettings(Settings):
    """What a lifetime value counts.

    Parameters
    ----------
    lifetime_days : int, default 365
        How far it looks ahead.
    discount_rate : float, default 0.10
        Per year; 0.1 takes a tenth off what comes in a year.
    """

    lifetime_days: PositiveDays = 365
    discount_rate: Annotated[float, Field(ge=0, le=10)] = 0.10


class EconomicsSettings(Settings):
    """What contacting a customer costs and brings; profit is judged only where all four are given.

    Parameters
    ----------
    contact_cost : float, optional
        Cost of contacting one customer.
    offer_cost : float, optional
        Cost of the offer, paid for whoever accepts it, also for those who would have stayed; 0 without an offer.
    saved_value : float, optional
        Value of a customer who is kept, before the offer.
    save_chance : float, optional
        Chance that a customer who would leave accepts and stays.
    stayers_accept : float, default 1
        Share of those who would have stayed anyway who take the offer.
    save_chance_weight : float, default 20
        How sure the chance is, as a number of observed customers; the expected maximum profit spreads it.
    capacity : int, optional
        How many customers can be contacted in one round; the list ends there.
    value_from : {"spend", "lifetime", "saved_value"}, default "spend"
        What each customer is worth to the list, if saved: the forecast of the spend in the horizon, that over the
        lifetime, or `saved_value` for all.
    margin : float, default 1
        The share of that spend that is earned; costs are money, and spend is revenue.
    """

    contact_cost: Annotated[float, Field(ge=0)] | None = Field(None, description="cost of one contact")
    offer_cost: Annotated[float, Field(ge=0)] | None = Field(None, description="cost of an accepted offer")
    saved_value: Annotated[float, Field(gt=0)] | None = Field(None, description="value of a saved customer")
    save_chance: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="chance to save a leaver"
    )
    stayers_accept: Annotated[float, Field(ge=0, le=1)] = 1.0
    save_chance_weight: Annotated[float, Field(gt=0)] = 20.0
    capacity: Annotated[int, Field(ge=1)] | None = Field(None, description="customers contacted in one round")
    value_from: Literal["spend", "lifetime", "saved_value"] = "spend"
    margin: Annotated[float, Field(gt=0, le=1)] = 1.0

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that profit needs and that are not given."""
        needed = ("contact_cost", "offer_cost", "saved_value", "save_chance")
        return tuple(k for k in needed if getattr(self, k) is None)

    def break_even(self, value: float) -> float:
        """Return the churn probability from which a contact pays, for a value of a saved customer; infinite: never.

        Examples
        --------
        >>> settings = EconomicsSettings(contact_cost=1, offer_cost=10, saved_value=200, save_chance=0.3)
        >>> round(settings.break_even(200), 3)
        0.164
        """
        contact, offer, save = (float(x or 0) for x in (self.contact_cost, self.offer_cost, self.save_chance))
        wasted, gain = self.stayers_accept * offer, save * (value - offer)
        return (contact + wasted) / (gain + wasted) if gain > contact else float("inf")

    def in_words(self, currency: str = "") -> str:
        """Say the costs and gains in a few words."""
        from churn.display import format_amount

        money = {
            k: format_amount(float(getattr(self, k) or 0), currency)
            for k in ("contact_cost", "offer_cost", "saved_value")
        }
        return (
            f"contact {money['contact_cost']}, offer {money['offer_cost']}, saved customer {money['saved_value']}, "
            f"chance to save {100 * (self.save_chance or 0):g} %"
        )


class TrackingSettings(Settings):
    """Names in MLflow."""

    experiment: str = "churn"
    registered_model: str | None = Field(None, description="name in the registry; else churn-NAME")
