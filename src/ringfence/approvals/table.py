"""The table of proposals, for the metadata of whoever keeps them."""

import sqlalchemy as sa

OPERATION_CHARACTERS, NAME_CHARACTERS, SENTENCE_CHARACTERS = 32, 64, 400


def proposals_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table; a row is never removed, and its state moves on once."""
    return sa.Table(
        "proposals",
        metadata,
        sa.Column("proposal", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("operation", sa.String(OPERATION_CHARACTERS), nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sentence", sa.String(SENTENCE_CHARACTERS), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposed_by", sa.String(NAME_CHARACTERS), nullable=False),
        sa.Column("proposed_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("decided_by", sa.String(NAME_CHARACTERS), nullable=True),
        sa.Column("decided_us", sa.BigInteger, nullable=True),
        sa.Column("carried_us", sa.BigInteger, nullable=True),
        sa.Index(None, "state"),
    )
