"""Liquidations of every kind, each ending with the number of its case."""

from tests.core.perpetual_venue import ASK, BID, DOLLAR, SOL, SPOT, USDC, WHOLE_SOL

from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount, Parameter

from .journaled import Journaled


def restored(venue: Journaled) -> int:
    """Bob is restored by the book; a deposit comes meanwhile."""
    venue.place(venue.carol, BID, 97.9, 50)
    venue.let(97.9)
    venue.must(c.OpenCases())
    venue.fund(venue.bob, 5 * DOLLAR)
    venue.steps()
    venue.place(venue.carol, BID, 97.9, 50_000)
    venue.let(97.9)
    venue.steps()
    assert venue.exchange.case(venue.bob) is None
    return 1


def deleveraged(venue: Journaled) -> int:
    """The price falls through bob's bankruptcy price; nobody bids, so alice is deleveraged."""
    venue.let(90)
    venue.must(c.OpenCases())
    for _ in range(40):
        venue.let(90)
        venue.steps()
        while venue.exchange.settling:
            venue.end_settlement()
        venue.give(c.Deleverage())
    assert venue.exchange.case(venue.bob) is None
    return 1


def topped_up(venue: Journaled) -> int:
    """Bob tops up with what was fenced."""
    venue.let(97.9)
    venue.must(c.OpenCases())
    venue.fund(venue.bob, 500 * DOLLAR)
    venue.must(c.TopUp(account=venue.bob, asset=USDC, amount_atoms=400 * DOLLAR))
    return 1


def borrower(venue: Journaled) -> int:
    """Carol lends SOL, bob borrows it and cannot pay when it rises; FUND has some money."""
    bob = venue.must(c.OpenUser())[0].account
    venue.fund(bob, 1_000 * DOLLAR)
    venue.fund(venue.carol, 100 * WHOLE_SOL, SOL)
    venue.must(c.Lend(account=venue.carol, asset=SOL, amount_atoms=50 * WHOLE_SOL))
    venue.must(c.Borrow(account=bob, asset=SOL, amount_atoms=9 * WHOLE_SOL))
    venue.must(c.PlaceOrder(account=bob, market=SPOT, side=ASK, price_ticks=9_900, quantity_lots=900, time_in_force=0))
    venue.must(
        c.PlaceOrder(account=venue.carol, market=SPOT, side=BID, price_ticks=9_900, quantity_lots=900, time_in_force=1)
    )
    venue.number += 1
    venue.must(c.Deposit(account=HouseAccount.SUSPENSE, asset=USDC, source=1, number=venue.number, amount_atoms=DOLLAR))
    for dollars in (150, 220):
        venue.let(dollars)
        venue.must_all(c.OpenCases())
        venue.steps()
    for _ in range(40):
        venue.let(220)
        venue.steps()
        while venue.exchange.settling:
            venue.end_settlement()
    return 1


def taken_over(venue: Journaled) -> int:
    """Nobody bids, and a vault that carol paid into takes over what restores bob."""
    venue.must(c.ListAsset(symbol="VLP", name="VLP", asset_kind=1, decimals=6))
    share, account = venue.exchange.assets_listed, venue.must(c.OpenUser())[0].account
    venue.must(c.SetVault(vault=1, account=account, share_asset=share, quote_asset=USDC))
    venue.must(c.MintVaultShares(account=venue.carol, vault=1, amount_atoms=20_000 * DOLLAR))
    venue.must(c.SetParameter(parameter=Parameter.LIQUIDATION_BOOK_MS, value=0))
    venue.let(97.9)
    venue.must(c.OpenCases())
    for _ in range(3):
        venue.steps()
        venue.let(97.9)
    assert venue.exchange.case(venue.bob) is None and venue.exchange.positions(account)
    return 1
