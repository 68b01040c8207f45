"""ccxt.pro while makers quote: books of all markets at once, each equal to REST at the same update id."""

import asyncio
import json
import sys
import time

import ccxt.pro as ccxt

VENUE = json.loads(sys.argv[1])
COMPARISONS = 3
DEADLINE_S = 25


async def compare(exchange, symbol: str) -> None:
    """Watch a book with the client's own defaults until it was seen at the update ids of some REST snapshots."""
    seen = {}
    rest = None
    equal = 0
    deadline = time.monotonic() + DEADLINE_S
    while equal < COMPARISONS:
        assert time.monotonic() < deadline, f"{symbol}: {equal} comparisons in {DEADLINE_S} s"
        book = await asyncio.wait_for(exchange.watch_order_book(symbol), DEADLINE_S)
        seen[book["nonce"]] = ([*map(list, book["bids"])], [*map(list, book["asks"])])
        if rest is None:
            rest = await exchange.fetch_order_book(symbol)
        if rest["nonce"] in seen:
            assert seen[rest["nonce"]] == (rest["bids"], rest["asks"]), f"{symbol} at {rest['nonce']}"
            equal += 1
        if book["nonce"] >= rest["nonce"]:
            rest = None


async def main() -> None:
    rest, socket = VENUE["rest"], VENUE["ws"]
    urls = {"api": {"public": rest, "private": rest, "ws": {"public": socket, "private": socket}}}
    exchange = ccxt.backpack(
        {"urls": urls, "enableRateLimit": False, "options": {"watchOrderBook": {"snapshotDelay": 2}}}
    )
    try:
        await exchange.load_markets()
        await asyncio.gather(*(compare(exchange, symbol) for symbol in ("SOL/USDC", "BTC/USDC", "FWDI.US/USDC")))
        trades = await asyncio.wait_for(exchange.watch_trades_for_symbols(["SOL/USDC", "BTC/USDC", "ETH/USDC"]), 20)
        assert trades[-1]["amount"] > 0
    finally:
        await exchange.close()


asyncio.run(main())
print("all of it")
