"""The verbs of an operator on perpetuals."""

from typing import Annotated

from cyclopts import App, Parameter

from .operator import HERE, Data
from .output import result

Fraction = Annotated[str | None, Parameter(help="A fraction, as a decimal number.")]
Funding = Annotated[str | None, Parameter(help="A rate, as a fraction that may be below 0.", allow_leading_hyphen=True)]
Amount = Annotated[str | None, Parameter(help="In units of the base asset.")]

perpetual = App(name="perpetual", help="Show the perpetuals, and set their margin, their limits and their funding.")


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
    show_perpetuals(market, data=data)
