"""Perpetuals: prices, funding and open interest for everybody, positions for who has them."""

import asyncio
from typing import Any

from ringfence.schema.tables import PerpetualRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import FUNDING_RATES
from ringfence.views.history.reader import Range
from ringfence.views.perpetuals import estimated_funding_e10, next_funding_ms

from ..calls import Call
from ..errors import invalid_request, not_found
from ..names import market_type
from ..operations import Family, Page, Tag
from ..position_replies import position_reply
from ..times import naive_ms
from ..wire import perpetual as wire

FAMILY = Family(Tag.MARKETS)
FUTURES = Family(Tag.ACCOUNT)


@FAMILY.public("/api/v1/markPrices", "get_mark_prices", list[wire.MarkPrice], wire.MarkPricesQuery)
async def mark_prices(call: Call) -> list[wire.MarkPrice]:
    """List mark, index and funding estimate of perpetuals; one whose mark was never known is left out."""
    wanted = call.query.market_type
    return [
        wire.MarkPrice(
            funding_rate=FUNDING_RATES.text(estimated_funding_e10(rules)),
            index_price=market.price_text(rules.index_ticks),
            mark_price=market.price_text(rules.mark_ticks),
            next_funding_timestamp=next_funding_ms(rules),
            symbol=market.symbol,
        )
        for market, rules in _perpetuals(call, call.query.symbol)
        if rules.mark_ticks and wanted in (None, market_type(market))
    ]


@FAMILY.public("/api/v1/openInterest", "get_open_interest", list[wire.OpenInterest], wire.OpenInterestQuery)
async def open_interest(call: Call) -> list[wire.OpenInterest]:
    """List how much is open of perpetuals, in units of the base asset."""
    return [
        wire.OpenInterest(
            symbol=market.symbol,
            open_interest=market.quantity_text(rules.open_interest_lots),
            timestamp=call.gateway.exchange.time_us // 1_000,
        )
        for market, rules in _perpetuals(call, call.query.symbol)
    ]


@FAMILY.public(
    "/api/v1/fundingRates",
    "get_funding_interval_rates",
    list[wire.FundingIntervalRate],
    wire.FundingRatesQuery,
    paged=True,
)
async def funding_rates(call: Call) -> Page:
    """List the funding rates of a perpetual, newest first: the first is what the present hour would give now."""
    query = call.query
    ((market, rules),) = _perpetuals(call, query.symbol)
    await call.gateway.wait_for_history(0)
    present = [_funding_rate(market, next_funding_ms(rules) * 1_000, estimated_funding_e10(rules))]
    # The present hour is the row before the first of history.
    part = Range(query.limit - (not query.offset), max(0, query.offset - 1))
    page: Any = await asyncio.to_thread(call.gateway.history.reader.funding_hours, market.number, part)
    past = [_funding_rate(market, row.end_us, row.funding_rate_e10) for row in page.rows]
    return Page(past if query.offset else present + past, page.total + 1, query.limit, query.offset)


def _funding_rate(market: MarketInfo, end_us: int, rate_e10: int) -> wire.FundingIntervalRate:
    rounded = FUNDING_RATES.text((rate_e10 + 5) // 10 * 10)
    return wire.FundingIntervalRate(symbol=market.symbol, interval_end_timestamp=naive_ms(end_us), funding_rate=rounded)


def _perpetuals(call: Call, symbol: str | None) -> list[tuple[MarketInfo, PerpetualRow]]:
    """Return the perpetuals that have rules, or the one that is named; 400 if it is none."""
    markets = call.gateway.catalog.markets
    named = list(markets.values()) if symbol is None else [markets[symbol]] if symbol in markets else []
    rows = [(market, call.gateway.exchange.perpetual(market.number)) for market in named]
    found = [(market, rules) for market, rules in rows if rules is not None]
    if symbol is not None and not found:
        raise invalid_request("Symbol not found")
    return found


@FUTURES.signed(
    "GET",
    "/api/v1/position",
    "get_positions",
    list[wire.FuturePositionWithMargin],
    "positionQuery",
    query=wire.PositionQuery,
)
async def positions(call: Call) -> list[wire.FuturePositionWithMargin]:
    """List the account's positions; 404 for a perpetual that is named and in which it has none."""
    wanted, named = call.query.market_type, call.market_or_none(call.query.symbol)
    account, exchange = call.account_row(), call.gateway.exchange
    rows = [row for row in exchange.positions(call.account) if row.net_lots]
    if named is not None:
        rows = [row for row in rows if row.market == named.number]
        if not rows:
            raise not_found()
    found = [(call.gateway.catalog.market_by_number[row.market], row) for row in rows]
    return [
        position_reply(exchange, account, market, row) for market, row in found if wanted in (None, market_type(market))
    ]
