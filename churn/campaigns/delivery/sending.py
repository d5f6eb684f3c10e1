"""Hands over the contacts that are due on a day; a dry run unless it is told yes."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churn.campaigns.channels.base import Channel, Contact
from churn.campaigns.channels.make import Route, delivery_of, make_route
from churn.campaigns.delivery import reach as reaching
from churn.campaigns.delivery.gate import STOPPING, Known, all_too_late, is_open, judged
from churn.campaigns.delivery.handover import PATIENCE_SECONDS, Tally, Work, backoff, hand_over, interruptible
from churn.campaigns.delivery.sent import Sent, masked
from churn.campaigns.policy import Policy
from churn.errors import ChurnError, ConfigError, DataError, ParameterError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

    from churn.campaigns.delivery.reach import Reach
    from churn.campaigns.ledger import Claim, Ledger

_EXAMPLES = 3


def send(
    policy: Policy,
    ledger: Ledger,
    *,
    on: dt.date | None = None,
    yes: bool = False,
    channel: str | None = None,
    retry_dead: bool = False,
    cancel_late: bool = False,
    channels: Mapping[str, Channel] | None = None,
    contacts: pd.DataFrame | None = None,
    now: dt.datetime | None = None,
    wait: Callable[[int], float] = backoff,
    patience: float = PATIENCE_SECONDS,
) -> Sent:
    """Hand over the contacts of a campaign that are due.

    Consent, suppression, caps, quiet days and capacity are looked up anew; whoever may not be contacted any more is
    cancelled with the reason and counted. Who is held out is never contacted.

    Parameters
    ----------
    policy : Policy
        Of the campaign, as it was approved; its limits, consent and delivery may have changed since.
    ledger : Ledger
        In which the campaign is approved.
    on : date, optional
        The day to work on, today by default: contacts that are due by then.
    yes : bool, default False
        Whether to hand over; a dry run tells what would go where and changes nothing.
    channel : str, optional
        Only contacts over this channel.
    retry_dead : bool, default False
        Whether to try dead letters again.
    cancel_late : bool, default False
        Whether contacts that are too late are cancelled also where none would go, and none went since their day.
    channels : mapping of str to Channel, optional
        Objects that deliver, by channel, in place of those of the policy.
    contacts : pandas.DataFrame, optional
        ``customer`` and contact data, in place of those of the policy's `config` or `scores`.
    now : datetime, optional
        What counts as the present, with its zone; from then on the clock runs.
    wait : callable, optional
        Seconds before another try, by the number of the last.
    patience : float, default 120
        Seconds that a run waits for further tries; later ones are left to the next run.

    Returns
    -------
    Sent
        What was or would be done.

    Raises
    ------
    ParameterError
        The campaign is not approved, the day is in the future, there is no such channel, or all that is due would be
        cancelled as too late.
    ConfigError
        The policy says other than what was approved, or a delivery is not fully described.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from churn.campaigns import open_ledger
    >>> from churn.campaigns.policy import make_policy
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> action = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    >>> policy = make_policy({"campaign": "winter", "scores": "scores.csv", "start": "2026-01-05",
    ...                       "actions": [action]}, folder=folder)
    >>> with open_ledger(policy) as ledger:
    ...     send(policy, ledger)
    Traceback (most recent call last):
    churn.errors.ParameterError: No campaign 'winter' is approved in the ledger ...
    """
    clock = _clock(now)
    on = on or clock().date()
    approved = ledger.campaign(policy.campaign)
    _check(policy, approved["policy"], on, clock().date(), yes=yes, channel=channel)
    report("Looking up who is due")
    rows = ledger.contacts(policy.campaign)
    if channel is not None:
        rows = rows[rows["channel"] == channel].reset_index(drop=True)
    _never_held_out(ledger, policy.campaign, rows)
    by_then = rows["due"].dt.date <= on
    open_rows = rows[by_then & ~rows["state"].isin(["sent", "cancelled"])]
    reach, known = _look_up(policy, ledger, rows, open_rows, contacts, clock())
    verdicts = judged(
        rows, policy.limits, known, campaign=policy.campaign, on=on, now=clock(), revive=retry_dead
    )
    go = verdicts[verdicts["verdict"] == "send"]
    facts: dict[str, Any] = {
        "campaign": policy.campaign,
        "on": on.isoformat(),
        "due": _due(go, on),
        "cancelled": _counts(verdicts, "cancel"),
        "waiting": _counts(verdicts, "wait"),
        "next_due": _next_due(rows, on),
    }
    wanted = sorted(set(go["channel"]))
    past = _past_day(policy, on, clock().date())
    late = None if cancel_late else all_too_late(rows, verdicts, policy.limits.late_days, clock())
    if not yes:
        routes, problems = _routes(policy, wanted, channels, ready=False)
        return Sent(
            **facts,
            dry_run=True,
            dead=int((rows["state"] == "dead").sum()),
            places={c: r.where for c, r in routes.items()},
            problems=problems,
            warnings=[*past, *([f"With --yes this is refused. {late}"] if late else [])],
            examples=_examples(go, reach, policy),
        )
    if late is not None:
        raise late
    routes, _ = _routes(policy, wanted, channels, ready=True)
    revived = ledger.revive(policy.campaign, channel=channel, now=clock()) if retry_dead else 0
    for code, out in verdicts[verdicts["verdict"] == "cancel"].groupby("code", sort=True):
        ledger.cancel(policy.campaign, str(code), customers=out["customer"], channel=channel, now=clock())
    tallies: dict[str, Tally] = {}
    with interruptible() as stop:
        for name in wanted:
            work = Work(
                ledger=ledger,
                campaign=policy.campaign,
                channel=name,
                on=on,
                route=routes[name],
                contact=_maker(policy, reach),
                refused=_refused(ledger, name),
                clock=clock,
                wait=wait,
                patience=patience,
            )
            tallies[name] = hand_over(work, go.loc[go["channel"] == name, "key"].tolist(), stop)
        interrupted = stop.is_set()
    after = ledger.contacts(policy.campaign)
    return Sent(
        **facts | {"next_due": _next_due(after, on)},
        dry_run=False,
        done=_done(tallies),
        dead=int((after["state"] == "dead").sum()),
        revived=revived,
        tries=sum(t.tries for t in tallies.values()),
        places={c: r.where for c, r in routes.items()},
        details=dict(sum((t.details for t in tallies.values()), Counter()).most_common()),
        stopped={c: t.stopped for c, t in tallies.items() if t.stopped},
        warnings=list(dict.fromkeys([*past, *(w for t in tallies.values() for w in t.warnings)])),
        interrupted=interrupted,
    )


def _clock(now: dt.datetime | None) -> Callable[[], dt.datetime]:
    if now is None:
        return lambda: dt.datetime.now(dt.UTC).astimezone()  # days are those of the place where it runs
    start, began = now, time.monotonic()
    if start.tzinfo is None:
        raise ParameterError("A time needs its zone", given=start.isoformat(), fix="Give it as UTC.")
    return lambda: start + dt.timedelta(seconds=time.monotonic() - began)


def _check(
    policy: Policy, approved: dict[str, Any], on: dt.date, today: dt.date, *, yes: bool, channel: str | None
) -> None:
    """Raise where the day or the channel cannot be, or the policy is not what was approved."""
    names = sorted({a.channel for a in policy.actions})
    if channel is not None and channel not in names:
        raise ParameterError(
            f"No action of the campaign goes over {channel!r}",
            allowed=", ".join(names),
            fix="Correct --channel.",
        )
    if yes and on > today:
        raise ParameterError(
            "Contacts are not handed over before their day",
            given=on.isoformat(),
            allowed=f"{today.isoformat()} or earlier",
            fix="Run it on that day; without --yes it tells what would be due.",
            code="future-day",
        )
    mine = {a["name"]: a for a in policy.plain()["actions"]}
    for action in approved["actions"]:
        here = mine.get(action["name"], {})
        other = [k for k in ("kind", "channel", "content", "steps") if here.get(k) != action.get(k)]
        if other:
            raise ConfigError(
                f"The action {action['name']} is not as it was approved",
                given=f"other: {', '.join(other)}" if here else "the policy does not have it",
                fix="Put it back as it was; or plan and approve a campaign of another name with what it is now.",
                code="not-approved",
            )


def _past_day(policy: Policy, on: dt.date, today: dt.date) -> list[str]:
    """Return a warning where contacts go out on a day on which, by today's date, none would."""
    if on >= today:
        return []
    late = (today - on).days > policy.limits.late_days
    if not late and is_open(policy.limits, today):
        return []
    why = (
        "longer ago than limits.late_days" if late else "in the past, and on today's date nobody is contacted"
    )
    return [
        f"{on.isoformat()} is {why}: how late a contact is and which days are closed goes by that day. Leave --on out "
        "to go by today."
    ]


def _never_held_out(ledger: Ledger, campaign: str, rows: pd.DataFrame) -> None:
    """Raise where the ledger has a contact for somebody who is not treated."""
    arms = ledger.assignments(campaign).set_index("customer")["arm"]
    arm = rows["customer"].map(arms)
    wrong = arm != "treated"
    if wrong.any():
        raise DataError(
            "The ledger has contacts for customers who are held out",
            given=f"{int(wrong.sum())} contacts",
            fix="Nothing has been handed over. Somebody has changed the ledger by hand: put its backup back.",
            code="held-out",
        )


def _look_up(
    policy: Policy,
    ledger: Ledger,
    rows: pd.DataFrame,
    open_rows: pd.DataFrame,
    contacts: pd.DataFrame | None,
    now: dt.datetime,
) -> tuple[Reach, Known]:
    customers = list(dict.fromkeys(open_rows["customer"]))
    suppressed = ledger.suppressed(customers)
    later = set(open_rows.loc[open_rows["step"] > 0, "customer"])
    base = None
    if customers and (later or (contacts is None and reaching.needs_data(policy))):
        base = reaching.open_data(policy)
    reach = reaching.read_reach(policy, customers, suppressed, base=base, contacts=contacts)
    ordered: Sequence[str] = ()
    if base is not None and later:
        first = (
            rows[(rows["state"] == "sent") & rows["customer"].isin(later)].groupby("customer")["time"].min()
        )
        micros = first.dt.as_unit("us").astype("int64")
        ordered = sorted(reaching.ordered_since(base, dict(zip(first.index, micros.tolist(), strict=True))))
    responses = ledger.responses(policy.campaign)
    answered = set(responses.loc[responses["kind"].isin(STOPPING), "customer"])
    days = max([policy.limits.quiet_days, *(c.days for c in policy.limits.caps)]) + 2
    past = ledger.past_contacts(customers, since=now - dt.timedelta(days=days))
    return reach, Known(reach.people, past, answered, ordered)


def _routes(
    policy: Policy, wanted: Sequence[str], given: Mapping[str, Channel] | None, *, ready: bool
) -> tuple[dict[str, Route], list[str]]:
    """Return the channels; what stands in the way is raised before anything is sent, and told by a dry run."""
    routes: dict[str, Route] = {}
    problems: list[str] = []
    for name in wanted:
        if given is not None and name in given:
            attempts = delivery_of(policy, name).attempts if name in policy.delivery else 5
            routes[name] = Route(given[name], "a channel of your own", 100, 600.0, attempts)
            continue
        try:
            routes[name] = make_route(policy, name)
        except ChurnError as error:
            if ready:
                raise
            problems.append(f"{name}: {error}")
    return routes, problems


def _maker(policy: Policy, reach: Reach) -> Callable[[Claim], Contact]:
    named = {c: d.fields for c, d in policy.delivery.items()}
    fields = reach.fields.to_dict("index")

    def make(claim: Claim) -> Contact:
        wanted = named.get(claim.channel, named.get("*", ()))
        return Contact(
            claim.campaign,
            claim.customer,
            claim.step,
            claim.action,
            claim.channel,
            claim.due,
            claim.key,
            policy.action(claim.action).content,
            {f: fields[claim.customer][f] for f in wanted},
        )

    return make


def _refused(ledger: Ledger, channel: str) -> Callable[[Sequence[str]], set[str]]:
    """Return a function that tells who has asked, since this run began, not to be contacted."""

    def refused(customers: Sequence[str]) -> set[str]:
        found = ledger.suppressed(customers) if customers else None
        return (
            set()
            if found is None
            else set(found["customer"][found["channel"].isin([channel.casefold(), "*"])])
        )

    return refused


def _due(go: pd.DataFrame, on: dt.date) -> list[dict[str, Any]]:
    late = go["due"].dt.date < on
    pairs = Counter(zip(go["channel"], go["action"], strict=True))
    late_ones = Counter(zip(go.loc[late, "channel"], go.loc[late, "action"], strict=True))
    return [
        {"channel": c, "action": a, "contacts": n, "late": late_ones[c, a]}
        for (c, a), n in sorted(pairs.items())
    ]


def _done(tallies: Mapping[str, Tally]) -> list[dict[str, Any]]:
    return [
        {"channel": channel, "action": action, "outcome": outcome, "contacts": n}
        for channel, tally in tallies.items()
        for (action, outcome), n in sorted(Counter(tally.outcomes.values()).items())
    ]


def _counts(verdicts: pd.DataFrame, word: str) -> dict[str, int]:
    found = verdicts.loc[verdicts["verdict"] == word, "code"].value_counts()
    return {str(code): int(n) for code, n in found.items()}


def _next_due(rows: pd.DataFrame, on: dt.date) -> str:
    waiting = rows["state"].isin(["due", "failed", "claimed"]) & (rows["due"].dt.date > on)
    days = rows.loc[waiting, "due"]
    return "" if days.empty else str(days.min().date())


def _examples(go: pd.DataFrame, reach: Reach, policy: Policy) -> list[dict[str, Any]]:
    out = []
    for channel, group in go.groupby("channel", sort=True):
        delivery = policy.delivery.get(str(channel)) or policy.delivery.get("*")
        wanted = list(delivery.fields) if delivery is not None else []
        for row in group.head(_EXAMPLES).to_dict("records"):
            known = reach.fields.loc[row["customer"], wanted]
            out.append(
                {
                    "customer": row["customer"],
                    "action": row["action"],
                    "channel": channel,
                    "step": int(row["step"]),
                    "due": row["due"].date().isoformat(),
                    "fields": {str(f): masked(str(v)) for f, v in known.items()},
                }
            )
    return out
