"""backpack-exchange-sdk: positions, settlements and funding of hours that are over. Market: SOL_USDC_PERP."""

import json
import sys
from decimal import Decimal

from backpack_exchange_sdk import AuthenticationClient, PublicClient

VENUE = json.loads(sys.argv[1])
BASE, SYMBOL = VENUE["rest"] + "/", "SOL_USDC_PERP"

user = VENUE["users"]["alice"]
alice = AuthenticationClient(user["apiKey"], user["apiSecret"], base_url=BASE)
public = PublicClient(base_url=BASE)

newest = alice.get_position_history(symbol=SYMBOL)
assert [row["state"] for row in newest] == ["Open", "Closed"], newest
open_row, closed = newest
assert (closed["entryPrice"], closed["closingPrice"], closed["netQuantity"]) == ("100", "104", "0"), closed
assert closed["cumulativePnlRealized"] != "0" and closed["unrealizedPnl"] == "0" and closed["closedAt"], closed
(standing,) = alice.get_open_positions()
assert (open_row["id"], open_row["netQuantity"]) == (standing["positionId"], "10"), open_row
assert open_row["fundingQuantity"] == standing["cumulativeFundingPayment"], open_row
assert alice.get_position_history(state="Closed", marketType="PERP") == [closed]
assert alice.get_position_history(limit=1, offset=1) == [closed]
assert alice.get_position_history(sortDirection="Asc") == newest[::-1]

paid = alice.get_funding_payments(symbol=SYMBOL, sortDirection="Asc")
assert sum(Decimal(row["quantity"]) for row in paid) == Decimal(open_row["fundingQuantity"]), paid
settled = alice.get_settlement_history(source="RealizePnl")
assert sum(Decimal(row["quantity"]) for row in settled) == sum(
    Decimal(row["cumulativePnlRealized"]) for row in newest
), settled
assert len(public.get_funding_interval_rates(SYMBOL)) > len(paid)
print("all of it")
