"""The REST operations, a module per family."""

from ringfence.api.operations import Operation

from . import (
    account,
    fence,
    history,
    lending,
    limits,
    liquidation,
    loan_history,
    margin,
    markets,
    orders,
    perpetuals,
    position_history,
    prices,
    rights,
    system,
    vaults,
)

FAMILIES = (
    orders.FAMILY,
    system.FAMILY,
    markets.FAMILY,
    prices.FAMILY,
    perpetuals.FAMILY,
    margin.FAMILY,
    perpetuals.FUTURES,
    lending.FAMILY,
    vaults.FAMILY,
    account.FAMILY,
    fence.FAMILY,
    limits.FAMILY,
    history.FAMILY,
    loan_history.FAMILY,
    position_history.FAMILY,
    liquidation.FAMILY,
    rights.FAMILY,
)

OPERATIONS: list[Operation] = [operation for family in FAMILIES for operation in family.operations]
"""Everything that is served under /api, /wapi, /ringfence and /rights."""
