"""The page of a campaign's plan: made of the plan's folder alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.display import format_amount, format_count, format_risk
from churn.errors import DataError
from churn.files import replace_text
from churn.progress import report
from churn.report import charts_plan as charts
from churn.report.campaign import read_json
from churn.report.charts_draw import Chart
from churn.report.embed import packed
from churn.report.sections import Block, Section
from churn.report.shell import render_page

if TYPE_CHECKING:
    import pandas as pd

MOST = 10_000  # customers in the page
PRINTED = 50  # on paper, and where there is no JavaScript
_LONGEST = 200
_COLUMNS = (
    ("customer", "Customer", False),
    ("arm", "Arm", False),
    ("action", "Action", False),
    ("day", "First contact", False),
    ("churn_probability", "Risk", True),
    ("value", "Worth", True),
    ("expected_profit", "Profit", True),
    ("why", "Why", False),
)
_ARMS = {
    "treated": "contacted",
    "holdout": "held out",
    "global holdout": "held out of all campaigns",
    "": "not chosen",
}
_MADE_BY = "churn campaign plan POLICY"


def write_plan_page(folder: str | Path) -> Path:
    """Write ``plan.html`` into the folder of a plan.

    Parameters
    ----------
    folder : str or Path
        ``PLANS/CAMPAIGN``, with plan.json, customers.parquet and contacts.csv.

    Returns
    -------
    Path
        The page; nothing but these files is looked at.

    Raises
    ------
    MissingFileError
        There is no ``plan.json``.
    DataError
        A file cannot be read.
    """
    path = Path(folder)
    report("Writing the page")
    plan = read_json(path / "plan.json", _MADE_BY)
    if not isinstance(plan, dict) or "campaign" not in plan:
        raise DataError(f"{path / 'plan.json'} is not a plan", fix=f"Write it again with {_MADE_BY}.")
    page = render_plan(plan, _customers(path / "customers.parquet"), _contacts(path / "contacts.csv"))
    target = path / "plan.html"
    replace_text(target, page)
    return target


def render_plan(
    plan: Mapping[str, Any], customers: pd.DataFrame | None, contacts: pd.DataFrame | None
) -> str:
    """Return the page of a plan."""
    currency = str(plan.get("currency") or (plan.get("policy") or {}).get("currency") or "")
    plan = {**plan, "currency": currency}
    rows, arms, whole = _people(customers, currency)
    missing = (
        (f"contacts.csv is not in the plan's folder. {_MADE_BY} writes it.",) if contacts is None else ()
    )
    present = [(name, label) for name, label in _ARMS.items() if name in set(arms)]
    held = f"{format_count(whole)} customers; all of them, with every column, are in customers.parquet."
    if whole > len(rows):
        held = (
            f"Here are {format_count(len(rows))} of {format_count(whole)} customers, the chosen first; all of them are "
            "in customers.parquet beside this file."
        )
    numbers = [i for i, (_, _, number) in enumerate(_COLUMNS) if number]
    drawn = None if contacts is None else charts.calendar(contacts)
    return render_page(
        "plan.html.j2",
        ("theme.js", "plan.js"),
        title=f"{plan['campaign']}: plan of a campaign",
        plan={"campaign": str(plan["campaign"]), "as_of": str(plan.get("as_of") or "")},
        verdict=_verdict(plan, currency),
        rates=_rates(plan, currency),
        warnings=[str(w) for w in plan.get("warnings") or []],
        parts=[
            Section("expected", "What it would do", (), _blocks(drawn, charts.actions(plan)), missing),
            Section(
                "limits",
                "Limits and assumptions",
                _solver(plan, currency),
                _blocks(charts.limits(plan), charts.assumptions(plan)),
            ),
            Section("out", "Who is out", tuple(str(n) for n in plan.get("notes") or []), _blocks(charts.out_of(plan))),
        ],
        columns=[{"label": label, "number": number} for _, label, number in _COLUMNS],
        printed=rows[:PRINTED],
        held=held,
        data=packed({"rows": rows, "arm": arms, "arms": present, "numbers": numbers}),
    )  # fmt: skip


def _customers(file: Path) -> pd.DataFrame | None:
    import pandas as pd

    if not file.is_file():
        return None
    try:
        import pyarrow.parquet as pq

        there = set(pq.read_schema(file).names)
        return pd.read_parquet(file, columns=[name for name, _, _ in _COLUMNS if name in there])
    except (ValueError, OSError) as error:
        raise _unreadable(file, error) from error


def _contacts(file: Path) -> pd.DataFrame | None:
    import pandas as pd

    if not file.is_file():
        return None
    try:
        return pd.read_csv(file, usecols=["day", "channel"], dtype="str", keep_default_na=False)
    except (ValueError, OSError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> DataError:
    told = str(error).splitlines()
    return DataError(
        f"{file} cannot be read",
        given=told[0][:200] if told else None,
        fix=f"Write it again with {_MADE_BY}.",
    )


def _people(customers: pd.DataFrame | None, currency: str) -> tuple[list[list[str]], list[str], int]:
    """Return the first customers as texts, the chosen first, with their arms; and how many there are."""
    if customers is None:
        return [], [], 0
    rank = customers["arm"].map({"treated": 0, "holdout": 1, "": 2}).fillna(3)
    order = customers.assign(_rank=rank).sort_values(
        ["_rank", "expected_profit"], ascending=[True, False], kind="stable", na_position="last"
    )
    first = order.head(MOST)
    money = {"value", "expected_profit"}
    cells = []
    for name, _, _ in _COLUMNS:
        values: list[Any] = first[name].tolist() if name in first else []
        values = values or [None] * len(first)
        if name == "churn_probability":
            cells.append(["" if _empty(v) else format_risk(v) for v in values])
        elif name in money:
            cells.append(["" if _empty(v) else format_amount(v, currency) for v in values])
        elif name == "arm":
            cells.append([_ARMS.get(v, str(v)) for v in values])
        else:
            cells.append([_cut(v, _LONGEST if name == "customer" else 3 * _LONGEST) for v in values])
    return [list(row) for row in zip(*cells, strict=True)], [str(a) for a in first["arm"]], len(customers)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _cut(value: Any, longest: int) -> str:
    text = "" if _empty(value) else str(value)
    return text if len(text) <= longest else text[:longest] + "…"


def _verdict(plan: Mapping[str, Any], currency: str) -> list[str]:
    arms, expected = plan.get("arms") or {}, plan.get("expected") or {}
    treated, held = arms.get("treated") or 0, arms.get("holdout") or 0
    days = (
        f" from {plan['start']} to {plan['last_day']}" if plan.get("start") and plan.get("last_day") else ""
    )
    said = [
        f"{format_count(treated)} of {format_count(plan.get('customers') or 0)} customers would be contacted{days}; "
        f"{format_count(held)} more who would have been are held out, so that the effect can be measured."
    ]
    if treated and expected:
        profit, cost = (charts.spread(expected.get(k), currency) for k in ("profit", "cost"))
        said.append(
            f"Expected: {charts.spread(expected.get('saved'))} customers saved and {profit} of profit, for {cost} of "
            "cost. In brackets: 95 % intervals."
        )
    return said


def _rates(plan: Mapping[str, Any], currency: str) -> list[dict[str, str]]:
    expected, arms = plan.get("expected") or {}, plan.get("arms") or {}
    out = [{"label": "Contacted", "figure": format_count(arms.get("treated") or 0), "note": "customers"}]
    for key, label, money in (("contacts", "Contacts", None), ("cost", "Cost", currency), ("saved", "Saved", None),
                              ("value", "Value kept", currency), ("profit", "Profit", currency)):  # fmt: skip
        given = expected.get(key)
        mean = given.get("mean") if isinstance(given, Mapping) else given
        if mean is None:
            continue
        low, high = (given.get("low"), given.get("high")) if isinstance(given, Mapping) else (None, None)
        ends = [charts.spread(v, money) for v in (low, high)]
        note = f"{ends[0]} to {ends[1]}" if all(ends) and ends[0] != ends[1] else "expected"
        out.append({"label": label, "figure": charts.spread(mean, money), "note": note})
    return out


def _solver(plan: Mapping[str, Any], currency: str) -> tuple[str, ...]:
    solver = plan.get("solver") or {}
    if solver.get("profit") is None or solver.get("bound") is None:
        return ()
    return (
        f"No choice under these limits could earn more than {format_amount(solver['bound'], currency)}; this one earns "
        f"{format_amount(solver['profit'], currency)}. {solver.get('said') or ''}".strip(),
    )


def _blocks(*drawn: Chart | None) -> tuple[Block, ...]:
    return tuple(Block(c) for c in drawn if c is not None)
