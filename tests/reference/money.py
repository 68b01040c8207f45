"""Balances: every atom that moves goes through these functions."""

from . import taking
from .state import State


def post(state: State, account: int, asset: int, available: int, locked: int = 0, shares: int = 0) -> None:
    """Add to the three amounts of a balance; a row whose amounts are all zero does not exist."""
    if available or locked or shares:
        taking.before_change(state, account, asset)
    row = state.balances.setdefault((account, asset), [0, 0, 0])
    row[0] += available
    row[1] += locked
    row[2] += shares
    if row == [0, 0, 0]:
        del state.balances[account, asset]


def available(state: State, account: int, asset: int) -> int:
    return state.balances.get((account, asset), (0, 0))[0]


def loan_shares(state: State, account: int, asset: int) -> int:
    """Return the shares of the lending pool that an account has lent, below zero what it owes."""
    return state.balances.get((account, asset), (0, 0, 0))[2]


def move(state: State, source: int, target: int, asset: int, amount: int) -> None:
    """Move available atoms from one account to another."""
    post(state, source, asset, -amount)
    post(state, target, asset, amount)


def lock(state: State, account: int, asset: int, amount: int) -> None:
    """Lock atoms of an account (unlock when negative)."""
    post(state, account, asset, -amount, amount)
