"""Scenarios as lines that say who does what, and what the venue answers.

    alice ask 10000 x 5 as a        : accepted, rests 5
    bob bid 10010 x 3               : accepted, rests 0; trade 3@10000 with alice
    alice cancel a                  : REQUESTED, left 2, done 3, rested
    bob USDC                        = 997000000+0

The venue lists USDC (6 decimals), SOL (9) and ACME (6, class 1); market 1 is SOL_USDC and 2 is ACME_USDC, both with
100 quote atoms per tick and lot; a lot is 0.01 of the base. Alice, bob and carol hold 1,000 USDC and 10 SOL each.

    wait 2.5                        time passes, in seconds, before the next command
    op quote SOL 1 bid=99 ask=101   : Quoted 100                source 1 observed it now (at=-1000: a millisecond ago)
    op clock                        : ClockTicked; price SOL index 100 mark 100 FRESH used 1,2,3
    quotes SOL                      = 1:2@100 2:1@0             source:weight@price

Lines that lend, borrow and pledge are in ``scenario_loans``, those that wait for prices in ``scenario_triggers``.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from ringfence.schema import commands as c
from ringfence.schema import enums as e
from ringfence.schema import events as v
from ringfence.schema.layout import RECORD, decode_event, encode
from ringfence.schema.rejects import Reject
from ringfence.schema.tables import LendingPoolRow, QuoteRow

from .scenario_flags import flags_given
from .scenario_loans import (
    LoanVerbs,
    loan_flags,
    price_commands,
    told_interest,
    told_loan,
    told_measure,
    total,
)
from .scenario_triggers import TriggerVerbs, attached_fields, parted_attached, told_rows, told_trigger

ASSETS = {"USDC": 1, "SOL": 2, "ACME": 3, "none": 99}
ASSET_NAMES = {number: name for name, number in ASSETS.items()}
PEOPLE = {"alice": 64, "bob": 66, "carol": 68}
ACCOUNTS = PEOPLE | {f"{name}.fenced": account + 1 for name, account in PEOPLE.items()} | {"alice.1": 70}
ACCOUNTS |= {house.name: int(house) for house in e.HouseAccount} | {"nobody": 999, "op": 0}
NAMES = {account: name for name, account in ACCOUNTS.items()}
USERS = {"alice": 1, "bob": 2, "carol": 3}
PRICING = {"sources": "minimum_sources", "age": "maximum_age_ms", "clamp": "clamp_ppm", "cap": "update_cap_ppm"}
PRICING |= {"haircut": "closed_haircut_ppm"}
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

    def quotes(self, asset: int) -> list[QuoteRow]: ...

    def lending_pool(self, asset: int) -> LendingPoolRow | None: ...

    def loans(self, account: int) -> list[tuple[int, int]]: ...

    def measure(self, account: int) -> Any: ...

    def rows(self) -> dict[str, np.ndarray]: ...


class Scenario(LoanVerbs, TriggerVerbs):
    """A venue that plays lines; every line's answer is compared with what follows its colon."""

    def __init__(self, exchange: AnyExchange, rules_version: int | None = None) -> None:
        self.exchange = exchange
        self.assets = ASSETS
        self.sequence = 0
        self.waited_us = 0
        self.labels: dict[str, int] = {}
        told = [c.SetRules(rules_version=rules_version)] if rules_version else []
        for command in (*told, *START):
            assert not isinstance(self.give(command)[0], v.Rejected)

    def give(self, command: c.Command, origin: int | None = None) -> list[v.Event]:
        """Apply one command and return its events."""
        self.sequence += 1
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        stamped = type(command)(**fields | {"sequence": self.sequence, "time_us": self.time_us})
        events = self.exchange.apply(np.frombuffer(encode(stamped, origin), RECORD))
        return [decode_event(bytes(event)) for event in events]

    @property
    def time_us(self) -> int:
        """The time of the last command: a millisecond each, and what was waited."""
        return 1_000 * self.sequence + self.waited_us

    def play(self, lines: str) -> None:
        whole = re.sub(r"\n\s*([;,])", r"\1", lines)  # an answer of several parts may go on in the next line
        for line in filter(None, map(str.strip, whole.splitlines())):
            self.play_line(line)

    def play_line(self, line: str) -> None:
        if " = " in line:
            holding, amounts = line.split(" = ")
            self.check(*holding.split(), amounts.strip())
            return
        first, *rest = line.split()
        if first in ("wait", "until", "price"):
            self.let(first, *rest)
            return
        doing, _, expected = re.sub(r":(; )?", ":", line, count=1).partition(" :")
        words = shlex.split(doing)
        if words[-2] == "as":
            self.labels[words[-1]] = self.sequence + 1
            words = words[:-2]
        events = self.give(self.command(words))
        told = "; ".join(brief(event) for event in events)
        assert told == expected.strip(), f"{line}\nanswered: {told}"

    def let(self, what: str, *words: str) -> None:
        """Let time pass, for so many seconds or until one, or let an asset have a price."""
        if what == "wait":
            self.waited_us += round(float(words[0]) * 1_000_000)
        elif what == "until":
            self.waited_us = round(float(words[0]) * 1_000_000) - 1_000 * (self.sequence + 1)
        else:
            for command in price_commands(ASSETS[words[0]], words[1], self.time_us):
                assert not isinstance(self.give(command)[0], v.Rejected)

    def check(self, holder: str, what: str, expected: str) -> None:
        tellers = {"quotes": self.quotes_of, "pool": self.pool_of}
        if holder in tellers:
            told = tellers[holder](ASSETS[what])
        elif what == "measure":
            told = told_measure(self.exchange.measure(ACCOUNTS[holder]))
        elif what == "triggers":
            told = told_rows(self.exchange.rows()["triggers"], ACCOUNTS[holder])
        elif what == "loans":
            told = " ".join(f"{ASSET_NAMES[asset]} {n:+d}" for asset, n in self.exchange.loans(ACCOUNTS[holder]))
        else:
            self.check_balance(holder, what, expected)
            return
        assert (told or "nothing") == expected, f"{holder} {what}: {told}"

    def quotes_of(self, asset: int) -> str:
        rows = self.exchange.quotes(asset)
        return " ".join(f"{row.price_source}:{row.weight}@{row.price_units}" for row in rows)

    def pool_of(self, asset: int) -> str:
        row = self.exchange.lending_pool(asset)
        assert row
        lent, owed = total(row.lent_shares, row.lent_index)[1], total(row.debt_shares, row.debt_index)[0]
        ceiling = "" if row.ceiling_ppm == 1_000_000 else f" ceiling {row.ceiling_ppm}"
        pending = f"; pending {row.pending_atoms}" if row.pending_atoms else ""
        return f"lent {lent} owed {owed} reserve {row.reserve_atoms} rounding {row.rounding_atoms}{ceiling}{pending}"

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

    def cancel_all(self, account: int, market: str, what: str = "ALL") -> c.Command:
        return c.CancelAllOrders(account=account, market=int(market), cancels=e.Cancels[what])

    def amend(self, account: int, label: str, price: str, _x: str, lots: str) -> c.Command:
        order = self.number(label)
        return c.AmendOrder(account=account, market=1, order=order, price_ticks=int(price), quantity_lots=int(lots))

    def number(self, label: str) -> int:
        """Return the number of a label, or of what is attached to it: ``a.tp`` and ``a.sl``."""
        name, _, attached = label.partition(".")
        added = {"tp": e.TAKE_PROFIT, "sl": e.STOP_LOSS}.get(attached, 0)
        return (self.labels[name] if name in self.labels else int(name)) + added

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

    def withdraw(self, account: int, amount: str, asset: str, fee: str, *flags: str) -> c.Command:
        found = {"asset": ASSETS[asset], "amount_atoms": int(amount), "fee_atoms": int(fee)}
        return c.RequestWithdrawal(account=account, loan_flags=loan_flags(flags), **found)

    def settle(self, _account: int, label: str) -> c.Command:
        return c.SettleWithdrawal(withdrawal=self.number(label))

    def give_back(self, _account: int, label: str) -> c.Command:
        return c.ReturnWithdrawal(withdrawal=self.number(label))

    def transfer(self, account: int, amount: str, asset: str, to: str) -> c.Command:
        return c.Transfer(account=account, to_account=ACCOUNTS[to], asset=ASSETS[asset], amount_atoms=int(amount))

    def house(self, account: int, amount: str, asset: str, to: str) -> c.Command:
        return c.MoveHouseFunds(account=account, to_account=ACCOUNTS[to], asset=ASSETS[asset], amount_atoms=int(amount))

    def rules(self, _account: int, version: str) -> c.Command:
        return c.SetRules(rules_version=int(version))

    def clock(self, account: int) -> c.Command:
        return c.Clock(account=account)

    def source(self, _account: int, number: str, name: str, enabled: str = "on") -> c.Command:
        return c.SetPriceSource(price_source=int(number), name=name, enabled=int(enabled == "on"))

    def pricing(self, _account: int, asset: str, *given: str) -> c.Command:
        """``sources=4 age=5000 clamp=20000 cap=100 haircut=7``; what is not given is 3, 10 s, 1 %, 0.25 % and none."""
        return c.SetPricing(asset=ASSETS[asset], **{PRICING[name]: value for name, value in numbers(given)})

    def weight(self, _account: int, asset: str, source: str, weight: str) -> c.Command:
        return c.SetPriceWeight(asset=ASSETS[asset], price_source=int(source), weight=int(weight))

    def session(self, _account: int, asset: str, session: str) -> c.Command:
        return c.SetSession(asset=ASSETS[asset], session=e.Session[session])

    def quote(self, _account: int, asset: str, source: str, *given: str) -> c.Command:
        """``bid=99 ask=101 last=100``; observed now, or ``at`` microseconds later."""
        found = dict(numbers(given))
        prices = {f"{name}_units": found.get(name, 0) for name in ("bid", "ask", "last")}
        observed = self.time_us + 1_000 + found.get("at", 0)
        return c.Quote(asset=ASSETS[asset], price_source=int(source), observed_us=observed, **prices)


def numbers(given: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    return ((name, int(value)) for name, value in (part.split("=") for part in given))


def limit(account: int, side: int, price: str, lots: str, flags: tuple[str, ...]) -> c.Command:
    attached, others = parted_attached(flags)
    given = {"market": 1} | attached_fields(attached) | flags_given(others)
    return c.PlaceOrder(account=account, side=side, price_ticks=int(price), quantity_lots=int(lots), **given)


def at_market(account: int, side: int, size: str, flags: tuple[str, ...]) -> c.Command:
    """``3`` is three lots, ``$300`` three hundred quote atoms."""
    attached, others = parted_attached(flags)
    given: dict[str, Any] = {"market": 1, "order_type": 1} | attached_fields(attached) | flags_given(others)
    given |= {"quote_atoms": int(size[1:])} if size[0] == "$" else {"quantity_lots": int(size)}
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
        case v.Quoted():
            return f"Quoted {event.price_units}"
        case v.PriceUpdated():
            return told_price(event)
        case v.LoanMoved():
            return told_loan(event, "" if event.source == 1 else f"{NAMES[event.account]} ")
        case v.RedemptionQueued():
            return f"{NAMES[event.account]} waits {event.queued_atoms} {ASSET_NAMES[event.asset]}"
        case v.InterestAccrued():
            return told_interest(event, ASSET_NAMES[event.asset])
        case v.TriggerPlaced() | v.TriggerFired() | v.TriggerClosed():
            return told_trigger(event, NAMES[event.account])
        case _:
            return type(event).__name__


def told_price(event: v.PriceUpdated) -> str:
    assert (event.account, event.market) == (0, 0)
    parts = [f"price {ASSET_NAMES[event.asset]} index {event.index_units} mark {event.mark_units}"]
    parts.append(e.PriceState(event.price_state).name)
    for name, mask in (("used", event.used_sources), ("clamped", event.clamped_sources)):
        if mask:
            parts.append(f"{name} {','.join(str(bit) for bit in range(32) if mask >> bit & 1)}")
    return " ".join(parts)
