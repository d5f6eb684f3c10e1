"""Erasing everywhere: nights, record, outputs, plans, ledger; a killed one is finished by the next."""

from __future__ import annotations

import shutil

import pyarrow as pa
import pytest
import sqlalchemy as sa

import churn
import churn.scoring.erase
from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import make_policy
from churn.config import make_config
from churn.errors import ParameterError
from churn.scoring.deliver import _write
from churn.scoring.outputs.rows import RUN_COLUMNS, NightRows
from churn.scoring.record import keep_run
from tests.campaigns.ledger.conftest import CALL, MAILS, SmallPlan, small_plan

IDS = [f"C{n:04d}" for n in range(30)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A night's files, the record, and outputs of every format."""
    folder = tmp_path_factory.mktemp("erase")
    settings = config_of(folder)
    scores = pa.table({"run": ["r"] * 30, "customer": IDS, "p": [0.5] * 30})
    night = NightRows("r", scores, dict.fromkeys(RUN_COLUMNS) | {"run": "r"})
    keep_run(night, settings)
    for target in settings.outputs:
        _write(night, settings, target)
    place = settings.place(settings.output) / "shop" / "2026-01-01"
    place.mkdir()
    frame = scores.to_pandas()
    frame.to_parquet(place / "scores.parquet", index=False)
    frame.to_csv(place / "at_risk.csv", index=False)
    for name in ("model.json", "report.html", "digest.md"):
        (place / name).write_text(frame[["customer"]].to_json(orient="records"))
    return folder, IDS[:9]


def config_of(folder):
    kinds = [
        {"to": "csv"},
        {"to": "parquet"},
        {"to": "jsonl"},
        {"to": "duckdb"},
        {"to": "sql", "url": "sqlite:///s.db"},
    ]
    settings = {
        "name": "shop",
        "sources": {"orders": {"path": "o.csv"}},
        "definition": {"active_days": 120, "horizon_days": 45},
        "outputs": kinds,
    }
    return make_config(settings, folder=folder)


@pytest.fixture
def place(written, tmp_path):
    folder, ids = written
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    policy = make_policy(
        {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [CALL, MAILS]},
        folder=tmp_path,
    )
    plan = small_plan(customers=ids)
    with open_ledger(policy) as ledger:
        ledger.approve(SmallPlan(policy, plan.customers))
    made = tmp_path / "plans" / "winter"
    made.mkdir(parents=True)
    plan.customers.to_parquet(made / "customers.parquet")
    return tmp_path, config_of(tmp_path), policy, ids


def holding(folder, who):
    """Return the files in which the bytes of an id are."""
    return sorted(
        str(f.relative_to(folder))
        for f in folder.rglob("*")
        if f.is_file() and who.encode() in f.read_bytes()
    )


def test_the_first_call_only_counts(place):
    folder, settings, policy, ids = place
    before = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    told = churn.erase(settings, ids[:1], policy=policy)
    assert before == {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    assert not told.done
    assert "would be erased. Nothing is changed yet" in told.render()
    assert ids[0] not in told.render() + str(told.to_dict())
    what = " ".join(p["what"] + " " + p["place"] for p in told.places)
    for part in (
        "3 files, 2 pages to remove",
        "record",
        "scores-csv",
        "scores.duckdb, table",
        "s.db, table",
        "ledger",
        "winter",
    ):
        assert part in what
    assert any("cannot" not in n and "delete the customers there" in n for n in told.notes)


def test_the_id_is_in_no_file_afterwards_and_others_are(place):
    folder, settings, policy, ids = place
    assert len(holding(folder, ids[0])) >= 10
    others = [f for f in holding(folder, ids[1]) if not f.endswith((".html", ".md"))]
    told = churn.erase(settings, ids[:1], policy=policy, by="Ann", yes=True)
    assert told.done
    left = [f for f in holding(folder, ids[0]) if not f.endswith(".duckdb")]  # which frees its blocks later
    assert left == []
    assert [f for f in others if f not in holding(folder, ids[1])] == []
    engine = sa.create_engine(f"sqlite:///{folder}/s.db", poolclass=sa.NullPool)
    with engine.connect() as c:
        rows = c.exec_driver_sql("SELECT customer FROM churn_scores").scalars().all()
    engine.dispose()
    assert ids[0] not in rows
    assert ids[1] in rows
    again = churn.erase(settings, ids[:1], policy=policy, yes=True)
    assert again.places == ()
    with open_ledger(policy) as ledger:
        assert [e["done_by"] for e in ledger.erasures()] == ["Ann"]
        assert ledger.suppressed(ids)["customer"].tolist() == ids[:1]
        assert len(ledger.assignments("winter")) == 8


def test_killed_at_any_file_the_next_call_finishes(place, monkeypatch):
    folder, settings, policy, ids = place
    real, count = churn.scoring.erase.without, [0]

    def dying(file, customers, *, yes):
        count[0] += yes
        if yes and count[0] == 3:
            raise KeyboardInterrupt
        return real(file, customers, yes=yes)

    monkeypatch.setattr(churn.scoring.erase, "without", dying)
    with pytest.raises(KeyboardInterrupt):
        churn.erase(settings, ids[:1], policy=policy, yes=True)
    monkeypatch.undo()
    assert holding(folder, ids[0])
    churn.erase(settings, ids[:1], policy=policy, yes=True)
    assert [f for f in holding(folder, ids[0]) if not f.endswith(".duckdb")] == []


def test_integers_and_mistakes(place):
    _, settings, policy, _ = place
    assert churn.erase(settings, [123456, "123456"]).customers == 1
    for wrong in ({"customers": []}, {"customers": ["C1"], "policy": policy, "ledger": "sqlite:///a.db"}):
        with pytest.raises(ParameterError):
            churn.erase(settings, **wrong)
