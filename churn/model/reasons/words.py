"""A customer's numbers as words. A sentence is a template over signals; what it cannot fill it does not say."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from churn.data.history import DAY_US
from churn.display import format_amount
from churn.features.signal import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]  # calendar.month_name follows the locale
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELD = re.compile(r"\{(\w+)(?:\|([^{}|]*))?\}")
_TIMES = {0: "never", 1: "once", 2: "twice"}


@dataclass(frozen=True)
class Sentence:
    """A sentence and the numbers that it tells, by signal or by what was computed from signals."""

    text: str
    numbers: dict[str, float | str]


Telling = Iterator[Sentence | None]


@dataclass(frozen=True)
class Setting:
    """What the words need beside a customer's numbers: the cutoff for dates, the currency, the days of patience.

    Attributes
    ----------
    signals : tuple of Signal
        What the numbers are.
    as_of : int
        The cutoff, in microseconds UTC.
    timezone : str
        The zone of dates.
    currency : str
        Before amounts.
    ignored_after_days : float
        For the words about ignored complaints.
    """

    signals: tuple[Signal, ...]
    as_of: int
    timezone: str = "UTC"
    currency: str = ""
    ignored_after_days: float = 7.0

    def date(self, days: float) -> str:
        """Return the local date so many days before the cutoff, such as 3 March 2025."""
        instant = _EPOCH + timedelta(microseconds=self.as_of - round(days * DAY_US))
        local = instant.astimezone(ZoneInfo(self.timezone))
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


class Facts:
    """One customer: the numbers, the values in words, and what each signal adds to the log-odds.

    Calling it with a signal's name gives the number, NaN where it is unknown. `told` holds the stories that other
    sentences of the same direction tell already.
    """

    def __init__(
        self,
        setting: Setting,
        where: Mapping[str, int],
        values: Sequence[float],
        pushes: Sequence[float] | None = None,
    ) -> None:
        self.setting, self._where, self._values, self._pushes = setting, where, values, pushes
        self.told: frozenset[str] = frozenset()

    def __call__(self, name: str) -> float:
        """Return a signal's number, NaN where it is unknown."""
        at = self._where.get(name)
        value = math.nan if at is None else self._values[at]
        return value if math.isfinite(value) else math.nan

    def label(self, name: str) -> str | None:
        """Return the value of a category signal in words, None where it is unknown."""
        value = self(name)
        return None if math.isnan(value) else self.setting.signals[self._where[name]].categories[int(value)]

    def names(self, prefix: str) -> list[str]:
        """Return the signals whose names begin so."""
        return [name for name in self._where if name.startswith(prefix)]

    def push(self, name: str) -> float:
        """Return what one signal adds to the log-odds."""
        at = self._where.get(name)
        return 0.0 if at is None or self._pushes is None else self._pushes[at]

    def say(self, template: str, **given: str | float) -> Sentence | None:
        """Fill a template; None where a number in it is not known.

        Fields are written ``{name|form}``. The name is a signal, or an argument: a number, or the name of a signal.
        An argument without a form, ``{name}``, is taken as it is.

        Examples
        --------
        >>> from churn.features.catalogue import catalogue
        >>> one = tuple(s for s in catalogue() if s.name == "recency_days")
        >>> facts = Facts(Setting(one, as_of=0), {"recency_days": 0}, [64.2])
        >>> facts.say("No order for {recency_days|days}")
        Sentence(text='No order for 64 days', numbers={'recency_days': 64.2})
        """
        numbers: dict[str, float | str] = {}

        def fill(match: re.Match[str]) -> str:
            name, form = match[1], match[2]
            value = given.get(name, name)
            if form is None:
                return str(value)
            if isinstance(value, str):
                name, value = value, self(value)
            if not math.isfinite(value):
                raise _UnknownError
            numbers[name] = value
            return self._write(value, form)

        try:
            text = _FIELD.sub(fill, template)
        except _UnknownError:
            return None
        return Sentence(text[:1].upper() + text[1:], numbers)

    def _write(self, value: float, form: str) -> str:
        if form in _FORMS:
            return _FORMS[form](value)
        if form == "date":
            return self.setting.date(value)
        if form == "ahead":
            return self.setting.date(-value)
        if form == "money":
            return format_amount(value, self.setting.currency)
        kind, _, noun = form.partition(" ")
        if kind != "n":
            raise ValueError(f"There is no form {form!r}")  # a mistake in the tellers, which their tests find
        one, _, many = noun.partition("/")
        return f"{_whole(value)} {one if round(value) == 1 else many or plural(one)}"


class _UnknownError(Exception):
    """A sentence needs a number that is not known."""


def plural(noun: str) -> str:
    """Return the plural of an English noun.

    Examples
    --------
    >>> [plural(n) for n in ("order", "delivery", "visit", "survey", "search", "usage")]
    ['orders', 'deliveries', 'visits', 'surveys', 'searches', 'usages']
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    if noun.endswith(("ss", "x", "ch", "sh", "z")):
        return f"{noun}es"
    return noun if noun.endswith("s") else f"{noun}s"


def _whole(value: float) -> str:
    return "no" if round(value) == 0 else f"{value:,.0f}"


def _days(value: float) -> str:
    days = max(round(value), 0)
    return f"{days:,} day{'' if days == 1 else 's'}"


def _every(value: float) -> str:
    return "every day" if round(value) <= 1 else f"every {_days(value)}"


def _ago(value: float) -> str:
    return f"{_days(value)} ago" if round(value) >= 1 else "less than a day ago"


def hours_text(value: float) -> str:
    """Write a number of hours, in days from three on.

    Examples
    --------
    >>> hours_text(5.2), hours_text(0.3), hours_text(216)
    ('5 hours', 'less than an hour', '9 days')
    """
    if value >= 72:
        return _days(value / 24)
    hours = round(value)
    return f"{hours} hour{'' if hours == 1 else 's'}" if hours else "less than an hour"


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _percent(value: float) -> str:
    share = 100 * value
    if 0 < share < 0.5:
        return "less than 1 %"
    return f"{share:.0f} %" if not 99.5 <= share < 100 else "over 99 %"


def _about(value: float) -> str:
    text = _percent(value)
    return f"about {text}" if text[0].isdigit() else text


def _times(value: float) -> str:
    return _TIMES.get(round(value), f"{value:,.0f} times")


_FORMS: dict[str, Callable[[float], str]] = {
    "whole": lambda v: f"{v:,.0f}",
    "days": _days,
    "every": _every,
    "ago": _ago,
    "hours": hours_text,
    "number": _number,
    "percent": _percent,
    "about": _about,
    "than": lambda v: "99 %" if v >= 0.995 else f"about {_percent(v)}",
    "last on": lambda v: "on" if round(v) == 1 else "the last on",
    "times": _times,
    "plain": lambda v: f"{v:,.4g}",
}
