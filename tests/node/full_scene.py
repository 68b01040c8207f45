"""A venue in the middle of everything: a settlement between its pages, loans, a queue, triggers that are due."""

import numpy as np

from ringfence.node.engine import Engine
from ringfence.schema import commands as c
from ringfence.schema.enums import MarketKind, Side, TriggerBy
from ringfence.schema.layout import DTYPES

from . import scene

E8 = 10**8
PERPETUAL = 2
LENDER, DEBTOR, LONG, SHORT = scene.ACCOUNTS
FALL_TICKS = 9_000


def quotes(price_units: int, observed_us: int) -> list[c.Command]:
    """Return what three sources say of SOL."""
    return [
        c.Quote(asset=scene.SOL, price_source=number, last_units=price_units, observed_us=observed_us)
        for number in (1, 2, 3)
    ]


def pricing() -> list[c.Command]:
    made = c.SetPricing(
        asset=scene.SOL, minimum_sources=3, maximum_age_ms=36_000_000, clamp_ppm=10_000, update_cap_ppm=1_000_000
    )
    sources = [c.SetPriceSource(price_source=number, name=f"source {number}") for number in (1, 2, 3)]
    weights = [c.SetPriceWeight(asset=scene.SOL, price_source=number, weight=1) for number in (1, 2, 3)]
    return [made, *sources, *weights]


def rules() -> list[c.Command]:
    """Return what makes both assets collateral and lends them, and what lists SOL_USDC_PERP."""
    found: list[c.Command] = []
    for asset in (scene.SOL, scene.USDC):
        collateral = {"weight_e8": E8, "initial_base_e8": E8 // 10, "maintenance_base_e8": E8 // 20}
        found.append(c.SetCollateral(asset=asset, **collateral))
        rates = {"rate_idle_e8": 10**6, "rate_optimal_e8": 10**7, "rate_full_e8": E8, "fee_ppm": 100_000}
        found.append(c.SetLendingPool(asset=asset, **rates))
    market = {"tick_atoms": 10_000, "lot_atoms": 10_000_000, "market_kind": MarketKind.PERPETUAL}
    found.append(c.ListMarket(base_asset=scene.SOL, quote_asset=scene.USDC, **market))
    return [*found, c.SetPerpetual(market=PERPETUAL, initial_base_e8=E8 // 50, maintenance_base_e8=E8 // 80)]


def loans() -> list[c.Command]:
    """Return what lends cash, borrows all of it and asks for it back."""
    atoms = 7 * 10**12 + 1
    return [
        c.Lend(account=LENDER, asset=scene.USDC, amount_atoms=atoms),
        c.Borrow(account=DEBTOR, asset=scene.USDC, amount_atoms=atoms),
        c.Redeem(account=LENDER, asset=scene.USDC, amount_atoms=atoms - 3),
    ]


def opened_at(price_units: int, observed_us: int) -> list[c.Command]:
    """Return all that must be there before the first Clock makes a mark."""
    return [*pricing(), *rules(), *quotes(price_units, observed_us)]


def order(account: int, side: Side, ticks: int, lots: int, **more: int) -> c.PlaceOrder:
    given = {"market": PERPETUAL, **more}
    return c.PlaceOrder(account=account, side=side, price_ticks=ticks, quantity_lots=lots, **given)


def bets() -> list[c.Command]:
    """Return what makes a long and a short, orders of theirs that rest, and stops of the long below the mark."""
    stop = {"market": PERPETUAL, "side": Side.ASK, "order_type": 1, "reduce_only": 1, "trigger_by": TriggerBy.MARK}
    return [
        order(SHORT, Side.ASK, 10_000, 1_000),
        order(LONG, Side.BID, 10_000, 1_000),
        order(LONG, Side.BID, 8_000, 7),
        order(LONG, Side.ASK, 12_000, 5, reduce_only=1),
        order(SHORT, Side.BID, 8_500, 400),
        order(LENDER, Side.BID, 8_400, 400),
        c.PlaceTrigger(account=LONG, trigger_ticks=9_500, quantity_lots=10, **stop),
        c.PlaceTrigger(account=LONG, trigger_ticks=9_400, quantity_percent=30, **stop),
        order(DEBTOR, Side.ASK, 15_000, 3, market=scene.MARKET),
    ]


def until_due(engine: Engine) -> None:
    """Let the price fall until a settlement stands between its pages and triggers are due.

    The engine's clock decides when ten seconds are over; what it would do next is left undone.
    """
    engine.submit(scene.records_of(*opened_at(100 * E8, engine.exchange.time_us)))
    tick_to_rest(engine)
    engine.submit(scene.records_of(*loans(), *bets()))
    for _ in range(1_000):
        engine.submit(scene.records_of(*quotes(FALL_TICKS * E8 // 100, engine.exchange.time_us)))
        engine.tick()
        perpetual = engine.exchange.perpetual(PERPETUAL)
        assert perpetual is not None
        if engine.exchange.settling and perpetual.clearing_atoms and engine.exchange.triggers_due:
            return
        finish(engine)
    raise AssertionError("no settlement was met between its pages")


def tick_to_rest(engine: Engine) -> None:
    engine.tick()
    finish(engine)


def finish(engine: Engine) -> None:
    """Let the settlement that is under way end; triggers that are due stay so."""
    while engine.continue_settlement() is not None:
        pass


def mixed_orders(count: int, seed: int, first_request: int) -> np.ndarray:
    """Return orders on the spot market and the perpetual around 140 dollars; some in a hundred have stops attached."""
    records = scene.orders(count, seed, first_request)
    placed = records.view(DTYPES[c.PlaceOrder])
    placed["market"] = scene.MARKET + np.arange(count) % 2
    is_bid = placed["side"] == Side.BID
    placed["stop_loss_ticks"] = np.where(is_bid & (np.arange(count) % 50 == 0), 13_970, 0)
    return records
