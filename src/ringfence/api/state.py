"""The faces that the API needs of the parts below it; ``core.Exchange`` and its neighbours have them."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ringfence.node.replica import Mark
from ringfence.schema.enums import Parameter
from ringfence.schema.tables import (
    AccountRow,
    ActionRow,
    AssetRow,
    BrakesRow,
    CaseRow,
    CollateralRow,
    EntitlementRow,
    LendingPoolRow,
    MarketRow,
    OrderRow,
    PerpetualRow,
    PositionRow,
    PriceRow,
    PriceSourceRow,
    QuoteRow,
    RedemptionRow,
    TriggerRow,
    UserRow,
    VaultRedemptionRow,
    VaultRow,
)

if TYPE_CHECKING:
    from ringfence.core.exchange import Measure

Records = npt.NDArray[np.void]


class AccountState(Protocol):
    """What an account has now."""

    @property
    def time_us(self) -> int:
        """Return the time of the last command."""
        ...

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """Return available and locked atoms."""
        ...

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """Return (asset, available atoms, locked atoms)."""
        ...

    def open_orders(self, account: int, market: int = 0) -> list[OrderRow]:
        """Return open orders, oldest first."""
        ...

    def triggers(self, account: int, market: int = 0) -> list[TriggerRow]:
        """Return the conditional orders that wait, in the order in which they were placed."""
        ...


class VenueState(AccountState, Protocol):
    """The gateway's copy of the exchange."""

    @property
    def actions(self) -> list[ActionRow]:
        """Return the corporate actions that are armed and not over, by number."""
        ...

    def entitlements(self, account: int) -> list[EntitlementRow]:
        """Return what an account has to do with corporate actions, by action."""
        ...

    def standing_top_up(self, account: int) -> tuple[int, int]:
        """Return (asset, atoms) of the fenced money that may go into an estate by itself; zeros if none."""
        ...

    @property
    def sequence(self) -> int:
        """Return the last command applied."""
        ...

    def open_order_count(self, account: int) -> int:
        """Return how many orders of an account are open."""
        ...

    def depth(self, market: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return bids and asks, best first, as (price_ticks, quantity_lots)."""
        ...

    def level_lots(self, market: int, side: int, price_ticks: int) -> int:
        """Return what stands at one price."""
        ...

    def trigger(self, number: int) -> TriggerRow | None:
        """Return a conditional order that waits for its price or its turn."""
        ...

    def triggers_open(self, account: int) -> int:
        """Return how many conditional orders of an account wait."""
        ...

    def order(self, order: int) -> OrderRow | None:
        """Return an open order."""
        ...

    def account(self, account: int) -> AccountRow | None:
        """Return a user's account."""
        ...

    def user(self, user: int) -> UserRow | None:
        """Return a user."""
        ...

    def asset(self, asset: int) -> AssetRow | None:
        """Return a listed asset."""
        ...

    def market(self, market: int) -> MarketRow | None:
        """Return a listed market."""
        ...

    def price(self, asset: int) -> PriceRow | None:
        """Return how an asset is priced and what its price is, ``None`` if it has none."""
        ...

    def quotes(self, asset: int) -> list[QuoteRow]:
        """Return what the sources that count for an asset last said of it, by source."""
        ...

    def price_source(self, source: int) -> PriceSourceRow | None:
        """Return a source of quotes, ``None`` if it has no name yet."""
        ...

    def collateral(self, asset: int) -> CollateralRow | None:
        """Return what an asset is worth as collateral, ``None`` if nobody said."""
        ...

    def lending_pool(self, asset: int) -> LendingPoolRow | None:
        """Return the lending pool of an asset, ``None`` if it has none."""
        ...

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and the prices of a perpetual, ``None`` if the market is none or has no rules."""
        ...

    def brakes(self, market: int) -> BrakesRow | None:
        """Return the brakes of a market, and where its auction stands; ``None`` if it has none."""
        ...

    def band(self, market: int) -> tuple[int, int]:
        """Return the lowest and the highest price at which a market may trade now, (0, 0) for any."""
        ...

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account, by market."""
        ...

    def position(self, account: int, market: int) -> PositionRow | None:
        """Return the position of an account in a market."""
        ...

    def loans(self, account: int) -> list[tuple[int, int]]:
        """Return (asset, loan_shares) of all an account lent, above 0, or owes, below 0, by asset."""
        ...

    @property
    def vaults_set(self) -> int:
        """Return how many vaults there are."""
        ...

    def vault(self, vault: int) -> VaultRow | None:
        """Return a vault."""
        ...

    def vault_redemptions(self, vault: int) -> list[VaultRedemptionRow]:
        """Return who waits to be paid out by a vault, in the order of their requests."""
        ...

    def redemptions(self, asset: int) -> list[RedemptionRow]:
        """Return who waits to redeem an asset, oldest first."""
        ...

    def measure(
        self, account: int, *, asset: int = 0, held_change: int = 0, owed_change: int = 0, strict: bool = False
    ) -> "Measure":
        """Measure an account, as if it held and owed more atoms of one asset; ``strict`` as for new risk."""
        ...

    def case(self, account: int) -> CaseRow | None:
        """Return the open case of an account, ``None`` if it is not liquidated."""
        ...

    def parameter(self, parameter: Parameter) -> int:
        """Return a setting."""
        ...

    def fee_tier(self, schedule: int, tier: int) -> tuple[int, int]:
        """Return maker and taker fee in ppm."""
        ...

    def skin_used(self) -> tuple[int, int]:
        """Return (day since 1970, value) of what SKIN has paid on the last day on which it paid."""
        ...

    @property
    def markets_listed(self) -> int:
        """Return how many markets are listed."""
        ...

    @property
    def assets_listed(self) -> int:
        """Return how many assets are listed."""
        ...


class FollowedLog(Protocol):
    """A copy of the state that follows the log."""

    @property
    def exchange(self) -> Any:
        """Return the state, a ``VenueState``."""
        ...

    @property
    def marks(self) -> list[Mark]:
        """Return the Clocks in what was last applied."""
        ...

    def catch_up(self, to_sequence: int, *, by_pages: bool) -> Iterator[Records]:
        """Apply the log up to a sequence and yield the events, also wherever a settlement may have moved money."""
        ...

    def apply_by_pages(self, records: bytes) -> Iterator[Records]:
        """Apply stamped records and yield their events, wherever a settlement may have moved money."""
        ...


class Link(Protocol):
    """A connection to the node."""

    durable_sequence: int

    def submit(self, records: bytes) -> None:
        """Send records; never waits."""
        ...

    def frames(self) -> AsyncIterator[tuple[int, bytes]]:
        """Yield (first sequence, stamped records)."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class Key(Protocol):
    """A registered public key."""

    @property
    def account(self) -> int:
        """Return the account it signs for."""
        ...


class Keys(Protocol):
    """Whose a public key is."""

    def find_key(self, public: str) -> Key | None:
        """Return a key (base64) that works, ``None`` if it is unknown or revoked."""
        ...

    def reload_if_changed(self) -> bool:
        """Read the keys again if another process has added or revoked one; tell whether it has."""
        ...
