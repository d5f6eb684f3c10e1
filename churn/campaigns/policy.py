"""What a campaign may do: read from YAML and checked."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, model_validator

from churn.campaigns.blocks import Action, Consent, Delivery, Holdout, Limits, Name, Worth
from churn.config.base import PositiveDays, Settings
from churn.yamlfile import explain_settings, read_settings


class Policy(Settings):
    """Everything a campaign needs to know.

    Parameters
    ----------
    campaign : str
        Its name; the ledger knows it by that.
    scores : str, optional
        Folder of a night, or a Parquet or CSV file of anybody's scores; the newest night of `config` when left out.
    config : str, optional
        Configuration of the data: contact data, consent, and later the outcomes come from there.
    columns : dict of str to str
        Name in the file, by name of the contract, where they differ.
    start : date
        First day of the campaign.
    days : int, default 14
        Days on which first contacts may be made.
    horizon_days : int, optional
        Days after `start` over which the effect is measured; the definition's horizon when left out.
    currency : str
        Before amounts; the night's when left out.
    segments : tuple of str
        Columns by which the measurement is shown too, besides those of the actions' conditions; the plan has all that
        are known when left out.
    effects : {"assumed", "measured"}
        Whether the save chances of the actions count alone, or together with what earlier campaigns of the ledger
        measured.
    worth : Worth
        What a saved customer is worth.
    actions : tuple of Action
        What may be done, and for whom.
    limits : Limits
        Budget, capacity, caps, days.
    consent : Consent
        Who may be contacted at all.
    holdout : Holdout
        Who is left alone.
    uplift : str, optional
        Folder of an uplift model.
    ledger : str
        URL of the database that remembers.
    ledger_password_env : str, optional
        Environment variable with its password.
    delivery : dict of str to Delivery
        How contacts are handed over, by channel.
    plans : str
        Folder of the plans.

    Examples
    --------
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    >>> policy = Policy(campaign="winter", scores="scores.csv", start="2026-01-05", actions=[call])
    >>> policy.action("call").cost, policy.holdout.share
    (6.0, 0.1)
    """

    campaign: Name
    scores: str | None = None
    config: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    start: dt.date
    days: Annotated[int, Field(ge=1, le=366)] = 14
    horizon_days: PositiveDays | None = None
    currency: str = ""
    segments: tuple[str, ...] = ()
    effects: Literal["assumed", "measured"] = "assumed"
    worth: Worth = Worth()
    actions: Annotated[tuple[Action, ...], Field(min_length=1, max_length=100)]
    limits: Limits = Limits()
    consent: Consent = Consent()
    holdout: Holdout = Holdout()
    uplift: str | None = Field(None, description="folder of an uplift model, from the policy file's folder")
    ledger: SecretStr = SecretStr("sqlite:///campaigns.db")
    ledger_password_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    delivery: dict[str, Delivery] = Field(default_factory=dict, description="by channel; `*` for the others")
    plans: str = Field("plans", description="folder of the plans, from the policy file's folder")
    _folder: Path = PrivateAttr(Path())

    @model_validator(mode="after")
    def _fits(self) -> Policy:
        names = [a.name for a in self.actions]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"two actions are named {twice[0]!r}")
        if self.scores is None and self.config is None:
            raise ValueError("needs `scores`, `config` or both")
        channels = {a.channel for a in self.actions}
        for block, named in (
            ("limits.capacity", [*self.limits.capacity]),
            ("limits.caps", [c.channel for c in self.limits.caps if c.channel]),
            ("consent.columns", [*self.consent.columns]),
            ("consent.needed_by", [*self.consent.needed_by]),
            ("delivery", [*self.delivery]),
        ):
            unknown = sorted(set(named) - channels - {"*"})
            if unknown:
                raise ValueError(f"`{block}` names the channel {unknown[0]!r}, over which no action goes")
        return self

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self._folder

    def place(self, text: str) -> Path:
        """Return a path; a relative one starts at the policy file's folder."""
        return Path(os.path.normpath(self._folder / Path(text).expanduser()))

    def action(self, name: str) -> Action:
        """Return the action of that name."""
        return next(a for a in self.actions if a.name == name)

    def with_scores(self, scores: str | os.PathLike[str]) -> Policy:
        """Return the policy with other scores; a relative path starts at the working folder."""
        other = self.model_copy(update={"scores": str(Path(scores).absolute())})
        other._folder = self._folder
        return other

    def plain(self) -> dict[str, Any]:
        """Return the policy as plain values without addresses of databases and webhooks, fit to be stored."""
        return self.model_dump(mode="json", exclude={"ledger": True, "delivery": {"__all__": {"url"}}})


def read_policy(path: str | os.PathLike[str]) -> Policy:
    """Read and check a campaign's policy.

    ``${NAME}`` and ``${NAME:-default}`` are replaced from the environment. Relative paths start at the file's folder.

    Parameters
    ----------
    path : str or path-like
        The YAML file.

    Returns
    -------
    Policy
        The settings, complete with defaults.

    Raises
    ------
    MissingFileError
        There is no such file.
    ConfigError
        It is not YAML, a key is unknown or missing, or a value is not allowed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "winter.yaml")
    >>> _ = file.write_text('''
    ... campaign: winter
    ... scores: scores.csv
    ... start: 2026-01-05
    ... actions:
    ...   - {name: call, kind: call, channel: phone, cost: 6, save_chance: 0.2}
    ... ''')
    >>> read_policy(file).action("call").is_selling
    False
    """
    file = Path(path)
    return make_policy(read_settings(file), folder=file.resolve().parent, where=str(file))


def make_policy(settings: dict[str, Any], *, folder: Path | None = None, where: str = "policy") -> Policy:
    """Check settings given as a dictionary; see `read_policy`."""
    try:
        policy = Policy.model_validate(settings)
    except ValidationError as error:
        raise explain_settings(error, where, Policy, "docs/campaigns.md") from None
    policy._folder = folder or Path.cwd()
    return policy
