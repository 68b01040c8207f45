"""The whole state of the venue: a handful of record tables in reserved memory.

Every table has room for the most that a parameter may ever allow, as address space; pages are used as rows
are.  So nothing moves when a table grows, and growing costs one row.  Row 0 of every table stays empty: 0 is "none" in
every link, and fresh memory is valid without being written.
"""

import mmap
from types import SimpleNamespace

import numpy as np

from ..schema.enums import (
    BALANCE_HEADROOM,
    FIRST_USER_ACCOUNT,
    MOST_ACTIONS,
    MOST_VAULTS,
    PARAMETER_LIMITS,
    PRICE_SOURCES,
    Parameter,
    rules_that_hold,
)
from ..schema.fields import MAX_SEQUENCE
from ..schema.layout import COMMAND_HEADER, EVENT_HEADER, ROW_DTYPES

FANOUT = 32
LEVELS_OF_TREE = 10  # five bits each cover the 48 bits of a price
FIRST_BUCKETS = 1024
EVENT_ROWS = 1 << 17
SOURCES = 64
SCHEDULES, TIERS = 16, 16
HINTS = 32
QUOTES_PER_ASSET = PRICE_SOURCES + 1
MOST_POSITIONS = 1 << 23
BUCKETS = 2_003
"""Of the watch list: one each 50 millionths up to 10 %, and three that have a meaning of their own (``watch``)."""


def _record(size, *fields):
    aligned = np.dtype(list(fields), align=True)
    assert aligned.itemsize <= size, aligned.itemsize
    layout = {"names": aligned.names, "formats": [aligned[n] for n in aligned.names]}
    return np.dtype({**layout, "offsets": [aligned.fields[n][1] for n in aligned.names], "itemsize": size})


def _from_row(name, size, *more):
    fields = [(n, ROW_DTYPES[name].fields[n][0]) for n in ROW_DTYPES[name].names]
    return _record(size, *sorted([*fields, *more], key=lambda f: -min(8, np.dtype(f[1]).base.itemsize)))


# Where the log stands, what is being answered, and what must hold at the end of every command.
Venue = _record(
    384,
    ("sequence", "i8"), ("time_us", "i8"), ("events", "i8"), ("first_event", "i8"), ("applied", "i8"), ("rules", "i8"),
    ("users", "i8"), ("next_account", "i8"), ("assets", "i8"), ("markets", "i8"),
    ("reject_value", "i8"), ("reject_limit", "i8"), ("unbalanced_assets", "i8"),
    ("reject", "i4"), ("reject_asset", "i4"), ("reject_field", "i4"), ("rules_version", "i4"),
    ("settled_tick", "i8"), ("settling", "i4"), ("settled_account", "i4"),
    ("triggers_counted", "i8"), ("triggers_due", "i8"), ("first_due", "i4"), ("last_due", "i4"),
    ("shorts", "i4"), ("next_short", "i4"), ("closing", "i4"), ("first_case", "i4"), ("last_case", "i4"),
    ("clock_us", "i8"), ("cases_opened", "i8"), ("case_turns", "i8"), ("unsafe_left", "i8"),
    ("deleverages", "i8"), ("waves_begun", "i8"), ("skin_day", "i8"), ("skin_value", "i8"),
    ("uncrossing", "i8"), ("brakes_market", "i4"), ("vaults", "i8"),
    ("next_take_us", "i8"), ("actions_armed", "i4"), ("actions", "i4"),
    ("schema_hash", "u1", (32,)), ("seed", "u1", (32,)),
)  # fmt: skip

# The order that is being matched: what it may do, and what it has done so far.
Taker = _record(
    256,
    ("order", "i8"), ("client_id", "i8"), ("price_ticks", "i8"), ("quantity_lots", "i8"), ("created_us", "i8"),
    ("limit_key", "i8"), ("bound_key", "i8"), ("left_lots", "i8"), ("left_quote_atoms", "i8"),
    ("filled_lots", "i8"), ("filled_quote_atoms", "i8"), ("earlier_lots", "i8"), ("earlier_quote_atoms", "i8"),
    ("fee_atoms", "i8"), ("maker_fees_atoms", "i8"), ("handled", "i8"), ("bound_reason", "i8"),
    ("reducing_lots", "i8"), ("reducing_ticks", "i8"), ("auction_ticks", "i8"),
    ("account", "i4"), ("user", "i4"), ("market", "i4"), ("fee_ppm", "i4"),
    ("side", "u1"), ("order_type", "u1"), ("time_in_force", "u1"), ("post_only", "u1"),
    ("self_trade_prevention", "u1"), ("by_quote", "u1"), ("loan_flags", "u1"), ("reduce_only", "u1"),
    ("attached", "u1"),
)  # fmt: skip

# What the command that is looked at must pay, what it redeems and borrows for that, and what it puts at risk.
Payment = _record(
    64,
    ("needed_atoms", "i8"), ("redeem_atoms", "i8"), ("borrow_atoms", "i8"), ("reserved_value", "i8"), ("begins", "i8"),
    ("bid_lots", "i8"), ("ask_lots", "i8"), ("market", "i4"),
)  # fmt: skip

# What an account is worth, as it was last measured.
Measure = _record(
    64,
    ("assets", "i8"), ("collateral", "i8"), ("liabilities", "i8"), ("initial", "i8"), ("maintenance", "i8"),
    ("reserved", "i8"), ("not_fresh", "i8"), ("exposure", "i8"),
)  # fmt: skip

# Whose order the venue itself is placing: that of a trigger, or of an account that must convert or is liquidated.
Own = _record(
    64,
    ("number", "i8"), ("parent", "i8"), ("missing_atoms", "i8"), ("event", "i8"), ("written_off_value", "i8"),
    ("account", "i4"), ("market", "i4"), ("position", "i4"), ("case_slot", "i4"),
)  # fmt: skip

# Bookkeeping of a table whose rows come and go, and of its index.
Pool = _record(64, ("rows", "i8"), ("used", "i8"), ("free", "i8"), ("buckets", "i8"), ("mask", "i8"))

# ``vault`` is whose share it is, 0 for all others; ``takes`` is how many records of it are being taken.
Asset = _from_row("assets", 192, ("unbalanced_atoms", "i8"), ("shown", "i8"), ("vault", "i4"), ("takes", "i4"))
# With NEVER less the lowest last price that a trigger waits for to rise, and the highest that one waits for to fall.
# And between which prices it may trade, 0 for all.
Market = _from_row(
    "markets", 256,
    ("rising_key", "i8"), ("falling_key", "i8"), ("band_low_ticks", "i8"), ("band_high_ticks", "i8"),
)  # fmt: skip
FeeTier = _record(8, ("maker_ppm", "i4"), ("taker_ppm", "i4"))
Source = _record(8, ("last_number", "i8"))
User = _record(
    64,
    ("buy_classes", "i8"), ("sell_classes", "i8"), ("hold_classes", "i8"), ("withdraw_classes", "i8"),
    ("user", "i4"), ("main_account", "i4"), ("fenced_account", "i4"), ("accounts", "i4"), ("user_flags", "u4"),
    ("fee_tier", "u1"),
)  # fmt: skip
# What of a user is not looked at when he trades.
UserRights = _record(32, ("lend_classes", "i8"), ("receive_classes", "i8"), ("tax_relief_ppm", "i4"))
Account = _record(
    64,
    ("reserved_value", "i8"), ("least_initial_e8", "i8"),
    ("user", "i4"), ("sub_account", "i4"), ("first_order", "i4"), ("last_order", "i4"),
    ("first_balance", "i4"), ("open_orders", "i4"), ("liabilities", "i4"), ("leverage_limit_percent", "i4"),
    ("first_position", "i4"), ("positions", "i4"), ("case_slot", "i4"),
    ("account_kind", "u1"), ("account_flags", "u1"), ("changed", "u1"), ("vault", "u1"),
)  # fmt: skip
Balance = _record(
    40,
    ("id", "i8"), ("available_atoms", "i8"), ("locked_atoms", "i8"), ("loan_shares", "i8"),
    ("hash_next", "i4"), ("account_next", "i4"),
)  # fmt: skip
# The first 64 bytes are what matching touches; ``special`` is the loan flags, and a bit for what is reserved.
Order = _record(
    128,
    ("id", "i8"), ("remaining_lots", "i8"), ("price_ticks", "i8"), ("executed_quote_atoms", "i8"),
    ("next", "i4"), ("previous", "i4"), ("level", "i4"), ("hash_next", "i4"),
    ("account", "i4"), ("user", "i4"), ("market", "i4"),
    ("side", "u1"), ("time_in_force", "u1"), ("special", "u1"), ("self_trade_prevention", "u1"),
    ("account_next", "i4"), ("account_previous", "i4"),
    ("quantity_lots", "i8"), ("priority", "i8"), ("client_id", "i8"), ("created_us", "i8"), ("reserved_value", "i8"),
    ("reduce_next", "i4"), ("reduce_previous", "i4"),
    ("post_only", "u1"),
)  # fmt: skip
Withdrawal = _record(
    48,
    ("id", "i8"),
    ("amount_atoms", "i8"),
    ("fee_atoms", "i8"),
    ("account", "i4"),
    ("asset", "i4"),
    ("hash_next", "i4"),
    ("account_next", "i4"),
)
# One side of a book: its price tree and its best level.
Half = _record(
    64, ("prefix", "i8"), ("orders", "i8"), ("root", "i4"), ("shift", "i4"), ("best", "i4"), ("levels", "i4")
)
Level = _record(
    64,
    ("key", "i8"), ("price_ticks", "i8"), ("lots", "i8"), ("head", "i4"), ("tail", "i4"),
    ("worse", "i4"), ("better", "i4"), ("leaf", "i4"), ("orders", "i4"),
)  # fmt: skip
Node = _record(136, ("mask", "u4"), ("parent", "i4"), ("kids", "i4", (FANOUT,)))

PriceSource = _from_row("price_sources", 32)
Price = _from_row("prices", 128)
Quote = _from_row("quotes", 64)
# With what the price comes to, once a mark and not once a holding.
Collateral = _from_row(
    "collaterals", 128,
    ("asset_factor", "i8"), ("debt_factor", "i8"), ("asset_shift", "i4"), ("debt_shift", "i4"), ("price_state", "u1"),
)  # fmt: skip
# Of what UNCOVERED owes there is a note where it keeps others from new risk.
LendingPool = _from_row(
    "lending_pools", 192, ("first_redemption", "i4"), ("last_redemption", "i4"), ("uncovered", "u1")
)
Redemption = _record(
    48,
    ("id", "i8"), ("redemption", "i8"), ("queued_atoms", "i8"), ("account", "i4"), ("asset", "i4"),
    ("hash_next", "i4"), ("next", "i4"), ("previous", "i4"),
)  # fmt: skip

# What the hints have found for a command that comes soon; no result depends on it.
Hint = _record(
    64,
    ("order", "i8"), ("chain", "i8"), ("bucket", "i8"),
    ("account", "i4"), ("market", "i4"), ("half", "i4"), ("slot", "i4"), ("level", "i4"),
    ("balance", "i4"), ("position", "i4"),
)  # fmt: skip

# With the margin that open interest raised it to, which is in its brakes.
Perpetual = _from_row("perpetuals", 256, ("shown", "i8"), ("raised_base_e8", "i8"), ("uncovered_atoms", "i8"))
# The first 64 bytes are what measuring an account touches; the last two fields are its orders that only reduce it.
Position = _record(
    128,
    ("id", "i8"), ("net_lots", "i8"), ("bid_lots", "i8"), ("ask_lots", "i8"), ("reduce_lots", "i8"),
    ("reference_atoms", "i8"), ("funding_index", "i8"), ("market", "i4"), ("account_next", "i4"),
    ("hash_next", "i4"), ("account", "i4"),
    ("opened", "i8"), ("entry_atoms", "i8"), ("realized_atoms", "i8"), ("funding_atoms", "i8"), ("fees_atoms", "i8"),
    ("due_atoms", "i8"), ("first_reducing", "i4"), ("last_reducing", "i4"),
)  # fmt: skip

# ``next`` and ``previous`` are in the queue of its price, or of those that are to fire.
Trigger = _from_row(
    "triggers", 192,
    ("id", "i8"), ("hash_next", "i4"), ("level", "i4"), ("next", "i4"), ("previous", "i4"),
    ("account_next", "i4"), ("account_previous", "i4"),
)  # fmt: skip
AccountTriggers = _record(16, ("first", "i4"), ("last", "i4"), ("count", "i4"))

# A liquidation; ``next`` and ``previous`` are in the queue of those whose turn comes.
Case = _from_row("cases", 96, ("id", "i8"), ("next", "i4"), ("previous", "i4"))
# What of an account's owner's fenced money may go into its estate by itself.
TopUp = _record(16, ("amount_atoms", "i8"), ("asset", "i4"))
# The deleveraging that is under way; ``listed`` of its people stand in ``wave_slots``, the next at ``at``.
Wave = _from_row("waves", 192, ("listed", "i8"), ("at", "i8"))
# The brakes of a market, and where its auction stands.
Brakes = _from_row("brakes", 256)
# A vault, and who waits to be paid out by it, oldest first.
Vault = _from_row("vaults", 192, ("first_redemption", "i4"), ("last_redemption", "i4"))
VaultRedemption = _from_row(
    "vault_redemptions", 64, ("id", "i8"), ("hash_next", "i4"), ("next", "i4"), ("previous", "i4")
)
# A corporate action that is armed, and what an account has to do with it; ``place`` is that of the action.
Action = _from_row("actions", 320)
Entitlement = _from_row("entitlements", 80, ("next", "i4"), ("place", "u1"))
# What a case looks at: one thing that its account could reduce, at what price at worst, and what all else comes to.
Leg = _record(
    192,
    ("score", "i8"), ("limit_ticks", "i8"), ("price_ticks", "i8"), ("mark_ticks", "i8"), ("fee_e8", "i8"),
    ("most_lots", "i8"), ("lots", "i8"),
    ("collateral", "i8"), ("liabilities", "i8"), ("maintenance", "i8"),
    ("held_atoms", "i8"), ("owed_atoms", "i8"), ("quote_held_atoms", "i8"), ("quote_owed_atoms", "i8"),
    ("net_lots", "i8"), ("reference_atoms", "i8"), ("buy_ticks", "i8"),
    ("kind", "i4"), ("market", "i4"), ("asset", "i4"), ("quote_asset", "i4"), ("side", "i4"), ("buy_market", "i4"),
    ("owed_asset", "i4"), ("vault", "i4"),
)  # fmt: skip

# The watch list: what follows from the state, is not hashed, and may be made anew at any time (``watch``).
Watch = _record(
    128,
    ("changed", "i8"), ("moved_e9", "i8"), ("near", "i8"), ("unsafe", "i8"), ("listed", "i8"),
    ("slop_e9", "i8"), ("rounding_value", "i8"), ("assets", "i8"), ("markets", "i8"), ("made", "i8"),
)  # fmt: skip
Sums = _record(32, ("collateral", "i8"), ("liabilities", "i8"), ("maintenance", "i8"), ("gross", "i8"))
Watched = _record(32, ("equity", "i8"), ("maintenance", "i8"), ("next", "i4"), ("previous", "i4"), ("bucket", "i4"))
WatchAsset = _record(
    128,
    ("asset_factor", "i8"), ("debt_factor", "i8"), ("debt_index", "i8"), ("lent_index", "i8"), ("weight_e8", "i8"),
    ("haircut_base_e8", "i8"), ("haircut_penalty_e8", "i8"), ("maintenance_base_e8", "i8"),
    ("maintenance_factor_e8", "i8"), ("atom_gross", "i8"),
    ("asset_shift", "i4"), ("debt_shift", "i4"), ("haircut_kind", "u1"), ("is_fixed", "u1"),
)  # fmt: skip
WatchMarket = _record(
    32, ("mark_ticks", "i8"), ("funding_index", "i8"), ("maintenance_base_e8", "i8"), ("maintenance_factor_e8", "i8")
)

# Numbers of the pools.
ORDERS, BALANCES, WITHDRAWALS, LEVELS, NODES, REDEMPTIONS, POSITIONS, TRIGGERS, CASES = range(9)
VAULT_REDEMPTIONS, ENTITLEMENTS = 9, 10
MOST_ENTITLEMENTS = 1 << 25

_HIGHEST = {parameter: limits[1] for parameter, limits in PARAMETER_LIMITS.items()}
_ORDERS = _HIGHEST[Parameter.ORDERS] + 2
_MARKETS = _HIGHEST[Parameter.MARKETS] + 1
_ACCOUNTS = _HIGHEST[Parameter.ACCOUNTS] + 2
_BALANCES = _HIGHEST[Parameter.BALANCES] + _HIGHEST[Parameter.WITHDRAWALS] + BALANCE_HEADROOM + 2
_WITHDRAWALS = _HIGHEST[Parameter.WITHDRAWALS] + 2
_TRIGGERS = _HIGHEST[Parameter.TRIGGERS] + 2
_LEVELS = _ORDERS + _TRIGGERS
_HALVES = 8  # two of the book, and two for each of three kinds of price that triggers wait for
_NODES = _LEVELS * (LEVELS_OF_TREE - 1) + _MARKETS * _HALVES * LEVELS_OF_TREE
FIRST_WAITING_HALF = 2 * _MARKETS

# Name, record and room of every table, in the order in which they stand in memory: the small ones together on a page.
TABLES = (
    ("venue", Venue, 1),
    ("taker", Taker, 1),
    ("payment", Payment, 1),
    ("measure", Measure, 1),
    ("pools", Pool, 11),
    ("parameters", np.dtype("i8"), 32),
    ("ahead", Hint, HINTS),
    ("own", Own, 1),
    ("leg", Leg, 2),
    ("fired", COMMAND_HEADER, 1),
    ("fee_tiers", FeeTier, SCHEDULES * TIERS),
    ("sources", Source, SOURCES),
    ("price_sources", PriceSource, QUOTES_PER_ASSET),
    ("assets", Asset, _HIGHEST[Parameter.ASSETS] + 1),
    ("markets", Market, _MARKETS),
    ("prices", Price, _HIGHEST[Parameter.ASSETS] + 1),
    ("quotes", Quote, (_HIGHEST[Parameter.ASSETS] + 1) * QUOTES_PER_ASSET),
    ("collaterals", Collateral, _HIGHEST[Parameter.ASSETS] + 1),
    ("lending_pools", LendingPool, _HIGHEST[Parameter.ASSETS] + 1),
    ("perpetuals", Perpetual, _MARKETS),
    ("users", User, _HIGHEST[Parameter.USERS] + 1),
    ("user_rights", UserRights, _HIGHEST[Parameter.USERS] + 1),
    ("accounts", Account, _ACCOUNTS),
    ("balances", Balance, _BALANCES),
    ("balance_heads", np.dtype("i4"), 5 * _BALANCES),
    ("orders", Order, _ORDERS),
    ("order_heads", np.dtype("i4"), 5 * _ORDERS),
    ("withdrawals", Withdrawal, _WITHDRAWALS),
    ("withdrawal_heads", np.dtype("i4"), 5 * _WITHDRAWALS),
    ("redemptions", Redemption, _BALANCES),
    ("redemption_heads", np.dtype("i4"), 5 * _BALANCES),
    ("positions", Position, MOST_POSITIONS + 2),
    ("position_heads", np.dtype("i4"), 5 * MOST_POSITIONS),
    ("short_positions", np.dtype("i4"), MOST_POSITIONS + 2),
    ("triggers", Trigger, _TRIGGERS),
    ("trigger_heads", np.dtype("i4"), 5 * _TRIGGERS),
    ("account_triggers", AccountTriggers, _HIGHEST[Parameter.ACCOUNTS] + 2),
    ("cases", Case, _HIGHEST[Parameter.CASES] + 2),
    ("ranks", np.dtype("i8"), _ACCOUNTS),
    ("waves", Wave, 1),
    ("wave_slots", np.dtype("i4"), MOST_POSITIONS + 2),
    ("wave_keys", np.dtype("i8"), MOST_POSITIONS + 2),
    ("wave_lots", np.dtype("i8"), MOST_POSITIONS + 2),
    ("wave_caps", np.dtype("i8"), MOST_POSITIONS + 2),
    ("wave_order", np.dtype("i4"), MOST_POSITIONS + 2),
    ("brakes", Brakes, _MARKETS),
    ("vaults", Vault, MOST_VAULTS + 1),
    ("vault_redemptions", VaultRedemption, _HIGHEST[Parameter.VAULT_REDEMPTIONS] + 2),
    ("vault_redemption_heads", np.dtype("i4"), 5 * (_HIGHEST[Parameter.VAULT_REDEMPTIONS] + 2)),
    ("actions", Action, MOST_ACTIONS + 1),
    ("entitlements", Entitlement, MOST_ENTITLEMENTS + 2),
    ("first_entitlement", np.dtype("i4"), _ACCOUNTS),
    ("first_withdrawal", np.dtype("i4"), _ACCOUNTS),
    ("top_ups", TopUp, _ACCOUNTS),
    ("siblings", np.dtype("i4"), _ACCOUNTS),
    ("holds", np.dtype("i4"), _ACCOUNTS),
    ("watch", Watch, 1),
    ("watch_sums", Sums, 1),
    ("watch_heads", np.dtype("i4"), BUCKETS),
    ("watch_assets", WatchAsset, _HIGHEST[Parameter.ASSETS] + 1),
    ("watch_markets", WatchMarket, _MARKETS),
    ("watched", Watched, _ACCOUNTS),
    ("balance_sums", Sums, _ACCOUNTS),
    ("position_sums", Sums, _ACCOUNTS),
    ("changed", np.dtype("i4"), _ACCOUNTS),
    ("near", np.dtype("i4"), _ACCOUNTS),
    ("unsafe", np.dtype("i4"), _ACCOUNTS),
    ("halves", Half, _HALVES * _MARKETS),
    ("levels", Level, _LEVELS),
    ("nodes", Node, _NODES),
    ("events", EVENT_HEADER, EVENT_ROWS),
)

LINE_BYTES, PAGE_BYTES = 64, 1 << 21


def round_up(number, step):
    """Return the first multiple of ``step`` that is not below a number."""
    return -(-number // step) * step


def _offsets():
    found, at = {}, 0
    for name, dtype, rows in TABLES:
        size = dtype.itemsize * rows
        found[name] = at = round_up(at, PAGE_BYTES if size > PAGE_BYTES else LINE_BYTES)
        at += size
    return found, round_up(at, PAGE_BYTES)


OFFSETS, RESERVED_BYTES = _offsets()
"""Where each table begins in the reservation, and how much address space that is in all."""


class State(SimpleNamespace):
    """The tables by name as record arrays, and ``address``, where the reservation begins."""


def new_state():
    """Return the state of a new venue, in memory that is used only where it is written."""
    # The log decides how much is used; reserving must not count against what the machine has.
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    memory = mmap.mmap(-1, RESERVED_BYTES, flags=flags)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    tables = {}
    for name, dtype, rows in TABLES:
        array = np.frombuffer(memory, dtype, rows, OFFSETS[name])
        tables[name] = array.view(np.recarray) if dtype.names else array
    state = State(address=np.frombuffer(memory, "u1", 1).ctypes.data, **tables)
    state.venue[0].next_account = FIRST_USER_ACCOUNT
    state.venue[0].rules = rules_that_hold(0)
    state.venue[0].next_take_us = MAX_SEQUENCE
    for parameter, (_, _, first) in PARAMETER_LIMITS.items():
        state.parameters[parameter] = first
    state.pools.buckets = FIRST_BUCKETS
    state.pools.mask = FIRST_BUCKETS - 1
    return state
