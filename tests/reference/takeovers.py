"""Taking over (rules 2): what a vault takes of an estate from which the book takes nothing, and how it reduces it."""

from __future__ import annotations

from typing import Any, NamedTuple

from ringfence.schema.commands import PlaceOrder
from ringfence.schema.enums import (
    ONE_E8,
    Delisting,
    OrderType,
    Parameter,
    PriceState,
    SelfTradePrevention,
    TimeInForce,
    VaultState,
)

from . import cases, legs, margin, orders, positions, vaults
from .state import ASK, BID, Case, Market, Refused, State, Vault
from .values import (
    FRESH_OR_CLOSED,
    MILLION,
    asset_price,
    ceil_div,
    floor_rate,
    price_state,
    rate,
    requirement,
    value_down,
)

MOST_NOTIONAL, MOST_POSITIONS, MOST_ROWS = 2**58, 256, 2**23


class Taking(NamedTuple):
    """What a vault could take over: at least one lot, for a discount."""

    of: legs.Weighed
    row: Vault
    discount_e8: int


def willing(state: State, account: int, quote_asset: int) -> Vault | None:
    for _, row in sorted(state.vaults.items()):
        takes = row.vault_state == VaultState.OPEN and row.takes_over and row.quote_asset == quote_asset
        if takes and row.account != account and vaults.is_safe(state, row.account):
            return row
    return None


def may_be_taken(state: State, account: int, *, waits: bool) -> bool:
    """Whether a vault may take something of an account; ``waits``: once a price is fresh that is not."""
    for market in positions.of_account(state, account):
        if not state.positions[account, market.market].net_lots or not is_listed(state, market):
            continue
        if waits and has_mark(state, market):
            continue
        if willing(state, account, market.quote_asset):
            return True
    return False


def is_listed(state: State, market: Market) -> bool:
    return state.perpetuals[market.market].delisting == Delisting.LISTED


def has_mark(state: State, market: Market) -> bool:
    fresh = state.perpetuals[market.market].price_state == PriceState.FRESH
    return fresh and price_state(state, market.quote_asset) in FRESH_OR_CLOSED


def take_over(state: State, case: Case, emit: Any) -> bool:
    """Let a vault take what it can of what the case needs; returns whether one did."""
    found = margin.measure(state, case.account)
    if found.equity <= 0:
        return False
    takings = [
        taking
        for market in positions.of_account(state, case.account)
        if (taking := taking_of(state, case, market, found)) is not None
    ]
    if not takings:
        return False
    best = max(takings, key=lambda taking: taking.of.score)
    market, row, mark = best.of.market, best.row, best.of.mark_ticks
    leg = legs.reduction(state, best.of, mark, best.discount_e8)
    lots = most_borne(state, best, legs.lots_at(state, case, leg, found, mark))
    signed = lots if best.of.net > 0 else -lots
    worth = signed * mark * market.quote_factor
    discount = ceil_div(abs(worth) * best.discount_e8, ONE_E8)
    emit(
        "VaultTookOver", account=case.account, market=market.market, vault=row.vault, vault_account=row.account,
        case=case.case, lots=signed, mark_ticks=mark, discount_e8=best.discount_e8, discount_atoms=discount,
        equity_value=found.equity, maintenance_value=found.maintenance,
    )  # fmt: skip
    positions.change(state, case.account, market, -signed, discount - worth, 0)
    positions.change(state, row.account, market, signed, worth - discount, 0)
    return True


def taking_of(state: State, case: Case, market: Market, found: margin.Measure) -> Taking | None:
    of = legs.weighed(state, case.account, market, found)
    if of is None or not is_listed(state, market):
        return None
    row = willing(state, case.account, market.quote_asset)
    if row is None:
        return None
    discount = min(of.cost_e8, row.discount_ppm * 100)
    taking = Taking(of, row, discount)
    return taking if bears(state, taking, 1) else None


def most_borne(state: State, taking: Taking, wanted: int) -> int:
    if bears(state, taking, wanted):
        return wanted
    low, high = 1, wanted
    while high - low > 1:
        middle = (low + high) // 2
        if bears(state, taking, middle):
            low = middle
        else:
            high = middle
    return low


def bears(state: State, taking: Taking, lots: int) -> bool:
    row, of, market = taking.row, taking.of, taking.of.market
    held = state.positions.get((row.account, market.market))
    has = positions.of_account(state, row.account)
    if held is None and (len(has) >= MOST_POSITIONS or len(state.positions) + 8 > MOST_ROWS):
        return False
    net = held.net_lots if held else 0
    after = net + (lots if of.net > 0 else -lots)
    found = margin.measure(state, row.account, strict=True)
    if found.not_fresh or not may_hold(state, row, market, net, after):
        return False
    profit = positions.unsettled(state, held, market) if held else 0
    worth = lots * of.mark_ticks * market.quote_factor
    discount = ceil_div(worth * taking.discount_e8, ONE_E8)
    equity, initial = parts(state, row, market, net, profit)
    more_equity, more_initial = parts(state, row, market, after, profit + discount)
    return found.free - equity + initial + more_equity - more_initial >= 0


def may_hold(state: State, row: Vault, market: Market, net: int, after: int) -> bool:
    if abs(after) <= abs(net):
        return True
    rules, most = state.perpetuals[market.market], MOST_NOTIONAL
    if row.concentration_ppm:
        most = min(most, max(0, vaults.value_of(state, row)) * row.concentration_ppm // MILLION)
    worth = abs(after) * rules.mark_ticks * market.quote_factor
    return abs(after) <= rules.position_limit_lots and worth <= most


def parts(state: State, row: Vault, market: Market, net: int, profit: int) -> tuple[int, int]:
    """Return (equity, initial margin) of a position with an unsettled profit."""
    rules, quote = state.perpetuals[market.market], state.assets[market.quote_asset]
    floor = floor_rate(state.accounts[row.account].leverage_limit_percent)
    value = cases.notional_value(state, market, net)
    raised = market.brakes.raised_base_e8 if market.brakes else 0
    needs = requirement(value, rate(max(rules.initial_base_e8, raised), rules.initial_factor_e8, value, floor))
    if profit < 0:
        return -margin.owed_value(state, market, -profit), needs
    return value_down(profit, asset_price(state, quote.asset), quote.decimals), needs


# Unwinding.


def unwind_vault(state: State, command: Any, emit: Any) -> None:
    if not cases.clock_is_fresh(state):
        return
    for _, row in sorted(state.vaults.items()):
        if row.unwound_us == state.clock_us:
            continue
        row.unwound_us = state.clock_us
        if cases.case_of(state, row.account) is None and (found := largest(state, row)):
            reduce(state, row, *found, emit)
            return


def largest(state: State, row: Vault) -> tuple[Market, int, int, int] | None:
    """Return (market, side, limit, lots) of the largest position that somebody in the book would take."""
    found: tuple[int, tuple[Market, int, int, int]] | None = None
    for market in positions.of_account(state, row.account):
        net, mark = state.positions[row.account, market.market].net_lots, state.perpetuals[market.market].mark_ticks
        if not net or not has_mark(state, market) or legs.is_deleveraged(state, market):
            continue
        side = ASK if net > 0 else BID
        limit = legs.limit_of(side, mark, state.parameters[Parameter.LIQUIDATION_BAND_PPM] * 100)
        value = cases.notional_value(state, market, net)
        if legs.meets(market, side, limit) and (found is None or value > found[0]):
            lots, most = abs(net), state.parameters[Parameter.VAULT_SLICE_VALUE]
            if value > most:
                lots = max(1, lots * most // value)
            found = value, (market, side, limit, min(lots, market.maximum_quantity_lots))
    return found[1] if found else None


def reduce(state: State, row: Vault, market: Market, side: int, limit: int, lots: int, emit: Any) -> None:
    number, place = state.sequence, {"account": row.account, "market": market.market}
    body = {"vault": row.vault, "order": number, "side": side, "price_ticks": limit, "quantity_lots": lots}
    body["mark_ticks"] = state.perpetuals[market.market].mark_ticks
    emit("VaultOrdered", **place, **body, reject=0)

    def emit_own(kind: str, account: int = row.account, market: int = market.market, **body: Any) -> None:
        emit(kind, account=account, market=market, **body)

    given = PlaceOrder(
        **place, side=side, order_type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, reduce_only=1,
        self_trade_prevention=SelfTradePrevention.REJECT_MAKER, price_ticks=limit, quantity_lots=lots,
    )  # fmt: skip
    try:
        orders.place(state, given, number, emit_own, loan_flags=0)
    except Refused as refused:
        emit.again(0, "VaultOrdered", **place, **body, reject=int(refused.body["reject"]))
