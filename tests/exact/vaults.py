"""The shares of a vault in plain Python, from docs/rules.md alone: who has how many, who waits, what is paid."""

from __future__ import annotations

from typing import NamedTuple

from ringfence.core import Exchange
from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import FUNDING_BITS, PriceState
from ringfence.schema.rejects import Reject

CLOCK_FRESH_US = 5_000_000


class Waiting(NamedTuple):
    """A redemption that waits."""

    redemption: int
    account: int
    shares: int
    due_us: int


class Shares:
    """What is known of a vault without looking at its tables, but for its money and its positions."""

    def __init__(self, exchange: Exchange, account: int, quote_asset: int) -> None:
        self.exchange, self.account, self.quote_asset = exchange, account, quote_asset
        self.held: dict[int, int] = {}
        self.queue: list[Waiting] = []
        self.is_open = True

    @property
    def supply(self) -> int:
        """All shares, those that wait included."""
        return sum(self.held.values()) + sum(one.shares for one in self.queue)

    def value(self) -> int:
        """Return what the vault is worth at the marks: money, and what of each position is not settled."""
        worth = self.exchange.balance(self.account, self.quote_asset)[0]
        for row in self.exchange.positions(self.account):
            rules, market = self.exchange.perpetual(row.market), self.exchange.market(row.market)
            rise = row.net_lots * (rules.funding_index - row.funding_index)
            pending = -((-rise) // 2**FUNDING_BITS)
            worth += row.net_lots * rules.mark_ticks * market.quote_factor - row.reference_atoms - pending
        return worth

    def has_price(self, time_us: int, clock_us: int) -> bool:
        """Whether its value can be said."""
        rows = [row for row in self.exchange.positions(self.account) if row.net_lots]
        fresh = all(self.exchange.perpetual(row.market).price_state == PriceState.FRESH for row in rows)
        return time_us - clock_us <= CLOCK_FRESH_US and fresh

    def is_safe(self) -> bool:
        """Whether the vault is not being liquidated and need not be."""
        found = self.exchange.measure(self.account)
        owes = bool(self.exchange.positions(self.account)) and bool(found.liabilities + found.maintenance)
        return self.exchange.case(self.account) is None and not (owes and found.equity <= found.maintenance)

    def refusal_of_mint(self, command: c.MintVaultShares, *, has_price: bool) -> Reject | None:
        """Return why a mint will be refused, if it will be, before anybody looks at the margin of who pays."""
        value, supply = self.value(), self.supply
        if self.exchange.case(command.account):
            return Reject.ACCOUNT_LIQUIDATING
        if not self.is_open:
            return Reject.VAULT_CLOSED
        if command.amount_atoms > self.exchange.balance(command.account, self.quote_asset)[0]:
            return Reject.INSUFFICIENT_FUNDS
        if not has_price:
            return Reject.PRICE_NOT_FRESH
        if not self.is_safe():
            return Reject.VAULT_UNSAFE
        if value < 0 or (supply and not value):
            return Reject.VAULT_WITHOUT_VALUE
        return Reject.MINT_TOO_SMALL if supply and command.amount_atoms * supply < value else None

    def refusal_of_request(self, command: c.RequestVaultRedeem) -> Reject | None:
        """Return why a request will be refused, if it will be."""
        held = self.held.get(command.account, 0)
        if self.exchange.case(command.account):
            return Reject.ACCOUNT_LIQUIDATING
        if any(one.account == command.account for one in self.queue):
            return Reject.REDEEM_PENDING
        if not (command.shares_atoms or held):
            return Reject.REDEEM_TOO_SMALL
        return Reject.INSUFFICIENT_FUNDS if command.shares_atoms > held else None

    def refusal_of_cancellation(self, command: c.CancelVaultRedeem) -> Reject | None:
        """Return why a cancellation will be refused, if it will be."""
        waits = any(one.account == command.account for one in self.queue)
        return None if waits else Reject.NO_REDEEM_PENDING

    def due_payments(self, time_us: int) -> list[tuple[int, int]]:
        """Return (redemption, atoms) of all that is paid next, if the vault has a price and was not looked at yet."""
        value, supply, paid, found = self.value(), self.supply, 0, []
        for one in self.queue:
            if one.due_us > time_us or not self.is_safe():
                break
            if value <= 0 and self.exchange.positions(self.account):
                break
            atoms = one.shares * max(value, 0) // supply
            changed = {"asset": self.quote_asset, "held_change": -paid - atoms}
            after = self.exchange.measure(self.account, strict=True, **changed)
            has_margin = not after.not_fresh and after.free >= 0
            if paid + atoms > self.exchange.balance(self.account, self.quote_asset)[0] or (atoms and not has_margin):
                break
            found.append((one.redemption, atoms))
            value, supply, paid = value - atoms, supply - one.shares, paid + atoms
        return found

    def minted(self, event: v.VaultMinted, value: int) -> None:
        """Follow a mint; ``value`` is what the vault was worth before."""
        supply = self.supply
        expected = event.amount_atoms * supply // value if supply else event.amount_atoms
        told = event.value_atoms, event.supply_atoms, event.shares_atoms
        assert self.is_open and told == (value, supply, expected), (event, value, supply, expected)
        self.held[event.account] = self.held.get(event.account, 0) + expected

    def moved(self, event: v.FundsMoved) -> None:
        """Follow shares from one account to another, such as from an estate to FUND."""
        self.held[event.account] -= event.amount_atoms
        self.held[event.to_account] = self.held.get(event.to_account, 0) + event.amount_atoms

    def requested(self, event: v.VaultRedeemRequested, delay_us: int) -> None:
        """Follow a request."""
        self.held[event.account] -= event.shares_atoms
        assert self.held[event.account] >= 0 and event.due_us == event.time_us + delay_us, event
        assert all(one.account != event.account for one in self.queue), event
        self.queue.append(Waiting(event.redemption, event.account, event.shares_atoms, event.due_us))

    def cancelled(self, event: v.VaultRedeemCancelled) -> None:
        """Follow a cancellation."""
        (one,) = [one for one in self.queue if one.account == event.account]
        assert (one.redemption, one.shares) == (event.redemption, event.shares_atoms), event
        self.queue.remove(one)
        self.held[event.account] = self.held.get(event.account, 0) + one.shares

    def redeemed(self, event: v.VaultRedeemed, value: int) -> int:
        """Follow a payment, of whoever has waited longest; returns what the vault is worth after it."""
        one, supply = self.queue.pop(0), self.supply
        supply += one.shares
        expected = one.shares * max(value, 0) // supply
        told = event.redemption, event.account, event.shares_atoms, event.value_atoms, event.supply_atoms
        assert told == (one.redemption, one.account, one.shares, value, supply), (event, one, value, supply)
        assert event.amount_atoms == expected and one.due_us <= event.time_us, (event, expected)
        return value - expected
