"""The REST operations, a module per family."""

from ringfence.api.operations import Operation

from . import account, history, markets, orders, prices, system

OPERATIONS: list[Operation] = [
    operation
    for family in (orders.FAMILY, system.FAMILY, markets.FAMILY, prices.FAMILY, account.FAMILY, history.FAMILY)
    for operation in family.operations
]
"""Everything that is served under /api, /wapi and /ringfence."""
