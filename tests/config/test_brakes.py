"""Brakes in venue.toml: what is wrong is named, what is right becomes exact commands."""

import pytest
from tests.config.test_config import USDC
from tests.config.test_perpetuals import RULES, SOL, SPOT

from ringfence.config import ConfigError, parse_config, seed_commands
from ringfence.schema.commands import ListMarket, SetBrakes

VENUE = USDC + SOL + SPOT
TABLE = "[markets.brakes]\n"
PLACE = "markets SOL_USDC: brakes."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VENUE + TABLE + 'band = "1"', f"{PLACE}band: 1 is not from 0 to 0.999999"),
        (VENUE + TABLE + 'band = "wide"', f"{PLACE}band: expected a decimal number"),
        (VENUE + TABLE + 'window_s = "0.5"', f"{PLACE}window_s: 0.5 is not from 1 to 86400"),
        (VENUE + TABLE + 'auction_s = "0"', f"{PLACE}auction_s: 0 is not from 1 to 86400"),
        (VENUE + TABLE + 'stale = "11"', f"{PLACE}stale: 11 is not from 0 to 10"),
        (VENUE + TABLE + 'interest_high = "5"', "interest_low and interest_high belong to a perpetual"),
        (VENUE + RULES + TABLE + 'interest_high = "0.005"', "brakes.interest_high: 0.005 is not a multiple of step"),
        (
            VENUE + RULES + TABLE + 'interest_low = "5"\ninterest_high = "5"',
            "brakes.interest_low: 5 is not below interest_high, which is 5",
        ),
        (VENUE + TABLE + "band = 0.1", "write decimal numbers in quotes"),
        (VENUE + 'state = "auction"', "state: an auction takes brakes"),
    ],
)
def test_parse_config_of_wrong_brakes_names_them(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_config(text, "venue.toml")
    assert message in str(caught.value)


def test_brakes_are_set_after_their_market_with_exact_numbers():
    more = 'band = "0.1"\nhalt_s = "2.5"\nstale = "0.05"\ninterest_low = "100"\ninterest_high = "250.5"\n'
    commands = seed_commands(parse_config(VENUE + RULES + TABLE + more))
    (brakes,) = [command for command in commands if isinstance(command, SetBrakes)]
    assert brakes == SetBrakes(
        market=1,
        band_ppm=100_000,
        halt_ms=2_500,
        stale_ppm=50_000,
        interest_low_lots=10_000,
        interest_high_lots=25_050,
    )
    (listed,) = [place for place, command in enumerate(commands) if isinstance(command, ListMarket)]
    assert commands.index(brakes) > listed


def test_market_without_brakes_gets_none():
    assert not [command for command in seed_commands(parse_config(VENUE)) if isinstance(command, SetBrakes)]
