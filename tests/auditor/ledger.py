"""A venue's books kept a second time, from nothing but its log: commands and events, as plain records.

Written from docs/rules.md and sharing nothing with the core but the layout of the records.  It does not know delisting.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    FUNDING_BITS,
    INDEX_BITS,
    CloseReason,
    HouseAccount,
    LoanCause,
    LoanSource,
    MarketKind,
    MoveCause,
    Settling,
    Side,
)

CLEARING, FUND, SKIN, UNCOVERED = (
    int(account) for account in (HouseAccount.CLEARING, HouseAccount.FUND, HouseAccount.SKIN, HouseAccount.UNCOVERED)
)
INDEX_ONE = 1 << INDEX_BITS
SETTLEMENT_US = 10_000_000
OF_SETTLEMENTS = {LoanSource.SETTLEMENT, LoanSource.AUTO_LEND, LoanSource.AUTO_BORROW_REPAY}


@dataclass
class Position:
    """What an account has of a contract, and what that cost it, as far as it is not settled."""

    net_lots: int = 0
    reference_atoms: int = 0
    funding_index: int = 0
    due_atoms: int = 0


@dataclass
class Contract:
    """What all positions of a market share."""

    mark_ticks: int = 0
    funding_index: int = 0
    clearing_atoms: int = 0
    settle_ticks: int = 0
    due_atoms: int = 0
    pot_atoms: int = 0
    rules: Any = None


@dataclass
class Order:
    """What an open order of a spot market locks."""

    account: int
    market: int
    side: int
    price_ticks: int
    lots: int


@dataclass
class Entry:
    """A command as it was stamped, and what it told."""

    command: Any
    origin: int
    events: list[Any]


def name_of(record: Any) -> str:
    return type(record).__name__


@dataclass
class Ledger:
    """Money by (account, asset), shares of lending pools, and positions by (account, market), after each command."""

    money: Counter[tuple[int, int]] = field(default_factory=Counter)
    shares: dict[tuple[int, int], int] = field(default_factory=dict)
    positions: dict[tuple[int, int], Position] = field(default_factory=dict)
    contracts: dict[int, Contract] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    markets: dict[int, Any] = field(default_factory=dict)
    assets: dict[int, Any] = field(default_factory=dict)
    collaterals: dict[int, Any] = field(default_factory=dict)
    prices: dict[int, Any] = field(default_factory=dict)
    haircuts: dict[int, int] = field(default_factory=dict)
    lent_index: dict[int, int] = field(default_factory=dict)
    debt_index: dict[int, int] = field(default_factory=dict)
    users: dict[int, int] = field(default_factory=dict)
    fenced: dict[int, int] = field(default_factory=dict)
    withdrawals: dict[int, int] = field(default_factory=dict)
    cases: dict[int, int] = field(default_factory=dict)
    slices: dict[int, int] = field(default_factory=dict)
    standing: dict[int, tuple[int, int]] = field(default_factory=dict)
    covered_atoms: int = 0
    wave_market: int = 0
    settling: int = Settling.NOTHING
    settled_tick: int = 0
    shorts: list[tuple[int, int]] = field(default_factory=list)

    # What the books say.

    def available(self, account: int, asset: int) -> int:
        """Return what an account has of an asset that no open order locks."""
        return self.money[account, asset] - sum(
            self.lock_of(order)[1]
            for order in self.orders.values()
            if order.account == account and self.lock_of(order)[0] == asset
        )

    def lock_of(self, order: Order) -> tuple[int, int]:
        """Return (asset, atoms) that an order locks; nothing in a perpetual."""
        market = self.markets[order.market]
        if market.market_kind == MarketKind.PERPETUAL:
            return 0, 0
        if order.side == Side.BID:
            return market.quote_asset, order.price_ticks * order.lots * market.quote_factor
        return market.base_asset, order.lots * market.lot_atoms

    def claim(self, account: int, asset: int) -> int:
        return max(self.shares.get((account, asset), 0), 0) * self.lent_index.get(asset, INDEX_ONE) >> INDEX_BITS

    def debt(self, account: int, asset: int) -> int:
        shares = max(-self.shares.get((account, asset), 0), 0)
        return -(-shares * self.debt_index.get(asset, INDEX_ONE) >> INDEX_BITS)

    def pending(self, key: tuple[int, int]) -> int:
        """Return the funding that a position has not paid yet, rounded up."""
        row = self.positions[key]
        rise = self.contracts[key[1]].funding_index - row.funding_index
        return -(-row.net_lots * rise >> FUNDING_BITS)

    def notional(self, market: int, lots: int, ticks: int) -> int:
        return lots * ticks * self.markets[market].quote_factor

    def unsettled(self, key: tuple[int, int], ticks: int) -> int:
        """Return profit, below zero loss, that no settlement has paid."""
        row = self.positions[key]
        return self.notional(key[1], row.net_lots, ticks) - row.reference_atoms - self.pending(key)

    def of_account(self, account: int) -> list[tuple[int, int]]:
        """Return the keys of an account's positions, by market."""
        return sorted(key for key in self.positions if key[0] == account)

    def is_flat(self, account: int) -> bool:
        """Whether an account has no contract, owes no loss and has no debt."""
        rows = [self.positions[key] for key in self.of_account(account)]
        owes = any(row.net_lots or row.reference_atoms > 0 for row in rows)
        return not owes and all(shares >= 0 for (owner, _), shares in self.shares.items() if owner == account)

    # How a command changes them.

    def apply(self, entry: Entry, look: Any = None) -> None:
        """Book what a command did; ``look`` sees each event right before it counts."""
        settles, converts = name_of(entry.command) in ("Clock", "ContinueSettlement"), self._converts(entry)
        sells = any(name_of(event) == "CollateralConverted" for event in entry.events)
        later = []
        if converts and not sells:
            # Where nothing can be sold, orders are cancelled after what is there has paid.
            self._convert(entry.events)
        for event in entry.events:
            if look is not None:
                look(event)
            if settles and self._is_of_settlement(event):
                later.append(event)
            else:
                getattr(self, f"_on_{name_of(event)}", self._ignore)(event)
        if settles:
            self._settle(entry, later)
        elif converts and sells:
            self._convert(entry.events)
        elif name_of(entry.command) == "SetPerpetual":
            self._price_first(entry)

    def _converts(self, entry: Entry) -> bool:
        return name_of(entry.command) == "ConvertCollateral" and self.settling == Settling.CONVERTING

    def _ignore(self, event: Any) -> None:
        """Events that move nothing."""

    def move(self, account: int, to_account: int, asset: int, atoms: int) -> None:
        self.money[account, asset] -= atoms
        self.money[to_account, asset] += atoms

    def position(self, account: int, market: int) -> Position:
        """Return the position of an account, a new one if it has none, with its funding up to now."""
        key = account, market
        if key not in self.positions:
            self.positions[key] = Position(funding_index=self.contracts[market].funding_index)
        row = self.positions[key]
        atoms = self.pending(key)
        row.funding_index = self.contracts[market].funding_index
        if atoms:
            row.reference_atoms += atoms
            self.position(int(HouseAccount.ROUNDING), market).reference_atoms -= atoms
        return row

    def change(self, account: int, market: int, lots: int, cost: int) -> None:
        row = self.position(account, market)
        row.net_lots += lots
        row.reference_atoms += cost

    def _on_UserOpened(self, event: Any) -> None:
        self.users[event.account] = self.users[event.fenced_account] = event.user
        self.fenced[event.user] = event.fenced_account

    def _on_AccountOpened(self, event: Any) -> None:
        self.users[event.account] = event.user

    def _on_AssetListed(self, event: Any) -> None:
        self.assets[event.asset] = event

    def _on_MarketListed(self, event: Any) -> None:
        self.markets[event.market] = event

    def _on_CollateralSet(self, event: Any) -> None:
        self.collaterals[event.asset] = event

    def _on_PricingSet(self, event: Any) -> None:
        self.haircuts[event.asset] = event.closed_haircut_ppm

    def _on_PriceUpdated(self, event: Any) -> None:
        self.prices[event.asset] = event

    def _on_PerpetualSet(self, event: Any) -> None:
        self.contracts.setdefault(event.market, Contract()).rules = event

    def _price_first(self, entry: Entry) -> None:
        """A contract's first mark, of an empty book, is its index; no event tells it."""
        market = self.markets[entry.command.market]
        book, price = self.contracts.get(market.market), self.prices.get(market.base_asset)
        if book is not None and not book.mark_ticks and price is not None:
            cash = 10 ** self.assets[market.quote_asset].decimals
            book.mark_ticks = max(1, price.mark_units * cash // (10**8 * market.tick_atoms))

    def _on_MarkUpdated(self, event: Any) -> None:
        self.contracts[event.market].mark_ticks = event.mark_ticks

    def _on_FundingCharged(self, event: Any) -> None:
        self.contracts[event.market].funding_index = event.funding_index

    def _on_PerpetualDelisted(self, event: Any) -> None:
        raise NotImplementedError("the auditor does not know delisting")

    # Orders and trades.

    def _on_OrderAccepted(self, event: Any) -> None:
        if event.rested_lots:
            price = event.price_ticks
            self.orders[event.order] = Order(event.account, event.market, event.side, price, event.rested_lots)

    def _on_OrderAmended(self, event: Any) -> None:
        self.orders.pop(event.order, None)
        if event.rested_lots:
            price = event.price_ticks
            self.orders[event.order] = Order(event.account, event.market, event.side, price, event.rested_lots)

    def _on_OrderClosed(self, event: Any) -> None:
        if event.rested:
            self.orders.pop(event.order, None)

    def _on_Trade(self, event: Any) -> None:
        maker = self.orders.get(event.maker_order)
        if maker is not None:
            maker.lots = event.maker_remaining_lots
            if not maker.lots:
                del self.orders[event.maker_order]
        if self.markets[event.market].market_kind == MarketKind.PERPETUAL:
            self._trade_contract(event)
        else:
            self._trade_spot(event)

    def _trade_contract(self, event: Any) -> None:
        sign = 1 if event.side == Side.BID else -1
        lots, quote = sign * event.quantity_lots, sign * event.quote_atoms
        self.change(event.account, event.market, lots, quote + event.taker_fee_atoms)
        self.change(event.maker_account, event.market, -lots, -quote + event.maker_fee_atoms)
        fees = event.taker_fee_atoms + event.maker_fee_atoms
        self.change(int(HouseAccount.FEES), event.market, 0, -fees)

    def _trade_spot(self, event: Any) -> None:
        market = self.markets[event.market]
        base, quote = event.quantity_lots * market.lot_atoms, event.quote_atoms
        buyer, seller = event.account, event.maker_account
        fees = event.taker_fee_atoms, event.maker_fee_atoms
        if event.side == Side.ASK:
            buyer, seller, fees = seller, buyer, fees[::-1]
        self.move(seller, buyer, market.base_asset, base)
        self.move(buyer, seller, market.quote_asset, quote)
        for account, asset, fee in ((buyer, market.base_asset, fees[0]), (seller, market.quote_asset, fees[1])):
            self.move(account, int(HouseAccount.FEES if fee > 0 else HouseAccount.REBATES), asset, fee)

    # Money and loans.

    def _on_FundsMoved(self, event: Any) -> None:
        self.move(event.account, event.to_account, event.asset, event.amount_atoms)
        if event.cause == MoveCause.WITHDRAWAL_REQUESTED:
            self.withdrawals[event.reference] = event.account
        elif event.cause == MoveCause.LOSS_PAID:
            self.contracts[event.reference].clearing_atoms += event.amount_atoms
            self.position(event.account, event.reference).reference_atoms -= event.amount_atoms
        elif event.cause == MoveCause.GAP_PAID and not event.reference and event.to_account == CLEARING:
            # Which market that is for is told next.
            self.covered_atoms += event.amount_atoms

    def _on_LoanMoved(self, event: Any) -> None:
        key, pool = (event.account, event.asset), int(HouseAccount.POOL)
        if event.cause in (LoanCause.LEND, LoanCause.REPAY):
            self.move(event.account, pool, event.asset, event.amount_atoms)
        elif event.cause in (LoanCause.REDEEM, LoanCause.BORROW):
            self.move(pool, event.account, event.asset, event.amount_atoms)
        self.shares[key] = event.loan_shares
        self.lent_index[event.asset], self.debt_index[event.asset] = event.lent_index, event.debt_index

    def _on_InterestAccrued(self, event: Any) -> None:
        self.move(int(HouseAccount.POOL), int(HouseAccount.ROUNDING), event.asset, event.rounding_atoms)
        self.lent_index[event.asset], self.debt_index[event.asset] = event.lent_index, event.debt_index

    # Liquidation.

    def _on_CaseOpened(self, event: Any) -> None:
        self.cases[event.account] = event.case

    def _on_CaseClosed(self, event: Any) -> None:
        self.cases.pop(event.account, None)

    def _on_SliceOrdered(self, event: Any) -> None:
        self.slices[event.case] = event.asset

    def _on_SliceEnded(self, event: Any) -> None:
        if self.slices[event.case] == 0 and event.fee_atoms:
            self.change(event.account, event.market, 0, event.fee_atoms)
            self.change(FUND, event.market, 0, -event.fee_atoms)

    def _on_WaveBegan(self, event: Any) -> None:
        self.wave_market = event.market
        self.contracts[event.market].clearing_atoms += event.fund_atoms + event.skin_atoms
        self.change(CLEARING, event.market, 0, -event.fund_atoms - event.skin_atoms)

    def _on_EstateClosed(self, event: Any) -> None:
        self._take_over(event, event.gap_atoms)

    def _on_Deleveraged(self, event: Any) -> None:
        self._take_over(event, -event.cost_atoms)

    def _take_over(self, event: Any, gap: int) -> None:
        cost = self.notional(event.market, -event.lots, event.mark_ticks) + gap
        self.change(event.account, event.market, event.lots, -cost)
        self.change(CLEARING, event.market, -event.lots, cost)

    def _on_WaveEnded(self, event: Any) -> None:
        self.wave_market = 0
        self.change(CLEARING, event.market, 0, -event.uncovered_atoms)
        self.change(UNCOVERED, event.market, 0, event.uncovered_atoms)

    def _on_WrittenOff(self, event: Any) -> None:
        # What an estate that is written off has still to come from a market is FUND's, without an event of its own.
        for key in self.of_account(event.account):
            row = self.positions[key]
            if row.net_lots == 0 and row.reference_atoms < 0:
                self.change(FUND, key[1], 0, row.reference_atoms)
                row.reference_atoms = 0
        if event.market:
            self.contracts[event.market].clearing_atoms += event.fund_atoms + event.skin_atoms
            self.change(event.account, event.market, 0, -event.deficit_atoms)
            self.change(UNCOVERED, event.market, 0, event.uncovered_atoms)

    def _on_UncoveredOwes(self, event: Any) -> None:
        paid, self.covered_atoms = self.covered_atoms, 0
        if paid:
            self.contracts[event.market].clearing_atoms += paid
            self.change(UNCOVERED, event.market, 0, -paid)

    def _on_StandingTopUpSet(self, event: Any) -> None:
        self.standing[event.account] = event.asset, event.amount_atoms

    def _on_ClaimTaken(self, event: Any) -> None:
        if not event.paid_atoms:
            return
        self.move(FUND, CLEARING, event.asset, event.paid_atoms)
        for key in self.of_account(event.account):
            row = self.positions[key]
            if row.reference_atoms >= event.paid_atoms and self.markets[key[1]].quote_asset == event.asset:
                row.reference_atoms -= event.paid_atoms
                self.contracts[key[1]].clearing_atoms += event.paid_atoms
                return

    # Settlements, which tell what they came to and not who paid.

    def _is_of_settlement(self, event: Any) -> bool:
        if name_of(event) == "FundsMoved":
            return event.cause == MoveCause.SETTLED
        return name_of(event) == "LoanMoved" and event.source in OF_SETTLEMENTS

    def _settle(self, entry: Entry, later: list[Any]) -> None:
        tick = entry.command.time_us // SETTLEMENT_US
        clock = name_of(entry.command) == "Clock"
        if clock and not self.settling and not self.wave_market and tick > self.settled_tick:
            self.settled_tick = tick
            self._fix_prices()
        if self.settling == Settling.COLLECTING:
            self._collect(later)
        elif self.settling == Settling.PAYING:
            self._pay()
        for event in later:
            if name_of(event) == "LoanMoved":
                self._on_LoanMoved(event)

    def _fix_prices(self) -> None:
        for book in self.contracts.values():
            book.settle_ticks, book.due_atoms = book.mark_ticks, 0
            if book.mark_ticks:
                self.settling = Settling.COLLECTING

    def _in_turn(self) -> Iterator[tuple[int, int]]:
        """Yield the positions in the order in which a settlement meets them: users first, then the house.

        Funding of users that is charged on the way gives the house rows, so it is looked at after them.
        """
        for is_house in (False, True):
            for key in sorted(self.positions):
                if (key[0] < FIRST_USER_ACCOUNT) == is_house and self.contracts[key[1]].settle_ticks:
                    yield key

    def _collect(self, later: list[Any]) -> None:
        self.shorts = []
        for key in self._in_turn():
            row, book = self.position(*key), self.contracts[key[1]]
            loss = row.reference_atoms - self.notional(key[1], row.net_lots, book.settle_ticks)
            if loss < 0:
                row.due_atoms = -loss
                book.due_atoms -= loss
                continue
            asset = self.markets[key[1]].quote_asset
            while later and name_of(later[0]) == "LoanMoved" and self._raises(later[0], key[0], asset, loss):
                self._on_LoanMoved(later.pop(0))
            missing = loss - self._pay_loss(key, loss)
            if missing and key[0] >= FIRST_USER_ACCOUNT:
                row.due_atoms = -missing
                self.shorts.append(key)
        self.settling = Settling.CONVERTING if self.shorts else Settling.PAYING
        if not self.shorts:
            self._count_pots()

    def _raises(self, event: Any, account: int, asset: int, loss: int) -> bool:
        mine = event.account == account and event.asset == asset and event.source == LoanSource.SETTLEMENT
        return mine and self.available(account, asset) < loss

    def _pay_loss(self, key: tuple[int, int], loss: int) -> int:
        asset = self.markets[key[1]].quote_asset
        paid = min(loss, self.available(key[0], asset))
        self.move(key[0], CLEARING, asset, paid)
        self.positions[key].reference_atoms -= paid
        self.contracts[key[1]].clearing_atoms += paid
        return paid

    def _count_pots(self) -> None:
        for book in self.contracts.values():
            book.pot_atoms = min(book.clearing_atoms, book.due_atoms)

    def _pay(self) -> None:
        # A deleveraging or a write-off may have changed what is in CLEARING since: the pot is counted as it is paid.
        self._count_pots()
        for key in self._in_turn():
            row, book = self.positions[key], self.contracts[key[1]]
            if row.due_atoms:
                paid = row.due_atoms * book.pot_atoms // book.due_atoms
                row.due_atoms = 0
                row.reference_atoms += paid
                book.clearing_atoms -= paid
                self.move(CLEARING, key[0], self.markets[key[1]].quote_asset, paid)
        self.settling = Settling.NOTHING

    def _convert(self, events: list[Any]) -> None:
        """What the next who could not pay has paid, before and after what he sold, which is booked already."""
        key = self.shorts.pop(0)
        row, book = self.position(*key), self.contracts[key[1]]
        row.due_atoms = 0
        loss = max(0, row.reference_atoms - self.notional(key[1], row.net_lots, book.settle_ticks))
        missing = loss - self._pay_loss(key, loss)
        told = {name_of(event) for event in events}
        reasons = {event.reason for event in events if name_of(event) == "OrderClosed"}
        met = "Trade" in told or CloseReason.SELF_TRADE_PREVENTION in reasons or CloseReason.SETTLEMENT in reasons
        if missing and met:
            row.due_atoms = -missing
            self.shorts.insert(0, key)
        if not self.shorts:
            self.settling = Settling.PAYING
