"""The night in under 2,000 characters, for mail and chat: the verdict, the rate, the first of the list, what changed.

Ids and texts come from data and may be hostile: nothing in them becomes a link, a mention or formatting.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from churn.display import format_amount, format_count, format_percent, format_risk
from churn.errors import ParameterError
from churn.report.folder import NightFolder, night_before, read_night
from churn.report.verdict import three_sentences

Style = Literal["markdown", "text", "slack"]
STYLES: tuple[Style, ...] = ("markdown", "text", "slack")
MOST_CHARACTERS = 2000
_LISTED = 10
_WARNINGS = 520  # characters of all warnings together
_ID, _REASON, _WARNING = 40, 90, 160
_JOINER = "\u2060"  # of no width: it keeps chat programs from seeing a link or a mention
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&])")


def digest(folder: str | Path, style: Style = "markdown", *, previous: str | Path | None = None) -> str:
    """Return the digest of one night.

    Parameters
    ----------
    folder : str or Path
        What a night wrote: ``OUTPUT/NAME/DATE``.
    style : {"markdown", "text", "slack"}, default "markdown"
        How it is formatted; Slack has its own marks.
    previous : str or Path, optional
        The folder of the night to compare with; the newest older one beside it when left out.

    Returns
    -------
    str
        Fewer than 2,000 characters.

    Raises
    ------
    MissingFileError
        A folder is not that of a night.
    DataError
        A file in it cannot be read.
    ParameterError
        There is no such style.

    Examples
    --------
    >>> import tempfile
    >>> from churn.files import write_json
    >>> night = Path(tempfile.mkdtemp(), "shop", "2025-12-31")
    >>> night.mkdir(parents=True)
    >>> write_json(night / "summary.json", {"as_of": "2025-12-31", "population": 10, "at_risk": 0})
    >>> print(digest(night, "text").splitlines()[0])
    shop, 2025-12-31
    """
    if style not in STYLES:
        raise ParameterError(
            "There is no such style of the digest",
            given=repr(style),
            allowed=", ".join(STYLES),
            fix="Name one of these.",
            code="digest-style",
        )
    night = read_night(folder)
    older = previous if previous is not None else night_before(night)
    return _Writer(style).write(night, None if older is None else read_night(older))


class _Writer:
    """Writes in one style; `plain` makes any text harmless in it, `code` an id."""

    def __init__(self, style: Style) -> None:
        self.style = style
        self.plain: Callable[[object], str] = {"markdown": _markdown, "slack": _slack, "text": _harmless}[
            style
        ]

    def code(self, value: object) -> str:
        text = _cut(value, _ID).replace("`", "'")
        if self.style == "text":
            return _harmless(text)
        return f"`{_entities(text) if self.style == 'slack' else text}`"

    def bold(self, text: str) -> str:
        mark = {"markdown": "**", "slack": "*", "text": ""}[self.style]
        return f"{mark}{text}{mark}"

    def write(self, night: NightFolder, before: NightFolder | None) -> str:
        s = night.summary
        title = self.plain(f"{_cut(night.name, 60)}, {night.as_of}")
        head = [f"# {title}" if self.style == "markdown" else self.bold(title)]
        head += ["", *(self.plain(said) for said in three_sentences(s, night.model))]
        flow = _flow(s.get("retention") or {})
        if flow:
            head += ["", f"{self.bold('Retention')} {self.plain(flow)}"]
        if before is not None:
            since = f"Since {before.as_of}"
            head += ["", f"{self.bold(self.plain(since))}: {self.plain(_changes(night, before))}"]
        head += self._warnings([str(w) for w in s.get("warnings") or []])
        return self._with_list("\n".join(head), night)

    def _warnings(self, warnings: list[str]) -> list[str]:
        """Return as many warnings as leave room for the list."""
        lines: list[str] = []
        for w in warnings:
            line = f"- {self.plain(_cut(w, _WARNING))}"
            if sum(map(len, lines)) + len(line) > _WARNINGS:
                break
            lines.append(line)
        left = len(warnings) - len(lines)
        more = [f"- {'and ' if lines else ''}{left} {'more ' if lines else ''}in the report"] if left else []
        return ["", self.bold("Warnings"), *lines, *more] if warnings else []

    def _with_list(self, head: str, night: NightFolder) -> str:
        """Add as many of the list as there is room for."""
        rows = [] if night.at_risk is None else night.at_risk.head(_LISTED).to_dict("records")
        if not rows:
            return _whole(head)
        listed = int(night.summary.get("listed") or len(rows))
        title = f"\n\n{self.bold('First on the list')}\n"
        lines: list[str] = []

        def tail(shown: int) -> str:
            left = listed - shown
            return f"\n\nand {format_count(left)} more, in the report" if left > 0 else ""

        for number, row in enumerate(rows, 1):
            line = f"{number}. {self._row(row, night.currency)}"
            whole = head + title + "\n".join([*lines, line]) + tail(number)
            if len(whole) >= MOST_CHARACTERS - 1:
                break
            lines.append(line)
        return _whole(head + title + "\n".join(lines) + tail(len(lines)) if lines else head)

    def _row(self, row: Mapping[Any, Any], currency: str) -> str:
        parts = [format_risk(row.get("churn_probability"))]
        stake = row.get("value_at_stake")
        if stake is not None and math.isfinite(stake):
            parts.append(f"{format_amount(stake, currency)} at stake")
        reason = row.get("reason_1")
        told = self.plain(", ".join(parts)) + (f": {self.plain(_cut(reason, _REASON))}" if reason else "")
        return f"{self.code(row['customer'])} {told}"


def _flow(outlook: Mapping[str, Any]) -> str:
    now = outlook.get("current")
    if not now:
        return ""
    counts = {k: format_count(now.get(k) or 0) for k in ("S", "lost", "new", "reactivated", "E")}
    return (
        f"{format_percent(now.get('retention_rate'))}: S {counts['S']} - lost {counts['lost']} + new {counts['new']} + "
        f"reactivated {counts['reactivated']} = E {counts['E']}"
    )


def _changes(night: NightFolder, before: NightFolder) -> str:
    """Say what is otherwise than in an earlier night."""
    now, then = night.summary, before.summary
    if now.get("definition") != then.get("definition"):
        return "churn is defined otherwise now, so the two nights cannot be compared."
    said = []
    if night.at_risk is not None and before.at_risk is not None:
        here, there = set(night.at_risk["customer"]), set(before.at_risk["customer"])
        said.append(
            f"{format_count(len(here - there))} came onto the list, {format_count(len(there - here))} left it"
        )
    currency = night.currency
    for name, key, write in (
        ("active customers", "population", format_count),
        ("at stake on the list", "value_at_stake_listed", lambda v: format_amount(v, currency)),
        ("mean churn probability", "mean_churn_probability", format_percent),
    ):
        old, new = then.get(key), now.get(key)
        if isinstance(old, int | float) and isinstance(new, int | float):
            same = write(old) == write(new)
            said.append(f"{name} {'still ' + write(new) if same else f'{write(old)} to {write(new)}'}")
    trained = [(s.get("model") or {}).get("trained_until") for s in (then, now)]
    if None not in trained and trained[0] != trained[1]:
        said.append("the model was trained anew in between")
    return "; ".join(said) + "." if said else "nothing that both nights tell."


def _whole(text: str) -> str:
    """Keep the promise on the length, whatever the head holds."""
    return (text if len(text) < MOST_CHARACTERS else text[: MOST_CHARACTERS - 2] + "…") + "\n"


def _cut(value: object, longest: int) -> str:
    flat = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return flat if len(flat) <= longest else flat[: longest - 1] + "…"


def _harmless(value: object) -> str:
    """Break what chat and mail programs make links and mentions of.

    Examples
    --------
    >>> _harmless("see http://x.org, @channel").replace(chr(0x2060), "|")
    'see http:|//x.org, @|channel'
    """
    text = str(value).replace("://", f":{_JOINER}//").replace("@", f"@{_JOINER}")
    return re.sub(r"(?i)\bwww\.", lambda m: f"{m[0][:-1]}{_JOINER}.", text)


def _markdown(value: object) -> str:
    r"""Write a text so that Markdown shows it as it is.

    Examples
    --------
    >>> print(_markdown("*bold* [a](b) <!here>"))
    \*bold\* \[a\](b) \<!here\>
    """
    return _SPECIAL.sub(r"\\\1", _harmless(value))


def _slack(value: object) -> str:
    """Write a text so that Slack shows it as it is.

    Examples
    --------
    >>> _slack("<!here> *a*").replace(chr(0x2060), "|")
    '&lt;!here&gt; *|a*|'
    """
    return re.sub(r"([*_~`])", rf"\1{_JOINER}", _entities(_harmless(value)))


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
