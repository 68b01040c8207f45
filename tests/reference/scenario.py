"""Scenarios as lines that say who does what, and what the venue answers.

    alice ask 10000 x 5 as a        : accepted, rests 5
    bob bid 10010 x 3               : accepted, rests 0; trade 3@10000 with alice
    alice cancel a                  : REQUESTED, left 2, done 3, rested
    bob USDC                        = 997000000+0

The venue lists USDC (6 decimals), SOL (9) and ACME (6, class 1); market 1 is SOL_USDC and 2 is ACME_USDC, both with
100 quote atoms per tick and lot; a lot is 0.01 of the base. Alice, bob and carol hold 1,000 USDC and 10 SOL each.
"""

import re
import shlex
from typing import Any, Protocol

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema import enums as e
from ringfence.schema import events as v
from ringfence.schema.layout import RECORD, decode_event, encode
from ringfence.schema.rejects import Reject

ASSETS = {"USDC": 1, "SOL": 2, "ACME": 3}
PEOPLE = {"alice": 64, "bob": 66, "carol": 68}
ACCOUNTS = PEOPLE | {f"{name}.fenced": account + 1 for name, account in PEOPLE.items()} | {"alice.1": 70}
ACCOUNTS |= {house.name: int(house) for house in e.HouseAccount} | {"nobody": 999, "op": 0}
NAMES = {account: name for name, account in ACCOUNTS.items()}
USERS = {"alice": 1, "bob": 2, "carol": 3}
FLAGS = {"reject_maker": {"self_trade_prevention": 1}, "reject_both": {"self_trade_prevention": 2}}
FLAGS |= {"ioc": {"time_in_force": 1}, "fok": {"time_in_force": 2}, "post": {"post_only": 1}, "on2": {"market": 2}}
START = [
    c.ListAsset(symbol="USDC", name="US dollar coin", asset_kind=2, decimals=6),
    c.ListAsset(symbol="SOL", name="Solana", asset_kind=1, decimals=9),
    c.ListAsset(symbol="ACME", name="Acme", asset_kind=3, decimals=6, eligibility_class=1),
    c.ListMarket(base_asset=2, quote_asset=1, tick_atoms=10**4, lot_atoms=10**7),
    c.ListMarket(base_asset=3, quote_asset=1, tick_atoms=10**4, lot_atoms=10**4),
    *(c.OpenUser() for _ in PEOPLE),
    c.OpenAccount(user=1, sub_account=1),
    *(
        c.Deposit(account=account, asset=asset, source=asset, number=number, amount_atoms=10 ** (8 + asset))
        for number, account in enumerate(PEOPLE.values(), 1)
        for asset in (1, 2)
    ),
]


class AnyExchange(Protocol):
    """What the reference and the compiled core have in common."""

    def apply(self, commands: Any) -> Any: ...

    def balances(self, account: int) -> list[tuple[int, int, int]]: ...


class Scenario:
    """A venue that plays lines; every line's answer is compared with what follows its colon."""

    def __init__(self, exchange: AnyExchange) -> None:
        self.exchange = exchange
        self.sequence = 0
        self.labels: dict[str, int] = {}
        for command in START:
            assert not isinstance(self.give(command)[0], v.Rejected)

    def give(self, command: c.Command, origin: int | None = None) -> list[v.Event]:
        """Apply one command and return its events."""
        self.sequence += 1
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        stamped = type(command)(**fields | {"sequence": self.sequence, "time_us": 1_000 * self.sequence})
        events = self.exchange.apply(np.frombuffer(encode(stamped, origin), RECORD))
        return [decode_event(bytes(event)) for event in events]

    def play(self, lines: str) -> None:
        whole = re.sub(r"\n\s*;", ";", lines)  # an answer of several events may go on in the next line
        for line in whole.strip().splitlines():
            self.play_line(line.strip())

    def play_line(self, line: str) -> None:
        if " = " in line:
            holding, amounts = line.split(" = ")
            self.check_balance(*holding.split(), amounts.strip())
            return
        doing, _, expected = re.sub(r":(; )?", ":", line, count=1).partition(" :")
        words = shlex.split(doing)
        if words[-2] == "as":
            self.labels[words[-1]] = self.sequence + 1
            words = words[:-2]
        events = self.give(self.command(words))
        told = "; ".join(brief(event) for event in events)
        assert told == expected.strip(), f"{line}\nanswered: {told}"

    def check_balance(self, account: str, asset: str, amounts: str) -> None:
        held = {found[0]: found[1:] for found in self.exchange.balances(ACCOUNTS[account])}
        available, locked = held.get(ASSETS[asset], (0, 0))
        assert f"{available}+{locked}" == amounts, f"{account} has {available}+{locked} {asset}, not {amounts}"

    def command(self, words: list[str]) -> c.Command:
        who, verb, *rest = words
        return getattr(self, verb.replace("-", "_"))(ACCOUNTS[who], *rest)

    # One method per verb.

    def bid(self, account: int, price: str, _x: str, lots: str, *flags: str) -> c.Command:
        return limit(account, 0, price, lots, flags)

    def ask(self, account: int, price: str, _x: str, lots: str, *flags: str) -> c.Command:
        return limit(account, 1, price, lots, flags)

    def buy(self, account: int, size: str, *flags: str) -> c.Command:
        return at_market(account, 0, size, flags)

    def sell(self, account: int, size: str, *flags: str) -> c.Command:
        return at_market(account, 1, size, flags)

    def cancel(self, account: int, label: str, market: str = "1") -> c.Command:
        return c.CancelOrder(account=account, market=int(market), order=self.number(label))

    def cancel_all(self, account: int, market: str) -> c.Command:
        return c.CancelAllOrders(account=account, market=int(market))

    def amend(self, account: int, label: str, price: str, _x: str, lots: str) -> c.Command:
        order = self.number(label)
        return c.AmendOrder(account=account, market=1, order=order, price_ticks=int(price), quantity_lots=int(lots))

    def number(self, label: str) -> int:
        return self.labels[label] if label in self.labels else int(label)

    def state(self, _account: int, state: str) -> c.Command:
        return c.SetMarketState(market=1, state=e.MarketState[state])

    def bands(self, _account: int, *bounds: str) -> c.Command:
        found = {f"{name}_ppm": int(value) for name, value in (bound.split("=") for bound in bounds)}
        return c.SetPriceBands(market=1, **found)

    def limits(self, _account: int, low: str, high: str, least: str, most: str) -> c.Command:
        return c.SetMarketLimits(
            market=1,
            minimum_price_ticks=int(low),
            maximum_price_ticks=int(high),
            minimum_quantity_lots=int(least),
            maximum_quantity_lots=int(most),
        )

    def fees(self, _account: int, maker: str, taker: str) -> c.Command:
        return c.SetFeeTier(fee_schedule=0, fee_tier=0, maker_ppm=int(maker), taker_ppm=int(taker))

    def parameter(self, _account: int, name: str, value: str) -> c.Command:
        return c.SetParameter(parameter=e.Parameter[name], value=int(value))

    def freeze(self, _account: int, who: str, flags: str) -> c.Command:
        return c.SetUser(user=USERS[who], user_flags=int(flags))

    def classes(self, _account: int, who: str, *masks: str) -> c.Command:
        buy, sell, hold, withdraw = (int(mask) for mask in masks)
        return c.SetEligibility(
            user=USERS[who], buy_classes=buy, sell_classes=sell, hold_classes=hold, withdraw_classes=withdraw
        )

    def deposit(self, account: int, amount: str, asset: str, number: str, source: str = "9") -> c.Command:
        return c.Deposit(
            account=account, asset=ASSETS[asset], source=int(source), number=int(number), amount_atoms=int(amount)
        )

    def withdraw(self, account: int, amount: str, asset: str, fee: str) -> c.Command:
        return c.RequestWithdrawal(account=account, asset=ASSETS[asset], amount_atoms=int(amount), fee_atoms=int(fee))

    def settle(self, _account: int, label: str) -> c.Command:
        return c.SettleWithdrawal(withdrawal=self.number(label))

    def give_back(self, _account: int, label: str) -> c.Command:
        return c.ReturnWithdrawal(withdrawal=self.number(label))

    def transfer(self, account: int, amount: str, asset: str, to: str) -> c.Command:
        return c.Transfer(account=account, to_account=ACCOUNTS[to], asset=ASSETS[asset], amount_atoms=int(amount))

    def house(self, account: int, amount: str, asset: str, to: str) -> c.Command:
        return c.MoveHouseFunds(account=account, to_account=ACCOUNTS[to], asset=ASSETS[asset], amount_atoms=int(amount))


def limit(account: int, side: int, price: str, lots: str, flags: tuple[str, ...]) -> c.Command:
    given: dict[str, Any] = {"market": 1}
    for flag in flags:
        given |= FLAGS[flag]
    return c.PlaceOrder(account=account, side=side, price_ticks=int(price), quantity_lots=int(lots), **given)


def at_market(account: int, side: int, size: str, flags: tuple[str, ...]) -> c.Command:
    """``3`` is three lots, ``$300`` three hundred quote atoms; ``slip=3t`` and ``slip=500ppm`` bound the price."""
    given: dict[str, Any] = {"market": 1, "order_type": 1}
    given |= {"quote_atoms": int(size[1:])} if size[0] == "$" else {"quantity_lots": int(size)}
    for flag in flags:
        if flag.startswith("slip="):
            kind = e.SlippageKind.TICKS if flag.endswith("t") else e.SlippageKind.PPM
            given |= {"slippage_kind": kind, "slippage": int(flag[5:].rstrip("tpm"))}
        else:
            given |= FLAGS[flag]
    return c.PlaceOrder(account=account, side=side, **given)


def brief(event: v.Event) -> str:
    """Tell an event in a few words; what is zero is left out of a refusal."""
    match event:
        case v.Rejected():
            parts = ((name, getattr(event, name)) for name in ("value", "limit", "asset", "field_number"))
            return " ".join([Reject(event.reject).name, *(f"{name}={value}" for name, value in parts if value)])
        case v.OrderAccepted():
            return f"accepted, rests {event.rested_lots}"
        case v.OrderAmended():
            place = "kept" if event.kept_place else "anew"
            return f"amended {place}, rests {event.rested_lots}, was {event.previous_remaining_lots}"
        case v.Trade():
            fees = f", fees {event.taker_fee_atoms}/{event.maker_fee_atoms}"
            charged = event.taker_fee_atoms or event.maker_fee_atoms
            with_whom = NAMES[event.maker_account]
            return f"trade {event.quantity_lots}@{event.price_ticks} with {with_whom}{fees if charged else ''}"
        case v.OrderClosed():
            reason = e.CloseReason(event.reason).name
            rested = f", rested {NAMES[event.account]}" if event.rested else ""
            return f"{reason}, left {event.remaining_lots}, done {event.executed_lots}{rested}"
        case v.FundsMoved():
            cause = e.MoveCause(event.cause).name
            return f"{cause} {event.amount_atoms} {NAMES[event.account]} to {NAMES[event.to_account]}"
        case _:
            return type(event).__name__
