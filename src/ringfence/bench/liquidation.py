"""``ringfence bench liquidation``: a crash in which ten thousand accounts fail at once, and trading goes on.

Every account holds six assets and has two positions. The marks fall at one Clock; then cases open and take their steps
in the batches of a node, and after each batch others trade for as long as it took, so that trading has half of the
time. Once there are bids within the band for all that must be sold; once the books are empty, and the rest is closed by
deleveraging.
"""

import json
import time
from typing import NamedTuple

import numpy as np

from ..core import Exchange
from ..schema.commands import (
    Command,
    ContinueSettlement,
    ConvertCollateral,
    Deleverage,
    OpenCases,
    PlaceOrder,
    SetParameter,
    StepCase,
)
from ..schema.enums import FIRST_USER_ACCOUNT, Parameter, Side
from ..schema.events import CaseClosed, CaseOpened, Rejected
from ..schema.layout import DTYPES, EVENT_HEADER, tag_of
from . import positions
from .core import say
from .margin import orders

ACCOUNTS, DELEVERAGED_ACCOUNTS, POSITIONS = 520_000, 20_000, 2
"""Of so many some ten thousand fail. Where nobody bids everybody in profit is deleveraged a little: there are fewer."""
FALL_PPM = -20_000
STEPS_AT_ONCE = 32
MAKERS_PER_MARKET, MAKER_CASH_ATOMS, MAKER_LOTS = 40, 10**16, 10**10
BEST_PPM, LEVEL_PPM = 4_000, 1_000
"""How far below the fallen mark the best bid stands, and how far apart bids are."""
TRADES_AT_ONCE, CLOCKS = 256, 40


class Crash(NamedTuple):
    """What a crash took: cases, events of liquidations a second, and how long a case was open, in engine time."""

    cases: int
    left_open: int
    events: int
    events_per_s: int
    resolved_p50_ms: float
    resolved_p99_ms: float
    trades_per_s: int


class _Clock:
    """Engine time: what commands took, without what it takes to write and read them here."""

    def __init__(self) -> None:
        self.liquidating_s = self.trading_s = 0.0

    @property
    def now_s(self) -> float:
        """Return how much engine time has passed."""
        return self.liquidating_s + self.trading_s


class _Run:
    """One crash."""

    def __init__(self, accounts: int, *, with_bids: bool) -> None:
        self.exchange = positions.venue(accounts, POSITIONS, positions.EDGE_RATIO)
        self.clock, self.events, self.traded = _Clock(), 0, 0
        self.opened_s: dict[int, float] = {}
        self.taken_s: list[float] = []
        self._accounts = accounts
        if with_bids:
            self._bid()
        else:
            # Nobody bids, and so nobody waits for bids.
            self.give(SetParameter(parameter=Parameter.LIQUIDATION_BOOK_MS, value=0))
        self.exchange.revalue()

    def _bid(self) -> None:
        """Let makers, who have money enough, bid below the marks to come."""
        rows = self.exchange.rows()
        balances, makers = rows["balances"], MAKERS_PER_MARKET * len(positions.PRICED)
        rich = (balances["asset"] == positions.CASH) & (balances["account"] >= FIRST_USER_ACCOUNT)
        rich &= balances["account"] < FIRST_USER_ACCOUNT + makers
        balances["available_atoms"][rich] = MAKER_CASH_ATOMS
        self.exchange = Exchange.restore(rows)
        mark = positions.MARK_TICKS + positions.MARK_TICKS * FALL_PPM // 1_000_000
        for maker in range(makers):
            market = int(positions.PRICED[maker % len(positions.PRICED)])
            away = BEST_PPM + LEVEL_PPM * (maker // len(positions.PRICED))
            self.give(
                PlaceOrder(
                    account=FIRST_USER_ACCOUNT + maker, market=market, side=Side.BID,
                    price_ticks=mark - mark * away // 1_000_000, quantity_lots=MAKER_LOTS,
                )
            )  # fmt: skip

    def give(self, *commands: Command) -> np.ndarray:
        """Apply commands and return their events."""
        events = self.exchange.apply(positions.stamped(self.exchange, *commands))
        assert not np.any(events.view(EVENT_HEADER)["kind"] == tag_of(Rejected)), "a command of the bench is refused"
        return events

    def liquidate(self, *commands: Command) -> None:
        """Apply commands of a liquidation, take their time, and note which cases they opened and closed."""
        records = positions.stamped(self.exchange, *commands)
        begin = time.perf_counter()
        events = self.exchange.apply(records)
        self.clock.liquidating_s += time.perf_counter() - begin
        self.events += events.size
        kinds = events.view(EVENT_HEADER)["kind"]
        for case in events[kinds == tag_of(CaseOpened)].view(DTYPES[CaseOpened])["case"].tolist():
            self.opened_s[case] = self.clock.now_s
        for case in events[kinds == tag_of(CaseClosed)].view(DTYPES[CaseClosed])["case"].tolist():
            self.taken_s.append(self.clock.now_s)
            del self.opened_s[case]

    def trade(self) -> None:
        """Let others place and cancel orders until trading has had as much time as liquidations."""
        while self.clock.trading_s < self.clock.liquidating_s:
            begin = self.exchange.sequence + 1
            records = orders(self._accounts, begin, self.traded, on_perpetuals=True, commands=TRADES_AT_ONCE)
            records.view(EVENT_HEADER)["time_us"] = self.exchange.time_us
            begin = time.perf_counter()
            self.exchange.apply(records)
            self.clock.trading_s += time.perf_counter() - begin
            self.traded += records.size

    def step(self) -> bool:
        """Do what the node would do next; returns whether there was something."""
        if self.exchange.settling:
            # It is nobody's liquidation, and nothing is deleveraged meanwhile.
            self.give(ConvertCollateral() if self.exchange.converting else ContinueSettlement())
        elif self.exchange.unsafe_left:
            self.liquidate(OpenCases())
        elif not self.exchange.wave_under_way and (due := min(self.exchange.cases_due, STEPS_AT_ONCE)):
            self.liquidate(*[StepCase()] * due)
        elif self.exchange.deleveraging:
            self.liquidate(Deleverage())
        else:
            return False
        self.trade()
        return True

    def fall(self) -> Crash:
        """Let the marks fall and all cases that can end, in a few seconds of the venue's time."""
        assets = positions.PRICED.tolist()
        positions.move_marks(self.exchange, FALL_PPM, assets)
        self.liquidate(OpenCases())
        for _ in range(CLOCKS):
            while self.step():
                pass
            if not self.opened_s:
                break
            positions.move_marks(self.exchange, 0, assets)
        taken_ms = np.array(self.taken_s) * 1e3
        cases = len(self.taken_s) + len(self.opened_s)
        return Crash(
            cases, len(self.opened_s), self.events, round(self.events / self.clock.liquidating_s),
            round(float(np.percentile(taken_ms, 50)), 1), round(float(np.percentile(taken_ms, 99)), 1),
            round(self.traded / self.clock.now_s),
        )  # fmt: skip


def main(as_json: bool) -> None:
    """Measure both crashes and tell."""
    found = {
        "bids": _Run(ACCOUNTS, with_bids=True).fall(),
        "empty": _Run(DELEVERAGED_ACCOUNTS, with_bids=False).fall(),
    }
    if as_json:
        print(json.dumps({name: crash._asdict() for name, crash in found.items()}))
        return
    for name, crash in found.items():
        say(f"{name}: {crash}")
