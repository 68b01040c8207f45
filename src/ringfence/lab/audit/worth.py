"""What one account is worth and what it must keep, by the books: docs/rules.md, "Margin", in exact fractions.

It agrees with the venue within roundings, and within the interest of the hour that no event has told yet.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any, NamedTuple

from ringfence.schema.enums import ONE_E8, HaircutKind

from .books import CASH, Books

ROUNDINGS = 1_000
"""What roundings of a measure may come to, in atoms of cash."""
LARGEST_RATE = 10**10


class Worth(NamedTuple):
    """Atoms of cash; ``slack`` is by how much each may be wrong."""

    equity: Fraction
    maintenance: Fraction
    slack: Fraction

    @property
    def is_unsafe(self) -> bool:
        """Whether it is surely at or below its maintenance margin."""
        return self.equity + self.slack < self.maintenance


class Rules(NamedTuple):
    """What the venue said of collateral and of contracts, by asset and by market."""

    collateral: dict[int, Any]
    perpetual: dict[int, Any]


def worth_of(books: Books, rules: Rules, account: int) -> Worth:
    """Return what an account is worth with the haircuts of its collateral."""
    slack = Fraction(ROUNDINGS)
    equity, maintenance = Fraction(int(books.purse[account])), Fraction(0)
    for asset in books.assets:
        price = _price(books, asset)
        shares = int(books.loans[asset][account]) if asset in books.loans else 0
        claim = Fraction(max(shares, 0) * books.lent_index.get(asset, 1 << 52), 1 << 52) * price
        owed = Fraction(max(-shares, 0) * books.debt_index.get(asset, 1 << 52), 1 << 52) * price
        held = int(books.held[asset][account]) * price if asset in books.held else Fraction(0)
        given = rules.collateral.get(asset)
        if given is None:
            continue
        # The index of a pool grows second by second, and events tell it when somebody uses it.
        slack += (claim + owed) / 1_000
        value = held + claim
        weight = _weight(given, value) if asset != CASH else Fraction(1)
        equity += value * weight - owed
        maintenance += owed * _rate(given, owed)
    for market, lots in books.lots.items():
        size = int(lots[account]) * books.marks.get(market, 0) * books.factor(market)
        if size:
            equity += size
            maintenance += abs(size) * _rate(rules.perpetual[market], Fraction(abs(size)))
    return Worth(equity, maintenance, slack)


def _price(books: Books, asset: int) -> Fraction:
    """Return what an atom is worth, in atoms of cash."""
    if asset == CASH:
        return Fraction(1)
    return Fraction(books.marks.get(-asset, 0), 10 ** (books.assets[asset].decimals + 2))


def _root(value: int) -> int:
    return isqrt(value - 1) + 1 if value > 0 else 0


def _rate(given: Any, value: Fraction) -> Fraction:
    most = max(given.maintenance_base_e8, -(-given.maintenance_factor_e8 * _root(int(value)) // 1_000))
    return Fraction(min(LARGEST_RATE, most), ONE_E8)


def _weight(given: Any, value: Fraction) -> Fraction:
    if given.haircut_kind == HaircutKind.IDENTITY:
        return Fraction(given.weight_e8, ONE_E8)
    penalty = -(-given.haircut_penalty_e8 * _root(int(value)) // 1_000)
    return Fraction(given.weight_e8 * given.haircut_base_e8 // (ONE_E8 + penalty), ONE_E8)
