"""The REST operations, a module per family."""

from ringfence.api.operations import Operation

from . import account, history, lending, limits, loan_history, margin, markets, orders, prices, system

OPERATIONS: list[Operation] = [
    operation
    for family in (orders, system, markets, prices, margin, lending, account, limits, history, loan_history)
    for operation in family.FAMILY.operations
]
"""Everything that is served under /api, /wapi and /ringfence."""
