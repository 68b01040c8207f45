"""The register computed again from its first entry: the chain, balances, factors, and what every entry rests on.

The invariants are named as in docs/register.md: I1 (what holders, transit and suspense have is what is issued, and no
more than is authorised), I4 (every entry has an instruction, and replay gives the same), I6 (what is issued changes
only by a document that two people agreed on), I7 (what is shown adds up exactly).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sqlalchemy as sa

from ringfence.approvals import State

from .holders import HOLDER, Kept, kept_account
from .instructions import Instruction
from .kinds import RULES, Kind
from .ledger import BEGINNING, Entry, entries, hash_of
from .securities import StockClass, classes
from .tables import ACCOUNTS, BALANCES, INSTRUCTIONS, PROPOSALS

PAGE = 10_000


def check(connection: sa.Connection) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all holds."""
    units: dict[int, int] = {}
    factors: dict[int, Fraction] = {}
    found = list(_replay(connection, units, factors))
    has = {row.account: row.units for row in connection.execute(sa.select(BALANCES))}
    for account in sorted(units.keys() | has.keys()):
        if units.get(account, 0) != has.get(account, 0):
            found.append(
                f"account {account}: its entries come to {units.get(account, 0)} units, its balance says "
                f"{has.get(account, 0)}"
            )
    for one in classes(connection):
        found += _of_class(connection, one, units, factors.get(one.number, Fraction(1)))
    return found


def _replay(connection: sa.Connection, units: dict[int, int], factors: dict[int, Fraction]) -> Iterator[str]:
    before, after = BEGINNING, 0
    while page := entries(connection, after=after, most=PAGE):
        for entry in page:
            if entry.entry != after + 1:
                yield f"entry {after + 1} is not there"
            if hash_of(entry, before) != entry.hash:
                yield f"entry {entry.entry}: its hash is not that of what it says after the entry before"
            yield from _rests_on(connection, entry)
            before, after = entry.hash, entry.entry
            if entry.debit is None or entry.credit is None:
                factor = factors.get(entry.number, Fraction(1))
                factors[entry.number] = factor * Fraction(entry.ratio_new, entry.ratio_old)
                continue
            units[entry.debit] = units.get(entry.debit, 0) - entry.units
            units[entry.credit] = units.get(entry.credit, 0) + entry.units


def _rests_on(connection: sa.Connection, entry: Entry) -> Iterator[str]:
    """Yield what an entry lacks: its instruction, and for what only two people may do, both."""
    query = sa.select(INSTRUCTIONS).where(INSTRUCTIONS.c.instruction == entry.instruction)
    row = connection.execute(query).one_or_none()
    if row is None:
        yield f"entry {entry.entry}: there is no instruction {entry.instruction}"
        return
    item = Instruction(*row)
    if item.kind != entry.cause or item.number != entry.number:
        yield f"entry {entry.entry}: it is a {entry.cause} of class {entry.number}, its instruction is not"
    if not RULES[Kind(item.kind)].four_eyes:
        return
    state = connection.scalar(sa.select(PROPOSALS.c.state).where(PROPOSALS.c.proposal == item.proposal))
    if not item.document or state != State.CARRIED_OUT:
        yield f"entry {entry.entry}: a {entry.cause} without a document that two people agreed on"


def _of_class(connection: sa.Connection, one: StockClass, units: dict[int, int], factor: Fraction) -> Iterator[str]:
    if factor != one.factor:
        yield f"class {one.number}: its entries make the factor {factor}, it says {one.factor}"
    kept = {name: units.get(kept_account(connection, one.number, name), 0) for name in Kept}
    for name, has in kept.items():
        if has < 0 and name != Kept.CHARTER:
            yield f"class {one.number}: {name} has {has} units"
    authorised, issued = -kept[Kept.CHARTER], -kept[Kept.CHARTER] - kept[Kept.UNISSUED] - kept[Kept.RETIRED]
    mine = (ACCOUNTS.c["class"] == one.number) & (ACCOUNTS.c.kind == HOLDER)
    held = [units.get(account, 0) for account in connection.scalars(sa.select(ACCOUNTS.c.account).where(mine))]
    if any(has < 0 for has in held):
        yield f"class {one.number}: a holder has fewer than no units"
    in_hands = sum(held) + kept[Kept.IN_TRANSIT] + kept[Kept.SUSPENSE]
    if in_hands != issued or not 0 <= issued <= authorised:
        yield f"class {one.number}: {in_hands} units are held, {issued} are issued, {authorised} authorised"
    if sum((one.shares(has) for has in held), one.shares(in_hands - sum(held))) != one.shares(issued):
        yield f"class {one.number}: what is shown does not add up"
