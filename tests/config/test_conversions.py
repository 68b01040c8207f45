"""Where collateral is converted, in venue.toml: what is wrong is named, what is right becomes exact commands."""

import pytest
from tests.config.test_config import USDC
from tests.config.test_perpetuals import RULES, SOL, SPOT

from ringfence.config import ConfigError, parse_config, seed_commands
from ringfence.schema.commands import ListMarket, SetCollateral

EURC = USDC.replace("USDC", "EURC")
RATES = 'weight = "0.9"\ninitial_base = "0.2"\nmaintenance_base = "0.1"\n'
COUNTS = f'[[collaterals]]\nasset = "SOL"\n{RATES}'
HERE = 'conversion_market = "SOL_USDC"\n'
PLACE = "collaterals SOL: "


NO_MARKET = "is not a spot market of SOL against cash; there is"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (USDC + SOL + COUNTS + HERE, f"{PLACE}conversion_market: 'SOL_USDC' {NO_MARKET} none"),
        (USDC + SOL + SPOT + COUNTS + HERE.replace("SOL", "BTC"), f"'BTC_USDC' {NO_MARKET} SOL_USDC"),
        (USDC + SOL + SPOT + RULES + COUNTS + HERE.replace("USDC", "USDC_PERP"), f"'SOL_USDC_PERP' {NO_MARKET} none"),
        (USDC.replace("cash", "crypto") + SOL + SPOT + COUNTS + HERE, f"'SOL_USDC' {NO_MARKET} none"),
        (USDC + SOL + SPOT + COUNTS.replace("SOL", "USDC") + HERE, "'SOL_USDC' is not a spot market of USDC"),
        (USDC + SOL + SPOT + COUNTS + 'conversion_discount = "0.51"', "conversion_discount: 0.51 is above 0.5"),
        (USDC + SOL + SPOT + COUNTS + 'conversion_discount = "x"', "conversion_discount: expected a decimal number"),
        (USDC + SOL + SPOT + COUNTS + "conversion_discount = 0.03", "write decimal numbers in quotes"),
    ],
)
def test_parse_config_of_a_wrong_conversion_names_it(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "venue.toml")
    assert message in str(caught.value)


def test_conversion_is_set_after_its_market_is_listed():
    more = HERE + 'conversion_discount = "0.015"\n'
    commands = seed_commands(parse_config(USDC + SOL + SPOT + RULES + SPOT + COUNTS + more))
    (rules,) = [command for command in commands if isinstance(command, SetCollateral)]
    assert (rules.conversion_market, rules.conversion_discount_ppm) == (2, 15_000), "the first market is the perpetual"
    last_listed = max(place for place, command in enumerate(commands) if isinstance(command, ListMarket))
    assert commands.index(rules) > last_listed


def test_collateral_is_not_converted_unless_a_market_is_named():
    commands = seed_commands(parse_config(USDC + SOL + SPOT + COUNTS))
    (rules,) = [command for command in commands if isinstance(command, SetCollateral)]
    assert (rules.conversion_market, rules.conversion_discount_ppm) == (0, 30_000)
