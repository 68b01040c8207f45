"""The canonical row of the brakes of a market: it is in ``tables.TABLES`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    BandPpm,
    BrakeMs,
    Count,
    DistancePpm,
    Flag,
    MarketNumber,
    PriceTicks,
    QuantityLots,
    Rate,
    Sequence,
    SignedLots,
    TimeUs,
    member,
)
from .rows import Row


class BrakesRow(Row, frozen=True, kw_only=True):
    """The brakes of a market, where its band and its auction stand, and how far the auction's price was looked for.

    The ``scan_`` columns are those of the book as it was after ``scan_sequence``.
    """

    since: ClassVar = 2
    key = ("market",)
    market: MarketNumber
    band_ppm: BandPpm
    window_ms: BrakeMs
    halt_ms: BrakeMs
    auction_ms: BrakeMs
    interest_low_lots: QuantityLots
    interest_high_lots: QuantityLots
    stale_ppm: DistancePpm
    far_ppm: DistancePpm
    stale_age_ms: BrakeMs
    reference_ticks: PriceTicks
    reference_us: TimeUs
    raised_base_e8: Rate
    until_us: TimeUs
    auction_ticks: PriceTicks
    auction_lots: QuantityLots
    auction_trades: Count
    indicative_ticks: PriceTicks
    indicative_lots: QuantityLots
    imbalance_lots: SignedLots
    scan_sequence: Sequence
    scan_bid_ticks: PriceTicks
    scan_bid_lots: QuantityLots
    scan_ask_ticks: PriceTicks
    scan_ask_lots: QuantityLots
    scan_lots: QuantityLots
    scan_low_ticks: PriceTicks
    scan_high_ticks: PriceTicks
    phase: Annotated[int, member(e.BrakePhase)]
    auction_side: Annotated[int, member(e.Side)]
    reopen_state: Annotated[int, member(e.MarketState)]
    extended: Flag
