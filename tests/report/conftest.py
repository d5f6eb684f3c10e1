"""Nights made by hand: few customers with hostile ids and texts, or as many as are asked for."""

import shutil

import numpy as np
import pandas as pd
import pytest

import churn
from churn.files import write_json
from tests.report.opened import Opened

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><script>document.title='owned'</script>",
    '=HYPERLINK("http://evil.example","click")',
    "@SUM(1+1)",
    "-2+3",
    "\u202eabc\u202c evil",
    "مرحبا بالعالم",
    "line\u2028separator",
    "<!--",
    "x" * 10_000,
    "'quoted', \"twice\"",
    "{{ 7 * 7 }}",
]
BANDS = ["critical", "high", "elevated"]
STORIES = ["rhythm of orders", "support", "spend"]


def make_night(folder, n=120, *, hostile=True, timeline=True, segments=True):
    """Write a night of n listed customers; the first ones are hostile. Many values are equal, some unknown."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    bad = HOSTILE if hostile else []
    ids = [*bad, *(f"C{i:06d}" for i in range(n - len(bad)))]
    stake = np.sort(rng.integers(1, 40, n) * 12.5)[::-1]
    reason = [f"Ordered every {7 + i % 9} days, now silent for {30 + i % 50} days" for i in range(n)]
    reason[: len(bad)] = bad
    overdue = rng.integers(0, 60, n).astype(float)
    overdue[::10] = np.nan
    table = pd.DataFrame(
        {
            "customer": ids,
            "rank": np.arange(1, n + 1),
            "churn_probability": rng.integers(50, 100, n) / 100,
            "risk_band": [BANDS[i % 3] for i in range(n)],
            "stage": ["slipping" if i % 4 else "new" for i in range(n)],
            "reason_1": reason,
            "reason_2": ["2 complaints got no answer" if i % 2 else "" for i in range(n)],
            "reason_3": "",
            "keeps_1": ["Buys more than a year ago" if i % 3 == 0 else "" for i in range(n)],
            "keeps_2": "",
            "value_at_stake": stake,
            "last_order": [f"2025-0{1 + i % 9}-1{i % 10}" if i % 7 else "" for i in range(n)],
            "days_overdue": overdue,
        }
    )
    table.to_parquet(folder / "at_risk.parquet", index=False)
    rows = []
    for i, customer in enumerate(ids):
        told = [("up", STORIES[0], reason[i])]
        if i % 2:
            told.append(("up", STORIES[1], "2 complaints got no answer"))
        if i % 3 == 0:
            told.append(("down", STORIES[2], "Buys more than a year ago"))
        for place, (direction, story, text) in enumerate(told, 1):
            rows.append((customer, i + 1, direction, place, story, text, 1.5 if direction == "up" else -0.5))
    names = ["customer", "rank", "direction", "place", "story", "text", "push_log_odds"]
    pd.DataFrame(rows, columns=names).to_parquet(folder / "reasons.parquet", index=False)
    if timeline:
        events = [
            (c, f"2025-0{9 - k}-0{k + 1}T10:30", "complaint" if k == 1 else "order", 10.0 + k,
             f"event {k} of {c[:20]}" if i >= len(bad) else bad[i], k == 1, 3)
            for i, c in enumerate(ids) for k in range(3)
        ]  # fmt: skip
        names = ["customer", "time", "kind", "amount", "text", "open", "older"]
        pd.DataFrame(events, columns=names).to_parquet(folder / "timeline.parquet", index=False)
    if segments:
        countries = [("Germany", "France", "<b>Spain</b>", "")[i % 4] for i in range(n)]
        pd.DataFrame({"customer": ids, "country": countries}).to_parquet(
            folder / "segments.parquet", index=False
        )
    period = {"period_start": "2025-11-01", "period_end": "2025-12-31", "S": 1000, "E": 900, "N": 200, "lost": 300,
              "N_counts": "everyone in E who was not in S (new and reactivated)", "retained": 700, "new": 150,
              "reactivated": 50, "retention_rate": 0.7, "churn_rate": 0.3}  # fmt: skip
    write_json(
        folder / "summary.json",
        {
            "as_of": "2025-12-31",
            "definition": "active = an order in the last 180 days; churn = no order in the next 60 days",
            "warnings": ["A <b>warning</b>"],
            "population": 1000,
            "at_risk": n,
            "listed": n,
            "listed_because": "Listed: odds of churn at least twice the average.",
            "bands_listed": {"critical": n // 3, "high": n - n // 3, "elevated": 0, "low": 0},
            "bands": {"critical": n // 3, "high": n // 3, "elevated": n // 3, "low": 7},
            "value_at_stake_listed": float(stake.sum()),
            "value_at_stake_all": float(2 * stake.sum()),
            "currency": "£",
            "retention": {
                "current": period,
                "previous": period | {"retention_rate": 0.72},
                "expected_retention_rate": 0.71,
                "active": "an order in the last 180 days",
            },
            "model": {"beats_baselines": True, "auc": 0.81},
            "columns": {"rank": "place in the list"},
        },
    )
    return folder


@pytest.fixture
def night(tmp_path):
    return make_night(tmp_path / "shop" / "2025-12-31")


@pytest.fixture(scope="session")
def nights(tmp_path_factory):
    """Return a maker of nights in folders of their own."""

    def make(n=120, **what):
        return make_night(tmp_path_factory.mktemp("nights") / "shop" / "2025-12-31", n, **what)

    return make


@pytest.fixture(scope="session")
def scored_night(model, history, tmp_path_factory):
    """A night as the model scores it, with everything that a night writes."""
    from churn.scoring.night import run_night

    folder = tmp_path_factory.mktemp("scored") / "shop" / "2025-12-31"
    return run_night(model, history).write(folder)


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium, or a skip that says why."""
    where = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if where is None:
        pytest.skip("there is no Chromium on the path; the report is tested in one")
    playwright = pytest.importorskip("playwright.sync_api")
    quiet = [
        f"--disable-{x}"
        for x in ("gpu", "background-networking", "component-update", "sync", "dev-shm-usage")
    ]
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=where, args=["--no-sandbox", *quiet])
        yield browser
        browser.close()


@pytest.fixture
def open_report(chromium):
    opened = []

    def make(folder, **context):
        file = folder / "report.html"
        opened.append(Opened(chromium, file if file.exists() else churn.write_report(folder), **context))
        return opened[-1]

    yield make
    for o in opened:
        o.context.close()
        assert o.said == []  # no error, no warning, nothing the policy had to refuse
        assert {u for u in o.asked if not u.startswith(("data:", "blob:"))} == {o.file.as_uri()}


@pytest.fixture(scope="session")
def folder(nights):
    return nights()
