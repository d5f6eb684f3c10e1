"""Where campaigns stand, in words and as plain values."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from churn.campaigns.ledger.base import instant
from churn.campaigns.ledger.states import STATES
from churn.display import Rendered, format_count, table_text

if TYPE_CHECKING:
    from churn.campaigns.ledger.opened import Ledger

_DAYS = 12  # rows of days on a screen


@dataclass(frozen=True, repr=False)
class CampaignStatus(Rendered):
    """One campaign of a ledger; made by `campaign_status`.

    Parameters
    ----------
    facts : dict
        Campaign, arms, contacts by state and by day, responses by kind and arm, dead letters by reason, next due day.
    """

    facts: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return self.facts

    def render(self) -> str:
        """Return the status as text."""
        f, n = self.facts, format_count
        by = f" by {f['approved_by']}" if f["approved_by"] else ""
        lines = [
            f"Campaign {f['campaign']}, approved {f['approved'][:16].replace('T', ' ')} UTC{by}, "
            f"starts {f['start']}.",
            f"{n(f['treated'])} customers are contacted, {n(f['holdout'])} are held out"
            + (
                f"; {n(f['global_holdout'])} more are in the global holdout, whom no campaign touches"
                if f["global_holdout"]
                else ""
            )
            + ".",
        ]
        states = ", ".join(f"{n(v)} {k}" for k, v in f["states"].items())
        lines.append(f"{n(f['contacts'])} contacts: {states}." if states else "No contacts.")
        if f["days"]:
            used = [s for s in STATES if s in f["states"]]
            rows = [
                [d["day"], d["channel"], *(n(d.get(s, 0)) if d.get(s) else "" for s in used)]
                for d in f["days"][:_DAYS]
            ]
            lines += ["", table_text(["day", "channel", *used], rows, right=range(2, 2 + len(used)))]
            if len(f["days"]) > _DAYS:
                lines.append(f"... and {n(len(f['days']) - _DAYS)} more days; --json has all.")
        if f["dead_letters"]:
            lines += ["", "Put aside (churn campaign send POLICY --retry-dead tries them again):"]
            lines += [f"  {n(d['contacts'])}  {d['reason']}" for d in f["dead_letters"][:5]]
        if f["repeated"]:
            lines.append(
                f"{n(f['repeated'])} were handed over again under the same key, after a worker died."
            )
        if f["responses"]:
            told = ", ".join(f"{n(r['responses'])} {r['kind']} ({r['arm']})" for r in f["responses"])
            lines += ["", f"Responses: {told}."]
        lines += ["", _next(f)]
        return "\n".join(lines)


def _next(f: dict[str, Any]) -> str:
    lines = []
    if f["too_late"]:
        lines.append(
            f"{format_count(f['too_late'])} contacts are too late, by more than limits.late_days ({f['late_days']}): "
            "the next churn campaign send POLICY cancels them, or says what to do."
        )
    if f["overdue"]:
        lines.append(
            f"{format_count(f['overdue'])} contacts are due by today. Next: churn campaign send POLICY"
        )
    elif f["next_due"]:
        lines.append(f"The next contacts are due on {f['next_due']}.")
    return "\n".join(lines) or (
        f"Nothing is due any more. Measured {_times(f['measured'])}; next: churn campaign measure POLICY"
    )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{format_count(n)} times" if n else "not yet"


@dataclass(frozen=True, repr=False)
class CampaignList(Rendered):
    """The campaigns of a ledger; made by `campaign_list`.

    Parameters
    ----------
    where : str
        The database, as it may be shown.
    rows : list of dict
        One per campaign, oldest first.
    """

    where: str
    rows: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"ledger": self.where, "campaigns": self.rows}

    def render(self) -> str:
        """Return the list as text."""
        if not self.rows:
            return f"No campaign is approved in {self.where}.\nNext: churn campaign plan POLICY, then approve it."
        names = ("treated", "holdout", "contacts", "due", "sent", "dead", "cancelled", "responses")
        table = [[r["campaign"], r["start"], *(format_count(r[n]) for n in names)] for r in self.rows]
        text = table_text(["campaign", "start", *names], table, right=range(2, 2 + len(names)))
        return f"{text}\n\nLedger: {self.where}"


def campaign_status(
    ledger: Ledger, name: str, *, late_days: int | None = None, now: dt.datetime | None = None
) -> CampaignStatus:
    """Return where a campaign stands.

    Parameters
    ----------
    ledger : Ledger
        That has it.
    name : str
        Of the campaign.
    late_days : int, optional
        After how many days a contact is too late; as it was approved when left out.
    now : datetime, optional
        What counts as the present.

    Returns
    -------
    CampaignStatus
        ``overdue`` counts what is due and not too late, ``too_late`` the rest.

    Raises
    ------
    ParameterError
        The ledger has no such campaign.
    """
    found, frame, answers = ledger.campaign(name), ledger.states(name), ledger.responses(name)
    today = instant(now).date()
    days: dict[tuple[str, str], dict[str, Any]] = {}
    states = dict.fromkeys(STATES, 0)
    if late_days is None:
        late_days = int(found["policy"]["limits"]["late_days"])
    overdue, too_late, ahead = 0, 0, []
    for channel, due, state, count in zip(
        frame["channel"], frame["due"].dt.date, frame["state"], frame["contacts"].astype(int), strict=True
    ):
        day = days.setdefault((str(due), channel), {"day": str(due), "channel": channel})
        day[state] = day.get(state, 0) + int(count)
        states[state] += int(count)
        if state in ("due", "failed"):
            is_late = (today - due).days > late_days
            too_late += int(count) if is_late else 0
            overdue += int(count) if due <= today and not is_late else 0
            ahead += [due] if due > today else []
    by = sorted(Counter(zip(answers["kind"], answers["arm"], strict=True)).items())
    return CampaignStatus(
        {
            "campaign": name,
            "ledger": ledger.where,
            "approved": found["approved"].isoformat(),
            "approved_by": found["approved_by"],
            "start": str(found["start"]),
            **{k: found[k] for k in ("treated", "holdout", "global_holdout", "contacts")},
            "states": {k: v for k, v in states.items() if v},
            "days": list(days.values()),
            "dead_letters": ledger.dead_letters(name),
            "repeated": ledger.repeated(name),
            "responses": [{"kind": kind, "arm": arm, "responses": int(count)} for (kind, arm), count in by],
            "overdue": overdue,
            "too_late": too_late,
            "late_days": late_days,
            "next_due": str(min(ahead)) if ahead else None,
            "measured": len(ledger.measurements(name)),
        }
    )


def campaign_list(ledger: Ledger) -> CampaignList:
    """Return the campaigns of a ledger with their counts."""
    rows = []
    for row in ledger.campaigns().to_dict("records"):
        states = ledger.states(row["campaign"]).groupby("state")["contacts"].sum()
        rows.append(
            {
                "campaign": row["campaign"],
                "start": str(row["start"].date()),
                "approved": row["approved"].isoformat(),
                **{k: int(row[k]) for k in ("treated", "holdout", "global_holdout", "contacts")},
                **{s: int(states.get(s, 0)) for s in STATES},
                "responses": len(ledger.responses(row["campaign"])),
            }
        )
    return CampaignList(ledger.where, rows)
