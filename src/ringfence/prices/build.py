"""From venue.toml to a service: the sources of every kind, opened. One that cannot be opened is told and left out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ringfence.config import PPM_DECIMALS, PriceSourceConfig, parse_units

from .ccxt_exchange import CcxtSource
from .recorded import RecordedSource
from .service import Feed, Pace, PriceService
from .setup import PricesSetup
from .simulated import SimulatedSource
from .source import UNIT_DECIMALS, Source, SourceError
from .submit import NodeQuotes
from .tally import Tally
from .venue import RingfenceSource
from .walk import Reference, WalkingReference


class Surroundings(NamedTuple):
    """What sources are made with beside their own table."""

    setup: PricesSetup
    reference: Reference
    clock_us: Callable[[], int]


def make_service(setup: PricesSetup, reference: Reference | None = None) -> PriceService:
    """Return the service that a setup describes, on the system's clock.

    ``reference`` is what simulated sources look at; without one they share prices that wander by themselves.
    """
    simulated = setup.config.simulated
    if reference is None:
        first_units = {asset: parse_units(text, UNIT_DECIMALS) for asset, text in simulated.first_prices.items()}
        reference = WalkingReference(simulated.seed, first_units, simulated.pegged, now_us)
    return PriceService(
        make_feeds(Surroundings(setup, reference, now_us)),
        setup.assets,
        NodeQuotes(Path(setup.directory)).submit,
        Pace(setup.config.interval_ms, setup.config.timeout_ms),
        now_us,
        Tally(log, time.monotonic),
    )


def make_feeds(around: Surroundings) -> list[Feed]:
    """Return the sources that can be opened, each with the assets in whose prices it counts."""
    feeds: list[Feed] = []
    for source in around.setup.config.sources:
        counted = [asset.symbol for asset in around.setup.config.assets if asset.weights.get(source.name)]
        assets = tuple(symbol for symbol in counted if symbol in around.setup.assets)
        if unknown := [symbol for symbol in counted if symbol not in assets]:
            log(f"price source {source.name} is not asked for {', '.join(unknown)}: the venue lists no such asset")
        if not assets:
            continue
        try:
            feeds.append(Feed(source.number, source.name, make_source(source, around), assets))
        except SourceError as error:
            log(f"price source {source.name} cannot be opened and is left out: {error}")
    return feeds


def make_source(source: PriceSourceConfig, around: Surroundings) -> Source:
    """Return a source of any kind. Raises ``SourceError``."""
    match source.kind:
        case "simulated":
            simulated = around.setup.config.simulated
            return SimulatedSource(simulated.seed, source.name, around.reference, simulated.pegged)
        case "recorded":
            path = Path(around.setup.directory) / source.path
            return RecordedSource(path, parse_units(source.speed, PPM_DECIMALS), around.clock_us)
        case "ccxt":
            return CcxtSource(source.exchange, source.symbols, quote=source.quote, url=source.url)
        case "ringfence":
            return RingfenceSource(source.url, source.symbols, quote=source.quote)
        case _:
            raise AssertionError(f"{source.kind} passed the checks of venue.toml")


def now_us() -> int:
    """Return microseconds UTC since 1970."""
    return time.time_ns() // 1_000


def log(sentence: str) -> None:
    """Write a line to the log, which is stderr."""
    print(f"prices: {sentence}", file=sys.stderr, flush=True)
