"""A seeded flow of commands that are right, or wrong in one thing only.

It looks at the state of the reference exchange, so that it names accounts, orders and amounts that exist, or are next
to what exists. Whatever restricts the venue (a closed market, a frozen user, a full table) is scheduled to be undone.
"""

import heapq
import random
import struct
from collections.abc import Callable, Iterator

from ringfence.schema import commands as c
from ringfence.schema.enums import (
    PARAMETER_LIMITS,
    AccountKind,
    AssetKind,
    HouseAccount,
    MarketState,
    Origin,
    Parameter,
    UserFlag,
    is_known,
)
from ringfence.schema.layout import DTYPES, body_fields, encode

from . import ReferenceExchange, flow_brakes, flow_conversion, flow_loans, flow_perpetuals, flow_prices, flow_triggers
from .book import ceil_ppm, floor_ppm
from .orders import active_price
from .state import ASK, BID, Market, Order

CODES = {"i8": "<q", "i4": "<i", "u4": "<I", "u1": "<B"}
FULL_MASK = 2**62
WRONG_KINDS = [0, 14, 18, 26, 34, 35, 36, 40, 41, 42, 43, 65_534, 65_535, 65_535]
EVERY_CLASS = 2**62 - 1
FEW_ACCOUNTS = 5
MOST_USERS = 12
HOUSE_SOURCES = [int(HouseAccount.SUSPENSE), int(HouseAccount.FEES), int(HouseAccount.REBATES)]

WEIGHTS: dict[str, dict[str, int]] = {
    "trading": {"place": 650, "cancel": 50, "amend": 110, "funds": 60, "settings": 15, "people": 10, "oddity": 5},
    "mixed": {"place": 480, "cancel": 45, "amend": 120, "funds": 150, "settings": 80, "people": 50, "oddity": 20},
    "strict": {"place": 450, "cancel": 40, "amend": 120, "funds": 130, "settings": 160, "people": 60, "oddity": 20},
    "pricing": {"place": 150, "cancel": 15, "amend": 30, "funds": 60, "settings": 40, "people": 30, "oddity": 5},
    "margin": {"place": 260, "cancel": 30, "amend": 70, "funds": 40, "settings": 25, "people": 15, "oddity": 3},
    "perpetuals": {"place": 60, "cancel": 15, "amend": 20, "funds": 30, "settings": 12, "people": 6, "oddity": 2},
}
for style, prices, loans, perpetuals in (
    ("trading", 50, 20, 10),
    ("mixed", 150, 80, 30),
    ("strict", 150, 80, 30),
    ("pricing", 700, 50, 30),
    ("margin", 110, 450, 90),
    ("perpetuals", 90, 70, 800),
):
    WEIGHTS[style] |= {"prices": prices, "loans": loans, "perpetuals": perpetuals}
for style, weight in zip(flow_triggers.STYLES, (170, 170, 260), strict=True):
    WEIGHTS[style]["triggers"] = weight
STYLES = list(WEIGHTS)
# Rules that a venue begins with: a third of the seeds live through an epoch of the first, in each style.
FIRST_EPOCHS = (1, 2, 2)


class Flow:
    """Commands for a venue, one after the other; ``step`` also applies each to its own reference exchange."""

    def __init__(self, seed: int, *, debug: bool = False) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.style = STYLES[seed % len(STYLES)]
        self.wrong = self.random.choice([0.02, 0.06, 0.15])
        self.exchange = ReferenceExchange(debug=debug)
        self.state = self.exchange.state
        self.time_us = 1_700_000_000_000_000
        self.later: list[tuple[int, int, c.Command]] = []
        self.worth: dict[int, int] = {}
        self.pledged = flow_loans.PLEDGED[: {"margin": 5, "trading": 2}.get(self.style, 4)]
        self.small = self.style in ("margin", "perpetuals")  # little money, and prices that are near those of the books
        self.usual_age_ms = 900_000 if self.small else 10_000
        self.first_prices = flow_prices.BOOK_PRICES if self.small else flow_prices.FIRST_PRICES
        # There are six styles, so that a third of the seeds of each begins under the first rules.
        first_rules = FIRST_EPOCHS[(seed + seed // len(STYLES)) % len(FIRST_EPOCHS)]
        self.opening = opening(self, first_rules)
        if first_rules == 1:
            self.next_epoch()

    def step(self) -> tuple[bytes, list[bytes]]:
        """Return the next command, stamped, and its events."""
        record = self.command()
        return record, self.exchange.apply_one(record)

    def steps(self, count: int) -> Iterator[tuple[bytes, list[bytes]]]:
        return (self.step() for _ in range(count))

    def command(self) -> bytes:
        """Return the next command, stamped."""
        self.time_us += self.random.choice((0, 1, 250, 1_000_000))
        if found := next(self.opening, None):
            return self.stamped(found)
        if self.later and self.later[0][0] <= self.state.sequence:
            return self.stamped(heapq.heappop(self.later)[2])
        if flow_conversion.converts(self):
            return self.stamped(c.ConvertCollateral())
        if flow_triggers.fires(self):
            return self.stamped(flow_triggers.firing(self))
        if found := flow_brakes.drawn(self):
            return self.spoiled(found) if self.chance(self.wrong) else self.stamped(found)
        made = flow_triggers.perhaps_attached(self, GROUPS[self.group()](self))
        return self.spoiled(made) if self.chance(self.wrong) else self.stamped(made)

    def group(self) -> str:
        """Return what the next command is about; triggers are known since the second rules."""
        weights = WEIGHTS[self.style]
        groups = [name for name in weights if name != "triggers" or flow_triggers.drawn(self)]
        return self.random.choices(groups, [weights[name] for name in groups])[0]

    def next_epoch(self) -> None:
        """Let the second rules come after a while, and what they bring."""
        due = self.random.choice((120, 400, 1_500))
        for place, command in enumerate((c.SetRules(rules_version=2), *opening_of_second_rules(self))):
            heapq.heappush(self.later, (due + place, 0, command))

    def stamped(self, command: c.Command) -> bytes:
        record = bytearray(encode(command, self.random.choice(command.origins)))  # type: ignore[attr-defined]
        struct.pack_into("<qqq", record, 0, self.state.sequence + 1, self.time_us, self.random.getrandbits(62))
        return bytes(record)

    def spoiled(self, command: c.Command) -> bytes:
        """Return the command with one field, the origin or the kind wrong."""
        record = bytearray(self.stamped(command))
        what = self.random.randrange(9)
        if what == 0 or not body_fields(type(command)):
            record[30] = self.random.choice([0, 7, 255, *Origin])
        elif what == 1:
            struct.pack_into("<H", record, 28, self.random.choice(WRONG_KINDS))
        elif what == 2:
            wrong = [0, -1, 1, 4, 9, 63, self.state.next_account, 2**31 - 1, -(2**31), self.account()]
            struct.pack_into("<i", record, 24, self.random.choice(wrong))
        else:
            self.spoil_field(record, type(command))
        return bytes(record)

    def spoil_field(self, record: bytearray, kind: type[c.Command]) -> None:
        field = self.random.choice(body_fields(kind))
        at = DTYPES[kind].fields[field.name][1]  # type: ignore[index]
        if field.code[0] in "BS":
            record[at + self.random.randrange(int(field.code[1:]))] = self.random.choice([0, 10, 31, 65, 97, 127, 200])
            return
        form = CODES[field.code]
        (now,) = struct.unpack_from(form, record, at)
        bits = 8 * int(field.code[1:])
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if field.code[0] == "i" else (0, 2**bits - 1)
        candidates = [field.low - 1, field.low, field.high, field.high + 1, now - 1, now + 1, low, high, 0, now * 2]
        struct.pack_into(form, record, at, self.random.choice([n for n in candidates if low <= n <= high]))

    # What the builders below draw from.

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def undo_soon(self, command: c.Command) -> None:
        due = self.state.sequence + self.random.randint(5, 60)
        heapq.heappush(self.later, (due, self.random.getrandbits(32), command))

    def account(self) -> int:
        """Return a user's account, now and then one that is a house account, not open, or fenced."""
        if self.chance(0.005):
            return self.random.choice([0, 3, 8, 9, 63, self.state.next_account, -5])
        return self.random.randrange(64, self.state.next_account)

    def trader(self) -> int:
        """Return an account that may trade and has something to trade with, mostly."""
        for _ in range(5):
            found = self.account()
            fenced = found in self.state.accounts and self.state.accounts[found].account_kind == AccountKind.FENCED
            if not fenced and (self.available(found, 1) or self.available(found, 2)):
                return found
        return found

    def asset(self) -> int:
        return 0 if self.chance(0.005) else self.random.randint(1, len(self.state.assets) + self.chance(0.01))

    def market(self) -> int:
        if self.chance(0.005):
            return self.random.choice([0, len(self.state.markets) + 1])
        # Half of all orders go to one market, so that its book is deep.
        deep = [market.market for market in flow_perpetuals.contracts(self)] if self.style == "perpetuals" else []
        return next(iter(deep), 1) if self.chance(0.5) else self.random.randint(1, len(self.state.markets))

    def user(self) -> int:
        return 0 if self.chance(0.01) else self.random.randint(1, len(self.state.users) + self.chance(0.01))

    def near(self, number: int, low: int = 0, high: int = 2**62) -> int:
        """Return the number, or one next to it, or a part of it."""
        part = self.random.randint(0, max(0, number))
        found = self.random.choice([number, number, number - 1, number + 1, number // 2, part, part // 1000])
        return max(low, min(high, found))

    def available(self, account: int, asset: int) -> int:
        return self.state.balances.get((account, asset), (0, 0))[0]


def opening_of_second_rules(flow: Flow) -> Iterator[c.Command]:
    yield from flow_prices.opening(flow.random, flow.usual_age_ms)
    yield from flow_loans.opening(flow.random, flow.pledged)
    yield from flow_perpetuals.opening()


def opening(flow: Flow, rules_version: int) -> Iterator[c.Command]:
    """Yield the commands that list assets and markets, open users and give them money, and make prices."""
    chooser = flow.random
    seed, schema = chooser.randbytes(32), chooser.randbytes(32)
    yield c.SetRules(rules_version=rules_version, schema_hash=schema)
    yield c.Clock(seed=seed)
    yield c.SetParameter(parameter=Parameter.ACCOUNTS_PER_USER, value=FEW_ACCOUNTS)
    for symbol, kind, decimals, wanted in (
        ("USDC", AssetKind.CASH, 6, 0),
        ("SOL", AssetKind.CRYPTO, 9, 0),
        ("ACME", AssetKind.SHARE, 6, 1),
        ("BIG", AssetKind.CRYPTO, 0, 0),
        ("X.61", AssetKind.TRACKER, 12, 61),
    ):
        yield c.ListAsset(
            symbol=symbol, name=f"{symbol} coin", asset_kind=kind, decimals=decimals, eligibility_class=wanted
        )
    for base, quote, tick, lot in ((2, 1, 10**4, 10**7), (3, 1, 10**4, 10**4), (4, 1, 1, 1), (2, 4, 2**24, 10**9)):
        yield c.ListMarket(base_asset=base, quote_asset=quote, tick_atoms=tick, lot_atoms=lot, fee_schedule=base % 2)
    for schedule in (0, 1):
        for tier in (0, 1, 2):
            maker = chooser.choice([0, -1, -250, -100_000, 20, 1_000, 100_000])
            yield c.SetFeeTier(
                fee_schedule=schedule, fee_tier=tier, maker_ppm=maker, taker_ppm=chooser.choice([0, 1, 500, 100_000])
            )
    yield from opening_people(flow)
    yield from opening_of_second_rules(flow)  # under the first rules there is nothing of this


def opening_people(flow: Flow) -> Iterator[c.Command]:
    chooser = flow.random
    for user in range(1, 7):
        yield c.OpenUser(fee_tier=user % 3)
        mask = [EVERY_CLASS, EVERY_CLASS, EVERY_CLASS, 2, 0, EVERY_CLASS][user - 1]
        yield c.SetEligibility(user=user, buy_classes=mask, sell_classes=mask, hold_classes=mask, withdraw_classes=mask)
    for user in (1, 2, 3):
        yield c.OpenAccount(user=user, sub_account=1)
    number = 0
    for account in (3, 64, 65, 66, 68, 70, 72, 74, 76, 77, 78):
        for asset in (1, 2, 3, 4):
            if (account, asset) == (72, 3):
                continue  # the fifth user may hold no shares
            number += 1
            amount = 2**58 if asset == 4 else chooser.randint(10**11, 10**14)
            if flow.small:
                amount = 10 ** chooser.choice((6, 7, 8, 9, 10, 11, 12)) * chooser.randint(1, 9)
            yield c.Deposit(account=account, asset=asset, source=1, number=number, amount_atoms=amount)


# Orders.


def center(flow: Flow, market: Market) -> int:
    """Return the price around which orders of a market cluster."""
    usual = 1_000 if market.base_asset != 4 else 2**20
    if market.is_perpetual:
        return flow_perpetuals.mark_of(flow, market)
    if market.last_price_ticks and usual // 4 < market.last_price_ticks < usual * 4:
        return market.last_price_ticks
    return usual


def price(flow: Flow, market: Market, side: int) -> int:
    chosen = flow.random.random()
    if chosen < 0.9:
        lean = flow.random.choice((-9, -5, 0, 2)) * (1 if side == BID else -1)
        return max(1, center(flow, market) + lean + flow.random.randint(-8, 8))
    if chosen < 0.95 and (active := active_price(market)):
        upper, lower = floor_ppm(active, market.limit_maximum_ppm), ceil_ppm(active, market.limit_minimum_ppm)
        edge = flow.random.choice([upper, upper + 1, lower, lower - 1])
        return max(0, min(edge, 2**48 - 1))
    low, high = market.minimum_price_ticks, market.maximum_price_ticks
    edge = flow.random.choice([0, 1, low, low - 1, high, high + 1, 2**48 - 1, 2**40, market.best(1 - side) or 1])
    return max(0, min(edge, 2**48 - 1))


def quantity(flow: Flow, market: Market, account: int, side: int, price_ticks: int) -> int:
    chosen = flow.random.random()
    if chosen < (0.6 if flow.small else 0.85):
        return flow.random.randint(1, flow.random.choice((5, 20, 20, 60)))
    factor = max(1, price_ticks) * market.quote_factor
    if chosen < 0.93:
        asset, unit = (market.quote_asset, factor) if side == BID else (market.base_asset, market.lot_atoms)
        if flow.small and flow.chance(0.7):
            return flow.near(flow_loans.within_reach(flow, account, asset) // unit, 0, 2**48)
        return flow.near(flow.available(account, asset) // unit, 0, 2**48)
    low, high = market.minimum_quantity_lots, market.maximum_quantity_lots
    full, heavy = 2**62 // factor, 2**62 // market.lot_atoms
    choices = [0, 1, low, low - 1, high, high + 1, full, full + 1, heavy, heavy + 1, 2**48]
    return max(0, min(flow.random.choice(choices), 2**48))


def place(flow: Flow) -> c.Command:
    account, number = flow.trader(), flow.market()
    market = flow.state.markets.get(number)
    if market is None:
        return c.PlaceOrder(account=account, market=number, side=BID, price_ticks=1, quantity_lots=1)
    side = flow.random.choice((BID, ASK))
    common = {
        "account": account,
        "market": number,
        "side": side,
        "self_trade_prevention": flow.random.choice((0, 0, 1, 2)),
        "client_id": flow.random.choice((-1, 0, flow.random.getrandbits(32))),
        "loan_flags": flow_loans.order_flags(flow),
    }
    if flow.chance(0.2):
        return market_order(flow, market, common)
    ticks = price(flow, market, side)
    in_force = flow.random.choices((0, 1, 2), (7, 1, 2))[0]
    return c.PlaceOrder(
        **common,
        time_in_force=in_force,
        price_ticks=ticks,
        quantity_lots=quantity(flow, market, account, side, ticks),
        post_only=int(flow.chance(0.15 if in_force == 0 else 0.02)),
    )


def market_order(flow: Flow, market: Market, common: dict[str, int]) -> c.Command:
    account, side = common["account"], common["side"]
    opposite = market.best(1 - side) or center(flow, market)
    lots = quantity(flow, market, account, side, opposite)
    kind = flow.random.choice((0, 0, 1, 2))
    slippage = 0 if kind == 0 else flow.random.choice((0, 1, 3) if kind == 1 else (0, 1_000, 5_000, 10**6, 10**9))
    if flow.chance(0.02):
        slippage += flow.random.choice((1, 2**20, 2**48 - 10**9 - 1))
    by_quote = flow.chance(0.5)
    quote = lots * opposite * market.quote_factor + flow.random.choice((0, 0, 1, -1, 77))
    return c.PlaceOrder(
        **common,
        order_type=1,
        time_in_force=flow.random.choice((0, 1) if by_quote and not flow.chance(0.02) else (0, 1, 2, 2)),
        slippage_kind=kind,
        slippage=slippage,
        quantity_lots=0 if by_quote else lots,
        quote_atoms=max(0, min(quote, 2**62)) if by_quote or flow.chance(0.02) else 0,
    )


def some_order(flow: Flow) -> Order | None:
    account = flow.state.accounts.get(flow.trader())
    if account and account.orders:
        return flow.state.orders[flow.random.choice(list(account.orders))]
    if flow.state.orders and flow.chance(0.9):
        return next(iter(flow.state.orders.values()))
    return None


def named(flow: Flow, order: Order | None) -> dict[str, int]:
    """Return how a command names an order: mostly right, else with a wrong account, market or number."""
    if order is None:
        return {"account": flow.trader(), "market": flow.market(), "order": flow.random.randint(0, flow.state.sequence)}
    right = {"account": order.account, "market": order.market, "order": order.order}
    if flow.chance(0.04):
        wrong = {"account": flow.trader(), "market": flow.market(), "order": flow.state.sequence - 1}
        what = flow.random.choice(list(wrong))
        right[what] = wrong[what]
    return right


def cancel(flow: Flow) -> c.Command:
    if flow.chance(0.04):
        market = 0 if flow.chance(0.3) else flow.market()
        return c.CancelAllOrders(account=flow.trader(), market=market, cancels=flow_triggers.cancels(flow))
    return c.CancelOrder(**named(flow, some_order(flow)))


def amend(flow: Flow) -> c.Command:
    order = some_order(flow)
    if order is None:
        return c.AmendOrder(**named(flow, None), price_ticks=1_000, quantity_lots=1)
    market = flow.state.markets[order.market]
    ticks = order.price_ticks if flow.chance(0.5) else price(flow, market, order.side)
    executed = order.quantity_lots - order.remaining_lots
    lots = flow.random.choice(
        [order.quantity_lots, order.quantity_lots - 1, order.quantity_lots + 1, executed, executed + 1]
        + [quantity(flow, market, order.account, order.side, ticks)] * 3
    )
    return c.AmendOrder(**named(flow, order), price_ticks=ticks, quantity_lots=max(0, min(lots, 2**48)))


# Money.


def deposit(flow: Flow) -> c.Command:
    asset, source = flow.asset(), flow.random.randint(1, 3)
    last = flow.state.sources[source]
    supply = -flow.available(int(HouseAccount.CUSTODY), asset)
    amount = flow.random.choice([1, 10**9, 10**12, 10**13, 10**14])
    if flow.small:
        amount = flow.random.choice([1, 10**6, 10**8, 10**9, 10**10])
    if flow.chance(0.1):
        amount = 2**62 - supply + flow.random.randint(1, 9) if flow.small else flow.near(2**62 - supply, 1)
        if amount > 2**59 and flow.style == "trading":
            amount = 2**62 - supply + 1  # refused: room for later deposits stays
    number = last + 1 if flow.chance(0.9) else max(1, last + flow.random.choice([0, -1, 2, 50]))
    account = int(HouseAccount.SUSPENSE) if flow.chance(0.1) else flow.account()
    return c.Deposit(
        account=account, asset=asset, source=source, number=number, amount_atoms=min(2**62, max(1, amount))
    )


def withdraw(flow: Flow) -> c.Command:
    account, asset = flow.account(), flow.asset()
    amount = flow.near(flow.available(account, asset), 1)
    fee = flow.random.choice([0, 0, 1, 1_000, amount // 7, amount])
    flags = flow_loans.order_flags(flow)
    return c.RequestWithdrawal(account=account, asset=asset, amount_atoms=amount, fee_atoms=fee, loan_flags=flags)


def finish_withdrawal(flow: Flow) -> c.Command:
    pending = list(flow.state.withdrawals) or [flow.state.sequence]
    number = flow.random.choice(pending) if flow.chance(0.95) else flow.random.choice([0, flow.state.sequence, 2**62])
    return flow.random.choice((c.SettleWithdrawal, c.ReturnWithdrawal))(withdrawal=number)


def transfer(flow: Flow) -> c.Command:
    account, asset = flow.account(), flow.asset()
    frozen = [user.main_account for user in flow.state.users.values() if user.user_flags & UserFlag.TRANSFERS_FROZEN]
    if frozen and flow.chance(0.4):
        account = flow.random.choice(frozen)
    target = flow.account()
    if account in flow.state.accounts and flow.chance(0.9):
        user = flow.state.accounts[account].user
        target = flow.random.choice([a.account for a in flow.state.accounts.values() if a.user == user])
    amount = flow.near(flow.available(account, asset), 1)
    return c.Transfer(account=account, to_account=target, asset=asset, amount_atoms=amount)


def house(flow: Flow) -> c.Command:
    source = flow.random.choice(HOUSE_SOURCES) if flow.chance(0.9) else flow.random.randint(0, 9)
    target = flow.random.choice([5, 5, 4, 6, 7, 8]) if flow.chance(0.7) else flow.random.randint(0, 9)
    if flow.chance(0.2):
        target = flow.account()
    asset = flow.asset()
    part = flow.available(source, asset) // flow.random.choice([1, 10, 1_000, 10**6])
    return c.MoveHouseFunds(account=source, to_account=target, asset=asset, amount_atoms=flow.near(part, 1))


def funds(flow: Flow) -> c.Command:
    builders = (deposit, withdraw, finish_withdrawal, transfer, house)
    return flow.random.choices(builders, (4, 2, 2, 2, 2))[0](flow)


# Settings.


def market_state(flow: Flow) -> c.Command:
    market = flow.market()
    flow.undo_soon(c.SetMarketState(market=market, state=MarketState.OPEN))
    return c.SetMarketState(market=market, state=flow.random.choice(list(MarketState)))


def market_limits(flow: Flow) -> c.Command:
    number = flow.market()
    wide = {"minimum_price_ticks": 1, "maximum_price_ticks": 2**48 - 1}
    wide |= {"minimum_quantity_lots": 1, "maximum_quantity_lots": 2**48}
    schedule = flow.random.choice((0, 0, 1, 15))
    flow.undo_soon(c.SetMarketLimits(market=number, fee_schedule=schedule, **wide))
    middle = center(flow, flow.state.markets[number]) if number in flow.state.markets else 1_000
    return c.SetMarketLimits(
        market=number,
        fee_schedule=schedule,
        minimum_price_ticks=flow.random.choice([1, middle - 4, middle]),
        maximum_price_ticks=flow.random.choice([middle + 4, middle, middle - 1, 2**40]),
        minimum_quantity_lots=flow.random.choice([1, 3, 8]),
        maximum_quantity_lots=flow.random.choice([10, 7, 2**40]),
    )


def price_bands(flow: Flow) -> c.Command:
    market = flow.market()
    flow.undo_soon(c.SetPriceBands(market=market))
    above = [0, 0, 10**6, 1_003_000, 1_010_000, 10**9, 999_999]
    below = [0, 0, 10**6, 997_000, 990_000, 1, 1_000_001]
    return c.SetPriceBands(
        market=market,
        limit_maximum_ppm=flow.random.choice(above),
        limit_minimum_ppm=flow.random.choice(below),
        impact_maximum_ppm=flow.random.choice(above),
        impact_minimum_ppm=flow.random.choice(below),
    )


def fee_tier(flow: Flow) -> c.Command:
    return c.SetFeeTier(
        fee_schedule=flow.random.choice((0, 1, 15)),
        fee_tier=flow.random.choice((0, 1, 2, 15)),
        maker_ppm=flow.random.choice([0, -1, -333, -100_000, 1, 20, 100_000]),
        taker_ppm=flow.random.choice([0, 1, 450, 999, 100_000]),
    )


def parameter(flow: Flow) -> c.Command:
    known = [chosen for chosen in Parameter if is_known(chosen, flow.state.rules)]
    chosen = flow.random.choice([*known, *[Parameter.FILLS_PER_COMMAND, Parameter.OPEN_ORDERS_PER_ACCOUNT] * 3])
    low, high, new = PARAMETER_LIMITS[chosen]
    new = FEW_ACCOUNTS if chosen == Parameter.ACCOUNTS_PER_USER else new
    state = flow.state
    use = {
        Parameter.OPEN_ORDERS_PER_ACCOUNT: flow.random.randint(1, 8),
        Parameter.FILLS_PER_COMMAND: flow.random.randint(1, 6),
        Parameter.ACCOUNTS_PER_USER: flow.random.randint(2, 5),
        Parameter.USERS: len(state.users),
        Parameter.ACCOUNTS: state.next_account,
        Parameter.BALANCES: len(state.balances) + flow.random.choice([0, 4_094, 4_096, 4_100]),
        Parameter.ORDERS: len(state.orders),
        Parameter.WITHDRAWALS: len(state.withdrawals),
        Parameter.MARKETS: len(state.markets),
        Parameter.ASSETS: len(state.assets),
        Parameter.TRIGGERS: len(state.triggers),
        Parameter.TRIGGERS_PER_ACCOUNT: flow.random.randint(1, 4),
        Parameter.CASES: len(state.cases),
    }.get(chosen, flow.random.choice((low, new, new, high)))
    flow.undo_soon(c.SetParameter(parameter=chosen, value=new))
    value = flow.random.choice([use, use, use + 1, use + 2, use - 1, low, high, low - 1, high + 1])
    return c.SetParameter(parameter=chosen, value=max(0, value))


def listing(flow: Flow) -> c.Command:
    if flow.chance(0.5):
        used = flow.random.choice(["USDC", "SOL", "acme", "", "TOO LONG", f"N{flow.state.sequence}"])
        few = len(flow.state.assets) < 9
        symbol = used if few else "USDC"
        return c.ListAsset(symbol=symbol, name="", asset_kind=2, decimals=flow.random.randint(0, 12))
    few = len(flow.state.markets) < 7
    base, quote = flow.asset(), flow.asset() if few else 1
    if not few and flow.chance(0.5):
        return c.ListMarket(base_asset=5, quote_asset=1, tick_atoms=1, lot_atoms=1)  # no integer factor
    return c.ListMarket(
        base_asset=base if few else 2,
        quote_asset=quote,
        tick_atoms=flow.random.choice([1, 7, 10**6, 10**12, 2**48]),
        lot_atoms=flow.random.choice([1, 10**6, 10**9, 2**48]),
        minimum_price_ticks=flow.random.choice([1, 1, 10]),
        maximum_price_ticks=flow.random.choice([2**40, 2**40, 9]),
    )


def settings(flow: Flow) -> c.Command:
    builders = (market_state, market_limits, price_bands, fee_tier, parameter, listing, rules, flow_prices.clock)
    return flow.random.choices(builders, (5, 3, 6, 3, 9, 1, 1, 4))[0](flow)


def rules(flow: Flow) -> c.Command:
    version = max(1, min(2**31 - 1, flow.state.rules_version + flow.random.choice((-1, 0, 1))))
    return c.SetRules(rules_version=version, schema_hash=flow.random.randbytes(32))


# People.


def open_user(flow: Flow) -> c.Command:
    return c.OpenUser(fee_tier=flow.random.randint(0, 3))


def open_account(flow: Flow) -> c.Command:
    user = flow.user()
    has = flow.state.users[user].accounts if user in flow.state.users else 2
    sub = has - 1 if flow.chance(0.8) else max(1, has - 1 + flow.random.choice((-1, 1)))
    account = flow.account()
    if user in flow.state.users and flow.chance(0.7):
        account = flow.state.users[user].main_account
    return c.OpenAccount(account=account, user=user, sub_account=sub)


def set_user(flow: Flow) -> c.Command:
    user, tier = flow.user(), flow.random.randint(0, 2)
    flow.undo_soon(c.SetUser(user=user, user_flags=0, fee_tier=tier))
    return c.SetUser(user=user, user_flags=flow.random.choice((0, 1, 2, 4, 7)), fee_tier=tier)


def eligibility(flow: Flow) -> c.Command:
    user = flow.user()
    masks = [0, 2, EVERY_CLASS, EVERY_CLASS, 2**61, FULL_MASK]
    names = ("buy_classes", "sell_classes", "hold_classes", "withdraw_classes")
    flow.undo_soon(c.SetEligibility(user=user, **{name: EVERY_CLASS for name in names}))
    return c.SetEligibility(user=user, **{name: flow.random.choice(masks) for name in names})


def people(flow: Flow) -> c.Command:
    full = flow.state.parameters[Parameter.USERS] <= len(flow.state.users)
    new_user = 3 if full else int(len(flow.state.users) < MOST_USERS)
    builders = (open_user, open_account, set_user, eligibility)
    return flow.random.choices(builders, (new_user, 2, 4, 4))[0](flow)


def oddity(flow: Flow) -> c.Command:
    """Return a command at the far end of what its fields can say."""
    account, asset = flow.account(), flow.asset()
    far = [
        c.RequestWithdrawal(account=account, asset=asset, amount_atoms=2**62, fee_atoms=2**62),
        c.Transfer(account=account, to_account=flow.account(), asset=asset, amount_atoms=2**62),
        c.CancelOrder(account=account, market=2**31 - 1, order=2**62),
        c.PlaceOrder(account=account, market=3, side=BID, price_ticks=2**48 - 1, quantity_lots=2**14),
        c.PlaceOrder(account=account, market=3, side=ASK, price_ticks=2**48 - 1, quantity_lots=2**14),
        c.PlaceOrder(account=account, market=3, side=BID, order_type=1, quantity_lots=2**48),
        c.PlaceOrder(account=account, market=3, side=ASK, order_type=1, quote_atoms=2**62),
        c.PlaceOrder(account=account, market=4, side=BID, price_ticks=2**37, quantity_lots=1),
        c.OpenUser(fee_tier=15),
    ]
    return flow.random.choice(far[:-1] if len(flow.state.users) >= MOST_USERS else far)


GROUPS: dict[str, Callable[[Flow], c.Command]] = {
    "place": place,
    "cancel": cancel,
    "amend": amend,
    "funds": funds,
    "settings": settings,
    "people": people,
    "oddity": oddity,
    "prices": flow_prices.prices,
    "loans": flow_loans.loans,
    "perpetuals": flow_perpetuals.perpetuals,
    "triggers": flow_triggers.of_triggers,
}
