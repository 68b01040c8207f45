"""What stands in every log and snapshot, frozen: a record is `tag: field:code@offset ...`, a row its columns in order.

Append kinds, fields in free space, members; what is here already never changes, or no log can be read any more.
"""

COMMANDS_ON_DISK = {
    "Clock": "1: seed:B32@32",
    "SetRules": "2: rules_version:i4@32 schema_hash:B32@36",
    "SetParameter": "3: parameter:u1@32 value:i8@40",
    "ListAsset": "4: symbol:S16@32 name:S32@48 cusip:S16@80 asset_kind:u1@96 decimals:u1@97 eligibility_class:u1@98",
    "ListMarket": (
        "5: base_asset:i4@32 quote_asset:i4@36 tick_atoms:i8@40 lot_atoms:i8@48 minimum_price_ticks:i8@56 "
        "maximum_price_ticks:i8@64 minimum_quantity_lots:i8@72 maximum_quantity_lots:i8@80 fee_schedule:u1@88 "
        "state:u1@89 market_kind:u1@90"
    ),
    "SetMarketState": "6: market:i4@32 state:u1@36",
    "SetMarketLimits": (
        "7: market:i4@32 fee_schedule:u1@36 minimum_price_ticks:i8@40 maximum_price_ticks:i8@48 "
        "minimum_quantity_lots:i8@56 maximum_quantity_lots:i8@64"
    ),
    "SetPriceBands": (
        "8: market:i4@32 limit_maximum_ppm:i8@40 limit_minimum_ppm:i8@48 impact_maximum_ppm:i8@56 "
        "impact_minimum_ppm:i8@64"
    ),
    "SetFeeTier": "9: fee_schedule:u1@32 fee_tier:u1@33 maker_ppm:i4@36 taker_ppm:i4@40",
    "OpenUser": "10: fee_tier:u1@32",
    "OpenAccount": "11: user:i4@32 sub_account:i4@36",
    "SetUser": "12: user:i4@32 user_flags:u4@36 fee_tier:u1@40",
    "SetEligibility": (
        "13: user:i4@32 buy_classes:i8@40 sell_classes:i8@48 hold_classes:i8@56 withdraw_classes:i8@64 "
        "lend_classes:i8@72 receive_classes:i8@80 tax_relief_ppm:i4@88"
    ),
    "SetPriceSource": "14: price_source:u1@32 name:S16@33 enabled:u1@49",
    "SetPricing": (
        "15: asset:i4@32 minimum_sources:u1@36 maximum_age_ms:i8@40 clamp_ppm:i8@48 update_cap_ppm:i8@56 "
        "closed_haircut_ppm:i8@64"
    ),
    "SetPriceWeight": "16: asset:i4@32 price_source:u1@36 weight:i4@40",
    "SetSession": "17: asset:i4@32 session:u1@36",
    "SetCollateral": (
        "18: asset:i4@32 weight_e8:i8@40 haircut_base_e8:i8@48 haircut_penalty_e8:i8@56 initial_base_e8:i8@64 "
        "initial_factor_e8:i8@72 maintenance_base_e8:i8@80 maintenance_factor_e8:i8@88 haircut_kind:u1@96 "
        "conversion_market:i4@100 conversion_discount_ppm:i4@104"
    ),
    "SetLendingPool": (
        "19: asset:i4@32 pool_state:u1@36 rate_idle_e8:i8@40 rate_optimal_e8:i8@48 rate_full_e8:i8@56 "
        "optimal_utilisation_ppm:i8@64 maximum_utilisation_ppm:i8@72 throttle_threshold_ppm:i8@80 "
        "throttle_bound_ppm:i8@88 throttle_update_ppm:i8@96 fee_ppm:i8@104 lend_limit_atoms:i8@112"
    ),
    "Deposit": "20: asset:i4@32 source:i4@36 number:i8@40 amount_atoms:i8@48",
    "RequestWithdrawal": "21: asset:i4@32 amount_atoms:i8@40 fee_atoms:i8@48 loan_flags:u1@56",
    "SettleWithdrawal": "22: withdrawal:i8@32",
    "ReturnWithdrawal": "23: withdrawal:i8@32",
    "Transfer": "24: to_account:i4@32 asset:i4@36 amount_atoms:i8@40",
    "MoveHouseFunds": "25: to_account:i4@32 asset:i4@36 amount_atoms:i8@40",
    "SetAccount": "26: account_flags:u1@32 leverage_limit_percent:i4@36",
    "Lend": "27: asset:i4@32 amount_atoms:i8@40",
    "Redeem": "28: asset:i4@32 amount_atoms:i8@40",
    "Borrow": "29: asset:i4@32 amount_atoms:i8@40",
    "PlaceOrder": (
        "30: market:i4@32 side:u1@36 order_type:u1@37 time_in_force:u1@38 post_only:u1@39 self_trade_prevention:u1@40 "
        "slippage_kind:u1@41 client_id:i8@48 price_ticks:i8@56 quantity_lots:i8@64 quote_atoms:i8@72 slippage:i8@80 "
        "loan_flags:u1@88 reduce_only:u1@89 take_profit_by:u1@90 stop_loss_by:u1@91 take_profit_ticks:i8@96 "
        "take_profit_price_ticks:i8@104 stop_loss_ticks:i8@112 stop_loss_price_ticks:i8@120"
    ),
    "CancelOrder": "31: market:i4@32 order:i8@40",
    "CancelAllOrders": "32: market:i4@32 cancels:u1@36",
    "AmendOrder": "33: market:i4@32 order:i8@40 price_ticks:i8@48 quantity_lots:i8@56",
    "Repay": "34: asset:i4@32 amount_atoms:i8@40",
    "PlaceTrigger": (
        "35: market:i4@32 side:u1@36 order_type:u1@37 time_in_force:u1@38 post_only:u1@39 self_trade_prevention:u1@40 "
        "slippage_kind:u1@41 client_id:i8@48 price_ticks:i8@56 quantity_lots:i8@64 slippage:i8@72 loan_flags:u1@80 "
        "reduce_only:u1@81 trigger_ticks:i8@88 trigger_by:u1@96 quantity_percent:u1@97"
    ),
    "FireTrigger": "36: ",
    "ConvertCollateral": "37: ",
    "UncrossMarket": "38: market:i4@32",
    "StepCase": "39: ",
    "Quote": "40: asset:i4@32 price_source:u1@36 bid_units:i8@40 ask_units:i8@48 last_units:i8@56 observed_us:i8@64",
    "SetPerpetual": (
        "41: market:i4@32 initial_base_e8:i8@40 initial_factor_e8:i8@48 maintenance_base_e8:i8@56 "
        "maintenance_factor_e8:i8@64 position_limit_lots:i8@72 open_interest_limit_lots:i8@80 interest_rate_e10:i8@88 "
        "lowest_funding_e10:i8@96 highest_funding_e10:i8@104 mark_bound_ppm:i8@112"
    ),
    "ContinueSettlement": "42: ",
    "DelistPerpetual": "43: market:i4@32",
    "OpenCases": "44: ",
    "Deleverage": "45: ",
    "TopUp": "46: asset:i4@32 amount_atoms:i8@40",
    "SetVault": (
        "47: vault:i4@32 share_asset:i4@36 quote_asset:i4@40 discount_ppm:i4@44 redeem_delay_ms:i8@48 "
        "minimum_mint_atoms:i8@56 minimum_redeem_atoms:i8@64 maximum_value_atoms:i8@72 concentration_ppm:i8@80 "
        "leverage_limit_percent:i4@88 mints_enabled:u1@92 redeems_enabled:u1@93 takes_over:u1@94"
    ),
    "MintVaultShares": "48: vault:i4@32 amount_atoms:i8@40",
    "RequestVaultRedeem": "49: vault:i4@32 shares_atoms:i8@40",
    "CancelVaultRedeem": "50: vault:i4@32",
    "PayVaultRedemptions": "51: ",
    "UnwindVault": "52: ",
    "CoverDebts": "53: ",
    "SetStandingTopUp": "54: asset:i4@32 amount_atoms:i8@40",
    "SetAction": (
        "55: action:i4@32 version:i4@36 action_kind:u1@40 asset:i4@44 pay_asset:i4@48 rate_units:i8@56 ex_us:i8@64 "
        "record_us:i8@72 payable_us:i8@80"
    ),
    "CancelAction": "56: action:i4@32 version:i4@36",
    "FundAction": "57: action:i4@32 amount_atoms:i8@40",
    "PayAction": "58: action:i4@32 version:i4@36",
    "ContinueActions": "59: ",
    "SetBrakes": (
        "60: market:i4@32 band_ppm:i8@40 window_ms:i8@48 halt_ms:i8@56 auction_ms:i8@64 interest_low_lots:i8@72 "
        "interest_high_lots:i8@80 stale_ppm:i8@88 far_ppm:i8@96 stale_age_ms:i8@104"
    ),
    "ReleaseUnclaimed": "61: action:i4@32",
    "CloseAction": "62: action:i4@32",
    "SplitShare": "63: asset:i4@32 new_shares:i4@36 old_shares:i4@40 tolerance_ppm:i4@44",
    "RenameAsset": "64: asset:i4@32 symbol:S16@36 name:S32@52 cusip:S16@84 alias_us:i8@104",
    "SetMarketGrid": "65: market:i4@32 tick_atoms:i8@40 lot_atoms:i8@48",
    "SettleFraction": "66: asset:i4@32 pay_asset:i4@36 shares_atoms:i8@40 amount_atoms:i8@48",
}

EVENTS_ON_DISK = {
    "Rejected": "1: command_kind:u2@32 reject:u2@34 field_number:u2@36 asset:i4@40 value:i8@48 limit:i8@56",
    "OrderAccepted": (
        "2: order:i8@32 client_id:i8@40 price_ticks:i8@48 quantity_lots:i8@56 quote_atoms:i8@64 rested_lots:i8@72 "
        "user:i4@80 side:u1@84 order_type:u1@85 time_in_force:u1@86 post_only:u1@87 self_trade_prevention:u1@88 "
        "loan_flags:u1@89 reduce_only:u1@90"
    ),
    "OrderAmended": (
        "3: order:i8@32 price_ticks:i8@40 quantity_lots:i8@48 rested_lots:i8@56 previous_price_ticks:i8@64 "
        "previous_remaining_lots:i8@72 side:u1@80 kept_place:u1@81"
    ),
    "Trade": (
        "4: trade:i8@32 taker_order:i8@40 maker_order:i8@48 price_ticks:i8@56 quantity_lots:i8@64 quote_atoms:i8@72 "
        "taker_fee_atoms:i8@80 maker_fee_atoms:i8@88 maker_remaining_lots:i8@96 maker_account:i4@104 side:u1@108 "
        "maker_price_ticks:i8@112"
    ),
    "OrderClosed": (
        "5: order:i8@32 price_ticks:i8@40 remaining_lots:i8@48 executed_lots:i8@56 executed_quote_atoms:i8@64 "
        "side:u1@72 reason:u1@73 rested:u1@74"
    ),
    "FundsMoved": "6: to_account:i4@32 asset:i4@36 amount_atoms:i8@40 reference:i8@48 source:i4@56 cause:u1@60",
    "UserOpened": "10: user:i4@32 fenced_account:i4@36 fee_tier:u1@40",
    "AccountOpened": "11: user:i4@32 sub_account:i4@36",
    "UserSet": "12: user:i4@32 user_flags:u4@36 fee_tier:u1@40",
    "EligibilitySet": (
        "13: user:i4@32 buy_classes:i8@40 sell_classes:i8@48 hold_classes:i8@56 withdraw_classes:i8@64 "
        "lend_classes:i8@72 receive_classes:i8@80 tax_relief_ppm:i4@88"
    ),
    "AssetListed": (
        "20: asset:i4@32 symbol:S16@36 name:S32@52 cusip:S16@84 asset_kind:u1@100 decimals:u1@101 "
        "eligibility_class:u1@102"
    ),
    "MarketListed": (
        "21: base_asset:i4@32 quote_asset:i4@36 tick_atoms:i8@40 lot_atoms:i8@48 quote_factor:i8@56 "
        "minimum_price_ticks:i8@64 maximum_price_ticks:i8@72 minimum_quantity_lots:i8@80 maximum_quantity_lots:i8@88 "
        "fee_schedule:u1@96 state:u1@97 market_kind:u1@98"
    ),
    "MarketStateSet": "22: state:u1@32",
    "MarketLimitsSet": (
        "23: fee_schedule:u1@32 minimum_price_ticks:i8@40 maximum_price_ticks:i8@48 minimum_quantity_lots:i8@56 "
        "maximum_quantity_lots:i8@64"
    ),
    "PriceBandsSet": (
        "24: limit_maximum_ppm:i8@32 limit_minimum_ppm:i8@40 impact_maximum_ppm:i8@48 impact_minimum_ppm:i8@56"
    ),
    "FeeTierSet": "25: fee_schedule:u1@32 fee_tier:u1@33 maker_ppm:i4@36 taker_ppm:i4@40",
    "ParameterSet": "26: parameter:u1@32 value:i8@40",
    "ClockTicked": "30: seed:B32@32",
    "RulesSet": "31: rules_version:i4@32 schema_hash:B32@36",
    "PriceSourceSet": "40: price_source:u1@32 name:S16@33 enabled:u1@49",
    "PricingSet": (
        "41: asset:i4@32 minimum_sources:u1@36 maximum_age_ms:i8@40 clamp_ppm:i8@48 update_cap_ppm:i8@56 "
        "closed_haircut_ppm:i8@64"
    ),
    "PriceWeightSet": "42: asset:i4@32 price_source:u1@36 weight:i4@40",
    "SessionSet": "43: asset:i4@32 session:u1@36",
    "Quoted": "44: asset:i4@32 price_source:u1@36 price_units:i8@40 observed_us:i8@48",
    "PriceUpdated": (
        "45: asset:i4@32 used_sources:i4@36 clamped_sources:i4@40 price_state:u1@44 index_units:i8@48 mark_units:i8@56"
    ),
    "CollateralSet": (
        "46: asset:i4@32 weight_e8:i8@40 haircut_base_e8:i8@48 haircut_penalty_e8:i8@56 initial_base_e8:i8@64 "
        "initial_factor_e8:i8@72 maintenance_base_e8:i8@80 maintenance_factor_e8:i8@88 haircut_kind:u1@96 "
        "conversion_market:i4@100 conversion_discount_ppm:i4@104"
    ),
    "LendingPoolSet": (
        "47: asset:i4@32 pool_state:u1@36 rate_idle_e8:i8@40 rate_optimal_e8:i8@48 rate_full_e8:i8@56 "
        "optimal_utilisation_ppm:i8@64 maximum_utilisation_ppm:i8@72 throttle_threshold_ppm:i8@80 "
        "throttle_bound_ppm:i8@88 throttle_update_ppm:i8@96 fee_ppm:i8@104 lend_limit_atoms:i8@112"
    ),
    "AccountSet": "48: account_flags:u1@32 leverage_limit_percent:i4@36",
    "LoanMoved": (
        "49: asset:i4@32 cause:u1@36 source:u1@37 amount_atoms:i8@40 fee_atoms:i8@48 loan_shares:i8@56 "
        "queued_atoms:i8@64 order:i8@72 lent_index:i8@80 debt_index:i8@88"
    ),
    "RedemptionQueued": "50: asset:i4@32 queued_atoms:i8@40",
    "InterestAccrued": (
        "51: asset:i4@32 hours:i4@36 interest_atoms:i8@40 reserve_atoms:i8@48 rounding_atoms:i8@56 lent_shares:i8@64 "
        "debt_shares:i8@72 lent_index:i8@80 debt_index:i8@88 borrow_rate_e8:i8@96 lend_rate_e8:i8@104"
    ),
    "PerpetualSet": (
        "52: initial_base_e8:i8@32 initial_factor_e8:i8@40 maintenance_base_e8:i8@48 maintenance_factor_e8:i8@56 "
        "position_limit_lots:i8@64 open_interest_limit_lots:i8@72 interest_rate_e10:i8@80 lowest_funding_e10:i8@88 "
        "highest_funding_e10:i8@96 mark_bound_ppm:i8@104"
    ),
    "MarkUpdated": "53: price_state:u1@32 index_ticks:i8@40 mark_ticks:i8@48",
    "FundingCharged": "54: funding_rate_e10:i8@32 mark_ticks:i8@40 funding_index:i8@48",
    "Settled": (
        "55: mark_ticks:i8@32 collected_atoms:i8@40 short_atoms:i8@48 due_atoms:i8@56 paid_atoms:i8@64 left_atoms:i8@72"
    ),
    "TriggerPlaced": (
        "56: trigger:i8@32 parent:i8@40 client_id:i8@48 price_ticks:i8@56 quantity_lots:i8@64 slippage:i8@72 "
        "trigger_ticks:i8@80 user:i4@88 side:u1@92 order_type:u1@93 time_in_force:u1@94 post_only:u1@95 "
        "self_trade_prevention:u1@96 slippage_kind:u1@97 loan_flags:u1@98 reduce_only:u1@99 trigger_by:u1@100 "
        "direction:u1@101 quantity_percent:u1@102"
    ),
    "TriggerFired": "57: trigger:i8@32 quantity_lots:i8@40 price_ticks:i8@48",
    "TriggerClosed": (
        "58: trigger:i8@32 parent:i8@40 value:i8@48 limit:i8@56 asset:i4@64 reject:u2@68 field_number:u2@70 "
        "reason:u1@72"
    ),
    "CollateralConverted": (
        "59: order:i8@32 contract:i4@40 asset:i4@44 price_ticks:i8@48 quantity_lots:i8@56 missing_atoms:i8@64 "
        "paid_atoms:i8@72 reject:u2@80"
    ),
    "PerpetualDelisted": "60: price_state:u1@32 index_ticks:i8@40 mark_ticks:i8@48",
    "CaseOpened": (
        "61: case:i8@32 equity_value:i8@40 maintenance_value:i8@48 worth_value:i8@56 assets:i4@64 positions:i4@68 "
        "expected:i4@72 left_out:i4@76 cause:u1@80"
    ),
    "SliceOrdered": (
        "62: case:i8@32 order:i8@40 price_ticks:i8@48 quantity_lots:i8@56 mark_ticks:i8@64 fee_e8:i8@72 "
        "equity_value:i8@80 maintenance_value:i8@88 asset:i4@96 side:u1@100"
    ),
    "SliceEnded": (
        "63: case:i8@32 order:i8@40 filled_lots:i8@48 filled_quote_atoms:i8@56 fee_atoms:i8@64 equity_value:i8@72 "
        "maintenance_value:i8@80 reject:u2@88"
    ),
    "CaseMoved": "64: case:i8@32 equity_value:i8@40 maintenance_value:i8@48 step:u1@56",
    "CaseClosed": "65: case:i8@32 equity_value:i8@40 maintenance_value:i8@48 reason:u1@56",
    "CreditFenced": "66: case:i8@32 amount_atoms:i8@40 fenced_account:i4@48 asset:i4@52",
    "ToppedUp": "67: case:i8@32 amount_atoms:i8@40 needed_atoms:i8@48 fenced_account:i4@56 asset:i4@60",
    "WaveBegan": (
        "68: wave:i8@32 mark_ticks:i8@40 lots:i8@48 left_lots:i8@56 gap_atoms:i8@64 own_atoms:i8@72 fund_atoms:i8@80 "
        "skin_atoms:i8@88 left_atoms:i8@96 cases:i4@104 policy:u1@108"
    ),
    "EstateClosed": (
        "69: wave:i8@32 case:i8@40 lots:i8@48 mark_ticks:i8@56 loss_atoms:i8@64 paid_atoms:i8@72 gap_atoms:i8@80 "
        "worth_value:i8@88 liabilities_value:i8@96"
    ),
    "Deleveraged": "70: wave:i8@32 lots:i8@40 mark_ticks:i8@48 cost_atoms:i8@56 profit_atoms:i8@64 own_case:i8@72",
    "WaveEnded": "71: wave:i8@32 people:i8@40 lots:i8@48 cost_atoms:i8@56 profit_atoms:i8@64 uncovered_atoms:i8@72",
    "WrittenOff": (
        "72: case:i8@32 deficit_atoms:i8@40 fund_atoms:i8@48 skin_atoms:i8@56 uncovered_atoms:i8@64 asset:i4@72"
    ),
    "ClaimTaken": "73: case:i8@32 claim_atoms:i8@40 paid_atoms:i8@48 asset:i4@56",
    "EstateAsset": (
        "74: case:i8@32 held_atoms:i8@40 owed_atoms:i8@48 asset_price_units:i8@56 debt_price_units:i8@64 "
        "weight_e8:i8@72 rate_e8:i8@80 collateral_value:i8@88 liabilities_value:i8@96 maintenance_value:i8@104 "
        "asset:i4@112 decimals:u1@116 price_state:u1@117"
    ),
    "EstatePosition": (
        "75: case:i8@32 net_lots:i8@40 reference_atoms:i8@48 pending_atoms:i8@56 mark_ticks:i8@64 quote_factor:i8@72 "
        "profit_value:i8@80 notional_value:i8@88 rate_e8:i8@96 maintenance_value:i8@104 quote_asset:i4@112"
    ),
    "PriceShown": (
        "76: asset:i4@32 used_sources:i4@36 clamped_sources:i4@40 price_state:u1@44 session:u1@45 decimals:u1@46 "
        "minimum_sources:u1@47 clamp_ppm:i8@48 closed_haircut_ppm:i8@56 index_units:i8@64 mark_units:i8@72 "
        "updated_us:i8@80 quoted_us:i8@88 clock_us:i8@96 symbol:S16@104 maximum_age_ms:i8@120"
    ),
    "QuoteShown": (
        "77: asset:i4@32 price_source:u1@36 weight:i4@40 price_units:i8@48 bid_units:i8@56 ask_units:i8@64 "
        "last_units:i8@72 observed_us:i8@80 name:S16@88 enabled:u1@104"
    ),
    "MarkShown": (
        "78: base_asset:i4@32 quote_asset:i4@36 index_ticks:i8@40 mark_ticks:i8@48 premium:i8@56 tick_atoms:i8@64 "
        "lot_atoms:i8@72 quote_factor:i8@80 updated_us:i8@88 mark_bound_ppm:i8@96 market_kind:u1@104 "
        "price_state:u1@105 base_decimals:u1@106 quote_decimals:u1@107"
    ),
    "FundOrdered": (
        "79: order:i8@32 price_ticks:i8@40 quantity_lots:i8@48 mark_ticks:i8@56 owed_atoms:i8@64 asset:i4@72 "
        "side:u1@76 reject:u2@78"
    ),
    "VaultSet": (
        "80: vault:i4@32 share_asset:i4@36 quote_asset:i4@40 discount_ppm:i4@44 redeem_delay_ms:i8@48 "
        "minimum_mint_atoms:i8@56 minimum_redeem_atoms:i8@64 maximum_value_atoms:i8@72 concentration_ppm:i8@80 "
        "leverage_limit_percent:i4@88 mints_enabled:u1@92 redeems_enabled:u1@93 takes_over:u1@94"
    ),
    "VaultMinted": (
        "81: vault:i4@32 vault_account:i4@36 share_asset:i4@40 quote_asset:i4@44 amount_atoms:i8@48 "
        "shares_atoms:i8@56 value_atoms:i8@64 supply_atoms:i8@72"
    ),
    "VaultRedeemRequested": "82: vault:i4@32 share_asset:i4@36 redemption:i8@40 shares_atoms:i8@48 due_us:i8@56",
    "VaultRedeemCancelled": "83: vault:i4@32 share_asset:i4@36 redemption:i8@40 shares_atoms:i8@48 case:i8@56",
    "VaultRedeemed": (
        "84: vault:i4@32 vault_account:i4@36 share_asset:i4@40 quote_asset:i4@44 redemption:i8@48 amount_atoms:i8@56 "
        "shares_atoms:i8@64 value_atoms:i8@72 supply_atoms:i8@80"
    ),
    "VaultTookOver": (
        "85: vault:i4@32 vault_account:i4@36 case:i8@40 lots:i8@48 mark_ticks:i8@56 discount_e8:i8@64 "
        "discount_atoms:i8@72 equity_value:i8@80 maintenance_value:i8@88"
    ),
    "VaultOrdered": (
        "86: vault:i4@32 order:i8@40 price_ticks:i8@48 quantity_lots:i8@56 mark_ticks:i8@64 side:u1@72 reject:u2@74"
    ),
    "VaultClosed": "87: vault:i4@32 value_atoms:i8@40 supply_atoms:i8@48",
    "VaultValued": "88: vault:i4@32 value_atoms:i8@40 supply_atoms:i8@48",
    "UncoveredOwes": "89: owed_atoms:i8@32 asset:i4@40",
    "StandingTopUpSet": "90: amount_atoms:i8@32 asset:i4@40",
    "BrakesSet": (
        "100: band_ppm:i8@32 window_ms:i8@40 halt_ms:i8@48 auction_ms:i8@56 interest_low_lots:i8@64 "
        "interest_high_lots:i8@72 stale_ppm:i8@80 far_ppm:i8@88 stale_age_ms:i8@96"
    ),
    "BandMoved": "101: reference_ticks:i8@32 low_ticks:i8@40 high_ticks:i8@48",
    "MarketHalted": (
        "102: order:i8@32 price_ticks:i8@40 reference_ticks:i8@48 low_ticks:i8@56 high_ticks:i8@64 until_us:i8@72"
    ),
    "AuctionBegan": "103: until_us:i8@32 reference_ticks:i8@40 price_ticks:i8@48 extended:u1@56",
    "AuctionIndicated": "104: price_ticks:i8@32 quantity_lots:i8@40 imbalance_lots:i8@48",
    "AuctionPriced": "105: price_ticks:i8@32 quantity_lots:i8@40 imbalance_lots:i8@48 reference_ticks:i8@56 side:u1@64",
    "MarketReopened": "106: price_ticks:i8@32 quantity_lots:i8@40 trades:i8@48",
    "InitialMarginRaised": "107: raised_base_e8:i8@32 open_interest_lots:i8@40",
    "ActionSet": (
        "110: action:i4@32 version:i4@36 action_kind:u1@40 asset:i4@44 pay_asset:i4@48 rate_units:i8@56 ex_us:i8@64 "
        "record_us:i8@72 payable_us:i8@80"
    ),
    "ActionCancelled": "111: action:i4@32 version:i4@36 returned_atoms:i8@40",
    "ActionFunded": "112: action:i4@32 version:i4@36 asset:i4@40 amount_atoms:i8@48 funded_atoms:i8@56",
    "RecordBegan": (
        "113: action:i4@32 version:i4@36 record_kind:u1@40 asset:i4@44 total_atoms:i8@48 lent_index:i8@56 "
        "debt_index:i8@64"
    ),
    "HolderRecorded": "114: action:i4@32 version:i4@36 record_kind:u1@40 asset:i4@44 net_atoms:i8@48 lent_atoms:i8@56",
    "RecordTaken": (
        "115: action:i4@32 version:i4@36 record_kind:u1@40 asset:i4@44 holders:i8@48 total_atoms:i8@56 "
        "residue_atoms:i8@64 lent_atoms:i8@72 short_atoms:i8@80"
    ),
    "ActionMoved": (
        "116: action:i4@32 version:i4@36 phase:u1@40 asset:i4@44 funded_atoms:i8@48 owed_atoms:i8@56 "
        "collected_atoms:i8@64 paid_atoms:i8@72 tax_atoms:i8@80 unclaimed_atoms:i8@88"
    ),
    "DividendCollected": "117: action:i4@32 version:i4@36 share:i4@40 asset:i4@44 paid_atoms:i8@48 left_atoms:i8@56",
    "DividendPaid": (
        "118: action:i4@32 version:i4@36 share:i4@40 asset:i4@44 entitled_atoms:i8@48 gross_atoms:i8@56 "
        "manufactured_atoms:i8@64 tax_atoms:i8@72 left_atoms:i8@80 unclaimed:u1@88"
    ),
    "UnclaimedReleased": "119: action:i4@32 version:i4@36 share:i4@40 asset:i4@44 amount_atoms:i8@48",
    "ActionClosed": "120: action:i4@32 version:i4@36 rounding_atoms:i8@40",
    "EntitlementMoved": "121: action:i4@32 version:i4@36 to_account:i4@40 entitled_atoms:i8@48 due_atoms:i8@56",
    "ContractAdjusted": "122: action:i4@32 version:i4@36 change:i8@40 funding_index:i8@48",
    "EntitlementCarried": "123: action:i4@32 version:i4@36 carried_atoms:i8@40 entitled_atoms:i8@48",
    "ShareSplit": (
        "124: asset:i4@32 new_shares:i4@36 old_shares:i4@40 share_new:i4@44 share_old:i4@48 mark_units:i8@56 "
        "tolerance_ppm:i4@64"
    ),
    "AssetRenamed": "125: asset:i4@32 symbol:S16@36 name:S32@52 cusip:S16@84 former_symbol:S16@100 alias_us:i8@120",
    "MarketGridSet": "126: tick_atoms:i8@32 lot_atoms:i8@40 quote_factor:i8@48 last_price_ticks:i8@56",
    "EstateExpected": "127: case:i8@32 action:i4@40 asset:i4@44 due_atoms:i8@48 due_value:i8@56",
}

ROWS_ON_DISK = {
    "venue": (
        "sequence:i8 time_us:i8 rules_version:i4 schema_hash:B32 seed:B32 settled_tick:i8 settling:u1 "
        "settled_account:i4 triggers_counted:i8 clock_us:i8 cases_opened:i8 case_turns:i8 waves_begun:i8 skin_day:i8 "
        "skin_value:i8 brakes_market:i4 actions_armed:i4"
    ),
    "parameters": "parameter:i4 value:i8",
    "assets": (
        "asset:i4 symbol:S16 name:S32 cusip:S16 asset_kind:u1 decimals:u1 eligibility_class:u1 share_new:i4 "
        "share_old:i4 former_symbol:S16 alias_us:i8"
    ),
    "markets": (
        "market:i4 base_asset:i4 quote_asset:i4 tick_atoms:i8 lot_atoms:i8 quote_factor:i8 minimum_price_ticks:i8 "
        "maximum_price_ticks:i8 minimum_quantity_lots:i8 maximum_quantity_lots:i8 limit_maximum_ppm:i8 "
        "limit_minimum_ppm:i8 impact_maximum_ppm:i8 impact_minimum_ppm:i8 last_price_ticks:i8 trades:i8 "
        "book_sequence:i8 listed_us:i8 fee_schedule:u1 state:u1 market_kind:u1"
    ),
    "fee_tiers": "fee_schedule:u1 fee_tier:u1 maker_ppm:i4 taker_ppm:i4",
    "sources": "source:i4 last_number:i8",
    "users": (
        "user:i4 main_account:i4 fenced_account:i4 accounts:i4 buy_classes:i8 sell_classes:i8 hold_classes:i8 "
        "withdraw_classes:i8 lend_classes:i8 receive_classes:i8 tax_relief_ppm:i4 user_flags:u4 fee_tier:u1"
    ),
    "accounts": "account:i4 user:i4 sub_account:i4 account_kind:u1 account_flags:u1 leverage_limit_percent:i4",
    "balances": "account:i4 asset:i4 available_atoms:i8 locked_atoms:i8 loan_shares:i8",
    "orders": (
        "order:i8 priority:i8 account:i4 market:i4 client_id:i8 price_ticks:i8 quantity_lots:i8 remaining_lots:i8 "
        "executed_quote_atoms:i8 created_us:i8 side:u1 time_in_force:u1 post_only:u1 self_trade_prevention:u1 "
        "loan_flags:u1 reserved_value:i8 reduce_only:u1"
    ),
    "withdrawals": "withdrawal:i8 account:i4 asset:i4 amount_atoms:i8 fee_atoms:i8",
    "price_sources": "price_source:u1 name:S16 enabled:u1",
    "prices": (
        "asset:i4 minimum_sources:u1 session:u1 price_state:u1 maximum_age_ms:i8 clamp_ppm:i8 update_cap_ppm:i8 "
        "closed_haircut_ppm:i8 index_units:i8 mark_units:i8 updated_us:i8 quoted_us:i8 used_sources:i4 "
        "clamped_sources:i4 frozen_units:i8 tolerance_ppm:i8"
    ),
    "quotes": (
        "asset:i4 price_source:u1 weight:i4 price_units:i8 bid_units:i8 ask_units:i8 last_units:i8 observed_us:i8"
    ),
    "collaterals": (
        "asset:i4 weight_e8:i8 haircut_base_e8:i8 haircut_penalty_e8:i8 initial_base_e8:i8 initial_factor_e8:i8 "
        "maintenance_base_e8:i8 maintenance_factor_e8:i8 haircut_kind:u1 conversion_market:i4 "
        "conversion_discount_ppm:i4"
    ),
    "lending_pools": (
        "asset:i4 pool_state:u1 rate_idle_e8:i8 rate_optimal_e8:i8 rate_full_e8:i8 optimal_utilisation_ppm:i8 "
        "maximum_utilisation_ppm:i8 throttle_threshold_ppm:i8 throttle_bound_ppm:i8 throttle_update_ppm:i8 fee_ppm:i8 "
        "lend_limit_atoms:i8 lent_shares:i8 debt_shares:i8 lent_index:i8 debt_index:i8 reserve_atoms:i8 "
        "rounding_atoms:i8 pending_atoms:i8 released_us:i8 ceiling_ppm:i8 interest_hour:i8 ceiling_minute:i8"
    ),
    "redemptions": "asset:i4 redemption:i8 account:i4 queued_atoms:i8",
    "perpetuals": (
        "market:i4 initial_base_e8:i8 initial_factor_e8:i8 maintenance_base_e8:i8 maintenance_factor_e8:i8 "
        "position_limit_lots:i8 open_interest_limit_lots:i8 interest_rate_e10:i8 lowest_funding_e10:i8 "
        "highest_funding_e10:i8 mark_bound_ppm:i8 price_state:u1 index_ticks:i8 mark_ticks:i8 premium:i8 "
        "updated_us:i8 premium_sum_e10:i8 premium_count:i8 funding_rate_e10:i8 funding_index:i8 funding_hour:i8 "
        "open_interest_lots:i8 clearing_atoms:i8 settle_ticks:i8 collected_atoms:i8 short_atoms:i8 due_atoms:i8 "
        "paid_atoms:i8 delisting:u1"
    ),
    "positions": (
        "account:i4 market:i4 opened:i8 net_lots:i8 bid_lots:i8 ask_lots:i8 reduce_lots:i8 reference_atoms:i8 "
        "entry_atoms:i8 realized_atoms:i8 funding_atoms:i8 fees_atoms:i8 funding_index:i8 due_atoms:i8"
    ),
    "triggers": (
        "trigger:i8 parent:i8 account:i4 market:i4 client_id:i8 price_ticks:i8 quantity_lots:i8 slippage:i8 "
        "trigger_ticks:i8 armed:i8 due:i8 created_us:i8 side:u1 order_type:u1 time_in_force:u1 post_only:u1 "
        "self_trade_prevention:u1 slippage_kind:u1 loan_flags:u1 reduce_only:u1 trigger_by:u1 direction:u1 "
        "quantity_percent:u1"
    ),
    "cases": "case:i8 account:i4 opened:i8 opened_us:i8 turn:i8 tried_us:i8 cause:u1 step:u1 written_off_value:i8",
    "waves": (
        "wave:i8 market:i4 phase:u1 by_lots:u1 mark_ticks:i8 lots:i8 left_lots:i8 gap_atoms:i8 left_atoms:i8 "
        "profit_atoms:i8 shared_lots:i8 people:i8 counted_account:i4"
    ),
    "brakes": (
        "market:i4 band_ppm:i8 window_ms:i8 halt_ms:i8 auction_ms:i8 interest_low_lots:i8 interest_high_lots:i8 "
        "stale_ppm:i8 far_ppm:i8 stale_age_ms:i8 reference_ticks:i8 reference_us:i8 raised_base_e8:i8 until_us:i8 "
        "auction_ticks:i8 auction_lots:i8 auction_trades:i8 indicative_ticks:i8 indicative_lots:i8 imbalance_lots:i8 "
        "scan_sequence:i8 scan_bid_ticks:i8 scan_bid_lots:i8 scan_ask_ticks:i8 scan_ask_lots:i8 scan_lots:i8 "
        "scan_low_ticks:i8 scan_high_ticks:i8 phase:u1 auction_side:u1 reopen_state:u1 extended:u1"
    ),
    "vaults": (
        "vault:i4 account:i4 share_asset:i4 quote_asset:i4 discount_ppm:i4 redeem_delay_ms:i8 minimum_mint_atoms:i8 "
        "minimum_redeem_atoms:i8 maximum_value_atoms:i8 concentration_ppm:i8 opened:i8 paid_us:i8 unwound_us:i8 "
        "valued_hour:i8 mints_enabled:u1 redeems_enabled:u1 takes_over:u1 vault_state:u1"
    ),
    "vault_redemptions": "vault:i4 redemption:i8 account:i4 shares_atoms:i8 due_us:i8",
    "standing_top_ups": "account:i4 asset:i4 amount_atoms:i8",
    "actions": (
        "action:i4 version:i4 action_kind:u1 phase:u1 entitled:u1 recorded:u1 asset:i4 pay_asset:i4 rate_units:i8 "
        "ex_us:i8 record_us:i8 payable_us:i8 share_new:i4 share_old:i4 entitled_account:i4 recorded_account:i4 "
        "entitled_holders:i8 recorded_holders:i8 entitled_lent_index:i8 entitled_debt_index:i8 recorded_lent_index:i8 "
        "recorded_debt_index:i8 entitled_atoms:i8 recorded_atoms:i8 entitled_total_atoms:i8 recorded_total_atoms:i8 "
        "lent_atoms:i8 short_atoms:i8 funded_atoms:i8 owed_atoms:i8 collected_atoms:i8 paid_atoms:i8 tax_atoms:i8 "
        "unclaimed_atoms:i8 left_atoms:i8 paying_account:i4 waits_us:i8"
    ),
    "entitlements": (
        "action:i4 account:i4 taken:u1 recorded_atoms:i8 entitled_atoms:i8 lent_atoms:i8 due_atoms:i8 paid_atoms:i8 "
        "tax_atoms:i8 unclaimed_atoms:i8"
    ),
}

NUMBERS_ON_DISK = {
    "Origin": "NODE=1 USER=2 CUSTODY=3 REGISTRAR=4 PRICE_SOURCE=5 OPERATOR=6",
    "HouseAccount": (
        "CUSTODY=1 IN_TRANSIT=2 SUSPENSE=3 FEES=4 REBATES=5 ROUNDING=6 TAX=7 NETWORK_FEES=8 POOL=9 CLEARING=10 "
        "FUND=11 SKIN=12 COMPENSATION=13 UNCOVERED=14 ISSUED=15 DIVIDEND=16 UNCLAIMED=17"
    ),
    "AccountKind": "HOUSE=1 MAIN=2 SUB=3 FENCED=4",
    "AssetKind": "CRYPTO=1 CASH=2 SHARE=3 TRACKER=4",
    "Side": "BID=0 ASK=1",
    "OrderType": "LIMIT=0 MARKET=1",
    "TimeInForce": "GTC=0 IOC=1 FOK=2",
    "SelfTradePrevention": "REJECT_TAKER=0 REJECT_MAKER=1 REJECT_BOTH=2",
    "SlippageKind": "NONE=0 TICKS=1 PPM=2",
    "MarketKind": "SPOT=0 PERPETUAL=1",
    "MarketState": "OPEN=1 CLOSED=2 CANCEL_ONLY=3 LIMIT_ONLY=4 POST_ONLY=5 AUCTION=6",
    "UserFlag": "TRADING_FROZEN=1 WITHDRAWALS_FROZEN=2 TRANSFERS_FROZEN=4",
    "Session": "OPEN=1 CLOSED=2",
    "PriceState": "NONE=0 FRESH=1 CLOSED=2 STALE=3",
    "AccountFlag": "AUTO_LEND=1 AUTO_REPAY_BORROWS=2 AUTO_BORROW_SETTLEMENTS=4",
    "LoanFlag": "AUTO_LEND=1 AUTO_LEND_REDEEM=2 AUTO_BORROW=4 AUTO_BORROW_REPAY=8",
    "HaircutKind": "IDENTITY=0 INVERSE_SQRT=1",
    "PoolState": "OPEN=1 CLOSED=2 REPAY_ONLY=3",
    "LoanCause": "LEND=1 REDEEM=2 BORROW=3 REPAY=4 WRITE_OFF=5 TAKE_OVER=6",
    "LoanSource": (
        "MANUAL=1 SPOT_MARGIN=2 AUTO_LEND=3 AUTO_BORROW_REPAY=4 WITHDRAWAL=5 REDEMPTION_QUEUE=6 SETTLEMENT=7 "
        "LIQUIDATION=8"
    ),
    "CloseReason": (
        "REQUESTED=1 IMMEDIATE_OR_CANCEL=2 FILL_OR_KILL=3 SELF_TRADE_PREVENTION=4 PRICE_IMPACT=5 "
        "INSUFFICIENT_LIQUIDITY=6 SLIPPAGE_TOLERANCE_EXCEEDED=7 POST_ONLY_MODE=8 WORK_LIMIT=9 REDUCE_ONLY=10 "
        "MARKET_DELISTED=11 SETTLEMENT=12 TRIGGERED=13 STALE=14 LIQUIDATION=16 NOT_ELIGIBLE=17"
    ),
    "TriggerBy": "LAST=0 MARK=1 INDEX=2",
    "TriggerDirection": "RISES=0 FALLS=1",
    "TriggerEnd": "REQUESTED=1 FAILED=2 SIBLING=3 PARENT=4 DELISTED=5 LIQUIDATION=6",
    "Delisting": "LISTED=0 ANNOUNCED=1 CLOSING=2 ENDED=3",
    "Settling": "NOTHING=0 COLLECTING=1 CONVERTING=2 PAYING=3",
    "CaseCause": "MARK=1 CREDIT=2",
    "CaseStep": "BOOK=1 REST=2 HOLD=3 VAULT=4",
    "VaultState": "OPEN=1 CLOSED=2",
    "WavePhase": "NOTHING=0 COUNTING=1 CLOSING=2",
    "DeleveragingPolicy": "PRO_RATA=0 QUEUE=1 FLOOR_PRO_RATA=2",
    "BrakePhase": "NONE=0 HALT=1 AUCTION=2 UNCROSSING=3",
    "ActionKind": "DIVIDEND=1 MEETING=2",
    "RecordKind": "ENTITLEMENT=1 RECORD=2",
    "ActionPhase": "ARMED=1 COLLECTING=2 PAYING=3 WAITING=4 PAID=5 CLOSING=6",
    "CaseEnd": "RESTORED=1 TOPPED_UP=2 WRITTEN_OFF=3",
    "Cancels": "ALL=0 ORDERS=1 TRIGGERS=2",
    "MoveCause": (
        "DEPOSIT=1 WITHDRAWAL_REQUESTED=2 WITHDRAWAL_FEE=3 WITHDRAWAL_SETTLED=4 WITHDRAWAL_RETURNED=5 TRANSFER=6 "
        "HOUSE=7 TOP_UP=8 LIQUIDATION_FEE=9 GAP_PAID=10 ESTATE_TAKEN=11 SETTLED=12 LOSS_PAID=13 DIVIDEND_FUNDED=14 "
        "DIVIDEND_RETURNED=15 DIVIDEND_ROUNDING=16 FRACTION_RETIRED=17 FRACTION_PAID=18"
    ),
    "Parameter": (
        "OPEN_ORDERS_PER_ACCOUNT=1 FILLS_PER_COMMAND=2 ACCOUNTS_PER_USER=3 USERS=4 ACCOUNTS=5 BALANCES=6 ORDERS=7 "
        "WITHDRAWALS=8 MARKETS=9 ASSETS=10 TRIGGERS=11 TRIGGERS_PER_ACCOUNT=12 LIQUIDATION_BUFFER_PPM=13 "
        "LIQUIDATION_FEE_PPM=14 LIQUIDATION_BAND_PPM=15 LIQUIDATION_CLOSE_OUT_PPM=16 LIQUIDATION_BOOK_MS=17 CASES=18 "
        "SKIN_CAP=19 DELEVERAGING_POLICY=23 VAULT_REDEMPTIONS=24 VAULT_SLICE_VALUE=25 DIVIDEND_TAX_PPM=26"
    ),
    "Reject": (
        "SKIPPED=1 UNKNOWN_KIND=2 WRONG_ORIGIN=3 FIELD_OUT_OF_RANGE=4 UNKNOWN_ACCOUNT=10 UNKNOWN_USER=11 "
        "UNKNOWN_ASSET=12 UNKNOWN_MARKET=13 ACCOUNT_CANNOT_TRADE=14 UNKNOWN_ORDER=15 UNKNOWN_WITHDRAWAL=16 "
        "SAME_ACCOUNT=17 NOT_ONE_USERS_ACCOUNTS=18 HOUSE_ACCOUNT_CLOSED=19 TRADING_FROZEN=20 WITHDRAWALS_FROZEN=21 "
        "TRANSFERS_FROZEN=22 NOT_ELIGIBLE_TO_BUY=23 NOT_ELIGIBLE_TO_SELL=24 NOT_ELIGIBLE_TO_HOLD=25 "
        "NOT_ELIGIBLE_TO_WITHDRAW=26 NOT_ELIGIBLE_TO_LEND=27 NOT_ELIGIBLE_TO_RECEIVE=28 MARKET_CLOSED=30 "
        "MARKET_CANCEL_ONLY=31 MARKET_LIMIT_ONLY=32 MARKET_POST_ONLY=33 INVALID_COMBINATION=40 PRICE_BELOW_MINIMUM=41 "
        "PRICE_ABOVE_MAXIMUM=42 QUANTITY_BELOW_MINIMUM=43 QUANTITY_ABOVE_MAXIMUM=44 PRICE_OUT_OF_BAND=45 "
        "VALUE_TOO_LARGE=46 OPEN_ORDERS_LIMIT=50 VENUE_FULL=51 WOULD_TAKE=52 INSUFFICIENT_FUNDS=53 SUPPLY_LIMIT=54 "
        "NUMBER_ALREADY_APPLIED=60 NUMBER_NOT_NEXT=61 INVALID_SYMBOL=70 SYMBOL_IN_USE=71 FACTOR_NOT_INTEGER=72 "
        "RANGE_REVERSED=73 SUB_ACCOUNT_NOT_NEXT=74 ACCOUNTS_PER_USER_LIMIT=75 BELOW_USE=76 NOT_PRICED=80 "
        "UNKNOWN_PRICE_SOURCE=81 PRICE_SOURCE_DISABLED=82 SOURCE_NOT_WEIGHTED=83 QUOTE_EMPTY=84 QUOTE_CROSSED=85 "
        "QUOTE_NOT_LATER=86 QUOTE_FROM_FUTURE=87 NO_MARGIN_RULES=90 NO_LENDING_POOL=91 AUTO_LEND_IS_ON=92 "
        "LENDING_POOL_CLOSED=93 LENDING_POOL_REPAY_ONLY=94 NO_LOAN=95 BORROW_REQUIRES_LEND_REDEEM=96 "
        "LEND_REQUIRES_BORROW_REPAY=97 LEND_LIMIT=98 INSUFFICIENT_SUPPLY=99 AMOUNT_TOO_SMALL=100 PRICE_NOT_FRESH=101 "
        "INSUFFICIENT_MARGIN=102 NOT_PERPETUAL=103 NO_PERPETUAL_RULES=104 REDUCE_ONLY_NOT_REDUCED=105 "
        "POSITION_LIMIT=106 OPEN_INTEREST_LIMIT=107 TRIGGERS_LIMIT=108 NO_TRIGGER_PRICE=109 WRONG_SIDE_TRIGGER=110 "
        "REDUCE_ORDERS_LIMIT=111 MARKET_DELISTED=112 ACCOUNT_LIQUIDATING=120 NO_CASE=121 TOP_UP_TOO_SMALL=122 "
        "TOP_UP_CANNOT_HELP=123 MARKET_DELEVERAGING=124 MARKET_IN_RESOLUTION=125 MARKET_IN_AUCTION=130 "
        "MARKET_UNCROSSING=131 NO_BRAKES=132 REOPENS_BY_AUCTION=133 UNKNOWN_VAULT=140 VAULT_ACCOUNT=141 "
        "VAULT_CLOSED=142 VAULT_FIXED=143 ACCOUNT_NOT_EMPTY=144 SHARES_IN_USE=145 VAULT_MINTS_PAUSED=146 "
        "VAULT_REDEEMS_PAUSED=147 MINT_TOO_SMALL=148 REDEEM_TOO_SMALL=149 VAULT_FULL=150 VAULT_WITHOUT_VALUE=151 "
        "VAULT_UNSAFE=152 REDEEM_PENDING=153 NO_REDEEM_PENDING=154 SHARES_STAY=155 NOT_A_SHARE=160 "
        "ACTION_NOT_NEXT=161 UNKNOWN_ACTION=162 VERSION_NOT_NEXT=163 ACTION_BEGUN=164 DATE_PASSED=165 "
        "DATES_OUT_OF_ORDER=166 RECORD_NOT_TAKEN=167 NOT_PAYABLE_YET=168 NOT_FUNDED=169 ACTION_NOT_DONE=170 "
        "NOTHING_UNCLAIMED=171 UNCLAIMED_LEFT=172 ORDERS_IN_THE_WAY=173 SPLIT_TOO_LARGE=174 MARKET_STILL_OPEN=175 "
        "RECORD_UNDER_WAY=176 NOT_CONTINUOUS=177 BOOK_NOT_EMPTY=178 NOT_SPOT=179"
    ),
}

SCHEMA_HASHES = {
    1: "4d5dd4b75e2e8a762a4e830743ae334932e3c5e0959df282ba6eff3d3bd840ad",
    2: "9332eabeac538add3b3d4729139fad955b7d6aff3cb545f89cb0fd02e1ec0c6e",
}
"""The hash of the schema under each version of the rules; those of rules that have been released never change."""
