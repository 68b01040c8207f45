"""What an operator does to a running venue: every change is a command through DIR/control.sock, under the rules."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec
import numpy as np

from ringfence.config import OPERATOR_SOURCE, eligibility_command, parse_units
from ringfence.core import Exchange
from ringfence.database import sqlite_url
from ringfence.identity import ApiKeyPair, IdentityStore, User, new_key_pair
from ringfence.node.connect import ControlClient
from ringfence.node.errors import LinkLost, NodeUnavailable
from ringfence.node.follower import Follower
from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount, MarketState, Origin, Parameter
from ringfence.schema.events import Event, FundsMoved, Rejected, UserOpened
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import UserRow
from ringfence.views.catalog import AssetInfo, Catalog, MarketInfo
from ringfence.views.rejections import rejection

from .errors import VenueError, WrongUse

PPM_DECIMALS = 6
RACES_MAXIMUM = 10


def require_venue(directory: Path) -> None:
    """Raise ``WrongUse`` unless a venue's log stands in a directory."""
    if not (directory / "journal").is_dir():
        raise WrongUse(
            f"{directory} holds no venue: there is no {directory / 'journal'}; "
            "`ringfence init` and `ringfence serve` make one, `--data` names another folder"
        )


class Opened(NamedTuple):
    """A new user."""

    user: int
    account: int
    pair: ApiKeyPair


class Limits(NamedTuple):
    """New limits of a market as decimal texts; ``None`` leaves one as it is."""

    minimum_price: str | None = None
    maximum_price: str | None = None
    minimum_quantity: str | None = None
    maximum_quantity: str | None = None
    fee_schedule: int | None = None


class OpenVenue:
    """A venue as its operator sees it: its state when this was opened, its identities, and the way to command it."""

    def __init__(self, directory: Path, *, to_change: bool = True) -> None:
        """Read the state of DIR. ``to_change`` needs its node to run; otherwise the log alone will do."""
        require_venue(directory)
        self.directory = directory
        self._control = self._connect(to_change)
        follower = Follower(directory)
        for _ in follower.catch_up(self._control.welcome.durable_sequence if self._control else None):
            pass
        self.exchange: Exchange = follower.exchange
        self.catalog = Catalog.from_exchange(follower.exchange)
        self.identities = IdentityStore(sqlite_url(directory / "identity.sqlite"))

    def _connect(self, to_change: bool) -> ControlClient | None:
        try:
            return ControlClient(self.directory)
        except NodeUnavailable:
            if not to_change:
                return None
            raise WrongUse(
                f"no venue runs on {self.directory}; start it with "
                f"`ringfence serve --config {self.directory / 'venue.toml'}` and try again"
            ) from None

    def command(self, command: c.Command, origin: Origin | None = None) -> list[Event]:
        """Submit one command and return its events; ``WrongUse`` with the core's reason when it is refused."""
        events = self._submit(command, origin)
        for event in events:
            if isinstance(event, Rejected):
                found = rejection(event, self.catalog)
                raise WrongUse(f"refused: {Reject(event.reject).name}: {found.message}")
        return events

    def add_user(self, name: str, classes: list[int], fee_tier: int) -> Opened:
        """Open a user under a name, with a key pair whose secret is known to nobody but the caller."""
        if self.identities.find_user(name) is not None:
            raise WrongUse(f"there is a user {name} already")
        (event,) = self.command(c.OpenUser(fee_tier=fee_tier))
        assert isinstance(event, UserOpened), event
        self.identities.add_user(name, event.user, now_us())
        if classes:
            self.set_eligibility(event.user, classes)
        return Opened(event.user, event.account, self.add_pair(event.user, event.account, ""))

    def add_pair(self, user: int, account: int, label: str) -> ApiKeyPair:
        """Make a key pair that signs for an account."""
        pair = new_key_pair()
        self.identities.add_key(pair.public, user, account, label, now_us())
        return pair

    def user(self, name: str) -> tuple[User, UserRow]:
        """Return a user by name."""
        user = self.identities.find_user(name)
        if user is None:
            names = ", ".join(user.name for user in self.identities.users()[:20]) or "nobody"
            raise WrongUse(f"there is no user {name}; there is {names}")
        row = self.exchange.user(user.user)
        if row is None:
            raise VenueError(
                f"{name} is registered as user {user.user}, whom the log in {self.directory} does not know"
            )
        return user, row

    def set_eligibility(self, user: int, classes: list[int]) -> None:
        """Let a user do everything with exactly these classes of assets."""
        row = self.exchange.user(user)
        self.command(eligibility_command(user, classes, row.tax_relief_ppm if row is not None else 0))

    def asset(self, symbol: str) -> AssetInfo:
        """Return an asset by symbol."""
        if symbol not in self.catalog.assets:
            raise WrongUse(f"there is no asset {symbol}; there is {', '.join(self.catalog.assets) or 'none'}")
        return self.catalog.assets[symbol]

    def market(self, symbol: str) -> MarketInfo:
        """Return a market by symbol."""
        if symbol not in self.catalog.markets:
            raise WrongUse(f"there is no market {symbol}; there is {', '.join(self.catalog.markets) or 'none'}")
        return self.catalog.markets[symbol]

    def deposit(self, name: str, symbol: str, amount: str) -> FundsMoved:
        """Credit a user's main account with money that came in by hand; if that is fenced, his fenced account."""
        asset, (_, row) = self.asset(symbol), self.user(name)
        return self._deposit(row.main_account, asset.number, asset.parse(amount))

    def add_to_house(self, house: HouseAccount, symbol: str, amount: str) -> FundsMoved:
        """Give a house account money that came in by hand."""
        asset = self.asset(symbol)
        atoms = asset.parse(amount)
        self._deposit(HouseAccount.SUSPENSE, asset.number, atoms)
        return self._move_house(HouseAccount.SUSPENSE, house, asset.number, atoms)

    def compensate(self, name: str, symbol: str, amount: str) -> FundsMoved:
        """Give a user's main account something out of COMPENSATION."""
        asset, (_, row) = self.asset(symbol), self.user(name)
        return self._move_house(HouseAccount.COMPENSATION, row.main_account, asset.number, asset.parse(amount))

    def _move_house(self, account: int, to_account: int, asset: int, atoms: int) -> FundsMoved:
        command = c.MoveHouseFunds(account=account, to_account=to_account, asset=asset, amount_atoms=atoms)
        return _movement(self.command(command))

    def _deposit(self, account: int, asset: int, atoms: int) -> FundsMoved:
        number = 1 + self._last_deposit()
        for _ in range(RACES_MAXIMUM):
            events = self._submit(
                c.Deposit(account=account, asset=asset, source=OPERATOR_SOURCE, number=number, amount_atoms=atoms)
            )
            if isinstance(events[0], Rejected) and Reject(events[0].reject) is Reject.NUMBER_ALREADY_APPLIED:
                # Somebody else recorded a deposit since the state was read.
                number = events[0].limit + 1
                continue
            self._require_taken(events)
            return _movement(events)
        raise VenueError("others record deposits faster than this one gets a number; nothing was credited, try again")

    def set_market_state(self, symbol: str, state: MarketState) -> None:
        """Open, close or restrict a market."""
        self.command(c.SetMarketState(market=self.market(symbol).number, state=state))

    def set_market_bands(self, symbol: str, limit: list[str] | None, impact: list[str] | None) -> None:
        """Set bands as [lowest, highest] factors of the reference price; ``None`` leaves a pair as it is."""
        row = self.market(symbol).row
        present = ((row.limit_minimum_ppm, row.limit_maximum_ppm), (row.impact_minimum_ppm, row.impact_maximum_ppm))
        limits, impacts = (
            old if new is None else _factors(new) for new, old in zip((limit, impact), present, strict=True)
        )
        self.command(
            c.SetPriceBands(
                market=row.market,
                limit_minimum_ppm=limits[0],
                limit_maximum_ppm=limits[1],
                impact_minimum_ppm=impacts[0],
                impact_maximum_ppm=impacts[1],
            )
        )

    def set_market_limits(self, symbol: str, limits: Limits) -> None:
        """Change price and quantity range and fee schedule."""
        market = self.market(symbol)
        row = market.row

        def ticks(text: str | None, present: int) -> int:
            return present if text is None else market.parse_price(text)

        def lots(text: str | None, present: int) -> int:
            return present if text is None else market.parse_quantity(text)

        self.command(
            c.SetMarketLimits(
                market=row.market,
                fee_schedule=row.fee_schedule if limits.fee_schedule is None else limits.fee_schedule,
                minimum_price_ticks=ticks(limits.minimum_price, row.minimum_price_ticks),
                maximum_price_ticks=ticks(limits.maximum_price, row.maximum_price_ticks),
                minimum_quantity_lots=lots(limits.minimum_quantity, row.minimum_quantity_lots),
                maximum_quantity_lots=lots(limits.maximum_quantity, row.maximum_quantity_lots),
            )
        )

    def set_parameter(self, name: str, value: int) -> None:
        """Change a setting of the venue."""
        names = {parameter.name.lower(): parameter for parameter in Parameter}
        if name not in names:
            raise WrongUse(f"there is no parameter {name}; there is {', '.join(names)}")
        self.command(c.SetParameter(parameter=names[name], value=value))

    def close(self) -> None:
        """Close connection and database."""
        if self._control is not None:
            self._control.close()
        self.identities.close()

    def __enter__(self) -> OpenVenue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _submit(self, command: c.Command, origin: Origin | None = None) -> list[Event]:
        assert self._control is not None, "opened to read only"
        try:
            (events,) = self._control.submit([command], origin)
        except LinkLost as error:
            raise VenueError(f"{error}; look whether it happened before you try again") from None
        return events

    def _require_taken(self, events: list[Event]) -> None:
        if isinstance(events[0], Rejected):
            found = rejection(events[0], self.catalog)
            raise WrongUse(f"refused: {Reject(events[0].reject).name}: {found.message}")

    def _last_deposit(self) -> int:
        sources = self.exchange.rows()["sources"]
        return int(np.asarray(sources["last_number"])[np.asarray(sources["source"]) == OPERATOR_SOURCE][0])


class MarketView(msgspec.Struct, frozen=True):
    """A market's settings as an operator reads them."""

    market: str
    state: str
    tick: str
    step: str
    minimum_price: str
    maximum_price: str
    minimum_quantity: str
    maximum_quantity: str
    limit_band: list[str]
    impact_band: list[str]
    fee_schedule: int

    @classmethod
    def of(cls, market: MarketInfo) -> MarketView:
        """Return the view of a market."""
        row = market.row
        return cls(
            market=market.symbol,
            state=MarketState(row.state).name.lower().replace("_", "-"),
            tick=market.price_text(1),
            step=market.quantity_text(1),
            minimum_price=market.price_text(row.minimum_price_ticks),
            maximum_price=market.price_text(row.maximum_price_ticks),
            minimum_quantity=market.quantity_text(row.minimum_quantity_lots),
            maximum_quantity=market.quantity_text(row.maximum_quantity_lots),
            limit_band=[_factor_text(row.limit_minimum_ppm), _factor_text(row.limit_maximum_ppm)],
            impact_band=[_factor_text(row.impact_minimum_ppm), _factor_text(row.impact_maximum_ppm)],
            fee_schedule=row.fee_schedule,
        )


def _movement(events: list[Event]) -> FundsMoved:
    """Return what moved; before that a case may have opened, and what it closed."""
    return next(event for event in events if isinstance(event, FundsMoved))


def now_us() -> int:
    """Return microseconds UTC since 1970."""
    return time.time_ns() // 1_000


def _factors(band: list[str]) -> tuple[int, int]:
    try:
        low, high = (parse_units(text, PPM_DECIMALS) for text in band)
    except ValueError as error:
        raise WrongUse(f"a band is two factors such as 0.25 and 4: {error}") from None
    return low, high


def _factor_text(ppm: int) -> str:
    whole, rest = divmod(ppm, 10**PPM_DECIMALS)
    return f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
