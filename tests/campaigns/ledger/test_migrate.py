"""Tables: made, brought up to date with their rows, never changed by hand, and refused where they are newer."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import churn.campaigns.ledger as room
from churn.campaigns.ledger import open_ledger
from churn.campaigns.ledger.migrate import migrate, version_of
from churn.campaigns.ledger.schema import APPEND_ONLY, HEAD, KNOWN, VERSION_TABLE, metadata
from churn.errors import OutputError
from churn.sqldatabase import database_url, transaction
from tests.campaigns.ledger.conftest import NOON, small_plan


def test_the_steps_lead_to_the_tables_of_the_code(ledger):
    with ledger._reading() as c:
        context = MigrationContext.configure(c, opts={"version_table": VERSION_TABLE})
        assert [d for d in compare_metadata(context, metadata) if d[0] != "remove_table"] == []
    script = ScriptDirectory(str(Path(room.__file__).parent / "migrations"))
    assert tuple(s.revision for s in reversed(list(script.walk_revisions()))) == KNOWN


def test_an_older_ledger_is_brought_up_to_date_with_its_rows(url):
    with transaction(database_url(url)) as c:
        migrate(c, "here", KNOWN[0])
        assert version_of(c) == "0001"
        c.exec_driver_sql("INSERT INTO ledger_people (digest, customer) VALUES ('d', 'C0')")
    with open_ledger(url) as ledger, ledger._reading() as c:
        assert version_of(c) == HEAD
        assert c.exec_driver_sql("SELECT customer FROM ledger_people").scalar() == "C0"
        assert sa.inspect(c).has_table("ledger_erasures")


def test_a_newer_ledger_is_refused_and_left_alone(url):
    open_ledger(url).close()
    with transaction(database_url(url)) as c:
        c.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0999'")
    with pytest.raises(OutputError, match=r"newer version of churn.*0999.*up to 0002") as told:
        open_ledger(url)
    assert told.value.code == "newer-ledger"


def test_many_processes_may_make_it_at_once(url):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_open, args=(url,)) for _ in range(3)]
    for w in workers:
        w.start()
    for w in workers:
        w.join(60)
    assert [w.exitcode for w in workers] == [0, 0, 0]


def _open(url):
    with open_ledger(url) as ledger:
        assert ledger.campaigns().empty


def test_rows_are_never_changed(url):
    with open_ledger(url) as ledger:
        ledger.approve(small_plan(), now=NOON)
        claims = ledger.claim("winter", "email", NOON.date(), 2, "a", 60, NOON)
        ledger.sent(claims)
        ledger.respond("winter", [{"customer": "C0", "kind": "unsubscribed", "time": NOON}])
        ledger.record_outcomes("winter", NOON.date(), small_plan().customers[["customer"]])
        ledger.record_measurement("winter", NOON.date(), {"said": "nothing"})
        ledger.erase(["C1"])
        for table in APPEND_ONLY:
            with ledger._reading() as c:
                assert c.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar(), table
                name = sa.inspect(c).get_columns(table)[0]["name"]
            for statement in (f"UPDATE {table} SET {name} = {name}", f"DELETE FROM {table}"):
                with pytest.raises(OutputError, match=f"{table} is append-only"), ledger._writing() as c:
                    c.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no url", "url of the ledger"),
        ("mysql://me:pw@h/d", "The ledger cannot"),
        ("sqlite:///x/y.db", "not there"),
    ],
)
def test_ledgers_that_cannot_be(text, words):
    with pytest.raises(OutputError, match=words) as told:
        open_ledger(text)
    assert "pw" not in str(told.value)
