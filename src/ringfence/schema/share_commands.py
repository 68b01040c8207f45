"""Commands about registered shares: they are in ``commands.COMMANDS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    ActionNumber,
    ActionVersion,
    AssetNumber,
    MarketNumber,
    PositiveAtoms,
    PriceUnits,
    SplitFactor,
    TimeUs,
    member,
    text,
    unit,
)
from .headers import Command

__all__ = [
    "CancelAction",
    "CloseAction",
    "ContinueActions",
    "FundAction",
    "PayAction",
    "ReleaseUnclaimed",
    "RenameAsset",
    "SetAction",
    "SetMarketGrid",
    "SettleFraction",
    "SplitShare",
]

REGISTRAR = (e.Origin.REGISTRAR,)


class SetAction(Command, tag=55, frozen=True, kw_only=True):
    """Arm a corporate action, or replace one that has not begun. Origin: registrar.

    Of a dividend ``rate_units`` is 10^-8 of a whole ``pay_asset`` for a whole share; whoever has shares when ``ex_us``
    comes is entitled to it. A meeting has a record and no more.
    """

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    action: ActionNumber
    version: ActionVersion
    action_kind: Annotated[int, member(e.ActionKind)]
    asset: AssetNumber
    pay_asset: AssetNumber = 0
    rate_units: PriceUnits = 0
    ex_us: TimeUs = 0
    record_us: TimeUs
    payable_us: TimeUs = 0


class CancelAction(Command, tag=56, frozen=True, kw_only=True):
    """Take back an action of which nothing was paid; what was paid in goes to SUSPENSE. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    action: ActionNumber
    version: ActionVersion


class FundAction(Command, tag=57, frozen=True, kw_only=True):
    """Let the issuer's cash for an action go from SUSPENSE to DIVIDEND. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    action: ActionNumber
    amount_atoms: PositiveAtoms


class PayAction(Command, tag=58, frozen=True, kw_only=True):
    """Begin to pay an action: what shorts owe is collected, then everybody is paid. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    action: ActionNumber
    version: ActionVersion


class ContinueActions(Command, tag=59, frozen=True, kw_only=True):
    """Go on with the records and payments that are under way; nothing if there are none. Origin: node."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.NODE,)


class ReleaseUnclaimed(Command, tag=61, frozen=True, kw_only=True):
    """Pay ``account`` what UNCLAIMED holds for it of an action. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    action: ActionNumber


class CloseAction(Command, tag=62, frozen=True, kw_only=True):
    """Forget an action that is done; what rounding left of its cash goes to ROUNDING. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    action: ActionNumber


class SplitShare(Command, tag=63, frozen=True, kw_only=True):
    """Let ``new_shares`` stand where ``old_shares`` stood; nobody's atoms change, but what a whole share is.

    Its markets are shut, and open no sooner than its price, as one atom is worth, is where it was, within the
    tolerance: quotes of before count no more. Origin: registrar.
    """

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    asset: AssetNumber
    new_shares: SplitFactor
    old_shares: SplitFactor
    tolerance_ppm: Annotated[int, unit("i4", "parts per million of the mark", 1, 500_000)] = 50_000


class RenameAsset(Command, tag=64, frozen=True, kw_only=True):
    """Give an asset another symbol, name or CUSIP; the old symbol is its until ``alias_us``. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    asset: AssetNumber
    symbol: Annotated[str, text(16, "ASCII symbol")]
    name: Annotated[str, text(32, "ASCII name")]
    cusip: Annotated[str, text(16, "CUSIP of a registered share")] = ""
    alias_us: TimeUs = 0


class SetMarketGrid(Command, tag=65, frozen=True, kw_only=True):
    """Change tick and lot of a spot market that is shut and whose book is empty. Origin: operator or registrar."""

    since: ClassVar = 2
    origins: ClassVar = (e.Origin.OPERATOR, e.Origin.REGISTRAR)
    market: MarketNumber
    tick_atoms: Annotated[int, unit("i8", "quote atoms per whole base unit", 1, 2**48)]
    lot_atoms: Annotated[int, unit("i8", "base atoms", 1, 2**48)]


class SettleFraction(Command, tag=66, frozen=True, kw_only=True):
    """Let the issuer take shares of ``account`` back for cash from SUSPENSE, for a fraction. Origin: registrar."""

    since: ClassVar = 2
    origins: ClassVar = REGISTRAR
    asset: AssetNumber
    pay_asset: AssetNumber
    shares_atoms: PositiveAtoms
    amount_atoms: PositiveAtoms
