"""The command line, in process, on a small shop in files; results are read back as a script would."""

import json

import pandas as pd
import pytest
import yaml

from churn.__main__ import run


@pytest.fixture(scope="module")
def place(shop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    shop.write(folder / "data")
    config = {
        "name": "shop",
        "timezone": "UTC",
        "sources": {
            **{t: {"path": f"data/{t}.parquet"} for t in ("orders", "returns", "tickets", "interactions")},
            "customers": {
                "path": "data/customers.parquet",
                "segments": ["country", "segment"],
                "contact": ["email"],
            },
        },
        "definition": {"active_days": 120, "horizon_days": 45},
        "training": {"max_snapshots": 4},
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(config))
    return folder


@pytest.fixture(scope="module")
def trained(place):
    assert run(["train", str(place / "shop.yaml"), "--no-track", "--json"]) == 0
    return place


def test_check(place, capsys):
    assert run(["check", str(place / "shop.yaml")]) == 0
    assert "Data check of shop: usable" in capsys.readouterr().out
    assert run(["check", str(place / "shop.yaml"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["usable"]
    assert {t["table"] for t in report["tables"]} == {
        "orders",
        "returns",
        "tickets",
        "interactions",
        "customers",
    }


def test_check_exits_1_when_unusable(tmp_path, capsys):
    (tmp_path / "o.csv").write_text("customer,time,amount\na,never,1\nb,2024-01-01,x\n")
    (tmp_path / "c.yaml").write_text(
        "name: bad\ntimezone: UTC\nsources: {orders: {path: o.csv}}\ndefinition: {active_days: 10, horizon_days: 5}\n"
    )
    assert run(["check", "c.yaml"]) == 1
    out = capsys.readouterr().out
    assert "CANNOT BE USED" in out
    assert '"never"' in out
    assert "`amount` is not a finite number" in out
    assert run(["train", "c.yaml"]) == 1
    err = capsys.readouterr().err
    assert "Run churn check" in err
    assert "Traceback" not in err


def test_the_first_model_that_beats_the_baselines_is_champion(trained, capsys):
    assert (trained / "models" / "shop" / "champion" / "MANIFEST.json").is_file()
    assert not (trained / "models" / "shop" / "challenger").exists()


def test_train_prints_the_verdict_first(trained, capsys):
    assert run(["train", str(trained / "shop.yaml"), "--no-track", "--test-cutoff", "2025-09-01"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The model beats the simple baselines on the held-out cutoff")
    assert "Held-out cutoff 2025-09-01" in out
    assert "Next: churn promote" in out
    assert run(["train", str(trained / "shop.yaml"), "--no-track", "--test-cutoff", "someday"]) == 1
    assert "not a date" in capsys.readouterr().err


def test_score_writes_and_prints(trained, capsys):
    assert run(["score", str(trained / "shop.yaml"), "--as-of", "2025-11-01", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["as_of"] == "2025-11-01"
    assert summary["retention"]["current"]["retention_rate"] > 0.5
    folder = trained / "churn-output" / "shop" / "2025-11-01"
    listed = pd.read_parquet(folder / "at_risk.parquet")
    assert len(listed) == summary["at_risk"]
    assert "email" not in listed.columns
    assert (
        run(["score", str(trained / "shop.yaml"), "--as-of", "2025-11-01", "--top", "5", "--out", "mine"])
        == 0
    )
    out = capsys.readouterr().out
    assert "Retention as of 2025-11-01" in out
    assert "5 of 5 listed" in " ".join(out.split())
    assert len(pd.read_csv("mine/at_risk.csv")) == 5


def test_score_mistakes(trained, capsys, tmp_path):
    config = str(trained / "shop.yaml")
    for arguments, words in (
        (["--threshold", "50"], "--threshold is not a probability"),
        (["--as-of", "2035-01-01"], "lies after the end of the data"),
        (["--model", str(tmp_path)], "There is no model in"),
    ):
        assert run(["score", config, *arguments]) == 1
        assert words in " ".join(capsys.readouterr().err.split())


def test_score_writes_to_outputs_and_a_second_time_changes_nothing(trained, capsys):
    config = trained / "outputs.yaml"
    config.write_text(
        (trained / "shop.yaml").read_text()
        + "output: out\noutputs: [{to: duckdb}, {to: jsonl, place: exports}]\n"
    )
    arguments = ["score", str(config), "--as-of", "2025-11-01"]
    assert run(arguments) == 0
    out = " ".join(capsys.readouterr().out.split())
    folder = trained / "out" / "shop" / "2025-11-01"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    n = len(pd.read_parquet(folder / "scores.parquet"))
    assert "scores.duckdb, table churn_scores, run 2025-11-01-" in out
    assert out.count(f"{n:,} rows inserted, 0 updated, 0 unchanged") == 3
    assert run([*arguments, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["outputs"]
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert [w["to"] for w in again] == ["record", "duckdb", "jsonl"]
    assert {(w["inserted"], w["unchanged"]) for w in again} == {(0, n)}
    assert run([*arguments, "--to", "csv:mine", "--no-record", "--json"]) == 0
    (written,) = json.loads(capsys.readouterr().out)["outputs"]
    assert pd.read_csv(f"mine/scores/{written['run']}.csv").shape[0] == n
    assert run([*arguments, "--to", "jsno"]) == 1
    assert "Did you mean --to jsonl?" in " ".join(capsys.readouterr().err.split())


def test_score_without_a_model_says_how_to_get_one(place, capsys, tmp_path):
    other = place / "other.yaml"
    other.write_text((place / "shop.yaml").read_text().replace("name: shop", "name: other"))
    assert run(["score", str(other)]) == 1
    assert "Train one first with churn train CONFIG" in " ".join(capsys.readouterr().err.split())


def test_score_with_another_definition_is_refused(trained, capsys):
    other = trained / "changed.yaml"
    other.write_text((trained / "shop.yaml").read_text().replace("horizon_days: 45", "horizon_days: 30"))
    assert run(["score", str(other)]) == 1
    assert "another definition of churn" in " ".join(capsys.readouterr().err.split())


def test_challenger_is_used_with_a_warning_where_there_is_no_champion(trained, capsys, model, tmp_path):
    import dataclasses

    only = trained / "only.yaml"
    only.write_text((trained / "shop.yaml").read_text().replace("name: shop", "name: only"))
    dataclasses.replace(model, beats_baselines=False).save(trained / "models" / "only" / "challenger")
    assert run(["score", str(only), "--out", str(tmp_path / "o")]) == 0
    assert capsys.readouterr().out.startswith("! This model does not beat the simple baselines")


def test_retention_from_counts(capsys):
    assert run(["retention", "--start", "1000", "--end", "900", "--new", "200"]) == 0
    out = capsys.readouterr().out
    assert "70.0 %" in out
    assert "30.0 %" in out
    assert run(["retention", "--start", "1000", "--end", "900", "--new", "200", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["retention_rate"] == 0.7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start", "0", "--end", "0", "--new", "0"], "no retention rate when nobody was there"),
        (["--start", "10", "--end", "5", "--new", "6"], "N cannot exceed E"),
        (["--start", "10", "--end", "50", "--new", "6"], "More customers would be retained"),
        (["--start", "-1", "--end", "5", "--new", "0"], "not a count of customers"),
        (["--start", "10"], "all of --start, --end and --new"),
        ([], "either a CONFIG"),
        (["x.yaml", "--start", "10"], "not both"),
    ],
)
def test_retention_mistakes(arguments, words, capsys):
    assert run(["retention", *arguments]) == 1
    assert words in " ".join(capsys.readouterr().err.split())


def test_retention_series(place, capsys):
    assert run(["retention", str(place / "shop.yaml"), "--every", "quarter", "--json"]) == 0
    series = json.loads(capsys.readouterr().out)
    for p in series["periods"]:
        assert p["S"] - p["lost"] + p["new"] + p["reactivated"] == p["E"]
    assert [a["E"] for a in series["periods"][:-1]] == [b["S"] for b in series["periods"][1:]]
    assert run(["retention", str(place / "shop.yaml"), "--every", "month"]) == 0
    assert "█" in capsys.readouterr().out


def test_features(place, capsys):
    assert run(["features", "--json"]) == 0
    everything = json.loads(capsys.readouterr().out)
    assert len(everything) >= 60
    assert all(f["meaning"] for f in everything)
    assert run(["features", str(place / "shop.yaml"), "--family", "service"]) == 0
    out = capsys.readouterr().out
    assert "ignored_complaints_count" in out
    assert "recency_days  (" not in out.replace("ticket_recency_days", "").replace(
        "complaint_recency_days", ""
    )
    assert run(["features", "--family", "magic"]) == 1
    assert "rhythm" in capsys.readouterr().err


def test_a_run_that_cannot_be_tracked_leaves_the_model(place, capsys, monkeypatch, tmp_path):
    other = place / "untracked.yaml"
    other.write_text((place / "shop.yaml").read_text().replace("name: shop", "name: untracked"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nowhere/mlflow.db")
    assert run(["train", str(other)]) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "The model is saved to" in err
    assert "was not tracked" in err
    assert (place / "models" / "untracked" / "champion" / "MANIFEST.json").is_file()


def test_score_never_deletes_other_files(trained, capsys, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "precious.txt").write_text("mine")
    assert run(["score", str(trained / "shop.yaml"), "--out", str(full)]) == 1
    assert "it also holds precious.txt" in " ".join(capsys.readouterr().err.split())
    assert (full / "precious.txt").is_file()


# -- the saved log --------------------------------------------------------------------------------------


def test_ingest_then_train_from_the_saved_log(place, capsys):
    config = place / "saved.yaml"
    config.write_text((place / "shop.yaml").read_text() + "log: {path: saved-log}\n")
    assert run(["retention", str(config)]) == 1
    assert "There is no saved log in" in capsys.readouterr().err
    assert run(["ingest", str(config)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Read 5 files in ")
    assert "The log in" in out
    assert run(["ingest", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert run(["ingest", str(config), "--rebuild", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tables"]["orders"]["read"] > 0
    results = []
    for file in (place / "shop.yaml", config):
        assert run(["retention", str(file), "--json"]) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert results[0] == results[1]


def test_ingest_without_a_folder_says_what_to_set(place, capsys):
    assert run(["ingest", str(place / "shop.yaml")]) == 1
    assert "Set log.path" in capsys.readouterr().err
