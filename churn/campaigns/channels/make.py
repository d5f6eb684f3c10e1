"""The channels that a policy names, ready to deliver."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from churn.campaigns.blocks import Delivery
from churn.campaigns.channels.base import BASE_COLUMNS, Channel
from churn.campaigns.policy import Policy
from churn.errors import ConfigError

_OWN_SECONDS = 600.0


@dataclass(frozen=True)
class Route:
    """A channel, and how to use it.

    Attributes
    ----------
    channel : Channel
        What delivers.
    where : str
        For the reader; no address that may hold a secret.
    batch : int
        Contacts of a batch.
    seconds : float
        The time that a batch may take; the lease of its contacts is longer.
    attempts : int
        Tries of one contact.
    fields : tuple of str
        Contact data that it is handed.
    """

    channel: Channel = field(repr=False)
    where: str
    batch: int = 500
    seconds: float = _OWN_SECONDS
    attempts: int = 5
    fields: tuple[str, ...] = ()


def delivery_of(policy: Policy, channel: str) -> Delivery:
    """Return how the contacts of a channel are handed over.

    Raises
    ------
    ConfigError
        The policy does not say.
    """
    found = policy.delivery.get(channel) or policy.delivery.get("*")
    if found is None:
        raise ConfigError(
            f"The policy does not say how contacts over {channel} are handed over",
            given=f"delivery names {', '.join(policy.delivery) or 'no channel'}",
            fix=f"Add it, for example delivery: {{{channel}: {{to: files, place: out}}}}.",
            code="no-delivery",
        )
    return found


def make_route(policy: Policy, channel: str) -> Route:
    """Return a channel of the policy, ready to deliver.

    Raises
    ------
    ConfigError
        It is not described, an environment variable is not set, or an address, secret or object is not one.
    """
    delivery = delivery_of(policy, channel)
    taken = sorted(set(delivery.fields) & {*BASE_COLUMNS, "content", "handed_over_at"})
    if taken:
        raise ConfigError(
            f"The fields of the delivery over {channel} name {taken[0]}, which every contact has",
            fix=f"Leave {taken[0]} out of `fields`.",
        )
    place, attempts, fields = str(delivery.place), delivery.attempts, delivery.fields
    if delivery.to == "files":
        from churn.campaigns.channels.files import FilesChannel

        content = sorted({name for a in policy.actions if a.channel == channel for name in a.content})
        folder = policy.place(place)
        files = FilesChannel(folder, delivery.format, content=content, fields=fields)
        return Route(files, f"{delivery.format} files in {place}", 10_000, 300, attempts, fields)
    if delivery.to == "table":
        from churn.campaigns.channels.table import TableChannel

        table = TableChannel(
            _address(delivery),
            delivery.table,
            password=_variable(delivery.password_env, channel),
            folder=policy.folder,
            fields=fields,
        )
        return Route(table, table.where, 1000, 900, attempts, fields)
    if delivery.to == "webhook":
        from churn.campaigns.channels.webhook import WebhookChannel, secret_of

        hook = WebhookChannel(
            _address(delivery),
            secret_of(str(delivery.secret_env)),
            per_second=delivery.per_second,
            timeout_seconds=delivery.timeout_seconds,
        )
        batch = max(8, min(200, round(delivery.per_second * 5)))
        return Route(hook, "a webhook", batch, hook.seconds(batch), attempts, fields)
    from churn.campaigns.channels.own import load_channel

    return Route(load_channel(place, policy.folder), place, 100, _OWN_SECONDS, attempts, fields)


def _address(delivery: Delivery) -> str:
    return delivery.url.get_secret_value() if delivery.url is not None else ""


def _variable(name: str | None, channel: str) -> str | None:
    if name is None:
        return None
    if name not in os.environ:
        raise ConfigError(
            f"The environment variable {name} is not set: it holds the password of the delivery over {channel}",
            fix=f"Set {name}.",
            code="no-secret",
        )
    return os.environ[name]
