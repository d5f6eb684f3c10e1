"""What churn means here: who counts as a customer, over which horizon, and when the outcome is known."""

from churn.definition.base import Definition
from churn.definition.inactivity import Inactivity
from churn.definition.make import KINDS, make_definition

__all__ = ["KINDS", "Definition", "Inactivity", "make_definition"]
