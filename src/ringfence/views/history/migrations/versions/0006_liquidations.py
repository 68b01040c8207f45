"""Liquidations: what a position paid and left to others in one, and fills that no order stands behind."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

SUMS = ("liquidated_lots", "liquidation_fees_atoms", "written_off_atoms")


def upgrade() -> None:
    """Add the columns, at nothing for all that was before."""
    for name in SUMS:
        op.add_column("positions", sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    in_case = sa.Column("in_case", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("settlements", in_case)
    op.add_column("fills", sa.Column("system_order_type", sa.String(32), nullable=True))


def downgrade() -> None:
    """Forget them again."""
    op.drop_column("fills", "system_order_type")
    op.drop_column("settlements", "in_case")
    for name in SUMS:
        op.drop_column("positions", name)
