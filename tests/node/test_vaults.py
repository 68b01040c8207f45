"""The node values vaults and pays redemptions without anybody's command, once a second, and the log replays alike."""

from collections.abc import Iterator
from pathlib import Path

from ringfence.node.engine import Engine
from ringfence.node.follower import Follower
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind
from ringfence.schema.events import VaultRedeemed, VaultValued
from ringfence.schema.layout import decode_event

from . import scene
from .conftest import START_US

CASH, SHARE, ALICE, VAULT = 1, 2, 64, 66
DOLLAR = 10**6


class Seconds:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us


def opening() -> Iterator[c.Command]:
    for symbol, kind in (("USDC", AssetKind.CASH), ("VLT", AssetKind.CRYPTO)):
        yield c.ListAsset(symbol=symbol, name=symbol, asset_kind=kind, decimals=6)
    yield c.SetCollateral(asset=CASH, weight_e8=10**8, initial_base_e8=10**7, maintenance_base_e8=5 * 10**6)
    yield from (c.OpenUser(), c.OpenUser())
    yield c.SetVault(vault=1, account=VAULT, share_asset=SHARE, quote_asset=CASH, redeem_delay_ms=2_000)
    yield c.Deposit(account=ALICE, asset=CASH, source=1, number=1, amount_atoms=100 * DOLLAR)


def tended(engine: Engine) -> list[type]:
    kinds: list[type] = []
    while (done := engine.tend_vaults()) is not None:
        kinds += [type(decode_event(bytes(event))) for event in done.events]
    return kinds


def second(engine: Engine, clock: Seconds) -> list[type]:
    clock.now_us += 1_000_000
    engine.tick()
    assert engine.has_work
    kinds = tended(engine)
    while engine.liquidate() is not None:
        pass
    assert engine.cover_debts() is None
    assert not engine.has_work
    return kinds


def test_node_pays_a_redemption_when_its_delay_has_passed(directory: Path) -> None:
    clock = Seconds()
    with Engine.open(directory, clock=clock) as engine:
        engine.submit(scene.records_of(*opening()))
        assert second(engine, clock) == []
        engine.submit(scene.records_of(c.MintVaultShares(account=ALICE, vault=1, amount_atoms=50 * DOLLAR)))
        engine.submit(scene.records_of(c.RequestVaultRedeem(account=ALICE, vault=1)))
        assert tended(engine) == [], "nothing is looked at twice in a second"
        assert [second(engine, clock) for _ in range(3)] == [[VaultValued], [VaultRedeemed], []]
        assert engine.exchange.balance(ALICE, CASH) == (100 * DOLLAR, 0)
        assert not list(broken_invariants(engine.exchange.rows()))
        expected = engine.exchange.state_hash()
    follower = Follower(directory)
    for _ in follower.catch_up():
        pass
    assert follower.exchange.state_hash() == expected
