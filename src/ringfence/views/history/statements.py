"""The statements that write a batch, and the order in which they run."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from ringfence.database import PreparedStatement, upsert
from ringfence.database.statements import incoming

from ..candles import DAY_US, Interval
from .evidence import ENDED_FIELDS, Evidence
from .rows import Changes, Row
from .tables import (
    CASES,
    CURSOR,
    DEPOSITS,
    DIVIDENDS,
    EVIDENCE,
    FILLS,
    FUND_MOVEMENTS,
    FUNDING_HOURS,
    FUNDING_PAYMENTS,
    INTEREST_PAYMENTS,
    KLINES,
    LENDING_HOURS,
    LOAN_MOVEMENTS,
    LOANS,
    MOVEMENTS,
    ORDERS,
    POSITIONS,
    SEALS,
    SETTLEMENTS,
    TRADES,
    TRIGGERS,
    VAULT_MINTS,
    VAULT_REDEMPTIONS,
    VAULT_VALUES,
    WAVES,
    WITHDRAWALS,
)

SECONDS_KEPT_US = DAY_US
"""Candles of a second are kept for a day; all others for ever."""

MAX_SUM = 2**63 - 1
"""Sums of candles stop here: a database's integer ends, and no sum may turn into a float."""

HISTORY = 1
"""The only row of the cursor's table."""


INSERTED = (
    ORDERS, TRADES, FILLS, MOVEMENTS, DEPOSITS, WITHDRAWALS, LOAN_MOVEMENTS, INTEREST_PAYMENTS, LENDING_HOURS,
    FUNDING_PAYMENTS, FUNDING_HOURS, SETTLEMENTS, TRIGGERS, EVIDENCE, SEALS, CASES, WAVES, FUND_MOVEMENTS,
    VAULT_MINTS, VAULT_REDEMPTIONS, VAULT_VALUES, DIVIDENDS,
)  # fmt: skip


class BatchStatements:
    """Writes the changes of a batch in a transaction that the caller holds."""

    def __init__(self, engine: sa.Engine) -> None:
        def prepared(statement: Any, *names: str) -> PreparedStatement:
            return PreparedStatement(engine, statement, names)

        def insert(table: sa.Table) -> PreparedStatement:
            return prepared(sa.insert(table), *(column.name for column in table.columns))

        columns = [column.name for column in KLINES.columns]
        self._cursor = upsert(engine, CURSOR)
        self.klines = prepared(upsert(engine, KLINES, _candle_merge()), *columns)
        self.loans = prepared(upsert(engine, LOANS), *(column.name for column in LOANS.columns))
        self.positions = prepared(upsert(engine, POSITIONS), *(column.name for column in POSITIONS.columns))
        self.inserts = {table.name: insert(table) for table in INSERTED}
        self.progress = prepared(_PROGRESS)
        self.amendment = prepared(_AMENDMENT)
        self.settlement = prepared(_SETTLEMENT)
        self.firing = prepared(_FIRING)
        self.turn = prepared(_TURN)
        self.ending = prepared(_ENDING)
        self.redemption = prepared(_REDEMPTION)

    def run(self, connection: sa.Connection, changes: Changes, last_sequence: int) -> None:
        """Write all rows, and the cursor with them."""
        inserts = self.inserts
        inserts["orders"].run(connection, list(changes.new_orders.values()))
        self.progress.run(connection, [_progress_parameters(row) for row in changes.progress.values()])
        amended = ("price_ticks", "quantity_lots")
        self.amendment.run(connection, [_prefixed(row, *amended) for row in changes.amendments.values()])
        inserts["triggers"].run(connection, list(changes.new_triggers.values()))
        fired = ("triggered_us", "trigger_lots", "reject")
        self.firing.run(connection, [_prefixed(row, *fired) for row in changes.firings.values()])
        inserts["trades"].run(connection, changes.trades)
        inserts["fills"].run(connection, changes.fills)
        inserts["movements"].run(connection, changes.movements)
        inserts["deposits"].run(connection, changes.deposits)
        inserts["withdrawals"].run(connection, list(changes.withdrawals.values()))
        settled = ("status", "fee_atoms", "updated_us")
        self.settlement.run(connection, [_prefixed(row, *settled) for row in changes.settlements.values()])
        self.klines.run(connection, _kline_rows(changes))
        loans = changes.loans
        self.loans.run(connection, [msgspec.structs.asdict(loan) for loan in loans.changed.values()])
        inserts["loan_movements"].run(connection, loans.movements)
        inserts["interest_payments"].run(connection, loans.payments)
        inserts["lending_hours"].run(connection, loans.hours)
        positions = changes.positions
        self.positions.run(connection, [msgspec.structs.asdict(one) for one in positions.changed.values()])
        inserts["funding_payments"].run(connection, positions.payments)
        inserts["funding_hours"].run(connection, positions.hours)
        inserts["settlements"].run(connection, positions.settlements)
        self._write_evidence(connection, changes.evidence)
        vaults = changes.vaults
        inserts["vault_mints"].run(connection, vaults.mints)
        inserts["vault_redemptions"].run(connection, list(vaults.redemptions.values()))
        self.redemption.run(connection, [_prefixed(row, *_REDEEMED) for row in vaults.endings.values()])
        inserts["vault_values"].run(connection, vaults.hours)
        inserts["dividends"].run(connection, changes.dividends.rows)
        connection.execute(self._cursor, {"projection": HISTORY, "sequence": last_sequence})

    def _write_evidence(self, connection: sa.Connection, evidence: Evidence) -> None:
        self.inserts["evidence"].run(connection, evidence.records)
        self.inserts["seals"].run(connection, evidence.seals)
        if evidence.seals:
            connection.execute(_SEAL, [{"sealed_by": seal["sequence"]} for seal in evidence.seals])
        self.inserts["cases"].run(connection, list(evidence.cases.values()))
        told = ("step", "slices", "closed_us", "reason")
        self.turn.run(connection, [_prefixed(row, *told) for row in evidence.turns.values()])
        self.inserts["waves"].run(connection, list(evidence.waves.values()))
        ended = (*ENDED_FIELDS, "ended_us", "shared_lots")
        self.ending.run(connection, [_prefixed(row, *ended) for row in evidence.endings])
        self.inserts["fund_movements"].run(connection, evidence.fund)

    def forget_seconds(self, connection: sa.Connection, markets: list[int], now_us: int) -> None:
        """Delete the candles of a second that are older than a day."""
        if markets:
            before = now_us - SECONDS_KEPT_US
            connection.execute(_FORGET, [{"of_market": market, "before": before} for market in markets])


_PROGRESS = (
    sa.update(ORDERS)
    .where(ORDERS.c.order_id == bindparam("key"))
    .values(
        executed_lots=ORDERS.c.executed_lots + bindparam("add_lots"),
        executed_quote_atoms=ORDERS.c.executed_quote_atoms + bindparam("add_quote"),
        status=bindparam("new_status"),
        updated_us=bindparam("new_updated_us"),
        close_reason=bindparam("new_close_reason"),
    )
)
_AMENDMENT = (
    sa.update(ORDERS)
    .where(ORDERS.c.order_id == bindparam("key"))
    .values(price_ticks=bindparam("new_price_ticks"), quantity_lots=bindparam("new_quantity_lots"))
)
_FIRING = (
    sa.update(TRIGGERS)
    .where(TRIGGERS.c.order_id == bindparam("key"))
    .values(
        triggered_us=bindparam("new_triggered_us"),
        trigger_lots=bindparam("new_trigger_lots"),
        reject=bindparam("new_reject"),
    )
)
_SETTLEMENT = (
    sa.update(WITHDRAWALS)
    .where(WITHDRAWALS.c.sequence == bindparam("key"))
    .values(
        status=bindparam("new_status"), fee_atoms=bindparam("new_fee_atoms"), updated_us=bindparam("new_updated_us")
    )
)
_SEAL = (
    sa.update(EVIDENCE)
    .where(EVIDENCE.c.seal.is_(None), EVIDENCE.c.sequence <= bindparam("sealed_by"))
    .values(seal=bindparam("sealed_by"))
)
_TURN = (
    sa.update(CASES)
    .where(CASES.c.case_number == bindparam("key"))
    .values(
        step=sa.func.coalesce(bindparam("new_step", type_=sa.SmallInteger), CASES.c.step),
        slices=CASES.c.slices + bindparam("new_slices"),
        closed_us=sa.func.coalesce(bindparam("new_closed_us", type_=sa.BigInteger), CASES.c.closed_us),
        reason=sa.func.coalesce(bindparam("new_reason", type_=sa.SmallInteger), CASES.c.reason),
    )
)
_ENDING = (
    sa.update(WAVES)
    .where(WAVES.c.wave == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in (*ENDED_FIELDS, "ended_us", "shared_lots")})
)
_REDEEMED = ("status", "updated_us", "amount_atoms", "value_atoms", "supply_atoms", "case_number")
_REDEMPTION = (
    sa.update(VAULT_REDEMPTIONS)
    .where(VAULT_REDEMPTIONS.c.redemption == bindparam("key"))
    .values(**{name: bindparam(f"new_{name}") for name in _REDEEMED})
)
_FORGET = sa.delete(KLINES).where(
    KLINES.c.market == bindparam("of_market"),
    KLINES.c.interval == Interval.SECOND.wire,
    KLINES.c.start_us < bindparam("before"),
)


def _prefixed(row: Row, *names: str) -> Row:
    return {"key": row["key"]} | {f"new_{name}": row[name] for name in names}


def _progress_parameters(row: Row) -> Row:
    return _prefixed(row, "status", "updated_us", "close_reason") | {
        "add_lots": row["executed_lots"],
        "add_quote": row["executed_quote_atoms"],
    }


def _kline_rows(changes: Changes) -> list[Row]:
    return [
        {
            "market": market, "interval": interval, "start_us": start_us, "open_ticks": candle.open_ticks,
            "high_ticks": candle.high_ticks, "low_ticks": candle.low_ticks, "close_ticks": candle.close_ticks,
            "volume_lots": min(candle.volume_lots, MAX_SUM), "quote_atoms": min(candle.quote_atoms, MAX_SUM),
            "trades": candle.trades,
        }
        for (market, interval, start_us), candle in changes.klines.items()
    ]  # fmt: skip


def _candle_merge() -> dict[str, sa.ColumnElement[Any]]:
    """Return how a later candle of the same span joins the one that is stored."""
    kept = KLINES.c
    high, low = incoming(KLINES, "high_ticks"), incoming(KLINES, "low_ticks")
    sums = {name: _capped_sum(kept[name], incoming(KLINES, name)) for name in ("volume_lots", "quote_atoms", "trades")}
    return sums | {
        "high_ticks": sa.case((high > kept.high_ticks, high), else_=kept.high_ticks),
        "low_ticks": sa.case((low < kept.low_ticks, low), else_=kept.low_ticks),
        "close_ticks": incoming(KLINES, "close_ticks"),
    }


def _capped_sum(kept: sa.ColumnElement[Any], more: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    limit = sa.literal_column(str(MAX_SUM), sa.BigInteger)
    return sa.case((kept > limit - more, limit), else_=kept + more)
