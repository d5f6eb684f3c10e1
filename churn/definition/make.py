"""Makes a definition from plain values: a block of the configuration, or what a saved model holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.definition.base import Definition
from churn.definition.inactivity import Inactivity
from churn.definition.labels import LabelTable
from churn.definition.leaving import LeavingEvent
from churn.definition.subscription import Subscription
from churn.errors import ParameterError

KINDS: dict[str, type[Definition]] = {c.kind: c for c in (Inactivity, Subscription, LeavingEvent, LabelTable)}


def make_definition(values: Mapping[str, Any]) -> Definition:
    """Return the definition that `Definition.to_dict` or the ``definition`` block of a configuration describes.

    Raises
    ------
    ParameterError
        The kind is unknown or a value is not allowed.

    Examples
    --------
    >>> make_definition({"kind": "inactivity", "active_days": 180, "horizon_days": 60})
    Inactivity(active_days=180, horizon_days=60, gap_days=0)
    """
    given = dict(values)
    kind = given.pop("kind", None)
    if kind not in KINDS:
        raise ParameterError(
            f"{kind!r} is not a kind of churn", allowed=", ".join(KINDS), fix="Name one of these kinds."
        )
    return KINDS[kind](**given)
