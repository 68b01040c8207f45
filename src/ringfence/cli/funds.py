"""The verbs of an operator on what pays for losses: FUND, SKIN and COMPENSATION."""

from typing import Literal

from cyclopts import App

from .operator import HERE, Data
from .output import result

fund = App(name="fund", help="Show and fill what pays for losses: the insurance fund and the operator's own capital.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(fund)


@fund.command
def show(*, data: Data = HERE) -> None:
    """Show what FUND, SKIN and COMPENSATION have, and what UNCOVERED owes."""
    from ringfence.app.funds import fund_views
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        for view in fund_views(venue):
            result(view)


@fund.command
def add(account: Literal["fund", "skin", "compensation"], asset: str, amount: str, *, data: Data = HERE) -> None:
    """Give FUND, SKIN or COMPENSATION money that came in. What FUND and SKIN have they give to failed estates only.

    Parameters
    ----------
    account: Which of them.
    asset: The asset's symbol.
    amount: How much, as a decimal number.
    """
    from ringfence.app.operate import OpenVenue
    from ringfence.schema.enums import HouseAccount

    with OpenVenue(data) as venue:
        moved = venue.add_to_house(HouseAccount[account.upper()], asset, amount)
    result({"account": account, "asset": asset, "amount": amount, "sequence": moved.sequence})


@fund.command
def compensate(name: str, asset: str, amount: str, *, data: Data = HERE) -> None:
    """Give a user something out of COMPENSATION.

    Parameters
    ----------
    name: The user.
    asset: The asset's symbol.
    amount: How much, as a decimal number.
    """
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        moved = venue.compensate(name, asset, amount)
    result({"name": name, "asset": asset, "amount": amount, "sequence": moved.sequence})
