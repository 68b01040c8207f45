"""Starting the quote service of a venue that runs, with the numbers that its log has for assets and sources."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ringfence.config import PricesConfig, PriceSourceConfig
from ringfence.prices.setup import PricesSetup

from .children import Child, log

if TYPE_CHECKING:
    from ringfence.api.state import VenueState


def prices_setup(directory: Path, prices: PricesConfig, exchange: VenueState) -> PricesSetup | None:
    """Return what the service is told, ``None`` when there is nothing to ask.

    The log is the truth: a source whose number has another name there, or none, is told and left out.
    """
    sources = [source for source in prices.sources if _is_known(source, exchange)]
    if not sources:
        return None
    rows = [exchange.asset(number) for number in range(1, exchange.assets_listed + 1)]
    numbers = {row.symbol: row.asset for row in rows if row is not None}
    return PricesSetup(str(directory.absolute()), msgspec.structs.replace(prices, sources=sources), numbers)


def start_prices(setup: PricesSetup) -> Child:
    """Start the service in a process of its own."""
    child = Child("ringfence.prices", setup=msgspec.json.encode(setup))
    child.watch(_on_ended)
    return child


def warn_of_simulated(sources: Sequence[PriceSourceConfig]) -> None:
    """Say loudly that prices of a served venue are made up."""
    names = [source.name for source in sources if source.kind == "simulated"]
    if names:
        log(f"the prices of {', '.join(names)} are SIMULATED: nobody should hold anything by them")


def _is_known(source: PriceSourceConfig, exchange: VenueState) -> bool:
    row = exchange.price_source(source.number)
    if row is not None and row.name == source.name:
        return True
    there = "no name" if row is None else f"the name {row.name}"
    log(
        f"price source {source.name} is left out: number {source.number} has {there} in the log; "
        f"`ringfence price source {source.number} --name NAME` sets it"
    )
    return False


def _on_ended(return_code: int) -> None:
    if return_code:
        log(
            f"the quote service ended ({return_code}); the venue goes on, and its prices grow old until it is restarted"
        )
