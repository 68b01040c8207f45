"""Where money from outside would go now: to the account that it is meant for, or to its owner's fenced account.

The rule is that of docs/rules.md, "Who is unsafe" and "The fence"; a test holds it against what deposits really do.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from ringfence.schema.enums import AccountKind, PriceState
from ringfence.schema.fields import MAX_ATOMS, MAX_VALUE
from ringfence.schema.tables import AccountRow, CaseRow

from . import lending, margin
from .maximums import worth_at
from .perpetuals import PositionState, notional_atoms

MOST_CLOCK_AGE_US = 5_000_000
"""Marks are as old as the last Clock; when that is older, an account that looks unsafe is in doubt."""
LIVE = (PriceState.FRESH, PriceState.CLOSED)


class FencedState(PositionState, Protocol):
    """What is read of the exchange."""

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """Return (asset, available atoms, locked atoms)."""
        ...

    def case(self, account: int) -> CaseRow | None:
        """Return the open case of an account, ``None`` if it is not liquidated."""
        ...


class OutlookReason(StrEnum):
    """Why a deposit goes where it goes."""

    IS_FENCED_ACCOUNT = "FencedAccount"
    SAFE = "Safe"
    CASE = "Case"
    UNSAFE = "Unsafe"
    IN_DOUBT = "InDoubt"

    @property
    def is_fenced(self) -> bool:
        """Tell whether the money goes to the fenced account instead."""
        return self in (OutlookReason.CASE, OutlookReason.UNSAFE, OutlookReason.IN_DOUBT)


class DepositOutlook(msgspec.Struct, frozen=True):
    """What a deposit to an account would do; ``case`` is 0 where none is open."""

    reason: OutlookReason
    equity_value: int = 0
    maintenance_value: int = 0
    case: int = 0


def deposit_outlook(exchange: FencedState, account: AccountRow, clock_us: int) -> DepositOutlook:
    """Return what a deposit to an account would do as things stand, ``clock_us`` being the time of the last Clock."""
    if account.account_kind == AccountKind.FENCED:
        return DepositOutlook(OutlookReason.IS_FENCED_ACCOUNT)
    measure, case = exchange.measure(account.account), exchange.case(account.account)
    sums = {"equity_value": measure.equity, "maintenance_value": measure.maintenance}
    if case is not None:
        return DepositOutlook(OutlookReason.CASE, **sums, case=case.case)
    owes = bool(exchange.positions(account.account)) or any(shares < 0 for _, shares in exchange.loans(account.account))
    if not owes or measure.equity > measure.maintenance or measure.liabilities + measure.maintenance == 0:
        return DepositOutlook(OutlookReason.SAFE, **sums)
    doubt = min(
        _doubt_about_balances(exchange, account.account) + _doubt_about_positions(exchange, account.account), MAX_VALUE
    )
    is_sure = exchange.time_us - clock_us <= MOST_CLOCK_AGE_US and measure.equity + doubt <= measure.maintenance
    return DepositOutlook(OutlookReason.UNSAFE if is_sure else OutlookReason.IN_DOUBT, **sums)


def _doubt_about_balances(exchange: FencedState, account: int) -> int:
    """Return what holdings and debts at prices that are not live may add to equity at most."""
    doubt, shares_of = 0, dict(exchange.loans(account))
    available_of = {asset: available + locked for asset, available, locked in exchange.balances(account)}
    for asset in available_of.keys() | shares_of.keys():
        worth, pool = worth_at(exchange, asset), exchange.lending_pool(asset)
        if worth.state in LIVE:
            continue
        shares = shares_of.get(asset, 0)
        claim, debt = (lending.claim_atoms(pool, shares), lending.debt_of(pool, shares)) if pool is not None else (0, 0)
        owed = worth.owed_up(debt) if debt else 0
        rules = exchange.collateral(asset) or margin.NO_COLLATERAL
        needed = margin.requirement(owed, margin.maintenance_rate_e8(rules, owed))
        doubt += worth.held_down(min(available_of.get(asset, 0) + claim, MAX_ATOMS)) + owed + needed
    return doubt


def _doubt_about_positions(exchange: FencedState, account: int) -> int:
    """Return what positions at marks that are not live may add: a price may double, or go to nothing."""
    doubt = 0
    for row in exchange.positions(account):
        rules, market = exchange.perpetual(row.market), exchange.market(row.market)
        assert rules is not None and market is not None, f"a position in market {row.market}, which is no perpetual"
        quote = worth_at(exchange, market.quote_asset)
        if row.net_lots and not (rules.price_state in LIVE and quote.state in LIVE):
            value = quote.owed_up(abs(notional_atoms(row.net_lots, rules.mark_ticks, market.quote_factor)))
            doubt += value + margin.requirement(value, margin.maintenance_rate_e8(rules, value))
    return doubt
