"""The core beside a model of fractions: they differ by the roundings that happened, to the side that the rules say."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, PERP, SOL, SPOT, USDC, WHOLE_SOL, PerpetualVenue
from tests.exact.model import Model
from tests.exact.settlements import settled
from tests.reference.flow import STYLES, Flow

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import commands as c
from ringfence.schema.enums import PriceState, Session
from ringfence.schema.layout import RECORD, decode_event, tag_of

SETTLING = {tag_of(c.Clock), tag_of(c.ContinueSettlement)}


class Followed:
    """A core and the model that follows it."""

    def __init__(self) -> None:
        self.exchange, self.model = Exchange(), Model()

    def apply(self, record: bytes) -> list[Any]:
        """Apply a command; time is what settles, so that it is looked at before and after."""
        moves_time = int.from_bytes(record[28:30], "little") in SETTLING and self.exchange.rules_version != 1
        before = self.exchange.rows() if moves_time else None
        packed = self.exchange.apply(np.frombuffer(record, RECORD))
        events = [decode_event(event.tobytes()) for event in packed]
        self.model.follow(events)
        if before is not None:
            settled(self.model, before, self.exchange.rows())
        return events

    def check(self) -> None:
        self.model.check(self.exchange)
        count_cases(self.exchange, self.model.reached)


def count_cases(exchange: Exchange, reached: Counter[str]) -> None:
    rows = exchange.rows()
    if "lending_pools" not in rows:
        return
    closed = set(rows["prices"]["asset"][rows["prices"]["price_state"] == PriceState.CLOSED].tolist())
    owing = set(rows["balances"]["account"][rows["balances"]["loan_shares"] < 0].tolist())
    for row in rows["balances"]:
        reached["closed collateral"] += row["asset"] in closed and row["account"] in owing and row["available_atoms"] > 0
    for row in rows["lending_pools"]:
        lent = -(-int(row["lent_shares"]) * int(row["lent_index"]) >> 52)
        owed = int(row["debt_shares"]) * int(row["debt_index"]) >> 52
        waits = (rows["redemptions"]["asset"] == row["asset"]).any()
        reached["used in full"] += bool(lent and owed >= lent and waits)


@pytest.mark.parametrize("seed", range(12))
def test_core_given_random_commands_differs_from_the_exact_model_by_its_roundings(seed: int) -> None:
    flow, followed = Flow(seed), Followed()
    for place in range(1_500):
        record, _ = flow.step()
        followed.apply(record)
        if place % 25 == 0:
            try:
                followed.check()
            except AssertionError as error:
                raise AssertionError(f"seed {seed} ({STYLES[seed % len(STYLES)]}), command {place}: {error}") from error
    followed.check()
    print(seed, flow.style, dict(followed.model.reached))
