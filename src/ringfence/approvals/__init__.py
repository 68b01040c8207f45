"""Four eyes: what one person proposes, another approves, and only then it is done; or it expires.

    table      where proposals are kept: a table in the database of whoever needs them
    approvals  proposing, approving, withdrawing, and what there is

A proposal is bytes that say what is to be done, and a sentence that a person can read.  Whoever approves names the
digest of what he has seen, so that nothing else can be carried out in its name.
"""

from .approvals import ApprovalError, Approvals, Proposal, State, Why, digest_of
from .table import proposals_table

__all__ = ["ApprovalError", "Approvals", "Proposal", "State", "Why", "digest_of", "proposals_table"]
