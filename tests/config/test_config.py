"""venue.toml: what is wrong is named with place, value and expectation; what is right becomes exact commands."""

import numpy as np
import pytest

from ringfence.app.demo import PRICE_SOURCES, demo_config
from ringfence.config import (
    TEMPLATE,
    ConfigError,
    load_config,
    parse_config,
    parse_units,
    seed_commands,
    template_config,
)
from ringfence.core import Exchange
from ringfence.schema.commands import Deposit
from ringfence.schema.enums import PARAMETER_LIMITS, AssetKind, MarketState, Parameter
from ringfence.schema.layout import COMMAND_HEADER, EVENT_HEADER, RECORD, encode
from ringfence.schema.rejects import Reject

SIMULATED = '[[prices.sources]]\nnumber = 1\nname = "a"\nkind = "simulated"\n'
PRICED = '[[prices.assets]]\nsymbol = "USDC"\nweights = { a = 1 }\n'
USDC = '[[assets]]\nsymbol = "USDC"\nname = ""\nkind = "cash"\ndecimals = 6\n'
SOL = '[[assets]]\nsymbol = "SOL"\nname = ""\nkind = "crypto"\ndecimals = 9\n'
MARKET = '[[markets]]\nbase = "SOL"\nquote = "USDC"\n'
FEES = "[[fee_tiers]]\n"
COUNTS = '[[collaterals]]\nasset = "USDC"\nweight = "1"\ninitial_base = "0.1"\nmaintenance_base = "0.05"\n'
POOL = '[[lending_pools]]\nasset = "USDC"\nrate_optimal = "0.1"\nrate_full = "1"\n'


def apply(commands: list) -> tuple[Exchange, np.ndarray]:
    """Return an exchange after the commands, and their events."""
    exchange = Exchange()
    records = np.frombuffer(bytearray(b"".join(map(encode, commands))), RECORD)
    headers = records.view(COMMAND_HEADER)
    headers["sequence"] = np.arange(1, records.size + 1)
    headers["time_us"] = 1
    return exchange, exchange.apply(records)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 80000", "venue.toml: port: 80000 is not within 0 to 65535"),
        ("port = 'x'", "venue.toml: port: expected `int`, got `str`"),
        ("host = ''\nport = x", "venue.toml: Invalid value (at line 2, column 8)"),
        ("prot = 1", "venue.toml: object contains unknown field `prot`"),
        ("[snapshots]\nevery_minutes = 0", "snapshots.every_minutes: 0 is not within 1 to 10080"),
        ("[limits]\npublic_requests_per_minute = 0", "limits.public_requests_per_minute: 0 is not within"),
        ("[parameters]\nusers = 0", "parameters.users: 0 is not within 1 to 4194304"),
        ("[parameters]\nuser = 1", "parameters.user: is not a parameter; expected one of open_orders_per_account"),
        (FEES + 'maker_bps = 2\ntaker_bps = "5"', "fee_tiers 1.maker_bps: expected `str`, got `int` (write decimal"),
        (FEES + 'maker_bps = "-0.001"\ntaker_bps = "5"', "fee_tiers 1: maker_bps: 0.001 has 3 decimals, at most 2"),
        (FEES + 'maker_bps = "2"\ntaker_bps = "5000"', "fee_tiers 1: taker_bps: 5000 is above 1000"),
        (USDC + USDC, "assets USDC: stands there twice"),
        (USDC.replace("USDC", "usdc"), "assets usdc: symbol: 'usdc' is not 1 to 16 of A-Z"),
        (USDC.replace("cash", "money"), "assets USDC: kind: 'money' is not one of crypto, cash, share, tracker"),
        (USDC.replace("= 6", "= 13"), "assets USDC: decimals: 13 is not within 0 to 12"),
        (USDC + MARKET + 'tick = "1"\nstep = "1"', "markets SOL_USDC: SOL is not among the assets: USDC"),
        (USDC + SOL + MARKET + 'tick = "0"\nstep = "1"', "markets SOL_USDC: tick: 0 is not greater than zero"),
        (USDC + SOL + MARKET + 'tick = "1e-2"\nstep = "1"', "markets SOL_USDC: tick: expected a decimal number"),
        (USDC + SOL + MARKET + 'tick = "0.0000001"\nstep = "1"', "tick: 0.0000001 has 7 decimals, at most 6"),
        (USDC + SOL + MARKET + 'tick = "0.01"\nstep = "0.00001"', "is not a whole number of the smallest unit of USDC"),
        (
            USDC + SOL + MARKET + 'tick = "0.05"\nstep = "1"\nminimum_price = "0.07"',
            "markets SOL_USDC: minimum_price: 0.07 is not a multiple of tick",
        ),
        (
            USDC + SOL + MARKET + 'tick = "1"\nstep = "1"\nlimit_band = ["2", "4"]',
            "markets SOL_USDC: limit_band: 2 to 4 does not hold 1",
        ),
        (USDC + SOL + MARKET + 'tick = "1"\nstep = "1"\nstate = "shut"', "state: 'shut' is not one of open, closed"),
        (USDC + '[[users]]\nname = "a"\ndeposits = { DOGE = "1" }', "users a: deposits.DOGE: is not among the assets"),
        ("[prices]\ninterval_ms = 1", "prices.interval_ms: 1 is not within 100 to 60000"),
        (SIMULATED.replace("= 1", "= 16"), "prices.sources a: number: 16 is not within 1 to 15"),
        (SIMULATED + SIMULATED.replace('"a"', '"b"'), "prices.sources number 1: stands there twice"),
        (SIMULATED.replace("simulated", "oracle"), "a: kind: 'oracle' is not one of simulated, recorded, ccxt, ringf"),
        (SIMULATED.replace("simulated", "ccxt"), "prices.sources a: exchange: is needed, as ccxt names it"),
        (SIMULATED.replace("simulated", "ringfence"), "prices.sources a: url: '' does not begin with http://"),
        (SIMULATED.replace("simulated", "recorded"), "prices.sources a: path: is needed, the file to play"),
        (SIMULATED.replace('"a"', '"a name that is long"'), "name: 'a name that is long' is not 1 to 16 printable"),
        (USDC + PRICED, "prices.assets USDC: weights.a: is not among the sources: there is none"),
        (USDC + SIMULATED + PRICED, "weights: 1 sources can never be the 3 of minimum_sources"),
        (USDC + SIMULATED + PRICED, "weights.a: prices.simulated.first_prices has no USDC"),
        (USDC + SIMULATED + PRICED + 'clamp_bps = "0.001"', "clamp_bps: 0.001 has 3 decimals, at most 2"),
        (USDC + SIMULATED + PRICED + 'update_cap_bps = "0"', "update_cap_bps: 0 is not greater than zero"),
        (SIMULATED + PRICED, "prices.assets USDC: is not among the assets"),
        (COUNTS, "collaterals USDC: is not among the assets"),
        (USDC + COUNTS + COUNTS, "collaterals USDC: stands there twice"),
        (USDC + COUNTS.replace('"1"', '"1.1"'), "collaterals USDC: weight: 1.1 is above 1"),
        (
            USDC + COUNTS.replace('"1"', "1"),
            "collaterals 1.weight: expected `str`, got `int` (write decimal numbers in",
        ),
        (USDC + COUNTS.replace('"0.1"', '"0"'), "collaterals USDC: initial_base: 0 is not greater than zero"),
        (USDC + COUNTS.replace("0.05", "0.2"), "USDC: maintenance_base: 0.2 is above initial_base, which is 0.1"),
        (USDC + COUNTS + 'haircut = "sqrt"', "haircut: 'sqrt' is not one of identity, inverse-sqrt"),
        (USDC + COUNTS + 'haircut_penalty = "0.000000001"', "haircut_penalty: 0.000000001 has 9 decimals, at most 8"),
        (USDC + POOL, "lending_pools USDC: needs a [[collaterals]] of the same asset"),
        (POOL + COUNTS, "lending_pools USDC: is not among the assets"),
        (USDC + COUNTS + POOL + POOL, "lending_pools USDC: stands there twice"),
        (USDC + COUNTS + POOL.replace("0.1", "2"), "rate_optimal: 2 is above rate_full, which is 1"),
        (USDC + COUNTS + POOL + 'fee = "1.5"', "lending_pools USDC: fee: 1.5 is above 1"),
        (USDC + COUNTS + POOL + 'optimal_utilisation = "1"', "optimal_utilisation: 1 is not between 0 and 1"),
        (USDC + COUNTS + POOL + 'maximum_utilisation = "0.9"', "throttle_bound: 1 is above maximum_utilisation, whi"),
        (USDC + COUNTS + POOL + 'state = "shut"', "state: 'shut' is not one of open, closed, repay-only"),
        (USDC + COUNTS + POOL + 'lend_limit = "0.0000001"', "lend_limit: 0.0000001 has 7 decimals, at most 6"),
        (USDC + COUNTS + POOL + 'lend_limit = "99999999999"', "lend_limit: 99999999999 is more than a pool of USDC"),
        ('[[users]]\nname = "a"\neligible_classes = [62]', "users a: eligible_classes: 62 is not within 1 to 61"),
    ],
)
def test_config_with_a_mistake_names_place_value_and_expectation(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    assert message in str(caught.value)


def test_config_with_several_mistakes_names_all_of_them():
    with pytest.raises(ConfigError) as caught:
        parse_config("port = -1\n[snapshots]\nkeep = 0\n" + USDC.replace("= 6", "= 99"))
    assert len(str(caught.value).splitlines()) == 3


def test_absent_file_says_what_writes_one(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file; `ringfence init` writes one"):
        load_config(tmp_path / "venue.toml")


@pytest.mark.parametrize(
    ("text", "decimals", "units"),
    [("0.01", 2, 1), ("1", 6, 10**6), ("0.10", 1, 1), ("123.456", 3, 123_456), ("0", 0, 0), ("5.000", 0, 5)],
)
def test_units_of_a_decimal_text_are_exact(text, decimals, units):
    assert parse_units(text, decimals) == units


@pytest.mark.parametrize("text", ["", ".", "1.", ".5", "-1", "+1", "1e3", "1_000", "0x1", " 1", "NaN", "1" * 41, "１"])
def test_units_of_anything_else_are_refused(text):
    with pytest.raises(ValueError, match="expected a decimal number"):
        parse_units(text, 2)


def test_template_seeds_an_empty_venue_with_its_markets():
    config = template_config()
    exchange, events = apply(seed_commands(config))
    assert 1 not in events.view(EVENT_HEADER)["kind"], "nothing was rejected"
    assert (exchange.assets_listed, exchange.markets_listed, exchange.users_opened) == (7, 10, 0)
    market, asset = exchange.market(2), exchange.asset(3)
    assert market and asset and asset.symbol == "BTC" and asset.decimals == 8
    assert (market.tick_atoms, market.lot_atoms, market.quote_factor) == (100_000, 1_000, 1)
    assert (market.maximum_price_ticks, market.maximum_quantity_lots) == (100_000_000, 1_000_000_000)
    assert (market.limit_minimum_ppm, market.limit_maximum_ppm) == (250_000, 4_000_000)
    assert (market.impact_minimum_ppm, market.impact_maximum_ppm) == (950_000, 1_050_000)
    assert market.state == MarketState.OPEN
    share = exchange.asset(5)
    assert share and (share.asset_kind, share.eligibility_class, share.decimals) == (AssetKind.SHARE, 1, 6)
    assert exchange.fee_tier(0, 0) == (200, 500)


def test_users_are_opened_made_eligible_and_funded_in_their_order():
    users = [f'[[users]]\nname = "{name}"\neligible_classes = [1, 3]\n' for name in ("a", "b")]
    text = TEMPLATE + users[0] + 'deposits = { USDC = "1.5", SOL = "2" }\n' + users[1] + 'deposits = { USDC = "3" }\n'
    commands = seed_commands(parse_config(text))
    exchange, _ = apply(commands)
    assert [c.number for c in commands if isinstance(c, Deposit)] == [1, 2, 3]
    assert exchange.balances(64) == [(1, 1_500_000, 0), (2, 2 * 10**9, 0)]
    assert exchange.balances(66) == [(1, 3_000_000, 0)]
    second = exchange.user(2)
    assert second and second.hold_classes == second.buy_classes == 0b1010


def test_prices_of_the_demo_become_sources_pricing_and_weights():
    config = demo_config(0, 7)
    commands = seed_commands(config)
    exchange, events = apply(commands)
    assert 1 not in events.view(EVENT_HEADER)["kind"], "nothing was rejected"
    assert [exchange.price_source(number).name for number in range(1, 5)] == list(PRICE_SOURCES)
    row = exchange.price(2)
    assert row and (row.minimum_sources, row.maximum_age_ms) == (3, 10_000)
    assert (row.clamp_ppm, row.update_cap_ppm, row.closed_haircut_ppm) == (10_000, 2_500, 0)
    assert all([q.weight for q in exchange.quotes(asset)] == [1] * 4 for asset in range(1, 8))


def test_template_sets_collateral_and_pools_that_the_core_takes():
    exchange, events = apply(seed_commands(template_config()))
    assert 1 not in events.view(EVENT_HEADER)["kind"], "nothing was rejected"
    usdc, sol, share = (exchange.collateral(asset) for asset in (1, 2, 5))
    assert usdc and (usdc.weight_e8, usdc.initial_base_e8, usdc.maintenance_base_e8) == (10**8, 10**7, 5 * 10**6)
    assert sol and (sol.weight_e8, sol.haircut_kind, sol.haircut_penalty_e8) == (9 * 10**7, 1, 10**4)
    assert share and share.weight_e8 == 7 * 10**7
    conversions = [exchange.collateral(asset) for asset in range(1, 8)]
    assert [row and row.conversion_market for row in conversions] == [0, 1, 2, 3, 0, 0, 0]
    assert sol.conversion_discount_ppm == 30_000
    pools = [exchange.lending_pool(asset) for asset in range(1, 8)]
    assert [pool is not None for pool in pools] == [True] * 4 + [False] * 3
    assert pools[0] and (pools[0].rate_optimal_e8, pools[0].fee_ppm, pools[0].lent_shares) == (8 * 10**6, 10**5, 0)


def test_limit_of_a_pool_counts_in_units_of_its_asset():
    exchange, _ = apply(seed_commands(parse_config(USDC + COUNTS + POOL + 'lend_limit = "1000.5"\nstate = "closed"')))
    pool = exchange.lending_pool(1)
    assert pool and (pool.lend_limit_atoms, pool.pool_state) == (1_000_500_000, 2)


def test_prices_in_the_comments_of_the_template_are_a_configuration():
    block = TEMPLATE[TEMPLATE.index("# [prices]") : TEMPLATE.index("# Users can be opened here")]
    config = parse_config(TEMPLATE + "\n".join(line.removeprefix("# ") for line in block.splitlines() if line != "#"))
    assert [source.name for source in config.prices.sources] == ["kraken", "coinbase", "neighbour"]
    assert len(seed_commands(config)) == len(seed_commands(template_config())) + 3 + 1 + 3


def test_parameters_come_last_so_that_a_longer_configuration_does_not_begin_like_a_shorter_one():
    short = seed_commands(parse_config(TEMPLATE))
    longer = seed_commands(parse_config(TEMPLATE + '[[users]]\nname = "a"\n'))
    assert longer[: len(short)] != short
    assert [command.parameter for command in short[-len(PARAMETER_LIMITS) :]] == list(Parameter)


def test_core_refuses_what_the_checks_leave_to_it():
    reversed_range = 'tick = "0.01"\nstep = "0.01"\nminimum_price = "5"\nmaximum_price = "4"\n'
    _, events = apply(seed_commands(parse_config(USDC + SOL + MARKET + reversed_range)))
    kinds = events.view(EVENT_HEADER)["kind"].tolist()
    assert kinds.count(1) == 1 and Reject.RANGE_REVERSED.name == "RANGE_REVERSED"
