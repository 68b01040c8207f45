"""``Exchange``: the core as Python sees it.  Commands in, events out, and reads of the tables in between."""

from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import numpy as np

from ..schema.enums import ActionPhase, BrakePhase, Delisting, HouseAccount, Parameter, Settling, Side, rules_that_hold
from ..schema.hashing import state_hash
from ..schema.layout import COMMAND_HEADER, RECORD
from ..schema.tables import (
    AccountRow,
    ActionRow,
    AssetRow,
    BrakesRow,
    CaseRow,
    CollateralRow,
    EntitlementRow,
    LendingPoolRow,
    MarketRow,
    OrderRow,
    PerpetualRow,
    PositionRow,
    PriceRow,
    PriceSourceRow,
    QuoteRow,
    RedemptionRow,
    TriggerRow,
    UserRow,
    VaultRedemptionRow,
    VaultRow,
)
from . import entry, revaluation
from .dispatch import EVENTS_PER_COMMAND, apply_orders, apply_rare, apply_settings
from .margin import take_measure
from .memory import MemoryAhead
from .reads import Reads, row_of
from .results import CoreStopped as CoreStopped
from .results import Measure, Watched
from .revaluation import revalue
from .rows import narrowed, restore_into, rows_of, widened
from .state import CASES, ORDERS, QUOTES_PER_ASSET, new_state
from .taking import UNDER_WAY
from .watch import find_unsafe

MOVING = (ActionPhase.COLLECTING, ActionPhase.PAYING, ActionPhase.CLOSING)
"""Phases in which a corporate action goes on by itself."""

_compiled: Any = None


def _c_entries() -> list[Any]:
    """Return the ways in for commands, and then the reads."""
    global _compiled
    if _compiled is None:
        compiled = [entry.compile_entry(words) for words in (*entry.ENTRIES, *entry.READS)]
        _compiled = (compiled, [entry.c_function(one) for one in compiled])
    return _compiled[1]


class Exchange:
    """One venue's state and the only ways to change it (``apply``) and to look at it."""

    def __init__(self, *, look_ahead: bool = True) -> None:
        """Open a new venue; ``look_ahead`` switches the fetching hints, which change no result."""
        self._s = new_state()
        self._events = np.asarray(self._s.events).view(RECORD)
        venue = self._s.venue.view(np.ndarray)
        self._made, self._applied = venue["events"], venue["applied"]
        self._look_ahead = look_ahead
        self._reads = Reads(self._s)
        self._memory = MemoryAhead(self._s)
        self._stopped: CoreStopped | None = None
        if not entry.INTERPRETED:
            *self._enter, self._measure, self._revalue, self._find_unsafe = _c_entries()

    @classmethod
    def restore(cls, rows: dict[str, np.ndarray], *, look_ahead: bool = True) -> "Exchange":
        """Return the exchange that has these canonical rows."""
        exchange = cls(look_ahead=look_ahead)
        restore_into(exchange._s, widened(rows))
        return exchange

    @property
    def sequence(self) -> int:
        """The last command applied."""
        return int(self._s.venue[0].sequence)

    @property
    def rules_version(self) -> int:
        """The rules that the log says hold, 0 before it says any."""
        return int(self._s.venue[0].rules_version)

    @property
    def time_us(self) -> int:
        """The time of the last command, microseconds UTC since 1970."""
        return int(self._s.venue[0].time_us)

    def apply(self, commands: np.ndarray) -> np.ndarray:
        """Apply stamped commands (``RECORD[n]``) and return their events (``RECORD[m]``), a copy.

        Raises ``CoreStopped`` when an assertion fires.
        """
        parts = [part.copy() for part in self.apply_in_parts(commands)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, RECORD), *parts])

    def apply_in_parts(self, commands: np.ndarray) -> Iterator[np.ndarray]:
        """As ``apply``, yielding views of the event buffer that are valid until the next one."""
        assert commands.dtype.itemsize == RECORD.itemsize and commands.flags.c_contiguous
        if self._stopped is not None:
            raise self._stopped
        done = 0
        while done < len(commands):
            done = self._interpret(commands, done) if entry.INTERPRETED else self._fill_events(commands, done)
            yield self._events[: self._made.item()]

    def take_memory_ahead(self) -> None:
        """Have memory for the rows that come next, so that no command waits for it; to be called between batches."""
        self._memory.look()

    def _fill_events(self, commands: np.ndarray, begin: int) -> int:
        """Apply from ``begin`` until the buffer may run out; returns where it ended."""
        address, n, hints = commands.__array_interface__["data"][0], len(commands), int(self._look_ahead)
        self._made[0] = self._applied[0] = 0
        at = begin
        while True:
            before = at
            for enter in self._enter:
                at = enter(self._s.address, address, n, at, hints) - 1
                if at < 0 or at == n:
                    break
            if at < 0:
                at = begin + self._applied.item()
                if hints and not self._is_at_fault(commands, at):
                    # A hint for a later command met what is broken; that command is to stop the core, not this one.
                    hints = 0
                    continue
                self._stop(commands, begin, "an assertion fired in compiled code; its text is on stderr")
            if at in (n, before):
                return at

    def _is_at_fault(self, commands: np.ndarray, at: int) -> bool:
        """Whether the command has begun, or cannot begin because of its stamp."""
        header = commands.view(COMMAND_HEADER)[at]
        return int(header["sequence"]) != self.sequence + 1 or int(header["time_us"]) < self.time_us

    def _interpret(self, commands: np.ndarray, begin: int) -> int:
        """As ``_fill_events``, in plain Python."""
        headers, venue, at = commands.view(COMMAND_HEADER).view(np.recarray), self._s.venue[0], begin
        venue.events = venue.applied = 0
        try:
            while at < len(commands):
                before = at
                at = apply_rare(self._s, headers, apply_orders(self._s, headers, at, False))
                at = apply_settings(self._s, headers, at)
                if at == before:
                    break
        except (AssertionError, IndexError) as e:
            self._stop(commands, begin, str(e) or type(e).__name__)
        return at

    def _stop(self, commands: np.ndarray, begin: int, reason: str) -> None:
        at = begin + int(self._s.venue[0].applied)
        self._stopped = CoreStopped(int(commands.view(COMMAND_HEADER)["sequence"][at]), reason)
        raise self._stopped

    def rows(self) -> dict[str, np.ndarray]:
        """Return the canonical rows of every table that the rules in force have, in schema order."""
        return narrowed(rows_of(self._s), rules_that_hold(self.rules_version))

    def state_hash(self) -> bytes:
        """Return the BLAKE2b-256 over the canonical rows."""
        return state_hash(self.rows().items())

    # Reads: plain integers and canonical rows, for views and gateways.

    @property
    def markets_listed(self) -> int:
        """How many markets are listed; they are numbered from 1."""
        return int(self._s.venue[0].markets)

    @property
    def assets_listed(self) -> int:
        """How many assets are listed; they are numbered from 1."""
        return int(self._s.venue[0].assets)

    @property
    def users_opened(self) -> int:
        """How many users there are; they are numbered from 1."""
        return int(self._s.venue[0].users)

    @property
    def next_account(self) -> int:
        """The number the next account will get."""
        return int(self._s.venue[0].next_account)

    @property
    def orders_open(self) -> int:
        """How many orders stand in all books."""
        return int(self._s.pools[ORDERS].rows)

    def parameter(self, parameter: Parameter) -> int:
        """Return the value of a parameter."""
        return int(self._s.parameters[parameter])

    def fee_tier(self, fee_schedule: int, fee_tier: int) -> tuple[int, int]:
        """Return (maker_ppm, taker_ppm) of a tier in a schedule."""
        row = self._s.fee_tiers[fee_schedule * 16 + fee_tier]
        return int(row.maker_ppm), int(row.taker_ppm)

    def asset(self, asset: int) -> AssetRow | None:
        """Return a listed asset."""
        return row_of(AssetRow, self._s.assets[asset]) if 1 <= asset <= self.assets_listed else None

    def market(self, market: int) -> MarketRow | None:
        """Return a listed market."""
        return row_of(MarketRow, self._s.markets[market]) if 1 <= market <= self.markets_listed else None

    def user(self, user: int) -> UserRow | None:
        """Return a user."""
        if not 1 <= user <= self.users_opened:
            return None
        rights = self._s.user_rights.view(np.ndarray)[user]
        return row_of(UserRow, self._s.users[user], **{name: int(rights[name]) for name in rights.dtype.names})

    def price(self, asset: int) -> PriceRow | None:
        """Return how an asset is priced and what its price is, None if it has none."""
        record = self._s.prices.view(np.ndarray)[asset] if 1 <= asset <= self.assets_listed else None
        return row_of(PriceRow, record, asset=asset) if record is not None and record["minimum_sources"] else None

    def quotes(self, asset: int) -> list[QuoteRow]:
        """Return what the sources that count for an asset last said of it, by source."""
        if not 1 <= asset <= self.assets_listed:
            return []
        records = self._s.quotes.view(np.ndarray)[asset * QUOTES_PER_ASSET : (asset + 1) * QUOTES_PER_ASSET]
        weighted = np.flatnonzero(records["weight"]).tolist()
        return [row_of(QuoteRow, records[n], asset=asset, price_source=n) for n in weighted]

    def price_source(self, source: int) -> PriceSourceRow | None:
        """Return a source of quotes, None if it has no name yet."""
        record = self._s.price_sources[source] if 1 <= source < QUOTES_PER_ASSET else None
        row = row_of(PriceSourceRow, record, price_source=source) if record is not None else None
        return row if row is not None and row.name else None

    def collateral(self, asset: int) -> CollateralRow | None:
        """Return what an asset is worth as collateral, None if nobody said."""
        record = self._s.collaterals.view(np.ndarray)[asset] if 1 <= asset <= self.assets_listed else None
        return row_of(CollateralRow, record) if record is not None and record["asset"] else None

    def lending_pool(self, asset: int) -> LendingPoolRow | None:
        """Return the lending pool of an asset, None if it has none."""
        record = self._s.lending_pools.view(np.ndarray)[asset] if 1 <= asset <= self.assets_listed else None
        return row_of(LendingPoolRow, record) if record is not None and record["pool_state"] else None

    def perpetual(self, market: int) -> PerpetualRow | None:
        """Return the rules and the prices of a perpetual, None if the market is none or has no rules."""
        record = self._s.perpetuals.view(np.ndarray)[market] if 1 <= market <= self.markets_listed else None
        return row_of(PerpetualRow, record) if record is not None and record["market"] else None

    def positions(self, account: int) -> list[PositionRow]:
        """Return the positions of an account, by market; those of house accounts are what is due to them."""
        return self._reads.positions(account)

    def position(self, account: int, market: int) -> PositionRow | None:
        """Return the position of an account in a market."""
        return next((row for row in self.positions(account) if row.market == market), None)

    def brakes(self, market: int) -> BrakesRow | None:
        """Return the brakes of a market and where its auction stands, None if it has none."""
        record = self._s.brakes.view(np.ndarray)[market] if 1 <= market <= self.markets_listed else None
        return row_of(BrakesRow, record) if record is not None and record["market"] else None

    def band(self, market: int) -> tuple[int, int]:
        """Return the lowest and the highest price at which a market may trade now, (0, 0) for any."""
        row = self._s.markets[market]
        return int(row.band_low_ticks), int(row.band_high_ticks)

    def action(self, action: int) -> ActionRow | None:
        """Return a corporate action that is armed and not over."""
        found = np.flatnonzero(self._s.actions["action"] == action) if action > 0 else []
        return row_of(ActionRow, self._s.actions.view(np.ndarray)[found[0]]) if len(found) else None

    @property
    def actions_armed(self) -> int:
        """How many corporate actions were ever armed; they are numbered from 1."""
        return int(self._s.venue[0].actions_armed)

    @property
    def actions(self) -> list[ActionRow]:
        """Return the corporate actions that are armed and not over, by number."""
        numbers = sorted(int(number) for number in self._s.actions["action"] if number)
        return [row for number in numbers if (row := self.action(number)) is not None]

    @property
    def actions_move(self) -> bool:
        """Whether ContinueActions has something to do now."""
        if not self._s.venue[0].actions:
            return False
        rows = self._s.actions[self._s.actions["action"] != 0]
        waited = (rows["phase"] == ActionPhase.WAITING) & (rows["waits_us"] <= self.time_us)
        under_way = (rows["entitled"] == UNDER_WAY) | (rows["recorded"] == UNDER_WAY)
        return bool(np.any(under_way | waited | np.isin(rows["phase"], MOVING)))

    def entitlements(self, account: int) -> list[EntitlementRow]:
        """Return what an account has to do with corporate actions, by action."""
        return self._reads.entitlements(account)

    @property
    def uncrossing(self) -> list[int]:
        """The markets whose auctions wait for UncrossMarket."""
        if not self._s.venue[0].uncrossing:
            return []
        phases = self._s.brakes["phase"][: self.markets_listed + 1]
        found = np.flatnonzero(phases == BrakePhase.UNCROSSING).tolist()
        return [market for market in found if not self._stands_still(market)]

    def _stands_still(self, market: int) -> bool:
        wave = self._s.waves[0]
        delisted = self._s.perpetuals[market].delisting != Delisting.LISTED
        frozen = self._s.prices[self._s.markets[market].base_asset].frozen_units != 0
        return bool(frozen or delisted or (wave.phase and wave.market == market))

    @property
    def settling(self) -> bool:
        """Whether a settlement is under way that waits for ContinueSettlement."""
        return bool(self._s.venue[0].settling)

    @property
    def cases_due(self) -> int:
        """How many cases may still take a step before the next Clock; 0 when all of them wait for it."""
        venue = self._s.venue[0]
        first = self._s.cases[int(venue.first_case)]
        waits = venue.first_case == 0 or int(first.tried_us) == int(venue.clock_us)
        return 0 if waits else int(self._s.pools[CASES].rows)

    @property
    def wave_under_way(self) -> bool:
        """Whether a deleveraging has begun and not ended: its market waits for it."""
        return bool(self._s.waves[0].phase)

    @property
    def deleveraging(self) -> bool:
        """Whether Deleverage may have something to do: a wave is under way, or one may have to begin."""
        return bool(self._s.venue[0].deleverages) or bool(self._s.waves[0].phase)

    @property
    def uncovered(self) -> bool:
        """Whether CoverDebts may have something to do: UNCOVERED owes something, or FUND has a claim on a pool."""
        owes = any(row.reference_atoms > 0 for row in self.positions(HouseAccount.UNCOVERED))
        return owes or any(
            shares for house in (HouseAccount.UNCOVERED, HouseAccount.FUND) for _, shares in self.loans(house)
        )

    @property
    def unsafe_left(self) -> int:
        """How many unsafe accounts the last OpenCases did not look at."""
        return int(self._s.venue[0].unsafe_left)

    def standing_top_up(self, account: int) -> tuple[int, int]:
        """Return (asset, atoms) of the fenced money that may go into an estate by itself; zeros if none."""
        row = self._s.top_ups[account]
        return int(row.asset), int(row.amount_atoms)

    def case(self, account: int) -> CaseRow | None:
        """Return the open case of an account."""
        slot = int(self._s.accounts[account].case_slot)
        return row_of(CaseRow, self._s.cases[slot]) if slot else None

    def skin_used(self) -> tuple[int, int]:
        """Return (day since 1970, value) of what SKIN has paid on the last day on which it paid."""
        venue = self._s.venue[0]
        return int(venue.skin_day), int(venue.skin_value)

    @property
    def clock_us(self) -> int:
        """The time of the last Clock."""
        return int(self._s.venue[0].clock_us)

    def vault(self, vault: int) -> VaultRow | None:
        """Return a vault."""
        return row_of(VaultRow, self._s.vaults[vault]) if 1 <= vault <= self.vaults_set else None

    @property
    def vaults_set(self) -> int:
        """How many vaults there are; they are numbered from 1."""
        return int(self._s.venue[0].vaults)

    @property
    def vaults_due(self) -> bool:
        """Whether PayVaultRedemptions has a vault to look at before the next Clock."""
        return self._vaults_untried("paid_us", self._has_shares)

    @property
    def vaults_unwinding(self) -> bool:
        """Whether UnwindVault has a vault to look at before the next Clock."""
        return self._vaults_untried("unwound_us", lambda row: bool(self._s.accounts[int(row.account)].positions))

    def _has_shares(self, row: Any) -> bool:
        return self.balance(HouseAccount.ISSUED, int(row.share_asset))[0] != 0

    def _vaults_untried(self, column: str, matters: Callable[[Any], bool]) -> bool:
        rows, clock_us = self._s.vaults, int(self._s.venue[0].clock_us)
        return any(
            int(rows[vault][column]) != clock_us and matters(rows[vault]) for vault in range(1, self.vaults_set + 1)
        )

    def vault_redemptions(self, vault: int) -> list[VaultRedemptionRow]:
        """Return who waits to be paid out by a vault, in the order of their requests."""
        found, rows = [], self._s.vault_redemptions
        slot = int(self._s.vaults[vault].first_redemption) if 1 <= vault <= self.vaults_set else 0
        while slot:
            found.append(row_of(VaultRedemptionRow, rows[slot]))
            slot = int(rows[slot].next)
        return found

    @property
    def converting(self) -> int:
        """How many positions wait for ConvertCollateral before the settlement goes on."""
        venue = self._s.venue[0]
        return int(venue.shorts - venue.next_short) if venue.settling == Settling.CONVERTING else 0

    def pool_atoms(self, asset: int) -> int:
        """Return what the lending pool of an asset holds."""
        return self.balance(HouseAccount.POOL, asset)[0]

    def loans(self, account: int) -> list[tuple[int, int]]:
        """Return (asset, loan_shares) of all an account lent, above 0, or owes, below 0, by asset."""
        return self._reads.loans(account)

    def redemptions(self, asset: int) -> list[RedemptionRow]:
        """Return who waits to redeem an asset, oldest first."""
        return self._reads.redemptions(asset) if 1 <= asset <= self.assets_listed else []

    def redemption(self, account: int, asset: int) -> RedemptionRow | None:
        """Return what waits of an account's claim."""
        return next((row for row in self.redemptions(asset) if row.account == account), None)

    def measure(
        self, account: int, *, asset: int = 0, held_change: int = 0, owed_change: int = 0, strict: bool = False
    ) -> Measure:
        """Measure an account, as if it held and owed more atoms of one asset; ``strict`` as for new risk."""
        assert 0 <= account < self.next_account and 0 <= asset <= self.assets_listed, (account, asset)
        if entry.INTERPRETED:
            take_measure(self._s, account, asset, held_change, owed_change, strict)
        else:
            arguments = np.array([account, asset, held_change, owed_change, strict], np.int64)
            if not self._measure(self._s.address, arguments.ctypes.data, len(arguments), 0, 0):
                raise CoreStopped(self.sequence, f"an assertion fired while account {account} was measured")
        return row_of(Measure, self._s.measure[0])

    def unsafe_accounts(self) -> np.ndarray:
        """Return the accounts at or below their maintenance margin, by number: those that need one and lack equity.

        Only those are measured that a watch list cannot rule out; the list is made anew when marks have moved too far.
        """
        count = self._look(0)
        return self.revalue() if count < 0 else self._unsafe(count)

    def take_up_changes(self, most: int) -> int:
        """Bring so many accounts that have changed to where they belong in the watch list; returns how many are left.

        ``unsafe_accounts`` does that for all of them; this is for whoever wants to spread it, between batches.
        """
        assert most > 0, most
        return max(self._look(most), 0)

    def revalue(self, *, threads: int = 1) -> np.ndarray:
        """Measure everybody, make the watch list anew, and return the unsafe accounts; on one thread or two."""
        assert threads in (1, 2), threads
        self._step(revaluation.BEGIN)
        beside = Thread(target=self._step, args=(revaluation.OF_POSITIONS,), name="revaluation")
        (beside.start if threads == 2 else beside.run)()
        self._step(revaluation.OF_BALANCES)
        if threads == 2:
            beside.join()
        return self._unsafe(self._step(revaluation.END))

    def watched(self) -> Watched:
        """Return what it took to say who is unsafe, the last time that somebody asked."""
        watch = self._s.watch[0]
        return Watched(listed=int(watch.listed), measured=int(watch.near), moved_e9=int(watch.moved_e9))

    def revalued(self) -> tuple[np.ndarray, np.ndarray]:
        """Return equity and maintenance margin of every account, by number, as the last revaluation found them."""
        rows = self._s.watched.view(np.ndarray)[: self.next_account]
        return rows["equity"].copy(), rows["maintenance"].copy()

    def _unsafe(self, count: int) -> np.ndarray:
        return np.sort(self._s.unsafe[1 : count + 1])

    def _look(self, most: int) -> int:
        if entry.INTERPRETED:
            return int(find_unsafe(self._s, most))
        return self._answer(self._find_unsafe(self._s.address, None, most, 0, 0)) - 1

    def _step(self, step: int) -> int:
        if entry.INTERPRETED:
            return int(revalue(self._s, step))
        return self._answer(self._revalue(self._s.address, None, 0, step, 0))

    def _answer(self, said: int) -> int:
        """Return what a read that changes nothing says, which is one less than its number; 0 is an assertion."""
        if said == 0:
            raise CoreStopped(self.sequence, "an assertion fired while accounts were measured")
        return said - 1

    def account(self, account: int) -> AccountRow | None:
        """Return an account of a user; house accounts have no row."""
        record = self._s.accounts[account] if 0 <= account < self.next_account else None
        return row_of(AccountRow, record, account=account) if record is not None and record["user"] != 0 else None

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """Return (available_atoms, locked_atoms) of an account in an asset."""
        for number, available_atoms, locked_atoms in self.balances(account):
            if number == asset:
                return available_atoms, locked_atoms
        return 0, 0

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """Return (asset, available_atoms, locked_atoms) of all an account holds, by asset."""
        return self._reads.balances(account)

    def depth(self, market: int, levels: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (bids, asks) as (price_ticks, quantity_lots), best first, at most ``levels`` of each."""
        return self._reads.levels(market, Side.BID, levels), self._reads.levels(market, Side.ASK, levels)

    def level_lots(self, market: int, side: int, price_ticks: int) -> int:
        """Return the quantity that stands at one price."""
        return self._reads.level_lots(market, side, price_ticks)

    def order(self, order: int) -> OrderRow | None:
        """Return an open order."""
        return self._reads.order(order)

    def open_orders(self, account: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account in a market, or in all, oldest first."""
        return self._reads.open_orders(account, market)

    def trigger(self, number: int) -> TriggerRow | None:
        """Return a trigger that waits for its price or for its turn."""
        return self._reads.trigger(number)

    def triggers(self, account: int, market: int = 0) -> list[TriggerRow]:
        """Return the triggers of an account in a market, or in all, in the order in which they were placed."""
        return self._reads.triggers(account, market)

    def triggers_open(self, account: int) -> int:
        """Return how many triggers of an account wait."""
        return int(self._s.account_triggers[account]["count"])

    @property
    def triggers_due(self) -> int:
        """How many triggers wait for FireTrigger."""
        return int(self._s.venue[0].triggers_due)

    def open_order_count(self, account: int) -> int:
        """Return how many orders of an account are open."""
        return int(self._s.accounts[account].open_orders)


__all__ = ["EVENTS_PER_COMMAND", "CoreStopped", "Exchange"]
