"""A venue with a perpetual, and people who trade it: the compiled core, driven a command at a time."""

import struct
from typing import Any, ClassVar

import numpy as np

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.layout import RECORD, decode_event, encode
from ringfence.schema.rejects import Reject

USDC, SOL = 1, 2
SPOT, PERP = 1, 2
DOLLAR, WHOLE_SOL = 10**6, 10**9
BID, ASK = 0, 1
SOURCES = (1, 2, 3)
SECOND_US = 1_000_000


def collateral(asset: int) -> c.SetCollateral:
    return c.SetCollateral(asset=asset, weight_e8=10**8, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6)


class PerpetualVenue:
    """SOL at 100 dollars; a lot of the perpetual is a hundredth of one, a tick is a cent, and no fee is charged."""

    traded: ClassVar = {"symbol": "SOL", "name": "SOL", "asset_kind": 1, "decimals": 9}
    """What is traded against dollars."""

    def __init__(self, people: int, **perpetual: int) -> None:
        self.time_us, self.number = 1_700_000_000 * SECOND_US, 0
        self.exchange = self.begin()
        self.price_units = 100 * 10**8
        self.must(c.ListAsset(symbol="USDC", name="USDC", asset_kind=2, decimals=6))
        self.must(c.ListAsset(**self.traded))
        for kind in (0, 1):
            market = {"tick_atoms": 10**4, "lot_atoms": 10**7, "market_kind": kind, "fee_schedule": kind}
            self.must(c.ListMarket(base_asset=SOL, quote_asset=USDC, **market))
        self.accounts = [64 + 2 * n for n in range(people)]
        for _ in range(people):
            self.admit(self.must(c.OpenUser())[0].user)
        self.must(c.SetPricing(asset=SOL, update_cap_ppm=1_000_000))
        for source in SOURCES:
            self.must(c.SetPriceSource(price_source=source, name=f"source {source}"))
            self.must(c.SetPriceWeight(asset=SOL, price_source=source, weight=1))
        for asset in (USDC, SOL):
            self.must(
                c.SetCollateral(asset=asset, weight_e8=10**8, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6)
            )
            rates = {"rate_optimal_e8": 10**7, "rate_full_e8": 10**8}
            self.must(c.SetLendingPool(asset=asset, **rates))
        self.let(100)
        self.rule(PERP, **perpetual)

    def admit(self, user: int) -> None:
        """Let a user have the rights that he is to have; everybody may hold what is of no class."""

    def begin(self) -> Exchange:
        """Return the exchange that commands are given to."""
        return Exchange()

    def rule(self, market: int, **perpetual: int) -> None:
        """Say what margin a perpetual needs: two percent to begin with, one to keep."""
        rules = {"initial_base_e8": 2_000_000, "maintenance_base_e8": 1_000_000, **perpetual}
        self.must(c.SetPerpetual(market=market, **rules))

    def quote_in(self, symbol: str, decimals: int, tick_atoms: int, *, priced: bool = False, schedule: int = 1) -> int:
        """List another cash asset and a perpetual that is paid in it; returns the market, the asset is the last."""
        self.must(c.ListAsset(symbol=symbol, name=symbol, asset_kind=2, decimals=decimals))
        asset = self.exchange.assets_listed
        if priced:
            self.must(c.SetPricing(asset=asset))
        self.must(collateral(asset))
        market = {"tick_atoms": tick_atoms, "lot_atoms": 10**7, "market_kind": 1, "fee_schedule": schedule}
        self.must(c.ListMarket(base_asset=SOL, quote_asset=asset, **market))
        self.rule(self.exchange.markets_listed)
        return self.exchange.markets_listed

    def give(self, command: c.Command) -> list[Any]:
        record = bytearray(encode(command, type(command).origins[0]))
        struct.pack_into("<qqq", record, 0, self.exchange.sequence + 1, self.time_us, 0)
        return [decode_event(event.tobytes()) for event in self.exchange.apply(np.frombuffer(bytes(record), RECORD))]

    def must(self, command: c.Command) -> list[Any]:
        events = self.give(command)
        assert not isinstance(events[0], v.Rejected), (command, Reject(events[0].reject).name, events[0])
        return events

    def let(self, dollars: float, seconds: float = 1) -> list[Any]:
        """Let the price be so much after so long, and the clock strike."""
        self.time_us += round(seconds * SECOND_US)
        for source in SOURCES:
            price = {"last_units": round(dollars * 10**8), "observed_us": self.time_us}
            self.must(c.Quote(asset=SOL, price_source=source, **price))
        return self.must(c.Clock())

    def settle(self, dollars: float) -> None:
        """Let the settlement that is under way end, and another begin and end at a price."""
        self.end_settlement()
        self.let(dollars, 10)
        self.end_settlement()

    def end_settlement(self) -> None:
        while self.exchange.settling:
            self.give(c.ConvertCollateral() if self.exchange.converting else c.ContinueSettlement())

    def fund(self, account: int, atoms: int, asset: int = USDC) -> None:
        self.number += 1
        self.must(c.Deposit(account=account, asset=asset, source=1, number=self.number, amount_atoms=atoms))

    def order(self, account: int, side: int, dollars: float, lots: int, **more: Any) -> c.PlaceOrder:
        given = {"market": PERP, **more}
        return c.PlaceOrder(account=account, side=side, price_ticks=round(dollars * 100), quantity_lots=lots, **given)

    def at_market(self, account: int, side: int, lots: int, **more: Any) -> c.PlaceOrder:
        return self.order(account, side, 0, lots, order_type=1, **more)

    def place(self, account: int, side: int, dollars: float, lots: int, **more: Any) -> int:
        """Place an order that must be accepted, and return its number."""
        return self.must(self.order(account, side, dollars, lots, **more))[0].order

    def trade(self, buyer: int, seller: int, dollars: float, lots: int) -> None:
        self.place(seller, ASK, dollars, lots)
        self.place(buyer, BID, dollars, lots, time_in_force=1)

    def free(self, account: int) -> int:
        return self.exchange.measure(account).free

    def equity(self, account: int) -> int:
        return self.exchange.measure(account).equity
