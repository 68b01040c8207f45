"""Prices (rules 2), worked out by hand; the reference and the compiled core must both say it.

Where nothing else is said, SOL is priced by sources 1, 2 and 3 of weight 1: at least 3 of them, at most 10 seconds old,
brought to 1 % around the median, and a mark that moves by at most 0.25 % a second. A command takes a millisecond.
"""

from collections.abc import Callable

import pytest
from tests.reference import ReferenceExchange, invariants
from tests.reference.scenario import Scenario
from tests.reference.state import State

SCENARIOS: dict[str, str] = {}
"""Name of the case -> its lines."""

NAMED = """
    op source 1 One                             : PriceSourceSet
    op source 2 Two                             : PriceSourceSet
    op source 3 Three                           : PriceSourceSet
"""


def priced(*given: str, asset: str = "SOL", weights: tuple[int, ...] = (1, 1, 1)) -> str:
    """Return the lines that price an asset by the named sources."""
    lines = [f"op pricing {asset} {' '.join(given)} : PricingSet"]
    lines += [f"op weight {asset} {source} {weight} : PriceWeightSet" for source, weight in enumerate(weights, 1)]
    return "\n" + "\n".join(lines) + "\n"


def said(*prices: int, asset: str = "SOL", together: bool = False) -> str:
    """Return the lines by which sources 1, 2, ... see these prices: each now, or all when the first does."""
    at = [-1_000 * place * together for place in range(len(prices))]
    lines = (
        f"op quote {asset} {place + 1} last={price} at={at[place]} : Quoted {price}"
        for place, price in enumerate(prices)
    )
    return "\n" + "\n".join(lines) + "\n"


SOL_PRICED = NAMED + priced()

SCENARIOS["source of prices needs a name that can be read and one of 15 numbers"] = """
    op source 1 ""                              : INVALID_SYMBOL field_number=2
    op source 1 "a\x1f"                         : INVALID_SYMBOL field_number=2
    op source 1 "Big Exchange ~"                : PriceSourceSet
    op source 0 none                            : FIELD_OUT_OF_RANGE limit=1 field_number=1
    op source 15 last                           : PriceSourceSet
    op source 16 late                           : FIELD_OUT_OF_RANGE value=16 limit=15 field_number=1
"""
SCENARIOS["pricing needs a listed asset and three sources or more"] = """
    op pricing none                             : UNKNOWN_ASSET value=99
    op pricing SOL sources=2                    : FIELD_OUT_OF_RANGE value=2 limit=3 field_number=2
    op pricing SOL sources=16                   : FIELD_OUT_OF_RANGE value=16 limit=15 field_number=2
    op pricing SOL age=99                       : FIELD_OUT_OF_RANGE value=99 limit=100 field_number=3
    op pricing SOL clamp=500001                 : FIELD_OUT_OF_RANGE value=500001 limit=500000 field_number=4
    op pricing SOL cap=0                        : FIELD_OUT_OF_RANGE limit=1 field_number=5
    op pricing SOL haircut=1000000              : FIELD_OUT_OF_RANGE value=1000000 limit=999999 field_number=6
    op pricing SOL                              : PricingSet
"""
SCENARIOS["weight needs a priced asset and a source with a name, which may be switched off"] = """
    op weight none 1 1                          : UNKNOWN_ASSET value=99
    op weight SOL 1 1                           : NOT_PRICED asset=2
    op pricing SOL                              : PricingSet
    op weight SOL 1 1                           : UNKNOWN_PRICE_SOURCE value=1
    op weight SOL 1 0                           : UNKNOWN_PRICE_SOURCE value=1
    op source 1 One off                         : PriceSourceSet
    op weight SOL 1 256                         : FIELD_OUT_OF_RANGE value=256 limit=255 field_number=3
    op weight SOL 1 255                         : PriceWeightSet
    quotes SOL                                  = 1:255@0
    quotes ACME                                 = nothing
    op weight SOL 1 0                           : PriceWeightSet
    quotes SOL                                  = nothing
    op weight SOL 1 0                           : PriceWeightSet
"""
SCENARIOS["session needs a priced asset"] = """
    op session none CLOSED                      : UNKNOWN_ASSET value=99
    op session SOL CLOSED                       : NOT_PRICED asset=2
    op pricing SOL                              : PricingSet
    op session SOL CLOSED                       : SessionSet
"""
SCENARIOS["quote is refused for the first thing that is wrong"] = """
    op quote none 1 last=5                      : UNKNOWN_ASSET value=99
    op quote SOL 1 last=5                       : NOT_PRICED asset=2
    op pricing SOL                              : PricingSet
    op quote SOL 1 last=5                       : UNKNOWN_PRICE_SOURCE value=1
    op source 1 One off                         : PriceSourceSet
    op quote SOL 1 last=5                       : PRICE_SOURCE_DISABLED value=1
    op source 1 One                             : PriceSourceSet
    op quote SOL 1 last=5                       : SOURCE_NOT_WEIGHTED value=1 asset=2
    op weight SOL 1 7                           : PriceWeightSet
    op quote SOL 1 bid=6 at=1                   : QUOTE_EMPTY asset=2
    op quote SOL 1 ask=6                        : QUOTE_EMPTY asset=2
    op quote SOL 1                              : QUOTE_EMPTY asset=2
    op quote SOL 1 bid=6 ask=5 last=5 at=1      : QUOTE_CROSSED value=6 limit=5 asset=2
    op quote SOL 1 last=5 at=1                  : QUOTE_FROM_FUTURE value=29001 limit=29000
    op quote SOL 1 last=5                       : Quoted 5
    op quote SOL 1 last=6 at=-1000              : QUOTE_NOT_LATER value=30000 limit=30000
    op quote SOL 1 last=6 at=-999               : Quoted 6
    op quote SOL 1 last=9 at=-2000              : QUOTE_NOT_LATER value=31000 limit=31001
    op quote SOL 1 last=9 at=-33000             : QUOTE_NOT_LATER value=1000 limit=31001
    op quote SOL 1 last=1125899906842624        :
                                   ; FIELD_OUT_OF_RANGE value=1125899906842624 limit=1125899906842623 field_number=5
    quotes SOL                                  = 1:7@6
"""
SCENARIOS["price of a quote is the median, the middle rounded down, or the last"] = (
    SOL_PRICED
    + """
    op quote SOL 1 bid=100 ask=110 last=104     : Quoted 104
    op quote SOL 1 bid=100 ask=110 last=99      : Quoted 100
    op quote SOL 1 bid=100 ask=110 last=111     : Quoted 110
    op quote SOL 1 bid=100 ask=105              : Quoted 102
    op quote SOL 1 bid=100 ask=100              : Quoted 100
    op quote SOL 1 last=97                      : Quoted 97
    op quote SOL 1 bid=100 last=98              : Quoted 98
    op quote SOL 1 ask=90 last=99               : Quoted 99
    op quote SOL 1 bid=1 ask=1                  : Quoted 1
    quotes SOL                                  = 1:1@1 2:1@0 3:1@0
"""
)
# (1000000 + 1000100 + 1000201) / 3 is a third more than 1,000,100.
SCENARIOS["first index is the first mark, and a clock that changes nothing tells nothing"] = (
    SOL_PRICED
    + said(1_000_000, 1_000_100)
    + "op clock                                    : ClockTicked\n"
    + "op quote SOL 3 last=1000201                 : Quoted 1000201\n"
    + """
    alice clock                                 : ClockTicked
                                                ; price SOL index 1000100 mark 1000100 FRESH used 1,2,3
    alice clock                                 : ClockTicked
"""
)
# 1 % around 1,000 is 990 to 1,010: (1000 + 1000 + 1010) / 3 is 1,003.3 and (1000 + 1000 + 990) / 3 is 996.7.
SCENARIOS["price far away moves the index no further than the clamp"] = (
    NAMED
    + priced(asset="SOL")
    + said(1_000, 1_000, 100_000)
    + "op clock          : ClockTicked; price SOL index 1003 mark 1003 FRESH used 1,2,3 clamped 3\n"
    + priced("cap=1000000", asset="ACME")
    + said(1, 1_000, 1_000, asset="ACME")
    + "op clock          : ClockTicked; price ACME index 996 mark 996 FRESH used 1,2,3 clamped 1\n"
)
# 1 % around 999 is 989.01 to 1008.99; prices are whole, so 990 to 1008, and (990 + 999 + 1008) / 3 is 999.
SCENARIOS["clamp is rounded inwards"] = (
    SOL_PRICED
    + said(999, 989, 1_009)
    + "op clock          : ClockTicked; price SOL index 999 mark 999 FRESH used 1,2,3 clamped 2,3\n"
    + said(999, 990, 1_008)
    + "op clock          : ClockTicked; price SOL index 999 mark 999 FRESH used 1,2,3\n"
)
SCENARIOS["clamp of nothing leaves the median alone"] = (
    NAMED
    + priced("clamp=0")
    + said(990, 1_000, 1_001)
    + "op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3 clamped 1,3\n"
)
# Of 2 + 1 + 1 the price of the first is half: the median is 900, and 1 % above it is 909. (2 * 900 + 2 * 909) / 4.
SCENARIOS["median at just half of the weight is the lower price"] = (
    NAMED
    + priced(weights=(2, 1, 1))
    + said(900, 1_000, 1_000)
    + "op clock          : ClockTicked; price SOL index 904 mark 904 FRESH used 1,2,3 clamped 2,3\n"
)
# Of 2 + 2 + 1 it is less than half: the median is 1000, and (2 * 990 + 2 * 1000 + 1000) / 5 is 996.
SCENARIOS["median below half of the weight is the next price"] = (
    NAMED
    + priced(weights=(2, 2, 1))
    + said(900, 1_000, 1_000)
    + "op clock          : ClockTicked; price SOL index 996 mark 996 FRESH used 1,2,3 clamped 1\n"
)
# 3 + 1 + 1: the one of weight 3 is heard by itself, whatever the others say.
SCENARIOS["source with most of the weight decides the median"] = (
    NAMED
    + priced(weights=(1, 1, 3))
    + said(100, 100, 1_000)
    + "op clock          : ClockTicked; price SOL index 996 mark 996 FRESH used 1,2,3 clamped 1,2\n"
)
# 0.25 % of 1,000,000 is 2,500; of 1,002,500 it is 2,506.25; in 3 seconds 0.75 % of 1,005,006 is 7,537.545.
SCENARIOS["mark rises by its cap a second, and more after seconds that were missed"] = (
    SOL_PRICED
    + said(1_000_000, 1_000_000, 1_000_000)
    + "op clock          : ClockTicked; price SOL index 1000000 mark 1000000 FRESH used 1,2,3\n"
    + said(2_000_000, 2_000_000, 2_000_000)
    + """
    op clock          : ClockTicked; price SOL index 2000000 mark 1002500 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 2000000 mark 1005006 FRESH used 1,2,3
    wait 3
    op clock          : ClockTicked; price SOL index 2000000 mark 1012543 FRESH used 1,2,3
    wait 1.998
    op clock          : ClockTicked; price SOL index 2000000 mark 1015074 FRESH used 1,2,3
    wait 1.999
    op clock          : ClockTicked; price SOL index 2000000 mark 1020149 FRESH used 1,2,3
"""
)
# 99.75 % of 1,000,000 and of 997,500, which is 995,006.25; the mark does not pass what it goes to.
SCENARIOS["mark falls by its cap a second and stops at the index"] = (
    SOL_PRICED
    + said(1_000_000, 1_000_000, 1_000_000)
    + "op clock          : ClockTicked; price SOL index 1000000 mark 1000000 FRESH used 1,2,3\n"
    + said(995_000, 995_000, 995_000)
    + """
    op clock          : ClockTicked; price SOL index 995000 mark 997500 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 995000 mark 995007 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 995000 mark 995000 FRESH used 1,2,3
    op clock          : ClockTicked
"""
)
SCENARIOS["mark of a few units still moves by one, and never to zero"] = (
    SOL_PRICED
    + said(3, 3, 3)
    + "op clock          : ClockTicked; price SOL index 3 mark 3 FRESH used 1,2,3\n"
    + said(100, 100, 100)
    + """
    op clock          : ClockTicked; price SOL index 100 mark 4 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 100 mark 5 FRESH used 1,2,3
"""
    + said(1, 1, 1)
    + """
    op clock          : ClockTicked; price SOL index 1 mark 4 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 1 mark 3 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 1 mark 2 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 1 mark 1 FRESH used 1,2,3
    op clock          : ClockTicked
"""
)
# 400 seconds of 0.25 % are 100 %: the mark may double, or fall to any price.
SCENARIOS["cap of many seconds is no more than the mark itself"] = (
    SOL_PRICED
    + said(1_000, 1_000, 1_000)
    + "op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3\n"
    + "wait 86400\n"
    + said(5_000, 5_000, 5_000)
    + "op clock          : ClockTicked; price SOL index 5000 mark 2000 FRESH used 1,2,3\n"
    + "wait 400\n"
    + said(1, 1, 1)
    + "op clock          : ClockTicked; price SOL index 1 mark 1 FRESH used 1,2,3\n"
)
# 99 % of 2^50 - 1 is 1114640907774196.77; twice 2^50 - 1 and one more than that, divided by 3, is ...147.7.
SCENARIOS["largest prices are counted exactly"] = (
    NAMED
    + priced(weights=(255, 255, 255))
    + said(2**50 - 1, 2**50 - 1, 1)
    + """
    op clock                                    : ClockTicked
                                   ; price SOL index 1122146907153147 mark 1122146907153147 FRESH used 1,2,3 clamped 3
"""
)
# All three see it at the same moment; 997 ms later the clock comes 1,000,000 us after it, and then 1,001,000 us.
SCENARIOS["quote counts to the microsecond of its age, and the mark goes stale an age after its last index"] = (
    NAMED
    + priced("age=1000")
    + said(1_000, 1_000, 1_000, together=True)
    + """
    wait 0.997
    op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
    op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH
    wait 0.998
    op clock          : ClockTicked
    op clock          : ClockTicked; price SOL index 1000 mark 1000 STALE
    op clock          : ClockTicked
"""
    + said(1_000, 1_000)
    + "op clock          : ClockTicked\n"
    + "op quote SOL 3 last=1000 : Quoted 1000\n"
    + "op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3\n"
)
SCENARIOS["quote that is a microsecond too old does not count"] = (
    NAMED
    + priced("age=1000")
    + said(1_000, 1_000, 1_000, together=True)
    + """
    wait 0.997001
    op clock          : ClockTicked
"""
)
SCENARIOS["stale mark stays so when more age is allowed, until sources agree again"] = (
    NAMED
    + priced("age=1000")
    + said(1_000, 1_000, 1_000)
    + """
    op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
    wait 2
    op clock          : ClockTicked; price SOL index 1000 mark 1000 STALE
    op source 1 One off : PriceSourceSet
    op pricing SOL    : PricingSet
    op clock          : ClockTicked
    op source 1 One   : PriceSourceSet
    op clock          : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
"""
)
SCENARIOS["closed session keeps the mark whatever is quoted, and has none without a mark"] = (
    SOL_PRICED
    + """
    op session SOL CLOSED               : SessionSet
"""
    + said(1_000, 1_000, 1_000)
    + """
    op clock                            : ClockTicked
    op session SOL OPEN                 : SessionSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
    op session SOL CLOSED               : SessionSet
"""
    + said(2_000, 2_000, 2_000)
    + """
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 CLOSED
    wait 100
    op clock                            : ClockTicked
    op session SOL OPEN                 : SessionSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 STALE
    op session SOL CLOSED               : SessionSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 CLOSED
"""
)
SCENARIOS["session that opens soon without sources is fresh as long as its mark"] = (
    SOL_PRICED
    + said(1_000, 1_000, 1_000)
    + """
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
    op session SOL CLOSED               : SessionSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 CLOSED
    op session SOL OPEN                 : SessionSet
    op source 2 Two off                 : PriceSourceSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH
    wait 10
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 STALE
"""
)
SCENARIOS["source that is switched off does not count, and its quote waits"] = (
    SOL_PRICED
    + said(1_000, 1_000, 1_000)
    + """
    op source 2 Two off                 : PriceSourceSet
    op clock                            : ClockTicked
    quotes SOL                          = 1:1@1000 2:1@1000 3:1@1000
    op source 2 Two                     : PriceSourceSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
"""
)
SCENARIOS["weight of zero forgets the quote, another weight does not"] = (
    SOL_PRICED
    + said(1_000, 1_000, 1_004)
    + """
    op weight SOL 3 2                   : PriceWeightSet
    quotes SOL                          = 1:1@1000 2:1@1000 3:2@1004
    op clock                            : ClockTicked; price SOL index 1002 mark 1002 FRESH used 1,2,3
    op weight SOL 3 0                   : PriceWeightSet
    op clock                            : ClockTicked; price SOL index 1002 mark 1002 FRESH
    op weight SOL 3 1                   : PriceWeightSet
    quotes SOL                          = 1:1@1000 2:1@1000 3:1@0
    op quote SOL 3 last=1004 at=-6000   : Quoted 1004
    op clock                            : ClockTicked; price SOL index 1001 mark 1001 FRESH used 1,2,3
"""
)
SCENARIOS["clock goes through the assets by number and tells those that changed"] = (
    NAMED
    + priced(asset="ACME")
    + priced(asset="SOL")
    + said(70, 70, 70, asset="ACME")
    + said(1_000, 1_000, 1_000)
    + """
    op clock                            : ClockTicked
                                        ; price SOL index 1000 mark 1000 FRESH used 1,2,3
                                        ; price ACME index 70 mark 70 FRESH used 1,2,3
    op quote ACME 1 last=71             : Quoted 71
    op clock                            : ClockTicked; price ACME index 70 mark 70 FRESH used 1,2,3 clamped 1
    op quote ACME 2 last=73             : Quoted 73
    op clock                            : ClockTicked; price ACME index 71 mark 71 FRESH used 1,2,3 clamped 2,3
"""
)
SCENARIOS["pricing that is set again keeps the mark and asks for more sources at once"] = (
    SOL_PRICED
    + said(1_000, 1_000, 1_000)
    + """
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
    op pricing SOL sources=4            : PricingSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH
    op pricing SOL                      : PricingSet
    op clock                            : ClockTicked; price SOL index 1000 mark 1000 FRESH used 1,2,3
"""
)


@pytest.mark.parametrize("lines", SCENARIOS.values(), ids=[name.replace(" ", "_") for name in SCENARIOS])
def test_price_scenario_played_line_by_line_answers_as_worked_out(scenario: Scenario, lines: str) -> None:
    scenario.play(lines)


EARLY = """
    op source 1 One                     : UNKNOWN_KIND value=14
    op pricing SOL                      : UNKNOWN_KIND value=15
    op weight SOL 1 1                   : UNKNOWN_KIND value=16
    op session SOL CLOSED               : UNKNOWN_KIND value=17
    op quote SOL 1 last=1               : UNKNOWN_KIND value=40
    op clock                            : ClockTicked
    op rules 2                          : RulesSet
    op pricing SOL                      : PricingSet
    op source 1 One                     : PriceSourceSet
    op rules 1                          : RANGE_REVERSED value=1 limit=2
    op rules 1000                       : RulesSet
    op weight SOL 1 1                   : PriceWeightSet
"""


def test_first_rules_know_nothing_of_prices_and_later_ones_do(early_scenario: Scenario) -> None:
    early_scenario.play(EARLY)


def test_rules_below_the_latest_are_refused_once_something_happened(scenario: Scenario) -> None:
    scenario.play("op rules 1 : RANGE_REVERSED value=1 limit=2")


def test_tables_of_the_second_rules_exist_under_them_only(early_scenario: Scenario) -> None:
    tables = ["price_sources", "prices", "quotes", "collaterals", "lending_pools", "redemptions"]
    tables += ["perpetuals", "positions", "triggers", "cases", "waves", "brakes"]
    tables += ["vaults", "vault_redemptions", "standing_top_ups", "actions", "entitlements"]
    before = early_scenario.exchange.rows()
    assert not set(before) & set(tables)
    early_scenario.play("op rules 2 : RulesSet")
    assert [len(early_scenario.exchange.rows()[name]) for name in tables] == [15, *[0] * 16]
    assert list(early_scenario.exchange.rows())[-17:] == tables


def lose_pricing(state: State) -> None:
    del state.prices[2]


def lose_mark(state: State) -> None:
    state.prices[2].mark_units = 0


def clamp_a_source_that_is_not_used(state: State) -> None:
    state.prices[2].clamped_sources = 1 << 9


def see_the_future(state: State) -> None:
    state.quotes[2, 1].observed_us = state.time_us + 1


@pytest.mark.parametrize("harm", [lose_pricing, lose_mark, clamp_a_source_that_is_not_used, see_the_future])
def test_invariants_given_harmed_prices_fail(harm: Callable[[State], None]) -> None:
    exchange = ReferenceExchange(debug=True)
    scenario = Scenario(exchange)
    scenario.play(SOL_PRICED + said(7, 7, 7))
    scenario.play("op clock : ClockTicked; price SOL index 7 mark 7 FRESH used 1,2,3")
    harm(exchange.state)
    with pytest.raises(AssertionError):
        invariants.check(exchange.state)
