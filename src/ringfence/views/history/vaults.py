"""What a batch tells of vaults: who paid in, who wants to be paid out and was, and what the vaults were worth."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from ringfence.schema.enums import HouseAccount
from ringfence.schema.events import (
    VaultClosed,
    VaultMinted,
    VaultRedeemCancelled,
    VaultRedeemed,
    VaultRedeemRequested,
    VaultValued,
)

Row = dict[str, Any]
Lines = list[tuple[int, int, int, str]]
"""(account, asset, atoms, cause) of what moved."""
ISSUED = int(HouseAccount.ISSUED)
MINT, REDEEM = "VAULT_MINT", "VAULT_REDEEM"


class RedemptionStatus(StrEnum):
    """Where a redemption stands."""

    REQUESTED = "Requested"
    REDEEMED = "Redeemed"
    CANCELLED = "Cancelled"


class VaultChanges:
    """Rows that a batch adds, and redemptions of earlier batches that it ends."""

    def __init__(self) -> None:
        self.mints: list[Row] = []
        self.redemptions: dict[int, Row] = {}
        self.endings: dict[int, Row] = {}
        self.hours: list[Row] = []

    def minted(self, event: VaultMinted) -> Lines:
        """Note that somebody paid in; returns what moved."""
        self.mints.append(
            {
                "account": event.account, "sequence": event.sequence, "event_index": event.index,
                "time_us": event.time_us, "vault": event.vault, "amount_atoms": event.amount_atoms,
                "shares_atoms": event.shares_atoms, "value_atoms": event.value_atoms,
                "supply_atoms": event.supply_atoms,
            }
        )  # fmt: skip
        return [
            (event.account, event.quote_asset, -event.amount_atoms, MINT),
            (event.vault_account, event.quote_asset, event.amount_atoms, MINT),
            (ISSUED, event.share_asset, -event.shares_atoms, MINT),
            (event.account, event.share_asset, event.shares_atoms, MINT),
        ]

    def requested(self, event: VaultRedeemRequested) -> None:
        """Note that somebody wants to be paid out."""
        self.redemptions[event.redemption] = {
            "redemption": event.redemption, "account": event.account, "vault": event.vault,
            "shares_atoms": event.shares_atoms, "requested_us": event.time_us, "due_us": event.due_us,
            "status": RedemptionStatus.REQUESTED.value, "updated_us": event.time_us, "amount_atoms": None,
            "value_atoms": None, "supply_atoms": None, "case_number": 0,
        }  # fmt: skip

    def cancelled(self, event: VaultRedeemCancelled) -> None:
        """Note that somebody keeps his shares, or that his estate needs them."""
        ending = {"status": RedemptionStatus.CANCELLED.value, "case_number": event.case}
        self._end(event.redemption, event.time_us, ending)

    def redeemed(self, event: VaultRedeemed) -> Lines:
        """Note that somebody was paid out; returns what moved."""
        ending = {
            "status": RedemptionStatus.REDEEMED.value, "amount_atoms": event.amount_atoms,
            "value_atoms": event.value_atoms, "supply_atoms": event.supply_atoms,
        }  # fmt: skip
        self._end(event.redemption, event.time_us, ending)
        return [
            (event.account, event.share_asset, -event.shares_atoms, REDEEM),
            (ISSUED, event.share_asset, event.shares_atoms, REDEEM),
            (event.vault_account, event.quote_asset, -event.amount_atoms, REDEEM),
            (event.account, event.quote_asset, event.amount_atoms, REDEEM),
        ]

    def valued(self, event: VaultValued | VaultClosed) -> None:
        """Note what a vault is worth."""
        self.hours.append(
            {
                "vault": event.vault, "sequence": event.sequence, "event_index": event.index, "time_us": event.time_us,
                "value_atoms": event.value_atoms, "supply_atoms": event.supply_atoms,
            }
        )  # fmt: skip

    def _end(self, redemption: int, time_us: int, ending: Row) -> None:
        row = self.redemptions.get(redemption)
        if row is None:
            nothing = {"amount_atoms": None, "value_atoms": None, "supply_atoms": None, "case_number": 0}
            row = self.endings.setdefault(redemption, {"key": redemption} | nothing)
        row.update(ending, updated_us=time_us)
