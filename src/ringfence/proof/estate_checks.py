"""Whether an estate was below its margin: prices from quotes, values from prices, equity from values."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.schema import events as e
from ringfence.schema.enums import PriceState

from . import arithmetic as a
from .case_file import CaseFile

MOST_CLOCK_AGE_US = 5_000_000
CASH_UNITS = 10**8


def check_prices(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with how the prices were made from their sources' quotes."""
    for price in file.prices.values():
        if price.minimum_sources == 0 or price.price_state not in (PriceState.FRESH, PriceState.CLOSED):
            continue
        if file.opened.time_us - price.clock_us > MOST_CLOCK_AGE_US:
            yield f"the clock stood still for {file.opened.time_us - price.clock_us} us when the case opened"
        # Quotes that came later have not made this price, and what was is overwritten.
        if price.price_state == PriceState.FRESH and price.quoted_us < price.clock_us == price.updated_us:
            yield from _check_index(file, price)


def _check_index(file: CaseFile, price: e.PriceShown) -> Iterator[str]:
    said = [one for one in file.in_command(e.QuoteShown, price.sequence) if one.asset == price.asset]
    quotes = [a.SourceQuote(q.price_source, q.weight, q.price_units, q.enabled, q.observed_us) for q in said]
    fresh = a.fresh_quotes(quotes, price.clock_us, price.maximum_age_ms)
    if len(fresh) < price.minimum_sources:
        yield f"{price.symbol}: {len(fresh)} quotes are fresh, {price.minimum_sources} must be"
        return
    found = a.index_of(fresh, price.clamp_ppm)
    if found != (price.index_units, price.used_sources, price.clamped_sources):
        yield f"{price.symbol}: the quotes make {found}, not an index of {price.index_units}"


def check_marks(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with how the marks of perpetuals were made."""
    for mark in file.marks.values():
        made = a.mark_ticks(mark.index_ticks, mark.premium, mark.mark_bound_ppm)
        if made != mark.mark_ticks:
            yield f"market {mark.market}: index and premium make a mark of {made}, not {mark.mark_ticks}"
        base = file.prices.get(mark.base_asset)
        if base is None:
            yield f"market {mark.market}: the price of asset {mark.base_asset} is not shown"
        elif mark.price_state == PriceState.FRESH and mark.updated_us == base.updated_us:
            index = a.index_ticks(base.mark_units, mark.tick_atoms, mark.quote_decimals)
            if index != mark.index_ticks:
                yield f"market {mark.market}: {base.symbol} at {base.mark_units} is {index} ticks"


def check_assets(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with what the estate's assets count for."""
    for one in file.assets:
        price = file.prices.get(one.asset)
        if price is None:
            yield f"the price of asset {one.asset} is not shown"
            continue
        haircut = price.closed_haircut_ppm if one.price_state == PriceState.CLOSED else 0
        value = a.value_down(one.held_atoms, one.asset_price_units, one.decimals)
        owed = a.value_up(one.owed_atoms, one.debt_price_units, one.decimals)
        expected = {
            "asset_price_units": a.down(price.mark_units, a.PPM - haircut),
            "debt_price_units": a.up(price.mark_units, a.PPM + haircut),
            "collateral_value": a.part(value, one.weight_e8),
            "liabilities_value": owed,
            "maintenance_value": a.requirement(owed, one.rate_e8),
        }
        yield from _differences(f"{file.symbol(one.asset)} of the estate", one, expected)


def check_positions(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with what the estate's positions count for."""
    for one in file.positions:
        mark, money = file.marks.get(one.market), file.prices.get(one.quote_asset)
        if mark is None or money is None:
            yield f"the mark of market {one.market} is not shown"
            continue
        haircut = money.closed_haircut_ppm if money.price_state == PriceState.CLOSED else 0
        asset_units, debt_units = a.down(money.mark_units, a.PPM - haircut), a.up(money.mark_units, a.PPM + haircut)
        profit = one.net_lots * one.mark_ticks * one.quote_factor - one.reference_atoms - one.pending_atoms
        if one.mark_ticks == 0:
            profit = 0
        notional = abs(one.net_lots) * one.mark_ticks * one.quote_factor
        value = a.value_up(notional, debt_units, money.decimals)
        gain, loss = (
            a.value_down(max(profit, 0), asset_units, money.decimals),
            a.value_up(max(-profit, 0), debt_units, money.decimals),
        )
        expected = {
            "mark_ticks": mark.mark_ticks,
            "quote_factor": mark.quote_factor,
            "profit_value": gain - loss,
            "notional_value": value,
            "maintenance_value": a.requirement(value, one.rate_e8),
        }
        yield from _differences(f"the position in market {one.market}", one, expected)


def check_expected(file: CaseFile) -> Iterator[str]:
    """Yield what is wrong with what the estate's dues of corporate actions count for."""
    for one in file.expected:
        money = file.prices.get(one.asset)
        if money is None:
            yield f"the price of asset {one.asset} is not shown"
            continue
        haircut = money.closed_haircut_ppm if money.price_state == PriceState.CLOSED else 0
        asset_units, debt_units = a.down(money.mark_units, a.PPM - haircut), a.up(money.mark_units, a.PPM + haircut)
        gain = a.value_down(max(one.due_atoms, 0), asset_units, money.decimals)
        loss = a.value_up(max(-one.due_atoms, 0), debt_units, money.decimals)
        yield from _differences(f"what is due by action {one.action}", one, {"due_value": gain - loss})


def check_trigger(file: CaseFile) -> Iterator[str]:
    """Yield why the case need not have opened, or why its equity is not the sum of what is shown."""
    opened = file.opened
    shown = (len(file.assets), len(file.positions), len(file.expected))
    if shown != (opened.assets, opened.positions, opened.expected):
        counted = f"{opened.assets} assets, {opened.positions} positions and {opened.expected} dues"
        yield f"{counted} were shown when it opened, not all are here"
    collateral = sum(one.collateral_value for one in file.assets)
    collateral += sum(max(one.profit_value, 0) for one in file.positions)
    collateral += sum(max(one.due_value, 0) for one in file.expected)
    liabilities = sum(one.liabilities_value for one in file.assets)
    liabilities += sum(max(-one.profit_value, 0) for one in file.positions)
    liabilities += sum(max(-one.due_value, 0) for one in file.expected)
    maintenance = sum(one.maintenance_value for one in (*file.assets, *file.positions))
    if opened.left_out == 0:
        if collateral - liabilities != opened.equity_value:
            yield f"the estate comes to {collateral - liabilities}, not to {opened.equity_value}"
        if maintenance != opened.maintenance_value:
            yield f"the estate needs {maintenance}, not {opened.maintenance_value}"
    if opened.equity_value > opened.maintenance_value:
        yield f"equity {opened.equity_value} was above maintenance margin {opened.maintenance_value}"


def _differences(what: str, event: object, expected: dict[str, int]) -> Iterator[str]:
    for name, value in expected.items():
        if getattr(event, name) != value:
            yield f"{what}: {name} is {getattr(event, name)}, it must be {value}"
