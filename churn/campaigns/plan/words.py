"""Why a customer is in or out of a plan, in a sentence with the customer's own numbers."""

from __future__ import annotations

import numpy as np

from churn.campaigns.plan.assumptions import Effect
from churn.campaigns.plan.candidates import CODE_NAMES, CODES, Candidates
from churn.campaigns.plan.scored import Scored
from churn.campaigns.plan.selection import Selection
from churn.campaigns.policy import Policy
from churn.campaigns.profit import expected_taken, expected_uplift
from churn.display import format_amount, format_percent, format_risk


def code_of(found: Candidates, selection: Selection) -> np.ndarray:
    """Return the final code of each customer, positions in `CODE_NAMES`; int8 of shape (n,)."""
    code = found.code.copy()
    some = np.flatnonzero(found.allowed.any(axis=1))
    why = selection.solution.why
    for name in ("budget", "capacity"):
        code[some[np.asarray(why == name)]] = CODE_NAMES.index(name)
    code[some[np.asarray(why == "not positive")]] = CODE_NAMES.index("no-profit")
    code[some[np.asarray(why == "not allowed")]] = CODE_NAMES.index("contacted-lately")
    return code


def sentences(
    policy: Policy,
    scored: Scored,
    found: Candidates,
    selection: Selection,
    code: np.ndarray,
    effects: list[Effect],
) -> np.ndarray:
    """Return a sentence per customer, object of shape (n,).

    Parameters
    ----------
    policy, scored, found, selection : Policy, Scored, Candidates, Selection
        What the plan was made of.
    code : numpy.ndarray of int8, shape (n,)
        From `code_of`.
    effects : list of Effect
        By action.
    """
    plain = np.array([f"{text[0].upper()}{text[1:]}." for text in CODES.values()], dtype=object)
    out = plain[code]
    no_score = np.asarray(scored.no_score, dtype=object)
    rows = np.flatnonzero(code == CODE_NAMES.index("no-score"))
    out[rows] = [f"No score: {text}." for text in no_score[rows]]

    rows = np.flatnonzero(code == CODE_NAMES.index("no-condition"))
    near = found.meant.nearest(rows, found.out_of[rows], policy.actions)
    out[rows] = [f"No action is meant for this customer: {text}." for text in near]

    money = scored.currency
    rows = np.flatnonzero(code == CODE_NAMES.index("no-profit"))
    gains = np.where(found.out_of[rows], found.gain[rows], -np.inf)
    best = gains.argmax(axis=1) if len(rows) else np.empty(0, dtype=np.int64)
    p = scored.customers["churn_probability"].to_numpy(dtype=np.float64)
    for a, action in enumerate(policy.actions):
        here = best == a
        at = rows[here]
        out[at] = [
            f"No action pays: the best, {action.name}, is expected to earn {format_amount(g, money)} "
            f"({format_risk(q)} risk, {format_amount(v, money)} at stake)."
            for g, q, v in zip(found.gain[at, a], p[at], found.value[at], strict=True)
        ]
    _short(policy, found, selection, code, out, money)
    for a, (action, effect) in enumerate(zip(policy.actions, effects, strict=True)):
        rows = np.flatnonzero(selection.choice == a)
        own = expected_uplift(p[rows], effect.save_chance, 0.0)
        value = found.value[rows]
        told = [f"{format_percent(effect.save_chance, 0)} chance to save"] * len(rows)
        woken = (1 - p[rows]) * effect.wakes * value
        model = found.by_model[rows, a]
        if model.any():
            told = [
                f"{format_percent(u / q if q else 0.0)} chance to save, by the uplift model" if m else t
                for u, q, m, t in zip(found.uplift[rows, a], p[rows], model, told, strict=True)
            ]
            own, woken = np.where(model, found.uplift[rows, a], own), np.where(model, 0.0, woken)
        contact = action.cost * len(action.steps)
        offers = action.offer_cost * expected_taken(p[rows], effect.save_chance, action.stayers_accept)
        steps = "the contact" if len(action.steps) == 1 else f"{len(action.steps)} contacts"
        rest = f", less {format_amount(contact, money)} for {steps}"
        held = np.asarray(selection.arm[rows] == "holdout")
        out[rows] = [
            f"{'Held out, would be' if h else 'Chosen:'} {action.name}; {format_risk(q)} risk x {t} x "
            f"{format_amount(v, money)} at stake = {format_amount(s * v, money)}{rest}"
            f"{f', {format_amount(o, money)} for the offer' if o else ''}"
            f"{f', {format_amount(w, money)} for stayers it wakes' if w else ''}: {format_amount(g, money)}."
            for h, q, t, v, s, o, w, g in zip(
                held, p[rows], told, value, own, offers, woken, found.gain[rows, a], strict=True
            )
        ]
    return out


def _short(
    policy: Policy, found: Candidates, selection: Selection, code: np.ndarray, out: np.ndarray, money: str
) -> None:
    """Tell those for whom budget or capacity is short what they would earn, and from what on they would be chosen."""
    some = np.flatnonzero(found.allowed.any(axis=1))
    wanted, hurdle = np.full(len(code), -1), np.full(len(code), np.nan)
    wanted[some], hurdle[some] = selection.solution.wanted, selection.solution.hurdle
    for name, what in (("budget", "the budget goes"), ("capacity", "the channel's days go")):
        for a, action in enumerate(policy.actions):
            rows = np.flatnonzero((code == CODE_NAMES.index(name)) & (wanted == a))
            out[rows] = [
                f"{action.name} would earn {format_amount(g, money)}, and {what} to others"
                + (f": it would pay from {format_amount(h, money)} on." if np.isfinite(h) and h > g else ".")
                for g, h in zip(found.gain[rows, a], hurdle[rows], strict=True)
            ]
