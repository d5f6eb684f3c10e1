import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from churn.campaigns.channels.table import TableChannel
from churn.errors import OutputError
from tests.campaigns.channels.conftest import DUE, HOSTILE

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    return (
        f"sqlite:///{tmp_path}/crm.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    )


def rows(url, table="churn_contacts"):
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY customer, step")).mappings().all()
    engine.dispose()
    return [dict(r) for r in found]


def channel(url, **more):
    return TableChannel(url, "churn_contacts", fields=["email"], now=lambda: NOW, **more)


def test_a_contact_is_one_row_however_often_it_comes(url, contact):
    batch = [
        contact("A", "a", fields={"email": "a@x.example"}, content={"text": "hi"}),
        contact("A", "b", step=1),
    ]
    assert [r.status for r in channel(url).deliver(batch)] == ["sent", "sent"]
    before = rows(url)
    assert [(r["customer"], r["step"], r["key"], r["email"]) for r in before] == [
        ("A", 0, "a", "a@x.example"),
        ("A", 1, "b", None),
    ]
    assert str(before[0]["due"]) == DUE.isoformat()
    assert json.loads(before[0]["content"]) == {"text": "hi"}
    assert [r.status for r in channel(url).deliver([*batch, contact("B", "c")])] == ["sent"] * 3
    assert rows(url)[:2] == before
    assert len(rows(url)) == 3


def test_hostile_texts_are_values(url, contact):
    batch = [contact(c, f"k{i}", fields={"email": "'; DROP TABLE x"}) for i, c in enumerate(HOSTILE)]
    assert {r.status for r in channel(url).deliver(batch)} == {"sent"}
    assert {r["customer"] for r in rows(url)} == set(HOSTILE)


def test_a_text_that_no_database_holds_stops_nobody_else(url, contact):
    batch = [contact("A\0", "a"), contact("B", "b", fields={"email": "\ud800"}), contact("C", "c")]
    assert [r.status for r in channel(url).deliver(batch)] == ["rejected", "rejected", "sent"]


def test_the_contact_of_another_ledger_is_not_taken_for_ours(url, contact):
    channel(url).deliver([contact("A", "other")])
    (result,) = channel(url).deliver([contact("A", "mine")])
    assert result.status == "rejected"
    assert rows(url)[0]["key"] == "other"


def test_two_at_once_make_one_table_and_one_row_each(url, contact):
    batch = [contact(str(i), str(i)) for i in range(50)]
    with ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda part: channel(url).deliver(part), [batch[:40], batch[10:]]):
            assert {r.status for r in results} == {"sent"}
    assert len(rows(url)) == 50


def test_a_table_without_a_field_is_refused_with_what_to_add(url, contact):
    TableChannel(url, "churn_contacts").deliver([contact("A", "a")])
    with pytest.raises(OutputError, match=r'lacks email.*ADD COLUMN "email" TEXT'):
        channel(url).deliver([contact("B", "b")])
    assert len(rows(url)) == 1


def test_a_database_that_is_not_there_is_told_without_its_password(contact):
    broken = TableChannel("postgresql://me:geheim@127.0.0.1:1/shop", "contacts", password="geheim")
    assert "geheim" not in repr(broken)
    with pytest.raises(OutputError, match=r"127.0.0.1:1/shop, table contacts cannot be written") as error:
        broken.deliver([contact("A", "a")])
    assert "geheim" not in str(error.value)


def test_a_relative_file_starts_at_the_policy_s_folder(tmp_path, contact):
    (tmp_path / "sub").mkdir()
    TableChannel("sqlite:///crm.db", "t", folder=tmp_path / "sub").deliver([contact("A", "a")])
    assert (tmp_path / "sub" / "crm.db").is_file()
