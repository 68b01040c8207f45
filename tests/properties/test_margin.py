"""What must hold of margin and lending whatever people do: one's own commands never take more margin than there is."""

import numpy as np
import pytest
from tests.reference.flow import STYLES, Flow

from ringfence.core import Exchange
from ringfence.node.invariants import broken_invariants
from ringfence.schema import events as e
from ringfence.schema.enums import Origin
from ringfence.schema.layout import COMMAND_HEADER, EVENT_HEADER, RECORD, tag_of

COMMANDS = 2_500
# Seeds that divide by three begin under the first rules, which know no margin.
MARGIN_SEEDS = [seed for seed in range(60) if STYLES[seed % len(STYLES)] == "margin" and seed % 3][:5]
REJECTED = tag_of(e.Rejected)
SLACK = 1_000
"""What roundings of one command may cost, in millionths: an atom of a dear asset here and there."""


def account_of(record: np.ndarray, exchange: Exchange) -> int:
    """Return the account whose user gave the command, 0 for anybody else's."""
    header = record.view(COMMAND_HEADER)[0]
    account = int(header["account"])
    return account if header["origin"] == Origin.USER and 64 <= account < exchange.next_account else 0


@pytest.mark.parametrize("seed", MARGIN_SEEDS)
def test_no_accepted_command_leaves_its_account_short_of_margin_and_shorter_than_before(seed: int) -> None:
    flow, exchange, owing = Flow(seed), Exchange(), 0
    for record, _ in flow.steps(COMMANDS):
        command = np.frombuffer(record, RECORD)
        account = account_of(command, exchange)
        before = exchange.measure(account) if account else None
        events = exchange.apply(command)
        if before is None or REJECTED in events.view(EVENT_HEADER)["kind"]:
            continue
        after = exchange.measure(account)
        owing += after.liabilities > 0
        assert after.liabilities == 0 or after.free >= min(0, before.free) - SLACK, (flow.state.sequence, before, after)
    assert owing > 100, "hardly anybody owed anything"


@pytest.mark.parametrize("seed", MARGIN_SEEDS)
def test_pools_add_up_after_every_command(seed: int) -> None:
    flow, exchange = Flow(seed), Exchange()
    for n, (record, _) in enumerate(flow.steps(COMMANDS)):
        exchange.apply(np.frombuffer(record, RECORD))
        if n % 10 == 0:
            assert list(broken_invariants(exchange.rows())) == [], flow.state.sequence


@pytest.mark.parametrize("seed", MARGIN_SEEDS[:2])
def test_indices_only_rise(seed: int) -> None:
    flow, exchange = Flow(seed), Exchange()
    indices: dict[int, tuple[int, int]] = {}
    for record, _ in flow.steps(COMMANDS):
        exchange.apply(np.frombuffer(record, RECORD))
        for asset in range(1, exchange.assets_listed + 1):
            if pool := exchange.lending_pool(asset):
                lent, debt = indices.get(asset, (0, 0))
                assert pool.lent_index >= lent and pool.debt_index >= debt
                indices[asset] = pool.lent_index, pool.debt_index
    assert indices
