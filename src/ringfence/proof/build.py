"""Making the receipt of a case from history and the signed checkpoints of the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringfence.journal import Checkpoint
from ringfence.journal.merkle import leaf_hash, path_of
from ringfence.schema import events as e
from ringfence.schema.events import Event
from ringfence.schema.layout import decode_event
from ringfence.views.history.cases import CaseReader, EvidenceRow, Seal

from .document import FORMAT, Receipt, Second, ShownEvent, SignedSecond, to_plain

TURNS = (
    e.SliceOrdered,
    e.SliceEnded,
    e.CaseMoved,
    e.CaseClosed,
    e.ToppedUp,
    e.VaultTookOver,
    e.WrittenOff,
    e.ClaimTaken,
)
"""A command that makes one of these is of one case alone, so that all that it did belongs to it."""
FindCheckpoint = Callable[[int], Checkpoint | None]


class NoReceipt(Exception):
    """Raised when there is no receipt of a case, or not yet; the message says why."""


def build_receipt(reader: CaseReader, find_checkpoint: FindCheckpoint, public_key: bytes, case: int) -> Receipt:
    """Return the receipt of a case, open or closed, up to the last checkpoint; raises `NoReceipt`."""
    row = reader.case(case)
    if row is None:
        raise NoReceipt(f"there is no case {case}")
    rows = [one for one in reader.evidence_of(row) if one.seal is not None]
    chosen = choose(case, row.account, rows)
    seconds = [_second(reader, find_checkpoint, seal, places) for seal, places in chosen.items()]
    if not seconds:
        raise NoReceipt(f"case {case} is not sealed yet: its receipt is there once the second is over")
    return Receipt(format=FORMAT, case=case, public_key=public_key.hex(), seconds=seconds)


def choose(case: int, account: int, rows: Sequence[EvidenceRow]) -> dict[int, set[tuple[int, int]]]:
    """Return what belongs to a case of some commands' evidence, as keys of events by the seal that vouches for them."""
    waves = {one.wave for one in rows if one.wave and one.case_number == case}
    by_command: dict[int, list[tuple[EvidenceRow, Event]]] = {}
    for row in rows:
        by_command.setdefault(row.sequence, []).append((row, decode_event(row.record)))
    chosen: dict[int, set[tuple[int, int]]] = {}
    for command in by_command.values():
        for row in _belonging(case, account, waves, command):
            assert row.seal is not None, "what is not sealed was left out"
            chosen.setdefault(row.seal, set()).add((row.sequence, row.event_index))
    return chosen


def _belonging(
    case: int, account: int, waves: set[int], command: Sequence[tuple[EvidenceRow, Event]]
) -> list[EvidenceRow]:
    events = [event for _, event in command]
    if any(isinstance(event, TURNS) and event.case == case for event in events):
        return [row for row, _ in command]
    markets = {event.market for event in events if isinstance(event, e.EstatePosition) and event.case == case}
    markets |= {event.market for event in events if isinstance(event, e.WaveBegan) and event.wave in waves}
    marks = [event for event in events if isinstance(event, e.MarkShown) and event.market in markets]
    assets = {event.asset for event in events if isinstance(event, e.EstateAsset) and event.case == case}
    assets |= {asset for mark in marks for asset in (mark.base_asset, mark.quote_asset)}
    owners = {account} | {event.fenced_account for event in events if isinstance(event, e.CreditFenced)}
    return [
        row
        for row, event in command
        if row.case_number == case
        or row.wave in waves
        or (isinstance(event, e.FundsMoved) and event.to_account in owners)
        or event.account == account
        or (isinstance(event, (e.PriceShown, e.QuoteShown)) and event.asset in assets)
        or (isinstance(event, e.MarkShown) and event.market in markets)
    ]


def _second(reader: CaseReader, find_checkpoint: FindCheckpoint, seal: int, keys: set[tuple[int, int]]) -> Second:
    sealed: Seal = reader.seal(seal)
    checkpoint = find_checkpoint(seal)
    if checkpoint is None:
        raise NoReceipt(f"checkpoint {seal} is not signed yet, or is not here")
    rows = reader.evidence_sealed_by(seal)
    leaves = [leaf_hash(row.record) for row in rows]
    shown = [
        ShownEvent(place, [one.hex() for one in path_of(leaves, place)], to_plain(decode_event(row.record)))
        for place, row in enumerate(rows)
        if (row.sequence, row.event_index) in keys
    ]
    signed = SignedSecond(checkpoint.sequence, checkpoint.time_us, checkpoint.chain.hex(), checkpoint.signature.hex())
    return Second(checkpoint=signed, digest=sealed.digest.hex(), leaves=len(rows), events=shown)
