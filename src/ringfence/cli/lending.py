"""The verbs of an operator on collateral and on lending pools."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from .operator import HERE, Data
from .output import result

Fraction = Annotated[str | None, Parameter(help="A fraction, as a decimal number.")]
Yearly = Annotated[str | None, Parameter(help="A year's rate, as a fraction: 0.05 is five per cent.")]
Amount = Annotated[str | None, Parameter(help="In units of the asset.")]
State = Literal["open", "closed", "repay-only"]
Haircut = Literal["identity", "inverse-sqrt"]

collateral = App(
    name="collateral", help="Show and set what assets are worth as collateral, and what margin debts need."
)
lend = App(name="lend", help="Show the lending pools, and set how assets are lent and borrowed.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(collateral)
    app.command(lend)


@collateral.command(name="show")
def show_collateral(asset: str | None = None, *, data: Data = HERE) -> None:
    """Show what assets are worth as collateral.

    Parameters
    ----------
    asset: This asset only.
    """
    from ringfence.app.lending import collateral_views
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        for view in collateral_views(venue, asset):
            result(view)


@collateral.command(name="set")
def set_collateral(
    asset: str,
    *,
    data: Data = HERE,
    weight: Fraction = None,
    initial_base: Fraction = None,
    initial_factor: Fraction = None,
    maintenance_base: Fraction = None,
    maintenance_factor: Fraction = None,
    haircut: Haircut | None = None,
    haircut_base: Fraction = None,
    haircut_penalty: Fraction = None,
    conversion_market: str | None = None,
    conversion_discount: Fraction = None,
) -> None:
    """Say what an asset counts as collateral and what margin a debt in it needs; what is not named stays as it is.

    Parameters
    ----------
    asset: The asset's symbol.
    haircut: Whether the weight of a large holding falls.
    conversion_market: The spot market in which it is sold for a loss that its owner cannot pay; none for nowhere.
    """
    from ringfence.app import lending
    from ringfence.app.operate import OpenVenue

    texts = {
        "weight": weight,
        "initial_base": initial_base,
        "initial_factor": initial_factor,
        "maintenance_base": maintenance_base,
        "maintenance_factor": maintenance_factor,
        "haircut_base": haircut_base,
        "haircut_penalty": haircut_penalty,
        "conversion_discount": conversion_discount,
    }
    with OpenVenue(data) as venue:
        lending.set_collateral(venue, asset, texts, haircut, conversion_market)
    show_collateral(asset, data=data)


@lend.command(name="show")
def show_pools(asset: str | None = None, *, data: Data = HERE) -> None:
    """Show the lending pools: where they stand, and their settings.

    Parameters
    ----------
    asset: The pool of this asset only.
    """
    from ringfence.app.lending import pool_views
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        for view in pool_views(venue, asset):
            result(view)


@lend.command(name="set")
def set_pool(
    asset: str,
    *,
    data: Data = HERE,
    state: State | None = None,
    rate_idle: Yearly = None,
    rate_optimal: Yearly = None,
    rate_full: Yearly = None,
    optimal_utilisation: Fraction = None,
    maximum_utilisation: Fraction = None,
    throttle_threshold: Fraction = None,
    throttle_bound: Fraction = None,
    throttle_update: Fraction = None,
    fee: Fraction = None,
    lend_limit: Amount = None,
) -> None:
    """Give an asset a lending pool, or change its settings; what is not named stays as it is.

    Parameters
    ----------
    asset: The asset's symbol.
    state: What the pool accepts from now on; repay-only takes and gives back, and lends nothing new.
    """
    from ringfence.app import lending
    from ringfence.app.operate import OpenVenue

    texts = {
        "rate_idle": rate_idle,
        "rate_optimal": rate_optimal,
        "rate_full": rate_full,
        "optimal_utilisation": optimal_utilisation,
        "maximum_utilisation": maximum_utilisation,
        "throttle_threshold": throttle_threshold,
        "throttle_bound": throttle_bound,
        "throttle_update": throttle_update,
        "fee": fee,
    }
    with OpenVenue(data) as venue:
        lending.set_pool(venue, asset, texts, state, lend_limit)
    show_pools(asset, data=data)
