"""What the rules say, worked out by hand; the reference and the compiled core must both say it."""

import pytest
from tests.reference.scenario import Scenario

SCENARIOS: dict[str, str] = {}
"""Name of the case -> its lines."""

SCENARIOS["bid that rests locks price times lots times quote factor"] = """
    alice bid 10000 x 5                         : accepted, rests 5
    alice USDC                                  = 995000000+5000000
"""
SCENARIOS["ask that rests locks lots of base"] = """
    alice ask 10000 x 5                         : accepted, rests 5
    alice SOL                                   = 9950000000+50000000
"""
SCENARIOS["bid that crosses fills at the maker's price"] = """
    alice ask 10000 x 5                         : accepted, rests 5
    bob bid 10010 x 3                           : accepted, rests 0; trade 3@10000 with alice
    bob USDC                                    = 997000000+0
    bob SOL                                     = 10030000000+0
    alice USDC                                  = 1003000000+0
    alice SOL                                   = 9950000000+20000000
"""
SCENARIOS["bid larger than the book fills and rests"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob bid 10010 x 3                           : accepted, rests 1; trade 2@10000 with alice
    bob USDC                                    = 996999000+1001000
"""
SCENARIOS["better price goes first, then the older order"] = """
    alice ask 10000 x 1                         : accepted, rests 1
    carol ask 10000 x 1                         : accepted, rests 1
    carol ask 9999 x 1                          : accepted, rests 1
    bob bid 10000 x 2                           : accepted, rests 0; trade 1@9999 with carol; trade 1@10000 with alice
"""
# 1 lot at 10001: quote 1,000,100; 200 ppm of it is 200.02, 500 ppm of 10,000,000 base atoms is 5,000.
SCENARIOS["fees of a bid are taken in base from it and in quote from the maker, rounded up"] = """
    op fees 200 500                             : FeeTierSet
    alice ask 10001 x 1                         : accepted, rests 1
    bob bid 10001 x 1                           : accepted, rests 0; trade 1@10001 with alice, fees 5000/201
    alice USDC                                  = 1000999899+0
    bob SOL                                     = 10009995000+0
    FEES USDC                                   = 201+0
    FEES SOL                                    = 5000+0
"""
# 2 lots at 9999: quote 1,999,800; 500 ppm of it is 999.9, 200 ppm of 20,000,000 is 4,000.
SCENARIOS["fees of an ask are taken in quote from it and in base from the maker"] = """
    op fees 200 500                             : FeeTierSet
    alice bid 9999 x 2                          : accepted, rests 2
    bob ask 9999 x 2                            : accepted, rests 0; trade 2@9999 with alice, fees 1000/4000
    alice SOL                                   = 10019996000+0
    bob USDC                                    = 1001998800+0
"""
# 100 ppm of 1,000,100 is 100.01: paid 100, then the 50 that are left, then nothing.
SCENARIOS["rebate is rounded down and paid as far as REBATES reaches"] = """
    op fees -100 0                              : FeeTierSet
    SUSPENSE deposit 150 USDC 1                 : DEPOSIT 150 CUSTODY to SUSPENSE
    SUSPENSE house 150 USDC REBATES             : HOUSE 150 SUSPENSE to REBATES
    alice ask 10001 x 3                         : accepted, rests 3
    bob bid 10001 x 1                           : accepted, rests 0; trade 1@10001 with alice, fees 0/-100
    bob bid 10001 x 1                           : accepted, rests 0; trade 1@10001 with alice, fees 0/-50
    bob bid 10001 x 1                           : accepted, rests 0; trade 1@10001 with alice
    REBATES USDC                                = 0+0
    alice USDC                                  = 1003000450+0
"""
SCENARIOS["immediate or cancel closes what is left"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob bid 10000 x 5 ioc                       : accepted, rests 0
                                                ; trade 2@10000 with alice
                                                ; IMMEDIATE_OR_CANCEL, left 3, done 2
    bob bid 10000 x 5 ioc                       : accepted, rests 0; IMMEDIATE_OR_CANCEL, left 5, done 0
    bob USDC                                    = 998000000+0
"""
SCENARIOS["fill or kill fills in full or not at all"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    carol ask 10001 x 2                         : accepted, rests 2
    bob bid 10000 x 3 fok                       : accepted, rests 0; FILL_OR_KILL, left 3, done 0
    bob bid 10001 x 4 fok                       : accepted, rests 0; trade 2@10000 with alice; trade 2@10001 with carol
"""
SCENARIOS["fill or kill counts the work limit and the bound"] = """
    alice ask 10000 x 1                         : accepted, rests 1
    carol ask 10200 x 1                         : accepted, rests 1
    op parameter FILLS_PER_COMMAND 1            : ParameterSet
    bob bid 10200 x 2 fok                       : accepted, rests 0; FILL_OR_KILL, left 2, done 0
    op parameter FILLS_PER_COMMAND 2            : ParameterSet
    op bands impact_maximum=1010000             : PriceBandsSet
    bob bid 10200 x 2 fok                       : accepted, rests 0; FILL_OR_KILL, left 2, done 0
    op bands                                    : PriceBandsSet
    bob bid 10200 x 2 fok                       : accepted, rests 0; trade 1@10000 with alice; trade 1@10200 with carol
"""
# 17 lots at 600000 are 1,020,000,000: the walk of the book is what the order must be able to pay.
SCENARIOS["fill or kill at market needs the funds of what it finds"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob buy 3 fok                               : accepted, rests 0; FILL_OR_KILL, left 3, done 0
    bob buy 2 fok                               : accepted, rests 0; trade 2@10000 with alice
    carol ask 600000 x 17                       : accepted, rests 17
    bob buy 18 fok                              : INSUFFICIENT_FUNDS value=1020000000 limit=998000000 asset=1
"""
SCENARIOS["post only is refused when it crosses and rests when it does not"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob bid 10000 x 1 post                      : WOULD_TAKE value=10000 limit=10000
    bob bid 10001 x 1 post                      : WOULD_TAKE value=10001 limit=10000
    bob bid 9999 x 1 post                       : accepted, rests 1
    bob bid 9999 x 1 post ioc                   : INVALID_COMBINATION
"""
SCENARIOS["market order by quantity takes what is there"] = """
    bob buy 3                                   : accepted, rests 0; INSUFFICIENT_LIQUIDITY, left 3, done 0
    alice ask 10000 x 2                         : accepted, rests 2
    bob buy 3                                   : accepted, rests 0
                                                ; trade 2@10000 with alice
                                                ; INSUFFICIENT_LIQUIDITY, left 1, done 2
    alice bid 9000 x 4                          : accepted, rests 4
    bob sell 3                                  : accepted, rests 0; trade 3@9000 with alice
"""
SCENARIOS["market order by quote buys whole lots and keeps the rest of the money"] = """
    alice ask 10000 x 5                         : accepted, rests 5
    bob buy $2500000                            : accepted, rests 0; trade 2@10000 with alice
    bob USDC                                    = 998000000+0
    bob buy $999999                             : accepted, rests 0; IMMEDIATE_OR_CANCEL, left 0, done 0
    bob buy $4000000                            : accepted, rests 0
                                                ; trade 3@10000 with alice
                                                ; INSUFFICIENT_LIQUIDITY, left 0, done 3
"""
SCENARIOS["market order by quote that spends all of it is filled, whatever the book holds then"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob buy $2000000                            : accepted, rests 0; trade 2@10000 with alice
    alice bid 9000 x 2                          : accepted, rests 2
    bob sell $1800000                           : accepted, rests 0; trade 2@9000 with alice
"""
SCENARIOS["market order by quote stops at the next price it cannot pay a lot of"] = """
    alice ask 10000 x 1                         : accepted, rests 1
    alice ask 10001 x 1                         : accepted, rests 1
    bob buy $2000000                            : accepted, rests 0; trade 1@10000 with alice
"""
# 3 lots at 10000 and then 10500 quote atoms are not one lot at 9000 (900,000).
SCENARIOS["market sale by quote sells the lots that bring at most so much"] = """
    alice bid 10000 x 3                         : accepted, rests 3
    alice bid 9000 x 9                          : accepted, rests 9
    bob sell $3010500                           : accepted, rests 0; trade 3@10000 with alice
    bob SOL                                     = 9970000000+0
"""
SCENARIOS["slippage in ticks bounds a market order"] = """
    alice ask 10000 x 1                         : accepted, rests 1
    alice ask 10002 x 1                         : accepted, rests 1
    alice ask 10003 x 1                         : accepted, rests 1
    bob buy 3 slip=2t                           : accepted, rests 0
                                                ; trade 1@10000 with alice
                                                ; trade 1@10002 with alice
                                                ; SLIPPAGE_TOLERANCE_EXCEEDED, left 1, done 2
    alice bid 9000 x 1                          : accepted, rests 1
    alice bid 1 x 1                             : accepted, rests 1
    bob sell 3 slip=20000t                      : accepted, rests 0
                                                ; trade 1@9000 with alice
                                                ; trade 1@1 with alice
                                                ; INSUFFICIENT_LIQUIDITY, left 1, done 2
"""
# 300 ppm above 10001 is 10004.0003, so 10004; 300 ppm below 9999 is 9996.0003, so 9997.
SCENARIOS["slippage in ppm is rounded towards the best price"] = """
    alice ask 10001 x 1                         : accepted, rests 1
    alice ask 10004 x 1                         : accepted, rests 1
    alice ask 10005 x 1                         : accepted, rests 1
    bob buy 3 slip=300ppm                       : accepted, rests 0
                                                ; trade 1@10001 with alice
                                                ; trade 1@10004 with alice
                                                ; SLIPPAGE_TOLERANCE_EXCEEDED, left 1, done 2
    alice cancel-all 1                          : REQUESTED, left 1, done 0, rested alice
    alice bid 9999 x 1                          : accepted, rests 1
    alice bid 9997 x 1                          : accepted, rests 1
    alice bid 9996 x 1                          : accepted, rests 1
    bob sell 3 slip=300ppm                      : accepted, rests 0
                                                ; trade 1@9999 with alice
                                                ; trade 1@9997 with alice
                                                ; SLIPPAGE_TOLERANCE_EXCEEDED, left 1, done 2
"""
SCENARIOS["impact band closes even a limit order that would rest"] = """
    op bands impact_maximum=1000100             : PriceBandsSet
    alice ask 10000 x 1                         : accepted, rests 1
    alice ask 10001 x 1                         : accepted, rests 1
    alice ask 10002 x 1                         : accepted, rests 1
    bob bid 10002 x 5                           : accepted, rests 0
                                                ; trade 1@10000 with alice
                                                ; trade 1@10001 with alice
                                                ; PRICE_IMPACT, left 3, done 2
    bob USDC                                    = 997999900+0
"""
SCENARIOS["of two bounds the tighter counts, at a tie the impact"] = """
    op bands impact_maximum=1000100             : PriceBandsSet
    alice ask 10000 x 1                         : accepted, rests 1
    alice ask 10002 x 9                         : accepted, rests 9
    bob buy 2 slip=1t                           : accepted, rests 0
                                                ; trade 1@10000 with alice
                                                ; PRICE_IMPACT, left 1, done 1
    alice ask 10000 x 1                         : accepted, rests 1
    bob buy 2 slip=0t                           : accepted, rests 0
                                                ; trade 1@10000 with alice
                                                ; SLIPPAGE_TOLERANCE_EXCEEDED, left 1, done 1
"""
# Half of 1 tick, rounded down, is 0: a bound like any other, that no price keeps.
SCENARIOS["impact bound of zero is a bound"] = """
    op bands impact_maximum=500000              : PriceBandsSet
    alice ask 1 x 1                             : accepted, rests 1
    bob bid 1 x 1                               : accepted, rests 0; PRICE_IMPACT, left 1, done 0
"""
SCENARIOS["work limit closes what is left"] = """
    op parameter FILLS_PER_COMMAND 2            : ParameterSet
    alice ask 10000 x 1                         : accepted, rests 1
    alice ask 10000 x 1                         : accepted, rests 1
    alice ask 10000 x 1                         : accepted, rests 1
    bob bid 10000 x 3                           : accepted, rests 0
                                                ; trade 1@10000 with alice
                                                ; trade 1@10000 with alice
                                                ; WORK_LIMIT, left 1, done 2
    bob USDC                                    = 998000000+0
"""
SCENARIOS["self trade, reject taker: the taker's rest is closed"] = """
    bob ask 10000 x 1                           : accepted, rests 1
    alice ask 10000 x 2                         : accepted, rests 2
    alice bid 10000 x 4                         : accepted, rests 0
                                                ; trade 1@10000 with bob
                                                ; SELF_TRADE_PREVENTION, left 3, done 1
    alice SOL                                   = 9990000000+20000000
"""
SCENARIOS["self trade, reject maker: the maker is closed and matching goes on"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob ask 10001 x 1                           : accepted, rests 1
    alice bid 10001 x 4 reject_maker            : accepted, rests 3
                                                ; SELF_TRADE_PREVENTION, left 2, done 0, rested alice
                                                ; trade 1@10001 with bob
    alice SOL                                   = 10010000000+0
"""
SCENARIOS["self trade, reject both: both are closed"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob ask 10001 x 1                           : accepted, rests 1
    alice bid 10001 x 4 reject_both             : accepted, rests 0
                                                ; SELF_TRADE_PREVENTION, left 2, done 0, rested alice
                                                ; SELF_TRADE_PREVENTION, left 4, done 0
    alice SOL                                   = 10000000000+0
"""
SCENARIOS["self trade is between users' accounts, not only within one"] = """
    alice transfer 20000000 SOL alice.1         : TRANSFER 20000000 alice to alice.1
    alice.1 ask 10000 x 2                       : accepted, rests 2
    alice bid 10000 x 1                         : accepted, rests 0; SELF_TRADE_PREVENTION, left 1, done 0
    alice buy 1 reject_maker                    : accepted, rests 0
                                                ; SELF_TRADE_PREVENTION, left 2, done 0, rested alice.1
                                                ; INSUFFICIENT_LIQUIDITY, left 1, done 0
"""
SCENARIOS["self trade closings count as work"] = """
    op parameter FILLS_PER_COMMAND 1            : ParameterSet
    alice ask 10000 x 2                         : accepted, rests 2
    bob ask 10001 x 1                           : accepted, rests 1
    alice bid 10001 x 1 reject_maker            : accepted, rests 0
                                                ; SELF_TRADE_PREVENTION, left 2, done 0, rested alice
                                                ; WORK_LIMIT, left 1, done 0
"""
SCENARIOS["fill or kill passes over own makers only if it may close them"] = """
    alice ask 10000 x 2                         : accepted, rests 2
    bob ask 10001 x 1                           : accepted, rests 1
    alice bid 10001 x 1 fok                     : accepted, rests 0; FILL_OR_KILL, left 1, done 0
    alice bid 10001 x 2 fok reject_maker        : accepted, rests 0; FILL_OR_KILL, left 2, done 0
    alice bid 10001 x 1 fok reject_maker        : accepted, rests 0
                                                ; SELF_TRADE_PREVENTION, left 2, done 0, rested alice
                                                ; trade 1@10001 with bob
"""
SCENARIOS["amendment that only shrinks keeps its place"] = """
    alice ask 10000 x 5 as a                    : accepted, rests 5
    carol ask 10000 x 5                         : accepted, rests 5
    alice amend a 10000 x 3                     : amended kept, rests 3, was 5
    alice amend a 10000 x 3                     : amended kept, rests 3, was 3
    alice SOL                                   = 9970000000+30000000
    bob bid 10000 x 4                           : accepted, rests 0; trade 3@10000 with alice; trade 1@10000 with carol
"""
SCENARIOS["amendment that grows goes to the end of the queue"] = """
    alice ask 10000 x 5 as a                    : accepted, rests 5
    carol ask 10000 x 5                         : accepted, rests 5
    alice amend a 10000 x 6                     : amended anew, rests 6, was 5
    alice SOL                                   = 9940000000+60000000
    bob bid 10000 x 6                           : accepted, rests 0; trade 5@10000 with carol; trade 1@10000 with alice
"""
SCENARIOS["amendment that crosses is matched, and what it did before counts"] = """
    alice ask 10000 x 5 as a                    : accepted, rests 5
    bob bid 10000 x 2                           : accepted, rests 0; trade 2@10000 with alice
    bob bid 9990 x 1                            : accepted, rests 1
    alice amend a 9990 x 2                      : QUANTITY_BELOW_MINIMUM value=2 limit=3
    alice amend a 9990 x 4                      : amended anew, rests 1, was 3; trade 1@9990 with bob
    alice cancel a                              : REQUESTED, left 1, done 3, rested alice
    alice USDC                                  = 1002999000+0
"""
SCENARIOS["amendment may fail on the way like a new order"] = """
    alice bid 9000 x 5 as a                     : accepted, rests 5
    alice ask 10000 x 1                         : accepted, rests 1
    alice amend a 10000 x 5                     : amended anew, rests 0, was 5; SELF_TRADE_PREVENTION, left 5, done 0
    alice cancel a                              : UNKNOWN_ORDER value=16
    alice USDC                                  = 1000000000+0
"""
# 999 lots at 10000 leave 1,000,000; amended to 1001 lots it needs 1,001,000,000 of 1,000,000,000.
SCENARIOS["amendment may spend its own lock but no more"] = """
    alice bid 10000 x 999 as a                  : accepted, rests 999
    alice amend a 10000 x 1001                  : INSUFFICIENT_FUNDS value=1001000000 limit=1000000000 asset=1
    alice amend a 10000 x 1000                  : amended anew, rests 1000, was 999
    alice USDC                                  = 0+1000000000
    alice amend a 20000 x 500                   : amended anew, rests 500, was 1000
"""
SCENARIOS["amendment of a post only order may not take"] = """
    alice bid 9000 x 5 post as a                : accepted, rests 5
    bob ask 10000 x 1                           : accepted, rests 1
    alice amend a 10000 x 5                     : WOULD_TAKE value=10000 limit=10000
    alice amend a 9999 x 5                      : amended anew, rests 5, was 5
"""
SCENARIOS["order is known to its account and market only"] = """
    alice bid 9000 x 5 as a                     : accepted, rests 5
    bob cancel a                                : UNKNOWN_ORDER value=16
    alice cancel a 2                            : UNKNOWN_ORDER value=16
    alice cancel a 3                            : UNKNOWN_MARKET value=3
    nobody cancel a                             : UNKNOWN_ACCOUNT value=999
    alice cancel a                              : REQUESTED, left 5, done 0, rested alice
    alice cancel a                              : UNKNOWN_ORDER value=16
    alice USDC                                  = 1000000000+0
"""
SCENARIOS["all orders are cancelled, the one queued last comes last"] = """
    alice bid 9000 x 1 as a                     : accepted, rests 1
    alice bid 9000 x 2                          : accepted, rests 2
    alice amend a 9000 x 3                      : amended anew, rests 3, was 1
    alice cancel-all 2                          :
    alice cancel-all 3                          : UNKNOWN_MARKET value=3
    alice cancel-all 0                          : REQUESTED, left 2, done 0, rested alice
                                                ; REQUESTED, left 3, done 0, rested alice
"""
# Bid 9000, ask 11000: the middle is 10000; 10100 and 9900 are the edges of one per cent.
SCENARIOS["price band lies around the middle before the first trade"] = """
    op bands limit_maximum=1010000 limit_minimum=990000 : PriceBandsSet
    alice bid 9000 x 1                          : accepted, rests 1
    alice ask 11000 x 1                         : accepted, rests 1
    bob bid 10101 x 1                           : PRICE_OUT_OF_BAND value=10101 limit=10100
    bob bid 9899 x 1                            : PRICE_OUT_OF_BAND value=9899 limit=9900
    bob bid 9900 x 1                            : accepted, rests 1
"""
# Last 10000; without an ask it counts alone: 1.0001 * 10000 = 10001. With bid 9000 and ask 9500 the median is 9500.
SCENARIOS["price band lies around the last price, or the median with both sides"] = """
    alice bid 10000 x 1                         : accepted, rests 1
    bob ask 10000 x 1                           : accepted, rests 0; trade 1@10000 with alice
    op bands limit_maximum=1000100              : PriceBandsSet
    bob bid 10002 x 1                           : PRICE_OUT_OF_BAND value=10002 limit=10001
    bob bid 9000 x 1                            : accepted, rests 1
    bob ask 9500 x 1                            : accepted, rests 1
    carol ask 9501 x 1                          : PRICE_OUT_OF_BAND value=9501 limit=9500
    carol ask 9500 x 1                          : accepted, rests 1
"""
SCENARIOS["price band lets an amendment of quantity alone pass"] = """
    alice bid 10000 x 1                         : accepted, rests 1
    bob ask 10000 x 1                           : accepted, rests 0; trade 1@10000 with alice
    alice bid 5000 x 1 as a                     : accepted, rests 1
    op bands limit_minimum=900000               : PriceBandsSet
    alice amend a 5000 x 2                      : amended anew, rests 2, was 1
    alice amend a 5001 x 2                      : PRICE_OUT_OF_BAND value=5001 limit=9000
"""
SCENARIOS["market's range is kept"] = """
    op limits 100 200 5 10                      : MarketLimitsSet
    bob bid 99 x 4                              : PRICE_BELOW_MINIMUM value=99 limit=100
    bob bid 201 x 4                             : PRICE_ABOVE_MAXIMUM value=201 limit=200
    bob bid 100 x 4                             : QUANTITY_BELOW_MINIMUM value=4 limit=5
    bob buy 11                                  : QUANTITY_ABOVE_MAXIMUM value=11 limit=10
    bob bid 100 x 5                             : accepted, rests 5
    op limits 200 100 5 10                      : RANGE_REVERSED value=200 limit=100
    op limits 100 200 10 5                      : RANGE_REVERSED value=10 limit=5
"""
SCENARIOS["market states refuse what they must, cancellations pass"] = """
    alice bid 9000 x 2 as a                     : accepted, rests 2
    alice bid 9000 x 2 as b                     : accepted, rests 2
    op state CLOSED                             : MarketStateSet
    bob ask 10000 x 1                           : MARKET_CLOSED
    alice cancel a                              : REQUESTED, left 2, done 0, rested alice
    op state CANCEL_ONLY                        : MarketStateSet
    alice amend b 9000 x 1                      : MARKET_CANCEL_ONLY
    op state LIMIT_ONLY                         : MarketStateSet
    bob sell 1                                  : MARKET_LIMIT_ONLY
    op state POST_ONLY                          : MarketStateSet
    bob sell 1                                  : MARKET_POST_ONLY
    bob ask 9000 x 1                            : accepted, rests 0; POST_ONLY_MODE, left 1, done 0
    bob ask 9000 x 1 fok                        : accepted, rests 0; POST_ONLY_MODE, left 1, done 0
    bob ask 9001 x 1 fok                        : accepted, rests 0; FILL_OR_KILL, left 1, done 0
    bob ask 9001 x 1                            : accepted, rests 1
    alice amend b 9001 x 3                      : amended anew, rests 0, was 2; POST_ONLY_MODE, left 3, done 0
"""
SCENARIOS["frozen user may cancel and nothing else"] = """
    alice bid 9000 x 2 as a                     : accepted, rests 2
    op freeze alice 7                           : UserSet
    alice bid 9000 x 2                          : TRADING_FROZEN value=1
    alice amend a 9000 x 1                      : TRADING_FROZEN value=1
    alice withdraw 1 USDC 0                     : WITHDRAWALS_FROZEN value=1
    alice transfer 1 USDC alice.fenced          : TRANSFERS_FROZEN value=1
    alice cancel a                              : REQUESTED, left 2, done 0, rested alice
"""
SCENARIOS["class of an asset needs its bit for each thing done with it"] = """
    alice bid 9000 x 1 on2                      : NOT_ELIGIBLE_TO_BUY value=1 limit=1 asset=3
    alice ask 9000 x 1 on2                      : NOT_ELIGIBLE_TO_SELL value=1 limit=1 asset=3
    alice deposit 20000 ACME 1                  : NOT_ELIGIBLE_TO_HOLD value=1 limit=1 asset=3
    alice withdraw 20000 ACME 0                 : NOT_ELIGIBLE_TO_WITHDRAW value=1 limit=1 asset=3
    op classes alice 0 2 2 0                    : EligibilitySet
    alice deposit 20000 ACME 1                  : DEPOSIT 20000 CUSTODY to alice
    alice ask 9000 x 2 on2                      : accepted, rests 2
    bob bid 9000 x 2 on2                        : NOT_ELIGIBLE_TO_BUY value=2 limit=1 asset=3
    op classes bob 2 0 0 0                      : EligibilitySet
    bob bid 9000 x 2 on2                        : accepted, rests 0; trade 2@9000 with alice
"""
SCENARIOS["fenced account does not trade"] = """
    alice transfer 500 USDC alice.fenced        : TRANSFER 500 alice to alice.fenced
    alice.fenced bid 1 x 1                      : ACCOUNT_CANNOT_TRADE value=65
"""
# 1,001 lots at 10000 need 1,001,000,000 of the 1,000,000,000 she has; 1,001 lots of base 10,010,000,000.
SCENARIOS["funds are needed in what the order sells"] = """
    alice bid 10000 x 1001                      : INSUFFICIENT_FUNDS value=1001000000 limit=1000000000 asset=1
    alice ask 10000 x 1001                      : INSUFFICIENT_FUNDS value=10010000000 limit=10000000000 asset=2
    alice buy $1000000001                       : INSUFFICIENT_FUNDS value=1000000001 limit=1000000000 asset=1
    alice sell 1001                             : INSUFFICIENT_FUNDS value=10010000000 limit=10000000000 asset=2
    carol ask 600000 x 17                       : accepted, rests 17
    alice buy 17                                : INSUFFICIENT_FUNDS value=1020000000 limit=1000000000 asset=1
    alice buy 16                                : accepted, rests 0; trade 16@600000 with carol
"""
# 1,000,000 quote atoms at 1 tick are 10,000 lots, of which alice has 1,000; carol bids for 2,000.
SCENARIOS["market sale by quote needs the lots it would sell"] = """
    carol bid 1 x 2000                          : accepted, rests 2000
    alice sell $1000000                         : INSUFFICIENT_FUNDS value=20000000000 limit=10000000000 asset=2
    alice sell $100000                          : accepted, rests 0; trade 1000@1 with carol
    alice SOL                                   = 0+0
"""
# Two lots at 984 bring 196,800; what is left of 295,199 is one atom less than a third, and that ends the order.
# Then one lot stands at 984: it brings 98,400, and 196,799 more are two lots at 983.
SCENARIOS["market sale by quote needs no more than the lots it sells"] = """
    carol bid 984 x 3                           : accepted, rests 3
    carol bid 983 x 3                           : accepted, rests 3
    alice transfer 20000000 SOL alice.1         : TRANSFER 20000000 alice to alice.1
    alice.1 sell $295199                        : accepted, rests 0; trade 2@984 with carol
    alice.1 sell $295199                        : INSUFFICIENT_FUNDS value=30000000 asset=2
"""
SCENARIOS["order too large to count is refused"] = """
    alice bid 10000 x 1000000000000             : VALUE_TOO_LARGE limit=4611686018427387904
    alice buy 1000000000000                     : VALUE_TOO_LARGE limit=4611686018427387904
"""
SCENARIOS["withdrawal waits in transit and is settled with its fee"] = """
    alice withdraw 700 USDC 30 as w             : WITHDRAWAL_REQUESTED 730 alice to IN_TRANSIT
    IN_TRANSIT USDC                             = 730+0
    op settle w                                 : WITHDRAWAL_SETTLED 700 IN_TRANSIT to CUSTODY
                                                ; WITHDRAWAL_FEE 30 IN_TRANSIT to NETWORK_FEES
    op settle w                                 : UNKNOWN_WITHDRAWAL value=16
    CUSTODY USDC                                = -2999999300+0
    NETWORK_FEES USDC                           = 30+0
"""
SCENARIOS["withdrawal that did not happen comes back with its fee"] = """
    alice withdraw 999999999 USDC 2             : INSUFFICIENT_FUNDS value=1000000001 limit=1000000000 asset=1
    alice withdraw 999999999 USDC 1 as w        : WITHDRAWAL_REQUESTED 1000000000 alice to IN_TRANSIT
    op give-back w                              : WITHDRAWAL_RETURNED 1000000000 IN_TRANSIT to alice
    alice USDC                                  = 1000000000+0
"""
# The largest amount and the largest fee are 2^63 together, one more than 64 bits with a sign can say.
SCENARIOS["withdrawal of the largest amount and fee is not a small one"] = """
    alice withdraw 4611686018427387904 USDC 4611686018427387904 :
                                                ; INSUFFICIENT_FUNDS value=4611686018427387904 limit=1000000000 asset=1
    alice USDC                                  = 1000000000+0
"""
SCENARIOS["deposit is credited once and in order"] = """
    alice deposit 5 USDC 2                      : NUMBER_NOT_NEXT value=2
    alice deposit 5 USDC 1                      : DEPOSIT 5 CUSTODY to alice
    alice deposit 5 USDC 1                      : NUMBER_ALREADY_APPLIED value=1 limit=1
    alice deposit 5 USDC 3                      : NUMBER_NOT_NEXT value=3 limit=1
    FEES deposit 5 USDC 2                       : UNKNOWN_ACCOUNT value=4
    SUSPENSE deposit 5 USDC 2                   : DEPOSIT 5 CUSTODY to SUSPENSE
    alice deposit 4611686015427387894 USDC 3    : DEPOSIT 4611686015427387894 CUSTODY to alice
    alice deposit 1 USDC 4                      : SUPPLY_LIMIT limit=4611686018427387904 asset=1
"""
SCENARIOS["transfer stays with its user"] = """
    alice transfer 5 USDC bob                   : NOT_ONE_USERS_ACCOUNTS value=64 limit=66
    alice transfer 5 USDC alice                 : SAME_ACCOUNT value=64
    alice transfer 5 USDC nobody                : UNKNOWN_ACCOUNT value=999
    alice transfer 1000000001 USDC alice.1      : INSUFFICIENT_FUNDS value=1000000001 limit=1000000000 asset=1
    alice transfer 1000000000 USDC alice.1      : TRANSFER 1000000000 alice to alice.1
"""
SCENARIOS["house funds move between open house accounts, and from suspense to their owner"] = """
    SUSPENSE deposit 50 USDC 1                  : DEPOSIT 50 CUSTODY to SUSPENSE
    alice house 5 USDC FEES                     : UNKNOWN_ACCOUNT value=64
    CUSTODY house 5 USDC FEES                   : HOUSE_ACCOUNT_CLOSED value=1
    SUSPENSE house 5 USDC IN_TRANSIT            : HOUSE_ACCOUNT_CLOSED value=2
    SUSPENSE house 5 USDC SUSPENSE              : SAME_ACCOUNT value=3
    SUSPENSE house 20 USDC FEES                 : HOUSE 20 SUSPENSE to FEES
    FEES house 5 USDC alice                     : HOUSE_ACCOUNT_CLOSED value=64
    SUSPENSE house 31 USDC alice                : INSUFFICIENT_FUNDS value=31 limit=30 asset=1
    SUSPENSE house 30 USDC alice                : HOUSE 30 SUSPENSE to alice
"""
SCENARIOS["limits of open orders are those of the account and of the venue"] = """
    op parameter OPEN_ORDERS_PER_ACCOUNT 1      : ParameterSet
    alice bid 9000 x 1                          : accepted, rests 1
    alice bid 9000 x 1                          : OPEN_ORDERS_LIMIT value=1 limit=1
    alice bid 9000 x 1 ioc                      : accepted, rests 0; IMMEDIATE_OR_CANCEL, left 1, done 0
    op parameter ORDERS 1                       : ParameterSet
    bob bid 9000 x 1                            : VENUE_FULL value=1 limit=1
    op parameter ORDERS 0                       : FIELD_OUT_OF_RANGE limit=1 field_number=2
    op parameter ACCOUNTS 70                    : BELOW_USE value=70 limit=71
"""
# Rows: three people and CUSTODY, each in two assets, are 8; 4,096 must stay free.
SCENARIOS["balance rows are kept free for what a command may need"] = """
    op parameter BALANCES 4103                  : ParameterSet
    alice bid 9000 x 1                          : VENUE_FULL value=8 limit=4103
    alice transfer 1 USDC alice.1               : VENUE_FULL value=8 limit=4103
    op parameter BALANCES 4104                  : ParameterSet
    alice transfer 1 USDC alice.1               : TRANSFER 1 alice to alice.1
    alice bid 9000 x 1                          : VENUE_FULL value=9 limit=4104
"""


@pytest.mark.parametrize("lines", SCENARIOS.values(), ids=[name.replace(" ", "_") for name in SCENARIOS])
def test_scenario_played_line_by_line_answers_as_worked_out(scenario: Scenario, lines: str) -> None:
    scenario.play(lines)
