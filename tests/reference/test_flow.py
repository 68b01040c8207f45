"""The flow of commands reaches every refusal, every way an order closes and every event, on a sound reference."""

from collections import Counter

import pytest
from tests.reference.flow import STYLES, Flow
from tests.reference.records import read_header

from ringfence.schema.commands import COMMANDS
from ringfence.schema.enums import CloseReason, MoveCause
from ringfence.schema.events import EVENTS, FundsMoved, OrderAmended, OrderClosed, Rejected, Trade
from ringfence.schema.layout import decode_event, tag_of
from ringfence.schema.rejects import Reject

SEEDS = range(15)
COMMANDS_A_SEED = 5_000


@pytest.fixture(scope="module")
def reached() -> Counter[object]:
    """Count what a few flows reach; every invariant is checked after every command."""
    found: Counter[object] = Counter()
    for seed in SEEDS:
        for record, events in Flow(seed, debug=True).steps(COMMANDS_A_SEED):
            refused = False
            for event in map(decode_event, events):
                found[type(event)] += 1
                found.update(kinds_of(event))
                refused = isinstance(event, Rejected)
            found["refused" if refused else "done", read_header(record).kind] += 1
    return found


def kinds_of(event: object) -> list[object]:
    match event:
        case Rejected():
            return [Reject(event.reject)]
        case OrderClosed():
            return [CloseReason(event.reason), ("rested", event.rested)]
        case FundsMoved():
            return [MoveCause(event.cause)]
        case OrderAmended():
            return [("kept place", event.kept_place)]
        case Trade():
            return [("rebate", event.maker_fee_atoms < 0), ("charged", event.taker_fee_atoms > 0)]
    return []


@pytest.mark.parametrize(
    ("kinds", "least"),
    [(list(Reject), 5), (list(CloseReason), 10), (list(MoveCause), 20), (EVENTS, 20)],
    ids=["rejects", "close reasons", "causes", "events"],
)
def test_flow_over_several_seeds_reaches_every(reached: Counter[object], kinds: list[object], least: int) -> None:
    rare = {str(kind): reached[kind] for kind in kinds if reached[kind] < least}
    assert not rare


def test_flow_over_several_seeds_does_and_refuses_every_command(reached: Counter[object]) -> None:
    for kind in COMMANDS:
        assert reached["done", tag_of(kind)], f"{kind.__name__} was never done"
        assert reached["refused", tag_of(kind)], f"{kind.__name__} was never refused"
    for rare in (("rebate", True), ("charged", True), ("kept place", 0), ("kept place", 1), ("rested", 0)):
        assert reached[rare] > 50, rare


def test_flow_of_one_seed_is_always_the_same() -> None:
    one, other = Flow(7), Flow(7)
    assert list(one.steps(2_000)) == list(other.steps(2_000))
    assert one.exchange.state_hash() == other.exchange.state_hash()


def test_flow_has_seeds_of_every_style() -> None:
    assert {Flow(seed).style for seed in SEEDS} == set(STYLES)
