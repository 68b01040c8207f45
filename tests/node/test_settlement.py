"""A settlement of perpetuals goes on between other commands, is over before the next second, and replays alike."""

import time

import numpy as np
import pytest

from ringfence.journal import JournalReader
from ringfence.node.engine import Engine
from ringfence.node.follower import Follower
from ringfence.node.invariants import broken_invariants
from ringfence.node.local import LocalNode
from ringfence.schema import commands as c
from ringfence.schema.enums import HouseAccount, MarketKind, Origin, PriceState, Side
from ringfence.schema.events import Settled
from ringfence.schema.layout import COMMAND_HEADER, decode_event, known_schemas, tag_of

from . import scene

PERPETUAL = 2
E8 = 10**8
ALICE, BOB = scene.ACCOUNTS[:2]
CLOCK, PAGE = tag_of(c.Clock), tag_of(c.ContinueSettlement)


def perpetual_opening(price_units: int, observed_us: int) -> list[c.Command]:
    """Return what lists SOL_USDC_PERP and prices SOL."""
    pricing = c.SetPricing(
        asset=scene.SOL, minimum_sources=3, maximum_age_ms=3_600_000, clamp_ppm=10_000, update_cap_ppm=1_000_000
    )
    sources = [c.SetPriceSource(price_source=number, name=f"source {number}") for number in (1, 2, 3)]
    weights = [c.SetPriceWeight(asset=scene.SOL, price_source=number, weight=1) for number in (1, 2, 3)]
    market = c.ListMarket(
        base_asset=scene.SOL,
        quote_asset=scene.USDC,
        tick_atoms=10_000,
        lot_atoms=10_000_000,
        market_kind=MarketKind.PERPETUAL,
    )
    rules = c.SetPerpetual(market=PERPETUAL, initial_base_e8=E8 // 50, maintenance_base_e8=E8 // 80)
    collateral = c.SetCollateral(asset=scene.USDC, weight_e8=E8, initial_base_e8=E8 // 10, maintenance_base_e8=E8 // 20)
    return [pricing, *sources, *weights, market, rules, collateral, *quotes(price_units, observed_us)]


def quotes(price_units: int, observed_us: int) -> list[c.Command]:
    return [
        c.Quote(asset=scene.SOL, price_source=number, last_units=price_units, observed_us=observed_us)
        for number in (1, 2, 3)
    ]


def order(account: int, side: Side, lots: int, **more: int) -> c.PlaceOrder:
    return c.PlaceOrder(account=account, market=PERPETUAL, side=side, price_ticks=10_000, quantity_lots=lots, **more)


def settle(engine: Engine) -> int:
    """Let the settlement that is under way end; return how many pages that took."""
    pages = 0
    while engine.continue_settlement() is not None:
        pages += 1
    return pages


@pytest.fixture
def traded(node: LocalNode) -> LocalNode:
    """A node where alice is long 10 SOL at 100 and bob short; one of alice's orders rests, one only reduces."""
    engine = node.engine
    engine.submit(scene.records_of(*perpetual_opening(100 * E8, engine.exchange.time_us)))
    engine.tick()
    settle(engine)
    assert engine.exchange.perpetual(PERPETUAL).price_state == PriceState.FRESH
    engine.submit(
        scene.records_of(
            order(BOB, Side.ASK, 1_000),
            order(ALICE, Side.BID, 1_000),
            c.PlaceOrder(account=ALICE, market=PERPETUAL, side=Side.BID, price_ticks=9_000, quantity_lots=7),
            c.PlaceOrder(
                account=ALICE, market=PERPETUAL, side=Side.ASK, price_ticks=12_000, quantity_lots=5, reduce_only=1
            ),
        )
    )
    return node


def raise_price(node: LocalNode, price_units: int) -> list[object]:
    """Let the price change and seconds pass until a settlement has ended; return the Settled events."""
    engine, found = node.engine, []
    for _ in range(200):
        engine.submit(scene.records_of(*quotes(price_units, engine.exchange.time_us)))
        engine.tick()
        while (page := engine.continue_settlement()) is not None:
            found += [decode_event(record.tobytes()) for record in page.events]
        if found:
            return found
    raise AssertionError("nothing was settled")


def test_settlement_after_a_price_rise_pays_the_long_from_the_short(traded):
    exchange = traded.exchange
    before = exchange.balance(ALICE, scene.USDC)[0], exchange.balance(BOB, scene.USDC)[0]
    (settled,) = raise_price(traded, 101 * E8)
    assert isinstance(settled, Settled) and settled.market == PERPETUAL
    assert (settled.collected_atoms, settled.short_atoms) == (settled.due_atoms, 0) and settled.left_atoms == 0
    after = exchange.balance(ALICE, scene.USDC)[0], exchange.balance(BOB, scene.USDC)[0]
    assert after[0] - before[0] == before[1] - after[1] == settled.paid_atoms > 0
    assert not exchange.settling


def test_settlement_continues_as_the_node_and_replays_to_the_same_hash(traded, directory):
    raise_price(traded, 102 * E8)
    assert list(broken_invariants(traded.exchange.rows())) == []
    expected, sequence = traded.exchange.state_hash(), traded.engine.sequence
    follower = Follower(directory)
    for _ in follower.catch_up(sequence):
        pass
    assert follower.exchange.state_hash() == expected
    with JournalReader(directory / "journal", known_schemas()) as reader:
        log = np.concatenate([np.frombuffer(frame.payload, "V128") for frame in reader.read(1)]).view(COMMAND_HEADER)
    pages = log["kind"] == PAGE
    assert pages.any() and set(log["origin"][pages].tolist()) == {Origin.NODE}


def test_server_ends_each_settlement_before_the_next_second(directory):
    with LocalNode(directory) as node:
        node.submit(scene.records_of(*scene.opening()))
        node.submit(scene.records_of(*perpetual_opening(100 * E8, node.exchange.time_us)))
    ten_s = 10.0
    time.sleep(ten_s - time.time() % ten_s)
    with scene.NodeProcess(directory) as process:
        time.sleep(1.5)
        assert process.stop() == 0
    with JournalReader(directory / "journal", known_schemas()) as reader:
        log = np.concatenate([np.frombuffer(frame.payload, "V128") for frame in reader.read(1)]).view(COMMAND_HEADER)
    kinds = [kind for kind in log["kind"].tolist()[-8:] if kind in (CLOCK, PAGE)]
    assert PAGE in kinds, "the server begins with a Clock command of another ten seconds"
    place = kinds.index(PAGE)
    assert CLOCK in kinds[:place] and CLOCK in kinds[place:]


@pytest.mark.parametrize(
    ("table", "column", "sentence"),
    [
        ("positions", "net_lots", "the positions in market 2 sum to 1 lots, not to 0"),
        ("positions", "reference_atoms", "the positions in market 2 cost 1 atoms in all, not 0"),
        ("positions", "bid_lots", "counts [8, 0, 5] lots of orders in market 2, its open orders have [7, 0, 5]"),
        ("positions", "reduce_lots", "counts [7, 0, 6] lots of orders in market 2, its open orders have [7, 0, 5]"),
        ("perpetuals", "open_interest_lots", "the open interest of market 2 is 1001 lots, longs come to 1000"),
        ("perpetuals", "clearing_atoms", "CLEARING has 0 atoms of asset 2, markets count 1"),
    ],
)
def test_broken_invariants_name_what_positions_do_not_keep(traded, table, column, sentence):
    rows = {name: table.copy() for name, table in traded.exchange.rows().items()}
    assert list(broken_invariants(rows)) == []
    place = 0 if table == "perpetuals" else int(np.flatnonzero(rows[table]["account"] == ALICE)[0])
    rows[table][column][place] += 1
    assert any(sentence in found for found in broken_invariants(rows))


def test_clearing_holds_what_was_collected_and_not_yet_paid(traded):
    traded.engine.submit(scene.records_of(*quotes(103 * E8, traded.exchange.time_us)))
    for _ in range(200):
        traded.engine.tick()
        if traded.exchange.settling:
            break
    assert list(broken_invariants(traded.exchange.rows())) == []
    held = traded.exchange.balance(HouseAccount.CLEARING, scene.USDC)[0]
    assert held == traded.exchange.perpetual(PERPETUAL).clearing_atoms > 0
