"""Converting collateral (rules 2): who could not pay a loss sells what he has of one asset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ringfence.schema.commands import PlaceOrder
from ringfence.schema.enums import (
    ONE_E8,
    UNITS_PER_CASH,
    CloseReason,
    LoanFlag,
    OrderType,
    PriceState,
    SelfTradePrevention,
    TimeInForce,
)

from . import book, orders, paying, positions, settlement
from .state import ASK, BID, Market, Position, Refused, State
from .values import MILLION, asset_price, ceil_div, price_state, price_units, rules_of, value_down, weight


@dataclass(slots=True, frozen=True)
class Sale:
    """What an account can sell of an asset for what it owes."""

    asset: int
    market: Market
    ticks: int
    lots: int
    collateral: int


def convert_collateral(state: State, command: Any, emit: Any) -> None:
    short = sorted(key for key, row in state.positions.items() if row.due_atoms < 0)
    if state.settling != settlement.CONVERTING:
        return
    position = state.positions[short[0]]
    convert(state, position, state.markets[position.market], emit)
    positions.gone_if_empty(state, position)
    settlement.pay_winners_unless_somebody_is_short(state)


def convert(state: State, position: Position, market: Market, emit: Any) -> None:
    position.due_atoms = 0
    positions.touch(state, position, market)
    missing = max(0, settlement.loss_of(state, position, market))
    missing -= pay(state, position, market, missing)
    found = [sale for asset in state.collaterals if (sale := sale_of(state, position, market, asset, missing))]
    goes_on = False
    if missing and found:
        chosen = max(found, key=lambda sale: (sale.collateral, -sale.asset))
        paid, goes_on = sell(state, position, market, chosen, missing, emit)
        missing -= paid
    elif missing:
        goes_on = cancel_locking(state, position.account, market.quote_asset, emit)
    if goes_on:
        position.due_atoms = -missing


def pay(state: State, position: Position, market: Market, missing: int) -> int:
    perpetual = state.perpetuals[market.market]
    paid = settlement.give(state, position, market, missing)
    perpetual.short_atoms -= min(perpetual.short_atoms, paid)
    return paid


def sale_of(state: State, position: Position, perpetual: Market, asset: int, missing: int) -> Sale | None:
    rules, account = rules_of(state, asset), position.account
    market = state.markets.get(rules.conversion_market)
    if (account, asset) not in state.balances or market is None or market.quote_asset != perpetual.quote_asset:
        return None
    bid, mark = market.best(BID), ticks_below_mark(state, asset, market, 0)
    ticks = ticks_below_mark(state, asset, market, rules.conversion_discount_ppm)
    if mark is None or ticks is None or bid is None:
        return None
    held = paying.spendable(state, account, asset, LoanFlag.AUTO_LEND_REDEEM)
    lots, least = held // market.lot_atoms, market.minimum_quantity_lots
    if bid < ticks or lots < least or not market.minimum_price_ticks <= ticks <= market.maximum_price_ticks:
        return None
    user = state.users[state.accounts[account].user]
    _, taker_ppm = state.fee_tiers[market.fee_schedule, user.fee_tier]
    gross = ceil_div(missing * MILLION, MILLION - max(0, taker_ppm))
    wanted = ceil_div(gross, min(bid, mark) * market.quote_factor)
    wanted = min(lots, max(least, min(wanted, market.maximum_quantity_lots)))
    value = value_down(held, asset_price(state, asset), state.assets[asset].decimals)
    return Sale(asset, market, ticks, wanted, value * weight(rules, value) // ONE_E8)


def ticks_below_mark(state: State, asset: int, market: Market, discount_ppm: int) -> int | None:
    """Return a price below the mark in ticks of a market, rounded up; none unless both prices are fresh."""
    prices: list[int] = []
    for one in (asset, market.quote_asset):
        price = price_units(state, one)[0]
        if price_state(state, one) != PriceState.FRESH or price == 0:
            return None
        prices.append(price)
    if prices[0] // prices[1] > 4 * 10**10:
        return None
    units = ceil_div(ceil_div(prices[0] * UNITS_PER_CASH, prices[1]) * (MILLION - discount_ppm), MILLION)
    money = units * 10 ** state.assets[market.quote_asset].decimals
    return max(1, ceil_div(ceil_div(money, UNITS_PER_CASH), market.tick_atoms))


def cancel_locking(state: State, account: int, quote_asset: int, emit: Any) -> bool:
    """Cancel the orders that lock the asset of a loss, or what is sold for it."""
    found = False
    for order in list(state.accounts[account].orders.values()):
        market = state.markets[order.market]
        asset, _ = market.lock(order.side, order.price_ticks, order.remaining_lots)
        sold_in = state.markets.get(rules_of(state, asset).conversion_market)
        if not market.is_perpetual and (asset == quote_asset or (sold_in and sold_in.quote_asset == quote_asset)):
            book.close(state, market, order, CloseReason.SETTLEMENT, emit)
            found = True
    return found


def sell(state: State, position: Position, contract: Market, sale: Sale, missing: int, emit: Any) -> tuple[int, bool]:
    """Return what was paid, and whether anybody was met: an order of the same user, or one that bought."""
    account, told = position.account, {"paid_atoms": 0, "reject": 0}
    order = PlaceOrder(
        account=account,
        market=sale.market.market,
        side=ASK,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        self_trade_prevention=SelfTradePrevention.REJECT_MAKER,
        price_ticks=sale.ticks,
        quantity_lots=sale.lots,
    )

    met = False

    def emit_own(kind: str, account: int = account, market: int = sale.market.market, **body: Any) -> None:
        nonlocal met
        met = met or kind == "Trade" or (kind == "OrderClosed" and body["order"] != state.sequence)
        emit(kind, account=account, market=market, **body)

    body = {
        "order": state.sequence,
        "contract": contract.market,
        "asset": sale.asset,
        "price_ticks": sale.ticks,
        "quantity_lots": sale.lots,
        "missing_atoms": missing,
    }
    emit_own("CollateralConverted", **body, **told)
    try:
        orders.place(state, order, state.sequence, emit_own, loan_flags=int(LoanFlag.AUTO_LEND_REDEEM))
        told["paid_atoms"] = pay(state, position, contract, missing)
    except Refused as refused:
        assert emit.told() == 1, "an order was refused after its first event"
        told["reject"] = int(refused.body["reject"])
    emit.again(0, "CollateralConverted", account=account, market=sale.market.market, **body, **told)
    return told["paid_atoms"], met
