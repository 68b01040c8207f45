"""What nobody paid (rules 2): UNCOVERED owes it, which is told, and FUND and SKIN pay it when they can."""

from __future__ import annotations

from typing import Any, NamedTuple

from ringfence.schema.commands import PlaceOrder
from ringfence.schema.enums import (
    HouseAccount,
    LoanSource,
    OrderType,
    Parameter,
    SelfTradePrevention,
    TimeInForce,
)
from ringfence.schema.rejects import Reject

from . import cases, conversion, estates, legs, orders, pools, positions
from .money import available, loan_shares
from .state import ASK, BID, Market, Refused, State
from .values import ceil_div

FUND, UNCOVERED, CLEARING = int(HouseAccount.FUND), int(HouseAccount.UNCOVERED), int(HouseAccount.CLEARING)


class Chosen(NamedTuple):
    """What FUND orders."""

    market: Market
    side: int
    mark_ticks: int
    limit_ticks: int
    lots: int


def owed_to_market(state: State, market: Market) -> int:
    return max(0, positions.seen(state, UNCOVERED, market).reference_atoms)


def tell_market(state: State, market: Market, emit: Any) -> None:
    owed = owed_to_market(state, market)
    emit("UncoveredOwes", account=UNCOVERED, market=market.market, asset=market.quote_asset, owed_atoms=owed)


def tell_lenders(state: State, asset: int, emit: Any) -> None:
    emit("UncoveredOwes", account=UNCOVERED, market=0, asset=asset, owed_atoms=pools.debt(state, UNCOVERED, asset))


def not_in_resolution(state: State, market: Market) -> None:
    if owed := owed_to_market(state, market):
        raise Refused(Reject.MARKET_IN_RESOLUTION, value=owed)


def cover_debts(state: State, command: Any, emit: Any) -> None:
    if not cases.clock_is_fresh(state):
        return
    for asset in estates.own_assets(state, FUND):
        pool = state.lending_pools.get(asset)
        claimed = min(pools.claim(state, FUND, asset), pools.redeemable(state, pool)) if pool else 0
        if claimed > 0:
            pools.Told(state, emit, FUND, asset, LoanSource.LIQUIDATION).redeem(claimed)
    pay(state, emit)
    owed = [(market.quote_asset, owed_to_market(state, market)) for market in positions.of_account(state, UNCOVERED)]
    owed += [(asset, pools.debt(state, UNCOVERED, asset)) for asset in debts(state)]
    for asset, atoms in owed:
        if atoms and (chosen := trade_for(state, asset, atoms)):
            order(state, asset, atoms, chosen, emit)
            return


def debts(state: State) -> list[int]:
    return [asset for asset in estates.own_assets(state, UNCOVERED) if loan_shares(state, UNCOVERED, asset) < 0]


def pay(state: State, emit: Any) -> None:
    for market in positions.of_account(state, UNCOVERED) if state.settling == 0 else ():
        if loss := owed_to_market(state, market):
            fund = estates.pay_from_fund(state, CLEARING, market.quote_asset, loss, 0, emit)
            paid = fund + estates.pay_from_skin(state, CLEARING, market.quote_asset, loss - fund, 0, emit)
            state.perpetuals[market.market].clearing_atoms += paid
            if paid:
                positions.refer(state, UNCOVERED, market, -paid)
                tell_market(state, market, emit)
    for asset in debts(state):
        debt = pools.debt(state, UNCOVERED, asset)
        missing = max(0, debt - available(state, UNCOVERED, asset))
        fund = estates.pay_from_fund(state, UNCOVERED, asset, missing, 0, emit)
        estates.pay_from_skin(state, UNCOVERED, asset, missing - fund, 0, emit)
        before = loan_shares(state, UNCOVERED, asset)
        told = pools.Told(state, emit, UNCOVERED, asset, LoanSource.LIQUIDATION)
        estates.repay(state, UNCOVERED, asset, available(state, UNCOVERED, asset), told)
        if loan_shares(state, UNCOVERED, asset) != before:
            tell_lenders(state, asset, emit)


def trade_for(state: State, asset: int, owed: int) -> Chosen | None:
    number = conversion_market(state, asset)
    if not number:
        return sale_for(state, asset, asset, owed)
    return purchase(state, asset, number, owed) or sale_for(state, asset, state.markets[number].quote_asset, 0)


def conversion_market(state: State, asset: int) -> int:
    rules = state.collaterals.get(asset)
    return rules.conversion_market if rules else 0


def purchase(state: State, asset: int, number: int, owed: int) -> Chosen | None:
    market = state.markets[number]
    mark = conversion.ticks_below_mark(state, asset, market, 0)
    if not mark:
        return None
    limit = legs.limit_of(BID, mark, state.parameters[Parameter.LIQUIDATION_BAND_PPM] * 100)
    wanted = max(ceil_div(owed, market.lot_atoms), market.minimum_quantity_lots)
    affordable = available(state, FUND, market.quote_asset) // (limit * market.quote_factor)
    lots = min(wanted, affordable, market.maximum_quantity_lots)
    if lots < market.minimum_quantity_lots or not legs.meets(market, BID, limit):
        return None
    return Chosen(market, BID, mark, limit, lots)


def sale_for(state: State, asset: int, money: int, wanted: int) -> Chosen | None:
    """Return the first sale of something for money, of no more than brings what is wanted, 0 for all."""
    for sold in estates.own_assets(state, FUND):
        market = state.markets.get(conversion_market(state, sold))
        if sold == asset or market is None or market.quote_asset != money:
            continue
        mark = conversion.ticks_below_mark(state, sold, market, 0)
        if not mark:
            continue
        limit = legs.limit_of(ASK, mark, state.collaterals[sold].conversion_discount_ppm * 100)
        lots = min(available(state, FUND, sold) // market.lot_atoms, market.maximum_quantity_lots)
        if wanted:
            lots = min(lots, max(ceil_div(wanted, limit * market.quote_factor), market.minimum_quantity_lots))
        if lots >= market.minimum_quantity_lots and legs.meets(market, ASK, limit):
            return Chosen(market, ASK, mark, limit, lots)
    return None


def order(state: State, asset: int, owed: int, chosen: Chosen, emit: Any) -> None:
    number, market = state.sequence, chosen.market
    cases.show_market(state, market, emit)
    place = {"account": FUND, "market": market.market}
    body = {"order": number, "asset": asset, "owed_atoms": owed, "side": chosen.side, "mark_ticks": chosen.mark_ticks}
    body |= {"price_ticks": chosen.limit_ticks, "quantity_lots": chosen.lots}
    at = emit.told()
    emit("FundOrdered", **place, **body, reject=0)

    def emit_own(kind: str, account: int = FUND, market: int = market.market, **body: Any) -> None:
        emit(kind, account=account, market=market, **body)

    given = PlaceOrder(
        **place,
        side=chosen.side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        self_trade_prevention=SelfTradePrevention.REJECT_MAKER,
        price_ticks=chosen.limit_ticks,
        quantity_lots=chosen.lots,
    )
    try:
        orders.place(state, given, number, emit_own, loan_flags=0, of_case=True)
    except Refused as refused:
        emit.again(at, "FundOrdered", **place, **body, reject=int(refused.body["reject"]))
        return
    pay(state, emit)
