"""Conditional orders from what a client sends: a trigger for an order to come, or what is attached to a new order."""

from ringfence.schema.enums import TriggerBy
from ringfence.views.catalog import MarketInfo

from .errors import ApiError, invalid_order, invalid_request
from .wire.common import OrderTypeEnum
from .wire.order import OrderExecutePayload

TRIGGERED_BY = {"LastPrice": TriggerBy.LAST, "MarkPrice": TriggerBy.MARK, "IndexPrice": TriggerBy.INDEX}
TRIGGERED_BY_NAMES = {int(by): name for name, by in TRIGGERED_BY.items()}
PERCENT = range(1, 101)
_ATTACHED = ("take_profit", "stop_loss")
_ATTACHED_NAMES = {"take_profit": "takeProfit", "stop_loss": "stopLoss"}


def is_trigger(payload: OrderExecutePayload) -> bool:
    """Whether an order is to wait for a price; raises ``ApiError`` for half of what that needs."""
    if (payload.trigger_price is None) != (payload.trigger_quantity is None):
        raise invalid_request("Must specify both `triggerPrice` and `triggerQuantity` or neither")
    if payload.trigger_price is None and payload.trigger_by is not None:
        raise invalid_request("`triggerBy` goes with `triggerPrice` and `triggerQuantity`")
    return payload.trigger_price is not None


def trigger_fields(market: MarketInfo, payload: OrderExecutePayload) -> dict[str, int]:
    """Return what a PlaceTrigger has beside the fields of its order; raises ``ApiError`` and ``AmountError``."""
    assert payload.trigger_price is not None and payload.trigger_quantity is not None
    size = _size(market, payload.trigger_quantity)
    _refuse_other_sizes(market, payload, size)
    if any(_given(payload, prefix) for prefix in _ATTACHED):
        raise invalid_order("nothing can be attached to a conditional order: leave takeProfit and stopLoss fields out")
    is_limit = payload.order_type is OrderTypeEnum.LIMIT
    if is_limit and payload.price is None:
        raise invalid_request("a Limit order needs `price`")
    if is_limit and payload.slippage_tolerance is not None:
        raise invalid_order("a Limit order takes no `slippageTolerance`")
    if not is_limit and (payload.price is not None or payload.post_only):
        raise invalid_order("a Market order takes neither `price` nor `postOnly`")
    fields = {"trigger_ticks": market.parse_price(payload.trigger_price), "trigger_by": _by(payload.trigger_by)}
    if is_limit and payload.price is not None:
        fields["price_ticks"] = market.parse_price(payload.price)
    return fields | size


def _refuse_other_sizes(market: MarketInfo, payload: OrderExecutePayload, size: dict[str, int]) -> None:
    """Refuse a second size; ``quantity`` may say the same once more, which bpx-py cannot but send."""
    if payload.quote_quantity is not None:
        raise invalid_order("a conditional order is sized by `triggerQuantity`, not by `quoteQuantity`")
    if payload.quantity is not None and size != {"quantity_lots": market.parse_quantity(payload.quantity)}:
        raise invalid_order(
            f"a conditional order is sized by `triggerQuantity`, {payload.trigger_quantity}: leave `quantity` out"
        )


def attached_fields(market: MarketInfo, payload: OrderExecutePayload) -> dict[str, int]:
    """Return the attached fields of a PlaceOrder; raises ``ApiError`` and ``AmountError``."""
    fields: dict[str, int] = {}
    for prefix in _ATTACHED:
        if not _given(payload, prefix):
            continue
        name = _ATTACHED_NAMES[prefix]
        trigger, limit = getattr(payload, f"{prefix}_trigger_price"), getattr(payload, f"{prefix}_limit_price")
        if trigger is None:
            raise invalid_request(f"`{name}LimitPrice` and `{name}TriggerBy` go with `{name}TriggerPrice`")
        if payload.reduce_only:
            raise invalid_order(f"`{name}TriggerPrice`: nothing can be attached to an order that only reduces")
        fields[f"{prefix}_ticks"] = market.parse_price(trigger)
        fields[f"{prefix}_price_ticks"] = 0 if limit is None else market.parse_price(limit)
        fields[f"{prefix}_by"] = _by(getattr(payload, f"{prefix}_trigger_by"))
    return fields


def _given(payload: OrderExecutePayload, prefix: str) -> bool:
    names = ("trigger_price", "limit_price", "trigger_by")
    return any(getattr(payload, f"{prefix}_{name}") is not None for name in names)


def _by(name: str | None) -> int:
    if name is None:
        return TriggerBy.LAST
    if name not in TRIGGERED_BY:
        raise invalid_request(f"{name[:32]!r} is no price to trigger by: LastPrice, MarkPrice or IndexPrice")
    return TRIGGERED_BY[name]


def _size(market: MarketInfo, text: str) -> dict[str, int]:
    """Return lots, or the percent of the position of ``80%``."""
    if not text.endswith("%"):
        return {"quantity_lots": market.parse_quantity(text)}
    digits = text[:-1]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3 and int(digits) in PERCENT):
        raise _no_percentage(text)
    return {"quantity_percent": int(digits)}


def _no_percentage(text: str) -> ApiError:
    return invalid_request(f"`triggerQuantity` {text[:16]!r} is neither a decimal nor whole percent, 1% to 100%")
