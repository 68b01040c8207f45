"""What happened to an account's positions: funding, settlements, and the positions that were, from SQL."""

import asyncio
from typing import Any

from ringfence.schema.tables import AccountRow
from ringfence.views.decimals import FUNDING_RATES, RATES
from ringfence.views.history.reader import Range
from ringfence.views.perpetuals import Followed, followed_standing

from ..calls import Call
from ..names import market_type
from ..operations import Family, Page, Tag
from ..position_replies import average_price
from ..times import naive_ms
from ..wire import perpetual as wire
from ..wire.common import SortDirection

FAMILY = Family(Tag.HISTORY)


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/funding",
    "get_funding_payments",
    list[wire.FundingPayment],
    "fundingHistoryQueryAll",
    query=wire.FundingHistoryQuery,
    paged=True,
)
async def funding(call: Call) -> Page:
    """List what the account's positions received and paid for each hour, newest first unless told."""
    query, account = call.query, call.account_row(call.query.subaccount_id)
    market = call.market_or_none(query.symbol)
    await call.gateway.wait_for_history(call.account)
    page: Any = await asyncio.to_thread(
        call.gateway.history.reader.funding_payments,
        [call.account],
        _range(query),
        market=market.number if market else None,
    )
    return Page([_payment(call, account, row) for row in page.rows], page.total, query.limit, query.offset)


def _payment(call: Call, account: AccountRow, row: Any) -> wire.FundingPayment:
    market = call.gateway.catalog.market_by_number[row.market]
    return wire.FundingPayment(
        user_id=account.user,
        subaccount_id=account.sub_account or None,
        symbol=market.symbol,
        quantity=market.quote_text(row.amount_atoms),
        interval_end_timestamp=naive_ms(row.end_us),
        funding_rate=FUNDING_RATES.text(row.funding_rate_e10),
    )


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/settlement",
    "get_settlement_history",
    list[wire.Settlement],
    "settlementHistoryQueryAll",
    query=wire.SettlementHistoryQuery,
    paged=True,
)
async def settlements(call: Call) -> Page:
    """List what settlements gave the account and took from it, newest first unless told."""
    query, account = call.query, call.account_row()
    if query.source not in (None, wire.SettlementSourceFilter.REALIZE_PNL):
        return Page([], 0, query.limit, query.offset)
    await call.gateway.wait_for_history(call.account)
    reader = call.gateway.history.reader
    page: Any = await asyncio.to_thread(reader.settlements, [call.account], _range(query))
    return Page([_settlement(call, account, row) for row in page.rows], page.total, query.limit, query.offset)


def _settlement(call: Call, account: AccountRow, row: Any) -> wire.Settlement:
    return wire.Settlement(
        quantity=call.gateway.catalog.market_by_number[row.market].quote_text(row.amount_atoms),
        source=wire.SettlementSource.REALIZE_PNL,
        subaccount_id=account.sub_account or None,
        timestamp=naive_ms(row.time_us),
        user_id=account.user,
        position_id=str(row.opened),
        engine_sequence=row.sequence,
    )


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/position",
    "get_position_history",
    list[wire.PositionHistoryRow],
    "positionHistoryQueryAll",
    query=wire.PositionHistoryQuery,
    paged=True,
)
async def positions(call: Call) -> Page:
    """List the account's positions, those that were closed included, newest first unless told."""
    query, account = call.query, call.account_row()
    market, kinds = call.market_or_none(query.symbol), query.market_type
    of_kinds = [one.number for one in call.gateway.catalog.markets.values() if kinds and market_type(one) in kinds]
    await call.gateway.wait_for_history(call.account)
    page: Any = await asyncio.to_thread(
        call.gateway.history.reader.positions,
        [call.account],
        _range(query),
        market=market.number if market else None,
        markets=None if kinds is None else of_kinds,
        is_open=None if query.state is None else query.state is wire.PositionHistoryState.OPEN,
    )
    return Page([_position(call, account, row) for row in page.rows], page.total, query.limit, query.offset)


def _position(call: Call, account: AccountRow, row: Any) -> wire.PositionHistoryRow:
    market, exchange = call.gateway.catalog.market_by_number[row.market], call.gateway.exchange
    rules = exchange.perpetual(row.market)
    assert rules is not None, f"there was a position in {market.symbol}, which has no rules"
    stands = followed_standing(exchange, account, Followed(*(getattr(row, name) for name in Followed._fields)))
    entered = (row.entry_atoms, row.net_lots) if row.net_lots else (row.entered_atoms, row.entered_lots)
    return wire.PositionHistoryRow(
        id=str(row.opened),
        symbol=market.symbol,
        net_quantity=market.quantity_text(row.net_lots),
        net_exposure_quantity=market.quantity_text(abs(row.net_lots)),
        net_exposure_notional=market.quote_text(stands.exposure_atoms),
        net_cost=market.quote_text(row.entry_atoms),
        mark_price=market.price_text(rules.mark_ticks),
        entry_price=average_price(market, *entered),
        cumulative_pnl_realized=market.quote_text(row.settled_atoms),
        unrealized_pnl=market.quote_text(stands.unsettled_atoms),
        funding_quantity=market.quote_text(stands.funding_atoms),
        imf=RATES.text(stands.initial_e8) if row.net_lots else "0",
        liquidated=market.quantity_text(row.liquidated_lots),
        fees=market.quote_text(row.fees_atoms - row.liquidation_fees_atoms),
        liquidation_fees=market.quote_text(row.liquidation_fees_atoms),
        state=wire.PositionHistoryState.OPEN if row.closed_us is None else wire.PositionHistoryState.CLOSED,
        closed_volume=market.quote_text(row.closed_atoms),
        closing_price=average_price(market, row.closed_atoms, row.closed_lots) if row.closed_lots else None,
        opened_at=naive_ms(row.opened_us),
        closed_at=None if row.closed_us is None else naive_ms(row.closed_us),
    )


def _range(query: Any) -> Range:
    return Range(query.limit, query.offset, ascending=query.sort_direction is SortDirection.ASC)
