"""Triggers that refuse changes of rows, unless an erase is going on in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

_FUNCTION = """
CREATE OR REPLACE FUNCTION ledger_keep() RETURNS trigger AS $$
BEGIN
  IF TG_OP <> 'TRUNCATE' AND EXISTS (SELECT 1 FROM ledger_erasing) THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only: rows are added and never changed', TG_TABLE_NAME;
END $$ LANGUAGE plpgsql
"""


def guard(tables: Sequence[str]) -> None:
    """Make tables append-only; they must not be so yet."""
    lite = op.get_bind().dialect.name == "sqlite"
    if not lite:
        op.execute(_FUNCTION)
    for table in tables:
        if lite:
            for what in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                    "WHEN NOT EXISTS (SELECT 1 FROM ledger_erasing) BEGIN "
                    f"SELECT RAISE(ABORT, '{table} is append-only: rows are added and never changed'); END"
                )
        else:
            op.execute(
                f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION ledger_keep()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_keep()"
            )
