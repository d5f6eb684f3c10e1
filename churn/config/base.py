"""What every block of settings shares."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def not_a_flag(value: object) -> object:
    """Refuse yes and no where a number is meant."""
    if isinstance(value, bool):  # YAML reads yes and on as true, which would count as 1
        raise ValueError("must be a number of days, not yes or no")
    return value


PositiveDays = Annotated[int, Field(ge=1, le=3650), BeforeValidator(not_a_flag)]


class Settings(BaseModel):
    """Base of every block: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
