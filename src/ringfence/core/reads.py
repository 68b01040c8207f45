"""Looking at the tables from Python: the twins of compiled look-ups, over plain columns, for views and gateways."""

from typing import Any

import msgspec
import numpy as np

from ..schema.enums import Side
from ..schema.fields import MAX_PRICE_TICKS
from ..schema.tables import EntitlementRow, OrderRow, PositionRow, RedemptionRow, TriggerRow
from .bits import mix
from .book import REDUCES
from .levels import BITS, STEP
from .reserves import LOAN_BITS
from .state import ORDERS, TRIGGERS, State


def row_of(row: type[msgspec.Struct], record: Any, **named: int) -> Any:
    """Return a canonical row of one record of a table; ``named`` gives the fields that the table calls otherwise."""
    values: dict[str, Any] = {}
    for name in row.__struct_fields__:
        value = named[name] if name in named else record[name]
        values[name] = bytes(value).rstrip(b"\0").decode("ascii") if isinstance(value, np.ndarray) else int(value)
    return row(**values)


class Columns:
    """The fields of one table as plain arrays: ``columns.lots(i)`` is an int, and costs a tenth of a record's field."""

    def __init__(self, table: np.ndarray) -> None:
        """Take a record array of the state."""
        plain = table.view(np.ndarray)
        for name in table.dtype.names or ():
            setattr(self, name, plain[name].item)

    def __getattr__(self, name: str) -> Any:
        """Tell the type checker that fields come from the table."""
        raise AttributeError(name)


class Reads:
    """Look-ups in a state, in plain integers."""

    def __init__(self, state: State) -> None:
        """Take the columns once; they show the state as it changes."""
        self._pools, self._halves = Columns(state.pools), Columns(state.halves)
        self._nodes, self._levels = Columns(state.nodes), Columns(state.levels)
        self._accounts, self._balances = Columns(state.accounts), Columns(state.balances)
        self._orders, self._order_table = Columns(state.orders), state.orders
        self._order_head = state.order_heads.item
        self._lending_pools, self._redemptions = Columns(state.lending_pools), state.redemptions
        self._positions, self._triggers = state.positions, state.triggers
        self._entitlements, self._first_entitlement = state.entitlements, state.first_entitlement.item
        self._account_triggers, self._trigger_head = Columns(state.account_triggers), state.trigger_heads.item

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """Return (asset, available_atoms, locked_atoms) of all an account holds, by asset."""
        found, rows = [], self._balances
        slot = self._accounts.first_balance(account)
        while slot:
            found.append((rows.id(slot) & 0xFFFF, rows.available_atoms(slot), rows.locked_atoms(slot)))
            slot = rows.account_next(slot)
        return sorted(found)

    def loans(self, account: int) -> list[tuple[int, int]]:
        """Return (asset, loan_shares) of all an account lent, above 0, or owes, below 0, by asset."""
        found, rows = [], self._balances
        slot = self._accounts.first_balance(account)
        while slot:
            if shares := rows.loan_shares(slot):
                found.append((rows.id(slot) & 0xFFFF, shares))
            slot = rows.account_next(slot)
        return sorted(found)

    def entitlements(self, account: int) -> list[EntitlementRow]:
        """Return what an account has to do with corporate actions, by action."""
        found, slot = [], self._first_entitlement(account)
        while slot:
            found.append(row_of(EntitlementRow, self._entitlements[slot]))
            slot = int(self._entitlements[slot].next)
        return sorted(found, key=lambda row: row.action)

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account, by market."""
        found, slot = [], self._accounts.first_position(account)
        while slot:
            found.append(row_of(PositionRow, self._positions[slot]))
            slot = int(self._positions[slot].account_next)
        return found

    def redemptions(self, asset: int) -> list[RedemptionRow]:
        """Return who waits to redeem an asset, oldest first."""
        found, slot = [], self._lending_pools.first_redemption(asset)
        while slot:
            found.append(row_of(RedemptionRow, self._redemptions[slot]))
            slot = int(self._redemptions[slot].next)
        return found

    def levels(self, market: int, side: int, most: int) -> list[tuple[int, int]]:
        """Return (price_ticks, quantity_lots) of a side, best first, at most ``most``."""
        found: list[tuple[int, int]] = []
        slot = self._halves.best(2 * market + side)
        while slot and len(found) < most:
            found.append((self._levels.price_ticks(slot), self._levels.lots(slot)))
            slot = self._levels.worse(slot)
        return found

    def level_lots(self, market: int, side: int, price_ticks: int) -> int:
        """Return the quantity that stands at one price, 0 if none."""
        h = 2 * market + side
        key = MAX_PRICE_TICKS - price_ticks if side == Side.BID else price_ticks
        shift, node = self._halves.shift(h), self._halves.root(h)
        if node == 0 or key >> (shift + STEP) != self._halves.prefix(h):
            return 0
        while shift > 0:
            node = self._nodes.kids(node, (key >> shift) & BITS)
            if node == 0:
                return 0
            shift -= STEP
        level = self._nodes.kids(node, key & BITS)
        return self._levels.lots(level) if level else 0

    def order(self, number: int) -> OrderRow | None:
        """Return an open order."""
        slot = self._order_head(self._bucket(ORDERS, number))
        while slot and self._orders.id(slot) != number:
            slot = self._orders.hash_next(slot)
        return self._order_at(slot) if slot else None

    def trigger(self, number: int) -> TriggerRow | None:
        """Return a trigger that waits."""
        slot = self._trigger_head(self._bucket(TRIGGERS, number))
        while slot and self._triggers[slot].id != number:
            slot = int(self._triggers[slot].hash_next)
        return row_of(TriggerRow, self._triggers[slot]) if slot else None

    def triggers(self, account: int, market: int) -> list[TriggerRow]:
        """Return the triggers of an account in a market, or in all (0), in the order in which they were placed."""
        found, slot = [], self._account_triggers.first(account)
        while slot:
            if market in (0, int(self._triggers[slot].market)):
                found.append(row_of(TriggerRow, self._triggers[slot]))
            slot = int(self._triggers[slot].account_next)
        return found

    def _bucket(self, pool: int, number: int) -> int:
        mask, spread = self._pools.mask(pool), mix(number)
        bucket = spread & (2 * mask + 1)
        return bucket if bucket < self._pools.buckets(pool) else spread & mask

    def _order_at(self, slot: int) -> OrderRow:
        special = self._orders.special(slot)
        flags = {"loan_flags": special & LOAN_BITS, "reduce_only": int(special & REDUCES != 0)}
        return row_of(OrderRow, self._order_table[slot], order=self._orders.id(slot), **flags)

    def open_orders(self, account: int, market: int) -> list[OrderRow]:
        """Return the open orders of an account in a market, or in all (0), oldest first."""
        found = []
        slot = self._accounts.first_order(account)
        while slot:
            if market in (0, self._orders.market(slot)):
                found.append(self._order_at(slot))
            slot = self._orders.account_next(slot)
        return found
