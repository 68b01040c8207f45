"""What brakes do: bands, halts, auctions, margin that rises with open interest, orders that are retired."""

from typing import Any

from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, USDC, WHOLE_SOL, PerpetualVenue

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import BrakePhase, CloseReason, MarketState
from ringfence.schema.rejects import Reject


class Braked(PerpetualVenue):
    """Ten percent around 100 dollars for five minutes; a halt of two seconds, and an auction of ten."""

    def __init__(self, people: int = 4, market: int = SPOT, **more: int) -> None:
        super().__init__(people)
        self.market = market
        self.alice, self.bob, self.carol, self.dora = self.accounts
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

    def uncross(self, most: int = 1_000) -> list[Any]:
        """Let the auction whose time is over be carried out."""
        told: list[Any] = []
        while self.exchange.uncrossing and most:
            told += self.give(c.UncrossMarket(market=self.market))
            most -= 1
        return told


def of(kind: type, events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_trade_outside_the_band_does_not_happen_and_the_market_halts() -> None:
    venue = Braked()
    told = venue.halt()
    assert not of(v.Trade, told)
    (halted,), (state,) = of(v.MarketHalted, told), of(v.MarketStateSet, told)
    assert (halted.price_ticks, halted.reference_ticks, halted.low_ticks, halted.high_ticks) == (11100, 10000, 9000, 11000)
    assert state.state == MarketState.CANCEL_ONLY == venue.state
    assert told[0].rested_lots == 50


def test_auction_trades_at_one_price_where_least_is_left_over() -> None:
    venue = Braked()
    venue.halt()
    venue.let(100, 2)
    assert venue.state == MarketState.AUCTION
    venue.rest(venue.carol, ASK, 109, 30)
    told = venue.let(100, 1)
    (indicated,) = of(v.AuctionIndicated, told)
    assert (indicated.price_ticks, indicated.quantity_lots, indicated.imbalance_lots) == (11100, 50, -80)
    venue.let(100, 9)
    told = venue.uncross()
    assert [(t.price_ticks, t.quantity_lots) for t in of(v.Trade, told)] != []
    assert venue.state == MarketState.OPEN or venue.row.extended
