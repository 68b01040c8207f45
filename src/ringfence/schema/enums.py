"""The closed lists of the venue.  Values are on disk: append, never renumber, and say in ``SINCE`` what is new."""

from enum import IntEnum, IntFlag

FIRST_RULES, LATEST_RULES = 1, 2
"""Versions of the rules that this program replays; each has the schema of the same number (docs/architecture.md)."""


class Origin(IntEnum):
    """Who gives a command; the core refuses a command from the wrong one."""

    NODE = 1
    USER = 2
    CUSTODY = 3
    REGISTRAR = 4
    PRICE_SOURCE = 5
    OPERATOR = 6


class HouseAccount(IntEnum):
    """The venue's own accounts, before the users' accounts, in the order of the design."""

    CUSTODY = 1
    IN_TRANSIT = 2
    SUSPENSE = 3
    FEES = 4
    REBATES = 5
    ROUNDING = 6
    TAX = 7
    NETWORK_FEES = 8
    POOL = 9
    CLEARING = 10
    FUND = 11
    SKIN = 12
    COMPENSATION = 13
    UNCOVERED = 14
    ISSUED = 15
    DIVIDEND = 16
    UNCLAIMED = 17


FIRST_USER_ACCOUNT = 64
"""Account numbers below are house accounts, from here on users' accounts."""


class AccountKind(IntEnum):
    """What an account is for; only MAIN and SUB trade."""

    HOUSE = 1
    MAIN = 2
    SUB = 3
    FENCED = 4


class AssetKind(IntEnum):
    """What an asset is; a tracker is never shown as a share."""

    CRYPTO = 1
    CASH = 2
    SHARE = 3
    TRACKER = 4


class Side(IntEnum):
    """Side of an order; of a trade, the taker's side."""

    BID = 0
    ASK = 1


class OrderType(IntEnum):
    """LIMIT rests or takes up to its price; MARKET takes within the impact band and never rests."""

    LIMIT = 0
    MARKET = 1


class TimeInForce(IntEnum):
    """How long an order lives: until cancelled, at once in part, at once in full or not at all."""

    GTC = 0
    IOC = 1
    FOK = 2


class SelfTradePrevention(IntEnum):
    """Who gives way when two orders of one user meet: the taker's remainder, the maker, or both."""

    REJECT_TAKER = 0
    REJECT_MAKER = 1
    REJECT_BOTH = 2


class SlippageKind(IntEnum):
    """How a market order bounds its price: not at all beyond the impact band, by ticks, or by parts per million."""

    NONE = 0
    TICKS = 1
    PPM = 2


class MarketKind(IntEnum):
    """What is traded: the asset itself, or a contract on its price that never ends."""

    SPOT = 0
    PERPETUAL = 1


class MarketState(IntEnum):
    """What a market accepts now."""

    OPEN = 1
    CLOSED = 2
    CANCEL_ONLY = 3
    LIMIT_ONLY = 4
    POST_ONLY = 5
    AUCTION = 6


class UserFlag(IntFlag):
    """What is frozen for a user, on all of his accounts."""

    TRADING_FROZEN = 1
    WITHDRAWALS_FROZEN = 2
    TRANSFERS_FROZEN = 4


ALL_USER_FLAGS = 7


class Session(IntEnum):
    """Whether an asset is traded where its prices come from."""

    OPEN = 1
    CLOSED = 2


class PriceState(IntEnum):
    """What a mark is worth: fresh; the last good one of a closed trading session; too old to take risk on; none yet."""

    NONE = 0
    FRESH = 1
    CLOSED = 2
    STALE = 3


class AccountFlag(IntFlag):
    """What an account does by itself."""

    AUTO_LEND = 1
    AUTO_REPAY_BORROWS = 2
    AUTO_BORROW_SETTLEMENTS = 4


ALL_ACCOUNT_FLAGS = 7


class LoanFlag(IntFlag):
    """What an order or a withdrawal may do to pay, and does with what it brings."""

    AUTO_LEND = 1
    AUTO_LEND_REDEEM = 2
    AUTO_BORROW = 4
    AUTO_BORROW_REPAY = 8


ALL_LOAN_FLAGS = 15


class HaircutKind(IntEnum):
    """How the weight of collateral falls with its size: not at all, or with one over its root."""

    IDENTITY = 0
    INVERSE_SQRT = 1


class PoolState(IntEnum):
    """What a lending pool accepts: everything, nothing, or what brings debts and claims down."""

    OPEN = 1
    CLOSED = 2
    REPAY_ONLY = 3


class LoanCause(IntEnum):
    """What happened to a claim on a lending pool, or to a debt to it."""

    LEND = 1
    REDEEM = 2
    BORROW = 3
    REPAY = 4
    WRITE_OFF = 5
    TAKE_OVER = 6


class LoanSource(IntEnum):
    """What asked for it."""

    MANUAL = 1
    SPOT_MARGIN = 2
    AUTO_LEND = 3
    AUTO_BORROW_REPAY = 4
    WITHDRAWAL = 5
    REDEMPTION_QUEUE = 6
    SETTLEMENT = 7
    LIQUIDATION = 8


class CloseReason(IntEnum):
    """Why an order left the venue unfilled; REQUESTED is a cancellation, all others are expiries."""

    REQUESTED = 1
    IMMEDIATE_OR_CANCEL = 2
    FILL_OR_KILL = 3
    SELF_TRADE_PREVENTION = 4
    PRICE_IMPACT = 5
    INSUFFICIENT_LIQUIDITY = 6
    SLIPPAGE_TOLERANCE_EXCEEDED = 7
    POST_ONLY_MODE = 8
    WORK_LIMIT = 9
    REDUCE_ONLY = 10
    MARKET_DELISTED = 11
    SETTLEMENT = 12
    TRIGGERED = 13
    STALE = 14
    LIQUIDATION = 16
    NOT_ELIGIBLE = 17


class TriggerBy(IntEnum):
    """Which price of a market a trigger watches."""

    LAST = 0
    MARK = 1
    INDEX = 2


class TriggerDirection(IntEnum):
    """Whether a trigger waits for the price to rise or to fall to its own."""

    RISES = 0
    FALLS = 1


class TriggerEnd(IntEnum):
    """Why a trigger ended without an order.

    At its owner's wish; because its order was refused; because the other of a pair fired; because the order that it
    was attached to ended without a fill; because its market was delisted; because its account is liquidated.
    """

    REQUESTED = 1
    FAILED = 2
    SIBLING = 3
    PARENT = 4
    DELISTED = 5
    LIQUIDATION = 6


class Delisting(IntEnum):
    """How far a perpetual is that will not be traded again; its positions end while it is CLOSING."""

    LISTED = 0
    ANNOUNCED = 1
    CLOSING = 2
    ENDED = 3


class Settling(IntEnum):
    """What a settlement is doing: nothing, taking from who lost, selling collateral of who could not pay, paying."""

    NOTHING = 0
    COLLECTING = 1
    CONVERTING = 2
    PAYING = 3


class CaseCause(IntEnum):
    """What an account was looked at for when its case opened: marks that moved, or money that came in."""

    MARK = 1
    CREDIT = 2


class CaseStep(IntEnum):
    """How far a liquidation is.

    Orders in the book; what the book did not take, for deleveraging to close; nothing left, but a withdrawal of before
    may still come back and belongs to whoever paid; between book and deleveraging, what a vault takes over.
    """

    BOOK = 1
    REST = 2
    HOLD = 3
    VAULT = 4


class VaultState(IntEnum):
    """Whether a vault takes new money; one that was worth nothing is closed for good."""

    OPEN = 1
    CLOSED = 2


class WavePhase(IntEnum):
    """What a deleveraging is doing: nothing, looking who has profit, or closing what was shared out."""

    NOTHING = 0
    COUNTING = 1
    CLOSING = 2


class DeleveragingPolicy(IntEnum):
    """Who is deleveraged: everybody pro rata to his profit; or, as elsewhere, by a queue, or pro rata rounded down."""

    PRO_RATA = 0
    QUEUE = 1
    FLOOR_PRO_RATA = 2


class BrakePhase(IntEnum):
    """What the brakes of a market do: nothing, keep orders out, collect them for an auction, or carry that out."""

    NONE = 0
    HALT = 1
    AUCTION = 2
    UNCROSSING = 3


class ActionKind(IntEnum):
    """What a corporate action is: a cash dividend (DVCA), or a general meeting (MEET), which has a record only."""

    DIVIDEND = 1
    MEETING = 2


class RecordKind(IntEnum):
    """What positions are taken for: who is entitled, when the share goes ex, or whose name stood at the record."""

    ENTITLEMENT = 1
    RECORD = 2


class ActionPhase(IntEnum):
    """How far an action is.

    Armed, or its records are being taken; shorts pay; everybody is paid; what shorts could not pay is waited for; all
    is paid; it is being forgotten.
    """

    ARMED = 1
    COLLECTING = 2
    PAYING = 3
    WAITING = 4
    PAID = 5
    CLOSING = 6


class CaseEnd(IntEnum):
    """Why a case closed.

    The estate has the margin that it needs again; its owner put in what was missing; or it was less than nothing, and
    the account is exactly zero.
    """

    RESTORED = 1
    TOPPED_UP = 2
    WRITTEN_OFF = 3


class Cancels(IntEnum):
    """What a CancelAllOrders cancels."""

    ALL = 0
    ORDERS = 1
    TRIGGERS = 2


class MoveCause(IntEnum):
    """Why funds moved without a trade."""

    DEPOSIT = 1
    WITHDRAWAL_REQUESTED = 2
    WITHDRAWAL_FEE = 3
    WITHDRAWAL_SETTLED = 4
    WITHDRAWAL_RETURNED = 5
    TRANSFER = 6
    HOUSE = 7
    TOP_UP = 8
    LIQUIDATION_FEE = 9
    GAP_PAID = 10
    ESTATE_TAKEN = 11
    SETTLED = 12
    LOSS_PAID = 13
    DIVIDEND_FUNDED = 14
    DIVIDEND_RETURNED = 15
    DIVIDEND_ROUNDING = 16
    FRACTION_RETIRED = 17
    FRACTION_PAID = 18


class Parameter(IntEnum):
    """Settings of the venue that decide outcomes, so they are in the log."""

    OPEN_ORDERS_PER_ACCOUNT = 1
    FILLS_PER_COMMAND = 2
    ACCOUNTS_PER_USER = 3
    USERS = 4
    ACCOUNTS = 5
    BALANCES = 6
    ORDERS = 7
    WITHDRAWALS = 8
    MARKETS = 9
    ASSETS = 10
    TRIGGERS = 11
    TRIGGERS_PER_ACCOUNT = 12
    LIQUIDATION_BUFFER_PPM = 13
    LIQUIDATION_FEE_PPM = 14
    LIQUIDATION_BAND_PPM = 15
    LIQUIDATION_CLOSE_OUT_PPM = 16
    LIQUIDATION_BOOK_MS = 17
    CASES = 18
    SKIN_CAP = 19
    DELEVERAGING_POLICY = 23
    VAULT_REDEMPTIONS = 24
    VAULT_SLICE_VALUE = 25
    DIVIDEND_TAX_PPM = 26


PARAMETER_LIMITS: dict[Parameter, tuple[int, int, int]] = {
    # parameter: (lowest, highest, value of a new venue)
    Parameter.OPEN_ORDERS_PER_ACCOUNT: (1, 10_000, 1_000),
    Parameter.FILLS_PER_COMMAND: (1, 2_000, 1_000),
    Parameter.ACCOUNTS_PER_USER: (2, 64, 34),
    Parameter.USERS: (1, 2**22, 2**20),
    Parameter.ACCOUNTS: (FIRST_USER_ACCOUNT, 2**23, 2**21 + FIRST_USER_ACCOUNT),
    Parameter.BALANCES: (1, 2**25, 2**23),
    Parameter.ORDERS: (1, 2**23, 2**21),
    Parameter.WITHDRAWALS: (1, 2**20, 2**16),
    Parameter.MARKETS: (1, 2**14, 2**12),
    Parameter.ASSETS: (1, 2**12, 2**10),
    Parameter.TRIGGERS: (1, 2**20, 2**18),
    Parameter.TRIGGERS_PER_ACCOUNT: (1, 1_000, 200),
    Parameter.LIQUIDATION_BUFFER_PPM: (0, 1_000_000, 100_000),
    Parameter.LIQUIDATION_FEE_PPM: (0, 50_000, 5_000),
    Parameter.LIQUIDATION_BAND_PPM: (0, 500_000, 50_000),
    Parameter.LIQUIDATION_CLOSE_OUT_PPM: (0, 1_000_000, 500_000),
    Parameter.LIQUIDATION_BOOK_MS: (0, 86_400_000, 30_000),
    Parameter.CASES: (1, 2**20, 2**17),
    Parameter.SKIN_CAP: (0, 2**60, 0),
    Parameter.DELEVERAGING_POLICY: (0, 2, 0),
    Parameter.VAULT_REDEMPTIONS: (1, 2**20, 2**16),
    Parameter.VAULT_SLICE_VALUE: (1, 2**60, 10**11),
    Parameter.DIVIDEND_TAX_PPM: (0, 1_000_000, 300_000),
}
"""Bounds and first values; the highest value is what the process reserves address space for."""

MOST_SPLIT = 4_096
"""Of so many shares at most stands one where so many at most stood one, all splits of a share together."""
MOST_ACTIONS = 16
"""So many corporate actions may be open at once."""
MOST_VAULTS = 200
"""Vaults are numbered from 1 to this."""
PRICE_SOURCES = 15
"""Price sources are numbered from 1 to this."""
UNITS_PER_CASH = 10**8
"""Prices of assets count hundred-millionths of the cash unit for one whole unit of the asset."""

BALANCE_HEADROOM = 4_096
"""Free balance rows that must be left for a command that may create some: more than one command can create."""

ONE_E8 = 10**8
"""Margin rates, weights and interest rates count hundred-millionths."""
INDEX_BITS = 52
"""A share of a lending pool is worth index / 2^52 atoms; indices begin at 1 and end at 64."""
FUNDING_BITS = 20
"""A funding index counts 2^-20 atoms a lot."""
ONE_E10 = 10**10
"""Funding rates count ten-thousand-millionths."""
TAKE_PROFIT, STOP_LOSS = 1 << 60, 1 << 61
"""What is added to the number of an order for the number of what is attached to it."""
VALUES_PER_CASH = 10**6
"""Values of accounts count millionths of the cash unit."""

MAX_SLIPPAGE_PPM = 10**9
"""Largest slippage of a market order when it is given in parts per million."""

SINCE: dict[tuple[str, str], int] = {
    ("HouseAccount", "POOL"): 2,
    ("HouseAccount", "CLEARING"): 2,
    ("HouseAccount", "FUND"): 2,
    ("HouseAccount", "SKIN"): 2,
    ("HouseAccount", "COMPENSATION"): 2,
    ("HouseAccount", "UNCOVERED"): 2,
    ("HouseAccount", "ISSUED"): 2,
    ("HouseAccount", "DIVIDEND"): 2,
    ("HouseAccount", "UNCLAIMED"): 2,
    ("CloseReason", "NOT_ELIGIBLE"): 2,
    ("MoveCause", "DIVIDEND_FUNDED"): 2,
    ("MoveCause", "DIVIDEND_RETURNED"): 2,
    ("MoveCause", "DIVIDEND_ROUNDING"): 2,
    ("MoveCause", "FRACTION_RETIRED"): 2,
    ("MoveCause", "FRACTION_PAID"): 2,
    ("Parameter", "DIVIDEND_TAX_PPM"): 2,
    ("CloseReason", "REDUCE_ONLY"): 2,
    ("CloseReason", "LIQUIDATION"): 2,
    ("CloseReason", "STALE"): 2,
    ("MarketState", "AUCTION"): 2,
    ("MoveCause", "TOP_UP"): 2,
    ("MoveCause", "LIQUIDATION_FEE"): 2,
    ("MoveCause", "GAP_PAID"): 2,
    ("MoveCause", "ESTATE_TAKEN"): 2,
    ("MoveCause", "SETTLED"): 2,
    ("MoveCause", "LOSS_PAID"): 2,
    ("Parameter", "TRIGGERS"): 2,
    ("Parameter", "TRIGGERS_PER_ACCOUNT"): 2,
    ("Parameter", "LIQUIDATION_BUFFER_PPM"): 2,
    ("Parameter", "LIQUIDATION_FEE_PPM"): 2,
    ("Parameter", "LIQUIDATION_BAND_PPM"): 2,
    ("Parameter", "LIQUIDATION_CLOSE_OUT_PPM"): 2,
    ("Parameter", "LIQUIDATION_BOOK_MS"): 2,
    ("Parameter", "CASES"): 2,
    ("Parameter", "SKIN_CAP"): 2,
    ("Parameter", "DELEVERAGING_POLICY"): 2,
    ("Parameter", "VAULT_REDEMPTIONS"): 2,
    ("Parameter", "VAULT_SLICE_VALUE"): 2,
}
"""The version of the rules that brought a member of a closed list; what is not here was always there.

By names, because members of two lists that have the same number are equal.
"""


def is_known(member: IntEnum, rules: int) -> bool:
    """Whether a member of a closed list exists under a version of the rules."""
    return SINCE.get((type(member).__name__, member.name), FIRST_RULES) <= rules


def rules_that_hold(version: int) -> int:
    """Return the version of the rules that a venue with this number stands under.

    A venue that has not been told yet stands under the latest; so does one that was told a later number.
    """
    return LATEST_RULES if version == 0 else min(version, LATEST_RULES)
