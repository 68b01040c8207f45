"""The first tables of identities."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("user", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("public", sa.String(length=44), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=64), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("revoked_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user"], ["users.user"], name="fk_api_keys_user"),
        sa.PrimaryKeyConstraint("public", name="pk_api_keys"),
    )
    op.create_index("ix_api_keys_user", "api_keys", ["user"])


def upgrade() -> None:
    """Create the tables of identities."""
    _create_users()
    _create_api_keys()


def downgrade() -> None:
    """Drop the tables of identities."""
    op.drop_table("api_keys")
    op.drop_table("users")
