"""The fenced account, and where a deposit would go; endpoints of ours, not of the wire."""

from enum import StrEnum

from ringfence.views.fence import OutlookReason

from .account import Balance
from .common import Decimal, SubaccountId, Wire


class DepositOutlookQuery(Wire, frozen=True, kw_only=True):
    """The account that is meant; it is the key's."""

    subaccount_id: SubaccountId | None = None


class DepositGoal(StrEnum):
    """Where a deposit goes: to the account that it is meant for, or to its owner's fenced account."""

    ACCOUNT = "account"
    FENCED = "fenced"


class DepositOutlook(Wire, frozen=True, kw_only=True):
    """What a deposit would do as things stand now; ``account`` is the number that it would be credited to.

    Equity and maintenance margin are in the cash unit. ``case`` is the liquidation that is open, null without one.
    """

    goes_to: DepositGoal
    account: int
    reason: OutlookReason
    case: int | None
    equity: Decimal
    maintenance: Decimal
    sentence: str


class FencedAccount(Wire, frozen=True, kw_only=True):
    """A user's fenced account: its number, and what it holds, by asset."""

    account: int
    balances: dict[str, Balance]
