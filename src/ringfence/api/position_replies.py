"""From the row of a position to what a client reads of it."""

from ringfence.schema.tables import AccountRow, PerpetualRow, PositionRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import RATES, Scale
from ringfence.views.perpetuals import Standing, liquidation_ticks, raised_base_e8, standing

from .state import VenueState
from .wire.margin import SqrtFunction
from .wire.perpetual import FuturePositionWithMargin

AVERAGE_DECIMALS = 10
"""How many decimals prices that are averages are shown with at most; they are rounded towards zero."""

_AVERAGE = Scale("Price", 1, AVERAGE_DECIMALS, 2**62, place="averages")


def position_reply(
    exchange: VenueState, account: AccountRow, market: MarketInfo, row: PositionRow
) -> FuturePositionWithMargin:
    """Return a position as it stands at the present mark."""
    rules = exchange.perpetual(market.number)
    assert rules is not None, f"there is a position in {market.symbol}, which has no rules"
    stands = standing(exchange, account, row)
    return FuturePositionWithMargin(
        break_even_price=break_even_price(market, row, stands),
        entry_price=average_price(market, row.entry_atoms, row.net_lots),
        est_liquidation_price=market.price_text(
            liquidation_ticks(rules, row, stands, exchange.measure(account.account))
        ),
        imf=RATES.text(stands.initial_e8),
        imf_function=initial_function(rules, raised_base_e8(exchange, market.number)),
        mark_price=market.price_text(rules.mark_ticks),
        mmf=RATES.text(stands.maintenance_e8),
        mmf_function=maintenance_function(rules),
        net_cost=market.quote_text(row.entry_atoms),
        net_quantity=market.quantity_text(row.net_lots),
        net_exposure_quantity=market.quantity_text(stands.exposure_lots),
        net_exposure_notional=market.quote_text(stands.exposure_atoms),
        pnl_realized=market.quote_text(stands.settled_atoms),
        pnl_unrealized=market.quote_text(stands.unsettled_atoms),
        cumulative_funding_payment=market.quote_text(stands.funding_atoms),
        subaccount_id=account.sub_account or None,
        symbol=market.symbol,
        user_id=account.user,
        position_id=str(row.opened),
    )


def average_price(market: MarketInfo, atoms: int, lots: int) -> str:
    """Return the price at which so many lots cost so much in all; 0 for no lots."""
    if lots == 0:
        return "0"
    unit = 10**AVERAGE_DECIMALS
    # A price of one tick is tick_atoms of the quote asset for a whole unit of the base asset.
    new, old = market.base.times
    scaled = abs(atoms) * market.row.tick_atoms * unit * old
    price = scaled // (abs(lots) * market.row.quote_factor * 10**market.quote.decimals * new)
    return _AVERAGE.text(price if (atoms < 0) == (lots < 0) else -price)


def break_even_price(market: MarketInfo, row: PositionRow, stands: Standing) -> str:
    """Return the price at which the position would have earned its fees, less the funding that it received."""
    return average_price(market, row.entry_atoms + row.fees_atoms - stands.funding_atoms, row.net_lots)


def initial_function(rules: PerpetualRow, raised_e8: int) -> SqrtFunction:
    """Return how the initial margin fraction of a position follows from its size, and from the open interest."""
    base_e8 = max(rules.initial_base_e8, raised_e8)
    return SqrtFunction(base=RATES.text(base_e8), factor=RATES.text(rules.initial_factor_e8))


def maintenance_function(rules: PerpetualRow) -> SqrtFunction:
    """Return how the maintenance margin fraction of a position follows from its size."""
    return SqrtFunction(base=RATES.text(rules.maintenance_base_e8), factor=RATES.text(rules.maintenance_factor_e8))
