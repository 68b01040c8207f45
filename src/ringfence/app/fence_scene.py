"""The scene of the fence: bob is liquidated twice, and every deposit from then on is his."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nacl.signing import VerifyKey

from ringfence.database import sqlite_url
from ringfence.journal.keys import load_public_key
from ringfence.node.invariants import broken_invariants
from ringfence.proof.check import check
from ringfence.proof.receipts import Receipts
from ringfence.proof.story import fixed
from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import AssetKind, CaseEnd, HouseAccount, MarketKind, OrderType, Side, TimeInForce
from ringfence.schema.rejects import Reject
from ringfence.views.history import HistoryReader, open_history

from .stage import DOLLAR, SOURCES, USDC, SceneResult, Stage, all_of, no_progress, only, played
from .upkeep import rebuild_history, verify_directory

SOL, BTC = 2, 3
PERPETUAL = 1
WHOLE_SOL = 10**9
LOT = 10**5
"""A lot of the perpetual is a thousandth of a bitcoin, a tick a dollar."""


def run_scene(*, json: bool, say: Callable[[str], None]) -> SceneResult:
    """Play the scene."""
    return played(FenceStage, play, json=json, say=say)


class FenceStage(Stage):
    """The venue of the scene, and its people: alice, who takes the other side, and bob."""

    def __init__(self, directory: Path, say: Callable[[str], None]) -> None:
        super().__init__(directory, say)
        self.put_in = 0
        self._set_up()

    def order(self, account: int, side: Side, dollars: int, lots: int, *, takes: bool = False) -> None:
        """Place an order on the perpetual."""
        force = TimeInForce.IOC if takes else TimeInForce.GTC
        self.must(
            c.PlaceOrder(
                account=account, market=PERPETUAL, side=side, price_ticks=dollars, quantity_lots=lots,
                order_type=OrderType.LIMIT, time_in_force=force,
            )
        )  # fmt: skip

    def has(self, account: int) -> int:
        """Return the dollars, in atoms, that an account may spend."""
        return self.exchange.balance(account, USDC)[0]

    def _set_up(self) -> None:
        for symbol, kind, decimals in (
            ("USDC", AssetKind.CASH, 6),
            ("SOL", AssetKind.CRYPTO, 9),
            ("BTC", AssetKind.CRYPTO, 8),
        ):
            self.must(c.ListAsset(symbol=symbol, name=symbol, asset_kind=kind, decimals=decimals))
        self.must(
            c.ListMarket(
                base_asset=BTC, quote_asset=USDC, tick_atoms=DOLLAR, lot_atoms=LOT, market_kind=MarketKind.PERPETUAL
            )
        )
        for source, name in enumerate(SOURCES, 1):
            self.must(c.SetPriceSource(price_source=source, name=name))
        for asset in (SOL, BTC):
            self.must(c.SetPricing(asset=asset, update_cap_ppm=1_000_000))
            for source in range(1, len(SOURCES) + 1):
                self.must(c.SetPriceWeight(asset=asset, price_source=source, weight=1))
        for asset in (USDC, SOL):
            self.must(
                c.SetCollateral(asset=asset, weight_e8=10**8, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6)
            )
        self.second({SOL: 150, BTC: 100_000})
        self.must(c.SetPerpetual(market=PERPETUAL, initial_base_e8=2_000_000, maintenance_base_e8=1_000_000))
        self.alice, self.bob = (only(e.UserOpened, self.must(c.OpenUser())).account for _ in range(2))
        self.fenced = self.bob + 1
        self.deposit(self.alice, 1_000_000)
        self.deposit(HouseAccount.SUSPENSE, 200)
        move = {"account": HouseAccount.SUSPENSE, "to_account": HouseAccount.FUND, "asset": USDC}
        self.must(c.MoveHouseFunds(**move, amount_atoms=200 * DOLLAR))


def play(stage: FenceStage) -> None:
    """Play all of it."""
    _before(stage)
    _stale(stage)
    first = _during(stage)
    _topped_up(stage)
    second = _crash(stage)
    _after(stage)
    _evidence(stage, (first, second))


def _before(stage: FenceStage) -> None:
    stage.say("Before. Bob deposits 700 USDC and 1 SOL, and goes long 0.4 BTC at 100,000; alice goes short.")
    stage.deposit(stage.bob, 700)
    stage.deposit(stage.bob, 1, SOL, WHOLE_SOL)
    stage.order(stage.alice, Side.ASK, 100_000, 400)
    stage.order(stage.bob, Side.BID, 100_000, 400, takes=True)
    stage.second({SOL: 150, BTC: 100_000})
    stage.expect("a deposit to a sound account is simply his", stage.has(stage.bob) == 700 * DOLLAR)


def _stale(stage: FenceStage) -> None:
    stage.say(
        "The sources of SOL fall silent for a minute; meanwhile BTC falls to 98,850. By its last mark bob has failed,"
    )
    stage.say("but SOL could have doubled since: nothing is closed at a price that nobody vouches for.")
    for second in range(60):
        stage.second({BTC: 100_000 if second < 50 else 98_850})
    stage.expect("a price that is not fresh liquidates nobody", stage.exchange.case(stage.bob) is None)
    stage.say("Bob deposits 100 USDC. Whether it would save him or pay for what is lost, nobody can say: it is fenced.")
    fenced = only(e.CreditFenced, stage.deposit(stage.bob, 100))
    stage.expect("the deposit of the stale minute is fenced, without a case", fenced.case == 0)
    stage.expect("it stands in his fenced account", stage.has(stage.fenced) == 100 * DOLLAR)


def _during(stage: FenceStage) -> int:
    stage.say("SOL is quoted again, at 110. Now bob's equity is surely below his maintenance margin: a case opens.")
    told = stage.second({SOL: 110, BTC: 98_850})
    opened = only(e.CaseOpened, told)
    equity, needed = fixed(opened.equity_value, 6), fixed(opened.maintenance_value, 6)
    stage.say(f"    case {opened.case}: equity {equity}, maintenance margin {needed}")
    stage.say("He deposits 250 USDC while it is open.")
    fenced = only(e.CreditFenced, stage.deposit(stage.bob, 250))
    stage.expect("a deposit during a case goes to the fenced account", fenced.case == opened.case)
    estate = stage.has(stage.bob)
    stage.second({SOL: 110, BTC: 98_850})
    stage.expect("no step of the case sees it", stage.has(stage.fenced) == 350 * DOLLAR)
    stage.expect("and none is added to the estate", stage.has(stage.bob) <= estate)
    return opened.case


def _topped_up(stage: FenceStage) -> None:
    stage.say("He offers 1 USDC of it to end the case.")
    refused = only(e.Rejected, stage.give(c.TopUp(account=stage.bob, asset=USDC, amount_atoms=DOLLAR)))
    small = Reject(refused.reject) is Reject.TOP_UP_TOO_SMALL
    stage.say(f"    refused: 1 USDC would be lost and end nothing; {fixed(refused.limit, 6)} USDC would")
    stage.expect("a top-up that would not end the case is refused with the amount that would", small)
    stage.expect("and takes nothing", stage.has(stage.fenced) == 350 * DOLLAR)
    stage.say("So he puts in just that.")
    topped = stage.must(c.TopUp(account=stage.bob, asset=USDC, amount_atoms=refused.limit))
    closed = only(e.CaseClosed, topped)
    stage.expect("a top-up that suffices ends the case", closed.reason == CaseEnd.TOPPED_UP)
    stage.expect("the rest stays his", stage.has(stage.fenced) == 350 * DOLLAR - refused.limit)
    stage.put_in = refused.limit


def _crash(stage: FenceStage) -> int:
    stage.say("The crash. BTC opens at 96,000, far below the price at which all that bob has is lost; nobody bids.")
    told = stage.second({SOL: 110, BTC: 96_000})
    opened = only(e.CaseOpened, told)
    stage.say(f"    case {opened.case}: worth {fixed(opened.worth_value, 6)}")
    stage.say("In the middle of it he deposits 40 USDC.")
    told += stage.deposit(stage.bob, 40)
    for _ in range(60):
        told += stage.second({SOL: 110, BTC: 96_000})
        if stage.exchange.case(stage.bob) is None:
            break
    wave = only(e.WaveBegan, told)
    sums = ", ".join(fixed(one, 6) for one in (wave.gap_atoms, wave.fund_atoms, wave.left_atoms))
    stage.say(f"    gap, of which FUND paid, and what was left for those in profit: {sums} USDC")
    for one in all_of(e.Deleveraged, told):
        cost, profit = fixed(one.cost_atoms, 6), fixed(one.profit_atoms, 6)
        stage.say(f"    account {one.account} gives up {cost} of a profit of {profit} USDC")
    closed = only(e.CaseClosed, told)
    stage.expect("the case ends by writing off", closed.reason == CaseEnd.WRITTEN_OFF)
    stage.expect("FUND pays before anybody in profit does", wave.fund_atoms == 200 * DOLLAR)
    cost = sum(one.cost_atoms for one in all_of(e.Deleveraged, told))
    stage.expect("what it cost others is exactly what was left", cost == wave.left_atoms)
    stage.expect(
        "nobody pays more than his profit", all(d.cost_atoms <= d.profit_atoms for d in all_of(e.Deleveraged, told))
    )
    zero = stage.exchange.balances(stage.bob) == [] and stage.exchange.positions(stage.bob) == []
    stage.expect("bob's account is exactly zero, and owes nothing", zero and stage.exchange.loans(stage.bob) == [])
    return opened.case


def _after(stage: FenceStage) -> None:
    stage.say("After. He deposits 60 USDC: the account owes nobody anything, so it is simply there.")
    stage.deposit(stage.bob, 60)
    stage.expect("a deposit after the case is his", stage.has(stage.bob) == 60 * DOLLAR)
    later = (100 + 250 + 40 + 60) * DOLLAR
    his = stage.has(stage.bob) + stage.has(stage.fenced)
    stage.expect("every later dollar is his, but what he chose to put in himself", his == later - stage.put_in)
    stage.say(f"He withdraws all of it: {fixed(his, 6)} USDC.")
    for account in (stage.bob, stage.fenced):
        amount = stage.has(account)
        stage.must(c.RequestWithdrawal(account=account, asset=USDC, amount_atoms=amount))
    stage.expect("and he can withdraw every one of them", stage.has(stage.bob) + stage.has(stage.fenced) == 0)


def _evidence(stage: FenceStage, cases: tuple[int, int]) -> None:
    stage.say("Evidence.")
    stage.expect(
        "every asset sums to zero and every invariant holds", not list(broken_invariants(stage.exchange.rows()))
    )
    stage.second({})
    stage.engine.close()
    rebuild_history(stage.directory, no_progress)
    history = open_history(sqlite_url(stage.directory / "history.sqlite"))
    try:
        receipts = Receipts(stage.directory, HistoryReader(history).cases)
        files = [receipts.of(case) for case in cases]
    finally:
        history.dispose()
    key: VerifyKey = load_public_key(stage.directory / "keys")
    held = [check(file, bytes(key).hex()).holds for file in files]
    stage.expect("the receipts of both cases check from nothing but the file and the venue's key", all(held))
    changed = files[1].replace(b'"deficit_atoms": ', b'"deficit_atoms": 1', 1)
    if changed == files[1]:
        changed = files[1].replace(b'"gap_atoms": ', b'"gap_atoms": 1', 1)
    stage.expect("a receipt with a changed digit does not", changed != files[1] and not check(changed).holds)
    report, _ = verify_directory(stage.directory, no_progress)
    stage.expect("replaying the log gives every hash that was signed", report.holds)
