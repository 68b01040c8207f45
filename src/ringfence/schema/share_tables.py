"""Rows of registered shares: they are in ``tables.TABLES`` as all others."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    AccountNumber,
    ActionNumber,
    ActionVersion,
    AssetNumber,
    Atoms,
    Count,
    LoanIndex,
    PriceUnits,
    ShareFactor,
    SignedAtoms,
    TimeUs,
    member,
    unit,
)
from .rows import Row

Progress = Annotated[int, unit("u1", "0 not begun, 1 under way, 2 complete", 0, 2)]


class ActionRow(Row, frozen=True, kw_only=True):
    """A corporate action that is armed and not over, and how far it is.

    Positions are taken twice: ``entitled`` when the share goes ex, ``recorded`` at the record; ``_account`` is the last
    that was looked at, loans count at ``_lent_index`` and ``_debt_index``.
    """

    since: ClassVar = 2
    key = ("action",)
    action: ActionNumber
    version: ActionVersion
    action_kind: Annotated[int, member(e.ActionKind)]
    phase: Annotated[int, member(e.ActionPhase)]
    entitled: Progress
    recorded: Progress
    asset: AssetNumber
    pay_asset: AssetNumber
    rate_units: PriceUnits
    ex_us: TimeUs
    record_us: TimeUs
    payable_us: TimeUs
    share_new: ShareFactor
    share_old: ShareFactor
    entitled_account: AccountNumber
    recorded_account: AccountNumber
    entitled_holders: Count
    recorded_holders: Count
    entitled_lent_index: LoanIndex
    entitled_debt_index: LoanIndex
    recorded_lent_index: LoanIndex
    recorded_debt_index: LoanIndex
    entitled_atoms: SignedAtoms
    recorded_atoms: SignedAtoms
    entitled_total_atoms: SignedAtoms
    recorded_total_atoms: SignedAtoms
    lent_atoms: Atoms
    short_atoms: Atoms
    funded_atoms: Atoms
    owed_atoms: Atoms
    collected_atoms: Atoms
    paid_atoms: Atoms
    tax_atoms: Atoms
    unclaimed_atoms: Atoms
    left_atoms: Atoms
    paying_account: AccountNumber
    waits_us: TimeUs


class EntitlementRow(Row, frozen=True, kw_only=True):
    """What an account has to do with an action: its position at the record, its right, and what became of that.

    ``taken`` is 1 when its right was counted, 2 its record, 3 both.
    """

    since: ClassVar = 2
    key = ("action", "account")
    action: ActionNumber
    account: AccountNumber
    taken: Annotated[int, unit("u1", "bits: 1 entitlement, 2 record", 0, 3)]
    recorded_atoms: SignedAtoms
    entitled_atoms: SignedAtoms
    lent_atoms: Atoms
    due_atoms: SignedAtoms
    paid_atoms: Atoms
    tax_atoms: Atoms
    unclaimed_atoms: Atoms
