"""Positions (rules 2): what accounts have of a contract, and how trades, orders and funding change it."""

from ringfence.schema.enums import FUNDING_BITS, HouseAccount

from .state import BID, Market, Order, Position, State

FEES, ROUNDING, CLEARING = int(HouseAccount.FEES), int(HouseAccount.ROUNDING), int(HouseAccount.CLEARING)
KEEPS_A_ROW = ("net_lots", "bid_lots", "ask_lots", "reduce_lots", "reference_atoms", "due_atoms")


def of_account(state: State, account: int, wanted: int = 0) -> list[Market]:
    """Return the markets in which an account has a row, and one that is wanted beside them."""
    return [state.markets[n] for n in sorted(state.perpetuals) if n == wanted or (account, n) in state.positions]


def seen(state: State, account: int, market: Market) -> Position:
    """Return the row of an account, or the empty one that it would begin with."""
    found = state.positions.get((account, market.market))
    return found or Position(account, market.market, state.sequence, state.perpetuals[market.market].funding_index)


def opened(state: State, account: int, market: Market) -> Position:
    """Return the row of an account, which is made if there is none."""
    return state.positions.setdefault((account, market.market), seen(state, account, market))


def gone_if_empty(state: State, position: Position) -> None:
    if not any(getattr(position, name) for name in KEEPS_A_ROW):
        del state.positions[position.account, position.market]


def refer(state: State, account: int, market: Market, atoms: int) -> None:
    """Add to what an account has paid for its position, below zero what it was paid."""
    position = opened(state, account, market)
    position.reference_atoms += atoms
    gone_if_empty(state, position)


def pending(state: State, position: Position, market: Market) -> int:
    """Return the funding that was charged since the position was last touched, rounded towards the market."""
    grown = state.perpetuals[market.market].funding_index - position.funding_index
    return -(-position.net_lots * grown >> FUNDING_BITS)


def unsettled(state: State, position: Position, market: Market) -> int:
    worth = position.net_lots * state.perpetuals[market.market].mark_ticks * market.quote_factor
    return worth - position.reference_atoms - pending(state, position, market)


def touch(state: State, position: Position, market: Market) -> None:
    """Charge the funding that is pending; ROUNDING has the other side of it."""
    due = pending(state, position, market)
    position.reference_atoms += due
    position.funding_atoms -= due
    position.funding_index = state.perpetuals[market.market].funding_index
    refer(state, ROUNDING, market, -due)


def change(state: State, account: int, market: Market, lots: int, cost: int, fee: int) -> None:
    """Trade so many lots at that cost, both above zero for what was bought; FEES has the other side of the fee."""
    position, perpetual = opened(state, account, market), state.perpetuals[market.market]
    if not (position.net_lots or position.reference_atoms or position.due_atoms):
        # The last one is over; what orders kept of its row is that of the next.
        position.opened = state.sequence
        position.realized_atoms = position.funding_atoms = position.fees_atoms = 0
    touch(state, position, market)
    before = position.net_lots
    if before * lots >= 0:
        position.entry_atoms += cost
    else:
        closed = min(abs(lots), abs(before))
        entry = towards_zero(position.entry_atoms * closed, abs(before))
        paid = towards_zero(cost * closed, abs(lots))
        position.realized_atoms -= entry + paid
        position.entry_atoms += cost - paid - entry
    position.net_lots += lots
    position.reference_atoms += cost + fee
    position.fees_atoms += fee
    perpetual.open_interest_lots += max(0, position.net_lots) - max(0, before)
    if position.net_lots == 0:
        position.entry_atoms = 0
    gone_if_empty(state, position)
    refer(state, FEES, market, -fee)


def towards_zero(amount: int, by: int) -> int:
    return amount // by if amount >= 0 else -(-amount // by)


def stand(state: State, market: Market, order: Order, lots: int) -> None:
    """Count lots that an order has in the book of a perpetual, below zero those that it no longer has."""
    if not market.is_perpetual:
        return
    position = opened(state, order.account, market)
    if order.reduce_only:
        position.reduce_lots += lots
    elif order.side == BID:
        position.bid_lots += lots
    else:
        position.ask_lots += lots
    gone_if_empty(state, position)


def to_reduce(position: Position, side: int) -> int:
    """Return how many lots an order of a side can take from a position."""
    closes = position.net_lots < 0 if side == BID else position.net_lots > 0
    return abs(position.net_lots) if closes else 0


def largest(position: Position, bid: int = 0, ask: int = 0) -> int:
    """Return how many lots the position could have at most, with so many more in its orders.

    Those that only reduce it may fill first.
    """
    net = position.net_lots
    bid += position.bid_lots + (position.reduce_lots if net < 0 else 0)
    ask += position.ask_lots + (position.reduce_lots if net > 0 else 0)
    return max(abs(net + bid), abs(net - ask))
