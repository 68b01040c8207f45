"""What FUND, SKIN and UNCOVERED have, are to get, and owe."""

from __future__ import annotations

from typing import Protocol

from ringfence.schema.enums import HouseAccount, Parameter
from ringfence.schema.tables import LendingPoolRow, MarketRow, PerpetualRow, PositionRow

from .lending import debt_of

US_PER_DAY = 86_400_000_000
UNCOVERED = int(HouseAccount.UNCOVERED)


class FundState(Protocol):
    """What is read of the exchange."""

    @property
    def time_us(self) -> int:
        """Return the time of the last command."""
        ...

    def parameter(self, parameter: Parameter) -> int:
        """Return a setting."""
        ...

    def skin_used(self) -> tuple[int, int]:
        """Return (day since 1970, value that SKIN has paid on it)."""
        ...

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account."""
        ...

    def market(self, market: int) -> MarketRow | None:
        """Return a listed market."""
        ...

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and prices of a perpetual."""
        ...

    def lending_pool(self, asset: int) -> LendingPoolRow | None:
        """Return the lending pool of an asset."""
        ...

    def loans(self, account: int) -> list[tuple[int, int]]:
        """Return (asset, loan_shares)."""
        ...


def skin_left_value(exchange: FundState) -> int:
    """Return what SKIN may still pay today, in millionths of the cash unit."""
    day, used = exchange.skin_used()
    spent = used if day == exchange.time_us // US_PER_DAY else 0
    return max(0, exchange.parameter(Parameter.SKIN_CAP) - spent)


def unsettled_atoms(exchange: FundState, account: int, asset: int) -> int:
    """Return what is due to a house account from perpetuals in an asset and not settled, below 0 what it owes."""
    total = 0
    for row in exchange.positions(account):
        market, rules = exchange.market(row.market), exchange.perpetual(row.market)
        if market is not None and rules is not None and market.quote_asset == asset:
            total += row.net_lots * rules.mark_ticks * market.quote_factor - row.reference_atoms
    return total


def uncovered_atoms(exchange: FundState, asset: int) -> int:
    """Return what UNCOVERED owes of an asset: debts that were written off, and losses that nobody could pay."""
    pool = exchange.lending_pool(asset)
    shares = dict(exchange.loans(UNCOVERED)).get(asset, 0)
    debt = debt_of(pool, shares) if pool is not None else 0
    return debt + max(0, -unsettled_atoms(exchange, UNCOVERED, asset))


def unpaid(exchange: FundState) -> list[tuple[int, int, int]]:
    """Return (market, asset, atoms) of each loss that waits for somebody to pay it; market 0 for a debt to lenders."""
    found: list[tuple[int, int, int]] = []
    for row in exchange.positions(UNCOVERED):
        market = exchange.market(row.market)
        if row.reference_atoms > 0 and market is not None:
            found.append((row.market, market.quote_asset, row.reference_atoms))
    for asset, shares in exchange.loans(UNCOVERED):
        pool = exchange.lending_pool(asset)
        if shares < 0 and pool is not None:
            found.append((0, asset, debt_of(pool, shares)))
    return found
