"""Votes on shares that are pledged and lent: nobody votes a share that another votes too.

allocation   how many shares of each holder may be voted, never more than there are
ballots      the agenda, and what holders say to it until the deadline
tabulation   what was said in all, and a root by which each holder can see that he was counted
"""

from .allocation import Held, allocate
from .ballots import Ballot, BallotError, Choice, Item, Meeting, Receipt, Why
from .tabulation import Tabulation, ballots_csv, tabulate

__all__ = [
    "Ballot",
    "BallotError",
    "Choice",
    "Held",
    "Item",
    "Meeting",
    "Receipt",
    "Tabulation",
    "Why",
    "allocate",
    "ballots_csv",
    "tabulate",
]
