"""The bundle as MLflow sees it: loaded by MLflow itself, and served by its real server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churn.errors import ModelError
from churn.features.compute import feature_matrix
from churn.model.bundle import load_model
from churn.model.pyfunc import RowModel


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return model.save(tmp_path_factory.mktemp("models") / "champion")


@pytest.fixture(scope="module")
def rows(history, definition, model):
    view = history.as_of(definition.last_mature_cutoff(history))
    X = feature_matrix(view, definition.population(view)[:200], model.signals)
    return pd.DataFrame(X, columns=list(model.signal_names))


@pytest.fixture(scope="module")
def as_text(rows, model):
    out = rows.copy()
    for s in model.signals:
        if s.categories:
            out[s.name] = [None if np.isnan(v) else s.categories[int(v)] for v in rows[s.name]]
    return out


@pytest.fixture(scope="module")
def row_model(folder):
    return RowModel(load_model(folder))


def test_it_scores_bit_for_bit_as_the_model(row_model, rows, model):
    out = row_model.predict(rows)
    assert list(out.columns) == ["churn_probability", "log_odds"]
    assert np.array_equal(out["churn_probability"], model.predict(rows.to_numpy()))
    assert np.array_equal(out["log_odds"], model.predictor.log_odds(rows.to_numpy()))


def test_categories_are_taken_as_text_too_and_columns_in_any_order(row_model, rows, as_text):
    mixed = as_text[list(as_text.columns)[::-1]].assign(customer="C1")
    pd.testing.assert_frame_equal(row_model.predict(mixed), row_model.predict(rows))


def test_text_that_was_never_seen_is_unknown(row_model, as_text, model):
    name = next(s.name for s in model.signals if s.categories)
    never, unknown = as_text.assign(**{name: "never seen"}), as_text.assign(**{name: None})
    pd.testing.assert_frame_equal(row_model.predict(never), row_model.predict(unknown))


def test_whole_numbers_and_missing_values_of_any_kind_are_taken(row_model, rows):
    whole = rows.iloc[:3].fillna(0).round().astype("int64")
    categories = {f["name"] for f in row_model.model.signal_facts if f["categories"]}
    whole = whole.assign(**dict.fromkeys(categories, pd.NA))
    assert len(row_model.predict(whole.astype(object))) == 3
    assert np.isfinite(row_model.predict(whole)["log_odds"]).all()


def test_the_index_of_the_rows_stays_and_no_rows_are_no_error(row_model, rows):
    assert list(row_model.predict(rows.set_index(rows.index + 100)).index) == [i + 100 for i in rows.index]
    assert len(row_model.predict(rows.iloc[:0])) == 0


def test_a_shift_moves_the_log_odds(row_model, rows, model):
    out = row_model.predict(rows, {"shift": 0.25})
    assert np.array_equal(out["churn_probability"], model.predict(rows.to_numpy(), shift=0.25))
    moved = out["log_odds"] - row_model.predict(rows)["log_odds"]
    assert moved.to_numpy() == pytest.approx(0.25)


def test_missing_columns_are_told(row_model, rows):
    with pytest.raises(
        ModelError, match=r"lack 2 of the model's \d+ signals.*no .*recency_days.*Give every signal"
    ) as e:
        row_model.predict(rows.drop(columns=["recency_days", "orders_count"]))
    assert e.value.code == "feature-rows"


def test_values_that_are_none_are_told(row_model, rows, model):
    name = next(s.name for s in model.signals if s.categories)
    for column, value, words in (
        ("recency_days", "long ago", "'long ago'"),
        ("recency_days", float("inf"), "finite number"),
        (name, 99, "a position from 0"),
        (name, 0.5, "a position from 0"),
    ):
        wrong = rows.iloc[:2].astype(object).assign(**{column: [value, None]})
        with pytest.raises(ModelError, match=rf"{column} holds what cannot be used.*{words}"):
            row_model.predict(wrong)
    with pytest.raises(ModelError, match=r"as a table.*ndarray"):
        row_model.predict(rows.to_numpy())


def test_a_signal_made_in_python_needs_no_code_to_be_served(history, definition, tmp_path):
    import churn

    @churn.signal("halved", tables=["orders"], meaning="half of what was spent")
    def own(orders, as_of):
        return orders.groupby("customer")["amount"].sum() / 2

    settings = churn.TrainingSettings(max_snapshots=3, threads=1)
    model = churn.train(history, definition, own=[own], settings=settings, track=False).model
    served = RowModel(load_model(model.save(tmp_path / "m")))
    rows = pd.DataFrame([[1.0] * len(model.signal_names)], columns=list(model.signal_names))
    for f in served.model.signal_facts:
        if f["categories"]:
            rows[f["name"]] = f["categories"][0]
    assert 0 < served.predict(rows)["churn_probability"][0] < 1
    with pytest.raises(ModelError, match=r"made in Python.*own="):
        _ = served.model.signals


@pytest.mark.filterwarnings("ignore")
def test_mlflow_loads_it_and_its_columns(folder, rows, as_text, model):
    import mlflow

    loaded = mlflow.pyfunc.load_model(str(folder))
    assert loaded.metadata.signature.inputs.input_names() == list(model.signal_names)
    assert np.array_equal(loaded.predict(rows)["churn_probability"], model.predict(rows.to_numpy()))
    assert np.array_equal(loaded.predict(as_text)["churn_probability"], model.predict(rows.to_numpy()))
    moved = loaded.predict(rows, params={"shift": 0.5})["log_odds"]
    assert np.array_equal(moved, model.predictor.log_odds(rows.to_numpy()) + 0.5)
    with pytest.raises(mlflow.exceptions.MlflowException, match="recency_days"):
        loaded.predict(rows.drop(columns="recency_days"))


@pytest.mark.filterwarnings("ignore")
def test_mlflow_refuses_a_tampered_one(folder, tmp_path):
    import shutil

    import mlflow

    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    text = (copy / "MLmodel").read_text()
    (copy / "MLmodel").write_text(text + "\n")
    with pytest.raises(ModelError, match="damaged: MLmodel"):
        mlflow.pyfunc.load_model(str(copy))


# -- the server ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(folder):
    """`mlflow models serve` on a free port of this machine, ended by its process group."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    environment["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        str(folder),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    log = folder.parent / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--env-manager", "local"],
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{url}/ping", timeout=5):
                    break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")
                time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def ask(url, body):
    request = urllib.request.Request(
        f"{url}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["predictions"]


@pytest.mark.serve
def test_the_server_answers_for_feature_rows_bit_for_bit(server, folder, rows, as_text, model):
    example = json.loads((folder / "serving_input_example.json").read_text())
    assert 0 < ask(server, example)[0]["churn_probability"] < 1
    asked = as_text.astype(object).where(as_text.notna(), None)
    split = {"columns": list(asked.columns), "data": asked.to_numpy().tolist()}
    answers = ask(server, {"dataframe_split": split})
    assert [a["churn_probability"] for a in answers] == model.predict(rows.to_numpy()).tolist()
    shifted = ask(server, {"dataframe_split": {**split, "data": split["data"][:1]}, "params": {"shift": 0.5}})
    assert shifted[0]["log_odds"] == pytest.approx(answers[0]["log_odds"] + 0.5)


@pytest.mark.serve
def test_the_server_says_what_is_missing(server, as_text):
    asked = as_text.astype(object).where(as_text.notna(), None)
    for column in ("recency_days", "segment:country"):
        short = asked.drop(columns=column)
        with pytest.raises(urllib.error.HTTPError, match="400") as e:
            ask(
                server,
                {"dataframe_split": {"columns": list(short.columns), "data": short.to_numpy()[:1].tolist()}},
            )
        told = e.value.read().decode()
        assert column in told
        assert "missing inputs" in told or "Give every signal" in told
