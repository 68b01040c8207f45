"""backpack-exchange-sdk, WebSocket: public and private streams by callbacks. Market: GLXY.US_USDC."""

import json
import queue
import sys
import time

from backpack_exchange_sdk import AuthenticationClient, WebSocketClient

VENUE = json.loads(sys.argv[1])
SYMBOL = "GLXY.US_USDC"
WAIT_S = 10


class Socket(WebSocketClient):
    """The client with our address: its own is set in its constructor."""

    base_url = property(lambda self: VENUE["ws"], lambda self, value: None)


def client(name: str) -> AuthenticationClient:
    user = VENUE["users"][name]
    return AuthenticationClient(user["apiKey"], user["apiSecret"], base_url=VENUE["rest"] + "/")


def until(messages: queue.Queue, wanted) -> dict:
    """Return the first message that is as wanted."""
    deadline = time.monotonic() + WAIT_S
    while True:
        message = messages.get(timeout=max(0.01, deadline - time.monotonic()))
        if wanted(message):
            return message


def subscribe(socket: Socket, stream: str, is_private: bool = False) -> queue.Queue:
    messages: queue.Queue = queue.Queue()
    socket.subscribe([stream], messages.put, is_private=is_private)
    return messages


alice, bob = client("alice"), client("bob")
user = VENUE["users"]["alice"]
socket = Socket(user["apiKey"], user["apiSecret"])
streams = {
    name: subscribe(socket, f"{name}.{SYMBOL}")
    for name in ("depth", "depth.200ms", "bookTicker", "trade", "ticker", "kline.1m")
}
orders = subscribe(socket, "account.orderUpdate", is_private=True)
balances = subscribe(socket, "account.balanceUpdate", is_private=True)
time.sleep(0.5)

placed = alice.execute_order("Limit", "Bid", SYMBOL, price="29.5", quantity="4", timeInForce="GTC", clientId=31)
accepted = until(orders, lambda data: data["e"] == "orderAccepted")
assert accepted["i"] == placed["id"] and accepted["X"] == "New" and accepted["c"] == 31 and accepted["q"] == "4.00", (
    accepted
)
assert isinstance(accepted["E"], int) and isinstance(accepted["T"], int)
locked = until(balances, lambda data: data["a"] == "USDC")
assert float(locked["L"]) == 118, locked
change = until(streams["depth"], lambda data: data["b"])
assert change["b"] == [["29.50", "4.00"]] and change["u"] >= change["U"], change
assert until(streams["bookTicker"], lambda data: data["b"])["b"] == "29.50"

bob.execute_order("Limit", "Ask", SYMBOL, price="29.5", quantity="1", timeInForce="IOC")
fill = until(orders, lambda data: data["e"] == "orderFill")
assert fill["X"] == "PartiallyFilled" and fill["l"] == "1.00" and fill["L"] == "29.50" and fill["m"] is True, fill
assert fill["n"] and fill["N"] == "GLXY.US" and isinstance(fill["t"], int), fill
trade = until(streams["trade"], lambda data: True)
assert trade["p"] == "29.50" and trade["q"] == "1.00" and trade["b"] == placed["id"] and trade["m"] is True, trade
assert until(streams["kline.1m"], lambda data: data["c"] == "29.50")["s"] == SYMBOL
assert until(streams["ticker"], lambda data: data["c"] == "29.50")["e"] == "ticker"
assert until(streams["depth.200ms"], lambda data: data["b"] and data["b"][0][1] == "3.00")

alice.cancel_open_order(SYMBOL, orderId=placed["id"])
assert until(orders, lambda data: data["e"] == "orderCancelled")["X"] == "Cancelled"

socket.unsubscribe([f"trade.{SYMBOL}"])
time.sleep(0.3)
while not streams["trade"].empty():
    streams["trade"].get()
bob.execute_order("Limit", "Ask", SYMBOL, price="29.4", quantity="1", timeInForce="GTC")
alice.execute_order("Market", "Bid", SYMBOL, quantity="1")
until(orders, lambda data: data["e"] == "orderFill" and data["o"] == "MARKET")
time.sleep(0.3)
assert streams["trade"].empty(), "an unsubscribed stream went on"
print("all of it", flush=True)
sys.exit(0)
