"""Liquidations: the events that may be shown alone, whoever failed, deleveragings, and what FUND and SKIN moved."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def _big(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=nullable)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def _small(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), nullable=nullable)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "evidence",
        _big("sequence"), _number("event_index"), _small("kind"), _number("account"), _number("market"),
        _big("case_number"), _big("wave"), _big("seal", nullable=True),
        sa.Column("record", sa.LargeBinary(128), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "event_index", name="pk_evidence"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    for column in ("case_number", "wave", "seal"):
        op.create_index(f"ix_evidence_{column}", "evidence", [column])
    op.create_table(
        "seals",
        _big("sequence"), _big("time_us"), sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_seals"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_table(
        "cases",
        _big("case_number"), _number("account"), _big("opened"), _big("opened_us"), _small("cause"),
        _big("equity_value"), _big("maintenance_value"), _big("worth_value"), _small("step"), _big("slices"),
        _big("closed_us", nullable=True), _small("reason", nullable=True),
        sa.PrimaryKeyConstraint("case_number", name="pk_cases"),
    )  # fmt: skip
    op.create_index("ix_cases_account", "cases", ["account"])
    op.create_table(
        "waves",
        _big("wave"), _number("market"), _big("began_us"), _big("mark_ticks"), _big("lots"), _big("left_lots"),
        _big("gap_atoms"), _big("own_atoms"), _big("fund_atoms"), _big("skin_atoms"), _big("left_atoms"),
        _number("cases"), _small("policy"), _big("ended_us", nullable=True), _big("people"), _big("shared_lots"),
        _big("cost_atoms"), _big("profit_atoms"), _big("uncovered_atoms"),
        sa.PrimaryKeyConstraint("wave", name="pk_waves"),
    )  # fmt: skip
    op.create_table(
        "fund_movements",
        _big("sequence"), _number("event_index"), _number("account"), _big("time_us"), _number("asset"),
        _number("market"), _big("amount_atoms"), sa.Column("cause", sa.String(32), nullable=False), _big("reference"),
        sa.PrimaryKeyConstraint("sequence", "event_index", "account", name="pk_fund_movements"),
        sqlite_with_rowid=False,
    )  # fmt: skip


def downgrade() -> None:
    """Drop the tables."""
    for table in ("fund_movements", "waves", "cases", "seals", "evidence"):
        op.drop_table(table)
