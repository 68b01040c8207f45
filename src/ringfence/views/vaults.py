"""Vaults in exact integers: what one is worth at the marks, and what a share of it is.

The formulas are those of docs/rules.md, "Vaults (rules 2)".
"""

from __future__ import annotations

from typing import Protocol

from ringfence.schema.enums import FUNDING_BITS, UNITS_PER_CASH, HouseAccount
from ringfence.schema.tables import MarketRow, PerpetualRow, PositionRow, VaultRow


class Vaults(Protocol):
    """What is read of the exchange."""

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """Return (available_atoms, locked_atoms) of an account in an asset."""
        ...

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account."""
        ...

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and the prices of a perpetual."""
        ...

    def market(self, market: int) -> MarketRow | None:
        """Return a listed market."""
        ...


def supply_atoms(exchange: Vaults, vault: VaultRow) -> int:
    """Return how many shares of a vault there are, in atoms of the share."""
    return -exchange.balance(HouseAccount.ISSUED, vault.share_asset)[0]


def value_atoms(exchange: Vaults, vault: VaultRow) -> int:
    """Return what a vault is worth at the marks, in atoms of its quote asset."""
    worth = exchange.balance(vault.account, vault.quote_asset)[0]
    return worth + sum(_unsettled_atoms(exchange, row) for row in exchange.positions(vault.account))


def _unsettled_atoms(exchange: Vaults, row: PositionRow) -> int:
    rules, market = exchange.perpetual(row.market), exchange.market(row.market)
    assert rules is not None and market is not None, f"a position in market {row.market}, which has no rules"
    owed = -(-row.net_lots * (rules.funding_index - row.funding_index) // (1 << FUNDING_BITS))
    return row.net_lots * rules.mark_ticks * market.quote_factor - row.reference_atoms - owed


def share_price_units(value: int, supply: int) -> int:
    """Return what a whole share is worth, in hundred-millionths of the quote asset; one, as long as there is none."""
    return max(value, 0) * UNITS_PER_CASH // supply if supply else UNITS_PER_CASH
