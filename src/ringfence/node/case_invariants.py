"""What must hold of liquidations at any moment: whose they are, whose turn is next, what a deleveraging has left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ringfence.schema.enums import AccountKind, HouseAccount, WavePhase

Rows: TypeAlias = Mapping[str, npt.NDArray[Any]]


def broken_cases(rows: Rows) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong."""
    yield from _owners(rows)
    yield from _turns(rows)
    yield from _nothing_open(rows)
    yield from _fenced(rows)
    yield from _waves(rows)


def _columns(table: npt.NDArray[Any], *names: str) -> Iterator[tuple[int, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)


def _owners(rows: Rows) -> Iterator[str]:
    """A case is of an account that trades, which has no other."""
    accounts = rows["accounts"]
    trading = set(accounts["account"][accounts["account_kind"] != AccountKind.FENCED].tolist())
    seen: set[int] = set()
    opened = int(rows["venue"]["cases_opened"][0])
    for case, account in _columns(rows["cases"], "case", "account"):
        if account not in trading or account in seen:
            yield f"case {case} is of account {account}, which has another one or does not trade"
        if not 0 < case <= opened:
            yield f"case {case} is open, and {opened} were opened"
        seen.add(account)


def _turns(rows: Rows) -> Iterator[str]:
    """Every case has a turn of its own, given out once."""
    turns, given = rows["cases"]["turn"], int(rows["venue"]["case_turns"][0])
    if len(np.unique(turns)) != len(turns) or np.any((turns <= 0) | (turns > given)):
        yield f"the turns of cases are {sorted(turns.tolist())}, and {given} were given"


def _nothing_open(rows: Rows) -> Iterator[str]:
    """An account that is being liquidated has no open order and no trigger."""
    failing = set(rows["cases"]["account"].tolist())
    for table in ("orders", "triggers"):
        for account in sorted(failing & set(rows[table]["account"].tolist())):
            yield f"account {account} is being liquidated and has {table}"


def _fenced(rows: Rows) -> Iterator[str]:
    """A fenced account has no position and no order: no loss of anybody can reach it."""
    accounts = rows["accounts"]
    fenced = set(accounts["account"][accounts["account_kind"] == AccountKind.FENCED].tolist())
    for table in ("orders", "positions"):
        for account in sorted(fenced & set(rows[table]["account"].tolist())):
            yield f"account {account} is fenced and has {table}"


def _waves(rows: Rows) -> Iterator[str]:
    """A deleveraging has as many lots left as CLEARING holds, and no more to share out than it began with."""
    nets: dict[tuple[int, int], int] = {}
    for account, market, lots in _columns(rows["positions"], "account", "market", "net_lots"):
        nets[account, market] = lots
    names = ("wave", "market", "phase", "lots", "left_lots", "gap_atoms", "left_atoms")
    for wave, market, phase, lots, left, gap, left_atoms in _columns(rows["waves"], *names):
        held = nets.get((int(HouseAccount.CLEARING), market), 0)
        if phase == WavePhase.NOTHING or held != left:
            yield f"wave {wave} has {left} lots left in market {market}, and CLEARING has {held}"
        if abs(left) > abs(lots) or left * lots < 0 or not 0 <= left_atoms <= gap:
            yield f"wave {wave} has {left} of {lots} lots left, and {left_atoms} of {gap} atoms"
