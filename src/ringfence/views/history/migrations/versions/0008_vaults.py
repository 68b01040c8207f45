"""Vaults: who paid in, who was paid out, and what they were worth."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def _create_mints() -> None:
    op.create_table(
        "vault_mints",
        sa.Column("account", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("vault", sa.Integer(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=False),
        sa.Column("shares_atoms", sa.BigInteger(), nullable=False),
        sa.Column("value_atoms", sa.BigInteger(), nullable=False),
        sa.Column("supply_atoms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", name="pk_vault_mints"),
        sqlite_with_rowid=False,
    )


def _create_redemptions() -> None:
    op.create_table(
        "vault_redemptions",
        sa.Column("redemption", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("vault", sa.Integer(), nullable=False),
        sa.Column("shares_atoms", sa.BigInteger(), nullable=False),
        sa.Column("requested_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=True),
        sa.Column("value_atoms", sa.BigInteger(), nullable=True),
        sa.Column("supply_atoms", sa.BigInteger(), nullable=True),
        sa.Column("case_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("redemption", name="pk_vault_redemptions"),
    )
    op.create_index("ix_vault_redemptions_account_redemption", "vault_redemptions", ["account", "redemption"])


def _create_values() -> None:
    op.create_table(
        "vault_values",
        sa.Column("vault", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("value_atoms", sa.BigInteger(), nullable=False),
        sa.Column("supply_atoms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vault", "sequence", "event_index", name="pk_vault_values"),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Create the three tables."""
    _create_mints()
    _create_redemptions()
    _create_values()


def downgrade() -> None:
    """Drop them again."""
    for table in ("vault_mints", "vault_redemptions", "vault_values"):
        op.drop_table(table)
