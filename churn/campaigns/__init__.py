"""Win-back campaigns: whom to contact, with what, and did it work.

Everything here needs a scored table and no model of ours: `policy` says what may be done, `plan` whom it pays to
contact, the ledger remembers who was contacted and who was held out, `measure` compares the two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn.campaigns.channels.base import Contact, Result
    from churn.campaigns.delivery.sending import send
    from churn.campaigns.delivery.sent import Sent
    from churn.campaigns.ledger import Ledger, open_ledger
    from churn.campaigns.measurement.measuring import measure
    from churn.campaigns.measurement.result import Measurement
    from churn.campaigns.plan.files import read_plan
    from churn.campaigns.plan.make import make_plan
    from churn.campaigns.plan.past import Past
    from churn.campaigns.plan.planned import Plan
    from churn.campaigns.plan.scored import Scored, read_scored
    from churn.campaigns.policy import Policy, read_policy
    from churn.campaigns.sizing.power import power
    from churn.campaigns.uplift import learn, load_uplift

_HOMES = {
    "Contact": "churn.campaigns.channels.base",
    "Ledger": "churn.campaigns.ledger",
    "Measurement": "churn.campaigns.measurement.result",
    "measure": "churn.campaigns.measurement.measuring",
    "open_ledger": "churn.campaigns.ledger",
    "Past": "churn.campaigns.plan.past",
    "Plan": "churn.campaigns.plan.planned",
    "Policy": "churn.campaigns.policy",
    "learn": "churn.campaigns.uplift",
    "load_uplift": "churn.campaigns.uplift",
    "Result": "churn.campaigns.channels.base",
    "Scored": "churn.campaigns.plan.scored",
    "power": "churn.campaigns.sizing.power",
    "make_plan": "churn.campaigns.plan.make",
    "read_plan": "churn.campaigns.plan.files",
    "send": "churn.campaigns.delivery.sending",
    "Sent": "churn.campaigns.delivery.sent",
    "read_policy": "churn.campaigns.policy",
    "read_scored": "churn.campaigns.plan.scored",
}

__all__ = [
    "Contact",
    "Ledger",
    "Measurement",
    "Past",
    "Plan",
    "Policy",
    "Result",
    "Scored",
    "Sent",
    "learn",
    "load_uplift",
    "make_plan",
    "measure",
    "open_ledger",
    "power",
    "read_plan",
    "read_policy",
    "read_scored",
    "send",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'churn.campaigns' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
