"""What each kind of instruction moves, what it needs, and who has to approve it.

AUTHORISE          CHARTER -> UNISSUED      the issuer's document, four eyes (17Ad-10: only on its authorisation)
REDUCE             UNISSUED -> CHARTER      the same
ISSUE              UNISSUED -> a holder     the same
CANCEL             a holder -> RETIRED      the same
TRANSFER           a holder -> another      routine
CONVERT            a holder -> himself in another form, through IN_TRANSIT when a chain has to confirm; routine
COURT_TRANSFER     a holder -> another      a court's document, four eyes; restrictions do not stop it
LOST_KEY           all of an account -> another of its holder; his affidavit, four eyes; restrictions go along
ESCHEAT            a holder -> a state      the notice, four eyes; restrictions do not stop it
SPLIT              nothing: the factor      the issuer's document, four eyes
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """A kind of instruction."""

    AUTHORISE = "AUTHORISE"
    REDUCE = "REDUCE"
    ISSUE = "ISSUE"
    CANCEL = "CANCEL"
    TRANSFER = "TRANSFER"
    CONVERT = "CONVERT"
    COURT_TRANSFER = "COURT_TRANSFER"
    LOST_KEY = "LOST_KEY"
    ESCHEAT = "ESCHEAT"
    SPLIT = "SPLIT"


class End(StrEnum):
    """What stands at an end of an instruction."""

    HOLDER = "HOLDER"
    CHARTER = "CHARTER"
    UNISSUED = "UNISSUED"
    RETIRED = "RETIRED"
    NOTHING = "NOTHING"


class Rule(NamedTuple):
    """What a kind needs."""

    source: End
    target: End
    four_eyes: bool
    """Also: a document has to order it."""
    routine: bool = False
    same_holder: bool = False
    forced: bool = False
    """Restrictions do not stop it."""


RULES = {
    Kind.AUTHORISE: Rule(End.CHARTER, End.UNISSUED, four_eyes=True),
    Kind.REDUCE: Rule(End.UNISSUED, End.CHARTER, four_eyes=True),
    Kind.ISSUE: Rule(End.UNISSUED, End.HOLDER, four_eyes=True),
    Kind.CANCEL: Rule(End.HOLDER, End.RETIRED, four_eyes=True),
    Kind.TRANSFER: Rule(End.HOLDER, End.HOLDER, four_eyes=False, routine=True),
    Kind.CONVERT: Rule(End.HOLDER, End.HOLDER, four_eyes=False, routine=True, same_holder=True),
    Kind.COURT_TRANSFER: Rule(End.HOLDER, End.HOLDER, four_eyes=True, forced=True),
    Kind.LOST_KEY: Rule(End.HOLDER, End.HOLDER, four_eyes=True, same_holder=True, forced=True),
    Kind.ESCHEAT: Rule(End.HOLDER, End.HOLDER, four_eyes=True, forced=True),
    Kind.SPLIT: Rule(End.NOTHING, End.NOTHING, four_eyes=True),
}
