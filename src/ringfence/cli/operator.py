"""The verbs of an operator on a running venue: users, keys, deposits, assets, markets, parameters.

Each takes the venue's folder with --data and writes JSON, one object a line.
"""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from .output import result

Data = Annotated[Path, Parameter(help="The venue's folder.")]
HERE = Path()
State = Literal["open", "closed", "cancel-only", "limit-only", "post-only", "auction"]
Frozen = Literal["trading", "withdrawals", "transfers"]
Band = Annotated[tuple[str, str] | None, Parameter(help="Lowest and highest factor of the reference price.")]

users = App(name="users", help="Open and list users, and set what they may do.")
keys = App(name="keys", help="Make, register, list and revoke API keys; only public keys are stored.")
market = App(name="market", help="List markets and set their state, limits and bands.")
asset = App(name="asset", help="List assets.")
parameter = App(name="parameter", help="List and set the parameters of the venue.")


def add_to(app: App) -> None:
    """Add the verbs of this module."""
    for group in (users, keys, market, asset, parameter):
        app.command(group)
    app.command(deposit)
    app.command(balances)


@users.command(name="add")
def add_user(name: str, *, data: Data = HERE, eligible: tuple[int, ...] = (), fee_tier: int = 0) -> None:
    """Open a user and write his new API key and secret, which are shown this once.

    Parameters
    ----------
    name: What he is called.
    eligible: A class of assets that he may hold and trade; may stand several times.
    fee_tier: His fee tier.
    """
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        opened = venue.add_user(name, list(eligible), fee_tier)
    pair = {"apiKey": opened.pair.public, "apiSecret": opened.pair.secret}
    result({"name": name, "user": opened.user, "account": opened.account} | pair)


@users.command(name="list")
def list_users(*, data: Data = HERE) -> None:
    """List the users."""
    from ringfence.app.operate import OpenVenue
    from ringfence.app.people import user_views

    with OpenVenue(data, to_change=False) as venue:
        for view in user_views(venue):
            result(view)


@users.command(name="set")
def set_user(
    name: str,
    *,
    data: Data = HERE,
    eligible: tuple[int, ...] | None = None,
    freeze: tuple[Frozen, ...] = (),
    unfreeze: tuple[Frozen, ...] = (),
    fee_tier: int | None = None,
) -> None:
    """Set what a user may do; what is not named stays as it is.

    Parameters
    ----------
    name: The user.
    eligible: The classes of assets that he may hold and trade from now on, all of them; 0 stands for none.
    freeze: What is frozen for him; may stand several times.
    unfreeze: What is frozen no longer.
    fee_tier: His fee tier.
    """
    from ringfence.app.operate import OpenVenue
    from ringfence.app.people import set_user_flags, user_view

    with OpenVenue(data) as venue:
        user, _ = venue.user(name)
        if eligible is not None:
            venue.set_eligibility(user.user, [number for number in eligible if number])
        if freeze or unfreeze or fee_tier is not None:
            set_user_flags(venue, name, freeze, unfreeze, fee_tier)
    with OpenVenue(data) as venue:
        result(user_view(venue, *venue.user(name)))


@keys.default
@keys.command(name="new")
def new_key() -> None:
    """Make a key pair; nothing is registered or stored."""
    from ringfence.identity import new_key_pair

    pair = new_key_pair()
    result({"apiKey": pair.public, "apiSecret": pair.secret})


@keys.command(name="add")
def add_key(name: str, public: str | None = None, *, fenced: bool = False, data: Data = HERE, label: str = "") -> None:
    """Let a key sign for a user's main account; without PUBLIC a new pair is made and shown this once.

    Parameters
    ----------
    name: The user.
    public: The base64 of an Ed25519 public key.
    fenced: Whether it signs for the user's fenced account instead, which holds and does not trade.
    label: What the key is for.
    """
    from ringfence.app.operate import OpenVenue, now_us

    with OpenVenue(data, to_change=False) as venue:
        user, row = venue.user(name)
        account = row.fenced_account if fenced else row.main_account
        if public is None:
            pair = venue.add_pair(user.user, account, label)
            result({"name": name, "apiKey": pair.public, "apiSecret": pair.secret})
            return
        venue.identities.add_key(public, user.user, account, label, now_us())
        result({"name": name, "apiKey": public})


@keys.command(name="list")
def list_keys(name: str | None = None, *, data: Data = HERE) -> None:
    """List the keys of a user, or of all, revoked ones included."""
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        user = None if name is None else venue.user(name)[0].user
        for key in venue.identities.keys(user):
            result(key)


@keys.command(name="revoke")
def revoke_key(public: str, *, data: Data = HERE) -> None:
    """Stop a key from working, for good; a running venue notices within a second."""
    from ringfence.app.operate import OpenVenue, now_us

    with OpenVenue(data, to_change=False) as venue:
        venue.identities.revoke(public, now_us())
    result({"revoked": public})


def deposit(name: str, asset: str, amount: str, *, data: Data = HERE) -> None:
    """Credit a user with money or assets that came in; his fenced account, where his main one is liquidated.

    Parameters
    ----------
    name: The user.
    asset: The asset's symbol.
    amount: How much, as a decimal number.
    """
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        _, row = venue.user(name)
        moved = venue.deposit(name, asset, amount)
    told = {"name": name, "asset": asset, "amount": amount, "deposit": moved.reference, "sequence": moved.sequence}
    result(told | {"account": moved.to_account, "fenced": moved.to_account == row.fenced_account})


def balances(name: str, *, fenced: bool = False, data: Data = HERE) -> None:
    """List what a user's main account holds.

    Parameters
    ----------
    name: The user.
    fenced: Whether his fenced account is meant.
    """
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        _, row = venue.user(name)
        for number, available, locked in venue.exchange.balances(row.fenced_account if fenced else row.main_account):
            info = venue.catalog.asset_by_number[number]
            result({"asset": info.symbol, "available": info.text(available), "locked": info.text(locked)})


@market.command(name="list")
def list_markets(*, data: Data = HERE) -> None:
    """List the markets with their settings."""
    from ringfence.app.operate import MarketView, OpenVenue

    with OpenVenue(data, to_change=False) as venue:
        for info in venue.catalog.markets.values():
            result(MarketView.of(info))


@market.command(name="set")
def set_market(
    symbol: str,
    *,
    data: Data = HERE,
    state: State | None = None,
    limit_band: Band = None,
    impact_band: Band = None,
    minimum_price: str | None = None,
    maximum_price: str | None = None,
    minimum_quantity: str | None = None,
    maximum_quantity: str | None = None,
    fee_schedule: int | None = None,
) -> None:
    """Set a market; what is not named stays as it is. `--state cancel-only` halts it and lets orders be withdrawn.

    Parameters
    ----------
    symbol: The market, such as SOL_USDC.
    state: What it accepts from now on; resting orders stay.
    """
    from ringfence.app.operate import Limits, MarketView, OpenVenue
    from ringfence.config.model import MARKET_STATES

    limits = Limits(minimum_price, maximum_price, minimum_quantity, maximum_quantity, fee_schedule)
    with OpenVenue(data) as venue:
        venue.market(symbol)
        if limits != Limits():
            venue.set_market_limits(symbol, limits)
        if limit_band or impact_band:
            venue.set_market_bands(symbol, list(limit_band or []) or None, list(impact_band or []) or None)
        if state is not None:
            venue.set_market_state(symbol, MARKET_STATES[state])
    with OpenVenue(data) as venue:
        result(MarketView.of(venue.market(symbol)))


@asset.command(name="list")
def list_assets(*, data: Data = HERE) -> None:
    """List the assets."""
    from ringfence.app.operate import OpenVenue
    from ringfence.app.people import asset_view

    with OpenVenue(data, to_change=False) as venue:
        for info in venue.catalog.assets.values():
            result(asset_view(info))


@parameter.command(name="list")
def list_parameters(*, data: Data = HERE) -> None:
    """List the parameters with their bounds."""
    from ringfence.app.operate import OpenVenue
    from ringfence.app.people import parameter_views

    with OpenVenue(data, to_change=False) as venue:
        for view in parameter_views(venue):
            result(view)


@parameter.command(name="set")
def set_parameter(name: str, value: int, *, data: Data = HERE) -> None:
    """Set a parameter of the venue."""
    from ringfence.app.operate import OpenVenue

    with OpenVenue(data) as venue:
        venue.set_parameter(name, value)
    result({"parameter": name, "value": value})
