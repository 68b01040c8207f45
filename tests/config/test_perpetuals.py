"""Perpetuals in venue.toml: what is wrong is named, what is right becomes exact commands."""

import pytest

from ringfence.config import ConfigError, parse_config, seed_commands, template_config
from ringfence.config.perpetuals import mark_bound_warning
from ringfence.schema.commands import ListMarket, SetPerpetual
from ringfence.schema.enums import MarketKind

USDC = '[[assets]]\nsymbol = "USDC"\nname = ""\nkind = "cash"\ndecimals = 6\n'
SOL = '[[assets]]\nsymbol = "SOL"\nname = ""\nkind = "crypto"\ndecimals = 9\n'
SPOT = '[[markets]]\nbase = "SOL"\nquote = "USDC"\ntick = "0.01"\nstep = "0.01"\n'
KIND = 'kind = "perpetual"\n'
TABLE = "[markets.perpetual]\n"
RULES = KIND + TABLE + 'initial_base = "0.02"\nmaintenance_base = "0.0135"\n'
HERE = "markets SOL_USDC_PERP: "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (USDC + SOL + SPOT + KIND, HERE + "a perpetual needs [markets.perpetual], which says its margin"),
        (USDC + SOL + SPOT + 'kind = "future"', "kind: 'future' is not one of spot, perpetual"),
        (USDC + SOL + SPOT + RULES.replace(KIND, ""), 'belongs to a market of kind = "perpetual"'),
        (USDC.replace("cash", "crypto") + SOL + SPOT + RULES, "is paid in cash, and USDC is of kind crypto"),
        (USDC + SOL + SPOT + RULES + 'maintenance_factor = "0.1"', "maintenance_factor: 0.1 is above initial_factor"),
        (USDC + SOL + SPOT + RULES + 'lowest_funding = "0.02"', "lowest_funding: 0.02 is above highest_funding"),
        (USDC + SOL + SPOT + RULES + 'lowest_funding = "--1"', "perpetual.lowest_funding: expected a decimal number"),
        (USDC + SOL + SPOT + RULES + 'mark_bound = "0.6"', "perpetual.mark_bound: 0.6 is above 0.5"),
        (USDC + SOL + SPOT + RULES + 'position_limit = "0.005"', "perpetual.position_limit: 0.005 is not a multiple"),
        (USDC + SOL + SPOT + RULES + SPOT + RULES, "markets SOL_USDC_PERP: stands there twice"),
        (USDC + SOL + SPOT + RULES.replace("0.02", "x"), "perpetual.initial_base: expected a decimal number"),
    ],
)  # fmt: skip
def test_parse_config_of_a_wrong_perpetual_names_it(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "venue.toml")
    assert message in str(caught.value)


def test_seed_commands_list_spot_and_perpetual_of_one_pair():
    more = 'lowest_funding = "-0.015"\nposition_limit = "1000"\nopen_interest_limit = "4000000"\n'
    config = parse_config(USDC + SOL + SPOT + SPOT + RULES + more, "venue.toml")
    assert [market.symbol for market in config.markets] == ["SOL_USDC", "SOL_USDC_PERP"]
    commands = seed_commands(config)
    listed = [command.market_kind for command in commands if isinstance(command, ListMarket)]
    assert listed == [MarketKind.SPOT, MarketKind.PERPETUAL]
    (rules,) = [command for command in commands if isinstance(command, SetPerpetual)]
    assert (rules.market, rules.initial_base_e8, rules.maintenance_base_e8) == (2, 2_000_000, 1_350_000)
    assert (rules.lowest_funding_e10, rules.highest_funding_e10) == (-150_000_000, 100_000_000)
    assert (rules.position_limit_lots, rules.open_interest_limit_lots) == (100_000, 400_000_000)
    assert (rules.interest_rate_e10, rules.mark_bound_ppm) == (1_000_000, 6_750)


@pytest.mark.parametrize(
    ("maintenance", "bound", "ppm"),
    [("0.0135", None, 6_750), ("0.00666667", None, 3_333), ("0.5", None, 50_000), ("0.0135", "0.05", 50_000)],
)
def test_mark_bound_that_is_not_said_is_half_of_the_maintenance_margin(maintenance, bound, ppm):
    more = "" if bound is None else f'mark_bound = "{bound}"\n'
    text = USDC + SOL + SPOT + RULES.replace("0.0135", maintenance).replace("0.02", "0.9") + more
    (rules,) = [command for command in seed_commands(parse_config(text)) if isinstance(command, SetPerpetual)]
    assert rules.mark_bound_ppm == ppm


def test_mark_bound_above_half_of_the_maintenance_margin_is_warned_of():
    assert mark_bound_warning("0.0067", "0.0134") is None
    for bound, maintenance in (("0.006701", "0.0134"), ("0.05", "0.0135"), ("0.000001", "0.00000199")):
        found = mark_bound_warning(bound, maintenance)
        assert found and f"mark_bound: {bound} is more than half of maintenance_base, which is {maintenance}" in found


def test_perpetuals_of_the_template_pass_without_a_warning():
    rules = [market.perpetual for market in template_config().markets if market.perpetual is not None]
    assert len(rules) == 4
    for one in rules:
        assert one.mark_bound is not None and mark_bound_warning(one.mark_bound, one.maintenance_base) is None
