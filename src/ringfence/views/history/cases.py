"""Questions to history about liquidations: cases, waves, the events that tell of them, and what FUND and SKIN moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from .tables import CASES, EVIDENCE, FUND_MOVEMENTS, SEALS, WAVES


class CaseRow(msgspec.Struct, frozen=True):
    """A liquidation; ``closed_us`` and ``reason`` are ``None`` while it is under way."""

    case_number: int
    account: int
    opened: int
    opened_us: int
    cause: int
    equity_value: int
    maintenance_value: int
    worth_value: int
    step: int
    slices: int
    closed_us: int | None
    reason: int | None


class EvidenceRow(msgspec.Struct, frozen=True):
    """An event that may be shown alone; ``seal`` is ``None`` until its second is over."""

    sequence: int
    event_index: int
    kind: int
    account: int
    market: int
    case_number: int
    wave: int
    seal: int | None
    record: bytes


class Seal(msgspec.Struct, frozen=True):
    """The end of a second with evidence, and the hash of all that was said in it."""

    sequence: int
    time_us: int
    digest: bytes


class CaseReader:
    """Reads what history holds of liquidations. Every call takes a connection of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def case(self, case: int) -> CaseRow | None:
        """Return a case, ``None`` if there was none of that number."""
        found = self._rows(sa.select(CASES).where(CASES.c.case_number == case))
        return CaseRow(**found[0]) if found else None

    def cases(
        self, *, account: int | None = None, is_open: bool | None = None, limit: int = 100, offset: int = 0
    ) -> list[CaseRow]:
        """Return cases, newest first."""
        query = sa.select(CASES).order_by(CASES.c.case_number.desc()).limit(limit).offset(offset)
        if account is not None:
            query = query.where(CASES.c.account == account)
        if is_open is not None:
            query = query.where(CASES.c.closed_us.is_(None) if is_open else CASES.c.closed_us.is_not(None))
        return [CaseRow(**row) for row in self._rows(query)]

    def waves(self, *, wave: int | None = None, limit: int = 100, offset: int = 0) -> Sequence[Any]:
        """Return deleveragings as mappings with the columns of the table, newest first."""
        query = sa.select(WAVES).order_by(WAVES.c.wave.desc()).limit(limit).offset(offset)
        return self._rows(query if wave is None else query.where(WAVES.c.wave == wave))

    def fund_movements(self, *, limit: int = 100, offset: int = 0) -> Sequence[Any]:
        """Return what FUND and SKIN got and paid, newest first."""
        key = (FUND_MOVEMENTS.c.sequence.desc(), FUND_MOVEMENTS.c.event_index.desc(), FUND_MOVEMENTS.c.account)
        return self._rows(sa.select(FUND_MOVEMENTS).order_by(*key).limit(limit).offset(offset))

    def evidence_of(self, case: CaseRow) -> list[EvidenceRow]:
        """Return the evidence of every command that did something to a case, to its account meanwhile, or to its waves.

        Commands come whole, so that there is evidence of others in it.
        """
        of_case = EVIDENCE.c.case_number == case.case_number
        named = self._sequences(of_case)
        last = max(named, default=case.opened)
        meanwhile = sa.and_(EVIDENCE.c.account == case.account, EVIDENCE.c.sequence.between(case.opened, last))
        waves = sa.select(EVIDENCE.c.wave).where(of_case, EVIDENCE.c.wave != 0).distinct()
        sequences = named | self._sequences(meanwhile) | self._sequences(EVIDENCE.c.wave.in_(waves))
        return self._evidence(EVIDENCE.c.sequence.in_(sorted(sequences)))

    def evidence_sealed_by(self, seal: int) -> list[EvidenceRow]:
        """Return the evidence of a second, in the order of the log, which is that of the leaves."""
        return self._evidence(EVIDENCE.c.seal == seal)

    def seal(self, sequence: int) -> Seal:
        """Return a seal."""
        return Seal(**self._rows(sa.select(SEALS).where(SEALS.c.sequence == sequence))[0])

    def events_of(self, case: int) -> list[EvidenceRow]:
        """Return the events that name a case, in the order of the log."""
        return self._evidence(EVIDENCE.c.case_number == case)

    def _evidence(self, condition: sa.ColumnElement[bool]) -> list[EvidenceRow]:
        query = sa.select(EVIDENCE).where(condition).order_by(EVIDENCE.c.sequence, EVIDENCE.c.event_index)
        return [EvidenceRow(**row) for row in self._rows(query)]

    def _sequences(self, condition: sa.ColumnElement[bool]) -> set[int]:
        with self._engine.connect() as connection:
            return set(connection.scalars(sa.select(EVIDENCE.c.sequence).where(condition).distinct()))

    def _rows(self, query: sa.Select[Any]) -> Sequence[Any]:
        with self._engine.connect() as connection:
            return connection.execute(query).mappings().all()
