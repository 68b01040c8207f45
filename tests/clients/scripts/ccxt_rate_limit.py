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
caught = None
while caught is None and answered < 60:
    try:
        alice.fetch_open_orders("SOL/USDC")
        answered += 1
    except ccxt.RateLimitExceeded as error:
        caught = error
assert "TOO_MANY_REQUESTS" in str(caught), f"{answered} requests were answered where 30 are allowed"
assert int(alice.last_response_headers["Retry-After"]) >= 1, alice.last_response_headers
assert 30 <= answered <= 35, f"{answered} requests were answered before the limit"
assert alice.fetch_status()["status"] == "ok", "public data go on"
print("all of it")
