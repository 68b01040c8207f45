"""Orders that the venue placed for an account: what they are, nothing for those of the account itself."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what kind of order of the venue an order is."""
    op.add_column("orders", sa.Column("system_order_type", sa.String(32), nullable=True))


def downgrade() -> None:
    """Forget it again."""
    op.drop_column("orders", "system_order_type")
