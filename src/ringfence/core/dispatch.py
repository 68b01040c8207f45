"""Commands in, events out.  The order of a command's life: stamp checked, door, handler, balance of postings.

There are three ways in, for orders, for settings and prices, and for all others, because what is compiled together is
compiled slowly, and what is compiled in two of them twice: so everything that matches is in the first.
"""

from ..schema.enums import MOST_ACTIONS, PARAMETER_LIMITS, PRICE_SOURCES, Parameter
from . import (
    accounts,
    actions,
    amend,
    auctions,
    brakes,
    cancels,
    conversion,
    covering,
    delisting,
    dividends,
    firing,
    liquidation,
    listings,
    loans,
    money,
    opening,
    orders,
    people,
    perpetuals,
    quotes,
    settings,
    settlement,
    splits,
    topups,
    turns,
    unwinding,
    vault_shares,
    vaults,
    waves,
)
from . import records as r
from .contracts import POSITIONS_PER_ACCOUNT, REDUCE_ORDERS
from .door import market_named, passes_door
from .emit import emit_rejected
from .inventory import ASSETS_SHOWN
from .jit import cold, flat, hot
from .lookahead import look_ahead
from .records import Kind, cast
from .redemptions import SERVED_PER_CLOCK
from .retiring import EVENTS_OF_BRAKES
from .settlement import EVENTS_PER_PAGE
from .taking import begin_takes

MOST = {parameter: highest for parameter, (_, highest, _) in PARAMETER_LIMITS.items()}
# A cancelled order may repay and lend what was locked; so may each side of a fill with what it received, or it may
# close all orders that only reduce the maker's position. An account's triggers end once. A clock tells three things
# of a perpetual and two of an asset, and settles a page, which ends with the account that has its last event.
OF_ORDERS = max(3 * MOST[Parameter.OPEN_ORDERS_PER_ACCOUNT], (4 + REDUCE_ORDERS) * MOST[Parameter.FILLS_PER_COMMAND])
OF_ACCOUNT = MOST[Parameter.OPEN_ORDERS_PER_ACCOUNT] + 4 * POSITIONS_PER_ACCOUNT
OF_MARKETS = 3 * MOST[Parameter.MARKETS] + EVENTS_OF_BRAKES
OF_CLOCK = OF_MARKETS + 2 * MOST[Parameter.ASSETS] + SERVED_PER_CLOCK + EVENTS_PER_PAGE + OF_ACCOUNT
# A case shows its estate when it opens: each asset and its price with all sources, each position with two such prices,
# and what is expected of each corporate action with one.
OF_PRICE = 1 + PRICE_SOURCES
OF_ESTATE = ASSETS_SHOWN * (1 + OF_PRICE) + POSITIONS_PER_ACCOUNT * (2 + 2 * OF_PRICE) + MOST_ACTIONS * (1 + OF_PRICE)
OF_CASES = EVENTS_PER_PAGE + OF_ESTATE + OF_ORDERS
# Before a command, each corporate action may begin both its records and adjust one contract.
OF_RECORDS = 3 * MOST_ACTIONS
EVENTS_PER_COMMAND = max(OF_CASES, OF_CLOCK) + MOST[Parameter.TRIGGERS_PER_ACCOUNT] + 64 + OF_RECORDS
"""More events than one command can make: a buffer must have this many rows free before a command is begun."""


@flat
def handle_rare(s, commands, i):
    """Carry out a command about money or people; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.DEPOSIT:
        return money.deposit(s, cast(commands, i, r.DEPOSIT))
    if kind == Kind.REQUEST_WITHDRAWAL:
        return money.request_withdrawal(s, cast(commands, i, r.REQUEST_WITHDRAWAL))
    if kind == Kind.SETTLE_WITHDRAWAL:
        return money.settle_withdrawal(s, cast(commands, i, r.SETTLE_WITHDRAWAL))
    if kind == Kind.RETURN_WITHDRAWAL:
        return money.return_withdrawal(s, cast(commands, i, r.RETURN_WITHDRAWAL))
    if kind == Kind.TRANSFER:
        return money.transfer(s, cast(commands, i, r.TRANSFER))
    if kind == Kind.MOVE_HOUSE_FUNDS:
        return money.move_house_funds(s, cast(commands, i, r.MOVE_HOUSE_FUNDS))
    if kind == Kind.OPEN_USER:
        return people.open_user(s, cast(commands, i, r.OPEN_USER))
    if kind == Kind.OPEN_ACCOUNT:
        return people.open_account(s, cast(commands, i, r.OPEN_ACCOUNT))
    if kind == Kind.SET_USER:
        return people.set_user(s, cast(commands, i, r.SET_USER))
    if kind == Kind.SET_ELIGIBILITY:
        return people.set_eligibility(s, cast(commands, i, r.SET_ELIGIBILITY))
    if kind == Kind.TOP_UP:
        return topups.top_up(s, cast(commands, i, r.TOP_UP))
    if kind == Kind.SET_STANDING_TOP_UP:
        return topups.set_standing(s, cast(commands, i, r.SET_STANDING_TOP_UP))
    if Kind.MINT_VAULT_SHARES <= kind <= Kind.CANCEL_VAULT_REDEEM:
        return handle_shares(s, commands, i)
    return handle_loans(s, commands, i)


@flat
def handle_shares(s, commands, i):
    """Carry out a command about shares of vaults; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.MINT_VAULT_SHARES:
        return vault_shares.mint_shares(s, cast(commands, i, r.MINT_VAULT_SHARES))
    if kind == Kind.REQUEST_VAULT_REDEEM:
        return vault_shares.request_redeem(s, cast(commands, i, r.REQUEST_VAULT_REDEEM))
    return vault_shares.cancel_redeem(s, cast(commands, i, r.CANCEL_VAULT_REDEEM))


@flat
def handle_loans(s, commands, i):
    """Carry out a command about lending, borrowing or an account's settings; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.SET_ACCOUNT:
        return accounts.set_account(s, cast(commands, i, r.SET_ACCOUNT))
    if kind == Kind.LEND:
        return loans.lend(s, cast(commands, i, r.LEND))
    if kind == Kind.REDEEM:
        return loans.redeem(s, cast(commands, i, r.REDEEM))
    if kind == Kind.BORROW:
        return loans.borrow(s, cast(commands, i, r.BORROW))
    assert kind == Kind.REPAY, "a kind of command has no handler"
    return loans.repay(s, cast(commands, i, r.REPAY))


@flat
def handle_setting(s, commands, i):
    """Carry out the clock, a listing, a setting or a quote; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.CLOCK:
        return settings.clock(s, cast(commands, i, r.CLOCK))
    if kind == Kind.SET_RULES:
        return settings.set_rules(s, cast(commands, i, r.SET_RULES))
    if kind == Kind.SET_PARAMETER:
        return settings.set_parameter(s, cast(commands, i, r.SET_PARAMETER))
    if kind == Kind.LIST_ASSET:
        return listings.list_asset(s, cast(commands, i, r.LIST_ASSET))
    if kind == Kind.LIST_MARKET:
        return listings.list_market(s, cast(commands, i, r.LIST_MARKET))
    if kind == Kind.SET_MARKET_STATE:
        return listings.set_market_state(s, cast(commands, i, r.SET_MARKET_STATE))
    if kind == Kind.SET_MARKET_LIMITS:
        return listings.set_market_limits(s, cast(commands, i, r.SET_MARKET_LIMITS))
    if kind == Kind.SET_PRICE_BANDS:
        return listings.set_price_bands(s, cast(commands, i, r.SET_PRICE_BANDS))
    if kind == Kind.SET_FEE_TIER:
        return listings.set_fee_tier(s, cast(commands, i, r.SET_FEE_TIER))
    return handle_prices(s, commands, i)


@flat
def handle_prices(s, commands, i):
    """Carry out a command about prices; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.QUOTE:
        return quotes.take_quote(s, cast(commands, i, r.QUOTE))
    if kind == Kind.SET_PRICE_SOURCE:
        return quotes.set_price_source(s, cast(commands, i, r.SET_PRICE_SOURCE))
    if kind == Kind.SET_PRICING:
        return quotes.set_pricing(s, cast(commands, i, r.SET_PRICING))
    if kind == Kind.SET_PRICE_WEIGHT:
        return quotes.set_price_weight(s, cast(commands, i, r.SET_PRICE_WEIGHT))
    if kind == Kind.SET_SESSION:
        return quotes.set_session(s, cast(commands, i, r.SET_SESSION))
    if kind == Kind.SET_COLLATERAL:
        return accounts.set_collateral(s, cast(commands, i, r.SET_COLLATERAL))
    if kind == Kind.SET_LENDING_POOL:
        return loans.set_lending_pool(s, cast(commands, i, r.SET_LENDING_POOL))
    if kind == Kind.SET_PERPETUAL:
        return perpetuals.set_perpetual(s, cast(commands, i, r.SET_PERPETUAL))
    if kind == Kind.DELIST_PERPETUAL:
        return delisting.delist_perpetual(s, cast(commands, i, r.DELIST_PERPETUAL))
    if kind == Kind.SET_BRAKES:
        return brakes.set_brakes(s, cast(commands, i, r.SET_BRAKES))
    if kind == Kind.OPEN_CASES:
        return opening.open_cases(s)
    if kind == Kind.DELEVERAGE:
        return waves.deleverage(s)
    if kind == Kind.SET_VAULT:
        return vaults.set_vault(s, cast(commands, i, r.SET_VAULT))
    if kind == Kind.PAY_VAULT_REDEMPTIONS:
        return vault_shares.pay_redemptions(s)
    if kind == Kind.CONTINUE_SETTLEMENT:
        return settlement.continue_settlement(s)
    return handle_actions(s, commands, i)


@flat
def handle_actions(s, commands, i):
    """Carry out a command about corporate actions; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.SET_ACTION:
        return actions.set_action(s, cast(commands, i, r.SET_ACTION))
    if kind == Kind.CANCEL_ACTION:
        return actions.cancel_action(s, cast(commands, i, r.CANCEL_ACTION))
    if kind == Kind.FUND_ACTION:
        return actions.fund_action(s, cast(commands, i, r.FUND_ACTION))
    if kind == Kind.PAY_ACTION:
        return actions.pay_action(s, cast(commands, i, r.PAY_ACTION))
    if kind == Kind.RELEASE_UNCLAIMED:
        return actions.release_unclaimed(s, cast(commands, i, r.RELEASE_UNCLAIMED))
    if kind == Kind.CLOSE_ACTION:
        return actions.close_action(s, cast(commands, i, r.CLOSE_ACTION))
    if kind == Kind.CONTINUE_ACTIONS:
        return dividends.continue_actions(s)
    return handle_splits(s, commands, i)


@flat
def handle_splits(s, commands, i):
    """Carry out a command about splits and names; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.SPLIT_SHARE:
        return splits.split_share(s, cast(commands, i, r.SPLIT_SHARE))
    if kind == Kind.RENAME_ASSET:
        return splits.rename_asset(s, cast(commands, i, r.RENAME_ASSET))
    if kind == Kind.SET_MARKET_GRID:
        return splits.set_market_grid(s, cast(commands, i, r.SET_MARKET_GRID))
    assert kind == Kind.SETTLE_FRACTION, "a kind of command has no handler"
    return splits.settle_fraction(s, cast(commands, i, r.SETTLE_FRACTION))


@flat
def step_rare(s, commands, i):
    """Apply one command about money or people."""
    begin_command(s, commands[i])
    end_command(s, commands, i, passes_door(s, commands, i) and handle_rare(s, commands, i))


@flat
def step_setting(s, commands, i):
    """Apply one setting."""
    begin_command(s, commands[i])
    end_command(s, commands, i, passes_door(s, commands, i) and handle_setting(s, commands, i))


@hot
def begin_command(s, header):
    """Check a command's stamp and let the venue stand where it is."""
    venue = s.venue[0]
    assert header.sequence == venue.sequence + 1, "a command is out of sequence"
    assert header.time_us >= venue.time_us, "time goes back"
    venue.sequence = header.sequence
    venue.time_us = header.time_us
    venue.first_event = venue.events
    if header.time_us >= venue.next_take_us:
        begin_takes(s)


@hot
def end_command(s, commands, i, accepted):
    """Tell why a command was refused, and check that what it posted sums to zero."""
    if not accepted:
        emit_rejected(s, commands[i].kind, commands[i].account, market_named(s, commands, i))
    assert s.venue[0].unbalanced_assets == 0, "the postings of a command do not sum to zero"


@hot
def is_about_orders(kind):
    """Whether the kind is about orders and triggers, and so in the entry that matches."""
    later = kind == Kind.UNWIND_VAULT or kind == Kind.COVER_DEBTS
    return (Kind.PLACE_ORDER <= kind <= Kind.STEP_CASE and kind != Kind.REPAY) or later


@hot
def is_setting(kind):
    """Whether the kind is the clock, a listing, a setting or a quote."""
    return (
        Kind.CLOCK <= kind <= Kind.SET_FEE_TIER
        or Kind.SET_PRICE_SOURCE <= kind <= Kind.SET_LENDING_POOL
        or (kind >= Kind.QUOTE and not is_about_money(kind) and not is_about_orders(kind))
    )


@hot
def is_about_money(kind):
    """Whether a kind after all those about orders is about somebody's money."""
    shares = Kind.MINT_VAULT_SHARES <= kind <= Kind.CANCEL_VAULT_REDEEM
    return shares or kind == Kind.TOP_UP or kind == Kind.SET_STANDING_TOP_UP


@cold
def handle_others(s, commands, i):
    """Carry out a command about orders that places none; returns whether it was accepted."""
    kind = commands[i].kind
    if kind == Kind.CANCEL_ALL_ORDERS:
        return cancels.cancel_all_orders(s, cast(commands, i, r.CANCEL_ALL_ORDERS))
    if kind == Kind.AMEND_ORDER:
        return amend.amend_order(s, cast(commands, i, r.AMEND_ORDER))
    if kind == Kind.UNCROSS_MARKET:
        return auctions.uncross_market(s, cast(commands, i, r.UNCROSS_MARKET))
    return firing.place_trigger(s, cast(commands, i, r.PLACE_TRIGGER))


@hot
def is_the_venues(kind):
    """Whether the kind lets the venue place an order in somebody's name."""
    own = kind == Kind.FIRE_TRIGGER or kind == Kind.CONVERT_COLLATERAL
    return own or kind == Kind.STEP_CASE or kind == Kind.UNWIND_VAULT or kind == Kind.COVER_DEBTS


@cold
def begin_own(s, kind):
    """Write the order that the venue places; returns whether there is one."""
    if kind == Kind.STEP_CASE:
        return turns.begin_step(s)
    if kind == Kind.UNWIND_VAULT:
        return unwinding.begin_unwinding(s)
    if kind == Kind.COVER_DEBTS:
        return covering.begin_covering(s)
    return firing.begin_firing(s) if kind == Kind.FIRE_TRIGGER else conversion.begin_conversion(s)


@cold
def end_own(s, kind, accepted):
    """Say what became of the order that the venue placed."""
    if kind == Kind.STEP_CASE:
        liquidation.end_step(s, accepted)
    elif kind == Kind.UNWIND_VAULT:
        unwinding.end_unwinding(s, accepted)
    elif kind == Kind.COVER_DEBTS:
        covering.end_covering(s, accepted)
    elif kind == Kind.FIRE_TRIGGER:
        firing.end_firing(s, accepted)
    else:
        conversion.end_conversion(s, accepted)
    return True


@flat
def handle(s, commands, i):
    """Carry out a command about orders that passed the door; returns whether it was accepted."""
    kind, order = commands[i].kind, cast(commands, i, r.PLACE_ORDER)
    if kind == Kind.CANCEL_ORDER:
        return cancels.cancel_order(s, cast(commands, i, r.CANCEL_ORDER))
    if kind != Kind.PLACE_ORDER:
        if not is_the_venues(kind):
            return handle_others(s, commands, i)
        if not begin_own(s, kind):
            return True
        order = cast(s.fired, 0, r.PLACE_ORDER)
    # The one place where orders are placed, whoever does it: matching is large.
    accepted = orders.place_order(s, order)
    return accepted if kind == Kind.PLACE_ORDER else end_own(s, kind, accepted)


@flat
def step(s, commands, i):
    """Apply one command about orders."""
    begin_command(s, commands[i])
    end_command(s, commands, i, passes_door(s, commands, i) and handle(s, commands, i))


@hot
def is_room(s):
    """Whether the event buffer has room for whatever one command may make."""
    return s.venue[0].events + EVENTS_PER_COMMAND <= len(s.events)


@flat
def apply_orders(s, commands, begin, ahead):
    """Apply commands about orders from ``begin`` up to the first command of another kind; returns where it ended.

    ``venue.applied`` counts the commands that were applied in full, so it names the one that broke an assertion.
    """
    venue = s.venue[0]
    i = begin
    while i < len(commands) and is_about_orders(commands[i].kind) and is_room(s):
        if ahead:
            look_ahead(s, commands, i, len(commands))
        step(s, commands, i)
        venue.applied += 1
        i += 1
    return i


@flat
def apply_rare(s, commands, begin):
    """Apply commands about money and people from ``begin`` up to the first of another kind; returns where it ended."""
    venue = s.venue[0]
    i = begin
    while i < len(commands) and is_room(s):
        if is_about_orders(commands[i].kind) or is_setting(commands[i].kind):
            break
        step_rare(s, commands, i)
        venue.applied += 1
        i += 1
    return i


@flat
def apply_settings(s, commands, begin):
    """Apply settings from ``begin`` up to the first command that is none; returns where it ended."""
    venue = s.venue[0]
    i = begin
    while i < len(commands) and is_setting(commands[i].kind) and is_room(s):
        step_setting(s, commands, i)
        venue.applied += 1
        i += 1
    return i
