"""A small venue to trade on, a flow of orders, and a node in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema.enums import AssetKind, Origin
from ringfence.schema.layout import COMMAND_HEADER, DTYPES, RECORD, encode, tag_of

USERS = 4
SOL, USDC = 1, 2
MARKET = 1
ACCOUNTS = [64 + 2 * user for user in range(USERS)]


def opening() -> list[c.Command]:
    """Return what lists SOL_USDC and funds four users."""
    assets = [
        c.ListAsset(symbol="SOL", name="Solana", asset_kind=AssetKind.CRYPTO, decimals=9),
        c.ListAsset(symbol="USDC", name="USD Coin", asset_kind=AssetKind.CASH, decimals=6),
    ]
    market = c.ListMarket(base_asset=SOL, quote_asset=USDC, tick_atoms=10_000, lot_atoms=10_000_000)
    funds = [
        c.Deposit(account=account, asset=asset, source=1, number=1 + 2 * index + asset - 1, amount_atoms=10**15)
        for index, account in enumerate(ACCOUNTS)
        for asset in (SOL, USDC)
    ]
    return [*assets, market, *[c.OpenUser()] * USERS, *funds]


def records_of(*commands: c.Command, origin: Origin | None = None) -> np.ndarray:
    """Return commands as an array of records."""
    return np.frombuffer(bytearray(b"".join(encode(command, origin) for command in commands)), RECORD)


def orders(count: int, seed: int = 7, first_request: int = 1) -> np.ndarray:
    """Return limit orders around one price, a third of them crossing, each with its own request number."""
    chance = np.random.default_rng(seed)
    records = np.zeros(count, RECORD)
    placed = records.view(DTYPES[c.PlaceOrder])
    placed["kind"], placed["origin"] = tag_of(c.PlaceOrder), Origin.USER
    placed["request"] = np.arange(first_request, first_request + count)
    placed["account"] = chance.choice(ACCOUNTS, count)
    placed["market"], placed["client_id"] = MARKET, -1
    placed["side"] = chance.integers(0, 2, count)
    placed["price_ticks"] = 14_000 + chance.integers(-20, 21, count)
    placed["quantity_lots"] = chance.integers(1, 100, count)
    placed["time_in_force"] = chance.integers(0, 2, count)
    return records


def requests_of(records: np.ndarray | bytes) -> list[int]:
    """Return the request numbers of records."""
    return np.frombuffer(records, RECORD).view(COMMAND_HEADER)["request"].tolist()


class NodeProcess:
    """`python -m ringfence.node` on a directory; `stop` ends it with SIGTERM, `kill` at once."""

    def __init__(self, directory: Path, program: tuple[str, ...] = ("-m", "ringfence.node")) -> None:
        self.log_path = directory.with_name(directory.name + ".node.log")
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, str(directory)], stdout=subprocess.PIPE, stderr=log, env=os.environ
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        self.ready: dict[str, Any] = json.loads(line) if line else {}

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(30)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def __enter__(self) -> "NodeProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        elif self.process.stdout:
            self.process.stdout.close()
