"""Triggers, worked out by hand; the reference and the compiled core must both say it.

Everybody has 1,000 USDC and 10 SOL, which is 1,000 lots. A tick is a cent: at 100 USDC a SOL is worth 10,000 of them.
"""

import pytest
from tests.reference.scenario import Scenario

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.rejects import Reject

SCENARIOS: dict[str, str] = {}
"""Name of the case -> its lines."""

SCENARIOS["a stop-loss sells once the last price has fallen to it"] = """
    bob bid 9900 x 5                        : accepted, rests 5
    bob bid 9800 x 5                        : accepted, rests 5
    alice stop 9850 sell 5                  : NO_TRIGGER_PRICE
    carol ask 9900 x 1                      : accepted, rests 0; trade 1@9900 with bob
    alice stop 9850 sell 5 as s             : alice waits FALLS 9850: sell 5
    alice triggers                          = trigger 5 armed 1
    alice SOL                               = 10000000000+0
    carol ask 9900 x 4                      : accepted, rests 0; trade 4@9900 with bob
    op fire                                 :
    carol ask 9800 x 1                      : accepted, rests 0; trade 1@9800 with bob
    alice triggers                          = trigger 5 armed 1 due 2
    op fire                                 : alice fires 5 at 9800; accepted, rests 0; trade 4@9800 with bob
                                            ; INSUFFICIENT_LIQUIDITY, left 1, done 4
    alice triggers                          = nothing
    op fire                                 :
"""
SCENARIOS["a trigger whose price is there already is due at once, and stays so when the price goes away"] = """
    bob bid 9900 x 5                        : accepted, rests 5
    carol ask 9900 x 1                      : accepted, rests 0; trade 1@9900 with bob
    alice stop 9900 buy 1 @9950             : alice waits RISES 9900: buy 1 @9950
    alice triggers                          = trigger 1 armed 1 due 2
    bob ask 9850 x 1                        : accepted, rests 0; SELF_TRADE_PREVENTION, left 1, done 0
    bob bid 9901 x 1                        : accepted, rests 1
    carol ask 9901 x 1                      : accepted, rests 0; trade 1@9901 with bob
    op fire                                 : alice fires 1 at 9901; accepted, rests 1
"""
# The mark of SOL in cents: 100 USDC are 10,000 ticks. Without a fresh mark nothing is looked at, nor in a market that
# takes no orders; once the session is closed the price of the last minute still counts.
SCENARIOS["a take-profit by mark is looked at by the clock alone"] = """
    alice stop 10500 sell 2 @10400 by=MARK  : NO_TRIGGER_PRICE value=1
    price SOL 100
    alice stop 10500 sell 2 @10400 by=MARK  : alice waits RISES 10500 by MARK: sell 2 @10400
    alice stop 10700 sell 1 by=INDEX        : alice waits RISES 10700 by INDEX: sell 1
    price SOL 104
    op fire                                 :
    op state CANCEL_ONLY                    : MarketStateSet
    price SOL 106
    op state OPEN                           : MarketStateSet
    op fire                                 :
    op clock                                : ClockTicked
    alice triggers                          = trigger 2 armed 1 due 3, trigger 1 armed 2
    op state CANCEL_ONLY                    : MarketStateSet
    op fire                                 : alice fires 2 at 10600; alice's trigger ends: FAILED MARKET_CANCEL_ONLY
    op state OPEN                           : MarketStateSet
    price SOL 108
    wait 90000
    op clock                                : ClockTicked; price SOL index 10800000000 mark 10800000000 STALE
    alice stop 1 sell 1 by=MARK             : NO_TRIGGER_PRICE value=1
    op fire                                 : alice fires 1 at 0; accepted, rests 0
                                            ; INSUFFICIENT_LIQUIDITY, left 1, done 0
"""
SCENARIOS["of an attached pair one fires and the other ends"] = """
    bob ask 10000 x 3                       : accepted, rests 3
    alice bid 10000 x 3 tp=10200@10150 sl=9900:LAST as a : accepted, rests 0; trade 3@10000 with bob
                                            ; alice's take-profit waits RISES 10200: sell 3 @10150
                                            ; alice's stop-loss waits FALLS 9900: sell 3
    alice triggers                          = take-profit 3 armed 1, stop-loss 3 armed 2
    bob ask 10200 x 1                       : accepted, rests 1
    carol bid 10200 x 1                     : accepted, rests 0; trade 1@10200 with bob
    op fire                                 : alice fires 3 at 10200; accepted, rests 3
                                            ; alice's stop-loss ends: SIBLING
    alice triggers                          = nothing
    alice cancel a.tp                       : REQUESTED, left 3, done 0, rested alice
"""
# The take-profit's order has its number; were its own take-profit looked for, that number plus 2^60, it would be the
# stop-loss of the pair.
SCENARIOS["a fired take-profit that closes without a fill ends the other as its sibling"] = """
    bob ask 10000 x 3                       : accepted, rests 3
    alice buy 3 tp=10200 sl=9900 as a       : accepted, rests 0; trade 3@10000 with bob
                                            ; alice's take-profit waits RISES 10200: sell 3
                                            ; alice's stop-loss waits FALLS 9900: sell 3
    bob ask 10200 x 1                       : accepted, rests 1
    carol bid 10200 x 1                     : accepted, rests 0; trade 1@10200 with bob
    op fire                                 : alice fires 3 at 10200; accepted, rests 0
                                            ; INSUFFICIENT_LIQUIDITY, left 3, done 0; alice's stop-loss ends: SIBLING
"""
SCENARIOS["what is attached to a maker grows with its fills and watches from the first"] = """
    alice bid 10000 x 5 tp=10000 sl=9800    : WRONG_SIDE_TRIGGER value=10000 limit=10000
    alice bid 10000 x 5 tp=10100 sl=9800@9700 as a : accepted, rests 5
                                            ; alice's take-profit waits RISES 10100: sell 0
                                            ; alice's stop-loss waits FALLS 9800: sell 0 @9700
    alice triggers                          = take-profit 0, stop-loss 0
    bob ask 10000 x 2                       : accepted, rests 0; trade 2@10000 with alice
    alice triggers                          = take-profit 2 armed 1, stop-loss 2 armed 2
    bob ask 10000 x 1                       : accepted, rests 0; trade 1@10000 with alice
    alice triggers                          = take-profit 3 armed 1, stop-loss 3 armed 2
    alice cancel a.sl                       : alice's stop-loss ends: REQUESTED
    bob ask 10000 x 1                       : accepted, rests 0; trade 1@10000 with alice
    alice cancel a                          : REQUESTED, left 1, done 4, rested alice
    alice triggers                          = take-profit 4 armed 1
"""
# Bob's ask meets alice's bid at 9,991, below what carol waits for. The mark has been at 9,980 for a while, so that what
# is attached to the bid is reached as soon as it watches: from this fill on, and before the market is looked at.
SCENARIOS["what is attached to a maker is armed and due before the market is looked at"] = """
    bob bid 10000 x 1                       : accepted, rests 1
    carol ask 10000 x 1                     : accepted, rests 0; trade 1@10000 with bob
    carol stop 9992 buy 1                   : carol waits FALLS 9992: buy 1
    price SOL 99.8
    alice bid 9991 x 2 sl=9985:MARK         : accepted, rests 2; alice's stop-loss waits FALLS 9985 by MARK: sell 0
    bob ask 9991 x 1                        : accepted, rests 0; trade 1@9991 with alice
    carol triggers                          = trigger 1 armed 1 due 4
    alice triggers                          = stop-loss 1 armed 2 due 3
"""
SCENARIOS["what is attached ends with an order that leaves without a fill"] = """
    alice bid 10000 x 5 tp=10100 sl=9800 as a : accepted, rests 5
                                            ; alice's take-profit waits RISES 10100: sell 0
                                            ; alice's stop-loss waits FALLS 9800: sell 0
    alice cancel a                          : REQUESTED, left 5, done 0, rested alice
                                            ; alice's take-profit ends: PARENT; alice's stop-loss ends: PARENT
    alice bid 10000 x 5 sl=9800 as b        : accepted, rests 5; alice's stop-loss waits FALLS 9800: sell 0
    alice bid 9000 x 5 sl=8000 as c         : accepted, rests 5; alice's stop-loss waits FALLS 8000: sell 0
    alice ask 10000 x 5 reject_both         : accepted, rests 0
                                            ; SELF_TRADE_PREVENTION, left 5, done 0, rested alice
                                            ; alice's stop-loss ends: PARENT
                                            ; SELF_TRADE_PREVENTION, left 5, done 0
    alice ask 9100 x 1                      : accepted, rests 1
    alice amend c 9100 x 5                  : amended anew, rests 0, was 5; SELF_TRADE_PREVENTION, left 5, done 0
                                            ; alice's stop-loss ends: PARENT
    alice bid 9000 x 5 ioc sl=8000          : accepted, rests 0; IMMEDIATE_OR_CANCEL, left 5, done 0
    alice triggers                          = nothing
"""
SCENARIOS["an amendment that fills lets what is attached grow at its end"] = """
    bob ask 10000 x 2                       : accepted, rests 2
    bob ask 10010 x 2                       : accepted, rests 2
    alice bid 9900 x 5 tp=10010 as a        : accepted, rests 5; alice's take-profit waits RISES 10010: sell 0
    alice amend a 10010 x 6                 : amended anew, rests 2, was 5; trade 2@10000 with bob
                                            ; trade 2@10010 with bob
    alice triggers                          = take-profit 4 armed 1 due 2
    alice amend a 10010 x 5                 : amended kept, rests 1, was 2
    alice triggers                          = take-profit 4 armed 1 due 2
    bob ask 10010 x 1                       : accepted, rests 0; trade 1@10010 with alice
    alice triggers                          = take-profit 5 armed 1 due 2
"""
SCENARIOS["what is attached stays when an amendment closes its order after a fill"] = """
    alice bid 10000 x 5 sl=9800 as a        : accepted, rests 5; alice's stop-loss waits FALLS 9800: sell 0
    bob ask 10000 x 2                       : accepted, rests 0; trade 2@10000 with alice
    alice ask 10100 x 1                     : accepted, rests 1
    alice amend a 10100 x 5                 : amended anew, rests 0, was 3; SELF_TRADE_PREVENTION, left 3, done 2
    alice triggers                          = stop-loss 2 armed 1
"""
SCENARIOS["what is attached has the flags and the self-trade prevention of its order"] = """
    op collateral USDC weight=100000000     : CollateralSet
    op pool USDC                            : LendingPoolSet
    bob ask 10000 x 3                       : accepted, rests 3
    alice bid 10000 x 3 +lend reject_maker sl=9900 : accepted, rests 0; trade 3@10000 with bob
                                            ; alice's stop-loss waits FALLS 9900: sell 3
    bob bid 9900 x 4                        : accepted, rests 4
    carol ask 9900 x 1                      : accepted, rests 0; trade 1@9900 with bob
    alice bid 9950 x 1                      : accepted, rests 1
    op fire                                 : alice fires 3 at 9900; accepted, rests 0
                                            ; SELF_TRADE_PREVENTION, left 1, done 0, rested alice
                                            ; trade 3@9900 with bob; alice LEND 2970000 by AUTO_LEND, now +2970000
"""
# What was redeemed for the bid goes back into the pool when it is cancelled: after what is attached to it has ended.
SCENARIOS["what is attached ends right after its order, before what the order gets back is lent"] = """
    op collateral USDC weight=100000000     : CollateralSet
    op pool USDC                            : LendingPoolSet
    alice lend 1000000000 USDC              : LEND 1000000000, now +1000000000
    alice bid 10000 x 3 +lend +redeem sl=9900 as a : accepted, rests 3
                                            ; alice REDEEM 3000000 by SPOT_MARGIN, now +997000000
                                            ; alice's stop-loss waits FALLS 9900: sell 0
    alice cancel a                          : REQUESTED, left 3, done 0, rested alice
                                            ; alice's stop-loss ends: PARENT
                                            ; alice LEND 3000000 by AUTO_LEND, now +1000000000
"""
SCENARIOS["what is attached to an order on a perpetual only reduces"] = """
    op collateral USDC weight=100000000     : CollateralSet
    op contract                             : MarketListed
    price SOL 100
    op contract_rules                       : PerpetualSet
    bob ask 10000 x 2 on3                   : accepted, rests 2
    alice bid 10000 x 2 on3 reduce sl=9900  : INVALID_COMBINATION
    alice bid 10000 x 2 on3 sl=9900         : accepted, rests 0; trade 2@10000 with bob
                                            ; alice's stop-loss waits FALLS 9900: sell 2
    carol bid 9950 x 2 on3                  : accepted, rests 2
    alice ask 9950 x 2 on3                  : accepted, rests 0; trade 2@9950 with carol
    carol bid 9900 x 1 on3                  : accepted, rests 1
    bob ask 9900 x 1 on3                    : accepted, rests 0; trade 1@9900 with carol
    op fire                                 : alice fires 2 at 9900
                                            ; alice's stop-loss ends: FAILED REDUCE_ONLY_NOT_REDUCED
"""
SCENARIOS["ten orders of an account may only reduce in a market"] = (
    """
    op collateral USDC weight=100000000     : CollateralSet
    op contract                             : MarketListed
    price SOL 100
    op contract_rules                       : PerpetualSet
    bob ask 10000 x 20 on3                  : accepted, rests 20
    alice bid 10000 x 20 on3                : accepted, rests 0; trade 20@10000 with bob
    alice ask 11000 x 1 on3                 : accepted, rests 1
"""
    + "alice ask 11000 x 1 on3 reduce : accepted, rests 1\n" * 10
    + """
    alice ask 11000 x 1 on3 reduce          : REDUCE_ORDERS_LIMIT value=10 limit=10
    alice ask 11000 x 1 on3 reduce ioc      : accepted, rests 0; IMMEDIATE_OR_CANCEL, left 1, done 0
    alice stop 10000 sell 1 @11000 on3 reduce : alice waits RISES 10000: sell 1 @11000
    op fire                                 : alice fires 1 at 10000
                                            ; alice's trigger ends: FAILED REDUCE_ORDERS_LIMIT value=10 limit=10
    alice sell 1 on3 reduce                 : accepted, rests 0; INSUFFICIENT_LIQUIDITY, left 1, done 0
"""
)
SCENARIOS["a trigger whose order is refused has ended, and the other of the pair waits on"] = """
    bob ask 10000 x 3                       : accepted, rests 3
    alice bid 10000 x 3 tp=10200 sl=9900    : accepted, rests 0; trade 3@10000 with bob
                                            ; alice's take-profit waits RISES 10200: sell 3
                                            ; alice's stop-loss waits FALLS 9900: sell 3
    bob ask 10200 x 1                       : accepted, rests 1
    carol bid 10200 x 1                     : accepted, rests 0; trade 1@10200 with bob
    op freeze alice 1                       : UserSet
    op fire                                 : alice fires 3 at 10200
                                            ; alice's take-profit ends: FAILED TRADING_FROZEN value=1
    alice triggers                          = stop-loss 3 armed 2
    op freeze alice 0                       : UserSet
    bob bid 9900 x 1                        : accepted, rests 1
    carol ask 9900 x 1                      : accepted, rests 0; trade 1@9900 with bob
    bob bid 9890 x 3                        : accepted, rests 3
    op fire                                 : alice fires 3 at 9900; accepted, rests 0; trade 3@9890 with bob
"""
# Alice is long 5, and half of that are 2 lots: she stays long 3, which nothing that buys can reduce. Once an order for
# all 3 stands in the book there is nothing more to reduce either.
SCENARIOS["a trigger of a percentage closes that part of the position that there is then"] = """
    op collateral USDC weight=100000000     : CollateralSet
    op contract                             : MarketListed
    alice stop 10000 sell 50% on3           : NO_PERPETUAL_RULES
    price SOL 100
    op contract_rules                       : PerpetualSet
    bob ask 10000 x 8 on3                   : accepted, rests 8
    alice bid 10000 x 5 on3                 : accepted, rests 0; trade 5@10000 with bob
    alice stop 9900 sell 50% on3            : alice waits FALLS 9900: sell 50%
    alice stop 9900 sell 100% by=MARK on3   : alice waits FALLS 9900 by MARK: sell 100%
    alice stop 9900 buy 100% on3            : alice waits FALLS 9900: buy 100%
    alice stop 9900 sell 100% @9800 on3 as d : alice waits FALLS 9900: sell 100% @9800
    bob cancel_all 3                        : REQUESTED, left 3, done 5, rested bob
    carol bid 9890 x 1 on3                  : accepted, rests 1
    bob ask 9890 x 1 on3                    : accepted, rests 0; trade 1@9890 with carol
    alice triggers                          = trigger 0 armed 1 due 5, trigger 0 armed 2, trigger 0 armed 3 due 6
                                            , trigger 0 armed 4 due 7
    carol bid 9880 x 2 on3                  : accepted, rests 2
    op fire                                 : alice fires 2 at 9890; accepted, rests 0; trade 2@9880 with carol
    op fire                                 : alice fires 0 at 9880
                                            ; alice's trigger ends: FAILED QUANTITY_BELOW_MINIMUM limit=1
    op fire                                 : alice fires 3 at 9880; accepted, rests 3
    price SOL 98
    op fire                                 : alice fires 3 at 9800
                                            ; alice's trigger ends: FAILED REDUCE_ONLY_NOT_REDUCED value=3 limit=3
    alice cancel d 3                        : REQUESTED, left 3, done 0, rested alice
"""
SCENARIOS["a sale of what was bought is limited to what is available"] = """
    op fees 0 10000                         : FeeTierSet
    alice transfer 10000000000 SOL alice.1  : TRANSFER 10000000000 alice to alice.1
    bob ask 10000 x 5                       : accepted, rests 5
    alice bid 10000 x 5 sl=9900             : accepted, rests 0; trade 5@10000 with bob, fees 500000/0
                                            ; alice's stop-loss waits FALLS 9900: sell 5
    alice stop 9900 sell 50%                : alice waits FALLS 9900: sell 50%
    alice stop 9900 sell 5                  : alice waits FALLS 9900: sell 5
    bob bid 9900 x 1                        : accepted, rests 1
    carol ask 9900 x 1                      : accepted, rests 0; trade 1@9900 with bob, fees 9900/0
    alice triggers                          = trigger 0 armed 2 due 5, trigger 5 armed 3 due 6
                                            , stop-loss 5 armed 1 due 4
    bob bid 9900 x 2                        : accepted, rests 2
    op fire                                 : alice fires 4 at 9900; accepted, rests 0
                                            ; trade 2@9900 with bob, fees 19800/0
                                            ; INSUFFICIENT_LIQUIDITY, left 2, done 2
    alice SOL                               = 29500000+0
    op fire                                 : alice fires 1 at 9900; accepted, rests 0
                                            ; INSUFFICIENT_LIQUIDITY, left 1, done 0
    op fire                                 : alice fires 5 at 9900
                    ; alice's trigger ends: FAILED INSUFFICIENT_FUNDS value=50000000 limit=29500000 asset=2
    alice stop 9800 buy 50%                 : INVALID_COMBINATION
"""
SCENARIOS["nothing to sell is less than the least"] = """
    bob bid 9900 x 1                        : accepted, rests 1
    carol ask 9900 x 1                      : accepted, rests 0; trade 1@9900 with bob
    alice stop 9900 sell 1%                 : alice waits RISES 9900: sell 1%
    alice stop 9900 sell 1% @9000           : alice waits RISES 9900: sell 1% @9000
    alice transfer 9999999999 SOL alice.1   : TRANSFER 9999999999 alice to alice.1
    op fire                                 : alice fires 0 at 9900
                                            ; alice's trigger ends: FAILED QUANTITY_BELOW_MINIMUM limit=1
    op fire                                 : alice fires 0 at 9900
                                            ; alice's trigger ends: FAILED QUANTITY_BELOW_MINIMUM limit=1
"""
# One trade at 10,020 reaches all that rise, the lowest first, at one price the first armed; then one at 9,960.
SCENARIOS["triggers that one price reaches are due in their order"] = """
    bob ask 10000 x 1                       : accepted, rests 1
    bob ask 10020 x 1                       : accepted, rests 1
    carol bid 10000 x 1                     : accepted, rests 0; trade 1@10000 with bob
    alice stop 10020 buy 1                  : alice waits RISES 10020: buy 1
    alice stop 10010 buy 2                  : alice waits RISES 10010: buy 2
    bob stop 10010 buy 3                    : bob waits RISES 10010: buy 3
    alice stop 9970 sell 4                  : alice waits FALLS 9970: sell 4
    alice stop 9980 sell 5                  : alice waits FALLS 9980: sell 5
    bob stop 9950 sell 6                    : bob waits FALLS 9950: sell 6
    carol bid 10020 x 1                     : accepted, rests 0; trade 1@10020 with bob
    alice triggers                          = trigger 1 armed 1 due 9, trigger 2 armed 2 due 7, trigger 4 armed 4
                                            , trigger 5 armed 5
    bob triggers                            = trigger 3 armed 3 due 8, trigger 6 armed 6
    bob bid 9960 x 1                        : accepted, rests 1
    carol ask 9960 x 1                      : accepted, rests 0; trade 1@9960 with bob
    alice triggers                          = trigger 1 armed 1 due 9, trigger 2 armed 2 due 7, trigger 4 armed 4 due 11
                                            , trigger 5 armed 5 due 10
    op fire                                 : alice fires 2 at 9960; accepted, rests 0
                                            ; INSUFFICIENT_LIQUIDITY, left 2, done 0
    op fire                                 : bob fires 3 at 9960; accepted, rests 0
                                            ; INSUFFICIENT_LIQUIDITY, left 3, done 0
    alice cancel_all 0 ORDERS               :
    alice cancel_all 2                      :
    alice cancel_all 1                      : alice's trigger ends: REQUESTED; alice's trigger ends: REQUESTED
                                            ; alice's trigger ends: REQUESTED
    bob triggers                            = trigger 6 armed 6
"""
# Market 1 comes before market 3, and of each the mark before the index.
SCENARIOS["the clock looks at the marks and indices of all markets in their order"] = """
    op collateral USDC weight=100000000     : CollateralSet
    op contract                             : MarketListed
    price SOL 100
    op contract_rules                       : PerpetualSet
    alice stop 10100 buy 1 by=INDEX on3     : alice waits RISES 10100 by INDEX: buy 1
    alice stop 10100 buy 2 by=MARK on3      : alice waits RISES 10100 by MARK: buy 2
    alice stop 10100 buy 3 by=INDEX         : alice waits RISES 10100 by INDEX: buy 3
    alice stop 10100 buy 4 by=MARK          : alice waits RISES 10100 by MARK: buy 4
    price SOL 102
    alice triggers                          = trigger 1 armed 1 due 8, trigger 2 armed 2 due 7, trigger 3 armed 3 due 6
                                            , trigger 4 armed 4 due 5
"""
# Nobody knew the mark when these began to watch: 7,000 is above the one and below the other.
SCENARIOS["of one price those that rise are due before those that fall"] = """
    alice bid 9000 x 1 sl=8000:MARK         : accepted, rests 1; alice's stop-loss waits FALLS 8000 by MARK: sell 0
    bob ask 9000 x 1                        : accepted, rests 0; trade 1@9000 with alice
    carol bid 5000 x 1 tp=6000:MARK         : accepted, rests 1; carol's take-profit waits RISES 6000 by MARK: sell 0
    bob ask 5000 x 1                        : accepted, rests 0; trade 1@5000 with carol
    price SOL 70
    carol triggers                          = take-profit 1 armed 2 due 3
    alice triggers                          = stop-loss 1 armed 1 due 4
"""
SCENARIOS["a trigger is refused for what its order would be, then for its own price and number"] = """
    alice.fenced stop 9900 sell 1           : ACCOUNT_CANNOT_TRADE value=65
    alice stop 9900 sell 1 on2              : NOT_ELIGIBLE_TO_SELL value=1 limit=1 asset=3
    alice stop 9900 sell 1 slip=3t @9800    : INVALID_COMBINATION
    alice stop 9900 sell 1 post             : INVALID_COMBINATION
    alice stop 9900 sell 1 reduce           : INVALID_COMBINATION
    alice stop 9900 sell 0                  : INVALID_COMBINATION
    alice stop 9900 buy 10%                 : INVALID_COMBINATION
    op limits 100 20000 2 9                 : MarketLimitsSet
    alice stop 9900 sell 1 @99              : PRICE_BELOW_MINIMUM value=99 limit=100
    alice stop 99 sell 1 @100               : QUANTITY_BELOW_MINIMUM value=1 limit=2
    alice stop 99 sell 50%                  : PRICE_BELOW_MINIMUM value=99 limit=100
    alice stop 20001 sell 2                 : PRICE_ABOVE_MAXIMUM value=20001 limit=20000
    op parameter TRIGGERS_PER_ACCOUNT 1     : ParameterSet
    op parameter TRIGGERS 2                 : ParameterSet
    alice stop 9900 sell 2                  : NO_TRIGGER_PRICE
    bob bid 9900 x 2                        : accepted, rests 2
    carol ask 9900 x 2                      : accepted, rests 0; trade 2@9900 with bob
    alice stop 9800 sell 2                  : alice waits FALLS 9800: sell 2
    alice stop 9800 sell 2                  : TRIGGERS_LIMIT value=2 limit=1
    alice bid 9000 x 2 tp=9500              : TRIGGERS_LIMIT value=2 limit=1
    bob bid 9000 x 2 tp=9500 sl=8000        : TRIGGERS_LIMIT value=2 limit=1
    bob bid 9000 x 2 tp=9500                : accepted, rests 2; bob's take-profit waits RISES 9500: sell 0
    carol stop 9800 sell 2                  : VENUE_FULL value=3 limit=2
    carol bid 9000 x 2 tp=9500              : VENUE_FULL value=3 limit=2
    op parameter TRIGGERS 1                 : BELOW_USE value=1 limit=2
"""
SCENARIOS["what is attached is refused after the value of its order and before its funds"] = """
    alice bid 9900 x 2000 tp=@9950          : INVALID_COMBINATION
    op limits 100 20000 1 9000              : MarketLimitsSet
    alice bid 9900 x 2000 tp=20001          : PRICE_ABOVE_MAXIMUM value=20001 limit=20000
    alice bid 9900 x 2000 tp=10000@99       : PRICE_BELOW_MINIMUM value=99 limit=100
    alice bid 9900 x 2000 tp=9000 sl=99     : PRICE_BELOW_MINIMUM value=99 limit=100
    alice bid 9900 x 2000 tp=9900 sl=9800   : WRONG_SIDE_TRIGGER value=9900 limit=9900
    alice bid 9900 x 2000 tp=9901 sl=9900   : WRONG_SIDE_TRIGGER value=9900 limit=9900
    alice ask 9900 x 2000 tp=9900 sl=9901   : WRONG_SIDE_TRIGGER value=9900 limit=9900
    alice ask 9900 x 2000 tp=9899 sl=9900   : WRONG_SIDE_TRIGGER value=9900 limit=9900
    alice buy 2000 tp=9900 sl=9900          : WRONG_SIDE_TRIGGER value=9900 limit=9900
    alice sell 2000 tp=9901 sl=9900         : WRONG_SIDE_TRIGGER value=9901 limit=9900
    alice bid 9900 x 2000 tp=10000 sl=9800  : INSUFFICIENT_FUNDS value=1980000000 limit=1000000000 asset=1
"""


@pytest.mark.parametrize("lines", SCENARIOS.values(), ids=[name.replace(" ", "_") for name in SCENARIOS])
def test_trigger_scenario_played_line_by_line_answers_as_worked_out(scenario: Scenario, lines: str) -> None:
    scenario.play(lines)


def test_triggers_under_the_first_rules_do_not_exist(early_scenario: Scenario) -> None:
    for command in (c.PlaceTrigger(account=64, market=1, side=1, quantity_lots=1, trigger_ticks=1), c.FireTrigger()):
        (event,) = early_scenario.give(command)
        assert isinstance(event, v.Rejected)
        assert event.reject == Reject.UNKNOWN_KIND
    early_scenario.play("""
        op parameter TRIGGERS 5               : FIELD_OUT_OF_RANGE value=11 limit=10 field_number=1
        alice bid 9000 x 1 tp=5 as a          : accepted, rests 1
        op rules 2                            : RulesSet
        alice cancel_all 1 TRIGGERS           :
        alice cancel a                        : REQUESTED, left 1, done 0, rested alice
        alice triggers                        = nothing
    """)
