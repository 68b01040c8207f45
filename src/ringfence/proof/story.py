"""A receipt in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ringfence.schema import events as e
from ringfence.schema.enums import CaseCause, CaseEnd, CaseStep, MarketKind, PriceState, Side

from .case_file import CaseFile

VALUE_DECIMALS, UNIT_DECIMALS = 6, 8
US_PER_S = 1_000_000
_CAUSES = {CaseCause.MARK: "a mark had moved", CaseCause.CREDIT: "a credit was about to count"}
_ENDS = {
    CaseEnd.RESTORED: "the account has the margin that it needs again",
    CaseEnd.TOPPED_UP: "its owner put in what was missing",
    CaseEnd.WRITTEN_OFF: "it was less than nothing: the account is zero and owes nothing",
}


def tell(file: CaseFile) -> Iterator[str]:
    """Yield the story of a case, a line at a time."""
    opened = file.opened
    yield f"Case {file.case}: liquidation of account {file.account}"
    yield f"  opened {_time(opened.time_us)} at command {opened.sequence}, because {_CAUSES[CaseCause(opened.cause)]}"
    equity, maintenance = _money(opened.equity_value), _money(opened.maintenance_value)
    yield f"  equity {equity}, maintenance margin {maintenance}, worth without haircuts {_money(opened.worth_value)}"
    yield from _prices(file)
    yield from _estate(file)
    yield from _course(file)
    if file.closed is None:
        yield "The case is open."
        return
    closed = file.closed
    yield f"Closed {_time(closed.time_us)} at command {closed.sequence}: {_ENDS[CaseEnd(closed.reason)]}"
    yield f"  equity {_money(closed.equity_value)}, maintenance margin {_money(closed.maintenance_value)}"


def _prices(file: CaseFile) -> Iterator[str]:
    yield "Prices at the opening"
    for price in file.prices.values():
        mark = fixed(price.mark_units, UNIT_DECIMALS)
        if price.minimum_sources == 0:
            yield f"  {price.symbol} {mark}"
            continue
        age = _seconds(file.opened.time_us - price.updated_us)
        state = PriceState(price.price_state).name.lower()
        yield f"  {price.symbol} mark {mark}, index {fixed(price.index_units, UNIT_DECIMALS)}, {state}, {age} old, from"
        for quote in file.in_command(e.QuoteShown, price.sequence):
            if quote.asset == price.asset:
                yield f"    {_quote(file, price, quote)}"


def _quote(file: CaseFile, price: e.PriceShown, quote: e.QuoteShown) -> str:
    if not quote.price_units:
        return f"{quote.name}: nothing yet"
    bit = 1 << quote.price_source
    used = "used" if price.used_sources & bit else "not used"
    clamped = ", clamped" if price.clamped_sources & bit else ""
    age = _seconds(file.opened.time_us - quote.observed_us)
    return f"{quote.name}: {fixed(quote.price_units, UNIT_DECIMALS)}, {age} old, weight {quote.weight}, {used}{clamped}"


def _estate(file: CaseFile) -> Iterator[str]:
    yield "The estate"
    for one in file.assets:
        held, owed = fixed(one.held_atoms, one.decimals), fixed(one.owed_atoms, one.decimals)
        counts = f"counts {_money(one.collateral_value)}" if one.held_atoms else ""
        owes = f"owes {owed}, which is {_money(one.liabilities_value)}" if one.owed_atoms else ""
        yield f"  {file.symbol(one.asset)}: holds {held}" + "".join(f", {part}" for part in (counts, owes) if part)
    for one in file.positions:
        yield (
            f"  {_market(file, one.market)}: {_lots(file, one.market, one.net_lots)} at mark "
            f"{_price(file, one.market, one.mark_ticks)}, profit {_money(one.profit_value)}, "
            f"needs {_money(one.maintenance_value)}"
        )


def _course(file: CaseFile) -> Iterator[str]:
    yield "What was done"
    ends = {one.order: one for one in file.of(e.SliceEnded)}
    for event in file.events:
        if isinstance(event, e.SliceOrdered):
            yield f"  {_time(event.time_us)} {_slice(file, event, ends[event.order])}"
        elif isinstance(event, e.CaseMoved):
            yield f"  {_time(event.time_us)} the book does not take the rest: step {CaseStep(event.step).name}"
        elif isinstance(event, e.CreditFenced):
            amount, fenced = _amount(file, event.asset, event.amount_atoms), event.fenced_account
            yield f"  {_time(event.time_us)} {amount} arrived and is its owner's, in fenced account {fenced}"
        elif isinstance(event, e.ToppedUp):
            amount, needed = (_amount(file, event.asset, one) for one in (event.amount_atoms, event.needed_atoms))
            yield f"  {_time(event.time_us)} its owner put in {amount}; {needed} was enough"
        elif isinstance(event, e.VaultTookOver):
            yield f"  {_time(event.time_us)} {_takeover(file, event)}"
        elif isinstance(event, (e.EstateClosed, e.Deleveraged, e.WaveBegan, e.WaveEnded, e.WrittenOff)):
            yield f"  {_time(event.time_us)} {_payers(file, event)}"


def _takeover(file: CaseFile, took: e.VaultTookOver) -> str:
    lots, mark = _lots(file, took.market, took.lots), _price(file, took.market, took.mark_ticks)
    discount = _amount(file, file.markets[took.market].quote_asset, took.discount_atoms)
    return f"vault {took.vault} takes over {lots} {_market(file, took.market)} at mark {mark}, for {discount}"


def _slice(file: CaseFile, ordered: e.SliceOrdered, ended: e.SliceEnded) -> str:
    side = "sells" if ordered.side == Side.ASK else "buys"
    market, lots = _market(file, ordered.market), _lots(file, ordered.market, ordered.quantity_lots)
    limit, mark = (_price(file, ordered.market, ticks) for ticks in (ordered.price_ticks, ordered.mark_ticks))
    text = f"{side} {lots} {market} at {limit} or better, mark {mark}: "
    if not ended.filled_lots:
        return text + "nobody took it"
    units = file.markets[ordered.market]
    average = ended.filled_quote_atoms // (ended.filled_lots * units.quote_factor)
    fee = _amount(file, units.quote_asset, ended.fee_atoms)
    text += f"{_lots(file, ordered.market, ended.filled_lots)} at {_price(file, ordered.market, average)}, fee {fee}"
    return text + _bankrupt(file, ordered)


def _bankrupt(file: CaseFile, ordered: e.SliceOrdered) -> str:
    """Return the price at which all the lots that the position still had would have cost all the equity there was."""
    units, lots = file.markets[ordered.market], file.lots_before(ordered)
    money = next((one for one in file.of(e.PriceShown) if one.asset == units.quote_asset), None)
    if not lots or money is None or not money.mark_units:
        return ""
    atoms = max(0, ordered.equity_value) * 10 ** (money.decimals + UNIT_DECIMALS - VALUE_DECIMALS) // money.mark_units
    sign = -1 if ordered.side == Side.ASK else 1
    price = max(0, ordered.mark_ticks + sign * (atoms // (lots * units.quote_factor)))
    return f"; its bankruptcy price was {_price(file, ordered.market, price)}"


def _payers(file: CaseFile, event: e.EstateClosed | e.Deleveraged | e.WaveBegan | e.WaveEnded | e.WrittenOff) -> str:
    if isinstance(event, e.WrittenOff):
        sums = (event.deficit_atoms, event.fund_atoms, event.skin_atoms, event.uncovered_atoms)
        deficit, fund, skin, uncovered = (_amount(file, event.asset, one) for one in sums)
        return f"{deficit} is written off: FUND pays {fund}, SKIN {skin}, UNCOVERED owes {uncovered}"
    quote = file.markets[event.market].quote_asset
    if isinstance(event, e.EstateClosed):
        paid, gap = (_amount(file, quote, one) for one in (event.paid_atoms, event.gap_atoms))
        lots = _lots(file, event.market, event.lots)
        return f"wave {event.wave}: account {event.account} {lots} at the mark; it pays {paid}, {gap} cannot be paid"
    if isinstance(event, e.Deleveraged):
        cost, profit = (_amount(file, quote, one) for one in (event.cost_atoms, event.profit_atoms))
        whose = "the same person's account" if event.own_case else "account"
        lots = _lots(file, event.market, event.lots)
        return f"wave {event.wave}: {whose} {event.account} {lots}; it costs {cost} of a profit of {profit}"
    if isinstance(event, e.WaveBegan):
        sums = (event.gap_atoms, event.own_atoms, event.fund_atoms, event.skin_atoms, event.left_atoms)
        gap, own, fund, skin, left = (_amount(file, quote, one) for one in sums)
        mark = _price(file, event.market, event.mark_ticks)
        return (
            f"wave {event.wave} at mark {mark}: gap {gap}; own profit pays {own}, FUND {fund}, SKIN {skin}, left {left}"
        )
    cost, uncovered = (_amount(file, quote, one) for one in (event.cost_atoms, event.uncovered_atoms))
    return f"wave {event.wave} ends: it cost {event.people} accounts {cost}; UNCOVERED owes {uncovered}"


def _market(file: CaseFile, number: int) -> str:
    units = file.markets.get(number)
    if units is None:
        return f"market {number}"
    name = f"{file.symbol(units.base_asset)}_{file.symbol(units.quote_asset)}"
    return f"{name}_PERP" if units.market_kind == MarketKind.PERPETUAL else name


def _lots(file: CaseFile, number: int, lots: int) -> str:
    units = file.markets.get(number)
    return f"{lots} lots" if units is None else fixed(lots * units.lot_atoms, units.base_decimals)


def _price(file: CaseFile, number: int, ticks: int) -> str:
    units = file.markets.get(number)
    return f"{ticks} ticks" if units is None else fixed(ticks * units.tick_atoms, units.quote_decimals)


def _amount(file: CaseFile, asset: int, atoms: int) -> str:
    price = next((one for one in file.of(e.PriceShown) if one.asset == asset), None)
    return f"{atoms} atoms of asset {asset}" if price is None else f"{fixed(atoms, price.decimals)} {price.symbol}"


def _money(value: int) -> str:
    return fixed(value, VALUE_DECIMALS)


def fixed(number: int, decimals: int) -> str:
    """Return an integer with its decimal point, without trailing zeros."""
    whole, fraction = divmod(abs(number), 10**decimals)
    digits = f"{fraction:0{decimals}d}".rstrip("0") if decimals else ""
    return ("-" if number < 0 else "") + f"{whole:,}" + (f".{digits}" if digits else "")


def _time(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / US_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _seconds(time_us: int) -> str:
    return f"{fixed(time_us // 1_000, 3)} s"
