"""Loans: positions, their movements and interest, and the hours of the pools."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _create_loans() -> None:
    op.create_table(
        "loans",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("opened_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=False),
        sa.Column("quantity_atoms", sa.BigInteger(), nullable=False),
        sa.Column("interest_atoms", sa.BigInteger(), nullable=False),
        sa.Column("unpaid_atoms", sa.BigInteger(), nullable=False),
        sa.Column("rate_hours", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_loans"),
    )
    op.create_index("ix_loans_account_position", "loans", ["account", "position"])
    op.create_index("ix_loans_closed_us", "loans", ["closed_us"])


def _create_loan_movements() -> None:
    op.create_table(
        "loan_movements",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_index", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("cause", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=False),
        sa.Column("quantity_atoms", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", name="pk_loan_movements"),
        sqlite_with_rowid=False,
    )


def _create_interest_payments() -> None:
    op.create_table(
        "interest_payments",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_index", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=False),
        sa.Column("rate_e8", sa.BigInteger(), nullable=False),
        sa.Column("interval_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", name="pk_interest_payments"),
        sqlite_with_rowid=False,
    )


def _create_lending_hours() -> None:
    op.create_table(
        "lending_hours",
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("lent_atoms", sa.BigInteger(), nullable=False),
        sa.Column("debt_atoms", sa.BigInteger(), nullable=False),
        sa.Column("lent_index", sa.BigInteger(), nullable=False),
        sa.Column("debt_index", sa.BigInteger(), nullable=False),
        sa.Column("borrow_rate_e8", sa.BigInteger(), nullable=False),
        sa.Column("lend_rate_e8", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "time_us", name="pk_lending_hours"),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Create the tables of loans."""
    _create_loans()
    _create_loan_movements()
    _create_interest_payments()
    _create_lending_hours()


def downgrade() -> None:
    """Drop the tables of loans."""
    op.drop_table("lending_hours")
    op.drop_table("interest_payments")
    op.drop_table("loan_movements")
    op.drop_table("loans")
