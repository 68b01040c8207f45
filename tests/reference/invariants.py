"""What must hold after every command, whatever it was."""

from collections import Counter

from ringfence.schema.enums import FIRST_USER_ACCOUNT, AccountKind, HouseAccount, PriceState
from ringfence.schema.fields import MAX_ATOMS, MAX_LOAN_INDEX, MAX_PRICE_UNITS, MAX_VALUE

from . import pools
from .money import available as available_of
from .state import ASK, BID, State


def check(state: State) -> None:
    money_is_conserved(state)
    locks_equal_open_orders(state)
    withdrawals_are_in_transit(state)
    books_are_whole(state)
    prices_are_whole(state)
    loans_sum_to_their_pools(state)
    pools_hold_what_is_not_out(state)
    queues_are_whole(state)
    accounts_lend_as_they_may(state)


def money_is_conserved(state: State) -> None:
    total: Counter[int] = Counter()
    for (account, asset), (available, locked, shares) in state.balances.items():
        total[asset] += available + locked
        assert available or locked or shares, f"empty balance row of account {account} in asset {asset}"
        assert 0 <= locked <= MAX_ATOMS
        assert available <= MAX_ATOMS
        if account == HouseAccount.CUSTODY:
            assert -MAX_ATOMS <= available <= 0
        else:
            assert available >= 0, f"account {account} has {available} of asset {asset}"
        assert account >= FIRST_USER_ACCOUNT or locked == shares == 0
        assert -MAX_ATOMS <= shares <= MAX_ATOMS
    assert not any(total.values()), f"assets that do not sum to zero: {total}"


def locks_equal_open_orders(state: State) -> None:
    locks: Counter[tuple[int, int]] = Counter()
    for order in state.orders.values():
        asset, amount = state.markets[order.market].lock(order.side, order.price_ticks, order.remaining_lots)
        locks[order.account, asset] += amount
    assert locks == Counter({key: locked for key, (_, locked, _) in state.balances.items() if locked})


def withdrawals_are_in_transit(state: State) -> None:
    pending: Counter[int] = Counter()
    for withdrawal in state.withdrawals.values():
        pending[withdrawal.asset] += withdrawal.amount_atoms + withdrawal.fee_atoms
    transit = HouseAccount.IN_TRANSIT
    held = {asset: amount for (account, asset), (amount, *_) in state.balances.items() if account == transit}
    assert pending == Counter(held)


def books_are_whole(state: State) -> None:
    standing = 0
    for market in state.markets.values():
        bid, ask = market.best(BID), market.best(ASK)
        assert bid is None or ask is None or bid < ask, f"market {market.market} is crossed: {bid} {ask}"
        for side in (BID, ASK):
            for price, level in market.levels[side].items():
                assert level
                standing += len(level)
                priorities = [order.priority for order in level.values()]
                assert priorities == sorted(priorities)
                assert all((order.price_ticks, order.side) == (price, side) for order in level.values())
                assert all(0 < order.remaining_lots <= order.quantity_lots for order in level.values())
    assert standing == len(state.orders) == sum(len(account.orders) for account in state.accounts.values())


def prices_are_whole(state: State) -> None:
    for (asset, source), row in state.quotes.items():
        assert asset in state.prices
        assert state.price_sources[source].name != bytes(16)
        assert 1 <= row.weight <= 255
        assert bool(row.price_units) == bool(row.observed_us)
        assert row.observed_us <= state.time_us
    for price in state.prices.values():
        nothing = price.mark_units == 0
        assert nothing == (price.index_units == 0) == (price.updated_us == 0)
        assert nothing == (price.price_state == PriceState.NONE)
        assert max(price.mark_units, price.index_units) <= MAX_PRICE_UNITS
        assert price.updated_us <= state.time_us
        assert price.clamped_sources & ~price.used_sources == 0


def loans_sum_to_their_pools(state: State) -> None:
    """Shares are those of the pools; lenders may claim no more than is lent, debtors owe no less than is owed."""
    lent: Counter[int] = Counter()
    owed: Counter[int] = Counter()
    claims: Counter[int] = Counter()
    debts: Counter[int] = Counter()
    for (account, asset), (_, _, shares) in state.balances.items():
        if shares > 0:
            lent[asset] += shares
            claims[asset] += pools.claim(state, account, asset)
        elif shares < 0:
            owed[asset] -= shares
            debts[asset] += pools.debt(state, account, asset)
    assert lent.keys() | owed.keys() <= state.lending_pools.keys() <= state.collaterals.keys()
    for asset, pool in state.lending_pools.items():
        assert (pool.lent_shares, pool.debt_shares) == (lent[asset], owed[asset])
        assert claims[asset] <= pools.lent(pool), f"claims of asset {asset} are {claims[asset]}"
        assert debts[asset] >= pools.owed(pool), f"debts of asset {asset} are {debts[asset]}"


def pools_hold_what_is_not_out(state: State) -> None:
    held = {asset for account, asset in state.balances if account == pools.POOL}
    assert held <= state.lending_pools.keys()
    for asset, pool in state.lending_pools.items():
        whole = pools.lent(pool) - pools.owed(pool) + pool.reserve_atoms + pool.rounding_atoms + pool.pending_atoms
        assert available_of(state, pools.POOL, asset) == whole, f"POOL should hold {whole} of asset {asset}"
        assert min(pool.reserve_atoms, pool.rounding_atoms) >= 0
        assert all(pools.ONE <= index <= MAX_LOAN_INDEX for index in (pool.lent_index, pool.debt_index))
        assert 0 <= pool.ceiling_ppm <= pools.MILLION
        assert pool.interest_hour <= state.time_us // pools.HOUR_US
        assert pool.ceiling_minute <= state.time_us // pools.MINUTE_US


def queues_are_whole(state: State) -> None:
    waiting = Counter((row.asset, row.account) for row in state.redemptions.values())
    assert all(count == 1 for count in waiting.values()), "an account waits twice for an asset"
    for (asset, number), row in state.redemptions.items():
        assert (row.asset, row.redemption) == (asset, number)
        assert asset in state.lending_pools
        assert number <= state.sequence
        assert 0 < row.queued_atoms <= MAX_ATOMS


def accounts_lend_as_they_may(state: State) -> None:
    fenced = {account.account for account in state.accounts.values() if account.account_kind == AccountKind.FENCED}
    assert not any(row[2] for (account, _), row in state.balances.items() if account in fenced)
    for account in fenced:
        assert (state.accounts[account].account_flags, state.accounts[account].leverage_limit_percent) == (0, 0)
    assert all(0 <= order.reserved_value <= MAX_VALUE for order in state.orders.values())
