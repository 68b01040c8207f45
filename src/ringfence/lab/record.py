"""What happens while a scenario runs, second by second: what a report is drawn from. Nothing that decides money."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ringfence.schema import events as e
from ringfence.schema.enums import CaseEnd, HouseAccount, MarketState
from ringfence.schema.layout import DTYPES, EVENT_HEADER, tag_of
from ringfence.views.lending import utilisation_ppm

from .plan import CASH_NUMBER, Plan
from .records import Records
from .stage import Stage

PERCENT = 100

COUNTED = {
    tag_of(kind): kind
    for kind in (
        e.Trade, e.CaseOpened, e.CaseClosed, e.SliceEnded, e.VaultTookOver, e.EstateClosed, e.WaveBegan, e.WaveEnded,
        e.Deleveraged, e.CreditFenced, e.WrittenOff, e.MarketHalted, e.Rejected, e.ToppedUp,
    )
}  # fmt: skip
LIQUIDATION_KINDS = frozenset(
    tag_of(kind) for kind in e.EVENTS if kind.__name__ in {
        "CaseOpened", "SliceOrdered", "SliceEnded", "CaseMoved", "CaseClosed", "CreditFenced", "ToppedUp", "WaveBegan",
        "EstateClosed", "Deleveraged", "WaveEnded", "WrittenOff", "ClaimTaken", "VaultTookOver",
    }
)  # fmt: skip
"""What counts as an event of a liquidation; not what a case only shows of its estate."""


class Record:
    """Series with an entry a step, and the cases: when they opened and how long they took."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.plan, self._stage = plan, stage
        self.counts: Counter[str] = Counter()
        self.rows: list[dict[str, Any]] = []
        self.opened: dict[int, tuple[int, float]] = {}
        self.resolved_s: list[float] = []
        self.resolved_venue_s: list[float] = []
        self.ends: Counter[int] = Counter()
        self.liquidated: set[int] = set()
        self._now: Counter[str] = Counter()
        self._busy_s = 0.0
        self.lost: Counter[int] = Counter()
        self.touched: set[int] = set()
        self.worst_haircut = 0.0
        self.profit_atoms = 0
        """Profit that stood on the other side of waves in which something was to be paid."""
        self.profit_by_haircut = [0] * (PERCENT + 1)
        """How much of it lost so many percent, rounded up; what lost nothing is not in it."""

    def listen(self, events: Records) -> None:
        """Count what events tell."""
        kinds = events.view(EVENT_HEADER)["kind"]
        numbers = np.bincount(kinds)
        for tag in np.flatnonzero(numbers).tolist():
            self._now["liquidation_events"] += int(numbers[tag]) if tag in LIQUIDATION_KINDS else 0
            kind = COUNTED.get(tag)
            if kind is None:
                continue
            self._now[kind.__name__] += int(numbers[tag])
            self.counts[kind.__name__] += int(numbers[tag])
            count = getattr(self, f"_count_{kind.__name__}", None)
            if count is not None:
                count(events[kinds == tag].view(DTYPES[kind]))

    def _count_CaseOpened(self, rows: Any) -> None:
        now_s = self._stage.busy_s
        for case, time_us in zip(rows["case"].tolist(), rows["time_us"].tolist(), strict=True):
            self.opened[case] = time_us, now_s
        self.liquidated.update(rows["account"].tolist())

    def _count_CaseClosed(self, rows: Any) -> None:
        for case, time_us, reason in zip(
            rows["case"].tolist(), rows["time_us"].tolist(), rows["reason"].tolist(), strict=True
        ):
            begun_us, begun_s = self.opened.pop(case)
            self.resolved_s.append(self._stage.busy_s - begun_s)
            self.resolved_venue_s.append((time_us - begun_us) / 1e6)
            self.ends[reason] += 1

    def _count_SliceEnded(self, rows: Any) -> None:
        self._now["book_atoms"] += int(rows["filled_quote_atoms"].sum())

    def _count_VaultTookOver(self, rows: Any) -> None:
        self._now["vault_atoms"] += self._notional(rows)

    def _count_EstateClosed(self, rows: Any) -> None:
        self._now["wave_atoms"] += self._notional(rows)

    def _notional(self, rows: Any) -> int:
        factors = np.array([0, *(one.factor for one in self.plan.markets)])
        return int((np.abs(rows["lots"]) * rows["mark_ticks"] * factors[rows["market"]]).sum())

    def _count_WaveBegan(self, rows: Any) -> None:
        for name in ("gap_atoms", "fund_atoms", "skin_atoms", "own_atoms"):
            self._now[name] += int(rows[name].sum())

    def _count_WaveEnded(self, rows: Any) -> None:
        self._now["deleveraged_atoms"] += int(rows["cost_atoms"].sum())
        self._now["uncovered_atoms"] += int(rows["uncovered_atoms"].sum())
        self.profit_atoms += int(rows["profit_atoms"][rows["cost_atoms"] > 0].sum())

    def _count_Deleveraged(self, rows: Any) -> None:
        self._now["deleveraged_notional"] += self._notional(rows)
        self.touched.update(rows["account"].tolist())
        # What somebody pays for his own other account is no haircut.
        rows = rows[(rows["cost_atoms"] > 0) & (rows["own_case"] == 0)]
        if len(rows):
            percent = -(-rows["cost_atoms"] * PERCENT // rows["profit_atoms"])
            sums = np.bincount(percent, weights=rows["profit_atoms"], minlength=PERCENT + 1)
            self.profit_by_haircut = [had + int(more) for had, more in zip(self.profit_by_haircut, sums, strict=True)]
            self.worst_haircut = max(self.worst_haircut, float((rows["cost_atoms"] / rows["profit_atoms"]).max()))
        for account, cost in zip(rows["account"].tolist(), rows["cost_atoms"].tolist(), strict=True):
            self.lost[account] += cost

    def _count_WrittenOff(self, rows: Any) -> None:
        mine = rows[rows["asset"] == CASH_NUMBER]
        for name in ("deficit_atoms", "fund_atoms", "skin_atoms"):
            self._now["written_" + name] += int(mine[name].sum())

    def _count_CreditFenced(self, rows: Any) -> None:
        self._now["fenced_atoms"] += int(rows["amount_atoms"][rows["asset"] == CASH_NUMBER].sum())

    def step(self, step: int) -> None:
        """Note how things stand at the end of a step."""
        exchange, now = self._stage.exchange, self._now
        row: dict[str, Any] = {"time_us": int(self.plan.times_us[step]), **now}
        row["engine_s"] = self._stage.busy_s - self._busy_s
        self._busy_s, self._now = self._stage.busy_s, Counter()
        row["open_cases"] = len(self.opened)
        row["fund"] = exchange.balance(int(HouseAccount.FUND), CASH_NUMBER)[0]
        row["skin"] = exchange.balance(int(HouseAccount.SKIN), CASH_NUMBER)[0]
        marks: list[float] = []
        interest: list[int] = []
        row["marks"], row["halted"], row["interest"] = marks, 0, interest
        for one in self.plan.markets:
            perpetual, market = exchange.perpetual(one.market), exchange.market(one.market)
            assert perpetual is not None and market is not None, one.name
            marks.append(perpetual.mark_ticks * one.factor / (one.lot_atoms / 10**8) / 10**6)
            interest.append(perpetual.open_interest_lots * perpetual.mark_ticks * one.factor)
            row["halted"] += market.state not in (MarketState.OPEN, MarketState.LIMIT_ONLY)
        pool = exchange.lending_pool(CASH_NUMBER)
        row["utilisation_ppm"] = utilisation_ppm(pool) if pool is not None else 0
        self.rows.append(row)

    def total(self, name: str) -> int:
        """Return the sum of a series."""
        return sum(row.get(name, 0) for row in self.rows)

    @property
    def written_off(self) -> int:
        """How many cases ended with nothing left."""
        return self.ends[int(CaseEnd.WRITTEN_OFF)]
