"""Questions to history. Every call takes a connection of its own, so they may come from any thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from ringfence.schema.enums import STOP_LOSS, TAKE_PROFIT

from ..candles import Candle, Interval
from ..orders import OrderStatus, SystemOrderType
from .cases import CaseReader
from .tables import (
    DEPOSITS,
    DIVIDENDS,
    FILLS,
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
    SETTLEMENTS,
    TRADES,
    TRIGGERS,
    VAULT_MINTS,
    VAULT_REDEMPTIONS,
    VAULT_VALUES,
    WITHDRAWALS,
)
from .writer import written_cursor

T = TypeVar("T")
LIMIT_MAXIMUM = 1_000
CANDLE_COLUMNS = [KLINES.c[name] for name in Candle.__struct_fields__]
UNENDED = [status.value for status in (OrderStatus.TRIGGER_PENDING, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)]


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of the rows that were asked for, and how many there are in all."""

    rows: Sequence[T]
    total: int


class Range(msgspec.Struct, frozen=True):
    """Which part of the rows: ``from_us`` inclusive, ``to_us`` exclusive, newest first unless ``ascending``."""

    limit: int = 100
    offset: int = 0
    from_us: int | None = None
    to_us: int | None = None
    ascending: bool = False


FIRST = Range()


_FILL_KIND = sa.func.coalesce(FILLS.c.system_order_type, ORDERS.c.system_order_type)


class FillKinds(msgspec.Struct, frozen=True):
    """Which fills are meant: of orders of some kinds, ``None`` for the account's own; and of slices in some markets."""

    types: Sequence[SystemOrderType | None]
    slices_in: Sequence[int] = ()

    def condition(self) -> sa.ColumnElement[bool]:
        """Return what holds for them."""
        named = _FILL_KIND.in_([one.value for one in self.types if one is not None])
        is_slice = _FILL_KIND.in_([SystemOrderType.LIQUIDATE_POSITION_ON_BOOK.value])
        found = sa.or_(named, sa.and_(is_slice, FILLS.c.market.in_(self.slices_in)))
        return sa.or_(found, _FILL_KIND.is_(None)) if None in self.types else found


_PARENT = ORDERS.alias("parents")
_ATTACHED = (
    (TRIGGERS.alias("take_profits"), TAKE_PROFIT, "take_profit"),
    (TRIGGERS.alias("stop_losses"), STOP_LOSS, "stop_loss"),
)


def _orders_with_triggers() -> sa.Select[Any]:
    """Return the query for orders beside what they wait for and what is attached to them."""
    own = [column for column in TRIGGERS.columns if column is not TRIGGERS.c.order_id]
    columns: list[sa.ColumnElement[Any]] = [*own, _PARENT.c.executed_lots.label("parent_executed_lots")]
    joined = ORDERS.outerjoin(TRIGGERS, TRIGGERS.c.order_id == ORDERS.c.order_id)
    joined = joined.outerjoin(_PARENT, _PARENT.c.order_id == TRIGGERS.c.parent)
    for table, offset, prefix in _ATTACHED:
        # The numbers of what is attached lie apart by as much as a take-profit lies above its order.
        is_attached = sa.and_(table.c.order_id == ORDERS.c.order_id + offset, table.c.parent == ORDERS.c.order_id)
        joined = joined.outerjoin(table, is_attached)
        columns += [table.c[name].label(f"{prefix}_{name}") for name in ("trigger_ticks", "trigger_by", "limit_ticks")]
    return sa.select(ORDERS, *columns).select_from(joined)


class HistoryReader:
    """Reads history: rows are named tuples with the columns of the tables, in integers."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.cases = CaseReader(engine)
        """Questions about liquidations."""

    def written_sequence(self) -> int:
        """Return the last command that history holds."""
        return written_cursor(self._engine)

    def fills(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        market: int | None = None,
        order_id: int | None = None,
        is_maker: bool | None = None,
        markets: Sequence[int] | None = None,
        kinds: FillKinds | None = None,
    ) -> Page[Any]:
        """Return fills of some accounts with ``client_id`` (-1 for none) and ``system_order_type`` of their orders."""
        joined = FILLS.outerjoin(ORDERS, ORDERS.c.order_id == FILLS.c.order_id)
        own = [column for column in FILLS.columns if column is not FILLS.c.system_order_type]
        of_order = (ORDERS.c.client_id, _FILL_KIND.label("system_order_type"))
        query = sa.select(*own, *of_order).select_from(joined).where(FILLS.c.account.in_(accounts))
        if kinds is not None:
            query = query.where(kinds.condition())
        if markets is not None:
            query = query.where(FILLS.c.market.in_(markets))
        filters = {FILLS.c.market: market, FILLS.c.order_id: order_id, FILLS.c.is_maker: is_maker}
        order = (FILLS.c.sequence, FILLS.c.event_index, FILLS.c.is_maker)
        return self._page(query, filters, FILLS.c.time_us, order, part)

    def orders(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        market: int | None = None,
        order_id: int | None = None,
        client_id: int | None = None,
        markets: Sequence[int] | None = None,
    ) -> Page[Any]:
        """Return orders of some accounts, open ones included, with what they wait for and what is attached to them.

        Those columns are null where there is none: those of ``triggers``, of ``take_profit_`` and ``stop_loss_``
        ``trigger_ticks``, ``trigger_by`` and ``limit_ticks``, and ``parent_executed_lots``.
        """
        query = _orders_with_triggers().where(ORDERS.c.account.in_(accounts))
        if markets is not None:
            query = query.where(ORDERS.c.market.in_(markets))
        filters = {ORDERS.c.market: market, ORDERS.c.order_id: order_id, ORDERS.c.client_id: client_id}
        order = (ORDERS.c.created_us, ORDERS.c.order_id)
        return self._page(query, filters, ORDERS.c.created_us, order, part)

    def triggers(self) -> Sequence[Any]:
        """Return what each order that has not ended waits or waited for, with ``created_us`` and ``executed_lots``.

        The latter are those of the order to which it is attached, null if there is none.
        """
        query = (
            sa.select(TRIGGERS, ORDERS.c.created_us, _PARENT.c.executed_lots)
            .join(ORDERS, ORDERS.c.order_id == TRIGGERS.c.order_id)
            .outerjoin(_PARENT, _PARENT.c.order_id == TRIGGERS.c.parent)
            .where(ORDERS.c.status.in_(UNENDED))
        )
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def deposits(self, accounts: Sequence[int], part: Range = FIRST) -> Page[Any]:
        """Return deposits to some accounts."""
        query = sa.select(DEPOSITS).where(DEPOSITS.c.account.in_(accounts))
        return self._page(query, {}, DEPOSITS.c.time_us, (DEPOSITS.c.deposit,), part)

    def withdrawals(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        withdrawal: int | None = None,
        sequence: int | None = None,
    ) -> Page[Any]:
        """Return withdrawals of some accounts; ``withdrawal`` is the number from 1, ``sequence`` the core's id."""
        query = sa.select(WITHDRAWALS).where(WITHDRAWALS.c.account.in_(accounts))
        filters = {WITHDRAWALS.c.withdrawal: withdrawal, WITHDRAWALS.c.sequence: sequence}
        return self._page(query, filters, WITHDRAWALS.c.time_us, (WITHDRAWALS.c.withdrawal,), part)

    def movements(
        self, accounts: Sequence[int], part: Range = FIRST, *, asset: int | None = None, cause: str | None = None
    ) -> Page[Any]:
        """Return every change of what some accounts hold, with its cause."""
        query = sa.select(MOVEMENTS).where(MOVEMENTS.c.account.in_(accounts))
        filters = {MOVEMENTS.c.asset: asset, MOVEMENTS.c.cause: cause}
        order = (MOVEMENTS.c.sequence, MOVEMENTS.c.event_index, MOVEMENTS.c.line)
        return self._page(query, filters, MOVEMENTS.c.time_us, order, part)

    def loans(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        asset: int | None = None,
        side: int | None = None,
        is_open: bool | None = None,
    ) -> Page[Any]:
        """Return positions of some accounts: what they lent (side 1) or owe (2), until it came to nothing."""
        query = sa.select(LOANS).where(LOANS.c.account.in_(accounts))
        if is_open is not None:
            query = query.where(LOANS.c.closed_us.is_(None) if is_open else LOANS.c.closed_us.is_not(None))
        filters = {LOANS.c.asset: asset, LOANS.c.side: side}
        return self._page(query, filters, LOANS.c.opened_us, (LOANS.c.position,), part)

    def loan_movements(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        asset: int | None = None,
        position: int | None = None,
        side: int | None = None,
        causes: Sequence[int] | None = None,
        sources: Sequence[int] | None = None,
    ) -> Page[Any]:
        """Return movements of positions of some accounts with their ``side``, of all causes and sources unless told."""
        columns = LOAN_MOVEMENTS.c
        joined = LOAN_MOVEMENTS.join(LOANS, LOANS.c.position == columns.position)
        query = sa.select(LOAN_MOVEMENTS, LOANS.c.side).select_from(joined).where(columns.account.in_(accounts))
        if sources is not None:
            query = query.where(columns.source.in_(sources))
        if causes is not None:
            query = query.where(columns.cause.in_(causes))
        filters = {columns.asset: asset, columns.position: position, LOANS.c.side: side}
        return self._page(query, filters, columns.time_us, (columns.sequence, columns.event_index), part)

    def interest_payments(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        asset: int | None = None,
        position: int | None = None,
    ) -> Page[Any]:
        """Return interest by which positions of some accounts grew."""
        columns = INTEREST_PAYMENTS.c
        query = sa.select(INTEREST_PAYMENTS).where(columns.account.in_(accounts))
        filters = {columns.asset: asset, columns.position: position}
        return self._page(query, filters, columns.time_us, (columns.sequence, columns.event_index), part)

    def lending_hours(self, asset: int, from_us: int) -> Sequence[Any]:
        """Return a pool as it stood each time interest was due since then, oldest first."""
        columns = LENDING_HOURS.c
        query = sa.select(LENDING_HOURS).where(columns.asset == asset, columns.time_us >= from_us)
        with self._engine.connect() as connection:
            return connection.execute(query.order_by(columns.time_us)).all()

    def vault_mints(self, accounts: Sequence[int], part: Range = FIRST, *, vault: int | None = None) -> Page[Any]:
        """Return what some accounts paid into vaults."""
        columns = VAULT_MINTS.c
        query = sa.select(VAULT_MINTS).where(columns.account.in_(accounts))
        order = (columns.sequence, columns.event_index)
        return self._page(query, {columns.vault: vault}, columns.time_us, order, part)

    def vault_redemptions(self, accounts: Sequence[int], part: Range = FIRST, *, vault: int | None = None) -> Page[Any]:
        """Return what some accounts wanted to be paid out by vaults."""
        columns = VAULT_REDEMPTIONS.c
        query = sa.select(VAULT_REDEMPTIONS).where(columns.account.in_(accounts))
        return self._page(query, {columns.vault: vault}, columns.requested_us, (columns.redemption,), part)

    def vault_values(self, vault: int, from_us: int) -> Sequence[Any]:
        """Return what a vault was worth each hour since then, oldest first."""
        columns = VAULT_VALUES.c
        query = sa.select(VAULT_VALUES).where(columns.vault == vault, columns.time_us >= from_us)
        with self._engine.connect() as connection:
            return connection.execute(query.order_by(columns.time_us, columns.sequence)).all()

    def dividends(self, accounts: Sequence[int], part: Range = FIRST, *, share: int | None = None) -> Page[Any]:
        """Return the lines of dividend statements of some accounts."""
        columns = DIVIDENDS.c
        query = sa.select(DIVIDENDS).where(columns.account.in_(accounts))
        order = (columns.sequence, columns.event_index)
        return self._page(query, {columns.share: share}, columns.time_us, order, part)

    def funding_payments(self, accounts: Sequence[int], part: Range = FIRST, *, market: int | None = None) -> Page[Any]:
        """Return what positions of some accounts received for each hour, below 0 paid."""
        columns = FUNDING_PAYMENTS.c
        query = sa.select(FUNDING_PAYMENTS).where(columns.account.in_(accounts))
        order = (columns.sequence, columns.event_index)
        return self._page(query, {columns.market: market}, columns.time_us, order, part)

    def funding_hours(self, market: int, part: Range = FIRST) -> Page[Any]:
        """Return the funding rates of a market's hours that have ended."""
        columns = FUNDING_HOURS.c
        query = sa.select(FUNDING_HOURS).where(columns.market == market)
        return self._page(query, {}, columns.time_us, (columns.end_us,), part)

    def settlements(self, accounts: Sequence[int], part: Range = FIRST, *, market: int | None = None) -> Page[Any]:
        """Return what settlements gave some accounts, below 0 took."""
        columns = SETTLEMENTS.c
        query = sa.select(SETTLEMENTS).where(columns.account.in_(accounts))
        order = (columns.sequence, columns.market)
        return self._page(query, {columns.market: market}, columns.time_us, order, part)

    def positions(
        self,
        accounts: Sequence[int],
        part: Range = FIRST,
        *,
        market: int | None = None,
        markets: Sequence[int] | None = None,
        is_open: bool | None = None,
    ) -> Page[Any]:
        """Return positions of some accounts in perpetuals, open ones included."""
        columns = POSITIONS.c
        query = sa.select(POSITIONS).where(columns.account.in_(accounts))
        if markets is not None:
            query = query.where(columns.market.in_(markets))
        if is_open is not None:
            query = query.where(columns.closed_us.is_(None) if is_open else columns.closed_us.is_not(None))
        return self._page(query, {columns.market: market}, columns.opened_us, (columns.position,), part)

    def trades(self, market: int, part: Range = FIRST) -> Page[Any]:
        """Return trades of a market; ``account``s and fees in a row are not for the public."""
        query = sa.select(TRADES).where(TRADES.c.market == market)
        return self._page(query, {}, TRADES.c.time_us, (TRADES.c.trade,), part)

    def klines(
        self, market: int, interval: Interval, from_us: int, to_us: int, limit: int = LIMIT_MAXIMUM
    ) -> list[Candle]:
        """Return the candles whose span begins in [from_us, to_us), oldest first; spans without trades have none."""
        query = (
            sa.select(*CANDLE_COLUMNS)
            .where(KLINES.c.market == market, KLINES.c.interval == interval.wire)
            .where(KLINES.c.start_us >= from_us, KLINES.c.start_us < to_us)
            .order_by(KLINES.c.start_us)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [Candle(*row) for row in connection.execute(query)]

    def _page(
        self,
        query: sa.Select[Any],
        filters: dict[Any, Any],
        time_us: sa.ColumnElement[int],
        order: Sequence[sa.ColumnElement[Any]],
        part: Range,
    ) -> Page[Any]:
        assert part.limit >= 0 and part.offset >= 0, part
        query = query.where(*(column == value for column, value in filters.items() if value is not None))
        if part.from_us is not None:
            query = query.where(time_us >= part.from_us)
        if part.to_us is not None:
            query = query.where(time_us < part.to_us)
        count = query.with_only_columns(sa.func.count(), maintain_column_froms=True)
        ordered = query.order_by(*(column.asc() if part.ascending else column.desc() for column in order))
        with self._engine.connect() as connection:
            total = connection.scalar(count) or 0
            rows = connection.execute(ordered.limit(part.limit).offset(part.offset)).all()
        return Page(rows, total)
