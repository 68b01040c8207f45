"""Public market data."""

import asyncio
from typing import Any

from ringfence.schema.enums import AssetKind
from ringfence.schema.tables import PerpetualRow
from ringfence.views.candles import INTERVALS, Candle, EmptyCandle, Interval, with_gaps
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import Scale
from ringfence.views.history.reader import Range
from ringfence.views.perpetuals import HOUR_MS, raised_base_e8
from ringfence.views.tickers import Ticker
from ringfence.views.trades import trade_update
from ringfence.views.updates import TradeUpdate

from ..calls import Call
from ..errors import ApiError, invalid_request
from ..names import BOOK_STATES, market_type
from ..operations import Family, Tag
from ..position_replies import initial_function, maintenance_function
from ..times import naive_s, naive_us
from ..wire import market as wire

FAMILY = Family(Tag.MARKETS)

MOST_KLINES = 1_000
_MULTIPLIER = Scale("Multiplier", 1, 6, 10**18, place="price bands")
_BASIS_POINTS = Scale("Rate", 1, 6, 10**10, place="basis points")
_FRACTION_DECIMALS = 6


@FAMILY.public("/api/v1/assets", "get_assets", list[wire.MarketAsset])
async def assets(call: Call) -> list[wire.MarketAsset]:
    """List the assets; none has a chain to move over yet, so none has tokens."""
    return [
        wire.MarketAsset(symbol=asset.symbol, display_name=asset.name or asset.symbol, coingecko_id=None, tokens=[])
        for asset in call.gateway.catalog.assets.values()
    ]


@FAMILY.public("/api/v1/securities", "get_securities", list[wire.Security])
async def securities(call: Call) -> list[wire.Security]:
    """List the registered shares; they trade at all hours, without sessions."""
    return [
        wire.Security(asset=asset.symbol, name=asset.name, cusip=asset.row.cusip or None, sessions=[])
        for asset in call.gateway.catalog.assets.values()
        if asset.row.asset_kind == AssetKind.SHARE
    ]


@FAMILY.public("/api/v1/markets", "get_markets", list[wire.Market], wire.MarketsQuery)
async def markets(call: Call) -> list[wire.Market]:
    """List the markets, of some kinds or of all."""
    kinds = call.query.market_type
    markets = call.gateway.catalog.markets.values()
    return [_market(call, market) for market in markets if kinds is None or market_type(market) in kinds]


@FAMILY.public("/api/v1/market", "get_market", wire.Market, wire.SymbolQuery)
async def market(call: Call) -> wire.Market:
    """Return one market."""
    return _market(call, call.market(call.query.symbol))


def _market(call: Call, market: MarketInfo) -> wire.Market:
    row = market.row
    prices = wire.PriceFilter(
        min_price=market.price_text(row.minimum_price_ticks),
        max_price=market.price_text(row.maximum_price_ticks),
        tick_size=market.price_text(1),
        max_multiplier=_multiplier(row.limit_maximum_ppm),
        min_multiplier=_multiplier(row.limit_minimum_ppm),
        max_impact_multiplier=_multiplier(row.impact_maximum_ppm),
        min_impact_multiplier=_multiplier(row.impact_minimum_ppm),
    )
    quantities = wire.QuantityFilter(
        min_quantity=market.quantity_text(row.minimum_quantity_lots),
        max_quantity=market.quantity_text(row.maximum_quantity_lots),
        step_size=market.quantity_text(1),
    )
    is_share = market.base.row.asset_kind in (AssetKind.SHARE, AssetKind.TRACKER)
    rules = call.gateway.exchange.perpetual(market.number)
    return wire.Market(
        symbol=market.symbol,
        base_symbol=market.base.symbol,
        quote_symbol=market.quote.symbol,
        market_type=market_type(market),
        filters=wire.OrderBookFilters(price=prices, quantity=quantities),
        order_book_state=BOOK_STATES[row.state],
        created_at=naive_us(row.listed_us),
        rwa_market_type="STOCK" if is_share else None,
        **({} if rules is None else _perpetual(market, rules, raised_base_e8(call.gateway.exchange, market.number))),
    )


def _perpetual(market: MarketInfo, rules: PerpetualRow, raised_e8: int) -> dict[str, Any]:
    """Return what a perpetual has beyond a spot market; bounds of the funding are in basis points."""
    return {
        "imf_function": initial_function(rules, raised_e8),
        "mmf_function": maintenance_function(rules),
        "funding_interval": HOUR_MS,
        "funding_rate_upper_bound": _BASIS_POINTS.text(rules.highest_funding_e10),
        "funding_rate_lower_bound": _BASIS_POINTS.text(rules.lowest_funding_e10),
        "open_interest_limit": market.quantity_text(rules.open_interest_limit_lots),
        "position_limit_weight": "1",
    }


def _multiplier(ppm: int) -> str | None:
    return _MULTIPLIER.text(ppm) if ppm else None


@FAMILY.public("/api/v1/depth", "get_depth", wire.Depth, wire.DepthQuery)
async def depth(call: Call) -> wire.Depth:
    """Return a book; both sides ascend, so the best bid comes last."""
    market = call.market(call.query.symbol)
    bids, asks = call.gateway.exchange.depth(market.number, int(call.query.limit))
    return wire.Depth(
        asks=_levels(market, asks),
        bids=_levels(market, bids[::-1]),
        last_update_id=str(call.gateway.market_data.depth.last_sequence(market.number)),
        timestamp=call.gateway.exchange.time_us,
    )


def _levels(market: MarketInfo, levels: list[tuple[int, int]]) -> list[list[str]]:
    return [[market.price_text(ticks), market.quantity_text(lots)] for ticks, lots in levels]


@FAMILY.public("/api/v1/ticker", "get_ticker", wire.Ticker | None, wire.TickerQuery)
async def ticker(call: Call) -> wire.Ticker | None:
    """Return a market's rolling ticker; 204 when it never traded."""
    market = call.market(call.query.symbol)
    found = call.gateway.market_data.ticker(market.number, call.query.interval)
    return None if found is None else _ticker(market, found)


@FAMILY.public("/api/v1/tickers", "get_tickers", list[wire.Ticker], wire.TickersQuery)
async def tickers(call: Call) -> list[wire.Ticker]:
    """List the rolling tickers of all markets that ever traded."""
    data, interval = call.gateway.market_data, call.query.interval
    found = [(market, data.ticker(market.number, interval)) for market in call.gateway.catalog.markets.values()]
    return [_ticker(market, ticker) for market, ticker in found if ticker is not None]


def _ticker(market: MarketInfo, found: Ticker) -> wire.Ticker:
    change = found.last_ticks - found.first_ticks
    return wire.Ticker(
        symbol=market.symbol,
        first_price=market.price_text(found.first_ticks),
        last_price=market.price_text(found.last_ticks),
        price_change=market.price_text(change),
        price_change_percent=fraction_text(change, found.first_ticks),
        high=market.price_text(found.high_ticks),
        low=market.price_text(found.low_ticks),
        volume=market.quantity_text(found.volume_lots),
        quote_volume=market.quote_text(found.quote_atoms),
        trades=str(found.trades),
    )


def fraction_text(part: int, whole: int) -> str:
    """Return part / whole with six decimals, rounded toward zero: ``-0.004868``."""
    if whole == 0:
        return "0"
    scaled = abs(part) * 10**_FRACTION_DECIMALS // whole
    text = f"{scaled // 10**_FRACTION_DECIMALS}.{scaled % 10**_FRACTION_DECIMALS:0{_FRACTION_DECIMALS}d}"
    return ("-" if part < 0 and scaled else "") + text.rstrip("0").rstrip(".")


@FAMILY.public("/api/v1/klines", "get_klines", list[wire.Kline], wire.KlinesQuery)
async def klines(call: Call) -> list[wire.Kline]:
    """List the candles whose begin lies between two times, at most 1000, oldest first."""
    query = call.query
    market, interval = call.market(query.symbol), INTERVALS[query.interval]
    if query.price_type is not wire.KlinePriceType.LAST:
        raise invalid_request(f"{market.symbol} has candles of the Last price only")
    from_us = query.start_time * 1_000_000
    now_us = call.gateway.market_data.time_us
    to_us = now_us + 1 if query.end_time is None else min(query.end_time * 1_000_000, now_us) + 1
    if query.end_time is not None and query.end_time < query.start_time:
        raise ApiError(400, "INVALID_RANGE", f"endTime {query.end_time} is before startTime {query.start_time}")
    history = call.gateway.history
    stored = await asyncio.to_thread(history.reader.klines, market.number, interval, from_us, to_us, MOST_KLINES)
    found = _with_present(stored, call.gateway.market_data.candle(market.number, interval))
    return [_kline(market, interval, candle) for candle in with_gaps(found, interval, from_us, to_us, MOST_KLINES)]


def _with_present(stored: list[Candle], present: Candle | None) -> list[Candle]:
    """Put the candle that is open now in the place of what history has of it so far."""
    if present is None:
        return stored
    return [candle for candle in stored if candle.start_us < present.start_us] + [present]


def _kline(market: MarketInfo, interval: Interval, candle: Candle | EmptyCandle) -> wire.Kline:
    start, end = naive_s(candle.start_us), naive_s(interval.end_us(candle.start_us))
    if isinstance(candle, EmptyCandle):
        empty: dict[str, None] = dict.fromkeys(("open", "high", "low", "close"))
        return wire.Kline(start=start, end=end, volume="0", quote_volume="0", trades="0", **empty)
    return wire.Kline(
        start=start,
        end=end,
        open=market.price_text(candle.open_ticks),
        high=market.price_text(candle.high_ticks),
        low=market.price_text(candle.low_ticks),
        close=market.price_text(candle.close_ticks),
        volume=market.quantity_text(candle.volume_lots),
        quote_volume=market.quote_text(candle.quote_atoms),
        trades=str(candle.trades),
    )


@FAMILY.public("/api/v1/trades", "get_recent_trades", list[wire.Trade], wire.TradesQuery)
async def trades(call: Call) -> list[wire.Trade]:
    """List the last trades of a market, newest first."""
    market = call.market(call.query.symbol)
    return [_trade(market, trade) for trade in call.gateway.market_data.trades(market.number, call.query.limit)]


@FAMILY.public("/api/v1/trades/history", "get_historical_trades", list[wire.Trade], wire.TradesHistoryQuery)
async def trades_history(call: Call) -> list[wire.Trade]:
    """List a page of a market's trades, newest first."""
    market, query = call.market(call.query.symbol), call.query
    part = Range(limit=query.limit, offset=query.offset)
    page = await asyncio.to_thread(call.gateway.history.reader.trades, market.number, part)
    return [_trade(market, trade_update(row)) for row in page.rows]


def _trade(market: MarketInfo, trade: TradeUpdate) -> wire.Trade:
    return wire.Trade(
        id=trade.trade,
        price=market.price_text(trade.price_ticks),
        quantity=market.quantity_text(trade.quantity_lots),
        quote_quantity=market.quote_text(trade.quote_atoms),
        timestamp=trade.time_us // 1_000,
        is_buyer_maker=trade.buyer_is_maker,
    )
