"""The node's own socket: who gets past the file's permissions still cannot harm it."""

import socket
import stat
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from tests.api.venue import venue_commands
from tests.hostile.target import Target, wait_for

from ringfence.node.client import BACKLOG_BYTES_MAXIMUM
from ringfence.node.door import CLIENTS_MAXIMUM
from ringfence.node.errors import NodeRefused
from ringfence.node.link import ControlClient
from ringfence.node.wire import HELLO_BYTES, WELCOME_BYTES, Role, decode_welcome, encode_hello
from ringfence.schema import commands as c
from ringfence.schema.enums import Origin
from ringfence.schema.events import Rejected
from ringfence.schema.layout import RECORD_BYTES, encode
from ringfence.schema.rejects import Reject


@contextmanager
def knock(target: Target, hello: bytes = b"") -> Iterator[socket.socket]:
    """Yield a connection to the node that has said some bytes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(target.directory / "control.sock"))
        connection.settimeout(10)
        connection.sendall(hello)
        yield connection


@contextmanager
def welcomed(target: Target, role: Role) -> Iterator[socket.socket]:
    with knock(target, encode_hello(role)) as connection:
        decode_welcome(connection.recv(WELCOME_BYTES, socket.MSG_WAITALL))
        yield connection


def sequence(target: Target) -> int:
    with ControlClient(target.directory) as control:
        return control.welcome.durable_sequence


def ends(connection: socket.socket) -> bool:
    """Tell whether the node has ended a connection, after whatever it said."""
    with suppress(ConnectionError):
        while connection.recv(1 << 20):
            pass
    return True


def test_only_the_owner_may_knock(target: Target) -> None:
    assert stat.S_IMODE((target.directory / "control.sock").stat().st_mode) == 0o600


HELLO = encode_hello(Role.CONTROL)


@pytest.mark.parametrize(
    ("hello", "sentence"),
    [
        (bytes(HELLO_BYTES), "BAD_HELLO: magic"),
        (b"GET / HTTP/1.1\r\n" + bytes(HELLO_BYTES), "BAD_HELLO: magic"),
        (HELLO[:8] + bytes(32) + HELLO[40:], "SCHEMA_MISMATCH"),
        (HELLO[:40] + struct.pack("<H", 4) + HELLO[42:], "BAD_HELLO: role 4"),
        (HELLO[:40] + struct.pack("<H", 0) + HELLO[42:], "BAD_HELLO: role 0"),
        (HELLO[:42] + b"\x01" + HELLO[43:], "BAD_HELLO: flags"),
    ],
)
def test_hello_that_is_wrong_is_refused_with_a_sentence(target: Target, hello: bytes, sentence: str) -> None:
    with target.unharmed(), knock(target, hello) as connection:
        with pytest.raises(NodeRefused, match=sentence):
            decode_welcome(connection.recv(WELCOME_BYTES, socket.MSG_WAITALL))
        assert ends(connection)


@pytest.mark.parametrize("origin", [Origin.OPERATOR, Origin.CUSTODY, Origin.REGISTRAR, Origin.NODE, 0, 255])
def test_gateway_that_gives_commands_of_others_is_cut_and_nothing_is_taken(target: Target, origin: int) -> None:
    record = bytearray(encode(c.Deposit(account=64, asset=1, source=9, number=1, amount_atoms=10**9)))
    record[30] = origin
    order = encode(c.CancelAllOrders(account=64), Origin.USER)
    before = target.alice.get(target.client, "/api/v1/capital", "balanceQuery").json()
    with welcomed(target, Role.GATEWAY) as connection:
        connection.sendall(order + bytes(record) + order)
        assert ends(connection)
    assert target.alice.get(target.client, "/api/v1/capital", "balanceQuery").json() == before


@pytest.mark.parametrize("origin", [Origin.NODE, 0, 77])
def test_control_that_pretends_to_be_the_node_is_cut(target: Target, origin: int) -> None:
    record = bytearray(encode(venue_commands()[0]))
    record[30] = origin
    with welcomed(target, Role.CONTROL) as connection:
        connection.sendall(bytes(record))
        assert ends(connection)


@pytest.mark.parametrize("kind", [0, 1, 99, 65_535, None])
def test_record_of_nonsense_is_rejected_and_journaled(target: Target, kind: int | None) -> None:
    record = bytearray(b"\xff" * RECORD_BYTES if kind is None else bytes(RECORD_BYTES))
    record[28:30] = struct.pack("<H", 20_000 if kind is None else kind)
    record[30] = Origin.USER
    with welcomed(target, Role.CONTROL) as connection:
        connection.sendall(bytes(record))
        header = connection.recv(32, socket.MSG_WAITALL)
        size, _, _, _, commands = struct.unpack("<IHHqI12x", header)
        assert commands == 1 and size == RECORD_BYTES
    target.verify()


def test_every_field_at_its_worst_is_rejected(target: Target) -> None:
    commands = [
        c.PlaceOrder(account=64, market=1, side=0, order_type=9),
        c.PlaceOrder(account=64, market=2**31 - 1, side=0, order_type=0),
        c.CancelOrder(account=-1, market=1, order=1),
        c.CancelAllOrders(account=1),
        c.Transfer(account=64, to_account=2**31 - 1, asset=1, amount_atoms=1),
    ]
    with ControlClient(target.directory) as control:
        for (event,) in control.submit(commands, Origin.USER):
            assert isinstance(event, Rejected) and Reject(event.reject)


def test_halves_of_records_wait_and_harm_nobody(target: Target) -> None:
    record = encode(c.CancelAllOrders(account=64), Origin.USER)
    with target.unharmed(), ExitStack() as stack:
        halves = [stack.enter_context(welcomed(target, Role.CONTROL)) for _ in range(50)]
        for place, connection in enumerate(halves, 1):
            connection.sendall(record[:place])
        time.sleep(0.1)
        for place, connection in enumerate(halves, 1):
            connection.sendall(record[place:] + record[: 128 - place])
            assert struct.unpack("<IHHqI12x", connection.recv(32, socket.MSG_WAITALL))[4] == 1


def test_more_connections_than_there_is_room_for_are_told_so(target: Target) -> None:
    with target.unharmed(), ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(knock(target))
        with pytest.raises(NodeRefused, match="TOO_MANY_CLIENTS"):
            ControlClient(target.directory)
    assert CLIENTS_MAXIMUM < 300

    def is_open_again() -> bool:
        with suppress(NodeRefused), ControlClient(target.directory):
            return True
        return False

    wait_for(is_open_again)


def test_gateway_that_never_reads_is_dropped(target: Target) -> None:
    orders = encode(c.CancelAllOrders(account=64), Origin.USER) * 8_192
    with target.unharmed(node_growth=BACKLOG_BYTES_MAXIMUM + (96 << 20)), welcomed(target, Role.GATEWAY) as deaf:
        with ExitStack() as stack:
            control = stack.enter_context(welcomed(target, Role.CONTROL))
            for _ in range(BACKLOG_BYTES_MAXIMUM // len(orders) + 10):
                control.sendall(orders)
                answered = 0
                while answered < 8_192:
                    answered += struct.unpack("<IHHqI12x", control.recv(32, socket.MSG_WAITALL))[4]
        wait_for(lambda: _is_cut(deaf))
    target.verify()


def _is_cut(connection: socket.socket) -> bool:
    """Tell whether the peer is gone, without reading what it sent."""
    try:
        connection.send(b"")
        connection.send(bytes(1), socket.MSG_DONTWAIT)
    except BrokenPipeError:
        return True
    return False
