"""What an account is worth, by the ledger: docs/rules.md, "Margin", with exact fractions and no rounding of values.

So it agrees with the venue within roundings, and within the interest of the hour that no event has told yet.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from tests.auditor.ledger import Ledger

from ringfence.schema.enums import ONE_E8, AssetKind, HaircutKind, PriceState

ROUNDINGS_VALUE = 1_000
"""What roundings of a measure may come to."""
LARGEST_RATE = 10**10


@dataclass
class Worth:
    """Millionths of the cash unit; ``slack`` is by how much each may be wrong."""

    assets: Fraction = Fraction(0)
    collateral: Fraction = Fraction(0)
    liabilities: Fraction = Fraction(0)
    maintenance: Fraction = Fraction(0)
    slack: Fraction = Fraction(ROUNDINGS_VALUE)
    is_known: bool = True

    @property
    def equity(self) -> Fraction:
        return self.collateral - self.liabilities

    @property
    def net(self) -> Fraction:
        """What would be left if everything were sold at its price, without haircuts."""
        return self.assets - self.liabilities

    @property
    def is_unsafe(self) -> bool:
        """Whether it is surely at or below its maintenance margin."""
        return self.equity + self.slack < self.maintenance

    @property
    def is_safe(self) -> bool:
        return self.equity - self.slack > self.maintenance


def root(value: int) -> int:
    return isqrt(value - 1) + 1 if value > 0 else 0


def rate(base: int, factor: int, value: Fraction) -> Fraction:
    most = max(base, -(-factor * root(int(value)) // 1_000))
    return Fraction(min(LARGEST_RATE, most), ONE_E8)


def weight(rules: object, value: Fraction) -> Fraction:
    given = rules.weight_e8  # type: ignore[attr-defined]
    if rules.haircut_kind == HaircutKind.IDENTITY:  # type: ignore[attr-defined]
        return Fraction(given, ONE_E8)
    penalty = -(-rules.haircut_penalty_e8 * root(int(value)) // 1_000)  # type: ignore[attr-defined]
    return Fraction(given * rules.haircut_base_e8 // (ONE_E8 + penalty), ONE_E8)  # type: ignore[attr-defined]


def price_of(ledger: Ledger, asset: int, sign: int) -> Fraction:
    """Return what an atom is worth, held (-1) or owed (1): a closed session counts with its haircut."""
    whole = 10 ** (ledger.assets[asset].decimals + 2)
    price = ledger.prices.get(asset)
    if price is None:
        is_cash = asset not in ledger.haircuts and ledger.assets[asset].asset_kind == AssetKind.CASH
        return Fraction(ONE_E8 if is_cash else 0, whole)
    haircut = ledger.haircuts[asset] if price.price_state == PriceState.CLOSED else 0
    return Fraction(price.mark_units * (1_000_000 + sign * haircut), 1_000_000 * whole)


def worth_of(ledger: Ledger, account: int) -> Worth:
    """Return what an account is worth as the ledger stands, with no order that it might fill."""
    found = Worth()
    for asset in sorted(ledger.assets):
        _add_balance(ledger, found, account, asset)
    for key in ledger.of_account(account):
        _add_position(ledger, found, key)
    return found


def _add_balance(ledger: Ledger, found: Worth, account: int, asset: int) -> None:
    rules, claim = ledger.collaterals.get(asset), ledger.claim(account, asset)
    held, owed = ledger.money[account, asset] + claim, ledger.debt(account, asset)
    if rules is None:
        return
    value = max(held, 0) * price_of(ledger, asset, -1)
    found.assets += value
    found.collateral += value * weight(rules, value)
    # The index of a claim grows second by second, and events tell it by the hour and when somebody uses it.
    found.slack += claim * price_of(ledger, asset, -1) / 1_000
    debt = owed * price_of(ledger, asset, 1)
    found.liabilities += debt
    found.maintenance += debt * rate(rules.maintenance_base_e8, rules.maintenance_factor_e8, debt)


def _add_position(ledger: Ledger, found: Worth, key: tuple[int, int]) -> None:
    row, book, asset = ledger.positions[key], ledger.contracts[key[1]], ledger.markets[key[1]].quote_asset
    profit = ledger.unsettled(key, book.mark_ticks)
    value = abs(profit) * price_of(ledger, asset, -1 if profit > 0 else 1)
    if profit > 0:
        found.assets += value
        found.collateral += value
    else:
        found.liabilities += value
    size = abs(ledger.notional(key[1], row.net_lots, book.mark_ticks)) * price_of(ledger, asset, 1)
    found.maintenance += size * rate(book.rules.maintenance_base_e8, book.rules.maintenance_factor_e8, size)


def profit_to_lose(ledger: Ledger, key: tuple[int, int]) -> Fraction:
    """Return what of its unsettled profit a position may lose: no more than is left after the account's losses."""
    won = ledger.unsettled(key, ledger.contracts[key[1]].mark_ticks)
    if won <= 0:
        return Fraction(0)
    gains = losses = Fraction(0)
    for other in ledger.of_account(key[0]):
        asset, book = ledger.markets[other[1]].quote_asset, ledger.contracts[other[1]]
        more = ledger.unsettled(other, book.mark_ticks) if book.mark_ticks else 0
        gains += max(more, 0) * price_of(ledger, asset, -1)
        losses += max(-more, 0) * price_of(ledger, asset, 1)
    return won * max(gains - losses, Fraction(0)) / gains if gains else Fraction(0)
