"""The settings of the list, with what the command line says instead of the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.config import Config, ScoringSettings


def list_settings(
    settings: Config, *, top: int | None = None, threshold: float | None = None, list_by: str | None = None
) -> ScoringSettings:
    """Return the settings of the list with what the command line says instead.

    Raises
    ------
    ParameterError
        A value is not allowed, or the rule and what is given for it do not go together.
    """
    from churn.scoring.listing import LIST_BY, list_rule

    if threshold is not None and not 0 < threshold < 1:
        raise ParameterError(
            "--threshold is not a probability",
            given=str(threshold),
            allowed="above 0 and below 1",
            fix="Give a share of 1, e.g. --threshold 0.5.",
        )
    if list_by is not None and list_by not in LIST_BY:
        raise ParameterError(
            "--list-by is not known", given=list_by, allowed=", ".join(LIST_BY), fix="Use one of these."
        )
    given: dict[str, Any] = {
        k: v for k, v in (("top", top), ("threshold", threshold), ("list_by", list_by)) if v is not None
    }
    if list_by == "odds" and threshold is None:
        given["threshold"] = None  # the command line's rule goes before the configuration's threshold
    if threshold is not None and list_by is None and settings.scoring.list_by == "odds":
        given["list_by"] = "threshold"
    scoring = settings.scoring.model_copy(update=given)
    list_rule(scoring, settings.economics)
    return scoring
