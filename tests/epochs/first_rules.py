"""A venue's life under the first rules, frozen: the commands, and what they came to when those rules were the last.

Nothing here changes when the rules do; it stands for the logs that people have.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind, MarketState, Origin, Side, TimeInForce
from ringfence.schema.layout import COMMAND_HEADER, RECORD, encode

SCHEMA_HASH = "4d5dd4b75e2e8a762a4e830743ae334932e3c5e0959df282ba6eff3d3bd840ad"
STATE_HASH = "adf1f11e5f63a16d01408ad84bf5d1afd0c2339cfaca32d57371d76893fa1eaa"
EVENTS_HASH = "680a3bb51937ef4a2dfab1b066ef1b2e0a24e04ac1a77c9fd89e0865c841759e"
START_US = 1_760_000_000_000_000
ALICE, BOB = 64, 66
ROUNDS = 400


def _openings() -> Iterator[tuple[c.Command, Origin | None]]:
    yield c.SetRules(rules_version=1, schema_hash=bytes.fromhex(SCHEMA_HASH)), None
    yield c.ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=6), None
    yield c.ListAsset(symbol="SOL", name="Solana", asset_kind=AssetKind.CRYPTO, decimals=9), None
    yield c.ListMarket(base_asset=2, quote_asset=1, tick_atoms=10_000, lot_atoms=10_000_000), None
    yield c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=800, taker_ppm=1_000), None
    yield c.SetPriceBands(market=1, limit_maximum_ppm=2_000_000, limit_minimum_ppm=250_000), None
    # Parameter 11 was none under the first rules, and kind 40 no command: both stay refused.
    yield c.SetParameter(parameter=11, value=1), Origin.OPERATOR
    for number, (account, asset, amount) in enumerate(
        [(ALICE, 1, 10**12), (ALICE, 2, 10**12), (BOB, 1, 10**12), (BOB, 2, 10**12)], 1
    ):
        if asset == 1:
            yield c.OpenUser(), None
        yield c.Deposit(account=account, asset=asset, source=1, number=number, amount_atoms=amount), None


def _orders() -> Iterator[tuple[c.Command, Origin | None]]:
    number = 1
    for turn in range(ROUNDS):
        number = (number * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        account, side = (ALICE, BOB)[number >> 60 & 1], Side(number >> 59 & 1)
        price, lots = 15_000 + (number >> 40) % 64, 1 + (number >> 30) % 200
        choice = (number >> 20) % 10
        if choice < 7:
            force = TimeInForce.IOC if choice == 0 else TimeInForce.GTC
            yield c.PlaceOrder(account=account, market=1, side=side, price_ticks=price, quantity_lots=lots,
                               time_in_force=force, client_id=turn), None  # fmt: skip
        elif choice == 7:
            yield c.CancelAllOrders(account=account, market=0), None
        elif choice == 8:
            yield c.RequestWithdrawal(account=account, asset=1, amount_atoms=lots, fee_atoms=1), None
        else:
            yield c.Clock(seed=number.to_bytes(32, "little")), None
    yield c.SetMarketState(market=1, state=MarketState.POST_ONLY), None


def records() -> np.ndarray:
    """Return the whole life as stamped records."""
    commands = [encode(command, origin) for part in (_openings(), _orders()) for command, origin in part]
    unknown = bytearray(commands[-1])
    unknown[28:30] = (40).to_bytes(2, "little")
    found = np.frombuffer(bytearray(b"".join([*commands, unknown])), RECORD)
    header = found.view(COMMAND_HEADER)
    header["sequence"] = np.arange(1, len(found) + 1)
    header["time_us"] = START_US + np.arange(len(found)) * 1_000
    return found


def hash_of(events: np.ndarray) -> str:
    """Return the BLAKE2b-256 of events, in hexadecimal."""
    return hashlib.blake2b(events.tobytes(), digest_size=32).hexdigest()
