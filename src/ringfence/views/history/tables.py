"""The tables of history. Money is in atoms, prices in ticks, quantities in lots, times in microseconds, all integers.

Columns that repeat a field of a record are computed from it, so that widths have one source. ``sequence`` and
``event_index`` name the event that a row comes from. A test holds the migrations to these tables.
"""

from __future__ import annotations

import sqlalchemy as sa

from ringfence.database import columns_of
from ringfence.journal.merkle import HASH_BYTES
from ringfence.schema.events import FundsMoved, OrderAccepted, Trade
from ringfence.schema.layout import RECORD_BYTES

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)
INDEX = {"index": "event_index"}


def _big(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, primary_key=key, autoincrement=False)


def _sum(name: str) -> sa.Column[int]:
    """Return a column that rows of before have at 0."""
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))


def _number(name: str, *, nullable: bool = False, key: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=nullable, primary_key=key, autoincrement=False)


def _word(name: str, length: int, *, nullable: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable, primary_key=key)


CURSOR = sa.Table(
    "cursor",
    METADATA,
    _number("projection", key=True),
    _big("sequence"),
)
"""One row: every command up to ``sequence`` is in the other tables."""

ORDERS = sa.Table(
    "orders",
    METADATA,
    *columns_of(
        OrderAccepted,
        without=("sequence", "index", "rested_lots", "time_us", "loan_flags", "reduce_only"),
        rename={"order": "order_id"},
        key=("order_id",),
    ),
    _big("created_us"),
    _big("updated_us"),
    _word("status", 16),
    _big("executed_lots"),
    _big("executed_quote_atoms"),
    sa.Column("close_reason", sa.SmallInteger, nullable=True),
    _word("system_order_type", 32, nullable=True),
    sa.Index(None, "account", "created_us", "order_id"),
)
"""One row an order, also one that waits for a price: it has quantity 0 until it is placed, under the same number.

``close_reason`` is a CloseReason, null while it is open, when it was filled, and when it ended before it was placed but
for the delisting of its market or the liquidation of its account. ``system_order_type`` is a SystemOrderType, null for
what the account ordered itself.
"""

TRIGGERS = sa.Table(
    "triggers",
    METADATA,
    _big("order_id", key=True),
    _big("parent"),
    _big("trigger_ticks"),
    sa.Column("trigger_by", sa.SmallInteger, nullable=False),
    _big("limit_ticks"),
    _big("trigger_lots"),
    sa.Column("trigger_percent", sa.SmallInteger, nullable=False),
    _big("triggered_us", nullable=True),
    _number("reject", nullable=True),
    sqlite_with_rowid=False,
)
"""One row an order that waits or waited for a price, beside its row in ``orders``.

``parent`` is the order that it is attached to, 0 for none, ``limit_ticks`` 0 for a market order. ``trigger_lots`` is
what was asked for, of what is attached what was filled at first; once it has fired, what it ordered. ``reject`` is why
that was refused.
"""

TRADES = sa.Table(
    "trades",
    METADATA,
    *columns_of(Trade, without=("maker_remaining_lots", "maker_price_ticks"), rename=INDEX, key=("market", "trade")),
)
"""One row a trade; ``account`` is the taker's."""

FILLS = sa.Table(
    "fills",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    sa.Column("is_maker", sa.Boolean, primary_key=True),
    _big("time_us"),
    _number("market"),
    _big("trade"),
    _big("order_id"),
    sa.Column("side", sa.SmallInteger, nullable=False),
    _big("price_ticks"),
    _big("quantity_lots"),
    _big("quote_atoms"),
    _big("fee_atoms"),
    _number("fee_asset"),
    _word("system_order_type", 32, nullable=True),
    sa.Index(None, "order_id"),
    sqlite_with_rowid=False,
)
"""Two rows a trade, the taker's and the maker's; a fee is negative when it is a rebate.

``system_order_type`` is that of a fill without an order: lots that a deleveraging closed. Its trade is 0, its
``order_id`` is the command that did it, ``quote_atoms`` is exactly what was paid or received, below 0 if that was less
than nothing, and ``price_ticks`` is the price of a lot, rounded against whose lots they were.
"""

MOVEMENTS = sa.Table(
    "movements",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    sa.Column("line", sa.SmallInteger, primary_key=True, autoincrement=False),
    _big("time_us"),
    _number("asset"),
    _big("delta_atoms"),
    _word("cause", 24),
    sqlite_with_rowid=False,
)
"""Every change of what an account holds but settlements of perpetuals, which have a table of their own.

Those of one event sum to zero in each asset, house accounts included.
"""

DEPOSITS = sa.Table(
    "deposits",
    METADATA,
    _number("deposit", key=True),
    *columns_of(
        FundsMoved,
        without=("account", "market", "cause", "index"),
        rename={"to_account": "account", "reference": "source_number"},
    ),
    sa.Index(None, "account", "deposit"),
)
"""One row a deposit, numbered from 1; ``source_number`` is its number at its source."""

WITHDRAWALS = sa.Table(
    "withdrawals",
    METADATA,
    _number("withdrawal", key=True),
    _big("sequence"),
    _big("time_us"),
    _number("account"),
    _number("asset"),
    _big("reserved_atoms"),
    _big("fee_atoms", nullable=True),
    _word("status", 16),
    _big("updated_us"),
    sa.UniqueConstraint("sequence"),
    sa.Index(None, "account", "withdrawal"),
)
"""One row a withdrawal, numbered from 1; ``sequence`` is its id in the core, ``reserved_atoms`` are amount and fee.

``fee_atoms`` is known when it is settled.
"""

KLINES = sa.Table(
    "klines",
    METADATA,
    _number("market", key=True),
    _word("interval", 8, key=True),
    _big("start_us", key=True),
    _big("open_ticks"),
    _big("high_ticks"),
    _big("low_ticks"),
    _big("close_ticks"),
    _big("volume_lots"),
    _big("quote_atoms"),
    _big("trades"),
    sqlite_with_rowid=False,
)
"""Candles of every interval; those of a second are kept for a bounded time."""

LOANS = sa.Table(
    "loans",
    METADATA,
    _number("position", key=True),
    _number("account"),
    _number("asset"),
    sa.Column("side", sa.SmallInteger, nullable=False),
    sa.Column("source", sa.SmallInteger, nullable=False),
    _big("opened_us"),
    _big("closed_us", nullable=True),
    _big("shares"),
    _big("quantity_atoms"),
    _big("interest_atoms"),
    _big("unpaid_atoms"),
    _big("rate_hours"),
    _big("hours"),
    sa.Index(None, "account", "position"),
    sa.Index(None, "closed_us"),
)
"""One row a position, numbered from 1: what an account lent (side 1) or owes (2) of an asset until it comes to nothing.

``quantity_atoms`` is what it was worth after its last movement or hour.
"""

LOAN_MOVEMENTS = sa.Table(
    "loan_movements",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    _big("time_us"),
    _number("asset"),
    _number("position"),
    sa.Column("cause", sa.SmallInteger, nullable=False),
    sa.Column("source", sa.SmallInteger, nullable=False),
    _big("amount_atoms"),
    _big("quantity_atoms"),
    _big("order_id"),
    sqlite_with_rowid=False,
)
"""Every movement of a position, and what it was worth afterwards; ``order_id`` is 0 where no order asked for it."""

INTEREST_PAYMENTS = sa.Table(
    "interest_payments",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    _big("time_us"),
    _number("asset"),
    _number("position"),
    sa.Column("side", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    _big("amount_atoms"),
    _big("rate_e8"),
    _big("interval_ms"),
    sqlite_with_rowid=False,
)
"""Interest by which a position grew: for the rest of its first hour (kind 1) or for whole hours (2).

What rounding takes when a position moves is part of the next row, so a row of a lender may be below zero.
"""

LENDING_HOURS = sa.Table(
    "lending_hours",
    METADATA,
    _number("asset", key=True),
    _big("time_us", key=True),
    _big("lent_atoms"),
    _big("debt_atoms"),
    _big("lent_index"),
    _big("debt_index"),
    _big("borrow_rate_e8"),
    _big("lend_rate_e8"),
    sqlite_with_rowid=False,
)
"""Every pool as it stood each time interest was due."""

POSITIONS = sa.Table(
    "positions",
    METADATA,
    _number("position", key=True),
    _number("account"),
    _number("market"),
    _big("opened"),
    _big("opened_us"),
    _big("closed_us", nullable=True),
    _big("settled_us", nullable=True),
    _big("net_lots"),
    _big("entry_atoms"),
    _big("realized_atoms"),
    _big("funding_atoms"),
    _big("fees_atoms"),
    _big("reference_atoms"),
    _big("funding_index"),
    _big("settled_atoms"),
    _big("entered_lots"),
    _big("entered_atoms"),
    _big("closed_lots"),
    _big("closed_atoms"),
    _sum("liquidated_lots"),
    _sum("liquidation_fees_atoms"),
    _sum("written_off_atoms"),
    sa.Index(None, "account", "position"),
    sa.Index(None, "settled_us"),
)
"""One row a position in a perpetual, numbered from 1: ``opened`` is its number on the wire.

``closed_us`` is when it last came to nothing, null while it is open; ``settled_us`` when nothing of it was left to
settle. House accounts have rows of what is due to them. ``reference_atoms`` is entry - realized + fees - funding +
settled - written off.
"""

FUNDING_PAYMENTS = sa.Table(
    "funding_payments",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    _big("time_us"),
    _big("end_us"),
    _number("market"),
    _number("position"),
    _big("net_lots"),
    _big("amount_atoms"),
    _big("funding_rate_e10"),
    sqlite_with_rowid=False,
)
"""What a position received for an hour that ended at ``end_us``, below 0 paid; hours that moved nothing have no row."""

FUNDING_HOURS = sa.Table(
    "funding_hours",
    METADATA,
    _number("market", key=True),
    _big("end_us", key=True),
    _big("time_us"),
    _big("funding_rate_e10"),
    _big("mark_ticks"),
    _big("funding_index"),
    sqlite_with_rowid=False,
)
"""The funding of every hour of a market, and the index that holds since."""

SETTLEMENTS = sa.Table(
    "settlements",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("market", key=True),
    _big("time_us"),
    _number("position"),
    _big("opened"),
    _big("amount_atoms"),
    sa.Column("in_case", sa.Boolean, nullable=False, server_default=sa.false()),
    sqlite_with_rowid=False,
)
"""What a settlement gave an account for a position, below 0 took; the other side of all of them is CLEARING.

``in_case`` is what an estate paid of a loss outside the settlements of its market.
"""

EVIDENCE = sa.Table(
    "evidence",
    METADATA,
    _big("sequence", key=True),
    _number("event_index", key=True),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    _number("account"),
    _number("market"),
    _big("case_number"),
    _big("wave"),
    _big("seal", nullable=True),
    sa.Column("record", sa.LargeBinary(RECORD_BYTES), nullable=False),
    sa.Index(None, "case_number"),
    sa.Index(None, "wave"),
    sa.Index(None, "seal"),
    sqlite_with_rowid=False,
)
"""Every event that may be shown alone, as its 128 bytes; ``case_number`` and ``wave`` are 0 where it names none.

``seal`` is the Clock whose checkpoint vouches for it, null until that has come.
"""

SEALS = sa.Table(
    "seals",
    METADATA,
    _big("sequence", key=True),
    _big("time_us"),
    sa.Column("digest", sa.LargeBinary(HASH_BYTES), nullable=False),
    sqlite_with_rowid=False,
)
"""The Clocks that ended a second with evidence, and the hash of all events of that second: one half of the chain."""

CASES = sa.Table(
    "cases",
    METADATA,
    _big("case_number", key=True),
    _number("account"),
    _big("opened"),
    _big("opened_us"),
    sa.Column("cause", sa.SmallInteger, nullable=False),
    _big("equity_value"),
    _big("maintenance_value"),
    _big("worth_value"),
    sa.Column("step", sa.SmallInteger, nullable=False),
    _big("slices"),
    _big("closed_us", nullable=True),
    sa.Column("reason", sa.SmallInteger, nullable=True),
    sa.Index(None, "account"),
)
"""One row a liquidation; ``closed_us`` and ``reason`` are null while it is under way."""

WAVES = sa.Table(
    "waves",
    METADATA,
    _big("wave", key=True),
    _number("market"),
    _big("began_us"),
    _big("mark_ticks"),
    _big("lots"),
    _big("left_lots"),
    _big("gap_atoms"),
    _big("own_atoms"),
    _big("fund_atoms"),
    _big("skin_atoms"),
    _big("left_atoms"),
    _number("cases"),
    sa.Column("policy", sa.SmallInteger, nullable=False),
    _big("ended_us", nullable=True),
    _big("people"),
    _big("shared_lots"),
    _big("cost_atoms"),
    _big("profit_atoms"),
    _big("uncovered_atoms"),
)
"""One row a deleveraging; ``ended_us`` is null, and what follows 0, while it is under way."""

FUND_MOVEMENTS = sa.Table(
    "fund_movements",
    METADATA,
    _big("sequence", key=True),
    _number("event_index", key=True),
    _number("account", key=True),
    _big("time_us"),
    _number("asset"),
    _number("market"),
    _big("amount_atoms"),
    _word("cause", 32),
    _big("reference"),
    sqlite_with_rowid=False,
)
"""What FUND and SKIN got, below 0 paid. With a ``market`` it is not settled yet: it counts in the position of FUND."""

VAULT_MINTS = sa.Table(
    "vault_mints",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    _big("time_us"),
    _number("vault"),
    _big("amount_atoms"),
    _big("shares_atoms"),
    _big("value_atoms"),
    _big("supply_atoms"),
    sqlite_with_rowid=False,
)
"""Who paid what into a vault, for how many shares; its value and its shares are those before."""

VAULT_REDEMPTIONS = sa.Table(
    "vault_redemptions",
    METADATA,
    _big("redemption", key=True),
    _number("account"),
    _number("vault"),
    _big("shares_atoms"),
    _big("requested_us"),
    _big("due_us"),
    _word("status", 16),
    _big("updated_us"),
    _big("amount_atoms", nullable=True),
    _big("value_atoms", nullable=True),
    _big("supply_atoms", nullable=True),
    _big("case_number"),
    sa.Index(None, "account", "redemption"),
)
"""Shares that wait to be paid out, were paid or were kept; ``case_number`` is the case that needed them, or 0."""

VAULT_VALUES = sa.Table(
    "vault_values",
    METADATA,
    _number("vault", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    _big("time_us"),
    _big("value_atoms"),
    _big("supply_atoms"),
    sqlite_with_rowid=False,
)
"""What a vault was worth and how many shares it had, once an hour and when it closed."""

DIVIDENDS = sa.Table(
    "dividends",
    METADATA,
    _number("account", key=True),
    _big("sequence", key=True),
    _number("event_index", key=True),
    _big("time_us"),
    _number("action"),
    _number("version"),
    _number("share"),
    _number("asset"),
    _word("kind", 16),
    _big("entitled_atoms"),
    _big("gross_atoms"),
    _big("manufactured_atoms"),
    _big("tax_atoms"),
    _big("left_atoms"),
    sa.Index("ix_dividends_action", "action", "account"),
    sqlite_with_rowid=False,
)
"""Lines of dividend statements: what was paid, held or released, below 0 what was owed for shares sold short."""
