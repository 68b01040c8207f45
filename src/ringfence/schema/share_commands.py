"""Commands about registered shares: they are in ``commands.COMMANDS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import ActionNumber, ActionVersion, AssetNumber, PositiveAtoms, PriceUnits, TimeUs, member
from .headers import Command

__all__ = [
    "CancelAction",
    "CloseAction",
    "ContinueActions",
    "FundAction",
    "PayAction",
    "ReleaseUnclaimed",
    "SetAction",
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
    """Take back an action of which nothing was collected or paid; what was paid in goes to SUSPENSE. Origin: registrar."""

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
