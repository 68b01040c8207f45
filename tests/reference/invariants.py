"""What must hold after every command, whatever it was."""

from collections import Counter

from ringfence.schema.enums import FIRST_USER_ACCOUNT, HouseAccount, PriceState
from ringfence.schema.fields import MAX_ATOMS, MAX_PRICE_UNITS

from .state import ASK, BID, State


def check(state: State) -> None:
    money_is_conserved(state)
    locks_equal_open_orders(state)
    withdrawals_are_in_transit(state)
    books_are_whole(state)
    prices_are_whole(state)


def money_is_conserved(state: State) -> None:
    total: Counter[int] = Counter()
    for (account, asset), (available, locked) in state.balances.items():
        total[asset] += available + locked
        assert available or locked, f"empty balance row of account {account} in asset {asset}"
        assert 0 <= locked <= MAX_ATOMS
        assert available <= MAX_ATOMS
        if account == HouseAccount.CUSTODY:
            assert -MAX_ATOMS <= available <= 0
        else:
            assert available >= 0, f"account {account} has {available} of asset {asset}"
        assert account >= FIRST_USER_ACCOUNT or locked == 0
    assert not any(total.values()), f"assets that do not sum to zero: {total}"


def locks_equal_open_orders(state: State) -> None:
    locks: Counter[tuple[int, int]] = Counter()
    for order in state.orders.values():
        asset, amount = state.markets[order.market].lock(order.side, order.price_ticks, order.remaining_lots)
        locks[order.account, asset] += amount
    assert locks == Counter({key: locked for key, (_, locked) in state.balances.items() if locked})


def withdrawals_are_in_transit(state: State) -> None:
    pending: Counter[int] = Counter()
    for withdrawal in state.withdrawals.values():
        pending[withdrawal.asset] += withdrawal.amount_atoms + withdrawal.fee_atoms
    transit = HouseAccount.IN_TRANSIT
    held = {asset: amount for (account, asset), (amount, _) in state.balances.items() if account == transit}
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
