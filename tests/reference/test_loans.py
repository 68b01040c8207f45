"""Lending and margin, worked out by hand; the reference and the compiled core must both say it.

Everybody has 1,000 USDC and 10 SOL. SOL is worth 100 USDC, USDC 1. What is owed of an asset that rounds nothing counts
one millionth more than it is worth, because debts are rounded up; what is held of SOL counts one less.
"""

import pytest
from tests.reference.scenario import Scenario

from ringfence.schema import commands as c
from ringfence.schema import events as v
from ringfence.schema.rejects import Reject

OPENING = """
    op collateral USDC weight=100000000 initial=5000000 maintenance=3000000
    op collateral SOL weight=90000000 initial=10000000 maintenance=6000000
    op pool USDC
"""
SCENARIOS: dict[str, str] = {}
"""Name of the case -> its lines, after those of the opening."""

SCENARIOS["atoms that are lent are the pool's until they are redeemed"] = """
    op pool USDC limit=1000000000               : LendingPoolSet
    alice lend 400000000 USDC                   : LEND 400000000, now +400000000
    alice USDC                                  = 600000000+0
    POOL USDC                                   = 400000000+0
    pool USDC                                   = lent 400000000 owed 0 reserve 0 rounding 0
    alice lend 600000001 USDC                   : LEND_LIMIT value=1000000001 limit=1000000000 asset=1
    bob lend 600000000 USDC                     : LEND 600000000, now +600000000
    alice borrow 5 USDC                         : BORROW_REQUIRES_LEND_REDEEM value=400000000 asset=1
    carol lend 5 ACME                           : NO_LENDING_POOL asset=3
    carol redeem 5 USDC                         : NO_LOAN asset=1
    carol repay 5 USDC                          : NO_LOAN asset=1
    carol.fenced lend 5 USDC                    : ACCOUNT_CANNOT_TRADE value=69
    alice redeem 100000000 USDC                 : REDEEM 100000000, now +300000000
    alice redeem 500000000 USDC                 : REDEEM 300000000, now +0
    alice USDC                                  = 1000000000+0
    alice loans                                 = nothing
"""
# U = 4 / 10, so the year's rate is 80 % * 0.4 / 0.8 = 40 %; half an hour of it on 4e9 is 91,324.2, up to 91,325. The
# reserve has a tenth of it, 9,132.5: 9,132; the other 82,193 are the lenders' by the end of the hour.
# The hour: U = 4,000,091,325 / 10,000,082,193 = 0.400005, the rate 40,000,500; 4,000,091,325 * 0.400005 / 8760 =
# 182,654.9, and what is owed in all counts 182,654 of it, 18,265 for the reserve and 164,389 for lenders in this hour.
# Now U = 4,000,273,979 / 10,000,082,193 = 0.400024: 40,002,400 for borrowers and 40,002,400 * 0.400024 = 16,001,920
# less a tenth for lenders, 14,401,728. Half of the hour later they have half of the 164,389: 10,000,164,387; at the end
# 10,000,246,582. The debt itself is rounded up, 4,000,273,980; the claim down, 10,000,246,581.
INTEREST = """
    op pool SOL optimal=80000000 full=500000000 fee=100000 :
                                                ; LendingPoolSet
    alice lend 10000000000 SOL                  : LEND 10000000000, now +10000000000
    until 1800
    op clock                                    : ClockTicked
    bob borrow 4000000000 SOL                   : BORROW 4000000000 fee 91325, now -4000091325
    bob SOL                                     = 14000000000+0
    pool SOL                                    = lent 10000000000 owed 4000091325 reserve 9132 rounding 0
                                                ; pending 82193
"""
SCENARIOS["interest is a share of the hour when a debt begins, and an hour's at the hour"] = (
    INTEREST
    + """
    until 3600
    op clock                                    : ClockTicked
                                                ; interest SOL 182654 reserve 18265 swept 0 rates 40002400/14401728
    pool SOL                                    = lent 10000082193 owed 4000273979 reserve 27397 rounding 0
                                                ; pending 164389
    POOL SOL                                    = 6000000000+0
    until 5400
    op clock                                    : ClockTicked
    pool SOL                                    = lent 10000164387 owed 4000273979 reserve 27397 rounding 0
                                                ; pending 82195
    bob repay 4611686018427387904 SOL           : REPAY 4000273980, now +0
    until 7200
    op clock                                    : ClockTicked
    pool SOL                                    = lent 10000246582 owed 0 reserve 27397 rounding 1
    alice redeem 4611686018427387904 SOL        : REDEEM 10000246581, now +0
    pool SOL                                    = lent 0 owed 0 reserve 27397 rounding 2
    POOL SOL                                    = 27399+0
"""
)
# A second before the hour alice has 82,147 of the 82,193 that come in 1,800 seconds. Carol's atoms are half of what is
# lent then: she has half of the 46 that are left, and of the next hour's 82,195 half of the first second's 22; one less
# for roundings. Borrowers pay for U = 4,000,091,325 / 20,000,082,193 = 0.200003: 91,327, a tenth of it to the reserve.
SCENARIOS["lender who comes for the clock of the hour earns what two seconds bring"] = (
    INTEREST
    + """
    until 3599
    op clock                                    : ClockTicked
    pool SOL                                    = lent 10000082147 owed 4000091325 reserve 9132 rounding 0
                                                ; pending 46
    carol lend 10000000000 SOL                  : LEND 10000000000, now +9999917853
    until 3600
    op clock                                    : ClockTicked
                                                ; interest SOL 91327 reserve 9132 swept 0 rates 20000800/3600288
    until 3601
    op clock                                    : ClockTicked
    carol redeem 4611686018427387904 SOL        : REDEEM 10000000033, now +0
"""
)
# At 90 % the rate is 80 % and half of the way from there to 500 %: 290 %. A tenth of a millisecond counts as one:
# 9e9 * 2.9 / 8760 / 3,600,000 = 0.83, up to 1. On the hour there is none before its clock, which charges all of it.
SCENARIOS["interest of a new debt is that of its use of the pool for the milliseconds that are left of the hour"] = """
    op pool SOL optimal=80000000 full=500000000 : LendingPoolSet
    alice lend 10000000000 SOL                  : LEND 10000000000, now +10000000000
    until 3599.9999
    bob borrow 9000000000 SOL                   : BORROW 9000000000 fee 1, now -9000000001
    until 3600
    bob borrow 99999999 SOL                     : BORROW 99999999, now -9100000000
"""
# 500,000 of a million at 50 %: an hour is 28.5, up to 29. Two hours of 50.0029 % on 500,029 are 57.09, of which what is
# owed in all counts 57: 500,086 in all, at 50.0086 %; a lender would have 50.0086 % * 0.500086 = 25.0086 %.
SCENARIOS["interest of a pool below 2^20 is the reserve's alone"] = """
    op pool SOL optimal=80000000                : LendingPoolSet
    alice lend 1000000 SOL                      : LEND 1000000, now +1000000
    until 3600
    op clock                                    : ClockTicked
    bob borrow 500000 SOL                       : BORROW 500000 fee 29, now -500029
    pool SOL                                    = lent 1000000 owed 500029 reserve 29 rounding 0
    until 10800
    op clock                                    : ClockTicked
                                                ; interest SOL 57 reserve 57 swept 0 rates 50008600/25008600
    pool SOL                                    = lent 1000000 owed 500086 reserve 86 rounding 0
"""
# 8.76 % a year are 0.001 % an hour: 23 of them on 100,000,001 are 23,000.0002. Lenders have 1,000,000,001 by then, of
# which 100,023,001 are 100,023 ppm: 8.76 % * 0.100023 = 0.876201 %.
SCENARIOS["interest of hours that were missed is paid at once"] = """
    op pool USDC idle=8760000 optimal=8760000 full=8760000 :
                                                ; LendingPoolSet
    alice lend 1000000000 USDC                  : LEND 1000000000, now +1000000000
    until 3599.9999
    bob borrow 100000000 USDC                   : BORROW 100000000 fee 1, now -100000001
    until 82800
    op clock                                    : ClockTicked
                                                ; interest USDC 23000 reserve 0 swept 0 rates 8760000/876201
"""
# 1,000 USDC of value have a root of 31,623: 90 % * 100 % / (1 + 0.31623) = 68.377107 % of 999,999,999 is 683,771,069.
# With a base of 95 % it is 64.958251 %. A debt of 4 SOL is 400,000,001, whose root is 20,001: a factor of 1 % makes
# 20.001 % of it, and half of the factor 10.0005 %. She holds 14 SOL then, 1,399,999,999.
SCENARIOS["collateral falls with the root of its value, and the margin of a debt grows with it"] = """
    op collateral SOL weight=90000000 penalty=1000000 initial=10000000 initial_factor=1000000 root :
                                                ; CollateralSet
    alice measure                               = assets 1999999999 collateral 1683771069 liabilities 0
                                                ; initial 0 maintenance 0 reserved 0
    op collateral SOL weight=90000000 base=95000000 penalty=1000000 initial=10000000 initial_factor=1000000 root :
                                                ; CollateralSet
    alice measure                               = assets 1999999999 collateral 1649582509 liabilities 0
                                                ; initial 0 maintenance 0 reserved 0
    op pool SOL                                 : LendingPoolSet
    carol lend 9000000000 SOL                   : LEND 9000000000, now +9000000000
    op collateral SOL weight=90000000 initial=10000000 initial_factor=1000000 maintenance_factor=500000 :
                                                ; CollateralSet
    alice borrow 4000000000 SOL                 : BORROW 4000000000, now -4000000000
    alice measure                               = assets 2399999999 collateral 2259999999 liabilities 400000001
                                                ; initial 80004001 maintenance 40002001 reserved 0
"""

SETTING = """
    op pool SOL                                 : LendingPoolSet
    carol lend 9000000000 SOL                   : LEND 9000000000, now +9000000000
    op fees 0 1000                              : FeeTierSet
    bob borrow 1000000000 SOL                   : BORROW 1000000000, now -1000000000
"""
# A bid for 1 SOL at 105 pays 105,000,000, which is 105,000,001 rounded up, and brings 999,000,000 atoms after a fee of
# 0.1 %: 99,899,999, of which 90 % are 89,909,999.1. It reserves 105,000,001 - 89,909,999 + 4 = 15,090,006, and half of
# it when half is left: 7,545,003. Of that, 12 of 50 lots keep 1,810,800.72, up to 1,810,801.
SCENARIOS["order of an account that owes reserves what its collateral may lose when it fills"] = (
    SETTING
    + """
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 0
    bob bid 10500 x 100 as b                    : accepted, rests 100
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 15090006
    alice ask 10500 x 50                        : accepted, rests 0; trade 50@10500 with bob, fees 52500/0
    bob measure                                 = assets 2097499999 collateral 1982499999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 7545003
    bob amend b 10500 x 62                      : amended kept, rests 12, was 50
    bob measure                                 = assets 2097499999 collateral 1982499999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 1810801
    bob cancel b                                : REQUESTED, left 12, done 50, rested bob
    bob repay 1000000000 SOL                    : REPAY 1000000000, now +0
"""
)
# An ask of 1 SOL at 80: 100,000,001 * 90 % = 90,000,000.9, up to 90,000,001, less 80,000,000 - 80,000 = 79,920,000.
# A limit of 6 % makes the debt need 1,666.666667 % of itself: 1,666,666,683.4. The market order counts its fills: 20
# lots at 85 and 30 at 80 bring 41,000,000 less 41,000 and pay 50,000,001, of which 90 % are 45,000,000.9: it reserves
# 45,000,001 - 40,959,000 + 4 = 4,041,005.
SCENARIOS["ask reserves at its limit and a market order at its fills"] = (
    SETTING
    + """
    bob ask 8000 x 100 as a                     : accepted, rests 100
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 10080005
    bob cancel a                                : REQUESTED, left 100, done 0, rested bob
    bob account leverage=5                      : INSUFFICIENT_MARGIN value=2000000020 limit=1889999998
    bob account leverage=6                      : AccountSet
    bob withdraw 220000000 USDC 0               : WITHDRAWAL_REQUESTED 220000000 bob to IN_TRANSIT
    alice bid 8500 x 20                         : accepted, rests 20
    carol bid 8000 x 30                         : accepted, rests 30
    bob sell 100                                : INSUFFICIENT_MARGIN value=1670707689 limit=1669999998
    bob sell 30                                 : accepted, rests 0
                                                ; trade 20@8500 with alice, fees 17000/0
                                                ; trade 10@8000 with carol, fees 8000/0
"""
)
# A bid at 115 pays 115,000,001 and brings 90 % of 999,000,000 atoms, 89,909,999: it reserves 25,090,006 whether it
# repays or not, because the debt may be gone before it fills. At 100 it reserves 10,090,006.
SCENARIOS["order that would repay a debt reserves as any other"] = (
    SETTING
    + """
    bob bid 11500 x 100 +repay                  : accepted, rests 100
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 25090006
    bob bid 11500 x 100 +repay                  : accepted, rests 100
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 50180012
    bob bid 11500 x 100 +repay                  : accepted, rests 100
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 75270018
    bob cancel-all 1                            : REQUESTED, left 100, done 0, rested bob
                                                ; REQUESTED, left 100, done 0, rested bob
                                                ; REQUESTED, left 100, done 0, rested bob
    bob bid 10000 x 100 +repay                  : accepted, rests 100
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 10090006
"""
)
SCENARIOS["orders of an account that begins to owe reserve from then on"] = (
    SETTING
    + """
    alice bid 10500 x 100 as a                  : accepted, rests 100
    alice measure                               = assets 1999999999 collateral 1899999999 liabilities 0
                                                ; initial 0 maintenance 0 reserved 0
    alice borrow 1000000000 SOL                 : BORROW 1000000000, now -1000000000
    alice measure                               = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 15090006
    alice repay 1000000000 SOL                  : REPAY 1000000000, now +0
    alice measure                               = assets 1999999999 collateral 1899999999 liabilities 0
                                                ; initial 0 maintenance 0 reserved 0
"""
)
SCENARIOS["order borrows what it sells, and the next repays with what it buys"] = """
    op pool SOL                                 : LendingPoolSet
    carol lend 10000000000 SOL                  : LEND 10000000000, now +10000000000
    alice bid 10000 x 900                       : accepted, rests 900
    bob ask 10000 x 1100 ioc                    : INSUFFICIENT_FUNDS value=11000000000 limit=10000000000 asset=2
    bob ask 10000 x 1100 +redeem                : INSUFFICIENT_FUNDS value=11000000000 limit=10000000000 asset=2
    bob ask 10000 x 1100 fok +borrow            : accepted, rests 0; FILL_OR_KILL, left 1100, done 0
    bob ask 10000 x 1100 ioc +borrow            : accepted, rests 0
                                                ; trade 900@10000 with alice
                                                ; IMMEDIATE_OR_CANCEL, left 200, done 900
    alice bid 10000 x 100                       : accepted, rests 100
    bob ask 10000 x 200 +borrow                 : accepted, rests 100
                                                ; bob BORROW 1000000000 by SPOT_MARGIN, now -1000000000
                                                ; trade 100@10000 with alice
    bob cancel-all 1                            : REQUESTED, left 100, done 100, rested bob
    bob SOL                                     = 1000000000+0
    alice ask 10000 x 150                       : accepted, rests 150
    bob bid 10000 x 150 +repay                  : accepted, rests 0
                                                ; trade 150@10000 with alice
                                                ; bob REPAY 1000000000 by AUTO_BORROW_REPAY, now +0
    bob SOL                                     = 1500000000+0
"""
ABUSE = """
    op collateral USDC weight=100000000 initial=5000000 maintenance=3000000 : CollateralSet
    op collateral SOL weight={weight} initial=10000000 maintenance=6000000 : CollateralSet
    op pool USDC                                : LendingPoolSet
    op pool SOL                                 : LendingPoolSet
    price SOL 100
    carol lend 6000000000 SOL                   : LEND 6000000000, now +6000000000
    carol lend 900000000 USDC                   : LEND 900000000, now +900000000
"""
# With a limit of 1 % a debt of nine dollars would need 900, and an order that repays it would seem to free them.
SCENARIOS["leverage limit does not make an order seem to free margin that lifting the limit takes away"] = (
    ABUSE.format(weight=90_000_000)
    + """
    bob withdraw 10000000000 SOL 0              : WITHDRAWAL_REQUESTED 10000000000 bob to IN_TRANSIT
    bob borrow 90000000 SOL                     : BORROW 90000000, now -90000000
    bob account leverage=1                      : AccountSet
    bob bid 1110000 x 9 +repay                  : INSUFFICIENT_MARGIN value=1890900106 limit=999099998
"""
)
# The order brings 50 % of 500 when there is no debt left to repay, and is reserved for as such from the beginning.
SCENARIOS["debt that is gone before an order repays it was never counted on"] = (
    ABUSE.format(weight=50_000_000)
    + """
    bob borrow 5000000000 SOL                   : BORROW 5000000000, now -5000000000
    bob borrow 900000000 USDC                   : BORROW 900000000, now -900000000
    bob bid 10000 x 500 +repay                  : accepted, rests 500
    bob repay 5000000000 SOL                    : REPAY 5000000000, now +0
    bob withdraw 1400000000 USDC 0              : INSUFFICIENT_MARGIN value=295000007 limit=99999998
"""
)
# 100 lots at 101 need 101,000,000; at 100 they cost 100,000,000. An order lends what it gets back if it may redeem.
SCENARIOS["orders lend what they bring, a maker after each fill and a taker at the end"] = """
    op pool SOL                                 : LendingPoolSet
    alice ask 10000 x 60 +lend                  : accepted, rests 60
    carol ask 10000 x 60                        : accepted, rests 60
    bob bid 10100 x 100 +lend +redeem           : accepted, rests 0
                                                ; trade 60@10000 with alice
                                                ; alice LEND 60000000 by AUTO_LEND, now +60000000
                                                ; trade 40@10000 with carol
                                                ; bob LEND 1000000000 by AUTO_LEND, now +1000000000
                                                ; bob LEND 1000000 by AUTO_LEND, now +1000000
    bob bid 10100 x 20 +lend                    : accepted, rests 0
                                                ; trade 20@10000 with carol
                                                ; bob LEND 200000000 by AUTO_LEND, now +1200000000
    alice ask 12000 x 5 +lend +redeem as a      : accepted, rests 5
    alice amend a 12000 x 3                     : amended kept, rests 3, was 5
                                                ; alice LEND 20000000 by AUTO_LEND, now +20000000
    alice cancel a                              : REQUESTED, left 3, done 0, rested alice
                                                ; alice LEND 30000000 by AUTO_LEND, now +50000000
    alice ask 12000 x 5 +lend as b              : accepted, rests 5
    alice cancel b                              : REQUESTED, left 5, done 0, rested alice
"""
SCENARIOS["order redeems what was lent, and borrows only when nothing of it is left"] = """
    op pool SOL                                 : LendingPoolSet
    carol lend 10000000000 SOL                  : LEND 10000000000, now +10000000000
    bob lend 6000000000 SOL                     : LEND 6000000000, now +6000000000
    bob ask 20000 x 500 +borrow                 : INSUFFICIENT_FUNDS value=5000000000 limit=4000000000 asset=2
    bob ask 20000 x 500 +redeem +borrow as b    : accepted, rests 500
                                                ; bob REDEEM 1000000000 by SPOT_MARGIN, now +5000000000
    bob amend b 20000 x 1100                    : amended anew, rests 1100, was 500
                                                ; bob REDEEM 5000000000 by SPOT_MARGIN, now +0
                                                ; bob BORROW 1000000000 by SPOT_MARGIN, now -1000000000
    bob SOL                                     = 0+11000000000
"""
SCENARIOS["withdrawal redeems and borrows by its flags, and returns to what lends by itself"] = """
    carol lend 500000000 USDC                   : LEND 500000000, now +500000000
    bob lend 600000000 USDC                     : LEND 600000000, now +600000000
    bob withdraw 1100000000 USDC 0 +redeem      : INSUFFICIENT_FUNDS value=1100000000 limit=1000000000 asset=1
    bob withdraw 1100000000 USDC 0 +redeem +borrow as w :
                                                ; WITHDRAWAL_REQUESTED 1100000000 bob to IN_TRANSIT
                                                ; bob REDEEM 600000000 by WITHDRAWAL, now +0
                                                ; bob BORROW 100000000 by WITHDRAWAL, now -100000000
    bob USDC                                    = 0+0
    bob account +repay                          : AccountSet
    op give-back w                              : WITHDRAWAL_RETURNED 1100000000 IN_TRANSIT to bob
                                                ; bob REPAY 100000000 by AUTO_BORROW_REPAY, now +0
    bob account +lend                           : AccountSet
                                                ; bob LEND 1000000000 by AUTO_LEND, now +1000000000
    bob lend 1 USDC                             : AUTO_LEND_IS_ON value=66
    bob redeem 1 USDC                           : AUTO_LEND_IS_ON value=66
    bob deposit 7 USDC 1                        : DEPOSIT 7 CUSTODY to bob
                                                ; bob LEND 7 by AUTO_LEND, now +1000000007
"""
SCENARIOS["redemption that finds nothing idle waits, and is paid by the clock that finds some"] = """
    op pool SOL                                 : LendingPoolSet
    carol lend 9000000000 SOL                   : LEND 9000000000, now +9000000000
    alice lend 1000000000 SOL                   : LEND 1000000000, now +1000000000
    bob borrow 10000000000 SOL                  : BORROW 10000000000, now -10000000000
    carol redeem 4000000000 SOL                 : carol waits 4000000000 SOL
    alice redeem 1000000000 SOL                 : alice waits 1000000000 SOL
    op clock                                    : ClockTicked
    bob repay 3000000000 SOL                    : REPAY 3000000000, now -7000000000
    bob borrow 1 SOL                            : INSUFFICIENT_SUPPLY value=1 asset=2
    op clock                                    : ClockTicked
                                                ; carol REDEEM 3000000000 by REDEMPTION_QUEUE, now +6000000000
                                                ; 1000000000 wait
    carol redeem 2000000000 SOL                 : carol waits 2000000000 SOL
    bob repay 2000000000 SOL                    : REPAY 2000000000, now -5000000000
    op clock                                    : ClockTicked
                                                ; alice REDEEM 1000000000 by REDEMPTION_QUEUE, now +0
                                                ; carol REDEEM 1000000000 by REDEMPTION_QUEUE, now +5000000000
                                                ; 1000000000 wait
    carol redeem 0 SOL                          : carol waits 0 SOL
"""
# The ceiling begins at 60 %. At 60 % of use it goes half of the way to 90 % in a minute, 75 %; at 75 % 7.5 points more.
SCENARIOS["ceiling of a pool's use follows it minute by minute"] = """
    op pool SOL threshold=500000 bound=600000 update=500000 most=900000 : LendingPoolSet
    carol lend 10000000000 SOL                  : LEND 10000000000, now +10000000000
    bob borrow 7000000000 SOL                   : INSUFFICIENT_SUPPLY value=7000000000 limit=6000000000 asset=2
    bob borrow 6000000000 SOL                   : BORROW 6000000000, now -6000000000
    until 59.999
    op clock                                    : ClockTicked
    pool SOL                                    = lent 10000000000 owed 6000000000 reserve 0 rounding 0 ceiling 600000
    until 60
    op clock                                    : ClockTicked
    pool SOL                                    = lent 10000000000 owed 6000000000 reserve 0 rounding 0 ceiling 750000
    bob borrow 1500000000 SOL                   : BORROW 1500000000, now -7500000000
    carol redeem 1000000000 SOL                 : carol waits 1000000000 SOL
    carol redeem 0 SOL                          : carol waits 0 SOL
    until 120
    op clock                                    : ClockTicked
    pool SOL                                    = lent 10000000000 owed 7500000000 reserve 0 rounding 0 ceiling 825000
    carol redeem 1000000000 SOL                 : REDEEM 909090909, now +9090909091
                                                ; carol waits 90909091 SOL
    op pool SOL REPAY_ONLY                      : LendingPoolSet
    bob borrow 1 SOL                            : LENDING_POOL_REPAY_ONLY asset=2
    bob repay 500000000 SOL                     : REPAY 500000000, now -7000000000
    op pool SOL CLOSED                          : LendingPoolSet
    bob repay 1 SOL                             : REPAY 1, now -6999999999
    bob borrow 1 SOL                            : LENDING_POOL_CLOSED asset=2
"""
# A limit of 100 % makes a debt need itself once more. Bob's SOL are 899,999,999 of collateral. One USDC too many: he
# would have 1,000,000,000 + 1,899,999,996 + 899,999,999, owe 1,899,999,997 and one of rounding, and need as much again.
# A bid of one lot at 90 pays 900,001 and brings 90 % of 999,999, 899,999: it reserves 6.
SCENARIOS["account may owe to the last millionth that its margin bears"] = """
    alice lend 1000000000 USDC                  : LEND 1000000000, now +1000000000
    carol lend 1000000000 USDC                  : LEND 1000000000, now +1000000000
    bob account leverage=100                    : AccountSet
    bob borrow 1899999996 USDC                  : INSUFFICIENT_MARGIN value=1899999998 limit=1899999997
    bob borrow 1899999995 USDC                  : BORROW 1899999995, now -1899999995
    bob withdraw 2 USDC 0                       : WITHDRAWAL_REQUESTED 2 bob to IN_TRANSIT
    bob withdraw 1 USDC 0                       : INSUFFICIENT_MARGIN value=1899999996 limit=1899999995
    bob bid 9000 x 1                            : INSUFFICIENT_MARGIN value=1900000002 limit=1899999996
    bob account leverage=99                     : INSUFFICIENT_MARGIN value=1919191934 limit=1899999996
    bob account leverage=101                    : AccountSet
"""
# A day after its quotes the price of SOL is stale: no new debt in it, no new risk beside one, but a way out. Who owes
# USDC has no collateral in SOL then: 199,999,999 of USDC and a debt of 900,000,001 that needs 5 %, 45,000,001.
SCENARIOS["stale price takes no new risk and takes nothing away"] = """
    op pool SOL                                 : LendingPoolSet
    carol lend 5000000000 SOL                   : LEND 5000000000, now +5000000000
    carol lend 900000000 USDC                   : LEND 900000000, now +900000000
    bob borrow 1000000000 SOL                   : BORROW 1000000000, now -1000000000
    alice borrow 900000000 USDC                 : BORROW 900000000, now -900000000
    alice withdraw 1700000000 USDC 0            : WITHDRAWAL_REQUESTED 1700000000 alice to IN_TRANSIT
    wait 86402
    op clock                                    : ClockTicked; price SOL index 10000000000 mark 10000000000 STALE
                                                ; interest USDC 0 reserve 0 swept 0 rates 0/0
                                                ; interest SOL 0 reserve 0 swept 0 rates 0/0
    bob borrow 1 SOL                            : PRICE_NOT_FRESH asset=2
    carol borrow 1 USDC                         : BORROW_REQUIRES_LEND_REDEEM value=900000000 asset=1
    bob bid 9000 x 1                            : PRICE_NOT_FRESH asset=2
    bob withdraw 1 USDC 0                       : PRICE_NOT_FRESH asset=2
    bob repay 400000000 SOL                     : REPAY 400000000, now -600000000
    carol bid 9000 x 1                          : accepted, rests 1
    alice withdraw 1 USDC 0                     : INSUFFICIENT_MARGIN value=45000001 limit=-700000002
    alice repay 100000000 USDC                  : REPAY 100000000, now -800000000
    alice deposit 5 USDC 1                      : DEPOSIT 5 CUSTODY to alice
"""
# With a haircut of 20 % SOL counts 80 as an asset and 120 as a debt: 11 of them 879,999,999, and 90 % of that.
SCENARIOS["haircut of a closed trading session makes assets less and debts more"] = """
    op pool SOL                                 : LendingPoolSet
    carol lend 5000000000 SOL                   : LEND 5000000000, now +5000000000
    bob borrow 1000000000 SOL                   : BORROW 1000000000, now -1000000000
    op pricing SOL age=86400000 haircut=200000  : PricingSet
    bob measure                                 = assets 2099999999 collateral 1989999999 liabilities 100000001
                                                ; initial 10000001 maintenance 6000001 reserved 0
    op session SOL CLOSED                       : SessionSet
    op clock                                    : ClockTicked; price SOL index 10000000000 mark 10000000000 CLOSED
    bob measure                                 = assets 1879999999 collateral 1791999999 liabilities 120000001
                                                ; initial 12000001 maintenance 7200001 reserved 0
    bob borrow 100000000 SOL                    : BORROW 100000000, now -1100000000
"""
SCENARIOS["money that comes in repays and lends by the flags of the account"] = """
    carol lend 500000000 USDC                   : LEND 500000000, now +500000000
    alice borrow 300000000 USDC                 : BORROW 300000000, now -300000000
    alice transfer 1300000000 USDC alice.1      : TRANSFER 1300000000 alice to alice.1
    alice account +repay +lend                  : AccountSet
    alice.1 transfer 100000000 USDC alice       : TRANSFER 100000000 alice.1 to alice
                                                ; alice REPAY 100000000 by AUTO_BORROW_REPAY, now -200000000
    alice deposit 250000000 USDC 1              : DEPOSIT 250000000 CUSTODY to alice
                                                ; alice REPAY 200000000 by AUTO_BORROW_REPAY, now +0
                                                ; alice LEND 50000000 by AUTO_LEND, now +50000000
    SUSPENSE deposit 5 USDC 2                   : DEPOSIT 5 CUSTODY to SUSPENSE
    SUSPENSE house 5 USDC alice                 : HOUSE 5 SUSPENSE to alice
                                                ; alice LEND 5 by AUTO_LEND, now +50000005
    SUSPENSE house 5 USDC POOL                  : UNKNOWN_ACCOUNT value=9
    alice.fenced account +lend                  : ACCOUNT_CANNOT_TRADE value=65
    alice account +repay                        : AccountSet
    alice.1 transfer 50 USDC alice              : TRANSFER 50 alice.1 to alice
"""


def opened(scenario: Scenario) -> Scenario:
    for line in OPENING.strip().splitlines():
        scenario.play(f"{line} : {'LendingPoolSet' if ' pool ' in line else 'CollateralSet'}")
    scenario.play("price SOL 100")
    return scenario


@pytest.mark.parametrize("lines", SCENARIOS.values(), ids=[name.replace(" ", "_") for name in SCENARIOS])
def test_loan_scenario_played_line_by_line_answers_as_worked_out(scenario: Scenario, lines: str) -> None:
    opened(scenario).play(lines)


def test_loans_under_the_first_rules_do_not_exist(early_scenario: Scenario) -> None:
    for command in (
        c.Lend(account=64, asset=1, amount_atoms=1),
        c.SetAccount(account=64),
        c.SetCollateral(asset=1, weight_e8=1, initial_base_e8=0, maintenance_base_e8=0),
    ):
        (event,) = early_scenario.give(command)
        assert isinstance(event, v.Rejected)
        assert event.reject == Reject.UNKNOWN_KIND
    early_scenario.play("""
        alice ask 10000 x 1100 +borrow +lend : INSUFFICIENT_FUNDS value=11000000000 limit=10000000000 asset=2
        alice ask 10000 x 1000 +borrow +lend as a : accepted, rests 1000
        op rules 2 : RulesSet
        alice cancel a : REQUESTED, left 1000, done 0, rested alice
    """)
