"""The flow of commands reaches every refusal, every way an order closes and every event, on a sound reference."""

from collections import Counter
from enum import IntEnum

import pytest
from tests.reference import settlement
from tests.reference.flow import STYLES, Flow
from tests.reference.records import read_header

from ringfence.schema.commands import (
    COMMANDS,
    AmendOrder,
    Borrow,
    ContinueSettlement,
    PlaceOrder,
    RequestWithdrawal,
    SetAccount,
    Transfer,
)
from ringfence.schema.enums import ALL_LOAN_FLAGS, CloseReason, LoanCause, LoanSource, MoveCause, OrderType, TimeInForce
from ringfence.schema.events import (
    EVENTS,
    FundsMoved,
    InterestAccrued,
    LoanMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    RedemptionQueued,
    Rejected,
    Settled,
    Trade,
)
from ringfence.schema.layout import decode_event, tag_of
from ringfence.schema.rejects import Reject

SEEDS = range(24)
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
            return [named(Reject(event.reject)), (Reject(event.reject).name, event.command_kind)]
        case OrderClosed():
            return [named(CloseReason(event.reason)), ("rested", event.rested)]
        case FundsMoved():
            return [named(MoveCause(event.cause))]
        case OrderAccepted():
            reduces = ("reduces", event.order_type, event.time_in_force, event.reduce_only)
            return [("flags", event.loan_flags), ("flagged", event.order_type, event.loan_flags > 0), reduces]
        case OrderAmended():
            return [("kept place", event.kept_place)]
        case Trade():
            return [("rebate", event.maker_fee_atoms < 0), ("charged", event.taker_fee_atoms > 0)]
        case Settled():
            return [("losers paid", event.short_atoms == 0), ("winners waited", event.paid_atoms < event.due_atoms)]
        case LoanMoved() | RedemptionQueued() | InterestAccrued():
            return kinds_of_loans(event)
    return []


def kinds_of_loans(event: LoanMoved | RedemptionQueued | InterestAccrued) -> list[object]:
    match event:
        case LoanMoved():
            cause, source = named(LoanCause(event.cause)), named(LoanSource(event.source))
            return [cause, source, (cause, source), ("entry fee", event.fee_atoms > 0)]
        case RedemptionQueued():
            return [("waits", event.queued_atoms > 0)]
        case InterestAccrued():
            lenders = event.interest_atoms > event.reserve_atoms
            return [("interest", event.interest_atoms > 0, lenders), ("swept", event.rounding_atoms > 0)]


def named(member: IntEnum) -> str:
    """Return a name that no member of another list has: numbers of different lists would count together."""
    return f"{type(member).__name__}.{member.name}"


def names(members: type[IntEnum]) -> list[str]:
    return [named(member) for member in members]


@pytest.mark.parametrize(
    ("kinds", "least"),
    [
        (names(Reject), 5),
        (names(CloseReason), 10),
        (names(MoveCause), 20),
        (names(LoanCause), 100),
        (names(LoanSource), 30),
        (EVENTS, 20),
    ],
    ids=["rejects", "close reasons", "causes", "loan causes", "loan sources", "events"],
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


def test_flow_over_several_seeds_lends_borrows_and_pays_interest_in_every_way(reached: Counter[object]) -> None:
    by_hand, by_order, by_withdrawal = LoanSource.MANUAL, LoanSource.SPOT_MARGIN, LoanSource.WITHDRAWAL
    ways = {
        LoanCause.LEND: (by_hand, LoanSource.AUTO_LEND),
        LoanCause.REDEEM: (by_hand, by_order, by_withdrawal, LoanSource.REDEMPTION_QUEUE),
        LoanCause.BORROW: (by_hand, by_order, by_withdrawal),
        LoanCause.REPAY: (by_hand, LoanSource.AUTO_BORROW_REPAY),
    }
    for cause, sources in ways.items():
        for source in sources:
            assert reached[named(cause), named(source)] >= 10, (cause.name, source.name)
    for rare in (("interest", True, True), ("interest", True, False), ("swept", True), ("swept", False)):
        assert reached[rare] >= 10, rare
    for rare in (("waits", True), ("waits", False), ("entry fee", True)):
        assert reached[rare] >= 20, rare


def test_flow_over_several_seeds_refuses_for_margin_what_takes_risk(reached: Counter[object]) -> None:
    kinds = (PlaceOrder, AmendOrder, Borrow, RequestWithdrawal, Transfer, SetAccount)
    for kind in kinds:
        assert reached["INSUFFICIENT_MARGIN", tag_of(kind)], kind.__name__
        assert reached["PRICE_NOT_FRESH", tag_of(kind)], kind.__name__
    for kind in (PlaceOrder, AmendOrder, Borrow, RequestWithdrawal):
        assert reached["INSUFFICIENT_SUPPLY", tag_of(kind)], kind.__name__
    for order_type in OrderType:
        assert reached["flagged", order_type, True] > 200, order_type.name
    assert all(reached["flags", flags] for flags in range(ALL_LOAN_FLAGS + 1) if flags not in (5, 10, 13))


def test_flow_over_several_seeds_reduces_settles_and_falls_short(reached: Counter[object]) -> None:
    for order_type in OrderType:
        for in_force in TimeInForce:
            assert reached["reduces", int(order_type), int(in_force), 1] >= 20, (order_type.name, in_force.name)
    for cause in (LoanCause.REDEEM, LoanCause.BORROW):
        assert reached[named(cause), named(LoanSource.SETTLEMENT)] >= 10, cause.name
    for known in (True, False):
        assert reached["losers paid", known] > 50
        assert reached["winners waited", known] > 50


def test_flow_settled_in_small_pages_keeps_every_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement, "POSITIONS_A_PAGE", 3)
    monkeypatch.setattr(settlement, "ACCOUNTS_A_PAGE", 20)
    flow, went_on = Flow(11, debug=True), Counter[bool]()
    for record, _ in flow.steps(4_000):
        if read_header(record).kind == tag_of(ContinueSettlement):
            went_on[flow.state.settling > 0] += 1
    assert went_on[True] and went_on[False]


def test_flow_of_one_seed_is_always_the_same() -> None:
    one, other = Flow(7), Flow(7)
    assert list(one.steps(2_000)) == list(other.steps(2_000))
    assert one.exchange.state_hash() == other.exchange.state_hash()


def test_flow_has_seeds_of_every_style() -> None:
    assert {Flow(seed).style for seed in SEEDS} == set(STYLES)
