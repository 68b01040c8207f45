"""The stage of the scenes about shares: GLXY.US, who holds, lends and is short of it, and who may not have it.

What people may do is decided by the desk from what is known of them; the venue gets the flags.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from ringfence.desk.eligibility import Decision, Person, TaxForm, decide, flags
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema import events as e
from ringfence.schema.enums import AssetKind, HouseAccount, MarketKind, OrderType, Side, TimeInForce
from ringfence.views.catalog import Catalog
from ringfence.views.lending import claim_atoms, debt_of

from .stage import DOLLAR, SECOND_US, SOURCES, USDC, Say, Stage, no_progress, only
from .upkeep import verify_directory

GLXY, CLASS = 2, 1
SPOT, PERPETUAL = 1, 2
SHARE = 10**6
LOTS = 1_000
"""A lot is a thousandth of a share, a tick a cent."""
BEGIN_US = int(datetime(2026, 11, 23, 15, tzinfo=UTC).timestamp()) * SECOND_US
FORM = TaxForm(signed=date(2025, 3, 1), treaty_country="DE", tax_number="12/345/67890")
PEOPLE = {
    "alice": Person(user=1, residence="DE", nationalities=("DE",), tax_form=FORM),
    "bob": Person(user=2, residence="GB", nationalities=("GB",)),
    "carol": Person(user=3, residence="PT", nationalities=("PT", "US")),
    "erin": Person(user=4, residence="SG", nationalities=("SG",)),
    "frank": Person(user=5, residence="FR", nationalities=("FR",)),
    "dave": Person(user=6, residence="UA-43", nationalities=("UA",)),
}
"""Alice holds; bob lends what he holds; carol is a US person; erin goes short; frank buys; dave lives where nobody is
served."""


class ShareStage(Stage):
    """A venue where GLXY.US is traded, lent, and has a contract."""

    def __init__(self, directory: Path, say: Say) -> None:
        super().__init__(directory, say, BEGIN_US)
        self.catalog = Catalog()
        self.accounts: dict[str, int] = {}
        self._list()
        self._admit()

    def give(self, command: c.Command) -> list[e.Event]:
        """Give the venue a command, and keep the names and numbers of things up to date."""
        events = super().give(command)
        for event in events:
            self.catalog.update(event)
        return events

    def at(self, dollars: float, seconds: int = 1) -> list[e.Event]:
        """Let time pass with the share at a price, as it is called now."""
        return self.second({GLXY: dollars}, seconds)

    def order(
        self, name: str, side: Side, shares: int, dollars: float, *, takes: bool = False, borrows: bool = False
    ) -> c.PlaceOrder:
        """Return an order for whole shares of when the share was listed."""
        return c.PlaceOrder(
            account=self.accounts[name], market=SPOT, side=side, price_ticks=round(dollars * 100),
            quantity_lots=shares * LOTS, order_type=OrderType.LIMIT, loan_flags=4 if borrows else 0,
            time_in_force=TimeInForce.IOC if takes else TimeInForce.GTC,
        )  # fmt: skip

    def trade(self, buyer: str, seller: str, shares: int, dollars: float, *, borrows: bool = False) -> None:
        """Let one sell shares to another."""
        self.must(self.order(seller, Side.ASK, shares, dollars, borrows=borrows))
        self.must(self.order(buyer, Side.BID, shares, dollars, takes=True))

    def shares(self, name: str) -> int:
        """Return the atoms of the share that somebody holds and has lent, less what he owes."""
        account = self.accounts[name]
        held = sum(self.exchange.balance(account, GLXY))
        pool, shares = self.exchange.lending_pool(GLXY), dict(self.exchange.loans(account)).get(GLXY, 0)
        assert pool is not None, "the share is not lent"
        return held + claim_atoms(pool, shares) - debt_of(pool, shares)

    def dollars(self, name: str) -> int:
        """Return the atoms of USDC that somebody has available."""
        return self.exchange.balance(self.accounts[name], USDC)[0]

    def decided(self, name: str) -> Decision:
        """Return what somebody may do, and why no more."""
        return decide(PEOPLE[name], self.today())

    def today(self) -> date:
        """Return the day of the scene."""
        return datetime.fromtimestamp(self.time_us // SECOND_US, UTC).date()

    def show_evidence(self) -> None:
        """Look at all that must hold, and replay the log."""
        self.say("Evidence.")
        broken = list(broken_invariants(self.exchange.rows()))
        self.expect("every asset sums to zero and every invariant holds", not broken)
        self.engine.close()
        report, _ = verify_directory(self.directory, no_progress)
        self.expect("replaying the log gives every hash that was signed", report.holds)

    def _list(self) -> None:
        self.must(c.ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=6))
        self.must(
            c.ListAsset(
                symbol="GLXY.US", name="Galaxy Digital Class A", cusip="36317J209", asset_kind=AssetKind.SHARE,
                decimals=6, eligibility_class=CLASS,
            )
        )  # fmt: skip
        for kind in (MarketKind.SPOT, MarketKind.PERPETUAL):
            grid = {"tick_atoms": 10_000, "lot_atoms": SHARE // LOTS, "market_kind": kind}
            self.must(c.ListMarket(base_asset=GLXY, quote_asset=USDC, **grid))
        self.must(c.SetPricing(asset=GLXY, update_cap_ppm=1_000_000, maximum_age_ms=60_000))
        for source, name in enumerate(SOURCES, 1):
            self.must(c.SetPriceSource(price_source=source, name=name))
            self.must(c.SetPriceWeight(asset=GLXY, price_source=source, weight=1))
        for asset in (USDC, GLXY):
            rules = {"weight_e8": 10**8, "initial_base_e8": 3 * 10**7, "maintenance_base_e8": 15 * 10**6}
            self.must(c.SetCollateral(asset=asset, **rules))
            self.must(c.SetLendingPool(asset=asset, rate_optimal_e8=5 * 10**6, rate_full_e8=5 * 10**7))
        self.must(c.SetBrakes(market=SPOT, auction_ms=5_000))
        self.at(30)
        self.must(c.SetPerpetual(market=PERPETUAL, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6))

    def _admit(self) -> None:
        for name, person in PEOPLE.items():
            opened = only(e.UserOpened, self.must(c.OpenUser()))
            self.accounts[name] = opened.account
            self.must(flags(person, [CLASS], self.today()))
            self.deposit(opened.account, 10_000)
        self.deposit(self.accounts["alice"], 100, GLXY, SHARE)
        self.deposit(self.accounts["bob"], 100, GLXY, SHARE)
        self.deposit(HouseAccount.SUSPENSE, 1_000)
        self.must(c.Lend(account=self.accounts["bob"], asset=GLXY, amount_atoms=100 * SHARE))


def whole(atoms: int) -> str:
    """Return atoms of six decimals as people write them."""
    sign = "-" if atoms < 0 else ""
    text = f"{abs(atoms) // DOLLAR:,}.{abs(atoms) % DOLLAR:06d}".rstrip("0").rstrip(".")
    return sign + text
