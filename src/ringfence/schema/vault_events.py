"""Events of vaults: they are in ``events.EVENTS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    AccountNumber,
    AssetNumber,
    Atoms,
    CaseNumber,
    Flag,
    LeverageLimit,
    OrderNumber,
    PriceTicks,
    QuantityLots,
    RedeemDelay,
    Share,
    SignedAtoms,
    SignedLots,
    SignedValue,
    TimeUs,
    Value,
    VaultDiscount,
    VaultNumber,
    member,
    unit,
)
from .headers import Event

__all__ = [
    "VaultClosed",
    "VaultMinted",
    "VaultOrdered",
    "VaultRedeemCancelled",
    "VaultRedeemRequested",
    "VaultRedeemed",
    "VaultSet",
    "VaultTookOver",
    "VaultValued",
]


class VaultSet(Event, tag=80, frozen=True, kw_only=True):
    """How a vault works, which ``account`` is from now on."""

    since: ClassVar = 2
    vault: VaultNumber
    share_asset: AssetNumber
    quote_asset: AssetNumber
    discount_ppm: VaultDiscount
    redeem_delay_ms: RedeemDelay
    minimum_mint_atoms: Atoms
    minimum_redeem_atoms: Atoms
    maximum_value_atoms: Atoms
    concentration_ppm: Annotated[int, unit("i8", "parts per million of its value, 0 for no limit", 0, 10**9)]
    leverage_limit_percent: LeverageLimit
    mints_enabled: Flag
    redeems_enabled: Flag
    takes_over: Flag


class VaultMinted(Event, tag=81, frozen=True, kw_only=True):
    """Somebody, ``account``, paid ``amount_atoms`` into a vault, of which he has so many shares more now.

    The vault was worth ``value_atoms`` before, and ``supply_atoms`` were its shares.
    """

    since: ClassVar = 2
    vault: VaultNumber
    vault_account: AccountNumber
    share_asset: AssetNumber
    quote_asset: AssetNumber
    amount_atoms: Atoms
    shares_atoms: Atoms
    value_atoms: SignedAtoms
    supply_atoms: Atoms


class VaultRedeemRequested(Event, tag=82, frozen=True, kw_only=True):
    """So many shares of ``account`` are locked, and are paid out from ``due_us`` on."""

    since: ClassVar = 2
    vault: VaultNumber
    share_asset: AssetNumber
    redemption: OrderNumber
    shares_atoms: Atoms
    due_us: TimeUs


class VaultRedeemCancelled(Event, tag=83, frozen=True, kw_only=True):
    """The shares that waited to be paid out are available again; ``case`` is the liquidation that needs them, or 0."""

    since: ClassVar = 2
    vault: VaultNumber
    share_asset: AssetNumber
    redemption: OrderNumber
    shares_atoms: Atoms
    case: CaseNumber


class VaultRedeemed(Event, tag=84, frozen=True, kw_only=True):
    """A vault paid ``amount_atoms`` to ``account`` for so many shares, which are no more.

    The vault was worth ``value_atoms`` before, and ``supply_atoms`` were its shares.
    """

    since: ClassVar = 2
    vault: VaultNumber
    vault_account: AccountNumber
    share_asset: AssetNumber
    quote_asset: AssetNumber
    redemption: OrderNumber
    amount_atoms: Atoms
    shares_atoms: Atoms
    value_atoms: SignedAtoms
    supply_atoms: Atoms


class VaultTookOver(Event, tag=85, frozen=True, kw_only=True):
    """A vault took ``lots`` of the failing ``account`` at the mark, and ``discount_atoms`` for doing so.

    Equity and maintenance are those of the account before; ``discount_e8`` is the part of the value.
    """

    since: ClassVar = 2
    vault: VaultNumber
    vault_account: AccountNumber
    case: CaseNumber
    lots: SignedLots
    mark_ticks: PriceTicks
    discount_e8: Share
    discount_atoms: Atoms
    equity_value: SignedValue
    maintenance_value: Value


class VaultOrdered(Event, tag=86, frozen=True, kw_only=True):
    """A vault, which is ``account``, orders to reduce a position; OrderAccepted follows unless ``reject`` is there."""

    since: ClassVar = 2
    vault: VaultNumber
    order: OrderNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    mark_ticks: PriceTicks
    side: Annotated[int, member(e.Side)]
    reject: Annotated[int, unit("u2", "Reject, 0 for none", 0, 65_535)] = 0


class VaultClosed(Event, tag=87, frozen=True, kw_only=True):
    """A vault, which is ``account``, came to nothing or less while it had shares: new money goes to another one."""

    since: ClassVar = 2
    vault: VaultNumber
    value_atoms: SignedAtoms
    supply_atoms: Atoms


class VaultValued(Event, tag=88, frozen=True, kw_only=True):
    """What a vault, which is ``account``, is worth, told once an hour."""

    since: ClassVar = 2
    vault: VaultNumber
    value_atoms: SignedAtoms
    supply_atoms: Atoms
