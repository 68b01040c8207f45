"""The verbs of an operator on prices: what they are, where they come from, and how they are made."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from .operator import HERE, Data
from .output import result

Rate = Annotated[str | None, Parameter(help="In basis points, as a decimal number.")]

price = App(name="price", help="Show prices, and set how they are made and of which sources.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(price)


@price.command(name="show")
def show_prices(*, data: Data = HERE, asset: str | None = None) -> None:
    """Show marks and indices with their state, settings and quotes.

    Parameters
    ----------
    asset: This asset only.
    """
    from ringfence.app.operate import OpenVenue
    from ringfence.app.pricing import price_views

    with OpenVenue(data, to_change=False) as venue:
        for view in price_views(venue, asset):
            result(view)


@price.command(name="source")
def price_source(
    number: int | None = None, *, data: Data = HERE, name: str | None = None, enabled: bool | None = None
) -> None:
    """Name a source of quotes, or switch it on or off; without a number, list the sources.

    Parameters
    ----------
    number: 1 to 15, as venue.toml has it.
    name: What it is called from now on.
    enabled: Whether its quotes count (--no-enabled: they are refused).
    """
    from ringfence.app.errors import WrongUse
    from ringfence.app.operate import OpenVenue
    from ringfence.app.pricing import set_source, source_views

    if number is not None:
        with OpenVenue(data) as venue:
            set_source(venue, number, name, enabled)
    elif name is not None or enabled is not None:
        raise WrongUse("which source? give its number first")
    with OpenVenue(data, to_change=False) as venue:
        for view in source_views(venue):
            if number in (None, view["number"]):
                result(view)


@price.command(name="set")
def set_price(
    asset: str,
    *,
    data: Data = HERE,
    minimum_sources: int | None = None,
    maximum_age_ms: int | None = None,
    clamp_bps: Rate = None,
    update_cap_bps: Rate = None,
    closed_haircut_bps: Rate = None,
) -> None:
    """Price an asset, or change how it is priced; what is not named stays as it is.

    Parameters
    ----------
    asset: The asset's symbol.
    minimum_sources: How many sources must be fresh.
    maximum_age_ms: Up to which age a quote is fresh.
    """
    from ringfence.app.operate import OpenVenue
    from ringfence.app.pricing import Pricing, price_views, set_pricing

    pricing = Pricing(minimum_sources, maximum_age_ms, clamp_bps, update_cap_bps, closed_haircut_bps)
    with OpenVenue(data) as venue:
        set_pricing(venue, asset, pricing)
    with OpenVenue(data) as venue:
        for view in price_views(venue, asset):
            result(view)


@price.command(name="weight")
def set_weight(asset: str, source: str, weight: int, *, data: Data = HERE) -> None:
    """Say how much a source counts for an asset.

    Parameters
    ----------
    asset: The asset's symbol.
    source: The source's name.
    weight: 0 to 255; 0 forgets the source for this asset.
    """
    from ringfence.app import pricing
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        pricing.set_weight(venue, asset, source, weight)
    result({"asset": asset, "source": source, "weight": weight})


@price.command(name="session")
def set_session(asset: str, session: Literal["open", "closed"], *, data: Data = HERE) -> None:
    """Say whether an asset is traded now where its prices come from; while it is not, the last good mark stays.

    Parameters
    ----------
    asset: The asset's symbol.
    """
    from ringfence.app import pricing
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        pricing.set_session(venue, asset, session == "open")
    result({"asset": asset, "session": session})
