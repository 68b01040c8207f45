"""Liquidations, deleveragings and the funds that pay for them; endpoints of ours, not of the wire."""

from enum import StrEnum
from typing import Annotated

import msgspec

from .common import AccountNumber, Decimal, PageLimit, PageOffset, TimeMs, Wire

CaseId = Annotated[int, msgspec.Meta(title="integer(int64)", description="number of a case", ge=1, le=2**53)]


class CaseStatus(StrEnum):
    """Whether a liquidation is under way."""

    OPEN = "Open"
    CLOSED = "Closed"


class CaseStepName(StrEnum):
    """How far an open case is: orders in the book, the rest by deleveraging, or waiting for withdrawals."""

    BOOK = "Book"
    VAULT = "Vault"
    REST = "Rest"
    HOLD = "Hold"


class CaseCauseName(StrEnum):
    """What made the venue look: a mark that moved, or a credit that was about to count."""

    MARK = "Mark"
    CREDIT = "Credit"


class CaseEndName(StrEnum):
    """Why a case closed: enough margin again, topped up by its owner, or written off."""

    RESTORED = "Restored"
    TOPPED_UP = "ToppedUp"
    WRITTEN_OFF = "WrittenOff"


class CasesQuery(Wire, frozen=True, kw_only=True):
    """Which cases; newest first."""

    status: CaseStatus | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0


class RowsQuery(Wire, frozen=True, kw_only=True):
    """Which rows; newest first."""

    limit: PageLimit = 100
    offset: PageOffset = 0


class ReceiptQuery(Wire, frozen=True, kw_only=True):
    """Which case."""

    case: CaseId


class LiquidationCase(Wire, frozen=True, kw_only=True):
    """A liquidation. ``equity``, ``maintenance`` and ``worth`` are in the cash unit, as they were when it opened.

    ``account`` is a number behind which nobody but its owner and the venue know a person.
    """

    case: CaseId
    account: AccountNumber
    status: CaseStatus
    step: CaseStepName
    cause: CaseCauseName
    reason: CaseEndName | None
    equity: Decimal
    maintenance: Decimal
    worth: Decimal
    orders: int
    opened_at: TimeMs
    closed_at: TimeMs | None
    engine_sequence: int


class DeleveragingPolicyName(StrEnum):
    """Who is deleveraged: pro rata to profit in whole lots, by a queue of profit and leverage, or pro rata floored."""

    PRO_RATA = "ProRata"
    QUEUE = "Queue"
    FLOOR_PRO_RATA = "FloorProRata"


class Wave(Wire, frozen=True, kw_only=True):
    """A deleveraging. ``gap`` is what failed accounts could not pay; own profit, FUND and SKIN paid first.

    ``left`` moved the price for ``people`` accounts, whom it cost ``cost`` of a profit of ``profit``; ``uncovered`` is
    owed by UNCOVERED.
    """

    wave: int
    symbol: str
    policy: DeleveragingPolicyName
    cases: int
    mark_price: Decimal
    quantity: Decimal
    gap: Decimal
    own: Decimal
    fund: Decimal
    skin: Decimal
    left: Decimal
    people: int
    deleveraged: Decimal
    cost: Decimal
    profit: Decimal
    uncovered: Decimal
    began_at: TimeMs
    ended_at: TimeMs | None


class FundAsset(Wire, frozen=True, kw_only=True):
    """What the funds have of an asset; ``unsettled`` is to come to FUND from perpetuals, UNCOVERED owes ``owed``."""

    symbol: str
    fund: Decimal
    fund_lent: Decimal
    unsettled: Decimal
    skin: Decimal
    owed: Decimal


class Unpaid(Wire, frozen=True, kw_only=True):
    """What nobody has paid yet: a loss in the market ``symbol``, or a debt to the lenders of the asset ``symbol``.

    Until it is paid the market takes no order that raises a position, and the lending pool no new loan.
    """

    symbol: str
    owed: Decimal
    owed_symbol: str


class Fund(Wire, frozen=True, kw_only=True):
    """The insurance fund, the operator's own capital with its cap a day, and the rule of deleveraging in force.

    ``resolution`` is what neither paid, and no profit could be closed for: mostly nothing.
    """

    assets: list[FundAsset]
    skin_cap: Decimal
    skin_left_today: Decimal
    policy: DeleveragingPolicyName
    liquidation_fee: Decimal
    liquidation_band: Decimal
    resolution: list[Unpaid]


class FundMovement(Wire, frozen=True, kw_only=True):
    """What FUND or SKIN got, below 0 paid; ``settled`` is false for what counts in a position until it is settled.

    ``reference`` is the wave or the case of what was paid, the order of a fee.
    """

    account: str
    symbol: str
    quantity: Decimal
    cause: str
    reference: int
    settled: bool
    timestamp: TimeMs
    engine_sequence: int


class TopUpRequest(Wire, frozen=True, kw_only=True):
    """Fenced money that its owner puts into the estate of the account that signs."""

    symbol: str
    quantity: Decimal


class ToppedUpReply(Wire, frozen=True, kw_only=True):
    """What was put in, and what would have been enough."""

    case: CaseId
    symbol: str
    quantity: Decimal
    needed: Decimal
    engine_sequence: int


class StandingTopUp(Wire, frozen=True, kw_only=True):
    """How much fenced money goes into the account's estate by itself, at most; no symbol and 0 for none."""

    account: AccountNumber
    symbol: str | None
    quantity: Decimal
