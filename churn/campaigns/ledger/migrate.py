"""The ledger's tables are brought to the form that this program needs, with their rows kept."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from churn.campaigns.ledger.schema import HEAD, KNOWN, VERSION_TABLE
from churn.errors import OutputError

_LOCK = "churn ledger"


def lock(connection: sa.Connection) -> None:
    """Wait until nobody else writes to the ledger; the end of the transaction lets go.

    SQLite has one writer at a time anyway. On PostgreSQL a lock of the whole ledger makes it the same: what a
    transaction reads after this call is what all others have written.
    """
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (_LOCK,))


def version_of(connection: sa.Connection) -> str | None:
    """Return the version of the tables that are there, or none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def check_version(version: str | None, where: str) -> bool:
    """Return whether the tables are as this program needs them.

    Raises
    ------
    OutputError
        A newer program has changed them.
    """
    if version is not None and version not in KNOWN:
        raise OutputError(
            f"The ledger {where} was made by a newer version of churn",
            given=f"its tables are of version {version}",
            allowed=f"up to {HEAD}",
            fix="Install that version here too; nothing has been changed.",
            code="newer-ledger",
        )
    return version == HEAD


def migrate(connection: sa.Connection, where: str, target: str = "head") -> None:
    """Bring the tables to the form this program needs, within a writing transaction; another process waits.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a transaction that writes.
    where : str
        The ledger as it may be shown.
    target : str, default "head"
        The version to go to.
    """
    lock(connection)
    if check_version(version_of(connection), where):
        return
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(config, script, fn=lambda rev, _: script._upgrade_revs(target, rev)) as steps:
        steps.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=True)
        steps.run_migrations()
