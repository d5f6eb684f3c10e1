"""Who may be contacted with what, from which day on, and what it is expected to earn; and why somebody is out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn.campaigns.days import Days
from churn.campaigns.holdout import global_holdout
from churn.campaigns.plan.assumptions import Effect, assumed_effects
from churn.campaigns.plan.conditions import Meant, Traits, meant_for
from churn.campaigns.plan.past import Past, PastContacts
from churn.campaigns.plan.people import NO, UNKNOWN, YES, People
from churn.campaigns.plan.scored import Scored
from churn.campaigns.plan.scoredtable import texts_of
from churn.campaigns.policy import Policy
from churn.campaigns.profit import action_profit, expected_taken, expected_uplift
from churn.errors import DataError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

# Why a customer is in or out, in the order in which it is asked; stable, for scripts.
CODES: Mapping[str, str] = {
    "chosen": "chosen",
    "no-score": "no score",
    "global-holdout": "in the global holdout, whom no campaign touches",
    "suppressed": "on a suppression list",
    "no-consent": "did not consent",
    "consent-unknown": "not known to have consented",
    "no-contact-data": "cannot be reached: the contact data are empty",
    "contacted-lately": "contacted too lately or too often",
    "no-day": "no day of the campaign is open",
    "open-complaint": "has a complaint without an answer, and nothing is sold before it is answered",
    "no-condition": "no action is meant for the customer",
    "no-worth": "what the customer is worth is not known",
    "no-profit": "no action is expected to earn anything",
    "budget": "would pay, and the budget goes to others",
    "capacity": "would pay, and the channel's days go to others",
}
CODE_NAMES = tuple(CODES)


@dataclass(frozen=True)
class Candidates:
    """Who may be contacted with what.

    Attributes
    ----------
    customers : numpy.ndarray of object, shape (n,)
        Ids as texts.
    allowed : numpy.ndarray of bool, shape (n, n_actions)
        Which actions come into question.
    ready : numpy.ndarray of int32, shape (n, n_actions)
        First possible day; the campaign's window where there is none.
    value : numpy.ndarray of shape (n,)
        What each is worth if saved; NaN where it is not known.
    uplift, gain, cost : numpy.ndarray of shape (n, n_actions)
        Expected reduction of the churn probability, profit, and cost of contacts and offers.
    by_model : numpy.ndarray of bool, shape (n, n_actions)
        Where an uplift model told the uplift.
    code : numpy.ndarray of int8, shape (n,)
        Position in `CODE_NAMES` of why a customer is out; 0 for who is not.
    out_of : numpy.ndarray of bool, shape (n, n_actions)
        The actions that came into question until the reason in `code`.
    meant : Meant
        The conditions.
    held_out : numpy.ndarray of bool, shape (n,)
        The global holdout.
    preferred_elsewhere : int
        Candidates for whom no action goes over the channel they prefer.
    """

    customers: np.ndarray
    allowed: np.ndarray
    ready: np.ndarray
    value: np.ndarray
    uplift: np.ndarray
    gain: np.ndarray
    cost: np.ndarray
    by_model: np.ndarray
    code: np.ndarray
    out_of: np.ndarray
    meant: Meant
    held_out: np.ndarray
    preferred_elsewhere: int = 0


def find_candidates(
    policy: Policy,
    scored: Scored,
    people: People,
    days: Days,
    past: Past,
    *,
    effects: list[Effect] | None = None,
    uplift: np.ndarray | None = None,
) -> Candidates:
    """Find out who may be contacted with what, and why the others may not.

    Parameters
    ----------
    policy : Policy
        What may be done.
    scored : Scored
        The customers.
    people : People
        How they may be reached.
    days : Days
        Of the campaign.
    past : Past
        Earlier contacts.
    effects : list of Effect, optional
        By action; what the policy assumes when left out.
    uplift : numpy.ndarray of shape (n, n_actions), optional
        Of a model that was shown to be better; NaN where it says nothing.

    Raises
    ------
    DataError
        The table has no column that says what a customer is worth.
    """
    import pandas as pd

    report("Finding who may be contacted")
    effects = effects or assumed_effects(policy)
    table, actions = scored.customers, policy.actions
    n, n_actions = len(table), len(actions)
    ids = pd.Index(texts_of(table, "customer"))
    names = ids.to_numpy(dtype=object)
    channel = np.array([people.channels.index(a.channel) for a in actions])
    p = table["churn_probability"].to_numpy(dtype=np.float64)
    value = value_of(policy, scored)
    book = _Book(n, n_actions)

    held = np.zeros(n, dtype=bool)
    if policy.holdout.global_share > 0:
        held = global_holdout(names, policy.holdout.global_share, policy.holdout.key)
    book.drop("no-score", np.asarray(scored.no_score != ""))
    book.drop("global-holdout", held)
    book.keep("suppressed", ~people.suppressed[:, channel])
    consent = people.consent[:, channel]
    # Who refused for one channel and said nothing of the other is out because he refused.
    refused = (np.where(book.allowed, consent, UNKNOWN) == NO).any(axis=1)
    book.keep("no-consent", (consent == YES) | ~refused[:, None])
    book.keep("consent-unknown", consent == YES)
    book.keep("no-contact-data", people.reachable[:, channel])
    ready = _ready(policy, days, past, ids, channel)
    if not len(days.first_days):
        book.drop("no-day", np.ones(n, dtype=bool))
    book.keep("contacted-lately", ready < days.window)
    answers = np.array([a.answers_complaint for a in actions])
    book.keep("open-complaint", answers[None, :] | ~_complaint_waits(table)[:, None])
    meant = meant_for(actions, Traits(scored, people.segments, value, scored.currency))
    book.keep("no-condition", meant.met)
    theirs = book.allowed & (channel[None, :] == people.preferred[:, None])
    has = theirs.any(axis=1)
    elsewhere = int(((people.preferred >= 0) & ~has & book.allowed.any(axis=1)).sum())
    book.allowed &= theirs | ~has[:, None]
    book.drop("no-worth", np.isnan(value))

    by_model = np.zeros((n, n_actions), dtype=bool) if uplift is None else ~np.isnan(uplift)
    gains, costs, uplifts = (np.empty((n, n_actions)) for _ in range(3))
    for a, (action, effect) in enumerate(zip(actions, effects, strict=True)):
        own = expected_uplift(p, effect.save_chance, effect.wakes)
        if uplift is not None:
            own = np.where(by_model[:, a], np.minimum(uplift[:, a], p), own)  # nobody more can be saved
        contact = action.cost * len(action.steps)
        uplifts[:, a] = own
        gains[:, a] = action_profit(
            p,
            value,
            save_chance=effect.save_chance,
            contact_cost=contact,
            offer_cost=action.offer_cost,
            stayers_accept=action.stayers_accept,
            uplift=own,
        )
        costs[:, a] = contact + action.offer_cost * expected_taken(
            p, effect.save_chance, action.stayers_accept
        )
    with np.errstate(invalid="ignore"):
        book.keep("no-profit", gains > 0)
    return Candidates(
        names,
        book.allowed,
        ready,
        value,
        uplifts,
        gains,
        costs,
        by_model,
        book.code,
        book.out_of,
        meant,
        held,
        elsewhere,
    )


def value_of(policy: Policy, scored: Scored) -> np.ndarray:
    """Return what each customer is worth if saved, margin applied; shape (n,), NaN where it is not known."""
    worth, table = policy.worth, scored.customers
    if worth.column not in table:
        if worth.fallback is None:
            numbers = [
                str(c) for c in table.columns if table[c].dtype.kind in "if" and c != "churn_probability"
            ]
            raise DataError(
                f"{scored.source} has no column {worth.column}, which says what a saved customer is worth",
                given=", ".join(numbers)[:300] or "no column of numbers",
                fix="Name its column as worth.column, or one worth for all customers as worth.fallback.",
                code="no-worth",
            )
        return np.full(len(table), worth.fallback)
    value = table[worth.column].to_numpy(dtype=np.float64) * worth.margin
    return value if worth.fallback is None else np.where(np.isnan(value), worth.fallback, value)


def _complaint_waits(table: pd.DataFrame) -> np.ndarray:
    """Tell whose complaint has no answer yet; where that is not known, whose complaint was ever ignored."""
    ever = table["ignored_complaints"].to_numpy(dtype=np.float64)
    waiting = table["unanswered_complaint_days"].to_numpy(dtype=np.float64)
    return np.asarray(np.nan_to_num(np.where(np.isnan(waiting), ever, waiting)) > 0)


def _ready(policy: Policy, days: Days, past: Past, ids: object, channel: np.ndarray) -> np.ndarray:
    """Return the first day for each customer and action, int32 of shape (n, n_actions)."""
    book = PastContacts(past.contacts, ids, days, policy.campaign)  # type: ignore[arg-type]
    quiet = book.quiet_until(policy.limits.quiet_days)
    found: dict[tuple[int, tuple[int, ...]], np.ndarray] = {}
    out = np.empty((book.n, len(policy.actions)), dtype=np.int32)
    for a, action in enumerate(policy.actions):
        key = int(channel[a]), action.steps
        if key not in found:
            found[key] = book.ready(action.channel, action.steps, policy.limits.caps, quiet)
        out[:, a] = found[key]
    return out


class _Book:
    """Keeps which actions are left for whom, and the reason that took the last one."""

    def __init__(self, n: int, n_actions: int) -> None:
        self.allowed = np.ones((n, n_actions), dtype=bool)
        self.out_of = np.ones((n, n_actions), dtype=bool)
        self.code = np.zeros(n, dtype=np.int8)

    def drop(self, code: str, who: np.ndarray) -> None:
        """Take all actions from some customers."""
        self.keep(code, ~who[:, None])

    def keep(self, code: str, stays: np.ndarray) -> None:
        """Leave only the actions that stay; whoever has none any more is out by this code."""
        left = self.allowed & stays
        out = (self.code == 0) & ~left.any(axis=1)
        self.code[out] = CODE_NAMES.index(code)
        self.out_of[out] = self.allowed[out]
        self.allowed = left
