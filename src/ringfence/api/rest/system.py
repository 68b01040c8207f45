"""Status, ping and time."""

from ..calls import Call
from ..operations import Family, PlainText, Tag
from ..wire.market import Status, StatusAndMessage

FAMILY = Family(Tag.SYSTEM)


@FAMILY.public("/api/v1/status", "get_status", StatusAndMessage)
async def status(call: Call) -> StatusAndMessage:
    """Tell whether the venue takes orders."""
    if call.gateway.is_connected:
        return StatusAndMessage(status=Status.OK)
    return StatusAndMessage(status=Status.MAINTENANCE, message="the node is not connected; orders are not taken")


@FAMILY.public("/api/v1/ping", "ping", PlainText)
async def ping(call: Call) -> PlainText:
    """Answer ``pong``."""
    return PlainText("pong")


@FAMILY.public("/api/v1/time", "get_time", PlainText)
async def time(call: Call) -> PlainText:
    """Return the server's time in milliseconds since 1970."""
    return PlainText(str(call.gateway.clock_us() // 1_000))
