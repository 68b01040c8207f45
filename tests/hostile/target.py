"""A venue of real processes to attack, and the two questions asked of it afterwards: is it well, and is it small?"""

import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
from tests.api.venue import ALICE_SEED, BOB_SEED, START_US, Signer, venue_commands

from ringfence.database import sqlite_url
from ringfence.identity import IdentityStore
from ringfence.node.link import ControlClient
from ringfence.node.verify import verify
from ringfence.schema import commands as c
from ringfence.schema.enums import MarketKind

SERVE = """
import json, sys
from pathlib import Path
from ringfence.api.server import serve
from ringfence.api.settings import ApiSettings
settings = ApiSettings(**json.loads(sys.argv[2]))
serve(Path(sys.argv[1]), "127.0.0.1", 0, lambda port: print(port, flush=True), settings)
"""
PERPETUAL = (
    c.ListMarket(
        base_asset=2, quote_asset=1, tick_atoms=10_000, lot_atoms=10_000_000, market_kind=MarketKind.PERPETUAL
    ),
    c.SetPerpetual(market=3, initial_base_e8=2_000_000, maintenance_base_e8=1_350_000),
)
UNLIMITED = {"signed_requests_per_minute": 10**6, "public_requests_per_minute": 10**6}
GATEWAY_GROWTH_BYTES = 96 << 20
"""How much larger an attack may leave the gateway than it found it."""
NODE_GROWTH_BYTES = 64 << 20
"""The same for the node."""
ORDER_S = 0.1
"""How long a normal order may take, attack or not."""
SHOUT = "Traceback", 'File "', "ringfence.", "site-packages", "sqlite", "Error(", ".py"
"""What no answer may hold: words from inside."""


class Target:
    """A node and a gateway on one directory, with alice and bob and as many other users as a test wants."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.log = (directory / "gateway.log").open("w+b")
        self.node_log = (directory / "node.log").open("w+b")
        self.node = subprocess.Popen(
            [sys.executable, "-m", "ringfence.node", str(directory)], stdout=subprocess.PIPE, stderr=self.node_log
        )
        assert self.node.stdout and json.loads(self.node.stdout.readline())["ready"]
        with ControlClient(directory) as control:
            control.submit([*venue_commands(), *PERPETUAL])
        self.alice, self.bob = Signer(ALICE_SEED), Signer(BOB_SEED)
        with IdentityStore(sqlite_url(directory / "identity.sqlite")) as keys:
            for user, signer in enumerate((self.alice, self.bob), 1):
                keys.add_user(f"user{user}", user, START_US)
                keys.add_key(signer.key, user, 62 + 2 * user, "", START_US)
        command = [sys.executable, "-c", SERVE, str(directory), json.dumps(UNLIMITED | settings)]
        self.gateway = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log)
        assert self.gateway.stdout
        self.port = int(self.gateway.stdout.readline())
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)

    def add_users(self, signers: list[Signer]) -> None:
        """Open and fund a user for each signer, and wait until the gateway knows the last key."""
        amounts = [(1, 10**10), (2, 10**11)]
        commands: list[c.Command] = [c.OpenUser() for _ in signers]
        number = 5
        for place in range(len(signers)):
            for asset, amount in amounts:
                number += 1
                account = 68 + 2 * place
                commands.append(c.Deposit(account=account, asset=asset, source=1, number=number, amount_atoms=amount))
        with ControlClient(self.directory) as control:
            control.submit(commands)
        with IdentityStore(sqlite_url(self.directory / "identity.sqlite")) as keys:
            for place, signer in enumerate(signers):
                keys.add_user(f"user{place + 3}", place + 3, START_US)
                keys.add_key(signer.key, place + 3, 68 + 2 * place, "", START_US)
        wait_for(lambda: signers[-1].get(self.client, "/api/v1/capital", "balanceQuery").status_code == 200)

    def rss(self, process: subprocess.Popen[bytes]) -> int:
        """Return how many bytes of memory a process holds."""
        return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * resource.getpagesize()

    def socket(self, receive_buffer_bytes: int = 0) -> socket.socket:
        """Return a connection that speaks whatever a test wants."""
        connection = socket.socket()
        if receive_buffer_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        connection.settimeout(10)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def raw(self, data: bytes) -> bytes:
        """Send bytes and return what comes until the server hangs up or is done."""
        with self.socket() as connection:
            with suppress(ConnectionError):
                connection.sendall(data)
            connection.settimeout(3)
            found = b""
            with suppress(ConnectionError, TimeoutError):
                while (part := connection.recv(65_536)) and not _is_whole(found := found + part):
                    pass
            return found

    def open_orders(self, signer: Signer) -> list[dict[str, Any]]:
        """Return what stands in the book for somebody."""
        return signer.get(self.client, "/api/v1/orders", "orderQueryAll").json()

    def best_order_s(self, tries: int = 5) -> float:
        """Return the shortest time that a normal order took, placed and cancelled a few times."""
        best = 10.0
        for _ in range(tries):
            begin = time.perf_counter()
            answer = self.bob.limit(self.client, "Bid", "50", "0.01")
            best = min(best, time.perf_counter() - begin)
            assert answer.status_code == 200, answer.text
            body = {"symbol": "SOL_USDC", "orderId": answer.json()["id"]}
            assert self.bob.send(self.client, "DELETE", "/api/v1/order", "orderCancel", body).status_code == 200
        return best

    @contextmanager
    def unharmed(
        self, gateway_growth: int = GATEWAY_GROWTH_BYTES, node_growth: int = NODE_GROWTH_BYTES
    ) -> Iterator["Observed"]:
        """Attack inside the block: orders are answered in time all along, and memory stays within bounds."""
        before = self.rss(self.gateway), self.rss(self.node)
        probe = Path(__file__).with_name("probe.py")
        observer = subprocess.Popen(
            [sys.executable, str(probe), str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert observer.stdin and observer.stdout and observer.stdout.readline()
        observed = Observed()
        try:
            yield observed
        finally:
            times, _ = observer.communicate(b"end\n", timeout=30)
        observed.orders_s = sorted(json.loads(times))
        observed.gateway_growth = self.rss(self.gateway) - before[0]
        observed.node_growth = self.rss(self.node) - before[1]
        print(observed)
        assert self.node.poll() is None and self.gateway.poll() is None
        assert observed.orders_s[len(observed.orders_s) // 2] < ORDER_S, observed
        assert observed.orders_s[-1] < 10 * ORDER_S, observed
        assert self.best_order_s() < ORDER_S
        assert observed.gateway_growth < gateway_growth, observed
        assert observed.node_growth < node_growth, observed

    def verify(self) -> None:
        """Replay the journal from its beginning and check it; the node runs on."""
        found = verify(self.directory, lambda at, to: None)
        assert found.holds, found.findings

    def close(self) -> None:
        """End both processes, which must end well, and leave no traceback in their logs."""
        self.client.close()
        for process in (self.gateway, self.node):
            process.terminate()
            assert process.wait(20) == 0
            assert process.stdout
            process.stdout.close()
        texts: list[str] = []
        for log in (self.log, self.node_log):
            with log:
                log.seek(0)
                texts.append(log.read().decode(errors="replace"))
        for text in texts:
            assert "Traceback" not in text, text[-4_000:]


class Observed:
    """What an observer saw during an attack."""

    orders_s: list[float]
    gateway_growth = node_growth = 0

    def __str__(self) -> str:
        times = self.orders_s
        return (
            f"{len(times)} orders, median {times[len(times) // 2] * 1e3:.1f} ms, longest {times[-1] * 1e3:.1f} ms; "
            f"gateway {self.gateway_growth / 2**20:+.1f} MiB, node {self.node_growth / 2**20:+.1f} MiB"
        )

    __repr__ = __str__


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end or b" 100 " in head.split(b"\r\n")[0]:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def wait_for(condition: Any, seconds: float = 10) -> None:
    """Return as soon as a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def assert_refused(answer: Any, status: int, code: str = "", message: str = "") -> None:
    """Assert that an answer is an error in the venue's form: a code and a sentence, and nothing from inside."""
    assert answer.status_code == status, (answer.status_code, answer.text[:300])
    text = answer.text
    assert text and len(text) < 1_000, text[:300]
    assert not any(word in text for word in SHOUT), text
    kind = answer.headers["content-type"]
    if kind.startswith("application/json"):
        body = json.loads(text)
        assert set(body) == {"code", "message"} and body["message"], body
        assert code in ("", body["code"]), body
    else:
        assert kind == "text/plain; charset=utf-8", kind
        assert code == "", (code, text)
    assert message in text, (message, text)
