"""Triggers: what an order waits for, what it is attached to, and when its price came.

What is attached has numbers far above those of other orders, so that orders are listed by their time from here on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table of triggers, and the index by time."""
    op.create_table(
        "triggers",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent", sa.BigInteger(), nullable=False),
        sa.Column("trigger_ticks", sa.BigInteger(), nullable=False),
        sa.Column("trigger_by", sa.SmallInteger(), nullable=False),
        sa.Column("limit_ticks", sa.BigInteger(), nullable=False),
        sa.Column("trigger_lots", sa.BigInteger(), nullable=False),
        sa.Column("trigger_percent", sa.SmallInteger(), nullable=False),
        sa.Column("triggered_us", sa.BigInteger(), nullable=True),
        sa.Column("reject", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("order_id", name="pk_triggers"),
        sqlite_with_rowid=False,
    )
    op.drop_index("ix_orders_account_order_id", "orders")
    op.create_index("ix_orders_account_created_us_order_id", "orders", ["account", "created_us", "order_id"])


def downgrade() -> None:
    """Drop the table of triggers, and list orders by their numbers again."""
    op.drop_index("ix_orders_account_created_us_order_id", "orders")
    op.create_index("ix_orders_account_order_id", "orders", ["account", "order_id"])
    op.drop_table("triggers")
