"""A data directory with the market, the users and the funds of a flow, and the flow in that venue's own numbers."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..node.engine import Engine
from ..node.replay import BATCH_RECORDS
from ..node.replica import Records, as_records
from ..schema import commands as c
from ..schema.enums import FIRST_USER_ACCOUNT, AssetKind
from ..schema.layout import COMMAND_HEADER, DTYPES, encode, tag_of
from .flow import DECIMALS, FUNDS_ATOMS, LOT_ATOMS, MAKER_PPM, SHAPES, TAKER_PPM, TICK_ATOMS, flow

ACCOUNTS_PER_USER = 2
QUOTE, BASE = 1, 2
CANCEL, CANCEL_TAG, PLACE = DTYPES[c.CancelOrder], tag_of(c.CancelOrder), DTYPES[c.PlaceOrder]


def opening_commands(users: int) -> Records:
    """Return the commands that list one market and open and fund so many users."""
    listing: list[c.Command] = [
        c.ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=DECIMALS),
        c.ListAsset(symbol="SOL", name="Solana", asset_kind=AssetKind.CRYPTO, decimals=DECIMALS),
        c.ListMarket(base_asset=BASE, quote_asset=QUOTE, tick_atoms=TICK_ATOMS, lot_atoms=LOT_ATOMS),
        c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=MAKER_PPM, taker_ppm=TAKER_PPM),
    ]
    deposits = [
        c.Deposit(
            account=FIRST_USER_ACCOUNT + ACCOUNTS_PER_USER * user,
            asset=asset,
            source=1,
            number=len((QUOTE, BASE)) * user + asset,
            amount_atoms=FUNDS_ATOMS,
        )
        for user in range(users)
        for asset in (QUOTE, BASE)
    ]
    data = b"".join(encode(command) for command in (*listing, *[c.OpenUser()] * users, *deposits))
    return as_records(bytearray(data))


class Load:
    """The flow ``one`` for a venue made by `opening_commands`.

    A cancellation names its order by the place of its placing in the flow; the venue numbers orders by the sequence
    that they got. So what is sent is filled in with what `learn` was told, as a real client does, and the cancellation
    of an order whose acknowledgement has not come yet names order 0 and is refused.
    """

    def __init__(self) -> None:
        self.shape = SHAPES["one"]
        self.records = flow("one")
        headers = self.records.view(COMMAND_HEADER)
        headers["account"] = FIRST_USER_ACCOUNT + ACCOUNTS_PER_USER * (headers["account"] - FIRST_USER_ACCOUNT)
        headers["request"] = np.arange(len(self.records))
        self._is_cancel = headers["kind"] == CANCEL_TAG
        self._placed_at = np.where(self._is_cancel, self.records.view(CANCEL)["order"] - 1, -1)
        self._sequences = np.zeros(len(self.records), np.int64)

    def take(self, begin: int, end: int, next_sequence: int = 0) -> Records:
        """Return these commands ready to be sent; ``next_sequence`` is what the first will get, when that is known."""
        batch = self.records[begin:end].copy()
        if next_sequence:
            self._sequences[begin:end] = np.arange(next_sequence, next_sequence + end - begin)
        cancels = np.flatnonzero(self._is_cancel[begin:end])
        batch.view(CANCEL)["order"][cancels] = self._sequences[self._placed_at[begin + cancels]]
        return batch

    def learn(self, requests: npt.NDArray[np.int64], sequences: npt.NDArray[np.int64]) -> None:
        """Remember which sequences the node gave."""
        self._sequences[requests] = sequences


def prepare(directory: Path, load: Load) -> None:
    """Make the venue of a load in a new directory, its first 100,000 orders resting."""
    with Engine.open(directory) as engine:
        commands = opening_commands(load.shape.accounts)
        for begin in range(0, commands.size, BATCH_RECORDS):
            engine.submit(commands[begin : begin + BATCH_RECORDS])
        preload(engine, load)
        engine.tick()


def preload(engine: Engine, load: Load) -> None:
    """Place the orders that rest when measuring begins."""
    for begin in range(0, load.shape.preload, BATCH_RECORDS):
        end = min(begin + BATCH_RECORDS, load.shape.preload)
        engine.submit(load.take(begin, end, engine.sequence + 1))
