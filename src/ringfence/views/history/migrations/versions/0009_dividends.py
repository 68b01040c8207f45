"""Dividends: who was paid what, less which tax, and who paid one for shares that he was short of."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "dividends",
        sa.Column("account", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("entitled_atoms", sa.BigInteger(), nullable=False),
        sa.Column("gross_atoms", sa.BigInteger(), nullable=False),
        sa.Column("manufactured_atoms", sa.BigInteger(), nullable=False),
        sa.Column("tax_atoms", sa.BigInteger(), nullable=False),
        sa.Column("left_atoms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", name="pk_dividends"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_dividends_action", "dividends", ["action", "account"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("dividends")
