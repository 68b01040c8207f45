"""What everybody has, by the events alone.

A settlement turns profit into money without an event for each account. So the books do not keep money and profit
apart: an account's *purse* is its cash less the reference of its positions, which a settlement leaves as it is. What an
account is worth is its purse, its lots at their marks, its coins, its claims and its debts; all of that events do tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ringfence.schema import events as e
from ringfence.schema.enums import (
    FIRST_USER_ACCOUNT,
    FUNDING_BITS,
    HouseAccount,
    LoanCause,
    MarketKind,
    MoveCause,
    Side,
)
from ringfence.schema.events import EVENTS
from ringfence.schema.layout import DTYPES, EVENT_HEADER, decode_event, tag_of

where: Any = np.where
Integers = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

CASH = 1
"""The one asset that positions are paid in."""
WITHIN_PURSE = (MoveCause.LOSS_PAID, MoveCause.SETTLED)
"""Money that goes to a market for a loss, or comes from one for a profit: the purse is as it was."""

FIRST = tuple(tag_of(kind) for kind in (e.AssetListed, e.MarketListed, e.FundingCharged))
"""What is there before anybody can do anything with it; and funding, with which whoever reads begins anew."""


class UnknownToBooks(Exception):
    """Raised when a log holds what these books were not made for."""


class Books:
    """Arrays by account number, that of users beginning with ``FIRST_USER_ACCOUNT``."""

    def __init__(self) -> None:
        self.accounts = FIRST_USER_ACCOUNT
        self.purse = np.zeros(FIRST_USER_ACCOUNT, np.int64)
        self.held: dict[int, Integers] = {}
        self.loans: dict[int, Integers] = {}
        self.lots: dict[int, Integers] = {}
        self.user = np.zeros(FIRST_USER_ACCOUNT, np.int64)
        self.is_fenced = np.zeros(FIRST_USER_ACCOUNT, bool)
        self.case = np.zeros(FIRST_USER_ACCOUNT, np.int64)
        self.assets: dict[int, Any] = {}
        self.markets: dict[int, Any] = {}
        self.marks: dict[int, int] = {}
        self.funding: dict[int, int] = {}
        self.lent_index: dict[int, int] = {}
        self.debt_index: dict[int, int] = {}
        self._does: dict[int, Callable[[Any], None]] = {
            tag_of(kind): getattr(self, f"_on_{kind.__name__}")
            for kind in EVENTS
            if hasattr(self, f"_on_{kind.__name__}")
        }

    def take(self, events: Records) -> None:
        """Count events, kind by kind: sums do not mind the order. Of FundingCharged only the first may be one."""
        kinds = events.view(EVENT_HEADER)["kind"]
        for tag in sorted(np.unique(kinds).tolist(), key=lambda tag: (tag not in FIRST, tag)):
            if tag in self._does:
                self._does[tag](events[kinds == tag])

    def open_accounts(self, users: Records, accounts: Records) -> None:
        """Have room for the accounts that a batch opens: whoever looks at it may ask for them at once."""
        for rows, kind, last in ((users, e.UserOpened, "fenced_account"), (accounts, e.AccountOpened, "account")):
            if len(rows):
                self._grow(int(rows.view(DTYPES[kind])[last].max()) + 1)
        self._open_users(users)
        self._open_subs(accounts)

    def worth_of_all(self) -> Integers:
        """Return what every account comes to at the marks as they are, in atoms of cash, without haircuts."""
        total = self.purse.copy()
        for market, lots in self.lots.items():
            total += lots * (self.marks.get(market, 0) * self.factor(market))
        for asset, held in self.held.items():
            total += self.value(asset, held)
        for asset, shares in self.loans.items():
            total += self.value(asset, self.atoms_of_shares(asset, shares))
        return total

    def factor(self, market: int) -> int:
        """Return what a tick comes to for a lot, in atoms of the quote asset."""
        row = self.markets[market]
        return row.tick_atoms * row.lot_atoms // 10 ** self.assets[row.base_asset].decimals

    def value(self, asset: int, atoms: Integers) -> Integers:
        """Return what so many atoms of an asset are worth in atoms of cash, to within a few."""
        if asset == CASH:
            return atoms
        units, decimals = self.marks.get(-asset, 0), self.assets[asset].decimals
        return (atoms.astype(np.float64) * (units / 10 ** (decimals + 2))).astype(np.int64)

    def atoms_of_shares(self, asset: int, shares: Integers) -> Integers:
        """Return what shares of a pool are worth: claims above 0, debts below, to within a few atoms."""
        lent, owed = self.lent_index.get(asset, 1 << 52), self.debt_index.get(asset, 1 << 52)
        index = where(shares > 0, lent / 2**52, owed / 2**52)
        return (shares.astype(np.float64) * index).astype(np.int64)

    def is_flat(self, account: int) -> bool:
        """Whether an account has no position."""
        return not any(lots[account] for lots in self.lots.values())

    # What each kind of event does.

    def _grow(self, accounts: int) -> None:
        if accounts <= len(self.purse):
            self.accounts = max(self.accounts, accounts)
            return
        room = max(2 * len(self.purse), accounts)

        def grown(array: Any) -> Any:
            return np.concatenate([array, np.zeros(room - len(array), array.dtype)])

        self.purse, self.user, self.case = grown(self.purse), grown(self.user), grown(self.case)
        self.is_fenced = grown(self.is_fenced)
        for table in (self.held, self.loans, self.lots):
            for key in table:
                table[key] = grown(table[key])
        self.accounts = accounts

    def _column(self, table: dict[int, Integers], key: int) -> Integers:
        if key not in table:
            table[key] = np.zeros(len(self.purse), np.int64)
        return table[key]

    def _add(self, asset: int, accounts: Any, atoms: Any) -> None:
        """Add atoms of an asset to accounts; an account may be there more than once."""
        column = self.purse if asset == CASH else self._column(self.held, asset)
        np.add.at(column, accounts, atoms)

    def _open_users(self, events: Any) -> None:
        rows = events.view(DTYPES[e.UserOpened])
        self.user[rows["account"]] = self.user[rows["fenced_account"]] = rows["user"]
        self.is_fenced[rows["fenced_account"]] = True

    def _open_subs(self, events: Any) -> None:
        rows = events.view(DTYPES[e.AccountOpened])
        self.user[rows["account"]] = rows["user"]

    def _on_AssetListed(self, events: Any) -> None:
        for event in decoded(events):
            self.assets[event.asset] = event

    def _on_MarketListed(self, events: Any) -> None:
        for event in decoded(events):
            if event.quote_asset != CASH:
                raise UnknownToBooks(f"market {event.market} is paid in asset {event.quote_asset}")
            self.markets[event.market] = event

    def _on_PerpetualDelisted(self, events: Any) -> None:
        raise UnknownToBooks("a perpetual was delisted")

    def _on_PriceUpdated(self, events: Any) -> None:
        rows = events.view(DTYPES[e.PriceUpdated])
        for asset, units in zip(rows["asset"].tolist(), rows["mark_units"].tolist(), strict=True):
            self.marks[-asset] = units

    def _on_PerpetualSet(self, events: Any) -> None:
        """A contract's first mark, of an empty book, is its index; no event tells it."""
        for event in decoded(events):
            row = self.markets[event.market]
            units, cash = self.marks.get(-row.base_asset, 0), 10 ** self.assets[CASH].decimals
            if units:
                self.marks.setdefault(event.market, max(1, units * cash // (10**8 * row.tick_atoms)))

    def _on_MarkUpdated(self, events: Any) -> None:
        rows = events.view(DTYPES[e.MarkUpdated])
        for market, ticks in zip(rows["market"].tolist(), rows["mark_ticks"].tolist(), strict=True):
            self.marks[market] = ticks

    def _on_FundingCharged(self, events: Any) -> None:
        for event in decoded(events):
            by = event.funding_index - self.funding.get(event.market, 0)
            self.funding[event.market] = event.funding_index
            lots = self._column(self.lots, event.market)
            # An account pays what it owes rounded up: -floor(-x) is ceil(x).
            self.purse += -lots * by >> FUNDING_BITS

    def _on_Trade(self, events: Any) -> None:
        rows = events.view(DTYPES[e.Trade])
        for market in np.unique(rows["market"]).tolist():
            mine = rows[rows["market"] == market]
            if self.markets[market].market_kind == MarketKind.PERPETUAL:
                self._trade_contract(market, mine)
            else:
                self._trade_spot(market, mine)

    def _trade_contract(self, market: int, rows: Any) -> None:
        sign = where(rows["side"] == int(Side.BID), 1, -1)
        lots, quote = sign * rows["quantity_lots"], sign * rows["quote_atoms"]
        column = self._column(self.lots, market)
        np.add.at(column, rows["account"], lots)
        np.add.at(column, rows["maker_account"], -lots)
        self._add(CASH, rows["account"], -quote - rows["taker_fee_atoms"])
        self._add(CASH, rows["maker_account"], quote - rows["maker_fee_atoms"])

    def _trade_spot(self, market: int, rows: Any) -> None:
        row = self.markets[market]
        bought = rows["side"] == int(Side.BID)
        buyer = where(bought, rows["account"], rows["maker_account"])
        seller = where(bought, rows["maker_account"], rows["account"])
        base_fee = where(bought, rows["taker_fee_atoms"], rows["maker_fee_atoms"])
        quote_fee = where(bought, rows["maker_fee_atoms"], rows["taker_fee_atoms"])
        base = rows["quantity_lots"] * row.lot_atoms
        self._add(row.base_asset, buyer, base - base_fee)
        self._add(row.base_asset, seller, -base)
        self._add(CASH, buyer, -rows["quote_atoms"])
        self._add(CASH, seller, rows["quote_atoms"] - quote_fee)

    def _on_FundsMoved(self, events: Any) -> None:
        rows = events.view(DTYPES[e.FundsMoved])
        rows = rows[~np.isin(rows["cause"], [int(cause) for cause in WITHIN_PURSE])]
        for asset in np.unique(rows["asset"]).tolist():
            mine = rows[rows["asset"] == asset]
            self._add(asset, mine["account"], -mine["amount_atoms"])
            self._add(asset, mine["to_account"], mine["amount_atoms"])

    def _on_LoanMoved(self, events: Any) -> None:
        rows = events.view(DTYPES[e.LoanMoved])
        out = np.isin(rows["cause"], (int(LoanCause.LEND), int(LoanCause.REPAY)))
        back = np.isin(rows["cause"], (int(LoanCause.REDEEM), int(LoanCause.BORROW)))
        for asset in np.unique(rows["asset"]).tolist():
            here = rows["asset"] == asset
            for mine, sign in ((rows[here & out], -1), (rows[here & back], 1)):
                self._add(asset, mine["account"], sign * mine["amount_atoms"])
            last = rows[here]
            self._column(self.loans, asset)[last["account"]] = last["loan_shares"]
            self.lent_index[asset], self.debt_index[asset] = int(last["lent_index"][-1]), int(last["debt_index"][-1])

    def _on_InterestAccrued(self, events: Any) -> None:
        for event in decoded(events):
            self.lent_index[event.asset], self.debt_index[event.asset] = event.lent_index, event.debt_index

    def _on_CaseOpened(self, events: Any) -> None:
        rows = events.view(DTYPES[e.CaseOpened])
        self.case[rows["account"]] = rows["case"]

    def _on_CaseClosed(self, events: Any) -> None:
        rows = events.view(DTYPES[e.CaseClosed])
        closed = self.case[rows["account"]] == rows["case"]
        self.case[rows["account"][closed]] = 0

    def _on_SliceEnded(self, events: Any) -> None:
        rows = events.view(DTYPES[e.SliceEnded])
        # What a slice in a spot market pays is told as money that moves.
        perpetual = [n for n, row in self.markets.items() if row.market_kind == MarketKind.PERPETUAL]
        rows = rows[np.isin(rows["market"], perpetual)]
        self._add(CASH, rows["account"], -rows["fee_atoms"])

    def _on_EstateClosed(self, events: Any) -> None:
        rows = events.view(DTYPES[e.EstateClosed])
        self._close(rows, rows["gap_atoms"])

    def _on_Deleveraged(self, events: Any) -> None:
        rows = events.view(DTYPES[e.Deleveraged])
        self._close(rows, -rows["cost_atoms"])

    def _close(self, rows: Any, forgiven: Any) -> None:
        """Close lots at the mark; what need not be paid stays with the account, what it costs does not."""
        for market in np.unique(rows["market"]).tolist():
            here = rows["market"] == market
            mine, kept = rows[here], forgiven[here]
            np.add.at(self._column(self.lots, market), mine["account"], mine["lots"])
            self._add(CASH, mine["account"], kept - mine["lots"] * mine["mark_ticks"] * self.factor(market))

    def _on_VaultTookOver(self, events: Any) -> None:
        rows = events.view(DTYPES[e.VaultTookOver])
        for market in np.unique(rows["market"]).tolist():
            mine = rows[rows["market"] == market]
            value = mine["lots"] * mine["mark_ticks"] * self.factor(market) - mine["discount_atoms"]
            column = self._column(self.lots, market)
            np.add.at(column, mine["account"], -mine["lots"])
            np.add.at(column, mine["vault_account"], mine["lots"])
            self._add(CASH, mine["account"], value)
            self._add(CASH, mine["vault_account"], -value)

    def _on_VaultMinted(self, events: Any) -> None:
        for event in decoded(events):
            self._add(event.quote_asset, [event.account], [-event.amount_atoms])
            self._add(event.quote_asset, [event.vault_account], [event.amount_atoms])
            self._add(event.share_asset, [event.account], [event.shares_atoms])

    def _on_VaultRedeemed(self, events: Any) -> None:
        for event in decoded(events):
            self._add(event.quote_asset, [event.account], [event.amount_atoms])
            self._add(event.quote_asset, [event.vault_account], [-event.amount_atoms])
            self._add(event.share_asset, [event.account], [-event.shares_atoms])

    def _on_WrittenOff(self, events: Any) -> None:
        rows = events.view(DTYPES[e.WrittenOff])
        rows = rows[rows["market"] > 0]
        self._add(CASH, rows["account"], rows["deficit_atoms"])

    def _on_ClaimTaken(self, events: Any) -> None:
        rows = events.view(DTYPES[e.ClaimTaken])
        self._add(CASH, rows["account"], rows["paid_atoms"])
        self._add(CASH, np.full(len(rows), int(HouseAccount.FUND)), -rows["paid_atoms"])


def decoded(events: Any) -> list[Any]:
    """Return events as structs."""
    data = events.tobytes()
    return [decode_event(data[at : at + 128]) for at in range(0, len(data), 128)]
