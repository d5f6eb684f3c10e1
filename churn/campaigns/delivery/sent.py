"""What a run of the delivery did or, as a dry run, would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from churn.campaigns.delivery.gate import CANCELS, WAITS
from churn.display import Rendered, format_count, table_text

OUTCOMES = ("sent", "again later", "dead", "cancelled", "not tried", "in hand")


@dataclass(frozen=True, repr=False)
class Sent(Rendered):
    """What one run did.

    Attributes
    ----------
    campaign, on : str
        The campaign, and the day that was worked on.
    dry_run : bool
        Whether nothing was handed over and nothing recorded.
    due : list of dict
        By channel and action: how many contacts may be handed over, and ``late`` of them whose own day is past.
    done : list of dict
        By channel, action and outcome: how many; empty for a dry run.
    cancelled, waiting : dict of str to int
        Contacts that are not made any more, and those that are not made today, by reason (keys of `CANCELS`, `WAITS`).
    dead, revived : int
        Dead letters of the campaign, after the run, and those that it made due again.
    tries : int
        How many there were in all.
    places : dict of str to str
        Where each channel goes.
    details : dict of str to int
        Tries that were not taken, by reason.
    stopped : dict of str to str
        Channels of which not all was tried, and why.
    problems : list of str
        What stands in the way of sending, found by a dry run.
    warnings : list of str
        What is wrong with what a channel answers, or to mind about the day.
    examples : list of dict
        Some contacts that are due, their contact data masked.
    next_due : str
        The next day with contacts; empty where there is none.
    interrupted : bool
        Whether Ctrl-C ended the run.
    """

    campaign: str
    on: str
    dry_run: bool
    due: Sequence[Mapping[str, Any]]
    done: Sequence[Mapping[str, Any]] = ()
    cancelled: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    dead: int = 0
    revived: int = 0
    tries: int = 0
    places: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, int] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()
    examples: Sequence[Mapping[str, Any]] = ()
    next_due: str = ""
    interrupted: bool = False

    def count(self, outcome: str) -> int:
        """Return how many contacts came to an outcome: one of `OUTCOMES`."""
        return sum(int(d["contacts"]) for d in self.done if d["outcome"] == outcome)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        lists = ("due", "done", "problems", "warnings", "examples")
        plain = {k: list(v) if k in lists else v for k, v in vars(self).items()}
        return plain | {"totals": {o: self.count(o) for o in OUTCOMES}}

    def render(self) -> str:
        """Return what happened, or would happen, as text."""
        if self.dry_run:
            head = (
                f"Dry run: campaign {self.campaign} on {self.on}. Nothing is handed over, nothing recorded."
            )
        else:
            head = (
                f"Campaign {self.campaign} on {self.on}: {_count(self.count('sent'), 'contact')} handed over."
            )
        parts = [head, self._due_table() if self.dry_run else self._done_table()]
        parts += [self._list("Not made any more (cancelled)", self.cancelled, CANCELS)]
        parts += [self._list("Not made today, still due", self.waiting, WAITS)]
        parts += [self._list("Tries that were not taken", self.details, {})]
        parts += [f"Stopped over {c}: {why}." for c, why in self.stopped.items()]
        parts += [f"Warning: {w}" for w in self.warnings]
        parts += (
            ["\n".join(["Before it can be handed over:", *(f"  {p}" for p in self.problems)])]
            if self.problems
            else []
        )
        if self.dry_run:
            parts += [self._examples()]
        return "\n\n".join(p for p in [*parts, self._next()] if p)

    def _due_table(self) -> str:
        rows = [
            [
                str(d["channel"]),
                str(d["action"]),
                format_count(d["contacts"]),
                format_count(d["late"]) if d["late"] else "",
                self.places.get(str(d["channel"]), "not ready" if self.dry_run else ""),
            ]
            for d in self.due
        ]
        if not rows:
            return "No contact is due."
        return table_text(["channel", "action", "would go", "of them late", "to"], rows, right=(2, 3))

    def _done_table(self) -> str:
        named = [o for o in OUTCOMES if self.count(o)]
        groups = sorted({(str(d["channel"]), str(d["action"])) for d in self.done})
        if not groups:
            return "No contact was due."

        def number(channel: str, action: str, outcome: str) -> str:
            fits = [d for d in self.done if (d["channel"], d["action"]) == (channel, action)]
            found = sum(int(d["contacts"]) for d in fits if d["outcome"] == outcome)
            return format_count(found) if found else ""

        rows = [[c, a or "-", *(number(c, a, o) for o in named), self.places.get(c, "")] for c, a in groups]
        right = tuple(range(2, 2 + len(named)))
        return table_text(["channel", "action", *named, "to"], rows, right=right)

    @staticmethod
    def _list(title: str, counts: Mapping[str, int], words: Mapping[str, str]) -> str:
        lines = [f"  {format_count(n):>7}  {words.get(code, code)}" for code, n in counts.items()]
        return "\n".join([f"{title}:", *lines]) if lines else ""

    def _examples(self) -> str:
        rows = [
            [
                str(e["customer"])[:30],
                str(e["action"]),
                str(e["step"] + 1),
                str(e["due"]),
                ", ".join(f"{k} {v}" for k, v in e["fields"].items()),
            ]
            for e in self.examples
        ]
        if not rows:
            return ""
        return "For example:\n" + table_text(
            ["customer", "action", "contact", "due", "contact data, masked"], rows
        )

    def _next(self) -> str:
        lines = []
        if self.dead:
            lines.append(
                f"{_count(self.dead, 'dead letter')} in the campaign: mend the cause, then churn campaign send POLICY "
                "--retry-dead --yes."
            )
        later = self.count("again later") + self.count("not tried")
        if later:
            lines.append(f"{_count(later, 'contact')} to try again: run the command again after a while.")
        if self.dry_run and self.due:
            lines.append("To hand them over: churn campaign send POLICY --yes.")
        if self.next_due:
            lines.append(f"The next contacts are due on {self.next_due}.")
        elif not self.dry_run or not self.due:
            lines.append("No later contact is due.")
        return "\n".join(lines)


def masked(text: str) -> str:
    """Return a piece of contact data so that it can be recognised and not used.

    Examples
    --------
    >>> masked("anna@mail.example"), masked("+49 170 1234567"), masked("")
    ('a…@…', '+…67', 'not known')
    """
    if not text:
        return "not known"
    shown = "".join(c for c in text if c.isprintable())
    if "@" in shown:
        return f"{shown[:1]}…@…"
    return f"{shown[:1]}…{shown[-2:] if len(shown) > 6 else ''}"


def _count(n: int, what: str) -> str:
    return f"{format_count(n)} {what}{'' if n == 1 else 's'}"
