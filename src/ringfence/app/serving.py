"""A venue as its operator runs it: configured by venue.toml, without makers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ringfence.config import TEMPLATE, load_config

from .children import Child, log
from .errors import WrongUse
from .quoting import prices_setup, start_prices, warn_of_simulated
from .supervisor import Plan, run_venue

if TYPE_CHECKING:
    from ringfence.api.state import VenueState


def serve_venue(config_path: Path, port: int | None) -> None:
    """Run the venue in the folder of a venue.toml until it is told to end."""
    config = load_config(config_path)
    if port is not None:
        if not 0 <= port <= 65_535:
            raise WrongUse(f"--port {port} is not within 0 to 65535")
        config = msgspec.structs.replace(config, port=port)

    def started(real_port: int, exchange: VenueState) -> Child | None:
        addresses = {"rest": f"http://{config.host}:{real_port}", "ws": f"ws://{config.host}:{real_port}"}
        print(msgspec.json.encode(addresses).decode(), flush=True)
        warn_of_simulated(config.prices.sources)
        _warn_of_mark_bounds(exchange)
        setup = prices_setup(config_path.parent, config.prices, exchange)
        return None if setup is None else start_prices(setup)

    def seeded(begins_so: bool) -> None:
        if not begins_so:
            log(
                f"the log in {config_path.parent} goes on; of {config_path.name} only host, port, limits "
                "and where prices come from are read"
            )

    run_venue(Plan(config_path.parent, config, started, seeded))


def _warn_of_mark_bounds(exchange: VenueState) -> None:
    # These imports take long, and by now the gateway has done them.
    from ringfence.views.catalog import Catalog

    from .perpetuals import mark_bound_warnings

    for warning in mark_bound_warnings(exchange, Catalog.from_exchange(exchange)):
        log(f"warning: {warning}")


def write_config(directory: Path) -> Path:
    """Write the commented venue.toml into a folder, which need not exist, and return its path; never over another."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "venue.toml"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        raise WrongUse(f"{path} exists already and is not replaced") from None
    return path
