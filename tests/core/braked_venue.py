"""A venue one market of which has brakes, driven a command at a time."""

from typing import Any

from tests.core.perpetual_venue import ASK, BID, DOLLAR, SOL, SPOT, WHOLE_SOL, PerpetualVenue

from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema.enums import MarketState


class Braked(PerpetualVenue):
    """Ten percent around 100 dollars for five minutes; a halt of two seconds, and an auction of ten."""

    def __init__(self, people: int = 4, market: int = SPOT, **more: int) -> None:
        super().__init__(people)
        self.market = market
        self.alice, self.bob, self.carol, self.dora = self.accounts[:4]
        for account in self.accounts:
            self.fund(account, 100_000 * DOLLAR)
            self.fund(account, 1_000 * WHOLE_SOL, SOL)
        self.brake(**more)

    def brake(self, **more: int) -> list[Any]:
        settings = {"band_ppm": 100_000, "halt_ms": 2_000, "auction_ms": 10_000, **more}
        return self.must(c.SetBrakes(market=self.market, **settings))

    def rest(self, account: int, side: int, dollars: float, lots: int, **more: Any) -> int:
        return self.place(account, side, dollars, lots, market=self.market, **more)

    def try_order(self, account: int, side: int, dollars: float, lots: int, **more: Any) -> list[Any]:
        return self.give(self.order(account, side, dollars, lots, market=self.market, **more))

    @property
    def row(self) -> Any:
        return self.exchange.brakes(self.market)

    @property
    def state(self) -> int:
        row = self.exchange.market(self.market)
        assert row is not None
        return row.state

    def halt(self) -> list[Any]:
        """Let bob's bid meet an ask outside the band."""
        self.rest(self.alice, ASK, 111, 100)
        return self.must(self.order(self.bob, BID, 112, 50, market=self.market))

    def begin_auction(self) -> None:
        self.must(c.SetMarketState(market=self.market, state=MarketState.AUCTION))

    def trade_spot(self, buyer: int, seller: int, dollars: float) -> None:
        self.rest(seller, ASK, dollars, 1)
        self.rest(buyer, BID, dollars, 1, time_in_force=1)

    def poor(self, dollars: int) -> int:
        """Open somebody who has nothing but so many dollars."""
        account = self.must(c.OpenUser())[0].account
        self.fund(account, dollars * DOLLAR)
        return account

    def sound(self) -> bool:
        assert list(broken_invariants(self.exchange.rows())) == []
        return True

    def uncross(self, most: int = 1_000) -> list[Any]:
        """Let the auction whose time is over be carried out."""
        told: list[Any] = []
        while self.exchange.uncrossing and most:
            told += self.give(c.UncrossMarket(market=self.market))
            most -= 1
        assert most, "an auction has no end"
        return told


def of(kind: type, events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]
