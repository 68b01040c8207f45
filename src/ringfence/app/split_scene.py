"""The scene of the split: one share for ten, with open orders, a short seller, quotes that come too late, fractions."""

from __future__ import annotations

from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import MarketState, PriceState, Side
from ringfence.schema.rejects import Reject

from .share_stage import GLXY, PERPETUAL, SHARE, SPOT, ShareStage, whole
from .stage import DOLLAR, SECOND_US, USDC, Say, SceneResult, all_of, only, played, was_refused

DAY_US = 86_400 * SECOND_US


def run_scene(*, json: bool, say: Say) -> SceneResult:
    """Play the scene."""
    return played(ShareStage, play, json=json, say=say)


def play(stage: ShareStage) -> None:
    """Play all of it."""
    order = _before(stage)
    _halted(stage)
    _split(stage, order)
    _stale(stage)
    _resumed(stage, order)
    _fractions(stage)
    _renamed(stage, order)
    stage.show_evidence()


def _before(stage: ShareStage) -> int:
    stage.say("GLXY.US is at 30. Alice holds 100 shares, bob lends 100, erin is short 25 of them, which frank holds.")
    stage.trade("frank", "erin", 25, 30, borrows=True)
    stage.deposit(stage.accounts["erin"], 1, GLXY, SHARE)
    stage.must(stage.order("alice", Side.ASK, 10, 31))
    order = only(e.OrderAccepted, stage.must(stage.order("frank", Side.BID, 10, 29))).order
    refused = stage.give(stage.order("carol", Side.BID, 1, 30))
    stage.expect("carol, a US person, cannot buy", was_refused(refused, Reject.NOT_ELIGIBLE_TO_BUY))
    stage.at(30)
    return order


def _halted(stage: ShareStage) -> None:
    stage.say("One new share for ten old ones is announced. The markets are halted first.")
    split = c.SplitShare(asset=GLXY, new_shares=1, old_shares=10)
    stage.expect("a share that trades is not split", was_refused(stage.give(split), Reject.MARKET_STILL_OPEN))
    for market in (SPOT, PERPETUAL):
        stage.must(c.SetMarketState(market=market, state=MarketState.CANCEL_ONLY))


def _split(stage: ShareStage, order: int) -> None:
    before = {name: stage.shares(name) for name in stage.accounts}
    equity = stage.exchange.measure(stage.accounts["erin"]).equity
    row = stage.exchange.order(order)
    stage.must(c.SplitShare(asset=GLXY, new_shares=1, old_shares=10))
    asset, market = stage.catalog.asset_by_number[GLXY], stage.catalog.market_by_number[SPOT]
    stage.say("Split. What people have is the same, and is called otherwise:")
    for name in ("alice", "bob", "erin", "frank"):
        stage.say(f"    {name:8}{whole(before[name]):>10} old shares are {asset.text(before[name]):>6} new ones")
    stage.expect("nobody's atoms changed", before == {name: stage.shares(name) for name in stage.accounts})
    stage.expect("nor did anybody's margin", stage.exchange.measure(stage.accounts["erin"]).equity == equity)
    assert row is not None, "frank's bid is gone"
    text = f"{market.quantity_text(row.remaining_lots)} at {market.price_text(row.price_ticks)}"
    stage.say(f"    frank's bid of 10 at 29 is one of {text}")
    stage.expect("open orders are repriced by exactly the factor", text == "1 at 290")


def _stale(stage: ShareStage) -> None:
    stage.say("The sources still quote 30, the price of an old share: for a new one that would be a tenth.")
    told = stage.at(30)
    price = stage.exchange.price(GLXY)
    stage.expect("such a price counts for nothing", price is not None and price.price_state == PriceState.STALE)
    stage.expect("and liquidates nobody", not all_of(e.CaseOpened, told))
    opened = stage.give(c.SetMarketState(market=SPOT, state=MarketState.AUCTION))
    stage.expect("the market does not reopen by it", was_refused(opened, Reject.NOT_CONTINUOUS))
    repaid = stage.give(c.Repay(account=stage.accounts["erin"], asset=GLXY, amount_atoms=SHARE))
    stage.expect("erin may repay all the same", not isinstance(repaid[-1], e.Rejected))
    topped = stage.deposit(stage.accounts["erin"], 50)
    stage.expect("and put in margin", only(e.FundsMoved, topped).to_account == stage.accounts["erin"])


def _resumed(stage: ShareStage, order: int) -> None:
    stage.say("They quote 300: what an atom is worth is where it was. The market reopens by an auction.")
    told = stage.at(300)
    price = stage.exchange.price(GLXY)
    stage.expect("the price is good again", price is not None and price.price_state == PriceState.FRESH)
    stage.expect("and nobody is liquidated", not all_of(e.CaseOpened, told))
    stage.must(c.SetMarketState(market=SPOT, state=MarketState.AUCTION))
    told = [event for _ in range(8) for event in stage.at(300)]
    stage.expect("it reopened", bool(all_of(e.MarketReopened, told)))
    stage.must(c.SetMarketState(market=PERPETUAL, state=MarketState.OPEN))
    stage.expect("frank's bid stands, with its number", stage.exchange.order(order) is not None)
    stage.trade("frank", "alice", 1, 30)
    text = stage.catalog.market_by_number[SPOT].price_text(3_000)
    stage.expect("trading goes on at the new price", text == "300")


def _fractions(stage: ShareStage) -> None:
    asset = stage.catalog.asset_by_number[GLXY]
    has = stage.shares("frank")
    fraction = has % (10 * SHARE)
    stage.say(f"The issuer pays cash for fractions. Frank has {asset.text(has)}: {asset.text(fraction)} at 300.")
    cash, before = fraction * 30, stage.dollars("frank")
    account = stage.accounts["frank"]
    stage.must(c.SettleFraction(account=account, asset=GLXY, pay_asset=USDC, shares_atoms=fraction, amount_atoms=cash))
    stage.say(f"    he gets {whole(cash)} USDC for it")
    stage.expect("whole shares are left", stage.shares("frank") % (10 * SHARE) == 0)
    stage.expect("and cash for the rest", stage.dollars("frank") - before == cash and cash == 180 * DOLLAR)


def _renamed(stage: ShareStage, order: int) -> None:
    stage.say("With the new CUSIP comes a new symbol: GLX.US. The old one is kept for it for thirty days.")
    until_us = stage.time_us + 30 * DAY_US
    title = "Galaxy Digital Class A"
    stage.must(c.RenameAsset(asset=GLXY, symbol="GLX.US", name=title, cusip="36317J308", alias_us=until_us))
    market = stage.catalog.find_market("GLX.US_USDC", stage.time_us)
    former = stage.catalog.find_market("GLXY.US_USDC", stage.time_us)
    stage.expect("both names find the same market", market is former and market is not None and market.number == SPOT)
    later = stage.catalog.find_market("GLXY.US_USDC", stage.time_us + 31 * DAY_US)
    stage.expect("the old one not for ever", later is None)
    stage.expect("open orders stay", stage.exchange.order(order) is not None)
    stage.at(300)
