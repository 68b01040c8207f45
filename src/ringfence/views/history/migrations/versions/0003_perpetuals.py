"""Perpetuals: positions, the funding that they paid, the hours of funding, and what settlements moved."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _create_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("settled_us", sa.BigInteger(), nullable=True),
        sa.Column("net_lots", sa.BigInteger(), nullable=False),
        sa.Column("entry_atoms", sa.BigInteger(), nullable=False),
        sa.Column("realized_atoms", sa.BigInteger(), nullable=False),
        sa.Column("funding_atoms", sa.BigInteger(), nullable=False),
        sa.Column("fees_atoms", sa.BigInteger(), nullable=False),
        sa.Column("reference_atoms", sa.BigInteger(), nullable=False),
        sa.Column("funding_index", sa.BigInteger(), nullable=False),
        sa.Column("settled_atoms", sa.BigInteger(), nullable=False),
        sa.Column("entered_lots", sa.BigInteger(), nullable=False),
        sa.Column("entered_atoms", sa.BigInteger(), nullable=False),
        sa.Column("closed_lots", sa.BigInteger(), nullable=False),
        sa.Column("closed_atoms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_positions"),
    )
    op.create_index("ix_positions_account_position", "positions", ["account", "position"])
    op.create_index("ix_positions_settled_us", "positions", ["settled_us"])


def _create_funding_payments() -> None:
    op.create_table(
        "funding_payments",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_index", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("net_lots", sa.BigInteger(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=False),
        sa.Column("funding_rate_e10", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", name="pk_funding_payments"),
        sqlite_with_rowid=False,
    )


def _create_funding_hours() -> None:
    op.create_table(
        "funding_hours",
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("funding_rate_e10", sa.BigInteger(), nullable=False),
        sa.Column("mark_ticks", sa.BigInteger(), nullable=False),
        sa.Column("funding_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "end_us", name="pk_funding_hours"),
        sqlite_with_rowid=False,
    )


def _create_settlements() -> None:
    op.create_table(
        "settlements",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "market", name="pk_settlements"),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Create the tables of perpetuals."""
    _create_positions()
    _create_funding_payments()
    _create_funding_hours()
    _create_settlements()


def downgrade() -> None:
    """Drop the tables of perpetuals."""
    op.drop_table("settlements")
    op.drop_table("funding_hours")
    op.drop_table("funding_payments")
    op.drop_table("positions")
