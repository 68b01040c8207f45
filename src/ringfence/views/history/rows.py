"""From events to rows: what a batch changes in each table, joined so that each row is written once a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, ClassVar

from ringfence.schema.enums import CloseReason, HouseAccount, LoanCause, MoveCause, Side, TriggerEnd
from ringfence.schema.events import (
    ClaimTaken,
    ClockTicked,
    CollateralConverted,
    ContractAdjusted,
    Deleveraged,
    DividendCollected,
    DividendPaid,
    EstateClosed,
    Event,
    FundingCharged,
    FundsMoved,
    InterestAccrued,
    LoanMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    SliceEnded,
    SliceOrdered,
    ToppedUp,
    Trade,
    TriggerClosed,
    TriggerFired,
    TriggerPlaced,
    UnclaimedReleased,
    VaultClosed,
    VaultMinted,
    VaultRedeemCancelled,
    VaultRedeemed,
    VaultRedeemRequested,
    VaultTookOver,
    VaultValued,
    WaveBegan,
    WaveEnded,
    WrittenOff,
)

from ..candles import Candle, Interval, fold
from ..catalog import Catalog
from ..orders import TRIGGER_EXPIRIES, OrderStatus, SystemOrderType, fills_of
from .dividends import DividendChanges
from .estates import Closing, Estates
from .evidence import Evidence, Sealed
from .feed import Fed, PositionsRead
from .loans import Loans
from .positions import Positions
from .vaults import VaultChanges

Row = dict[str, Any]

BID = int(Side.BID)
FEES, REBATES, FUND = int(HouseAccount.FEES), int(HouseAccount.REBATES), int(HouseAccount.FUND)
POOL, ROUNDING = int(HouseAccount.POOL), int(HouseAccount.ROUNDING)
TO_POOL = (LoanCause.LEND, LoanCause.REPAY)
ON_PAPER = (LoanCause.WRITE_OFF, LoanCause.TAKE_OVER)
"""The causes by which a claim or a debt changes hands: no atoms move."""
TOLD_AS_SETTLEMENTS = (MoveCause.LOSS_PAID, MoveCause.SETTLED)
ALL_INTERVALS = tuple(Interval)
ORDER_FIELDS = (
    "account", "market", "client_id", "price_ticks", "quantity_lots", "quote_atoms", "user", "side", "order_type",
    "time_in_force", "post_only", "self_trade_prevention",
)  # fmt: skip


class WithdrawalStatus(StrEnum):
    """Where a withdrawal stands."""

    PENDING = "pending"
    SETTLED = "settled"
    RETURNED = "returned"


class Changes:
    """What a batch of whole commands changes; lists are in the order of the log.

    ``deposits`` and ``withdrawals`` are counted on from the numbers given, the last ones in the database. ``loans`` and
    ``positions`` go on from batch to batch.
    """

    def __init__(
        self, catalog: Catalog, last_deposit: int, last_withdrawal: int, loans: Loans, positions: Positions
    ) -> None:
        self.catalog, self.loans, self.positions = catalog, loans, positions
        loans.begin_batch()
        positions.begin_batch()
        self.estates = Estates(catalog, positions)
        self.last_deposit, self.last_withdrawal = last_deposit, last_withdrawal
        self.system_types: dict[int, SystemOrderType] = {}
        """The orders that the venue placed, and what they are."""
        self.new_orders: dict[int, Row] = {}
        self.progress: dict[int, Row] = {}
        self.amendments: dict[int, Row] = {}
        self.new_triggers: dict[int, Row] = {}
        self.firings: dict[int, Row] = {}
        self.trades: list[Row] = []
        self.fills: list[Row] = []
        self.movements: list[Row] = []
        self.deposits: list[Row] = []
        self.withdrawals: dict[int, Row] = {}
        self.settlements: dict[int, Row] = {}
        self.vaults = VaultChanges()
        self.dividends = DividendChanges()
        self.klines: dict[tuple[int, str, int], Candle] = {}
        self.evidence = Evidence(catalog)
        self.tick_us: int | None = None
        """The time of the last clock tick, ``None`` without one: when to forget old candles of a second."""

    def add(self, events: Sequence[Fed]) -> None:
        """Add whole commands, in the order of the log."""
        trades: list[Trade] = []
        for event in events:
            if isinstance(event, PositionsRead):
                self.positions.read(event)
                continue
            if isinstance(event, Sealed):
                continue
            handler = self._handlers.get(type(event))
            if handler is None:
                self.catalog.update(event)
            else:
                handler(self, event)
                if isinstance(event, Trade):
                    trades.append(event)
        self.evidence.add(events)
        self.positions.finish_taker()
        for market, candle in fold(trades):
            self._add_candle(market, candle)

    def _converted(self, event: CollateralConverted) -> None:
        self.system_types[event.order] = SystemOrderType.COLLATERAL_CONVERSION

    def _slice_ordered(self, event: SliceOrdered) -> None:
        self.system_types[event.order] = SystemOrderType.LIQUIDATE_POSITION_ON_BOOK

    def _slice_ended(self, event: SliceEnded) -> None:
        self.estates.sliced(event)

    def _topped_up(self, event: ToppedUp) -> None:
        self.estates.topped_up(event)

    def _wave_began(self, event: WaveBegan) -> None:
        self.estates.wave_began(event)

    def _wave_ended(self, event: WaveEnded) -> None:
        self.estates.wave_ended(event)

    def _written_off(self, event: WrittenOff) -> None:
        self.estates.written_off(event)

    def _estate_closed(self, event: EstateClosed) -> None:
        self._add_closing(event, self.estates.estate_closed(event), is_maker=False)

    def _deleveraged(self, event: Deleveraged) -> None:
        self._add_closing(event, self.estates.deleveraged(event), is_maker=True)

    def _add_closing(self, event: EstateClosed | Deleveraged, closing: Closing, *, is_maker: bool) -> None:
        """Add the fill by which a wave closed lots; no trade and no order stands behind it."""
        self.fills.append(
            {
                "account": event.account, "sequence": event.sequence, "event_index": event.index,
                "is_maker": is_maker, "time_us": event.time_us, "market": event.market, "trade": 0,
                "order_id": event.sequence, "side": int(Side.BID if closing.lots > 0 else Side.ASK),
                "price_ticks": closing.price_ticks, "quantity_lots": abs(closing.lots),
                "quote_atoms": closing.quote_atoms, "fee_atoms": 0,
                "fee_asset": self.catalog.market_by_number[event.market].quote.number,
                "system_order_type": SystemOrderType.LIQUIDATE_POSITION_ON_ADL.value,
            }
        )  # fmt: skip

    def _claim_taken(self, event: ClaimTaken) -> None:
        if event.paid_atoms:
            lines = [(FUND, event.asset, -event.paid_atoms), (event.account, event.asset, event.paid_atoms)]
            self._move(event, [(*line, "CLAIM_TAKEN") for line in lines])
            self.estates.claim_sold(event)

    def _accepted(self, event: OrderAccepted) -> None:
        # What neither rests nor is closed later in the command is filled.
        status = OrderStatus.NEW if event.rested_lots else OrderStatus.FILLED
        if event.order == event.sequence:
            self._add_order(event, event.order, status)
        else:
            # It waited for its price, and has had a row since.
            self._resize(event)
            self._progress(event.order, 0, 0, status, event.time_us, None)

    def _add_order(self, event: OrderAccepted | TriggerPlaced, order: int, status: OrderStatus) -> None:
        row: Row = {name: getattr(event, name, 0) for name in ORDER_FIELDS}
        row.update(
            order_id=order, created_us=event.time_us, updated_us=event.time_us, status=status.value,
            executed_lots=0, executed_quote_atoms=0, close_reason=None, system_order_type=self._system_type(order),
        )  # fmt: skip
        self.new_orders[order] = row

    def _system_type(self, order: int) -> str | None:
        system_type = self.system_types.get(order)
        return None if system_type is None else system_type.value

    def _resize(self, event: OrderAccepted | OrderAmended) -> None:
        row = self.new_orders.get(event.order)
        if row is None:
            row = self.amendments.setdefault(event.order, {"key": event.order})
        row["price_ticks"], row["quantity_lots"] = event.price_ticks, event.quantity_lots

    def _amended(self, event: OrderAmended) -> None:
        status = OrderStatus.FILLED
        if event.rested_lots:
            untouched = event.rested_lots == event.quantity_lots
            status = OrderStatus.NEW if untouched else OrderStatus.PARTIALLY_FILLED
        self._resize(event)
        self._progress(event.order, 0, 0, status, event.time_us, None)

    def _trigger_placed(self, event: TriggerPlaced) -> None:
        self._add_order(event, event.trigger, OrderStatus.TRIGGER_PENDING)
        self.new_orders[event.trigger]["quantity_lots"] = 0
        self.new_triggers[event.trigger] = {
            "order_id": event.trigger, "parent": event.parent, "trigger_ticks": event.trigger_ticks,
            "trigger_by": event.trigger_by, "limit_ticks": event.price_ticks, "trigger_lots": event.quantity_lots,
            "trigger_percent": event.quantity_percent, "triggered_us": None, "reject": None,
        }  # fmt: skip

    def _trigger_fired(self, event: TriggerFired) -> None:
        row = self.new_triggers.get(event.trigger)
        if row is None:
            row = self.firings[event.trigger] = {"key": event.trigger, "reject": None}
        row["triggered_us"], row["trigger_lots"] = event.time_us, event.quantity_lots

    def _trigger_closed(self, event: TriggerClosed) -> None:
        status, close_reason = OrderStatus.CANCELLED, None
        if event.reason in TRIGGER_EXPIRIES:
            status, close_reason = OrderStatus.EXPIRED, int(TRIGGER_EXPIRIES[TriggerEnd(event.reason)])
        elif event.reason == TriggerEnd.FAILED:
            # The command that refused its order has fired it.
            row = self.new_triggers.get(event.trigger) or self.firings[event.trigger]
            row["reject"], status = event.reject, OrderStatus.TRIGGER_FAILED
        self._progress(event.trigger, 0, 0, status, event.time_us, close_reason)

    def _closed(self, event: OrderClosed) -> None:
        requested = event.reason == CloseReason.REQUESTED
        status = OrderStatus.CANCELLED if requested else OrderStatus.EXPIRED
        self._progress(event.order, 0, 0, status, event.time_us, event.reason)

    def _traded(self, event: Trade) -> None:
        info = self.catalog.market_by_number[event.market]
        for fill in fills_of(event):
            fee_asset = info.fee_asset(fill.side).number
            self.fills.append(
                {
                    "account": fill.account, "sequence": event.sequence, "event_index": event.index,
                    "is_maker": fill.is_maker, "time_us": event.time_us, "market": event.market, "trade": event.trade,
                    "order_id": fill.order, "side": fill.side, "price_ticks": event.price_ticks,
                    "quantity_lots": event.quantity_lots, "quote_atoms": event.quote_atoms,
                    "fee_atoms": fill.fee_atoms, "fee_asset": fee_asset, "system_order_type": None,
                }
            )  # fmt: skip
        self.trades.append(
            {
                "sequence": event.sequence, "time_us": event.time_us, "event_index": event.index,
                "account": event.account, "market": event.market, "trade": event.trade,
                "taker_order": event.taker_order, "maker_order": event.maker_order, "price_ticks": event.price_ticks,
                "quantity_lots": event.quantity_lots, "quote_atoms": event.quote_atoms,
                "taker_fee_atoms": event.taker_fee_atoms, "maker_fee_atoms": event.maker_fee_atoms,
                "maker_account": event.maker_account, "side": event.side,
            }
        )  # fmt: skip
        if info.is_perpetual:
            self.positions.traded(event)
        else:
            self._move_trade(event, event.quantity_lots * info.row.lot_atoms, info.base.number, info.quote.number)
        lots, quote = event.quantity_lots, event.quote_atoms
        self._progress(event.taker_order, lots, quote, None, event.time_us, None)
        maker = OrderStatus.PARTIALLY_FILLED if event.maker_remaining_lots else OrderStatus.FILLED
        self._progress(event.maker_order, lots, quote, maker, event.time_us, None)

    def _move_trade(self, event: Trade, base_atoms: int, base: int, quote: int) -> None:
        taker, maker, quote_atoms = event.account, event.maker_account, event.quote_atoms
        buyer, seller, buyer_fee, seller_fee = taker, maker, event.taker_fee_atoms, event.maker_fee_atoms
        if event.side != BID:
            buyer, seller, buyer_fee, seller_fee = seller, buyer, seller_fee, buyer_fee
        lines = [
            (buyer, base, base_atoms, "TRADE"),
            (buyer, quote, -quote_atoms, "TRADE"),
            (seller, base, -base_atoms, "TRADE"),
            (seller, quote, quote_atoms, "TRADE"),
        ]
        for payer, asset, fee_atoms in ((buyer, base, buyer_fee), (seller, quote, seller_fee)):
            if fee_atoms:
                house, cause = (FEES, "FEE") if fee_atoms > 0 else (REBATES, "REBATE")
                lines.append((payer, asset, -fee_atoms, cause))
                lines.append((house, asset, fee_atoms, cause))
        self._move(event, lines)

    def _move(self, event: Event, lines: list[tuple[int, int, int, str]]) -> None:
        for line, (account, asset, delta_atoms, cause) in enumerate(lines):
            self.movements.append(
                {
                    "account": account, "sequence": event.sequence, "event_index": event.index, "line": line,
                    "time_us": event.time_us, "asset": asset, "delta_atoms": delta_atoms, "cause": cause,
                }
            )  # fmt: skip

    def _moved(self, event: FundsMoved) -> None:
        cause, amount = MoveCause(event.cause), event.amount_atoms
        self.evidence.moved(event)
        if cause in TOLD_AS_SETTLEMENTS:
            if cause is MoveCause.LOSS_PAID:
                self.estates.loss_paid(event)
            return
        lines = [
            (event.account, event.asset, -amount, cause.name),
            (event.to_account, event.asset, amount, cause.name),
        ]
        self._move(event, lines)
        if cause is MoveCause.DEPOSIT:
            self._deposited(event)
        elif cause is MoveCause.WITHDRAWAL_REQUESTED:
            self._requested(event)
        elif cause is MoveCause.WITHDRAWAL_SETTLED:
            self._settled(event, {"status": WithdrawalStatus.SETTLED.value, "fee_atoms": 0})
        elif cause is MoveCause.WITHDRAWAL_RETURNED:
            self._settled(event, {"status": WithdrawalStatus.RETURNED.value, "fee_atoms": None})
        elif cause is MoveCause.WITHDRAWAL_FEE:
            self._settled(event, {"fee_atoms": amount})

    def _deposited(self, event: FundsMoved) -> None:
        self.last_deposit += 1
        self.deposits.append(
            {
                "deposit": self.last_deposit, "sequence": event.sequence, "time_us": event.time_us,
                "account": event.to_account, "asset": event.asset, "amount_atoms": event.amount_atoms,
                "source_number": event.reference, "source": event.source,
            }
        )  # fmt: skip

    def _requested(self, event: FundsMoved) -> None:
        self.last_withdrawal += 1
        self.withdrawals[event.reference] = {
            "withdrawal": self.last_withdrawal, "sequence": event.reference, "time_us": event.time_us,
            "account": event.account, "asset": event.asset, "reserved_atoms": event.amount_atoms, "fee_atoms": None,
            "status": WithdrawalStatus.PENDING.value, "updated_us": event.time_us,
        }  # fmt: skip

    def _settled(self, event: FundsMoved, change: Row) -> None:
        row = self.withdrawals.get(event.reference)
        if row is None:
            row = self.settlements.setdefault(event.reference, {"key": event.reference})
        row.update(change, updated_us=event.time_us)

    def _loan_moved(self, event: LoanMoved) -> None:
        self.loans.moved(event)
        cause = LoanCause(event.cause)
        if cause in ON_PAPER:
            return
        atoms = event.amount_atoms if cause in TO_POOL else -event.amount_atoms
        lines = [(event.account, event.asset, -atoms, cause.name), (POOL, event.asset, atoms, cause.name)]
        self._move(event, lines)

    def _interest_accrued(self, event: InterestAccrued) -> None:
        self.loans.accrued(event)
        if swept := event.rounding_atoms:
            self._move(event, [(POOL, event.asset, -swept, "SWEEP"), (ROUNDING, event.asset, swept, "SWEEP")])

    def _vault_minted(self, event: VaultMinted) -> None:
        self._move(event, self.vaults.minted(event))

    def _vault_redeem_requested(self, event: VaultRedeemRequested) -> None:
        self.vaults.requested(event)

    def _vault_redeem_cancelled(self, event: VaultRedeemCancelled) -> None:
        self.vaults.cancelled(event)

    def _vault_redeemed(self, event: VaultRedeemed) -> None:
        self._move(event, self.vaults.redeemed(event))

    def _vault_valued(self, event: VaultValued | VaultClosed) -> None:
        self.vaults.valued(event)

    def _vault_took_over(self, event: VaultTookOver) -> None:
        self.positions.taken_over(event, self.catalog.market_by_number[event.market].row.quote_factor)

    def _dividend_paid(self, event: DividendPaid) -> None:
        self._move(event, self.dividends.paid(event))

    def _dividend_collected(self, event: DividendCollected) -> None:
        self._move(event, self.dividends.collected(event))

    def _unclaimed_released(self, event: UnclaimedReleased) -> None:
        self._move(event, self.dividends.released(event))

    def _contract_adjusted(self, event: ContractAdjusted) -> None:
        self.positions.adjusted(event)

    def _funding_charged(self, event: FundingCharged) -> None:
        self.positions.charged(event)

    def _ticked(self, event: ClockTicked) -> None:
        self.tick_us = event.time_us

    def _progress(
        self, order: int, lots: int, quote: int, status: OrderStatus | None, time_us: int, reason: int | None
    ) -> None:
        row = self.new_orders.get(order)
        if row is None:
            row = self.progress.get(order)
            if row is None:
                row = self.progress[order] = {"key": order, "executed_lots": 0, "executed_quote_atoms": 0}
        row["executed_lots"] += lots
        row["executed_quote_atoms"] += quote
        if status is not None:
            row["status"] = status.value
        elif row["status"] == "New":
            row["status"] = OrderStatus.PARTIALLY_FILLED.value
        row["updated_us"], row["close_reason"] = time_us, reason

    def _add_candle(self, market: int, candle: Candle) -> None:
        for interval in ALL_INTERVALS:
            key = (market, interval.wire, interval.start_us(candle.start_us))
            kept = self.klines.get(key)
            if kept is None:
                self.klines[key] = candle.copy(key[2])
            else:
                kept.add(candle)

    _handlers: ClassVar[dict[type[Event], Callable[[Any, Any], None]]] = {
        CollateralConverted: _converted,
        SliceOrdered: _slice_ordered,
        SliceEnded: _slice_ended,
        ToppedUp: _topped_up,
        WaveBegan: _wave_began,
        WaveEnded: _wave_ended,
        EstateClosed: _estate_closed,
        Deleveraged: _deleveraged,
        WrittenOff: _written_off,
        ClaimTaken: _claim_taken,
        OrderAccepted: _accepted,
        OrderAmended: _amended,
        OrderClosed: _closed,
        TriggerPlaced: _trigger_placed,
        TriggerFired: _trigger_fired,
        TriggerClosed: _trigger_closed,
        Trade: _traded,
        FundsMoved: _moved,
        LoanMoved: _loan_moved,
        InterestAccrued: _interest_accrued,
        FundingCharged: _funding_charged,
        ContractAdjusted: _contract_adjusted,
        DividendPaid: _dividend_paid,
        DividendCollected: _dividend_collected,
        UnclaimedReleased: _unclaimed_released,
        VaultMinted: _vault_minted,
        VaultRedeemRequested: _vault_redeem_requested,
        VaultRedeemCancelled: _vault_redeem_cancelled,
        VaultRedeemed: _vault_redeemed,
        VaultTookOver: _vault_took_over,
        VaultValued: _vault_valued,
        VaultClosed: _vault_valued,
        ClockTicked: _ticked,
    }
