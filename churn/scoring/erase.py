"""Forget customers everywhere this program keeps something of them, and say where else they have to be deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.policy import Policy
from churn.config import Config, read_config
from churn.display import Rendered, format_count, table_text
from churn.errors import ParameterError
from churn.progress import report
from churn.scoring.erasefiles import PAGES, files_below, without
from churn.scoring.outputs.targets import place_of

if TYPE_CHECKING:
    import os

    from churn.campaigns.ledger import Ledger


@dataclass(frozen=True, repr=False)
class Erased(Rendered):
    """What an erase touched, or would touch; made by `erase`.

    Parameters
    ----------
    customers : int
        How many were named.
    done : bool
        Whether it was done, or only counted.
    places : tuple of dict
        Where something was found: `place`, `what` (files, pages, rows, ledger) and `rows`.
    notes : tuple of str
        What this program may not change, and what a reader has to do.
    """

    customers: int
    done: bool
    places: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; no id is among them."""
        return {
            "customers": self.customers,
            "done": self.done,
            "places": list(self.places),
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Return what was done as text."""
        n = format_count(self.customers)
        head = f"{n} customer{'s' if self.customers != 1 else ''} "
        head += "erased." if self.done else "would be erased. Nothing is changed yet; add --yes to do it."
        rows = [[format_count(p["rows"]), p["what"], p["place"]] for p in self.places]
        body = (
            table_text(["rows", "what", "where"], rows, right=(0,)) if rows else "Nothing was found of them."
        )
        return "\n".join([head, "", body, "", "Not changed here:", *(f"- {note}" for note in self.notes)])


def erase(
    config: Config | str | os.PathLike[str],
    customers: Sequence[Any],
    *,
    policy: Policy | str | os.PathLike[str] | None = None,
    ledger: str | None = None,
    by: str = "",
    yes: bool = False,
) -> Erased:
    """Forget customers: nights, record, outputs, plans, delivery files and ledger; the aggregates stay.

    Every file is rewritten in one step, and the ledger comes last: killed half-way, the same call again finishes.

    Parameters
    ----------
    config : Config or path-like
        Whose nights, record and outputs are meant.
    customers : sequence
        Their ids, as they are in the data.
    policy : Policy or path-like, optional
        Of a campaign: its plans, its delivery files and its ledger are meant too.
    ledger : str, optional
        URL of a ledger, where no policy is given.
    by : str, default ""
        Who does it; kept in the ledger.
    yes : bool, default False
        Whether it is done; else it is only counted.

    Returns
    -------
    Erased
        Where something was found, and what has to be done elsewhere.

    Raises
    ------
    ParameterError
        No customer is named, or policy and ledger both are.
    DataError
        An id is empty.
    OutputError
        A database refuses; what was done before stays done, and the call may be repeated.

    Examples
    --------
    >>> print(erase("churn.yaml", ["C000017"]))  # doctest: +SKIP
    1 customer would be erased. Nothing is changed yet; add --yes to do it.
    """
    from churn.campaigns.ledger.people import texts
    from churn.campaigns.policy import read_policy

    settings = config if isinstance(config, Config) else read_config(config)
    rules = policy if policy is None or isinstance(policy, Policy) else read_policy(policy)
    ids = list(dict.fromkeys(texts(customers)))
    if not ids or (rules is not None and ledger is not None):
        raise ParameterError(
            "No customer is named" if not ids else "The ledger is named twice",
            fix="Name the ids of the customers." if not ids else "Give a policy or the URL of a ledger.",
        )
    places: list[dict[str, Any]] = []
    for folder in _folders(settings, rules):
        report(f"Looking into {folder.name}")
        places += _in_folder(folder, set(ids), yes)
    for where, found in _in_outputs(settings, ids, yes):
        places += [{"place": where, "what": "rows", "rows": found}] if found else []
    notes = _notes(settings, rules)
    opened = _ledger(rules, ledger)
    if opened is None:
        notes.append("No ledger was named: give --policy POLICY or --ledger URL where there are campaigns.")
    else:
        with opened:
            kept = {"places": len(places), "rows": sum(p["rows"] for p in places)}
            counts = opened.erase(ids, by=by, told=kept) if yes else opened.erase_counts(ids)
            found = sum(v for k, v in counts.items() if k != "customers")
            if counts["customers"]:
                places.append({"place": opened.where, "what": "ledger", "rows": found})
    return Erased(len(ids), yes, tuple(places), tuple(notes))


def _folders(settings: Config, policy: Policy | None) -> list[Path]:
    """Return folders of files, none within another."""
    found = [settings.place(settings.output) / settings.name]
    found += [place_of(settings, t) for t in settings.outputs if t.to not in ("sql", "duckdb")]
    if policy is not None:
        found.append(policy.place(policy.plans))
        found += [policy.place(d.place) for d in policy.delivery.values() if d.to == "files" and d.place]
    unique = sorted({f.resolve() for f in found})
    return [f for f in unique if not any(o in f.parents for o in unique)]


def _in_folder(root: Path, ids: set[str], yes: bool) -> list[dict[str, Any]]:
    """Take customers out of the files below a folder, and remove the pages that were made of them."""
    found: dict[Path, list[int]] = {}
    for file in files_below(root):
        # Pages go first: killed between, they are gone too, and never tell what the files no longer do.
        rows = without(file, ids, yes=False)
        if not rows:
            continue
        folder = found.setdefault(file.parent, [0, 0, 0])
        pages = [p for p in sorted(file.parent.iterdir()) if p.suffix in PAGES]
        folder[2] = max(folder[2], len(pages))
        if yes:
            for page in pages:
                page.unlink()
            without(file, ids, yes=True)
        folder[0], folder[1] = folder[0] + rows, folder[1] + 1
    out = []
    for below, (rows, files, removed) in found.items():
        what = f"{files} file{'s' if files > 1 else ''}"
        if removed:
            what += f", {removed} page{'s' if removed > 1 else ''} {'removed' if yes else 'to remove'}"
        out.append({"place": str(below), "what": what, "rows": rows})
    return out


def _in_outputs(settings: Config, ids: Sequence[str], yes: bool) -> list[tuple[str, int]]:
    from churn.scoring.outputs.duck import remove_duckdb
    from churn.scoring.outputs.sql import remove_sql

    out = []
    for target in settings.outputs:
        if target.to == "duckdb":
            file = place_of(settings, target)
            out.append((f"{file}, table {target.table}", remove_duckdb(file, target.table, ids, yes=yes)))
        elif target.to == "sql" and target.url is not None:
            password = None if target.password is None else target.password.get_secret_value()
            url = target.url.get_secret_value()
            where, rows = remove_sql(
                url, target.table, ids, password=password, folder=settings.place("."), yes=yes
            )
            out.append((where, rows))
    return out


def _ledger(policy: Policy | None, url: str | None) -> Ledger | None:
    from churn.campaigns.ledger import open_ledger

    if policy is not None:
        return open_ledger(policy)
    return None if url is None else open_ledger(url)


def _notes(settings: Config, policy: Policy | None) -> list[str]:
    tables = ", ".join(
        sorted(n for n in type(settings.sources).model_fields if getattr(settings.sources, n, None))
    )
    notes = [
        f"The tables that are read ({tables}) are not this program's: delete the customers there, or the next night "
        "scores them again."
    ]
    if settings.log is not None and getattr(settings.log, "path", None):
        notes.append("The saved log holds what was read: after that, churn ingest CONFIG --rebuild.")
    notes.append(
        "Reports and digests that were removed: churn score makes them again, churn report the page alone."
    )
    notes.append("Models and their tracking hold no customer's id; copies and backups are yours to delete.")
    if policy is not None and policy.delivery:
        others = sorted({d.to for d in policy.delivery.values()})
        notes.append(
            f"What was handed over ({', '.join(others)}) is with others and cannot be called back: ask them to "
            "delete it."
        )
    return notes
