"""What the views say of pools and of accounts is what the core computes and does."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.node.invariants import broken_invariants
from ringfence.schema.commands import (
    Borrow,
    Clock,
    Command,
    Lend,
    Quote,
    Redeem,
    Repay,
    RequestWithdrawal,
    SetCollateral,
    SetLendingPool,
    SetPriceSource,
    SetPriceWeight,
    SetPricing,
)
from ringfence.schema.enums import HaircutKind, LoanFlag, PoolState, Side
from ringfence.schema.events import FundsMoved, InterestAccrued, LoanMoved, OrderAccepted, Rejected
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import LendingPoolRow
from ringfence.views import lending, margin
from ringfence.views.catalog import Catalog
from ringfence.views.maximums import (
    Fills,
    largest,
    maximum_borrow_atoms,
    maximum_order_lots,
    maximum_withdrawal_atoms,
    worth_at,
)
from ringfence.views.rejections import rejection

from .venue import SOL, SOL_USDC, USDC, USERS, Venue, limit, listed_venue

E8 = 10**8
HOUR_US = 3_600_000_000


def lending_venue(seed: int = 0) -> Venue:
    """Return the funded venue with pools of SOL and USDC; SOL has a fresh price."""
    venue, _ = listed_venue()
    venue.do(*lending_commands())
    price(venue, (100 + seed % 50) * E8)
    return venue


def lending_commands() -> list[Command]:
    pool = {"rate_idle_e8": E8 // 100, "rate_optimal_e8": E8 // 10, "rate_full_e8": E8, "fee_ppm": 100_000}
    throttle = {"throttle_threshold_ppm": 850_000, "throttle_bound_ppm": 900_000, "throttle_update_ppm": 100_000}
    return [
        SetPricing(asset=SOL, maximum_age_ms=86_400_000, update_cap_ppm=1_000_000),
        *(SetPriceSource(price_source=number, name=f"source {number}") for number in (1, 2, 3)),
        *(SetPriceWeight(asset=SOL, price_source=number, weight=1) for number in (1, 2, 3)),
        SetCollateral(asset=USDC, weight_e8=E8, initial_base_e8=E8 // 10, maintenance_base_e8=E8 // 20),
        SetCollateral(
            asset=SOL, weight_e8=9 * E8 // 10, haircut_kind=HaircutKind.INVERSE_SQRT, haircut_penalty_e8=12_345,
            initial_base_e8=E8 // 5, initial_factor_e8=777, maintenance_base_e8=E8 // 10, maintenance_factor_e8=333,
        ),
        *(SetLendingPool(asset=asset, maximum_utilisation_ppm=950_000, **pool, **throttle) for asset in (SOL, USDC)),
    ]  # fmt: skip


def price(venue: Venue, units: int) -> None:
    observed_us = venue.time_us
    venue.do(*(Quote(asset=SOL, price_source=n, last_units=units, observed_us=observed_us) for n in (1, 2, 3)), Clock())


def random_loans(venue: Venue, seed: int, count: int) -> list[list[object]]:
    """Lend, borrow, redeem, repay and let hours pass; returns the events of each batch."""
    random, batches = Random(seed), []
    for _ in range(count):
        kind = random.choice([Lend, Borrow, Redeem, Repay, Clock])
        if kind is Clock:
            batches.append(venue.do(Clock(), advance_us=random.choice([10**6, HOUR_US, 5 * HOUR_US])))
            price(venue, random.randint(60, 200) * E8)
            continue
        amount = random.choice([1, 7, 10**5, 10**9, 10**13])
        command = kind(account=random.choice(USERS), asset=random.choice([SOL, USDC]), amount_atoms=amount)
        batches.append(venue.do(command))
    return batches


def pool_of(venue: Venue, asset: int) -> LendingPoolRow:
    row = venue.exchange.lending_pool(asset)
    assert row is not None
    return row


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_pools_hold_what_the_views_say_is_left(seed: int, count: int) -> None:
    venue = lending_venue(seed)
    for events in random_loans(venue, seed, count):
        for event in events:
            if isinstance(event, InterestAccrued):
                pool = pool_of(venue, event.asset)
                columns = ("lent_shares", "debt_shares", "lent_index", "debt_index")
                if all(getattr(pool, name) == getattr(event, name) for name in columns):
                    rates = lending.borrow_rate_e8(pool), lending.lend_rate_e8(pool)
                    assert rates == (event.borrow_rate_e8, event.lend_rate_e8)
    for asset in (SOL, USDC):
        pool = pool_of(venue, asset)
        left = (
            lending.lent_atoms(pool)
            - lending.debt_atoms(pool)
            + pool.reserve_atoms
            + pool.rounding_atoms
            + pool.pending_atoms
        )
        assert venue.exchange.pool_atoms(asset) == left


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60))
def test_parts_of_an_account_add_up_to_the_measure_of_the_core(seed: int, count: int) -> None:
    venue = lending_venue(seed)
    random_loans(venue, seed, count)
    for account in USERS:
        assets = collateral = liabilities = initial = maintenance = 0
        loans = dict(venue.exchange.loans(account))
        for asset, available, locked in venue.exchange.balances(account):
            worth, rules = worth_at(venue.exchange, asset), venue.exchange.collateral(asset) or margin.NO_COLLATERAL
            pool, shares = venue.exchange.lending_pool(asset), loans.get(asset, 0)
            claim, debt = (lending.claim_atoms(pool, shares), lending.debt_of(pool, shares)) if pool else (0, 0)
            value = worth.held_down(available + locked + claim)
            assets, collateral = assets + value, collateral + margin.collateral_value(rules, value)
            owed = worth.owed_up(debt)
            liabilities += owed
            initial += margin.requirement(owed, margin.initial_rate_e8(rules, owed))
            maintenance += margin.requirement(owed, margin.maintenance_rate_e8(rules, owed))
        measure = venue.exchange.measure(account)
        assert (assets, collateral, liabilities) == (measure.assets, measure.collateral, measure.liabilities)
        assert (initial, maintenance) == (measure.initial, measure.maintenance)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_core_takes_the_most_that_is_said_and_no_atom_more(seed: int, count: int) -> None:
    venue = lending_venue(seed)
    random_loans(venue, seed, count)
    account, asset = Random(seed).choice(USERS), Random(~seed).choice([SOL, USDC])
    row = venue.exchange.account(account)
    assert row is not None
    most = maximum_borrow_atoms(venue.exchange, row, asset)
    lends = dict(venue.exchange.loans(account)).get(asset, 0) > 0
    (refused, *_) = venue.do(Borrow(account=account, asset=asset, amount_atoms=most + 1), advance_us=0)
    reasons = (
        {Reject.BORROW_REQUIRES_LEND_REDEEM} if lends else {Reject.INSUFFICIENT_SUPPLY, Reject.INSUFFICIENT_MARGIN}
    )
    assert isinstance(refused, Rejected) and refused.reject in reasons, refused
    if most:
        (moved, *_) = venue.do(Borrow(account=account, asset=asset, amount_atoms=most), advance_us=0)
        assert isinstance(moved, LoanMoved), moved


ASKED = [0, LoanFlag.AUTO_BORROW, LoanFlag.AUTO_LEND_REDEEM, LoanFlag.AUTO_BORROW_REPAY, 15]
SHORT = {Reject.INSUFFICIENT_FUNDS, Reject.INSUFFICIENT_MARGIN, Reject.INSUFFICIENT_SUPPLY}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from(ASKED), st.sampled_from(list(Side)))
def test_core_takes_the_largest_order_that_is_said_and_no_lot_more(
    seed: int, count: int, asked: int, side: Side
) -> None:
    venue = lending_venue(seed)
    random_loans(venue, seed, count)
    row, market = venue.exchange.account(Random(seed).choice(USERS)), venue.exchange.market(SOL_USDC)
    assert row is not None and market is not None
    ticks = 9_000 if side is Side.BID else 11_000

    def fills_of(lots: int) -> Fills:
        base, quote = lots * market.lot_atoms, lots * ticks * market.quote_factor
        return Fills(quote, base) if side is Side.BID else Fills(base, quote)

    most = maximum_order_lots(venue.exchange, row, market, side, asked, fills_of, 2**40)
    healthy = venue.exchange.measure(row.account, strict=True).free >= 0
    order = limit(row.account, side, ticks, most + 1, loan_flags=asked)
    (refused, *_) = venue.do(order, advance_us=0)
    if healthy or not isinstance(refused, OrderAccepted):
        assert isinstance(refused, Rejected) and refused.reject in SHORT, (refused, most)
    if most and healthy:
        (accepted, *_) = venue.do(limit(row.account, side, ticks, most, loan_flags=asked), advance_us=0)
        assert isinstance(accepted, OrderAccepted), (accepted, most)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.sampled_from(ASKED), st.sampled_from([SOL, USDC]))
def test_core_takes_the_largest_withdrawal_that_is_said_and_no_atom_more(
    seed: int, count: int, asked: int, asset: int
) -> None:
    venue = lending_venue(seed)
    random_loans(venue, seed, count)
    row = venue.exchange.account(Random(seed).choice(USERS))
    assert row is not None
    most = maximum_withdrawal_atoms(venue.exchange, row, asset, asked)
    healthy = venue.exchange.measure(row.account, strict=True).free >= 0
    request = RequestWithdrawal(account=row.account, asset=asset, amount_atoms=most + 1, loan_flags=asked)
    (refused, *_) = venue.do(request, advance_us=0)
    if healthy or not isinstance(refused, FundsMoved):
        assert isinstance(refused, Rejected) and refused.reject in SHORT, (refused, most)
    if most and healthy:
        request = RequestWithdrawal(account=row.account, asset=asset, amount_atoms=most, loan_flags=asked)
        (accepted, *_) = venue.do(request, advance_us=0)
        assert isinstance(accepted, FundsMoved), (accepted, most)


def test_redeemable_is_what_the_core_redeems_at_once() -> None:
    venue = lending_venue()
    lender, borrower = USERS[0], USERS[1]
    venue.do(Lend(account=lender, asset=USDC, amount_atoms=10**10))
    venue.do(Borrow(account=borrower, asset=USDC, amount_atoms=6 * 10**9))
    said = lending.redeemable(pool_of(venue, USDC), has_queue=False)
    moved, _ = venue.do(Redeem(account=lender, asset=USDC, amount_atoms=10**10))
    assert isinstance(moved, LoanMoved) and moved.amount_atoms == said > 0
    assert lending.redeemable(pool_of(venue, USDC), has_queue=True) == 0
    assert lending.borrowable(pool_of(venue, USDC), has_queue=True) == 0


def test_rate_has_a_kink_at_the_optimum() -> None:
    pool = pool_of(lending_venue(), USDC)
    assert [lending.borrow_rate_e8(pool, used) for used in (0, 400_000, 800_000, 900_000, 1_000_000)] == [
        1_000_000, 5_500_000, 10_000_000, 55_000_000, 100_000_000,
    ]  # fmt: skip
    assert lending.lend_rate_e8(pool, 800_000) == 10_000_000 * 8 // 10 * 9 // 10


@pytest.mark.parametrize(("time_us", "left_ms"), [(0, 3_600_000), (1, 3_600_000), (1_000, 3_599_999), (HOUR_US - 1, 1)])
def test_rest_of_an_hour_is_rounded_up(time_us: int, left_ms: int) -> None:
    assert lending.rest_of_hour_ms(time_us) == left_ms


def test_largest_finds_the_edge() -> None:
    assert [largest(lambda n, edge=edge: n <= edge, 10) for edge in (0, 1, 4, 9, 10, 99)] == [0, 1, 4, 9, 10, 10]
    assert largest(lambda n: n < 5, 0) == 0


def test_rejections_of_loans_count_in_whole_units() -> None:
    venue = lending_venue()
    catalog = Catalog.from_exchange(venue.exchange)
    (refused,) = venue.do(Borrow(account=USERS[0], asset=USDC, amount_atoms=1_500_000))
    assert isinstance(refused, Rejected)
    assert rejection(refused, catalog).message == "1.5 of USDC wanted and 0 can be had now"
    venue.do(Lend(account=USERS[0], asset=SOL, amount_atoms=2 * 10**9))
    (refused,) = venue.do(Borrow(account=USERS[0], asset=SOL, amount_atoms=1))
    assert isinstance(refused, Rejected)
    assert rejection(refused, catalog).message == "2 of SOL are lent: redeem first"
    venue.do(SetLendingPool(asset=SOL, pool_state=PoolState.CLOSED, rate_optimal_e8=1, rate_full_e8=2))
    (refused,) = venue.do(Lend(account=USERS[0], asset=SOL, amount_atoms=1))
    assert isinstance(refused, Rejected)
    assert rejection(refused, catalog).message == "the lending pool of SOL is closed"


def test_invariants_of_the_node_hold_after_loans_and_find_what_is_broken() -> None:
    venue = lending_venue()
    random_loans(venue, 4, 80)
    rows = venue.exchange.rows()
    assert list(broken_invariants(rows)) == []
    for table, column in (
        ("lending_pools", "reserve_atoms"),
        ("lending_pools", "debt_shares"),
        ("balances", "loan_shares"),
    ):
        broken = rows | {table: rows[table].copy()}
        broken[table][column][-1] += 1
        assert list(broken_invariants(broken)), f"{table}.{column}"
