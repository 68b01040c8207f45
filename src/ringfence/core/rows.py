"""The canonical rows of the state, and the state from its canonical rows.

What is hashed and stored says nothing of slots, links, free lists or the shape of an index, so a state that was
restored, one that was replayed and one kept in dicts give the same bytes.
"""

import numpy as np

from ..schema.enums import (
    FIRST_USER_ACCOUNT,
    PARAMETER_LIMITS,
    TAKE_PROFIT,
    BrakePhase,
    CaseStep,
    Delisting,
    HouseAccount,
    Parameter,
    is_known,
    rules_that_hold,
)
from ..schema.layout import ROW_DTYPES, row_dtypes
from .accounts import least_initial
from .book import ATTACHED, REDUCES, find_order, link_reducing, open_order, queue
from .brakes import set_band
from .cases import join_queue, take_slot
from .entitlements import open_entitlement, place_of, set_due
from .index import insert
from .jit import called_from_python
from .ledger import open_balance
from .money import hold
from .people import join_siblings
from .positions import find_position, open_position
from .redemptions import append
from .reserves import LOAN_BITS, set_reserved
from .state import (
    BALANCES,
    CASES,
    ENTITLEMENTS,
    ORDERS,
    POSITIONS,
    QUOTES_PER_ASSET,
    REDEMPTIONS,
    SCHEDULES,
    SOURCES,
    TIERS,
    TRIGGERS,
    VAULT_REDEMPTIONS,
    WITHDRAWALS,
)
from .taking import UNDER_WAY, find_next_take
from .triggers import find_trigger, join_due, link_trigger, open_trigger, wait
from .valuation import set_worth
from .vault_queue import append_redemption


def _copied(name, table, selected):
    """Return canonical rows with every field that the table in memory names the same."""
    rows = np.zeros(len(selected), ROW_DTYPES[name])
    for field in rows.dtype.names:
        if field in table.dtype.names:
            rows[field] = table[field][selected]
    return rows


def _venue(s):
    return _copied("venue", s.venue, np.arange(1))


def _parameters(s):
    rows = np.zeros(len(PARAMETER_LIMITS), ROW_DTYPES["parameters"])
    rows["parameter"] = sorted(PARAMETER_LIMITS)
    rows["value"] = s.parameters[rows["parameter"]]
    return rows


def _fee_tiers(s):
    rows = _copied("fee_tiers", s.fee_tiers, np.arange(SCHEDULES * TIERS))
    rows["fee_schedule"], rows["fee_tier"] = np.divmod(np.arange(SCHEDULES * TIERS), TIERS)
    return rows


def _sources(s):
    rows = _copied("sources", s.sources, np.arange(1, SOURCES))
    rows["source"] = np.arange(1, SOURCES)
    return rows


def _users(s):
    numbers = np.arange(1, s.venue[0].users + 1)
    rows = _copied("users", s.users, numbers)
    for field in s.user_rights.dtype.names:
        rows[field] = s.user_rights[field][numbers]
    return rows


def _actions(s):
    return np.sort(_copied("actions", s.actions, np.flatnonzero(s.actions["action"])), order="action")


def _entitlements(s):
    slots = np.flatnonzero(s.entitlements["action"][: s.pools[ENTITLEMENTS].used + 1])
    return np.sort(_copied("entitlements", s.entitlements, slots), order=["action", "account"])


def _accounts(s):
    numbers = np.arange(FIRST_USER_ACCOUNT, s.venue[0].next_account)
    rows = _copied("accounts", s.accounts, numbers)
    rows["account"] = numbers
    return rows


def _waves(s):
    return _copied("waves", s.waves, np.flatnonzero(s.waves["phase"]))


def _cases(s):
    return _copied("cases", s.cases, _live(s, s.cases, CASES))


def _live(s, table, pool):
    """Return the slots of the rows in use, by id."""
    ids = table["id"][: s.pools[pool].used + 1]
    slots = np.flatnonzero(ids)
    return slots[np.argsort(ids[slots], kind="stable")]


def _balances(s):
    slots = _live(s, s.balances, BALANCES)
    rows = _copied("balances", s.balances, slots)
    rows["account"], rows["asset"] = s.balances["id"][slots] >> 16, s.balances["id"][slots] & 0xFFFF
    return rows


def _orders(s):
    slots = _live(s, s.orders, ORDERS)
    rows = _copied("orders", s.orders, slots)
    rows["order"], rows["loan_flags"] = s.orders["id"][slots], s.orders["special"][slots] & LOAN_BITS
    rows["reduce_only"] = s.orders["special"][slots] & REDUCES != 0
    return rows


def _withdrawals(s):
    slots = _live(s, s.withdrawals, WITHDRAWALS)
    rows = _copied("withdrawals", s.withdrawals, slots)
    rows["withdrawal"] = s.withdrawals["id"][slots]
    return rows


def _price_sources(s):
    rows = _copied("price_sources", s.price_sources, np.arange(1, QUOTES_PER_ASSET))
    rows["price_source"] = np.arange(1, QUOTES_PER_ASSET)
    return rows


def _prices(s):
    assets = np.flatnonzero(s.prices["minimum_sources"][: s.venue[0].assets + 1])
    rows = _copied("prices", s.prices, assets)
    rows["asset"] = assets
    return rows


def _quotes(s):
    slots = np.flatnonzero(s.quotes["weight"][: (s.venue[0].assets + 1) * QUOTES_PER_ASSET])
    rows = _copied("quotes", s.quotes, slots)
    rows["asset"], rows["price_source"] = np.divmod(slots, QUOTES_PER_ASSET)
    return rows


def _collaterals(s):
    return _copied("collaterals", s.collaterals, np.flatnonzero(s.collaterals["asset"][: s.venue[0].assets + 1]))


def _lending_pools(s):
    assets = np.flatnonzero(s.lending_pools["pool_state"][: s.venue[0].assets + 1])
    return _copied("lending_pools", s.lending_pools, assets)


def _redemptions(s):
    slots = _live(s, s.redemptions, REDEMPTIONS)
    return np.sort(_copied("redemptions", s.redemptions, slots), order=["asset", "redemption"])


def _perpetuals(s):
    return _copied("perpetuals", s.perpetuals, np.flatnonzero(s.perpetuals["market"][: s.venue[0].markets + 1]))


def _positions(s):
    return _copied("positions", s.positions, _live(s, s.positions, POSITIONS))


def _standing_top_ups(s):
    accounts = np.flatnonzero(s.top_ups["amount_atoms"][: s.venue[0].next_account])
    rows = _copied("standing_top_ups", s.top_ups, accounts)
    rows["account"] = accounts
    return rows


def _brakes(s):
    return _copied("brakes", s.brakes, np.flatnonzero(s.brakes["market"][: s.venue[0].markets + 1]))


def _triggers(s):
    return _copied("triggers", s.triggers, _live(s, s.triggers, TRIGGERS))


def _vault_redemptions(s):
    slots = _live(s, s.vault_redemptions, VAULT_REDEMPTIONS)
    return np.sort(_copied("vault_redemptions", s.vault_redemptions, slots), order=["vault", "redemption"])


def rows_of(s):
    """Return the canonical rows of every table, in schema order, sorted by key."""
    venue = s.venue[0]
    return {
        "venue": _venue(s),
        "parameters": _parameters(s),
        "assets": _copied("assets", s.assets, np.arange(1, venue.assets + 1)),
        "markets": _copied("markets", s.markets, np.arange(1, venue.markets + 1)),
        "fee_tiers": _fee_tiers(s),
        "sources": _sources(s),
        "users": _users(s),
        "accounts": _accounts(s),
        "balances": _balances(s),
        "orders": _orders(s),
        "withdrawals": _withdrawals(s),
        "price_sources": _price_sources(s),
        "prices": _prices(s),
        "quotes": _quotes(s),
        "collaterals": _collaterals(s),
        "lending_pools": _lending_pools(s),
        "redemptions": _redemptions(s),
        "perpetuals": _perpetuals(s),
        "positions": _positions(s),
        "triggers": _triggers(s),
        "cases": _cases(s),
        "waves": _waves(s),
        "brakes": _brakes(s),
        "vaults": _copied("vaults", s.vaults, np.arange(1, venue.vaults + 1)),
        "vault_redemptions": _vault_redemptions(s),
        "standing_top_ups": _standing_top_ups(s),
        "actions": _actions(s),
        "entitlements": _entitlements(s),
    }


def narrowed(rows, rules):
    """Return of canonical rows what there is of them under a version of the rules."""
    found = {}
    for name, dtype in row_dtypes(rules).items():
        table = rows[name]
        if name == "parameters":
            table = table[[is_known(Parameter(number), rules) for number in table["parameter"]]]
        found[name] = table if table.dtype == dtype else _reshaped(table, dtype)
    return found


def widened(rows):
    """Return canonical rows of earlier rules as the latest have them: what is new is empty or zero."""
    expected = row_dtypes(rules_that_hold(int(rows["venue"]["rules_version"][0])))
    assert list(rows) == list(expected), f"tables are {list(rows)}"
    nothing = np.zeros(0)
    return {name: _reshaped(rows.get(name, nothing), dtype) for name, dtype in ROW_DTYPES.items()}


def _reshaped(table, dtype):
    """Return rows with the columns of a dtype; those that are not there are zero."""
    if table.dtype == dtype:
        return table
    found = np.zeros(len(table), dtype)
    for name in set(dtype.names) & set(table.dtype.names or ()):
        found[name] = table[name]
    return found


def _fill(table, numbers, rows):
    for field in rows.dtype.names:
        if field in table.dtype.names:
            table[field][numbers] = rows[field]


@called_from_python
def restore_balances(s, rows):
    """Open every balance."""
    for i in range(len(rows)):
        slot = open_balance(s, np.int64(rows[i].account), np.int64(rows[i].asset))
        s.balances[slot].available_atoms = rows[i].available_atoms
        s.balances[slot].locked_atoms = rows[i].locked_atoms
        s.balances[slot].loan_shares = rows[i].loan_shares
        s.accounts[rows[i].account].liabilities += 1 if rows[i].loan_shares < 0 else 0


@called_from_python
def restore_orders(s, rows, by_priority):
    """Queue every order, those that were queued first first."""
    for i in by_priority:
        source = rows[i]
        slot = open_order(s)
        row = s.orders[slot]
        row.id, row.priority, row.created_us = source.order, source.priority, source.created_us
        row.account, row.market, row.client_id = source.account, source.market, source.client_id
        row.user = s.accounts[source.account].user
        row.price_ticks, row.quantity_lots = source.price_ticks, source.quantity_lots
        row.remaining_lots, row.executed_quote_atoms = source.remaining_lots, source.executed_quote_atoms
        row.side, row.time_in_force, row.post_only = source.side, source.time_in_force, source.post_only
        row.self_trade_prevention = source.self_trade_prevention
        row.special, row.reserved_value = source.loan_flags | (REDUCES if source.reduce_only != 0 else 0), 0
        queue(s, slot)
        set_reserved(s, slot, source.reserved_value)
        if source.reduce_only != 0:
            link_reducing(s, s.positions[find_position(s, source.account, source.market)], slot)


@called_from_python
def restore_withdrawals(s, rows):
    """Remember every pending withdrawal."""
    pool = s.pools[WITHDRAWALS]
    for i in range(len(rows)):
        pool.used += 1
        row = s.withdrawals[pool.used]
        row.id, row.account, row.asset = rows[i].withdrawal, rows[i].account, rows[i].asset
        row.amount_atoms, row.fee_atoms = rows[i].amount_atoms, rows[i].fee_atoms
        insert(pool, s.withdrawal_heads, s.withdrawals, pool.used)
        hold(s, pool.used)


@called_from_python
def restore_redemptions(s, rows):
    """Queue everybody who waits to redeem."""
    for i in range(len(rows)):
        append(s, np.int64(rows[i].account), np.int64(rows[i].asset), rows[i].queued_atoms, rows[i].redemption)


@called_from_python
def restore_positions(s, rows):
    """Open every position."""
    for i in range(len(rows)):
        source = rows[i]
        row = s.positions[open_position(s, np.int64(source.account), np.int64(source.market))]
        row.opened, row.net_lots, row.bid_lots, row.ask_lots = (
            source.opened,
            source.net_lots,
            source.bid_lots,
            source.ask_lots,
        )
        row.reduce_lots, row.reference_atoms, row.entry_atoms = (
            source.reduce_lots,
            source.reference_atoms,
            source.entry_atoms,
        )
        row.realized_atoms, row.funding_atoms, row.fees_atoms = (
            source.realized_atoms,
            source.funding_atoms,
            source.fees_atoms,
        )
        row.funding_index, row.due_atoms = source.funding_index, source.due_atoms
        if source.due_atoms < 0:
            s.venue[0].shorts += 1
            s.short_positions[s.venue[0].shorts] = find_position(s, source.account, source.market)


@called_from_python
def restore_triggers(s, rows, as_placed):
    """Open every trigger, those that were placed first first."""
    for i in as_placed:
        source = rows[i]
        slot = open_trigger(s)
        row = s.triggers[slot]
        row.id, row.trigger, row.parent = source.trigger, source.trigger, source.parent
        row.account, row.market, row.client_id = source.account, source.market, source.client_id
        row.price_ticks, row.quantity_lots, row.slippage = source.price_ticks, source.quantity_lots, source.slippage
        row.trigger_ticks, row.armed, row.due = source.trigger_ticks, source.armed, source.due
        row.created_us, row.side, row.order_type = source.created_us, source.side, source.order_type
        row.time_in_force, row.post_only = source.time_in_force, source.post_only
        row.self_trade_prevention, row.slippage_kind = source.self_trade_prevention, source.slippage_kind
        row.loan_flags, row.reduce_only = source.loan_flags, source.reduce_only
        row.trigger_by, row.direction = source.trigger_by, source.direction
        row.quantity_percent = source.quantity_percent
        link_trigger(s, slot)
        parent = find_order(s, source.parent) if source.parent != 0 else 0
        if parent != 0:
            s.orders[parent].special |= ATTACHED


@called_from_python
def restore_waiting(s, rows, by_armed, by_due):
    """Let triggers wait for their prices, and those wait for their turn whose price was reached."""
    for i in by_armed:
        if rows[i].armed != 0 and rows[i].due == 0:
            wait(s, find_trigger(s, rows[i].trigger))
    for i in by_due:
        if rows[i].due != 0:
            join_due(s, find_trigger(s, rows[i].trigger))


@called_from_python
def restore_cases(s, rows, by_turn):
    """Open every case, in the order of their turns."""
    for i in by_turn:
        source, slot = rows[i], take_slot(s)
        row = s.cases[slot]
        row.id, row.case, row.account, row.opened = source.case, source.case, source.account, source.opened
        row.opened_us, row.turn, row.tried_us = source.opened_us, source.turn, source.tried_us
        row.cause, row.step, row.written_off_value = source.cause, source.step, source.written_off_value
        s.accounts[source.account].case_slot = slot
        join_queue(s, slot)


@called_from_python
def restore_vault_redemptions(s, rows):
    """Let those wait who waited to be paid out by a vault; rows are in the order of vaults and requests."""
    for i in range(len(rows)):
        row = rows[i]
        append_redemption(s, row.account, row.vault, row.redemption, row.shares_atoms, row.due_us)


@called_from_python
def restore_wave(s):
    """List again whose turn is still to come in the deleveraging that is under way."""
    wave = s.waves[0]
    wave.at = 1
    for account in range(FIRST_USER_ACCOUNT, s.venue[0].next_account):
        slot = find_position(s, np.int64(account), np.int64(wave.market))
        if slot != 0 and s.positions[slot].due_atoms > 0:
            wave.listed += 1
            s.wave_slots[wave.listed] = slot


@called_from_python
def restore_derived(s):
    """Compute again what follows from rows: the worth of assets and the margin rate of leverage limits."""
    for asset in range(1, s.venue[0].assets + 1):
        set_worth(s, asset)
    for market in range(1, s.venue[0].markets + 1):
        s.venue[0].closing += 1 if s.perpetuals[market].delisting == Delisting.CLOSING else 0
        s.venue[0].uncrossing += 1 if s.brakes[market].phase == BrakePhase.UNCROSSING else 0
        s.perpetuals[market].raised_base_e8 = s.brakes[market].raised_base_e8
        set_band(s, market)
    for account in range(FIRST_USER_ACCOUNT, s.venue[0].next_account):
        s.accounts[account].least_initial_e8 = least_initial(s.accounts[account].leverage_limit_percent)
        join_siblings(s, np.int64(account))


@called_from_python
def restore_entitlements(s, rows):
    """Open every row of who has to do with an action."""
    for i in range(len(rows)):
        source = rows[i]
        slot = open_entitlement(s, np.int64(source.account), place_of(s, source.action))
        row = s.entitlements[slot]
        row.taken, row.recorded_atoms, row.entitled_atoms = source.taken, source.recorded_atoms, source.entitled_atoms
        row.lent_atoms, row.paid_atoms, row.tax_atoms = source.lent_atoms, source.paid_atoms, source.tax_atoms
        row.unclaimed_atoms = source.unclaimed_atoms
        set_due(s, slot, source.due_atoms)


@called_from_python
def restore_takes(s):
    """Note which shares have records that are under way, and when the next is to be taken."""
    for place in range(1, len(s.actions)):
        action = s.actions[place]
        if action.action != 0:
            s.venue[0].actions += 1
            s.assets[action.asset].takes += 1 if action.entitled == UNDER_WAY else 0
            s.assets[action.asset].takes += 1 if action.recorded == UNDER_WAY else 0
    find_next_take(s)


def restore_uncovered(s, rows):
    """Note where UNCOVERED owes something."""
    debts = rows["balances"][(rows["balances"]["account"] == HouseAccount.UNCOVERED)]
    s.lending_pools["uncovered"][debts["asset"][debts["loan_shares"] < 0]] = 1
    losses = rows["positions"][(rows["positions"]["account"] == HouseAccount.UNCOVERED)]
    s.perpetuals["uncovered_atoms"][losses["market"]] = np.maximum(losses["reference_atoms"], 0)


def _aligned(rows):
    """Return rows as an aligned record array: compiled code is made for one layout of memory."""
    fields = [(name, rows.dtype.fields[name][0]) for name in rows.dtype.names]
    return np.asarray(rows, np.dtype(fields, align=True)).view(np.recarray)


def restore_into(s, rows):
    """Fill the state of a new venue from canonical rows."""
    for name in ("venue", "assets", "markets", "users"):
        first = 0 if name == "venue" else 1
        _fill(getattr(s, name), np.arange(first, first + len(rows[name])), rows[name])
    _fill(s.user_rights, np.arange(1, 1 + len(rows["users"])), rows["users"])
    s.parameters[rows["parameters"]["parameter"]] = rows["parameters"]["value"]
    _fill(s.fee_tiers, np.arange(SCHEDULES * TIERS), rows["fee_tiers"])
    _fill(s.sources, rows["sources"]["source"], rows["sources"])
    _fill(s.accounts, rows["accounts"]["account"], rows["accounts"])
    _fill(s.price_sources, np.arange(1, 1 + len(rows["price_sources"])), rows["price_sources"])
    _fill(s.prices, rows["prices"]["asset"], rows["prices"])
    _fill(s.collaterals, rows["collaterals"]["asset"], rows["collaterals"])
    _fill(s.lending_pools, rows["lending_pools"]["asset"], rows["lending_pools"])
    slots = rows["quotes"]["asset"] * QUOTES_PER_ASSET + rows["quotes"]["price_source"]
    _fill(s.quotes, slots, rows["quotes"])
    venue = s.venue[0]
    venue.rules = rules_that_hold(int(venue.rules_version))
    venue.users, venue.assets, venue.markets = len(rows["users"]), len(rows["assets"]), len(rows["markets"])
    venue.next_account = FIRST_USER_ACCOUNT + len(rows["accounts"])
    _fill(s.perpetuals, rows["perpetuals"]["market"], rows["perpetuals"])
    _fill(s.brakes, rows["brakes"]["market"], rows["brakes"])
    restore_derived(s)
    restore_balances(s, _aligned(rows["balances"]))
    restore_redemptions(s, _aligned(rows["redemptions"]))
    restore_positions(s, _aligned(rows["positions"]))
    restore_orders(s, _aligned(rows["orders"]), np.argsort(rows["orders"]["priority"], kind="stable"))
    restore_withdrawals(s, _aligned(rows["withdrawals"]))
    triggers = _aligned(rows["triggers"])
    restore_triggers(s, triggers, np.lexsort((triggers["trigger"], triggers["trigger"] % TAKE_PROFIT)))
    restore_waiting(s, triggers, np.argsort(triggers["armed"]), np.argsort(triggers["due"]))
    restore_cases(s, _aligned(rows["cases"]), np.argsort(rows["cases"]["turn"]))
    _fill(s.vaults, rows["vaults"]["vault"], rows["vaults"])
    s.venue[0].vaults = len(rows["vaults"])
    s.accounts["vault"][rows["vaults"]["account"]] = rows["vaults"]["vault"]
    s.assets["vault"][rows["vaults"]["share_asset"]] = rows["vaults"]["vault"]
    restore_vault_redemptions(s, _aligned(rows["vault_redemptions"]))
    _fill(s.top_ups, rows["standing_top_ups"]["account"], rows["standing_top_ups"])
    restore_uncovered(s, rows)
    actions = rows["actions"].copy()
    actions["owed_atoms"] = 0
    _fill(s.actions, np.arange(1, 1 + len(actions)), actions)
    restore_entitlements(s, _aligned(rows["entitlements"]))
    restore_takes(s)
    if len(rows["waves"]):
        _fill(s.waves, np.arange(1), rows["waves"])
        restore_wave(s)
    s.venue[0].deleverages = int(len(rows["waves"]) + np.count_nonzero(rows["cases"]["step"] == CaseStep.REST) > 0)
    # Queuing marks no book as changed, and the rows say when each last was.
    s.markets["book_sequence"][1 : venue.markets + 1] = rows["markets"]["book_sequence"]
