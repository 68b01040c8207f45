"""The first tables of the register."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _create_holders() -> None:
    op.create_table(
        "holders",
        sa.Column("holder", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("residence", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("closed_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("holder", name="pk_holders"),
    )


def _create_issuers() -> None:
    op.create_table(
        "issuers",
        sa.Column("issuer", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", name="pk_issuers"),
        sa.UniqueConstraint("name", name="uq_issuers_name"),
    )


def _create_proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("proposal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sentence", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_us", sa.BigInteger(), nullable=True),
        sa.Column("carried_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("proposal", name="pk_proposals"),
    )
    op.create_index("ix_proposals_state", "proposals", ["state"], unique=False)


def _create_classes() -> None:
    op.create_table(
        "classes",
        sa.Column("class", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issuer", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("model", sa.String(length=32), nullable=False),
        sa.Column("votes_per_share", sa.BigInteger(), nullable=False),
        sa.Column("factor_new", sa.BigInteger(), nullable=False),
        sa.Column("factor_old", sa.BigInteger(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["issuer"], ["issuers.issuer"], name="fk_classes_issuer"),
        sa.PrimaryKeyConstraint("class", name="pk_classes"),
        sa.UniqueConstraint("issuer", "name", name="uq_classes_issuer_name"),
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.Integer(), nullable=True),
        sa.Column("form", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["class"], ["classes.class"], name="fk_accounts_class"),
        sa.ForeignKeyConstraint(["holder"], ["holders.holder"], name="fk_accounts_holder"),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
        sa.UniqueConstraint(
            "class", "kind", "holder", "form", "address", name="uq_accounts_class_kind_holder_form_address"
        ),
    )
    op.create_index("ix_accounts_holder", "accounts", ["holder"], unique=False)


def _create_differences() -> None:
    op.create_table(
        "differences",
        sa.Column("difference", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.Column("store", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.Column("ours", sa.BigInteger(), nullable=False),
        sa.Column("theirs", sa.BigInteger(), nullable=False),
        sa.Column("found_us", sa.BigInteger(), nullable=False),
        sa.Column("cleared_us", sa.BigInteger(), nullable=True),
        sa.Column("explanation", sa.String(length=400), nullable=True),
        sa.ForeignKeyConstraint(["class"], ["classes.class"], name="fk_differences_class"),
        sa.PrimaryKeyConstraint("difference", name="pk_differences"),
    )
    op.create_index("ix_differences_cleared_us", "differences", ["cleared_us"], unique=False)


def _create_identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("identifier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=16), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("to_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["class"], ["classes.class"], name="fk_identifiers_class"),
        sa.PrimaryKeyConstraint("identifier", name="pk_identifiers"),
    )
    op.create_index("ix_identifiers_scheme_value", "identifiers", ["scheme", "value"], unique=False)


def _create_instructions() -> None:
    op.create_table(
        "instructions",
        sa.Column("instruction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.Column("from_account", sa.BigInteger(), nullable=True),
        sa.Column("to_account", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("ratio_new", sa.BigInteger(), nullable=False),
        sa.Column("ratio_old", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.String(length=400), nullable=False),
        sa.Column("submitted_by", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Integer(), nullable=True),
        sa.Column("sentence", sa.String(length=400), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("counted_us", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=False),
        sa.Column("routine", sa.Boolean(), nullable=False),
        sa.Column("decided_us", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=120), nullable=True),
        sa.Column("proposal", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["class"], ["classes.class"], name="fk_instructions_class"),
        sa.ForeignKeyConstraint(["proposal"], ["proposals.proposal"], name="fk_instructions_proposal"),
        sa.PrimaryKeyConstraint("instruction", name="pk_instructions"),
        sa.UniqueConstraint("reference", name="uq_instructions_reference"),
    )
    op.create_index("ix_instructions_received_us", "instructions", ["received_us"], unique=False)
    op.create_index("ix_instructions_state", "instructions", ["state"], unique=False)


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.Column("record_us", sa.BigInteger(), nullable=False),
        sa.Column("taken_us", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.BigInteger(), nullable=False),
        sa.Column("holders", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("factor_new", sa.BigInteger(), nullable=False),
        sa.Column("factor_old", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["class"], ["classes.class"], name="fk_records_class"),
        sa.PrimaryKeyConstraint("record", name="pk_records"),
        sa.UniqueConstraint("class", "record_us", name="uq_records_class_record_us"),
    )


def _create_balances() -> None:
    op.create_table(
        "balances",
        sa.Column("account", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_balances_account"),
        sa.PrimaryKeyConstraint("account", name="pk_balances"),
    )


def _create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class", sa.Integer(), nullable=False),
        sa.Column("instruction", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=24), nullable=False),
        sa.Column("debit", sa.BigInteger(), nullable=True),
        sa.Column("credit", sa.BigInteger(), nullable=True),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("ratio_new", sa.BigInteger(), nullable=False),
        sa.Column("ratio_old", sa.BigInteger(), nullable=False),
        sa.Column("posted_us", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["class"], ["classes.class"], name="fk_entries_class"),
        sa.ForeignKeyConstraint(["instruction"], ["instructions.instruction"], name="fk_entries_instruction"),
        sa.PrimaryKeyConstraint("entry", name="pk_entries"),
    )
    op.create_index("ix_entries_class_entry", "entries", ["class", "entry"], unique=False)
    op.create_index("ix_entries_credit", "entries", ["credit"], unique=False)
    op.create_index("ix_entries_debit", "entries", ["debit"], unique=False)


def _create_record_lines() -> None:
    op.create_table(
        "record_lines",
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_record_lines_account"),
        sa.ForeignKeyConstraint(["record"], ["records.record"], name="fk_record_lines_record"),
        sa.PrimaryKeyConstraint("record", "account", name="pk_record_lines"),
    )


def _create_restrictions() -> None:
    op.create_table(
        "restrictions",
        sa.Column("restriction", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("document", sa.String(length=400), nullable=False),
        sa.Column("placed_by", sa.String(length=120), nullable=False),
        sa.Column("lifted_us", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_restrictions_account"),
        sa.PrimaryKeyConstraint("restriction", name="pk_restrictions"),
    )
    op.create_index("ix_restrictions_account", "restrictions", ["account"], unique=False)


def upgrade() -> None:
    """Create the tables of the register."""
    _create_holders()
    _create_issuers()
    _create_proposals()
    _create_classes()
    _create_accounts()
    _create_differences()
    _create_identifiers()
    _create_instructions()
    _create_records()
    _create_balances()
    _create_entries()
    _create_record_lines()
    _create_restrictions()


def downgrade() -> None:
    """Drop the tables of the register."""
    for table in (
        "restrictions",
        "record_lines",
        "entries",
        "balances",
        "records",
        "instructions",
        "identifiers",
        "differences",
        "accounts",
        "classes",
        "proposals",
        "issuers",
        "holders",
    ):
        op.drop_table(table)
