"""Events of liquidations and deleveragings, and of what a receipt is checked by: they are in ``events.EVENTS``."""

from typing import Annotated, ClassVar

from . import enums as e
from .fields import (
    AccountNumber,
    AssetNumber,
    Atoms,
    CaseNumber,
    Count,
    Decimals,
    Flag,
    MarketType,
    OrderNumber,
    Ppm,
    PriceSource,
    PriceTicks,
    PriceUnits,
    QuantityLots,
    Rate,
    Share,
    SignedAtoms,
    SignedLots,
    SignedValue,
    SourceMask,
    TimeUs,
    Value,
    member,
    text,
    unit,
)
from .headers import Event

__all__ = [
    "CaseClosed",
    "CaseMoved",
    "CaseOpened",
    "ClaimTaken",
    "CreditFenced",
    "Deleveraged",
    "EstateAsset",
    "EstateClosed",
    "EstatePosition",
    "FundOrdered",
    "MarkShown",
    "PriceShown",
    "QuoteShown",
    "SliceEnded",
    "SliceOrdered",
    "StandingTopUpSet",
    "ToppedUp",
    "UncoveredOwes",
    "WaveBegan",
    "WaveEnded",
    "WrittenOff",
]


class CaseOpened(Event, tag=61, frozen=True, kw_only=True):
    """An account is below its maintenance margin: it is liquidated from here on, and what comes later is fenced.

    ``worth_value`` is what the account comes to without haircuts.
    """

    since: ClassVar = 2
    case: CaseNumber
    equity_value: SignedValue
    maintenance_value: Value
    worth_value: SignedValue
    assets: Annotated[int, unit("i4", "assets shown", 0, 2**31 - 1)]
    positions: Annotated[int, unit("i4", "positions shown", 0, 2**31 - 1)]
    expected: Annotated[int, unit("i4", "dues of corporate actions shown", 0, 2**31 - 1)]
    left_out: Annotated[int, unit("i4", "assets not shown", 0, 2**31 - 1)]
    cause: Annotated[int, member(e.CaseCause)]


class SliceOrdered(Event, tag=62, frozen=True, kw_only=True):
    """A case orders: OrderAccepted and fills follow unless SliceEnded has a ``reject``.

    ``asset`` is what is sold or bought in a spot market, 0 on a perpetual. ``fee_e8`` goes to FUND instead of the taker
    fee. Equity and maintenance are as before the order.
    """

    since: ClassVar = 2
    case: CaseNumber
    order: OrderNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    mark_ticks: PriceTicks
    fee_e8: Share
    equity_value: SignedValue
    maintenance_value: Value
    asset: AssetNumber
    side: Annotated[int, member(e.Side)]


class SliceEnded(Event, tag=63, frozen=True, kw_only=True):
    """What the order of a case came to; equity and maintenance are as after it."""

    since: ClassVar = 2
    case: CaseNumber
    order: OrderNumber
    filled_lots: QuantityLots
    filled_quote_atoms: Atoms
    fee_atoms: Atoms
    equity_value: SignedValue
    maintenance_value: Value
    reject: Annotated[int, unit("u2", "Reject, 0 for none", 0, 65_535)] = 0


class CaseMoved(Event, tag=64, frozen=True, kw_only=True):
    """A case goes over to another step."""

    since: ClassVar = 2
    case: CaseNumber
    equity_value: SignedValue
    maintenance_value: Value
    step: Annotated[int, member(e.CaseStep)]


class CaseClosed(Event, tag=65, frozen=True, kw_only=True):
    """A liquidation is over: what is left of the estate is the owner's again."""

    since: ClassVar = 2
    case: CaseNumber
    equity_value: SignedValue
    maintenance_value: Value
    reason: Annotated[int, member(e.CaseEnd)]


class CreditFenced(Event, tag=66, frozen=True, kw_only=True):
    """Money from outside for ``account`` went to its owner's fenced account: no step of a case can see it.

    ``case`` is 0 where no case is open and a mark that it takes to say whether one must be is not fresh.
    """

    since: ClassVar = 2
    case: CaseNumber
    amount_atoms: Atoms
    fenced_account: AccountNumber
    asset: AssetNumber


class ToppedUp(Event, tag=67, frozen=True, kw_only=True):
    """The owner put fenced money into the estate of ``account``; ``needed_atoms`` would have been enough."""

    since: ClassVar = 2
    case: CaseNumber
    amount_atoms: Atoms
    needed_atoms: Atoms
    fenced_account: AccountNumber
    asset: AssetNumber


class WaveBegan(Event, tag=68, frozen=True, kw_only=True):
    """Positions of failed accounts in ``market`` are closed against the other side, at one price.

    ``gap_atoms`` is what the failed accounts cannot pay; of that their owners' own opposite profit pays ``own_atoms``,
    FUND and SKIN what they can, and ``left_atoms`` moves the price of ``left_lots``.
    """

    since: ClassVar = 2
    wave: Count
    mark_ticks: PriceTicks
    lots: SignedLots
    left_lots: SignedLots
    gap_atoms: Atoms
    own_atoms: Atoms
    fund_atoms: Atoms
    skin_atoms: Atoms
    left_atoms: Atoms
    cases: Annotated[int, unit("i4", "cases", 0, 2**31 - 1)]
    policy: Annotated[int, member(e.DeleveragingPolicy)]


class EstateClosed(Event, tag=69, frozen=True, kw_only=True):
    """The position of a failed account ended in a wave, at the mark; of what it lost it need not pay ``gap_atoms``."""

    since: ClassVar = 2
    wave: Count
    case: CaseNumber
    lots: SignedLots
    mark_ticks: PriceTicks
    loss_atoms: Atoms
    paid_atoms: Atoms
    gap_atoms: Atoms
    worth_value: SignedValue
    liabilities_value: Value


class Deleveraged(Event, tag=70, frozen=True, kw_only=True):
    """So many lots of ``account`` were closed in a wave; it cost ``cost_atoms`` against the mark.

    ``profit_atoms`` is what it had to lose: profit that is not settled, net of the account's losses. With
    ``own_case`` it is the profit of whoever failed on another of his accounts.
    """

    since: ClassVar = 2
    wave: Count
    lots: SignedLots
    mark_ticks: PriceTicks
    cost_atoms: Atoms
    profit_atoms: Atoms
    own_case: CaseNumber


class WaveEnded(Event, tag=71, frozen=True, kw_only=True):
    """A wave is over. ``uncovered_atoms`` could be paid by nobody without touching money: UNCOVERED owes them."""

    since: ClassVar = 2
    wave: Count
    people: Count
    lots: QuantityLots
    cost_atoms: Atoms
    profit_atoms: Atoms
    uncovered_atoms: Atoms


class WrittenOff(Event, tag=72, frozen=True, kw_only=True):
    """An account need not pay ``deficit_atoms`` of ``asset``: a debt, or a loss in ``market``; and who did instead."""

    since: ClassVar = 2
    case: CaseNumber
    deficit_atoms: Atoms
    fund_atoms: Atoms
    skin_atoms: Atoms
    uncovered_atoms: Atoms
    asset: AssetNumber


class ClaimTaken(Event, tag=73, frozen=True, kw_only=True):
    """FUND took over what ``account`` has lent and could not redeem, and paid so much for it."""

    since: ClassVar = 2
    case: CaseNumber
    claim_atoms: Atoms
    paid_atoms: Atoms
    asset: AssetNumber


class EstateAsset(Event, tag=74, frozen=True, kw_only=True):
    """What ``account`` held and owed of an asset when its case opened, and what that counted for.

    ``held_atoms`` is what is available, locked or lent. At these prices what is held is worth v, rounded down, and
    ``collateral_value`` = floor(v * weight); what is owed is worth ``liabilities_value``, rounded up, and needs
    ``maintenance_value`` = ceil(liabilities * rate).
    """

    since: ClassVar = 2
    case: CaseNumber
    held_atoms: Atoms
    owed_atoms: Atoms
    asset_price_units: PriceUnits
    debt_price_units: PriceUnits
    weight_e8: Share
    rate_e8: Rate
    collateral_value: Value
    liabilities_value: Value
    maintenance_value: Value
    asset: AssetNumber
    decimals: Decimals
    price_state: Annotated[int, member(e.PriceState)]


class EstatePosition(Event, tag=75, frozen=True, kw_only=True):
    """What position ``account`` had in ``market`` when its case opened, and what that counted for.

    Not settled: net_lots * mark_ticks * quote_factor - reference_atoms - pending_atoms, worth ``profit_value`` (a loss
    below 0, rounded away from it); ``notional_value`` needs ``maintenance_value`` = ceil(notional * rate).
    """

    since: ClassVar = 2
    case: CaseNumber
    net_lots: SignedLots
    reference_atoms: SignedAtoms
    pending_atoms: SignedAtoms
    mark_ticks: PriceTicks
    quote_factor: Atoms
    profit_value: SignedValue
    notional_value: Value
    rate_e8: Rate
    maintenance_value: Value
    quote_asset: AssetNumber


class PriceShown(Event, tag=76, frozen=True, kw_only=True):
    """The price of an asset that counts in a case, and how it was made; QuoteShown of each weighted source follows.

    The sources' prices make the index if ``quoted_us`` is before ``clock_us``, the time of the last Clock. Cash that
    nobody prices has no sources.
    """

    since: ClassVar = 2
    asset: AssetNumber
    used_sources: SourceMask
    clamped_sources: SourceMask
    price_state: Annotated[int, member(e.PriceState)]
    session: Annotated[int, member(e.Session)]
    decimals: Decimals
    minimum_sources: Annotated[int, unit("u1", "sources that must be fresh", 0, e.PRICE_SOURCES)]
    clamp_ppm: Ppm
    closed_haircut_ppm: Ppm
    index_units: PriceUnits
    mark_units: PriceUnits
    updated_us: TimeUs
    quoted_us: TimeUs
    clock_us: TimeUs
    symbol: Annotated[str, text(16, "ASCII symbol")]
    maximum_age_ms: Annotated[int, unit("i8", "milliseconds")]


class QuoteShown(Event, tag=77, frozen=True, kw_only=True):
    """What a source last said of an asset that counts in a case, and when it was observed."""

    since: ClassVar = 2
    asset: AssetNumber
    price_source: PriceSource
    weight: Annotated[int, unit("i4", "weight", 0, 255)]
    price_units: PriceUnits
    bid_units: PriceUnits
    ask_units: PriceUnits
    last_units: PriceUnits
    observed_us: TimeUs
    name: Annotated[str, text(16, "ASCII name")]
    enabled: Flag


class MarkShown(Event, tag=78, frozen=True, kw_only=True):
    """A market that counts in a case; of a perpetual its mark: the index of its base asset, and its own book's premium.

    mark = max(1, index + floor(premium / 2^8), which is at most ``mark_bound_ppm`` of the index away).
    """

    since: ClassVar = 2
    base_asset: AssetNumber
    quote_asset: AssetNumber
    index_ticks: PriceTicks
    mark_ticks: PriceTicks
    premium: Annotated[int, unit("i8", "2^-8 ticks, signed", -(2**62), 2**62)]
    tick_atoms: Annotated[int, unit("i8", "quote atoms per whole base unit", 1, 2**48)]
    lot_atoms: Annotated[int, unit("i8", "base atoms", 1, 2**48)]
    quote_factor: Atoms
    updated_us: TimeUs
    mark_bound_ppm: Ppm
    market_kind: MarketType
    price_state: Annotated[int, member(e.PriceState)]
    base_decimals: Decimals
    quote_decimals: Decimals


class FundOrdered(Event, tag=79, frozen=True, kw_only=True):
    """FUND, which is ``account``, trades for what UNCOVERED owes of ``asset``; OrderAccepted follows, or a ``reject``.

    It buys that, or sells something else for it.
    """

    since: ClassVar = 2
    order: OrderNumber
    price_ticks: PriceTicks
    quantity_lots: QuantityLots
    mark_ticks: PriceTicks
    owed_atoms: Atoms
    asset: AssetNumber
    side: Annotated[int, member(e.Side)]
    reject: Annotated[int, unit("u2", "Reject, 0 for none", 0, 65_535)] = 0


class UncoveredOwes(Event, tag=89, frozen=True, kw_only=True):
    """What UNCOVERED, which is ``account``, owes of ``asset`` from now on: to ``market``, or with 0 to the lenders.

    While that is not 0 nobody takes new risk there.
    """

    since: ClassVar = 2
    owed_atoms: Atoms
    asset: AssetNumber


class StandingTopUpSet(Event, tag=90, frozen=True, kw_only=True):
    """How much fenced money goes into the estate of ``account`` by itself, at most; 0 for none."""

    since: ClassVar = 2
    amount_atoms: Atoms
    asset: AssetNumber
