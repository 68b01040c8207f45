"""What history keeps of liquidations: the events themselves, whoever failed, and what FUND and SKIN got and paid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ringfence.node.evidence import tells
from ringfence.schema.enums import CaseStep, HouseAccount, MarketKind, MoveCause
from ringfence.schema.events import (
    CaseClosed,
    CaseMoved,
    CaseOpened,
    Event,
    FundsMoved,
    SliceEnded,
    WaveBegan,
    WaveEnded,
)
from ringfence.schema.layout import encode_event, tag_of

from ..catalog import Catalog

Row = dict[str, Any]

FUND, SKIN = int(HouseAccount.FUND), int(HouseAccount.SKIN)
WAVE_FIELDS = (
    "wave", "market", "mark_ticks", "lots", "left_lots", "gap_atoms", "own_atoms", "fund_atoms", "skin_atoms",
    "left_atoms", "cases", "policy",
)  # fmt: skip
ENDED_FIELDS = ("people", "cost_atoms", "profit_atoms", "uncovered_atoms")


class Sealed(msgspec.Struct, frozen=True):
    """A second with evidence ended with the Clock ``sequence``; ``digest`` is the hash of all that it said."""

    sequence: int
    time_us: int
    digest: bytes


class Evidence:
    """What a batch of whole commands adds; ``turns`` and ``endings`` change rows that the database has already."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.records: list[Row] = []
        self.seals: list[Row] = []
        self.cases: dict[int, Row] = {}
        self.turns: dict[int, Row] = {}
        self.waves: dict[int, Row] = {}
        self.endings: list[Row] = []
        self.fund: list[Row] = []

    def add(self, fed: Sequence[Any]) -> None:
        """Add whole commands, in the order of the log."""
        telling = {event.sequence for event in fed if isinstance(event, Event) and tells(event)}
        for event in fed:
            if isinstance(event, Sealed):
                self.seals.append(msgspec.structs.asdict(event))
            elif event.sequence in telling and isinstance(event, Event):
                self.records.append(record_of(event))
                self._follow(event)

    def _follow(self, event: Event) -> None:
        if isinstance(event, CaseOpened):
            self.cases[event.case] = _opened(event)
        elif isinstance(event, SliceEnded):
            self._case(event.case)["slices"] += 1
            self._add_fee(event)
        elif isinstance(event, CaseMoved):
            self._case(event.case)["step"] = event.step
        elif isinstance(event, CaseClosed):
            self._case(event.case).update(closed_us=event.time_us, reason=event.reason)
        elif isinstance(event, WaveBegan):
            self.waves[event.wave] = _began(event)
        elif isinstance(event, WaveEnded):
            self._end_wave(event)

    def _case(self, case: int) -> Row:
        found = self.cases.get(case) or self.turns.get(case)
        if found is None:
            found = self.turns[case] = {"key": case, "step": None, "slices": 0, "closed_us": None, "reason": None}
        return found

    def _end_wave(self, event: WaveEnded) -> None:
        changes = {name: getattr(event, name) for name in ENDED_FIELDS}
        changes |= {"ended_us": event.time_us, "shared_lots": event.lots}
        row = self.waves.get(event.wave)
        if row is None:
            self.endings.append({"key": event.wave} | changes)
        else:
            row.update(changes)

    def moved(self, event: FundsMoved) -> None:
        """Note what FUND or SKIN got or paid."""
        for account, sign in ((event.account, -1), (event.to_account, 1)):
            if account in (FUND, SKIN):
                cause = MoveCause(event.cause).name
                row = _moved(event, account, event.asset, 0, sign * event.amount_atoms, cause, event.reference)
                self.fund.append(row)

    def _add_fee(self, event: SliceEnded) -> None:
        market = self._catalog.market_by_number[event.market]
        if market.row.market_kind == MarketKind.PERPETUAL and event.fee_atoms:
            cause, asset = MoveCause.LIQUIDATION_FEE.name, market.quote.number
            self.fund.append(_moved(event, FUND, asset, event.market, event.fee_atoms, cause, event.order))


def record_of(event: Event) -> Row:
    """Return the row of an event that may be shown alone; its seal comes with the end of the second."""
    case = getattr(event, "case", 0) or getattr(event, "own_case", 0)
    return {
        "sequence": event.sequence, "event_index": event.index, "kind": tag_of(type(event)), "account": event.account,
        "market": event.market, "case_number": case, "wave": getattr(event, "wave", 0), "seal": None,
        "record": encode_event(event),
    }  # fmt: skip


def _opened(event: CaseOpened) -> Row:
    return {
        "case_number": event.case, "account": event.account, "opened": event.sequence, "opened_us": event.time_us,
        "cause": event.cause, "equity_value": event.equity_value, "maintenance_value": event.maintenance_value,
        "worth_value": event.worth_value, "step": int(CaseStep.BOOK), "slices": 0, "closed_us": None, "reason": None,
    }  # fmt: skip


def _began(event: WaveBegan) -> Row:
    row = {name: getattr(event, name) for name in WAVE_FIELDS} | dict.fromkeys((*ENDED_FIELDS, "shared_lots"), 0)
    return row | {"began_us": event.time_us, "ended_us": None}


def _moved(event: Event, account: int, asset: int, market: int, atoms: int, cause: str, reference: int) -> Row:
    return {
        "sequence": event.sequence, "event_index": event.index, "account": account, "time_us": event.time_us,
        "asset": asset, "market": market, "amount_atoms": atoms, "cause": cause, "reference": reference,
    }  # fmt: skip
