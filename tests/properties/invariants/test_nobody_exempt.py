"""No account, flag, tier or setting lets anybody keep what others lose: same positions, same prices, same case."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.core.perpetual_venue import ASK, BID, DOLLAR, USDC
from tests.core.test_deleveraging import Gapping
from tests.core.test_liquidation import of

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.enums import (
    ALL_ACCOUNT_FLAGS,
    ALL_USER_FLAGS,
    FIRST_USER_ACCOUNT,
    HouseAccount,
    Parameter,
)
from ringfence.schema.rejects import Reject

EVERY_CLASS = 2**62 - 1
Prepare = Callable[[Gapping, int, int], Any]


def set_user(**fields: int) -> Prepare:
    return lambda venue, user, account: venue.must(c.SetUser(user=user, **fields))


def set_account(**fields: int) -> Prepare:
    return lambda venue, user, account: venue.must(c.SetAccount(account=account, **fields))


def make_market(venue: Gapping, user: int, account: int) -> None:
    """Let somebody stand on both sides of the book, far away, at a tier that pays makers; the index is the mark."""
    venue.rule(2, mark_bound_ppm=0)
    venue.must(c.SetFeeTier(fee_schedule=1, fee_tier=1, maker_ppm=-100, taker_ppm=200))
    venue.must(c.SetUser(user=user, fee_tier=1))
    venue.place(account, BID, 50, 10)
    venue.place(account, ASK, 200, 10)


def be_eligible_for_all(venue: Gapping, user: int, account: int) -> None:
    masks = ("buy_classes", "sell_classes", "hold_classes", "withdraw_classes")
    venue.must(c.SetEligibility(user=user, **dict.fromkeys(masks, EVERY_CLASS)))


def wait_for_a_trigger(venue: Gapping, user: int, account: int) -> None:
    venue.must(
        c.PlaceTrigger(
            account=account, market=2, side=ASK, order_type=1, quantity_percent=100, trigger_ticks=5_000, trigger_by=1
        )
    )


WAYS_OUT: dict[str, Prepare] = {
    **{f"account flags {flags}": set_account(account_flags=flags) for flags in range(1, ALL_ACCOUNT_FLAGS + 1)},
    **{f"leverage limit {limit}": set_account(leverage_limit_percent=limit) for limit in (4_000, 10_000)},
    **{f"user flags {flags}": set_user(user_flags=flags) for flags in range(1, ALL_USER_FLAGS + 1)},
    **{f"fee tier {tier}": set_user(fee_tier=tier) for tier in range(1, 16)},
    "maker": make_market,
    "every class": be_eligible_for_all,
    "trigger": wait_for_a_trigger,
}


def story(dollars: float, prepare: Prepare | None, of_winner: bool, sub_account: bool = False) -> list[Any]:
    """Return what failing tells: the case, what its estate came to, and what the winners gave up."""
    venue = Gapping()
    if sub_account:
        # The position is a sub-account's: the main account hands over all that it has.
        sub = venue.must(c.OpenAccount(user=2, sub_account=1))[0].account
        venue.trade(venue.alice, venue.bob, 100, 10_000)
        transfer = {"account": venue.bob, "to_account": sub, "asset": USDC}
        venue.must(c.Transfer(**transfer, amount_atoms=300 * DOLLAR))
        venue.trade(sub, venue.alice, 100, 10_000)
    if prepare is not None:
        prepare(venue, 1 if of_winner else 2, venue.alice if of_winner else venue.bob)
    told = venue.gap(dollars)
    numbers: list[Any] = []
    for event in told:
        if isinstance(event, v.CaseOpened):
            numbers.append((event.case, event.equity_value, event.maintenance_value, event.cause))
        elif isinstance(event, v.EstateClosed):
            numbers.append((event.lots, event.loss_atoms, event.paid_atoms, event.gap_atoms))
        elif isinstance(event, v.Deleveraged):
            numbers.append((event.account, event.lots, event.cost_atoms, event.profit_atoms))
        elif isinstance(event, v.CaseClosed):
            numbers.append((event.case, event.reason))
    return numbers


@pytest.mark.parametrize("of_winner", [False, True], ids=["who fails", "who wins"])
@pytest.mark.parametrize("way", WAYS_OUT)
def test_nobody_is_exempt_from_liquidation_or_deleveraging(way: str, of_winner: bool) -> None:
    for dollars in (97.4, 95):
        plain = story(dollars, None, of_winner)
        assert len(plain) == 4 and story(dollars, WAYS_OUT[way], of_winner) == plain


def test_nobody_is_exempt_in_a_sub_account() -> None:
    assert story(95, None, False, sub_account=True) == story(95, None, False)


def test_nobody_is_exempt_by_his_number() -> None:
    """The first user, who is the operator's own on many venues, fails and wins as any other."""
    for first_fails in (False, True):
        venue = Gapping()
        if first_fails:
            venue.trade(venue.alice, venue.bob, 100, 10_000)
            venue.must(c.RequestWithdrawal(account=venue.alice, asset=USDC, amount_atoms=99_700 * DOLLAR))
            venue.trade(venue.alice, venue.carol, 100, 10_000)
        told = venue.gap(95)
        (opened,), (taken,) = of(v.CaseOpened, told), of(v.Deleveraged, told)
        assert opened.account == (venue.alice if first_fails else venue.bob)
        assert (opened.equity_value, taken.cost_atoms) == (-200 * DOLLAR - 1, 200 * DOLLAR)


def test_nobody_is_exempt_from_margin() -> None:
    """Whatever an account may do by itself, no order of it goes beyond its margin."""
    for prepare in WAYS_OUT.values():
        venue = Gapping()
        prepare(venue, 2, venue.bob)
        (refused,) = venue.give(venue.order(venue.bob, BID, 100, 10_000))
        assert isinstance(refused, v.Rejected)
        assert refused.reject in (Reject.INSUFFICIENT_MARGIN, Reject.TRADING_FROZEN)


@pytest.mark.parametrize("account", [*HouseAccount, 0, 20, FIRST_USER_ACCOUNT - 1])
def test_house_trades_nothing(account: int) -> None:
    venue = Gapping()
    (refused,) = venue.give(venue.order(int(account), BID, 100, 10))
    assert refused.reject == Reject.UNKNOWN_ACCOUNT


def test_fenced_account_trades_nothing() -> None:
    venue = Gapping()
    (refused,) = venue.give(venue.order(venue.fenced, BID, 100, 10))
    assert refused.reject == Reject.ACCOUNT_CANNOT_TRADE


SETTINGS = [
    (Parameter.LIQUIDATION_BUFFER_PPM, 0),
    (Parameter.LIQUIDATION_BUFFER_PPM, 1_000_000),
    (Parameter.LIQUIDATION_FEE_PPM, 0),
    (Parameter.LIQUIDATION_FEE_PPM, 50_000),
    (Parameter.LIQUIDATION_BAND_PPM, 0),
    (Parameter.LIQUIDATION_CLOSE_OUT_PPM, 0),
    (Parameter.LIQUIDATION_BOOK_MS, 86_400_000),
    (Parameter.CASES, 1),
    (Parameter.DELEVERAGING_POLICY, 1),
    (Parameter.DELEVERAGING_POLICY, 2),
]


@pytest.mark.parametrize(("parameter", "value"), SETTINGS, ids=str)
def test_no_setting_spares_who_is_bankrupt(parameter: Parameter, value: int) -> None:
    venue = Gapping()
    venue.must(c.SetParameter(parameter=parameter, value=value))
    told = venue.gap(95)
    (opened,), (taken,) = of(v.CaseOpened, told), of(v.Deleveraged, told)
    assert (opened.account, taken.cost_atoms) == (venue.bob, 200 * DOLLAR)


def test_contract_that_needs_no_maintenance_spares_nobody_who_has_nothing() -> None:
    venue = Gapping()
    venue.rule(2, maintenance_base_e8=0)
    assert of(v.CaseOpened, venue.gap(95))[0].account == venue.bob
