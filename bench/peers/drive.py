"""Drive one order book from PyPI with an exported flow: `python drive.py NAME FLOW PRELOAD SECONDS`, JSON to stdout.

FLOW holds rows of six 64-bit integers: operation (0 add, 1 cancel, 2 take: what does not trade at once is cancelled),
order, whether it asks, price in ticks, quantity in lots, market. The first PRELOAD rows fill the book. Every book gets
one call per command, in the way that its own documentation shows; where it has no immediate-or-cancel, a take is an
order and the cancellation of its rest. Seconds are processor time.

A peer has `add`, `take` and `cancel`; and `resting`, the lots that stand in its book, where that can be asked.
"""

from __future__ import annotations

import array
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

ADD, CANCEL, TAKE = 0, 1, 2
ROW = 6


class LimitOrderBookPeer:
    package = "limit-order-book"

    def __init__(self) -> None:
        from limit_order_book import LimitOrderBook

        self.book = LimitOrderBook()
        self.cancel = self.book.cancel

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        (self.book.limit_sell if ask else self.book.limit_buy)(order, quantity, price)

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.add(order, ask, price, quantity)
        if self.book.has(order):
            self.book.cancel(order)

    def resting(self) -> int:
        return self.book.volume()


class OrderlyChaosPeer:
    package = "orderly-chaos"

    def __init__(self) -> None:
        from orderly_chaos import LimitOrderBook, Side

        self.book, self.sides = LimitOrderBook(), (Side.BUY, Side.SELL)
        self.cancel = self.book.cancel

    def add(self, order: int, ask: int, price: int, quantity: int) -> int:
        return self.book.limit(self.sides[ask], order, quantity, price)

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        if self.add(order, ask, price, quantity) < quantity:
            self.book.cancel(order)

    def resting(self) -> int:
        return self.book.volume()


class LitebookPeer:
    package = "litebook"

    def __init__(self) -> None:
        import litebook

        self.book = litebook.OrderBook(tick_size=1.0)
        self.sides = (litebook.OrderType.Buy, litebook.OrderType.Sell)
        self.names: dict[int, str] = {}

    def _place(self, ask: int, price: int, quantity: int) -> tuple[str, float]:
        placed = self.book.create_order(self.sides[ask], float(price), float(quantity))
        return placed.id, sum(fill.quantity for fill in self.book.add(placed))

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.names[order], _ = self._place(ask, price, quantity)

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        name, filled = self._place(ask, price, quantity)
        if filled < quantity:
            self.book.cancel(name)

    def cancel(self, order: int) -> None:
        self.book.cancel(self.names.pop(order))


class CythonOrderbookPeer:
    package = "cython-orderbook"

    def __init__(self) -> None:
        from cython_orderbook import Order, OrderBook, OrderSide

        self.book, self.make, self.sides = OrderBook(), Order, (OrderSide.BID, OrderSide.ASK)
        self.names: dict[int, Any] = {}

    def _place(self, ask: int, price: int, quantity: int) -> Any:
        placed = self.make(side=self.sides[ask], price=price, original_quantity=quantity)
        self.book.add_limit_order(placed)
        return placed

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.names[order] = self._place(ask, price, quantity).order_id

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        placed = self._place(ask, price, quantity)
        if placed.remaining_quantity:
            self.book.cancel_order(placed.order_id)

    def cancel(self, order: int) -> None:
        self.book.cancel_order(self.names.pop(order))


class ObookPeer:
    package = "obook"

    def __init__(self) -> None:
        import obook

        self.book, self.sides = obook.Book(max_orders=1_000_000), (obook.BUY, obook.SELL)
        self.gtc, self.ioc = obook.GTC, obook.IOC
        self.names: dict[int, int] = {}

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.names[order] = self.book.submit(1 + ask, self.sides[ask], price, quantity).order_id * 2 + ask
        self.book.events()

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.book.submit(1 + ask, self.sides[ask], price, quantity, tif=self.ioc)
        self.book.events()

    def cancel(self, order: int) -> None:
        name, ask = divmod(self.names.pop(order), 2)
        self.book.cancel(name, 1 + ask)
        self.book.events()

    def resting(self) -> int:
        return sum(order.qty - order.filled for order in self.book.book())


class LiquibookPeer:
    package = "liquibook"

    def __init__(self) -> None:
        import liquibook

        self.book, self.make, self.orders = liquibook.DepthOrderBook(), liquibook.SimpleOrder, {}
        self.ioc = liquibook.oc_immediate_or_cancel

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        placed = self.orders[order] = self.make(not ask, price, quantity)
        self.book.add(placed)

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        placed = self.orders[order] = self.make(not ask, price, quantity, 0, self.ioc)
        self.book.add(placed, self.ioc)

    def cancel(self, order: int) -> None:
        self.book.cancel(self.orders[order])


class PyorderbookPeer:
    package = "pyorderbook"

    def __init__(self) -> None:
        from pyorderbook import Book, ask, bid

        self.book, self.makers, self.orders = Book(), (bid, ask), {}

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        placed = self.orders[order] = self.makers[ask]("SOL", price, quantity)
        self.book.match(placed)

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        placed = self.makers[ask]("SOL", price, quantity)
        self.book.match(placed)
        if placed.quantity:
            self.book.cancel(placed)

    def cancel(self, order: int) -> None:
        self.book.cancel(self.orders.pop(order))

    def resting(self) -> int:
        return sum(order.quantity for order in self.book.order_map.values())


class FastlobPeer:
    package = "fastlob"

    def __init__(self) -> None:
        from fastlob import Orderbook, OrderParams, OrderSide

        self.book, self.params, self.sides = Orderbook(start=True), OrderParams, (OrderSide.BID, OrderSide.ASK)
        self.names: dict[int, str] = {}

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.names[order] = self.book(self.params(self.sides[ask], price, quantity)).orderid()

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.add(order, ask, price, quantity)
        self.cancel(order)

    def cancel(self, order: int) -> None:
        self.book.cancel(self.names.pop(order))

    def resting(self) -> int:
        return int(self.book.bids_volume() + self.book.asks_volume())


class LightMatchingEnginePeer:
    package = "lightmatchingengine"

    def __init__(self) -> None:
        from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

        self.book, self.sides = LightMatchingEngine(), (Side.BUY, Side.SELL)
        self.names: dict[int, int] = {}

    def add(self, order: int, ask: int, price: int, quantity: int) -> None:
        self.names[order] = self.book.add_order("SOL", price, quantity, self.sides[ask])[0].order_id

    def take(self, order: int, ask: int, price: int, quantity: int) -> None:
        placed, _ = self.book.add_order("SOL", price, quantity, self.sides[ask])
        if placed.leaves_qty:
            self.book.cancel_order(placed.order_id, "SOL")

    def cancel(self, order: int) -> None:
        self.book.cancel_order(self.names.pop(order), "SOL")

    def resting(self) -> int:
        return sum(order.leaves_qty for order in self.book.order_books["SOL"].order_id_map.values())


PEERS: tuple[type[Any], ...] = (
    LimitOrderBookPeer,
    OrderlyChaosPeer,
    LitebookPeer,
    CythonOrderbookPeer,
    ObookPeer,
    LiquibookPeer,
    PyorderbookPeer,
    FastlobPeer,
    LightMatchingEnginePeer,
)


def play(peer: Any, rows: memoryview, begin: int, end: int, until_s: float) -> int:
    """Play rows until the end or the processor time is reached; return how many were played."""
    cancel: Callable[[int], Any] = peer.cancel
    add, take = peer.add, peer.take
    for at in range(begin, end):
        operation, order, ask, price, quantity, _ = rows[at * ROW : at * ROW + ROW]
        if operation == ADD:
            add(order, ask, price, quantity)
        elif operation == CANCEL:
            cancel(order)
        else:
            take(order, ask, price, quantity)
        if at & 1023 == 0 and time.process_time() > until_s:
            return at + 1 - begin
    return end - begin


def main(name: str, path: str, preload: int, seconds: float) -> None:
    """Fill the book, measure, and print what was found."""
    peer = next(peer for peer in PEERS if peer.package == name)()
    with open(path, "rb") as file:
        rows = memoryview(array.array("q", file.read()))
    filled = play(peer, rows, 0, preload, time.process_time() + 4 * seconds)
    if filled < preload:
        print(json.dumps({"package": name, "version": version(name), "error": f"only {filled} orders in time"}))
        return
    began_s = time.process_time()
    played = play(peer, rows, preload, len(rows) // ROW, began_s + seconds)
    taken_s = time.process_time() - began_s
    whole = played == len(rows) // ROW - preload
    resting = peer.resting() if whole and hasattr(peer, "resting") else None
    found = {"commands": played, "commands_per_s": round(played / taken_s), "resting_lots": resting}
    print(json.dumps({"package": name, "version": version(name)} | found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    sys.stdout.flush()
    os._exit(0)  # One of the packages keeps a thread that never ends.
