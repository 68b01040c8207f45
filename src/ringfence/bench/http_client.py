"""``python -m ringfence.bench.http_client KIND PORT SECONDS CONNECTIONS``: HTTP requests in a closed loop.

What was measured goes to stdout as one JSON line.

Each connection has one request under way.  Requests are signed before the clock starts, so that the client is much
cheaper than the server; kinds are ``ping`` (no signature), ``balances`` (signed, reads), ``order`` and ``batch``.
"""

import base64
import hashlib
import json
import random
import selectors
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from nacl.signing import SigningKey

from ..api.signing import canonical, canonical_batch
from ..database import sqlite_url
from ..identity import ApiKeyPair, IdentityStore, key_pair_from_seed
from ..schema.enums import FIRST_USER_ACCOUNT
from .flow import MIDDLE_TICKS, TICK_ATOMS
from .venue import ACCOUNTS_PER_USER

USERS = 64
WINDOW_MS = 60_000
SIGNED_PER_S = 12_000
"""More than the server answers; what is signed ahead is sent again when a server is faster than that."""
ORDERS_PER_BATCH = 20
SPREAD_TICKS = 5
WARM_S = 1.0

Order = dict[str, str]


def key_of(user: int) -> ApiKeyPair:
    """Return the key pair of a user of the bench."""
    return key_pair_from_seed(hashlib.blake2b(f"bench {user}".encode(), digest_size=32).digest())


def register_users(directory: Path) -> None:
    """Give keys to the first users of a venue."""
    with IdentityStore(sqlite_url(directory / "identity.sqlite")) as identities:
        for user in range(1, USERS + 1):
            identities.add_user(f"bench-{user}", user, 0)
            account = FIRST_USER_ACCOUNT + ACCOUNTS_PER_USER * (user - 1)
            identities.add_key(key_of(user).public, user, account, "", 0)


def order_near_the_middle(chance: random.Random) -> Order:
    """Return an order that trades or rests, about as likely, so that books stay as they are."""
    ticks = MIDDLE_TICKS + chance.randint(-SPREAD_TICKS, SPREAD_TICKS)
    cents = ticks * TICK_ATOMS // 10_000
    return {
        "orderType": "Limit",
        "price": f"{cents // 100}.{cents % 100:02}",
        "quantity": "0.05",
        "side": chance.choice(("Bid", "Ask")),
        "symbol": "SOL_USDC",
    }


def signed(user: int, method: str, path: str, text: str, body: Any = None) -> bytes:
    """Return a whole HTTP request, signed now."""
    pair, timestamp = key_of(user), time.time_ns() // 1_000_000
    signer = SigningKey(base64.b64decode(pair.secret))
    signature = signer.sign(f"{text}&timestamp={timestamp}&window={WINDOW_MS}".encode()).signature
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {pair.public}\r\n"
        f"X-Signature: {base64.b64encode(signature).decode()}\r\nX-Timestamp: {timestamp}\r\nX-Window: {WINDOW_MS}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def make_request(kind: str, chance: random.Random) -> bytes:
    """Return one request of a kind."""
    user = chance.randint(1, USERS)
    if kind == "ping":
        return b"GET /api/v1/ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    if kind == "balances":
        return signed(user, "GET", "/api/v1/capital", canonical("balanceQuery", (), ()))
    if kind == "order":
        order = order_near_the_middle(chance)
        return signed(user, "POST", "/api/v1/order", canonical("orderExecute", (), order.items()), order)
    assert kind == "batch", kind
    orders = [order_near_the_middle(chance) for _ in range(ORDERS_PER_BATCH)]
    text = canonical_batch("orderExecute", [order.items() for order in orders])
    return signed(user, "POST", "/api/v1/orders", text, orders)


class Connection:
    """One keep-alive connection with a request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_ns = 0
        self.refused = 0
        self._data = b""

    def send(self, request: bytes) -> None:
        """Begin a request."""
        self.sent_ns = time.perf_counter_ns()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Read, and tell whether the reply is complete; what is not 200 is counted as refused."""
        self._data += self.socket.recv(1 << 18)
        head, found, body = self._data.partition(b"\r\n\r\n")
        if not found:
            return False
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return False
        self.refused += not head.startswith(b"HTTP/1.1 200")
        self._data = b""
        return True


class Loop:
    """All connections, each with a request under way."""

    def __init__(self, port: int, connections: int, requests: Sequence[bytes]) -> None:
        self._requests = self._again(requests)
        self._selector = selectors.DefaultSelector()
        for _ in range(connections):
            connection = Connection(port)
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(next(self._requests))

    @staticmethod
    def _again(requests: Sequence[bytes]) -> Iterator[bytes]:
        while True:
            yield from requests

    def refused(self) -> int:
        """Return how many replies were errors."""
        return sum(key.data.refused for key in self._selector.get_map().values())

    def run(self, seconds: float) -> list[int]:
        """Return the latencies, in nanoseconds, of the requests that were answered in this time."""
        taken: list[int] = []
        ends_ns = time.perf_counter_ns() + int(seconds * 1e9)
        while time.perf_counter_ns() < ends_ns:
            for key, _ in self._selector.select(0.1):
                connection: Connection = key.data
                if connection.receive():
                    taken.append(time.perf_counter_ns() - connection.sent_ns)
                    connection.send(next(self._requests))
        return taken


def main(kind: str, port: int, seconds: float, connections: int) -> None:
    """Sign, warm up, measure, and print what was found."""
    chance = random.Random(7)
    per_s = SIGNED_PER_S // (ORDERS_PER_BATCH // 2) if kind == "batch" else SIGNED_PER_S
    requests = [make_request(kind, chance) for _ in range(int(per_s * min(seconds, 5)))]
    loop = Loop(port, connections, requests)
    loop.run(WARM_S)
    print("warm", flush=True)
    cpu_s, taken = time.process_time(), loop.run(seconds)
    p50, p99 = (round(float(np.percentile(taken, q)) / 1e6, 2) for q in (50, 99))
    found = {"requests_per_s": round(len(taken) / seconds), "p50_ms": p50, "p99_ms": p99}
    found["refused"] = loop.refused()
    print(json.dumps(found | {"client_cpu_share": round((time.process_time() - cpu_s) / seconds, 2)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
