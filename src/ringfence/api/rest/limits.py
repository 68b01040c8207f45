"""How much an account could order, borrow or withdraw now."""

from ringfence.schema.enums import LoanFlag, UserFlag
from ringfence.schema.tables import AccountRow
from ringfence.views.catalog import AssetInfo, MarketInfo
from ringfence.views.decimals import AmountError
from ringfence.views.maximums import (
    Fills,
    largest,
    maximum_borrow_atoms,
    maximum_order_lots,
    maximum_withdrawal_atoms,
)
from ringfence.views.perpetuals import OrderLimit, PerpetualOrder

from ..calls import Call, amount_error
from ..names import CORE_SIDES
from ..operations import Family, Tag
from ..wire import margin as wire
from ..wire.account import MaxOrderQuantity, MaxOrderQuery
from ..wire.common import Side

FAMILY = Family(Tag.ACCOUNT)

_WALKED_LEVELS = 1_000


@FAMILY.signed(
    "GET",
    "/api/v1/account/limits/borrow",
    "get_max_borrow_quantity",
    wire.MaxBorrowQuantity,
    "maxBorrowQuantity",
    query=wire.MaxBorrowQuery,
)
async def max_borrow_quantity(call: Call) -> wire.MaxBorrowQuantity:
    """Return the most that can be borrowed by hand, by the pool and by the account's margin."""
    asset = call.asset(call.query.symbol)
    row = call.account_row()
    atoms = 0 if _is_liquidated(call) else maximum_borrow_atoms(call.gateway.exchange, row, asset.number)
    return wire.MaxBorrowQuantity(max_borrow_quantity=asset.text(atoms), symbol=asset.symbol)


@FAMILY.signed(
    "GET",
    "/api/v1/account/limits/withdrawal",
    "get_max_withdrawal_quantity",
    wire.MaxWithdrawalQuantity,
    "maxWithdrawalQuantity",
    query=wire.MaxWithdrawalQuery,
)
async def max_withdrawal_quantity(call: Call) -> wire.MaxWithdrawalQuantity:
    """Return the most that can leave the account, the fee of the withdrawal included."""
    query, asset, row = call.query, call.asset(call.query.symbol), call.account_row()
    flags = _loan_flags(query.auto_borrow, query.auto_lend_redeem)
    atoms = 0
    if _may_withdraw(call, row, asset):
        atoms = maximum_withdrawal_atoms(call.gateway.exchange, row, asset.number, flags)
    return wire.MaxWithdrawalQuantity(
        auto_borrow=query.auto_borrow,
        auto_lend_redeem=query.auto_lend_redeem,
        max_withdrawal_quantity=asset.text(atoms),
        symbol=asset.symbol,
    )


def _may_withdraw(call: Call, row: AccountRow, asset: AssetInfo) -> bool:
    user = call.gateway.exchange.user(row.user)
    assert user is not None, f"account {row.account} belongs to nobody"
    if user.user_flags & UserFlag.WITHDRAWALS_FROZEN or _is_liquidated(call):
        return False
    return asset.row.eligibility_class == 0 or bool(user.withdraw_classes >> asset.row.eligibility_class & 1)


@FAMILY.signed(
    "GET",
    "/api/v1/account/limits/order",
    "get_max_order_quantity",
    MaxOrderQuantity,
    "maxOrderQuantity",
    query=MaxOrderQuery,
)
async def max_order_quantity(call: Call) -> MaxOrderQuantity:
    """Return the largest order that the account can pay for and bear, at a price or against the present book."""
    query, market = call.query, call.market(call.query.symbol)
    try:
        price_ticks = None if query.price is None else market.parse_price(query.price)
    except AmountError as error:
        raise amount_error(error) from None
    if _is_liquidated(call) and not (market.is_perpetual and query.reduce_only):
        return _reply(call, market, 0)
    if market.is_perpetual:
        return _reply(call, market, _perpetual_lots(call, market, price_ticks))
    flags = _loan_flags(query.auto_borrow, query.auto_lend_redeem, query.auto_borrow_repay)
    walk = _Walk(call, market, query.side, price_ticks)
    lots = maximum_order_lots(
        call.gateway.exchange, call.account_row(), market.row, CORE_SIDES[query.side], flags, walk.fills, walk.most_lots
    )
    return _reply(call, market, lots)


def _is_liquidated(call: Call) -> bool:
    """Tell whether the account has a case: it may only reduce positions then."""
    return call.gateway.exchange.case(call.account) is not None


def _reply(call: Call, market: MarketInfo, lots: int) -> MaxOrderQuantity:
    query = call.query
    return MaxOrderQuantity(
        max_order_quantity=market.quantity_text(lots),
        symbol=market.symbol,
        side=query.side,
        price=query.price,
        reduce_only=query.reduce_only,
        auto_borrow=query.auto_borrow,
        auto_borrow_repay=query.auto_borrow_repay,
        auto_lend_redeem=query.auto_lend_redeem,
    )


def _perpetual_lots(call: Call, market: MarketInfo, price_ticks: int | None) -> int:
    """Return the most lots of an order on a perpetual; a spot order's flags do nothing for it."""
    query, exchange = call.query, call.gateway.exchange
    walk = _Walk(call, market, query.side, price_ticks)
    order = PerpetualOrder(market.row, CORE_SIDES[query.side], bool(query.reduce_only))
    limit = OrderLimit(exchange, call.account_row(), order)
    return largest(lambda lots: limit.fits(lots, walk.quote_atoms(lots)), walk.most_lots)


class _Walk:
    """What an order of some lots pays and receives: at its price, or along the present book without one."""

    def __init__(self, call: Call, market: MarketInfo, side: Side, price_ticks: int | None) -> None:
        self._row, self._is_ask, self._price_ticks = market.row, side is Side.ASK, price_ticks
        self._levels: list[tuple[int, int]] = []
        self.most_lots = self._row.maximum_quantity_lots
        if price_ticks is None:
            bids, asks = call.gateway.exchange.depth(market.number, _WALKED_LEVELS)
            self._levels = bids if self._is_ask else asks
            # What the account has bounds an order that sells; one that buys ends with the book.
            if not self._is_ask or market.is_perpetual:
                self.most_lots = min(self.most_lots, sum(lots for _, lots in self._levels))

    def fills(self, lots: int) -> Fills:
        """Return what an order of so many lots pays and receives."""
        base, quote = lots * self._row.lot_atoms, self.quote_atoms(lots)
        return Fills(base, quote) if self._is_ask else Fills(quote, base)

    def quote_atoms(self, lots: int) -> int:
        """Return what an order of so many lots trades for."""
        if self._price_ticks is not None:
            return lots * self._price_ticks * self._row.quote_factor
        price_lots, left = 0, lots
        for price_ticks, standing in self._levels:
            taken = min(left, standing)
            price_lots += price_ticks * taken
            left -= taken
            if not left:
                break
        return price_lots * self._row.quote_factor


def _loan_flags(borrow: bool | None, redeem: bool | None, repay: bool | None = None) -> int:
    flags = {LoanFlag.AUTO_BORROW: borrow, LoanFlag.AUTO_LEND_REDEEM: redeem, LoanFlag.AUTO_BORROW_REPAY: repay}
    return sum(flag for flag, wanted in flags.items() if wanted)
