"""Records of one buffer seen as their kinds: ``cast(commands, i, PLACE_ORDER).price_ticks``."""

from enum import IntEnum
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from ..schema import commands as c
from ..schema import events as e
from ..schema.layout import DTYPES, RECORD_BYTES, snake, tag_of

WORDS = np.dtype([("word", "<i8", (RECORD_BYTES // 8,))])
INTS = np.dtype([("word", "<i4", (RECORD_BYTES // 4,))])
SHORTS = np.dtype([("word", "<u2", (RECORD_BYTES // 2,))])
BYTES = np.dtype([("word", "u1", (RECORD_BYTES,))])


def cast(records, i, dtype):
    """Return record ``i`` of a buffer as a record of ``dtype``; both take 128 bytes."""
    return records[i : i + 1].view(dtype).view(np.recarray)[0]


@intrinsic
def _cast(typingctx, records, i, dtype):
    def codegen(context, builder, sig, args):
        array_type = sig.args[0]
        held = context.make_array(array_type)(context, builder, args[0])
        pointer = cgutils.get_item_pointer(context, builder, array_type, held, [args[1]], wraparound=False)
        return builder.bitcast(pointer, context.get_value_type(sig.return_type))

    return dtype.dtype(records, types.int64, dtype), codegen


@overload(cast)
def _overload_cast(records, i, dtype):
    def implementation(records, i, dtype):
        assert 0 <= i < len(records)
        return _cast(records, i, dtype)

    return implementation


CLOCK = DTYPES[c.Clock]
SET_RULES = DTYPES[c.SetRules]
SET_PARAMETER = DTYPES[c.SetParameter]
LIST_ASSET = DTYPES[c.ListAsset]
LIST_MARKET = DTYPES[c.ListMarket]
SET_MARKET_STATE = DTYPES[c.SetMarketState]
SET_MARKET_LIMITS = DTYPES[c.SetMarketLimits]
SET_PRICE_BANDS = DTYPES[c.SetPriceBands]
SET_FEE_TIER = DTYPES[c.SetFeeTier]
OPEN_USER = DTYPES[c.OpenUser]
OPEN_ACCOUNT = DTYPES[c.OpenAccount]
SET_USER = DTYPES[c.SetUser]
SET_ELIGIBILITY = DTYPES[c.SetEligibility]
DEPOSIT = DTYPES[c.Deposit]
REQUEST_WITHDRAWAL = DTYPES[c.RequestWithdrawal]
SETTLE_WITHDRAWAL = DTYPES[c.SettleWithdrawal]
RETURN_WITHDRAWAL = DTYPES[c.ReturnWithdrawal]
TRANSFER = DTYPES[c.Transfer]
MOVE_HOUSE_FUNDS = DTYPES[c.MoveHouseFunds]
PLACE_ORDER = DTYPES[c.PlaceOrder]
CANCEL_ORDER = DTYPES[c.CancelOrder]
CANCEL_ALL_ORDERS = DTYPES[c.CancelAllOrders]
AMEND_ORDER = DTYPES[c.AmendOrder]
SET_PRICE_SOURCE = DTYPES[c.SetPriceSource]
SET_PRICING = DTYPES[c.SetPricing]
SET_PRICE_WEIGHT = DTYPES[c.SetPriceWeight]
SET_SESSION = DTYPES[c.SetSession]
QUOTE = DTYPES[c.Quote]
SET_COLLATERAL = DTYPES[c.SetCollateral]
SET_LENDING_POOL = DTYPES[c.SetLendingPool]
SET_ACCOUNT = DTYPES[c.SetAccount]
LEND = DTYPES[c.Lend]
REDEEM = DTYPES[c.Redeem]
BORROW = DTYPES[c.Borrow]
REPAY = DTYPES[c.Repay]
SET_PERPETUAL = DTYPES[c.SetPerpetual]
PLACE_TRIGGER = DTYPES[c.PlaceTrigger]
SET_BRAKES = DTYPES[c.SetBrakes]
UNCROSS_MARKET = DTYPES[c.UncrossMarket]
DELIST_PERPETUAL = DTYPES[c.DelistPerpetual]
TOP_UP = DTYPES[c.TopUp]
SET_STANDING_TOP_UP = DTYPES[c.SetStandingTopUp]
SET_VAULT = DTYPES[c.SetVault]
MINT_VAULT_SHARES = DTYPES[c.MintVaultShares]
REQUEST_VAULT_REDEEM = DTYPES[c.RequestVaultRedeem]
CANCEL_VAULT_REDEEM = DTYPES[c.CancelVaultRedeem]
SET_ACTION = DTYPES[c.SetAction]
CANCEL_ACTION = DTYPES[c.CancelAction]
FUND_ACTION = DTYPES[c.FundAction]
PAY_ACTION = DTYPES[c.PayAction]
RELEASE_UNCLAIMED = DTYPES[c.ReleaseUnclaimed]
CLOSE_ACTION = DTYPES[c.CloseAction]
SPLIT_SHARE = DTYPES[c.SplitShare]
RENAME_ASSET = DTYPES[c.RenameAsset]
SET_MARKET_GRID = DTYPES[c.SetMarketGrid]
SETTLE_FRACTION = DTYPES[c.SettleFraction]

REJECTED = DTYPES[e.Rejected]
ORDER_ACCEPTED = DTYPES[e.OrderAccepted]
ORDER_AMENDED = DTYPES[e.OrderAmended]
TRADE = DTYPES[e.Trade]
ORDER_CLOSED = DTYPES[e.OrderClosed]
FUNDS_MOVED = DTYPES[e.FundsMoved]
USER_OPENED = DTYPES[e.UserOpened]
ACCOUNT_OPENED = DTYPES[e.AccountOpened]
USER_SET = DTYPES[e.UserSet]
ELIGIBILITY_SET = DTYPES[e.EligibilitySet]
ASSET_LISTED = DTYPES[e.AssetListed]
MARKET_LISTED = DTYPES[e.MarketListed]
MARKET_STATE_SET = DTYPES[e.MarketStateSet]
MARKET_LIMITS_SET = DTYPES[e.MarketLimitsSet]
PRICE_BANDS_SET = DTYPES[e.PriceBandsSet]
FEE_TIER_SET = DTYPES[e.FeeTierSet]
PARAMETER_SET = DTYPES[e.ParameterSet]
CLOCK_TICKED = DTYPES[e.ClockTicked]
RULES_SET = DTYPES[e.RulesSet]
PRICE_SOURCE_SET = DTYPES[e.PriceSourceSet]
PRICING_SET = DTYPES[e.PricingSet]
PRICE_WEIGHT_SET = DTYPES[e.PriceWeightSet]
SESSION_SET = DTYPES[e.SessionSet]
QUOTED = DTYPES[e.Quoted]
PRICE_UPDATED = DTYPES[e.PriceUpdated]
COLLATERAL_SET = DTYPES[e.CollateralSet]
LENDING_POOL_SET = DTYPES[e.LendingPoolSet]
ACCOUNT_SET = DTYPES[e.AccountSet]
LOAN_MOVED = DTYPES[e.LoanMoved]
REDEMPTION_QUEUED = DTYPES[e.RedemptionQueued]
INTEREST_ACCRUED = DTYPES[e.InterestAccrued]
PERPETUAL_SET = DTYPES[e.PerpetualSet]
MARK_UPDATED = DTYPES[e.MarkUpdated]
FUNDING_CHARGED = DTYPES[e.FundingCharged]
SETTLED = DTYPES[e.Settled]
TRIGGER_PLACED = DTYPES[e.TriggerPlaced]
TRIGGER_FIRED = DTYPES[e.TriggerFired]
TRIGGER_CLOSED = DTYPES[e.TriggerClosed]
COLLATERAL_CONVERTED = DTYPES[e.CollateralConverted]
PERPETUAL_DELISTED = DTYPES[e.PerpetualDelisted]
CASE_OPENED = DTYPES[e.CaseOpened]
SLICE_ORDERED = DTYPES[e.SliceOrdered]
SLICE_ENDED = DTYPES[e.SliceEnded]
CASE_MOVED = DTYPES[e.CaseMoved]
CASE_CLOSED = DTYPES[e.CaseClosed]
CREDIT_FENCED = DTYPES[e.CreditFenced]
TOPPED_UP = DTYPES[e.ToppedUp]
WAVE_BEGAN = DTYPES[e.WaveBegan]
ESTATE_CLOSED = DTYPES[e.EstateClosed]
DELEVERAGED = DTYPES[e.Deleveraged]
WAVE_ENDED = DTYPES[e.WaveEnded]
WRITTEN_OFF = DTYPES[e.WrittenOff]
CLAIM_TAKEN = DTYPES[e.ClaimTaken]
ESTATE_ASSET = DTYPES[e.EstateAsset]
ESTATE_POSITION = DTYPES[e.EstatePosition]
PRICE_SHOWN = DTYPES[e.PriceShown]
QUOTE_SHOWN = DTYPES[e.QuoteShown]
MARK_SHOWN = DTYPES[e.MarkShown]
FUND_ORDERED = DTYPES[e.FundOrdered]
UNCOVERED_OWES = DTYPES[e.UncoveredOwes]
STANDING_TOP_UP_SET = DTYPES[e.StandingTopUpSet]
BRAKES_SET = DTYPES[e.BrakesSet]
BAND_MOVED = DTYPES[e.BandMoved]
MARKET_HALTED = DTYPES[e.MarketHalted]
AUCTION_BEGAN = DTYPES[e.AuctionBegan]
AUCTION_INDICATED = DTYPES[e.AuctionIndicated]
AUCTION_PRICED = DTYPES[e.AuctionPriced]
MARKET_REOPENED = DTYPES[e.MarketReopened]
INITIAL_MARGIN_RAISED = DTYPES[e.InitialMarginRaised]
VAULT_SET = DTYPES[e.VaultSet]
VAULT_MINTED = DTYPES[e.VaultMinted]
VAULT_REDEEM_REQUESTED = DTYPES[e.VaultRedeemRequested]
VAULT_REDEEM_CANCELLED = DTYPES[e.VaultRedeemCancelled]
VAULT_REDEEMED = DTYPES[e.VaultRedeemed]
VAULT_TOOK_OVER = DTYPES[e.VaultTookOver]
VAULT_ORDERED = DTYPES[e.VaultOrdered]
VAULT_CLOSED = DTYPES[e.VaultClosed]
VAULT_VALUED = DTYPES[e.VaultValued]
ACTION_SET = DTYPES[e.ActionSet]
ACTION_CANCELLED = DTYPES[e.ActionCancelled]
ACTION_FUNDED = DTYPES[e.ActionFunded]
RECORD_BEGAN = DTYPES[e.RecordBegan]
HOLDER_RECORDED = DTYPES[e.HolderRecorded]
ENTITLEMENT_CARRIED = DTYPES[e.EntitlementCarried]
RECORD_TAKEN = DTYPES[e.RecordTaken]
ACTION_MOVED = DTYPES[e.ActionMoved]
DIVIDEND_COLLECTED = DTYPES[e.DividendCollected]
DIVIDEND_PAID = DTYPES[e.DividendPaid]
ENTITLEMENT_MOVED = DTYPES[e.EntitlementMoved]
UNCLAIMED_RELEASED = DTYPES[e.UnclaimedReleased]
ACTION_CLOSED = DTYPES[e.ActionClosed]
CONTRACT_ADJUSTED = DTYPES[e.ContractAdjusted]
SHARE_SPLIT = DTYPES[e.ShareSplit]
ASSET_RENAMED = DTYPES[e.AssetRenamed]
ESTATE_EXPECTED = DTYPES[e.EstateExpected]
MARKET_GRID_SET = DTYPES[e.MarketGridSet]


Kind: Any = IntEnum("Kind", {snake(kind.__name__).upper(): tag_of(kind) for kind in c.COMMANDS})
"""The tag of every command."""

EventKind: Any = IntEnum("EventKind", {snake(kind.__name__).upper(): tag_of(kind) for kind in e.EVENTS})
"""The tag of every event."""
