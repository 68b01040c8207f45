"""Checking a receipt from nothing but the file and, if it is known, the venue's public key."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import msgspec
from nacl.signing import VerifyKey

from ringfence.journal import Checkpoint
from ringfence.journal.checkpoints import signature_is_valid
from ringfence.journal.merkle import leaf_hash, root_by_path
from ringfence.node.evidence import sealed_chain
from ringfence.schema.events import Event

from . import course_checks, estate_checks
from .case_file import CaseFile
from .document import BadReceipt, Receipt, Second, from_bytes, to_record

CHECKS: tuple[tuple[str, Callable[[CaseFile], Iterator[str]]], ...] = (
    ("prices follow from their sources' quotes", estate_checks.check_prices),
    ("marks follow from index and premium", estate_checks.check_marks),
    ("assets of the estate are worth what is said", estate_checks.check_assets),
    ("positions of the estate come to what is said", estate_checks.check_positions),
    ("dues of corporate actions come to what is said", estate_checks.check_expected),
    ("equity was at or below maintenance margin", estate_checks.check_trigger),
    ("each order kept its limit, and its fee is the rule's", course_checks.check_slices),
    ("each takeover by a vault was at the mark, less what it may", course_checks.check_takeovers),
    ("each deleveraging sums up: gap, payers, cost", course_checks.check_waves),
    ("each deficit has payers that sum to it", course_checks.check_payers),
    ("nothing from outside reached the estate", course_checks.check_fence),
    ("it ends after it began", course_checks.check_end),
)


class Checked(msgspec.Struct, frozen=True):
    """One thing that was checked; ``findings`` is empty if it holds."""

    name: str
    findings: list[str]


class Report(msgspec.Struct):
    """What checking a receipt found."""

    public_key: str = ""
    case: int = 0
    checks: list[Checked] = []
    file: CaseFile | None = None

    @property
    def holds(self) -> bool:
        """Whether everything holds."""
        return bool(self.checks) and all(not one.findings for one in self.checks)


def check(data: bytes, public_key: str | None = None) -> Report:
    """Check a receipt; with ``public_key`` (hex) it must be that venue's."""
    report = Report()
    try:
        receipt = from_bytes(data)
        report.public_key, report.case = receipt.public_key, receipt.case
        if public_key is not None and receipt.public_key != public_key:
            raise BadReceipt(f"it is of the venue {receipt.public_key}, not of {public_key}")
        report.file = CaseFile(receipt.case, events_of(receipt))
        report.checks.append(Checked("signed by the venue, event by event", []))
        for name, found in CHECKS:
            report.checks.append(Checked(name, list(found(report.file))))
    except BadReceipt as error:
        report.checks.append(Checked("signed by the venue, event by event", [str(error)]))
    return report


def events_of(receipt: Receipt) -> list[Event]:
    """Return the events that the venue's checkpoints vouch for; raises `BadReceipt` if one is not vouched for."""
    key = VerifyKey(_hash(receipt.public_key))
    events: list[Event] = []
    for second in receipt.seconds:
        events += _vouched(second, key, events[-1] if events else None)
    if not events:
        raise BadReceipt("it shows no event")
    return events


def _vouched(second: Second, key: VerifyKey, last: Event | None) -> list[Event]:
    events: list[Event] = []
    root: bytes | None = None
    signed = second.checkpoint
    for shown in second.events:
        event, record = to_record(shown.event)
        found = root_by_path(leaf_hash(record), shown.place, second.leaves, [_hash(one) for one in shown.path])
        name = f"event {event.index} of command {event.sequence}"
        if found is None or (root is not None and found != root):
            raise BadReceipt(f"{name} is not where it is said to stand among what the venue signed")
        if last is not None and (event.sequence, event.index) <= (last.sequence, last.index):
            raise BadReceipt(f"{name} is out of order")
        if event.sequence > signed.sequence or event.time_us > signed.time_us:
            raise BadReceipt(f"{name} is later than the checkpoint {signed.sequence} that is to vouch for it")
        root, last = found, event
        events.append(event)
    if root is None:
        raise BadReceipt(f"the second of checkpoint {signed.sequence} shows no event")
    _require_signed(second, sealed_chain(_hash(second.digest), root, second.leaves), key)
    return events


def _require_signed(second: Second, events_chain: bytes, key: VerifyKey) -> None:
    signed = second.checkpoint
    try:
        signature = _bytes(signed.signature, 64)
        made = Checkpoint(signed.sequence, signed.time_us, _hash(signed.chain), events_chain, signature)
        valid = signature_is_valid(made, key)
    except (ValueError, TypeError, struct.error) as error:
        raise BadReceipt(f"checkpoint {signed.sequence} cannot be read: {error}") from None
    if not valid:
        raise BadReceipt(f"the venue did not sign checkpoint {signed.sequence} over these events")


def _hash(text: str) -> bytes:
    return _bytes(text, 32)


def _bytes(text: str, length: int) -> bytes:
    """Return the bytes that small hex letters stand for; no other spelling of them is taken."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != length or found.hex() != text:
        raise BadReceipt(f"{text!r} is not the hex of {length} bytes")
    return found
