"""What a receipt is as a file: JSON in one canonical form, so that a file that says the same is the same bytes.

format       "ringfence receipt v1"
case         the case's number
public_key   hex: the venue's key, by which the checkpoints are signed
seconds      the seconds in which something of the case happened, each with
    checkpoint   sequence, time_us, chain, signature: what the venue signed at the end of the second
    digest       hex: the hash of everything that was said in this second
    leaves       how many events of this second may be shown alone
    events       those that concern the case: place among the leaves, path of hashes to the root, and the event
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from ringfence.schema.events import EVENTS, Event
from ringfence.schema.layout import body_fields, encode_event

FORMAT = "ringfence receipt v1"
KIND = "kind"
_BY_NAME = {kind.__name__: kind for kind in EVENTS}


class BadReceipt(Exception):
    """Raised when a file is no receipt at all; the message says where it ends to be one."""


class SignedSecond(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the venue signed; the events chain, which it signed too, follows from the events."""

    sequence: int
    time_us: int
    chain: str
    signature: str


class ShownEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event with its place among the leaves of its second and the path from there to the root."""

    place: int
    path: list[str]
    event: dict[str, int | str]


class Second(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second of the log in which something of the case happened."""

    checkpoint: SignedSecond
    digest: str
    leaves: int
    events: list[ShownEvent]


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case file."""

    format: str
    case: int
    public_key: str
    seconds: list[Second]


def to_plain(event: Event) -> dict[str, int | str]:
    """Return an event as it stands in a receipt: its kind, then its fields; bytes in hex."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return {KIND: type(event).__name__} | {
        name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()
    }


def to_record(plain: dict[str, int | str]) -> tuple[Event, bytes]:
    """Return the event that stands in a receipt, and its 128 bytes; raises `BadReceipt` for what is none."""
    kind = _BY_NAME.get(str(plain.get(KIND)))
    if kind is None:
        raise BadReceipt(f"{plain.get(KIND)!r} is no kind of event")
    given: dict[str, Any] = {name: value for name, value in plain.items() if name != KIND}
    try:
        for field in body_fields(kind):
            if field.code[0] == "B":
                given[field.name] = bytes.fromhex(given[field.name])
        event = kind(**given)
        record = encode_event(event)
    except (TypeError, ValueError, KeyError, AssertionError, struct.error) as error:
        raise BadReceipt(f"{kind.__name__} cannot be read: {error}") from None
    if to_plain(event) != plain:
        raise BadReceipt(f"{kind.__name__} is not written as it must be")
    return event, record


def to_bytes(receipt: Receipt) -> bytes:
    """Return the canonical form of a receipt."""
    return msgspec.json.format(msgspec.json.encode(receipt), indent=1) + b"\n"


def from_bytes(data: bytes) -> Receipt:
    """Return the receipt in a file; raises `BadReceipt` unless it is one in canonical form."""
    try:
        receipt = msgspec.json.decode(data, type=Receipt)
    except msgspec.MsgspecError as error:
        raise BadReceipt(f"it is no receipt: {error}") from None
    if receipt.format != FORMAT:
        raise BadReceipt(f"its format is {receipt.format!r}, not {FORMAT!r}")
    if to_bytes(receipt) != data:
        raise BadReceipt("it is not in canonical form: something was changed, added or left out")
    return receipt
