"""ccxt, synchronous: funding of hours that are over, of a position that was held. Market: SOL/USDC:USDC."""

import json
import sys

import ccxt

VENUE = json.loads(sys.argv[1])
SYMBOL, HOUR_MS = "SOL/USDC:USDC", 3_600_000


def client(name: str) -> ccxt.backpack:
    user = VENUE["users"][name]
    urls = {"api": {"public": VENUE["rest"], "private": VENUE["rest"]}}
    return ccxt.backpack({"apiKey": user["apiKey"], "secret": user["apiSecret"], "urls": urls})


alice, bob = client("alice"), client("bob")
paid, received = alice.fetch_funding_history(SYMBOL), bob.fetch_funding_history(SYMBOL)
assert len(paid) >= 3 and [row["amount"] for row in paid[:3]] == [-0.0125] * 3, paid
assert {row["symbol"] for row in paid} == {SYMBOL} and paid[0]["rate"] == 0.0000125, paid
assert [row["timestamp"] - paid[0]["timestamp"] for row in paid[:3]] == [0, HOUR_MS, 2 * HOUR_MS], paid
assert [(row["timestamp"], row["amount"]) for row in received] == [
    (row["timestamp"], -row["amount"]) for row in paid
], received
assert [row["amount"] for row in alice.fetch_funding_history(SYMBOL, limit=1)] == [paid[-1]["amount"]]
rates = alice.fetch_funding_rate_history(SYMBOL)
assert len(rates) > len(paid) and rates[-1]["timestamp"] > rates[0]["timestamp"], rates
assert {row["fundingRate"] for row in rates} == {0.0000125}, rates
assert len(alice.fetch_funding_rate_history(SYMBOL, limit=2)) == 2
print("all of it")
