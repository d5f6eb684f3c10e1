import datetime as dt
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest
import sqlalchemy as sa

from churn.errors import OutputError
from churn.scoring.outputs.rows import NightRows
from churn.scoring.outputs.sql import write_sql

# Writes a pickled night; says when rows are on their way, and waits there when it is asked to.
_WRITER = """
import pickle, sys, time
from churn.progress import listening
from churn.scoring.outputs.sql import write_sql
night = pickle.load(open(sys.argv[1], "rb"))
def told(what, done, total):
    if done and sys.argv[3] == "wait":
        print("on the way", flush=True)
        time.sleep(60)
with listening(told):
    print(write_sql(night, sys.argv[2], "churn_scores"), flush=True)
"""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    return (
        f"sqlite:///{tmp_path}/scores.db"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres")
    )


def content(url, table="churn_scores", order="customer"):
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY {order}")).mappings().all()
    engine.dispose()
    return [dict(r) for r in rows]


def start(tmp_path, night, url, how):
    import pickle

    (tmp_path / "night.pickle").write_bytes(pickle.dumps(night))
    arguments = [sys.executable, "-c", _WRITER, str(tmp_path / "night.pickle"), url, how]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_a_second_run_changes_nothing_and_another_value_is_updated(url, night, other_night):
    n = len(night.scores)
    first = write_sql(night, url, "churn_scores")
    assert (first.inserted, first.updated, first.unchanged) == (n, 0, 0)
    before, runs = content(url), content(url, "churn_scores_runs", "run")
    again = write_sql(night, url, "churn_scores")
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, n)
    assert content(url) == before
    assert content(url, "churn_scores_runs", "run") == runs
    changed = write_sql(other_night, url, "churn_scores")
    assert (changed.inserted, changed.updated, changed.unchanged) == (0, 1, n - 1)
    assert content(url)[0]["churn_probability"] == 0.123
    assert content(url)[1:] == before[1:]


def test_values_come_back_as_they_are(url, night):
    write_sql(night, url, "churn_scores")
    read = content(url)
    wanted = night.scores.to_pylist()
    if url.startswith("sqlite"):  # which has no type for dates
        for row in wanted:
            row |= {k: str(v) for k, v in row.items() if isinstance(v, dt.date)}
    assert read == wanted
    assert any(r["rank"] is None and r["reason_1"] is None for r in read)
    run = content(url, "churn_scores_runs", "run")[0]
    assert run["number"] == 1
    assert run["s"] - run["lost"] + run["new_customers"] + run["reactivated"] == run["e"]


def test_odd_texts_and_integer_ids(url):
    texts = ['a "quoted", one', "two\nlines", "back\\slash", "\\N", "Ünïcode ✓", None]
    table = pa.table(
        {
            "run": ["r"] * 6,
            "customer": pa.array(range(6), pa.int64()),
            "text": pa.array(texts, pa.string()),
            "flag": pa.array([True, False, None, True, False, None]),
            "number": pa.array([1e-300, -0.1, None, 1e300, 0.1 + 0.2, 5.0]),
        }
    )
    night = NightRows("r", table, _facts("r"))
    write_sql(night, url, "odd")
    read = content(url, "odd")
    assert [r["text"] for r in read] == texts
    assert [r["number"] for r in read] == table["number"].to_pylist()
    assert [None if r["flag"] is None else bool(r["flag"]) for r in read] == table["flag"].to_pylist()
    assert [type(r["customer"]) for r in read] == [int] * 6


def test_another_run_stands_beside_the_first_and_has_the_next_number(url, night):
    write_sql(night, url, "churn_scores")
    other = NightRows(
        "2026-01-01-x",
        night.scores.set_column(0, "run", pa.array(["2026-01-01-x"] * len(night.scores))),
        _facts("2026-01-01-x"),
    )
    assert write_sql(other, url, "churn_scores").inserted == len(night.scores)
    assert write_sql(night, url, "churn_scores").unchanged == len(night.scores)
    assert [r["number"] for r in content(url, "churn_scores_runs", "number")] == [1, 2]
    assert len(content(url)) == 2 * len(night.scores)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns(["risk_band"]), "it has risk_band, which these scores do not have"),
        (
            lambda t: t.append_column("mood", pa.array(["good"] * len(t))),
            'it lacks mood.*ALTER TABLE churn_scores ADD COLUMN "mood" TEXT',
        ),
        (
            lambda t: t.set_column(2, "customer", pa.array(range(len(t)), pa.int64())),
            "customer holds text and would have to hold integer",
        ),
    ],
)
def test_a_table_with_other_columns_is_left_alone(url, night, change, words):
    write_sql(night, url, "churn_scores")
    before = content(url)
    with pytest.raises(OutputError, match=words) as told:
        write_sql(NightRows(night.run, change(night.scores), night.facts), url, "churn_scores")
    assert "Name a new table" in str(told.value)
    assert content(url) == before


def test_a_table_of_somebody_else_is_left_alone(url, night):
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE churn_scores (run TEXT, customer TEXT)"))
    with pytest.raises(OutputError, match=r"it lacks as_of.*its primary key is \(none\)"):
        write_sql(night, url, "churn_scores")
    assert content(url) == []


def test_a_killed_run_leaves_nothing_half(url, night, other_night, tmp_path):
    def killed(what):
        process = start(tmp_path, what, url, "wait")
        assert process.stdout.readline() == "on the way\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()

    killed(night)
    assert not _tables(url)
    write_sql(night, url, "churn_scores")
    before = content(url)
    killed(other_night)
    assert content(url) == before
    assert write_sql(night, url, "churn_scores").unchanged == len(night.scores)  # nobody holds a lock


def test_two_at_once_do_not_double(url, night, tmp_path):
    both = [start(tmp_path, night, url, "go") for _ in range(2)]
    told = sorted(p.communicate(timeout=60)[0] for p in both)
    assert [p.returncode for p in both] == [0, 0]
    n = len(night.scores)
    assert f": 0 rows inserted, 0 updated, {n:,} unchanged" in told[0]
    assert f": {n:,} rows inserted, 0 updated, 0 unchanged" in told[1]
    assert content(url) == sorted(content(url), key=lambda r: r["customer"])
    assert len(content(url)) == n


@pytest.mark.postgres
def test_a_table_in_a_schema(postgres, night):
    with pytest.raises(OutputError, match='The database says: schema "marketing" does not exist') as told:
        write_sql(night, postgres, "marketing.scores")
    assert "nothing has been changed" in str(told.value)
    engine = sa.create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA IF EXISTS marketing CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA marketing"))
    assert write_sql(night, postgres, "marketing.scores").inserted == len(night.scores)
    assert write_sql(night, postgres, "marketing.scores").unchanged == len(night.scores)
    assert len(content(postgres, "marketing.scores_runs", "run")) == 1


@pytest.mark.postgres
def test_who_may_not_make_tables_may_write_to_them(postgres, night):
    write_sql(night, postgres, "churn_scores")
    engine = sa.create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE ROLE nightly LOGIN"))
        connection.execute(sa.text("GRANT USAGE ON SCHEMA public TO nightly"))
    limited = postgres.replace("postgres:@", "nightly:@")
    try:
        with pytest.raises(OutputError, match="The database says: permission denied for table churn_scores"):
            write_sql(night, limited, "churn_scores")
        with engine.begin() as connection:
            connection.execute(
                sa.text("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO nightly")
            )
        assert write_sql(night, limited, "churn_scores").unchanged == len(night.scores)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("DROP OWNED BY nightly"))
            connection.execute(sa.text("DROP ROLE nightly"))


@pytest.mark.postgres
def test_types_in_postgresql(postgres, night):
    write_sql(night, postgres, "churn_scores")
    engine = sa.create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    types = {c["name"]: str(c["type"]) for c in sa.inspect(engine).get_columns("churn_scores")}
    wanted = {
        "customer": "TEXT",
        "rank": "BIGINT",
        "last_order": "DATE",
        "churn_probability": "DOUBLE PRECISION",
    }
    assert {k: types[k] for k in wanted} == wanted
    assert sa.inspect(engine).get_pk_constraint("churn_scores")["constrained_columns"] == ["run", "customer"]


def test_passwords_are_never_shown(night):
    for url, password in (
        ("postgresql://me:s3cr%40t@127.0.0.1:1/shop", None),
        ("postgresql://me@127.0.0.1:1/shop", "s3cr@t"),
    ):
        with pytest.raises(OutputError) as told:
            write_sql(night, url, "churn_scores", password=password)
        assert told.value.what.startswith(
            "postgresql://127.0.0.1:1/shop, table churn_scores cannot be written to"
        )
        assert not {"s3cr@t", "s3cr%40t", "me:"} & set(str(told.value).split())
        assert "s3cr" not in str(told.value)
        assert told.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url with secret", "is not a database URL"),
        ("postgresql://me:sec/ret@host:secret/shop", "is not a database URL"),
        ("mysql://me:secret@host/shop", "Given: mysql. Allowed: postgresql"),
        ("postgresql+asyncpg://me:secret@host/shop", r"Given: postgresql\+asyncpg"),
        ("sqlite://", "in memory would be gone"),
    ],
)
def test_urls_that_cannot_be_used(night, url, words):
    with pytest.raises(OutputError, match=words) as told:
        write_sql(night, url, "churn_scores")
    assert "secret" not in str(told.value)


def test_a_missing_driver_names_the_extra(night, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        OutputError, match=r'needs the package psycopg.*pip install "churn-signals\[postgres\]"'
    ):
        write_sql(night, "postgresql://me@127.0.0.1:1/shop", "churn_scores")


def test_a_file_that_is_no_database(night, tmp_path):
    (tmp_path / "notes.db").write_text("not a database at all" * 100)
    with pytest.raises(OutputError, match=r"cannot be written to. The database says: file is not a database"):
        write_sql(night, "sqlite:///notes.db", "churn_scores", folder=tmp_path)


def _facts(run):
    from churn.scoring.outputs.rows import RUN_COLUMNS

    return dict.fromkeys(RUN_COLUMNS) | {"run": run}


def _tables(url):
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    time.sleep(0.2)  # the server notices that the process is gone
    names = sa.inspect(engine).get_table_names()
    engine.dispose()
    return names
