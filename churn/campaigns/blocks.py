"""The blocks of a campaign's policy: actions and their conditions, limits, consent, holdout, delivery, worth."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, get_args

from pydantic import Field, SecretStr, field_validator, model_validator

from churn.config.base import PositiveDays, Settings

ActionKind = Literal["survey", "email_series", "call", "discount", "bonus", "gift", "points", "news"]
ACTION_KINDS: tuple[str, ...] = get_args(ActionKind)
SELLING_KINDS = ("discount", "bonus", "gift", "points", "news")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, Field(pattern=_NAME, max_length=100)]
# No name of a file or a table is made of it, so it may have spaces inside.
ActionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*( [A-Za-z0-9_.-]+)*$", max_length=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Whole = Annotated[int, Field(ge=0)]


class Range(Settings):
    """From `min` to `max`, both included; one of them may be left out."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.min is None and self.max is None:
            raise ValueError("needs `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("`min` must not be above `max`")
        return self


class When(Settings):
    """Conditions on a customer; all that are given must hold, and any of the values of one.

    Parameters
    ----------
    stories, topics : tuple of str
        Stories and topics among the customer's reasons for the risk, as in ``reasons.parquet``.
    stages, risk_bands : tuple of str
        Lifecycle stages and risk bands.
    segments : dict of str to tuple of str
        Values by column of the scored table or of the segments.
    churn_probability, value, ignored_complaints : Range
        Ranges of numbers.
    numbers : dict of str to Range
        Ranges of any other numeric columns.
    """

    stories: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    risk_bands: tuple[str, ...] = ()
    segments: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    churn_probability: Range | None = None
    value: Range | None = None
    ignored_complaints: Range | None = None
    numbers: dict[str, Range] = Field(default_factory=dict)


class Action(Settings):
    """One thing that may be done for a customer.

    Parameters
    ----------
    name : str
        Its name in plans, ledger and measurement.
    kind : {"survey", "email_series", "call", "discount", "bonus", "gift", "points", "news"}
        What it is.
    channel : str
        Over which it goes, such as email or phone; capacity, consent and delivery are per channel.
    cost : float
        Of one contact.
    offer_cost : float, default 0
        Of an offer that is taken.
    save_chance : float
        Share of those who would leave who stay because of it; an assumption until a holdout measured it.
    save_chance_weight : float, default 20
        How sure that is, as a number of observed customers.
    wakes : float, default 0
        Share of those who would stay who leave because of it.
    stayers_accept : float, default 1
        Share of those who would stay anyway who take the offer.
    steps : tuple of int, default (0,)
        Days of its contacts after the first; each is a contact of its own.
    sells : bool, optional
        Whether it sells something; by default what is a discount, bonus, gift, points or news does.
    answers_complaint : bool, default False
        Whether it answers a complaint that was ignored; it may not sell anything then.
    when : When
        For whom it is meant.
    content : dict of str to str
        Handed over with each contact, such as the template's name or the voucher's kind.
    """

    name: ActionName
    kind: ActionKind
    channel: Name
    cost: Amount
    offer_cost: Amount = 0.0
    save_chance: Annotated[float, Field(gt=0, lt=1)]
    save_chance_weight: Annotated[float, Field(gt=0)] = 20.0
    wakes: Share = 0.0
    stayers_accept: Share = 1.0
    steps: Annotated[tuple[Whole, ...], Field(min_length=1, max_length=50)] = (0,)
    sells: bool | None = None
    answers_complaint: bool = False
    when: When = When()
    content: dict[str, str] = Field(default_factory=dict)

    @field_validator("steps")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if value[0] != 0 or list(value) != sorted(set(value)):
            raise ValueError("must be days in ascending order from 0, each once, such as [0, 3, 7]")
        return value

    @model_validator(mode="after")
    def _answers_first(self) -> Action:
        if self.answers_complaint and self.is_selling:
            raise ValueError(
                f"the action {self.name!r} answers a complaint and sells something (kind {self.kind}); an apology that "
                "asks for nothing has `sells: false`"
            )
        return self

    @property
    def is_selling(self) -> bool:
        """Whether it sells something."""
        return self.kind in SELLING_KINDS if self.sells is None else self.sells


class Cap(Settings):
    """At most `contacts` to one customer within `days`, over all campaigns of the ledger."""

    contacts: Annotated[int, Field(ge=1)]
    days: PositiveDays
    channel: Name | None = Field(None, description="only contacts over this channel; else over all")


class Pause(Settings):
    """Days on which nobody is contacted, `first` and `last` included."""

    first: dt.date
    last: dt.date

    @model_validator(mode="after")
    def _ordered(self) -> Pause:
        if self.last < self.first:
            raise ValueError("`last` must not be before `first`")
        return self


class Limits(Settings):
    """What the whole campaign may use, and what one customer is spared.

    Parameters
    ----------
    budget : float, optional
        Expected cost of contacts and offers together.
    capacity : dict of str to int
        Contacts per day, by channel; without a number where a channel is not named.
    caps : tuple of Cap
        Contacts of one customer over time, across campaigns.
    quiet_days : int, default 0
        Days after any contact of another campaign on which a customer is left alone.
    no_contact_on : tuple of str
        Weekdays on which nobody is contacted.
    pauses : tuple of Pause
        Periods in which nobody is contacted.
    late_days : int, default 3
        Days after its own on which a contact is still sent; then it is cancelled, and the rest of its series.
    """

    budget: Amount | None = None
    capacity: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    quiet_days: Annotated[int, Field(ge=0, le=3650)] = 0
    no_contact_on: tuple[Weekday, ...] = ()
    pauses: tuple[Pause, ...] = ()
    late_days: Annotated[int, Field(ge=0, le=366)] = 3


class Consent(Settings):
    """Who may be contacted at all.

    Parameters
    ----------
    required : bool, default True
        Whether only who consented is contacted; who is not known to have consented has not.
    columns : dict of str to str
        Column that tells the consent, by channel; ``"*"`` stands for every channel not named.
    needed_by : dict of str to str
        Column without which a channel cannot reach a customer, such as ``email: email``.
    preferred : str, optional
        Column with the customer's preferred channel; the others are used only where it has no action.
    suppress : tuple of str
        CSV or Parquet files of customers who are never contacted; columns customer and, where given, channel.
    """

    required: bool = True
    columns: dict[str, str] = Field(default_factory=lambda: {"*": "consent"})
    needed_by: dict[str, str] = Field(default_factory=dict)
    preferred: str | None = None
    suppress: tuple[str, ...] = ()


class Holdout(Settings):
    """Who is left alone so that the effect can be seen.

    Parameters
    ----------
    share : float, default 0.1
        Of those whom the plan would contact.
    global_share : float, default 0
        Of all customers, whom no campaign with the same key touches.
    stratify : tuple of str, default ("action", "risk_band")
        Columns within whose values the share is kept.
    key : str, default "churn"
        Of the draw; campaigns that share a global holdout share it.
    """

    share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    global_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    stratify: tuple[str, ...] = ("action", "risk_band")
    key: str = "churn"


class Delivery(Settings):
    """How the contacts of one channel are handed over.

    Parameters
    ----------
    to : {"files", "table", "webhook", "python"}
        Files for a CRM, a table of a database, an HTTPS address, or a channel of one's own.
    place : str, optional
        Folder of the files, from the policy file's folder; for ``python``: ``module:name`` or ``file.py:name``.
    url : str, optional
        Of the webhook, or of the database; never shown and never stored.
    table : str, default "churn_contacts"
        Of the database.
    secret_env : str, optional
        Environment variable with the webhook's signing secret.
    password_env : str, optional
        Environment variable with the database's password.
    fields : tuple of str
        Columns of the contact data that are handed over besides the contact itself, such as email.
    per_second : float, default 10
        Requests of a webhook, at most.
    timeout_seconds : float, default 10
        Of one request.
    attempts : int, default 5
        Of one contact before it is put aside as a dead letter.
    format : {"csv", "jsonl", "parquet"}, default "csv"
        Of the files.
    """

    to: Literal["files", "table", "webhook", "python"]
    place: str | None = None
    url: SecretStr | None = None
    table: Annotated[str, Field(max_length=58)] = "churn_contacts"
    secret_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    password_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    fields: tuple[str, ...] = ()
    per_second: Annotated[float, Field(gt=0, le=10_000)] = 10.0
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    attempts: Annotated[int, Field(ge=1, le=100)] = 5
    format: Literal["csv", "jsonl", "parquet"] = "csv"

    @model_validator(mode="after")
    def _complete(self) -> Delivery:
        needed = {"files": "place", "table": "url", "webhook": "url", "python": "place"}[self.to]
        if getattr(self, needed) is None:
            raise ValueError(f"`to: {self.to}` needs `{needed}`")
        if self.to == "webhook" and self.secret_env is None:
            raise ValueError(
                "`to: webhook` needs `secret_env`, the environment variable with the signing secret"
            )
        return self


class Worth(Settings):
    """What a saved customer is worth.

    Parameters
    ----------
    column : str, default "spend_if_staying"
        Of the scored table: the spend of a customer who stays, per horizon, or ``lifetime_value``.
    margin : float, default 1
        The share of that spend that is earned.
    fallback : float, optional
        Where the column is empty; such a customer is not contacted when left out.
    """

    column: str = "spend_if_staying"
    margin: Annotated[float, Field(gt=0, le=1)] = 1.0
    fallback: Amount | None = None
