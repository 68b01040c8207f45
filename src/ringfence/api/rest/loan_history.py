"""What happened to an account's loans and what interest they brought or cost, from SQL."""

import asyncio
from typing import Any

from ringfence.schema.enums import LoanCause, LoanSource
from ringfence.views.catalog import AssetInfo
from ringfence.views.decimals import RATES
from ringfence.views.history.loans import ENTRY_FEE, LENT, OWED
from ringfence.views.history.reader import Range

from ..calls import Call
from ..errors import invalid_request
from ..operations import Family, Page, Tag
from ..times import naive_ms
from ..wire import lending as wire
from ..wire.common import SortDirection

FAMILY = Family(Tag.LENDING)

_EVENT_TYPES = {
    wire.BorrowLendEventType.LEND: (LENT, (LoanCause.LEND, LoanCause.TAKE_OVER)),
    wire.BorrowLendEventType.LEND_REDEEM: (LENT, (LoanCause.REDEEM, LoanCause.WRITE_OFF)),
    wire.BorrowLendEventType.BORROW: (OWED, (LoanCause.BORROW, LoanCause.TAKE_OVER)),
    wire.BorrowLendEventType.BORROW_REPAY: (OWED, (LoanCause.REPAY, LoanCause.WRITE_OFF)),
}
"""The side of a loan and the causes that each means; the wire has no name for what a failed account need not repay."""
_NAMES = {(side, cause): name for name, (side, causes) in _EVENT_TYPES.items() for cause in causes}
_SOURCES = {
    LoanSource.MANUAL: wire.BorrowLendSource.MANUAL,
    LoanSource.SPOT_MARGIN: wire.BorrowLendSource.SPOT_MARGIN,
    LoanSource.AUTO_LEND: wire.BorrowLendSource.AUTO_LEND,
    LoanSource.AUTO_BORROW_REPAY: wire.BorrowLendSource.AUTO_BORROW_REPAY,
    LoanSource.WITHDRAWAL: wire.BorrowLendSource.WITHDRAWAL,
    LoanSource.REDEMPTION_QUEUE: wire.BorrowLendSource.MANUAL,
    LoanSource.SETTLEMENT: wire.BorrowLendSource.RECONCILIATION,
    LoanSource.LIQUIDATION: wire.BorrowLendSource.LIQUIDATION,
}
"""The wire has no name for a redemption that waited, which was asked for by hand, nor for what a settlement took."""

_SIDES = {LENT: wire.BorrowLendSide.LEND, OWED: wire.BorrowLendSide.BORROW}
_CORE_SIDES = {name: side for side, name in _SIDES.items()}
_POSITION_DIGITS = 18


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/borrowLend",
    "get_borrow_lend_history",
    list[wire.BorrowLendMovement],
    "borrowHistoryQueryAll",
    query=wire.BorrowLendHistoryQuery,
    paged=True,
)
async def movements(call: Call) -> Page:
    """List the movements of the account's loans, newest first unless told."""
    query = call.query
    asset = _asset(call, query.symbol)
    side, causes = (None, None) if query.type is None else _EVENT_TYPES[query.type]
    await call.gateway.wait_for_history(call.account)
    page: Any = await asyncio.to_thread(
        call.gateway.history.reader.loan_movements,
        [call.account],
        _range(query),
        asset=None if asset is None else asset.number,
        position=_position(query.position_id),
        side=side,
        causes=causes,
        sources=_sources(query.sources),
    )
    return Page([_movement(call, row) for row in page.rows], page.total, query.limit, query.offset)


def _movement(call: Call, row: Any) -> wire.BorrowLendMovement:
    asset = call.gateway.catalog.asset_by_number[row.asset]
    return wire.BorrowLendMovement(
        event_type=_NAMES[row.side, LoanCause(row.cause)],
        position_id=str(row.position),
        position_quantity=asset.text(row.quantity_atoms),
        quantity=asset.text(row.amount_atoms),
        source=_SOURCES[LoanSource(row.source)],
        symbol=asset.symbol,
        timestamp=naive_ms(row.time_us),
        spot_margin_order_id=str(row.order_id) if row.order_id and row.source != LoanSource.WITHDRAWAL else None,
    )


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/interest",
    "get_interest_history",
    list[wire.InterestPayment],
    "interestHistoryQueryAll",
    query=wire.InterestHistoryQuery,
    paged=True,
)
async def interest(call: Call) -> Page:
    """List the interest that the account's loans brought and cost, newest first unless told."""
    query = call.query
    asset = _asset(call, query.asset) or _asset(call, query.symbol)
    if query.source is wire.InterestPaymentSource.UNREALIZED_PNL:
        return Page([], 0, query.limit, query.offset)
    await call.gateway.wait_for_history(call.account)
    page: Any = await asyncio.to_thread(
        call.gateway.history.reader.interest_payments,
        [call.account],
        _range(query),
        asset=None if asset is None else asset.number,
        position=_position(query.position_id),
    )
    return Page([_payment(call, row) for row in page.rows], page.total, query.limit, query.offset)


def _payment(call: Call, row: Any) -> wire.InterestPayment:
    asset = call.gateway.catalog.asset_by_number[row.asset]
    kind = wire.PaymentType.LEND if row.side == LENT else wire.PaymentType.BORROW
    return wire.InterestPayment(
        payment_type=wire.PaymentType.ENTRY_FEE if row.kind == ENTRY_FEE else kind,
        interest_rate=RATES.text(row.rate_e8),
        interval=row.interval_ms,
        market_symbol=_market_symbol(call, asset),
        position_id=str(row.position),
        quantity=asset.text(row.amount_atoms),
        symbol=asset.symbol,
        timestamp=naive_ms(row.time_us),
    )


def _market_symbol(call: Call, asset: AssetInfo) -> str:
    """Return the spot market of an asset, or the asset itself if it is the base of none."""
    markets = call.gateway.catalog.markets.values()
    return next((market.symbol for market in markets if market.base is asset), asset.symbol)


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/borrowLend/positions",
    "get_borrow_lend_position_history",
    list[wire.BorrowLendPositionRow],
    "borrowPositionHistoryQueryAll",
    query=wire.BorrowLendPositionsQuery,
    paged=True,
)
async def positions(call: Call) -> Page:
    """List the account's loans, those that have ended included, newest first unless told."""
    query = call.query
    asset = _asset(call, query.symbol)
    await call.gateway.wait_for_history(call.account)
    page: Any = await asyncio.to_thread(
        call.gateway.history.reader.loans,
        [call.account],
        _range(query),
        asset=None if asset is None else asset.number,
        side=None if query.side is None else _CORE_SIDES[query.side],
        is_open=None if query.state is None else query.state is wire.BorrowLendPositionState.OPEN,
    )
    return Page([_position_row(call, row) for row in page.rows], page.total, query.limit, query.offset)


def _position_row(call: Call, row: Any) -> wire.BorrowLendPositionRow:
    asset = call.gateway.catalog.asset_by_number[row.asset]
    return wire.BorrowLendPositionRow(
        position_id=str(row.position),
        quantity=asset.text(row.quantity_atoms),
        symbol=asset.symbol,
        source=_SOURCES[LoanSource(row.source)],
        cumulative_interest=asset.text(row.interest_atoms),
        avg_interest_rate=RATES.text(row.rate_hours // row.hours if row.hours else 0),
        side=_SIDES[row.side],
        created_at=naive_ms(row.opened_us),
    )


def _asset(call: Call, symbol: str | None) -> AssetInfo | None:
    return None if symbol is None else call.asset_or_base(symbol)


def _position(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _POSITION_DIGITS):
        raise invalid_request(f"positionId {text[:32]!r} is not the id of a position: decimal digits")
    return int(text)


def _sources(text: str | None) -> list[int] | None:
    if not text:
        return None
    names = {name.value for name in wire.BorrowLendSource}
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise invalid_request(f"sources: {unknown[0][:32]!r} is not one of {', '.join(sorted(names))}")
    return [int(source) for source, name in _SOURCES.items() if name in wanted]


def _range(query: Any) -> Range:
    return Range(query.limit, query.offset, ascending=query.sort_direction is SortDirection.ASC)
