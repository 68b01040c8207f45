"""What holders of registered shares have, what comes, and what they got; endpoints of ours, not of the wire."""

from enum import StrEnum

from ringfence.views.history.dividends import DividendKind

from .common import Decimal, NaiveTime, PageLimit, PageOffset, SortDirection, SubaccountId, TimeMs, Wire


class RightsQuery(Wire, frozen=True, kw_only=True):
    """The account that is meant; it is the key's."""

    subaccount_id: SubaccountId | None = None


class ActionsQuery(Wire, frozen=True, kw_only=True):
    """One share, or all."""

    asset: str | None = None


class EventCode(StrEnum):
    """What an action is, as ISO 20022 calls it: a cash dividend, or a general meeting."""

    DIVIDEND = "DVCA"
    MEETING = "MEET"


class ActionPhaseName(StrEnum):
    """How far an action is."""

    ARMED = "Armed"
    COLLECTING = "Collecting"
    PAYING = "Paying"
    WAITING = "Waiting"
    PAID = "Paid"
    CLOSING = "Closing"


class CorporateAction(Wire, frozen=True, kw_only=True):
    """An action that is armed or under way; ``rate`` is for a whole share, before tax. Times are null where none is."""

    id: int
    version: int
    event: EventCode
    phase: ActionPhaseName
    symbol: str
    currency: str | None
    rate: Decimal | None
    ex_timestamp: TimeMs | None
    record_timestamp: TimeMs
    payable_timestamp: TimeMs | None


class Entitlement(Wire, frozen=True, kw_only=True):
    """What the account has to do with an action.

    ``due_bills`` is ``entitled`` less ``recorded``: what it sold, above zero, or bought without the right. ``expected``
    is net of tax, below zero what is owed.
    """

    action: int
    recorded: Decimal
    entitled: Decimal
    due_bills: Decimal
    expected: Decimal


class ShareHolding(Wire, frozen=True, kw_only=True):
    """A share that the account holds, has lent or owes, and its rights that are open."""

    symbol: str
    cusip: str
    held: Decimal
    lent: Decimal
    owed: Decimal
    rights: list[Entitlement]


class DividendsQuery(Wire, frozen=True, kw_only=True):
    """A page of lines of dividend statements, newest first unless told."""

    subaccount_id: SubaccountId | None = None
    asset: str | None = None
    limit: PageLimit = 100
    offset: PageOffset = 0
    sort_direction: SortDirection = SortDirection.DESC


class DividendLine(Wire, frozen=True, kw_only=True):
    """A line of a dividend statement: paid, held, released, or owed (below zero) for shares sold short.

    ``manufactured`` of the gross stands for shares that were lent and sold short. ``rate`` is that of the tax.
    """

    action: int
    version: int
    kind: DividendKind
    symbol: str
    currency: str
    entitled: Decimal
    gross: Decimal
    manufactured: Decimal
    rate: Decimal
    tax: Decimal
    net: Decimal
    left: Decimal
    timestamp: NaiveTime
