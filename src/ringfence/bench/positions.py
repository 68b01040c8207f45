"""Venues whose accounts hold six assets and positions in perpetuals, for ``ringfence bench margin``.

Two accounts that follow each other stand against each other in the same markets, so that everything sums to zero. How
far an account is leveraged is drawn: most are far from their margin, a few stand near it.
"""

import time
from typing import Any, NamedTuple

import numpy as np

from ..core import Exchange
from ..schema.commands import Clock, Command, ContinueSettlement, ConvertCollateral, Quote
from ..schema.enums import FIRST_USER_ACCOUNT, ONE_E8, AssetKind, HaircutKind, MarketKind, PriceState, Session
from ..schema.layout import RECORD, ROW_DTYPES, encode
from .flow import Shape, opening

CASH, PRICED = 1, np.arange(2, 8)
"""Everything is paid in asset 1; each of the others has a price and a perpetual, whose number is that of the asset."""
ASSETS_HELD = 6
QUOTERS = 3
FUNDS_ATOMS, CASH_ATOMS = 10**8, 10**10
PRICE_UNITS, MARK_TICKS, LOT_ATOMS_OF_CASH = 100 * 10**8, 10_000, 100_000
INVERSE_SQRT_ASSET = 3
EQUITY_ATOMS = 54_000 * 10**6
"""About what the holdings of an account count for, in atoms of cash."""
FREE_RATIO, EDGE_RATIO, MEAN_RATIO = 0.12, 0.036, 0.3
"""The least ratio of equity to the value of positions at which everybody may trade, and at which nobody begins unsafe,
and by how much more the others have."""
PROFIT_PPM = 2_000
US_PER_S = 10**6
TICK_US = US_PER_S // 10
"""Marks may move so often that no settlement comes between them."""
SETTLED_EVERY_S = 10


class Settled(NamedTuple):
    """How long a settlement took: the longest command, all of them, and how many there were.

    ``longest_look_ms`` is what it takes, after a command, to bring the accounts that it changed to their places in the
    watch list.
    """

    longest_ms: float
    total_ms: float
    pages: int
    longest_look_ms: float


def _prices(rows: dict[str, np.ndarray]) -> None:
    """Price all but the cash, from three sources, and give every asset margin rules."""
    prices, sources = np.zeros(len(PRICED), ROW_DTYPES["prices"]), rows["price_sources"]
    prices["asset"], prices["minimum_sources"], prices["session"] = PRICED, QUOTERS, int(Session.OPEN)
    prices["price_state"], prices["mark_units"] = int(PriceState.FRESH), PRICE_UNITS
    prices["maximum_age_ms"], prices["clamp_ppm"], prices["update_cap_ppm"] = 86_400_000, 500_000, 1_000_000
    quoters = sources["price_source"] <= QUOTERS
    sources["name"][quoters, 0], sources["enabled"][quoters] = ord("b"), 1
    quotes = np.zeros(len(PRICED) * QUOTERS, ROW_DTYPES["quotes"])
    quotes["asset"], quotes["weight"] = np.repeat(PRICED, QUOTERS), 1
    quotes["price_source"] = np.tile(np.arange(1, QUOTERS + 1), len(PRICED))
    rules = np.zeros(len(PRICED) + 1, ROW_DTYPES["collaterals"])
    rules["asset"], rules["weight_e8"], rules["haircut_base_e8"] = np.arange(1, 8), ONE_E8 * 9 // 10, ONE_E8
    rules["initial_base_e8"], rules["maintenance_base_e8"] = ONE_E8 // 10, ONE_E8 // 20
    rules["initial_factor_e8"], rules["maintenance_factor_e8"] = 10_000, 5_000
    inverse = rules["asset"] == INVERSE_SQRT_ASSET
    rules["haircut_kind"][inverse], rules["haircut_penalty_e8"][inverse] = int(HaircutKind.INVERSE_SQRT), 10_000
    rows["prices"], rows["quotes"], rows["collaterals"] = prices, quotes, rules


def _perpetuals(rows: dict[str, np.ndarray]) -> None:
    """List a perpetual on each priced asset, with the margin rules of SOL in venue.toml."""
    markets = np.repeat(rows["markets"], len(PRICED) + 1)
    markets["market"] = np.arange(1, len(markets) + 1)
    markets["base_asset"][1:], markets["market_kind"][1:] = PRICED, int(MarketKind.PERPETUAL)
    perpetuals = np.zeros(len(PRICED), ROW_DTYPES["perpetuals"])
    perpetuals["market"], perpetuals["price_state"] = PRICED, int(PriceState.FRESH)
    perpetuals["initial_base_e8"], perpetuals["initial_factor_e8"] = 2_000_000, 7_500
    perpetuals["maintenance_base_e8"], perpetuals["maintenance_factor_e8"] = 1_350_000, 3_750
    perpetuals["position_limit_lots"] = perpetuals["open_interest_limit_lots"] = 2**47
    perpetuals["mark_bound_ppm"] = 10_000
    perpetuals["index_ticks"] = perpetuals["mark_ticks"] = MARK_TICKS
    rows["markets"], rows["perpetuals"] = markets, perpetuals


def markets_of(account: np.ndarray, positions: int) -> np.ndarray:
    """Return the markets in which accounts have their positions, a row an account."""
    pair = (account - FIRST_USER_ACCOUNT) // 2
    return PRICED[0] + (pair[:, None] + np.arange(positions)) % len(PRICED)


def _positions(rows: dict[str, np.ndarray], accounts: int, positions: int, least_ratio: float) -> None:
    """Give every account its positions; the profit of one of a pair is the loss of the other."""
    draw = np.random.default_rng(3)
    numbers = np.arange(FIRST_USER_ACCOUNT, FIRST_USER_ACCOUNT + accounts)
    found = np.zeros(accounts * positions, ROW_DTYPES["positions"])
    ratio = least_ratio + draw.exponential(MEAN_RATIO, accounts // 2)
    lots = (EQUITY_ATOMS / (ratio * positions * LOT_ATOMS_OF_CASH)).astype(np.int64)[:, None]
    profit_ppm = draw.integers(-PROFIT_PPM, PROFIT_PPM, (accounts // 2, positions))
    cost = lots * LOT_ATOMS_OF_CASH - lots * LOT_ATOMS_OF_CASH // 1_000_000 * profit_ppm
    side = (1 - 2 * (numbers & 1))[:, None]
    found["account"], found["market"] = np.repeat(numbers, positions), markets_of(numbers, positions).ravel()
    found["net_lots"] = np.repeat(np.repeat(lots, 2, axis=0) * side, positions)
    found["entry_atoms"] = found["reference_atoms"] = (np.repeat(cost, 2, axis=0) * side).ravel()
    rows["positions"] = found[np.lexsort((found["market"], found["account"]))]
    longs = np.bincount(found["market"], np.maximum(found["net_lots"], 0), PRICED[-1] + 1)
    rows["perpetuals"]["open_interest_lots"] = longs[PRICED].astype(np.int64)


def venue(accounts: int, positions: int, least_ratio: float = FREE_RATIO) -> Exchange:
    """Return a venue whose accounts, an even number, hold six assets and so many positions each."""
    assert accounts % 2 == 0, "accounts stand against each other in pairs"
    rows = opening(Shape(0, 0, 1, accounts, len(PRICED) + 1, 0), funds_atoms=FUNDS_ATOMS).rows()
    rows["assets"]["asset_kind"][CASH - 1] = int(AssetKind.CASH)
    balances = rows["balances"][rows["balances"]["asset"] <= ASSETS_HELD]
    balances["available_atoms"][balances["asset"] == CASH] *= CASH_ATOMS // FUNDS_ATOMS
    rows["balances"] = balances
    _prices(rows)
    _perpetuals(rows)
    _positions(rows, accounts, positions, least_ratio)
    return Exchange.restore(rows)


def stamped(exchange: Exchange, *commands: Command, time_us: int | None = None) -> np.ndarray:
    """Return commands that come next, at a time, by default that of the last one."""
    records, at = [], exchange.time_us if time_us is None else time_us
    for place, command in enumerate(commands, 1):
        fields: dict[str, Any] = {name: getattr(command, name) for name in command.__struct_fields__}
        records.append(encode(type(command)(**fields | {"sequence": exchange.sequence + place, "time_us": at})))
    return np.frombuffer(b"".join(records), RECORD).copy()


def move_marks(exchange: Exchange, change_ppm: int, assets: list[int]) -> None:
    """Let a moment pass in which the prices of some assets change, and with them their perpetuals."""
    at, quotes = exchange.time_us + TICK_US, []
    for asset in assets:
        row = exchange.price(asset)
        assert row is not None, asset
        units = row.mark_units + row.mark_units * change_ppm // 1_000_000
        quotes += [
            Quote(asset=asset, price_source=n, bid_units=units, ask_units=units, observed_us=at)
            for n in range(1, QUOTERS + 1)
        ]
    exchange.apply(stamped(exchange, *quotes, Clock(), time_us=at))


def settle(accounts: int, positions: int) -> Settled:
    """Measure every command of a settlement over all positions, each in a call of its own."""
    exchange, taken, looked = venue(accounts, positions), [], []
    exchange.revalue()
    at = (exchange.time_us // US_PER_S // SETTLED_EVERY_S + 1) * SETTLED_EVERY_S * US_PER_S
    command: Command = Clock()
    while not taken or exchange.settling:
        records = stamped(exchange, command, time_us=at)
        begin = time.perf_counter()
        for _ in exchange.apply_in_parts(records):
            pass
        applied = time.perf_counter()
        exchange.take_up_changes(accounts)
        looked.append((time.perf_counter() - applied) * 1e3)
        taken.append((applied - begin) * 1e3)
        command = ConvertCollateral() if exchange.converting else ContinueSettlement()
    return Settled(max(taken), sum(taken), len(taken), max(looked))
