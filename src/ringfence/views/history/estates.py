"""What a liquidation does to positions, from its events.

docs/rules.md, "Liquidation (rules 2)".  A position may pay a fee to FUND and a loss to CLEARING, be closed at the price
of a wave, and end with others bearing what is left of its loss.
"""

from __future__ import annotations

from typing import NamedTuple

from ringfence.schema.enums import HouseAccount, MoveCause
from ringfence.schema.events import (
    ClaimTaken,
    Deleveraged,
    EstateClosed,
    FundsMoved,
    SliceEnded,
    ToppedUp,
    WaveBegan,
    WaveEnded,
    WrittenOff,
)

from ..catalog import Catalog
from .positions import Position, Positions

CLEARING, FUND, UNCOVERED = int(HouseAccount.CLEARING), int(HouseAccount.FUND), int(HouseAccount.UNCOVERED)


class Closing(NamedTuple):
    """Lots that a wave closed, below zero sold, and what they really cost, signed like them."""

    lots: int
    cost_atoms: int
    quote_factor: int

    @property
    def price_ticks(self) -> int:
        """Return the price of a lot, rounded to a whole tick against whoever's lots these are, and not below zero."""
        whole = abs(self.lots) * self.quote_factor
        ticks = -(-self.cost_atoms // whole) if self.lots > 0 else -self.cost_atoms // whole
        return max(ticks, 0)

    @property
    def quote_atoms(self) -> int:
        """Return what was paid for lots that were bought, or received for those that were sold."""
        return self.cost_atoms if self.lots > 0 else -self.cost_atoms


def closing_of(event: EstateClosed | Deleveraged, quote_factor: int) -> Closing:
    """Return what a wave closed of somebody: at the mark, less what he need not pay, or with what he gives up."""
    more = -event.gap_atoms if isinstance(event, EstateClosed) else event.cost_atoms
    return Closing(event.lots, event.lots * event.mark_ticks * quote_factor + more, quote_factor)


class Estates:
    """Lets positions follow the events of liquidations."""

    def __init__(self, catalog: Catalog, positions: Positions) -> None:
        self._catalog, self._positions = catalog, positions

    def sliced(self, event: SliceEnded) -> None:
        """Charge the fee of a slice of a position to it; FUND has it to come from the market."""
        self._positions.finish_taker()
        if not self._catalog.market_by_number[event.market].is_perpetual:
            return
        if event.fee_atoms:
            position = self._positions.position(event.account, event)
            position.liquidated_lots += event.filled_lots
            position.liquidation_fees_atoms += event.fee_atoms
            position.fees_atoms += event.fee_atoms
            position.reference_atoms += event.fee_atoms
            self._positions.end_if_empty(position, event.time_us)
        self._positions.owe(FUND, event.market, event.fee_atoms, event.sequence, event.time_us)

    def loss_paid(self, event: FundsMoved) -> None:
        """Let an estate pay the loss of a position, of which the event's reference is the market."""
        assert event.cause == MoveCause.LOSS_PAID, event
        self._positions.finish_taker()
        position = self._position_in(event.account, event.reference)
        self._positions.settle(position, -event.amount_atoms, event.sequence, event.time_us, in_case=True)
        self._positions.end_if_empty(position, event.time_us)

    def topped_up(self, event: ToppedUp) -> None:
        """Settle the funding of an estate, as whatever gathers it does."""
        self._positions.finish_taker()
        self._positions.touch_account(event.account)

    def estate_closed(self, event: EstateClosed) -> Closing:
        """Close the position of a failed account at the mark, less what it need not pay."""
        self._positions.finish_taker()
        self._positions.touch_account(event.account)
        return self._close(event)

    def deleveraged(self, event: Deleveraged) -> Closing:
        """Close lots of the other side at the mark, with what they give up."""
        self._positions.finish_taker()
        return self._close(event)

    def _close(self, event: EstateClosed | Deleveraged) -> Closing:
        positions = self._positions
        closing = closing_of(event, self._catalog.market_by_number[event.market].row.quote_factor)
        if isinstance(event, EstateClosed):
            positions.position(event.account, event).liquidated_lots += abs(event.lots)
        positions.change(event, event.account, closing.lots, closing.cost_atoms)
        positions.change(event, CLEARING, -closing.lots, -closing.cost_atoms)
        return closing

    def wave_began(self, event: WaveBegan) -> None:
        """Let FUND and SKIN pay of what CLEARING takes over in a wave."""
        self._positions.finish_taker()
        paid = event.fund_atoms + event.skin_atoms
        self._positions.owe(CLEARING, event.market, paid, event.sequence, event.time_us)

    def wave_ended(self, event: WaveEnded) -> None:
        """Let UNCOVERED owe what nobody could pay in a wave."""
        self._positions.finish_taker()
        for house, atoms in ((CLEARING, event.uncovered_atoms), (UNCOVERED, -event.uncovered_atoms)):
            self._positions.owe(house, event.market, atoms, event.sequence, event.time_us)

    def written_off(self, event: WrittenOff) -> None:
        """Let others bear what an estate could not pay of a loss in a market; a debt is told with loans."""
        if event.market:
            self._positions.finish_taker()
            position = self._position_in(event.account, event.market)
            # FUND and SKIN have paid their part to CLEARING, so it is due to nobody any more.
            position.written_off_atoms += event.fund_atoms + event.skin_atoms
            position.reference_atoms -= event.fund_atoms + event.skin_atoms
            left = event.uncovered_atoms
            self._positions.hand_over(UNCOVERED, position, left, event.sequence, event.time_us)

    def claim_sold(self, event: ClaimTaken) -> None:
        """Let a loss be paid with what FUND gives for a claim: it is that of the first position that has one."""
        self._positions.finish_taker()
        for position in self._positions.of_account(event.account):
            quote = self._catalog.market_by_number[position.market].quote.number
            if quote == event.asset and position.reference_atoms > 0:
                self._positions.settle(position, -event.paid_atoms, event.sequence, event.time_us, in_case=True)
                self._positions.end_if_empty(position, event.time_us)
                return
        raise AssertionError(f"account {event.account} sold a claim without a loss in asset {event.asset}")

    def _position_in(self, account: int, market: int) -> Position:
        found = next((one for one in self._positions.of_account(account) if one.market == market), None)
        assert found is not None, f"account {account} pays for a position in market {market} that it does not have"
        return found
