"""bpx-py, both sides: funding and settlements of hours that are over. Market: SOL_USDC_PERP."""

import asyncio
import json
import sys
from decimal import Decimal

from bpx.base.base_account import BaseAccount
from bpx.base.base_public import BasePublic
from bpx_calls import call

VENUE = json.loads(sys.argv[1])
BaseAccount.BPX_API_URL = BasePublic.BASE_URL = VENUE["rest"] + "/"

from bpx.account import Account  # noqa: E402
from bpx.async_.account import Account as AsyncAccount  # noqa: E402
from bpx.async_.public import Public as AsyncPublic  # noqa: E402
from bpx.public import Public  # noqa: E402

SYMBOL = "SOL_USDC_PERP"


async def look(account, public) -> None:
    paid = await call(account.get_funding_payments(symbol=SYMBOL))
    assert len(paid) >= 3 and {row["symbol"] for row in paid} == {SYMBOL}, paid
    assert {row["quantity"] for row in paid[-3:]} == {"-0.0125"}, paid
    assert [row["intervalEndTimestamp"] for row in paid] == sorted(
        (row["intervalEndTimestamp"] for row in paid), reverse=True
    ), "newest first"
    assert await call(account.get_funding_payments(symbol=SYMBOL, limit=1, offset=1)) == paid[1:2]
    settled = await call(account.get_settlements_history())
    assert {row["source"] for row in settled} == {"RealizePnl"} and len({row["positionId"] for row in settled}) == 2
    (position,) = await call(account.get_open_positions())
    of_position = [row for row in settled if row["positionId"] == position["positionId"]]
    assert sum(Decimal(row["quantity"]) for row in of_position) == Decimal(position["pnlRealized"]), settled
    rates = await call(public.get_funding_interval_rates(SYMBOL))
    assert [row["intervalEndTimestamp"] for row in rates[1:]][: len(paid)] == [
        row["intervalEndTimestamp"] for row in paid
    ], rates


alice = VENUE["users"]["alice"]["apiKey"], VENUE["users"]["alice"]["apiSecret"]
asyncio.run(look(Account(*alice), Public()))
asyncio.run(look(AsyncAccount(*alice), AsyncPublic()))
print("all of it")
