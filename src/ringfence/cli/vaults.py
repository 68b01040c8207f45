"""The verbs of an operator on vaults."""

from typing import Annotated

from cyclopts import App, Parameter

from .operator import HERE, Data
from .output import result

Fraction = Annotated[str | None, Parameter(help="A fraction, as a decimal number.")]
Amount = Annotated[str | None, Parameter(help="In units of the asset that the vault is paid in.")]
Number = Annotated[str | None, Parameter(help="A decimal number.")]
Seconds = Annotated[str | None, Parameter(help="In seconds.")]
Switch = Annotated[bool | None, Parameter(help="Switch it on, or off with --no-...")]

vault = App(name="vault", help="Show, open and set vaults, the backstops that their depositors own.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    app.command(vault)


@vault.command(name="show")
def show_vaults(number: int | None = None, *, data: Data = HERE) -> None:
    """Show the vaults: what they are worth, who waits to be paid out, and their settings.

    Parameters
    ----------
    number: This vault only.
    """
    from ringfence.app.operate import OpenVenue
    from ringfence.app.vaults import vault_views

    with OpenVenue(data, to_change=False) as venue:
        for view in vault_views(venue, number):
            result(view)


@vault.command(name="open")
def open_vault(
    share: str,
    user: str,
    *,
    data: Data = HERE,
    quote: str = "USDC",
    discount: Fraction = None,
    concentration: Fraction = None,
    leverage_limit: Number = None,
    redeem_delay: Seconds = None,
    minimum_mint: Amount = None,
    minimum_redeem: Amount = None,
    maximum_value: Amount = None,
    mints: Switch = None,
    redeems: Switch = None,
    takes_over: Switch = None,
) -> None:
    """Open a vault: a new sub-account of a user, from which nobody but the venue trades, and a new asset as its share.

    Parameters
    ----------
    share: The symbol of the share; it is listed by this.
    user: Whose sub-account it is; what is sent to it from outside is fenced for him.
    quote: The asset that the vault is paid in, and the perpetuals are whose positions it takes over.
    """
    from ringfence.app import vaults
    from ringfence.app.operate import OpenVenue

    texts = {
        "discount": discount,
        "concentration": concentration,
        "leverage_limit": leverage_limit,
        "redeem_delay": redeem_delay,
        "minimum_mint": minimum_mint,
        "minimum_redeem": minimum_redeem,
        "maximum_value": maximum_value,
    }
    switches = {"mints_enabled": mints, "redeems_enabled": redeems, "takes_over": takes_over}
    with OpenVenue(data) as venue:
        number = vaults.open_vault(venue, share, user, quote, texts, switches)
    show_vaults(number, data=data)


@vault.command(name="set")
def set_vault(
    number: int,
    *,
    data: Data = HERE,
    discount: Fraction = None,
    concentration: Fraction = None,
    leverage_limit: Number = None,
    redeem_delay: Seconds = None,
    minimum_mint: Amount = None,
    minimum_redeem: Amount = None,
    maximum_value: Amount = None,
    mints: Switch = None,
    redeems: Switch = None,
    takes_over: Switch = None,
) -> None:
    """Change how a vault works; what is not named stays as it is.

    Parameters
    ----------
    number: The vault.
    """
    from ringfence.app import vaults
    from ringfence.app.operate import OpenVenue

    texts = {
        "discount": discount,
        "concentration": concentration,
        "leverage_limit": leverage_limit,
        "redeem_delay": redeem_delay,
        "minimum_mint": minimum_mint,
        "minimum_redeem": minimum_redeem,
        "maximum_value": maximum_value,
    }
    switches = {"mints_enabled": mints, "redeems_enabled": redeems, "takes_over": takes_over}
    with OpenVenue(data) as venue:
        vaults.set_vault(venue, number, texts, switches)
    show_vaults(number, data=data)
