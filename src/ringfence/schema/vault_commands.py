"""Commands about vaults: they are in ``commands.COMMANDS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    AssetNumber,
    Atoms,
    Flag,
    LeverageLimit,
    PositiveAtoms,
    RedeemDelay,
    VaultDiscount,
    VaultNumber,
    unit,
)
from .headers import Command

__all__ = [
    "CancelVaultRedeem",
    "MintVaultShares",
    "PayVaultRedemptions",
    "RequestVaultRedeem",
    "SetVault",
    "UnwindVault",
]


class SetVault(Command, tag=47, frozen=True, kw_only=True):
    """Let ``account`` be a vault, owned by whoever holds its shares, or change how it works. Origin: operator.

    It takes positions over at the mark less ``discount_ppm``, none that came to more than ``concentration_ppm`` of its
    value (0: any). Account and assets are for good.
    """

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.OPERATOR,)
    vault: VaultNumber
    share_asset: AssetNumber
    quote_asset: AssetNumber
    discount_ppm: VaultDiscount = 5_000
    redeem_delay_ms: RedeemDelay = 86_400_000
    minimum_mint_atoms: PositiveAtoms = 1
    minimum_redeem_atoms: PositiveAtoms = 1
    maximum_value_atoms: Atoms = 2**60
    concentration_ppm: Annotated[int, unit("i8", "parts per million of its value, 0 for no limit", 0, 10**9)] = 0
    leverage_limit_percent: LeverageLimit = 0
    mints_enabled: Flag = 1
    redeems_enabled: Flag = 1
    takes_over: Flag = 1


class MintVaultShares(Command, tag=48, frozen=True, kw_only=True):
    """Pay into a vault for shares of it, at what one is worth now. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.USER,)
    vault: VaultNumber
    amount_atoms: PositiveAtoms


class RequestVaultRedeem(Command, tag=49, frozen=True, kw_only=True):
    """Queue shares of a vault, 0 for all, to be paid out at what they are worth then. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.USER,)
    vault: VaultNumber
    shares_atoms: Atoms = 0


class CancelVaultRedeem(Command, tag=50, frozen=True, kw_only=True):
    """Keep the shares that are queued. Origin: user."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.USER,)
    vault: VaultNumber


class PayVaultRedemptions(Command, tag=51, frozen=True, kw_only=True):
    """Value the vaults and pay those whose delay has passed; nothing if that was done since the Clock. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.NODE,)


class UnwindVault(Command, tag=52, frozen=True, kw_only=True):
    """Let the next vault reduce its largest position; nothing if all were tried since the Clock. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.NODE,)
