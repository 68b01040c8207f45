"""Orders and fills of an account, finished and open, from SQL."""

import asyncio
from typing import Any

from ringfence.schema.enums import CloseReason, OrderType
from ringfence.views.catalog import Catalog, MarketInfo
from ringfence.views.history.reader import FillKinds, Range
from ringfence.views.history.reader import Page as HistoryPage
from ringfence.views.orders import EXPIRY_REASON_NAMES, OrderStatus, SystemOrderType
from ringfence.views.triggers import failure_name

from ..calls import Call
from ..names import ORDER_TYPES, SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE, market_type
from ..operations import Family, Page, Tag
from ..order_entry import parse_order_id
from ..times import naive_ms
from ..trigger_entry import TRIGGERED_BY_NAMES
from ..wire import account as wire
from ..wire.common import FillType, MarketType, OrderExpiryReason, SortDirection

FAMILY = Family(Tag.HISTORY)

CONVERSION, ON_BOOK, ON_ADL = (
    SystemOrderType.COLLATERAL_CONVERSION,
    SystemOrderType.LIQUIDATE_POSITION_ON_BOOK,
    SystemOrderType.LIQUIDATE_POSITION_ON_ADL,
)
FILL_TYPES: dict[FillType, tuple[SystemOrderType | None, ...]] = {
    FillType.USER: (None,),
    FillType.BOOK_LIQUIDATION: (ON_BOOK,),
    FillType.ADL: (ON_ADL,),
    FillType.BACKSTOP: (),
    FillType.LIQUIDATION: (ON_BOOK,),
    FillType.ALL_LIQUIDATION: (ON_BOOK, ON_ADL),
    FillType.COLLATERAL_CONVERSION: (CONVERSION,),
    FillType.COLLATERAL_CONVERSION_AND_SPOT_LIQUIDATION: (CONVERSION,),
}
"""The kinds of orders of which a filter means the fills; the last also means slices in spot markets.

There is no backstop provider. What a deleveraging closed is apart from what was sold in the book.
"""


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/orders",
    "get_order_history",
    list[wire.Order],
    "orderHistoryQueryAll",
    query=wire.OrderHistoryQuery,
    paged=True,
)
async def order_history(call: Call) -> Page:
    """List the account's orders, open ones included, newest first unless told."""
    query = call.query
    if query.strategy_id is not None or _is_empty(query.market_type):
        return Page([], 0, query.limit, query.offset)
    market = call.market_or_none(query.symbol)
    await call.gateway.wait_for_history(call.account)
    page: HistoryPage[Any] = await asyncio.to_thread(
        call.gateway.history.reader.orders,
        [call.account],
        Range(query.limit, query.offset, ascending=query.sort_direction is SortDirection.ASC),
        market=market.number if market else None,
        markets=_markets_of(call, query.market_type),
        order_id=None if query.order_id is None else parse_order_id(query.order_id),
    )
    rows = [_order(row, call.gateway.catalog) for row in page.rows]
    return Page(rows, page.total, query.limit, query.offset)


def _is_empty(kinds: list[MarketType] | None) -> bool:
    """Tell whether a filter names only kinds of markets that the venue does not have."""
    return kinds is not None and not {MarketType.SPOT, MarketType.PERP} & set(kinds)


def _markets_of(call: Call, kinds: list[MarketType] | None) -> list[int] | None:
    """Return the numbers of the markets of some kinds, ``None`` for all."""
    if kinds is None or {MarketType.SPOT, MarketType.PERP} <= set(kinds):
        return None
    return [market.number for market in call.gateway.catalog.markets.values() if market_type(market) in kinds]


def _order(row: Any, catalog: Catalog) -> wire.Order:
    market = catalog.market_by_number[row.market]
    is_limit = row.order_type == OrderType.LIMIT
    expiry = _expiry(row, market)
    was_never_placed = row.trigger_ticks is not None and (row.triggered_us is None or row.reject is not None)
    quote_atoms = row.quote_atoms or row.executed_quote_atoms
    return wire.Order(
        id=str(row.order_id),
        created_at=naive_ms(row.created_us),
        executed_quantity=market.quantity_text(row.executed_lots),
        executed_quote_quantity=market.quote_text(row.executed_quote_atoms),
        expiry_reason=None if expiry is None else OrderExpiryReason(expiry),
        order_type=ORDER_TYPES[row.order_type],
        post_only=bool(row.post_only) if is_limit else None,
        price=market.price_text(row.price_ticks) if is_limit else None,
        quantity=None if was_never_placed else market.quantity_text(row.quantity_lots or row.executed_lots),
        quote_quantity=None if is_limit or was_never_placed else market.quote_text(quote_atoms),
        self_trade_prevention=SELF_TRADE_PREVENTIONS[row.self_trade_prevention],
        status=OrderStatus(row.status),
        side=SIDES[row.side],
        symbol=market.symbol,
        time_in_force=TIMES_IN_FORCE[row.time_in_force],
        client_id=row.client_id if row.client_id >= 0 else None,
        system_order_type=_system_type(row),
        **_trigger_fields(row, market),
        **_attached_fields(row, market),
    )


def _expiry(row: Any, market: MarketInfo) -> str | None:
    """Return why an order expired, or was refused when its price came."""
    if row.reject is not None:
        return failure_name(row.reject, row.trigger_lots, is_perpetual=market.is_perpetual)
    return None if row.close_reason is None else EXPIRY_REASON_NAMES[CloseReason(row.close_reason)]


def _system_type(row: Any) -> SystemOrderType | None:
    if row.close_reason == CloseReason.MARKET_DELISTED:
        return SystemOrderType.ORDER_BOOK_CLOSED
    return None if row.system_order_type is None else SystemOrderType(row.system_order_type)


def _trigger_fields(row: Any, market: MarketInfo) -> dict[str, Any]:
    if row.trigger_ticks is None:
        return {}
    # What is attached closes what its order has filled, until it fires.
    follows = row.parent and row.triggered_us is None
    lots = row.parent_executed_lots if follows else row.trigger_lots
    return {
        "trigger_by": TRIGGERED_BY_NAMES[row.trigger_by],
        "trigger_price": market.price_text(row.trigger_ticks),
        "trigger_quantity": f"{row.trigger_percent}%" if row.trigger_percent else market.quantity_text(lots),
    }


def _attached_fields(row: Any, market: MarketInfo) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for prefix in ("take_profit", "stop_loss"):
        trigger_ticks, limit_ticks = getattr(row, f"{prefix}_trigger_ticks"), getattr(row, f"{prefix}_limit_ticks")
        if trigger_ticks is not None:
            fields[f"{prefix}_trigger_price"] = market.price_text(trigger_ticks)
            fields[f"{prefix}_trigger_by"] = TRIGGERED_BY_NAMES[getattr(row, f"{prefix}_trigger_by")]
            fields[f"{prefix}_limit_price"] = market.price_text(limit_ticks) if limit_ticks else None
    return fields


@FAMILY.signed(
    "GET",
    "/wapi/v1/history/fills",
    "get_fills",
    list[wire.OrderFill],
    "fillHistoryQueryAll",
    query=wire.FillHistoryQuery,
    paged=True,
)
async def fill_history(call: Call) -> Page:
    """List the account's fills, newest first unless told."""
    query = call.query
    if query.strategy_id is not None or query.fill_type is FillType.BACKSTOP or _is_empty(query.market_type):
        return Page([], 0, query.limit, query.offset)
    market = call.market_or_none(query.symbol)
    await call.gateway.wait_for_history(call.account)
    part = Range(
        query.limit,
        query.offset,
        None if query.from_ is None else query.from_ * 1_000,
        None if query.to is None else query.to * 1_000,
        query.sort_direction is SortDirection.ASC,
    )
    page: HistoryPage[Any] = await asyncio.to_thread(
        call.gateway.history.reader.fills,
        [call.account],
        part,
        market=market.number if market else None,
        markets=_markets_of(call, query.market_type),
        order_id=None if query.order_id is None else parse_order_id(query.order_id),
        kinds=_kinds_of(call, query.fill_type),
    )
    return Page([_fill(row, call.gateway.catalog) for row in page.rows], page.total, query.limit, query.offset)


def _kinds_of(call: Call, fill_type: FillType | None) -> FillKinds | None:
    """Return the kinds of fills that a filter means, ``None`` for all."""
    if fill_type is None:
        return None
    with_spot = fill_type is FillType.COLLATERAL_CONVERSION_AND_SPOT_LIQUIDATION
    spot = [one.number for one in call.gateway.catalog.markets.values() if with_spot and not one.is_perpetual]
    return FillKinds(FILL_TYPES[fill_type], spot)


def _fill(row: Any, catalog: Catalog) -> wire.OrderFill:
    market, fee_asset = catalog.market_by_number[row.market], catalog.asset_by_number[row.fee_asset]
    return wire.OrderFill(
        client_id=str(row.client_id) if row.client_id is not None and row.client_id >= 0 else None,
        fee=fee_asset.text(row.fee_atoms),
        fee_symbol=fee_asset.symbol,
        is_maker=bool(row.is_maker),
        order_id=str(row.order_id),
        price=market.price_text(row.price_ticks),
        quantity=market.quantity_text(row.quantity_lots),
        side=SIDES[row.side],
        symbol=market.symbol,
        system_order_type=None if row.system_order_type is None else SystemOrderType(row.system_order_type),
        timestamp=naive_ms(row.time_us),
        trade_id=row.trade or None,
    )
