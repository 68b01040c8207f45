"""ccxt.pro: every spot stream once, on one socket for public and private. Market: ETH/USDC."""

import asyncio
import json
import sys

import ccxt.pro as ccxt

VENUE = json.loads(sys.argv[1])
SYMBOL = "ETH/USDC"
WAIT_S = 10
SUBSCRIBED_S = 0.2


def client(name: str) -> ccxt.backpack:
    user = VENUE["users"][name]
    rest, socket = VENUE["rest"], VENUE["ws"]
    urls = {"api": {"public": rest, "private": rest, "ws": {"public": socket, "private": socket}}}
    options = {"watchOrderBook": {"snapshotDelay": 0}}
    return ccxt.backpack({"apiKey": user["apiKey"], "secret": user["apiSecret"], "urls": urls, "options": options})


async def within(awaitable):
    return await asyncio.wait_for(awaitable, WAIT_S)


async def watching(watch, act):
    """Start to watch, let the subscription reach the venue, act, and return what was watched."""
    task = asyncio.ensure_future(watch)
    await asyncio.sleep(SUBSCRIBED_S)
    await act()
    return await within(task)


async def watch_order_book(alice, bob) -> None:
    async def place() -> None:
        await bob.create_limit_buy_order(SYMBOL, 1, 2990)
        await bob.create_limit_sell_order(SYMBOL, 2, 3010)

    book = await watching(alice.watch_order_book(SYMBOL), place)
    for number in range(5):
        book = await watching(alice.watch_order_book(SYMBOL), lambda price=2980 - number: buy(bob, price))
    rest = await alice.fetch_order_book(SYMBOL)
    while book["nonce"] < rest["nonce"]:
        book = await within(alice.watch_order_book(SYMBOL))
    assert book["nonce"] == rest["nonce"] and book["bids"] == rest["bids"] and book["asks"] == rest["asks"], (
        book,
        rest,
    )


async def buy(client, price: int) -> None:
    await client.create_limit_buy_order(SYMBOL, 1, price)


async def watch_market(alice, bob) -> None:
    async def trade() -> None:
        await bob.create_market_buy_order(SYMBOL, 0.5)

    async def quote() -> None:
        await alice.create_limit_buy_order(SYMBOL, 0.3, 2991)

    await alice.create_limit_sell_order(SYMBOL, 5, 3000)
    bids_asks = await watching(bob.watch_bids_asks([SYMBOL]), quote)
    assert bids_asks[SYMBOL]["bid"] == 2991 and bids_asks[SYMBOL]["bidVolume"] == 0.3, bids_asks
    trades = await watching(bob.watch_trades(SYMBOL), trade)
    assert trades[-1]["price"] == 3000 and trades[-1]["amount"] == 0.5 and trades[-1]["side"] == "buy", trades
    candles = await watching(bob.watch_ohlcv(SYMBOL, "1m"), trade)
    assert candles[-1][4] == 3000, candles
    ticker = await within(bob.watch_ticker(SYMBOL))
    assert ticker["last"] == 3000, ticker
    tickers = await within(bob.watch_tickers([SYMBOL]))
    assert tickers[SYMBOL]["last"] == 3000


async def watch_account(alice, bob) -> None:
    async def place() -> None:
        await bob.create_limit_sell_order(SYMBOL, 1, 3020)

    orders = await watching(bob.watch_orders(), place)
    assert orders[-1]["status"] == "open" and orders[-1]["price"] == 3020 and orders[-1]["symbol"] == SYMBOL, orders
    placed = orders[-1]["id"]

    async def fill() -> None:
        await alice.cancel_all_orders(SYMBOL)
        await alice.create_order(SYMBOL, "limit", "buy", 0.4, 3020, {"timeInForce": "IOC"})

    filled = await watching(bob.watch_orders(SYMBOL), fill)
    while not any(order["filled"] for order in filled):
        filled = await within(bob.watch_orders(SYMBOL))

    async def cancel() -> None:
        await bob.cancel_order(placed, SYMBOL)

    ended = await watching(bob.watch_orders(SYMBOL), cancel)
    while ended[-1]["id"] != placed or ended[-1]["status"] != "canceled":
        ended = await within(bob.watch_orders(SYMBOL))


async def watch_conditional_orders(bob) -> None:
    async def place() -> None:
        await bob.create_trigger_order(SYMBOL, "limit", "sell", 1, 3040, 3030)

    async def cancel() -> None:
        await bob.cancel_order(waiting["id"], SYMBOL)

    waiting = (await watching(bob.watch_orders(SYMBOL), place))[-1]
    assert waiting["status"] == "open" and waiting["triggerPrice"] == 3030 and waiting["price"] == 3040, waiting
    assert waiting["info"]["e"] == "triggerPlaced" and waiting["info"]["Y"] == "1", waiting
    ended = await watching(bob.watch_orders(SYMBOL), cancel)
    while ended[-1]["id"] != waiting["id"] or ended[-1]["status"] != "canceled":
        ended = await within(bob.watch_orders(SYMBOL))


async def watch_balance(bob) -> None:
    async def lock() -> None:
        await bob.create_limit_buy_order(SYMBOL, 1, 2900)

    balance = await watching(bob.watch_balance(), lock)
    while balance["USDC"]["used"] != 2900:
        balance = await within(bob.watch_balance())
    rest = await bob.fetch_balance()
    assert balance["USDC"]["free"] == rest["USDC"]["free"], (balance["USDC"], rest["USDC"])


async def unwatch(alice) -> None:
    for call in (
        alice.un_watch_order_book(SYMBOL),
        alice.un_watch_trades(SYMBOL),
        alice.un_watch_ticker(SYMBOL),
        alice.un_watch_ohlcv(SYMBOL, "1m"),
        alice.un_watch_bids_asks([SYMBOL]),
    ):
        await asyncio.wait_for(call, WAIT_S)


async def main() -> None:
    alice, bob = client("alice"), client("bob")
    try:
        await asyncio.gather(alice.load_markets(), bob.load_markets())
        await watch_order_book(alice, bob)
        await watch_market(alice, bob)
        await watch_account(alice, bob)
        await watch_conditional_orders(bob)
        await asyncio.gather(alice.cancel_all_orders(SYMBOL), bob.cancel_all_orders(SYMBOL))
        await watch_balance(bob)
        await bob.cancel_all_orders(SYMBOL)
    finally:
        await asyncio.gather(alice.close(), bob.close())


asyncio.run(main())
print("all of it")
