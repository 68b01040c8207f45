"""Splits of shares, their names and the grids of their markets (rules 2)."""

from __future__ import annotations

from math import gcd
from typing import Any

from ringfence.schema.enums import HouseAccount, MarketState, MoveCause
from ringfence.schema.fields import MAX_ATOMS, MAX_PRICE_TICKS, MAX_PRICE_UNITS
from ringfence.schema.rejects import Reject

from . import brakes, checks, estates, funds, margin, paying, prices, settings, shares, taking
from .state import Market, Price, Refused, State

MOST_SPLIT = 4_096
SHUT = (MarketState.CLOSED, MarketState.CANCEL_ONLY)
CUSTODY, SUSPENSE = int(HouseAccount.CUSTODY), int(HouseAccount.SUSPENSE)


def unsplit(state: State, asset: int, units: int) -> int:
    """Return a price of a whole share of now as one of a share as it was when it was listed."""
    found = state.assets[asset]
    new, old = max(1, found.share_new), max(1, found.share_old)
    return max(1, min(2**62, units * new // old)) if units and new != old else units


def not_too_large(state: State, command: Any) -> None:
    highest = unsplit(state, command.asset, max(command.bid_units, command.ask_units, command.last_units))
    if highest > MAX_PRICE_UNITS:
        raise Refused(Reject.VALUE_TOO_LARGE, value=highest, limit=MAX_PRICE_UNITS, asset=command.asset)


def still_frozen(state: State, price: Price) -> bool:
    """Tell whether the price of a split share is not yet where it was; notes the index that the quotes make."""
    if not price.frozen_units:
        return False
    quotes = list(prices.fresh(state, price))
    if len(quotes) >= price.minimum_sources:
        price.index_units = prices.index_of(price, quotes)
        low = prices.down(price.frozen_units, price.tolerance_ppm)
        high = prices.up(price.frozen_units, price.tolerance_ppm)
        if low <= price.index_units <= high:
            price.frozen_units = price.tolerance_ppm = 0
    return bool(price.frozen_units)


def split_share(state: State, command: Any, emit: Any) -> None:
    share = shares.share(state, command.asset)
    if command.new_shares == command.old_shares:
        raise Refused(Reject.INVALID_COMBINATION, field=2)
    new, old = max(1, share.share_new) * command.new_shares, max(1, share.share_old) * command.old_shares
    new, old = new // gcd(new, old), old // gcd(new, old)
    if max(new, old) > MOST_SPLIT:
        raise Refused(Reject.SPLIT_TOO_LARGE, value=max(new, old), limit=MOST_SPLIT)
    for number, market in sorted(state.markets.items()):
        if market.base_asset == command.asset and market.state not in SHUT:
            raise Refused(Reject.MARKET_STILL_OPEN, value=number)
    of_share = [action for action in state.actions.values() if action.asset == command.asset]
    if any(taking.UNDER_WAY in (action.entitled, action.recorded) for action in of_share):
        raise Refused(Reject.RECORD_UNDER_WAY, asset=command.asset)
    share.share_new, share.share_old = new, old
    price = state.prices.get(command.asset)
    said = {name: getattr(command, name) for name in ("asset", "new_shares", "old_shares", "tolerance_ppm")}
    mark = price.mark_units if price else 0
    emit("ShareSplit", account=0, market=0, **said, share_new=new, share_old=old, mark_units=mark)
    if price:
        forget_quotes(state, command.asset)
        price.quoted_us, price.frozen_units, price.tolerance_ppm = state.time_us, mark, command.tolerance_ppm


def forget_quotes(state: State, asset: int) -> None:
    for (quoted, _), row in state.quotes.items():
        if quoted == asset:
            row.price_units = row.bid_units = row.ask_units = row.last_units = 0
            row.observed_us = state.time_us


def symbol_taken(state: State, symbol: bytes, own: int) -> int:
    for number, asset in sorted(state.assets.items()):
        was = asset.former_symbol == symbol and asset.alias_us > state.time_us
        if number != own and (asset.symbol == symbol or was):
            return number
    return 0


def rename_asset(state: State, command: Any, emit: Any) -> None:
    asset = checks.known_asset(state, command.asset)
    forms = (settings.SYMBOL, settings.PRINTABLE, settings.PRINTABLE)
    for field, (form, text) in enumerate(zip(forms, (command.symbol, command.name, command.cusip), strict=True), 2):
        if not form.fullmatch(text):
            raise Refused(Reject.INVALID_SYMBOL, field=field)
    if taken := symbol_taken(state, command.symbol, command.asset):
        raise Refused(Reject.SYMBOL_IN_USE, value=taken)
    if command.symbol != asset.symbol:
        asset.former_symbol, asset.alias_us = asset.symbol, command.alias_us
    names = ("symbol", "name", "cusip")
    for name in names:
        setattr(asset, name, getattr(command, name))
    said = {name: getattr(asset, name) for name in ("asset", *names, "former_symbol", "alias_us")}
    emit("AssetRenamed", account=0, market=0, **said)


def set_market_grid(state: State, command: Any, emit: Any) -> None:
    market = checks.known_market(state, command.market)
    if market.is_perpetual:
        raise Refused(Reject.NOT_SPOT)
    if market.state not in SHUT:
        raise Refused(Reject.MARKET_STILL_OPEN, value=market.market)
    waits = any(row.market == market.market and row.armed and not row.due for row in state.triggers.values())
    if any(market.levels) or waits or any(row.due for row in state.triggers.values()):
        raise Refused(Reject.BOOK_NOT_EMPTY)
    product, unit = command.tick_atoms * command.lot_atoms, 10 ** state.assets[market.base_asset].decimals
    if product > MAX_ATOMS or product % unit:
        raise Refused(Reject.FACTOR_NOT_INTEGER)
    if market.last_price_ticks:
        ticks = min(MAX_ATOMS, market.last_price_ticks * market.tick_atoms // command.tick_atoms)
        market.last_price_ticks = min(max(1, ticks), MAX_PRICE_TICKS)
    market.tick_atoms, market.lot_atoms, market.quote_factor = command.tick_atoms, command.lot_atoms, product // unit
    names = ("tick_atoms", "lot_atoms", "quote_factor", "last_price_ticks")
    emit("MarketGridSet", account=0, **{name: getattr(market, name) for name in names})
    if market.brakes:
        forget_auction(state, market, emit)


def forget_auction(state: State, market: Market, emit: Any) -> None:
    row = market.brakes
    assert row is not None
    for name in (
        "scan_sequence", "scan_lots", "scan_low_ticks", "scan_high_ticks", "scan_bid_ticks", "scan_bid_lots",
        "scan_ask_ticks", "scan_ask_lots", "indicative_ticks", "indicative_lots", "imbalance_lots", "auction_ticks",
    ):  # fmt: skip
        setattr(row, name, 0)
    brakes.move_band(state, market, 0, emit)


def settle_fraction(state: State, command: Any, emit: Any) -> None:
    checks.open_account(state, command.account)
    shares.share(state, command.asset)
    checks.known_asset(state, command.pay_asset)
    account, atoms = command.account, command.shares_atoms
    checks.available_funds(state, account, command.asset, atoms)
    checks.available_funds(state, SUSPENSE, command.pay_asset, command.amount_atoms)
    margin.check(state, account, margin.WhatIf(command.asset, -atoms))
    told = estates.told_of(emit)
    funds.moved(state, told, account, CUSTODY, command.asset, atoms, MoveCause.FRACTION_RETIRED)
    taking.carry(state, account, command.asset, -atoms, emit)
    funds.moved(state, told, SUSPENSE, account, command.pay_asset, command.amount_atoms, MoveCause.FRACTION_PAID)
    paying.credit_account(state, emit, account, command.pay_asset, command.amount_atoms)
