"""One error family: what was wrong, what was given, what is allowed, what to do next."""

from __future__ import annotations


class ChurnError(Exception):
    """Base of every error that a user can cause and can mend.

    Parameters
    ----------
    what : str
        What was wrong, one sentence with its place (file, table, column).
    given : str, optional
        What was given, with row counts and example values where they help.
    allowed : str, optional
        What is allowed instead.
    fix : str, optional
        What to do next, as an instruction.
    code : str, optional
        Stable identifier for scripts; the class's own when left out.

    Examples
    --------
    >>> print(ChurnError("The horizon is too short.", given="0 days", allowed="1 day or more",
    ...                  fix="Set horizon_days: 60."))
    The horizon is too short. Given: 0 days. Allowed: 1 day or more. Set horizon_days: 60.
    """

    code = "churn"

    def __init__(
        self,
        what: str,
        *,
        given: str | None = None,
        allowed: str | None = None,
        fix: str | None = None,
        code: str | None = None,
    ) -> None:
        self.what, self.given, self.allowed, self.fix = what, given, allowed, fix
        if code is not None:
            self.code = code
        parts = [_sentence(what)]
        if given:
            parts.append(_sentence(f"Given: {given}"))
        if allowed:
            parts.append(_sentence(f"Allowed: {allowed}"))
        if fix:
            parts.append(_sentence(fix))
        super().__init__(" ".join(parts))


class ConfigError(ChurnError, ValueError):
    """The configuration file or object does not say what it must."""

    code = "config"


class DataError(ChurnError, ValueError):
    """A table cannot be used as it is."""

    code = "data"


class ParameterError(ChurnError, ValueError):
    """A value passed to a function or on the command line is not allowed."""

    code = "parameter"


class MissingFileError(ChurnError, FileNotFoundError):
    """A file that is needed is not there."""

    code = "missing-file"


class NotEnoughDataError(ChurnError, ValueError):
    """There are too few customers, or too few days have passed, to say what was asked."""

    code = "not-enough-data"


class ModelError(ChurnError, RuntimeError):
    """A model cannot be trained, loaded or used on these data."""

    code = "model"


class OutputError(ChurnError, RuntimeError):
    """Scores cannot be written to, or read from, the place that was named."""

    code = "output"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."
