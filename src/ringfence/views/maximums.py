"""The largest loan, order and withdrawal that an account could ask for now, by halving over the core's own measure.

Each answer is what the core would accept if nothing changed in between. An account with too little margin may still do
what makes that no worse; here the answer is 0 then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ringfence.schema.enums import ONE_E8, AccountFlag, AccountKind, LoanFlag, PoolState, PriceState, Side
from ringfence.schema.fields import MAX_ATOMS, MAX_VALUE
from ringfence.schema.tables import (
    AccountRow,
    AssetRow,
    CollateralRow,
    LendingPoolRow,
    MarketRow,
    OrderRow,
    PriceRow,
    RedemptionRow,
    UserRow,
)

from . import lending, margin

if TYPE_CHECKING:
    from ringfence.core.exchange import Measure

PPM = 10**6
ROUNDINGS_VALUE = 4
"""What is reserved for the roundings of one fill."""


class MarginState(Protocol):
    """What is read of the exchange."""

    @property
    def time_us(self) -> int:
        """Return the time of the last command."""
        ...

    def account(self, account: int) -> AccountRow | None:
        """Return a user's account."""
        ...

    def user(self, user: int) -> UserRow | None:
        """Return a user."""
        ...

    def asset(self, asset: int) -> AssetRow | None:
        """Return a listed asset."""
        ...

    def market(self, market: int) -> MarketRow | None:
        """Return a listed market."""
        ...

    def price(self, asset: int) -> PriceRow | None:
        """Return the price of an asset, ``None`` if nobody prices it."""
        ...

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """Return available and locked atoms."""
        ...

    def open_orders(self, account: int, market: int = 0) -> list[OrderRow]:
        """Return open orders, oldest first."""
        ...

    def fee_tier(self, schedule: int, tier: int) -> tuple[int, int]:
        """Return maker and taker fee in ppm."""
        ...

    def collateral(self, asset: int) -> CollateralRow | None:
        """Return what an asset is worth as collateral, ``None`` if nobody said."""
        ...

    def lending_pool(self, asset: int) -> LendingPoolRow | None:
        """Return the lending pool of an asset, ``None`` if it has none."""
        ...

    def loans(self, account: int) -> list[tuple[int, int]]:
        """Return (asset, loan_shares) of all an account lent, above 0, or owes, below 0."""
        ...

    def redemptions(self, asset: int) -> list[RedemptionRow]:
        """Return who waits to redeem an asset, oldest first."""
        ...

    def measure(
        self, account: int, *, asset: int = 0, held_change: int = 0, owed_change: int = 0, strict: bool = False
    ) -> Measure:
        """Measure an account, as if it held and owed more atoms of one asset."""
        ...


class Fills(NamedTuple):
    """What an order of some size pays, of which at most so much is needed at first, and what it receives."""

    paid_atoms: int
    received_atoms: int


def loan_flags_of(account: AccountRow, asked: int) -> int:
    """Return the loan flags that hold for an order or a withdrawal which asks for some, of this account."""
    if account.account_kind == AccountKind.FENCED:
        return 0
    flags = asked
    if account.account_flags & AccountFlag.AUTO_LEND:
        flags |= LoanFlag.AUTO_LEND | LoanFlag.AUTO_LEND_REDEEM
    if account.account_flags & AccountFlag.AUTO_REPAY_BORROWS:
        flags |= LoanFlag.AUTO_BORROW_REPAY
    return flags


def worth_at(exchange: MarginState, asset: int) -> margin.Worth:
    """Return what a listed asset is worth to margin now."""
    row = exchange.asset(asset)
    assert row is not None, f"asset {asset} is not listed"
    return margin.worth_of(row, exchange.price(asset))


def loan_shares(exchange: MarginState, account: int, asset: int) -> int:
    """Return what an account lent of an asset, above 0, or owes, below 0, in shares of its pool."""
    return dict(exchange.loans(account)).get(asset, 0)


class Payer:
    """How an account would pay with one asset: out of what is there, what it lent, and what it may borrow."""

    def __init__(self, exchange: MarginState, account: AccountRow, asset: int, asked_flags: int) -> None:
        self.exchange, self.account, self.asset = exchange, account, asset
        self.flags = loan_flags_of(account, asked_flags)
        self.available = exchange.balance(account.account, asset)[0]
        self._owes = any(shares < 0 for _, shares in exchange.loans(account.account))
        self._pool = exchange.lending_pool(asset)
        self._shares = loan_shares(exchange, account.account, asset)
        self._has_queue = self._pool is not None and bool(exchange.redemptions(asset))

    @property
    def claim_atoms(self) -> int:
        """Return what the account lent of the asset."""
        return lending.claim_atoms(self._pool, self._shares) if self._pool is not None else 0

    @property
    def redeemable_atoms(self) -> int:
        """Return what the account could redeem now, if it is asked to."""
        if self._pool is None or not self.flags & LoanFlag.AUTO_LEND_REDEEM:
            return 0
        return min(self.claim_atoms, lending.redeemable(self._pool, has_queue=self._has_queue))

    @property
    def borrows(self) -> bool:
        """Tell whether the account would borrow the asset, if it is asked to."""
        is_open = self._pool is not None and self._pool.pool_state == PoolState.OPEN
        asked = (
            bool(self.flags & LoanFlag.AUTO_BORROW) and is_open and may_hold(self.exchange, self.account, self.asset)
        )
        return asked and self.redeemable_atoms == self.claim_atoms

    @property
    def limit_atoms(self) -> int:
        """Return more than which nothing could be paid, whatever the margin."""
        return self.available + self.redeemable_atoms + (self._borrowable(self.redeemable_atoms) if self.borrows else 0)

    def bears(self, needed: int, held_change: int, reserve: Callable[[Measure], int] | None = None) -> bool:
        """Tell whether the account can pay so much and has margin for it; ``reserve`` is what its order adds."""
        missing = max(0, needed - self.available)
        redeemed = min(missing, self.redeemable_atoms)
        borrowed = missing - redeemed
        if borrowed and not (self.borrows and borrowed <= self._borrowable(redeemed) and self._is_live()):
            return False
        if not borrowed and not self._owes:
            return True
        owed = borrowed + self._fee(borrowed, redeemed) + 1 if borrowed else 0
        measure = self.exchange.measure(
            self.account.account, asset=self.asset, held_change=borrowed + held_change, owed_change=owed, strict=True
        )
        reserved = reserve(measure) if reserve is not None else 0
        return not measure.not_fresh and measure.free >= reserved

    def _is_live(self) -> bool:
        return worth_at(self.exchange, self.asset).is_live

    def _borrowable(self, redeemed: int) -> int:
        assert self._pool is not None, "only an asset with a pool is borrowed"
        return lending.borrowable(self._pool, has_queue=self._has_queue, lent=self._lent_after(redeemed))

    def _fee(self, borrowed: int, redeemed: int) -> int:
        assert self._pool is not None, "only an asset with a pool is borrowed"
        return lending.entry_fee(self._pool, borrowed, self.exchange.time_us, lent=self._lent_after(redeemed))

    def _lent_after(self, redeemed: int) -> int:
        assert self._pool is not None, "only an asset with a pool is redeemed"
        if not redeemed:
            return lending.lent_atoms(self._pool)
        return lending.lent_after_redemption(self._pool, self._shares, redeemed)


def maximum_borrow_atoms(exchange: MarginState, account: AccountRow, asset: int) -> int:
    """Return the most atoms that the account could borrow by hand, 0 while it lends the asset or lends by itself."""
    pool = exchange.lending_pool(asset)
    lends = account.account_flags & AccountFlag.AUTO_LEND or loan_shares(exchange, account.account, asset) > 0
    if pool is None or lends or account.account_kind == AccountKind.FENCED:
        return 0
    if not may_hold(exchange, account, asset) or not worth_at(exchange, asset).is_live:
        return 0

    def fits(atoms: int) -> bool:
        owed = atoms + lending.entry_fee(pool, atoms, exchange.time_us) + 1
        measure = exchange.measure(account.account, asset=asset, held_change=atoms, owed_change=owed, strict=True)
        return not measure.not_fresh and measure.free >= 0

    return largest(fits, lending.borrowable(pool, has_queue=bool(exchange.redemptions(asset))))


def maximum_withdrawal_atoms(exchange: MarginState, account: AccountRow, asset: int, asked_flags: int) -> int:
    """Return the most atoms that could leave the account, fees included; eligibility and freezes are not looked at."""
    payer = Payer(exchange, account, asset, asked_flags)
    return largest(lambda atoms: payer.bears(atoms, -atoms), payer.limit_atoms)


def maximum_order_lots(
    exchange: MarginState,
    account: AccountRow,
    market: MarketRow,
    side: int,
    asked_flags: int,
    fills_of: Callable[[int], Fills],
    most_lots: int,
) -> int:
    """Return the most lots of an order that the account could pay for and bear, at most ``most_lots``.

    ``fills_of`` tells what an order of some lots pays and receives in full; both must not fall as the order grows.
    """
    sold, bought = market.quote_asset, market.base_asset
    if side == Side.ASK:
        sold, bought = bought, sold
    payer = Payer(exchange, account, sold, asked_flags)
    reserve = _Reserve(exchange, account, market, sold, bought)

    def fits(lots: int) -> bool:
        fills = fills_of(lots)
        if max(fills) > MAX_ATOMS or fills.paid_atoms > payer.limit_atoms:
            return False
        return payer.bears(fills.paid_atoms, 0, lambda measure: reserve.value(fills, measure.assets))

    return largest(fits, most_lots)


class _Reserve:
    """What is reserved for an order of a side of a market: what the account's collateral may lose when it fills."""

    def __init__(
        self,
        exchange: MarginState,
        account: AccountRow,
        market: MarketRow,
        sold: int,
        bought: int,
    ) -> None:
        self._sold, self._bought = worth_at(exchange, sold), worth_at(exchange, bought)
        self._sold_rules = exchange.collateral(sold) or margin.NO_COLLATERAL
        self._bought_rules = exchange.collateral(bought) or margin.NO_COLLATERAL
        self._fee_ppm = highest_fee_ppm(exchange, account, market)

    def value(self, fills: Fills, assets_value: int) -> int:
        """Return what is reserved for fills, if the assets of the account have this value."""
        received = _after_fee(fills.received_atoms, self._fee_ppm)
        loss = margin.requirement(self._sold.held_up(fills.paid_atoms), margin.top_weight_e8(self._sold_rules))
        gain = 0
        if self._bought.state is not PriceState.STALE:
            slope = margin.slope_e8(self._bought_rules, assets_value)
            gain = self._bought.held_down(received) * slope // ONE_E8
        return min(MAX_VALUE, max(0, loss - gain + ROUNDINGS_VALUE))


def highest_fee_ppm(exchange: MarginState, account: AccountRow, market: MarketRow) -> int:
    """Return the larger of what the account pays as a maker and as a taker of a market, at least 0."""
    user = exchange.user(account.user)
    assert user is not None, f"account {account.account} belongs to nobody"
    return max(0, *exchange.fee_tier(market.fee_schedule, user.fee_tier))


def _after_fee(atoms: int, fee_ppm: int) -> int:
    return atoms - -(-atoms * fee_ppm // PPM)


def may_hold(exchange: MarginState, account: AccountRow, asset: int) -> bool:
    """Tell whether the account's user is eligible to hold an asset."""
    row, user = exchange.asset(asset), exchange.user(account.user)
    assert row is not None and user is not None, (asset, account)
    return row.eligibility_class == 0 or bool(user.hold_classes >> row.eligibility_class & 1)


def largest(fits: Callable[[int], bool], most: int) -> int:
    """Return the largest number up to ``most`` that fits, if all below it fit too; 0 if none does."""
    low, high = 0, max(0, most)
    if high and fits(high):
        return high
    while low + 1 < high:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low
