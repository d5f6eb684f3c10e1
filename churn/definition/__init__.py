"""What churn means here: who counts as a customer, over which horizon, and when the outcome is known."""

from churn.definition.base import Definition
from churn.definition.inactivity import Inactivity
from churn.definition.labels import LabelTable
from churn.definition.leaving import LeavingEvent
from churn.definition.make import KINDS, make_definition
from churn.definition.subscription import Subscription

__all__ = [
    "KINDS",
    "Definition",
    "Inactivity",
    "LabelTable",
    "LeavingEvent",
    "Subscription",
    "make_definition",
]
