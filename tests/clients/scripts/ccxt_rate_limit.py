"""ccxt at a venue that takes 30 requests a minute: the 31st is answered 429, which ccxt calls RateLimitExceeded."""

import json
import sys

import ccxt

VENUE = json.loads(sys.argv[1])
user = VENUE["users"]["alice"]
urls = {"api": {"public": VENUE["rest"], "private": VENUE["rest"]}}
alice = ccxt.backpack({"apiKey": user["apiKey"], "secret": user["apiSecret"], "urls": urls, "enableRateLimit": False})
alice.load_markets()
answered = 0
try:
    for _ in range(60):
        alice.fetch_open_orders("SOL/USDC")
        answered += 1
except ccxt.RateLimitExceeded as error:
    assert "TOO_MANY_REQUESTS" in str(error), error
    assert int(alice.last_response_headers["Retry-After"]) >= 1, alice.last_response_headers
else:
    raise AssertionError("60 requests were answered where 30 are allowed")
assert 30 <= answered <= 35, f"{answered} requests were answered before the limit"
assert alice.fetch_status()["status"] == "ok", "public data go on"
print("all of it")
