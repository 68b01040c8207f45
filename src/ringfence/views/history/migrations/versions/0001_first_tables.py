"""The first tables of history."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _create_cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("projection", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("projection", name="pk_cursor"),
    )


def _create_deposits() -> None:
    op.create_table(
        "deposits",
        sa.Column("deposit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("amount_atoms", sa.BigInteger(), nullable=False),
        sa.Column("source_number", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("deposit", name="pk_deposits"),
    )
    op.create_index("ix_deposits_account_deposit", "deposits", ["account", "deposit"])


def _create_fills() -> None:
    op.create_table(
        "fills",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_index", sa.Integer(), nullable=False),
        sa.Column("is_maker", sa.Boolean(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("trade", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("price_ticks", sa.BigInteger(), nullable=False),
        sa.Column("quantity_lots", sa.BigInteger(), nullable=False),
        sa.Column("quote_atoms", sa.BigInteger(), nullable=False),
        sa.Column("fee_atoms", sa.BigInteger(), nullable=False),
        sa.Column("fee_asset", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", "is_maker", name="pk_fills"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_fills_order_id", "fills", ["order_id"])


def _create_klines() -> None:
    op.create_table(
        "klines",
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("interval", sa.String(length=8), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("open_ticks", sa.BigInteger(), nullable=False),
        sa.Column("high_ticks", sa.BigInteger(), nullable=False),
        sa.Column("low_ticks", sa.BigInteger(), nullable=False),
        sa.Column("close_ticks", sa.BigInteger(), nullable=False),
        sa.Column("volume_lots", sa.BigInteger(), nullable=False),
        sa.Column("quote_atoms", sa.BigInteger(), nullable=False),
        sa.Column("trades", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "interval", "start_us", name="pk_klines"),
        sqlite_with_rowid=False,
    )


def _create_movements() -> None:
    op.create_table(
        "movements",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_index", sa.Integer(), nullable=False),
        sa.Column("line", sa.SmallInteger(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("delta_atoms", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("account", "sequence", "event_index", "line", name="pk_movements"),
        sqlite_with_rowid=False,
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("price_ticks", sa.BigInteger(), nullable=False),
        sa.Column("quantity_lots", sa.BigInteger(), nullable=False),
        sa.Column("quote_atoms", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("order_type", sa.SmallInteger(), nullable=False),
        sa.Column("time_in_force", sa.SmallInteger(), nullable=False),
        sa.Column("post_only", sa.SmallInteger(), nullable=False),
        sa.Column("self_trade_prevention", sa.SmallInteger(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("executed_lots", sa.BigInteger(), nullable=False),
        sa.Column("executed_quote_atoms", sa.BigInteger(), nullable=False),
        sa.Column("close_reason", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
    )
    op.create_index("ix_orders_account_order_id", "orders", ["account", "order_id"])


def _create_trades() -> None:
    op.create_table(
        "trades",
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("event_index", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("market", sa.Integer(), nullable=False),
        sa.Column("trade", sa.BigInteger(), nullable=False),
        sa.Column("taker_order", sa.BigInteger(), nullable=False),
        sa.Column("maker_order", sa.BigInteger(), nullable=False),
        sa.Column("price_ticks", sa.BigInteger(), nullable=False),
        sa.Column("quantity_lots", sa.BigInteger(), nullable=False),
        sa.Column("quote_atoms", sa.BigInteger(), nullable=False),
        sa.Column("taker_fee_atoms", sa.BigInteger(), nullable=False),
        sa.Column("maker_fee_atoms", sa.BigInteger(), nullable=False),
        sa.Column("maker_account", sa.Integer(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("market", "trade", name="pk_trades"),
    )


def _create_withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("withdrawal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("time_us", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("asset", sa.Integer(), nullable=False),
        sa.Column("reserved_atoms", sa.BigInteger(), nullable=False),
        sa.Column("fee_atoms", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("withdrawal", name="pk_withdrawals"),
        sa.UniqueConstraint("sequence", name="uq_withdrawals_sequence"),
    )
    op.create_index("ix_withdrawals_account_withdrawal", "withdrawals", ["account", "withdrawal"])


def upgrade() -> None:
    """Create the tables of history."""
    _create_cursor()
    _create_deposits()
    _create_fills()
    _create_klines()
    _create_movements()
    _create_orders()
    _create_trades()
    _create_withdrawals()


def downgrade() -> None:
    """Drop the tables of history."""
    op.drop_table("withdrawals")
    op.drop_table("trades")
    op.drop_table("orders")
    op.drop_table("movements")
    op.drop_table("klines")
    op.drop_table("fills")
    op.drop_table("deposits")
    op.drop_table("cursor")
