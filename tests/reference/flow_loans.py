"""The part of the flow that lends, borrows and pledges: near what a pool or a margin bears, and hours that pass."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ringfence.schema import commands as c
from ringfence.schema.enums import ALL_ACCOUNT_FLAGS, ALL_LOAN_FLAGS, ONE_E8, HaircutKind, LoanFlag, PoolState
from ringfence.schema.fields import MAX_ATOMS, MAX_POOL_ATOMS, MAX_RATE_E8

from . import flow_conversion, flow_prices, margin, pools

if TYPE_CHECKING:
    from .flow import Flow

MILLION = 10**6
PLEDGED = range(1, 6)
USUAL_COLLATERAL: dict[int, dict[str, int]] = {
    1: {"weight_e8": ONE_E8, "initial_base_e8": 5 * 10**6, "maintenance_base_e8": 3 * 10**6},
    2: {
        "weight_e8": 9 * 10**7,
        "haircut_base_e8": 98 * 10**6,
        "haircut_penalty_e8": 10**5,
        "initial_base_e8": 10**7,
        "initial_factor_e8": 2 * 10**4,
        "maintenance_base_e8": 6 * 10**6,
        "maintenance_factor_e8": 10**4,
        "haircut_kind": HaircutKind.INVERSE_SQRT,
    },
    3: {"weight_e8": 5 * 10**7, "initial_base_e8": 5 * 10**7, "maintenance_base_e8": 2 * 10**7},
    4: {"weight_e8": 0, "initial_base_e8": ONE_E8, "maintenance_base_e8": ONE_E8},
    5: {"weight_e8": 7 * 10**7, "initial_base_e8": 10**7, "maintenance_base_e8": 10**7},
}
USUAL_POOL = {
    "rate_idle_e8": 10**6,
    "rate_optimal_e8": 8 * 10**6,
    "rate_full_e8": 10**8,
    "fee_ppm": 100_000,
}
# What is lent of an asset at most: little beside what people have, so that pools are used in full.
# The fourth is so small that its interest is all the reserve's.
LEND_LIMITS = {1: 10**11, 2: 10**12, 3: 10**9, 4: 2**20 - 1, 5: 10**12}
BORROW_AND_REPAY = LoanFlag.AUTO_BORROW | LoanFlag.AUTO_BORROW_REPAY
FLAGS = [0, 1, 2, 4, 8, BORROW_AND_REPAY, BORROW_AND_REPAY, 6, 14, 14, 7, 9, ALL_LOAN_FLAGS]


def usual_collateral(asset: int) -> c.SetCollateral:
    sold_in = flow_conversion.CONVERSION_MARKETS.get(asset, 0)
    return c.SetCollateral(asset=asset, conversion_market=sold_in, **USUAL_COLLATERAL[asset])


def usual_pool(asset: int, throttled: bool = False) -> c.SetLendingPool:
    given: dict[str, int] = USUAL_POOL | {"lend_limit_atoms": LEND_LIMITS[asset]}
    if throttled:
        given |= {"throttle_threshold_ppm": 500_000, "throttle_bound_ppm": 800_000, "throttle_update_ppm": 500_000}
        given |= {"maximum_utilisation_ppm": 950_000}
    return c.SetLendingPool(asset=asset, **given)


def opening(chooser: random.Random, assets: range = PLEDGED) -> Iterator[c.Command]:
    """Yield the commands that make collateral and pools of assets."""
    for asset in assets:
        yield usual_collateral(asset)
        if asset != 5 or chooser.random() < 0.5:
            yield usual_pool(asset, throttled=asset == 3)


def is_margin(flow: Flow) -> bool:
    return flow.style == "margin"


def order_flags(flow: Flow) -> int:
    """Return the loan flags of an order or a withdrawal."""
    return int(flow.random.choice(FLAGS)) if flow.chance(0.75 if is_margin(flow) else 0.05) else 0


def within_reach(flow: Flow, account: int, asset: int) -> int:
    """Return what an account may pay of an asset with all flags, as far as its pool goes."""
    found, pool = flow.available(account, asset), flow.state.lending_pools.get(asset)
    if pool is None:
        return found
    choices = [0, pools.redeemable(flow.state, pool), pools.claim(flow.state, account, asset)]
    choices += [pools.borrowable(flow.state, pool, pools.lent(pool)), bearable(flow, account, asset)]
    return found + flow.random.choice(choices)


def bearable(flow: Flow, account: int, asset: int) -> int:
    """Return about how much of an asset the margin of an account lets it owe more."""
    free = margin.measure(flow.state, account).free
    price = margin.debt_price(flow.state, asset) if asset in flow.state.assets else 0
    if free <= 0 or not price or account not in flow.state.accounts:
        return 0
    rules = margin.rules_of(flow.state, asset)
    floor = margin.floor_rate(margin.limit_of(flow.state, account))
    needed = ONE_E8 - rules.weight_e8 * flow.random.choice((0, 1)) + max(rules.initial_base_e8, floor)
    atoms = free * 10 ** (flow.state.assets[asset].decimals + 2) * ONE_E8 // (price * max(1, needed))
    return min(MAX_ATOMS, atoms)


def some_asset(flow: Flow) -> int:
    return flow.asset() if flow.chance(0.02) else flow.random.choice((1, 1, 1, 2, 2, 2, 3, 4, 4, 5))


def holder(flow: Flow, wanted: Callable[[int], bool]) -> tuple[int, int]:
    """Return (account, asset) of a balance row whose shares are wanted, mostly."""
    found = [key for key, (_, _, shares) in flow.state.balances.items() if wanted(shares)]
    if found and flow.chance(0.93):
        return flow.random.choice(found)
    return flow.account(), some_asset(flow)


def pool_of(flow: Flow, asset: int) -> Any:
    return flow.state.lending_pools.get(asset)


def bounded(amount: int, low: int = 1) -> int:
    return max(low, min(MAX_ATOMS, amount))


# Commands of users.


def lend(flow: Flow) -> c.Command:
    account, asset = flow.trader(), some_asset(flow)
    pool = pool_of(flow, asset)
    room = pool.lend_limit_atoms - pools.lent(pool) if pool else 0
    available = flow.available(account, asset)
    choices = [available, available // 3, room, room, room // 5, flow.random.randint(1, 100), 10**7]
    return c.Lend(account=account, asset=asset, amount_atoms=bounded(flow.near(max(0, flow.random.choice(choices)))))


def redeem(flow: Flow) -> c.Command:
    account, asset = holder(flow, lambda shares: shares > 0)
    pool = pool_of(flow, asset)
    if flow.chance(0.08) and flow.state.redemptions:
        row = flow.random.choice(list(flow.state.redemptions.values()))
        return c.Redeem(account=row.account, asset=row.asset, amount_atoms=0)
    claimed = pools.claim(flow.state, account, asset) if pool else 0
    choices = [claimed, claimed, pools.redeemable(flow.state, pool) if pool else 1, 0, MAX_ATOMS, 1]
    return c.Redeem(account=account, asset=asset, amount_atoms=bounded(flow.near(flow.random.choice(choices)), 0))


def borrow(flow: Flow) -> c.Command:
    account, asset = flow.trader(), some_asset(flow)
    pool = pool_of(flow, asset)
    supply = pools.borrowable(flow.state, pool, pools.lent(pool)) if pool else 10**6
    margin_bears = bearable(flow, account, asset)
    choices = [supply, supply, supply // 7, margin_bears, min(supply, margin_bears), flow.random.randint(1, 10**6)]
    return c.Borrow(account=account, asset=asset, amount_atoms=bounded(flow.near(flow.random.choice(choices))))


def repay(flow: Flow) -> c.Command:
    account, asset = holder(flow, lambda shares: shares < 0)
    owed = pools.debt(flow.state, account, asset) if pool_of(flow, asset) else 0
    choices = [owed, owed, flow.available(account, asset), 1, MAX_ATOMS, owed // 9]
    return c.Repay(account=account, asset=asset, amount_atoms=bounded(flow.near(flow.random.choice(choices))))


def set_account(flow: Flow) -> c.Command:
    account = flow.account() if flow.chance(0.6) else holder(flow, lambda shares: shares < 0)[0]
    chosen = flow.random.choice((0, 0, 1, 2, 3, 4, ALL_ACCOUNT_FLAGS))
    limit = flow.random.choice((0, 0, 50, 100, 200, 500, 1_000, 100_000, 1))
    if flow.chance(0.5 if is_margin(flow) and chosen in (0, 2) else 0.8):
        flow.undo_soon(c.SetAccount(account=account, account_flags=chosen & 2, leverage_limit_percent=0))
    return c.SetAccount(account=account, account_flags=chosen, leverage_limit_percent=limit)


def flagged_withdrawal(flow: Flow) -> c.Command:
    account, asset = flow.trader(), some_asset(flow)
    amount = bounded(flow.near(within_reach(flow, account, asset)))
    flags = order_flags(flow) | flow.random.choice((0, 2, 4, 6))
    fee = flow.random.choice((0, 0, 1, 10**4, amount))
    return c.RequestWithdrawal(account=account, asset=asset, amount_atoms=amount, fee_atoms=fee, loan_flags=flags)


def pledge_taken_away(flow: Flow) -> c.Command:
    """Return a transfer by an account that owes, of about what its margin can spare."""
    account, _ = holder(flow, lambda shares: shares < 0)
    asset = flow.random.choice((1, 2, 2, 3))
    target = flow.account()
    if account in flow.state.accounts:
        user = flow.state.accounts[account].user
        own = [found.account for found in flow.state.accounts.values() if found.user == user]
        target = flow.random.choice(own)
    amount = flow.random.choice((flow.available(account, asset), bearable(flow, account, asset)))
    return c.Transfer(account=account, to_account=target, asset=asset, amount_atoms=bounded(flow.near(amount)))


# Settings and time.


def collateral(flow: Flow) -> c.Command:
    asset = some_asset(flow)
    if asset in USUAL_COLLATERAL:
        flow.undo_soon(usual_collateral(asset))
    pick, sold_in = flow.random.choice, flow_conversion.CONVERSION_MARKETS.get(asset, 0)
    return c.SetCollateral(
        asset=asset,
        weight_e8=pick((0, 1, 5 * 10**7, 99_999_999, ONE_E8)),
        haircut_base_e8=pick((ONE_E8, ONE_E8, 9 * 10**7, 0)),
        haircut_penalty_e8=pick((0, 1, 10**3, 10**5, 10**7, ONE_E8)),
        initial_base_e8=pick((0, 1, 10**7, ONE_E8, MAX_RATE_E8)),
        initial_factor_e8=pick((0, 1, 10**3, 10**5, ONE_E8)),
        maintenance_base_e8=pick((0, 10**6, ONE_E8, MAX_RATE_E8)),
        maintenance_factor_e8=pick((0, 3, 10**4, ONE_E8)),
        haircut_kind=pick(list(HaircutKind)),
        conversion_market=pick((0, 1, 2, 3, 4, 5, 99)) if flow.chance(0.3) else sold_in,
        conversion_discount_ppm=pick(flow_conversion.DISCOUNTS_PPM),
    )


def lending_pool(flow: Flow) -> c.Command:
    asset = some_asset(flow)
    if asset in LEND_LIMITS:
        flow.undo_soon(usual_pool(asset, throttled=flow.chance(0.3)))
    pick, pool = flow.random.choice, pool_of(flow, asset)
    rates = [pick((0, 10**6, 5 * 10**7, 10**8, 10**9 if flow.chance(0.2) else 10**7)) for _ in range(3)]
    throttle = [pick((0, 1, 300_000, 800_000, 999_999, MILLION)) for _ in range(3)]
    if flow.chance(0.93):
        rates, throttle = sorted(rates), sorted(throttle)
    lent = pools.lent(pool) if pool else 0
    return c.SetLendingPool(
        asset=asset,
        pool_state=pick((PoolState.OPEN, PoolState.OPEN, PoolState.CLOSED, PoolState.REPAY_ONLY)),
        rate_idle_e8=rates[0],
        rate_optimal_e8=rates[1],
        rate_full_e8=rates[2],
        optimal_utilisation_ppm=pick((1, 500_000, 800_000, 999_999)),
        throttle_threshold_ppm=throttle[0],
        throttle_bound_ppm=throttle[1],
        maximum_utilisation_ppm=pick((throttle[2], MILLION)),
        throttle_update_ppm=pick((0, 1, 100_000, MILLION)),
        fee_ppm=pick((0, 1, 100_000, 333_333, MILLION)),
        lend_limit_atoms=pick((lent, lent + 1_000, 0, 10**12, MAX_POOL_ATOMS)),
    )


def pause(flow: Flow) -> c.Command:
    """Let time go to about the next minute or hour, or hours on; mostly the prices are quoted anew after it."""
    minute, hour = pools.MINUTE_US, pools.HOUR_US
    now, pick = flow.time_us, flow.random.choice
    next_minute, next_hour = (now // minute + 1) * minute, (now // hour + 1) * hour
    later = pick((next_minute, next_minute, next_minute, next_hour, next_hour, now + 5 * hour))
    later += pick((-1, 0, 0, 1, 999, 1_000, 1_001, 10**6))
    if flow.chance(0.002):
        later = now + pick((30 * 24 * hour, 9_000 * hour))
    if later < 2**61:
        flow.time_us = max(now, later)
    refreshed(flow, first_clock=flow.chance(0.3))
    return c.Clock(seed=flow.random.randbytes(32)) if flow.chance(0.8) else borrow(flow)


def refreshed(flow: Flow, *, first_clock: bool) -> None:
    """Let every source that counts quote near what its asset is worth, and a clock follow."""
    due = flow.state.sequence + (flow.random.randint(1, 8) if first_clock else 0)
    wanted = [(asset, source) for asset, source in flow.state.quotes if asset in flow_prices.PRICED]
    worth = {asset: flow_prices.drifting(flow, asset) for asset in flow_prices.PRICED}
    for place, (asset, source) in enumerate(wanted):
        price = flow_prices.bounded(worth[asset] + worth[asset] * flow.random.randint(-900, 900) // MILLION)
        later = c.Quote(asset=asset, price_source=source, observed_us=flow.time_us, last_units=max(1, price))
        heapq.heappush(flow.later, (due + place, flow.random.getrandbits(32), later))
    end = c.Clock(seed=flow.random.randbytes(32))
    heapq.heappush(flow.later, (due + len(wanted), flow.random.getrandbits(32), end))


def loans(flow: Flow) -> c.Command:
    builders: dict[Callable[[Flow], c.Command], int] = {
        lend: 20,
        redeem: 16,
        borrow: 22,
        repay: 12,
        set_account: 5,
        flagged_withdrawal: 8,
        pledge_taken_away: 4,
        collateral: 2,
        lending_pool: 4,
        pause: 3,
    }
    return flow.random.choices(list(builders), list(builders.values()))[0](flow)
