"""The contracts: which fields each table has, of which kind, and which of them are needed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from churn.errors import ConfigError

# A "part" tells rows apart that belong to the same thing; only whether two are equal counts, so it is kept as a number.
Kind = Literal["id", "time", "number", "flag", "text", "key", "part"]


@dataclass(frozen=True)
class Field:
    """One field of a contract."""

    name: str
    kind: Kind
    required: bool
    meaning: str
    planned: bool = False  # a time that may lie ahead, known when the row is
    known_with: str | None = None  # the time field from which on this value is known


@dataclass(frozen=True)
class Contract:
    """The fields of one table. `time` names the field that orders the log, `key` the one that is unique."""

    table: str
    fields: tuple[Field, ...]
    time: str | None
    key: str | None

    def field(self, name: str) -> Field:
        """Return the field of that name."""
        return next(f for f in self.fields if f.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """All field names, in order."""
        return tuple(f.name for f in self.fields)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Times that come after the row and are not known before they have come, such as `resolved`."""
        if self.time is None:
            return ()
        other = (self.time, "recorded_at")
        return tuple(
            f.name for f in self.fields if f.kind == "time" and not f.planned and f.name not in other
        )

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the fields that must be mapped."""
        return tuple(f.name for f in self.fields if f.required)


_CUSTOMER = Field("customer", "id", True, "who; an integer or a string, returned as it came")
_RECORDED = Field(
    "recorded_at", "time", False, "when the row became known, where that is later than its time"
)

CONTRACTS: dict[str, Contract] = {
    c.table: c
    for c in (
        Contract(
            "orders",
            (
                _CUSTOMER,
                Field("time", "time", True, "when the order was placed"),
                Field("amount", "number", True, "what it was worth, in one currency"),
                Field("order_id", "key", False, "unique per order"),
                Field("quantity", "number", False, "units in the order"),
                Field("products", "number", False, "different products in the order"),
                Field("channel", "text", False, "where it was placed"),
                Field(
                    "discount",
                    "number",
                    False,
                    "what was taken off the price, in the same currency as amount",
                ),
                Field("promised", "time", False, "when delivery was promised for", planned=True),
                Field("delivered", "time", False, "when it arrived; empty while under way"),
                _RECORDED,
            ),
            "time",
            "order_id",
        ),
        Contract(
            "returns",
            (
                _CUSTOMER,
                Field("time", "time", True, "when the goods came back or were credited"),
                Field("amount", "number", True, "what was credited; the sign does not matter"),
                _RECORDED,
            ),
            "time",
            None,
        ),
        Contract(
            "tickets",
            (
                Field("ticket_id", "key", True, "unique per ticket"),
                _CUSTOMER,
                Field("opened", "time", True, "when the customer wrote or called"),
                Field(
                    "first_reply", "time", False, "when the first answer went out; empty while there is none"
                ),
                Field("resolved", "time", False, "when it was closed; empty while open"),
                Field("is_complaint", "flag", False, "whether it is a complaint"),
                Field("category", "text", False, "what it is about; see complaint_when"),
                Field("channel", "text", False, "how the customer came"),
                Field("reopened", "time", False, "when it was opened again; empty if never"),
                Field("escalated", "time", False, "when it was escalated; empty if never"),
                Field(
                    "satisfaction",
                    "number",
                    False,
                    "the mark given on resolution; needs `resolved`",
                    known_with="resolved",
                ),
                _RECORDED,
            ),
            "opened",
            "ticket_id",
        ),
        Contract(
            "interactions",
            (
                _CUSTOMER,
                Field("time", "time", True, "when it happened"),
                Field("kind", "text", True, "what it was: visit, email_open, login, anything"),
                Field("channel", "text", False, "where it happened"),
                Field("value", "number", False, "how much of it, where that has a meaning"),
                _RECORDED,
            ),
            "time",
            None,
        ),
        Contract(
            "surveys",
            (
                _CUSTOMER,
                Field("time", "time", True, "when the customer was asked"),
                Field("answered", "time", False, "when the answer came; empty while there is none"),
                Field("score", "number", False, "the answer; needs `answered`", known_with="answered"),
                Field("kind", "text", False, "which survey it was: nps, csat, anything"),
                _RECORDED,
            ),
            "time",
            None,
        ),
        Contract(
            "subscriptions",
            (
                _CUSTOMER,
                Field("time", "time", True, "when the change took effect or the payment failed"),
                Field("plan", "text", False, "the plan from then on"),
                Field("price", "number", False, "price of the plan per month, from then on"),
                Field("renews", "time", False, "the end of the paid term", planned=True),
                Field(
                    "subscription",
                    "part",
                    False,
                    "which of the customer's subscriptions; without it a customer has one",
                ),
                Field("is_end", "flag", False, "whether the subscription ends with it"),
                Field("is_failed_payment", "flag", False, "whether it is a failed payment"),
                Field("event", "text", False, "what happened: start, renewal, anything; see failed_when"),
                _RECORDED,
            ),
            "time",
            None,
        ),
        Contract(
            "customers",
            (
                Field("customer", "id", True, "who; an integer or a string, returned as it came"),
                Field("joined", "time", False, "when the customer signed up"),
                Field("consent", "flag", False, "whether the customer may be contacted"),
            ),
            None,
            "customer",
        ),
        Contract(
            "labels",
            (
                _CUSTOMER,
                Field("time", "time", True, "the cutoff that the label is about"),
                Field("churned", "flag", True, "whether the customer churned after it"),
            ),
            "time",
            None,
        ),
    )
}


def feature_contract(table: str, fields: Mapping[str, Kind]) -> Contract:
    """Return the contract of a table of ready features: who, from when on a row is valid, and the features."""
    valid = Field("time", "time", True, "from when on the values hold")
    features = tuple(Field(name, kind, False, "a feature") for name, kind in fields.items())
    return Contract(table, (_CUSTOMER, valid, *features, _RECORDED), "time", None)


def resolve_mapping(
    contract: Contract, columns: Mapping[str, str], available: Iterable[str], where: str
) -> dict[str, str]:
    """Return ``{field: column}`` for the fields that the table has.

    With no mapping given the contract's own names are looked for; with one, only what it names is used.

    Raises
    ------
    ConfigError
        The mapping names an unknown field or a missing column, or a required field is not mapped.
    """
    available = list(available)
    unknown = [f for f in columns if f not in contract.names]
    if unknown:
        near = nearest(unknown[0], contract.names)
        raise ConfigError(
            f"{where} maps `{unknown[0]}`, which is not a field of {contract.table}",
            allowed=", ".join(contract.names),
            fix=f"Did you mean {near}?" if near else "Remove it or use one of these names.",
            code="config-field",
        )
    mapping = dict(columns) if columns else {name: name for name in contract.names if name in available}
    missing = [f for f in contract.required if f not in mapping]
    if missing:
        raise ConfigError(
            f"{where} does not say which column is {' and which is '.join(f'`{m}`' for m in missing)}",
            given=f"columns {', '.join(available)}",
            fix="Add it under columns, e.g. columns: {"
            + ", ".join(f"{m}: {nearest(m, available, 0.5) or 'YourColumn'}" for m in missing)
            + "}.",
            code="config-mapping",
        )
    for field, column in mapping.items():
        if column not in available:
            near = nearest(column, available)
            raise ConfigError(
                f"{where} maps `{field}` to the column {column!r}, and the table has no such column",
                given=f"columns {', '.join(available)}",
                fix=f"Did you mean {near!r}?" if near else "Name one of these columns.",
                code="missing-column",
            )
    return mapping


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the word that is most alike, whatever its capitals, or None.

    Examples
    --------
    >>> nearest("customerid", ["CustomerID", "InvoiceDate"])
    'CustomerID'
    """
    by_lower = {w.lower().strip(): w for w in words}
    near = difflib.get_close_matches(word.lower().strip(), by_lower, n=1, cutoff=cutoff)
    return by_lower[near[0]] if near else None
