"""Brakes (rules 2): bands, halts, margin that rises with open interest, orders that are retired."""

from typing import Any

from ringfence.schema.enums import ONE_E8, BrakePhase, CloseReason, Delisting, MarketState, TriggerBy
from ringfence.schema.fields import MAX_PRICE_TICKS, MAX_SEQUENCE
from ringfence.schema.rejects import Reject

from . import auctions, book, checks, triggers
from .state import ASK, BID, Brakes, Market, Order, Refused, State

SETTINGS = ("band_ppm", "window_ms", "halt_ms", "auction_ms", "interest_low_lots", "interest_high_lots")
SETTINGS += ("stale_ppm", "far_ppm", "stale_age_ms")
SHUT = (MarketState.CLOSED, MarketState.CANCEL_ONLY)
MARKETS_A_CLOCK, ORDERS_A_CLOCK = 1_024, 1_000
MILLION = 10**6


def set_brakes(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    low, high = command.interest_low_lots, command.interest_high_lots
    if high and not market.is_perpetual:
        raise Refused(Reject.INVALID_COMBINATION, field=7)
    if (low or high) and low >= high:
        raise Refused(Reject.RANGE_REVERSED, value=low, limit=high)
    if market.brakes is None:
        market.brakes = state.brakes[market.market] = Brakes(market.market)
    body = {name: getattr(command, name) for name in SETTINGS}
    for name, value in body.items():
        setattr(market.brakes, name, value)
    emit("BrakesSet", **body)
    move_band(state, market, price_of_now(state, market) if command.band_ppm else 0, emit)


def price_of_now(state: State, market: Market) -> int:
    return triggers.reference_price(state, market, TriggerBy.MARK) or market.last_price_ticks


def move_band(state: State, market: Market, price: int, emit: Any) -> None:
    brakes, before = market.brakes, market.band
    assert brakes
    brakes.reference_ticks, brakes.reference_us = price, state.time_us
    market.band = (0, 0)
    if price and brakes.band_ppm:
        market.band = (lower(price, brakes.band_ppm), min(MAX_PRICE_TICKS, upper(price, brakes.band_ppm)))
    if market.band != before:
        low, high = market.band
        emit("BandMoved", account=0, market=market.market, reference_ticks=price, low_ticks=low, high_ticks=high)


def upper(price: int, ppm: int) -> int:
    return price * (MILLION + ppm) // MILLION


def lower(price: int, ppm: int) -> int:
    return max(0, -(-price * (MILLION - ppm) // MILLION))


def reopens(state: State, market: int) -> bool:
    """Whether a market stands and will trade again by itself."""
    row = state.brakes.get(market)
    return row is not None and row.phase != BrakePhase.NONE and row.until_us != MAX_SEQUENCE


def enter(market: Market, state: int, account: int, emit: Any) -> None:
    market.state = int(state)
    emit("MarketStateSet", account=account, market=market.market, state=market.state)


def set_state(state: State, command: Any, market: Market, emit: Any) -> None:
    """Begin an auction, or keep a market shut that only an auction opens."""
    brakes = market.brakes
    if command.state == MarketState.AUCTION:
        if brakes is None:
            raise Refused(Reject.NO_BRAKES)
        if brakes.phase == BrakePhase.NONE:
            brakes.reopen_state = int(MarketState.OPEN) if market.state in SHUT else market.state
            brakes.auction_lots = brakes.auction_trades = 0
        begin_auction(state, market, command.account, 0, 0, emit)
        return
    assert brakes
    if command.state not in SHUT:
        raise Refused(Reject.REOPENS_BY_AUCTION)
    brakes.phase, brakes.until_us = int(BrakePhase.HALT), MAX_SEQUENCE
    enter(market, command.state, command.account, emit)


def begin_auction(state: State, market: Market, account: int, extended: int, price: int, emit: Any) -> None:
    brakes = market.brakes
    assert brakes
    brakes.phase, brakes.extended = int(BrakePhase.AUCTION), extended
    brakes.until_us = state.time_us + brakes.auction_ms * 1_000
    brakes.auction_ticks = brakes.auction_side = 0
    auctions.forget(brakes)
    if market.state != MarketState.AUCTION:
        enter(market, MarketState.AUCTION, account, emit)
    emit(
        "AuctionBegan", account=account, market=market.market, until_us=brakes.until_us, extended=extended,
        reference_ticks=brakes.reference_ticks, price_ticks=price,
    )  # fmt: skip


def halt(state: State, market: Market, taker: book.Taker, emit: Any) -> None:
    """Halt a market after its taker came to the end of the band."""
    brakes = market.brakes
    assert brakes
    brakes.reopen_state, brakes.auction_lots, brakes.auction_trades = market.state, 0, 0
    brakes.until_us = state.time_us + (brakes.halt_ms or brakes.auction_ms) * 1_000
    low, high = market.band
    emit(
        "MarketHalted", account=taker.account, market=market.market, order=taker.order,
        price_ticks=market.best(1 - taker.side), reference_ticks=brakes.reference_ticks, low_ticks=low,
        high_ticks=high, until_us=brakes.until_us,
    )  # fmt: skip
    if not brakes.halt_ms:
        begin_auction(state, market, 0, 0, 0, emit)
        return
    brakes.phase = int(BrakePhase.HALT)
    enter(market, MarketState.CANCEL_ONLY, 0, emit)


def stands_still(state: State, market: Market) -> bool:
    perpetual = state.perpetuals.get(market.market)
    delisted = perpetual is not None and perpetual.delisting != Delisting.LISTED
    price = state.prices.get(market.base_asset)
    frozen = price is not None and price.frozen_units != 0
    return frozen or delisted or any(wave.market == market.market for wave in state.waves.values())


# At every Clock.


def tick(state: State, emit: Any) -> None:
    numbers = [number for number in sorted(state.brakes) if not stands_still(state, state.markets[number])]
    after = [number for number in numbers if number > state.brakes_market]
    turn = after + [number for number in numbers if number <= state.brakes_market]
    left = ORDERS_A_CLOCK
    for number in turn[:MARKETS_A_CLOCK]:
        market = state.markets[number]
        raise_margin(state, market, emit)
        go_on(state, market, emit)
        auctions.indicate(state, market, emit)
        left -= retire(state, market, left, emit)
        state.brakes_market = number


def raise_margin(state: State, market: Market, emit: Any) -> None:
    brakes, perpetual, raised = market.brakes, state.perpetuals.get(market.market), 0
    assert brakes
    low, high = brakes.interest_low_lots, brakes.interest_high_lots
    if perpetual and high and perpetual.open_interest_lots > low and perpetual.initial_base_e8 < ONE_E8:
        base, over = perpetual.initial_base_e8, min(perpetual.open_interest_lots, high) - low
        raised = base + ceil_div((ONE_E8 - base) * over, high - low)
    if raised != brakes.raised_base_e8:
        brakes.raised_base_e8 = raised
        lots = perpetual.open_interest_lots if perpetual else 0
        emit("InitialMarginRaised", account=0, market=market.market, raised_base_e8=raised, open_interest_lots=lots)


def ceil_div(number: int, divisor: int) -> int:
    return -(-number // divisor)


def go_on(state: State, market: Market, emit: Any) -> None:
    brakes = market.brakes
    assert brakes
    if brakes.phase == BrakePhase.NONE:
        is_over = not brakes.reference_ticks or state.time_us >= brakes.reference_us + brakes.window_ms * 1_000
        if brakes.band_ppm and is_over:
            move_band(state, market, price_of_now(state, market), emit)
    elif state.time_us >= brakes.until_us and brakes.phase == BrakePhase.HALT:
        begin_auction(state, market, 0, 0, 0, emit)
    elif state.time_us >= brakes.until_us and brakes.phase == BrakePhase.AUCTION:
        brakes.phase = int(BrakePhase.UNCROSSING)


def retire(state: State, market: Market, most: int, emit: Any) -> int:
    """Cancel old orders that are far from the mark; return how many were looked at."""
    brakes, mark = market.brakes, triggers.reference_price(state, market, TriggerBy.MARK)
    assert brakes
    if brakes.phase != BrakePhase.NONE or not mark:
        return 0
    met = list(far_away(market, brakes, mark))[:most]
    for order in met:
        if order.created_us <= state.time_us - brakes.stale_age_ms * 1_000:
            book.close(state, market, order, CloseReason.STALE, emit)
    return len(met)


def far_away(market: Market, brakes: Brakes, mark: int) -> list[Order]:
    """Return the orders that are too good for the mark, best first, then those too bad, worst first; bids first."""
    bids, asks = market.levels[BID], market.levels[ASK]
    prices: list[tuple[int, int]] = []
    if brakes.stale_ppm:
        prices += [(BID, price) for price in reversed(bids) if price > upper(mark, brakes.stale_ppm)]
        prices += [(ASK, price) for price in asks if price < lower(mark, brakes.stale_ppm)]
    if brakes.far_ppm:
        prices += [(BID, price) for price in bids if price < lower(mark, brakes.far_ppm)]
        prices += [(ASK, price) for price in reversed(asks) if price > upper(mark, brakes.far_ppm)]
    return [order for side, price in prices for order in market.levels[side][price].values()]
