"""What people want to see of perpetuals: positions, what they cost, what of it is settled, and the coming funding.

The formulas are those of docs/rules.md, "Perpetuals (rules 2)". Amounts count atoms of the market's quote asset,
values millionths of the cash unit, margin rates hundred-millionths, funding rates ten-thousand-millionths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ringfence.schema.enums import FUNDING_BITS, ONE_E8, Delisting, PriceState, Side
from ringfence.schema.fields import MAX_ATOMS, MAX_VALUE
from ringfence.schema.tables import AccountRow, BrakesRow, MarketRow, PerpetualRow, PositionRow

from . import margin
from .maximums import ROUNDINGS_VALUE, MarginState, highest_fee_ppm, worth_at

if TYPE_CHECKING:
    from ringfence.core.exchange import Measure

PPM = 10**6
HOUR_MS = 3_600_000
PREMIUM_BAND_E10 = 5 * 10**6
HOURS_OF_RATE = 8
POSITIONS_MAXIMUM = 256


class PositionState(MarginState, Protocol):
    """What is read of the exchange."""

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and the prices of a perpetual."""
        ...

    def brakes(self, market: int) -> BrakesRow | None:
        """Return the brakes of a market."""
        ...

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account, by market."""
        ...

    def position(self, account: int, market: int) -> PositionRow | None:
        """Return the position of an account in a market."""
        ...


class Standing(NamedTuple):
    """Where a position stands at the present mark."""

    unsettled_atoms: int
    """What the next settlement moves at this mark: profit, loss, fees and funding that were not settled yet."""
    settled_atoms: int
    """What settlements have moved so far."""
    funding_atoms: int
    """Funding received so far, below 0 paid, that of the last full hour included."""
    exposure_lots: int
    exposure_atoms: int
    exposure_value: int
    position_value: int
    initial_e8: int
    maintenance_e8: int


def notional_atoms(lots: int, ticks: int, quote_factor: int) -> int:
    """Return what lots are worth at a price; lots below 0 give an amount below 0."""
    atoms = min(abs(lots) * ticks * quote_factor, MAX_ATOMS)
    return atoms if lots >= 0 else -atoms


def exposure_lots(net: int, bid: int, ask: int) -> int:
    """Return the most lots that a position may come to, on either side, when its orders fill."""
    return max(abs(net + bid), abs(net - ask))


def pending_funding(rules: PerpetualRow, row: PositionRow) -> int:
    """Return the funding that a position has to pay since it was touched, rounded up; below 0 if it is paid."""
    return _funding_of(row.net_lots, rules.funding_index - row.funding_index)


def _funding_of(lots: int, rise: int) -> int:
    """Return what lots pay when the index has risen, rounded up."""
    return -(-lots * rise >> FUNDING_BITS)


def unsettled_atoms(rules: PerpetualRow, row: PositionRow, quote_factor: int) -> int:
    """Return profit, above 0, or loss of a position at the mark, as far as it is not settled."""
    value = notional_atoms(row.net_lots, rules.mark_ticks, quote_factor)
    return value - row.reference_atoms - pending_funding(rules, row)


class Followed(NamedTuple):
    """What history knows of a position; it does not follow what its orders could make of it."""

    market: int
    net_lots: int
    reference_atoms: int
    funding_atoms: int
    funding_index: int
    settled_us: int | None


class FollowedStanding(NamedTuple):
    """Where such a position stands at the present mark; amounts as in ``Standing``."""

    unsettled_atoms: int
    funding_atoms: int
    exposure_atoms: int
    initial_e8: int


def followed_standing(exchange: PositionState, account: AccountRow, row: Followed) -> FollowedStanding:
    """Return where a position of history stands; one that was settled to the end stands nowhere any more."""
    rules, market = exchange.perpetual(row.market), exchange.market(row.market)
    assert rules is not None and market is not None, f"a position in market {row.market}, which is no perpetual"
    rise = 0 if row.settled_us is not None else rules.funding_index - row.funding_index
    pending = _funding_of(row.net_lots, rise)
    value = notional_atoms(row.net_lots, rules.mark_ticks, market.quote_factor)
    exposure_value = worth_at(exchange, market.quote_asset).owed_up(abs(value))
    return FollowedStanding(
        unsettled_atoms=value - row.reference_atoms - pending,
        funding_atoms=row.funding_atoms - pending,
        exposure_atoms=abs(value),
        initial_e8=margin.initial_rate_e8(rules, exposure_value, least_base_e8(exchange, account, row.market)),
    )


def standing(exchange: PositionState, account: AccountRow, row: PositionRow) -> Standing:
    """Return where a position of an account stands."""
    rules, market = exchange.perpetual(row.market), exchange.market(row.market)
    assert rules is not None and market is not None, f"a position in market {row.market}, which is no perpetual"
    quote = worth_at(exchange, market.quote_asset)
    unsettled, funding = unsettled_atoms(rules, row, market.quote_factor), row.funding_atoms
    funding -= pending_funding(rules, row)
    value = notional_atoms(row.net_lots, rules.mark_ticks, market.quote_factor)
    lots = exposure_lots(row.net_lots, row.bid_lots, row.ask_lots)
    exposure = notional_atoms(lots, rules.mark_ticks, market.quote_factor)
    exposure_value, position_value = quote.owed_up(exposure), quote.owed_up(abs(value))
    least_e8 = least_base_e8(exchange, account, row.market)
    return Standing(
        unsettled_atoms=unsettled,
        settled_atoms=row.realized_atoms + value - row.entry_atoms + funding - row.fees_atoms - unsettled,
        funding_atoms=funding,
        exposure_lots=lots,
        exposure_atoms=exposure,
        exposure_value=exposure_value,
        position_value=position_value,
        initial_e8=margin.initial_rate_e8(rules, exposure_value, least_e8),
        maintenance_e8=margin.maintenance_rate_e8(rules, position_value),
    )


def raised_base_e8(exchange: PositionState, market: int) -> int:
    """Return what open interest has raised the initial margin rate of a perpetual to, 0 where its rules say it."""
    brakes = exchange.brakes(market)
    return 0 if brakes is None else brakes.raised_base_e8


def least_base_e8(exchange: PositionState, account: AccountRow, market: int) -> int:
    """Return the margin rate that leverage limit and open interest ask for at least."""
    return max(margin.least_initial_e8(account.leverage_limit_percent), raised_base_e8(exchange, market))


def unsettled_values(exchange: PositionState, account: int) -> tuple[int, int]:
    """Return (profits, losses) that are not settled, both from 0 up, as values."""
    profits = losses = 0
    for row in exchange.positions(account):
        rules, market = exchange.perpetual(row.market), exchange.market(row.market)
        assert rules is not None and market is not None, f"a position in market {row.market}, which is no perpetual"
        quote, atoms = worth_at(exchange, market.quote_asset), unsettled_atoms(rules, row, market.quote_factor)
        profits += quote.held_down(max(atoms, 0))
        losses += quote.owed_up(max(-atoms, 0))
    return profits, losses


def liquidation_ticks(rules: PerpetualRow, row: PositionRow, stands: Standing, measure: Measure) -> int:
    """Return the estimate of the mark at which equity would be down to maintenance margin, 0 where none is.

    With V the value of the position, m its maintenance margin, E the equity and M the maintenance margin of all: at r
    times the mark a long has equity E + V * (r - 1) and needs M + m * (r - 1), a short E - V * (r - 1) and the same.
    It is an estimate: other prices may move too, and the margin rate changes with the value.
    """
    value, needed = stands.position_value, margin.requirement(stands.position_value, stands.maintenance_e8)
    slope = value - needed if row.net_lots > 0 else value + needed
    if row.net_lots == 0 or slope <= 0:
        return 0
    away = rules.mark_ticks * (measure.equity - measure.maintenance) // slope
    return max(0, rules.mark_ticks - away if row.net_lots > 0 else rules.mark_ticks + away)


def estimated_funding_e10(rules: PerpetualRow) -> int:
    """Return the rate that would be charged if the hour ended now, the last one while nothing of it is known.

    A perpetual that was delisted charges nothing any more.
    """
    if rules.delisting != Delisting.LISTED:
        return 0
    if rules.premium_count == 0:
        return rules.funding_rate_e10
    premium = rules.premium_sum_e10 // rules.premium_count
    drawn = max(-PREMIUM_BAND_E10, min(PREMIUM_BAND_E10, rules.interest_rate_e10 - premium))
    rate = (premium + drawn) // HOURS_OF_RATE
    return min(max(rate, rules.lowest_funding_e10), rules.highest_funding_e10)


def next_funding_ms(rules: PerpetualRow) -> int:
    """Return when the present hour of funding ends, milliseconds since 1970."""
    return (rules.funding_hour + 1) * HOUR_MS


class PerpetualOrder(NamedTuple):
    """An order on a perpetual whose size is looked for; ``quote_atoms`` of lots is what they trade for."""

    market: MarketRow
    side: int
    reduce_only: bool


class _Position(NamedTuple):
    net_lots: int = 0
    bid_lots: int = 0
    ask_lots: int = 0
    reduce_lots: int = 0


class OrderLimit:
    """How large an order on a perpetual an account could place now, by limits and by margin."""

    def __init__(self, exchange: PositionState, account: AccountRow, order: PerpetualOrder) -> None:
        self._exchange, self._account, self._order = exchange, account, order
        self._rules = exchange.perpetual(order.market.market)
        row = exchange.position(account.account, order.market.market)
        self._has_row = row is not None
        names = _Position._fields
        self._row = _Position() if row is None else _Position(*(getattr(row, name) for name in names))
        self._quote = worth_at(exchange, order.market.quote_asset)
        self._least_e8 = least_base_e8(exchange, account, order.market.market)
        self._fee_ppm = highest_fee_ppm(exchange, account, order.market)

    def fits(self, lots: int, quote_atoms: int) -> bool:
        """Tell whether an order of so many lots, which trade for so much, would be taken."""
        rules, order = self._rules, self._order
        if rules is None or PriceState(rules.price_state) not in (PriceState.FRESH, PriceState.CLOSED):
            return False
        if order.reduce_only:
            if lots > self.reducible_lots:
                return False
        elif not self._is_within_limits(rules, lots):
            return False
        measure = self._exchange.measure(self._account.account, strict=True)
        more = 0 if order.reduce_only else self._initial(rules, lots) - self._initial(rules, 0)
        return not measure.not_fresh and measure.free >= more + self._reserved(rules, lots, quote_atoms)

    @property
    def reducible_lots(self) -> int:
        """Return what is left of the position that no order reduces yet."""
        net = -self._row.net_lots if self._order.side == Side.BID else self._row.net_lots
        return max(0, net - self._row.reduce_lots)

    def _exposure(self, lots: int) -> int:
        row, is_bid = self._row, self._order.side == Side.BID
        return exposure_lots(row.net_lots, row.bid_lots + lots * is_bid, row.ask_lots + lots * (not is_bid))

    def _is_within_limits(self, rules: PerpetualRow, lots: int) -> bool:
        before, after = self._exposure(0), self._exposure(lots)
        if after <= before:
            return True
        if not self._has_row and len(self._exchange.positions(self._account.account)) >= POSITIONS_MAXIMUM:
            return False
        open_interest = rules.open_interest_lots + after - before
        return after <= rules.position_limit_lots and open_interest <= rules.open_interest_limit_lots

    def _initial(self, rules: PerpetualRow, lots: int) -> int:
        factor = self._order.market.quote_factor
        value = self._quote.owed_up(notional_atoms(self._exposure(lots), rules.mark_ticks, factor))
        return margin.requirement(value, margin.initial_rate_e8(rules, value, self._least_e8))

    def _reserved(self, rules: PerpetualRow, lots: int, quote_atoms: int) -> int:
        at_mark = notional_atoms(lots, rules.mark_ticks, self._order.market.quote_factor)
        loss = quote_atoms - at_mark if self._order.side == Side.BID else at_mark - quote_atoms
        fee = -(-quote_atoms * self._fee_ppm // PPM)
        cost = min(MAX_VALUE, self._quote.owed_up(max(0, loss) + fee) + ROUNDINGS_VALUE)
        if not self._order.reduce_only:
            return cost
        eased = max(0, self._quote.owed_up(at_mark) - 1) * rules.initial_base_e8 // ONE_E8
        return cost - min(eased, cost)
