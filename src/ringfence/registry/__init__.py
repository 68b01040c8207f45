"""The register of registered shares: a transfer agent's system, usable alone.

    register      the door: everything that a transfer agent does, each in one transaction
    reasons       why something is refused, each with a code and a sentence
    tables        the store
    securities    issuers, classes, and the identifiers that they have from when to when
    holders       who holds, and the accounts that he has of a class: book entry, omnibus, tokens
    rows          adding rows to tables
    ledger        the double entry: the only writer of entries and balances, chained by hashes
    kinds         what each kind of instruction moves, and what it needs
    instructions  what somebody asks for, from receipt to posting, with the clock of its turnaround
    restrictions  what may not be moved
    turnaround    when an item counts as received, and when it is due
    rules         rule numbers and deadlines, dated, from rules.toml
    records       who held what at an instant
    differences   what does not agree with another store, until it does
    replay        all of it computed again from the first entry, and what is found

Units are raw: a millionth of a share as it was when the class was listed. What a holder is shown is units times the
factor of the class, a rational number that splits change; entries never change.
"""

from .instructions import Instruction
from .kinds import Kind
from .ledger import Entry
from .reasons import Reason, RegistryError
from .register import Register
from .replay import check
from .rules import Rules, load_rules

__all__ = ["Entry", "Instruction", "Kind", "Reason", "Register", "RegistryError", "Rules", "check", "load_rules"]
