"""bpx-py, synchronous: every spot and margin method once. Market: BTC_USDC."""

import asyncio
import json
import sys

import bpx_calls as calls
from bpx.base.base_account import BaseAccount
from bpx.base.base_public import BasePublic

VENUE = json.loads(sys.argv[1])
BaseAccount.BPX_API_URL = BasePublic.BASE_URL = VENUE["rest"] + "/"

from bpx.account import Account  # noqa: E402
from bpx.public import Public  # noqa: E402

SYMBOL, BELOW, PRICE, UNAFFORDABLE = "BTC_USDC", "80000", "90000", "9000"


def keys(name: str) -> tuple[str, str]:
    return VENUE["users"][name]["apiKey"], VENUE["users"][name]["apiSecret"]


async def main() -> None:
    alice, bob, public = Account(*keys("alice")), Account(*keys("bob")), Public()
    forged = Account(keys("alice")[0], keys("bob")[1])
    await calls.public_calls(public, SYMBOL)
    await calls.order_calls(alice, public, SYMBOL, BELOW)
    await calls.account_calls(alice, SYMBOL, BELOW)
    await calls.trade_calls(alice, bob, public, SYMBOL, PRICE)
    await calls.trigger_calls(alice, SYMBOL, BELOW, PRICE)
    await calls.margin_calls(alice, bob, public, "BTC")
    await calls.error_calls(alice, forged, SYMBOL, PRICE, UNAFFORDABLE)


asyncio.run(main())
print("all of it")
