"""What must hold after every command, whatever it was."""

from collections import Counter

from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    STOP_LOSS,
    TAKE_PROFIT,
    AccountKind,
    BrakePhase,
    Delisting,
    HouseAccount,
    OrderType,
    PriceState,
    TriggerBy,
)
from ringfence.schema.fields import MAX_ATOMS, MAX_LOAN_INDEX, MAX_PRICE_UNITS, MAX_VALUE

from . import pools, positions, triggers
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
    positions_sum_to_nothing(state)
    positions_count_their_orders(state)
    settlements_are_whole(state)
    triggers_are_whole(state)
    attached_triggers_are_whole(state)
    triggers_count_each_once(state)


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
        braked = market.brakes is not None and market.brakes.phase != BrakePhase.NONE
        assert braked or bid is None or ask is None or bid < ask, f"market {market.market} is crossed: {bid} {ask}"
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


def positions_sum_to_nothing(state: State) -> None:
    net: Counter[int] = Counter()
    reference: Counter[int] = Counter()
    interest: Counter[int] = Counter()
    for (account, market), row in state.positions.items():
        assert (row.account, row.market) == (account, market)
        assert market in state.perpetuals
        assert any(getattr(row, name) for name in positions.KEEPS_A_ROW), f"empty position of {account} in {market}"
        takes_over = account == positions.CLEARING and state.perpetuals[market].delisting == Delisting.CLOSING
        assert account in state.accounts or account in (positions.FEES, positions.ROUNDING) or takes_over
        assert account in state.accounts or takes_over or not (row.net_lots or row.entry_atoms)
        assert row.net_lots == 0 or state.perpetuals[market].delisting != Delisting.ENDED
        assert row.net_lots or row.entry_atoms == 0
        assert row.entry_atoms * row.net_lots >= 0
        assert 0 < row.opened <= state.sequence
        net[market] += row.net_lots
        reference[market] += row.reference_atoms
        interest[market] += max(0, row.net_lots)
    clearing: Counter[int] = Counter()
    for number, perpetual in state.perpetuals.items():
        market = state.markets[number]
        assert market.is_perpetual
        assert net[number] == 0, f"the nets of market {number} sum to {net[number]}"
        assert reference[number] == -perpetual.clearing_atoms, f"references of market {number}"
        assert interest[number] == perpetual.open_interest_lots
        assert perpetual.clearing_atoms >= 0
        clearing[market.quote_asset] += perpetual.clearing_atoms
    held = {asset: row[0] for (account, asset), row in state.balances.items() if account == positions.CLEARING}
    assert held == {asset: atoms for asset, atoms in clearing.items() if atoms}


def positions_count_their_orders(state: State) -> None:
    """Lots of a position are those of its orders, and orders that only reduce can all do so."""
    standing: Counter[tuple[int, int, str]] = Counter()
    for order in state.orders.values():
        if not state.markets[order.market].is_perpetual:
            assert not order.reduce_only
            continue
        key, row = (order.account, order.market), state.positions[order.account, order.market]
        assert order.loan_flags == 0
        assert not order.reduce_only or positions.to_reduce(row, order.side) >= order.remaining_lots
        kind = "reduce_lots" if order.reduce_only else "bid_lots" if order.side == BID else "ask_lots"
        standing[*key, kind] += order.remaining_lots
    for key, row in state.positions.items():
        for kind in ("bid_lots", "ask_lots", "reduce_lots"):
            assert getattr(row, kind) == standing[*key, kind], f"{kind} of {key}"
        assert row.reduce_lots <= abs(row.net_lots)


def settlements_are_whole(state: State) -> None:
    due: Counter[int] = Counter()
    for row in state.positions.values():
        assert row.due_atoms >= 0 or (state.settling in (1, 2) and row.account in state.accounts)
        due[row.market] += max(0, row.due_atoms)
    assert state.settling in (0, 1, 2, 3)
    assert state.settling != 2 or any(row.due_atoms < 0 for row in state.positions.values())
    for number, perpetual in state.perpetuals.items():
        if state.settling in (1, 2):
            assert due[number] == perpetual.due_atoms
        assert state.settling or due[number] == 0
        assert 0 <= perpetual.paid_atoms <= perpetual.due_atoms
        assert bool(perpetual.mark_ticks) == bool(perpetual.index_ticks) == bool(perpetual.updated_us)
        assert perpetual.funding_hour <= state.time_us // pools.HOUR_US


def triggers_are_whole(state: State) -> None:
    for number, row in state.triggers.items():
        market = state.markets[row.market]
        assert row.trigger == number
        assert row.account in state.accounts
        assert state.accounts[row.account].account_kind != AccountKind.FENCED
        assert row.trigger_ticks > 0
        assert (row.order_type == OrderType.LIMIT) == (row.price_ticks > 0)
        assert not (row.loan_flags if market.is_perpetual else row.reduce_only)
        assert row.created_us <= state.time_us
        assert bool(row.quantity_percent) != bool(row.quantity_lots) or not row.armed
        # Whoever waits for a last price has not seen it: every trade looks, and so does who begins to watch.
        # In a market that is halted it is looked at when that has reopened.
        braked = market.brakes is not None and market.brakes.phase != BrakePhase.NONE
        waits = row.armed and not row.due and row.trigger_by == TriggerBy.LAST and not braked
        assert not (waits and triggers.reached(row, market.last_price_ticks)), f"trigger {number} is reached"


def attached_triggers_are_whole(state: State) -> None:
    for number, row in state.triggers.items():
        if not row.parent:
            assert 0 < number <= state.sequence
            assert row.armed
            continue
        assert number - row.parent in (TAKE_PROFIT, STOP_LOSS)
        assert 0 < row.parent <= state.sequence
        assert row.quantity_percent == 0
        assert bool(row.armed) == (row.quantity_lots > 0), "what is attached watches from the first fill on"
        parent = state.orders.get(row.parent)
        assert parent or row.armed, f"trigger {number} waits for an order that is gone"
        if parent:
            assert (parent.account, parent.market, parent.side) == (row.account, row.market, 1 - row.side)
            assert row.quantity_lots == parent.quantity_lots - parent.remaining_lots


def triggers_count_each_once(state: State) -> None:
    """Numbers of arming and of being due come from one count, in the order in which they were taken."""
    armed = [row.armed for row in state.triggers.values() if row.armed]
    due = [row.due for row in state.triggers.values() if row.due]
    assert len({*armed, *due}) == len(armed) + len(due), "a number of the count was taken twice"
    assert max((*armed, *due), default=0) <= state.triggers_counted
    assert all(row.due == 0 or 0 < row.armed < row.due for row in state.triggers.values())
