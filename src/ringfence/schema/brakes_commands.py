"""Commands about the brakes of markets: they are in ``commands.COMMANDS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import BandPpm, BrakeMs, DistancePpm, MarketNumber, QuantityLots, unit
from .headers import Command


class UncrossMarket(Command, tag=38, frozen=True, kw_only=True):
    """Go on with the auction of a market whose time is over; nothing if there is none. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.NODE,)
    market: MarketNumber


class SetBrakes(Command, tag=60, frozen=True, kw_only=True):
    """Say how far a market may trade from its reference, and what happens then. Origin: operator.

    Beyond ``band_ppm`` (0: no band) of a reference that stands for ``window_ms``, the market halts for ``halt_ms`` and
    reopens by an auction of ``auction_ms``. From ``interest_low_lots`` of open interest to ``interest_high_lots`` the
    initial margin of a perpetual rises to all of the notional (both 0: never). Resting orders older than
    ``stale_age_ms`` are retired that are better than the mark by more than ``stale_ppm``, or worse by more than
    ``far_ppm`` (0: neither).
    """

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.OPERATOR,)
    market: MarketNumber
    band_ppm: BandPpm = 0
    window_ms: Annotated[int, unit("i8", "milliseconds", 1_000, 86_400_000)] = 300_000
    halt_ms: BrakeMs = 0
    auction_ms: Annotated[int, unit("i8", "milliseconds", 1_000, 86_400_000)] = 60_000
    interest_low_lots: QuantityLots = 0
    interest_high_lots: QuantityLots = 0
    stale_ppm: DistancePpm = 0
    far_ppm: DistancePpm = 0
    stale_age_ms: BrakeMs = 60_000
