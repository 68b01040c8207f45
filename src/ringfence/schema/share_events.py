"""Events of registered shares: they are in ``events.EVENTS`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    ActionNumber,
    ActionVersion,
    AssetNumber,
    Atoms,
    CaseNumber,
    Count,
    Flag,
    FundingIndex,
    LoanIndex,
    PriceTicks,
    PriceUnits,
    ShareFactor,
    SignedAtoms,
    SignedValue,
    SplitFactor,
    TimeUs,
    member,
    text,
    unit,
)
from .headers import Event

__all__ = [
    "ActionCancelled",
    "ActionClosed",
    "ActionFunded",
    "ActionMoved",
    "ActionSet",
    "AssetRenamed",
    "ContractAdjusted",
    "DividendCollected",
    "DividendPaid",
    "EntitlementCarried",
    "EntitlementMoved",
    "EstateExpected",
    "HolderRecorded",
    "MarketGridSet",
    "RecordBegan",
    "RecordTaken",
    "ShareSplit",
    "UnclaimedReleased",
]


class ActionSet(Event, tag=110, frozen=True, kw_only=True):
    """A corporate action is armed, or another version of it is."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    action_kind: Annotated[int, member(e.ActionKind)]
    asset: AssetNumber
    pay_asset: AssetNumber
    rate_units: PriceUnits
    ex_us: TimeUs
    record_us: TimeUs
    payable_us: TimeUs


class ActionCancelled(Event, tag=111, frozen=True, kw_only=True):
    """A corporate action will not take place."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    returned_atoms: Atoms


class ActionFunded(Event, tag=112, frozen=True, kw_only=True):
    """The issuer's cash for an action is there; ``funded_atoms`` is all of it."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    asset: AssetNumber
    amount_atoms: Atoms
    funded_atoms: Atoms


class RecordBegan(Event, tag=113, frozen=True, kw_only=True):
    """The positions of everybody in a share are taken as they are before this command.

    ``total_atoms`` are there in all; loans count at these indices.
    """

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    record_kind: Annotated[int, member(e.RecordKind)]
    asset: AssetNumber
    total_atoms: Atoms
    lent_index: LoanIndex
    debt_index: LoanIndex


class HolderRecorded(Event, tag=114, frozen=True, kw_only=True):
    """What ``account`` had of a share: all that it held and lent, less what it owed; of that it had lent so much."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    record_kind: Annotated[int, member(e.RecordKind)]
    asset: AssetNumber
    net_atoms: SignedAtoms
    lent_atoms: Atoms


class EntitlementCarried(Event, tag=123, frozen=True, kw_only=True):
    """Shares of ``account`` came from outside or went there between ex and record, and its right changed with them."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    carried_atoms: SignedAtoms
    entitled_atoms: SignedAtoms


class RecordTaken(Event, tag=115, frozen=True, kw_only=True):
    """Everybody's position was taken: they add up to ``total_atoms``, ``residue_atoms`` of roundings being FEES'."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    record_kind: Annotated[int, member(e.RecordKind)]
    asset: AssetNumber
    holders: Count
    total_atoms: Atoms
    residue_atoms: SignedAtoms
    lent_atoms: Atoms
    short_atoms: Atoms


class ActionMoved(Event, tag=116, frozen=True, kw_only=True):
    """An action is in another phase, with what it came to so far."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    phase: Annotated[int, member(e.ActionPhase)]
    asset: AssetNumber
    funded_atoms: Atoms
    owed_atoms: Atoms
    collected_atoms: Atoms
    paid_atoms: Atoms
    tax_atoms: Atoms
    unclaimed_atoms: Atoms


class DividendCollected(Event, tag=117, frozen=True, kw_only=True):
    """Who was short when the share went ex, ``account``, paid ``paid_atoms`` for it and owes ``left_atoms``."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    share: AssetNumber
    asset: AssetNumber
    paid_atoms: Atoms
    left_atoms: Atoms


class DividendPaid(Event, tag=118, frozen=True, kw_only=True):
    """What ``account`` got for what it is entitled to: ``gross_atoms`` less ``tax_atoms``.

    ``manufactured_atoms`` of the gross, so far, stand for shares that were lent and sold short. What may not be
    received is held as ``unclaimed``. ``left_atoms`` of the gross wait for shorts.
    """

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    share: AssetNumber
    asset: AssetNumber
    entitled_atoms: Atoms
    gross_atoms: Atoms
    manufactured_atoms: Atoms
    tax_atoms: Atoms
    left_atoms: Atoms
    unclaimed: Flag


class UnclaimedReleased(Event, tag=119, frozen=True, kw_only=True):
    """What UNCLAIMED held for ``account`` is its own now."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    share: AssetNumber
    asset: AssetNumber
    amount_atoms: Atoms


class ActionClosed(Event, tag=120, frozen=True, kw_only=True):
    """An action is over; ``rounding_atoms`` of its cash were left."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    rounding_atoms: Atoms


class EntitlementMoved(Event, tag=121, frozen=True, kw_only=True):
    """What ``account`` expects from an action, or owes for it, is another's from now on, because its estate ended."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    to_account: Annotated[int, member(e.HouseAccount, "i4")]
    entitled_atoms: SignedAtoms
    due_atoms: SignedAtoms


class ContractAdjusted(Event, tag=122, frozen=True, kw_only=True):
    """A contract went ex with its share: longs get ``change`` / 2^20 atoms a lot from shorts, below 0 the reverse."""

    since: ClassVar = 2
    action: ActionNumber
    version: ActionVersion
    change: FundingIndex
    funding_index: FundingIndex


class ShareSplit(Event, tag=124, frozen=True, kw_only=True):
    """A share was split: ``share_new`` whole shares are now what ``share_old`` were when it was listed.

    Its price waits until the index is where the mark was, ``mark_units`` for a share as they were when listed.
    """

    since: ClassVar = 2
    asset: AssetNumber
    new_shares: SplitFactor
    old_shares: SplitFactor
    share_new: ShareFactor
    share_old: ShareFactor
    mark_units: PriceUnits
    tolerance_ppm: Annotated[int, unit("i4", "parts per million of the mark", 1, 500_000)]


class AssetRenamed(Event, tag=125, frozen=True, kw_only=True):
    """An asset is called otherwise; ``former_symbol`` is kept for it until ``alias_us``."""

    since: ClassVar = 2
    asset: AssetNumber
    symbol: Annotated[str, text(16, "ASCII symbol")]
    name: Annotated[str, text(32, "ASCII name")]
    cusip: Annotated[str, text(16, "CUSIP of a registered share")]
    former_symbol: Annotated[str, text(16, "ASCII symbol")]
    alias_us: TimeUs


class MarketGridSet(Event, tag=126, frozen=True, kw_only=True):
    """A market has another tick and another lot; its last price is this in the new ticks."""

    since: ClassVar = 2
    tick_atoms: Annotated[int, unit("i8", "quote atoms per whole base unit", 1, 2**48)]
    lot_atoms: Annotated[int, unit("i8", "base atoms", 1, 2**48)]
    quote_factor: Atoms
    last_price_ticks: PriceTicks


class EstateExpected(Event, tag=127, frozen=True, kw_only=True):
    """What ``account`` expected of a corporate action when its case opened, or owed for it, below 0, and its value."""

    since: ClassVar = 2
    case: CaseNumber
    action: ActionNumber
    asset: AssetNumber
    due_atoms: SignedAtoms
    due_value: SignedValue
