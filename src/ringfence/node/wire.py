"""The bytes on DIR/control.sock.

A client opens with a hello; the node answers with a welcome, or with a refusal and the end of the connection:

    hello, 128 bytes                      welcome, 256 bytes
    0   magic         8 bytes             0   magic              8 bytes
    8   schema hash   32 bytes            8   status             u4  0 accepted, 1 refused
    40  role          u2                  12  process id         u4
    42  flags         u2  must be 0       16  schema hash        32 bytes
    44  zeros                             48  durable sequence   i8
                                          56  version            16 bytes ASCII
                                          72  sentence           184 bytes UTF-8, why it was refused

Then the client sends command records of 128 bytes, `request` and origin filled in, and nothing else. The node sends
messages: a header of 32 bytes and a payload of whole records.

    message header
    0   payload bytes     u4
    4   kind              u2  1 FRAMES, 2 EVENTS
    6   zeros             u2
    8   first sequence    i8
    16  commands          u4
    20  zeros

- FRAMES goes to every GATEWAY: `commands` stamped and durable records from `first sequence` on, applied by the node.
  They are dense, beginning with the welcome's durable sequence + 1.
- EVENTS goes to the CONTROL or PRICES client whose commands they answer: its next `commands` commands, in the order in
  which it sent them, have the sequences from `first sequence` on and are complete; the payload is all their events in
  order. So a command without events is answered too.

What a role may submit is checked before anything is written; a command of another origin ends the connection. All
integers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from ringfence import __version__
from ringfence.node.errors import NodeRefused
from ringfence.schema.enums import Origin
from ringfence.schema.layout import RECORD_BYTES, schema_hash

SOCKET_NAME = "control.sock"
HELLO_BYTES = 128
WELCOME_BYTES = 256
MESSAGE_HEADER_BYTES = 32
SENTENCE_BYTES = 184

HELLO_MAGIC = b"RFHELLO\x01"
WELCOME_MAGIC = b"RFNODE\x00\x01"

_HELLO = struct.Struct("<8s32sHH84x")
_WELCOME = struct.Struct("<8sII32sq16s184s")
_MESSAGE = struct.Struct("<IHHqI12x")
assert (_HELLO.size, _WELCOME.size, _MESSAGE.size) == (HELLO_BYTES, WELCOME_BYTES, MESSAGE_HEADER_BYTES)


class Role(IntEnum):
    """What a client of the node is."""

    GATEWAY = 1
    CONTROL = 2
    PRICES = 3


PERMITTED_ORIGINS: dict[Role, frozenset[Origin]] = {
    Role.GATEWAY: frozenset({Origin.USER}),
    Role.CONTROL: frozenset({Origin.USER, Origin.CUSTODY, Origin.REGISTRAR, Origin.OPERATOR}),
    Role.PRICES: frozenset({Origin.PRICE_SOURCE}),
}
"""Which origins a role may submit; NODE comes from the node alone."""


class MessageKind(IntEnum):
    """What a message from the node carries."""

    FRAMES = 1
    EVENTS = 2


class Welcome(NamedTuple):
    """The node's answer to an accepted hello."""

    process_id: int
    durable_sequence: int
    version: str


class Message(NamedTuple):
    """One message of the node: see the layout above."""

    kind: int
    first_sequence: int
    commands: int
    payload: bytes


def encode_hello(role: Role) -> bytes:
    """Return the 128 bytes with which a client opens."""
    return _HELLO.pack(HELLO_MAGIC, schema_hash(), role, 0)


def decode_hello(data: bytes | bytearray | memoryview) -> Role | str:
    """Return the role that a hello of 128 bytes asks for, or a sentence on why it is refused."""
    magic, schema, role, flags = _HELLO.unpack(data)
    if magic != HELLO_MAGIC:
        return f"BAD_HELLO: magic {magic.hex()} where {HELLO_MAGIC.hex()} is expected"
    if schema != schema_hash():
        return f"SCHEMA_MISMATCH: client {schema.hex()[:16]}, node {schema_hash().hex()[:16]}; run one version of both"
    if role not in set(Role):
        return f"BAD_HELLO: role {role} is unknown"
    if flags:
        return f"BAD_HELLO: flags {flags:#06x} are unknown"
    return Role(role)


def encode_welcome(process_id: int, durable_sequence: int) -> bytes:
    """Return the 256 bytes that accept a client."""
    return _WELCOME.pack(WELCOME_MAGIC, 0, process_id, schema_hash(), durable_sequence, __version__.encode(), b"")


def encode_refusal(sentence: str) -> bytes:
    """Return the 256 bytes that refuse a client; the sentence is cut at 184 bytes."""
    return _WELCOME.pack(
        WELCOME_MAGIC, 1, 0, schema_hash(), 0, __version__.encode(), sentence.encode()[:SENTENCE_BYTES]
    )


def decode_welcome(data: bytes) -> Welcome:
    """Return the node's answer in 256 bytes; `NodeRefused` when it is a refusal or comes from something else."""
    magic, status, process_id, schema, durable_sequence, version, sentence = _WELCOME.unpack(data)
    if magic != WELCOME_MAGIC:
        raise NodeRefused(f"BAD_WELCOME: what listens is not a node of this version (magic {magic.hex()})")
    if status:
        raise NodeRefused(sentence.rstrip(b"\0").decode(errors="replace"))
    assert schema == schema_hash(), "a node accepted a client of another schema"
    return Welcome(process_id, durable_sequence, version.rstrip(b"\0").decode())


def encode_message_header(kind: MessageKind, payload_bytes: int, first_sequence: int, commands: int) -> bytes:
    """Return the 32 bytes that stand before a payload."""
    assert payload_bytes % RECORD_BYTES == 0, payload_bytes
    return _MESSAGE.pack(payload_bytes, kind, 0, first_sequence, commands)


class MessageReader:
    """Cuts a stream of bytes into messages; keeps what is not complete yet."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def waiting_bytes(self) -> int:
        """Length of what is kept."""
        return len(self._data)

    def feed(self, data: bytes | memoryview) -> Iterator[Message]:
        """Take more bytes and yield the messages that are complete with them."""
        self._data += data
        while len(self._data) >= MESSAGE_HEADER_BYTES:
            length, kind, _, first_sequence, commands = _MESSAGE.unpack_from(self._data)
            end = MESSAGE_HEADER_BYTES + length
            if len(self._data) < end:
                return
            payload = bytes(memoryview(self._data)[MESSAGE_HEADER_BYTES:end])
            del self._data[:end]
            yield Message(kind, first_sequence, commands, payload)
