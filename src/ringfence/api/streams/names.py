"""Names of streams as clients write them."""

import re

from ringfence.views.candles import INTERVALS
from ringfence.views.depth import CONFLATION_WINDOWS_MS

PRIVATE_STREAMS = ("account.orderUpdate", "account.positionUpdate", "account.rfqUpdate", "account.balanceUpdate")

INVALID_STREAM = (4006, "Invalid stream")
INVALID_WINDOW = (4008, "Invalid depth window")

_SYMBOL = r"[A-Za-z0-9._-]{1,48}"
_PUBLIC = re.compile(rf"(bookTicker|ticker|trade|markPrice|openInterest|liquidation|externalTicker|auction)\.{_SYMBOL}")
_STOCK = re.compile(rf"(stockPrice|stockIndicativeQuote)\.{_SYMBOL}")
_DEPTH = re.compile(rf"depth\.(?:([0-9]{{1,6}})ms\.)?{_SYMBOL}")
_KLINE = re.compile(rf"kline\.(\w+)\.{_SYMBOL}")
_PRIVATE = re.compile(rf"({'|'.join(map(re.escape, PRIVATE_STREAMS))})(\.{_SYMBOL})?")


def is_private(stream: str) -> bool:
    """Tell whether a stream needs a signature."""
    return stream.startswith("account.")


def stream_error(stream: str) -> tuple[int, str] | None:
    """Return code and sentence of what is wrong with a name, ``None`` if it may be subscribed.

    A name of the right form for a market that is not listed, or for something this venue has no data of, is accepted
    and stays silent.
    """
    if is_private(stream):
        return None if _PRIVATE.fullmatch(stream) else INVALID_STREAM
    if depth := _DEPTH.fullmatch(stream):
        window = depth.group(1)
        return None if window is None or int(window) in CONFLATION_WINDOWS_MS else INVALID_WINDOW
    if kline := _KLINE.fullmatch(stream):
        return None if kline.group(1) in INTERVALS else INVALID_STREAM
    known = stream == "liquidation" or _PUBLIC.fullmatch(stream) or _STOCK.fullmatch(stream)
    return None if known else INVALID_STREAM
