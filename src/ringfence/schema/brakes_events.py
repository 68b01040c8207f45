"""Events about the brakes of markets: they are in ``events.EVENTS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    BandPpm,
    BrakeMs,
    Count,
    DistancePpm,
    Flag,
    OrderNumber,
    PriceTicks,
    QuantityLots,
    Rate,
    SignedLots,
    TimeUs,
    member,
)
from .headers import Event


class BrakesSet(Event, tag=100, frozen=True, kw_only=True):
    """The market has these brakes."""

    since: ClassVar = 2
    band_ppm: BandPpm
    window_ms: BrakeMs
    halt_ms: BrakeMs
    auction_ms: BrakeMs
    interest_low_lots: QuantityLots
    interest_high_lots: QuantityLots
    stale_ppm: DistancePpm
    far_ppm: DistancePpm
    stale_age_ms: BrakeMs


class BandMoved(Event, tag=101, frozen=True, kw_only=True):
    """The market may trade from ``low_ticks`` to ``high_ticks`` (0 and 0: anywhere) for the time of a window."""

    since: ClassVar = 2
    reference_ticks: PriceTicks
    low_ticks: PriceTicks
    high_ticks: PriceTicks


class MarketHalted(Event, tag=102, frozen=True, kw_only=True):
    """An order would have traded at ``price_ticks``, outside the band: nobody trades until an auction.

    ``account`` is that of ``order``. The state of the market follows; what comes next is due at ``until_us``.
    """

    since: ClassVar = 2
    order: OrderNumber
    price_ticks: PriceTicks
    reference_ticks: PriceTicks
    low_ticks: PriceTicks
    high_ticks: PriceTicks
    until_us: TimeUs


class AuctionBegan(Event, tag=103, frozen=True, kw_only=True):
    """Orders are collected until ``until_us``; with ``extended`` the price that was found is outside the band.

    That price is ``price_ticks``, else 0.
    """

    since: ClassVar = 2
    until_us: TimeUs
    reference_ticks: PriceTicks
    price_ticks: PriceTicks
    extended: Flag


class AuctionIndicated(Event, tag=104, frozen=True, kw_only=True):
    """If the auction ended now, so many lots would trade at this price, and so many more would be bid (above 0)."""

    since: ClassVar = 2
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    imbalance_lots: SignedLots


class AuctionPriced(Event, tag=105, frozen=True, kw_only=True):
    """The auction is over: ``quantity_lots`` trade at one price, all that the orders of ``side`` ask for there."""

    since: ClassVar = 2
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    imbalance_lots: SignedLots
    reference_ticks: PriceTicks
    side: Annotated[int, member(e.Side)]


class MarketReopened(Event, tag=106, frozen=True, kw_only=True):
    """An auction is over and the market trades again; ``price_ticks`` is 0 where nobody met in it."""

    since: ClassVar = 2
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    trades: Count


class InitialMarginRaised(Event, tag=107, frozen=True, kw_only=True):
    """With so much open interest the initial margin rate of a perpetual is at least this (0: as its rules say)."""

    since: ClassVar = 2
    raised_base_e8: Rate
    open_interest_lots: QuantityLots
