"""ccxt, asynchronous: the same wire from one event loop, many requests at once. Market: SBET.US/USDC."""

import asyncio
import json
import sys

import ccxt.async_support as ccxt

VENUE = json.loads(sys.argv[1])
SYMBOL = "SBET.US/USDC"


def client(name: str) -> ccxt.backpack:
    user = VENUE["users"][name]
    urls = {"api": {"public": VENUE["rest"], "private": VENUE["rest"]}}
    return ccxt.backpack(
        {"apiKey": user["apiKey"], "secret": user["apiSecret"], "urls": urls, "enableRateLimit": False}
    )


async def main() -> None:
    alice, bob = client("alice"), client("bob")
    try:
        await asyncio.gather(alice.load_markets(), bob.load_markets())
        prices = [10 + number / 100 for number in range(20)]
        orders = await asyncio.gather(*(bob.create_limit_sell_order(SYMBOL, 1, price) for price in prices))
        assert len({order["id"] for order in orders}) == 20
        book = await alice.fetch_order_book(SYMBOL, 20)
        assert book["asks"] == [[price, 1] for price in prices], book["asks"]
        taken = await asyncio.gather(*(alice.create_market_buy_order(SYMBOL, 1) for _ in range(20)))
        assert sorted(order["average"] for order in taken) == prices
        fills, own = await asyncio.gather(alice.fetch_my_trades(SYMBOL), bob.fetch_my_trades(SYMBOL))
        assert sorted(fill["price"] for fill in fills) == sorted(fill["price"] for fill in own) == prices
        assert {fill["info"]["isMaker"] for fill in own} == {True} and {fill["side"] for fill in own} == {"sell"}
        assert (await alice.fetch_balance())["SBET.US"]["total"] == 1000 + 20 * 0.9995
    finally:
        await asyncio.gather(alice.close(), bob.close())


asyncio.run(main())
print("all of it")
