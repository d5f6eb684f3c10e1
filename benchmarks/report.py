"""Size of the report and how fast it answers, with ten thousand listed customers of a real scoring.

    python benchmarks/report.py [listed]

A generated shop is scored with a list of everybody (threshold 0.1 %), shortened to so many; the model is of a smaller shop of the same
kind. Nothing is replicated: every customer has reasons and events of their own. Needs Chromium. Machines are noisy: quote medians.
"""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import churn
from churn.config import ScoringSettings, TrainingSettings
from churn.scoring.night import run_night

STEPS = 200
# Runs an action and says after how many milliseconds its result was painted.
TIMED = """async () => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await painted();
  const began = performance.now();
  await ACTION;
  await painted();
  return performance.now() - began;
}"""
SCROLL = """async (steps) => {
  const view = document.getElementById("viewport"), out = [];
  for (let i = 1; i <= steps; i += 1) {
    const began = performance.now();
    view.scrollTop = (i * 7919 * 54) % view.scrollHeight;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    out.push(performance.now() - began);
  }
  return out;
}"""
SEARCHED = """new Promise((done) => {
  new MutationObserver(done).observe(document.getElementById("shown"), { childList: true });
  const field = document.getElementById("search");
  field.value = "complaint"; field.dispatchEvent(new Event("input"));
})"""
OPENED = """(async () => {
  document.querySelector("#body .opener").click();
  while (!document.querySelector(".timeline li")) await new Promise((done) => setTimeout(done));
})()"""


def night(folder: Path, listed: int) -> int:
    """Write a night with so many listed customers; return how many are known."""
    definition = churn.Inactivity(active_days=180, horizon_days=60)
    settings = TrainingSettings(max_snapshots=8)
    small = churn.make_shop(3000, seed=1).history()
    model = churn.train(small, definition, settings=settings, track=False).model
    shop = churn.make_shop(int(2.5 * listed), seed=2).history()
    run_night(model, shop, scoring=ScoringSettings(threshold=0.001, top=listed, currency="£")).write(folder)
    return len(shop.customers)


def measure(file: Path) -> dict[str, Any]:
    """Open the report three times and return milliseconds."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        ready = []
        for _ in range(3):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(
                "new MutationObserver((_, o) => { if (document.documentElement?.dataset.ready) { window.readyAt = performance.now();"
                " o.disconnect(); } }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-ready'] });"
            )
            page.goto(file.as_uri())
            page.wait_for_selector("html[data-ready=yes]")
            ready.append(page.evaluate("window.readyAt"))
        scrolled = page.evaluate(SCROLL, STEPS)
        out = {
            "customers": page.inner_text("#shown"),
            "table rows in the document": page.locator("#body tr.row").count(),
            "elements in the document": page.evaluate("document.querySelectorAll('*').length"),
            "time to interactive, ms": statistics.median(ready),
            "jump in the list, median ms": statistics.median(scrolled),
            "jump in the list, 95th percentile ms": sorted(scrolled)[int(0.95 * STEPS)],
            "sort, ms": page.evaluate(TIMED.replace("ACTION", "document.querySelector('th[data-key=days_overdue] button').click()")),
            "first search, ms": page.evaluate(TIMED.replace("ACTION", SEARCHED)),
            "open a customer with events, ms": page.evaluate(TIMED.replace("ACTION", OPENED)),
        }  # fmt: skip
        browser.close()
    return out


def main() -> None:
    """Print sizes and times."""
    listed = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "shop", "night")
        known = night(folder, listed)
        began, cpu = time.perf_counter(), time.process_time()
        file = churn.write_report(folder)
        wrote, cpu = time.perf_counter() - began, time.process_time() - cpu
        text = file.read_text(encoding="utf-8")
        parts = {
            name: len(re.search(rf'id="{name}-data">([^<]*)<', text)[1]) for name in ("list", "timeline")
        }
        sizes = {
            "report.html": file.stat().st_size,
            "the list": parts["list"],
            "all events": parts["timeline"],
        }
        print(
            f"A list of {listed:,} of {known:,} customers of a generated shop, each with own reasons and events"
        )
        print(f"{'written in':<38}{wrote:>8.1f} s, {cpu:.1f} s CPU")
        for name, size in sizes.items():
            print(f"{'size, ' + name:<38}{size / 1e6:>8.2f} MB")
        for name, value in measure(file).items():
            print(f"{name:<38}{value if isinstance(value, str) else format(value, '>8,.0f')}")


if __name__ == "__main__":
    main()
