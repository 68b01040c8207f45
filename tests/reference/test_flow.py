"""The flow of commands reaches every refusal, every way an order closes and every event, on a sound reference."""

from collections import Counter
from collections.abc import Iterator
from enum import IntEnum

import pytest
from tests.reference import flow_triggers, settlement
from tests.reference.flow import STYLES, Flow
from tests.reference.records import read_header
from tests.reference.triggers_reached import TriggersReached

from ringfence.schema import liquidation_events, share_commands, share_events, vault_commands, vault_events
from ringfence.schema.commands import (
    COMMANDS,
    AmendOrder,
    Borrow,
    ContinueSettlement,
    CoverDebts,
    Deleverage,
    OpenCases,
    PlaceOrder,
    RequestWithdrawal,
    SetAccount,
    SetStandingTopUp,
    StepCase,
    TopUp,
    Transfer,
)
from ringfence.schema.enums import (
    ALL_LOAN_FLAGS,
    Cancels,
    CloseReason,
    LoanCause,
    LoanSource,
    MarketKind,
    MoveCause,
    OrderType,
    Side,
    SlippageKind,
    TimeInForce,
    TriggerBy,
    TriggerDirection,
    TriggerEnd,
)
from ringfence.schema.events import (
    EVENTS,
    CollateralConverted,
    FundsMoved,
    InterestAccrued,
    LoanMoved,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    PerpetualDelisted,
    RedemptionQueued,
    Rejected,
    Settled,
    Trade,
    TriggerClosed,
)
from ringfence.schema.layout import decode_event, tag_of
from ringfence.schema.rejects import Reject

SEEDS = range(24)
COMMANDS_A_SEED = 5_000
# A contract is delisted for good, and most losers have cash.
OF_LIQUIDATION = [kind for kind in EVENTS if kind.__module__ in (liquidation_events.__name__, vault_events.__name__)]
"""Random liquidations and vaults have venues and differentials of their own, which reach these."""
OF_SHARES = [kind for kind in EVENTS if kind.__module__ == share_events.__name__]
SELDOM: dict[object, int] = {
    PerpetualDelisted: 4,
    CollateralConverted: 10,
    "CloseReason.WORK_LIMIT": 1,
} | dict.fromkeys([*OF_LIQUIDATION, *OF_SHARES], 0)
# Why an order of a trigger may be refused that could be placed when its trigger was: something has changed meanwhile.
FAILING = [
    Reject.TRADING_FROZEN,
    Reject.NOT_ELIGIBLE_TO_BUY,
    Reject.NOT_ELIGIBLE_TO_SELL,
    Reject.MARKET_CLOSED,
    Reject.MARKET_CANCEL_ONLY,
    Reject.MARKET_LIMIT_ONLY,
    Reject.MARKET_POST_ONLY,
    Reject.PRICE_ABOVE_MAXIMUM,
    Reject.QUANTITY_BELOW_MINIMUM,
    Reject.QUANTITY_ABOVE_MAXIMUM,
    Reject.PRICE_OUT_OF_BAND,
    Reject.OPEN_ORDERS_LIMIT,
    Reject.VENUE_FULL,
    Reject.WOULD_TAKE,
    Reject.INSUFFICIENT_FUNDS,
    Reject.INSUFFICIENT_SUPPLY,
    Reject.INSUFFICIENT_MARGIN,
    Reject.PRICE_NOT_FRESH,
    Reject.REDUCE_ONLY_NOT_REDUCED,
    Reject.REDUCE_ORDERS_LIMIT,
    Reject.POSITION_LIMIT,
    Reject.OPEN_INTEREST_LIMIT,
]


@pytest.fixture(scope="module")
def reached() -> Counter[object]:
    """Count what a few flows reach; every invariant is checked after every command."""
    found: Counter[object] = Counter()
    for seed in SEEDS:
        flow = Flow(seed, debug=True)
        triggers = TriggersReached(flow)
        for record, packed in flow.steps(COMMANDS_A_SEED):
            refused, events = False, [decode_event(event) for event in packed]
            for event in events:
                found[type(event)] += 1
                found.update(kinds_of(event))
                refused = isinstance(event, Rejected)
            found.update(triggers.kinds_of(record, events))
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
        case TriggerClosed():
            return [named(TriggerEnd(event.reason))]
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


NAMES_OF_LIQUIDATION = [
    named(member)
    for member in (
        Reject.NO_CASE, Reject.TOP_UP_TOO_SMALL, Reject.TOP_UP_CANNOT_HELP, Reject.MARKET_DELEVERAGING,
        Reject.ACCOUNT_LIQUIDATING, CloseReason.LIQUIDATION, MoveCause.TOP_UP, MoveCause.LIQUIDATION_FEE,
        MoveCause.GAP_PAID, MoveCause.ESTATE_TAKEN, MoveCause.SETTLED, MoveCause.LOSS_PAID, LoanCause.WRITE_OFF,
        LoanCause.TAKE_OVER, LoanSource.LIQUIDATION, Reject.MARKET_IN_RESOLUTION,
        *(reject for reject in Reject if Reject.UNKNOWN_VAULT <= reject <= Reject.SHARES_STAY),
        *(reject for reject in Reject if reject >= Reject.NOT_A_SHARE or reject == Reject.NOT_ELIGIBLE_TO_RECEIVE),
        Reject.NOT_ELIGIBLE_TO_LEND, CloseReason.NOT_ELIGIBLE, MoveCause.DIVIDEND_FUNDED, MoveCause.DIVIDEND_RETURNED,
        MoveCause.DIVIDEND_ROUNDING, MoveCause.FRACTION_RETIRED, MoveCause.FRACTION_PAID,
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("kinds", "least"),
    [
        (names(Reject), 5),
        (names(CloseReason), 5),
        (names(MoveCause), 20),
        (names(LoanCause), 100),
        (names(LoanSource), 30),
        (EVENTS, 20),
    ],
    ids=["rejects", "close reasons", "causes", "loan causes", "loan sources", "events"],
)
def test_flow_over_several_seeds_reaches_every(reached: Counter[object], kinds: list[object], least: int) -> None:
    least_of = dict.fromkeys(NAMES_OF_LIQUIDATION, 0) | SELDOM
    rare = {str(kind): reached[kind] for kind in kinds if reached[kind] < least_of.get(kind, least)}
    assert not rare


def test_flow_over_several_seeds_does_and_refuses_every_command(reached: Counter[object]) -> None:
    for kind in COMMANDS:
        of_vaults = kind.__module__ == vault_commands.__name__
        if (
            of_vaults
            or kind.__module__ == share_commands.__name__
            or kind in (StepCase, OpenCases, Deleverage, TopUp, CoverDebts, SetStandingTopUp)
        ):
            continue
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


def test_flow_over_several_seeds_waits_for_every_price_in_every_way(reached: Counter[object]) -> None:
    for whose in ("own", "attached"):
        for kind in MarketKind:
            for trigger_by in TriggerBy:
                assert reached["waits", whose, kind.name, int(trigger_by)] >= 20, (whose, kind.name, trigger_by.name)
        for side in Side:
            for direction in TriggerDirection:
                assert reached["waits to", whose, int(side), int(direction)] >= 100, (whose, side.name, direction.name)
    for order_type in OrderType:
        for in_force in TimeInForce:
            assert reached["order", "own", int(order_type), int(in_force)] >= 40, (order_type.name, in_force.name)
        for side in Side:
            assert reached["attached to", int(order_type), int(side), True] >= 30, (order_type.name, side.name)
            at_rest = reached["attached to", int(order_type), int(side), False]
            assert (at_rest >= 100) == (order_type == OrderType.LIMIT), "what was attached waits for a first fill"
    rare = [("slips", int(kind)) for kind in SlippageKind] + [("percent", kind.name) for kind in MarketKind] + ["posts"]
    assert not [kind for kind in rare if reached[kind] < 50]


def test_flow_over_several_seeds_reaches_prices_and_fires(reached: Counter[object]) -> None:
    due = [("due", "Clock", 1), ("due", "Clock", 2), ("due", "PlaceOrder", 0), ("due", "FireTrigger", 0)]
    due += [("due", "PlaceTrigger", int(trigger_by)) for trigger_by in TriggerBy]
    together = [("due together", "PlaceOrder"), ("due together", "Clock"), "due together at one price"]
    fires = [("fires", True), ("fires", False), "fires in a row", "fires late"]
    fires += [("fired on", kind.name, True, True) for kind in MarketKind]
    fires += [("fired on", kind.name, False, True) for kind in MarketKind]  # the price has gone meanwhile
    fires += [("fired on", kind.name, True, False) for kind in MarketKind]  # nothing is left to sell or to reduce
    ends = [named(end) for end in TriggerEnd] + [("cancels", int(what)) for what in (Cancels.ALL, Cancels.TRIGGERS)]
    for kind in (*due, *together, *fires, *ends):
        assert reached[kind] >= 3, kind


def test_flow_over_several_seeds_refuses_orders_of_triggers_for_every_reason(reached: Counter[object]) -> None:
    rare = [reject.name for reject in FAILING if not reached["failed", reject.name]]
    assert not rare


def test_flow_over_several_seeds_lets_attached_triggers_grow_and_end(reached: Counter[object]) -> None:
    """As makers and by amendments, before and after their first fill; the other of a pair, and with their parent."""
    for armed in (True, False):
        assert reached["grows", "maker", False, armed] >= 50
        assert reached["grows", "taker", True, armed] >= 5
    for is_take_profit in (True, False):
        for unfilled in (True, False):
            assert reached["sibling ends", is_take_profit, unfilled] >= 5, (is_take_profit, unfilled)
    for first in ("OrderClosed", "OrderAccepted", "OrderAmended"):
        assert reached["parent ends", first] >= 5, first


def first_epoch(seed: int) -> Iterator[bytes]:
    """Yield the commands of a flow as long as it is under the first rules."""
    flow = Flow(seed)
    yield flow.step()[0]
    while flow.state.rules == 1:
        yield flow.step()[0]


def test_flow_under_the_first_rules_draws_nothing_of_triggers(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = 3 * len(STYLES)
    assert Flow(seed).style in flow_triggers.STYLES
    commands = list(first_epoch(seed))
    monkeypatch.setattr(flow_triggers, "STYLES", ())
    assert list(first_epoch(seed)) == commands
    assert len(commands) > 100


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
