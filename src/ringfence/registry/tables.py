"""The store of the register. Rows are added; what may change in one is its state, and it says since when.

``entries`` is the register; ``balances`` follows from it and is kept so that nobody has to add up.
"""

import sqlalchemy as sa

from ringfence.approvals import proposals_table

NAME_CHARACTERS, TEXT_CHARACTERS, REFERENCE_CHARACTERS = 120, 400, 120

METADATA = sa.MetaData(
    naming_convention={
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
PROPOSALS = proposals_table(METADATA)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _of(name: str, *, nullable: bool = False) -> sa.Column[int]:
    table = {"class": "classes"}.get(name, f"{name}s")
    return sa.Column(name, sa.Integer, sa.ForeignKey(f"{table}.{name}"), nullable=nullable)


def _text(name: str, characters: int = NAME_CHARACTERS, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(characters), nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


ISSUERS = sa.Table(
    "issuers", METADATA, _number("issuer"), _text("name"), _text("country", 2), _whole("since_us"),
    sa.UniqueConstraint("name"),
)  # fmt: skip

CLASSES = sa.Table(
    "classes", METADATA, _number("class"), _of("issuer"), _text("name"), _text("model", 32), _whole("votes_per_share"),
    _whole("factor_new"), _whole("factor_old"), _whole("since_us"), sa.UniqueConstraint("issuer", "name"),
)  # fmt: skip
"""``factor_new`` / ``factor_old`` is the split factor of now, in lowest terms; the entries have its history."""

IDENTIFIERS = sa.Table(
    "identifiers", METADATA, _number("identifier"), _of("class"), _text("scheme", 8), _text("value", 16),
    _whole("from_us"), _whole("to_us", nullable=True), sa.Index(None, "scheme", "value"),
)  # fmt: skip
"""A name that a class has from an instant on, up to another, exclusive."""

HOLDERS = sa.Table(
    "holders", METADATA, _number("holder"), _text("kind", 16), _text("name"), _text("address", TEXT_CHARACTERS),
    _text("residence", 2), _text("state", 16), _whole("since_us"), _whole("closed_us", nullable=True),
)  # fmt: skip

ACCOUNTS = sa.Table(
    "accounts", METADATA, _number("account"), _of("class"), _text("kind", 16), _of("holder", nullable=True),
    _text("form", 32), _text("address"), _text("state", 16), _whole("since_us"),
    sa.UniqueConstraint("class", "kind", "holder", "form", "address"), sa.Index(None, "holder"),
)  # fmt: skip
"""``kind`` is HOLDER, or what the register itself needs (``holders.Kept``), which has no holder, form and address."""

BALANCES = sa.Table(
    "balances", METADATA,
    sa.Column("account", sa.Integer, sa.ForeignKey("accounts.account"), primary_key=True, autoincrement=False),
    _whole("units"),
)  # fmt: skip

INSTRUCTIONS = sa.Table(
    "instructions", METADATA, _number("instruction"), _text("kind", 24), _text("reference", REFERENCE_CHARACTERS),
    _of("class"), _whole("from_account", nullable=True), _whole("to_account", nullable=True), _whole("units"),
    _whole("ratio_new"), _whole("ratio_old"), _text("document", TEXT_CHARACTERS), _text("submitted_by"),
    _text("state", 16), sa.Column("reason", sa.Integer, nullable=True), _text("sentence", TEXT_CHARACTERS),
    _whole("received_us"), _whole("counted_us"), _whole("due_us"), sa.Column("routine", sa.Boolean, nullable=False),
    _whole("decided_us", nullable=True), _text("decided_by", nullable=True), _of("proposal", nullable=True),
    sa.UniqueConstraint("reference"), sa.Index(None, "state"), sa.Index(None, "received_us"),
)  # fmt: skip
"""``counted_us`` is when it counts as received, ``due_us`` by when a routine item has to be turned around."""

ENTRIES = sa.Table(
    "entries", METADATA, _number("entry"), _of("class"), _of("instruction"), _text("cause", 24),
    _whole("debit", nullable=True), _whole("credit", nullable=True), _whole("units"), _whole("ratio_new"),
    _whole("ratio_old"), _whole("posted_us"), _text("hash", 64), sa.Index(None, "class", "entry"),
    sa.Index(None, "debit"), sa.Index(None, "credit"),
)  # fmt: skip
"""The double entry: ``debit`` gives ``units`` to ``credit``; or, without both, the factor of the class times a ratio.

``hash`` is over the entry and the hash before it.
"""

RESTRICTIONS = sa.Table(
    "restrictions", METADATA, _number("restriction"), _of("account"), _text("kind", 16), _whole("units"),
    _whole("from_us"), _whole("until_us", nullable=True), _text("document", TEXT_CHARACTERS), _text("placed_by"),
    _whole("lifted_us", nullable=True), _text("lifted_by", nullable=True), sa.Index(None, "account"),
)  # fmt: skip
"""So many units of an account that may not be moved, all with 0 units, up to an instant or until it is lifted."""

RECORDS = sa.Table(
    "records", METADATA, _number("record"), _of("class"), _whole("record_us"), _whole("taken_us"), _whole("entry"),
    _whole("holders"), _whole("units"), _whole("factor_new"), _whole("factor_old"), _text("hash", 64),
    sa.UniqueConstraint("class", "record_us"),
)  # fmt: skip

RECORD_LINES = sa.Table(
    "record_lines", METADATA,
    sa.Column("record", sa.Integer, sa.ForeignKey("records.record"), primary_key=True, autoincrement=False),
    sa.Column("account", sa.Integer, sa.ForeignKey("accounts.account"), primary_key=True, autoincrement=False),
    _whole("units"),
)  # fmt: skip

DIFFERENCES = sa.Table(
    "differences", METADATA, _number("difference"), _of("class"), _text("store", 32), _text("what"), _whole("ours"),
    _whole("theirs"), _whole("found_us"), _whole("cleared_us", nullable=True),
    _text("explanation", TEXT_CHARACTERS, nullable=True), sa.Index(None, "cleared_us"),
)  # fmt: skip
