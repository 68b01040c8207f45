"""The verbs of an operator on the brakes of markets."""

from typing import Annotated

from cyclopts import App, Parameter

from .operator import HERE, Data
from .output import result

Fraction = Annotated[str | None, Parameter(help="A fraction, as a decimal number; 0 switches it off.")]
Seconds = Annotated[str | None, Parameter(help="Seconds, as a decimal number of at most three places.")]
Amount = Annotated[str | None, Parameter(help="In units of the base asset.")]

brakes = App(name="brakes", help="Show and set the brakes of markets: bands, halts and auctions, margin, old orders.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(brakes)


@brakes.command(name="show")
def show_brakes(market: str | None = None, *, data: Data = HERE) -> None:
    """Show the brakes of the markets: where their bands and auctions stand, and their settings.

    Parameters
    ----------
    market: This market only.
    """
    from ringfence.app.brakes import brake_views
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        for view in brake_views(venue, market):
            result(view)


@brakes.command(name="set")
def set_brakes(
    market: str,
    *,
    data: Data = HERE,
    band: Fraction = None,
    window_s: Seconds = None,
    halt_s: Seconds = None,
    auction_s: Seconds = None,
    stale: Fraction = None,
    far: Fraction = None,
    stale_age_s: Seconds = None,
    interest_low: Amount = None,
    interest_high: Amount = None,
) -> None:
    """Say how far a market may trade from its reference, and what happens then; the rest stays as it is.

    Parameters
    ----------
    market: The market's symbol, such as SOL_USDC.
    """
    from ringfence.app import brakes as venue_brakes
    from ringfence.app.operate import OpenVenue

    texts = {
        "band": band,
        "window_s": window_s,
        "halt_s": halt_s,
        "auction_s": auction_s,
        "stale": stale,
        "far": far,
        "stale_age_s": stale_age_s,
        "interest_low": interest_low,
        "interest_high": interest_high,
    }
    with OpenVenue(data) as venue:
        venue_brakes.set_brakes(venue, market, texts)
    with OpenVenue(data, to_change=False) as venue:
        for view in venue_brakes.brake_views(venue, market):
            result(view)
