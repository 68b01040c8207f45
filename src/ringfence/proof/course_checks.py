"""Whether a case went by the rules: its orders, its deleveragings, what was written off, and what came from outside."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.schema import events as e
from ringfence.schema.enums import HouseAccount, MarketKind, MoveCause, Side

from . import arithmetic as a
from .case_file import CaseFile

FROM_OUTSIDE = (MoveCause.DEPOSIT, MoveCause.TRANSFER, MoveCause.HOUSE)
FUND = int(HouseAccount.FUND)
ROUNDING = 1
"""What values may be rounded by, in millionths of the cash unit."""


def check_slices(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with the orders of the case: their fills, their limits, their fees."""
    for ordered, ended in file.slices():
        trades = [one for one in file.in_command(e.Trade, ordered.sequence) if one.taker_order == ordered.order]
        lots, quote = sum(one.quantity_lots for one in trades), sum(one.quote_atoms for one in trades)
        name = f"order {ordered.order}"
        if (lots, quote) != (ended.filled_lots, ended.filled_quote_atoms):
            yield f"{name}: its trades are {lots} lots for {quote}, not {ended.filled_lots}, {ended.filled_quote_atoms}"
        if lots > ordered.quantity_lots:
            yield f"{name}: {lots} lots were filled, {ordered.quantity_lots} were ordered"
        sign = -1 if ordered.side == Side.ASK else 1
        if any(sign * one.price_ticks > sign * ordered.price_ticks for one in trades):
            yield f"{name}: a trade is worse than its limit of {ordered.price_ticks}"
        yield from _check_fee(file, ordered, ended)


def _check_fee(file: CaseFile, ordered: e.SliceOrdered, ended: e.SliceEnded) -> Iterator[str]:
    fee, market = a.requirement(ended.filled_quote_atoms, ordered.fee_e8), file.markets.get(ordered.market)
    if market is None:
        yield f"order {ordered.order}: market {ordered.market} is not shown"
        return
    is_perpetual = market.market_kind == MarketKind.PERPETUAL
    if ended.fee_atoms > fee or (is_perpetual and ended.fee_atoms != fee):
        yield f"order {ordered.order}: its fee is {ended.fee_atoms}, the rule says {fee}"
    moved = [one for one in file.in_command(e.FundsMoved, ordered.sequence) if one.cause == MoveCause.LIQUIDATION_FEE]
    if not is_perpetual and sum(one.amount_atoms for one in moved) != ended.fee_atoms:
        yield f"order {ordered.order}: its fee of {ended.fee_atoms} did not go to FUND"


def check_takeovers(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with what vaults took over: the discount, and what equity was there for it."""
    for took in file.of(e.VaultTookOver):
        name, market = f"takeover at {took.sequence}", file.markets.get(took.market)
        money = market and file.prices.get(market.quote_asset)
        if market is None or money is None:
            yield f"{name}: market {took.market} is not shown"
            continue
        worth = abs(took.lots) * took.mark_ticks * market.quote_factor
        yield from _equal(f"{name}: the discount", took.discount_atoms, a.requirement(worth, took.discount_e8))
        value = a.value_down(took.discount_atoms, money.mark_units, money.decimals)
        if value > max(took.equity_value, 0) + ROUNDING:
            yield f"{name}: a discount of {value} was more than the equity of {took.equity_value}"


def check_waves(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with the sums of each deleveraging: who failed, who paid, and how much is left."""
    for began in file.of(e.WaveBegan):
        name, number = f"wave {began.wave}", began.wave
        estates = [one for one in file.of(e.EstateClosed) if one.wave == number]
        shared = [one for one in file.of(e.Deleveraged) if one.wave == number]
        own, others = [one for one in shared if one.own_case], [one for one in shared if not one.own_case]
        ended = next((one for one in file.of(e.WaveEnded) if one.wave == number), None)
        if len(estates) != began.cases:
            yield f"{name}: {began.cases} estates were closed, {len(estates)} are here"
        yield from _equal(f"{name}: the gaps", sum(one.gap_atoms for one in estates), began.gap_atoms)
        yield from _equal(f"{name}: what own profit paid", sum(one.cost_atoms for one in own), began.own_atoms)
        paid = began.own_atoms + began.fund_atoms + began.skin_atoms + began.left_atoms
        yield from _equal(f"{name}: what was paid and what was left", paid, began.gap_atoms)
        if ended is not None:
            cost = sum(one.cost_atoms for one in others)
            yield from _equal(f"{name}: what it cost others", cost, ended.cost_atoms)
            yield from _equal(f"{name}: cost and UNCOVERED", ended.cost_atoms + ended.uncovered_atoms, began.left_atoms)
            if {one.account for one in others if one.cost_atoms > one.profit_atoms}:
                yield f"{name}: somebody paid more than his profit"
        if any(one.mark_ticks != began.mark_ticks for one in (*estates, *shared)):
            yield f"{name}: not all were closed at one mark"


def check_payers(file: CaseFile) -> Iterator[str]:
    """Yield deficits whose payers do not sum to them."""
    for one in file.of(e.WrittenOff):
        paid = one.fund_atoms + one.skin_atoms + one.uncovered_atoms
        yield from _equal(f"what was written off of {file.symbol(one.asset)}", paid, one.deficit_atoms)


def check_fence(file: CaseFile) -> Iterator[str]:
    """Yield money from outside that reached the estate, and credits that were fenced and did not arrive."""
    end = file.closed.sequence if file.closed else file.events[-1].sequence
    for moved in file.of(e.FundsMoved):
        during = file.opened.sequence <= moved.sequence <= end
        if during and moved.to_account == file.account and moved.cause in FROM_OUTSIDE:
            yield f"{moved.amount_atoms} of asset {moved.asset} from outside reached the estate at {moved.sequence}"
    for fenced in file.of(e.CreditFenced):
        moves = file.in_command(e.FundsMoved, fenced.sequence)
        arrived = [one for one in moves if one.to_account == fenced.fenced_account and one.asset == fenced.asset]
        if fenced.amount_atoms not in [one.amount_atoms for one in arrived]:
            yield f"a credit of {fenced.amount_atoms} at {fenced.sequence} is not in account {fenced.fenced_account}"
    for topped in file.of(e.ToppedUp):
        if topped.amount_atoms < topped.needed_atoms:
            yield f"a top-up of {topped.amount_atoms} was taken that does not end the case"


def check_end(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with the end of the case."""
    closed = file.closed
    if closed is not None and closed.sequence < file.opened.sequence:
        yield "it closes before it opens"


def _equal(what: str, found: int, told: int) -> Iterator[str]:
    if found != told:
        yield f"{what} come to {found}, not to {told}"
