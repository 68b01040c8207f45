"""The verbs of an operator on perpetuals."""

from typing import Annotated

from cyclopts import App, Parameter

from .operator import HERE, Data
from .output import note, result

Fraction = Annotated[str | None, Parameter(help="A fraction, as a decimal number.")]
Funding = Annotated[str | None, Parameter(help="A rate, as a fraction that may be below 0.", allow_leading_hyphen=True)]
Amount = Annotated[str | None, Parameter(help="In units of the base asset.")]

perpetual = App(name="perpetual", help="Show the perpetuals, set their margin, limits and funding, and delist them.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(perpetual)


@perpetual.command(name="show")
def show_perpetuals(market: str | None = None, *, data: Data = HERE) -> None:
    """Show the perpetuals: where mark, funding and open interest stand, and their settings.

    Parameters
    ----------
    market: This market only.
    """
    from ringfence.app.operate import OpenVenue
    from ringfence.app.perpetuals import perpetual_views

    with OpenVenue(data, to_change=False) as venue:
        for view in perpetual_views(venue, market):
            result(view)


@perpetual.command(name="set")
def set_perpetual(
    market: str,
    *,
    data: Data = HERE,
    initial_base: Fraction = None,
    initial_factor: Fraction = None,
    maintenance_base: Fraction = None,
    maintenance_factor: Fraction = None,
    position_limit: Amount = None,
    open_interest_limit: Amount = None,
    interest_rate: Funding = None,
    lowest_funding: Funding = None,
    highest_funding: Funding = None,
    mark_bound: Fraction = None,
) -> None:
    """Say what margin a perpetual needs, how far it may grow, how mark and funding are made; the rest stays as it is.

    Parameters
    ----------
    market: The market's symbol, such as SOL_USDC_PERP.
    """
    from ringfence.app import perpetuals
    from ringfence.app.operate import OpenVenue

    texts = {
        "initial_base": initial_base,
        "initial_factor": initial_factor,
        "maintenance_base": maintenance_base,
        "maintenance_factor": maintenance_factor,
        "position_limit": position_limit,
        "open_interest_limit": open_interest_limit,
        "interest_rate": interest_rate,
        "lowest_funding": lowest_funding,
        "highest_funding": highest_funding,
        "mark_bound": mark_bound,
    }
    with OpenVenue(data) as venue:
        perpetuals.set_perpetual(venue, market, texts)
    with OpenVenue(data, to_change=False) as venue:
        for view in perpetuals.perpetual_views(venue, market):
            result(view)
        for warning in perpetuals.mark_bound_warnings(venue.exchange, venue.catalog):
            if warning.startswith(f"{market}:"):
                note(f"warning: {warning}")


@perpetual.command(name="delist")
def delist_perpetual(market: str, *, data: Data = HERE) -> None:
    """End a perpetual for good at its mark as it stands: it is closed at once, the next settlement ends the rest.

    Parameters
    ----------
    market: The market's symbol, such as SOL_USDC_PERP.
    """
    from ringfence.app import perpetuals
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        view = perpetuals.delisting_view(venue, market)
        note(
            f"{market} ends for good at its mark, now {view['mark']}: {view['ends_orders']} orders, "
            f"{view['ends_triggers']} orders that wait, and {view['ends_positions']} positions on "
            f"{view['open_interest']} in all"
        )
        result(view | perpetuals.delist_perpetual(venue, market))
        note(
            f"{market} is closed; the settlement that begins within ten seconds ends all of it, "
            f"and `ringfence perpetual show {market}` tells how far that is"
        )
