"""The tables of identities. Only public keys are stored; a test holds the migrations to these tables."""

from __future__ import annotations

import sqlalchemy as sa

NAME_CHARACTERS_MAXIMUM = 64
LABEL_CHARACTERS_MAXIMUM = 64

METADATA = sa.MetaData(
    naming_convention={
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("user", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(NAME_CHARACTERS_MAXIMUM), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("name"),
)
"""A person or a firm; ``user`` is his number in the core."""

API_KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("public", sa.String(44), primary_key=True),
    sa.Column("user", sa.Integer, sa.ForeignKey("users.user"), nullable=False),
    sa.Column("account", sa.Integer, nullable=False),
    sa.Column("label", sa.String(LABEL_CHARACTERS_MAXIMUM), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("revoked_us", sa.BigInteger, nullable=True),
    sa.Index(None, "user"),
)
"""A public key that signs for one account; a revoked one keeps its row and never works again."""
