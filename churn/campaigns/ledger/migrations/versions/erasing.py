"""What an erase leaves: that it was done, and a keyed hash by which an erased customer is not contacted again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from churn.campaigns.ledger.migrations.guards import guard

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables of an erase."""
    op.create_table(
        "ledger_erasures",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
    )
    op.create_table(
        "ledger_erased",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ledger_erased_hash", "ledger_erased", ["hash"])
    op.create_table(
        "ledger_settings",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    guard(["ledger_erasures", "ledger_erased", "ledger_settings"])
