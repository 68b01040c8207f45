"""From what a client sends to a command: each value read exactly, and what the venue cannot do refused by name."""

from ringfence.schema.commands import PlaceOrder, PlaceTrigger
from ringfence.schema.enums import (
    MAX_SLIPPAGE_PPM,
    LoanFlag,
    OrderType,
    SelfTradePrevention,
    SlippageKind,
    TimeInForce,
)
from ringfence.schema.fields import MAX_SEQUENCE
from ringfence.schema.tables import OrderRow, TriggerRow
from ringfence.views.catalog import MarketInfo
from ringfence.views.decimals import AmountError, Scale

from .calls import Call, amount_error
from .errors import invalid_order, invalid_request, not_found, unreadable_body
from .names import CORE_SELF_TRADE_PREVENTIONS, CORE_SIDES, CORE_TIMES_IN_FORCE
from .state import VenueState
from .trigger_entry import attached_fields, is_trigger, trigger_fields
from .wire.common import OrderTypeEnum, SlippageToleranceType
from .wire.order import OrderExecutePayload

_TICKS = Scale("Slippage tolerance", 1, 0, 2**48, place="ticks", step_name="tick", code="INVALID_ORDER")
_PERCENT = Scale("Slippage tolerance", 1, 4, MAX_SLIPPAGE_PPM, place="percent", code="INVALID_ORDER")

_LOAN_FLAGS = {
    "auto_lend": LoanFlag.AUTO_LEND,
    "auto_lend_redeem": LoanFlag.AUTO_LEND_REDEEM,
    "auto_borrow": LoanFlag.AUTO_BORROW,
    "auto_borrow_repay": LoanFlag.AUTO_BORROW_REPAY,
}
_WIRE_NAMES = dict(
    zip(OrderExecutePayload.__struct_fields__, OrderExecutePayload.__struct_encode_fields__, strict=True)
)


def place_order(call: Call, payload: OrderExecutePayload) -> PlaceOrder | PlaceTrigger:
    """Return the command of a new order for the call's account; raises ``ApiError`` for what cannot be."""
    market = body_market(call, payload.symbol, "OrderExecutePayload")
    waits = is_trigger(payload)
    _refuse_of_kind(market, payload)
    shared = _shared(call, market, payload)
    try:
        if waits:
            return PlaceTrigger(**shared, **trigger_fields(market, payload), **_slippage(payload))
        if payload.order_type is OrderTypeEnum.LIMIT:
            amounts = _limit_amounts(market, payload)
        else:
            amounts = _market_amounts(market, payload)
        return PlaceOrder(**shared, **amounts, **attached_fields(market, payload))
    except AmountError as error:
        raise amount_error(error) from None


def _shared(call: Call, market: MarketInfo, payload: OrderExecutePayload) -> dict[str, int]:
    """Return the fields that any order has, whether it waits for a price or not."""
    prevention, in_force = payload.self_trade_prevention, payload.time_in_force
    if payload.post_only and in_force not in (None, "GTC"):
        raise invalid_order(f"`postOnly` goes with timeInForce GTC, not with {in_force}")
    return {
        "account": call.account,
        "market": market.number,
        "side": CORE_SIDES[payload.side],
        "order_type": OrderType.LIMIT if payload.order_type is OrderTypeEnum.LIMIT else OrderType.MARKET,
        "time_in_force": TimeInForce.GTC if in_force is None else CORE_TIMES_IN_FORCE[in_force],
        "post_only": int(bool(payload.post_only)),
        "self_trade_prevention": (
            SelfTradePrevention.REJECT_TAKER if prevention is None else CORE_SELF_TRADE_PREVENTIONS[prevention]
        ),
        "client_id": -1 if payload.client_id is None else payload.client_id,
        "loan_flags": sum(flag for name, flag in _LOAN_FLAGS.items() if getattr(payload, name)),
        "reduce_only": int(bool(payload.reduce_only)),
    }


def body_market(call: Call, symbol: str, payload_name: str) -> MarketInfo:
    """Return the market that a body names; the wire refuses an unknown one as a body that cannot be read."""
    market = call.gateway.catalog.find_market(symbol, call.gateway.exchange.time_us)
    if market is None:
        reason = 'failed to parse "MarketSymbol": Invalid market symbol'
        raise unreadable_body(f'{reason} (occurred while parsing "{payload_name}")')
    return market


def _refuse_of_kind(market: MarketInfo, payload: OrderExecutePayload) -> None:
    if not market.is_perpetual:
        if payload.reduce_only:
            raise invalid_order(f"`reduceOnly`: {market.symbol} is a spot market, where there is no position to reduce")
        return
    for name in _LOAN_FLAGS:
        if getattr(payload, name):
            raise invalid_order(f"`{_WIRE_NAMES[name]}`: {market.symbol} is a perpetual, whose orders borrow nothing")
    if payload.quote_quantity is not None:
        raise invalid_order(f"`quoteQuantity`: {market.symbol} is a perpetual, whose orders are sized by `quantity`")


def _limit_amounts(market: MarketInfo, payload: OrderExecutePayload) -> dict[str, int]:
    if payload.price is None or payload.quantity is None:
        raise invalid_request("a Limit order needs `price` and `quantity`")
    if payload.quote_quantity is not None or payload.slippage_tolerance is not None:
        raise invalid_order("a Limit order takes neither `quoteQuantity` nor `slippageTolerance`")
    return {
        "price_ticks": market.parse_price(payload.price),
        "quantity_lots": market.parse_quantity(payload.quantity),
    }


def _market_amounts(market: MarketInfo, payload: OrderExecutePayload) -> dict[str, int]:
    if (payload.quantity is None) == (payload.quote_quantity is None):
        raise invalid_request("a Market order needs exactly one of `quantity` and `quoteQuantity`")
    if payload.price is not None or payload.post_only:
        raise invalid_order("a Market order takes neither `price` nor `postOnly`")
    if payload.quote_quantity is not None and payload.time_in_force == "FOK":
        raise invalid_order("a Market order sized by `quoteQuantity` cannot be FOK")
    amounts = _slippage(payload)
    if payload.quantity is not None:
        amounts["quantity_lots"] = market.parse_quantity(payload.quantity)
    elif payload.quote_quantity is not None:
        amounts["quote_atoms"] = market.parse_quote(payload.quote_quantity)
    return amounts


def _slippage(payload: OrderExecutePayload) -> dict[str, int]:
    tolerance, kind = payload.slippage_tolerance, payload.slippage_tolerance_type
    if tolerance is None and kind is None:
        return {}
    if tolerance is None or kind is None:
        raise invalid_request("`slippageTolerance` and `slippageToleranceType` go together")
    if kind is SlippageToleranceType.TICK_SIZE:
        return {"slippage_kind": SlippageKind.TICKS, "slippage": _TICKS.parse(tolerance)}
    return {"slippage_kind": SlippageKind.PPM, "slippage": _PERCENT.parse(tolerance)}


def find_open_order(
    call: Call, market: MarketInfo, order_id: str | None, client_id: int | None
) -> OrderRow | TriggerRow:
    """Return the open order of the call's account, or what waits for its price, that one of the two ids names.

    404 "Not Found" if there is none. Of several with one client id the newest is meant.
    """
    if (order_id is None) == (client_id is None):
        raise invalid_request("Must specify exactly one of `orderId` and `clientId`")
    exchange = call.gateway.exchange
    if client_id is not None:
        row = _newest_named(exchange, call.account, market.number, client_id)
    else:
        number = parse_order_id(order_id or "")
        row = exchange.order(number) or exchange.trigger(number)
    if row is None or row.account != call.account or row.market != market.number:
        raise not_found()
    return row


def _newest_named(exchange: VenueState, account: int, market: int, client_id: int) -> OrderRow | TriggerRow | None:
    rows = [*exchange.open_orders(account, market), *exchange.triggers(account, market)]
    return max((row for row in rows if row.client_id == client_id), key=number_of, default=None)


def number_of(row: OrderRow | TriggerRow) -> int:
    """Return the number of an order, which it has from the command that placed it or let it wait."""
    return row.trigger if isinstance(row, TriggerRow) else row.order


def parse_order_id(text: str) -> int:
    """Return an order's number; 400 unless the text is decimal digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise invalid_request(f"orderId {text[:32]!r} is not an order id: decimal digits")
    return min(int(text), MAX_SEQUENCE)
